"""Quality signals: one short function each, named like the field of `Signals` that it fills.

A signal is a measure, never a verdict; `text.rules` decides. None means undefined (no words, no lines), and an
undefined value passes every rule. Sources: Gopher (Rae et al. 2021, as in huggingface/datatrove
`gopher_quality_filter.py`), FineWeb (datatrove `fineweb_quality_filter.py`), MAP-NEO, ChineseWebText.
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from sluice.core.records import Signals
from sluice.text import repetition
from sluice.text.view import TextView

GOPHER_STOP_WORDS = frozenset({"the", "be", "to", "of", "and", "that", "have", "with"})

# FineWeb-2's cmn_Hani list without `·` (punctuation) and 年 月 日 (a list of dates would pass), filters.md 4.3
CHINESE_STOP_WORDS = frozenset(
    ["的", "在", "是", "和", "了", "於", "為", "有", "被", "人", "中", "为", "他", "與", "後", "也", "而", "由"]
)

STOP_WORDS = {"en": GOPHER_STOP_WORDS, "zh": CHINESE_STOP_WORDS}

TERMINAL_MARKS = frozenset(".!?。！？．｡…;；:：।؟۔။។")
CLOSING_MARKS = "\"'”’」』）)】》]"
"""Looked through when they follow a terminal mark: 。” ends a sentence (trap T12)."""

BULLETS = ("•", "-", "·", "●", "■", "◆", "▪", "*", "、")
GOPHER_BULLETS = ("•", "-")
SHORT_LINE_CHARS = 30


def n_words(view: TextView) -> int | None:
    """Words without punctuation marks (Gopher)."""
    return len(view.words)


def mean_word_length(view: TextView) -> float | None:
    """Mean characters per word (Gopher; the mean, not Dolma's median: trap T6)."""
    return sum(map(len, view.words)) / len(view.words) if view.words else None


def hash_per_word(view: TextView) -> float | None:
    """`#` per token, marks counted as tokens (Gopher as in datatrove)."""
    return view.text.count("#") / len(view.tokens) if view.tokens else None


def ellipsis_per_word(view: TextView) -> float | None:
    """`...` and `…` per token (Gopher as in datatrove)."""
    return (view.text.count("...") + view.text.count("…")) / len(view.tokens) if view.tokens else None


def bullet_line_share(view: TextView) -> float | None:
    """Lines that begin with a bullet, empty lines counted as lines (Gopher; Chinese bullets added for `zh`)."""
    bullets = BULLETS if view.language == "zh" else GOPHER_BULLETS
    return _line_share(view, lambda line: line.lstrip().startswith(bullets))


def ellipsis_line_share(view: TextView) -> float | None:
    """Lines that end in `...` or `…`, empty lines counted as lines (Gopher)."""
    return _line_share(view, lambda line: line.rstrip().endswith(("...", "…")))


def _line_share(view: TextView, test: Callable[[str], bool]) -> float | None:
    return sum(map(test, view.all_lines)) / len(view.all_lines) if view.all_lines else None


def alphabetic_word_share(view: TextView) -> float | None:
    """Tokens with at least one letter, of all tokens (Gopher; Han are letters)."""
    return sum(any(map(str.isalpha, token)) for token in view.tokens) / len(view.tokens) if view.tokens else None


def n_stop_words(view: TextView) -> int | None:
    """Different stop words that occur, case kept (Gopher; distinct, not DCLM's total: trap T7). None without a list."""
    stop_words = STOP_WORDS.get(view.language)
    return len(stop_words.intersection(view.tokens)) if stop_words else None


def duplicate_line_share(view: TextView) -> float | None:
    """Lines that repeat an earlier line (Gopher repetition; repeats only: trap T3)."""
    return repetition.repeated_share(view.blocks)


def duplicate_paragraph_share(view: TextView) -> float | None:
    """Paragraphs that repeat an earlier paragraph (Gopher repetition)."""
    return repetition.repeated_share(view.paragraphs)


def duplicate_line_char_share(view: TextView) -> float | None:
    """Characters of repeated lines, of all characters with newlines (Gopher repetition: trap T17)."""
    return repetition.repeated_char_share(view.blocks, len(view.text))


def duplicate_paragraph_char_share(view: TextView) -> float | None:
    """Characters of repeated paragraphs, of all characters with newlines (Gopher repetition)."""
    return repetition.repeated_char_share(view.paragraphs, len(view.text))


def terminal_line_share(view: TextView) -> float | None:
    """Non-empty lines that end a sentence, closing quotes looked through, trailing blanks ignored.

    FineWeb's measure with a right-strip (trap T18) and Chinese marks.
    """
    return sum(map(_ends_sentence, view.lines)) / len(view.lines) if view.lines else None


def _ends_sentence(line: str) -> bool:
    core = line.rstrip().rstrip(CLOSING_MARKS)
    return bool(core) and core[-1] in TERMINAL_MARKS


def short_line_share(view: TextView) -> float | None:
    """Non-empty lines of at most 30 characters (FineWeb; not for Chinese, where 30 is a sentence: trap T10)."""
    return sum(len(line) <= SHORT_LINE_CHARS for line in view.lines) / len(view.lines) if view.lines else None


def fineweb_duplicate_line_char_share(view: TextView) -> float | None:
    """Characters of repeated lines, of all characters without newlines (FineWeb)."""
    return repetition.repeated_char_share(view.lines, len(view.text.replace("\n", "")))


def newlines_per_word(view: TextView) -> float | None:
    """Newlines per token (FineWeb; moves with the segmenter: trap T11)."""
    return view.text.count("\n") / len(view.tokens) if view.tokens else None


def mean_line_chars(view: TextView) -> float | None:
    """Mean characters of non-empty lines (ChineseWebText, CCI4.0)."""
    return sum(map(len, view.lines)) / len(view.lines) if view.lines else None


def han_share(view: TextView) -> float | None:
    """CJK ideographs U+4E00 to U+9FFF and extension A, of all characters that are not white space."""
    solid = sum(not char.isspace() for char in view.text)
    han = sum("\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" for char in view.text)
    return han / solid if solid else None


def char_entropy(view: TextView) -> float | None:
    """Shannon entropy of the characters in nats (MAP-NEO; natural logarithm: trap T15)."""
    counts = Counter(view.text)
    total = len(view.text)
    return -sum(n / total * math.log(n / total) for n in counts.values()) if total else None


def _top_ngram(n: int) -> Callable[[TextView], float | None]:
    return lambda view: repetition.top_ngram_share(view.tokens, n, len(view.text))


def _duplicate_ngram(n: int) -> Callable[[TextView], float | None]:
    return lambda view: repetition.duplicate_ngram_share(view.tokens, n, len(view.text))


FUNCTIONS: dict[str, Callable[[TextView], float | None]] = {
    **{
        function.__name__: function
        for function in (
            n_words,
            mean_word_length,
            hash_per_word,
            ellipsis_per_word,
            bullet_line_share,
            ellipsis_line_share,
            alphabetic_word_share,
            n_stop_words,
            duplicate_line_share,
            duplicate_paragraph_share,
            duplicate_line_char_share,
            duplicate_paragraph_char_share,
            terminal_line_share,
            short_line_share,
            fineweb_duplicate_line_char_share,
            newlines_per_word,
            mean_line_chars,
            han_share,
            char_entropy,
        )
    },
    **{f"top_{n}gram_share": _top_ngram(n) for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_share": _duplicate_ngram(n) for n in range(5, 11)},
}
"""Every field of `Signals` and what computes it; a test holds the two equal."""


def compute(text: str, language: str) -> Signals:
    """All signals of one text."""
    view = TextView(text, language)
    values: dict[str, Any] = {name: function(view) for name, function in FUNCTIONS.items()}
    return Signals(**values)
