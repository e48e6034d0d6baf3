"""Results of `sluice run dedup`, `decontaminate` and `line_dedup` on a user's table."""

import gzip
import json

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.config.dedup import SourceConfig
from sluice.core.errors import InputError
from sluice.view.index import open_index
from sluice.view.query import Filter
from sluice.view.search import SearchIndex
from sluice.view.stages import read_stages

ROWS = [
    {"key": "a", "body": "The bridge is long.\nFooter", "link": "https://a.example/1"},
    {"key": "b", "body": "The bridge is old.\nFooter", "link": "https://a.example/2"},
    {"key": "中", "body": "今天天气很好", "link": None},
    {"key": "empty", "body": None, "link": "http://["},
]
REMOVED = {
    "id": ["b"],
    "step": ["near"],
    "duplicate_of": ["a"],
    "matched_id": ["a"],
    "is_earlier": [False],
    "jaccard": [0.9],
}


def write_stage(output, name, table, tables, **columns):
    """Writes a finished stage on a table, and its result tables."""
    source = msgspec.to_builtins(SourceConfig(inputs=(str(table),), id="key", text="body", url="link"))
    del source["max_unreadable_share"]
    settings = {"source": source, "files": [[str(table), table.stat().st_size]]}
    folder = output / name
    folder.mkdir(parents=True)
    marker = {"stage": name, "digest": name, "upstream": None, "settings": settings}
    for file in ("_stage.json", "_summary.json"):
        (folder / file).write_text(json.dumps(marker))
    for path, rows in tables.items():
        (folder / path).mkdir()
        pq.write_table(pa.table(rows), folder / path / "part-0.parquet")


@pytest.fixture(params=["jsonl", "parquet"])
def table(request, tmp_path):
    path = tmp_path / f"table.{request.param}"
    if request.param == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS) + "not JSON\n")
    return path


def opened(output, sample=10, seed=0):
    return SearchIndex(open_index(read_stages(str(output)), sample, seed))


def outcomes(index):
    rows = index.rows(index.positions(Filter(), {}), {})
    return {row["doc_id"]: (row["outcome"], row["stage"], row["reason"]) for row in rows}


def test_rows_have_the_outcome_of_dedup_and_their_kept_row(table, tmp_path):
    write_stage(tmp_path / "out", "dedup", table, {"removals": REMOVED})
    index = opened(tmp_path / "out")
    assert outcomes(index) == {
        "a": ("kept", None, None),
        "b": ("duplicate", "dedup", "near"),
        "中": ("kept", None, None),
        "empty": ("dropped", "dedup", "null_text"),
    }
    shown = index.document("b")
    assert (shown["repeats"]["doc_id"], shown["measures"]["similarity"]) == ("a", 0.9)
    assert shown["parts"][1] == ["old", True]
    assert index.document("a")["host"] == "a.example"


def test_the_kept_row_is_there_though_not_in_the_sample(table, tmp_path):
    write_stage(tmp_path / "out", "dedup", table, {"removals": REMOVED})
    for seed in range(40):
        index = opened(tmp_path / "out", 1, seed)
        if list(outcomes(index)) == ["b"]:
            break
    assert list(outcomes(index)) == ["b"] and index.facts["num_documents"] == 4
    assert index.document("b")["repeats"]["doc_id"] == "a"


def test_rows_have_the_outcomes_of_the_other_stages_on_the_same_table(table, tmp_path):
    match = {"id": ["中"], "benchmark": ["quiz"], "item": ["1"], "field": ["question"], "kind": ["ngram"]}
    match |= {"share": [1.0], "stretch": ["天气"]}
    write_stage(tmp_path / "out", "decontaminate", table, {"matches": match})
    write_stage(tmp_path / "out", "line_dedup", table, {})
    kept = tmp_path / "out" / "line_dedup" / "kept"
    kept.mkdir()
    left = [{**ROWS[0], "body": "The bridge is long."}, {**ROWS[1], "body": ""}, ROWS[2], ROWS[3]]
    if table.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(left), kept / "part-0.parquet")
    else:
        with gzip.open(kept / "part-0.txt.gz", "wt") as stream:
            stream.write("".join(json.dumps(row) + "\n" for row in left))
    index = opened(tmp_path / "out")
    assert outcomes(index) == {
        "a": ("edited", "line_dedup", "repeated_lines"),
        "b": ("dropped", "line_dedup", "nothing_left"),
        "中": ("dropped", "decontaminate", "ngram"),
        "empty": ("kept", None, None),
    }
    shown = index.document("a")
    assert (shown["detail"], shown["measures"]["n_removed_chars"]) == ("1 line removed", 7)


def test_a_table_that_changed_or_moved_is_an_error(table, tmp_path):
    write_stage(tmp_path / "out", "dedup", table, {"removals": REMOVED})
    content = table.read_bytes()
    table.write_bytes(content + b"\n")
    with pytest.raises(InputError, match="is not the one that the job read"):
        opened(tmp_path / "out")
    table.unlink()
    with pytest.raises(InputError, match="run it in the directory where the job ran"):
        opened(tmp_path / "out")
