"""The layers of all architectures against NumPy, and their state and causality."""

import numpy as np
import pytest
import tensorflow as tf

from sluice.core.config.train import ModelConfig
from sluice.text.quality import language_model
from sluice.train.model.dropout import DropoutKey
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.model.layers import LAYERS
from sluice.train.model.parameters import layer_shapes, parameter_shapes
from tests.helpers.tiny_runs import train_config

T, B, D, H, K = 5, 3, 4, 2, 3
ARCHS = ["lstm", "gru", "rnn", "gcnn", "awd_lstm"]


@pytest.mark.parametrize("width", [H, D])  # if widths are equal, a gated convolution adds its input
@pytest.mark.parametrize("arch", LAYERS)
def test_a_layer_equals_its_equations_and_has_their_gradient(arch: str, width: int) -> None:
    random = np.random.default_rng(3)
    config = ModelConfig(arch=arch, context=K)
    weights = {name: random.normal(0, 0.5, shape) for name, shape in layer_shapes(config, D, width).items()}
    x = random.normal(size=(T, B, D))
    state = random.normal(size=(B, K - 1, D) if arch == "gcnn" else (B, width))
    of_loss = random.normal(size=(T, B, width))

    def oracle(values: dict[str, np.ndarray]) -> np.ndarray:
        before = values["state"].transpose(1, 0, 2) if arch == "gcnn" else values["state"]
        return language_model.LAYERS[arch](values["x"], (before,), values)[0]

    def loss_without(name: str, at: tuple[int, ...], eps: float) -> float:
        moved = {key: value.copy() for key, value in {**weights, "x": x, "state": state}.items()}
        moved[name][at] += eps
        return float((oracle(moved) * of_loss).sum())

    tensors = {name: tf.constant(value) for name, value in {**weights, "x": x, "state": state}.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y, _ = LAYERS[arch](tensors["x"], (tensors["state"],), tensors)
        loss = tf.reduce_sum(y * of_loss)
    np.testing.assert_allclose(y.numpy(), oracle({**weights, "x": x, "state": state}), atol=1e-12)
    for name, gradient in tape.gradient(loss, tensors).items():
        for at in [tuple(random.integers(gradient.shape)) for _ in range(8)]:
            expected = (loss_without(name, at, 1e-6) - loss_without(name, at, -1e-6)) / 2e-6
            assert float(gradient[at]) == pytest.approx(expected, abs=1e-7), (name, at)


def model_of(arch: str, *more: str) -> TrainableLanguageModel:
    config = train_config("", "out", f"train.model.arch={arch}", "train.model.layers=2", *more).model
    return TrainableLanguageModel(config, vocab_size=30, seed=1)


@pytest.mark.parametrize("arch", ARCHS)
def test_two_blocks_with_carried_state_equal_one_long_block(arch: str) -> None:
    model = model_of(arch)
    tokens = tf.constant(np.random.default_rng(4).integers(0, 30, (2, 12)))
    whole = model.forward(tokens, model.zero_state(2))
    first = model.forward(tokens[:, :5], model.zero_state(2))
    second = model.forward(tokens[:, 5:], first.state)
    both = tf.concat([first.hidden, second.hidden], axis=0)
    np.testing.assert_allclose(both.numpy(), whole.hidden.numpy(), atol=1e-6)
    for a, b in zip(second.state, whole.state, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)
    assert [tuple(part.shape) for part in whole.state] == model.state_shapes(2)


@pytest.mark.parametrize("arch", ARCHS)
def test_an_output_depends_on_its_own_and_earlier_tokens_only(arch: str) -> None:
    model = model_of(arch)
    tokens = np.random.default_rng(5).integers(0, 30, (1, 10))
    other = tokens.copy()
    other[0, 4] = (other[0, 4] + 1) % 30
    a, b = (model.forward(tf.constant(t), model.zero_state(1)).hidden.numpy() for t in (tokens, other))
    differs = (a != b).any(axis=1)
    assert not differs[:4].any()
    reach = 2 * (model.config.context - 1) + 1 if arch == "gcnn" else 6  # two layers
    assert differs[4 : 4 + reach].all()


def test_the_last_layer_of_awd_lstm_is_as_wide_as_the_embedding_and_can_be_tied() -> None:
    config = ModelConfig(arch="awd_lstm", layers=3, hidden=1150, embedding_dim=400, tie_embeddings=True)
    shapes = parameter_shapes(config, 10_000)
    assert shapes["lstm.1.recurrent_kernel"] == (1150, 4600)
    assert shapes["lstm.2.kernel"] == (1150, 1600)
    # salesforce/awd-lstm-lm has 24,221,600 for the Penn Treebank, with two biases per layer instead of one
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 24_221_600 - 4600 - 4600 - 1600


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize(("precision", "apart"), [("bf16", 0.007), ("fp16", 0.0007)])  # measured: 0.0053, 0.0005
def test_half_precision_is_close_and_carries_a_float32_state(arch: str, precision: str, apart: float) -> None:
    config = model_of(arch).config
    whole, half = (TrainableLanguageModel(config, 30, 1, p) for p in ("fp32", precision))
    tokens = tf.constant(np.random.default_rng(6).integers(0, 30, (2, 6)))
    key = DropoutKey(0, tf.constant(0), 0)
    a, b = (m.forward(tokens, m.zero_state(2), key) for m in (whole, half))
    assert b.hidden.dtype == half.dtype
    assert {part.dtype for part in b.state} == {tf.float32}
    scale = np.abs(a.hidden.numpy()).max()
    assert np.abs(a.hidden.numpy() - b.hidden.numpy().astype(np.float32)).max() < apart * scale
