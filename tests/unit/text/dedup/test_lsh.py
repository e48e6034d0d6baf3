import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.dedup import MinHashConfig, SplitCheckConfig
from sluice.text.dedup.lsh import Banding, assure, catch_probability, choose_banding, curve, least_equal


@pytest.mark.parametrize(
    ("bands", "rows", "similarity", "probability"),
    [
        (1, 1, 0.3, 0.3),
        (2, 1, 0.5, 0.75),  # 1 - 0.5^2
        (1, 2, 0.5, 0.25),
        (16, 8, 0.5, 1 - (255 / 256) ** 16),
        (20, 5, 0.5, 1 - (31 / 32) ** 20),
        (16, 8, 1.0, 1.0),
        (16, 8, 0.0, 0.0),
    ],
)
def test_the_probability_of_sharing_a_band(bands, rows, similarity, probability):
    assert catch_probability(similarity, Banding(bands, rows)) == pytest.approx(probability, abs=1e-15)


@pytest.mark.parametrize(("banding", "probability"), [(Banding(16, 8), 0.947), (Banding(9, 13), 0.399)])
def test_the_probability_at_0_8_equals_published_tables(banding, probability):
    assert round(catch_probability(0.8, banding), 3) == probability


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.85])
def test_the_probability_equals_the_frequency_of_random_draws(similarity):
    # rows agree independently with a probability equal to the similarity: 3,000 draws are within four standard errors
    rng, banding, draws = random.Random(5), Banding(6, 4), 3000
    hits = sum(
        any(all(rng.random() < similarity for _ in range(banding.rows)) for _ in range(banding.bands))
        for _ in range(draws)
    )
    probability = catch_probability(similarity, banding)
    assert abs(hits / draws - probability) < 4 * (probability * (1 - probability) / draws) ** 0.5


@given(st.floats(0.05, 1), st.integers(1, 300), st.floats(0.01, 0.999))
def test_the_chosen_bands_reach_the_probability_and_one_more_row_would_not(threshold, permutations, least):
    chosen = choose_banding(threshold, permutations, least)
    if chosen is None:
        assert all(catch_probability(threshold, Banding(permutations // r, r)) < least for r in range(1, permutations))
        return
    assert chosen.bands * chosen.rows <= permutations
    assert catch_probability(threshold, chosen) >= least
    for rows in range(chosen.rows + 1, permutations + 1):
        assert catch_probability(threshold, Banding(permutations // rows, rows)) < least


def test_the_default_bands_are_those_chosen_for_the_default_threshold():
    assert choose_banding(0.8, 128, 0.94) == (MinHashConfig().bands, MinHashConfig().rows) == (16, 8)


def test_the_probability_rises_with_the_similarity():
    chances = [probability for _, probability in curve(Banding(16, 8))]
    assert chances == sorted(chances)
    assert chances[0] == pytest.approx(1 - (255 / 256) ** 16, abs=1e-15)


@pytest.mark.parametrize(
    ("threshold", "permutations", "miss", "equal"),
    [
        (0.5, 3, 0.125, 1),  # none of three is equal: one in eight
        (0.5, 3, 0.124, 0),
        (0.5, 3, 0.5, 2),  # none or one
        (0.5, 3, 1.0, 3),
        (1.0, 8, 0.0, 8),
        (0.0, 8, 0.0, 0),
        (0.8, 2, 0.0399, 0),  # none of two: 0.2^2
        (0.8, 2, 0.0401, 1),
        (0.8, 2, 0.3599, 1),  # not both: 1 - 0.8^2
        (0.8, 2, 0.3601, 2),
    ],
)
def test_least_equal_misses_a_pair_with_at_most_the_given_probability(threshold, permutations, miss, equal):
    assert least_equal(threshold, permutations, miss) == equal


def test_the_search_across_splits_misses_one_pair_in_nineteen_million():
    banding = Banding(SplitCheckConfig().bands, SplitCheckConfig().rows)
    by_bands = (1 - 0.8**4) ** 32
    assert 1 / by_bands > 20e6
    assured = assure(0.8, banding)
    assert 1 - assured.catch_probability == pytest.approx(1.1 * by_bands, abs=2**-53)  # half the spacing of floats at 1
    assert assured.least_equal == 74
    fewer = assure(0.8, banding, 10)
    assert fewer.least_equal == 74
    assert 1 - fewer.catch_probability == pytest.approx((1 - 0.8**4) ** 10 + 0.1 * by_bands, abs=3e-16)
    assert assure(0.8, banding, 0).catch_probability == 0.0


def test_a_screen_misses_at_most_its_share():
    rng, draws = random.Random(3), 4000
    equal = least_equal(0.8, 32, 0.05)
    short = sum(sum(rng.random() < 0.8 for _ in range(32)) < equal for _ in range(draws))
    assert short / draws < 0.05
    assert sum(sum(rng.random() < 0.8 for _ in range(32)) < equal + 1 for _ in range(draws)) / draws > 0.05
