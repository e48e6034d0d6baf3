"""Conversion of a page to a document or a rejection, with the cheapest check first."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.errors import SluiceError
from sluice.core.ids import mix64
from sluice.core.reasons import Reason
from sluice.core.records.docs import Document, Located, Page, Rejection, Span
from sluice.text.charset import decode, double_encoded
from sluice.text.cleaning.clean import as_markdown, cut_lines, mask_personal
from sluice.text.cleaning.link_addresses import has_personal_data
from sluice.text.cleaning.mask_pii import find, mask
from sluice.text.dedup.signing import sign_text
from sluice.text.html import extract as html
from sluice.text.html.licence import rights
from sluice.text.html.markdown import of_text
from sluice.text.html.metadata import Facts
from sluice.text.language.decision import (
    SURE_SCORE,
    decide,
    decide_mixed_language,
    decide_written_language,
    written_part,
)
from sluice.text.language.facts import language_facts
from sluice.text.language.identify import Language, LanguageIdentifier
from sluice.text.language.letters import count_letters
from sluice.text.language.precheck import Precheck
from sluice.text.language.scripts import CHINESE
from sluice.text.pages.lists import PageLists
from sluice.text.signals import compute
from sluice.text.unicode.encoded_text import EncodedText
from sluice.text.unicode.structure import structure

PRECHECK = "before extraction"
"""`detail` of a page whose language was certain from its HTML alone."""

WHOLE = (200, 203, None)
"""HTTP statuses of whole pages: OK, a page that a proxy changed, and answers without a status."""
PARTIAL = 206
"""The status of a part, also sent with the whole page to clients that ask for all bytes. Accepted without a
Content-Range, or with one that is the whole."""

NO_FACTS = Facts(None, None, None)
RANDOM_UNIT_SEED = 3

LOCATED = (*Located.__struct_fields__, "doc_id", "fetched_at")


class PageProcessor:
    """Processes one page at a time; the result depends only on the page. Picklable; models are loaded on first use.

    Raises ConfigError or InputError for missing or malformed lists and models.
    """

    def __init__(self, extract: ExtractConfig, minhash: MinHashConfig, lid_path: str) -> None:
        self.extract = extract
        self.minhash = minhash
        self.languages = LanguageIdentifier(lid_path)
        wanted = extract.languages if extract.precheck.enabled else None
        self.precheck = Precheck(wanted, self.languages, extract.precheck.min_score)
        self.lists = PageLists.of(extract)

    def warm_up(self) -> None:
        """Loads models and compiles kernels (once per host: about a minute), so that no page's time includes it."""
        page = b"<p>a<p>" + b"The first of many words that are in one page. " * 9
        extracted = self._extract(page)
        rights(page)
        self.precheck.unwanted(page)
        clean = mask_personal(cut_lines(extracted.text, self.extract.edit), self.extract.pii)
        language = self.languages.identify(clean.view)
        decide(self.languages.candidates(clean.view), count_letters(clean.view))
        for code in ("en", "zh"):
            language_facts(clean.view, replace(language, code=code), self.languages)
            self.lists.signals(clean.view, code)
            compute.compute(clean.view, code)
        sign_text("a b c d e f g h i j", msgspec.structs.replace(self.minhash, min_shingles=1))

    def process(self, page: Page) -> Document | Rejection:
        """Returns a document or a rejection. An unexpected error of a parser affects only this page."""
        return self._guard(self._process, page)

    def process_text(self, page: Page) -> Document | Rejection:
        """Like `process`, for a page whose payload is extracted text in UTF-8, as in WET files."""
        return self._guard(self._process_text, page)

    def _guard(self, judge: Callable[[Page], Document | Rejection], page: Page) -> Document | Rejection:
        try:
            return self._reject_unread(page) or judge(page)
        except (SluiceError, MemoryError):
            raise
        except Exception as e:  # the only place that catches unexpected errors of a page
            return _reject(page, Reason.EXTRACT_ERROR, type(e).__name__)

    def _reject_unread(self, page: Page) -> Rejection | None:
        if not is_answer(page):
            return _reject(page, Reason.HTTP_STATUS, str(page.http_status))
        if page.is_cut:
            return _reject(page, Reason.TOO_BIG, f"over {self.extract.max_page_bytes} bytes")
        blocked = self.lists.block(page.url)
        return _reject(page, *blocked) if blocked else None

    def _process(self, page: Page) -> Document | Rejection:
        decoded = decode.decode(page.payload, page.header_charset)
        found: dict[str, Any] = {"charset": decoded.charset, "charset_by": decoded.by}
        data = double_encoded.repair(decoded.utf8(page.payload))
        if page.is_text:
            return self._judge_text(page, data, found)
        if unwanted := self.precheck.unwanted(data):
            return _reject(
                page, Reason.LANGUAGE, PRECHECK, language=unwanted.code, language_score=unwanted.score, **found
            )
        return self._judge(page, self._extract(data, is_xml=page.is_xhtml, url=page.url), data, found)

    def _extract(self, data: bytes, *, is_xml: bool = False, url: str | None = None) -> html.PageText:
        settings = self.extract
        return html.extract_page(
            data,
            settings.extractor,
            is_xml=is_xml,
            text_format=settings.format,
            links_from=url if settings.links else None,
            is_private=partial(has_personal_data, options=settings.pii),
        )

    def _process_text(self, page: Page) -> Document | Rejection:
        return self._judge_text(page, page.payload, {"charset": "utf-8", "charset_by": "wet"})

    def _judge_text(self, page: Page, data: bytes, found: dict[str, Any]) -> Document | Rejection:
        text = html.tidy_foreign(data.decode("utf-8", "replace"))
        markdown = of_text(text) if self.extract.format == "markdown" else None
        return self._judge(page, html.PageText(text, NO_FACTS, markdown), b"", found)

    def _judge(self, page: Page, extracted: html.PageText, data: bytes, found: dict[str, Any]) -> Document | Rejection:
        if not extracted.text:
            return _reject(page, Reason.NO_TEXT, **found)
        clean = cut_lines(extracted.text, self.extract.edit)
        found |= _size(clean.view)
        if len(clean.view.text) < self.extract.min_chars:
            return _reject(page, Reason.TOO_SHORT, **found)
        language = self.decide_language(clean.view)
        found |= {"language": language.code, "language_score": language.score}
        if not self.is_wanted(language):
            return _reject(page, Reason.LANGUAGE, **found)
        clean = mask_personal(clean, self.extract.pii)
        view = clean.view
        if extracted.markdown:
            clean = as_markdown(clean, extracted.markdown.edited(view.text, clean.numbers))
        stored = clean.view
        found |= _size(stored)
        written = language_facts(written_part(view), language, self.languages)
        marks = rights(data, page.robots_header)
        spans = structure(stored)
        return Document(
            **_place(page),
            **found,
            **self._masked(extracted.facts)._asdict(),
            script=written.script,
            variant=written.variant,
            licence=marks.licence,
            licence_by=marks.licence_by,
            robots=",".join(marks.robots) or None,
            edits=clean.edits.to_json(),
            n_extracted_chars=len(extracted.text),
            code_spans=[Span(start=start, end=end) for start, end in spans.code],
            table_spans=[Span(start=start, end=end) for start, end in spans.tables],
            signals=compute.compute(
                view,
                language.code,
                **written.signals(),
                **self.lists.signals(view, language.code),
                random_unit=(mix64(page.doc_id, RANDOM_UNIT_SEED) >> 11) * 2.0**-53,
            ),
            **sign_text(stored, self.minhash)._asdict(),
            text=stored.text,
        )

    def _masked(self, facts: Facts) -> Facts:
        """Masks what pages name in their title and author, as in their text."""
        named = [facts.title or "", facts.author or ""]
        if not find("\n".join(named), self.extract.pii):  # nearly all pages
            return facts
        title, author = (mask(value, self.extract.pii).text or None for value in named)
        return facts._replace(title=title, author=author)

    def decide_language(self, text: EncodedText) -> Language:
        """Returns the language of a text: `decide_written_language`, or `decide_mixed_language` if that is not certain.

        Chinese languages that are not listed themselves are `zh` if that is listed: ISO 639-3 defines `zho` as the
        macrolanguage of `yue`, `wuu`, `lzh` and others; `variant` tells them apart.
        """
        language = decide_written_language(text, self.languages)
        wanted = self.extract.languages or ()
        if 0 < language.score < SURE_SCORE and not self.is_wanted(self._macrolanguage(language)):
            language = max(language, decide_mixed_language(text, self.languages, wanted), key=lambda found: found.score)
        return self._macrolanguage(language)

    def _macrolanguage(self, language: Language) -> Language:
        """Returns `zh` for a Chinese language that is not listed itself if that is."""
        wanted = self.extract.languages or ()
        is_member = language.code in CHINESE and language.code not in wanted and "zh" in wanted
        return replace(language, code="zh", iso639_3="zho") if is_member else language

    def is_wanted(self, language: Language) -> bool:
        """Whether a language is wanted and identified with sufficient certainty."""
        if self.extract.languages is not None and language.code not in self.extract.languages:
            return False
        minimum = self.extract.min_language_score.get(language.code, self.extract.other_language_score)
        return language.score >= minimum


def is_answer(page: Page) -> bool:
    """Whether the HTTP status is that of a whole page."""
    return page.http_status in WHOLE or (page.http_status == PARTIAL and not page.is_part)


def _size(text: EncodedText) -> dict[str, int]:
    return {"n_chars": len(text.text), "n_bytes": len(text.wtf8)}


def _place(page: Page) -> dict[str, Any]:
    return {name: getattr(page, name) for name in LOCATED}


def _reject(page: Page, reason: str, detail: str | None = None, **found: Any) -> Rejection:
    return Rejection(**_place(page), reason=reason, detail=detail, **found)


def to_json(record: Document | Rejection) -> dict[str, Any]:
    """Converts a record to plain values for JSON lines, without binary columns."""
    plain = {name: value for name, value in msgspec.structs.asdict(record).items() if not isinstance(value, bytes)}
    result: dict[str, Any] = msgspec.to_builtins(plain)
    result.pop("signature", None)
    return result
