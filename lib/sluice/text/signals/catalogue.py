"""The table of all quality signals, each with the plain function that defines it.

A signal is a measurement; `text.rules` makes decisions. None means undefined (no words, no lines, a language without
segmentation); an undefined value passes every rule. `text.signals.compute` computes the same values with kernels; these
functions are the reference in its tests, and the documentation. `sluice signals` prints the table.
"""

import inspect
from collections.abc import Callable
from typing import Any

from sluice.core.records.docs import Signals
from sluice.text.signals import c4, characters, lines, pages, repetition, words
from sluice.text.signals.text_view import TextView
from sluice.text.unicode.structure import is_mostly_code, prose

Definition = Callable[[TextView], float | None]


def _named(*functions: Definition) -> dict[str, Definition]:
    return {function.__name__: function for function in functions}


C4_FIELDS = ("sentences", "curly_lines", "lorem_lines")

WORDS = _named(
    words.n_words,
    words.mean_word_length,
    words.median_word_length,
    words.longest_run_chars,
    words.hash_per_word,
    words.ellipsis_per_word,
    words.alphabetic_word_share,
    words.n_stop_words,
    words.n_stop_word_hits,
    words.n_function_words,
    words.function_word_share,
    words.unique_word_share,
    words.word_entropy,
    words.all_caps_word_share,
    words.n_sentences,
    words.lettered_word_share,
)
LINES = _named(
    lines.bullet_line_share,
    lines.ellipsis_line_share,
    lines.list_line_share,
    lines.fineweb_terminal_line_share,
    lines.terminal_line_share,
    lines.short_line_share,
    lines.mean_line_chars,
    lines.newlines_per_word,
    lines.lines_per_word,
    lines.javascript_line_share,
    lines.policy_line_share,
    lines.more_line_share,
    lines.sentence_line_share,
)
REPETITION = {
    **_named(
        repetition.duplicate_line_share,
        repetition.duplicate_paragraph_share,
        repetition.duplicate_line_char_share,
        repetition.duplicate_paragraph_char_share,
        repetition.fineweb_duplicate_line_char_share,
    ),
    **{f"top_{n}gram_share": repetition.top_ngram_signal(n) for n in (2, 3, 4)},
    **{f"duplicate_{n}gram_share": repetition.duplicate_ngram_signal(n) for n in range(5, 11)},
    **_named(repetition.char_repetition_share, repetition.word_repetition_share),
}
CHARACTERS = _named(
    characters.han_share,
    characters.char_entropy,
    characters.unique_char_share,
    characters.digit_share,
    characters.uppercase_share,
    characters.punctuation_share,
    characters.non_alphanumeric_share,
    characters.whitespace_share,
    characters.parenthesis_share,
    characters.curly_bracket_share,
    characters.url_char_share,
    characters.special_char_share,
    characters.bracketed_char_share,
    characters.fullwidth_share,
    characters.garbled_share,
    characters.lorem_ipsum_share,
)
C4 = {
    **{f"c4_{field}": c4.page_signal(field, needs_end=True) for field in C4_FIELDS},
    **{f"c4_any_end_{field}": c4.page_signal(field, needs_end=False) for field in C4_FIELDS},
}

PAGES = _named(pages.error_page_share, pages.search_page_share)

OF_TEXT: dict[str, Definition] = {**WORDS, **LINES, **REPETITION, **CHARACTERS, **C4, **PAGES}
"""The signals of a whole text."""

OF_PROSE = (
    *("mean_word_length", "hash_per_word", "ellipsis_per_word"),
    *("lettered_word_share", "list_line_share", "terminal_line_share", "short_line_share", "mean_line_chars"),
    *(
        "sentence_line_share",
        "lines_per_word",
        "duplicate_line_share",
        "duplicate_paragraph_share",
        "duplicate_line_char_share",
    ),
    *("duplicate_paragraph_char_share", "fineweb_duplicate_line_char_share"),
    *(f"top_{n}gram_share" for n in (2, 3, 4)),
    *(f"duplicate_{n}gram_share" for n in range(5, 11)),
    *("han_share", "digit_share", "non_alphanumeric_share", "bracketed_char_share", "garbled_share"),
)
"""The signals that are also computed without code and tables, where repetition and marks are no sign of bad text."""


def _of_prose(name: str) -> Definition:
    def signal(view: TextView) -> float | None:
        return None if is_mostly_code(view.text) else OF_TEXT[name](TextView(prose(view.text).text, view.language))

    signal.__doc__ = (
        f"`{name}` outside of code and tables; None if most of the text is code (ours, see `text.unicode.structure`)."
    )
    return signal


OF_PAGE = _named(pages.n_farm_domains, pages.n_strewn_titles)
"""The signals of a whole text that are fast without a kernel."""

FUNCTIONS: dict[str, Definition] = {
    **OF_TEXT,
    **{f"prose_{name}": _of_prose(name) for name in OF_PROSE},
    **OF_PAGE,
}
"""Every field of `Signals` that depends on the text alone, in field order; a test checks that both lists are equal."""

GIVEN = {
    "other_language_share": "Share of letters in lines certainly of another language, among all checked lines (ours).",
    "simplified_share": "Only-simplified characters, as a share of Han characters; None without any (OpenCC).",
    "traditional_share": "Only-traditional characters, as a share of Han characters; None without any (OpenCC).",
    "n_bad_words": "Occurrences of listed bad words (C4, RedPajama-v2); None for a language without a list.",
    "n_different_bad_words": "Different listed bad words that occur; None for a language without a list.",
    "bad_word_share": "Share of characters in listed bad words (c4-dataset-script); None without a list.",
    "quality_score": "Probability of good text by the model that `extract.quality_models` names for the language.",
    "random_unit": "A number in [0, 1) from a hash of the document's id, for rules with `pareto`.",
    "bits_per_byte": "Score of a language model, read from `rules.scores` by the stage filter; None elsewhere.",
    "domain_hosts": "Hosts under the document's registered domain, counted by the stage filter; None elsewhere, and "
    "for fewer than `rules.domain_min_hosts` (ours).",
    "domain_documents": "Documents under that domain; None where `domain_hosts` is None (ours).",
    "domain_spam_share": "Share of these documents that break a rule of `rules.spam_rules` (ours).",
}
"""The other fields in order: meaning and source."""


def define(text: str, language: str) -> Signals:
    """Computes all signals of a text by their definitions: slow, but the reference. `compute` is the fast version."""
    view = TextView(text, language)
    values: dict[str, Any] = {name: function(view) for name, function in FUNCTIONS.items()}
    return Signals(**values)


def describe(name: str) -> str:
    """Returns the definition of a signal, in a sentence or two, with its source."""
    return GIVEN.get(name) or inspect.getdoc(FUNCTIONS[name]) or ""
