"""The number of devices and processes does not change the result, including clipping and dropout."""

import json
import re
from pathlib import Path

import pytest

from tests.helpers.tiny_runs import run_job, settings

STEPS = 100


COMMON = (
    f"train.run.steps={STEPS}",
    "train.log.log_every=1",
    "train.optim.name=sgd",
    "train.optim.lr=1.0",
    "train.optim.clip_norm=0.12",
    "train.model.init.scale=0.4",
    "train.model.layers=2",
    "train.model.dropout.between=0.2",
)


def train_lines(dataset: str, out: Path, *more: str) -> list[dict]:
    done = run_job("train", settings(dataset, out, *COMMON, *more))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "train"]


@pytest.fixture(scope="module")
def one_device(tiny_dataset: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    return train_lines(tiny_dataset, tmp_path_factory.mktemp("run") / "one")


def assert_same_losses(found: list[dict], expected: list[dict], tokens: int = 64) -> None:
    assert len(found) == len(expected) == STEPS
    assert sum(line["clipped_share"] for line in expected) > STEPS / 2
    for a, b in zip(found, expected, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4), f"step {a['step']}"
        assert a["tokens"] == b["tokens"] == tokens


@pytest.mark.exhaustive
def test_two_logical_devices_have_the_same_losses(tiny_dataset: str, one_device: list[dict], tmp_path: Path) -> None:
    found = train_lines(tiny_dataset, tmp_path / "two", "train.dist.strategy=mirrored", "train.dist.logical_devices=2")
    assert_same_losses(found, one_device)


@pytest.mark.exhaustive
def test_two_devices_with_accumulation_and_averaging_have_the_same_losses(tiny_dataset: str, tmp_path: Path) -> None:
    more = ("train.optim.accumulate=2", "train.optim.ema=0.9", "train.optim.name=adagrad", "train.optim.lr=0.05")
    one = train_lines(tiny_dataset, tmp_path / "one", *more)
    two = train_lines(
        tiny_dataset, tmp_path / "two", *more, "train.dist.strategy=mirrored", "train.dist.logical_devices=2"
    )
    assert_same_losses(two, one)
    summaries = [json.loads((tmp_path / name / "summary.json").read_bytes()) for name in ("one", "two")]
    nll = [summary["splits"]["test"]["nll"] for summary in summaries]  # with averaged weights
    assert nll[0] == pytest.approx(nll[1], rel=1e-4)


def test_two_processes_have_the_same_losses(tiny_dataset: str, one_device: list[dict], tmp_path: Path) -> None:
    found = train_lines(tiny_dataset, tmp_path / "two", "train.dist.strategy=multiworker", "train.dist.local_workers=2")
    assert_same_losses(found, one_device)


SPY = """
import tensorflow as tf
Context = tf.distribute.ReplicaContext
all_reduce = Context.all_reduce
def counting(self, op, values, *more):
    if isinstance(values, list):
        print("gradients", sum(isinstance(value, tf.IndexedSlices) for value in values), "of", len(values), "in rows")
    return all_reduce(self, op, values, *more)
Context.all_reduce = counting
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(("bptt_steps", "in_rows"), [(4, 1), (8, 0)])  # 32 and 64 tokens, 44 words
def test_embedding_gradients_are_sent_as_rows_if_these_are_fewer_than_the_vocabulary(
    tiny_dataset: str, tmp_path: Path, bptt_steps: int, in_rows: int
) -> None:
    mirrored = ("train.dist.strategy=mirrored", "train.dist.logical_devices=2")
    values = settings(tiny_dataset, tmp_path, "train.run.steps=1", f"train.data.bptt_steps={bptt_steps}", *mirrored)
    done = run_job("train", values, wrapper=SPY)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"gradients (\d) of \d in rows", done.stdout)) == {f"{in_rows}"}


@pytest.mark.exhaustive
def test_replicas_have_the_same_losses_when_embedding_gradients_are_sent_as_rows(
    tiny_dataset: str, tmp_path: Path
) -> None:
    short = "train.data.bptt_steps=4"  # 32 tokens, 44 words: only the rows that were read are sent
    one = train_lines(tiny_dataset, tmp_path / "one", short)
    two = ("train.dist.strategy=mirrored", "train.dist.logical_devices=2")
    assert_same_losses(train_lines(tiny_dataset, tmp_path / "two", short, *two), one, tokens=32)
    two = ("train.dist.strategy=multiworker", "train.dist.local_workers=2")
    assert_same_losses(train_lines(tiny_dataset, tmp_path / "processes", short, *two), one, tokens=32)
