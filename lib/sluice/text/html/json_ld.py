"""Title, author and date that a page states in JSON-LD (schema.org).

Source: ours, after schema.org's Article and its subtypes.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

MAX_OBJECTS = 2000
"""Objects that are looked at in a page."""
ARTICLES = frozenset(
    "Article NewsArticle BlogPosting TechArticle ScholarlyArticle Report AnalysisNewsArticle OpinionNewsArticle "
    "ReportageNewsArticle ReviewNewsArticle SocialMediaPosting LiveBlogPosting DiscussionForumPosting Recipe "
    "MedicalWebPage HowTo Question".split()
)
PAGES = frozenset("WebPage ItemPage QAPage AboutPage CollectionPage Product VideoObject Book Course Event".split())
WRAPPING = re.compile(r"^\s*(?://)?\s*<!(?:--|\[CDATA\[)|(?://)?\s*(?:-->|\]\]>)\s*$")
CONTROL = re.compile(r"[\x00-\x1f]")
HEADLINE = re.compile(r'"headline"\s*:\s*("(?:[^"\\]|\\.){1,400}")')
DAY = re.compile(r'"datePublished"\s*:\s*("[^"]{4,40}")')
AUTHOR = re.compile(r'"author"\s*:\s*(?:\[\s*)?(?:\{[^{}]{0,500}?"name"\s*:\s*)?(?:\[\s*)?("(?:[^"\\]|\\.){2,100}")')


class Article(NamedTuple):
    """Facts that JSON-LD states about the page; None if it does not."""

    headline: str | None = None
    name: str | None = None
    author: str | None = None
    published: str | None = None


def find_article(scripts: list[str]) -> Article:
    """Returns the facts of the first article in the scripts, else of the first object for the page.

    Comments and other parts of the page are ignored. A script that is not valid JSON is searched for headline, author
    and date.

    >>> find_article(['{"@type": "Article", "headline": "\\\\u77f3\\\\u6865", "author": [{"name": "A. Writer"}]}'])
    Article(headline='石桥', name=None, author='A. Writer', published=None)
    """
    page = Article()
    for script in scripts:
        value = _decode(script)
        if value is None:
            found = Article(_string(HEADLINE, script), None, _string(AUTHOR, script), _string(DAY, script))
            page = page if any(page) else found
            continue
        for thing in _objects(value):
            types = _types(thing)
            if types & ARTICLES:
                return _article(thing)
            if (types & PAGES or "@type" not in thing) and not any(page):
                page = _article(thing)
    return page


def _decode(script: str) -> Any:
    """Decodes a script, also in a comment or CDATA section and with line breaks in strings; None for invalid JSON."""
    found = _json(script)
    return _json(CONTROL.sub(" ", WRAPPING.sub("", script))) if found is None else found


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yields the objects of a value, outer ones first, except those inside an article."""
    waiting, seen = deque([value]), 0
    while waiting and seen < MAX_OBJECTS:
        value, seen = waiting.popleft(), seen + 1
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield value
            if not _types(value) & ARTICLES:
                waiting += [value[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in value]


def _types(thing: dict[str, Any]) -> set[str]:
    kinds = thing.get("@type")
    return {str(kind).rpartition("/")[2] for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _article(thing: dict[str, Any]) -> Article:
    return Article(
        _text(thing.get("headline")),
        _text(thing.get("name")),
        _name(thing.get("author")),
        _text(thing.get("datePublished")),
    )


def _name(value: Any) -> str | None:
    """Returns the name of a person or organisation, given by name, as an object or as a list; the first of several."""
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, dict) else one
        if (text := _text(name[0] if isinstance(name, list) and name else name)) and "://" not in text:
            return text
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _string(pattern: re.Pattern[str], script: str) -> str | None:
    match = pattern.search(script)
    if not match:
        return None
    try:
        return _text(msgspec.json.decode(CONTROL.sub(" ", match[1])))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
