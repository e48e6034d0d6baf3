"""Dropout masks that depend on seed, step, layer and *global* row, not on the number of replicas.

Philox is counter-based, with four values per count. Each global row has its own range of counts, so a replica draws
only its rows of the global mask.
"""

import math
from typing import Any

import tensorflow as tf

WEIGHTS, WORDS, SAMPLED_WORDS = 500, 900, 901
"""Values of `place` for masks of recurrent kernels, of vocabulary entries, and for sampled words."""


class DropoutKey:
    """Seed, step and first global row of the masks of a step."""

    def __init__(self, seed: int, step: Any, first_row: Any) -> None:
        self.seed, self.step, self.first_row = seed, step, first_row

    def uniform(self, rows: Any, per_row: int, place: int, first_row: Any = None) -> tf.Tensor:
        """Draw uniform float32 [rows, per_row] in [0, 1), for rows from `first_row` (default: this replica's first)."""
        counts = math.ceil(per_row / 4)
        seed = tf.stack([tf.constant(self.seed * 1000 + place, tf.int64), tf.cast(self.step, tf.int64)])
        philox, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
        first = tf.cast(self.first_row if first_row is None else first_row, tf.uint64)
        counter += tf.stack([first * counts, tf.constant(0, tf.uint64)])
        drawn = tf.raw_ops.StatelessRandomUniformV2(shape=[rows, counts * 4], key=philox, counter=counter, alg=1)
        return drawn[:, :per_row]


def drop(x: Any, rate: float, key: DropoutKey | None, place: int, *, locked: bool = False) -> tf.Tensor:
    """Set a share `rate` of the values of x [T, B, D] to zero and scale up the rest; no change without a key.

    A new mask per time step (Zaremba et al. 2014) or, if `locked`, one for all time steps (Gal & Ghahramani 2016).
    """
    if not rate or key is None:
        return x
    T, B, D = x.shape
    B = tf.shape(x)[1] if B is None else B
    steps = 1 if locked else T
    keep = tf.cast(key.uniform(B, steps * D, place) >= rate, x.dtype) / (1 - rate)
    return x * tf.transpose(tf.reshape(keep, [B, steps, D]), [1, 0, 2])


def drop_weights(kernel: Any, rate: float, key: DropoutKey | None, layer: int) -> tf.Tensor:
    """Drop individual weights of a recurrent kernel, the same for all rows (DropConnect: Merity et al. 2017)."""
    if not rate or key is None:
        return kernel
    keep = key.uniform(1, math.prod(kernel.shape), WEIGHTS + layer, first_row=0) >= rate
    return kernel * tf.reshape(tf.cast(keep, kernel.dtype), kernel.shape) / (1 - rate)


def drop_words(x: Any, tokens: Any, vocab_size: int, rate: float, key: DropoutKey | None) -> tf.Tensor:
    """Set embeddings x [T, B, D] of a share of the vocabulary to zero, for tokens [T, B] (Merity et al. 2017)."""
    if not rate or key is None:
        return x
    keep = tf.cast(key.uniform(1, vocab_size, WORDS, first_row=0)[0] >= rate, x.dtype) / (1 - rate)
    return x * tf.gather(keep, tokens)[..., None]
