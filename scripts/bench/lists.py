"""Measures block lists, bad-word lists and rights: time per URL, text and page, and time and memory of building.

    python -m scripts.bench.lists [--entries 10_000_000] [--collection COLLECTION]

Entries and URLs are synthetic; half of the URLs are on the list. Texts and pages are those of COLLECTION
(`html-truth/SET/pages.jsonl.gz`, `zh-webtext/*.jsonl.gz`, `filters/ldnoobw.jsonl.gz`), brought to the same length.
ahocorasick_rs is measured for comparison if installed. Short measurements are the best of five.
"""

import argparse
import gzip
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sluice.text.html.licence import rights
from sluice.text.lists.bad_words import BadWords
from sluice.text.lists.blocklist import BlockList
from sluice.text.lists.blocklist_build import build

TOPS = ["com", "net", "cn", "com.cn", "org", "top", "xyz", "co.uk", "ru", "de"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=lambda text: int(text.replace("_", "")), default=10_000_000, metavar="N")
    parser.add_argument("--collection", type=Path, help="a folder with real texts and lists")
    options = parser.parse_args()
    bench_blocklist(options.entries)
    bench_rights()
    if options.collection:
        bench_bad_words(options.collection)


def best_us(function: Callable[[], object], items: int, repeats: int = 5) -> float:
    """Microseconds per item of the fastest run."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times) / items * 1e6


def domain(number: int) -> str:
    """A distinct name for each number, of the usual length in UT1 (15 characters)."""
    return f"{number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFF:010x}{number % 7}.{TOPS[number % len(TOPS)]}"


def bench_blocklist(entries: int) -> None:
    """Measures building from a folder in UT1's layout, then single URLs."""
    with tempfile.TemporaryDirectory() as folder:
        category = Path(folder) / "gambling"
        category.mkdir()
        with (category / "domains").open("w") as stream:
            stream.writelines(f"{domain(i)}\n" for i in range(entries))
        out = f"{folder}/blocked.bin"
        warm_up(folder)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        build([folder + "/gambling/domains"], out)
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size = Path(out).stat().st_size
        print(f"blocklist build   {entries:,} entries in {seconds:.1f} s, {size / entries:.1f} bytes each")
        print(f"                  {after / 1024:,.0f} MiB at most, {before / 1024:,.0f} MiB before it")
        blocklist = BlockList.open(out)
        pick = random.Random(1)
        urls = [
            f"https://www.{domain(pick.randrange(2 * entries))}/news/{i}/article-{i}.html?page={i}"
            for i in range(100_000)
        ]
        hits = sum(blocklist.match(url) is not None for url in urls)
        each = best_us(lambda: [blocklist.match(url) for url in urls], len(urls))
        print(f"blocklist match   {each:.2f} µs per URL, {hits / len(urls):.0%} blocked")
        chinese = [f"https://www.例子{i}.中国/新闻/{i}" for i in range(10_000)]
        each = best_us(lambda: [blocklist.match(url) for url in chinese], len(chinese))
        print(f"                  {each:.2f} µs per URL with a Chinese host")


def bench_rights() -> None:
    """Measures a page of 100 KB without a directive, and pages with one at the beginning or the end."""
    block = '<div class="abc"><p>Some text, and more.</p><a href="/foo/bar.html">link</a></div>\n'
    page = (block * 2000)[:100_000].encode()
    mark = b'<meta name="robots" content="noindex">'
    for name, data in (("no directive", page), ("at the start", mark + page), ("at the end", page + mark)):
        rights(data)
        print(f"rights            {best_us(lambda data=data: [rights(data) for _ in range(100)], 100):.1f} µs, {name}")


def bench_bad_words(collection: Path) -> None:
    """Measures English texts of 9 KB and Chinese ones of 3,000 characters (9 KB), with shipped and longer lists."""
    truth = (row["truth"] for file in sorted(collection.glob("html-truth/*/pages.jsonl.gz")) for row in rows(file))
    english = [text for found in truth if found and (text := found.get("text")) and len(text) > 1000]
    chinese = [
        row["text"] for row in rows(collection / "zh-webtext" / "ia-wide15-zh.jsonl.gz") if len(row["text"]) > 500
    ]
    longer = list(rows(collection / "filters" / "ldnoobw.jsonl.gz"))
    with tempfile.TemporaryDirectory() as folder:
        for language, texts, length in (("en", english, 9000), ("zh", chinese, 3000)):
            texts = [(text * (length // len(text) + 1))[:length] for text in texts[:200]]
            terms = [row["term"] for row in longer if row["lang"] == language and len(row["term"].encode()) > 1]
            path = Path(folder) / f"{language}.txt"
            path.write_text("\n".join(terms), encoding="utf-8")
            for name, words in (
                ("shipped", BadWords.load(None, language)),
                (f"LDNOOBW's {len(terms)} terms", BadWords.load(str(path), language)),
            ):
                each = best_us(lambda words=words, texts=texts: [words.measure(text) for text in texts], len(texts))
                print(f"bad words {language}      {each:.1f} µs per text of 9 KB, {name}")
            bench_peer(language, terms, texts)


def bench_peer(language: str, terms: list[str], texts: list[str]) -> None:
    """Measures ahocorasick_rs on the same terms. It finds substrings, which is less work than whole words."""
    try:
        import ahocorasick_rs
    except ImportError:
        return
    peer = ahocorasick_rs.AhoCorasick(
        [term.lower() for term in terms], implementation=ahocorasick_rs.Implementation.DFA
    )

    def find_all() -> list[object]:
        return [peer.find_matches_as_indexes(text.lower(), overlapping=True) for text in texts]

    print(f"                  {best_us(find_all, len(texts)):.1f} µs, ahocorasick_rs with the same terms")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Objects of a file of JSON lines."""
    with gzip.open(path) as lines:
        yield from map(json.loads, lines)


def warm_up(folder: str) -> None:
    """Compiles or loads the kernels."""
    small = Path(folder) / "small.txt"
    small.write_text("a.example\n")
    build([str(small)], f"{folder}/small.bin")
    BlockList.open(f"{folder}/small.bin").match("http://例.example/")


if __name__ == "__main__":
    main()
