"""Verifies every removal again from the texts alone, and measures the recall of all pairs.

    python -m scripts.bench.dedup.check_removals REMOVALS CORPUS.jsonl --pairs PAIRS.jsonl --truth TRUTH.jsonl

REMOVALS is Parquet or JSON lines with `id`, `duplicate_of`, `jaccard`; CORPUS has `id` and `text`; PAIRS is the output
of all_pairs.py. For each removal the Jaccard similarity of both documents is computed from plain Python sets. It must
equal `jaccard` and reach the threshold, `duplicate_of` must be kept, and no document be removed twice. A pair counts as
found if not both of its documents are kept.

exit code: 0 if every removal is valid, 4 if one is not, 1 if a file cannot be used
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.bench.dedup.data import (
    Pair,
    Parts,
    documented,
    json_rows,
    read_documents,
    read_pairs,
    recall_by_bin,
    table_rows,
)
from sluice.text.dedup.key_text import define_key
from sluice.text.dedup.shingles import jaccard

FAILED = 4
SAME = 1e-9
"""Similarities that differ by no more are equal: both are quotients of the same integers."""
SHOWN = 20


def faults(
    removals: list[dict[str, Any]], documents: dict[str, str], parts: Parts, threshold: float
) -> Iterator[tuple[str, str]]:
    """Id and error of every invalid removal. Each id is returned at most once."""
    times = Counter(row["id"] for row in removals)
    held, held_parts = None, frozenset[str]()
    for row in sorted(removals, key=lambda row: (str(row["duplicate_of"]), row["id"])):
        name, kept, stated = row["id"], row["duplicate_of"], row["jaccard"]
        unknown = [other for other in (name, kept) if other not in documents]
        if unknown:
            yield name, f"there is no document {unknown[0]!r}"
        elif times[name] > 1:
            yield name, f"is removed {times[name]} times"
        elif kept in times:
            yield name, f"its kept document {kept!r} is removed, too" if kept != name else "is a duplicate of itself"
        else:
            if kept != held:
                held, held_parts = kept, parts(documents[kept])
            similarity = jaccard(held_parts, parts(documents[name]))
            if not held_parts and define_key(documents[name]) == define_key(documents[kept]):
                similarity = 1.0  # equal texts shorter than a shingle
            if stated is None or abs(similarity - stated) > SAME:
                yield name, f"is {similarity!r} alike to {kept!r}, not {stated!r}"
            elif similarity < threshold:
                yield name, f"is {similarity!r} alike to {kept!r}, which is below {threshold}"


def show_recall(pairs: list[Pair], removed: set[str]) -> None:
    """Prints the pairs found, by similarity and in all."""
    print("jaccard          pairs    found   recall")
    bins = recall_by_bin(pairs, removed)
    for name, total, found in [*bins, ("all", sum(row[1] for row in bins), sum(row[2] for row in bins))]:
        print(f"{name:14} {total:7,} {found:8,}   {found / total:.4f}" if total else f"{name}: no pairs")


def show_kinds(truth: Path, pairs: Iterable[Pair], removed: set[str]) -> None:
    """Prints the copies of each kind at or above the threshold, and those found."""
    alike = {pair[:2] for pair in pairs}
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for row in json_rows(truth):
        if "of" in row and (min(row["id"], row["of"]), max(row["id"], row["of"])) in alike:
            kind = f"{row['kind']}, {row['side']}"
            planted[kind] += 1
            found[kind] += row["id"] in removed or row["of"] in removed
    print("planted copies at the threshold and above   pairs    found   recall")
    for kind, total in sorted(planted.items()):
        print(f"{kind:41} {total:7,} {found[kind]:8,}   {found[kind] / total:.4f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("removals", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pairs", type=Path, help="all pairs, for recall")
    parser.add_argument("--truth", type=Path, help="what was planted, for recall by kind; needs --pairs")
    parser.add_argument("--threshold", type=float, default=0.8, metavar="T", help="default: %(default)s")
    parser.add_argument("--shingle", type=int, default=5, metavar="N", help="words or characters (%(default)s)")
    options = parser.parse_args()
    documents = read_documents(options.corpus)
    rows = table_rows(options.removals)
    removals = [{**row, "id": str(row["id"]), "duplicate_of": str(row["duplicate_of"])} for row in rows]
    wrong = list(faults(removals, documents, documented(options.shingle), options.threshold))
    for name, what in wrong[:SHOWN]:
        print(f"{name!r} {what}")
    removed = {row["id"] for row in removals}
    precision = f"{1 - len(wrong) / len(removals):.4f}" if removals else "undefined"
    print(
        f"{len(documents):,} documents, {len(removals):,} removals, {len(wrong):,} do not hold; precision {precision}"
    )
    if options.pairs:
        pairs = read_pairs(options.pairs, options.threshold)
        show_recall(pairs, removed)
        if options.truth:
            show_kinds(options.truth, pairs, removed)
    return FAILED if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
