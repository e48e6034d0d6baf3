"""Cross-entropy of the next token. What leaves is a sum and a count, never a mean, so parts can be added."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from sluice.core.train_config import Loss
from sluice.train.dropout import SAMPLED_WORDS, DropoutKey
from sluice.train.models import LanguageModel, Window


class Nll(NamedTuple):
    """Negative log-likelihood in nats over the scored tokens."""

    total: tf.Tensor
    count: tf.Tensor


def scored(targets: Any, pad: int) -> tf.Tensor:
    """1.0 for targets that count, 0.0 for `pad`."""
    return tf.cast(tf.not_equal(targets, pad), tf.float32)


def cross_entropy(logits: Any, targets: Any, counts: Any) -> Nll:
    """Of logits [N, V] at targets [N], each as often as `counts` [N] says: 1.0, or 0.0 for padding.

    Targets stay ids: one-hot rows would need N·V more floats (keras-team/keras #1723).
    """
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return Nll(tf.reduce_sum(nll * counts), tf.reduce_sum(counts))


def chunked_cross_entropy(
    hidden: Any, weights: Any, bias: Any, targets: Any, counts: Any, *, chunk: int, tied: bool
) -> Nll:
    """The same from hidden vectors [N, P], never with more than `chunk` rows of logits at a time. Exact.

    The gradient is worked out on the way forward, while the logits are there, and only scaled on the way back: one
    pass over [chunk, V] in place of three of [N, V], and no second softmax.
    """

    def total(hidden: Any, weights: Any, bias: Any) -> Any:
        nll, *gradients = _in_chunks(hidden, weights, bias, targets, counts, chunk, tied)
        return nll, lambda upstream: [tf.cast(upstream, gradient.dtype) * gradient for gradient in gradients]

    return Nll(tf.custom_gradient(total)(hidden, weights, bias), tf.reduce_sum(counts))


def _in_chunks(
    hidden: Any, weights: Any, bias: Any, targets: Any, counts: Any, chunk: int, tied: bool
) -> tuple[tf.Tensor, ...]:
    """The sum, and its gradients of hidden, weights and bias."""
    N, P = hidden.shape
    steps = -(-N // chunk)
    rows = [[0, steps * chunk - N]]  # the last chunk is filled up with rows that do not count
    hidden = tf.pad(hidden, [*rows, [0, 0]])
    targets, counts = tf.pad(targets, rows), tf.pad(counts, rows)

    def step(i: Any, nll: Any, d_weights: Any, d_bias: Any, d_hidden: Any) -> Any:
        h, y, counted = (part[i * chunk : (i + 1) * chunk] for part in (hidden, targets, counts))
        logits = tf.cast(tf.matmul(h, weights, transpose_b=tied), tf.float32) + bias
        each, d_logits = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=y)
        d_logits *= counted[:, None]
        d_bias += tf.reduce_sum(d_logits, axis=0)
        d_logits = tf.cast(d_logits, h.dtype)
        left, right = (d_logits, h) if tied else (h, d_logits)
        return (
            i + 1,
            nll + tf.reduce_sum(each * counted),
            d_weights + tf.cast(tf.matmul(left, right, transpose_a=True), tf.float32),
            d_bias,
            d_hidden.write(i, tf.matmul(d_logits, weights, transpose_b=not tied)),
        )

    start = (0, tf.constant(0.0), tf.zeros(weights.shape), tf.zeros(bias.shape))
    buffer = tf.TensorArray(hidden.dtype, size=steps, element_shape=[chunk, P])
    loop = tf.while_loop(
        lambda i, *_: i < steps, step, (*start, buffer), parallel_iterations=1, maximum_iterations=steps
    )
    return loop[1], tf.reshape(loop[4].stack(), [-1, P])[:N], tf.cast(loop[2], weights.dtype), loop[3]


def sampled_cross_entropy(
    hidden: Any, weights: Any, bias: Any, targets: Any, counts: Any, *, uniform: Any, tied: bool
) -> Nll:
    """Against random words in place of all (importance sampling: Bengio & Senécal 2003, Jean et al. 2015).

    The sum over all other words is estimated by S of them, each divided by how often it is expected; the logarithm of
    an estimate is too low in the mean. `uniform` [S] in [0, 1) chooses them, a low id more often than a high one by
    Zipf's law, so ids must be sorted by falling frequency. It is an argument so that all replicas choose the same.
    """
    S, V = uniform.shape[0], bias.shape[0]
    words = tf.minimum(tf.cast(tf.exp(uniform * math.log(V + 1.0)), tf.int32) - 1, V - 1)  # [S]
    expected = S * tf.math.log1p(1 / tf.cast(words + 1, tf.float32)) / math.log(V + 1.0)

    def logits_of(ids: Any) -> Callable[[Any], tf.Tensor]:
        rows = tf.gather(weights, ids) if tied else tf.transpose(tf.gather(weights, ids, axis=1))  # [n, P]
        return lambda product: tf.cast(product(rows), tf.float32) + tf.gather(bias, ids)

    right = logits_of(targets)(lambda rows: tf.reduce_sum(hidden * rows, axis=1))  # [N]
    others = logits_of(words)(lambda rows: tf.matmul(hidden, rows, transpose_b=True)) - tf.math.log(expected)
    others -= 1e9 * tf.cast(tf.equal(targets[:, None], words[None]), tf.float32)  # the target is no other word
    return cross_entropy(tf.concat([right[:, None], others], axis=1), tf.zeros_like(targets), counts)


def nll_of(config: Loss, model: LanguageModel, window: Window, targets: Any, pad: int, key: DropoutKey) -> Nll:
    """By the kind of softmax that is configured; for training."""
    tied, counts = model.config.tie, scored(targets, pad)
    if config.kind == "chunked":
        chunk = min(config.chunk_tokens, window.hidden.shape[0])
        return chunked_cross_entropy(window.hidden, *model.softmax, targets, counts, chunk=chunk, tied=tied)
    if config.kind == "sampled":
        uniform = key.uniform(1, config.num_sampled, SAMPLED_WORDS, first_row=0)[0]
        return sampled_cross_entropy(window.hidden, *model.softmax, targets, counts, uniform=uniform, tied=tied)
    return cross_entropy(model.logits(window.hidden), targets, counts)


def activation_penalty(config: Loss, window: Window) -> tf.Tensor:
    """AR and TAR (Merity et al. 2017), summed over the rows and in units of a loss per token summed over the window.

    α · mean square of the dropped output, and β · mean square of the change of the raw output from step to step.
    """
    T, _, H = window.last.shape
    penalty = tf.constant(0.0)
    if config.ar:
        penalty += config.ar * tf.reduce_sum(tf.square(tf.cast(window.dropped, tf.float32))) / H
    if config.tar and T > 1:
        change = tf.cast(window.last[1:] - window.last[:-1], tf.float32)
        penalty += config.tar * tf.reduce_sum(tf.square(change)) * T / ((T - 1) * H)
    return penalty


def denominator(reduction: str, rows: int, window: int) -> float:
    """What the sum over a global batch is divided by; a constant, so that replicas' gradients simply add up.

    `zaremba_sum` divides by the rows only: its gradient is `window` times that of `mean`.
    """
    return float(rows if reduction == "zaremba_sum" else rows * window)
