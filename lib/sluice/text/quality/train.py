"""Trains the quality model of a language and evaluates it on held-out groups."""

import logging
from collections.abc import Sequence
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
"""Number of distinctive words, and of wrongly classified documents, shown on a card per class."""
TELLING_COUNT = 20
"""Words with fewer occurrences in training are not shown as distinctive: their vectors are unreliable."""
TEXT_CHARS = 200


class Judged(NamedTuple):
    """Scores of a model on held-out texts, and measures."""

    num_good: int
    num_bad: int
    auc: float | None
    average_precision: float | None
    confusion: metrics.Confusion
    """Confusion matrix at threshold 0.5."""
    thresholds: list[metrics.Row]
    calibration: list[metrics.Bin]


class Wrong(NamedTuple):
    """A wrongly classified document: its score, its group, and the beginning of its text."""

    score: float
    source: str
    group: str
    text: str


class Result(NamedTuple):
    """The content of the card; `model` is the trained fastText model."""

    model: Any
    section: TrainQualityConfig
    good: list[Counts]
    bad: list[Counts]
    num_passages: tuple[int, int]
    """Numbers of good and of bad training passages."""
    documents: Judged
    """Whole held-out documents, scored as `QualityModel.score` does."""
    passages: Judged
    """Passages of held-out documents, all of the same length: quality of the scores if length is no clue."""
    good_words: list[str]
    bad_words: list[str]
    wrong_good: list[Wrong]
    """Good documents with the lowest scores, lowest first."""
    wrong_bad: list[Wrong]
    """Bad documents with the highest scores, highest first."""


def train(section: TrainQualityConfig) -> Result:
    """Reads, trains and evaluates. Raises ConfigError or InputError for unusable input; see `labelled_texts`."""
    if section.language in UNSEGMENTED:
        raise ConfigError(
            f"train_quality.language = {section.language!r}: this language has no word segmentation here."
        )
    if not 0 < section.held_out < 1:
        raise ConfigError(
            f"train_quality.held_out = {section.held_out}: expected more than 0 and less than 1, because training and "
            "evaluation both need documents."
        )
    good, bad = read_classes(section)
    good_training, good_held = split("positive", good.documents, section)
    bad_training, bad_held = split("negative", bad.documents, section)
    chosen = examples(good_training, bad_training, section)
    num_good, num_bad = (sum(label == side for label, _ in chosen) for side in (GOOD, BAD))
    log.info("training on %s good and %s bad passages", f"{num_good:,}", f"{num_bad:,}")
    model = fit(chosen, section)
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
        num_passages=(num_good, num_bad),
        documents=judge(scores, is_good),
        passages=_judge_passages(trained, good_held, bad_held, section),
        good_words=good_words,
        bad_words=bad_words,
        wrong_good=_wrong(held, names, scores, np.flatnonzero(is_good & (scores < 0.5)), 1),
        wrong_bad=_wrong(held, names, scores, np.flatnonzero(~is_good & (scores >= 0.5)), -1),
    )


def examples(
    good: Sequence[LabelledText], bad: Sequence[LabelledText], section: TrainQualityConfig
) -> list[tuple[str, str]]:
    """Returns the training passages of documents as (label, line), at most `good_per_bad` good ones per bad one."""
    good_lines, bad_lines = training_lines(good, section), training_lines(bad, section)
    num_good = min(len(good_lines), section.good_per_bad * len(bad_lines))
    chosen = [(GOOD, line) for line in good_lines[:num_good]] + [(BAD, line) for line in bad_lines[:num_good]]
    # hash order mixes the classes: a run of one class would be forgotten during a run of the other
    return sorted(chosen, key=lambda example: line_order(example[1], section))


def judge(scores: metrics.Floats, is_good: metrics.Bools) -> Judged:
    """Computes all measures of held-out scores, [n] float and [n] bool."""
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
    """Returns the words that individually contribute most to good and to bad, most distinctive first.

    A word's weight is the difference that it makes between the two labels: the product of its vector with the outputs.
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
