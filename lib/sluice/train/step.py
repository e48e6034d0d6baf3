"""One training step over all replicas."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from sluice.core.train_config import Train
from sluice.train.loss import cross_entropy, denominator
from sluice.train.models import DropoutKey, LanguageModel
from sluice.train.optim import Optimizer, clip, dense


class StepResult(NamedTuple):
    """Of the whole global batch, equal on all workers but for the state."""

    state: Any
    """Per replica."""
    nll: Any
    count: Any
    norm: Any
    """Of the gradient before clipping."""
    stop: Any
    """How many processes want to stop: all of them learn it in the same step."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """What a step works on."""

    strategy: Any
    model: LanguageModel
    optimizer: Optimizer


def make_step(trainer: Trainer, config: Train, pad: int) -> Callable[..., StepResult]:
    """The function (blocks [G/R, T + 1] per replica, state, step, lr, stop) -> StepResult, traced once.

    Every replica makes the same two collective calls in every step, whatever happens: the sum of gradients and
    counts, and the update. The gradient ends at the window's edge because the state comes in as a value.
    """
    model, optimizer, strategy = trainer.model, trainer.optimizer, trainer.strategy
    rows = config.data.rows // strategy.num_replicas_in_sync
    divisor = denominator(config.loss.reduction, config.data.rows, config.data.window)
    variables = list(model.variables.values())

    def replica_step(tokens: Any, state: Any, step: Any, lr: Any, stop: Any) -> StepResult:
        context = tf.distribute.get_replica_context()
        tokens = tf.ensure_shape(tokens, [rows, config.data.window + 1])
        inputs, targets = tokens[:, :-1], tokens[:, 1:]
        if not config.data.carry_state:
            state = model.zero_state(rows)
        key = DropoutKey(config.run.seed, step, tf.cast(context.replica_id_in_sync_group, tf.int32) * rows)
        with tf.GradientTape() as tape:
            hidden, state = model.hidden(inputs, state, key)
            targets = tf.reshape(tf.transpose(targets), [-1])  # [T·B], time-major as hidden is
            nll = cross_entropy(model.logits(hidden), targets, pad)
            loss = nll.total / divisor
        gradients = [dense(gradient) for gradient in tape.gradient(loss, variables)]
        stop = tf.identity(stop)  # a value of this replica, else there is nothing to sum
        sums = context.all_reduce(tf.distribute.ReduceOp.SUM, [*gradients, nll.total, nll.count, stop])
        *gradients, total, count, stops = sums
        gradients, norm = clip(gradients, config.optim.clip_norm)
        optimizer.apply(gradients, lr, step)
        return StepResult(state, total, count, norm, stops)

    train_step = tf.function(lambda *args: strategy.run(replica_step, args=args))

    def call(tokens: Any, state: Any, step: int, lr: float, stop: bool) -> StepResult:
        result = train_step(
            tokens, state, tf.constant(step, tf.int64), tf.constant(lr, tf.float32), tf.constant(float(stop))
        )
        numbers = (float(strategy.experimental_local_results(value)[0]) for value in result[1:])
        return StepResult(result.state, *numbers)

    return call
