import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.text.quality import metrics
from sluice.text.quality.metrics import Bin, Confusion, Row

SCORED = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), max_size=30)


def near(value):
    """Tolerance for sums in another order: a few units in the last place of a number below 1."""
    return pytest.approx(value, rel=0, abs=1e-15)


def arrays(pairs):
    return np.array([score for score, _ in pairs], float), np.array([good for _, good in pairs], bool)


def test_auc_counts_correctly_ordered_pairs_and_half_of_the_ties():
    # good 0.9 and 0.5; bad 0.5 and 0.1: of four pairs three are correct and one is a tie
    assert metrics.auc(*arrays([(0.9, True), (0.5, True), (0.5, False), (0.1, False)])) == 0.875
    assert metrics.auc(*arrays([(0.1, True), (0.9, False)])) == 0.0


def test_average_precision_equals_values_computed_by_hand():
    # in descending order: good (1 of 1), bad, good (2 of 3): (1 + 2/3) / 2
    assert metrics.average_precision(*arrays([(0.9, True), (0.5, False), (0.1, True)])) == pytest.approx(
        5 / 6, rel=0, abs=1e-15
    )
    # equal scores are one step: 1 of 4
    assert metrics.average_precision(*arrays([(0.5, True)] + [(0.5, False)] * 3)) == 0.25


@given(SCORED)
def test_auc_equals_the_share_of_correctly_ordered_pairs(pairs):
    good = [score for score, is_good in pairs if is_good]
    bad = [score for score, is_good in pairs if not is_good]
    wins = sum((g > b) + (g == b) / 2 for g in good for b in bad)
    expected = wins / (len(good) * len(bad)) if good and bad else None
    assert metrics.auc(*arrays(pairs)) == (None if expected is None else near(expected))


@given(SCORED)
def test_average_precision_equals_the_mean_over_good_documents(pairs):
    good = [score for score, is_good in pairs if is_good]
    precisions = [sum(s >= score for s in good) / sum(s >= score for s, _ in pairs) for score in good]
    expected = sum(precisions) / len(good) if good else None
    assert metrics.average_precision(*arrays(pairs)) == (None if expected is None else near(expected))


def test_a_score_equal_to_the_threshold_is_good():
    scored = arrays([(0.9, True), (0.5, False), (0.5, True), (0.1, True)])
    assert metrics.confusion(*scored, 0.5) == Confusion(true_good=2, false_good=1, false_bad=1, true_bad=0)
    assert metrics.at_threshold(*scored, 0.5) == Row(0.5, 2 / 3, 2 / 3, 0.75)


def test_undefined_metrics_are_none():
    scored = arrays([(0.1, False)])
    assert metrics.at_threshold(*scored, 0.5) == Row(0.5, None, None, 0.0)
    assert metrics.auc(*scored) is None
    assert metrics.average_precision(*scored) is None
    assert metrics.auc(*arrays([])) is None


def test_calibration_puts_one_into_the_last_bin():
    rows = metrics.calibration(*arrays([(1.0, True), (0.5, False), (0.75, True), (0.25, False)]), bins=2)
    assert rows == [Bin(0.0, 0.5, 1, 0.25, 0.0), Bin(0.5, 1.0, 3, 0.75, 2 / 3)]
