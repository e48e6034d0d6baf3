"""The split check, run as users do: near-copies that deduplication missed are not in two splits of the shards."""

import io
import itertools
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from sluice.data.dataset.manifest import read_manifest
from sluice.data.dataset.tfrecord import decode_example, iter_records
from sluice.data.dataset.tokenizer import Tokenizer
from sluice.text.dedup.key_text import define_key
from sluice.text.dedup.shingles import jaccard, shingles
from tests.helpers.jobs import run_here

pytestmark = (
    pytest.mark.exhaustive
)  # two more runs of the pipeline; tests/spark/deduplication/test_held_out.py is quicker

SETTINGS = {
    "dedup__minhash__bands": "1",  # misses most copies: one band of sixteen values
    "dedup__minhash__rows": "16",
    "shards__valid_fraction": "0.25",
    "shards__test_fraction": "0.25",
}
ORDER = ("test", "valid", "train")


def summary(output, stage):
    return json.loads((output / stage / "_summary.json").read_text())


@pytest.fixture(scope="module")
def checked(sample, run_job, tmp_path_factory):
    """The output of a run whose deduplication misses copies."""
    output = tmp_path_factory.mktemp("split") / "out"
    done = run_job("pipeline", sample, output, **SETTINGS)
    assert done.returncode == 0, done.stdout[-4000:]
    return output


def texts_of_shards(output):
    """The documents of each split, decoded from the shards."""
    folder = output / "shards" / "corpus" / "1.0.0"
    manifest = read_manifest(str(folder))
    tokenizer = Tokenizer.load(str(folder / "tokenizer.json"))
    texts = {}
    for name, split in manifest.splits.items():
        found = texts[name] = []
        for shard in split.shards:
            data = io.BytesIO((folder / shard.path).read_bytes())
            records = [np.frombuffer(decode_example(record), "<u2") for record in iter_records(data)]
            stream = np.concatenate([records[0][:1], *(record[1:] for record in records)]) if records else []
            ids = []
            for token in stream:
                if token == manifest.ids.eos:
                    found.append(tokenizer.decode([int(one) for one in ids]))
                    ids = []
                else:
                    ids.append(token)
    return texts


def similar(texts):
    """All pairs across splits with a similarity of 0.8 or above, by plain sets: the splits and both texts."""
    sets = {name: [(text, shingles(define_key(text), 5)) for text in some] for name, some in texts.items()}
    return [
        (a, b, text, other)
        for a, b in itertools.combinations(ORDER, 2)
        for text, one in sets[a]
        for other, two in sets[b]
        if len(one) >= 10 and len(two) >= 10 and jaccard(one, two) >= 0.8
    ]


def test_shards_have_similar_pairs_across_splits_only_without_the_check(checked, sample, run_job, tmp_path):
    left = texts_of_shards(checked)
    assert similar(left) == []
    assert all(len(left[name]) > 20 for name in ORDER)
    for stage in ("extract", "filter", "dedup"):
        shutil.copytree(checked / stage, tmp_path / "out" / stage)
    done = run_job("pipeline", sample, tmp_path / "out", **SETTINGS, split_check__enabled="false")
    assert done.returncode == 0, done.stdout[-4000:]
    without = texts_of_shards(tmp_path / "out")
    found = similar(without)
    assert len(found) >= 5
    assert any("的" in text for _, _, text, _ in found) and any(" the " in text for _, _, text, _ in found)
    manifest = read_manifest(str(tmp_path / "out" / "shards" / "corpus" / "1.0.0"))
    assert manifest.split_check is None
    docs = {name: split.docs for name, split in manifest.splits.items()}
    assert docs["test"] == read_manifest(str(checked / "shards" / "corpus" / "1.0.0")).splits["test"].docs
    assert docs == summary(checked, "split_check")["documents"]


def test_removals_are_verified_and_the_counts_match_the_next_stage(checked):
    rows = pq.read_table(checked / "split_check" / "removals").to_pylist()
    docs = pq.read_table(checked / "extract" / "docs", columns=["doc_id", "text"], partitioning="hive").to_pylist()
    sets = {row["doc_id"]: shingles(define_key(row["text"]), 5) for row in docs if row["text"]}
    removed = {row["doc_id"] for row in rows}
    assert len(removed) == len(rows) >= 5
    for row in rows:
        assert row["step"] == "split" and row["duplicate_of"] not in removed
        assert row["jaccard"] == jaccard(sets[row["doc_id"]], sets[row["duplicate_of"]]) >= 0.8
        assert ORDER.index(row["duplicate_of_split"]) < ORDER.index(row["split"])
    found = summary(checked, "split_check")
    counts = [summary(checked, stage)["ledgers"][0] for stage in ("dedup", "split_check", "shards")]
    for before, after in itertools.pairwise(counts):
        assert before["out"] == after["in"] == after["out"] + sum(after["dropped"].values())
    assert sum(counts[1]["dropped"].values()) == len(rows)
    assert found["candidate_pairs"] >= found["likely_pairs"] >= found["edges"] >= len(rows)
    check = read_manifest(str(checked / "shards" / "corpus" / "1.0.0")).split_check
    assert (check.threshold, check.bands, check.rows, check.seed, check.removed) == (0.8, 32, 4, 2, len(rows))
    assert check.held_out == found["documents"]["valid"] + found["documents"]["test"] > 40
    assert 0 < 1 - check.catch_probability < 1e-7
    page = (checked / "report.html").read_text()
    assert "Near-copies across splits" in page and "similar to one in" in page
    assert "does not balance" not in page


def test_a_finished_job_does_nothing_and_a_disabled_one_is_an_error(checked, sample, run_job, capsys):
    again = run_job("split_check", sample, checked, **SETTINGS)
    assert again.returncode == 0 and "split_check: already done" in again.stdout
    code, said = run_here("split_check", {"output": checked, "split_check.enabled": "false"}, capsys)
    assert code == 2 and "The stage 'split_check' is switched off" in said
    code, said = run_here("pipeline", {"output": checked, "split_check.seed": 1, "plan.inputs": f"[{sample}]"}, capsys)
    assert code == 2 and "split_check.seed and dedup.minhash.seed are both 1" in said
