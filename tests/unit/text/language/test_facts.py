from sluice.text.language.facts import LanguageFacts, language_facts
from sluice.text.language.identify import Language
from sluice.text.unicode.encoded_text import EncodedText


class Unasked:
    """A model that must not be needed."""

    def identify(self, text):
        raise AssertionError(text)


def facts(text, code):
    return language_facts(EncodedText(text), Language(code, 0.9), Unasked())


def test_a_chinese_text_has_a_variant_and_its_shares():
    assert facts("国国國后 abc", "zh") == LanguageFacts("Hani", "zh-Hans", None, 0.5, 0.25)


def test_another_language_has_no_variant():
    assert facts("Ein Satz.", "de") == LanguageFacts("Latn", None, None, None, None)
    assert facts("図書館", "ja").variant is None


def test_signals_are_the_fields_of_that_name():
    found = LanguageFacts("Hani", "zh-Hans", 0.1, 0.2, 0.3)
    assert found.signals() == {"other_language_share": 0.1, "simplified_share": 0.2, "traditional_share": 0.3}
