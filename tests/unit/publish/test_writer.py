"""Files of a published dataset: the same bytes for any batches, bounded row groups, both formats."""

import hashlib
import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.publish import writer
from sluice.publish.writer import plain_schema, row_groups, write_files
from tests.helpers.published import json_rows

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string()), ("score", pa.float64())])
ROWS = [
    {"id": 7, "text": "今天天气很好。", "score": 0.1},
    {"id": 8, "text": None, "score": None},
    {"id": 9, "text": 'a "quoted"\nline', "score": 1e-300},
]


def batches(rows, cuts=()):
    """Rows as batches that end at `cuts`."""
    ends = [0, *sorted({cut for cut in cuts if cut < len(rows)}), len(rows)]
    return [pa.RecordBatch.from_pylist(rows[a:b], schema=SCHEMA) for a, b in itertools.pairwise(ends)]


def write(directory, given, **options):
    settings = {"schema": SCHEMA, "text": "text", "formats": ("parquet", "jsonl"), "language": "zh", "split": "train"}
    return write_files(str(directory), "data/zh/train-00000-of-00001", given, **{**settings, **options})


def test_both_formats_have_the_rows_value_for_value_and_the_descriptions_their_counts(tmp_path):
    parquet, lines = write(tmp_path, batches(ROWS))
    assert parquet.path == "data/zh/train-00000-of-00001.parquet"
    assert lines.path == "data/zh/train-00000-of-00001.jsonl.zst"
    assert pq.read_table(tmp_path / parquet.path).to_pylist() == ROWS
    assert json_rows(tmp_path / lines.path) == ROWS
    for file in (parquet, lines):
        data = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert (file.rows, file.characters, file.text_bytes) == (3, 22, 36)
    assert pq.ParquetFile(tmp_path / parquet.path).metadata.row_group(0).column(1).compression == "ZSTD"


def test_a_file_without_rows_has_the_schema(tmp_path):
    parquet, lines = write(tmp_path, [])
    assert pq.read_schema(tmp_path / parquet.path) == SCHEMA
    assert (parquet.rows, json_rows(tmp_path / lines.path)) == (0, [])


@given(
    st.lists(st.one_of(st.none(), st.text("a中\n", max_size=9)), max_size=30), st.sets(st.integers(0, 29)), st.data()
)
@settings(max_examples=50)
def test_the_bytes_of_a_file_do_not_depend_on_the_batches(tmp_path_factory, texts, cuts, data):
    rows = [{"id": i, "text": text, "score": None} for i, text in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "ROW_GROUP_ROWS", data.draw(st.integers(1, 8)))
        patch.setattr(writer, "ROW_GROUP_BYTES", data.draw(st.integers(1, 40)))
        one, other = (tmp_path_factory.mktemp(name) for name in ("one", "other"))
        assert write(one, batches(rows)) == write(other, batches(rows, cuts))


def test_a_row_group_ends_with_the_row_that_reaches_a_limit(monkeypatch):
    monkeypatch.setattr(writer, "ROW_GROUP_ROWS", 3)
    monkeypatch.setattr(writer, "ROW_GROUP_BYTES", 10)
    lengths = [4, 4, 4, 1, 1, 1, 1, 20, 9, 1, 2]
    rows = [{"id": i, "text": "x" * length} for i, length in enumerate(lengths)]
    tables = list(row_groups(batches(rows, (2, 5)), SCHEMA, "text"))
    assert [table["id"].to_pylist() for table in tables] == [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9], [10]]
    assert all(table["text"].num_chunks == 1 for table in tables)


def test_row_groups_of_the_file_are_those_of_the_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "ROW_GROUP_ROWS", 2)
    (file,) = write(tmp_path, batches(ROWS), formats=("parquet",))
    metadata = pq.ParquetFile(tmp_path / file.path).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2, 1]


def test_an_error_leaves_no_file(tmp_path):
    def broken():
        yield from batches(ROWS)
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        write(tmp_path, broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_schema_of_a_file_does_not_depend_on_how_spark_passes_strings():
    passed = pa.schema(
        [pa.field("text", pa.large_string(), nullable=False, metadata={"k": "v"}), pa.field("raw", pa.large_binary())]
    )
    assert plain_schema(passed) == pa.schema([("text", pa.string()), ("raw", pa.binary())])
    assert plain_schema(passed).field("text").nullable
