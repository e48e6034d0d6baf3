"""Measures the cost, recall and chance matches of decontamination.

    python -m scripts.bench.decontaminate --data DATA

DATA is the collection with `lm`, `html-truth` and `zh-webtext`. Benchmark items are sentences of Wikipedia in English,
simplified and traditional Chinese; documents are web pages. Items are planted into pages unchanged and edited. Pages
without a planted item are scanned, too: matches there occur by chance. GPT-3's rule (any common n-gram of 13 words; in
Chinese, a character is a word) is measured for comparison, in plain Python.
"""

import argparse
import gzip
import json
import platform
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sluice.core.config.dedup import DecontaminateConfig
from sluice.text.decontamination.benchmark import Part, build, units_of
from sluice.text.decontamination.scanner import Scanner
from sluice.text.dedup.key_text import key_text

WIKIPEDIA = {"zh-Hans": "lm/zh-hans-wiki-cmrc.jsonl.gz", "zh-Hant": "lm/zh-hant-wiki-drcd.jsonl.gz"}
PAGE_BYTES = 5_000
ROUNDS = 3
UNIT = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with lm, html-truth and zh-webtext")
    parser.add_argument("--grams", type=int, default=100_000, help="approximate n-grams of the benchmark")
    arguments = parser.parse_args()
    random.seed(1)
    settings = DecontaminateConfig()
    pages = {"en": cut(english_pages(arguments.data)), "zh": cut(chinese_pages(arguments.data))}
    items = [*chinese_sentences(arguments.data), *english_sentences(arguments.data)]
    random.shuffle(items)
    items = [item for item in items if len(units_of(item).prints) >= settings.min_units]
    items = items[: count_items(items, arguments.grams, settings)]
    start = time.perf_counter()
    index = build([Part("wiki", str(number), "text") for number in range(len(items))], items, settings)
    print(
        f"Python {platform.python_version()}; {len(items):,} items, {len(index.starts) - 1:,} n-grams and shingles, "
        f"{index.num_bytes / 1e6:.1f} MB, built in {time.perf_counter() - start:.1f} s"
    )
    scanner = Scanner(index)
    plain = plain_index(items, settings.ngram)
    for language, some in pages.items():
        print(f"{language}: {len(some)} pages of {statistics.mean(len(page.encode()) for page in some):,.0f} bytes")
        for name, way in {
            "key text": key_text,
            "key text and units": units_of,
            "all, scan included": scanner.scan,
            "plain Python, any 13-gram": lambda page: plain_scan(page, plain, settings.ngram),
        }.items():
            print(f"    {name:28s} {milliseconds(way, some):8.3f} ms per page")
        by_chance = [match for page in some for match in scanner.scan(page)]
        plain_chance = sum(bool(plain_scan(page, plain, settings.ngram)) for page in some)
        print(f"    found by chance: {len(by_chance)} items; by any 13-gram: {plain_chance} pages")
    plant(items, pages, scanner, plain, settings.ngram)


def plant(
    items: Sequence[str], pages: dict[str, list[str]], scanner: Scanner, plain: dict[Any, int], ngram: int
) -> None:
    """Prints the share of planted items that are found, by the share of edited units."""
    print("share of units edited (replaced, removed or doubled), planted items found, and found by any 13-gram")
    for share in (0.0, 0.02, 0.05, 0.1, 0.15, 0.2):
        found = any_gram = 0
        numbers = random.sample(range(len(items)), 1_000)
        for number in numbers:
            page = random.choice(pages[random.choice(["en", "zh"])])
            text = f"{page[: len(page) // 2]}\n{edit(items[number], share)}\n{page[len(page) // 2 :]}"
            found += any(match.part.item == str(number) for match in scanner.scan(text))
            any_gram += number in plain_scan(text, plain, ngram)
        print(f"    {share:4.0%}  {found / len(numbers):7.1%}  {any_gram / len(numbers):7.1%}")


def edit(text: str, share: float) -> str:
    """A text with this share of its units replaced, removed or doubled."""

    def change(match: re.Match[str]) -> str:
        if random.random() >= share:
            return match[0]
        return random.choice(["", "某" if len(match[0]) == 1 else "other", f"{match[0]} {match[0]}"])

    return UNIT.sub(change, text)


def plain_index(items: Sequence[str], ngram: int) -> dict[Any, int]:
    grams: dict[Any, int] = {}
    for number, item in enumerate(items):
        units = UNIT.findall(key_text(item))
        grams.update((tuple(units[i : i + ngram]), number) for i in range(len(units) - ngram + 1))
    return grams


def plain_scan(text: str, grams: dict[Any, int], ngram: int) -> set[int]:
    units = UNIT.findall(key_text(text))
    found = {grams.get(tuple(units[i : i + ngram]), -1) for i in range(len(units) - ngram + 1)}
    return found - {-1}


def milliseconds(way: Callable[[str], Any], pages: Sequence[str]) -> float:
    """Milliseconds per page, the median of the rounds."""
    way(pages[0])
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for page in pages:
            way(page)
        times.append(1000 * (time.perf_counter() - start) / len(pages))
    return statistics.median(times)


def count_items(items: Sequence[str], grams: int, settings: DecontaminateConfig) -> int:
    """The number of first items that have `grams` n-grams together."""
    total = 0
    for number, item in enumerate(items):
        total += max(len(units_of(item).prints) - settings.ngram + 1, 0)
        if total >= grams:
            return number + 1
    return len(items)


def cut(texts: Iterator[str]) -> list[str]:
    """The first 5 kB or so of every text that is at least as long."""
    whole = (text.encode() for text in texts)
    return [data[:PAGE_BYTES].decode("utf-8", "ignore") for data in whole if len(data) >= PAGE_BYTES]


def english_pages(data: Path) -> Iterator[str]:
    for name in ("wcxb", "article-extraction-benchmark"):
        for page in read(data / "html-truth" / name / "pages.jsonl.gz"):
            yield (page.get("truth") or {}).get("text") or ""


def chinese_pages(data: Path) -> Iterator[str]:
    return (page["text"] for page in read(data / "zh-webtext" / "ia-wide15-zh.jsonl.gz"))


def chinese_sentences(data: Path) -> Iterator[str]:
    for path in WIKIPEDIA.values():
        for record in read(data / path):
            yield from (text for text in re.split(r"(?<=[。！？])", record["text"]) if 15 <= len(text) <= 150)


def english_sentences(data: Path) -> Iterator[str]:
    with gzip.open(data / "lm" / "wikitext-2.valid.txt.gz", "rt", encoding="utf-8") as text:
        yield from (part for part in text.read().split(" . ") if 60 <= len(part) <= 500 and "\n" not in part)


def read(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
