"""Bad input of jobs/dedup.py on a heap of 1 GB; most cases are in tests/spark/sources/test_table_dedup.py."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.bench.dedup.check_kills import command, run_and_kill


@pytest.mark.exhaustive
def test_a_text_of_a_hundred_megabytes_in_parquet_is_processed(tmp_path):
    huge = " ".join(map(str, range(12_600_000)))
    assert len(huge) > 100_000_000
    few = [{"id": "a", "text": "Too short."}, {"id": "null", "text": None}, {"id": "empty", "text": " \n"}]
    rows = [{"id": "huge", "text": huge}, {"id": "copy", "text": huge}, *few]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    done = run_and_kill(command(tmp_path / "a.parquet", tmp_path / "out", "local[2]"), [], tmp_path / "out")
    assert done.code == 0, done.log[-4000:]
    dedup = tmp_path / "out" / "dedup"
    (gone,) = pq.read_table(dedup / "removals").to_pylist()
    assert {gone["id"], gone["duplicate_of"]} == {"huge", "copy"}
    assert (gone["step"], gone["jaccard"]) == ("exact", 1.0)
    summary = json.loads((dedup / "_summary.json").read_text())
    assert (summary["too_long_for_near"], summary["too_short_for_near"]) == (2, 1)
    assert summary["ledgers"][0]["dropped"] == {"empty": 1, "exact": 1, "null_text": 1}
    kept = {row["id"]: row["text"] for row in pq.read_table(dedup / "kept").to_pylist()}
    assert kept == {gone["duplicate_of"]: huge, "a": "Too short."}
