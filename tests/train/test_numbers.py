"""Learning rate, update rules and dropout against numbers computed by hand."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from sluice.core.config.load import load_config
from sluice.core.config.train import ModelConfig, OptimConfig
from sluice.train.distributed.cluster import is_slow
from sluice.train.model.dropout import DropoutKey, drop, drop_weights, drop_words
from sluice.train.model.parameters import initial_values, parameter_shapes
from sluice.train.optim import FIRST_LOSS_SCALE, LOSS_SCALE, Optimizer, StepSettings, clip, dense
from sluice.train.schedule import ValidationLoss, average_from, is_best, learning_rate, since_best
from tests.helpers.tiny_runs import ROOT


def optim(*settings: str) -> OptimConfig:
    return load_config((), [f"train.optim.{s}" for s in settings]).train.optim


def rates(config: OptimConfig, steps: list[int]) -> list[float]:
    return [learning_rate(config, step, per_epoch=10, total=110) for step in steps]


def test_a_constant_rate_does_not_change() -> None:
    assert rates(optim("lr=0.5", "schedule.kind=constant"), [0, 109]) == [0.5, 0.5]


def test_step_decay_halves_the_rate_starting_with_the_fifth_epoch() -> None:
    config = optim("lr=1.0", "schedule.kind=step", "schedule.factor=0.5", "schedule.start_epoch=5")
    assert rates(config, [0, 39, 40, 49, 50, 60]) == [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]


def test_cosine_warms_up_linearly_and_falls_to_its_final_share() -> None:
    config = optim("lr=1.0", "schedule.kind=cosine", "schedule.warmup_steps=10", "schedule.final_share=0.2")
    assert rates(config, [0, 4, 9, 10, 60, 110]) == pytest.approx([0.1, 0.5, 1.0, 1.0, 0.6, 0.2])


def test_inverse_square_root_warms_up_linearly_and_falls_with_the_steps() -> None:
    config = optim("lr=1.0", "schedule.kind=inverse_sqrt", "schedule.warmup_steps=4")
    assert rates(config, [0, 3, 15, 63]) == pytest.approx([0.25, 1.0, 0.5, 0.25])


def valid(*losses: float) -> tuple[ValidationLoss, ...]:
    return tuple(ValidationLoss(10 * n, loss) for n, loss in enumerate(losses, 1))


def test_plateau_lowers_the_rate_after_every_evaluation_that_is_not_the_best() -> None:
    config = optim("lr=1.0", "schedule.kind=plateau", "schedule.factor=0.25")
    found = [learning_rate(config, 0, per_epoch=10, total=99, losses=valid(*[5, 4, 4, 3, 6][:n])) for n in range(6)]
    assert found == [1.0, 1.0, 1.0, 0.25, 0.25, 0.0625]


def test_evaluations_since_the_best_are_counted() -> None:
    assert [since_best(valid(*losses)) for losses in [(), (5,), (5, 4), (5, 4, 4), (5, 4, 6, 3)]] == [0, 0, 0, 1, 0]
    assert [is_best(valid(*losses)) for losses in [(5,), (5, 5), (5, 4)]] == [True, False, True]


def test_averaging_starts_when_a_loss_exceeds_the_best_of_all_except_the_last_n() -> None:
    # as in salesforce/awd-lstm-lm: more than n earlier losses, and the new one above the minimum of those n or more ago
    assert average_from(valid(5, 4, 3), patience=2) is None
    assert average_from(valid(5, 4, 3, 6), patience=2) == 40
    assert average_from(valid(5, 4, 3, 4.5), patience=2) is None
    assert average_from(valid(5, 4, 3, 4.5, 4.2), patience=2) == 50
    assert average_from(valid(5, 4, 3, 2, 1), patience=2) is None


def test_clip_scales_to_the_limit_and_reports_the_norm_before() -> None:
    (a, b), norm = clip([tf.constant([3.0]), tf.constant([4.0])], 1.0)
    assert (float(norm), float(a[0]), float(b[0])) == pytest.approx((5.0, 0.6, 0.8))
    (a,), norm = clip([tf.constant([3.0])], 5.0)
    assert (float(norm), float(a[0])) == (3.0, 3.0)


def test_dense_sums_the_gradients_of_a_repeated_token() -> None:
    slices = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([1, 1]), tf.constant([3, 1]))
    assert dense(slices).numpy().tolist() == [[0.0], [3.0], [0.0]]


def step_settings(step: int, average_from: int = -1) -> StepSettings:
    return StepSettings(tf.constant(step, tf.int64), tf.constant(0.1), tf.constant(average_from, tf.int64))


def two_updates(*settings: str) -> float:
    """Value of a 1x1 weight, initially 1, after gradients 2 and 4 at rate 0.1."""
    weight = tf.Variable([[1.0]])
    optimizer = Optimizer(optim(*settings), {"w": weight})
    for step, gradient in enumerate([2.0, 4.0]):
        optimizer.apply([tf.constant([[gradient]])], step_settings(step))
    return float(weight[0, 0])


def test_sgd_equals_two_updates_by_hand() -> None:
    assert two_updates("name=sgd") == pytest.approx(1 - 0.2 - 0.4)


def test_decoupled_weight_decay_equals_two_updates_by_hand() -> None:
    # (1 - 0.1·0.5)·1 - 0.2 = 0.75, then 0.95·0.75 - 0.4
    assert two_updates("name=sgd", "weight_decay=0.5") == pytest.approx(0.3125)


def test_momentum_equals_two_updates_by_hand() -> None:
    # velocities 2 and 0.9·2 + 4
    assert two_updates("name=momentum") == pytest.approx(1 - 0.2 - 0.58)


def test_adamw_equals_two_updates_by_hand() -> None:
    m2, v2 = (0.9 * 0.1 * 2 + 0.1 * 4) / (1 - 0.9**2), (0.999 * 0.001 * 4 + 0.001 * 16) / (1 - 0.999**2)
    assert two_updates("name=adamw") == pytest.approx(1 - 0.1 - 0.1 * m2 / np.sqrt(v2), abs=1e-5)


def test_adamw_adds_epsilon_to_the_corrected_root() -> None:
    weight = tf.Variable([[1.0]])
    Optimizer(optim("name=adamw"), {"w": weight}).apply([tf.constant([[1e-8]])], step_settings(0))
    assert float(weight[0, 0]) == pytest.approx(1 - 0.1 * 1e-8 / (1e-8 + 1e-8), abs=1e-6)


def test_adagrad_equals_two_updates_by_hand() -> None:
    # squares start at 0.1: 0.1 + 4, then + 16
    assert two_updates("name=adagrad") == pytest.approx(1 - 0.1 * 2 / np.sqrt(4.1) - 0.1 * 4 / np.sqrt(20.1), abs=1e-6)


def averaged(*settings: str, average_from: int = -1) -> list[float]:
    """Averages of a weight, initially 1, after each of three gradients of 1 at rate 0.1: it is 0.9, 0.8, 0.7."""
    optimizer = Optimizer(optim(*settings), {"w": tf.Variable([[1.0]])})
    found = []
    for step in range(3):
        optimizer.apply([tf.constant([[1.0]])], step_settings(step, average_from))
        averages = optimizer.averages()
        assert averages is not None
        found.append(float(averages["w"][0, 0]))
    return found


def test_ntasgd_is_sgd_until_averaging_starts_and_then_averages_all_weights() -> None:
    assert averaged("name=ntasgd") == pytest.approx([0.9, 0.8, 0.7])
    assert averaged("name=ntasgd", average_from=1) == pytest.approx([0.9, 0.8, 0.75])
    assert averaged("name=ntasgd", average_from=0) == pytest.approx([0.9, 0.85, 0.8])


def test_a_moving_average_decays_faster_in_its_first_steps() -> None:
    second = 0.9 / 11 + 0.8 * 10 / 11  # decay t / (10 + t) while that is less than 0.12
    assert averaged("name=sgd", "ema=0.12") == pytest.approx([0.9, second, 0.12 * second + 0.88 * 0.7])
    assert Optimizer(optim("name=sgd"), {"w": tf.Variable([[1.0]])}).averages() is None


def test_accumulated_gradients_give_one_update_with_their_mean() -> None:
    weight = tf.Variable([[1.0]])
    optimizer = Optimizer(optim("name=sgd", "accumulate=3"), {"w": weight})
    for start in (0, 3):
        for gradient in (2.0, 3.0):
            optimizer.accumulate([tf.constant([[gradient]])])
        (mean,) = optimizer.accumulated([tf.constant([[7.0]])])
        assert float(mean[0, 0]) == 4.0
        optimizer.apply([mean], step_settings(start + 2))
    assert float(weight[0, 0]) == pytest.approx(1 - 2 * 0.4)


@pytest.mark.parametrize("settings", [("name=adamw",), ("name=sgd", "ema=0.5"), ("name=ntasgd",)], ids=str)
def test_corrections_and_averages_count_updates_not_steps(settings: tuple[str, ...]) -> None:
    def weights(accumulate: int) -> tuple[float, float]:
        weight = tf.Variable([[1.0]])
        optimizer = Optimizer(optim(*settings, f"accumulate={accumulate}"), {"w": weight})
        for update, gradient in enumerate((2.0, 4.0, 1.0)):
            last_step, average_from = accumulate * (update + 1) - 1, accumulate
            optimizer.apply([tf.constant([[gradient]])], step_settings(last_step, average_from))
        averages = optimizer.averages()
        return float(weight[0, 0]), float(averages["w"][0, 0]) if averages else 0.0

    assert weights(accumulate=4) == weights(accumulate=1)


def test_an_overflow_skips_the_update_and_halves_the_loss_scale() -> None:
    weight = tf.Variable([[1.0]])
    optimizer = Optimizer(optim("name=momentum", "precision=fp16"), {"w": weight})
    optimizer.apply([tf.constant([[float("inf")]])], step_settings(0), tf.constant(False))
    assert float(weight[0, 0]) == 1.0
    assert float(optimizer.slots["w/velocity"][0, 0]) == 0.0
    assert float(optimizer.slots[LOSS_SCALE]) == FIRST_LOSS_SCALE / 2
    optimizer.apply([tf.constant([[2.0]])], step_settings(1), tf.constant(True))
    assert float(weight[0, 0]) == pytest.approx(0.8)
    optimizer.slots["good_steps"].assign(1999.0)
    optimizer.apply([tf.constant([[0.0]])], step_settings(2), tf.constant(True))
    assert float(optimizer.slots[LOSS_SCALE]) == FIRST_LOSS_SCALE
    assert float(optimizer.slots["good_steps"]) == 0.0


def test_clipping_of_recurrent_weights_excludes_embedding_and_softmax() -> None:
    gradients = [tf.constant([30.0]), tf.constant([3.0]), tf.constant([4.0])]
    (outer, a, b), norm = clip(gradients, 1.0, [False, True, True])
    assert (float(norm), float(outer[0]), float(a[0]), float(b[0])) == pytest.approx((5.0, 30.0, 0.6, 0.8))


def test_a_locked_mask_is_the_same_at_all_time_steps() -> None:
    x = tf.ones([6, 4, 8])
    mask = drop(x, 0.5, DropoutKey(1, tf.constant(7, tf.int64), 0), place=1, locked=True).numpy()
    assert (mask == mask[0]).all()
    assert set(np.unique(mask)) == {0.0, 2.0}
    assert (mask[0, 0] != mask[0, 1]).any()


def test_masks_of_weights_and_words_are_equal_on_all_replicas() -> None:
    first, second = (DropoutKey(1, tf.constant(3, tf.int64), row) for row in (0, 4))
    kernel = tf.ones([40, 50])
    dropped = drop_weights(kernel, 0.25, first, layer=0).numpy()
    assert (dropped == drop_weights(kernel, 0.25, second, layer=0).numpy()).all()
    assert (dropped != drop_weights(kernel, 0.25, first, layer=1).numpy()).any()
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.03)
    tokens = tf.constant([[1, 2], [2, 1], [3, 3]])
    x = drop_words(tf.ones([3, 2, 5]), tokens, 20, 0.5, second).numpy()
    np.testing.assert_array_equal(x[0, 0], x[1, 1])  # the same word in other rows and time steps
    np.testing.assert_array_equal(x, drop_words(tf.ones([3, 2, 5]), tokens, 20, 0.5, first).numpy())


def test_each_replica_draws_its_rows_of_the_one_global_mask() -> None:
    x = tf.ones([3, 8, 5])  # T, G, D: T·D is not a multiple of four
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
    config = ModelConfig(hidden=50, embedding_dim=20)
    bias = initial_values(config, 100, seed=1)["lstm.0.bias"]
    assert np.abs(bias[:50]).max() < 0.05 and np.abs(bias[100:]).max() < 0.05
    assert bias[50:100].min() > 0.95 and bias[50:100].max() < 1.05


@pytest.mark.parametrize(
    ("precision", "flags", "slow"),
    [
        ("fp32", "avx2", False),
        ("bf16", "avx2 avx512f", True),
        ("bf16", "avx512f avx512_bf16", False),
        ("fp16", "fma", True),
    ],
)
def test_half_precision_is_slow_on_a_cpu_without_instructions_for_it(
    tmp_path: Path, precision: str, flags: str, slow: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    assert not is_slow(precision, cpuinfo)  # no flags known
    cpuinfo.write_text(f"flags\t\t: fpu {flags} sse2\n")
    assert is_slow(precision, cpuinfo) is slow
