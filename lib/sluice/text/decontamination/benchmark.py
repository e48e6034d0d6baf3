"""Benchmarks read from JSON lines, and the n-gram index used to search documents for them."""

import functools
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from sluice.core.config.dedup import DecontaminateConfig
from sluice.core.config.load import digest
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.data.sources.json_objects import COMPRESSED, ENDINGS, is_json_lines
from sluice.data.sources.texts import iter_lines
from sluice.text.decontamination.kernels.ngrams import NONE, PART, WHOLE, find_units, grams_of, make_filter
from sluice.text.dedup.key_text import key_text
from sluice.text.language.identify import UNSPACED
from sluice.text.language.scripts import SCRIPTS, script_table
from sluice.text.shared_tables import Arrays, stored_arrays
from sluice.text.unicode.characters import WORD, table
from sluice.text.unicode.code_points import CodePoints, of_all
from sluice.text.unicode.kernels.code_points import look_up_all
from sluice.text.unicode.kernels.hashing import make_table

SPAN = 2
"""A matching passage may have at most this many times the units of the benchmark text, so that a long document does not
collect matches from all its parts."""
SHOWN_FIELDS = 10
BY_NGRAMS, NEARLY, AS_A_WHOLE = range(3)
"""Ways to search for a text."""


class Part(NamedTuple):
    """One text of a benchmark item."""

    benchmark: str
    item: str
    field: str


class Units(NamedTuple):
    """A normalised text in UTF-8 with start, end and fingerprint of its units, [units] each."""

    key: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    prints: npt.NDArray[np.uint64]


def units_of(text: str) -> Units:
    """Splits a text into units after normalisation: words, or single characters in scripts without spaces.

    A mixed text is split by the script of each part, so that an English question in a Chinese page is found.
    """
    key = np.frombuffer(key_text(text).encode("utf-8", "surrogatepass"), np.uint8)
    starts, ends, prints = np.empty(len(key), np.int32), np.empty(len(key), np.int32), np.empty(len(key), np.uint64)
    count = find_units(key, *unit_table(), starts, ends, prints)
    return Units(key, starts[:count], ends[:count], prints[:count])


@functools.cache
def unit_table() -> CodePoints:
    """Returns the kind of each code point. Letters, marks and digits are in units, underscores are not."""
    return CodePoints(**stored_arrays(f"units-{unicodedata.unidata_version}", _build_units))


def _build_units() -> Arrays:
    codes = np.arange(0x110000, dtype=np.uint32)
    in_words = (look_up_all(codes, *table()) & WORD) != 0
    alone = np.isin(look_up_all(codes, *script_table()), [SCRIPTS.index(script) for script in UNSPACED])
    kinds = np.where(in_words, np.where(alone, WHOLE, PART), NONE).astype(np.uint8)
    kinds[ord("_")] = NONE  # a blank to fill in
    return of_all(kinds)._asdict()


@dataclass(frozen=True)
class Benchmark:
    """Benchmark items and their index. Pickled as arrays, for a broadcast.

    An entry is one way to search for a part. The index maps each n-gram or shingle to the entries that contain it. A
    text that is searched for as a whole is first found by its shingles.
    """

    parts: tuple[Part, ...]
    texts: tuple[str, ...]
    """Texts of the parts, for display only."""
    num_items: int
    too_short: tuple[str, ...]
    """Items whose texts are all too short to search for, as `benchmark item`."""
    too_common: tuple[str, ...]
    """Items whose texts of sufficient length are all template text."""
    lengths: npt.NDArray[np.int64]
    """Lengths of the n-grams in the index, [l]."""
    bits: npt.NDArray[np.uint64]
    """Bit filter checked before the table."""
    keys: npt.NDArray[np.uint64]
    numbers: npt.NDArray[np.int32]
    """Hash table from fingerprints to n-gram numbers."""
    starts: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    """Entries of n-gram g: postings[starts[g]:starts[g + 1]]."""
    entry_starts: npt.NDArray[np.int64]
    entry_grams: npt.NDArray[np.int32]
    """N-grams of entry e: entry_grams[entry_starts[e]:entry_starts[e + 1]], ascending."""
    entry_part: npt.NDArray[np.int32]
    entry_length: npt.NDArray[np.int32]
    entry_way: npt.NDArray[np.int32]
    entry_whole: npt.NDArray[np.uint64]
    """Fingerprint of all units of the entry's part."""
    entry_total: npt.NDArray[np.int32]
    """Number of distinct n-grams of the entry."""
    entry_need: npt.NDArray[np.int32]
    """Number of distinct n-grams that a document must contain."""
    entry_units: npt.NDArray[np.int64]
    """Number of units of the part."""

    @property
    def num_bytes(self) -> int:
        """Size of the index in bytes."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def identity(self) -> dict[str, str]:
        """Returns a digest of the texts of each benchmark, independent of its path."""
        texts: dict[str, list[tuple[str, str, str]]] = {}
        for part, text in zip(self.parts, self.texts, strict=True):
            texts.setdefault(part.benchmark, []).append((part.item, part.field, text))
        return {name: digest({"texts": some}) for name, some in texts.items()}

    @staticmethod
    def load(paths: Sequence[str], settings: DecontaminateConfig) -> "Benchmark":
        """Reads files and builds the index.

        Raises ConfigError without a file, for two files of one name, or if the index is larger than allowed; InputError
        or FormatError, with file and line, for unreadable input and for a file without searchable items.
        """
        if not paths:
            raise ConfigError("No benchmark is configured. Set decontaminate.benchmarks to JSON lines files.")
        names = [_name(path) for path in paths]
        if twice := sorted(name for name, count in Counter(names).items() if count > 1):
            raise ConfigError(
                f"Two benchmarks have the same name, {', '.join(twice)}. Rename a file: the output uses these names."
            )
        parts, texts = [], []
        for path, name in zip(paths, names, strict=True):
            for part, text in _read(path, name, settings):
                parts.append(part)
                texts.append(text)
        benchmark = build(parts, texts, settings)
        _check_items(benchmark, dict(zip(names, paths, strict=True)), settings)
        return benchmark


def _check_items(benchmark: Benchmark, paths: dict[str, str], settings: DecontaminateConfig) -> None:
    """Raises InputError if no item of a benchmark can be searched for."""
    unable = {*benchmark.too_short, *benchmark.too_common}
    able = {part.benchmark for part in benchmark.parts if f"{part.benchmark} {part.item}" not in unable}
    for name, path in paths.items():
        if name not in able:
            raise InputError(
                f"No item of the benchmark {path} can be searched for: expected a text of at least "
                f"{settings.min_units} words, or characters in scripts without spaces, that differs between items. Set "
                "decontaminate.fields to the fields with texts, or decrease decontaminate.min_units."
            )


def build(parts: Sequence[Part], texts: Sequence[str], settings: DecontaminateConfig) -> Benchmark:
    """Builds the index of texts, each a part of an item. Raises ConfigError if it is larger than allowed."""
    entries: list[tuple[int, int, int, int]] = []  # part, length of n-grams, way, units
    wholes: list[npt.NDArray[np.uint64]] = []
    grams: list[npt.NDArray[np.uint64]] = []
    for number, text in enumerate(texts):
        prints = units_of(text).prints
        for length, way in _ways(len(prints), settings):
            entries.append((number, length, way, len(prints)))
            wholes.append(grams_of(prints, len(prints)))
            grams.append(np.unique(grams_of(prints, length)))
    of_entry = np.repeat(np.arange(len(entries), dtype=np.int32), [len(some) for some in grams])
    found, gram, texts_with = np.unique(
        np.concatenate([np.empty(0, np.uint64), *grams]), return_inverse=True, return_counts=True
    )
    tells = texts_with[gram] <= settings.max_texts_per_gram
    entry_grams: npt.NDArray[np.int32] = gram[tells].astype(np.int32)
    postings = of_entry[tells][np.argsort(entry_grams, kind="stable")]
    total = np.bincount(postings, minlength=len(entries)).astype(np.int32)
    kept = np.where(texts_with <= settings.max_texts_per_gram, texts_with, 0)
    keys, numbers = make_table(found, np.arange(len(found), dtype=np.int32))
    columns = np.array(entries, np.int64).reshape(-1, 4)
    share = np.array([settings.ngram_share, settings.near_share or 0.0, 1.0])[columns[:, 2]]
    is_sought = np.zeros(len(parts), np.bool_)
    is_sought[columns[:, 0]] = True
    is_told = np.zeros(len(parts), np.bool_)
    is_told[columns[total > 0, 0]] = True
    benchmark = Benchmark(
        parts=tuple(parts),
        texts=tuple(texts),
        num_items=len(dict.fromkeys((part.benchmark, part.item) for part in parts)),
        too_short=_items_without(parts, is_sought),
        too_common=tuple(sorted(set(_items_without(parts, is_told)) - set(_items_without(parts, is_sought)))),
        lengths=np.unique(columns[:, 1]),
        bits=make_filter(found),
        keys=keys,
        numbers=numbers,
        starts=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64),
        postings=postings,
        entry_starts=np.concatenate([[0], np.cumsum(total)]).astype(np.int64),
        entry_grams=entry_grams,
        entry_part=columns[:, 0].astype(np.int32),
        entry_length=columns[:, 1].astype(np.int32),
        entry_way=columns[:, 2].astype(np.int32),
        entry_whole=np.concatenate([np.empty(0, np.uint64), *wholes]),
        entry_total=total,
        entry_need=np.maximum(needed(share, total), 1).astype(np.int32),
        entry_units=columns[:, 3],
    )
    if benchmark.num_bytes > settings.max_index_mib << 20:
        raise ConfigError(
            f"The index of {len(parts):,} texts takes {benchmark.num_bytes / (1 << 20):,.0f} MiB in every worker, but "
            f"decontaminate.max_index_mib = {settings.max_index_mib}. Increase it, use fewer fields, or run "
            "one benchmark at a time."
        )
    return benchmark


def _ways(units: int, settings: DecontaminateConfig) -> Iterator[tuple[int, int]]:
    """Yields the ways to search for a text of `units` units, each with its n-gram length."""
    if units >= settings.ngram:
        yield settings.ngram, BY_NGRAMS
        if settings.near_share is not None and units >= settings.near_shingle:
            yield settings.near_shingle, NEARLY
    elif units >= settings.min_units:
        yield min(settings.near_shingle, units), AS_A_WHOLE


def needed(share: npt.NDArray[np.float64], total: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Returns the smallest integers that are at least `share` of `total`; 0.7 of 10 is 7."""
    return np.ceil(share * total - 1e-9)


def _items_without(parts: Sequence[Part], has: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Returns the items without a part for which `has` is true, in order."""
    able = {(part.benchmark, part.item) for part, has_it in zip(parts, has.tolist(), strict=True) if has_it}
    unable = dict.fromkeys((part.benchmark, part.item) for part in parts)
    return tuple(f"{benchmark} {item}" for benchmark, item in unable if (benchmark, item) not in able)


# Reading


def _name(path: str) -> str:
    if not is_json_lines(path):
        raise ConfigError(
            f"The benchmark {path} is not named {', '.join(ENDINGS)} (with .gz or .zst). Convert it to JSON lines."
        )
    name = path.rpartition("/")[2]
    for ending in (*COMPRESSED, *ENDINGS):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


def _read(path: str, name: str, settings: DecontaminateConfig) -> Iterator[tuple[Part, str]]:
    """Yields the texts of a benchmark, at least one per item."""
    seen: dict[str, int] = {}
    for number, line in iter_lines(path):
        if line.isspace():
            continue
        where = f"{path}, line {number}"
        record = _object(line, where)
        item = str(number if record.get(settings.id_field) is None else record[settings.id_field])
        if item in seen:
            raise FormatError(f"{where}: the item {item!r} is already in line {seen[item]}. Ids must be unique.")
        seen[item] = number
        yield from ((Part(name, item, field), text) for field, text in _texts(record, where, settings))
    if not seen:
        raise InputError(f"The benchmark {path} contains no item. Expected one JSON object per line.")


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise FormatError(f"{where}, is not JSON: {e}. Expected one JSON object per line.") from e
    if not isinstance(record, dict):
        raise FormatError(f"{where}, is a {type(record).__name__}; expected a JSON object.")
    return record


def _texts(record: dict[str, Any], where: str, settings: DecontaminateConfig) -> Iterator[tuple[str, str]]:
    there = ", ".join(list(record)[:SHOWN_FIELDS]) or "none"
    if not settings.fields:
        found = [(k, v) for k, v in record.items() if isinstance(v, str) and k != settings.id_field]
        if not found:
            raise FormatError(
                f"{where}, has no field with a text; its fields are {there}. Set decontaminate.fields to those with "
                "texts, which may be lists of strings."
            )
        yield from found
        return
    for field in settings.fields:
        if field not in record:
            raise FormatError(
                f"{where}, has no field {field!r}; its fields are {there}. Set decontaminate.fields to those with "
                "texts."
            )
        value = record[field]
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(text, str) for text in values):
            raise FormatError(f"{where}: the field {field!r} is neither a string nor a list of strings.")
        yield from ((field, text) for text in values)
