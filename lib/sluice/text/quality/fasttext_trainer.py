"""Trains fastText classifiers reproducibly: the same examples give the same bytes.

fastText's own training does not: with `thread = 1` it initialises a tenth of the input vectors and trains the rest from
uninitialised memory (0.9.3, DenseMatrix::uniform; a cause of "Encountered NaN"), and with more threads the order of
updates is random. So fastText only builds the dictionary and writes the file; gradient descent is in
`quality.kernels.fasttext_trainer`, with the same model, loss and schedule.
"""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError
from sluice.text.language.fasttext_model import FastTextModel
from sluice.text.quality.kernels.fasttext_trainer import descend

END = "</s>"
"""fastText's word at the end of each line."""
FNV_BASIS, FNV_PRIME, NGRAM_FACTOR = 2166136261, 16777619, 116049371
"""Constants of fastText's hashes of words and word n-grams (dictionary.cc)."""
MASK32 = (1 << 32) - 1


def fit(examples: Sequence[tuple[str, str]], section: TrainQualityConfig) -> Any:
    """Trains a fastText model on examples (label, line of words) in the given order, for `epochs` passes.

    Word vectors start uniform within 1/dim, as fastText intends; n-gram vectors start at zero, so that n-grams not seen
    in training have no effect. Raises ConfigError without the full fasttext package.
    """
    model = _untrained(examples, section)
    words = {word: number for number, word in enumerate(model.get_words())}
    labels = {label: number for number, label in enumerate(model.get_labels())}
    rows = model.get_input_matrix().shape[0]
    found = [features(line, words, rows - len(words), section.word_ngrams) for _, line in examples]
    offsets = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(line) for line in found], out=offsets[1:])
    inputs = np.zeros((rows, section.dim), np.float32)
    random = np.random.default_rng(section.seed)
    inputs[: len(words)] = random.uniform(-1 / section.dim, 1 / section.dim, (len(words), section.dim))
    outputs = np.zeros((len(labels), section.dim), np.float32)
    targets = np.array([labels[label] for label, _ in examples])
    descend(np.concatenate(found), offsets, targets, inputs, outputs, section.lr, section.epochs)
    model.set_matrices(inputs, outputs)
    return model


def predictor(model: Any) -> FastTextModel:
    """Returns a predictor with the parameters of a trained model, as its file contains them."""
    with tempfile.TemporaryDirectory(prefix="sluice-classifier-") as folder:
        path = Path(folder) / "model.bin"
        model.save_model(str(path))
        return FastTextModel(str(path))


def _untrained(examples: Sequence[tuple[str, str]], section: TrainQualityConfig) -> Any:
    """Returns an untrained model with fastText's dictionary of the examples."""
    try:
        import fasttext
    except ImportError:
        raise ConfigError(
            "Training needs the fasttext package, which is not installed: pip install 'sluice[quality]'. This "
            "compiles it; if there is no C++ compiler: apt-get install g++ python3-dev."
        ) from None
    if not hasattr(fasttext, "train_supervised"):
        raise ConfigError(
            "The installed fasttext can only predict (fasttext-predict), but training needs the full package: "
            "pip uninstall fasttext-predict, then pip install 'sluice[quality]'."
        )
    with tempfile.TemporaryDirectory(prefix="sluice-classifier-") as folder:
        path = Path(folder) / "examples.txt"
        path.write_text("".join(f"{label} {line}\n" for label, line in examples), encoding="utf-8")
        return fasttext.train_supervised(
            input=str(path),
            epoch=0,
            dim=section.dim,
            wordNgrams=section.word_ngrams,
            bucket=section.bucket,
            minCount=section.min_count,
            thread=1,
            verbose=0,
        )


def features(line: str, words: dict[str, int], bucket: int, word_ngrams: int) -> npt.NDArray[np.int64]:
    """Returns the rows of the input matrix that fastText uses for a line, in any order: known words, then n-grams.

    N-grams include unknown words and the end of the line.
    """
    tokens = [*line.split(" "), END] if line else [END]
    known = np.array([words[token] for token in tokens if token in words], np.int64)
    hashes = np.array([_hash(token) for token in tokens], np.uint64)
    found, h = [known], hashes
    for n in range(1, word_ngrams):
        h = h[: len(tokens) - n] * np.uint64(NGRAM_FACTOR) + hashes[n:]
        found.append((h % np.uint64(bucket)).astype(np.int64) + len(words))
    return np.concatenate(found)


@functools.lru_cache(1 << 20)
def _hash(word: str) -> int:
    """FNV-1a with fastText's signed characters, sign-extended to 64 bits as for n-grams."""
    h = FNV_BASIS
    for byte in word.encode():
        h = ((h ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * FNV_PRIME) & MASK32
    return h if h < 1 << 31 else h | 0xFFFFFFFF00000000
