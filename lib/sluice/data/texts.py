"""Documents from plain text and JSON lines, gzipped or not."""

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import msgspec

from sluice.core.errors import FormatError
from sluice.data import storage

JSON_LINES = (".jsonl", ".ndjson")


def iter_texts(path: str, *, lines: bool = False, field: str = "text") -> Iterator[str]:
    """The documents of one file.

    `.jsonl` or `.ndjson`: the string `field` of each object, one a line, blank lines passed over. Any other name is
    UTF-8 text: one document a line with `lines` (a blank line is an empty document), else one document in all.
    A name ending in `.gz` is decompressed. Raises InputError, or FormatError with file and line.
    """
    if is_json_lines(path):
        for number, line in iter_lines(path):
            if not line.isspace():
                yield _field(line, field, f"{path}, line {number}")
    elif lines:
        for number, line in iter_lines(path):
            yield _decode(line.removesuffix(b"\n").removesuffix(b"\r"), f"{path}, line {number}")
    else:
        yield _decode(read_whole(path), path)


def is_json_lines(path: str) -> bool:
    """Whether a file holds one JSON object a line, by its name."""
    return path.removesuffix(".gz").endswith(JSON_LINES)


def iter_lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Line numbers from 1 and lines with their end; only a line feed ends a line, unlike in `str.splitlines`."""
    number = 0
    with _open(path) as stream:
        while line := _guarded(stream.readline, path):
            number += 1
            yield number, line


def read_whole(path: str) -> bytes:
    """All bytes of a file, decompressed when its name ends in `.gz`."""
    with _open(path) as stream:
        return _guarded(stream.read, path)


@contextlib.contextmanager
def _open(path: str) -> Iterator[BinaryIO]:
    with storage.open_read(path) as stream:
        if not path.endswith(".gz"):
            yield stream
            return
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield cast(BinaryIO, unpacked)


def _guarded(read: Callable[[], bytes], path: str) -> bytes:
    try:
        return read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise FormatError(f"{path} is not a whole gzip file: {e}. Fetch or compress it again.") from e


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        raise FormatError(f"{where}, is not UTF-8 at byte {e.start}. Convert the file to UTF-8, with iconv say.") from e


def _field(line: bytes, field: str, where: str) -> str:
    try:
        text = msgspec.json.decode(line)[field]
    except (msgspec.DecodeError, KeyError, TypeError, IndexError) as e:
        raise FormatError(f"{where}, is not a JSON object with the field {field!r} ({e!r}). See --field.") from e
    if not isinstance(text, str):
        raise FormatError(f"{where}: the field {field!r} holds a {type(text).__name__}; a string was expected.")
    return text
