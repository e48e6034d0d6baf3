"""Names, shapes and initial values of the parameters of a language model. Does not import TensorFlow.

A layer maps [T, B, D] to [T, B, H]. Its parameters, with columns in the order of the gates, are:

    lstm   kernel [D, 4H], recurrent_kernel [H, 4H], bias [4H]                                  i, f, g, o
    gru    kernel [D, 3H], recurrent_kernel [H, 3H], bias [3H], recurrent_bias [3H]             r, z, n
    rnn    kernel [D, H], recurrent_kernel [H, H], bias [H]
    gcnn   kernel [k, D, 2H], bias [2H]                                                         values, gates
"""

from itertools import pairwise

import numpy as np

from sluice.core.config.train import ModelConfig
from sluice.core.errors import ConfigError

Shape = tuple[int, ...]


def layer_widths(config: ModelConfig) -> list[tuple[int, int]]:
    """Return D and H of each layer. The last layer of `awd_lstm` is as wide as the embedding."""
    outputs = [config.hidden] * config.layers
    if config.arch == "awd_lstm":
        outputs[-1] = config.embedding_dim
    return list(pairwise([config.embedding_dim, *outputs]))


def layer_name(config: ModelConfig, layer: int) -> str:
    """Return the common prefix of the parameter names of a layer, for example `lstm.0`."""
    return f"{'lstm' if config.arch == 'awd_lstm' else config.arch}.{layer}"


def layer_shapes(config: ModelConfig, D: int, H: int) -> dict[str, Shape]:
    """Return the shapes of the parameters of a layer, by the last part of their names."""
    if config.arch == "gcnn":
        return {"kernel": (config.context, D, 2 * H), "bias": (2 * H,)}
    gates = {"rnn": 1, "gru": 3}.get(config.arch, 4)
    shapes: dict[str, Shape] = {"kernel": (D, gates * H), "recurrent_kernel": (H, gates * H), "bias": (gates * H,)}
    return shapes | ({"recurrent_bias": (3 * H,)} if config.arch == "gru" else {})


def parameter_shapes(config: ModelConfig, vocab_size: int) -> dict[str, Shape]:
    """Return name and shape of every parameter, in order. Raises ConfigError for incompatible settings."""
    if config.arch == "gcnn" and config.dropout.recurrent:
        raise ConfigError(
            f"train.model.dropout.recurrent = {config.dropout.recurrent} drops weights of recurrent kernels, but arch "
            "gcnn has none. Set it to 0."
        )
    shapes: dict[str, Shape] = {"embed.weight": (vocab_size, config.embedding_dim)}
    widths = layer_widths(config)
    for layer, (D, H) in enumerate(widths):
        name = layer_name(config, layer)
        shapes |= {f"{name}.{part}": shape for part, shape in layer_shapes(config, D, H).items()}
    last = widths[-1][1]
    width = config.projection_dim or last
    if config.projection_dim:
        shapes["proj.kernel"] = (last, width)
    if config.tie_embeddings:
        if width != config.embedding_dim:
            raise ConfigError(
                f"train.model.tie_embeddings needs equal widths, but the softmax reads {width} and "
                f"train.model.embedding_dim is {config.embedding_dim}. Set train.model.projection_dim="
                f"{config.embedding_dim}, or embedding_dim={width}."
            )
    else:
        shapes["softmax.kernel"] = (width, vocab_size)
    shapes["softmax.bias"] = (vocab_size,)
    return shapes


def initial_values(config: ModelConfig, vocab_size: int, seed: int) -> dict[str, np.ndarray]:
    """Return initial parameters. They depend only on the arguments, not on the machine."""
    scale = config.init.scale
    values = {}
    for index, (name, shape) in enumerate(parameter_shapes(config, vocab_size).items()):
        values[name] = np.random.default_rng([seed, index]).uniform(-scale, scale, shape).astype(np.float32)
        if name.startswith("lstm.") and name.endswith(".bias"):
            H = shape[0] // 4
            values[name][H : 2 * H] += config.init.forget_bias
    return values
