"""The training step over all replicas."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf

from sluice.core.config.train import TrainConfig
from sluice.data.dataset.manifest import SpecialIds
from sluice.train.loss import activation_penalty, denominator, nll_of
from sluice.train.model.dropout import DropoutKey
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.optim import Optimizer, StepSettings, clip, dense

OUTER = ("embed.", "softmax.")
"""Prefixes of the parameters that `clip_scope: recurrent` excludes."""


class StepResult(NamedTuple):
    """Sums over the global batch, equal on all workers, and the new state."""

    state: Any
    """Per replica."""
    nll: Any
    count: Any
    norm: Any
    """Global norm of the gradient before clipping."""
    stop: Any
    """Number of processes that want to stop; all workers receive it in the same step."""


def make_step(
    strategy: Any, model: TrainableLanguageModel, optimizer: Optimizer, config: TrainConfig, ids: SpecialIds
) -> Callable[..., StepResult]:
    """Return a function (blocks [G/R, T + 1] per replica, state, settings, stop) -> StepResult, traced once.

    Every replica makes the same collective calls in every step: the sum of gradients and counts, and the update. The
    gradient is truncated at the first token of the block because the state is passed as a value.
    """
    optim, replica_rows = config.optim, config.data.batch_size // strategy.num_replicas_in_sync
    divisor = denominator(config.loss.reduction, config.data.batch_size, config.data.bptt_steps)
    variables = list(model.trained.values())
    is_clipped = [optim.clip_scope == "all" or not name.startswith(OUTER) for name in model.trained]

    def replica_step(tokens: Any, state: Any, settings: StepSettings, stop: Any, *, is_update: bool) -> StepResult:
        context = tf.distribute.get_replica_context()
        tokens = tf.ensure_shape(tokens, [replica_rows, config.data.bptt_steps + 1])
        inputs, targets = tokens[:, :-1], tokens[:, 1:]
        if not config.data.carry_state:
            state = model.zero_state(replica_rows)
        elif config.data.doc_reset:
            state = _reset_at_documents(state, inputs[:, 0], ids)
        first_row = tf.cast(context.replica_id_in_sync_group, tf.int32) * replica_rows
        key = DropoutKey(config.run.seed, settings.step, first_row)
        with tf.GradientTape() as tape:
            output = model.forward(inputs, state, key)
            targets = tf.reshape(tf.transpose(targets), [-1])  # [T·B], time-major as hidden is
            nll = nll_of(config.loss, model, output, targets, ids.pad, key)
            loss = optimizer.loss_scale * (nll.total + activation_penalty(config.loss, output)) / divisor
        gradients = [
            gradient if _is_sparser(gradient, variable, context.num_replicas_in_sync) else dense(gradient)
            for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True)
        ]
        stop = tf.identity(stop)  # makes it a per-replica value, which all_reduce needs
        sums = context.all_reduce(tf.distribute.ReduceOp.SUM, [*gradients, nll.total, nll.count, stop])
        *gradients, total, count, stops = sums
        gradients = [dense(gradient) for gradient in gradients]
        if optim.precision == "fp16":
            gradients = [gradient / optimizer.loss_scale for gradient in gradients]
        if not is_update:
            optimizer.accumulate(gradients)
            return StepResult(output.state, total, count, tf.linalg.global_norm(gradients), stops)
        gradients, norm = clip(optimizer.accumulated(gradients), optim.clip_norm, is_clipped)
        optimizer.apply(gradients, settings, tf.math.is_finite(norm))
        return StepResult(output.state, total, count, norm, stops)

    def traced(is_update: bool) -> Any:
        return tf.function(lambda *args: strategy.run(partial(replica_step, is_update=is_update), args=args))

    update_step, gather_step = traced(True), traced(False)

    def call(tokens: Any, state: Any, settings: StepSettings, stop: bool) -> StepResult:
        train_step = update_step if (settings.step + 1) % optim.accumulate == 0 else gather_step
        settings = StepSettings(
            tf.constant(settings.step, tf.int64),
            tf.constant(settings.lr, tf.float32),
            tf.constant(settings.average_from, tf.int64),
        )
        result = train_step(tokens, state, settings, tf.constant(float(stop)))
        numbers = (float(strategy.experimental_local_results(value)[0]) for value in result[1:])
        return StepResult(result.state, *numbers)

    return call


def _reset_at_documents(state: Any, first: Any, ids: SpecialIds) -> Any:
    """Return the state, set to zero in rows whose `first` token precedes a document."""
    starts = tf.logical_or(tf.equal(first, ids.eos), tf.equal(first, ids.bos))
    return tuple(tf.where(tf.reshape(starts, [-1] + [1] * (part.shape.rank - 1)), 0.0, part) for part in state)


def _is_sparser(gradient: Any, variable: Any, replicas: int) -> bool:
    """Whether all replicas together read fewer rows than the embedding has, so that a sparse sum is cheaper."""
    return isinstance(gradient, tf.IndexedSlices) and replicas * gradient.values.shape[0] < variable.shape[0]
