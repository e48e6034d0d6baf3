"""Share of a text in lines of another language.

Scripts are counted in every line. A language model is used only for languages whose script is shared with others
(Latin, Cyrillic, Arabic ...), and only for a few lines. The definition is ours.
"""

import functools

import numpy as np

from sluice.text.language.identify import Language, LanguageIdentifier
from sluice.text.language.kernels import scripts as kernels
from sluice.text.language.labels import NOT_LANGUAGES
from sluice.text.language.scripts import COMPLETE, SCRIPTS, script_table, scripts_of
from sluice.text.unicode.encoded_text import AnyText, EncodedText

MIN_WEIGHT = 30
"""Minimum letters of a line that is checked; a Han, kana or Hangul character counts as three."""
MIN_OWN_SHARE = 0.8
"""A line is in the language's script with at least this share of its letters, and foreign with less than the rest."""
MIN_KANA_SHARE = 0.1
"""Han in a line with this share of kana is Japanese."""
MAX_ASKED = 3
"""Maximum number of lines, evenly spaced, that the model classifies."""
MIN_ASKED_LETTERS = 60
"""Shorter lines are assumed to be in the text's language: the model is unreliable on them."""
ASKED_BYTES = 200
MIN_SCORE = 0.8
"""Minimum probability of a certain result."""

SAME = (frozenset({"no", "nb", "nn", "da"}), frozenset({"ms", "id"}), frozenset({"sr", "hr", "bs", "sh", "cnr"}))
"""Languages that models confuse with each other, so that none is reliably another one. Some have labels for one
only."""


def other_language_share(text: AnyText, language: Language, identifier: LanguageIdentifier) -> float | None:
    """Returns the share of letters, in lines long enough to check, that are in lines certainly of another language.

    None if no line can be checked. If the model is used, its results for a few lines are applied to all similar ones.
    """
    data = EncodedText.of(text).utf8
    own, is_certain = _own_scripts(language.code, language.script)
    judged, foreign, undecided = kernels.judge_lines(
        np.frombuffer(data, np.uint8), *script_table(), own, is_certain, MIN_WEIGHT, MIN_OWN_SHARE, MIN_KANA_SHARE
    )
    if not judged:
        return None
    lines: list[list[int]] = undecided[undecided[:, 2] >= MIN_ASKED_LETTERS].tolist()
    step = max(1.0, len(lines) / MAX_ASKED)
    asked = [lines[int(step * (k + 0.5))] for k in range(min(MAX_ASKED, len(lines)))]
    strange = sum(letters for start, end, letters in asked if _is_other(data[start:end], language, identifier))
    if strange:
        foreign += strange / sum(letters for *_, letters in asked) * sum(letters for *_, letters in lines)
    return float(foreign / judged)


def _is_other(line: bytes, language: Language, identifier: LanguageIdentifier) -> bool:
    found = identifier.identify(line[:ASKED_BYTES].decode("utf-8", "ignore"))
    pair = {found.code, language.code}
    is_one = len(pair) == 1 or any(pair <= group for group in SAME)
    return found.score >= MIN_SCORE and found.code not in NOT_LANGUAGES and not is_one


@functools.cache
def _own_scripts(code: str, script: str | None) -> tuple[np.ndarray, bool]:
    names = scripts_of(code, script)
    return np.array([name in names for name in SCRIPTS]), COMPLETE.issuperset(names)
