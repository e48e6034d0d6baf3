"""Reads word vectors in GloVe's text format as initial values of an embedding (Pennington et al. 2014).

A line is `word v1 … vd`; the header of word2vec's text format is recognised by its two fields and skipped. Vectors are
found by the word itself, so the vocabulary must consist of words.
"""

import gzip
import io
import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from sluice.core.config.train import GloveConfig
from sluice.core.errors import ConfigError, FormatError
from sluice.data import storage
from sluice.data.dataset.tokenizer import Tokenizer

logger = logging.getLogger("sluice.train")


class Vectors(NamedTuple):
    """Rows of an embedding [V, E], and whether each was found in the file [V]."""

    values: np.ndarray
    is_found: np.ndarray

    @property
    def coverage(self) -> float:
        """Share of the vocabulary that was found."""
        return float(self.is_found.mean())


def read_glove(path: str, words: Sequence[str], width: int) -> Vectors:
    """Read the vectors of these words; for repeated words, the first is used. `path` may end in .gz.

    Raises ConfigError if the vectors have another width, FormatError for an invalid line.
    """
    numbers = {word: number for number, word in enumerate(words)}
    values, is_found = np.zeros((len(words), width), np.float32), np.zeros(len(words), bool)
    for line_number, line in enumerate(_lines(path), 1):
        word, *fields = line.rstrip("\n").split(" ")
        if line_number == 1 and len(fields) == 1:
            continue
        if len(fields) > width:  # some words of glove.840B contain spaces
            word, fields = " ".join([word, *fields[:-width]]), fields[-width:]
            if _is_number(word.rpartition(" ")[2]):
                raise ConfigError(_other_width(path, line_number, len(line.split(" ")) - 1, width))
        elif len(fields) < width:
            raise ConfigError(_other_width(path, line_number, len(fields), width))
        number = numbers.get(word)
        if number is None or is_found[number]:
            continue
        try:
            values[number] = [float(field) for field in fields]
        except ValueError as e:
            raise FormatError(f"{path}, line {line_number}: {e}. Every field after the word must be a number.") from e
        is_found[number] = True
    return Vectors(values, is_found)


def embedding_from_glove(config: GloveConfig, tokenizer: Tokenizer, first_values: np.ndarray) -> np.ndarray:
    """Return initial values of an embedding [V, E]: vectors from the file, `first_values` for all other words.

    Raises ConfigError if the tokenizer is not a word tokenizer.
    """
    if tokenizer.kind != "word":
        raise ConfigError(
            f"train.model.glove.path = {config.path}, but the tokenizer of the dataset is of kind {tokenizer.kind}: "
            "its tokens are parts of words and have no vectors. Unset it, or write shards with tokenizer.kind=word."
        )
    vectors = read_glove(config.path, tokenizer.tokens, first_values.shape[1])
    logger.info(
        "%s has vectors for %d of %d tokens (%.1f %%); the others are initialised randomly",
        config.path, vectors.is_found.sum(), len(vectors.is_found), 100 * vectors.coverage,
    )  # fmt: skip
    embedding: np.ndarray = np.where(vectors.is_found[:, None], config.scale * vectors.values, first_values)
    return embedding.astype(np.float32)


def without_fixed(variables: dict[str, Any], config: GloveConfig) -> dict[str, Any]:
    """Return the trainable parameters: all except a fixed embedding."""
    is_fixed = config.path and not config.trainable
    return {name: value for name, value in variables.items() if not (is_fixed and name == "embed.weight")}


def _lines(path: str) -> Iterator[str]:
    with storage.open_read(path) as raw:
        yield from io.TextIOWrapper(gzip.open(raw) if path.endswith(".gz") else raw, encoding="utf-8", newline="\n")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _other_width(path: str, line: int, found: int, width: int) -> str:
    return (
        f"{path}, line {line}: the vector has {found} numbers, but train.model.embedding_dim is {width}. Set "
        f"train.model.embedding_dim={found}, or use vectors of width {width}."
    )
