"""Text lists of domains and URLs, one entry per line, read in blocks and converted to hashes of their normal form."""

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from sluice.core.errors import FormatError
from sluice.text.lists.hosts import with_plain_host
from sluice.text.lists.kernels import urls as kernels

BLOCK_BYTES = 4 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMMENT = re.compile(r"\s+#.*", re.DOTALL)
ANY_SUBDOMAIN = re.compile(r"^\*?\.")
MAX_SHOWN = 5
"""Maximum number of invalid lines recorded with place and reason."""
SHOWN_CHARS = 80

PROBLEMS = {
    kernels.SPACE: "a space or control character inside",
    kernels.CHARACTER: "a host has letters, digits, hyphens, underscores and dots only",
    kernels.EMPTY_LABEL: "no host, or nothing between two dots of it",
    kernels.LONG_LABEL: f"more than {kernels.MAX_LABEL} characters between two dots of the host",
    kernels.LONG_HOST: f"a host of more than {kernels.MAX_HOST} characters",
    kernels.NO_DOT: "a host without a dot",
    kernels.LONG_LINE: f"more than {kernels.MAX_LINE:,} bytes",
}


class Entry(NamedTuple):
    """Whether an entry is a URL, and its key."""

    is_url: bool
    key: int


class UrlLines:
    """The entries of one list as arrays of keys (uint64), one array per block of the file, in line order.

    White space around an entry, empty lines, and anything after a `#` at the beginning or after white space are
    ignored. Domains may be prefixed with `*.` or `.`. With `as_urls` (a `urls` file of UT1), a host alone is a URL as
    well. An invalid line raises FormatError with its place; with `skip_broken` it is only counted.
    """

    def __init__(self, stream: BinaryIO, path: str, *, as_urls: bool = False, skip_broken: bool = False) -> None:
        self._stream = stream
        self._path = path
        self._as_urls = as_urls
        self.broken = BrokenLine(skip_broken)
        self.entries = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Returns the digest, in hex, of the bytes read so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[np.ndarray]:
        line = 1
        for block in self._blocks():
            n_lines = block.count(b"\n")
            lines = np.empty((n_lines, 2), np.int64)
            kinds, keys = np.empty(n_lines, np.uint8), np.empty(n_lines, np.uint64)
            kernels.read_lines(np.frombuffer(block, np.uint8), self._as_urls, lines, kinds, keys)
            for i in np.flatnonzero(kinds >= kernels.ODD).tolist():
                start, end = lines[i].tolist()
                kinds[i], keys[i] = self._look_closer(block[start:end], int(kinds[i]), line + i)
            found = keys[kinds <= kernels.URL]
            self.entries += len(found)
            line += n_lines
            yield found

    def _look_closer(self, text: bytes, kind: int, number: int) -> tuple[int, int]:
        """Returns kind and key of an odd or invalid line; NOTHING, 0 if it really is invalid."""
        try:
            if kind == kernels.LONG_LINE:
                raise ValueError(PROBLEMS[kind])
            entry = parse_entry(text.decode(), self._as_urls)
        except ValueError as e:
            self.broken.add(f"{self._path}, line {number}", text.decode("utf-8", "replace"), e)
            return kernels.NOTHING, 0
        return (kernels.URL if entry.is_url else kernels.DOMAIN), entry.key

    def _blocks(self) -> Iterator[bytes]:
        """Yields blocks of whole lines, some megabytes each; every line ends with a line feed."""
        rest = b""
        while piece := self._stream.read(BLOCK_BYTES):
            self._hash.update(piece)
            head, feed, tail = piece.rpartition(b"\n")
            if not feed and len(rest) + len(tail) > BLOCK_BYTES:
                raise FormatError(f"{self._path} has no line ends; expected a list with one domain or URL per line.")
            if feed:
                yield (rest + head + feed).removeprefix(BYTE_ORDER_MARK)
                rest = b""
            rest += tail
        if rest:
            yield (rest + b"\n").removeprefix(BYTE_ORDER_MARK)


class BrokenLine:
    """Collects the invalid lines of a list: their number, and the first ones. Raises at the first unless skipping."""

    def __init__(self, skip: bool) -> None:
        self._skip = skip
        self.count = 0
        self.shown: list[str] = []

    def add(self, where: str, text: str, error: ValueError) -> None:
        """Adds an invalid line."""
        shown = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        said = f"{where}: {shown!r} is not a domain or URL: {reason}."
        if not self._skip:
            raise FormatError(
                f"{said} Correct or delete it, or skip such lines with `sluice blocklist build --skip-broken`."
            )
        self.count += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(said)


def parse_entry(text: str, as_url: bool = False) -> Entry:
    """Parses a single entry. Raises ValueError with its fault."""
    text = ANY_SUBDOMAIN.sub("", COMMENT.sub("", text))
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError(PROBLEMS[kernels.SPACE])
    data = np.frombuffer(with_plain_host(text), np.uint8)
    kind, key, _ = kernels.entry_key(data, 0, len(data), as_url, True)
    if kind >= kernels.SPACE:
        raise ValueError(PROBLEMS[kind])
    return Entry(kind == kernels.URL, int(key))
