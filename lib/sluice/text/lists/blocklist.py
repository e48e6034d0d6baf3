"""Block lists of domains and URLs: tens of millions of entries in one file that all workers of a host share.

An entry is kept as a 64-bit hash of its normal form. None that is listed is ever missed. One that is not listed is
taken for one of n entries with probability n / 2^64 per look-up, of which a URL has about two and one per part of its
path: with 30 million entries about once in 10^11 URLs. The hash has no key, so whoever wants to can construct such a
URL. Source of what matches: squidGuard's domain and URL lists, the format of UT1; the file format is ours.
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
"""A file is PREFIX (magic, version), keys (uint64, sorted), starts of the buckets (uint32), categories (uint8), the
description as JSON, and SUFFIX (length of the JSON, magic)."""
MAX_CATEGORIES = 256
ALLOW_BITS = 10


class ListSource(msgspec.Struct, frozen=True):
    """One file that went into a block list."""

    name: str
    category: str
    sha256: str
    entries: int
    """Sound lines, repeated ones too."""
    skipped: int
    """Broken lines."""


class Description(msgspec.Struct, frozen=True):
    """Content of a block list. `sha256` is that of keys and categories: it identifies the decisions of the list."""

    entries: CountInt
    bucket_bits: Annotated[int, msgspec.Meta(ge=0, le=32)]
    categories: dict[str, int]
    """Entries by category, in the order of the numbers in the file."""
    sources: tuple[ListSource, ...]
    sha256: str


class Match(NamedTuple):
    """Why a URL is blocked: the category of the entry, and whether that is a domain or a URL."""

    category: str
    kind: Literal["domain", "url"]


class Table(NamedTuple):
    """Sorted keys and, by their top bits (those from `shift` on), where each bucket starts [2^bits + 1]."""

    starts: np.ndarray
    shift: np.uint64
    keys: np.ndarray
    categories: np.ndarray


class _Tables(NamedTuple):
    blocked: Table
    categories: tuple[str, ...]
    allowed: Table | None


class BlockList:
    """A block list, and the domains and URLs that are allowed all the same.

    A domain matches itself and its subdomains, an IP address itself, a URL itself and what follows it at a `/`, `?` or
    `#`. A host with `www.` matches itself with and without, but not the other hosts of its domain. Scheme, user, port,
    case of the host and the way in which characters are escaped do not matter. Pickles as paths and digests; every
    process maps the file anew. `text.lists.blocklist_build` makes the file.
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
        """The list in a file of `sluice blocklist build`; allowed entries in a text file, one a line.

        Raises InputError when one is not there, FormatError when it is another file, a cut one, or has broken lines.
        """
        allow_digest = None if allow_path is None else _read_allowed(allow_path)[1]
        return cls(path, describe(path).sha256, allow_path, allow_digest)

    def match(self, url: str) -> Match | None:
        """The entry that blocks a URL, the longest if there are several; None if nothing does or it has no host."""
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
        """The tables of this process."""
        table, description = _map(self.path)
        _check_digest(self.path, self.digest, description.sha256)
        allowed = None
        if self.allow_path is not None:
            allowed, digest = _read_allowed(self.allow_path)
            _check_digest(self.allow_path, self.allow_digest, digest)
        self._tables = _Tables(table, tuple(description.categories), allowed)
        return self._tables


def describe(path: str) -> Description:
    """Header of a block list. Raises InputError when it is missing, FormatError when it is invalid."""
    return _map(path)[1]


def bucket_starts(keys: np.ndarray, bits: int, first: int, stop: int) -> np.ndarray:
    """Places in the sorted keys where the buckets first..stop-1 of 2^bits start, which the top bits of a key name."""
    firsts: np.ndarray = np.arange(first, stop, dtype=np.uint64) << np.uint64(64 - bits)
    return np.searchsorted(keys, firsts)


def _check_digest(path: str, expected: str | None, found: str) -> None:
    if expected != found:
        raise InputError(
            f"{path} is not the list that this run began with (sha256 {found}, expected {expected}). Give all workers "
            "the same file, and leave it alone while the run lasts."
        )


def _read_allowed(path: str) -> tuple[Table, str]:
    """The table of a text file with allowed entries, and the SHA-256 of its content."""
    with storage.open_read(path) as stream:
        lines = UrlLines(stream, path)
        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *lines]))
    starts = bucket_starts(keys, ALLOW_BITS, 0, 1 << ALLOW_BITS)
    return Table(np.append(starts, len(keys)).astype(np.uint32), np.uint64(64 - ALLOW_BITS), keys, keys), lines.sha256


def _map(path: str) -> tuple[Table, Description]:
    try:
        with Path(path).open("rb") as stream:
            data: Any = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError as e:  # what mmap says of an empty file
        raise FormatError(_no_list(path)) from e
    except OSError as e:
        raise InputError(
            f"Cannot map the block list {path}: {e.strerror}. It must be a local file on every worker; make one with "
            "`sluice blocklist build`."
        ) from e
    if len(data) < PREFIX.size + SUFFIX.size or data[:8] != MAGIC:
        raise FormatError(_no_list(path))
    version = PREFIX.unpack_from(data)[1]
    if version != VERSION:
        raise FormatError(f"{path} is a block list of version {version}, this is version {VERSION}. Build it again.")
    length, magic = SUFFIX.unpack_from(data, len(data) - SUFFIX.size)
    end = len(data) - SUFFIX.size
    if magic != MAGIC or length > end - PREFIX.size:
        raise FormatError(f"{path} is a block list that was cut off. Copy or build it again.")
    try:
        description = msgspec.json.decode(data[end - length : end], type=Description)
    except msgspec.DecodeError as e:
        raise FormatError(f"{path} is a damaged block list: {e}. Copy or build it again.") from e
    n, bits = description.entries, description.bucket_bits
    keys_end = PREFIX.size + 8 * n
    starts_end = keys_end + 4 * ((1 << bits) + 1)
    if starts_end + n != end - length:
        raise FormatError(f"{path} is a block list whose parts do not fit together. Copy or build it again.")
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
    return f"{path} is no block list of sluice. Make one from lists of domains with `sluice blocklist build`."
