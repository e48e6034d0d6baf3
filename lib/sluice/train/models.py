"""The LSTM language model: named parameters, and a function from tokens and state to hidden vectors and state.

p(w_{t+1} | w_≤t) = softmax(h_t V + b). State goes in and comes out as a value; no variable holds it, so a checkpoint,
a replica or a sampler can carry it wherever they like.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.errors import ConfigError
from sluice.core.train_config import Model
from sluice.train.cells import KERNELS

State = tuple[tf.Tensor, ...]
"""h and c [B, H] of the first layer, then of the second, and so on."""


def parameter_shapes(config: Model, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter, in order. Raises ConfigError when tied widths differ."""
    E, H = config.embed, config.hidden
    shapes: dict[str, tuple[int, ...]] = {"embed.weight": (vocab_size, E)}
    for layer in range(config.layers):
        shapes[f"lstm.{layer}.kernel"] = (H if layer else E, 4 * H)
        shapes[f"lstm.{layer}.recurrent_kernel"] = (H, 4 * H)
        shapes[f"lstm.{layer}.bias"] = (4 * H,)
    width = config.proj or H
    if config.proj:
        shapes["proj.kernel"] = (H, width)
    if config.tie:
        if width != E:
            raise ConfigError(
                f"train.model.tie needs equal widths, but the softmax reads {width} and train.model.embed is {E}. "
                f"Set train.model.proj={E}, or embed={width}."
            )
    else:
        shapes["softmax.kernel"] = (width, vocab_size)
    shapes["softmax.bias"] = (vocab_size,)
    return shapes


def initial_values(config: Model, vocab_size: int, seed: int) -> dict[str, np.ndarray]:
    """Parameters before the first step: a function of the arguments alone, the same on every machine."""
    scale, H = config.init.scale, config.hidden
    values = {}
    for index, (name, shape) in enumerate(parameter_shapes(config, vocab_size).items()):
        values[name] = np.random.default_rng([seed, index]).uniform(-scale, scale, shape).astype(np.float32)
        if name.startswith("lstm.") and name.endswith(".bias"):
            values[name][H : 2 * H] += config.init.forget_bias
    return values


class LanguageModel:
    """The parameters as variables of the strategy in scope, and the computation."""

    def __init__(self, config: Model, vocab_size: int, seed: int) -> None:
        self.config = config
        self.vocab_size = vocab_size
        self.variables = {
            name: tf.Variable(value, name=name) for name, value in initial_values(config, vocab_size, seed).items()
        }

    def state_shapes(self, batch: int) -> list[tuple[int, int]]:
        """The shapes of a state."""
        return [(batch, self.config.hidden)] * (2 * self.config.layers)

    def zero_state(self, batch: int) -> State:
        """The state at the start of an epoch."""
        return tuple(tf.zeros(shape) for shape in self.state_shapes(batch))

    def hidden(self, tokens: Any, state: State, dropout: "DropoutKey | None" = None) -> tuple[tf.Tensor, State]:
        """What the softmax reads [T·B, P], time-major, and the state after the last token, from tokens [B, T].

        Nothing is dropped without a key.
        """
        rates, kernel = self.config.dropout, KERNELS[self.config.kernel]
        v = self.variables
        x = tf.gather(v["embed.weight"], tf.transpose(tokens))  # [T, B, E]
        x = drop(x, rates.input, dropout, place=0)
        new_state: list[tf.Tensor] = []
        for layer in range(self.config.layers):
            if layer:
                x = drop(x, rates.between, dropout, place=layer)
            weights = (v[f"lstm.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
            x, h, c = kernel(x, state[2 * layer], state[2 * layer + 1], *weights)
            new_state += [h, c]
        x = drop(x, rates.output, dropout, place=self.config.layers)
        x = tf.reshape(x, [-1, self.config.hidden])  # [T·B, H]
        if self.config.proj:
            x = tf.matmul(x, v["proj.kernel"])
        return x, tuple(new_state)

    def logits(self, hidden: Any) -> tf.Tensor:
        """Scores [N, V] of hidden vectors [N, P]."""
        v = self.variables
        if self.config.tie:
            return tf.matmul(hidden, v["embed.weight"], transpose_b=True) + v["softmax.bias"]
        return tf.matmul(hidden, v["softmax.kernel"]) + v["softmax.bias"]

    def assign(self, values: dict[str, np.ndarray]) -> None:
        """Sets every parameter."""
        for name, variable in self.variables.items():
            variable.assign(values[name])


class DropoutKey:
    """Which masks a step draws: they depend on seed, step, place in the model and *global* row, never on replicas."""

    def __init__(self, seed: int, step: Any, first_row: Any) -> None:
        self.seed, self.step, self.first_row = seed, step, first_row


def drop(x: Any, rate: float, key: DropoutKey | None, place: int) -> tf.Tensor:
    """x [T, B, D] with a share `rate` of its values zero and the rest scaled up.

    Philox is a counter: four values per count. Each row owns a stretch of counts by its global number, so a replica
    draws its rows' part of the one global mask, at no cost for the rows of others.
    """
    if not rate or key is None:
        return x
    T, B, D = x.shape
    counts_per_row = math.ceil(T * D / 4)
    seed = tf.stack([tf.constant(key.seed * 1000 + place, tf.int64), tf.cast(key.step, tf.int64)])
    philox, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    counter += tf.stack([tf.cast(key.first_row, tf.uint64) * counts_per_row, tf.constant(0, tf.uint64)])
    uniform = tf.raw_ops.StatelessRandomUniformV2(shape=[B, counts_per_row * 4], key=philox, counter=counter, alg=1)
    keep = tf.cast(uniform[:, : T * D] >= rate, x.dtype) / (1 - rate)
    return x * tf.transpose(tf.reshape(keep, [B, T, D]), [1, 0, 2])
