"""Cross-entropy of the next token. What leaves is a sum and a count, never a mean, so parts can be added."""

from typing import Any, NamedTuple

import tensorflow as tf


class Nll(NamedTuple):
    """Negative log-likelihood in nats over the scored tokens."""

    total: tf.Tensor
    count: tf.Tensor


def cross_entropy(logits: Any, targets: Any, pad: int) -> Nll:
    """Of logits [N, V] at targets [N]; targets equal to `pad` are not scored.

    Targets stay ids: one-hot rows would need N·V more floats (keras-team/keras #1723).
    """
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    scored = tf.cast(tf.not_equal(targets, pad), nll.dtype)
    return Nll(tf.reduce_sum(nll * scored), tf.reduce_sum(scored))


def denominator(reduction: str, rows: int, window: int) -> float:
    """What the sum over a global batch is divided by; a constant, so that replicas' gradients simply add up.

    `zaremba_sum` divides by the rows only: its gradient is `window` times that of `mean`.
    """
    return float(rows if reduction == "zaremba_sum" else rows * window)
