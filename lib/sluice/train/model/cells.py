"""LSTM layers over a block of tokens, forward and backward.

Equations (Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000), for each step t of a row:

    i_t = σ(x_t W_i + h_{t-1} U_i + b_i)        input gate
    f_t = σ(x_t W_f + h_{t-1} U_f + b_f)        forget gate
    g_t = tanh(x_t W_g + h_{t-1} U_g + b_g)     candidate
    o_t = σ(x_t W_o + h_{t-1} U_o + b_o)        output gate
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t             cell state
    h_t = o_t ⊙ tanh(c_t)                       hidden state, the output of the layer

and backward, with dh and dc from t+1 and dh also from the layer above:

    dc += dh ⊙ o ⊙ (1 - tanh(c)²)
    dz_i = dc ⊙ g ⊙ i(1-i)   dz_f = dc ⊙ c_{t-1} ⊙ f(1-f)   dz_g = dc ⊙ i ⊙ (1-g²)   dz_o = dh ⊙ tanh(c) ⊙ o(1-o)
    dh_{t-1} = dz Uᵀ         dc_{t-1} = dc ⊙ f

The columns of W [D, 4H], U [H, 4H] and b [4H] are i, f, g, o in this order. Time-major throughout.

Half precision is used only for matrix products (as in Micikevicius et al. 2018), that is for x, W, U and h. The bias,
states, gates and cell are float32. A bfloat16 cell would lose every addition below 1/256 of its value, and on a CPU
all other operations are slower in bfloat16.

There is no bidirectional layer: its backward direction reads the token that a language model has to predict.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Kernel = Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]]


def lstm_loop(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return h [T, B, H] in the dtype of x, and the last h and c [B, H], from x [T, B, D] and initial states [B, H].

    One GEMM for all x·W, a loop over time that stores gates and cells, and a custom gradient that collects dz of all
    steps, so that dW and dU are one GEMM each; autodiff would add a [H, 4H] weight gradient at every step.
    """
    return _with_gradient(_forward, _backward, x, h0, c0, W, U, b)


def lstm_loop_xla(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`lstm_loop` with forward and backward compiled by XLA; shapes must be static when traced."""
    return _with_gradient(_forward_xla, _backward_xla, x, h0, c0, W, U, b)


def lstm_cudnn(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`lstm_loop` with cuDNN: all steps in one call, states and bias in the dtype of x. Falls back without a GPU.

    Its parameters are one vector: the four parts of W and of U, transposed, then a bias for each of the two products
    (see the call in keras/src/backend/tensorflow/rnn.py).
    """
    if not tf.config.list_physical_devices("GPU"):
        return lstm_loop(x, h0, c0, W, U, b)
    T, B, *_ = _sizes(x, U)
    matrices = [tf.transpose(part) for weights in (W, U) for part in tf.split(tf.cast(weights, x.dtype), 4, axis=1)]
    biases = [tf.zeros_like(b, x.dtype), tf.cast(b, x.dtype)]
    h, h_last, c_last, *_ = tf.raw_ops.CudnnRNNV3(
        input=x,
        input_h=tf.cast(h0, x.dtype)[None],
        input_c=tf.cast(c0, x.dtype)[None],
        params=tf.concat([tf.reshape(part, [-1]) for part in (*matrices, *biases)], axis=0),
        sequence_lengths=tf.fill([B], T),
        rnn_mode="lstm",
        time_major=True,
    )
    return h, tf.cast(h_last[0], h0.dtype), tf.cast(c_last[0], c0.dtype)


KERNELS: dict[str, Kernel] = {"loop": lstm_loop, "loop_xla": lstm_loop_xla, "cudnn": lstm_cudnn}


def _with_gradient(forward: Any, backward: Any, *inputs: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    def layer(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> Any:
        h, c, gates = forward(x, h0, c0, W, U, b)

        def gradient(dh: Any, dh_last: Any, dc_last: Any) -> Any:
            return backward(dh, dh_last, dc_last, x, h0, c0, W, U, h, c, gates)

        return (h, tf.cast(h[-1], h0.dtype), c[-1]), gradient

    outputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor] = tf.custom_gradient(layer)(*map(tf.convert_to_tensor, inputs))
    return outputs


def _forward(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return h and c [T, B, H], and the gates after the non-linearity [T, B, 4H]."""
    T, B, D, H = _sizes(x, U)
    half, whole = x.dtype, c0.dtype
    xW = tf.reshape(tf.cast(tf.matmul(tf.reshape(x, [T * B, D]), W), whole) + b, [T, B, 4 * H])

    def step(t: Any, h: Any, c: Any, hs: Any, cs: Any, gates: Any) -> Any:
        i, f, g, o = tf.split(xW[t] + tf.cast(tf.matmul(h, U), whole), 4, axis=1)  # [B, H] each
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        h = tf.cast(o * tf.tanh(c), half)
        gates = gates.write(t, tf.concat([i, f, g, o], axis=1))
        return t + 1, h, c, hs.write(t, h), cs.write(t, c), gates

    buffers = (_buffer(T, half, [B, H]), _buffer(T, whole, [B, H]), _buffer(T, whole, [B, 4 * H]))
    start = (0, tf.cast(h0, half), c0, *buffers)
    loop = tf.while_loop(lambda t, *_: t < T, step, start, parallel_iterations=1, maximum_iterations=T)
    return loop[3].stack(), loop[4].stack(), loop[5].stack()


def _backward(
    dh_above: Any, dh_last: Any, dc_last: Any, x: Any, h0: Any, c0: Any, W: Any, U: Any, h: Any, c: Any, gates: Any
) -> tuple[tf.Tensor, ...]:
    """Return the gradients of x, h0, c0, W, U, b."""
    T, B, D, H = _sizes(x, U)
    half, whole = x.dtype, c0.dtype
    c_before = tf.concat([c0[None], c[:-1]], axis=0)
    # once: within each product it takes two to four times as long for small batches (TF 2.21, CPU)
    U_transposed = tf.transpose(U)

    def step(t: Any, dh: Any, dc: Any, dzs: Any) -> Any:
        i, f, g, o = tf.split(gates[t], 4, axis=1)  # [B, H] each
        tanh_c = tf.tanh(c[t])
        dh += tf.cast(dh_above[t], whole)
        dc += dh * o * (1 - tanh_c * tanh_c)
        dz = tf.concat(
            [dc * g * i * (1 - i), dc * c_before[t] * f * (1 - f), dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)],
            axis=1,
        )
        dz = tf.cast(dz, half)
        return t - 1, tf.cast(tf.matmul(dz, U_transposed), whole), dc * f, dzs.write(t, dz)

    loop = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (T - 1, dh_last, dc_last, _buffer(T, half, [B, 4 * H])),
        parallel_iterations=1,
        maximum_iterations=T,
    )
    dz = tf.reshape(loop[3].stack(), [T * B, 4 * H])
    h_before = tf.reshape(tf.concat([tf.cast(h0, half)[None], h[:-1]], axis=0), [T * B, H])
    dx = tf.reshape(tf.matmul(dz, W, transpose_b=True), [T, B, D])
    dW = tf.matmul(tf.reshape(x, [T * B, D]), dz, transpose_a=True)
    dU = tf.matmul(h_before, dz, transpose_a=True)
    return dx, loop[1], loop[2], dW, dU, tf.reduce_sum(tf.cast(dz, whole), axis=0)


_forward_xla = tf.function(_forward, jit_compile=True)
_backward_xla = tf.function(_backward, jit_compile=True)


def _sizes(x: Any, U: Any) -> tuple[Any, Any, int, int]:
    shape = tf.shape(x)
    T, B = (x.shape[0] or shape[0]), (x.shape[1] or shape[1])
    return T, B, x.shape[2], U.shape[0]


def _buffer(T: Any, dtype: Any, shape: list[Any]) -> tf.TensorArray:
    static = [size if isinstance(size, int) else None for size in shape]
    return tf.TensorArray(dtype, size=T, element_shape=static)


def lstm_reference(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reference for all kernels: the equations above, step by step, in the precision of the arguments."""

    def sigmoid(z: np.ndarray) -> np.ndarray:
        value: np.ndarray = 1 / (1 + np.exp(-z))
        return value

    h, c, outputs = h0, c0, []
    for x_t in x:
        z_i, z_f, z_g, z_o = np.split(x_t @ W + h @ U + b, 4, axis=1)
        c = sigmoid(z_f) * c + sigmoid(z_i) * np.tanh(z_g)
        h = sigmoid(z_o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), h, c
