"""The plan of a selection, its table, and its errors."""

import json

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.core.config.plan import PlanConfig, SelectionConfig, TransportConfig
from sluice.core.errors import ConfigError, InputError
from sluice.data.plan import inputs as plan_module
from sluice.data.plan.table import ROW_GROUP, estimates, load_wanted, make_plan_table
from tests.helpers.index_table import SCHEMA, index_row, write_index

TRANSPORT = TransportConfig(merge_gap_bytes=0)


@pytest.fixture
def crawl(tmp_path):
    """Twenty archives of equal length; the index selects records of all except number 3."""
    rows = []
    for number in range(20):
        name = f"crawl-data/{number:02d}.warc.gz"
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (5000 + number))
        if number != 3:
            rows += [index_row(name, 2000 + number, 100), index_row(name, 1000, 50, languages="eng")]
    return PlanConfig(
        inputs=(str(tmp_path / "in"),),
        index=(write_index(tmp_path / "index" / "0.parquet", rows, rows_per_group=7),),
        crawl=7,
        batch_warcs=8,
    )


def changed(plan, **fields):
    return msgspec.structs.replace(plan, **fields)


def test_archives_keep_their_number_and_those_without_wanted_records_are_omitted(crawl, tmp_path):
    plan = make_plan_table(str(tmp_path / "out"), crawl, TRANSPORT)
    assert [entry.warc_index for entry in plan.entries] == [0, 1, 2, *range(4, 20)]
    assert [entry.batch for entry in plan.entries] == [0] * 8 + [1] * 8 + [2] * 3
    assert [entry.size for entry in plan.entries][:4] == [5000, 5001, 5002, 5004]
    assert {entry.num_wanted for entry in plan.entries} == {2}
    assert all(entry.wanted is None for entry in plan.entries)
    summary = json.loads((tmp_path / "out" / "plan" / "_summary.json").read_text())
    assert (summary["archives"], summary["archives_wanted"]) == (20, 19)
    assert summary["ledgers"] == [{"unit": "index rows", "in": 38, "out": 38, "dropped": {}}]


def test_a_task_loads_the_wanted_records_of_its_archive_from_any_row_group(crawl, tmp_path):
    plan = make_plan_table(str(tmp_path / "out"), crawl, TRANSPORT)
    assert pq.ParquetFile(plan.table).num_row_groups == 2
    for entry in (plan.entries[0], plan.entries[ROW_GROUP - 1], plan.entries[ROW_GROUP], plan.entries[-1]):
        wanted = load_wanted(plan.table, entry)
        assert wanted.offsets.tolist() == [1000, 2000 + entry.warc_index]
        assert wanted.lengths.tolist() == [50, 100]
    with pytest.raises(InputError, match="no archive number 3"):
        load_wanted(plan.table, msgspec.structs.replace(plan.entries[0], warc_index=3))


def test_the_selection_determines_the_wanted_records_and_is_part_of_the_digest(crawl, tmp_path):
    chinese = changed(crawl, selection=SelectionConfig(languages=("zho",)))
    plans = [make_plan_table(str(tmp_path / name), plan, TRANSPORT) for name, plan in (("a", crawl), ("b", chinese))]
    assert load_wanted(plans[1].table, plans[1].entries[0]).offsets.tolist() == [2000]
    assert plans[0].places != plans[1].places
    with pytest.raises(ConfigError, match=r"plan\.selection\.languages.*--force"):
        make_plan_table(str(tmp_path / "a"), chinese, TRANSPORT)
    assert make_plan_table(str(tmp_path / "a"), chinese, TRANSPORT, force=True).places == plans[1].places


def test_a_finished_plan_is_reused(crawl, tmp_path):
    first = make_plan_table(str(tmp_path / "out"), crawl, TRANSPORT)
    (tmp_path / "index" / "0.parquet").unlink()
    assert make_plan_table(str(tmp_path / "out"), crawl, TRANSPORT) == first
    assert make_plan_table(str(tmp_path / "out"), crawl, TransportConfig(chunk_bytes=5)) == first


def test_the_table_is_read_from_any_working_directory(crawl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = make_plan_table("out", crawl, TRANSPORT)
    assert plan.table == f"{tmp_path}/out/plan/plan.parquet"


def test_the_table_does_not_depend_on_files_and_order_of_the_index(crawl, tmp_path):
    one = make_plan_table(str(tmp_path / "a"), crawl, TRANSPORT)
    rows = pq.read_table(crawl.index[0]).to_pylist()
    files = (
        write_index(tmp_path / "z" / "1.parquet", rows[:9][::-1]),
        write_index(tmp_path / "z" / "0.parquet", rows[9:]),
    )
    other = make_plan_table(str(tmp_path / "b"), changed(crawl, index=files), TRANSPORT)
    assert (one.places, one.entries) == (other.places, other.entries)
    assert (tmp_path / "a/plan/plan.parquet").read_bytes() == (tmp_path / "b/plan/plan.parquet").read_bytes()


def test_each_archive_is_read_in_its_cheaper_mode(crawl, tmp_path):
    rows = pq.read_table(crawl.index[0]).to_pylist()
    rows += [index_row("crawl-data/00.warc.gz", at, 10) for at in range(2200, 4800, 200)]
    crawl = changed(crawl, index=(write_index(tmp_path / "z.parquet", rows),))
    plan = make_plan_table(str(tmp_path / "out"), crawl, TransportConfig(merge_gap_bytes=0, chunk_bytes=1000))
    assert [entry.mode for entry in plan.entries][:2] == ["scan", "index"]
    works = estimates(str(tmp_path / "out"), crawl)
    assert list(works) == ["scan", "index", "chosen"]
    # 19 archives: lengths, and 5 chunks of the first, 6 of all others; ranges: 15 of the first, 2 of the others
    assert (works["scan"].requests, works["index"].requests) == (19 + 5 + 18 * 6, 19 + 15 + 18 * 2)
    assert works["chosen"].requests == 19 + 5 + 18 * 2
    assert works["chosen"].bytes == 5000 + 18 * 150
    assert (works["scan"].pages, works["chosen"].pages) == (38 + 13, 38 + 13)


def test_an_arc_file_is_read_in_full(tmp_path):
    (tmp_path / "a.arc.gz").write_bytes(b"x" * 9000)
    index = write_index(tmp_path / "i.parquet", [index_row("a.arc.gz", 300, 200)])
    plan = PlanConfig(inputs=(str(tmp_path / "a.arc.gz"),), index=(index,), mode="index")
    assert make_plan_table(str(tmp_path / "out"), plan, TRANSPORT).entries[0].mode == "scan"


def test_without_an_index_the_table_has_every_archive_in_full(crawl, tmp_path):
    plain = changed(crawl, index=None)
    plan = make_plan_table(str(tmp_path / "out"), plain, TRANSPORT)
    assert plan.entries == plan_module.make_plan(plain).entries
    assert (plan.table, plan.places) == (None, None)
    assert list(estimates(str(tmp_path / "out"), plain)) == ["scan", "chosen"]


# bad input


def test_a_selection_without_matches_is_an_error_with_its_conditions(crawl, tmp_path):
    nothing = changed(crawl, selection=SelectionConfig(languages=("zh",), statuses=(200,)))
    with pytest.raises(InputError, match=r"matches none of the 38 rows .*languages: zh; statuses: 200.*ISO 639-3"):
        make_plan_table(str(tmp_path / "out"), nothing, TRANSPORT)
    assert [path.name for path in (tmp_path / "out" / "plan").iterdir()] == ["_stage.json"]


def test_conditions_and_mode_index_without_an_index_are_errors(crawl, tmp_path):
    with pytest.raises(ConfigError, match=r"\(languages\) but plan\.index is null"):
        make_plan_table(
            str(tmp_path), changed(crawl, index=None, selection=SelectionConfig(languages=("zho",))), TRANSPORT
        )
    with pytest.raises(ConfigError, match=r"plan\.mode = index .* plan\.index is null"):
        make_plan_table(str(tmp_path), changed(crawl, index=None, mode="index"), TRANSPORT)


def plan_of_places(tmp_path, *places):
    tmp_path.mkdir()
    (tmp_path / "0.warc.gz").write_bytes(b"x")
    place = SCHEMA.get_field_index("warc_record_offset")
    schema = SCHEMA.set(place, pa.field("warc_record_offset", pa.int64()))
    rows = [index_row("0.warc.gz", offset, 50) for offset in places]
    index = write_index(tmp_path / "i.parquet", rows, schema=schema)
    return make_plan_table(
        str(tmp_path / "out"), PlanConfig(inputs=(f"{tmp_path}/0.warc.gz",), index=(index,)), TRANSPORT
    )


def test_offsets_without_a_distinct_document_id_are_errors(tmp_path):
    assert plan_of_places(tmp_path / "a", 255, 2**31 - 1).entries[0].num_wanted == 2
    with pytest.raises(
        InputError, match=r"record at byte 2,147,483,648 of .*0\.warc\.gz; the limit of ids by offset is 2,147,"
    ):
        plan_of_places(tmp_path / "b", 7, 2**31)
    with pytest.raises(InputError, match=r"two records within 128 bytes in .*0\.warc\.gz, at 256 and 320"):
        plan_of_places(tmp_path / "c", 7, 256, 320)


# lengths


def test_lengths_of_at_most_a_thousand_remote_archives_are_requested(monkeypatch):
    asked = []
    monkeypatch.setattr(plan_module.storage, "size", lambda path, transport: asked.append(path) or len(path))
    remote, local = [f"https://h.test/{i}" for i in range(5)], ["/etc/hostname"]
    assert plan_module.sizes([*remote, *local], PlanConfig()) == [16] * 5 + [13]
    assert plan_module.sizes([*remote, *local], PlanConfig(sizes="learn")) == [None] * 5 + [13]
    assert plan_module.sizes(remote, PlanConfig(), num_listed=1001) == [None] * 5
    assert plan_module.sizes(remote, PlanConfig(sizes="ask"), num_listed=1001) == [16] * 5


def test_the_first_error_ends_the_requests_for_lengths(monkeypatch):
    asked = []

    def size(path, transport):
        asked.append(path)
        raise InputError(f"Cannot read {path}")

    monkeypatch.setattr(plan_module.storage, "size", size)
    with pytest.raises(InputError, match=r"h\.test/0$"):
        plan_module.sizes([f"https://h.test/{i}" for i in range(900)], PlanConfig())
    assert len(asked) < 900
