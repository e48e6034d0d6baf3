"""Signals for C4's page rules: what its line rules would keep of a page, without editing it.

As in datatrove's `c4_filters.py`, which follows the paper; the corpus itself used other numbers. FineWeb uses C4
without the rule on line ends, so each signal exists in two versions. All are undefined in unspaced languages: a Chinese
line is a single word to `split()`, and the rules would drop everything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sluice.data.dataset.words import words
from sluice.text.signals.text_view import TextView
from sluice.text.signals.words import count_sentences

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
ENDS = (".", "?", "!", '"', "'")
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
MAX_WORD_CHARS = 1000
MIN_WORDS = 3


@dataclass(frozen=True, slots=True)
class C4Page:
    """The remaining sentences of a page, and its lines with marks for which C4 drops a page."""

    sentences: int
    curly_lines: int
    lorem_lines: int


def judge_lines(text: str, language: str, *, needs_end: bool) -> C4Page:
    """Applies the line rules; `needs_end` adds the rule that a line must end in a terminal mark."""
    sentences = curly_lines = lorem_lines = 0
    for raw in text.splitlines():
        split = raw.split()
        line = CITATION.sub("", raw.strip())
        if any(len(word) > MAX_WORD_CHARS for word in split):
            continue
        if needs_end and (not line.endswith(ENDS) or line.endswith("...")):
            continue
        if len(split) < MIN_WORDS:
            continue
        lower = line.lower()
        if "lorem ipsum" in lower:
            lorem_lines += 1
        elif "javascript" in lower:
            continue
        elif "{" in line:
            curly_lines += 1
        elif not any(phrase in lower for phrase in POLICY):
            sentences += count_sentences(words(line, language))
    return C4Page(sentences, curly_lines, lorem_lines)


def page_signal(field: str, *, needs_end: bool) -> Callable[[TextView], int | None]:
    """Returns the signal for one field of `C4Page`."""

    def measure(view: TextView) -> int | None:
        if view.is_unspaced:
            return None
        value: int = getattr(judge_lines(view.text, view.language, needs_end=needs_end), field)
        return value

    what = {"sentences": "Sentences in lines", "curly_lines": "Lines with `{`", "lorem_lines": "Lines with lorem ipsum"}
    end = "" if needs_end else ", without the rule on the end of a line (FineWeb)"
    measure.__doc__ = f"{what[field]} that C4's line rules keep{end}; None in unspaced languages."
    return measure
