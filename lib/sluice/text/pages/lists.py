"""Lists and models that decide on pages: blocked URLs, words in URLs, bad words, quality models. Pickled by path."""

from dataclasses import dataclass
from typing import Any

from sluice.core.config.extract import ExtractConfig
from sluice.core.reasons import Reason
from sluice.text.language.identify import file_digest
from sluice.text.lists.bad_words import BadWordLists
from sluice.text.lists.blocklist import BlockList
from sluice.text.lists.url_words import UrlWords
from sluice.text.quality.score import QualityModel
from sluice.text.unicode.encoded_text import AnyText


@dataclass(frozen=True)
class PageLists:
    """`blocklist` and `url_words` are None if not configured."""

    blocklist: BlockList | None
    url_words: UrlWords | None
    bad_words: BadWordLists
    quality: dict[str, QualityModel]

    @classmethod
    def of(cls, extract: ExtractConfig) -> "PageLists":
        """Loads the configured lists. Raises ConfigError or InputError for unreadable or unsuitable ones."""
        listed, words = extract.blocklist, extract.url_words
        return cls(
            BlockList.open(listed.path, listed.allow) if listed.path else None,
            UrlWords.of(words) if words.hard or words.soft or words.strict else None,
            BadWordLists.of(extract.bad_words),
            {language: QualityModel.of(path, language) for language, path in sorted(extract.quality_models.items())},
        )

    def block(self, url: str | None) -> tuple[str, str] | None:
        """Returns why a page is rejected because of its URL: reason, and list entry; None if it is not."""
        if url is None:
            return None
        if self.blocklist and (match := self.blocklist.match(url)):
            return Reason.BLOCKED_URL, f"{match.category} {match.kind}"
        if self.url_words and (found := self.url_words.match(url)):
            return Reason.URL_WORDS, f"{found.weight} {len(found.words)}"
        return None

    def signals(self, text: AnyText, language: str) -> dict[str, float | None]:
        """Returns the fields of `Signals` computed by lists and models; none in a language without either."""
        counts = self.bad_words.measure(text, language)
        model = self.quality.get(language)
        score = {"quality_score": model.score(text, language)} if model else {}
        return (counts.signals() if counts else {}) | score

    def identity(self) -> dict[str, Any]:
        """Identifies the lists by content, to prevent mixing of outputs; paths differ between machines."""
        blocklist = self.blocklist
        return {
            "blocklist": blocklist and [blocklist.digest, blocklist.allow_digest],
            "url_words": self.url_words and self.url_words.digest,
            "quality_models": {language: file_digest(model.file) for language, model in self.quality.items()},
            "bad_words": {language: words.digest for language, words in sorted(self.bad_words.lists.items())},
        }
