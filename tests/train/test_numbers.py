"""Learning rate, loss, update rules and dropout, each against hand-made numbers."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_runs import ROOT

from sluice.core.load import load_config
from sluice.core.train_config import Model, Optim
from sluice.train.loss import cross_entropy, denominator
from sluice.train.models import DropoutKey, drop, initial_values, parameter_shapes
from sluice.train.optim import Optimizer, clip, dense
from sluice.train.schedule import learning_rate


def optim(*settings: str) -> Optim:
    return load_config((), [f"train.optim.{s}" for s in settings]).train.optim


def rates(config: Optim, steps: list[int]) -> list[float]:
    return [learning_rate(config, step, per_epoch=10, total=110) for step in steps]


def test_constant_rate() -> None:
    assert rates(optim("lr=0.5", "schedule.kind=constant"), [0, 109]) == [0.5, 0.5]


def test_step_decay_halves_from_the_fifth_epoch_on() -> None:
    config = optim("lr=1.0", "schedule.kind=step", "schedule.factor=0.5", "schedule.start_epoch=5")
    assert rates(config, [0, 39, 40, 49, 50, 60]) == [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]


def test_cosine_rises_in_a_line_and_falls_to_its_share() -> None:
    config = optim("lr=1.0", "schedule.kind=cosine", "schedule.warmup_steps=10", "schedule.final_share=0.2")
    assert rates(config, [0, 4, 9, 10, 60, 110]) == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.6, 0.2])


def test_cross_entropy_is_a_sum_and_a_count_without_padding() -> None:
    logits = tf.math.log(tf.constant([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [0.9, 0.05, 0.05]]))
    nll = cross_entropy(logits, tf.constant([1, 2, 0]), pad=0)
    assert float(nll.total) == pytest.approx(-np.log(0.25) - np.log(0.6), abs=1e-6)
    assert float(nll.count) == 2.0


def test_zaremba_sum_divides_by_the_rows_only() -> None:
    assert denominator("mean", rows=20, window=35) == 700.0
    assert denominator("zaremba_sum", rows=20, window=35) == 20.0


def test_clip_scales_to_the_limit_and_reports_the_norm_before() -> None:
    (a, b), norm = clip([tf.constant([3.0]), tf.constant([4.0])], 1.0)
    assert (float(norm), float(a[0]), float(b[0])) == pytest.approx((5.0, 0.6, 0.8))
    (a,), norm = clip([tf.constant([3.0])], 5.0)
    assert (float(norm), float(a[0])) == (3.0, 3.0)


def test_dense_adds_up_the_gradients_of_a_repeated_token() -> None:
    slices = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([1, 1]), tf.constant([3, 1]))
    assert dense(slices).numpy().tolist() == [[0.0], [3.0], [0.0]]


def two_updates(*settings: str) -> float:
    """A 1x1 weight that starts at 1, after gradients 2 and 4 at rate 0.1."""
    weight = tf.Variable([[1.0]])
    optimizer = Optimizer(optim(*settings), {"w": weight})
    for step, gradient in enumerate([2.0, 4.0]):
        optimizer.apply([tf.constant([[gradient]])], tf.constant(0.1), tf.constant(step, tf.int64))
    return float(weight[0, 0])


def test_sgd() -> None:
    assert two_updates("name=sgd") == pytest.approx(1 - 0.2 - 0.4)


def test_decoupled_weight_decay() -> None:
    # (1 - 0.1·0.5)·1 - 0.2 = 0.75, then 0.95·0.75 - 0.4
    assert two_updates("name=sgd", "weight_decay=0.5") == pytest.approx(0.3125)


def test_momentum() -> None:
    # velocities 2 and 0.9·2 + 4
    assert two_updates("name=momentum") == pytest.approx(1 - 0.2 - 0.58)


def test_adamw() -> None:
    m2, v2 = (0.9 * 0.1 * 2 + 0.1 * 4) / (1 - 0.9**2), (0.999 * 0.001 * 4 + 0.001 * 16) / (1 - 0.999**2)
    assert two_updates("name=adamw") == pytest.approx(1 - 0.1 - 0.1 * m2 / np.sqrt(v2), abs=1e-5)


def test_each_replica_draws_its_rows_of_the_one_global_mask() -> None:
    x = tf.ones([3, 8, 5])  # T, G, D: T·D is no multiple of four
    whole = drop(x, 0.5, DropoutKey(1, tf.constant(7, tf.int64), 0), place=1).numpy()
    second = drop(x[:, 4:], 0.5, DropoutKey(1, tf.constant(7, tf.int64), 4), place=1).numpy()
    np.testing.assert_array_equal(whole[:, 4:], second)
    assert set(np.unique(whole)) == {0.0, 2.0}


def test_masks_differ_by_step_place_seed_row_and_time_and_drop_the_right_share() -> None:
    x = tf.ones([20, 50, 32])

    def mask(seed: int = 1, step: int = 0, place: int = 0) -> np.ndarray:
        return drop(x, 0.25, DropoutKey(seed, tf.constant(step, tf.int64), 0), place).numpy() == 0

    base = mask()
    assert base.mean() == pytest.approx(0.25, abs=0.01)
    for other in (mask(seed=2), mask(step=1), mask(place=1)):
        assert (base != other).mean() == pytest.approx(2 * 0.25 * 0.75, abs=0.02)
    assert (base[0] != base[1]).any() and (base[:, 0] != base[:, 1]).any()


def test_parameters_of_ptb_small_are_4_65_million() -> None:
    config = load_config([ROOT / "conf" / "ptb-small.yaml"]).train.model
    assert sum(int(np.prod(shape)) for shape in parameter_shapes(config, 10_000).values()) == 4_651_600


def test_initial_values_are_uniform_and_add_the_forget_bias_to_the_second_quarter() -> None:
    config = Model(hidden=50, embed=20)
    bias = initial_values(config, 100, seed=1)["lstm.0.bias"]
    assert np.abs(bias[:50]).max() < 0.05 and np.abs(bias[100:]).max() < 0.05
    assert bias[50:100].min() > 0.95 and bias[50:100].max() < 1.05
