"""Compares main text and speed of sluice, trafilatura and resiliparse on pages with known main text.

    pip install '.[bench]'
    python -m scripts.bench.main_text                 # pages of sites that the shipped model has not seen
    python -m scripts.bench.main_text --all           # every page (most were trained on; for comparison only)
    python -m scripts.bench.main_text --speed wcxb    # pages per second, interleaved, medians of rounds

F1 is computed over words (a Han character is a word) and averaged over the pages of a set. `leaked` is the share of
forbidden snippets that are in the main text, `found` the share of required ones. train_main_text.py --cross-fit reports
the same figures for every set, each page scored by a model that saw no page of its site.
"""

import argparse
import platform
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import trafilatura
from resiliparse.extract.html2text import extract_plain_text

from scripts.bench.main_text_data import HELD_OUT, TruthPage, data_root, iter_pages, precision_recall_f1
from sluice.text.html.extract import extract_text

Extract = Callable[[str], str]
EXTRACTORS: dict[str, Extract] = {
    "sluice": extract_text,
    "trafilatura": lambda html: trafilatura.extract(html) or "",
    "resiliparse": lambda html: extract_plain_text(html, main_content=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also pages of sites that the model was trained on")
    parser.add_argument("--speed", metavar="SET", help="measure speed on a set instead of quality")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the speed test (3)")
    options = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in EXTRACTORS)
    print(f"{packages}; Python {platform.python_version()}; {cpu()}")
    pages = list(iter_pages(data_root()))
    if options.speed:
        compare_speed([page for page in pages if page.set == options.speed], options.rounds)
    else:
        compare_quality([page for page in pages if options.all or page.fold == HELD_OUT])


def compare_quality(pages: list[TruthPage]) -> None:
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    snippets: dict[str, dict[tuple[str, str], list[bool]]] = defaultdict(lambda: defaultdict(list))
    for page in pages:
        for name, extract in EXTRACTORS.items():
            text = extract(page.html)
            if page.text and not page.is_reference:
                sets = [page.set, f"{page.set}: {page.page_type}"] if page.page_type else [page.set]
                for group in sets:
                    scores[group][name].append(precision_recall_f1(text, page.text)[2])
            flat = " ".join(text.split())
            for kind, wanted in (("found", page.required), ("leaked", page.forbidden)):
                for snippet in filter(None, (" ".join(s.split()) for s in wanted)):
                    snippets[page.set][kind, name].append(snippet in flat)
    print(f"\n{'F1':36}{'pages':>6}" + "".join(f"{name:>14}" for name in EXTRACTORS))
    for group, by_name in sorted(scores.items()):
        print(f"{group:36}{len(by_name['sluice']):6}" + "".join(f"{mean(by_name[n]):14.4f}" for n in EXTRACTORS))
    whole = [by_name for group, by_name in scores.items() if ":" not in group]
    print(f"{'mean over sets':42}" + "".join(f"{mean([mean(s[n]) for s in whole]):14.4f}" for n in EXTRACTORS))
    for group, by_kind in sorted(snippets.items()):
        for kind in ("found", "leaked"):
            values = [by_kind[kind, name] for name in EXTRACTORS]
            if values[0]:
                print(f"{f'{group}: {kind}':36}{len(values[0]):6}" + "".join(f"{mean(v):14.4f}" for v in values))


def compare_speed(pages: list[TruthPage], rounds: int) -> None:
    if not pages:
        raise SystemExit("There is no such set; html-truth has wcxb, trafilatura-eval and others.")
    size = mean([len(page.html.encode()) for page in pages])
    for extract in EXTRACTORS.values():
        extract(pages[0].html)  # compiles the kernels and reads the models
    seconds: dict[str, list[float]] = {name: [] for name in EXTRACTORS}
    for _ in range(rounds):
        for name, extract in EXTRACTORS.items():
            began = time.perf_counter()
            for page in pages:
                extract(page.html)
            seconds[name].append(time.perf_counter() - began)
    print(f"\n{len(pages)} pages, {size / 1000:.0f} KB in the mean; one core; medians of {rounds} rounds")
    base = statistics.median(seconds["trafilatura"])
    for name, values in seconds.items():
        median = statistics.median(values)
        rate = len(pages) / median
        print(f"{name:14}{rate:8.0f} pages/s{1000 / rate:9.2f} ms per page{base / median:8.1f} x trafilatura")


def mean(values: list) -> float:
    return sum(values) / len(values)


def cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
