"""One layer of each architecture over a window: x [T, B, D] and its state in, y [T, B, H] and the new state out.

GRU (Cho et al. 2014, in the form of cuDNN and PyTorch: the reset gate acts on the product, so h U is one GEMM):

    r_t = σ(x_t W_r + b_r + h_{t-1} U_r + d_r)              reset gate
    z_t = σ(x_t W_z + b_z + h_{t-1} U_z + d_z)              update gate
    n_t = tanh(x_t W_n + b_n + r_t ⊙ (h_{t-1} U_n + d_n))   candidate
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

Elman RNN (1990): h_t = tanh(x_t W + h_{t-1} U + b)

Gated causal convolution (Dauphin et al. 2017): y_t = (Σ_j x_{t-j} V_j + b) ⊙ σ(Σ_j x_{t-j} W_j + d), j = 0 … k-1, plus
x_t where the widths are equal. It sees k tokens back and none ahead, so it is a language model; what it saw last is its
state, and windows follow on each other as they do in a recurrent network.

As in `cells`, half precision is for the products: x and the weight matrices come in it and y goes out in it; biases and
states are float32.

A bidirectional layer is none of them: run backwards, it has read the very token that a language model is to predict.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from sluice.train.model.cells import KERNELS

State = tuple[Any, ...]
Weights = Mapping[str, Any]
"""By the last parts of their names, see `parameters`."""
Layer = Callable[[Any, State, Weights], tuple[tf.Tensor, State]]


def lstm(kernel: str) -> Layer:
    """State: h and c [B, H]. `kernel` is a name of `cells.KERNELS`."""

    def layer(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
        y, h, c = KERNELS[kernel](x, *state, weights["kernel"], weights["recurrent_kernel"], weights["bias"])
        return y, (h, c)

    return layer


def gru(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """State: h [B, H]."""
    U, d = weights["recurrent_kernel"], weights["recurrent_bias"]

    def step(h: Any, xW: Any) -> tf.Tensor:
        x_r, x_z, x_n = tf.split(xW, 3, axis=1)
        h_r, h_z, h_n = tf.split(_product(h, U) + d, 3, axis=1)
        z, n = tf.sigmoid(x_z + h_z), tf.tanh(x_n + tf.sigmoid(x_r + h_r) * h_n)
        return (1 - z) * n + z * h

    return _scan(step, x, state, weights)


def rnn(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """State: h [B, H]."""
    U = weights["recurrent_kernel"]
    return _scan(lambda h, xW: tf.tanh(xW + _product(h, U)), x, state, weights)


def _scan(step: Callable[[Any, Any], Any], x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    xW = tf.cast(tf.tensordot(x, weights["kernel"], 1), state[0].dtype) + weights["bias"]  # one GEMM for all steps
    y = tf.scan(step, xW, state[0], parallel_iterations=1)
    return tf.cast(y, x.dtype), (y[-1],)


def _product(h: Any, U: Any) -> tf.Tensor:
    return tf.cast(tf.matmul(tf.cast(h, U.dtype), U), h.dtype)


def gcnn(x: Any, state: State, weights: Weights) -> tuple[tf.Tensor, State]:
    """State: the last k - 1 inputs [B, k - 1, D]."""
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
"""Those without a choice of kernels."""
