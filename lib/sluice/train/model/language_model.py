"""The trainable language model: parameters as variables, and a function from tokens and state to outputs and state.

p(w_{t+1} | w_≤t) = softmax(h_t V + b). State is passed and returned as a value and is not stored in a variable, so
checkpoints, replicas and samplers can use it directly.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from sluice.core.config.train import ModelConfig
from sluice.train.model.dropout import DropoutKey, drop, drop_weights, drop_words
from sluice.train.model.glove import without_fixed
from sluice.train.model.layers import LAYERS, State, lstm
from sluice.train.model.parameters import initial_values, layer_name, layer_shapes, layer_widths

DTYPES = {"fp32": tf.float32, "fp16": tf.float16, "bf16": tf.bfloat16}
"""Data types of activations by `precision`; parameters, carried states and losses are float32."""


class ModelOutput(NamedTuple):
    """The outputs of a model for a block of tokens."""

    hidden: tf.Tensor
    """Input of the softmax [T·B, P], time-major."""
    state: State
    """State after the last token."""
    last: tf.Tensor
    """Output of the last layer [T, B, H]."""
    dropped: tf.Tensor
    """`last` after dropout."""


class TrainableLanguageModel:
    """A language model of any architecture. Create it in the scope of the strategy."""

    def __init__(self, config: ModelConfig, vocab_size: int, seed: int, precision: str = "fp32") -> None:
        self.config = config
        self.dtype = DTYPES[precision]
        self.vocab_size = vocab_size
        self.widths = layer_widths(config)
        self._layer = LAYERS.get(config.arch) or lstm(config.kernel)
        self.variables = {
            name: tf.Variable(value, name=name) for name, value in initial_values(config, vocab_size, seed).items()
        }

    @property
    def trained(self) -> dict[str, tf.Variable]:
        """The trainable parameters."""
        return without_fixed(self.variables, self.config.glove)

    def state_shapes(self, batch: int) -> list[tuple[int, ...]]:
        """Return the shapes of the state tensors, layer by layer; axis 0 is the batch."""
        shapes: list[tuple[int, ...]] = []
        for D, H in self.widths:
            if self.config.arch == "gcnn":
                shapes.append((batch, self.config.context - 1, D))
            else:
                shapes += [(batch, H)] * (1 if self.config.arch in ("gru", "rnn") else 2)
        return shapes

    def zero_state(self, batch: int) -> State:
        """Return the state at the start of an epoch: all zeros."""
        return tuple(tf.zeros(shape) for shape in self.state_shapes(batch))

    def forward(self, tokens: Any, state: State, key: DropoutKey | None = None) -> ModelOutput:
        """Return outputs for tokens [B, T]. Without `key`, as in evaluation, no dropout; values are float32."""
        rates, v = self.config.dropout, self.variables
        dtype = tf.float32 if key is None else self.dtype
        locked = rates.kind == "locked"
        tokens = tf.transpose(tokens)
        x = tf.cast(tf.gather(v["embed.weight"], tokens), dtype)  # [T, B, E]
        x = drop_words(x, tokens, self.vocab_size, rates.embedding, key)
        x = drop(x, rates.input, key, place=0, locked=locked)
        per_layer = len(state) // len(self.widths)
        new_state: State = ()
        for layer in range(len(self.widths)):
            if layer:
                x = drop(x, rates.between, key, place=layer, locked=locked)
            before = state[layer * per_layer : (layer + 1) * per_layer]
            x, after = self._layer(x, before, self._weights(layer, key, dtype))
            new_state += after
        dropped = drop(x, rates.output, key, place=len(self.widths), locked=locked)
        hidden = tf.reshape(dropped, [-1, self.widths[-1][1]])  # [T·B, H]
        if self.config.projection_dim:
            hidden = tf.matmul(hidden, tf.cast(v["proj.kernel"], dtype))
        return ModelOutput(hidden, new_state, x, dropped)

    def _weights(self, layer: int, key: DropoutKey | None, dtype: Any) -> dict[str, Any]:
        name = layer_name(self.config, layer)
        weights = {part: self.variables[f"{name}.{part}"] for part in layer_shapes(self.config, *self.widths[layer])}
        rate = self.config.dropout.recurrent
        if rate:
            weights["recurrent_kernel"] = drop_weights(weights["recurrent_kernel"], rate, key, layer)
        return {
            part: tf.convert_to_tensor(value) if part.endswith("bias") else tf.cast(value, dtype)
            for part, value in weights.items()
        }

    def softmax(self, dtype: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the weights in `dtype` (the embedding [V, P] if tied, else [P, V]) and the bias [V]."""
        v = self.variables
        weights = v["embed.weight" if self.config.tie_embeddings else "softmax.kernel"]
        return tf.cast(weights, dtype), tf.convert_to_tensor(v["softmax.bias"])

    def logits(self, hidden: Any) -> tf.Tensor:
        """Return float32 logits [N, V] of hidden vectors [N, P]."""
        weights, bias = self.softmax(hidden.dtype)
        return tf.cast(tf.matmul(hidden, weights, transpose_b=self.config.tie_embeddings), tf.float32) + bias

    def assign(self, values: dict[str, np.ndarray]) -> None:
        """Set every parameter."""
        for name, variable in self.variables.items():
            variable.assign(values[name])
