"""Masks that depend on seed, step, place in the model and *global* row, never on the number of replicas.

Philox is a counter: four values per count. Each row owns a stretch of counts by its global number, so a replica draws
its rows' part of the one global mask, at no cost for the rows of others.
"""

import math
from typing import Any

import tensorflow as tf

WEIGHTS, WORDS, SAMPLED_WORDS = 500, 900, 901
"""Places of draws that are not on the way of the activations: recurrent kernels, the embedding, the softmax."""


class DropoutKey:
    """Which masks a step draws."""

    def __init__(self, seed: int, step: Any, first_row: Any) -> None:
        self.seed, self.step, self.first_row = seed, step, first_row

    def uniform(self, rows: Any, per_row: int, place: int, first_row: Any = None) -> tf.Tensor:
        """float32 in [0, 1), [rows, per_row], of the rows from `first_row` on (those of this replica)."""
        counts = math.ceil(per_row / 4)
        seed = tf.stack([tf.constant(self.seed * 1000 + place, tf.int64), tf.cast(self.step, tf.int64)])
        philox, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
        first = tf.cast(self.first_row if first_row is None else first_row, tf.uint64)
        counter += tf.stack([first * counts, tf.constant(0, tf.uint64)])
        drawn = tf.raw_ops.StatelessRandomUniformV2(shape=[rows, counts * 4], key=philox, counter=counter, alg=1)
        return drawn[:, :per_row]


def drop(x: Any, rate: float, key: DropoutKey | None, place: int, *, locked: bool = False) -> tf.Tensor:
    """x [T, B, D] with a share `rate` of its values zero and the rest scaled up; as it is without a key.

    A fresh mask at every time step (Zaremba et al. 2014), or `locked`, one for all of the window (Gal & Ghahramani
    2016).
    """
    if not rate or key is None:
        return x
    T, B, D = x.shape
    B = tf.shape(x)[1] if B is None else B
    steps = 1 if locked else T
    keep = tf.cast(key.uniform(B, steps * D, place) >= rate, x.dtype) / (1 - rate)
    return x * tf.transpose(tf.reshape(keep, [B, steps, D]), [1, 0, 2])


def drop_weights(kernel: Any, rate: float, key: DropoutKey | None, layer: int) -> tf.Tensor:
    """A recurrent kernel with single weights dropped, the same for all rows of a window (DropConnect: Merity 2017)."""
    if not rate or key is None:
        return kernel
    keep = key.uniform(1, math.prod(kernel.shape), WEIGHTS + layer, first_row=0) >= rate
    return kernel * tf.reshape(tf.cast(keep, kernel.dtype), kernel.shape) / (1 - rate)


def drop_words(x: Any, tokens: Any, vocab_size: int, rate: float, key: DropoutKey | None) -> tf.Tensor:
    """Embeddings x [T, B, D] of tokens [T, B] without a share of the word types, wherever these occur (Merity 2017)."""
    if not rate or key is None:
        return x
    keep = tf.cast(key.uniform(1, vocab_size, WORDS, first_row=0)[0] >= rate, x.dtype) / (1 - rate)
    return x * tf.gather(keep, tokens)[..., None]
