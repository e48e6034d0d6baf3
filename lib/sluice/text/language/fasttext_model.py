"""fastText's supervised models, read from their files and predicted with our own kernel.

The same labels and probabilities as the fasttext package gives, which is the oracle in tests, at a multiple of its
speed: rows that were quantised are unpacked once, hashes of character sequences grow with them, and nothing is
allocated per word. Models that are not quantised stay in the file, mapped, so that all workers of a host share them
(GlotLID's has 1.6 GB). Format and arithmetic as in facebookresearch/fastText 0.9.3 `args.cc`, `dictionary.cc`,
`quantmatrix.cc`, `productquantizer.cc`, `loss.cc`.
"""

import functools
import math
import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sluice.core.errors import InputError
from sluice.text.language.kernels import fasttext as kernels

MAGIC = 793_712_314
MAX_VERSION = 12
KINDS = {1: "cbow", 2: "skipgram", 3: "supervised"}
HIERARCHICAL, SOFTMAX = 1, 3
"""Of fastText's losses; 2 and 4, negative sampling and one-vs-all, judge each label by itself."""
LABEL_ENTRY = 1
NUM_CENTROIDS = 256
OLD = 11
"""Supervised models up to this version have no character sequences, whatever their settings say."""


class Dictionary(NamedTuple):
    """The tables that `language.kernels.fasttext.find_rows` looks words up in."""

    names: npt.NDArray[np.uint8]
    """All words, one after the other."""
    offsets: npt.NDArray[np.int64]
    """[words + 1] where each begins in `names`."""
    table: npt.NDArray[np.int32]
    min_n: int
    max_n: int
    """Characters of the sequences that are looked up; 0 for none."""
    word_ngrams: int
    buckets: int
    known: npt.NDArray[np.uint64]
    """A bit for each bucket that a pruned model has kept: these fit a core's cache, where `places` do not."""
    places: npt.NDArray[np.int32]
    """[buckets] the row of each after the words, -1 where it was pruned; empty when nothing was."""


class FastTextModel:
    """A supervised model. Not picklable: load it in each process."""

    def __init__(self, path: str) -> None:
        """Raises InputError for a file that is no whole supervised fastText model."""
        with Path(path).open("rb") as file:
            is_empty = not file.seek(0, 2)
            reader = _Reader(path, b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            loss = self._read(reader)
        except (struct.error, ValueError, IndexError):
            raise reader.broken("it is cut short or damaged") from None
        if reader.place != len(reader.data):
            raise reader.broken(f"{len(reader.data) - reader.place:,} bytes follow its end")
        self._is_softmax = loss == SOFTMAX
        self.is_hierarchical = loss == HIERARCHICAL

    def _read(self, reader: "_Reader") -> int:
        magic, version = reader.values("2i")
        if magic != MAGIC:
            raise reader.error("is not a fastText model")
        dim, _, _, _, _, word_ngrams, loss, kind, buckets, min_n, max_n, _ = reader.values("12i")
        reader.values("d")
        if version > MAX_VERSION or KINDS.get(kind) != "supervised":
            raise reader.error(
                f"is a fastText file of version {version} with a {KINDS.get(kind, kind)} model, and a supervised model "
                f"of version {MAX_VERSION} or older was expected"
            )
        counts, num_rows = self._read_dictionary(reader, (min_n, 0 if version <= OLD else max_n, word_ngrams), buckets)
        (is_quantised,) = reader.values("?")
        self._inputs = reader.matrix(is_quantised)
        (is_quantised_too,) = reader.values("?")
        self._outputs = np.array(reader.matrix(is_quantised and is_quantised_too))
        if self._inputs.shape[0] < num_rows or self._inputs.shape[1] != dim:
            raise reader.broken(f"it has {self._inputs.shape} inputs where {num_rows} x {dim} were expected")
        if self._outputs.shape != (len(self.labels), dim):
            raise reader.broken(f"it has {self._outputs.shape} outputs where {len(self.labels)} x {dim} were expected")
        self._children = kernels.huffman_tree(counts) if loss == HIERARCHICAL else np.empty((0, 2), np.int32)
        return int(loss)

    def _read_dictionary(
        self, reader: "_Reader", sizes: tuple[int, int, int], buckets: int
    ) -> tuple[npt.NDArray[np.int64], int]:
        """How often each label occurred, and the number of rows that the matrix must have."""
        _, max_n, word_ngrams = sizes
        _, num_words, num_labels = reader.values("3i")
        _, num_pruned = reader.values("2q")
        entries = [reader.entry() for _ in range(num_words + num_labels)]
        self.labels = tuple(word.decode("utf-8") for word, _, _ in entries[num_words:])
        """With fastText's `__label__` before them."""
        if not self.labels or any((kind == LABEL_ENTRY) != (i >= num_words) for i, (_, _, kind) in enumerate(entries)):
            raise reader.broken("its dictionary is damaged")
        places, known = np.empty(0, np.int32), np.empty(0, np.uint64)
        if num_pruned >= 0:
            pairs = reader.array("<i4", 2 * num_pruned).reshape(-1, 2)
            if not ((pairs >= 0) & (pairs < (buckets, num_pruned))).all():
                raise reader.broken("its pruned rows are damaged")
            places = np.full(buckets, -1, np.int32)
            places[pairs[:, 0]] = pairs[:, 1]
            known = np.packbits(np.pad(places >= 0, (0, -buckets % 64)), bitorder="little").view("<u8")
        words = [word for word, _, _ in entries[:num_words]]
        offsets = np.zeros(num_words + 1, np.int64)
        np.cumsum([len(word) for word in words], out=offsets[1:])
        names = np.frombuffer(b"".join(words) or b"\0", np.uint8)
        table = kernels.word_table(names, offsets)
        self._dictionary = Dictionary(names, offsets, table, *sizes, max(buckets, 1), known, places)
        has_sequences = max_n > 0 or word_ngrams > 1
        num_buckets = num_pruned if num_pruned >= 0 else buckets * has_sequences
        return np.array([count for _, count, _ in entries[num_words:]], np.int64), num_words + num_buckets

    def predict(self, line: bytes) -> tuple[str, float] | None:
        """The most probable label of a line in UTF-8, line ends being spaces, and its probability.

        None where the model knows nothing of the line. fastText adds 1e-5 to each probability: it may be over 1.
        """
        label, logarithm = kernels.predict(
            np.frombuffer(line, np.uint8),
            self._dictionary,
            self._inputs,
            self._outputs,
            self._children,
            self._is_softmax,
        )
        return None if label < 0 else (self.labels[label], float(np.float32(math.exp(logarithm))))

    def probability(self, line: bytes, label: str) -> float:
        """The probability of one label as `predict` has it; 0 where the model knows nothing of the line.

        For models with softmax (not hierarchical) or labels judged by themselves. Raises ValueError for another label.
        """
        place = self.labels.index(label)
        rows = kernels.find_rows(np.frombuffer(line, np.uint8), self._dictionary)
        if not len(rows):
            return 0.0
        hidden = kernels.mean_row(rows, self._inputs)
        return float(kernels.probabilities(self._outputs, hidden, self._is_softmax)[place]) + kernels.TINY


@functools.cache
def load_model(path: str) -> FastTextModel:
    """One model per process and path. Raises as the class does."""
    return FastTextModel(path)


class _Reader:
    """A cursor in the bytes of a file."""

    def __init__(self, path: str, data: bytes | mmap.mmap) -> None:
        self.path = path
        self.data = data
        self.place = 0

    def values(self, layout: str) -> tuple[Any, ...]:
        """Little-endian values of `struct`."""
        values = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return values

    def entry(self) -> tuple[bytes, int, int]:
        """A word of the dictionary, its count, and whether it is a label."""
        end = self.data.find(b"\0", self.place)
        if end < 0:
            raise ValueError("a word has no end")
        word = self.data[self.place : end]
        self.place = end + 1
        count, kind = self.values("qb")
        return word, count, kind

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Values of one kind, not copied."""
        array = np.frombuffer(self.data, kind, count, self.place)
        self.place += array.nbytes
        return array

    def matrix(self, is_quantised: bool) -> npt.NDArray[np.float32]:
        """A matrix of float32; one that is quantised is unpacked."""
        has_norms = is_quantised and self.values("?")[0]
        rows, columns = self.values("2q")
        if not is_quantised:
            return self.array("<f4", rows * columns).reshape(rows, columns)
        (num_codes,) = self.values("i")
        codes = self.array("u1", num_codes).reshape(rows, -1)
        unpacked = self.centroids(codes)
        if has_norms:
            unpacked *= self.centroids(self.array("u1", rows).reshape(rows, 1))
        return unpacked

    def centroids(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Rows from their codes: each names one of 256 centroids for a few dimensions. [rows, dim]"""
        dim, parts, width, last = self.values("4i")
        book = self.array("<f4", dim * NUM_CENTROIDS)
        rows = np.empty((len(codes), dim), np.float32)
        for part in range(parts):
            size = last if part == parts - 1 else width
            start = part * NUM_CENTROIDS * width
            of_part = book[start : start + NUM_CENTROIDS * size].reshape(NUM_CENTROIDS, size)
            rows[:, part * width : part * width + size] = of_part[codes[:, part]]
        return rows

    def broken(self, why: str) -> InputError:
        """The error for a fastText file that cannot be used."""
        return self.error(f"is a fastText model that cannot be read: {why}. Copy the file again")

    def error(self, what: str) -> InputError:
        """The error for an invalid file."""
        return InputError(f"{self.path} {what}. Expected a whole supervised fastText .bin or .ftz file.")
