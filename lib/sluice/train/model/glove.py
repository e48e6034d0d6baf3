"""Word vectors in GloVe's text format as first values of an embedding (Pennington et al. 2014).

A line is `word v1 … vd`, without a header; word2vec's text format has one, which is told by its two fields. Words are
mapped by their form, so only vocabularies of words can be filled. GloVe is a method for word vectors, not a language
model.
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
    """Rows of an embedding [V, E], and which of them were in the file [V]."""

    values: np.ndarray
    is_found: np.ndarray

    @property
    def coverage(self) -> float:
        """Share of the vocabulary."""
        return float(self.is_found.mean())


def read_glove(path: str, words: Sequence[str], width: int) -> Vectors:
    """The vectors of these words; of a word that occurs twice the first. `path` may end in .gz.

    Raises ConfigError when the vectors have another width, FormatError for a line that is none.
    """
    numbers = {word: number for number, word in enumerate(words)}
    values, is_found = np.zeros((len(words), width), np.float32), np.zeros(len(words), bool)
    for line_number, line in enumerate(_lines(path), 1):
        word, *fields = line.rstrip("\n").split(" ")
        if line_number == 1 and len(fields) == 1:
            continue
        if len(fields) > width:  # some words of glove.840B hold blanks
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
    """First values of an embedding [V, E], with the vectors of the words that the file has in their place.

    Raises ConfigError for a vocabulary that is not of words.
    """
    if tokenizer.kind != "word":
        raise ConfigError(
            f"train.model.glove.path = {config.path}, but the tokenizer of the dataset is of kind {tokenizer.kind}: "
            "its tokens are parts of words and have no vectors. Leave it out, or write shards with tokenizer.kind=word."
        )
    vectors = read_glove(config.path, tokenizer.tokens, first_values.shape[1])
    logger.info(
        "%s has vectors for %d of %d tokens (%.1f %%); the others start at random",
        config.path, vectors.is_found.sum(), len(vectors.is_found), 100 * vectors.coverage,
    )  # fmt: skip
    embedding: np.ndarray = np.where(vectors.is_found[:, None], config.scale * vectors.values, first_values)
    return embedding.astype(np.float32)


def without_fixed(variables: dict[str, Any], config: GloveConfig) -> dict[str, Any]:
    """The parameters that learn: all, but for an embedding that is given and stays."""
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
        f"{path}, line {line}: a vector of {found} numbers, but train.model.embedding_dim is {width}. Set "
        f"train.model.embedding_dim={found}, or take vectors of that width."
    )
