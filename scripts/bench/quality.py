"""Measures the shipped quality models: what the rule `quality` drops after all other default rules, and its cost.

    python -m scripts.models.train_quality_models --sources SOURCES
    python -m scripts.bench.quality DATA SOURCES [--read DIR]

DATA is the collection that SLUICE_SHARED_DATA names. "Dropped" are documents of sites that the scoring model has not
seen: each quarter of the sites is scored by a model trained on the others. "Kind unseen" are scores by a model that saw
no text of that kind. Sets that are in no training are scored by the shipped model. `--read` writes the good documents
with the lowest scores, dropped and kept, for reading.
"""

import argparse
import contextlib
import gzip
import json
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scripts.models.quality_sources import rows
from scripts.models.train_quality_models import MEASURED_ONLY, section_of
from sluice.core.config.rules import TrainQualityConfig
from sluice.text.language.fasttext_model import FastTextModel
from sluice.text.quality.fasttext_trainer import fit, predictor
from sluice.text.quality.labelled_texts import LabelledText, read_classes
from sluice.text.quality.score import BUILTIN, GOOD, SHIPPED, QualityModel, probability, word_line
from sluice.text.quality.train import examples
from sluice.text.rules.examples import signals_of
from sluice.text.rules.rule import Rule, first_failure, load_rules

FOLDS = 4
TITLE = re.compile(r"^ = ([^=].*[^=]) = $", re.M)
READ = 60
"""Documents that `--read` writes."""


class Judged(NamedTuple):
    """A document with the verdict of the other rules, and its score."""

    side: str
    kind: str
    is_kept: bool
    """Whether all other default rules keep it."""
    score: float
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("sources", type=Path)
    parser.add_argument("--read", type=Path)
    options = parser.parse_args()
    for language in SHIPPED:
        rules = load_rules([f"{language}-default"])
        (threshold,) = (rule.min for rule in rules if rule.name == "quality" and rule.min is not None)
        others = [rule for rule in rules if rule.name != "quality"]
        print(f"\n{language}: quality_score of at least {threshold:g}")
        judged = cross_fit(options.sources.absolute(), language, others)
        unseen = without_kind(options.sources.absolute(), language, judged)
        report(judged, unseen, threshold)
        report_sets(options.data, language, threshold)
        if options.read:
            write_for_reading(options.read / f"{language}.txt", judged, threshold)


def cross_fit(sources: Path, language: str, rules: list[Rule]) -> list[Judged]:
    """Scores each document by a model that has not seen its site."""
    section, good, bad = documents(sources, language)
    whole = extra(sources, language)
    found = []
    for fold in range(FOLDS):
        model = trained(
            [d for d in good if fold_of(d.group) != fold], [d for d in bad if fold_of(d.group) != fold], section
        )
        for side, names, found_here in (("good", section.positive, good), ("bad", section.negative, bad)):
            here = [(names[d.source].split(".")[2], d.text) for d in found_here if fold_of(d.group) == fold]
            found += [judge(side, kind, text, model, language, rules) for kind, text in here]
        texts = [row["text"] for row in whole if fold_of(row["group"]) == fold]
        found += [judge("good", MEASURED_ONLY, text, model, language, rules) for text in texts]
    return found


def without_kind(sources: Path, language: str, judged: list[Judged]) -> dict[str, list[float]]:
    """Scores the good documents of each kind that the other rules keep by a model that saw no text of that kind."""
    section, good, bad = documents(sources, language)
    kinds = [name.split(".")[2] for name in section.positive]
    result = {}
    for kind in sorted(set(kinds)):
        model = trained([d for d in good if kinds[d.source] != kind], bad, section)
        kept = (item.text for item in judged if item.side == "good" and item.kind == kind and item.is_kept)
        result[kind] = [score(model, text, language) for text in kept]
    return result


def report(judged: list[Judged], unseen: dict[str, list[float]], threshold: float) -> None:
    """Prints a row per class and kind."""
    by: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for item in judged:
        by[item.side, item.kind].append(item)
    print("class | kind | documents | kept by the other rules | dropped | kind unseen | 1st percentile")
    for (side, kind), items in sorted(by.items()):
        kept = [item.score for item in items if item.is_kept]
        alone = share(unseen.get(kind, []), threshold) if side == "good" else "-"
        low = f"{np.quantile(kept, 0.01):.3f}" if kept else "-"
        print(f"{side} | {kind} | {len(items):,} | {len(kept):,} | {share(kept, threshold)} | {alone} | {low}")


def report_sets(data: Path, language: str, threshold: float) -> None:
    """Prints a row per set that is in no training, and the cost of a score."""
    model = QualityModel.of(BUILTIN, language)
    texts = dict(measured_only(data, language))
    print("set | documents | dropped")
    for name, found in texts.items():
        scores = [value for text in found if (value := model.score(text, language)) is not None]
        print(f"{name} | {len(found):,} | {share(scores, threshold)}")
    longest = "\n".join(text for found in texts.values() for text in found)
    for length in (500, 2_000, 20_000):
        print(f"a text of {length:,} characters: {best_ms(model, longest[:length], language):.3f} ms")


def measured_only(data: Path, language: str) -> Iterator[tuple[str, list[str]]]:
    """Yields name and texts of the sets that train no model, because of their licences."""
    if language == "zh":
        for name in ("zh-hans-wiki-cmrc", "zh-hant-wiki-drcd"):
            yield f"encyclopaedia, {name}", [row["text"] for row in rows(data / f"lm/{name}.jsonl.gz")]
        lines = text_of(data / "lm/zh-hans-ud-gsdsimp.dev.txt.gz").splitlines()
        yield "sentences of an encyclopaedia", ["\n".join(lines[i : i + 10]) for i in range(0, len(lines), 10)]
        return
    yield "encyclopaedia, wikitext", list(wikitext(data / "lm/wikitext-2.valid.txt.gz"))
    ptb = text_of(data / "lm/ptb.valid.txt.gz").replace("<unk>", "").splitlines()
    yield "Wall Street Journal of 1989", [" ".join(ptb[i : i + 20]) for i in range(0, len(ptb) - 20, 20)]


def documents(sources: Path, language: str) -> tuple[TrainQualityConfig, list[LabelledText], list[LabelledText]]:
    """Returns the settings of the job, and all documents of both classes."""
    section = section_of(sources, language)
    with contextlib.chdir(sources):
        good, bad = read_classes(section)
    return section, good.documents, bad.documents


def extra(sources: Path, language: str) -> list[dict[str, str]]:
    """Returns the documents that are only measured."""
    paths = sorted(sources.glob(f"{language}.good.{MEASURED_ONLY}.*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def fold_of(group: str) -> int:
    return zlib.crc32(group.encode()) % FOLDS


def trained(good: list[LabelledText], bad: list[LabelledText], section: TrainQualityConfig) -> FastTextModel:
    return predictor(fit(examples(good, bad, section), section))


def judge(side: str, kind: str, text: str, model: FastTextModel, language: str, rules: list[Rule]) -> Judged:
    is_kept = first_failure(signals_of(text, language), language, rules) is None
    return Judged(side, kind, is_kept, score(model, text, language), text)


def score(model: FastTextModel, text: str, language: str) -> float:
    return probability(model, word_line(text, language), GOOD)


def share(scores: Iterable[float], threshold: float) -> str:
    """Formats the share of scores below a threshold."""
    found = list(scores)
    below = sum(value < threshold for value in found)
    return f"{below:,} ({below / len(found):.1%})" if found else "-"


def write_for_reading(path: Path, judged: list[Judged], threshold: float) -> None:
    """Writes the good documents with the lowest scores: those dropped, and those nearest above the threshold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = sorted(((item.score, item.kind, item.text) for item in judged if item.is_kept), key=lambda item: item[0])
    dropped = [item for item in kept if item[0] < threshold][-READ:]
    shown = dropped + [item for item in kept if item[0] >= threshold][:READ]
    lines = (f"{value:.4f} {kind}: {' '.join(text.split())[:300]}\n" for value, kind, text in shown)
    path.write_text("".join(lines), encoding="utf-8")


def best_ms(model: QualityModel, text: str, language: str) -> float:
    """Milliseconds of the fastest of 200 scores of a new text, including its segmentation into words."""
    best = float("inf")
    for _ in range(200):
        began = time.perf_counter()
        model.score(text, language)
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def text_of(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def wikitext(path: Path) -> Iterator[str]:
    """WikiText's articles without its tokens: `@-@`, `<unk>`, headings."""
    for text in TITLE.split(text_of(path))[2::2]:
        lines = [line for line in text.splitlines() if not line.startswith(" =")]
        yield re.sub(r" @(.)@ ", r"\1", "\n".join(lines)).replace("<unk>", "")


if __name__ == "__main__":
    main()
