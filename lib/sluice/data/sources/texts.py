"""Documents from plain text and JSON lines, optionally compressed (gzip, Zstandard)."""

import contextlib
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar, cast

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.sources.json_objects import BOM, decode_object, fields_of, is_json_lines

PIECE_BYTES = 1 << 17

T = TypeVar("T")


def iter_texts(path: str, *, lines: bool = False, field: str = "text") -> Iterator[str]:
    """Yields the documents of one file.

    JSON lines, see `is_json_lines`: the string `field` of each object; blank lines are skipped. Any other name is UTF-8
    text: with `lines`, one document per line (a blank line is an empty document), otherwise a single document. Names
    ending in `.gz` or `.zst` are decompressed. A byte order mark is skipped. Raises InputError, or FormatError with
    file and line, also for a text that is JSON lines under another name.
    """
    if is_json_lines(path):
        for record in iter_objects(path, field):
            yield record[field]
    elif lines:
        for number, line in iter_lines(path):
            if number == 1:
                _require_text(line, field, path)
            yield _decode(line.removesuffix(b"\n").removesuffix(b"\r"), f"{path}, line {number}")
    else:
        data = read_whole(path)
        _require_text(data.partition(b"\n")[0], field, path)
        yield _decode(data, path)


def iter_objects(path: str, field: str = "text") -> Iterator[dict[str, Any]]:
    """Yields the objects of a JSON lines file; each has a string in `field`. Raises as `iter_texts` does."""
    for number, line in iter_lines(path):
        if not line.isspace():
            yield _object(line, field, f"{path}, line {number}")


def iter_lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Yields line numbers from 1 and lines with their end, without a byte order mark.

    Only line feeds end lines, unlike in `str.splitlines`.
    """
    number = 0
    with open_unpacked(path) as stream:
        while line := guarded(stream.readline, path):
            number += 1
            yield number, line.removeprefix(BOM) if number == 1 else line


def read_whole(path: str) -> bytes:
    """Reads a whole file without a byte order mark; decompresses names ending in `.gz` or `.zst`."""
    with open_unpacked(path) as stream:
        return guarded(stream.read, path).removeprefix(BOM)


@contextlib.contextmanager
def open_unpacked(path: str) -> Iterator[BinaryIO]:
    """Opens a file for reading; decompresses names ending in `.gz` or `.zst`. Use `guarded` for each read."""
    with storage.open_read(path) as stream:
        if path.lower().endswith(".gz"):
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield cast(BinaryIO, unpacked)
        elif path.lower().endswith(".zst"):
            yield cast(BinaryIO, io.BufferedReader(_Pieces(_zstd_pieces(stream, path))))
        else:
            yield stream


def _zstd_pieces(stream: BinaryIO, path: str) -> Iterator[bytes]:
    """Yields the content of concatenated Zstandard frames. Raises EOFError if the last one is incomplete."""
    try:
        import zstandard
    except ImportError as e:
        raise InputError(f"Reading {path} needs zstandard: pip install 'sluice[extract]'.") from e
    frame = None
    while data := stream.read(PIECE_BYTES):
        while data:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            try:
                yield frame.decompress(data)
            except zstandard.ZstdError as e:
                raise EOFError(str(e)) from e
            data, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    if frame is not None:
        raise EOFError("the last frame ends too early")


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a stream, to provide `readline`."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = filter(None, pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def guarded(read: Callable[[], T], path: str) -> T:
    """Reads from `open_unpacked`. Raises FormatError for an incomplete file."""
    try:
        return read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        kind = "Zstandard" if path.endswith(".zst") else "gzip"
        raise FormatError(f"{path} is not a complete {kind} file: {e}. Download or compress it again.") from e


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise FormatError(
            f"{where}, is not UTF-8 at byte {e.start}. Convert it to UTF-8, for example with iconv."
        ) from e


def _object(line: bytes, field: str, where: str) -> dict[str, Any]:
    try:
        record = decode_object(line)
    except ValueError as e:
        raise FormatError(f"{where}, is not a JSON object: {e}.") from e
    if field not in record:
        raise FormatError(f"{where}, has no field {field!r}; there are {fields_of(record)}. Name one with --field.")
    if not isinstance(record[field], str):
        raise FormatError(f"{where}: the field {field!r} contains a {type(record[field]).__name__}; expected a string.")
    return record


def _require_text(line: bytes, field: str, path: str) -> None:
    """Raises FormatError if the first line of a text is a JSON object with the field of a text."""
    if not line.lstrip().startswith(b"{"):
        return
    try:
        record = decode_object(line)
    except ValueError:
        return
    if isinstance(record.get(field), str):
        raise FormatError(
            f"{path} is JSON lines with the field {field!r}, but has the name of a text. Rename it to .jsonl."
        )
