"""Deduplication of a small table in one process: values by hand; tests/spark compares it with the stage on Spark."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.config.dedup import DedupConfig, SourceConfig
from sluice.core.config.schema import Config, SparkConfig
from sluice.core.errors import ConfigError, InputError, StageError
from sluice.in_memory.dedup import dedup_table, fits
from tests.helpers.duplicated_rows import EXPECTED, FOX, ROWS


def write_lines(path, rows):
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def config_of(tmp_path, *inputs, **source):
    return Config(output=str(tmp_path / "out"), source=SourceConfig(inputs=tuple(map(str, inputs)), **source))


def result(tmp_path):
    folder = tmp_path / "out" / "dedup"
    removals = pq.read_table(folder / "removals").to_pylist()
    return removals, json.loads((folder / "_summary.json").read_text())


def test_rows_are_removed_and_the_others_are_kept_in_order_as_they_were(tmp_path):
    files = [write_lines(tmp_path / "a.jsonl", ROWS[:5]), write_lines(tmp_path / "b.jsonl", ROWS[5:])]
    dedup_table(config_of(tmp_path, *files), force=False)
    removals, summary = result(tmp_path)
    assert {(row["id"], row["step"], row["duplicate_of"]) for row in removals} == EXPECTED
    assert summary["ledgers"] == [
        {"unit": "documents", "in": 11, "out": 4, "dropped": {"empty": 1, "exact": 3, "near": 2, "null_text": 1}}
    ]
    assert (summary["too_short_for_near"], summary["too_long_for_near"], summary["files"]) == (2, 0, 2)
    kept = [gzip.decompress(path.read_bytes()) for path in sorted((tmp_path / "out" / "dedup" / "kept").glob("*"))]
    gone = {row[0] for row in EXPECTED} | {"null", "empty"}
    expected = [json.dumps(row, ensure_ascii=False) for row in ROWS if row["id"] not in gone]
    assert b"".join(kept).decode().splitlines() == expected
    copies = pq.read_table(tmp_path / "out" / "dedup" / "copies").to_pylist()
    assert {row["id"]: row["n_copies"] for row in copies} == {"en-longer": 3, "zh-longer": 3, "short": 2}
    edges = pq.read_table(tmp_path / "out" / "dedup" / "edges").to_pylist()
    assert [(row["u"], row["v"]) for row in edges] == [("en-longer", "en"), ("zh-longer", "zh")]


def test_quality_decides_before_length_and_other_columns_are_kept(tmp_path):
    rows = [{"key": i, "body": row["text"], "n": i * 1.5, "tags": [i]} for i, row in enumerate(ROWS)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    dedup_table(config_of(tmp_path, tmp_path / "a.parquet", id="key", text="body", quality="n"), force=False)
    removals, _ = result(tmp_path)
    assert {(row["id"], row["duplicate_of"]) for row in removals} == {
        ("0", "2"),
        ("1", "2"),
        ("3", "5"),
        ("4", "5"),
        ("7", "8"),
    }
    assert pq.read_table(tmp_path / "out" / "dedup" / "kept").to_pylist() == [rows[i] for i in (2, 5, 6, 8)]


def test_a_table_without_rows_or_texts_has_an_empty_result(tmp_path):
    write_lines(tmp_path / "a.jsonl", [])
    dedup_table(config_of(tmp_path, tmp_path / "a.jsonl"), force=False)
    removals, summary = result(tmp_path)
    assert removals == []
    assert summary["ledgers"] == [{"unit": "documents", "in": 0, "out": 0, "dropped": {}}]
    write_lines(tmp_path / "b.jsonl", ROWS[9:])
    dedup_table(config_of(tmp_path, tmp_path / "b.jsonl"), force=True)
    assert result(tmp_path)[1]["ledgers"][0]["dropped"] == {"empty": 1, "null_text": 1}


def test_unreadable_rows_and_repeated_ids_are_errors_that_name_them(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [ROWS[0], "{broken", ROWS[6]])
    with pytest.raises(StageError, match=r"1 of 3 rows cannot be read.*a\.jsonl, byte \d+: not a JSON object"):
        dedup_table(config_of(tmp_path, path), force=False)
    dedup_table(config_of(tmp_path, path, max_unreadable_share=0.5), force=True)
    (bad,) = pq.read_table(tmp_path / "out" / "dedup" / "quarantine").to_pylist()
    assert bad["place"].startswith(f"{path}, byte ")
    path = write_lines(tmp_path / "b.jsonl", [*ROWS, ROWS[0], ROWS[3], ROWS[3]])
    with pytest.raises(InputError, match=r"'en' \(2 times: .*b\.jsonl, byte 0 and .*\); 'zh' \(3 times: "):
        dedup_table(config_of(tmp_path, path), force=True)
    assert not (tmp_path / "out" / "dedup" / "_summary.json").exists()


def test_a_finished_table_is_not_repeated_and_other_settings_are_an_error(tmp_path):
    config = config_of(tmp_path, write_lines(tmp_path / "a.jsonl", ROWS))
    dedup_table(config, force=False)
    before = (tmp_path / "out" / "dedup" / "_summary.json").stat().st_mtime_ns
    dedup_table(config, force=False)
    assert (tmp_path / "out" / "dedup" / "_summary.json").stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="belongs to another configuration"):
        dedup_table(Config(output=config.output, source=config.source, dedup=DedupConfig(threshold=0.9)), force=False)


def test_spark_is_used_for_large_tables_by_spark_submit_and_for_what_only_it_has(tmp_path, monkeypatch):
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    path = write_lines(tmp_path / "a.jsonl", [{"id": "a", "text": FOX}] * 10)
    size = (tmp_path / "a.jsonl").stat().st_size
    source = SourceConfig(inputs=(path,))

    def uses_memory(least, **dedup):
        return fits(Config(source=source, dedup=DedupConfig(**dedup), spark=SparkConfig(min_table_bytes=least)))

    assert uses_memory(size + 1)
    assert not uses_memory(size)
    assert not uses_memory(0)
    for dedup in ({"urls": "best"}, {"earlier": ("index",)}, {"write_index": True}):
        assert not uses_memory(size + 1, **dedup)
    assert not fits(Config())
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert not uses_memory(size + 1)
