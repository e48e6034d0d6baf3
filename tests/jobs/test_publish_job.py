"""The publish job, run as users do: the documents, texts and splits of the shards, and the same bytes in any case."""

import io
import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from sluice.commands.main import main as sluice
from sluice.data.dataset.manifest import read_manifest
from sluice.data.dataset.tfrecord import decode_example, iter_records
from sluice.data.dataset.tokenizer import Tokenizer
from tests.helpers.jobs import command, environment, run, run_here, settings_of
from tests.helpers.published import digests, json_rows, rows_of

STAGES = ("extract", "filter", "dedup", "split_check")
SETTINGS = {"publish__file_bytes": "300000", "publish__formats": "[parquet,jsonl]"}


def summary(output, stage):
    return json.loads((output / stage / "_summary.json").read_text())


def without_shards(reference, folder):
    """A copy of a run without tokenizer and shards, which the job does not need."""
    for stage in STAGES:
        shutil.copytree(reference / stage, folder / "out" / stage)
    return folder / "out"


@pytest.fixture(scope="module")
def published(reference, sample, run_job, tmp_path_factory):
    output = without_shards(reference, tmp_path_factory.mktemp("published"))
    done = run_job("publish", sample, output, **SETTINGS)
    assert done.returncode == 0, done.stdout[-4000:]
    return output


def texts_of_shards(output):
    """The texts of each split, decoded from the shards."""
    folder = output / "shards" / "corpus" / "1.0.0"
    manifest = read_manifest(str(folder))
    tokenizer = Tokenizer.load(str(folder / "tokenizer.json"))
    texts = {}
    for name, split in manifest.splits.items():
        found = texts[name] = Counter()
        for shard in split.shards:
            data = io.BytesIO((folder / shard.path).read_bytes())
            records = [np.frombuffer(decode_example(record), "<u2") for record in iter_records(data)]
            stream = np.concatenate([records[0][:1], *(record[1:] for record in records)]) if records else []
            ids = []
            for token in stream:
                if token == manifest.ids.eos:
                    found[tokenizer.decode(ids)] += 1
                    ids = []
                else:
                    ids.append(int(token))
    return texts


def test_documents_and_splits_are_those_of_the_shards(published, reference):
    shards = texts_of_shards(reference)
    assert all(len(texts) > 20 for texts in shards.values())
    for name, split in (("train", "train"), ("valid", "validation"), ("test", "test")):
        texts = Counter(row["text"] for row in rows_of(published / "publish" / "corpus", split))
        # the last tokens of a training shard are dropped, which can be the end of a document
        assert not shards[name] - texts
        assert (texts - shards[name]).total() <= (3 if name == "train" else 0)
        assert texts.total() == summary(reference, "shards")["splits"][name]["docs"]


def test_columns_have_the_values_of_the_run(published, reference):
    columns = ["doc_id", "url", "fetched_at", "language", "language_score", "title", "signals"]
    table = pq.read_table(reference / "extract" / "docs", columns=columns, partitioning="hive")
    docs = {row["doc_id"]: row for row in table.to_pylist() if row["doc_id"]}
    rows = [row for split in ("train", "validation", "test") for row in rows_of(published / "publish/corpus", split)]
    assert len({row["id"] for row in rows}) == len(rows) > 300
    for row in rows:
        doc = docs[row["id"]]
        assert list(row) == [
            *("id", "text", "url", "fetched_at", "language", "language_score", "quality_score", "title")
        ]
        assert row["fetched_at"] == doc["fetched_at"].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["quality_score"] == doc["signals"]["quality_score"]
        for name in ("url", "language", "language_score", "title"):
            assert row[name] == doc[name]
    for path in (published / "publish" / "corpus" / "data").rglob("*"):
        assert path.is_dir() or path.stat().st_size <= 300_000
    for path in (published / "publish" / "corpus" / "data").rglob("*.parquet"):
        assert json_rows(path.with_name(path.name.replace(".parquet", ".jsonl.zst"))) == pq.read_table(path).to_pylist()


def test_counts_card_and_checksums_agree(published, reference, capsys):
    found = summary(published, "publish")
    (ledger,) = found["ledgers"]
    kept = summary(reference, "split_check")["ledgers"][0]["out"]
    assert ledger == {"unit": "documents", "in": kept, "out": kept, "dropped": {}}
    for split, name in (("train", "train"), ("validation", "valid"), ("test", "test")):
        expected = summary(reference, "shards")["splits"][name]
        assert found["splits"][split]["docs"] == expected["docs"]
        assert found["splits"][split]["utf8_bytes"] == expected["utf8_bytes"]
    directory = published / "publish" / "corpus"
    card = (directory / "README.md").read_text(encoding="utf-8")
    assert f"| published | {kept:,} | 0 |" in card and f"# corpus 1.0.0\n\n{kept:,} documents" in card
    metadata = yaml.safe_load(card.split("---\n")[1])
    assert metadata["language"] == ["en", "zh"] and metadata["license"] == "other"
    assert sluice(["verify", str(directory)]) == 0
    assert "files match SHA256SUMS" in capsys.readouterr().out
    assert yaml.safe_load((directory / "settings.yaml").read_text())["plan"] == {"inputs": ["sample"]}


def test_datasets_loads_the_run_with_its_languages(published, tmp_path):
    datasets = pytest.importorskip("datasets")
    directory = published / "publish" / "corpus"
    loaded = datasets.load_dataset(str(directory), cache_dir=str(tmp_path))
    chinese = datasets.load_dataset(str(directory), "zh", cache_dir=str(tmp_path))
    assert list(loaded) == list(chinese) == ["train", "validation", "test"]
    for split in loaded:
        assert loaded[split].to_list() == rows_of(directory, split)
        assert chinese[split].to_list() == rows_of(directory, split, "zh")
        assert list(datasets.load_dataset(str(directory), split=split, streaming=True)) == rows_of(directory, split)
    assert any("的" in text for text in chinese["train"]["text"])


def test_a_job_that_ended_before_the_card_publishes_nothing_and_the_next_writes_the_same_bytes(
    published, reference, sample, run_job, tmp_path, monkeypatch
):
    from sluice.spark.stages import publish as stage

    output = without_shards(reference, tmp_path)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stage, "describe", interrupted)
        assert run_job("publish", sample, output, **SETTINGS).returncode == 130
    assert list((output / "publish" / "corpus").glob("data/*/*.parquet"))
    assert not (output / "publish" / "corpus" / "README.md").exists()
    assert not (output / "publish" / "_summary.json").exists()
    (output / "publish" / "corpus" / "data" / "zh" / "train-00000-of-00099.parquet").write_bytes(b"left over")
    done = run_job("publish", sample, output, **SETTINGS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert digests(output / "publish" / "corpus") == digests(published / "publish" / "corpus")
    again = run_job("publish", sample, output, **SETTINGS)
    assert again.returncode == 0 and "publish: already done" in again.stdout


def test_errors_are_one_line_before_spark_starts(published, sample, capsys, monkeypatch, tmp_path):
    def said(**settings):
        values = settings_of(sample, published, SETTINGS | settings)
        pairs = dict(value.split("=", 1) for value in values if value != "--set")
        return run_here("publish", pairs, capsys)

    code, text = said(publish__columns="[id,text,titel]")
    assert code == 2
    assert text.startswith("sluice: publish.columns contains the unknown column 'titel'. There are id, text, url, host")
    assert said(publish__columns="[id,url]")[1].startswith("sluice: publish.columns must contain 'text'.")
    assert said(publish__columns="[id,text,id]")[1].startswith("sluice: publish.columns contains 'id' twice.")
    assert said(publish__formats="[jsonl]")[1].startswith("sluice: publish.formats must contain parquet")
    code, text = said(dedup__threshold="0.7")
    assert code == 2 and "belongs to another configuration" in text
    code, text = said(output=str(tmp_path / "empty"))
    assert code == 3 and "Stage 'split_check' has not finished" in text
    pytest.importorskip("huggingface_hub")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    code, text = said(publish__upload="owner/name")
    assert code == 2 and text.count("\n") == 1
    assert "publish.upload = owner/name needs a token of the Hugging Face hub" in text


def test_a_finished_dataset_is_uploaded_by_the_same_command(published, sample, run_job, monkeypatch):
    pytest.importorskip("huggingface_hub")
    from sluice.publish import hub
    from tests.helpers.fake_hub import Hub

    fake = Hub()
    monkeypatch.setattr(hub, "_hub", lambda: fake)
    done = run_job("publish", sample, published, **SETTINGS, publish__upload="owner/name")
    assert done.returncode == 0 and "publish: already done" in done.stdout
    directory = published / "publish" / "corpus"
    assert fake.private is True and fake.files.keys() == digests(directory).keys()
    assert all(fake.files[name] == (directory / name).read_bytes() for name in fake.files)


def test_a_finished_dataset_of_other_settings_is_kept_unless_forced(published, sample, run_job):
    before = digests(published / "publish" / "corpus")
    done = run_job("publish", sample, published, **SETTINGS, publish__columns="[id,text]")
    assert done.returncode == 2
    assert "belongs to another configuration (publish.columns" in done.stdout
    assert digests(published / "publish" / "corpus") == before


def wait_for(condition, process, timeout_s=120):
    """Waits until a condition holds or a process has ended."""
    end = time.monotonic() + timeout_s
    while not condition() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


@pytest.mark.exhaustive
def test_a_killed_job_and_other_partitions_give_the_same_bytes(published, reference, sample, tmp_path):
    """Through spark-submit: the driver and its workers are killed while files are written."""
    output = without_shards(reference, tmp_path)
    data = output / "publish" / "corpus" / "data"
    settings = SETTINGS | {"spark__partitions": "4"}
    for _ in range(3):  # on a busy machine, all files may be complete before the kill
        process = subprocess.Popen(
            command("publish", sample, output, **settings),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(lambda: any(data.rglob("*")) if data.exists() else False, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not (output / "publish" / "corpus" / "README.md").exists():
            break
        shutil.rmtree(output / "publish")
    assert any(data.rglob("*")) and not (output / "publish" / "_summary.json").exists()
    for partitions, master in (("4", "local[2]"), ("1", "local[1]")):
        options = SETTINGS | {"spark__partitions": partitions, "spark__rows_per_batch": "7"}
        done = run(command("publish", sample, output, master=master, **options))
        assert done.returncode == 0, done.stdout[-4000:]
        assert digests(output / "publish" / "corpus") == digests(published / "publish" / "corpus")
        shutil.rmtree(output / "publish")
