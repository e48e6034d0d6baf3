"""Measure block lists, bad-word lists and rights on this machine: time per URL, text and page, and what building takes.

    python scripts/bench_lists.py [--entries 10_000_000]

Entries and URLs are synthetic; half of the URLs are on the list. Best of five for what is short.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sluice.text.blocklist import BlockList
from sluice.text.blocklist_build import build

TOPS = ["com", "net", "cn", "com.cn", "org", "top", "xyz", "co.uk", "ru", "de"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    bench_blocklist(parser.parse_args().entries)


def best_us(function: Callable[[], object], items: int, repeats: int = 5) -> float:
    """Microseconds per item of the fastest run."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times) / items * 1e6


def domain(number: int) -> str:
    """A different name for each number, of the length that is usual in UT1 (15 characters)."""
    return f"{number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFF:010x}{number % 7}.{TOPS[number % len(TOPS)]}"


def bench_blocklist(entries: int) -> None:
    """Building from a folder as of UT1, then URLs one by one."""
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
        print(f"blocklist match   {each:.2f} µs a URL, {hits / len(urls):.0%} blocked")
        chinese = [f"https://www.例子{i}.中国/新闻/{i}" for i in range(10_000)]
        each = best_us(lambda: [blocklist.match(url) for url in chinese], len(chinese))
        print(f"                  {each:.2f} µs a URL with a Chinese host")


def warm_up(folder: str) -> None:
    """Compiles or loads the kernels."""
    small = Path(folder) / "small.txt"
    small.write_text("a.example\n")
    build([str(small)], f"{folder}/small.bin")
    BlockList.open(f"{folder}/small.bin").match("http://例.example/")


if __name__ == "__main__":
    main()
