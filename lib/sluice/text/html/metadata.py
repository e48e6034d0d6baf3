"""Title, author and publication date of a page, from metadata that is cheap to read."""

import html
import re
from datetime import date
from typing import NamedTuple

import numpy as np

from sluice.text.html.json_ld import Article, find_article
from sluice.text.html.kernels.licence import mark_hinted
from sluice.text.html.markup import JSON_MARK, META_MARK, TIME_MARK, TITLE_MARK, Markup

MAX_CHARS = 300
"""Maximum length; longer titles and names are spam and are truncated."""
MAX_JSON_BYTES = 200_000
MAX_META_BYTES = 4096
UPDATED = re.compile(r"modified|updated|comment", re.IGNORECASE)
"""In a <time> that is not the date of publication."""

ATTRIBUTE = re.compile(r"""([a-zA-Z:_-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
SPACES = re.compile(r"\s+")
DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
COMPACT_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?:\d{6})?(?!\d)")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
NAMED_DAY = re.compile(
    rf"\b(?:{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?|(\d{{1,2}})\.?\s+{_MONTH},?)\s+((?:19|20)\d\d)\b", re.IGNORECASE
)
DOTTED_DAY = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d\d)(?!\d)")

# Most reliable first. Chinese government and news sites use names from a GB/T standard for site metadata.
TITLE_NAMES = ("og:title", "twitter:title", "articletitle", "dc.title")
AUTHOR_NAMES = (
    "author",
    "article:author",
    "dc.creator",
    "parsely-author",
    "sailthru.author",
    "byl",
    "og:article:author",
)
DAY_NAMES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish-date",
    "publish_date",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
    "og:article:published_time",
    "weibo:article:create_at",
    "date",
)


class Facts(NamedTuple):
    """Metadata of a page; None if the page does not state it. `published` is an ISO 8601 date."""

    title: str | None
    author: str | None
    published: str | None


def page_facts(data: bytes, markup: Markup) -> Facts:
    """Reads <meta>, JSON-LD, <time> and <title>, in this order. `data` is the input from which `markup` was parsed."""
    metas = _metas(data, markup)
    article = find_article(_marked(data, markup, JSON_MARK, MAX_JSON_BYTES))
    titles = _marked(data, markup, TITLE_MARK, 4 * MAX_CHARS)
    whole = _clean(titles[0] if titles else None)
    title = _first(metas, TITLE_NAMES) or _clean(_headline(article, whole or "")) or whole
    author = _first(metas, AUTHOR_NAMES)
    if author is None or "://" in author:
        author = _clean(article.author)
    days = [metas[name] for name in DAY_NAMES if name in metas]
    days += [article.published] if article.published else []
    days += [tag for tag in _marked(data, markup, TIME_MARK, 500) if not UPDATED.search(tag)][:1]
    return Facts(title, author, next(filter(None, map(find_day, days)), None))


def _headline(article: Article, title: str) -> str | None:
    """Returns the headline, or the name if only that is in the title: Wikipedia's headline is a short description."""
    if article.name and article.name in title and not (article.headline and article.headline in title):
        return article.name
    return article.headline


def find_day(text: str) -> str | None:
    """Returns the first date of a text in ISO 8601; None for a text without a date.

    Read are year, month, day; names of English months; and day, month, year with dots. Dates such as 5/3/2019 differ
    between countries and are not read.

    >>> find_day("发布时间：2019年3月5日 10:20"), find_day("May 3rd, 2021"), find_day("03.05.2021")
    ('2019-03-05', '2021-05-03', '2021-05-03')
    """
    if match := DAY.search(text) or COMPACT_DAY.search(text):
        year, month, day = match[1], match[2], match[3]
    elif match := NAMED_DAY.search(text):
        name = match[1] or match[4]
        year, month, day = match[5], str(MONTHS.index(name[:3].lower()) + 1), match[2] or match[3]
    elif match := DOTTED_DAY.search(text):
        day, month, year = match[1], match[2], match[3]
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _metas(data: bytes, markup: Markup) -> dict[str, str]:
    """Returns contents of <meta> by lower-case name; the first of each name."""
    places = _places(markup, META_MARK)
    is_hinted = np.zeros(len(places), np.bool_)
    page = np.frombuffer(data, np.uint8)
    mark_hinted(page, places, MAX_META_BYTES, is_hinted)
    found: dict[str, str] = {}
    for tag in _read(data, places[is_hinted], MAX_META_BYTES):
        values = {m[1].lower(): m[2] or m[3] or m[4] or "" for m in ATTRIBUTE.finditer(tag)}
        name = values.get("property") or values.get("name") or values.get("itemprop")
        if name and values.get("content"):
            found.setdefault(name.lower(), values["content"])
    return found


def _marked(data: bytes, markup: Markup, kind: int, limit: int) -> list[str]:
    return _read(data, _places(markup, kind), limit)


def _read(data: bytes, places: np.ndarray, limit: int) -> list[str]:
    return [data[start : min(end, start + limit)].decode("utf-8", "replace") for start, end in places.tolist()]


def _places(markup: Markup, kind: int) -> np.ndarray:
    """Start and end in the page of each mark of a kind, [marks, 2]."""
    return np.ascontiguousarray(markup.marks[markup.marks[:, 0] == kind, 1:])


def _first(metas: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next(filter(None, (_clean(metas.get(name)) for name in names)), None)


def _clean(text: str | None) -> str | None:
    words = SPACES.sub(" ", html.unescape(text or "")).strip()
    return words[:MAX_CHARS] or None
