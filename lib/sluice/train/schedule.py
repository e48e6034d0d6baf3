"""Schedules as pure functions of the step and the evaluations so far; no other state is stored."""

import math
from collections.abc import Sequence

import msgspec

from sluice.core.config.train import OptimConfig


class ValidationLoss(msgspec.Struct, frozen=True):
    """The validation loss after `step` steps."""

    step: int
    nll_per_token: float


def learning_rate(
    config: OptimConfig, step: int, *, per_epoch: int, total: int, losses: Sequence[ValidationLoss] = ()
) -> float:
    """Return the learning rate of global step `step`, counted from 0, of `total` steps with `per_epoch` per epoch.

    `losses` are the evaluations so far, used by `plateau`.
    """
    schedule = config.schedule
    if schedule.kind == "plateau":
        return config.lr * schedule.factor ** sum(not is_best(losses[: n + 1]) for n in range(len(losses)))
    if schedule.kind == "inverse_sqrt":
        warmup = max(1, schedule.warmup_steps)
        return config.lr * min((step + 1) / warmup, math.sqrt(warmup / (step + 1)))
    if schedule.kind == "step":
        epoch = step // per_epoch + 1
        return config.lr * schedule.factor ** max(0, epoch - schedule.start_epoch + 1)
    if schedule.kind == "cosine":
        if step < schedule.warmup_steps:
            return config.lr * (step + 1) / schedule.warmup_steps
        done = (step - schedule.warmup_steps) / max(1, total - schedule.warmup_steps)
        share = schedule.final_share + (1 - schedule.final_share) * 0.5 * (1 + math.cos(math.pi * done))
        return config.lr * share
    return config.lr


def is_best(losses: Sequence[ValidationLoss]) -> bool:
    """Whether the last loss is below all earlier ones."""
    return all(losses[-1].nll_per_token < loss.nll_per_token for loss in losses[:-1])


def since_best(losses: Sequence[ValidationLoss]) -> int:
    """Return the number of evaluations after the best one."""
    return len(losses) - 1 - min(range(len(losses)), key=lambda n: losses[n].nll_per_token) if losses else 0


def average_from(losses: Sequence[ValidationLoss], patience: int) -> int | None:
    """First step that NT-ASGD averages: after the first loss above the minimum of all except the last `patience`."""
    for n in range(patience + 1, len(losses)):
        if losses[n].nll_per_token > min(loss.nll_per_token for loss in losses[: n - patience]):
            return losses[n].step
    return None
