"""Reads labelled texts, splits them, and builds batches. Does not import TensorFlow."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sluice.core.config.classifier import ClassifierConfig
from sluice.core.errors import ConfigError, FormatError, InputError
from sluice.core.ids import mix64, text_digest
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.data.sources.texts import iter_objects

log = logging.getLogger("sluice.classifier")


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts and their labels, as in the files."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of examples, padded to the longest one."""

    tokens: np.ndarray
    """Token ids [B, T], int32, padded with `pad`."""
    lengths: np.ndarray
    """Lengths [B] in tokens, at least 1: an empty text becomes one `pad`."""
    labels: np.ndarray
    """Label numbers [B]."""


def read_labelled_texts(config: ClassifierConfig) -> tuple[LabelledTexts, LabelledTexts]:
    """Return training and validation texts. Raises ConfigError, InputError or FormatError for unusable input."""
    if not config.train:
        raise ConfigError("classifier.train is empty. Set it to JSON lines files with a text and a label per line.")
    train = _read(config, config.train)
    if config.valid:
        valid = _read(config, config.valid)
    else:
        is_valid = _held_out(train, config)
        train, valid = (_where(train, [flag == side for flag in is_valid]) for side in (False, True))
    if not train.texts or not valid.texts:
        raise InputError(
            f"{len(train.texts)} training texts and {len(valid.texts)} validation texts are too few. Provide more, set "
            "classifier.valid, or change classifier.valid_fraction."
        )
    if len(set(train.labels)) < 2:
        raise InputError(
            f"All {len(train.labels)} training texts have the label {train.labels[0]!r}. Two labels are needed; "
            f"check classifier.label={config.label}."
        )
    if unknown := sorted(set(valid.labels) - set(train.labels)):
        raise InputError(f"Validation texts have labels that do not occur in training: {', '.join(unknown[:5])}.")
    return train, valid


def batches(
    encoded: Sequence[Sequence[int]], labels: np.ndarray, config: ClassifierConfig, *, epoch: int | None, pad: int
) -> Iterator[Batch]:
    """Yield all examples once: for `epoch` (from 0) shuffled, in pools of similar length; for None in input order."""
    order = np.arange(len(encoded))
    if epoch is not None:
        random = np.random.default_rng([config.seed, epoch])
        random.shuffle(order)
        pool = 50 * config.batch_size
        for first in range(0, len(order), pool):  # texts of similar length together, for little padding
            part = order[first : first + pool]
            order[first : first + pool] = part[np.argsort([len(encoded[n]) for n in part], kind="stable")]
        starts = np.arange(0, len(order), config.batch_size)
        random.shuffle(starts)
    else:
        starts = np.arange(0, len(order), config.batch_size)
    for start in starts:
        chosen = order[start : start + config.batch_size]
        lengths = np.array([max(1, len(encoded[n])) for n in chosen], np.int32)
        tokens = np.full((len(chosen), lengths.max()), pad, np.int32)
        for row, n in enumerate(chosen):
            tokens[row, : len(encoded[n])] = encoded[n]
        yield Batch(tokens, lengths, np.array([labels[n] for n in chosen], np.int32))


def encode(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Return up to `max_tokens` ids from the start of each text."""
    return [ids[:max_tokens] for ids in tokenizer.encode_batch(texts)]


def _read(config: ClassifierConfig, paths: Sequence[str]) -> LabelledTexts:
    found = LabelledTexts([], [])
    for path in paths:
        for number, row in enumerate(iter_objects(path, config.text), 1):
            label = row.get(config.label)
            if isinstance(label, bool) or not isinstance(label, str | int):
                raise FormatError(
                    f"{path}, object {number}: the field {config.label!r} contains {label!r}, but a text or a whole "
                    "number was expected. Set classifier.label to the right field."
                )
            found.texts.append(row[config.text])
            found.labels.append(str(label))
    return found


def _held_out(found: LabelledTexts, config: ClassifierConfig) -> list[bool]:
    """Returns which texts are held out, by a hash. A label whose texts would all be held out stays in training."""
    is_valid = [_position(text, config.seed) < config.valid_fraction for text in found.texts]
    rows = list(zip(found.texts, found.labels, is_valid, strict=True))
    trained = {label for _, label, held_out in rows if not held_out}
    rare = {text for text, label, _ in rows if label not in trained}
    if rare:
        log.info("classifier: %d texts are not held out, as no other text has their label", len(rare))
    return [held_out and text not in rare for text, _, held_out in rows]


def _where(found: LabelledTexts, flags: Sequence[bool]) -> LabelledTexts:
    texts = [text for text, flag in zip(found.texts, flags, strict=True) if flag]
    return LabelledTexts(texts, [label for label, flag in zip(found.labels, flags, strict=True) if flag])


def _position(text: str, seed: int) -> float:
    """Hash a text to [0, 1), so that equal texts are in the same split."""
    return mix64(int.from_bytes(text_digest(text)[:8], "little"), seed) / 2**64
