"""Changes between variants and their intervals: exact cases, and how often an interval contains the true change."""

import math

import numpy as np
import pytest

from sluice.ablation.intervals import Change, change, student


def test_the_same_ratio_in_all_documents_has_an_interval_of_one_point():
    before = np.array([[100.0, 250.0, 31.0], [90.0, 260.0, 33.0]])
    found = change(before, 0.9 * before)
    assert (found.value, found.low, found.high) == pytest.approx((-0.1, -0.1, -0.1), abs=1e-15)


def test_long_documents_weigh_more_than_short_ones():
    before, after = np.array([[900.0, 100.0]]), np.array([[810.0, 200.0]])
    assert change(before, after).value == pytest.approx(0.01, abs=1e-15)  # 1010 / 1000, though one document doubles


def test_the_change_is_the_geometric_mean_over_seeds():
    before = np.array([[100.0, 100.0], [100.0, 100.0]])
    after = np.array([[80.0, 80.0], [125.0, 125.0]])
    assert change(before, after).value == pytest.approx(0.0, abs=1e-15)


def test_seeds_that_disagree_give_a_wider_interval_than_documents_alone():
    before = np.full((3, 40), 100.0)
    after = before * (1 + 0.02 * np.sin(np.arange(40)))
    agreeing = change(before, after)
    disagreeing = change(before, after * np.array([[0.97], [1.0], [1.03]]))
    assert agreeing.high - agreeing.low < 0.02
    assert disagreeing.high - disagreeing.low > 0.1


def test_one_seed_gives_an_interval_over_documents_only():
    before = np.full((1, 30), 100.0)
    found = change(before, before * (1 + 0.1 * (np.arange(30) % 2)))
    assert found.low < 0.05 < found.high
    assert found.value == pytest.approx(0.05, abs=1e-15)


def test_equal_input_gives_equal_intervals():
    random = np.random.default_rng(1)
    before, after = random.uniform(50, 100, (2, 3, 25))
    assert change(before, after) == change(before, after)


@pytest.mark.parametrize("num_seeds", [3, 8])
def test_the_interval_contains_the_true_change_in_about_95_of_100_experiments(num_seeds):
    random, truth, covered = np.random.default_rng(7), math.log(0.98), 0
    for _ in range(200):
        size = random.lognormal(6, 0.6, 50)
        of_document, of_seed = random.normal(0, 0.05, 50), random.normal(0, 0.004, num_seeds)
        noise = random.normal(0, 0.01, (num_seeds, 50))
        before = np.tile(size, (num_seeds, 1))
        after = before * np.exp(truth + of_document[None] + of_seed[:, None] + noise)
        found = change(before, after)
        # documents of the population weigh by size, which is independent of their change here
        expected = math.expm1(truth + 0.05**2 / 2 + 0.01**2 / 2)
        covered += found.low <= expected <= found.high
    assert 182 <= covered <= 199  # 0.95 of 200 is 190, standard deviation 3


def test_a_change_is_clear_if_its_interval_excludes_zero():
    assert Change(-0.02, -0.03, -0.01).is_clear
    assert Change(0.02, 0.01, 0.03).is_clear
    assert not Change(-0.02, -0.05, 0.01).is_clear


def test_quantiles_of_student_equal_the_printed_tables():
    printed = {1: 12.706, 4: 2.776, 9: 2.262, 10: 2.228, 15: 2.131, 30: 2.042, 120: 1.980}
    for degrees, quantile in printed.items():
        # the tables are rounded to three places; the expansion, used from 10 degrees on, is worst there
        assert student(degrees) == pytest.approx(quantile, abs=0.0026 if degrees == 10 else 0.0005)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 3)), ((0, 3), (0, 3)), ((2, 0), (2, 0))])
def test_other_shapes_are_an_error(shapes):
    with pytest.raises(ValueError, match="expected the same"):
        change(np.ones(shapes[0]), np.ones(shapes[1]))
