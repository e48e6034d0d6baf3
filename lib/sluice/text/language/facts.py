"""Script, Chinese variant and character shares of a text, in one struct."""

from typing import NamedTuple

from sluice.text.language.chinese_variant import NO_VARIANT, chinese_variant
from sluice.text.language.identify import Language, LanguageIdentifier, main_script
from sluice.text.language.mixed_language import other_language_share
from sluice.text.language.scripts import CHINESE
from sluice.text.unicode.encoded_text import EncodedText


class LanguageFacts(NamedTuple):
    """Fields as in `Document` and `Signals`; None where undefined."""

    script: str
    variant: str | None
    other_language_share: float | None
    simplified_share: float | None
    traditional_share: float | None

    def signals(self) -> dict[str, float | None]:
        """Returns the fields that belong to `Signals`, by name."""
        return {
            "other_language_share": self.other_language_share,
            "simplified_share": self.simplified_share,
            "traditional_share": self.traditional_share,
        }


def language_facts(text: EncodedText, language: Language, identifier: LanguageIdentifier) -> LanguageFacts:
    """Computes the facts of a text in the given language. The variant is determined for Chinese languages only."""
    variant = chinese_variant(text, language.code) if language.code in CHINESE else NO_VARIANT
    return LanguageFacts(
        main_script(text),
        variant.name,
        other_language_share(text, language, identifier),
        variant.simplified_share,
        variant.traditional_share,
    )
