"""Saves and resumes the progress of a run on all workers."""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sluice.core.errors import ConfigError, StageError
from sluice.train import checkpoint as ckpt
from sluice.train.carried_state import CarriedState
from sluice.train.distributed.cluster import TrainingCluster
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.optim import Optimizer
from sluice.train.schedule import ValidationLoss, is_best

logger = logging.getLogger("sluice.train")
NO_CHECKPOINT = -1


@dataclass(slots=True)
class Progress:
    """The progress of a run, at the end of a step."""

    state: Any
    """Recurrent state, per replica."""
    step: int = 0
    """Number of finished steps."""
    tokens: int = 0
    losses: tuple[ValidationLoss, ...] = ()
    evaluation_due: bool = False
    """A signal prevented the evaluation after the last step."""
    earlier_seconds: float = 0.0
    """Training time of earlier processes."""
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Training time of all processes."""
        return self.earlier_seconds + time.monotonic() - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Values that all checkpoints of a run have in common."""

    config_digest: str
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointer:
    """The checkpoints of one run."""

    directory: Path
    identity: RunIdentity
    keep: int
    per_epoch: int
    """Steps per epoch."""
    cluster: TrainingCluster
    model: TrainableLanguageModel
    optimizer: Optimizer
    carried: CarriedState

    def resume(self) -> Progress:
        """Load the latest checkpoint visible to the chief; without one, start at step 0."""
        began, latest = time.monotonic(), ckpt.latest_step(self.directory)
        step = self.cluster.first_value(NO_CHECKPOINT if latest is None else latest)
        if step == NO_CHECKPOINT:
            return Progress(self.carried.zeros(), started=began)
        checkpoint = ckpt.load(self.directory, "LATEST")
        if checkpoint is None or checkpoint.facts.step != step:
            raise StageError(
                f"Worker {self.cluster.task.index} cannot read the checkpoint of step {step} below {self.directory}. "
                "train.run.out must be on storage shared by all workers."
            )
        facts = checkpoint.facts
        if facts.config_digest != self.identity.config_digest:
            raise ConfigError(
                f"The checkpoint of step {step} below {self.directory} is from another configuration or dataset: its "
                f"digest is {facts.config_digest}, this run's digest is {self.identity.config_digest}. Restore the "
                "checkpoints of this run, or start over with --force."
            )
        self.model.assign(checkpoint.part("model"))
        self.optimizer.assign(checkpoint.part("optim"))
        states = checkpoint.part("state")
        if self.cluster.task.is_chief and facts.losses and facts.losses[-1].step == step and is_best(facts.losses):
            ckpt.mark_best(self.directory)  # if the process was killed after writing LATEST, BEST is an older one
        return Progress(
            self.carried.distribute([states[str(index)] for index in range(len(states))]),
            step=facts.step,
            tokens=facts.tokens,
            losses=facts.losses,
            evaluation_due=facts.evaluation_due,
            earlier_seconds=facts.seconds,
            started=began,
        )

    def save(self, progress: Progress, *, best: bool) -> None:
        """Gather the state from all workers and write a checkpoint on the chief. Collective."""
        arrays = {f"state/{index}": part for index, part in enumerate(self.carried.gather(progress.state))}
        if self.cluster.task.is_chief:
            self._write(progress, arrays, best)
        self.cluster.first_value(progress.step)  # no worker continues or exits before the checkpoint is published

    def _write(self, progress: Progress, arrays: dict[str, np.ndarray], best: bool) -> None:
        arrays |= {f"model/{name}": variable.numpy() for name, variable in self.model.variables.items()}
        arrays |= {f"optim/{name}": slot.numpy() for name, slot in self.optimizer.slots.items()}
        facts = ckpt.CheckpointFacts(
            step=progress.step,
            epoch=progress.step // self.per_epoch,
            tokens=progress.tokens,
            seconds=progress.seconds,
            losses=progress.losses,
            evaluation_due=progress.evaluation_due,
            config_digest=self.identity.config_digest,
            manifest_sha256=self.identity.manifest_sha256,
        )
        ckpt.save(self.directory, ckpt.Checkpoint(facts, arrays), keep=self.keep, best=best)

    def mark_best(self) -> None:
        """Mark the latest checkpoint as the best, on the chief."""
        if self.cluster.task.is_chief:
            ckpt.mark_best(self.directory)

    def best_or_latest(self) -> ckpt.Checkpoint:
        """Return the best checkpoint, or the latest if there is no best. The run must have one."""
        checkpoint = ckpt.load(self.directory, "BEST") or ckpt.load(self.directory, "LATEST")
        assert checkpoint is not None, "a checkpoint is written after the last step"
        return checkpoint
