"""A run that is killed, stopped or restarted continues with the same result."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from sluice.core.errors import ConfigError
from sluice.train import checkpoint as ckpt
from sluice.train.distributed.cluster import await_peers
from sluice.train.distributed.task import Task
from tests.helpers.tiny_runs import job_command, run_job, settings

COMMON = (
    "train.run.steps=300",
    "train.run.eval_every=100",
    "train.log.log_every=1",
    "train.run.checkpoint.every_steps=17",
    "train.model.layers=2",
    "train.model.dropout.output=0.1",
    "train.optim.schedule.kind=cosine",
    "train.run.prompts=[w01 w02]",
)
MULTIWORKER = ("train.dist.strategy=multiworker", "train.dist.local_workers=2")


def final_arrays(out: Path) -> dict[str, np.ndarray]:
    checkpoint = ckpt.load(out / "checkpoints", "LATEST")
    assert checkpoint and checkpoint.facts.step == 300
    return checkpoint.arrays


def losses(out: Path) -> list[tuple[int, float]]:
    return [(line["step"], line["loss"]) for line in lines(out, "train")]


def evaluations(out: Path) -> list[tuple[int, float, bool]]:
    return [(line["step"], line["nll"], line["best"]) for line in lines(out, "eval")]


def lines(out: Path, kind: str) -> list[dict]:
    every = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [line for line in every if line["kind"] == kind]


def interrupt(number: int, values: list[str], out: Path, after_step: int) -> int:
    """Run the training, send a signal after `after_step` lines of metrics, and return the exit code."""
    process = subprocess.Popen(job_command("train", values), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_lines(process, out / "metrics.jsonl", after_step)
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def wait_for_lines(process: subprocess.Popen[bytes], metrics: Path, count: int) -> None:
    deadline = time.monotonic() + 90
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.stdout and process.stdout.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def uninterrupted(tiny_dataset: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "whole"
    done = run_job("train", settings(tiny_dataset, out, *COMMON))
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def uninterrupted_pair(tiny_dataset: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two workers."""
    out = tmp_path_factory.mktemp("run") / "pair"
    done = run_job("train", settings(tiny_dataset, out, *COMMON, *MULTIWORKER))
    assert done.returncode == 0, done.stderr
    return out


def assert_same_run(out: Path, expected: Path) -> None:
    assert losses(out) == losses(expected)
    found, wanted = final_arrays(out), final_arrays(expected)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def assert_like(out: Path, expected: Path) -> None:
    """Assert that every step occurs once and losses equal those of one process up to the order of sums."""
    wanted = dict(losses(expected))
    assert [step for step, _ in losses(out)] == list(range(1, 301))
    for step, loss in losses(out)[:150]:
        assert loss == pytest.approx(wanted[step], rel=1e-4), f"step {step}"


def test_a_run_killed_by_sigkill_resumes_with_the_same_bits(
    tiny_dataset: str, uninterrupted: Path, tmp_path: Path
) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON)
    assert interrupt(signal.SIGKILL, values, tmp_path, after_step=90) == -signal.SIGKILL
    assert not (tmp_path / "summary.json").exists()

    done = run_job("train", values)

    assert done.returncode == 0, done.stderr
    assert "resumed at step" in done.stderr
    samples = (tmp_path / "samples.txt").read_text()
    assert samples == (uninterrupted / "samples.txt").read_text() and samples.count("== step") == 3
    assert_same_run(tmp_path, uninterrupted)


EXHAUSTIVE = pytest.mark.exhaustive


@EXHAUSTIVE
@pytest.mark.parametrize("precision", ["bf16", "fp16"])  # fp16 also restores the loss scale
def test_a_killed_run_in_half_precision_resumes_with_the_same_bits(
    tiny_dataset: str, tmp_path: Path, precision: str
) -> None:
    half = (*COMMON, f"train.optim.precision={precision}")
    whole, killed = (settings(tiny_dataset, tmp_path / name, *half) for name in ("whole", "killed"))
    assert run_job("train", whole).returncode == 0
    assert interrupt(signal.SIGKILL, killed, tmp_path / "killed", after_step=90) == -signal.SIGKILL

    done = run_job("train", killed)

    assert done.returncode == 0 and "resumed at step" in done.stderr, done.stderr
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def test_sigterm_saves_the_current_step_exits_75_and_the_run_resumes(
    tiny_dataset: str, uninterrupted: Path, tmp_path: Path
) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON)
    assert interrupt(signal.SIGTERM, values, tmp_path, after_step=50) == 75
    saved = ckpt.latest_step(tmp_path / "checkpoints")
    assert saved == losses(tmp_path)[-1][0] < 300

    assert run_job("train", values).returncode == 0
    assert_same_run(tmp_path, uninterrupted)


@EXHAUSTIVE
@pytest.mark.parametrize("step", [100, 300])  # before an evaluation, also the last one
def test_an_evaluation_prevented_by_a_signal_runs_after_the_restart(
    tiny_dataset: str, uninterrupted: Path, tmp_path: Path, step: int
) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON)
    signal_at = f"""
from sluice.train.loop import TrainingLoop
one_step = TrainingLoop.one_step
def stop_at(self, blocks):
    self.parts.cluster.stop.wanted = self.progress.step == {step - 1}
    return one_step(self, blocks)
TrainingLoop.one_step = stop_at
"""
    assert run_job("train", values, wrapper=signal_at).returncode == 75
    assert losses(tmp_path)[-1][0] == step

    killed_while_evaluating = """
import os
from sluice.train.reporter import Reporter
samples = Reporter.samples
Reporter.samples = lambda self, step, texts: (samples(self, step, texts), os._exit(9))
"""
    assert run_job("train", values, wrapper=killed_while_evaluating).returncode == 9
    assert run_job("train", values).returncode == 0

    assert_same_run(tmp_path, uninterrupted)
    assert evaluations(tmp_path) == evaluations(uninterrupted) and len(evaluations(tmp_path)) == 3
    assert (tmp_path / "samples.txt").read_text() == (uninterrupted / "samples.txt").read_text()
    for name in ("evaluated_step", "since_best", "splits"):
        found, expected = (json.loads((out / "summary.json").read_bytes())[name] for out in (tmp_path, uninterrupted))
        assert found == expected


@EXHAUSTIVE
def test_two_workers_stop_together_and_one_process_resumes(
    tiny_dataset: str, uninterrupted: Path, tmp_path: Path
) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON)
    assert interrupt(signal.SIGTERM, [*values, *MULTIWORKER], tmp_path, after_step=40) == 75

    assert run_job("train", values).returncode == 0

    assert_like(tmp_path, uninterrupted)


def test_a_killed_worker_stops_the_others(tiny_dataset: str, tmp_path: Path) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON, *MULTIWORKER, "train.run.steps=100000")
    parent = subprocess.Popen(job_command("train", values), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_lines(parent, tmp_path / "metrics.jsonl", 20)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()

    os.kill(int(children[-1]), signal.SIGKILL)  # the first child may be the filter of start-up messages

    output = parent.communicate(timeout=90)[0].decode()
    assert parent.returncode == 76, output
    assert "worker 1 ended with signal 9; stopping all workers" in output and "worker 0 lost a peer" in output
    assert not any(Path(f"/proc/{child}/cmdline").exists() for child in children)
    assert ckpt.load(tmp_path / "checkpoints", "LATEST") is not None


@EXHAUSTIVE
def test_workers_restart_after_a_kill_and_end_with_the_same_bits(
    tiny_dataset: str, uninterrupted_pair: Path, tmp_path: Path
) -> None:
    values = settings(tiny_dataset, tmp_path, *COMMON, *MULTIWORKER, "train.dist.max_restarts=1")
    parent = subprocess.Popen(job_command("train", values), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for_lines(parent, tmp_path / "metrics.jsonl", 60)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()

    os.kill(int(children[-1]), signal.SIGKILL)  # the first child may be the filter of start-up messages

    output = parent.communicate(timeout=120)[0].decode()
    assert parent.returncode == 0, output
    assert "restart 1 of 1, from the last checkpoint" in output and "resumed at step" in output
    assert_same_run(tmp_path, uninterrupted_pair)


def test_a_finished_run_is_not_changed(tiny_dataset: str, uninterrupted: Path) -> None:
    before = (uninterrupted / "metrics.jsonl").read_bytes()
    done = run_job("train", settings(tiny_dataset, uninterrupted, *COMMON))
    assert done.returncode == 0 and "is finished" in done.stderr
    assert (uninterrupted / "metrics.jsonl").read_bytes() == before


def test_two_workers_with_the_same_index_are_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first:
        workers = [f"127.0.0.1:{first.getsockname()[1]}", "127.0.0.1:1"]
        with pytest.raises(
            ConfigError, match=r"Worker 0 of 2 cannot listen at .*: Address already in use.* whether another"
        ):
            await_peers(Task(0, tuple(workers)), timeout_s=4)


def test_a_missing_peer_is_an_error_after_the_startup_timeout(
    tiny_dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = {"worker": ["127.0.0.1:29171", "127.0.0.1:29172"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}}))
    values = settings(tiny_dataset, tmp_path, "train.dist.strategy=multiworker", "train.dist.startup_timeout_s=4")
    done = run_job("train", values, timeout=60)
    assert done.returncode == 76
    assert "not reachable: 1 (127.0.0.1:29172)" in done.stderr
