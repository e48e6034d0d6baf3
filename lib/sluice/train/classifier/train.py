"""Training of a text classifier, from JSON lines to a directory.

<out>/model.safetensors, config.json, tokenizer.json    the epoch with the best validation accuracy, for `Predictor`
      metrics.jsonl                                     one line per epoch
      predictions.jsonl                                 label, prediction and probability of each validation text
      report.json                                       accuracy, F1 of each label, confusions

On one device the same texts give the same files.
"""

import json
import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file, save

from sluice.core.config.classifier import ClassifierConfig
from sluice.core.config.dataset import TokenizerConfig
from sluice.core.config.train import OptimConfig
from sluice.core.errors import InputError, StageError
from sluice.data import storage
from sluice.data.dataset.tokenizer import TOKENIZER, Tokenizer, save_tokenizer, train_tokenizer
from sluice.train.classifier.input import Batch, LabelledTexts, batches, encode, read_labelled_texts
from sluice.train.classifier.models import TextClassifier, classifier_values
from sluice.train.model.dropout import DropoutKey
from sluice.train.model.glove import embedding_from_glove
from sluice.train.optim import Optimizer, StepSettings, clip, dense

logger = logging.getLogger("sluice.train")
CONFIG, WEIGHTS = "config.json", "model.safetensors"


class JudgedTexts(NamedTuple):
    """Predicted label numbers of texts, in input order."""

    predicted: np.ndarray
    probability: np.ndarray
    """Probability of the predicted label."""
    nll: float
    """Mean loss in nats per text."""


def train_classifier(config: ClassifierConfig) -> dict[str, Any]:
    """Train, write the output directory, and return the report.

    Raises ConfigError, InputError or FormatError for invalid input, StageError if the loss is not finite.
    """
    train, valid = read_labelled_texts(config)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(config, train, out)
    labels = sorted(set(train.labels))
    logger.info("%d training texts, %d validation texts, %d labels", len(train.texts), len(valid.texts), len(labels))
    values = classifier_values(config, tokenizer.vocab_size, len(labels))
    if config.glove.path:
        values["embed.weight"] = embedding_from_glove(config.glove, tokenizer, values["embed.weight"])
    run = _Run(config, TextClassifier(config, values), tokenizer, labels)
    (out / "metrics.jsonl").unlink(missing_ok=True)
    best, best_accuracy = values, -1.0
    for epoch in range(config.epochs):
        loss = run.epoch(train, epoch)
        judged = run.judge(valid)
        accuracy = float((judged.predicted == run.numbers(valid)).mean())
        is_best = accuracy > best_accuracy
        if is_best:
            best, best_accuracy = {name: v.numpy() for name, v in run.model.variables.items()}, accuracy
        line = {"epoch": epoch + 1, "loss": loss, "valid_loss": judged.nll, "valid_accuracy": accuracy, "best": is_best}
        with open(out / "metrics.jsonl", "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        logger.info(
            "epoch %d of %d  loss %.4f  valid loss %.4f  accuracy %.4f%s",
            epoch + 1, config.epochs, loss, judged.nll, accuracy, "  (best so far)" if is_best else "",
        )  # fmt: skip
    for name, variable in run.model.variables.items():
        variable.assign(best[name])
    judged = run.judge(valid)
    result = report(labels, run.numbers(valid), judged.predicted)
    _write(out, run, best, valid, judged, result)
    return result


class Predictor:
    """A trained classifier, loaded from its directory."""

    def __init__(self, directory: str) -> None:
        path = Path(directory) / CONFIG
        if not path.exists():
            raise InputError(
                f"{directory} contains no {CONFIG}. Use the output directory of `sluice train-classifier`."
            )
        stored = json.loads(path.read_bytes())
        config = msgspec.convert(stored["classifier"], ClassifierConfig)
        tokenizer = Tokenizer.load(str(path.with_name(TOKENIZER)))
        model = TextClassifier(config, load_file(path.with_name(WEIGHTS)))
        self.labels: list[str] = stored["labels"]
        self._run = _Run(config, model, tokenizer, self.labels)

    def predict(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """The most likely label of each text and its probability."""
        judged = self._run.judge(LabelledTexts(list(texts), [self.labels[0]] * len(texts)))
        return [(self.labels[n], float(p)) for n, p in zip(judged.predicted, judged.probability, strict=True)]


def report(labels: Sequence[str], right: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """Compute accuracy, macro F1, and precision, recall, F1 and confusions of each label.

    Macro F1 is the mean over the labels that occur or are predicted, as in scikit-learn.
    """
    confusion = np.zeros((len(labels), len(labels)), int)  # rows: true label, columns: predicted label
    np.add.at(confusion, (right, predicted), 1)
    hits, found, wanted = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = hits / np.maximum(found, 1), hits / np.maximum(wanted, 1)
    f1 = 2 * hits / np.maximum(found + wanted, 1)
    by_label = {
        label: {"texts": int(wanted[n]), "precision": precision[n], "recall": recall[n], "f1": f1[n]}
        | {"taken_for": {other: int(c) for other, c in zip(labels, confusion[n], strict=True) if c and other != label}}
        for n, label in enumerate(labels)
    }
    return {
        "accuracy": float(hits.sum() / len(right)),
        "macro_f1": float(f1[found + wanted > 0].mean()),
        "labels": by_label,
    }


class _Run:
    """A model with its tokenizer, labels and optimizer."""

    def __init__(
        self, config: ClassifierConfig, model: TextClassifier, tokenizer: Tokenizer, labels: Sequence[str]
    ) -> None:
        self.config, self.model, self.tokenizer, self.labels = config, model, tokenizer, list(labels)
        self._number_of = {label: number for number, label in enumerate(labels)}
        self._optimizer = Optimizer(OptimConfig(name="adamw"), model.trained)
        self._encoded: dict[int, list[list[int]]] = {}
        self._step = 0
        self._train_step = tf.function(self._train, reduce_retracing=True)
        self._logits = tf.function(model.logits, reduce_retracing=True)

    def numbers(self, found: LabelledTexts) -> np.ndarray:
        """Return the numbers of the labels."""
        return np.array([self._number_of[label] for label in found.labels])

    def epoch(self, train: LabelledTexts, epoch: int) -> float:
        """Train on every text once and return the loss in nats per text. Raises StageError if it is not finite."""
        total = 0.0
        for batch in self._batches(train, epoch):
            arrays = (batch.tokens, batch.lengths, batch.labels)
            total += float(self._train_step(*map(tf.constant, arrays), tf.constant(self._step, tf.int64)))
            self._step += 1
        if not math.isfinite(total):
            raise StageError(f"The loss of epoch {epoch + 1} is {total}. Try a smaller classifier.lr.")
        return total / len(train.texts)

    def judge(self, found: LabelledTexts) -> JudgedTexts:
        """Predict the labels of all texts, in order."""
        predicted, probability, nll = [], [], 0.0
        for batch in self._batches(found, None):
            logits = self._logits(tf.constant(batch.tokens), tf.constant(batch.lengths)).numpy().astype(np.float64)
            log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
            predicted.append(log_p.argmax(axis=1))
            probability.append(np.exp(log_p.max(axis=1)))
            nll -= float(log_p[np.arange(len(batch.labels)), batch.labels].sum())
        return JudgedTexts(np.concatenate(predicted), np.concatenate(probability), nll / len(found.texts))

    def _batches(self, found: LabelledTexts, epoch: int | None) -> Iterator[Batch]:
        if id(found) not in self._encoded:
            self._encoded[id(found)] = encode(self.tokenizer, found.texts, self.config.max_tokens)
        labels = self.numbers(found)
        return batches(self._encoded[id(found)], labels, self.config, epoch=epoch, pad=self.tokenizer.pad)

    def _train(self, tokens: Any, lengths: Any, labels: Any, step: Any) -> tf.Tensor:
        variables = list(self.model.trained.values())
        key = DropoutKey(self.config.seed, step, 0)
        with tf.GradientTape() as tape:
            logits = self.model.logits(tokens, lengths, key)
            nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(nll)
        gradients = [dense(gradient) for gradient in tape.gradient(loss, variables)]
        gradients, _ = clip(gradients, self.config.clip_norm)
        self._optimizer.apply(gradients, StepSettings(step, tf.constant(self.config.lr), tf.constant(-1, tf.int64)))
        return tf.reduce_sum(nll)


def _tokenizer(config: ClassifierConfig, train: LabelledTexts, out: Path) -> Tokenizer:
    """Return the configured tokenizer, or one trained on the training texts; write a copy to `out`."""
    if config.tokenizer:
        data = storage.read_bytes(config.tokenizer)
    else:
        words = TokenizerConfig(kind="word", vocab_size=config.vocab_size, min_frequency=config.min_frequency)
        data = train_tokenizer(train.texts, words, words=config.words)
    save_tokenizer(str(out), data)
    return Tokenizer.load(str(out / TOKENIZER))


def _write(
    out: Path,
    run: _Run,
    values: dict[str, np.ndarray],
    valid: LabelledTexts,
    judged: JudgedTexts,
    result: dict[str, Any],
) -> None:
    storage.write_atomic(str(out / WEIGHTS), save(values))
    stored = {"format": 1, "classifier": msgspec.to_builtins(run.config), "labels": run.labels}
    storage.write_atomic(str(out / CONFIG), json.dumps(stored, indent=2, ensure_ascii=False).encode())
    storage.write_atomic(str(out / "report.json"), json.dumps(result, indent=2, ensure_ascii=False).encode())
    with open(out / "predictions.jsonl", "w", encoding="utf-8") as stream:
        for text, label, number, p in zip(valid.texts, valid.labels, judged.predicted, judged.probability, strict=True):
            row = {"label": label, "predicted": run.labels[number], "probability": round(float(p), 6), "text": text}
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
