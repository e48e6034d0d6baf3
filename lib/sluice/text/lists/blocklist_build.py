"""Builds one file of sorted hashes from lists of domains and URLs, in little memory whatever their length.

Keys are spilled to PARTS files by their top bits, then each part is sorted separately. Needs 9 bytes of disk per entry
while running; memory for one part, the categories (1 byte per entry) and the bucket starts (0.5 to 1 byte per entry).
"""

import contextlib
import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec
import numpy as np

from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.data.sources.json_objects import is_json_lines
from sluice.data.sources.texts import iter_lines
from sluice.text.lists.blocklist import (
    MAGIC,
    MAX_CATEGORIES,
    PREFIX,
    SUFFIX,
    VERSION,
    Description,
    ListSource,
    bucket_starts,
)
from sluice.text.lists.url_lines import BrokenLine, UrlLines, parse_entry

PART_BITS = 6
MEAN_BUCKET = 4
"""Minimum entries per bucket; a bucket of 8 keys is one cache line."""
JSON_LINES_HELD = 1 << 16
SPILLED = np.dtype([("key", "<u8"), ("category", "u1")])
UT1_FILES = {"domains": False, "urls": True}
"""Files used from a UT1 category, and whether their lines are URLs. `expressions` is not used: thousands of regular
expressions per URL would cost more than everything else."""


class Built(NamedTuple):
    """Counts of a block list, and of skipped entries."""

    description: Description
    broken: tuple[str, ...]
    """Descriptions of the first invalid lines that were skipped."""
    unused: tuple[str, ...]
    """Files with regular expressions, which are not used."""


def build(sources: Sequence[str], out: str, *, only: Collection[str] = (), skip_broken: bool = False) -> Built:
    """Writes a block list atomically.

    A source is a directory or .tar[.gz] in UT1's format (folders named by category with files `domains` and `urls`), a
    .jsonl file of objects with `category` and `domain` or `url`, or any other file: a list with one domain or URL per
    line, whose category is the file name or a prefix: `gambling=lists/casino.txt`. Files may end in .gz. `only` selects
    categories; others are not read. An entry in several categories keeps the first.
    Raises InputError, or FormatError for an invalid line unless `skip_broken` is set.
    """
    with tempfile.TemporaryDirectory(prefix="sluice-blocklist-") as folder, contextlib.ExitStack() as stack:
        parts = [stack.enter_context(open(os.path.join(folder, f"{i:02d}"), "w+b")) for i in range(1 << PART_BITS)]
        builder = _Builder(parts, frozenset(only), skip_broken)
        for source in sources:
            builder.read(source)
        missing = sorted(builder.only - set(builder.categories))
        if missing:
            raise InputError(f"The sources have no entries of {', '.join(missing)}. Check --only.")
        if builder.total == 0:
            raise InputError(f"There is no entry in {', '.join(sources)}. Use files with one domain or URL per line.")
        with storage.atomic_writer(out) as stream:
            description = _write(stream, builder)
        return Built(description, tuple(builder.broken), tuple(builder.unused))


class _Builder:
    """Distributes the entries of sources to parts."""

    def __init__(self, parts: Sequence[BinaryIO], only: frozenset[str], skip_broken: bool) -> None:
        self.parts = parts
        self.only = only
        self.skip_broken = skip_broken
        self.categories: dict[str, int] = {}
        self.sources: list[ListSource] = []
        self.broken: list[str] = []
        self.unused: list[str] = []
        self.total = 0

    def read(self, source: str) -> None:
        """Reads all lists of one source."""
        category, _, path = source.rpartition("=") if not storage.exists(source) else ("", "", source)
        if is_json_lines(path):
            self._read_json(path)
            return
        if path.endswith((".tar", ".tar.gz", ".tgz")):
            with _whole(path, "tar archive"):
                self._read_ut1(path, _tar_members(path))
            return
        files = storage.list_files(path)
        if files == [path]:
            with storage.open_read(path) as stream:
                self._read_list(stream, path, category or PurePosixPath(path).name.partition(".")[0])
            return
        self._read_ut1(path, _opened(sorted(files)))

    def _read_ut1(self, source: str, files: Iterable[tuple[str, BinaryIO]]) -> None:
        """Reads all categories of a source in UT1's format."""
        is_ut1 = False
        for name, stream in files:
            path = PurePosixPath(name.removesuffix(".gz"))
            category = path.parent.name
            is_ut1 |= path.name in UT1_FILES
            if self.only and category not in self.only:
                continue
            if path.name in UT1_FILES:
                self._read_list(stream, name, category, as_urls=UT1_FILES[path.name])
            elif path.name == "expressions":
                self.unused.append(name)
        if not is_ut1:
            raise InputError(
                f"{source} has no file `domains` or `urls`: expected folders named by category with such files. "
                "Pass lists of another format one by one."
            )

    def _read_list(self, stream: BinaryIO, name: str, category: str, *, as_urls: bool = False) -> None:
        if self.only and category not in self.only:
            return
        with _unpacked(stream, name) as unpacked:
            lines = UrlLines(unpacked, name, as_urls=as_urls, skip_broken=self.skip_broken)
            for keys in lines:
                self._spill(keys, category)
        self._note(ListSource(name, category, lines.sha256, lines.entries, lines.broken.count), lines.broken)

    def _read_json(self, path: str) -> None:
        broken, digest, entries = BrokenLine(self.skip_broken), hashlib.sha256(), 0
        held: dict[str, list[int]] = {}
        for number, line in iter_lines(path):
            digest.update(line)
            if line.isspace():
                continue
            try:
                row = msgspec.json.decode(line, type=_JsonLine)
                if not self.only or row.category in self.only:
                    key = row.key()
                    held.setdefault(row.category, []).append(key)
                    entries += 1
            except (ValueError, msgspec.DecodeError) as e:
                broken.add(f"{path}, line {number}", line.decode("utf-8", "replace").strip(), ValueError(str(e)))
            if number % JSON_LINES_HELD == 0:
                self._spill_all(held)
        self._spill_all(held)
        self._note(ListSource(path, ", ".join(held), digest.hexdigest(), entries, broken.count), broken)

    def _spill_all(self, held: dict[str, list[int]]) -> None:
        for category, keys in held.items():
            self._spill(np.array(keys, np.uint64), category)
            keys.clear()

    def _note(self, source: ListSource, broken: BrokenLine) -> None:
        self.sources.append(source)
        self.broken += broken.shown
        self.total += source.entries

    def _number(self, category: str) -> int:
        number = self.categories.setdefault(category, len(self.categories))
        if number >= MAX_CATEGORIES:
            raise InputError(f"There are more than {MAX_CATEGORIES} categories. Choose some with --only.")
        return number

    def _spill(self, keys: np.ndarray, category: str) -> None:
        if not len(keys):
            return  # skip a category without a valid line
        part: np.ndarray = (keys >> np.uint64(64 - PART_BITS)).astype(np.int64)
        order = np.argsort(part, kind="stable")
        rows = np.empty(len(keys), SPILLED)
        rows["key"], rows["category"] = keys[order], self._number(category)
        ends = np.cumsum(np.bincount(part, minlength=1 << PART_BITS)).tolist()
        for stream, start, end in zip(self.parts, [0, *ends[:-1]], ends, strict=True):
            stream.write(rows[start:end].tobytes())


class _JsonLine(msgspec.Struct):
    category: str
    domain: str | None = None
    url: str | None = None

    def key(self) -> int:
        """Returns the key of the row. Raises ValueError with the reason if it is invalid."""
        if not self.category:
            raise ValueError("`category` is empty")
        if (self.domain is None) == (self.url is None):
            raise ValueError("expected either `domain` or `url`")
        return parse_entry(self.url or "", True).key if self.domain is None else parse_entry(self.domain).key


def _write(stream: BinaryIO, builder: _Builder) -> Description:
    bits = min(max(builder.total // MEAN_BUCKET, 1).bit_length() - 1, 28)
    bits = max(bits, PART_BITS)
    per_part = 1 << (bits - PART_BITS)
    digest = hashlib.sha256()
    entries = 0
    starts, categories = [], []
    stream.write(PREFIX.pack(MAGIC, VERSION))
    for i, part in enumerate(builder.parts):
        part.seek(0)
        rows = np.frombuffer(part.read(), SPILLED)
        keys, firsts = np.unique(rows["key"], return_index=True)  # of equal keys, the first in source order
        starts.append((bucket_starts(keys, bits, i * per_part, (i + 1) * per_part) + entries).astype(np.uint32))
        categories.append(rows["category"][firsts])
        data = keys.tobytes()
        digest.update(data)
        stream.write(data)
        entries += len(keys)
    if entries >= 1 << 32:
        raise InputError(f"{entries:,} entries are too many: the maximum of a block list is 2^32. Build several.")
    for array in (*starts, np.array([entries], np.uint32)):
        stream.write(array.tobytes())
    counts = np.zeros(len(builder.categories), np.int64)
    for array in categories:
        stream.write(array.tobytes())
        digest.update(array.tobytes())
        counts += np.bincount(array, minlength=len(counts))
    by_category = dict(zip(builder.categories, counts.tolist(), strict=True))
    digest.update(msgspec.json.encode(by_category))
    description = Description(entries, bits, by_category, tuple(builder.sources), digest.hexdigest())
    data = msgspec.json.encode(description)
    stream.write(data + SUFFIX.pack(len(data), MAGIC))
    return description


@contextlib.contextmanager
def _whole(path: str, kind: str) -> Iterator[None]:
    """Converts read errors to a FormatError with the name of the damaged file."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as e:
        raise FormatError(f"{path} is not a complete {kind}: {e}. Download or compress it again.") from e


@contextlib.contextmanager
def _unpacked(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Opens a list, decompressed according to its name."""
    if not name.endswith(".gz"):
        yield stream
        return
    with _whole(name, "gzip file"):
        yield cast(BinaryIO, gzip.GzipFile(fileobj=stream))


def _opened(paths: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
    """Yields names and contents of files, one open at a time."""
    for path in paths:
        with storage.open_read(path) as stream:
            yield path, stream


def _tar_members(path: str) -> Iterator[tuple[str, BinaryIO]]:
    """Yields names and contents of the files in a tar archive, in order; skips links."""
    with storage.open_read(path) as packed:
        is_gzip = packed.read(2) == b"\x1f\x8b"
        packed.seek(0)
        # tarfile also decompresses gzip, but does not check its checksum and end
        stream: Any = gzip.GzipFile(fileobj=packed) if is_gzip else packed
        with tarfile.open(fileobj=stream, mode="r|" if is_gzip else "r|*") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content:
                    yield member.name, cast(BinaryIO, content)
        while stream.read(1 << 20):
            pass
