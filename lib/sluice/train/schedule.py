"""The learning rate as a pure function of the step, so there is nothing to save and nothing to restore."""

import math

from sluice.core.train_config import Optim


def learning_rate(config: Optim, step: int, *, per_epoch: int, total: int) -> float:
    """The rate of global step `step`, counted from 0, of `total` steps with `per_epoch` in each epoch."""
    schedule = config.schedule
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
