"""Finds the benchmark items that a document contains: exactly, by their n-grams, or nearly, by their shingles.

GPT-3 (Brown et al. 2020, appendix C) and lm-eval's janitor count any common 13-gram of words, datatrove any 12-gram, so
they drop pages for a common phrase. Here a share of a text's n-grams is required. A unit is a word, or a character in
scripts without spaces. The lengths are based on measurements: of 1,500 sentences of the Chinese Wikipedia, 692 Chinese
web pages contained by chance an 8-gram of characters of 38, a 10-gram of 9, and a 13-gram of 2 (both single words in
Latin letters, which are one unit here). They contained a fifth of the 13-grams of none, and half of the shingles of
none.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.text.decontamination.benchmark import AS_A_WHOLE, NEARLY, SPAN, Benchmark, Part, Units, units_of
from sluice.text.decontamination.kernels.ngrams import best_stretch, find_entries, find_whole

Array = npt.NDArray[Any]
MAX_STRETCH = 200
"""Maximum characters shown of a match."""


class BenchmarkMatch(NamedTuple):
    """An item in a document: `share` of the n-grams (`kind` ngram) or shingles (near) of one of its texts was found."""

    part: Part
    kind: str
    share: float
    stretch: str
    """The beginning of the matching passage in the document's normalised text."""


class Scanner:
    """Searches documents for a benchmark, one at a time. Not thread-safe, because it has a workspace."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark
        num_entries, num_grams = len(benchmark.entry_part), len(benchmark.starts) - 1
        self._epoch = 0
        self._seen = np.zeros(num_grams, np.int64)
        self._counts = np.zeros(num_entries, np.int32)
        self._touched = np.empty(num_entries, np.int32)
        self._found = np.empty(num_entries, np.int32)

    def scan(self, text: str) -> list[BenchmarkMatch]:
        """Returns the items in a document, each once, in order: found by n-grams if possible, by the largest share."""
        units = units_of(text)
        index = self._benchmark
        self._epoch += 1
        count, places, hits = find_entries(
            units.prints,
            index.lengths,
            index.bits,
            index.keys,
            index.numbers,
            index.starts,
            index.postings,
            index.entry_need,
            self._epoch,
            self._seen,
            self._counts,
            self._touched,
            self._found,
        )
        if not count:
            return []
        order = np.argsort(hits, kind="stable")
        places, hits = places[order], hits[order]
        best: dict[tuple[str, str], tuple[bool, float, int, BenchmarkMatch]] = {}
        for entry in self._found[:count].tolist():
            share, first, last = self._locate(units, places, hits, entry)
            if not share:
                continue
            number, is_near = int(index.entry_part[entry]), bool(index.entry_way[entry] == NEARLY)
            stretch = units.key[units.starts[first] : units.ends[last - 1]].tobytes().decode("utf-8", "surrogatepass")
            part = index.parts[number]
            match = BenchmarkMatch(part, "near" if is_near else "ngram", share, stretch[:MAX_STRETCH])
            item = (part.benchmark, part.item)
            candidate = (not is_near, share, -number, match)
            best[item] = max(best.get(item, candidate), candidate, key=lambda found: found[:3])
        return [found[3] for found in sorted(best.values(), key=lambda found: -found[2])]

    def _locate(self, units: Units, places: Array, hits: Array, entry: int) -> tuple[float, int, int]:
        """Returns the largest share of an entry in one passage, or 0, and the passage's first and last + 1 unit."""
        index = self._benchmark
        size = int(index.entry_units[entry])
        if index.entry_way[entry] == AS_A_WHOLE:
            first = find_whole(units.prints, size, index.entry_whole[entry])
            return float(first >= 0), first, first + size
        grams = index.entry_grams[index.entry_starts[entry] : index.entry_starts[entry + 1]]
        found, first, last = best_stretch(places, hits, grams, int(index.entry_length[entry]), SPAN * size)
        return found / len(grams) if found >= index.entry_need[entry] else 0.0, first, last
