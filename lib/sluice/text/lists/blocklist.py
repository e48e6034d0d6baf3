"""Block lists of domains and URLs: tens of millions of entries in one file shared by all workers of a host.

An entry is stored as a 64-bit hash of its normal form. A listed entry is never missed. An unlisted one matches one of n
entries with probability n / 2^64 per look-up; a URL needs about two look-ups plus one per path segment. With 30 million
entries that is about once in 10^11 URLs. The hash has no key, so such a URL can be constructed deliberately. Matching
follows squidGuard's domain and URL lists, the format of UT1; the file format is ours.
"""

import mmap
import struct
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np

from sluice.core.config.section import CountInt
from sluice.core.errors import FormatError, InputError
from sluice.data import storage
from sluice.text.lists.hosts import with_plain_host
from sluice.text.lists.kernels import urls as kernels
from sluice.text.lists.url_lines import UrlLines

MAGIC = b"sluiceBL"
VERSION = 1
PREFIX = struct.Struct("<8sQ")
SUFFIX = struct.Struct("<Q8s")
"""Layout of a file: PREFIX (magic, version), keys (uint64, sorted), bucket starts (uint32), categories (uint8), the
description as JSON, and SUFFIX (length of the JSON, magic)."""
MAX_CATEGORIES = 256
ALLOW_BITS = 10


class ListSource(msgspec.Struct, frozen=True):
    """One source file of a block list."""

    name: str
    category: str
    sha256: str
    entries: int
    """Number of valid lines, including repeated ones."""
    skipped: int
    """Number of invalid lines."""


class Description(msgspec.Struct, frozen=True):
    """Content of a block list. `sha256`, of keys and categories, identifies the list's decisions."""

    entries: CountInt
    bucket_bits: Annotated[int, msgspec.Meta(ge=0, le=32)]
    categories: dict[str, int]
    """Number of entries by category, in the order of category numbers in the file."""
    sources: tuple[ListSource, ...]
    sha256: str


class Match(NamedTuple):
    """Reason why a URL is blocked: the category of the entry, and whether the entry is a domain or a URL."""

    category: str
    kind: Literal["domain", "url"]


class Table(NamedTuple):
    """Sorted keys, and the start of each bucket of equal top bits (above `shift`), [2^bits + 1]."""

    starts: np.ndarray
    shift: np.uint64
    keys: np.ndarray
    categories: np.ndarray


class _Tables(NamedTuple):
    blocked: Table
    categories: tuple[str, ...]
    allowed: Table | None


class BlockList:
    """A block list, and the domains and URLs that are allowed nevertheless.

    A domain matches itself and its subdomains, an IP address only itself, a URL itself and everything after a following
    `/`, `?` or `#`. A host with `www.` matches itself with and without it, but no other hosts of its domain. Scheme,
    user, port, case of the host and character escaping are ignored. Pickled as paths and digests; every process maps
    the file. `text.lists.blocklist_build` writes the file.
    """

    def __init__(self, path: str, digest: str, allow_path: str | None = None, allow_digest: str | None = None) -> None:
        self.path = path
        self.digest = digest
        self.allow_path = allow_path
        self.allow_digest = allow_digest
        self._tables: _Tables | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return BlockList, (self.path, self.digest, self.allow_path, self.allow_digest)

    @classmethod
    def open(cls, path: str, allow_path: str | None = None) -> "BlockList":
        """Opens a file written by `sluice blocklist build`, and a text file of allowed entries, one per line.

        Raises InputError if a file does not exist, FormatError if it is another file, truncated, or has invalid lines.
        """
        allow_digest = None if allow_path is None else _read_allowed(allow_path)[1]
        return cls(path, describe(path).sha256, allow_path, allow_digest)

    def match(self, url: str) -> Match | None:
        """Returns the entry that blocks a URL, the longest if several; None if it is not blocked or has no host."""
        blocked, names, allowed = self._tables or self._load()
        data = np.frombuffer(url.encode("utf-8", "surrogatepass"), np.uint8)
        kind, place = kernels.find_entry(data, False, blocked.starts, blocked.shift, blocked.keys)
        is_plain = kind == kernels.ODD
        if is_plain:
            try:
                data = np.frombuffer(with_plain_host(url), np.uint8)
            except ValueError:
                return None
            kind, place = kernels.find_entry(data, True, blocked.starts, blocked.shift, blocked.keys)
        if place < 0:
            return None
        if allowed and kernels.find_entry(data, is_plain, allowed.starts, allowed.shift, allowed.keys)[1] >= 0:
            return None
        return Match(names[blocked.categories[place]], "url" if kind == kernels.URL else "domain")

    def _load(self) -> "_Tables":
        """Returns the tables of this process."""
        table, description = _map(self.path)
        _check_digest(self.path, self.digest, description.sha256)
        allowed = None
        if self.allow_path is not None:
            allowed, digest = _read_allowed(self.allow_path)
            _check_digest(self.allow_path, self.allow_digest, digest)
        self._tables = _Tables(table, tuple(description.categories), allowed)
        return self._tables


def describe(path: str) -> Description:
    """Reads the header of a block list. Raises InputError if it is missing, FormatError if it is invalid."""
    return _map(path)[1]


def bucket_starts(keys: np.ndarray, bits: int, first: int, stop: int) -> np.ndarray:
    """Returns start positions of buckets `first` to `stop` - 1 of 2^bits in the sorted keys, bucketed by top bits."""
    firsts: np.ndarray = np.arange(first, stop, dtype=np.uint64) << np.uint64(64 - bits)
    return np.searchsorted(keys, firsts)


def _check_digest(path: str, expected: str | None, found: str) -> None:
    if expected != found:
        raise InputError(
            f"{path} is not the list used at the start of this run (sha256 {found}, expected {expected}). Use the same "
            "file on all workers, and do not change it during the run."
        )


def _read_allowed(path: str) -> tuple[Table, str]:
    """Reads a text file of allowed entries to a table. Returns it and the SHA-256 of the file."""
    with storage.open_read(path) as stream:
        lines = UrlLines(stream, path)
        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *lines]))
    starts = bucket_starts(keys, ALLOW_BITS, 0, 1 << ALLOW_BITS)
    return Table(np.append(starts, len(keys)).astype(np.uint32), np.uint64(64 - ALLOW_BITS), keys, keys), lines.sha256


def _map(path: str) -> tuple[Table, Description]:
    try:
        with Path(path).open("rb") as stream:
            data: Any = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError as e:  # mmap raises this for an empty file
        raise FormatError(_no_list(path)) from e
    except OSError as e:
        raise InputError(
            f"Cannot map the block list {path}: {e.strerror}. It must be a local file on every worker; build it with "
            "`sluice blocklist build`."
        ) from e
    if len(data) < PREFIX.size + SUFFIX.size or data[:8] != MAGIC:
        raise FormatError(_no_list(path))
    version = PREFIX.unpack_from(data)[1]
    if version != VERSION:
        raise FormatError(f"{path} is a block list of version {version}; expected version {VERSION}. Build it again.")
    length, magic = SUFFIX.unpack_from(data, len(data) - SUFFIX.size)
    end = len(data) - SUFFIX.size
    if magic != MAGIC or length > end - PREFIX.size:
        raise FormatError(f"{path} is a truncated block list. Copy or build it again.")
    try:
        description = msgspec.json.decode(data[end - length : end], type=Description)
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} is a damaged block list: {e}. Copy or build it again.") from e
    n, bits = description.entries, description.bucket_bits
    keys_end = PREFIX.size + 8 * n
    starts_end = keys_end + 4 * ((1 << bits) + 1)
    if starts_end + n != end - length:
        raise FormatError(f"{path} is a damaged block list: its parts do not match. Copy or build it again.")
    starts = np.frombuffer(data, np.uint32, (1 << bits) + 1, keys_end)
    if starts[-1] != n or (starts[1:] < starts[:-1]).any():  # compiled code would read beyond the keys
        raise FormatError(f"{path} is a damaged block list: its buckets are out of order. Copy or build it again.")
    table = Table(
        starts,
        np.uint64(64 - bits),
        np.frombuffer(data, np.uint64, n, PREFIX.size),
        np.frombuffer(data, np.uint8, n, starts_end),
    )
    return table, description


def _no_list(path: str) -> str:
    return f"{path} is not a block list of sluice. Build one from lists of domains with `sluice blocklist build`."
