"""Measures line deduplication: lines removed by CCNet's rule and by ours, lines kept, and cost.

    python -m scripts.bench.lines --data DATA [--show 20]

DATA is the collection with `html-truth`, `zh-webtext`, `lm` and `dedup`. Verse, novels and statutes are texts whose
repeated lines should be kept. CCNet's rule is reimplemented after its `normalize_for_dedup`: of all lines with the same
normalized form, the first is kept.
"""

import argparse
import gzip
import json
import platform
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sluice.core.config.dedup import LineDedupConfig
from sluice.text.dedup.repeated_lines import CutLines, cut_lines, plain_hashes
from sluice.text.html.extract import extract_text

CCNET_DROPPED = re.compile("[，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►\x00-\x1f\x7f-\x9f]")
DIGIT = re.compile(r"\d")
CHAPTER = re.compile(r"(?m)^(?=.{0,6}第.{1,6}回)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with html-truth, zh-webtext, lm and dedup")
    parser.add_argument("--show", type=int, default=0, help="print N removed lines of each set")
    arguments = parser.parse_args()
    random.seed(1)
    print(f"Python {platform.python_version()}, {LineDedupConfig()}")
    plain_hashes("a first text, to compile", LineDedupConfig())
    for name, texts in collections(arguments.data).items():
        report(name, list(dict.fromkeys(texts)), LineDedupConfig(), arguments.show)


def report(name: str, texts: list[str], settings: LineDedupConfig, show: int) -> None:
    start = time.perf_counter()
    hashes = [plain_hashes(text, settings) for text in texts]
    hashing = time.perf_counter() - start
    counts: Counter[int] = Counter()
    kept_in: dict[int, int] = {}
    for number, some in enumerate(hashes):
        counts.update(some.tolist())
        for line in some.tolist():
            kept_in.setdefault(line, number)
    start = time.perf_counter()
    cuts: list[CutLines] = []
    for number, (text, some) in enumerate(zip(texts, hashes, strict=True)):
        repeated = [h for h in some.tolist() if counts[h] >= settings.min_documents and kept_in[h] != number]
        cuts.append(cut_lines(text, np.array(repeated, np.int64), settings))
    cutting = time.perf_counter() - start
    lines = sum(cut.n_lines - cut.n_blank for cut in cuts)
    removed, chars = sum(cut.n_lines_removed for cut in cuts), sum(cut.n_chars for cut in cuts)
    print(
        f"{name:16s} {len(texts):6,} documents {lines:8,} lines; CCNet removes {ccnet_removes(texts) / lines:6.1%}, "
        f"we {removed:6,} = {removed / lines:5.2%}, {sum(cut.n_chars_removed for cut in cuts) / chars:5.2%} of "
        "characters; "
        f"repeated but kept: {sum(cut.n_structured for cut in cuts):5,} code and tables, "
        f"{sum(cut.n_spared for cut in cuts):5,} in {sum(cut.n_spared > 0 for cut in cuts)} mostly repeated documents; "
        f"{1000 * hashing / len(texts):.3f} + {1000 * cutting / len(texts):.3f} ms per document"
    )
    gone = [line for text, cut in zip(texts, cuts, strict=True) for line in lost(text, cut.text)]
    for line in random.sample(gone, min(show, len(gone))):
        print(f"    {line.strip()[:110]}")


def lost(text: str, shorter: str) -> Iterator[str]:
    """The lines that occur less often in the shortened text."""
    yield from (Counter(line for line in text.split("\n") if line.strip()) - Counter(shorter.split("\n"))).elements()


def ccnet_removes(texts: list[str]) -> int:
    """Number of lines that CCNet's rule removes."""
    forms: Counter[str] = Counter()
    for text in texts:
        forms.update(CCNET_DROPPED.sub("", DIGIT.sub("0", line.strip().lower())) for line in text.split("\n"))
    return sum(count - 1 for form, count in forms.items() if form)


def collections(data: Path) -> dict[str, Iterator[str]]:
    lm = data / "lm"
    return {
        "zh web text": (page["text"] for page in read(data / "zh-webtext" / "ia-wide15-zh.jsonl.gz")),
        "web pages": web_pages(data / "html-truth"),
        "documentation": web_pages(data / "html-pages"),
        "statutes": (law["text"] for law in read(lm / "zh-hans-laws.jsonl.gz")),
        "verse": (poem["text"] for poem in read(lm / "zh-hant-poems.jsonl.gz")),
        "novels": (chapter for path in lm.glob("zh-novel-*.txt.gz") for chapter in CHAPTER.split(unpack(path))),
        "licences": (text["text"] for text in read(data / "dedup" / "licence-variants.jsonl.gz")),
    }


def web_pages(folder: Path) -> Iterator[str]:
    """The visible text of the pages, including menus, which has the most repeated lines."""
    from warcio.archiveiterator import ArchiveIterator

    for path in sorted(folder.glob("*/pages.warc.gz")):
        pages = read(path.parent / "pages.jsonl.gz")
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if record.rec_type == "response":
                    encoding = next(pages)["decoded_as"] or "utf-8"
                    yield extract_text(record.content_stream().read().decode(encoding, "replace"), "all")


def unpack(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        return text.read()


def read(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
