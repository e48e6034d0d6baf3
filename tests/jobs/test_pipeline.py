"""All curation stages through spark-submit: counts, duplicates, and equal bytes for any way to run them."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from scripts.bench.dedup.check_kills import standalone
from sluice.commands.main import main as sluice
from sluice.core.config.schema import Config
from sluice.core.reasons import Reason
from sluice.data.dataset.manifest import read_manifest
from sluice.text.rules.rule import load_rules
from tests.helpers.jobs import command, digests, environment, run


def summary(output, stage):
    return json.loads((output / stage / "_summary.json").read_text())


def test_counts_balance_within_and_between_stages(reference, sample):
    extract, select, dedup, split, shards = (
        summary(reference, s)["ledgers"] for s in ("extract", "filter", "dedup", "split_check", "shards")
    )
    for ledger in (*extract, *select, *dedup, *split, *shards):
        assert ledger["in"] == ledger["out"] + sum(ledger["dropped"].values())
    assert extract[0]["out"] == select[0]["in"]
    assert select[0]["out"] == dedup[0]["in"]
    assert dedup[0]["out"] == split[0]["in"]
    assert split[0]["out"] == shards[0]["in"]
    manifest = read_manifest(str(reference / "shards" / "corpus" / "1.0.0"))
    assert shards[1]["out"] == sum(split.tokens for split in manifest.splits.values())
    assert sum(shards[1]["dropped"].values()) == sum(split.dropped_tokens for split in manifest.splits.values())
    archives = list(sample.glob("*.warc.gz"))
    assert extract[1]["in"] == sum(path.stat().st_size for path in archives)
    assert extract[2]["unit"] == "characters" and extract[2]["dropped"].keys() >= {"policy", "pii"}
    assert summary(reference, "extract")["archives"] == len(archives) == 9
    assert [Path(path).name for path in summary(reference, "extract")["ignored"]] == ["ATTRIBUTION.md", "planted.json"]


def test_every_reason_in_a_summary_is_a_rule_or_has_a_meaning(reference):
    known = {rule.name for rule in load_rules(Config().rules.presets)} | {str(reason) for reason in Reason}
    for stage in ("extract", "filter", "dedup", "split_check", "shards"):
        found = summary(reference, stage)
        counted = [ledger["dropped"] for ledger in found["ledgers"]]
        counted += [counts.keys() - {"kept"} for counts in found.get("by_language", {}).values()]
        assert [reason for counts in counted for reason in counts if reason not in known] == [], stage


def documents(output):
    columns = ["doc_id", "url", "language", "text"]
    table = pq.read_table(output / "extract" / "docs", columns=columns, partitioning="hive")
    return {row["url"]: row for row in table.to_pylist() if row["url"]}


def test_planted_copies_are_removed_for_a_kept_document_and_distinct_documents_are_kept(reference, sample):
    docs = documents(reference)
    removals = pq.read_table(reference / "dedup" / "removals").to_pylist()
    removed = {row["doc_id"]: row for row in removals}
    kept = pq.read_table(reference / "filter" / "decisions").to_pylist()
    selected = {row["doc_id"] for row in kept if row["reason"] is None}
    planted = json.loads((sample / "planted.json").read_text())
    planted = [copy for copy in planted if docs[copy["url"]]["doc_id"] in selected]
    assert len(planted) >= 20  # of 24; the rules drop some of them with the pages they copy
    seen = set()
    for copy in planted:
        row = removed[docs[copy["url"]]["doc_id"]]
        assert row["duplicate_of"] not in removed
        assert row["jaccard"] >= 0.8
        seen.add((copy["language"], copy["edit"], copy["charset"], row["step"]))
    assert ("en", "edited", "utf-8", "near") in seen
    assert ("zh", "edited", "utf-8", "near") in seen
    assert ("zh", "exact", "gb18030", "exact") in seen
    # everything removed is similar to its kept document by an independent count of shared 5-grams
    texts = {row["doc_id"]: "".join(row["text"].split()).casefold() for row in docs.values() if row["text"]}
    for row in removals:
        a, b = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (texts[row["doc_id"]], texts[row["duplicate_of"]]))
        assert len(a & b) / len(a | b) > 0.75
    # and kept documents are not similar
    kept_ids = [row["doc_id"] for row in kept if row["reason"] is None and row["doc_id"] not in removed]
    assert len(kept_ids) == summary(reference, "dedup")["ledgers"][0]["out"]
    assert len({texts[doc_id] for doc_id in kept_ids}) == len(kept_ids)


@pytest.mark.exhaustive
def test_a_run_on_one_core_with_seven_partitions_writes_the_same_bytes(reference, sample, tmp_path):
    done = run(command("pipeline", sample, tmp_path / "out", master="local[1]", spark__partitions="7"))
    assert done.returncode == 0, done.stdout[-4000:]
    assert digests(tmp_path / "out") == digests(reference)


def test_the_dataset_verifies_and_a_report_is_written(reference, capsys):
    assert sluice(["verify", str(reference / "shards" / "corpus" / "1.0.0")]) == 0
    assert "<html" in (reference / "report.html").read_text()


def test_a_second_run_does_nothing_and_other_settings_are_an_error(reference, sample, run_job):
    before = {path: path.stat().st_mtime_ns for path in reference.rglob("*.parquet")}
    again = run_job("pipeline", sample, reference)
    assert again.returncode == 0
    assert again.stdout.count("already done") == 6
    assert {path: path.stat().st_mtime_ns for path in reference.rglob("*.parquet")} == before
    other = run_job("dedup", sample, reference, dedup__threshold="0.9")
    assert other.returncode == 2
    assert "dedup.threshold: 0.8 -> 0.9" in other.stdout
    assert "--force" in other.stdout


@pytest.mark.exhaustive
def test_a_run_killed_during_extract_resumes_on_one_core_and_writes_the_same_bytes(reference, sample, tmp_path):
    line = command("pipeline", sample, tmp_path / "out", plan__batch_warcs="1")
    batches = tmp_path / "out" / "extract" / "docs" / "_batches"
    process = subprocess.Popen(
        line, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 120
        while len(list(batches.glob("0*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    complete = {path: path.stat().st_mtime_ns for path in batches.glob("0*.json")}
    assert 2 <= len(complete) < 9, "the run was to be killed between the second and the last batch"
    parts = {path: path.stat().st_mtime_ns for b in complete for path in _files_of(tmp_path / "out", b)}
    resumed = {"plan__batch_warcs": "1", "spark__partitions": "7"}
    done = run(command("pipeline", sample, tmp_path / "out", master="local[1]", **resumed))
    assert done.returncode == 0, done.stdout[-4000:]
    assert done.stdout.count("already complete") == len(complete)
    assert {path: path.stat().st_mtime_ns for path in parts} == parts
    assert digests(tmp_path / "out") == digests(reference)


def _files_of(output: Path, manifest: Path) -> list[Path]:
    return sorted((output / "extract" / "docs" / f"batch={manifest.stem}").rglob("*.parquet"))


@pytest.fixture
def master():
    """The URL of a Spark master with two workers on this machine."""
    with standalone() as (url, _):
        yield url


@pytest.mark.exhaustive
def test_a_standalone_cluster_writes_the_same_bytes(reference, sample, tmp_path, master):
    done = run(command("pipeline", sample, tmp_path / "out", master=master), timeout_s=300)
    assert done.returncode == 0, done.stdout[-4000:]
    assert digests(tmp_path / "out") == digests(reference)
