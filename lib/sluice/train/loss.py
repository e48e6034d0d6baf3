"""Cross-entropy of the next token, returned as a sum and a count, so that parts can be added."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from sluice.core.config.train import LossConfig
from sluice.train.model.dropout import SAMPLED_WORDS, DropoutKey
from sluice.train.model.language_model import ModelOutput, TrainableLanguageModel


class Nll(NamedTuple):
    """Negative log-likelihood in nats, summed over the scored tokens, and their number."""

    total: tf.Tensor
    count: tf.Tensor


def scored(targets: Any, pad: int) -> tf.Tensor:
    """Return 1.0 for targets to score and 0.0 for `pad`."""
    return tf.cast(tf.not_equal(targets, pad), tf.float32)


def cross_entropy(logits: Any, targets: Any, counts: Any) -> Nll:
    """Cross-entropy of logits [N, V] at targets [N], weighted by `counts` [N]: 1.0, or 0.0 for padding.

    Targets are ids: one-hot rows would need N·V more floats (keras-team/keras #1723).
    """
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
    return Nll(tf.reduce_sum(nll * counts), tf.reduce_sum(counts))


def chunked_cross_entropy(
    hidden: Any, weights: Any, bias: Any, targets: Any, counts: Any, *, chunk: int, tied: bool
) -> Nll:
    """Exact cross-entropy from hidden vectors [N, P], with the logits of at most `chunk` words in memory.

    The vocabulary is processed twice: forward for log Z of each token with a running maximum (Milakov & Gimelshein
    2018), backward for the gradients. This needs four matrix products instead of three, but a chunk of logits stays in
    the cache, and the gradient of each part of the weights is computed once; with chunks of tokens, the whole gradient
    would be accumulated for every chunk.
    """

    def total(hidden: Any, weights: Any, bias: Any) -> Any:
        chunks = _Chunks(hidden, weights, bias, chunk, tied)
        log_z = chunks.log_z()
        products = tf.cast(hidden, tf.float32) * tf.cast(chunks.rows(targets), tf.float32)
        right = tf.reduce_sum(products, axis=1) + tf.gather(bias, targets)
        nll = tf.reduce_sum((log_z - right) * counts)
        return nll, lambda upstream: chunks.gradients(log_z, targets, upstream * counts)

    return Nll(tf.custom_gradient(total)(hidden, weights, bias), tf.reduce_sum(counts))


class _Chunks:
    """The vocabulary in chunks of words."""

    def __init__(self, hidden: Any, weights: Any, bias: Any, chunk: int, tied: bool) -> None:
        self.hidden, self.bias, self.chunk = hidden, bias, chunk
        self.weights, self.tied = weights, tied
        self.N, self.P = hidden.shape
        self.V = bias.shape[0]
        self.count = -(-self.V // chunk)

    def rows(self, words: Any) -> tf.Tensor:
        """Return the weights [n, P] of individual words."""
        if self.tied:
            return tf.gather(self.weights, words)
        return tf.transpose(tf.gather(self.weights, words, axis=1))

    def _part(self, i: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Return weights [c, P] (tied) or [P, c], and logits [N, c], of chunk `i`. The last chunk may be shorter."""
        words = slice(i * self.chunk, tf.minimum((i + 1) * self.chunk, self.V))
        weights = self.weights[words] if self.tied else self.weights[:, words]
        logits = tf.matmul(self.hidden, weights, transpose_b=self.tied)
        return weights, tf.nn.bias_add(tf.cast(logits, tf.float32), self.bias[words])

    def _loop(self, step: Callable[..., Any], start: tuple[Any, ...]) -> Any:
        return tf.while_loop(
            lambda i, *_: i < self.count,
            lambda i, *values: (i + 1, *step(i, *values)),
            (0, *start),
            parallel_iterations=1,  # keeps the logits of one chunk in memory
            maximum_iterations=self.count,
        )[1:]

    def log_z(self) -> tf.Tensor:
        """Return the log of the sum of exp(logit) over the vocabulary, [N]."""

        def step(i: Any, top: Any, total: Any) -> Any:
            _, logits = self._part(i)
            higher = tf.maximum(top, tf.reduce_max(logits, axis=1))
            return higher, total * tf.exp(top - higher) + tf.reduce_sum(tf.exp(logits - higher[:, None]), axis=1)

        top, total = self._loop(step, (tf.fill([self.N], -math.inf), tf.zeros(self.N)))
        return top + tf.math.log(total)

    def gradients(self, log_z: Any, targets: Any, scale: Any) -> tuple[tf.Tensor, ...]:
        """Return gradients of hidden, weights and bias for a loss that weights each token by `scale` [N].

        The gradient of the logits is scale · (p - 1 at the target). To avoid further [N, c] arrays, `scale` is applied
        to the other factor of each product, and the 1 is subtracted at the end.
        """
        dtype, scale = self.hidden.dtype, scale[:, None]
        scaled = tf.cast(self.hidden, tf.float32) * scale  # [N, P]

        def step(i: Any, d_hidden: Any, d_weights: Any, d_bias: Any) -> Any:
            weights, logits = self._part(i)
            p = tf.exp(logits - log_z[:, None])
            of_bias = tf.matmul(p, scale, transpose_a=True)[:, 0]
            p = tf.cast(p, dtype)
            of_weights = tf.cast(tf.matmul(p, tf.cast(scaled, dtype), transpose_a=True), tf.float32)
            d_hidden += tf.cast(tf.matmul(p, weights, transpose_b=not self.tied), tf.float32)
            words = targets - i * self.chunk
            here = tf.where((words >= 0) & (words < tf.shape(p)[1]))  # [n, 1]
            at = tf.gather_nd(words, here)[:, None]
            of_bias = tf.tensor_scatter_nd_sub(of_bias, at, tf.gather_nd(scale[:, 0], here))
            of_weights = tf.tensor_scatter_nd_sub(of_weights, at, tf.gather_nd(scaled, here))
            return d_hidden, d_weights.write(i, tf.cast(of_weights, dtype)), d_bias.write(i, of_bias)

        d_weights = tf.TensorArray(dtype, self.count, infer_shape=False, element_shape=[None, self.P])
        d_bias = tf.TensorArray(tf.float32, self.count, infer_shape=False, element_shape=[None])
        d_hidden, d_weights, d_bias = self._loop(step, (tf.zeros([self.N, self.P]), d_weights, d_bias))
        by_word = tf.ensure_shape(d_weights.concat(), [self.V, self.P])
        d_bias = tf.ensure_shape(d_bias.concat(), [self.V])
        d_hidden = (d_hidden - tf.cast(self.rows(targets), tf.float32)) * scale
        return tf.cast(d_hidden, dtype), by_word if self.tied else tf.transpose(by_word), d_bias


def sampled_cross_entropy(
    hidden: Any, weights: Any, bias: Any, targets: Any, counts: Any, *, uniform: Any, tied: bool
) -> Nll:
    """Cross-entropy against random words (importance sampling: Bengio & Senécal 2003, Jean et al. 2015).

    The sum over all other words is estimated from S of them, each divided by its expected count; the logarithm of the
    estimate is biased low. `uniform` [S] in [0, 1) selects them, low ids more often by Zipf's law, so ids must be
    sorted by falling frequency. It is an argument so that all replicas select the same words.
    """
    S, V = uniform.shape[0], bias.shape[0]
    words = tf.minimum(tf.cast(tf.exp(uniform * math.log(V + 1.0)), tf.int32) - 1, V - 1)  # [S]
    expected = S * tf.math.log1p(1 / tf.cast(words + 1, tf.float32)) / math.log(V + 1.0)

    def logits_of(ids: Any) -> Callable[[Any], tf.Tensor]:
        rows = tf.gather(weights, ids) if tied else tf.transpose(tf.gather(weights, ids, axis=1))  # [n, P]
        return lambda product: tf.cast(product(rows), tf.float32) + tf.gather(bias, ids)

    right = logits_of(targets)(lambda rows: tf.reduce_sum(hidden * rows, axis=1))  # [N]
    others = logits_of(words)(lambda rows: tf.matmul(hidden, rows, transpose_b=True)) - tf.math.log(expected)
    others -= 1e9 * tf.cast(tf.equal(targets[:, None], words[None]), tf.float32)  # exclude the target
    return cross_entropy(tf.concat([right[:, None], others], axis=1), tf.zeros_like(targets), counts)


def nll_of(
    config: LossConfig, model: TrainableLanguageModel, output: ModelOutput, targets: Any, pad: int, key: DropoutKey
) -> Nll:
    """Return the training loss with the configured kind of softmax."""
    hidden, tied, counts = output.hidden, model.config.tie_embeddings, scored(targets, pad)
    if config.kind == "full":
        return cross_entropy(model.logits(hidden), targets, counts)
    weights, bias = model.softmax(hidden.dtype)
    if config.kind == "chunked":
        return chunked_cross_entropy(hidden, weights, bias, targets, counts, chunk=config.chunk_words, tied=tied)
    uniform = key.uniform(1, config.num_sampled, SAMPLED_WORDS, first_row=0)[0]
    return sampled_cross_entropy(hidden, weights, bias, targets, counts, uniform=uniform, tied=tied)


def activation_penalty(config: LossConfig, output: ModelOutput) -> tf.Tensor:
    """AR and TAR (Merity et al. 2017), summed over rows and time steps like the loss.

    α · mean square of the output after dropout + β · mean square of the change of the raw output between time steps.
    """
    T, _, H = output.last.shape
    penalty = tf.constant(0.0)
    if config.ar:
        penalty += config.ar * tf.reduce_sum(tf.square(tf.cast(output.dropped, tf.float32))) / H
    if config.tar and T > 1:
        change = tf.cast(output.last[1:] - output.last[:-1], tf.float32)
        penalty += config.tar * tf.reduce_sum(tf.square(change)) * T / ((T - 1) * H)
    return penalty


def denominator(reduction: str, batch_size: int, bptt_steps: int) -> float:
    """Return the divisor of the sum over a global batch: a constant, so that the gradients of replicas can be summed.

    `zaremba_sum` divides by `batch_size` only: its gradient is `bptt_steps` times that of `mean`.
    """
    return float(batch_size if reduction == "zaremba_sum" else batch_size * bptt_steps)
