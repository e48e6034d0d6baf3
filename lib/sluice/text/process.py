"""One page to a document or a rejection, cheapest check first."""

from collections.abc import Callable
from typing import Any

import msgspec

from sluice.core.config import Extract, MinHash
from sluice.core.errors import SluiceError
from sluice.core.ids import text_digest
from sluice.core.records import Document, Located, Page, Rejection
from sluice.text import charset, html, measure
from sluice.text.facts import Facts
from sluice.text.language import Language, LanguageIdentifier, main_script
from sluice.text.minhash import signature
from sluice.text.shingles import key_text, shingle_hashes

LOCATED = (*Located.__struct_fields__, "doc_id", "fetched_at")


class PageProcessor:
    """Decides one page at a time; the same page gives the same answer everywhere. Pickles, models load on first use."""

    def __init__(self, extract: Extract, minhash: MinHash, lid_path: str) -> None:
        self.extract = extract
        self.minhash = minhash
        self.languages = LanguageIdentifier(lid_path)

    def warm_up(self) -> None:
        """Loads models and compiles kernels now (once per host: half a minute), so that no page's time limit pays."""
        html.extract_page("<p>a", self.extract.extractor)
        self.languages.identify("a")
        for language in ("en", "zh"):
            measure.compute("a", language)
        signature(shingle_hashes("a b c d e", 5), self.minhash)

    def process(self, page: Page) -> Document | Rejection:
        """A document, or why the page is none. An unexpected error of a parser costs this page only."""
        return self._guard(self._process, page)

    def process_text(self, page: Page) -> Document | Rejection:
        """The same for a page whose payload is text that somebody else has extracted, in UTF-8 as WET files have it."""
        return self._guard(self._process_text, page)

    def _guard(self, judge: Callable[[Page], Document | Rejection], page: Page) -> Document | Rejection:
        try:
            return self._reject_unread(page) or judge(page)
        except (SluiceError, MemoryError):
            raise
        except Exception as e:  # the one place where a page may fail for a reason nobody foresaw
            return _reject(page, "extract_error", type(e).__name__)

    def _reject_unread(self, page: Page) -> Rejection | None:
        if page.http_status not in (200, None):
            return _reject(page, "http_status", str(page.http_status))
        if page.is_cut:
            return _reject(page, "too_big", f"over {self.extract.max_page_bytes} bytes")
        return None

    def _process(self, page: Page) -> Document | Rejection:
        decoded = charset.decode(page.payload, page.header_charset)
        extracted = html.extract_page(decoded.text, self.extract.extractor)
        return self._judge(
            page, extracted.text, extracted.facts, {"charset": decoded.charset, "charset_by": decoded.by}
        )

    def _process_text(self, page: Page) -> Document | Rejection:
        text = html.tidy_foreign(page.payload.decode("utf-8", "replace"))
        return self._judge(page, text, Facts(None, None, None), {"charset": "utf-8", "charset_by": "wet"})

    def _judge(self, page: Page, text: str, facts: Facts, found: dict[str, Any]) -> Document | Rejection:
        found |= {"n_chars": len(text), "n_bytes": len(text.encode("utf-8", "surrogatepass"))}
        if not text:
            return _reject(page, "no_text", **found)
        if len(text) < self.extract.min_chars:
            return _reject(page, "too_short", **found)
        language = self.languages.identify(text)
        found |= {"language": language.code, "language_score": language.score}
        if not self.is_wanted(language):
            return _reject(page, "language", **found)
        key = key_text(text)
        hashes = shingle_hashes(key, self.minhash.shingle)
        is_long_enough = len(hashes) >= self.minhash.min_shingles
        return Document(
            **_place(page),
            **found,
            script=main_script(text),
            title=facts.title,
            author=facts.author,
            published=facts.published,
            signals=measure.compute(text, language.code),
            text_hash=text_digest(key),
            n_shingles=len(hashes),
            signature=signature(hashes, self.minhash).astype("<u4").tobytes() if is_long_enough else None,
            text=text,
        )

    def is_wanted(self, language: Language) -> bool:
        """Whether a language is to be kept and named with enough certainty."""
        if self.extract.languages is not None and language.code not in self.extract.languages:
            return False
        minimum = self.extract.min_language_score.get(language.code, self.extract.other_language_score)
        return language.score >= minimum


def _place(page: Page) -> dict[str, Any]:
    return {name: getattr(page, name) for name in LOCATED}


def _reject(page: Page, reason: str, detail: str | None = None, **found: Any) -> Rejection:
    return Rejection(**_place(page), reason=reason, detail=detail, **found)


def to_json(record: Document | Rejection) -> dict[str, Any]:
    """A record as plain values for JSON lines, binary columns left out."""
    plain = {name: value for name, value in msgspec.structs.asdict(record).items() if not isinstance(value, bytes)}
    result: dict[str, Any] = msgspec.to_builtins(plain)
    result.pop("signature", None)
    return result
