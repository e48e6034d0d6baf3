"""Documents, shingles and pairs shared by the benchmarks of deduplication. Plain Python, without the compiled parts.

Shingles follow the documented definition, `text.dedup.key_text.define_key` and `text.dedup.shingles.shingles`.
"""

import gzip
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sluice.text.dedup.key_text import define_key
from sluice.text.dedup.shingles import shingles

BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Lower borders of the similarity bins shown; the last contains equal sets."""

Parts = Callable[[str], frozenset[str]]


class Pair(NamedTuple):
    """Two ids, the smaller first, and the exact Jaccard similarity of their shingle sets."""

    a: str
    b: str
    jaccard: float


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines, gzip or not."""
    opened: Callable[..., Any] = gzip.open if path.name.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, filter(str.strip, lines))


def table_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of JSON lines, or of a Parquet file or directory of them."""
    if path.is_dir() or path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_table(path).to_pylist()
    return list(json_rows(path))


def read_documents(path: Path) -> dict[str, str]:
    """Texts by id, in the order of the file. A missing text becomes an empty one."""
    rows = table_rows(path)
    documents = {str(row["id"]): row["text"] or "" for row in rows}
    if len(documents) < len(rows):
        raise SystemExit(f"{path}: {len(rows)} rows have only {len(documents)} different ids.")
    return documents


def read_pairs(path: Path, threshold: float) -> list[Pair]:
    """Pairs of a file of `a`, `b`, `jaccard` at or above a similarity."""
    rows = ((str(row["a"]), str(row["b"]), row["jaccard"]) for row in json_rows(path))
    return [Pair(min(a, b), max(a, b), similarity) for a, b, similarity in rows if similarity >= threshold]


def documented(size: int) -> Parts:
    """The shingle set of a text as sluice documents it."""
    return lambda text: shingles(define_key(text), size)


def recall_by_bin(pairs: Iterable[Pair], removed: set[str]) -> list[tuple[str, int, int]]:
    """Bin, number of pairs in it, and number found: not both of their documents are kept."""
    found: dict[float, list[bool]] = {}
    for pair in pairs:
        low = max(border for border in BINS if border <= pair.jaccard)
        found.setdefault(low, []).append(pair.a in removed or pair.b in removed)
    names = {low: f"[{low}, {high})" for low, high in itertools.pairwise(BINS)} | {1.0: "1"}
    return [(names[low], len(hits), sum(hits)) for low, hits in sorted(found.items())]
