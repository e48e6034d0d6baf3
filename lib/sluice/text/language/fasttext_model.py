"""fastText's supervised models, read from their files and evaluated with our own kernel.

Labels and probabilities equal those of the fasttext package, the reference in tests, at a multiple of its speed:
quantised rows are unpacked once, hashes of character n-grams are extended incrementally, and nothing is allocated per
word. Models that are not quantised are memory-mapped, so that all workers of a host share them (GlotLID's has 1.6 GB).
Format and arithmetic as in facebookresearch/fastText 0.9.3 `args.cc`, `dictionary.cc`, `quantmatrix.cc`,
`productquantizer.cc`, `loss.cc`.
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
"""fastText's codes of these losses. The others, 2 and 4 (negative sampling, one-vs-all), score each label
separately."""
LABEL_ENTRY = 1
NUM_CENTROIDS = 256
OLD = 11
"""Supervised models up to this version have no character n-grams, whatever their settings."""


class Dictionary(NamedTuple):
    """The tables in which `language.kernels.fasttext.find_rows` looks up words."""

    names: npt.NDArray[np.uint8]
    """All words, concatenated."""
    offsets: npt.NDArray[np.int64]
    """Start of each word in `names`, [words + 1]."""
    table: npt.NDArray[np.int32]
    min_n: int
    max_n: int
    """Maximum length of character n-grams; 0 for none."""
    word_ngrams: int
    buckets: int
    known: npt.NDArray[np.uint64]
    """A bit per bucket that a pruned model has kept. These fit in a core's cache, `places` do not."""
    places: npt.NDArray[np.int32]
    """Row of each bucket after the words, [buckets]; -1 if pruned. Empty if the model is not pruned."""


class FastTextModel:
    """A supervised model. Not picklable: load it in each process."""

    def __init__(self, path: str) -> None:
        """Raises InputError if the file is not a complete supervised fastText model."""
        with Path(path).open("rb") as file:
            is_empty = not file.seek(0, 2)
            reader = _Reader(path, b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            loss = self._read(reader)
        except (struct.error, ValueError, IndexError):
            raise reader.broken("it is truncated or damaged") from None
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
                f"is a fastText file of version {version} with a {KINDS.get(kind, kind)} model, but a supervised model "
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
        """Returns the number of occurrences of each label, and the number of rows that the matrix must have."""
        _, max_n, word_ngrams = sizes
        _, num_words, num_labels = reader.values("3i")
        _, num_pruned = reader.values("2q")
        entries = [reader.entry() for _ in range(num_words + num_labels)]
        self.labels = tuple(word.decode("utf-8") for word, _, _ in entries[num_words:])
        """Includes fastText's prefix `__label__`."""
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
        """Returns the most probable label of a line in UTF-8 and its probability. Line ends count as spaces.

        None if the model knows no feature of the line. fastText adds 1e-5 to each probability, so it may exceed 1.
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

    def probabilities(self, line: bytes) -> dict[str, float]:
        """Returns the probabilities of all labels, in the order of `labels`. Empty if no feature is known.

        Those of `predict`, before fastText adds 1e-5 (in a tree of labels: at each node). They sum to 1, except in
        models that score each label separately.
        """
        rows = kernels.find_rows(np.frombuffer(line, np.uint8), self._dictionary)
        if not len(rows):
            return {}
        hidden = kernels.mean_row(rows, self._inputs)
        if self.is_hierarchical:
            scores = kernels.leaf_probabilities(self._outputs, hidden, self._children)
        else:
            scores = kernels.probabilities(self._outputs, hidden, self._is_softmax)
        return dict(zip(self.labels, scores.tolist(), strict=True))

    def probability(self, line: bytes, label: str) -> float:
        """Returns the probability of one label as `predict` computes it; 0 if the model knows no feature of the line.

        For models with softmax (not hierarchical) or independently scored labels. Raises ValueError for an unknown
        label.
        """
        place = self.labels.index(label)
        rows = kernels.find_rows(np.frombuffer(line, np.uint8), self._dictionary)
        if not len(rows):
            return 0.0
        hidden = kernels.mean_row(rows, self._inputs)
        return float(kernels.probabilities(self._outputs, hidden, self._is_softmax)[place]) + kernels.TINY


@functools.cache
def load_model(path: str) -> FastTextModel:
    """Loads a model, once per process and path. Raises as the class does."""
    return FastTextModel(path)


class _Reader:
    """A cursor over the bytes of a file."""

    def __init__(self, path: str, data: bytes | mmap.mmap) -> None:
        self.path = path
        self.data = data
        self.place = 0

    def values(self, layout: str) -> tuple[Any, ...]:
        """Reads little-endian values in a `struct` layout."""
        values = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return values

    def entry(self) -> tuple[bytes, int, int]:
        """Reads a dictionary word, its count, and whether it is a label."""
        end = self.data.find(b"\0", self.place)
        if end < 0:
            raise ValueError("a word has no end")
        word = self.data[self.place : end]
        self.place = end + 1
        count, kind = self.values("qb")
        return word, count, kind

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Reads values of one type without copying."""
        array = np.frombuffer(self.data, kind, count, self.place)
        self.place += array.nbytes
        return array

    def matrix(self, is_quantised: bool) -> npt.NDArray[np.float32]:
        """Reads a float32 matrix; unpacks a quantised one."""
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
        """Decodes rows: each code selects one of 256 centroids for a few dimensions. Returns [rows, dim]."""
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
        """Returns the error for a fastText file that cannot be used."""
        return self.error(f"is a fastText model that cannot be read: {why}. Copy the file again")

    def error(self, what: str) -> InputError:
        """Returns the error for an invalid file."""
        return InputError(f"{self.path} {what}. Expected a complete supervised fastText .bin or .ftz file.")
