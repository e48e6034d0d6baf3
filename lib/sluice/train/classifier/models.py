"""Networks that classify a whole text: from tokens [B, T] and lengths [B] to logits [B, K].

They may read in both directions, because the label is not part of the text.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from sluice.core.config.classifier import ClassifierConfig
from sluice.train.model.cells import lstm_loop
from sluice.train.model.dropout import DropoutKey, drop
from sluice.train.model.glove import without_fixed

DIRECTIONS = ("forward", "backward")


def classifier_shapes(config: ClassifierConfig, vocab_size: int, num_labels: int) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every parameter, in order."""
    E, H = config.embedding_dim, config.hidden
    shapes: dict[str, tuple[int, ...]] = {"embed.weight": (vocab_size, E)}
    if config.arch == "bilstm_cls":
        for name in DIRECTIONS:
            parts = {"kernel": (E, 4 * H), "recurrent_kernel": (H, 4 * H), "bias": (4 * H,)}
            shapes |= {f"{name}.{part}": shape for part, shape in parts.items()}
        width = 2 * H
    else:
        for window in config.windows:
            shapes |= {f"window{window}.kernel": (window, E, config.filters), f"window{window}.bias": (config.filters,)}
        width = len(config.windows) * config.filters
    return shapes | {"labels.kernel": (width, num_labels), "labels.bias": (num_labels,)}


def classifier_values(config: ClassifierConfig, vocab_size: int, num_labels: int) -> dict[str, np.ndarray]:
    """Return initial values: biases 0 (forget gates 1), others uniform with the variance of Glorot & Bengio 2010."""
    values = {}
    for index, (name, shape) in enumerate(classifier_shapes(config, vocab_size, num_labels).items()):
        random = np.random.default_rng([config.seed, index])
        if name.endswith("bias"):
            values[name] = np.zeros(shape, np.float32)
            if name.startswith(DIRECTIONS):
                values[name][config.hidden : 2 * config.hidden] = 1
        elif name == "embed.weight":
            values[name] = random.uniform(-0.1, 0.1, shape).astype(np.float32)
        else:
            limit = np.sqrt(6 / (np.prod(shape[:-1]) + shape[-1]))
            values[name] = random.uniform(-limit, limit, shape).astype(np.float32)
    return values


class TextClassifier:
    """A text classifier whose parameters are TensorFlow variables."""

    def __init__(self, config: ClassifierConfig, values: dict[str, np.ndarray]) -> None:
        self.config = config
        self.variables = {name: tf.Variable(value, name=name) for name, value in values.items()}

    @property
    def trained(self) -> dict[str, tf.Variable]:
        """The trainable parameters."""
        return without_fixed(self.variables, self.config.glove)

    def logits(self, tokens: Any, lengths: Any, key: DropoutKey | None = None) -> tf.Tensor:
        """Return logits [B, K]. Padding after the end of a text has no influence. Without `key`, dropout is off."""
        x = tf.gather(self.variables["embed.weight"], tokens)  # [B, T, E]
        read = self._both_ways if self.config.arch == "bilstm_cls" else self._convolutions
        features = drop(read(x, lengths)[None], self.config.dropout, key, place=0)[0]
        return tf.matmul(features, self.variables["labels.kernel"]) + self.variables["labels.bias"]

    def _both_ways(self, x: Any, lengths: Any) -> tf.Tensor:
        """Return the last states of the forward and the backward LSTM [B, 2H]."""
        last = []
        for name in DIRECTIONS:
            text = tf.reverse_sequence(x, lengths, seq_axis=1) if name == "backward" else x
            weights = (self.variables[f"{name}.{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
            zeros = tf.zeros([tf.shape(x)[0], self.config.hidden])
            h, _, _ = lstm_loop(tf.transpose(text, [1, 0, 2]), zeros, zeros, *weights)
            last.append(tf.gather(tf.transpose(h, [1, 0, 2]), lengths - 1, batch_dims=1))
        return tf.concat(last, axis=1)

    def _convolutions(self, x: Any, lengths: Any) -> tf.Tensor:
        """Return the maximum of each filter over all positions of the text, [B, len(windows) · filters]."""
        T = tf.shape(x)[1]
        x *= tf.sequence_mask(lengths, T, x.dtype)[:, :, None]
        best = []
        for window in self.config.windows:
            x_padded = tf.pad(x, [[0, 0], [0, window - 1], [0, 0]])
            kernel = self.variables[f"window{window}.kernel"]
            found = tf.nn.conv1d(x_padded, kernel, stride=1, padding="VALID") + self.variables[f"window{window}.bias"]
            inside = tf.sequence_mask(tf.maximum(lengths - window + 1, 1), T)[:, :, None]
            best.append(tf.reduce_max(tf.where(inside, tf.nn.relu(found), 0.0), axis=1))
        return tf.concat(best, axis=1)
