"""Negative log-likelihood of individual documents; each begins without context."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from sluice.train.model.language_model import TrainableLanguageModel

BATCH_SIZE, WINDOW = 32, 64


def document_nats(model: TrainableLanguageModel, documents: Sequence[np.ndarray], *, eos: int, pad: int) -> np.ndarray:
    """Return the nats of each document [n] float64: of all its tokens and the `eos` after them, given `eos` before it.

    documents: ids without special tokens. Documents of similar length are scored together; `pad` is not scored.
    """
    score = tf.function(lambda block, state: _nats(model, block, state, pad))
    nats = np.zeros(len(documents))
    order = sorted(range(len(documents)), key=lambda i: (len(documents[i]), i))
    for start in range(0, len(order), BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        longest = len(documents[chosen[-1]]) + 1  # targets
        width = -(-longest // WINDOW) * WINDOW + 1
        tokens = np.full((BATCH_SIZE, width), pad, np.int32)
        for row, i in enumerate(chosen):
            tokens[row, : len(documents[i]) + 2] = [eos, *documents[i], eos]
        state = model.zero_state(BATCH_SIZE)
        for at in range(0, width - 1, WINDOW):
            some, state = score(tf.constant(tokens[:, at : at + WINDOW + 1]), state)
            nats[chosen] += some.numpy()[: len(chosen)]
    return nats


def _nats(
    model: TrainableLanguageModel, block: tf.Tensor, state: tuple[tf.Tensor, ...], pad: int
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Return the nats [B] of the targets of a block [B, T + 1], and the state after it."""
    output = model.forward(block[:, :-1], state)
    targets = tf.transpose(block[:, 1:])  # [T, B], time-major as hidden is
    logits = model.logits(output.hidden)
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(targets, [-1]), logits=logits)
    nll = tf.where(tf.not_equal(targets, pad), tf.reshape(nll, tf.shape(targets)), 0.0)
    return tf.reduce_sum(tf.cast(nll, tf.float64), axis=0), output.state
