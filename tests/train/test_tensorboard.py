"""Event files contain the values of `metrics.jsonl`, also after a run is resumed."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from sluice.core.errors import ConfigError
from sluice.train import tensorboard
from sluice.train.loop import train_and_evaluate
from tests.helpers.tiny_runs import train_config

WITH_BOARD = "train.log.tensorboard=true"


def events(out: Path) -> dict[str, dict[int, float]]:
    """Values by name and step; asserts that each step of a name occurs once."""
    found: dict[str, dict[int, float]] = {}
    for path in (out / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                of_name = found.setdefault(value.tag, {})
                assert event.step not in of_name
                of_name[event.step] = float(tf.make_ndarray(value.tensor))
    return found


def test_curves_equal_the_metrics_and_a_resumed_run_has_each_step_once(tiny_dataset: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    more = [WITH_BOARD, "train.log.log_every=2", "train.run.eval_every=4"]
    for steps in (6, 10):
        train_and_evaluate(train_config(tiny_dataset, tmp_path, *more, f"train.run.steps={steps}"))

    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    found = events(tmp_path)
    losses = {line["step"]: line["loss"] for line in lines if line["kind"] == "train"}
    ppl = {line["step"]: line["ppl"] for line in lines if line["kind"] == "eval"}
    assert list(losses) == [2, 4, 6, 8, 10] and list(ppl) == [4, 6, 8, 10]
    assert found["train/loss"] == pytest.approx(losses, rel=1e-7)  # float32
    assert found["valid/ppl"] == pytest.approx(ppl, rel=1e-7)
    assert "valid/bits_per_byte" not in found  # the tokenizer is not lossless


def test_starting_over_without_tensorboard_removes_the_event_files(tiny_dataset: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    train_and_evaluate(train_config(tiny_dataset, tmp_path, WITH_BOARD, "train.run.steps=2"))
    train_and_evaluate(train_config(tiny_dataset, tmp_path, "train.run.steps=2"), force=True)
    assert not (tmp_path / "tensorboard").exists()


def test_a_missing_package_is_an_error_before_anything_is_written(
    tiny_dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"tensorboard is not installed: pip install 'sluice\[tensorboard\]'"):
        train_and_evaluate(train_config(tiny_dataset, tmp_path / "run", WITH_BOARD))
    assert not (tmp_path / "run").exists()
