"""Trains one language's quality model and judges it on groups that it has not seen."""

import logging
from typing import Any, NamedTuple

import numpy as np

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError
from sluice.text.language.fasttext_model import FastTextModel
from sluice.text.quality import metrics
from sluice.text.quality.fasttext_trainer import fit, predictor
from sluice.text.quality.labelled_texts import (
    Counts,
    LabelledText,
    line_order,
    passages,
    read_classes,
    split,
    training_lines,
)
from sluice.text.quality.score import BAD, GOOD, probability, word_line
from sluice.text.signals.text_view import UNSEGMENTED

log = logging.getLogger("sluice.quality")

THRESHOLDS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
NUM_WORDS = 10
NUM_WRONG = 10
"""Telling words and wrongly judged documents that a card shows, of each class."""
TELLING_COUNT = 20
"""Words seen less often in training are not shown as telling: their vectors are chance."""
TEXT_CHARS = 200


class Judged(NamedTuple):
    """Scores of a model on held-out texts."""

    num_good: int
    num_bad: int
    auc: float | None
    average_precision: float | None
    confusion: metrics.Confusion
    """At 0.5."""
    thresholds: list[metrics.Row]
    calibration: list[metrics.Bin]


class Wrong(NamedTuple):
    """A document on the wrong side: its score, where it comes from, how it begins."""

    score: float
    source: str
    group: str
    text: str


class Result(NamedTuple):
    """Everything that the card says; `model` is the trained fastText model."""

    model: Any
    section: TrainQualityConfig
    good: list[Counts]
    bad: list[Counts]
    num_passages: int
    """Training passages of each class."""
    documents: Judged
    """Whole held-out documents, scored as `QualityModel.score` does."""
    passages: Judged
    """Their passages, all of one length: what remains when length tells nothing."""
    good_words: list[str]
    bad_words: list[str]
    wrong_good: list[Wrong]
    """Good documents with the lowest scores, lowest first."""
    wrong_bad: list[Wrong]
    """Bad documents with the highest scores, highest first."""


def train(section: TrainQualityConfig) -> Result:
    """Reads, trains, judges. Raises ConfigError and InputError for what cannot be trained on; see `labelled_texts`."""
    if section.language in UNSEGMENTED:
        raise ConfigError(f"train_quality.language = {section.language!r}: nothing here finds the words of it.")
    if not 0 < section.held_out < 1:
        raise ConfigError(
            f"train_quality.held_out = {section.held_out}: more than 0 and less than 1 was expected, since a model "
            "must learn from something and be judged on something else."
        )
    good, bad = read_classes(section)
    good_training, good_held = split("positive", good.documents, section)
    bad_training, bad_held = split("negative", bad.documents, section)
    good_lines, bad_lines = training_lines(good_training, section), training_lines(bad_training, section)
    count = min(len(good_lines), len(bad_lines))
    chosen = [(GOOD, line) for line in good_lines[:count]] + [(BAD, line) for line in bad_lines[:count]]
    log.info("training on %s passages of each class", f"{count:,}")
    # neighbours of one class would be forgotten for those of the other: in hash order they are mixed
    model = fit(sorted(chosen, key=lambda example: line_order(example[1], section)), section)
    log.info("judging %s held-out documents", f"{len(good_held) + len(bad_held):,}")
    held = [*good_held, *bad_held]
    is_good = np.arange(len(held)) < len(good_held)
    trained = predictor(model)
    scores = np.array([probability(trained, word_line(d.text, section.language), GOOD) for d in held])
    names = [section.positive[d.source] for d in good_held] + [section.negative[d.source] for d in bad_held]
    good_words, bad_words = telling_words(model)
    return Result(
        model=model,
        section=section,
        good=good.counts,
        bad=bad.counts,
        num_passages=count,
        documents=judge(scores, is_good),
        passages=_judge_passages(trained, good_held, bad_held, section),
        good_words=good_words,
        bad_words=bad_words,
        wrong_good=_wrong(held, names, scores, np.flatnonzero(is_good & (scores < 0.5)), 1),
        wrong_bad=_wrong(held, names, scores, np.flatnonzero(~is_good & (scores >= 0.5)), -1),
    )


def judge(scores: metrics.Floats, is_good: metrics.Bools) -> Judged:
    """All measures of held-out scores, [n] float and [n] bool."""
    return Judged(
        num_good=int(is_good.sum()),
        num_bad=int((~is_good).sum()),
        auc=metrics.auc(scores, is_good),
        average_precision=metrics.average_precision(scores, is_good),
        confusion=metrics.confusion(scores, is_good, 0.5),
        thresholds=[metrics.at_threshold(scores, is_good, threshold) for threshold in THRESHOLDS],
        calibration=metrics.calibration(scores, is_good),
    )


def _judge_passages(
    model: FastTextModel, good: list[LabelledText], bad: list[LabelledText], section: TrainQualityConfig
) -> Judged:
    scores = [
        [probability(model, line, GOOD) for document in documents for line in passages(document.text, section)]
        for documents in (good, bad)
    ]
    return judge(np.array([*scores[0], *scores[1]]), np.arange(len(scores[0]) + len(scores[1])) < len(scores[0]))


def telling_words(model: Any) -> tuple[list[str], list[str]]:
    """The words that alone speak most for good and for bad, most telling first.

    A word's weight is the difference it makes between the two labels: its vector times that of the outputs.
    """
    words, counts = model.get_words(include_freq=True)
    outputs = dict(zip(model.get_labels(), model.get_output_matrix(), strict=True))
    weights = model.get_input_matrix()[: len(words)] @ (outputs[GOOD] - outputs[BAD])
    frequent = [i for i in np.argsort(weights, kind="stable").tolist() if counts[i] >= TELLING_COUNT]
    shown = [words[i] for i in frequent if words[i] != "</s>"]
    return shown[::-1][:NUM_WORDS], shown[:NUM_WORDS]


def _wrong(
    documents: list[LabelledText], names: list[str], scores: metrics.Floats, places: Any, sign: int
) -> list[Wrong]:
    places = sorted(places.tolist(), key=lambda i: (sign * scores[i], documents[i].digest))[:NUM_WRONG]
    return [
        Wrong(float(scores[i]), names[i], documents[i].group, " ".join(documents[i].text.split())[:TEXT_CHARS])
        for i in places
    ]
