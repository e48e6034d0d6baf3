"""Parquet tables written by tasks: files that appear at once, folders of values, the list that completes a table."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.errors import FormatError
from sluice.data import parquet_parts
from sluice.data.parquet_parts import (
    FILES,
    PartFile,
    PartWriter,
    partition_values,
    read_list,
    read_part,
    write_empty,
    write_list,
)

SCHEMA = pa.schema([("id", pa.int64()), ("kind", pa.string()), ("text", pa.string())])
ROWS = [(1, "doc", "一"), (2, "quarantine", None), (3, "doc", "three"), (4, "doc", "")]


def batches(rows=ROWS, size=2):
    columns = list(zip(*rows, strict=True))
    whole = pa.RecordBatch.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )
    return [whole.slice(i, size) for i in range(0, len(rows), size)]


def test_rows_are_in_the_folder_of_their_value_in_their_order(tmp_path):
    with PartWriter(str(tmp_path), "part-7", SCHEMA, by="kind") as writer:
        for batch in batches():
            writer.write(batch)
        assert not list(tmp_path.rglob("*.parquet"))
    assert [(file.path, file.rows) for file in writer.files] == [
        ("kind=doc/part-7.parquet", 3),
        ("kind=quarantine/part-7.parquet", 1),
    ]
    documents = pq.read_table(tmp_path / "kind=doc" / "part-7.parquet", partitioning=None)
    assert documents.to_pylist() == [{"id": 1, "text": "一"}, {"id": 3, "text": "three"}, {"id": 4, "text": ""}]
    for file in writer.files:
        data = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_row_groups_end_by_bytes_and_bytes_do_not_depend_on_time(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_parts, "ROW_GROUP_BYTES", 40)
    for name in ("a", "b"):
        with PartWriter(str(tmp_path), name, SCHEMA) as writer:
            for batch in batches(size=1):
                writer.write(batch)
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups in (2, 3, 4)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert [row for b in read_part(str(tmp_path / "a.parquet"), SCHEMA, {}, 3) for row in b.to_pylist()] == [
        dict(zip(SCHEMA.names, row, strict=True)) for row in ROWS
    ]


def test_an_error_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError), PartWriter(str(tmp_path), "a", SCHEMA, by="kind") as writer:
        writer.write(batches()[0])
        raise ZeroDivisionError
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_values_of_folders_are_columns_when_read(tmp_path):
    with PartWriter(str(tmp_path), "a", SCHEMA, by="kind") as writer:
        writer.write(batches(size=4)[0])
    path = str(tmp_path / writer.files[1].path)
    assert partition_values(path, SCHEMA.names) == {"kind": "quarantine"}
    wanted = pa.schema([SCHEMA.field("kind"), SCHEMA.field("id")])
    (batch,) = read_part(path, wanted, {"kind": "quarantine"}, 10)
    assert batch.to_pylist() == [{"kind": "quarantine", "id": 2}]
    assert partition_values("x/batch=00001/kind=doc/a=b.parquet", ["kind", "a"]) == {"kind": "doc"}


def test_a_table_is_complete_with_its_list(tmp_path):
    assert read_list(str(tmp_path)) is None
    files = [PartFile("b.parquet", 1, 2, "x"), *write_empty(str(tmp_path), SCHEMA)]
    write_list(str(tmp_path), files)
    assert [file.path for file in read_list(str(tmp_path)) or []] == ["b.parquet", "part-00000.parquet"]
    assert pq.read_table(tmp_path / "part-00000.parquet").schema == SCHEMA
    (tmp_path / FILES).write_text(json.dumps([{"path": 3}]))
    with pytest.raises(FormatError, match=r"_files\.json is damaged.*run the job again"):
        read_list(str(tmp_path))
