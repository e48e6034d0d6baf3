"""Draws of training documents: the same number of tokens of every variant, in an order that depends on the seed.

The order is a hash of seed and document, so the same documents are drawn in every variant in which they remain.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sluice.core.errors import InputError
from sluice.core.ids import mix64

Ids = npt.NDArray[np.int32]

BYTES_PER_TOKEN = 12
"""More bytes than any usual vocabulary has per token on average: a draw of this many bytes has enough tokens."""
MAX_TOKENS = 4_000_000
"""Training tokens if none are configured. Their n-gram model takes about 1 GB, and so do the draws of all seeds."""
DRAWN_SHARE = 0.8
"""Share of the smallest variant that is drawn if no number of tokens is configured."""


class Draw:
    """The first documents of a variant in the order of each seed, up to a number of bytes. Others are forgotten."""

    def __init__(self, seeds: Sequence[int], max_bytes: int) -> None:
        self.num_documents = 0
        self._max_bytes = max_bytes
        self._texts: dict[int, str] = {}
        self._users: dict[int, int] = {}
        self._heaps: dict[int, list[tuple[int, int, int]]] = {seed: [] for seed in seeds}
        self._bytes = dict.fromkeys(seeds, 0)

    def add(self, key: int, text: str) -> None:
        """Adds a document of the variant."""
        number, size = self.num_documents, len(text.encode("utf-8", "surrogatepass"))
        self.num_documents += 1
        self._texts[number], self._users[number] = text, len(self._heaps)
        for seed, heap in self._heaps.items():
            heapq.heappush(heap, (-mix64(key, seed), number, size))
            self._bytes[seed] += size
            while self._bytes[seed] - heap[0][2] >= self._max_bytes:
                _, last, removed = heapq.heappop(heap)
                self._bytes[seed] -= removed
                self._users[last] -= 1
                if not self._users[last]:
                    del self._texts[last], self._users[last]

    def numbers(self, seed: int) -> list[int]:
        """Returns the drawn documents in the order of a seed, as numbers in the order of `add`."""
        return [number for _, number, _ in sorted(self._heaps[seed], reverse=True)]

    @property
    def texts(self) -> Mapping[int, str]:
        """All drawn texts by number."""
        return self._texts


def choose_tokens(wanted: int | None, available: Mapping[str, int]) -> int:
    """Returns the number of training tokens of every variant.

    `available`: tokens of each variant, including one document end per document. Raises InputError with the largest
    possible number if a variant has fewer tokens than wanted.
    """
    smallest = min(available, key=lambda name: available[name])
    most = available[smallest]
    if wanted is None:
        return min(int(DRAWN_SHARE * most), MAX_TOKENS)
    if wanted > most:
        listed = ", ".join(f"{name}: {count:,}" for name, count in available.items())
        raise InputError(
            f"ablate.tokens = {wanted:,}, but the variant {smallest!r} has only {most:,} tokens ({listed}). All "
            f"variants need the same number. Set ablate.tokens to at most {most}, or to null for the default."
        )
    return wanted


def cut(documents: Iterable[Ids], tokens: int) -> list[Ids]:
    """Returns the first documents with exactly `tokens` tokens, one of them the end of each; the last one is cut.

    Raises InputError if there are fewer tokens.
    """
    found, left = [], tokens
    for document in documents:
        found.append(document[: left - 1])
        left -= len(found[-1]) + 1
        if not left:
            return found
    raise InputError(f"The documents have {tokens - left:,} of {tokens:,} tokens. Decrease ablate.tokens.")
