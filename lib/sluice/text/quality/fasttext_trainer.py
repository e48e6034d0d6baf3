"""Trains fastText classifiers so that the same examples give the same bytes.

fastText's own training cannot: of `thread = 1` it initialises one tenth of the input vectors and trains the rest from
whatever the memory held (0.9.3, DenseMatrix::uniform; "Encountered NaN" is one of its fruits), and with more threads
the order of updates is chance. So fastText makes the dictionary and the file, and the descent is
`quality.kernels.fasttext_trainer`: the same model, loss and schedule.
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
"""Of fastText's hashes of words and of sequences of words (dictionary.cc)."""
MASK32 = (1 << 32) - 1


def fit(examples: Sequence[tuple[str, str]], section: TrainQualityConfig) -> Any:
    """A fastText model of examples (label, line of words), which it sees in their order, `epochs` times.

    Vectors of words begin uniform within 1/dim, as fastText means them to; those of sequences begin at zero, so that
    one never seen in training says nothing. Raises ConfigError without the whole fasttext package.
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
    """Parameters of a trained model, as its file contains them."""
    with tempfile.TemporaryDirectory(prefix="sluice-classifier-") as folder:
        path = Path(folder) / "model.bin"
        model.save_model(str(path))
        return FastTextModel(str(path))


def _untrained(examples: Sequence[tuple[str, str]], section: TrainQualityConfig) -> Any:
    """fastText's dictionary of the examples, in a model that is yet to learn."""
    try:
        import fasttext
    except ImportError:
        raise ConfigError(
            "Training needs the fasttext package, which is not installed: pip install 'sluice[quality]'. It is "
            "compiled on the way; without a C++ compiler: apt-get install g++ python3-dev."
        ) from None
    if not hasattr(fasttext, "train_supervised"):
        raise ConfigError(
            "The fasttext that is installed can only predict (fasttext-predict); training needs the whole of it: "
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
    """Rows of the input matrix that fastText looks up for a line, in any order: known words, then sequences.

    Sequences are of all words, unknown ones too, with the end of the line.
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
    """FNV-1a with fastText's signed characters; sign-extended to 64 bits, as sequences use it."""
    h = FNV_BASIS
    for byte in word.encode():
        h = ((h ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * FNV_PRIME) & MASK32
    return h if h < 1 << 31 else h | 0xFFFFFFFF00000000
