"""Language and signals of a text without a page, with default settings: for `import sluice` and `sluice.spark`."""

import functools

from sluice.core.config.extract import ExtractConfig
from sluice.core.records.docs import Signals
from sluice.text.language.decision import decide_written_language, written_part
from sluice.text.language.facts import language_facts
from sluice.text.language.identify import Language, LanguageIdentifier, model_path
from sluice.text.pages.lists import PageLists
from sluice.text.signals.compute import compute
from sluice.text.unicode.encoded_text import EncodedText


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier(model_path(ExtractConfig().lid_model))


@functools.cache
def _lists() -> PageLists:
    return PageLists.of(ExtractConfig())


def language_of(text: str, code: str | None = None) -> Language:
    """Returns the given language or, for None, the one in which the text is written outside of its code.

    Raises InputError if the model is not installed.
    """
    return decide_written_language(text, _identifier()) if code is None else Language(code, 1.0)


def signals_of(text: str, language: Language) -> Signals:
    """Returns the signals of a text as in a run with default settings, except those of the page and its domain."""
    view = EncodedText(text)
    written = language_facts(written_part(view), language, _identifier())
    return compute(view, language.code, **written.signals(), **_lists().signals(view, language.code))
