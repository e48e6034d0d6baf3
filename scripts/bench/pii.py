"""Shows the effect of line editing and PII masking on real texts, and their speed.

    python -m scripts.bench.pii COLLECTION

COLLECTION has WARC files in `warc/`, `html-truth/SET/` and `html-pages/SET/`, JSON lines in `zh-webtext/` and `lm/`.
Prints, by set of texts, the number of lines and parts that each kind of edit removed and the masks of each kind; how
many masks touch a date or a price (an independent pattern); and microseconds per text, compared with datatrove's PII
formatter if installed. The results are meant to be read, not scored: `--matches 200` prints 200 masked places of each
kind in context, `--lines 100` prints 100 edited lines of each kind and script.

example: python -m scripts.bench.pii ~/collection --matches 200 --lines 100
"""

import argparse
import gzip
import json
import platform
import random
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.bench.charset import pages
from sluice.core.config.extract import EditConfig, PiiConfig
from sluice.text.charset import decode
from sluice.text.cleaning.edit_lines import edit
from sluice.text.cleaning.mask_pii import KINDS, find, mask
from sluice.text.html import extract

DATE = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}(?!\d)|\d{1,2}[/.]\d{1,2}[/.](?:19|20)\d\d(?!\d)"
)
PRICE = re.compile(r"[$€£¥￥]\s?\d[\d,.]*|\d[\d,.]*\s?(?:元|美元|万元|亿元|港元|日元|USD|RMB)")
HAN = re.compile("[\u4e00-\u9fff]")


def json_lines(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def texts(collection: Path) -> dict[str, list[str]]:
    """Real texts by set: main texts of the pages, raw web text, texts marked by people, laws and encyclopaedias."""
    found: dict[str, list[str]] = defaultdict(list)
    for page in pages(collection):
        decoded = decode.decode(page.payload, page.header_charset)
        found["pages"].append(extract.extract_text(decoded.text))
    for path in sorted((collection / "zh-webtext").glob("*.jsonl.gz")):
        found["zh-webtext"] += [row.get("text") or row["raw_content"] for row in json_lines(path)]
    for path in sorted((collection / "html-truth").glob("*/pages.jsonl.gz")):
        found["truth"] += [row["truth"]["text"] for row in json_lines(path) if (row.get("truth") or {}).get("text")]
    for path in sorted((collection / "lm").glob("zh-*.jsonl.gz")):
        found["lm"] += [row["text"] for row in json_lines(path)]
    return found


def show_edits(sets: dict[str, list[str]], most: int) -> None:
    """Prints removed lines and parts by set and kind, and a sample of the lines that are not in the edited text."""
    for name, members in sets.items():
        lines: Counter[str] = Counter()
        samples: dict[str, set[str]] = defaultdict(set)
        for text in members:
            edited = edit(text, EditConfig())
            for kind, cut in edited.counts.items():
                lines[kind] += cut.lines + cut.parts
            if edited.counts and most:
                for line in set(text.split("\n")) - set(edited.text.split("\n")):
                    for kind in edit(line, EditConfig()).counts:
                        samples[f"{kind} {'Chinese' if HAN.search(line) else 'other'}"].add(line)
        print(f"edits in {name}, {len(members)} texts: {dict(lines)}")
        for kind, found in sorted(samples.items()):
            for line in random.Random(0).sample(sorted(found), min(most, len(found))):
                print(f"  {kind} | {line[-160:]} → {edit(line, EditConfig()).text[-80:]}")


def show_masks(sets: dict[str, list[str]], most: int) -> None:
    """Prints masks by set and kind, those that touch a date or a price, and the first of each kind in context."""
    shown: Counter[str] = Counter()
    for name, members in sets.items():
        counts: Counter[str] = Counter()
        harmed: list[str] = []
        for text in members:
            known = [match.span() for pattern in (DATE, PRICE) for match in pattern.finditer(text)]
            for start, end, kind in find(text, PiiConfig()):
                counts[kind] += 1
                around = f"{text[max(0, start - 24) : start]}⟦{text[start:end]}⟧{text[end : end + 16]}".replace(
                    "\n", "⏎"
                )
                if any(a < end and start < b for a, b in known):
                    harmed.append(f"{kind} | {around}")
                if shown[kind] < most:
                    shown[kind] += 1
                    print(f"  {kind} | {around}")
        print(f"masks in {name}, {len(members)} texts: {dict(counts)}; on a date or price: {len(harmed)}")
        print("".join(f"  {place}\n" for place in harmed), end="")


def show_speed(sets: dict[str, list[str]]) -> None:
    """Prints microseconds per text, for all and those without a match: English 8 to 10 KB, Chinese 2,000 characters."""
    groups = {
        "English": [text for text in sets["truth"] if text.isascii() and 8_000 <= len(text) <= 10_000],
        "Chinese": [text[:2_000] for text in sets["zh-webtext"] if len(text) >= 2_000],
    }
    jobs: dict[str, Callable[[str], object]] = {
        "edit": lambda text: edit(text, EditConfig()),
        "mask": lambda text: mask(text, PiiConfig()),
    }
    try:
        from datatrove.pipeline.formatters import PIIFormatter
    except ImportError:
        print("datatrove is not installed, so it is not compared")
    else:
        jobs["datatrove PIIFormatter"] = PIIFormatter().format
    for language, members in groups.items():
        quiet = [text for text in members if edit(text, EditConfig()).text == mask(text, PiiConfig()).text == text]
        for group, chosen in (("all", members), ("without a find", quiet)):
            for name, job in jobs.items():
                rounds = []
                for _ in range(5):
                    start = time.perf_counter()
                    for text in chosen:
                        job(text)
                    rounds.append((time.perf_counter() - start) / len(chosen))
                print(f"{language}, {group} ({len(chosen)}): {name} {1e6 * statistics.median(rounds):.0f} µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--matches", type=int, default=0, metavar="N", help="print N masked places of each kind")
    parser.add_argument("--lines", type=int, default=0, metavar="N", help="print N edited lines of each kind")
    options = parser.parse_args()
    sets = texts(options.collection)
    print(
        f"Python {platform.python_version()}, {platform.processor() or platform.machine()}; kinds: {', '.join(KINDS)}"
    )
    show_edits(sets, options.lines)
    show_masks(sets, options.matches)
    show_speed(sets)


if __name__ == "__main__":
    main()
