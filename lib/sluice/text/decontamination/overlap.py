"""Overlap between held-out texts and training texts, in both directions: a copied passage, or a whole copied text."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.ids import text_digest
from sluice.text.decontamination.benchmark import Units, units_of
from sluice.text.decontamination.kernels.ngrams import grams_of
from sluice.text.dedup.key_text import key_text

NGRAM = 13
"""Units per n-gram, as in decontamination: words, or characters in scripts without spaces."""
PASSAGE = 256
"""Maximum number of n-grams of a passage."""
MIN_GRAMS = 20
"""A training text with fewer n-grams is not evidence of copying: it may be a common phrase."""
SHOWN_CHARS = 80

Array = npt.NDArray[np.int64]
Fingerprints = npt.NDArray[np.uint64]


class Overlap(NamedTuple):
    """A held-out text, by its position, that a training text repeats."""

    text: int
    kind: str
    """`equal`: the same text; `passage`: the training text contains a passage of it; `part`: the training text is part
    of it."""
    share: float
    """Share of the n-grams of the passage, or of the training text, that is in the other."""
    shown: str
    """The beginning of the passage, or of the held-out text, normalised."""


class HeldOutIndex:
    """The n-grams of held-out texts. Texts with fewer units than an n-gram are only searched for as a whole."""

    def __init__(self, texts: Sequence[str], share: float) -> None:
        self._share, self._num_texts = share, len(texts)
        self._equal = {text_digest(key_text(text)): i for i, text in reversed(list(enumerate(texts)))}
        grams: list[Fingerprints] = []
        self._passage_text: list[int] = []
        self._shown: list[str] = []
        for number, text in enumerate(texts):
            units = units_of(text)
            of_text = grams_of(units.prints, NGRAM)
            for start, stop in _passages(len(of_text)):
                grams.append(np.unique(of_text[start:stop]))
                self._passage_text.append(number)
                self._shown.append(_shown(units, start))
        sizes = [len(some) for some in grams]
        self._sizes = np.array(sizes, np.int64)
        every = np.concatenate([np.empty(0, np.uint64), *grams])
        order = np.argsort(every, kind="stable")
        self._postings = np.repeat(np.arange(len(grams)), sizes)[order]
        self._grams, self._starts = np.unique(every[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(every))

    @property
    def num_grams(self) -> int:
        """Number of different n-grams."""
        return len(self._grams)

    def counts(self, found: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Returns for each held-out text the number of its n-grams that are marked in `found`, and of all of them."""
        owners = np.array(self._passage_text, np.int64)[self._postings]
        marked = np.repeat(found, self._ends - self._starts)
        have = np.bincount(owners, marked, self._num_texts).astype(int).tolist()
        total = np.bincount(owners, minlength=self._num_texts).tolist()
        return list(zip(have, total, strict=True))

    def search(self, text: str, found: npt.NDArray[np.bool_]) -> list[Overlap]:
        """Returns the held-out texts that overlap with a training text, each once. Marks its n-grams in `found`."""
        overlaps: dict[int, Overlap] = {}
        units = units_of(text)
        digest = text_digest(key_text(text))
        if digest in self._equal:
            number = self._equal[digest]
            overlaps[number] = Overlap(number, "equal", 1.0, _shown(units, 0))
        own = np.unique(grams_of(units.prints, NGRAM))
        if not len(own) or not len(self._grams):
            return list(overlaps.values())
        at = np.minimum(np.searchsorted(self._grams, own), len(self._grams) - 1)
        hits = at[self._grams[at] == own]
        if not len(hits):
            return list(overlaps.values())
        found[hits] = True
        passages = np.concatenate([self._postings[self._starts[hit] : self._ends[hit]] for hit in hits])
        counts = np.bincount(passages, minlength=len(self._sizes))
        for passage in np.flatnonzero(counts >= np.maximum(self._share * self._sizes, 1)).tolist():
            share, number = counts[passage] / self._sizes[passage], self._passage_text[passage]
            if number not in overlaps or share > overlaps[number].share:
                overlaps[number] = Overlap(number, "passage", float(share), self._shown[passage])
        if len(own) >= MIN_GRAMS and len(hits) >= self._share * len(own):
            by_text = np.bincount(np.array(self._passage_text)[passages])
            number, share = int(by_text.argmax()), min(by_text.max() / len(own), 1.0)
            if share >= self._share and number not in overlaps:
                overlaps[number] = Overlap(number, "part", float(share), _shown(units, 0))
        return [overlaps[number] for number in sorted(overlaps)]


def _passages(num_grams: int) -> list[tuple[int, int]]:
    """Divides the n-grams of a text into passages of equal size."""
    count = -(-num_grams // PASSAGE)
    bounds = [num_grams * i // count for i in range(count + 1)] if count else []
    return list(itertools.pairwise(bounds))


def _shown(units: Units, first: int) -> str:
    if not len(units.starts):
        return ""
    text = units.key[units.starts[first] :].tobytes().decode("utf-8", "surrogatepass")
    return text[:SHOWN_CHARS]
