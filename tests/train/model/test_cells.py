"""Outputs and gradients of every kernel against the equations in NumPy, with central differences in float64.

On a machine with a GPU and CUDA_VISIBLE_DEVICES=0, `cudnn` runs with cuDNN; without a GPU it runs as `loop`.
"""

import numpy as np
import pytest
import tensorflow as tf

from sluice.train.model.cells import KERNELS, lstm_cudnn, lstm_reference

NAMES = ("x", "h0", "c0", "W", "U", "b")


def arrays(T: int, B: int, D: int, H: int) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    shapes = [(T, B, D), (B, H), (B, H), (D, 4 * H), (H, 4 * H), (4 * H,)]
    return [random.normal(0, 0.5, shape) for shape in shapes]


def weights_of_loss(T: int, B: int, H: int) -> list[np.ndarray]:
    random = np.random.default_rng(8)
    return [random.normal(size=shape) for shape in [(T, B, H), (B, H), (B, H)]]


def reference_loss(values: list[np.ndarray], weights: list[np.ndarray]) -> float:
    return float(sum((o * w).sum() for o, w in zip(lstm_reference(*values), weights, strict=True)))


def numeric_gradient(values: list[np.ndarray], weights: list[np.ndarray], which: int) -> np.ndarray:
    gradient, eps = np.zeros_like(values[which]), 1e-6
    for at in np.ndindex(gradient.shape):
        up, down = [v.copy() for v in values], [v.copy() for v in values]
        up[which][at] += eps
        down[which][at] -= eps
        gradient[at] = (reference_loss(up, weights) - reference_loss(down, weights)) / (2 * eps)
    return gradient


def outputs_and_gradients(name: str, tensors: list[tf.Tensor], weights: list[np.ndarray]) -> tuple:
    @tf.function
    def run(*tensors: tf.Tensor) -> tuple:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs = KERNELS[name](*tensors)
            loss = tf.add_n([tf.reduce_sum(tf.cast(o, tf.float32) * w) for o, w in zip(outputs, weights, strict=True)])
        return outputs, tape.gradient(loss, tensors)

    return run(*tensors)


def test_the_reference_follows_the_equations_for_one_step_of_one_cell() -> None:
    one = np.ones((1, 1))
    W, U, b = np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[0.5, 0.6, 0.7, 0.8]]), np.array([0.0, 1.0, 0.0, 0.0])
    _, h, c = lstm_reference(one[None], 2 * one, 3 * one, W, U, b)
    # z = x W + h U + b = (1.1, 2.4, 1.7, 2.0)
    expected_c = 3 / (1 + np.exp(-2.4)) + np.tanh(1.7) / (1 + np.exp(-1.1))
    assert c[0, 0] == pytest.approx(expected_c, abs=1e-12)
    assert h[0, 0] == pytest.approx(np.tanh(expected_c) / (1 + np.exp(-2.0)), abs=1e-12)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("T", "B", "D", "H"), [(5, 3, 4, 2), (1, 2, 3, 4), (4, 1, 2, 3)])
def test_a_kernel_equals_the_equations(name: str, T: int, B: int, D: int, H: int) -> None:
    values, weights = arrays(T, B, D, H), weights_of_loss(T, B, H)

    outputs, gradients = outputs_and_gradients(name, [tf.constant(v, tf.float32) for v in values], weights)

    for found, expected in zip(outputs, lstm_reference(*values), strict=True):
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
    for which, found in enumerate(gradients):
        expected = numeric_gradient(values, weights, which)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-4, err_msg=f"gradient of {NAMES[which]}")


def cudnn_equations(*, input, input_h, input_c, params, sequence_lengths, rnn_mode, time_major):
    """The operation with the parameter layout of NVIDIA: W [H, D] and R [H, H] of i, f, c', o, then two biases.

    cuDNN, cudnnGetRNNWeightParams: linear layers 0 to 3 are for the input, 4 to 7 for the state.
    """
    (T, B, D), H = input.shape, input_h.shape[2]
    assert time_major and rnn_mode == "lstm" and sequence_lengths.numpy().tolist() == [T] * B
    W, R, b_W, b_R = np.split(params.numpy(), np.cumsum([4 * H * D, 4 * H * H, 4 * H]))
    weights = (W.reshape(4 * H, D).T, R.reshape(4 * H, H).T, b_W + b_R)
    y, h, c = lstm_reference(input.numpy(), input_h[0].numpy(), input_c[0].numpy(), *weights)
    return tf.constant(y), tf.constant(h[None]), tf.constant(c[None]), None, None


def test_cudnn_parameters_have_the_expected_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", cudnn_equations)
    values = arrays(5, 3, 4, 2)
    for found, expected in zip(lstm_cudnn(*map(tf.constant, values)), lstm_reference(*values), strict=True):
        np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-15)  # a BLAS may sum in another order


def test_the_cudnn_call_has_valid_shapes_and_a_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])

    @tf.function
    def traced(*tensors: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            loss = tf.add_n([tf.reduce_sum(tf.cast(output, tf.float32)) for output in lstm_cudnn(*tensors)])
        gradients: list[tf.Tensor] = tape.gradient(loss, tensors)
        return gradients

    half, whole = tf.float16, tf.float32
    shapes, types = [v.shape for v in arrays(5, 3, 4, 2)], (half, whole, whole, half, half, whole)
    specs = [tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, types, strict=True)]
    gradients = traced.get_concrete_function(*specs).structured_outputs
    assert [g.dtype for g in gradients] == list(types)
    assert "CudnnRNNBackpropV3" in {op.type for op in traced.get_concrete_function(*specs).graph.get_operations()}


@pytest.mark.parametrize("name", ["loop", "loop_xla"])
# bfloat16: the bound is four roundings of 2^-9; measured 0.0037 on a processor with AVX-512 and 0.0060 on one without;
# a cell whose every operation is in bfloat16 is 0.0136 apart. float16: measured 0.0004
@pytest.mark.parametrize(("half", "apart"), [(tf.bfloat16, 4 * 2**-9), (tf.float16, 0.0006)])
def test_in_half_precision_only_the_products_are_rounded(name: str, half: tf.DType, apart: float) -> None:
    T, B, D, H = 6, 3, 4, 5
    types = (half, tf.float32, tf.float32, half, half, tf.float32)
    tensors = [tf.cast(v, t) for v, t in zip(arrays(T, B, D, H), types, strict=True)]
    values, weights = [tf.cast(t, tf.float64).numpy() for t in tensors], weights_of_loss(T, B, H)

    outputs, gradients = outputs_and_gradients(name, tensors, weights)

    assert [o.dtype for o in outputs] == [half, tf.float32, tf.float32]
    assert [g.dtype for g in gradients] == list(types)
    expected = [*lstm_reference(*values), *(numeric_gradient(values, weights, n) for n in range(6))]
    for found, right in zip([*outputs, *gradients], expected, strict=True):
        difference = np.abs(tf.cast(found, tf.float64).numpy() - right).max()
        assert difference < apart * np.abs(right).max()


def test_a_cell_in_half_precision_keeps_additions_too_small_for_its_type() -> None:
    x, h0, c0 = tf.zeros([100, 1, 1], tf.bfloat16), tf.zeros([1, 1]), tf.ones([1, 1])
    no_weights = tf.zeros([1, 4], tf.bfloat16)
    # gates i = 1/2, f = 1, g = 0.002: a thousandth more at every step, and bfloat16 has no value between 1 and 1.0078
    _, _, c = KERNELS["loop"](x, h0, c0, no_weights, no_weights, tf.constant([0.0, 30.0, 0.002, 0.0]))
    assert float(c[0, 0]) == pytest.approx(1.1, abs=1e-5)


def test_gradient_of_the_initial_state_flows_when_only_the_last_state_is_used() -> None:
    x, h0, c0, W, U, b = (tf.constant(v, tf.float32) for v in arrays(3, 2, 2, 2))
    with tf.GradientTape() as tape:
        tape.watch(c0)
        loss = tf.reduce_sum(KERNELS["loop"](x, h0, c0, W, U, b)[2])
    assert float(tf.reduce_min(tf.abs(tape.gradient(loss, c0)))) > 0
