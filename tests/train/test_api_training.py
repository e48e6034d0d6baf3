"""`sluice.train_model` and `sluice.generate`."""

from pathlib import Path

import pytest

import sluice
from sluice.core.errors import ConfigError, InputError

SMALL = {
    "train.model.hidden": 8,
    "train.model.embedding_dim": 8,
    "train.model.layers": 1,
    "train.data.batch_size": 4,
    "train.data.bptt_steps": 8,
    "train.data.eval_batch_size": 2,
    "train.run.epochs": 1,
}


def test_a_model_is_trained_and_continues_prompts(tiny_dataset: str, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("train: {run: {epochs: 3, sample: {tokens: 4}}}")
    out = str(tmp_path / "run")
    summary = sluice.train_model(tiny_dataset, out=out, recipe=str(recipe), settings=SMALL)
    assert summary["epochs"] == 1
    assert sluice.train_model(tiny_dataset, out=out, recipe=str(recipe), settings=SMALL) == summary
    texts = sluice.generate(out, ["w1 w2", "w3"])
    assert len(texts) == 2
    assert texts == sluice.generate(out, ["w1 w2", "w3"])


def test_a_wrong_setting_or_a_directory_without_a_run_is_an_error(tiny_dataset: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"train\.run\.epoch\b"):
        sluice.train_model(tiny_dataset, out=str(tmp_path), settings={"train.run.epoch": 1})
    with pytest.raises((ConfigError, InputError)):
        sluice.generate(str(tmp_path / "none"), ["a"])
