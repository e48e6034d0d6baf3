"""Counts what the rules against spam and error pages drop of clean texts and of raw web texts.

    python -m scripts.bench.spam DATA

Sets are `DATA/lm/zh-*`, the texts of known pages in `DATA/html-truth`, and both halves of
`DATA/zh-webtext/ia-wide15-zh.jsonl.gz` by a hash of the URL: thresholds were chosen with half 0. Its texts are divided
by the labels in `scripts/models/quality_labels.csv`, which are from reading.
"""

import argparse
import gzip
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from scripts.models.quality_sources import label_of, labels
from sluice.text.rules.examples import signals_of
from sluice.text.rules.rule import broken_bound, load_rules

RULES = ("error_pages", "search_pages", "link_farms", "hijacked_pages", "bad_words")
CLEAN = ("zh-hans-wiki-cmrc", "zh-hant-wiki-drcd", "zh-hans-laws", "zh-hant-poems")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    rules = {language: load_rules([f"{language}-default"]) for language in ("en", "zh")}
    totals: Counter[str] = Counter()
    drops: dict[str, Counter[str]] = defaultdict(Counter)
    for name, language, text in texts(options.data):
        signals = signals_of(text, language)
        broken = {
            rule.name
            for rule in rules[language]
            if (value := getattr(signals, rule.signal)) is not None and broken_bound(rule, value) is not None
        }
        totals[name] += 1
        drops[name].update(broken.intersection(RULES))
        drops[name]["these"] += bool(broken.intersection(RULES))
        drops[name]["all rules"] += bool(broken)
    columns = (*RULES, "these", "all rules")
    print(" | ".join(("set", "texts", *columns)))
    for name, total in totals.items():
        print(" | ".join((name, str(total), *(str(drops[name][column]) for column in columns))))


def texts(data: Path) -> Iterator[tuple[str, str, str]]:
    """Yields set, language and text."""
    for name in CLEAN:
        for row in rows(data / "lm" / f"{name}.jsonl.gz"):
            yield name, "zh", row["text"]
    for path in sorted(data.glob("html-truth/*/pages.jsonl.gz")):
        for row in rows(path):
            if text := (row.get("truth") or {}).get("text"):
                language = "zh" if row["script"] == "zh" else "en"
                yield f"{path.parent.name} ({language})", language, text
    known = labels()
    for row in rows(data / "zh-webtext" / "ia-wide15-zh.jsonl.gz"):
        half = zlib.crc32(row["url"].encode()) & 1
        yield f"ia-wide15, half {half}, {label_of(row['url'], known)}", "zh", row["text"]


def rows(path: Path) -> Iterator[dict]:
    """Yields the objects of a JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


if __name__ == "__main__":
    main()
