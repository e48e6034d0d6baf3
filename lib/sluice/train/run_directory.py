"""The directory of a run: its identity, its results, and loading a model from it.

config.resolved.yaml   all settings, usable with --conf
identity.json          the settings that determine the result, and the digest of the dataset
checkpoints/           see checkpoint.py
metrics.jsonl, samples.txt, summary.json, evaluation.json
tensorboard/           if train.log.tensorboard is set
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sluice.core.config.load import differences, digest, merge, read_yaml
from sluice.core.config.train import TrainConfig
from sluice.core.errors import ConfigError, InputError
from sluice.data import storage
from sluice.train import checkpoint as ckpt
from sluice.train.input import Dataset, open_dataset
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.tensorboard import DIRECTORY

IDENTITY, RESOLVED = "identity.json", "config.resolved.yaml"


def identity(config: TrainConfig, manifest_sha256: str) -> dict[str, Any]:
    """Return the settings that determine the result. Paths, logging, devices and length are excluded: they may change.

    The length is included if the learning rate follows a cosine; the evaluation settings are included if the learning
    rate or averaging depends on evaluations.
    """
    tree: dict[str, Any] = msgspec.to_builtins(config)
    data = {key: tree["data"][key] for key in ("train_split", "batch_size", "bptt_steps", "carry_state", "doc_reset")}
    run = {"seed": config.run.seed}
    if config.optim.schedule.kind == "cosine":
        run |= {"epochs": tree["run"]["epochs"], "steps": tree["run"]["steps"]}
    if config.optim.schedule.kind == "plateau" or config.optim.name == "ntasgd":
        data |= {key: tree["data"][key] for key in ("valid_split", "eval_batch_size")}
        run |= {key: tree["run"][key] for key in ("eval_every", "eval_tokens")}
    return {
        "data": {**data, "manifest_sha256": manifest_sha256},
        "model": tree["model"],
        "loss": tree["loss"],
        "optim": tree["optim"],
        "run": run,
    }


def identity_digest(value: Mapping[str, Any]) -> str:
    """Return the digest of an identity, as stored in checkpoints."""
    return digest(value)


def check_owner(config: TrainConfig, manifest_sha256: str) -> None:
    """Raises ConfigError with the changed keys if the directory belongs to a run with another configuration."""
    path = Path(config.run.out) / IDENTITY
    if not path.exists():
        return
    changed = differences(json.loads(path.read_bytes()), identity(config, manifest_sha256), "train.")
    if changed:
        raise ConfigError(
            f"train.run.out = {config.run.out} contains a run with another configuration: {'; '.join(changed)}. "
            "Choose another train.run.out, restore these settings, or start over with --force."
        )


def claim(config: TrainConfig, manifest_sha256: str) -> None:
    """Write the identity and the settings of the run to its directory."""
    root = Path(config.run.out)
    text = json.dumps(identity(config, manifest_sha256), indent=2) + "\n"
    storage.write_atomic(str(root / IDENTITY), text.encode())
    resolved = yaml.safe_dump({"train": msgspec.to_builtins(config)}, sort_keys=False, allow_unicode=True)
    storage.write_atomic(str(root / RESOLVED), resolved.encode())


def clear(config: TrainConfig) -> None:
    """Delete the files of an earlier run and no others."""
    root = Path(config.run.out)
    for directory in (checkpoints(config), root / DIRECTORY):
        shutil.rmtree(directory, ignore_errors=True)
    for name in (IDENTITY, RESOLVED, "metrics.jsonl", "samples.txt", "summary.json", "evaluation.json"):
        (root / name).unlink(missing_ok=True)


def finished(config: TrainConfig, total_steps: int) -> dict[str, Any] | None:
    """Return the summary of a run that finished or stopped early; None if steps are left."""
    path = Path(config.run.out) / "summary.json"
    summary: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {"step": -1}
    patience = config.run.early_stop_patience
    is_stopped = patience is not None and summary.get("since_best", 0) >= patience
    return summary if summary["step"] >= total_steps or is_stopped else None


def checkpoints(config: TrainConfig) -> Path:
    """Directory of the checkpoints of a run."""
    return Path(config.run.out) / "checkpoints"


@dataclass(frozen=True, slots=True)
class RestoredModel:
    """A trained model with its settings and its dataset."""

    config: TrainConfig
    dataset: Dataset
    model: TrainableLanguageModel
    facts: ckpt.CheckpointFacts


def restore(config: TrainConfig) -> RestoredModel:
    """Load the best checkpoint of `config.run.out`, or the latest if there is no best.

    Settings come from the run, except `run.prompts`, `run.sample`, `data.eval_batch_size` and, if not empty,
    `data.manifest`, which come from `config`.
    """
    path = Path(config.run.out) / RESOLVED
    checkpoint = ckpt.load(checkpoints(config), "BEST") or ckpt.load(checkpoints(config), "LATEST")
    if checkpoint is None or not path.exists():
        raise InputError(
            f"{config.run.out} contains no checkpoint. Train first, or set train.run.out to the directory of a run."
        )
    given: dict[str, Any] = msgspec.to_builtins(config)
    over: dict[str, Any] = {
        "run": {"out": config.run.out, "prompts": given["run"]["prompts"], "sample": given["run"]["sample"]},
        "data": {"eval_batch_size": config.data.eval_batch_size},
    }
    if config.data.manifest:
        over["data"]["manifest"] = config.data.manifest
    try:
        trained = msgspec.convert(merge(read_yaml(str(path))["train"], over), TrainConfig)
    except msgspec.ValidationError as e:
        raise InputError(
            f"{path} does not match this version of sluice: {e}. Use the version that trained the model, or correct "
            "the key."
        ) from e
    dataset = open_dataset(trained.data)
    if dataset.manifest_sha256 != checkpoint.facts.manifest_sha256:
        raise InputError(
            f"{dataset.directory} has a manifest with sha256 {dataset.manifest_sha256}, but the model was trained on "
            f"{checkpoint.facts.manifest_sha256}. Set train.data.manifest to that dataset."
        )
    model = TrainableLanguageModel(trained.model, dataset.manifest.vocab_size, trained.run.seed)
    model.assign(checkpoint.weights())
    return RestoredModel(trained, dataset, model, checkpoint.facts)
