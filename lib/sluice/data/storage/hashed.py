"""A stream that hashes what is written through it."""

import hashlib
import io
from typing import Any, BinaryIO


class HashedStream(io.RawIOBase):
    """A stream that hashes and counts what is written to it. Closing it leaves the stream below open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.sha256, self.size = hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        """Writes to the stream below."""
        self._stream.write(data)
        self.sha256.update(data)
        self.size += len(data)
        return len(data)

    def writable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Returns the number of bytes written."""
        return self.size
