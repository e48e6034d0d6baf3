import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.errors import FormatError
from sluice.core.ids import mix64
from sluice.data.sample import mix64_all
from sluice.text.rules.signal_sample import read_sample, read_texts
from tests.helpers.docs_table import document, rejection, write_run

SIGNALS = ("n_words", "han_share")


def rows(count=30):
    found = []
    for i in range(count):
        language = "en" if i % 3 else "zh"
        share = None if i == 3 else i / 100
        found.append(document(i, language, score=0.5 + i / 100, text=f" text\n{i} ", n_words=i, han_share=share))
    return [
        *found,
        rejection(900, "zh", 0.2),
        rejection(901, "zh", 0.1, reason="too_short"),
        rejection(902, None, None),
    ]


def values(sample, name):
    return sorted(sample.signals[name].tolist())


@given(st.lists(st.integers(0, (1 << 63) - 1)), st.integers(0, 1 << 20))
def test_vectorized_hashes_equal_the_plain_function(ids, seed):
    assert mix64_all(np.array(ids, np.int64), seed).tolist() == [mix64(i, seed) for i in ids]


def test_a_small_language_is_sampled_completely_with_its_signals(tmp_path):
    found = read_sample(write_run(tmp_path, rows()), ["zh", "en"], SIGNALS, 100, 0)
    assert (found["zh"].num_documents, found["en"].num_documents) == (10, 20)
    assert values(found["zh"], "n_words") == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]
    by_words = dict(zip(found["zh"].signals["n_words"], found["zh"].signals["han_share"], strict=True))
    assert np.isnan(by_words[3])
    assert by_words[27] == pytest.approx(0.27)


def test_language_scores_include_rejected_pages(tmp_path):
    found = read_sample(write_run(tmp_path, rows()), ["zh"], SIGNALS, 100, 0)
    assert len(found["zh"].language_scores) == 11
    assert min(found["zh"].language_scores) == pytest.approx(0.2)


def test_a_sample_does_not_depend_on_files_groups_or_order(tmp_path):
    one = read_sample(write_run(tmp_path / "a", rows()), ["en"], SIGNALS, 7, 3)
    other = write_run(tmp_path / "b", rows()[::-1], files=3, group_rows=2)
    two = read_sample(other, ["en"], SIGNALS, 7, 3)
    assert one["en"].signals["n_words"].tolist() == two["en"].signals["n_words"].tolist()
    assert len(one["en"].places) == 7
    hashes = [mix64(int(n), 3) for n in one["en"].signals["n_words"]]
    smallest = sorted(mix64(i, 3) for i in range(30) if i % 3)[:7]
    assert hashes == smallest


def test_texts_are_read_for_the_sampled_rows(tmp_path):
    output = write_run(tmp_path, rows(), files=3, group_rows=2)
    sample = read_sample(output, ["en"], SIGNALS, 100, 0)["en"]
    texts = read_texts(output, sample, [4, 0])
    assert {i: f"text {int(sample.signals['n_words'][i])}" for i in (0, 4)} == {i: t for i, (_, t) in texts.items()}


def test_the_sample_of_a_language_without_documents_is_empty(tmp_path):
    found = read_sample(write_run(tmp_path, rows()), ["fr"], SIGNALS, 100, 0)["fr"]
    assert (found.num_documents, found.places.shape, found.signals["n_words"].shape) == (0, (0, 3), (0,))


def test_a_table_of_another_kind_is_an_error_with_its_name(tmp_path):
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"a\.parquet has no column 'doc_id'"):
        read_sample(str(tmp_path), ["en"], SIGNALS, 10, 0)


def test_a_table_without_signals_is_an_error_with_its_name(tmp_path):
    columns = {"doc_id": [1], "language": ["en"], "reason": pa.nulls(1, pa.string()), "language_score": [0.5]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(
        FormatError, match=r"a\.parquet has no column 'signals'.*Expected the output of `sluice run extract`"
    ):
        read_sample(str(tmp_path), ["en"], SIGNALS, 10, 0)


def test_a_signal_that_is_not_stored_is_an_error_with_its_name(tmp_path):
    with pytest.raises(FormatError, match=r"has no signal 'of_tomorrow'.*Run `sluice run extract` again"):
        read_sample(write_run(tmp_path, rows()), ["en"], ["of_tomorrow"], 10, 0)
