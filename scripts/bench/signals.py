"""Compares signals, decisions and speed with datatrove's filters.

    pip install '.[extract,bench]'
    python -m scripts.bench.signals parity --data DATA      # checks that values and decisions are equal
    python -m scripts.bench.signals speed --data DATA       # documents per second per core, both in the same run

DATA is the collection with `html-truth` and `zh-webtext`. datatrove is a dependency of this script only. Its filters
return decisions, not values. A signal is therefore checked with a filter that has this one threshold: it must keep a
document at our value plus one part in 10^9, and drop it at our value minus one part in 10^9.
"""

import argparse
import gzip
import json
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    c4_filters,
    fineweb_quality_filter,
    gopher_quality_filter,
    gopher_repetition_filter,
)
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc

from sluice.core.records.docs import Signals
from sluice.text.rules.rule import Rule, first_failure, load_rules
from sluice.text.signals.compute import compute
from sluice.text.words.spans import fast_words
from sluice.text.words.stop_words import STOP_WORDS

CLOSE = 1e-9
CODES = {"en": "eng_Latn", "zh": "cmn_Hani"}
ROUNDS = 3

Filter = Callable[[Document], Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["parity", "speed"])
    parser.add_argument("--data", type=Path, required=True, help="folder with html-truth and zh-webtext")
    parser.add_argument("--documents", type=int, help="use at most N documents per language")
    arguments = parser.parse_args()
    texts = {language: list(read(arguments.data, language))[: arguments.documents] for language in CODES}
    for language, some in texts.items():
        print(f"{language}: {len(some)} texts, {statistics.mean(map(len, some)):,.0f} characters in the mean")
    if arguments.what == "speed":
        measure_speed(texts)
        return 0
    return 1 if compare(texts) else 0


def read(data: Path, language: str) -> Iterator[str]:
    """Main texts of html-truth as marked by people, and for Chinese all of zh-webtext."""
    for path in sorted(data.glob("html-truth/*/pages.jsonl.gz")):
        for page in read_json(path):
            truth = page.get("truth") or {}
            text = truth.get("text") or truth.get("markdown")
            if text and (page.get("script") == "zh") == (language == "zh"):
                yield text
    if language == "zh":
        for path in sorted(data.glob("zh-webtext/*.jsonl.gz")):
            for record in read_json(path):
                yield record.get("text") or record["raw_content"]


def read_json(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


# Parity


def compare(texts: dict[str, list[str]]) -> int:
    """Prints all comparisons; returns the number of values and decisions that differ but must not."""
    own_words = [module.split_into_words for module in WORD_USERS]
    own_sentences = c4_filters.split_into_sentences
    failures = 0
    for language, some in texts.items():
        give_our_words(language)
        failures += compare_signals(language, some)
        failures += compare_decisions(language, some, "the same words")
        for module, function in zip(WORD_USERS, own_words, strict=True):
            module.split_into_words = function
        c4_filters.split_into_sentences = own_sentences
        compare_decisions(language, some, "each side's own words")
    return failures


WORD_USERS: list[Any] = [gopher_quality_filter, gopher_repetition_filter, fineweb_quality_filter]


def give_our_words(language: str) -> None:
    """Makes datatrove count our words, and spaCy's sentencizer find sentences among them."""
    vocabulary, sentencizer = spacy.blank("en").vocab, Sentencizer()
    last: dict[str, list[str]] = {}

    def words(text: str, _: str) -> list[str]:
        if text not in last:
            last.clear()
            last[text] = fast_words(text, language)
        return last[text]

    def sentences(text: str, _: str) -> list[str]:
        # a run of one mark (!!!) is one token to us; spaCy knows single marks only
        found = [part for word in fast_words(text, language) for part in (word if is_run(word) else [word])]
        return [span.text for span in sentencizer(Doc(vocabulary, words=found)).sents] if found else []

    for module in WORD_USERS:
        module.split_into_words = words
    c4_filters.split_into_sentences = sentences


def is_run(word: str) -> bool:
    return len(word) > 1 and word[0] != "." and set(word) == {word[0]} and not word[0].isalnum()


def compare_signals(language: str, texts: list[str]) -> int:
    """Checks each signal of each text against the filter that uses it; returns the number of differences."""
    wrong: Counter[str] = Counter()
    checked: Counter[str] = Counter()
    for text in texts:
        signals = compute(text, language)
        for name, make, kind in probes(language):
            value = getattr(signals, name)
            stops = name.endswith("_sentences") and stops_early(signals, name.removesuffix("sentences"))
            if value is None or stops:
                continue  # nothing to compare, or datatrove decides before it has counted
            checked[name] += 1
            wrong[name] += not flips(make, kind, value, text)
    print(f"{language}, the same words: {sum(checked.values()):,} values of {len(checked)} signals, ", end="")
    print(f"{sum(wrong.values())} differ by more than {CLOSE:g}")
    for name, count in wrong.items():
        if count:
            print(f"    {name}: {count} of {checked[name]}")
    return sum(wrong.values())


def stops_early(signals: Signals, prefix: str) -> bool:
    """Whether C4 drops the page for a bracket or lorem ipsum at any position."""
    return bool(getattr(signals, f"{prefix}curly_lines") or getattr(signals, f"{prefix}lorem_lines"))


def flips(make: Callable[[float], Filter], kind: str, value: float, text: str) -> bool:
    """Whether the decision of a filter changes exactly at a value."""
    step = 1 if kind == "count" else CLOSE * max(1.0, abs(value))
    if kind == "max":
        keeps, drops = value + step, value - step
        if drops <= 0:  # no lower threshold exists, and in datatrove 0 means off
            return keep(make(keeps), text)
    else:
        keeps, drops = (value, value + 1) if kind == "count" else (value - step, value + step)
    return (keeps <= 0 or keep(make(keeps), text)) and not keep(make(drops), text)


def keep(judge: Filter, text: str) -> bool:
    return judge(Document(text=text, id="")) is True


def probes(language: str) -> list[tuple[str, Callable[[float], Filter], str]]:
    """Signal, its filter with a single threshold, and the kind of threshold: `max`, `min` or a minimum `count`."""
    code = CODES[language]

    def repetition(**only: Any) -> Filter:
        off: dict[str, Any] = dict.fromkeys(
            ("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac"), 0
        )
        return GopherRepetitionFilter(**{**off, "top_n_grams": (), "dup_n_grams": (), **only}, language=code).filter

    def quality(**only: Any) -> Filter:
        names = "min_doc_words max_doc_words min_avg_word_length max_avg_word_length max_symbol_word_ratio"
        names += " max_bullet_lines_ratio max_ellipsis_lines_ratio max_non_alpha_words_ratio min_stop_words"
        words = list(STOP_WORDS[language])
        return GopherQualityFilter(**{**dict.fromkeys(names.split()), **only}, stop_words=words, language=code).filter

    def fineweb(**only: Any) -> Filter:
        off = {"line_punct_thr": 0, "short_line_thr": 2, "char_duplicates_ratio": 2, "new_line_ratio": 1e9}
        return FineWebQualityFilter(**{**off, **only}, language=code).filter

    def only_for(reason: str, **only: Any) -> Filter:
        """Ignores other reasons: the filter tests both `#` and ellipses against one threshold."""
        judge = quality(**only)
        return lambda document: (verdict := judge(document)) is True or verdict[1] != reason

    found: list[tuple[str, Callable[[float], Filter], str]] = [
        ("duplicate_line_share", lambda v: repetition(dup_line_frac=v), "max"),
        ("duplicate_paragraph_share", lambda v: repetition(dup_para_frac=v), "max"),
        ("duplicate_line_char_share", lambda v: repetition(dup_line_char_frac=v), "max"),
        ("duplicate_paragraph_char_share", lambda v: repetition(dup_para_char_frac=v), "max"),
        *((f"top_{n}gram_share", lambda v, n=n: repetition(top_n_grams=((n, v),)), "max") for n in (2, 3, 4)),
        *((f"duplicate_{n}gram_share", lambda v, n=n: repetition(dup_n_grams=((n, v),)), "max") for n in range(5, 11)),
        ("n_words", lambda v: quality(min_doc_words=v), "count"),
        ("mean_word_length", lambda v: quality(min_avg_word_length=v), "min"),
        ("hash_per_word", lambda v: only_for("gopher_too_many_hashes", max_symbol_word_ratio=v), "max"),
        ("bullet_line_share", lambda v: quality(max_bullet_lines_ratio=v), "max"),
        ("ellipsis_line_share", lambda v: quality(max_ellipsis_lines_ratio=v), "max"),
        ("alphabetic_word_share", lambda v: quality(max_non_alpha_words_ratio=v), "min"),
        ("n_stop_words", lambda v: quality(min_stop_words=v), "count"),
        ("fineweb_terminal_line_share", lambda v: fineweb(line_punct_thr=v), "min"),
        ("short_line_share", lambda v: fineweb(short_line_thr=v), "max"),
        ("fineweb_duplicate_line_char_share", lambda v: fineweb(char_duplicates_ratio=v), "max"),
        ("newlines_per_word", lambda v: fineweb(new_line_ratio=v), "max"),
        ("c4_sentences", lambda v: C4QualityFilter(min_num_sentences=v, language=code).filter, "count"),
        (
            "c4_any_end_sentences",
            lambda v: C4QualityFilter(min_num_sentences=v, filter_no_terminal_punct=False, language=code).filter,
            "count",
        ),
    ]
    return found


def compare_decisions(language: str, texts: list[str], what: str) -> int:
    """Prints on how many texts each of datatrove's filters and our matching preset agree."""
    code, stop_words = CODES[language], list(STOP_WORDS[language])
    if language == "en":
        pairs = {
            "Gopher repetition": (GopherRepetitionFilter(), rules_of("gopher", "gopher_dup", "gopher_top")),
            "Gopher quality": (GopherQualityFilter(), rules_of("gopher", but=("gopher_dup", "gopher_top"))),
            "C4": (C4QualityFilter(), rules_of("c4")),
            "FineWeb": (FineWebQualityFilter(), rules_of("fineweb", "fineweb_", but=("fineweb_c4",))),
        }
    else:
        fitted = load_rules(["fineweb2-cmn"])
        most = {rule.signal: rule.max for rule in fitted}
        least = {rule.signal: rule.min for rule in fitted}
        line = "fineweb_terminal_line_share"
        repetition = GopherRepetitionFilter(
            dup_line_frac=most["duplicate_line_share"],
            dup_para_frac=0,
            dup_line_char_frac=0,
            dup_para_char_frac=0,
            top_n_grams=tuple((n, most[f"top_{n}gram_share"]) for n in (2, 3, 4)),
            dup_n_grams=tuple((n, most[f"duplicate_{n}gram_share"]) for n in range(5, 11)),
            language=code,
        )
        quality = GopherQualityFilter(
            min_avg_word_length=1,
            max_avg_word_length=most["mean_word_length"],
            max_non_alpha_words_ratio=least["alphabetic_word_share"],
            stop_words=stop_words,
            language=code,
        )
        fineweb = FineWebQualityFilter(
            line_punct_thr=least[line],
            short_line_thr=999,
            char_duplicates_ratio=0.1,
            new_line_ratio=most["newlines_per_word"],
            language=code,
        )
        grams = ("fineweb2_dup_lines", "fineweb2_top", *(f"fineweb2_dup_{n}gram" for n in range(5, 11)))
        lines = ("fineweb2_terminal", "fineweb2_newlines", "fineweb2_dup_line_chars")
        pairs = {
            "Gopher repetition (FineWeb-2)": (repetition, rules_of("fineweb2-cmn", *grams, but=lines)),
            "Gopher quality (FineWeb-2)": (quality, rules_of("fineweb2-cmn", but=(*grams, *lines))),
            "FineWeb (FineWeb-2)": (fineweb, rules_of("fineweb2-cmn", *lines)),
        }
    same = dict.fromkeys([*pairs, "all together"], 0)
    kept = 0
    for text in texts:
        signals = compute(text, language)
        ours = {name: first_failure(signals, language, rules) is None for name, (_, rules) in pairs.items()}
        theirs = {name: keep(judge.filter, text) for name, (judge, _) in pairs.items()}
        for name in pairs:
            same[name] += ours[name] == theirs[name]
        same["all together"] += all(ours.values()) == all(theirs.values())
        kept += all(theirs.values())
    print(f"{language}, {what}: equal decisions, of {len(texts)} (datatrove keeps {kept})")
    for name, count in same.items():
        print(f"    {name:30s} {count:5d}  {100 * count / len(texts):6.2f} %")
    return len(pairs) * len(texts) - sum(count for name, count in same.items() if name != "all together")


def rules_of(preset: str, *beginnings: str, but: tuple[str, ...] = ()) -> list[Rule]:
    """Rules of a preset whose names start with one of `beginnings` and with none of `but`."""
    return [
        rule
        for rule in load_rules([preset])
        if rule.name.startswith(beginnings or "") and not (but and rule.name.startswith(but))
    ]


# Speed


def measure_speed(texts: dict[str, list[str]]) -> None:
    """Prints documents per second, sluice and datatrove alternating; medians of the rounds."""
    print(f"{cpu()}, Python {platform.python_version()}, datatrove {version('datatrove')}, one core")
    english = [text for text in texts["en"] if 4_000 <= len(text) <= 20_000]
    chinese = [text[:2_000] for text in texts["zh"] if len(text) >= 2_000]
    for language, some in (("en", english), ("zh", chinese)):
        code = CODES[language]
        filters: list[Any] = [
            GopherRepetitionFilter(language=code),
            GopherQualityFilter(language=code),
            C4QualityFilter(filter_no_terminal_punct=False, language=code),
            FineWebQualityFilter(language=code),
        ]
        ways: dict[str, Callable[[str], Any]] = {
            "sluice, all signals": lambda text, language=language: compute(text, language),
            "datatrove, four filters": lambda text, filters=filters: [f.filter(Document(text, "")) for f in filters],
        }
        for way in ways.values():
            way(some[0])
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start = time.perf_counter()
                for text in some:
                    way(text)
                seconds[name].append(time.perf_counter() - start)
        mean = statistics.mean(map(len, some))
        print(f"{language}: {len(some)} texts, {mean:,.0f} characters in the mean")
        median = {name: statistics.median(times) for name, times in seconds.items()}
        for name, value in median.items():
            print(f"    {name:26s} {len(some) / value:9,.1f} documents/s")
        ours, theirs = median.values()
        print(f"    {theirs / ours:.0f} times as fast")


def cpu() -> str:
    """The model of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    sys.exit(main())
