"""Planning and extraction of a selection, run as users do."""

import json
import re
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.helpers.jobs import ROOT, run


@pytest.fixture(scope="session")
def index(sample, tmp_path_factory):
    """An index of the sample archives; every third page of them is Chinese."""
    rows = []
    for path in sorted(sample.glob("*.warc.gz")):
        with path.open("rb") as stream:
            records = ArchiveIterator(stream)
            for record in records:
                if record.rec_type == "response":
                    record.content_stream().read()
                    place = (path.name, records.get_record_offset(), records.get_record_length())
                    rows.append(("eng" if len(rows) % 3 else "zho,eng", *place))
    names = ("content_languages", "warc_filename", "warc_record_offset", "warc_record_length")
    path = tmp_path_factory.mktemp("index") / "part-0.parquet"
    pq.write_table(pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))), path)
    return path


def plan(sample, output, *arguments):
    """The command line of the plan job, in a process that cannot import Spark or TensorFlow."""
    code = (
        "import runpy, sys; sys.modules |= {'pyspark': None, 'tensorflow': None};"
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    settings = [part for pair in (f"plan.inputs=[{sample}]", f"output={output}") for part in ("--set", pair)]
    return [sys.executable, "-c", code, str(ROOT / "jobs" / "plan.py"), *settings, *arguments]


def documents(output):
    columns = ["doc_id", "warc_name", "rec_offset", "rec_length", "reason", "text"]
    rows = pq.read_table(output / "extract" / "docs", columns=[*columns, "kind"], partitioning="hive").to_pylist()
    return sorted(((row["doc_id"], *row.values()) for row in rows if row["kind"] == "doc"), key=lambda row: row[0])


def test_scans_and_ranges_of_a_planned_selection_extract_the_same_documents(sample, index, run_job, tmp_path):
    found = {}
    for mode in ("scan", "index"):
        output = tmp_path / mode
        settings = {"plan__index": f"[{index}]", "plan__mode": mode, "plan__selection__languages": "[zho]"}
        pairs = [f"{key.replace('__', '.')}={value}" for key, value in settings.items()]
        planned = run(plan(sample, output, "--probe", *(part for pair in pairs for part in ("--set", pair))))
        assert planned.returncode == 0, planned.stdout[-3000:]
        assert re.search(r"records wanted +175 +175 +175\n", planned.stdout), planned.stdout
        assert "MB/s read" in planned.stdout
        done = run_job("extract", sample, output, **settings)
        assert done.returncode == 0, done.stdout[-3000:]
        assert "plan: already done" in done.stdout
        found[mode] = documents(output)
        summary = json.loads((output / "extract" / "_summary.json").read_text())
        assert summary["archives"] == 9
        assert {item["account"]["missing"] for item in summary["files"]} == {0}
        assert sum(item["account"]["wanted"] for item in summary["files"]) == 175
        assert ("not_selected" in summary["ledgers"][0]["dropped"]) == (mode == "scan")
    assert len(found["scan"]) == 175
    assert found["scan"] == found["index"]


def test_an_index_of_another_crawl_is_an_error_of_one_line(sample, index, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "planted.warc.gz").write_bytes((sample / "planted.warc.gz").read_bytes())
    done = run(plan(folder, tmp_path / "out", "--set", f"plan.index=[{index}]"))
    assert done.returncode == 3
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("sluice: ")]
    assert "names archives that are not in plan.inputs: apache-httpd-manual.warc.gz" in line
    assert "Traceback" not in done.stdout


def test_offsets_without_a_record_fail_the_run_above_the_allowed_loss(sample, index, run_job, tmp_path):
    table = pq.read_table(index)
    column = table.schema.get_field_index("warc_record_offset")
    wrong = tmp_path / "wrong.parquet"
    pq.write_table(table.set_column(column, "warc_record_offset", pa.compute.add(table.column(column), 2)), wrong)
    settings = {"plan__index": f"[{wrong}]", "plan__mode": "index"}
    done = run_job("extract", sample, tmp_path / "out", **settings)
    assert done.returncode == 4, done.stdout[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("sluice: ")]
    assert "no_record x 524" in line and "extract.max_unreadable_share = 0.01" in line
