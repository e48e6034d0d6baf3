"""Reads pages with known main text from the collection of real data, for `train_main_text.py` and `main_text.py`.

Set SLUICE_SHARED_DATA to the folder with `html-truth` and `html-pages` (default: ../shared/data beside the repository).
Pages are split by site, so that no template occurs in both training and test: sites whose hash is in fold 0 of 5 are
held out from the shipped model.
"""

import gzip
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.archiveiterator import ArchiveIterator

from sluice.text.charset.decode import decode

SETS = (
    "html-truth/article-extraction-benchmark",
    "html-truth/cx-extractor",
    "html-truth/mozilla-readability",
    "html-truth/newspaper",
    "html-truth/trafilatura-eval",
    "html-truth/wcxb",
    "html-truth/webmainbench-sample",
    "html-truth/zh-news-pages",
    "html-pages/asf-project-sites",
)
FOLDS = 5
HELD_OUT = 0
"""The fold that the shipped model was not trained on."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+")


@dataclass
class TruthPage:
    """A page with its true `text` (None if unknown), and the required and forbidden snippets of its main text."""

    set: str
    id: str
    url: str
    html: str
    text: str | None
    is_reference: bool  # from an extractor, not from a person: low weight in training, not used in tests
    required: list[str]
    forbidden: list[str]
    page_type: str | None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def site(self) -> str:
        """Key that pages of one template share."""
        host = urlsplit(self.url).hostname or ""
        if self.set == "cx-extractor":
            return "netease" if "Raw" in self.id else "bbc"
        if self.set == "zh-news-pages":
            parts = self.id.split("/")
            name = parts[2] if "tests" in self.id else parts[-1].split(".")[0].rstrip("0123456789")
            return "netease" if name == "163" or "netease" in self.id else f"zh-{name}"
        if self.set == "newspaper":
            return re.sub(r"(\.html)?\d*$", "", self.id)
        if self.set == "mozilla-readability":
            return f"mozilla-{self.id}"
        if host == "web.archive.org" and (inner := re.search(r"https?://([^/]+)", self.url[20:])):
            host = inner[1]
        return re.sub(r"^www\.", "", host)

    @property
    def fold(self) -> int:
        """Fold of the site, from 0 to FOLDS - 1."""
        return int(hashlib.md5(self.site.encode()).hexdigest(), 16) % FOLDS


def data_root() -> Path:
    """Folder of the collection of real data. Exits with a message if it is missing."""
    root = Path(os.environ.get("SLUICE_SHARED_DATA") or Path(__file__).parents[3] / "shared/data")
    if not (root / "html-truth").is_dir():
        raise SystemExit(f"{root} holds no html-truth. Set SLUICE_SHARED_DATA to the collection of real pages.")
    return root


def iter_pages(root: Path) -> Iterator[TruthPage]:
    """Every page with any truth, decoded without its HTTP header, which the repackaged sets lack."""
    for place in SETS:
        name = place.rpartition("/")[2]
        with gzip.open(root / place / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        with open(root / place / "pages.warc.gz", "rb") as stream:
            payloads = (r.content_stream().read() for r in ArchiveIterator(stream) if r.rec_type == "response")
            for row, payload in zip(rows, payloads, strict=True):
                truth = row.get("truth") or {}
                text = truth.get("text") or truth.get("markdown") or None
                reference = (row.get("reference") or {}).get("text")
                if not truth and not reference:
                    continue
                yield TruthPage(
                    set=name,
                    id=row["id"],
                    url=row["url"],
                    html=decode(payload, None).text,
                    text=text or reference,
                    is_reference=text is None and reference is not None,
                    required=truth.get("with") or [],
                    forbidden=truth.get("without") or [],
                    page_type=row.get("page_type"),
                    facts={key: truth[key] for key in ("title", "date", "author") if truth.get(key)},
                )


def words(text: str) -> list[str]:
    """Lower-case words; a Han character is a word."""
    return WORD.findall(text.lower())


def precision_recall_f1(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the multisets of words."""
    a, b = Counter(words(found)), Counter(words(truth))
    common = sum((a & b).values())
    if not common:
        return (1.0, 1.0, 1.0) if not a and not b else (0.0, 0.0, 0.0)
    precision, recall = common / sum(a.values()), common / sum(b.values())
    return precision, recall, 2 * precision * recall / (precision + recall)
