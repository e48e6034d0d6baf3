"""Signals that count words.

They are undefined for languages without word segmentation (`text.signals.text_view.UNSEGMENTED`).

A token is a word or mark of `data.dataset.words.words`; a word is a token that does not consist of marks only. Sources:
Gopher (Rae et al. 2021, as in huggingface/datatrove `gopher_quality_filter.py`), Dolma, DCLM, C4, RedPajama-v2, ROOTS.
"""

import math
import statistics
import unicodedata
from collections import Counter

from sluice.text.signals.text_view import TextView
from sluice.text.unicode.characters import TERMINALS
from sluice.text.words.stop_words import FUNCTION_WORDS, STOP_WORDS


def n_words(view: TextView) -> int | None:
    """Number of words, without marks (Gopher)."""
    return None if view.words is None else len(view.words)


def mean_word_length(view: TextView) -> float | None:
    """Mean characters per word (Gopher; the mean, not Dolma's median)."""
    return sum(map(len, view.words)) / len(view.words) if view.words else None


def median_word_length(view: TextView) -> float | None:
    """Median characters per word (Dolma); for an even number of words, the mean of the middle two."""
    return statistics.median(map(len, view.words)) if view.words else None


def longest_run_chars(view: TextView) -> int | None:
    """Longest run without white space (C4 and Curator call it the longest word; undefined in unspaced scripts)."""
    return max(map(len, view.text.split()), default=0) if view.text and not view.is_unspaced else None


def hash_per_word(view: TextView) -> float | None:
    """`#` per token (Gopher as in datatrove: marks are tokens)."""
    return view.text.count("#") / len(view.tokens) if view.tokens else None


def ellipsis_per_word(view: TextView) -> float | None:
    """`...` and `…` per token (Gopher as in datatrove)."""
    return (view.text.count("...") + view.text.count("…")) / len(view.tokens) if view.tokens else None


def alphabetic_word_share(view: TextView) -> float | None:
    """Tokens with at least one letter, as a share of all tokens (Gopher; Han are letters)."""
    return sum(any(map(str.isalpha, token)) for token in view.tokens) / len(view.tokens) if view.tokens else None


def lettered_word_share(view: TextView) -> float | None:
    """Words with at least one letter, as a share of all words (Gopher's paper, where marks are not words)."""
    return sum(any(map(str.isalpha, word)) for word in view.words) / len(view.words) if view.words else None


def n_stop_words(view: TextView) -> int | None:
    """Number of distinct stop words of the reference, case-sensitive (Gopher, FineWeb-2). None without a list."""
    stop_words = STOP_WORDS.get(view.language)
    return None if stop_words is None else len(stop_words.intersection(view.tokens or ()))


def n_stop_word_hits(view: TextView) -> int | None:
    """Number of occurrences of these stop words (DCLM)."""
    stop_words = STOP_WORDS.get(view.language)
    return None if stop_words is None else sum(token in stop_words for token in view.tokens or ())


def n_function_words(view: TextView) -> int | None:
    """Number of distinct function words (ours: no marks and dates; Traditional and Simplified count as one)."""
    words = FUNCTION_WORDS.get(view.language)
    return None if words is None else len({words[token] for token in view.tokens or () if token in words})


def function_word_share(view: TextView) -> float | None:
    """Function words, as a share of all words (RedPajama-v2 `stop_word_fraction`, ROOTS; our list)."""
    words = FUNCTION_WORDS.get(view.language)
    if words is None or not view.words:
        return None
    return sum(token in words for token in view.words) / len(view.words)


def unique_word_share(view: TextView) -> float | None:
    """Distinct words, as a share of all words (RedPajama-v2 `frac_unique_words`; case-sensitive here)."""
    return len(set(view.words)) / len(view.words) if view.words else None


def word_entropy(view: TextView) -> float | None:
    """Shannon entropy of the words in nats (RedPajama-v2 `unigram_entropy`; case-sensitive here)."""
    return entropy(Counter(view.words)) if view.words else None


def entropy(counts: Counter[str]) -> float:
    """Shannon entropy in nats (natural logarithm); 0 for a single distinct value."""
    total = counts.total()
    return -sum(n / total * math.log(n / total) for n in counts.values())


def all_caps_word_share(view: TextView) -> float | None:
    """Words in capitals, as a share of all words (RedPajama-v2 `frac_all_caps_words`)."""
    return sum(map(str.isupper, view.words)) / len(view.words) if view.words else None


def n_sentences(view: TextView) -> int | None:
    """Number of sentences, by the marks that end them (`count_sentences`)."""
    return None if view.tokens is None else count_sentences(view.tokens)


def count_sentences(tokens: list[str]) -> int:
    """Counts sentences like spaCy's sentencizer, which datatrove uses.

    A token that is one terminal mark, or a run of the same mark other than the full stop, ends a sentence. The next
    token that is not punctuation begins another.
    """
    count = int(bool(tokens))
    has_ended = False
    for token in tokens:
        if is_terminal(token):
            has_ended = True
        elif has_ended and not all(unicodedata.category(char)[0] == "P" for char in token):
            count += 1
            has_ended = False
    return count


def is_terminal(token: str) -> bool:
    """Whether a token ends a sentence: `.`, `!!`, `。`, but not `...`."""
    return token[0] in TERMINALS and (len(token) == 1 or (token[0] != "." and set(token) == {token[0]}))
