from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import StageError
from sluice.data.dataset import packing
from sluice.data.dataset.manifest import SpecialIds
from sluice.data.dataset.packing import PackingCounts, pack

IDS = SpecialIds()  # pad 0, bos 1, eos 2, unk 3


def packed(documents, seq_len=3, dtype="uint16", **options):
    counts = PackingCounts()
    blocks = list(pack(documents, counts, seq_len=seq_len, dtype=dtype, ids=IDS, **options))
    return [row for block in blocks for row in block.tolist()], counts


def test_windows_overlap_by_one_and_the_tail_of_train_is_dropped_and_counted():
    windows, counts = packed([([10, 11, 12], 5), ([], 0), ([13, 14, 15], 7)])
    assert windows == [[10, 11, 12, 2], [2, 2, 13, 14]]
    assert counts == PackingCounts(
        records=2, docs=3, utf8_bytes=12, tokens_in=9, tokens=7, dropped_tokens=2, padded_tokens=0
    )


def test_the_tail_of_valid_is_padded_so_that_every_target_is_scored():
    windows, counts = packed([([10, 11, 12], 5), ([], 0), ([13, 14, 15], 7)], pad_tail=True)
    assert windows == [[10, 11, 12, 2], [2, 2, 13, 14], [14, 15, 2, 0]]
    assert (counts.tokens, counts.dropped_tokens, counts.padded_tokens) == (9, 0, 1)


def test_bos_begins_each_document():
    windows, _ = packed([([10], 1), ([11], 1)], seq_len=5, add_bos=True)
    assert windows == [[1, 10, 2, 1, 11, 2]]


@pytest.mark.parametrize("pad_tail", [False, True])
def test_an_empty_input_has_no_window(pad_tail):
    assert packed([], pad_tail=pad_tail) == ([], PackingCounts())


def test_one_token_has_no_target_and_is_dropped_even_where_tails_are_padded():
    windows, counts = packed([([], 0)], pad_tail=True)
    assert windows == []
    assert (counts.tokens_in, counts.tokens, counts.dropped_tokens) == (1, 0, 1)


def test_a_tail_without_a_new_token_makes_no_record():
    windows, counts = packed([([10, 11, 12], 3)], pad_tail=True)
    assert windows == [[10, 11, 12, 2]]
    assert (counts.dropped_tokens, counts.padded_tokens) == (0, 0)


def test_blocks_have_the_requested_dtype():
    counts = PackingCounts()
    (block,) = pack([([70_000], 1)], counts, seq_len=1, dtype="int32", ids=IDS)
    assert block.dtype == np.int32
    assert block.tolist() == [[70_000, 2]]


@pytest.mark.parametrize(("bad", "shown"), [(65_536, "65536"), (-1, "-1")])
def test_an_id_outside_the_dtype_is_an_error(bad, shown):
    with pytest.raises(StageError, match=f"contains id {shown}; uint16 shards allow 0 to 65535"):
        packed([([5, bad], 1)])


@pytest.mark.parametrize("special", [0, 2])
def test_pad_and_eos_inside_a_document_are_errors(special):
    with pytest.raises(StageError, match="which only packing may place"):
        packed([([5, special, 6], 1)])


documents = st.lists(st.tuples(st.lists(st.integers(3, 9), max_size=12), st.integers(0, 40)), max_size=12)


@given(documents, st.integers(1, 9), st.booleans(), st.booleans(), st.integers(1, 30))
def test_counts_balance_and_joined_windows_equal_the_token_stream(docs, seq_len, add_bos, pad_tail, flush):
    stream = [token for ids, _ in docs for token in ([1] if add_bos else []) + ids + [2]]
    default = packing.FLUSH_TOKENS
    packing.FLUSH_TOKENS = flush
    try:
        windows, counts = packed(docs, seq_len, add_bos=add_bos, pad_tail=pad_tail)
    finally:
        packing.FLUSH_TOKENS = default

    assert all(len(window) == seq_len + 1 for window in windows)
    assert all(a[-1] == b[0] for a, b in pairwise(windows))
    joined = windows[0][:1] + [token for window in windows for token in window[1:]] if windows else []
    real = [token for token in joined if token != 0]
    assert joined == real + [0] * counts.padded_tokens
    assert real == stream[: len(real)]
    assert len(real) == counts.tokens
    assert counts.dropped_tokens == len(stream) - len(real)
    assert counts.records == len(windows)
    assert counts.docs == len(docs)
    assert counts.utf8_bytes == sum(size for _, size in docs)
    if pad_tail:
        assert counts.padded_tokens < seq_len
        assert counts.dropped_tokens == (1 if len(stream) == 1 else 0)
    else:
        assert counts.padded_tokens == 0
        assert counts.dropped_tokens <= (seq_len - 1 if windows else seq_len)
