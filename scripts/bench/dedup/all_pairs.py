"""Finds all pairs of a corpus at or above an exact Jaccard similarity by brute force, as the reference for recall.

    python -m scripts.bench.dedup.all_pairs CORPUS.jsonl PAIRS.jsonl --threshold 0.8

CORPUS is JSON lines or Parquet with `id` and `text`; PAIRS gets `a`, `b`, `jaccard`, one object per line, sorted.
Shingles follow their documented definition, on Python strings, without any signature, band or kernel of the library: it
is an exact join (AllPairs: Bayardo, Ma, Srikant 2007). Two sets of x and y shingles can reach similarity T only if they
share one of the x - ceil(T x) + 1 rarest of the one and the y - ceil(T y) + 1 rarest of the other; such pairs are
compared in full. Every pair found is then recomputed from the strings. On two cores 64,000 documents of 1.7 kB take a
minute, 300,000 three minutes and 7 GB.
"""

import argparse
import json
import math
import multiprocessing
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from scripts.bench.dedup.data import Pair, Parts, documented, read_documents
from sluice.text.dedup.shingles import jaccard

SLACK = 1e-9


def shingle_numbers(texts: list[str], size: int) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Sizes of the shingle sets and Python's hashes of their members, one after the other.

    Equal in all processes forked from the same one. A collision could only add a pair to compare in full.
    """
    parts = documented(size)
    sets = [parts(text) for text in texts]
    return [len(members) for members in sets], np.fromiter(
        (hash(part) for members in sets for part in members), np.int64, sum(map(len, sets))
    )


def sets_of_numbers(texts: list[str], size: int, processes: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Sizes [n] and hashes [sum of sizes] of all texts."""
    chunks = [texts[i : i + 500] for i in range(0, len(texts), 500)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        done = pool.map(partial(shingle_numbers, size=size), chunks, chunksize=1)
    sizes = np.array([size for some, _ in done for size in some], np.int64)
    return sizes, np.concatenate([np.empty(0, np.int64), *(numbers for _, numbers in done)])


def join(sizes: npt.NDArray[Any], numbers: npt.NDArray[Any], threshold: float) -> list[tuple[int, int]]:
    """Positions of all pairs of sets at or above the threshold.

    1. rank the shingles, rarest first; drop those of one document, which count in sizes only
    2. order the sets by size and their members by rank
    3. look up the rarest members of each set among those of the smaller sets; compare these pairs in full
    """
    _, ranks, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    by_count = np.empty(len(counts), np.int32)
    by_count[np.argsort(counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    is_shared = counts[ranks] > 1
    ranks, owner = by_count[ranks[is_shared]] - np.int32((counts == 1).sum()), owner[is_shared]
    order = np.argsort(sizes, kind="stable")
    position = np.empty(len(sizes), np.int64)
    position[order] = np.arange(len(sizes))
    owner = position[owner]
    in_order = np.lexsort((ranks, owner))
    ranks, owner = ranks[in_order], owner[in_order]
    ends = np.searchsorted(owner, np.arange(len(sizes) + 1))
    sizes = sizes[order]
    shared = np.diff(ends)
    needed = np.ceil(threshold * sizes - SLACK).astype(np.int64)
    prefixes = np.clip(sizes - needed + 1 - (sizes - shared), 0, shared)
    found = _join(ranks, ends, sizes, prefixes, int((counts > 1).sum()), threshold)
    return [(int(order[x]), int(order[y])) for x, y in found[1:]]


@numba.njit
def _join(ranks, ends, sizes, prefixes, num_ranks, threshold):  # type: ignore[no-untyped-def]
    n = len(sizes)
    begins = np.zeros(num_ranks + 1, np.int64)  # of the postings of each rank
    for x in range(n):
        for i in range(ends[x], ends[x] + prefixes[x]):
            begins[ranks[i] + 1] += 1
    begins = np.cumsum(begins)
    firsts, lasts = begins[:-1].copy(), begins[:-1].copy()  # of the postings that are not too small
    postings = np.empty(begins[-1], np.int32)
    seen = np.full(n, -1, np.int32)
    found = [(0, 0)]
    for x in range(n):
        least = threshold * sizes[x] - SLACK
        for i in range(ends[x], ends[x] + prefixes[x]):
            rank = ranks[i]
            while firsts[rank] < lasts[rank] and sizes[postings[firsts[rank]]] < least:
                firsts[rank] += 1
            for k in range(firsts[rank], lasts[rank]):
                y = postings[k]
                if seen[y] != x:
                    seen[y] = x
                    if _are_similar(ranks, ends, sizes, x, y, threshold):
                        found.append((x, np.int64(y)))
            postings[lasts[rank]] = x
            lasts[rank] += 1
    return found


@numba.njit
def _are_similar(ranks, ends, sizes, x, y, threshold):  # type: ignore[no-untyped-def]
    needed = math.ceil(threshold / (1 + threshold) * (sizes[x] + sizes[y]) - SLACK)
    i, j, common = ends[x], ends[y], 0
    while i < ends[x + 1] and j < ends[y + 1]:
        if common + min(ends[x + 1] - i, ends[y + 1] - j) < needed:
            return False
        if ranks[i] == ranks[j]:
            common += 1
            i += 1
            j += 1
        elif ranks[i] < ranks[j]:
            i += 1
        else:
            j += 1
    return common >= needed


def all_pairs(documents: dict[str, str], threshold: float, size: int, processes: int = 1) -> list[Pair]:
    """All pairs at or above the threshold (above 0), sorted by ids. Texts shorter than a shingle are in no pair."""
    ids, texts = list(documents), list(documents.values())
    positions = join(*sets_of_numbers(texts, size, processes), threshold)
    return exact_pairs(((ids[x], ids[y]) for x, y in positions), documents, documented(size), threshold)


def exact_pairs(
    candidates: Iterable[tuple[str, str]], documents: dict[str, str], parts: Parts, threshold: float
) -> list[Pair]:
    """Candidates whose similarity, computed from the strings, is at or above the threshold."""
    pairs, held, held_parts = [], None, frozenset[str]()
    for a, b in sorted((min(pair), max(pair)) for pair in candidates):
        if a != held:
            held, held_parts = a, parts(documents[a])
        pair = Pair(a, b, jaccard(held_parts, parts(documents[b])))
        if pair.jaccard >= threshold:
            pairs.append(pair)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--threshold", type=float, default=0.8, metavar="T", help="default: %(default)s")
    parser.add_argument("--shingle", type=int, default=5, metavar="N", help="words or characters (%(default)s)")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), metavar="N")
    options = parser.parse_args()
    if not 0 < options.threshold <= 1:
        parser.error(f"--threshold {options.threshold}: a number above 0, at most 1, was expected.")
    began = time.perf_counter()
    documents = read_documents(options.corpus)
    pairs = all_pairs(documents, options.threshold, options.shingle, options.processes)
    with options.pairs.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(pair._asdict(), ensure_ascii=False) + "\n" for pair in pairs)
    members = {name for pair in pairs for name in pair[:2]}
    print(f"{len(documents):,} documents, {len(pairs):,} pairs at {options.threshold} and above, of {len(members):,}")
    print(f"different documents; {time.perf_counter() - began:.0f} s; {options.pairs}")


if __name__ == "__main__":
    main()
