"""Computes all signals of a text with kernels: the same values as `signals.define`, several hundred times faster."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.core.records.docs import Signals
from sluice.data.dataset.words import JIEBA_LANGUAGES
from sluice.text.signals import catalogue
from sluice.text.signals.kernels.all import measure_all
from sluice.text.signals.pages import count_farm_domains, count_strewn_titles
from sluice.text.signals.text_view import UNSEGMENTED
from sluice.text.unicode import characters
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.unicode.kernels.hashing import hash_of, make_table
from sluice.text.unicode.structure import is_mostly_code, prose
from sluice.text.words.spans import word_spans
from sluice.text.words.stop_words import FUNCTION_WORDS, STOP_WORDS

WHOLE = tuple(place for place, name in enumerate(catalogue.OF_TEXT) if "int" in str(Signals.__annotations__[name]))
"""Positions of the signals that are integers."""
OF_PROSE = tuple(list(catalogue.OF_TEXT).index(name) for name in catalogue.OF_PROSE)
"""Positions of the signals that are also computed for prose."""


def compute(text: AnyText, language: str, **given: float | None) -> Signals:
    """Computes all signals of a text, None where undefined; `given` are those of `signals.GIVEN`."""
    view = EncodedText.of(text)
    values = _measure(view, language)
    found: list[Any] = [*values, *_of_prose(view, language, values)]
    for place in WHOLE:
        if found[place] is not None:
            found[place] = int(found[place])
    found += count_farm_domains(view.text), count_strewn_titles(view.text)
    return Signals(*found, **given)  # type: ignore[arg-type]  # integer signals have integer values


def _of_prose(view: EncodedText, language: str, values: list[float | None]) -> list[float | None]:
    """Returns the signals of the prose of a text that has these `values` as a whole; None if it is mostly code."""
    if is_mostly_code(view):
        return [None] * len(OF_PROSE)
    plain = prose(view)
    of_prose = values if plain is view else _measure(plain, language, is_prose=True)
    return [of_prose[place] for place in OF_PROSE]


def _measure(view: EncodedText, language: str, *, is_prose: bool = False) -> list[float | None]:
    """Returns the signals in the order of `catalogue.OF_TEXT`; with `is_prose`, only those of OF_PROSE are right."""
    is_segmented = language not in UNSEGMENTED
    starts, ends = word_spans(view, language) if is_segmented else _NO_SPANS
    stops, functions = word_tables(language)
    out = np.empty(len(catalogue.OF_TEXT))
    is_unspaced = language in JIEBA_LANGUAGES or not is_segmented
    measure_all(view.codes, view.flags, starts, ends, stops, functions, is_segmented, is_unspaced, is_prose, out)
    return [None if value != value else value for value in out.tolist()]


_NO_SPANS = np.empty(0, np.int32), np.empty(0, np.int32)

WordTable = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]


@functools.cache
def word_tables(language: str) -> tuple[WordTable, WordTable]:
    """Returns tables of the stop words and of the function words of a language; without keys if there is no list."""
    stops = {word: number for number, word in enumerate(sorted(STOP_WORDS.get(language, ())))}
    return _table(stops), _table(FUNCTION_WORDS.get(language, {}))


def _table(numbers: dict[str, int]) -> WordTable:
    if not numbers:
        return np.empty(0, np.uint64), np.empty(0, np.int32)
    fingerprints = np.array([hash_of(characters.code_points(word)) for word in numbers], np.uint64)
    keys, values = make_table(fingerprints, np.array(list(numbers.values()), np.int32))
    return keys, values
