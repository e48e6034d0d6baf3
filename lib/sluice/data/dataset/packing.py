"""Packs documents of token ids into windows of L + 1 tokens; each begins with the last token of the previous one.

    stream    a b c d e f g h i     (concatenated documents, each ended by eos)
    L = 3     a b c d
                    d e f g
                          g h i _   tail: dropped (train) or filled with pad (valid, test)

With `x = window[:-1]` and `y = window[1:]`, every token of the stream except the first is scored exactly once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sluice.core.errors import StageError
from sluice.data.dataset.manifest import SpecialIds

FLUSH_TOKENS = 1 << 18
"""Number of tokens buffered before windows are cut. Bounds memory to this plus one document; no effect on results."""


@dataclass(slots=True)
class PackingCounts:
    """Token counts of one packed stream. `balance` states the two equations that hold at its end.

    A token that ends one window and begins the next is counted once.
    """

    records: int = 0
    docs: int = 0
    """Number of input documents, including those partly in the dropped tail."""
    utf8_bytes: int = 0
    """UTF-8 bytes of those documents."""
    tokens_in: int = 0
    """Length of the stream: ids of the documents, their eos and, if requested, their bos."""
    tokens: int = 0
    """Tokens of the stream in windows, without padding."""
    dropped_tokens: int = 0
    """Tokens of the stream in no window."""
    padded_tokens: int = 0
    """Padding tokens in the last window."""

    def balance(self, seq_len: int) -> "PackingCounts":
        """Returns itself. Raises StageError unless both equations hold:

        tokens_in = tokens + dropped_tokens, and tokens + padded_tokens = records x L + 1 (0 without a record).
        """
        places = self.records * seq_len + (self.records > 0)
        if self.tokens_in != self.tokens + self.dropped_tokens or self.tokens + self.padded_tokens != places:
            raise StageError(
                f"The token counts of a shard with L = {seq_len} do not balance: {self}. Please report it."
            )
        return self


def pack(
    documents: Iterable[tuple[ArrayLike, int]],
    counts: PackingCounts,
    *,
    seq_len: int,
    dtype: str,
    ids: SpecialIds,
    add_bos: bool = False,
    pad_tail: bool = False,
) -> Iterator[NDArray[Any]]:
    """Yields blocks [n, L + 1] of `dtype` with the windows of all documents in order, and updates `counts`.

    documents: (ids, UTF-8 bytes of the text). An empty document consists of its eos only.
    A tail of fewer than L new tokens is dropped or, with `pad_tail`, padded if it has at least one target.
    Raises StageError for ids outside of `dtype`, and for pad or eos inside a document: pad would not be scored, and eos
    would end the document too early.
    """
    rest = np.empty(0, dtype=np.int64)  # tokens not yet in a window, and the last token of the last window
    for fresh in _token_chunks(documents, counts, dtype, ids, add_bos):
        stream = np.concatenate([rest, fresh])
        windows = max(0, len(stream) - 1) // seq_len
        rest = stream[windows * seq_len :]
        if windows:
            counts.records += windows
            yield np.lib.stride_tricks.sliding_window_view(stream, seq_len + 1)[::seq_len].astype(dtype)
    if pad_tail and len(rest) > 1:
        counts.padded_tokens = seq_len + 1 - len(rest)
        counts.records += 1
        yield np.pad(rest, (0, counts.padded_tokens), constant_values=ids.pad).astype(dtype)[None, :]
    else:
        counts.dropped_tokens = len(rest) - (counts.records > 0)
    counts.tokens = counts.tokens_in - counts.dropped_tokens
    counts.balance(seq_len)


def _token_chunks(
    documents: Iterable[tuple[ArrayLike, int]], counts: PackingCounts, dtype: str, ids: SpecialIds, add_bos: bool
) -> Iterator[NDArray[np.int64]]:
    """Yields the token stream in pieces of whole documents with at least FLUSH_TOKENS tokens, except the last."""
    bos = np.array([ids.bos] if add_bos else [], dtype=np.int64)
    eos = np.array([ids.eos], dtype=np.int64)
    pieces: list[NDArray[np.int64]] = []
    docs = size = 0
    for document, utf8_bytes in documents:
        piece = np.asarray(document, dtype=np.int64)
        pieces += (bos, piece, eos)
        docs, size = docs + 1, size + len(bos) + len(piece) + 1
        counts.docs += 1
        counts.utf8_bytes += utf8_bytes
        if size >= FLUSH_TOKENS:
            counts.tokens_in += size
            yield _checked(np.concatenate(pieces), docs, dtype, ids)
            pieces, docs, size = [], 0, 0
    if pieces:
        counts.tokens_in += size
        yield _checked(np.concatenate(pieces), docs, dtype, ids)


def _checked(tokens: NDArray[np.int64], docs: int, dtype: str, ids: SpecialIds) -> NDArray[np.int64]:
    low, high, limit = int(tokens.min()), int(tokens.max()), np.iinfo(dtype).max
    if low < 0 or high > limit:
        raise StageError(f"A document contains id {low if low < 0 else high}; {dtype} shards allow 0 to {limit}.")
    if (tokens == ids.pad).any() or np.count_nonzero(tokens == ids.eos) != docs:
        raise StageError(
            f"A document contains the id of <pad> ({ids.pad}) or <eos> ({ids.eos}), which only packing may place. "
            "Encode texts with sluice.data.dataset.tokenizer, which never produces special tokens from text."
        )
    return tokens
