"""Functions of sluice for Python code without Spark. `import sluice` has them all: `sluice.signals(text)`.

Each does the same as the stages of a run, for one page or text. `sluice.spark` has functions for DataFrames.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sluice.core.config.extract import ExtractConfig, Extractor, PiiConfig, TextFormat
from sluice.core.config.load import config_with
from sluice.core.config.rules import RulesConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.records.docs import Document, Rejection, Signals
from sluice.text.charset.decode import decode
from sluice.text.cleaning.mask_pii import Masked
from sluice.text.cleaning.mask_pii import mask as mask_text
from sluice.text.html.extract import check_extractor, extract_page
from sluice.text.language.identify import Language
from sluice.text.pages.archive import WarcAccount
from sluice.text.pages.judged import JudgedPage, Unread, check_account, iter_judged
from sluice.text.pages.plain_text import language_of, signals_of
from sluice.text.rules.rule import Rule, first_failure, load_rules


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page of an archive. `record` has all that is known about it, such as `charset`, `licence` and `edits`."""

    record: Document | Rejection
    archive: str
    reason: str | None
    """Why the page is dropped: the first check or rule that it fails. None: it is kept."""
    detail: str | None

    @property
    def url(self) -> str | None:
        """The address of the page."""
        return self.record.url

    @property
    def text(self) -> str | None:
        """The main text; None for a page that was rejected before its rules were asked."""
        return self.record.text if isinstance(self.record, Document) else None

    @property
    def language(self) -> str | None:
        """ISO 639-1 code; None for a page that was rejected before."""
        return self.record.language

    @property
    def title(self) -> str | None:
        """The title that the page states."""
        return self.record.title if isinstance(self.record, Document) else None

    @property
    def signals(self) -> Signals | None:
        """The quality signals of the text; None for a page without one."""
        return self.record.signals if isinstance(self.record, Document) else None


class WebPages(Iterator[WebPage]):
    """The pages of archives, in the order of the files; each is read when it is asked for.

    `counts`: the counts of the archives that have been read to their end. records = documents + sum of dropped.
    `unread`: parts that could not be read, so far.
    """

    def __init__(self, config: Config) -> None:
        self.counts = WarcAccount()
        self.unread: list[Unread] = []
        self._config = config
        self._found = iter_judged(config)

    def __next__(self) -> WebPage:
        for found in self._found:
            match found:
                case WarcAccount():
                    self.counts += found
                case Unread():
                    self.unread.append(found)
                case JudgedPage():
                    return _web_page(found)
        check_account(self.counts, self._config)
        raise StopIteration

    def close(self) -> None:
        """Ends reading before the last page."""
        self._found.close()


def _web_page(page: JudgedPage) -> WebPage:
    record, verdict = page.record, page.verdict
    if verdict:
        return WebPage(record, page.path, verdict.reason, f"{verdict.value:g} against {verdict.threshold:g}")
    if isinstance(record, Rejection):
        return WebPage(record, page.path, record.reason, record.detail)
    return WebPage(record, page.path, None, None)


def read_warc(
    paths: str | Sequence[str],
    *,
    languages: Sequence[str] | None = ExtractConfig().languages,
    rules: str | Sequence[str] = RulesConfig().presets,
    settings: Mapping[str, Any] | None = None,
) -> WebPages:
    """Reads the pages of WARC, WET or ARC files, plain, gzip or zstd, local or remote; also folders and globs.

    Kept and dropped pages are returned, so that none is lost silently: a kept one has no `reason`. `languages`: ISO
    639-1 codes to keep; None keeps all. `rules`: names of presets or paths of rule files; () for none. `settings`:
    others by path, such as {"extract.format": "markdown"}; `sluice config` lists them. The pages are processed in a
    child process, so that a page that crashes it costs only itself.

    Raises InputError if a file does not exist, or, after the last page, if more than `extract.max_unreadable_share` of
    the bytes could not be read; ConfigError for an unknown setting or rule.

    >>> pages = sluice.read_warc("crawl.warc.gz")  # doctest: +SKIP
    >>> for page in pages:  # doctest: +SKIP
    ...     print(page.url, page.language, page.reason)
    >>> pages.counts.records, pages.counts.dropped  # doctest: +SKIP
    """
    listed = [paths] if isinstance(paths, str) else list(paths)
    presets = [rules] if isinstance(rules, str) else list(rules)
    given = {"plan.inputs": listed, "extract.languages": languages, "rules.presets": presets, **(settings or {})}
    config = config_with(given)
    check_extractor(config.extract.extractor, config.extract.format)
    load_rules(config.rules.presets)
    return WebPages(config)


def extract_text(
    html: str | bytes,
    *,
    extractor: Extractor = "main",
    text_format: TextFormat = "text",
    url: str | None = None,
    charset: str | None = None,
) -> str:
    """Returns the text of a page: without menus and footers, or with `extractor="all"` all that a browser shows.

    `text_format="markdown"`: headings, lists, code, tables and emphasis; with `url`, the address of the page, also its
    links. `charset`: of the HTTP header, for bytes; otherwise the bytes decide. "" for a page without text.

    >>> extract_text("<nav><a href=/>Home</a></nav><p>One.</p><ul><li>two<li>three</ul>", extractor="all")
    'Home\\n\\nOne.\\n\\n• two\\n• three'
    """
    check_extractor(extractor, text_format)
    data = decode(html, charset).utf8(html) if isinstance(html, bytes) else html.encode("utf-8", "replace")
    page = extract_page(data, extractor, text_format=text_format, links_from=url)
    return page.markdown.text() if page.markdown else page.text


def identify_language(text: str) -> Language:
    """Returns the language in which a text is written, outside of its code: `code`, ISO 639-1, and `score`, 0 to 1.

    Raises InputError if the model is not installed (extra `extract`).

    >>> identify_language("The committee met on Tuesday and decided to build a new library.").code
    'en'
    """
    return language_of(text)


def signals(text: str, language: str | None = None) -> Signals:
    """Returns the quality signals of a text, such as `duplicate_5gram_share`; None where one is undefined.

    The same values as in a run with default settings, except signals of the page and its domain. `language`: ISO 639-1
    code; None: it is identified. `sluice signals` lists all signals. Raises InputError as `identify_language`.

    >>> signals("Water is wet. Water is wet.", "en").n_words
    4
    """
    return signals_of(text, language_of(text, language))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether rules keep a text and, if not, the first one that it breaks with the value and the bound."""

    is_kept: bool
    reason: str | None
    value: float | None
    threshold: float | None
    language: str
    signals: Signals


def judge(text: str, language: str | None = None, rules: str | Sequence[str] = RulesConfig().presets) -> Judgement:
    """Decides whether rules keep a text. `rules`: names of presets or paths of rule files; `language` as for `signals`.

    Raises ConfigError for unknown rules, InputError as `identify_language`.

    >>> judge("buy now " * 50, "en").reason is None
    False
    """
    found = language_of(text, language)
    values = signals_of(text, found)
    verdict = first_failure(values, found.code, _rules((rules,) if isinstance(rules, str) else tuple(rules)))
    if verdict is None:
        return Judgement(True, None, None, None, found.code, values)
    return Judgement(False, verdict.reason, verdict.value, verdict.threshold, found.code, values)


def mask(text: str, **masks: str | None) -> Masked:
    """Masks personal data in a text. Returns the masked `text` and `counts` by kind.

    `masks`: another mask for a kind, or None to leave it, for example `phone=None`; `sluice config extract.pii` lists
    the kinds. Raises ConfigError for an unknown kind, or a mask that would itself be masked.

    >>> mask("邮箱zhang.san@mail.cn，电话13812345678。")
    Masked(text='邮箱email@example.com，电话<PHONE>。', counts={'email': 1, 'mobile': 1})
    """
    known = PiiConfig.__struct_fields__
    if unknown := sorted(set(masks) - set(known)):
        raise ConfigError(f"mask: there is no kind {unknown[0]!r} of personal data. Kinds: {', '.join(known)}.")
    return mask_text(text, PiiConfig(**masks))


@functools.cache
def _rules(presets: tuple[str, ...]) -> tuple[Rule, ...]:
    return load_rules(presets)
