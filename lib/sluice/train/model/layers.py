"""One layer function per architecture: from x [T, B, D] and a state to y [T, B, H] and the new state.

GRU (Cho et al. 2014, in the form of cuDNN and PyTorch: the reset gate acts on the product, so h U is one GEMM):

    r_t = σ(x_t W_r + b_r + h_{t-1} U_r + d_r)              reset gate
    z_t = σ(x_t W_z + b_z + h_{t-1} U_z + d_z)              update gate
    n_t = tanh(x_t W_n + b_n + r_t ⊙ (h_{t-1} U_n + d_n))   candidate
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

Elman RNN (1990): h_t = tanh(x_t W + h_{t-1} U + b)

Gated causal convolution (Dauphin et al. 2017): y_t = (Σ_j x_{t-j} V_j + b) ⊙ σ(Σ_j x_{t-j} W_j + d), j = 0 … k-1, plus
x_t if the widths are equal. It reads k tokens up to the current one, so it is a language model; its state is the last
k - 1 inputs, and it is carried like the state of a recurrent network.

As in `cells`, half precision is used only for products, that is for x, y and the weight matrices. Biases and states
are float32.

There is no bidirectional layer: its backward direction reads the token that a language model has to predict.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from sluice.train.model.cells import KERNELS

State = tuple[Any, ...]
Weights = Mapping[str, Any]
"""Weights by the last parts of their names, see `parameters`."""
Layer = Callable[[Any, State, Weights], tuple[tf.Tensor, State]]


def lstm(kernel: str) -> Layer:
    """LSTM. State: h and c [B, H]. `kernel` is a key of `cells.KERNELS`."""

    def layer(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
        y, h, c = KERNELS[kernel](x, *state, weights["kernel"], weights["recurrent_kernel"], weights["bias"])
        return y, (h, c)

    return layer


def gru(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """GRU. State: h [B, H]."""
    U, d = weights["recurrent_kernel"], weights["recurrent_bias"]

    def step(h: Any, xW: Any) -> tf.Tensor:
        x_r, x_z, x_n = tf.split(xW, 3, axis=1)
        h_r, h_z, h_n = tf.split(_product(h, U) + d, 3, axis=1)
        z, n = tf.sigmoid(x_z + h_z), tf.tanh(x_n + tf.sigmoid(x_r + h_r) * h_n)
        return (1 - z) * n + z * h

    return _scan(step, x, state, weights)


def rnn(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """Elman RNN. State: h [B, H]."""
    U = weights["recurrent_kernel"]
    return _scan(lambda h, xW: tf.tanh(xW + _product(h, U)), x, state, weights)


def _scan(step: Callable[[Any, Any], Any], x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    xW = tf.cast(tf.tensordot(x, weights["kernel"], 1), state[0].dtype) + weights["bias"]  # one GEMM for all steps
    y = tf.scan(step, xW, state[0], parallel_iterations=1)
    return tf.cast(y, x.dtype), (y[-1],)


def _product(h: Any, U: Any) -> tf.Tensor:
    return tf.cast(tf.matmul(tf.cast(h, U.dtype), U), h.dtype)


def gcnn(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """Gated causal convolution. State: the last k - 1 inputs [B, k - 1, D]."""
    kernel = weights["kernel"]
    k, D, _ = kernel.shape
    T = tf.shape(x)[0]
    before = tf.cast(tf.transpose(state[0], [1, 0, 2]), x.dtype)
    seen = tf.concat([before, x], axis=0)  # [k - 1 + T, B, D]
    z = tf.add_n([tf.tensordot(seen[j : j + T], kernel[j], 1) for j in range(k)])
    values, gates = tf.split(tf.cast(z, state[0].dtype) + weights["bias"], 2, axis=2)
    y = tf.cast(values * tf.sigmoid(gates), x.dtype)
    return (y + x if y.shape[2] == D else y), (tf.cast(tf.transpose(seen[T:], [1, 0, 2]), state[0].dtype),)


LAYERS: dict[str, Layer] = {"gru": gru, "rnn": rnn, "gcnn": gcnn}
"""Layers of architectures with only one kernel."""
