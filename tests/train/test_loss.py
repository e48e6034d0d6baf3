"""The chunked softmax against the full one; the sampled one against its limit."""

import numpy as np
import pytest
import tensorflow as tf

from sluice.core.config.train import LossConfig
from sluice.train.loss import (
    activation_penalty,
    chunked_cross_entropy,
    cross_entropy,
    denominator,
    sampled_cross_entropy,
    scored,
)
from sluice.train.model.language_model import ModelOutput

N, P, V, PAD = 11, 6, 17, 0


def arrays(tied: bool) -> tuple[tf.Tensor, ...]:
    random = np.random.default_rng(1)
    shapes = [(N, P), (V, P) if tied else (P, V), (V,)]
    hidden, weights, bias = (tf.constant(random.normal(size=shape), tf.float32) for shape in shapes)
    targets = tf.constant([PAD, *random.integers(1, V, N - 2), PAD], tf.int32)
    return hidden, weights, bias, targets


def test_cross_entropy_is_a_sum_and_a_count_without_padding() -> None:
    logits = tf.math.log(tf.constant([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [0.9, 0.05, 0.05]]))
    targets = tf.constant([1, 2, 0])
    nll = cross_entropy(logits, targets, scored(targets, pad=0))
    assert float(nll.total) == pytest.approx(-np.log(0.25) - np.log(0.6), abs=1e-6)
    assert float(nll.count) == 2.0


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("chunk", [1, 4, 100])  # 4 does not divide 17
def test_chunked_loss_and_gradients_equal_those_of_the_full_softmax(chunk: int, tied: bool) -> None:
    hidden, weights, bias, targets = arrays(tied)
    counts = scored(targets, PAD)

    @tf.function
    def both() -> tuple:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([hidden, weights, bias])
            logits = tf.matmul(hidden, weights, transpose_b=tied) + bias
            whole = 3 * cross_entropy(logits, targets, counts).total
            parts = chunked_cross_entropy(hidden, weights, bias, targets, counts, chunk=chunk, tied=tied)
            total = 3 * parts.total
        of_whole, of_parts = (tape.gradient(loss, [hidden, weights, bias]) for loss in (whole, total))
        return whole, total, parts.count, of_whole, of_parts

    whole, total, count, of_whole, of_parts = both()
    assert float(count) == N - 2
    assert float(total) == pytest.approx(float(whole), rel=3e-7)
    for found, expected in zip(of_parts, of_whole, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("tied", [False, True])
def test_the_sampled_loss_approaches_the_exact_loss_with_many_samples(tied: bool) -> None:
    hidden, weights, bias, targets = arrays(tied)
    counts = scored(targets, PAD)
    exact = float(cross_entropy(tf.matmul(hidden, weights, transpose_b=tied) + bias, targets, counts).total)
    uniform = tf.constant(np.random.default_rng(2).uniform(size=200_000), tf.float32)
    found = sampled_cross_entropy(hidden, weights, bias, targets, counts, uniform=uniform, tied=tied)
    assert float(found.total) == pytest.approx(exact, rel=1e-3)
    few = sampled_cross_entropy(hidden, weights, bias, targets, counts, uniform=uniform[:3], tied=tied)
    assert float(few.total) < exact  # therefore it is not used for evaluation


def test_penalties_are_means_over_cells_per_token() -> None:
    last = tf.constant([[[1.0, 2.0]], [[4.0, 6.0]]])  # T 2, B 1, H 2
    output = ModelOutput(tf.zeros([2, 2]), (), last, 2 * last)
    # AR: (4 + 16 + 64 + 144) / 2 = 114; TAR: (9 + 16) / 2 · 2 / 1 = 25
    assert float(activation_penalty(LossConfig(ar=0.5), output)) == 57.0
    assert float(activation_penalty(LossConfig(tar=2.0), output)) == 50.0
    assert float(activation_penalty(LossConfig(), output)) == 0.0


def test_zaremba_sum_divides_by_the_batch_size_only() -> None:
    assert denominator("mean", batch_size=20, bptt_steps=35) == 700.0
    assert denominator("zaremba_sum", batch_size=20, bptt_steps=35) == 20.0
