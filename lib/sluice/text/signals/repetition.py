"""Signals of repetition: table A1 of the Gopher paper as in datatrove's `gopher_repetition_filter.py`, and ROOTS."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from sluice.text.signals.text_view import TextView


def duplicate_line_share(view: TextView) -> float | None:
    """Lines that repeat an earlier line (Gopher repetition; counts only the repeats)."""
    return repeated_share(view.blocks)


def duplicate_paragraph_share(view: TextView) -> float | None:
    """Paragraphs that repeat an earlier paragraph (Gopher repetition)."""
    return repeated_share(view.paragraphs)


def duplicate_line_char_share(view: TextView) -> float | None:
    """Characters in repeated lines, as a share of all characters with newlines (Gopher repetition)."""
    return repeated_char_share(view.blocks, len(view.text))


def duplicate_paragraph_char_share(view: TextView) -> float | None:
    """Characters in repeated paragraphs, as a share of all characters with newlines (Gopher repetition)."""
    return repeated_char_share(view.paragraphs, len(view.text))


def fineweb_duplicate_line_char_share(view: TextView) -> float | None:
    """Characters in repeated non-blank lines, as a share of all characters without newlines (FineWeb)."""
    return repeated_char_share(view.lines, len(view.text) - view.text.count("\n"))


def top_ngram_signal(n: int) -> Callable[[TextView], float | None]:
    """Returns the signal `top_{n}gram_share`."""

    def share(view: TextView) -> float | None:
        return top_ngram_share(view.tokens or (), n, len(view.text))

    share.__doc__ = f"Characters in the most frequent {n}-gram of tokens, as a share of all (Gopher as in datatrove)."
    return share


def duplicate_ngram_signal(n: int) -> Callable[[TextView], float | None]:
    """Returns the signal `duplicate_{n}gram_share`."""

    def share(view: TextView) -> float | None:
        return duplicate_ngram_share(view.tokens or (), n, len(view.text))

    share.__doc__ = f"Characters in repeated {n}-grams of tokens, as a share of all (Gopher as in datatrove)."
    return share


def char_repetition_share(view: TextView) -> float | None:
    """Share of the most frequent character 10-grams (3-grams in unspaced languages) among all occurrences (ROOTS).

    Their number is the square root of the number of distinct n-grams; n-grams that occur once are excluded.
    """
    n = 3 if view.is_unspaced else 10
    counts = sorted(Counter(view.text[i : i + n] for i in range(len(view.text) - n + 1)).values(), reverse=True)
    repeated = [count for count in counts if count > 1]
    return sum(repeated[: math.isqrt(len(counts))]) / sum(counts) if counts else None


def word_repetition_share(view: TextView) -> float | None:
    """Share of token 5-grams that occur at least twice among all occurrences (ROOTS; case and marks are kept here)."""
    tokens = view.tokens or ()
    counts = Counter(zip(*(tokens[i:] for i in range(5)), strict=False)).values()
    return sum(count for count in counts if count > 1) / sum(counts) if counts else None


def repeated_share(parts: Sequence[str]) -> float | None:
    """Returns the share of parts that repeat an earlier part."""
    return (len(parts) - len(set(parts))) / len(parts) if parts else None


def repeated_char_share(parts: Sequence[str], total_chars: int) -> float | None:
    """Returns the characters in parts that repeat an earlier one, as a share of `total_chars`."""
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
    """Length of the most frequent n-gram, joined with spaces, times its count, as a share of `total_chars`.

    Exactly datatrove's formula, including joiners and overlapping counts, because FineWeb-2's thresholds were fitted on
    it. So it can exceed 1 in Chinese. None if the text is shorter than n tokens. Of equally frequent n-grams, uses the
    first.
    """
    if len(tokens) < n or not total_chars:
        return None
    gram, count = Counter(zip(*(tokens[i:] for i in range(n)), strict=False)).most_common(1)[0]
    return (sum(map(len, gram)) + n - 1) * count / total_chars


def duplicate_ngram_share(tokens: Sequence[str], n: int, total_chars: int) -> float | None:
    """Characters of n-grams that occurred before, as a share of `total_chars`: left to right, skipping each repeat.

    N-grams are compared joined without a separator, as in datatrove.
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
