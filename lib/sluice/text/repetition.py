"""Repetition measures of table A1 of the Gopher paper, as datatrove's `gopher_repetition_filter.py` has them."""

from collections import Counter
from collections.abc import Sequence


def repeated_share(parts: Sequence[str]) -> float | None:
    """Parts that are a repeat of an earlier one, of all parts."""
    return (len(parts) - len(set(parts))) / len(parts) if parts else None


def repeated_char_share(parts: Sequence[str], total_chars: int) -> float | None:
    """Characters of the parts that repeat an earlier one, of `total_chars`."""
    if not total_chars:
        return None
    seen: set[str] = set()
    repeated = 0
    for part in parts:
        if part in seen:
            repeated += len(part)
        seen.add(part)
    return repeated / total_chars


def top_ngram_share(tokens: Sequence[str], n: int, total_chars: int) -> float | None:
    """Length of the most frequent n-gram, joined with spaces, times its count, of `total_chars`.

    datatrove's formula to the letter, joiner and overlapping counts included (trap T1): FineWeb-2's thresholds were
    fitted on it, so in Chinese it can pass 1. None when no n-gram fits. Ties go to the first to occur.
    """
    if len(tokens) < n or not total_chars:
        return None
    gram, count = Counter(zip(*(tokens[i:] for i in range(n)), strict=False)).most_common(1)[0]
    return (sum(map(len, gram)) + n - 1) * count / total_chars


def duplicate_ngram_share(tokens: Sequence[str], n: int, total_chars: int) -> float | None:
    """Characters of n-grams that occurred before, of `total_chars`: left to right, stepping over each repeat.

    N-grams are compared joined without a separator, as datatrove does.
    """
    if len(tokens) < n or not total_chars:
        return None
    seen: set[str] = set()
    repeated = 0
    position = 0
    while position < len(tokens) - n + 1:
        gram = "".join(tokens[position : position + n])
        if gram in seen:
            repeated += len(gram)
            position += n
        else:
            seen.add(gram)
            position += 1
    return repeated / total_chars
