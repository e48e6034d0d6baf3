from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.html import main_text, trees
from sluice.text.html.features import (
    FEATURES,
    SECOND_FEATURES,
    TOKENS,
    block_features,
    feature_columns,
    second_features,
)
from sluice.text.html.markup import parse

PAGE = (
    b"<title>News of the town</title><nav><a href=/>Home</a> <a href=/n>News</a></nav><h1>News of the town</h1>"
    b"<div class='post-content'><p>On Tuesday the council met, and it decided to build a new library by the river.</p>"
    b"<p>It opens in two years. Children may name it, says the mayor.</p></div><div id=footer>Copyright</div>"
)


def row(markup, text, features):
    data = markup.text.tobytes()
    for b, (start, end) in enumerate(zip(markup.block_start, markup.block_end, strict=True)):
        if data[start:end].startswith(text):
            return dict(zip(FEATURES, features[b].tolist(), strict=True))
    raise AssertionError(text)


def features_of(markup, title):
    columns, _ = feature_columns(markup)
    block_features(markup, title, main_text.load_model().lexicon, columns)
    return columns[: len(FEATURES)].T


def test_features_have_the_values_that_their_names_describe():
    markup = parse(PAGE)
    features = features_of(markup, b"News of the town")
    assert features.shape == (5, len(FEATURES)) and len(set(FEATURES)) == len(FEATURES)
    menu, heading, first, footer = (
        row(markup, t, features) for t in (b"Home", b"News of", b"On Tuesday", b"Copyright")
    )
    assert (menu["in_nav"], heading["in_nav"]) == (1, 0)
    assert menu["link"] == np.float32(8 / 9) and first["link"] == 0  # the space is outside of the link
    assert first["tokens"] == pytest.approx(np.log1p(16)) and (first["is_good"], menu["is_good"]) == (1, 0)
    assert (heading["in_heading"], heading["title"], first["title"]) == (1, 1, pytest.approx(2 / 16))  # "the", twice
    assert (heading["after_title"], menu["after_title"], footer["after_title"]) == (1, 0, 1)
    assert (first["ends"], first["commas"]) == (pytest.approx(np.log1p(1)),) * 2
    assert (first["first"], first["last"], footer["last"]) == (1, 1, 3)  # upper case; an end; a letter
    assert (first["near+1_tokens"], footer["near+1_tokens"]) == (pytest.approx(np.log1p(12)), -1)
    assert (menu["index"], footer["index"]) == (0, pytest.approx(0.8))
    assert (first["in_best"], footer["in_best"]) == (1, 0)  # both paragraphs are in the <div>
    assert (first["to_best"], footer["to_best"], footer["from_best"]) == (0, 1, 1)
    assert menu["page_blocks"] == pytest.approx(np.log1p(5))


def test_chinese_characters_are_words():
    markup = parse("<p>今天开会，决定建造图书馆。</p>".encode())
    features = features_of(markup, b"")
    page = row(markup, "今天".encode(), features)
    assert (page["tokens"], page["han"], page["ends"]) == (pytest.approx(np.log1p(11)), 1, pytest.approx(np.log1p(1)))


def second_rows(page, first):
    """The features of the second round of each block, given the first round's probabilities."""
    markup = parse(page)
    columns, second = feature_columns(markup)
    stats = block_features(markup, b"", main_text.load_model().lexicon, columns)
    second_features(markup, stats, np.array(first, np.float32), second)
    return [dict(zip(SECOND_FEATURES, values.tolist(), strict=True)) for values in second.T], stats[:, TOKENS]


def test_the_second_round_gets_the_first_scores_of_the_neighbours():
    rows, tokens = second_rows(PAGE, [0.1, 0.6, 0.9, 0.8, 0.2])
    assert tokens.tolist() == [2, 4, 16, 12, 1]
    assert [r["first_own"] for r in rows] == pytest.approx([0.1, 0.6, 0.9, 0.8, 0.2])
    assert [r["first_near+1"] for r in rows] == pytest.approx([0.6, 0.9, 0.8, 0.2, -1])
    assert [r["first_near-2"] for r in rows] == pytest.approx([-1, -1, 0.1, 0.6, 0.9])
    assert [r["first_since_first"] for r in rows] == [-1, 0, 1, 2, 3]
    assert [r["first_max_before"] for r in rows] == pytest.approx([0, 0.1, 0.6, 0.9, 0.9])
    assert rows[2]["first_path"] == pytest.approx((16.5 * 0.9 + 12.5 * 0.8) / 29)
    assert rows[2]["first_heading"] == pytest.approx(0.6)


CARDS = (
    "<h1>Candles</h1><ul>"
    + "".join(f"<li><div>{name} candle</div><div>$5</div></li>" for name in ("Red", "Blue", "Green", "White"))
    + "</ul><footer>Red candle</footer>"
).encode()


def test_the_second_round_sees_groups_of_cards_and_prices():
    # a block counts as its words and a half: the heading 1.5, a card 2.5 + 1.5, the footer 2.5, the page 20
    rows, tokens = second_rows(CARDS, [0.9, 0.6, 0.6, 0.6, 0.6, 0.2, 0.6, 0.2, 0.2, 0.4])
    assert tokens.tolist() == [1, *[2, 1] * 4, 2]
    heading, name, price, *_, footer = rows
    for group in ("many", "outer"):  # the four cards; names and prices are only two siblings
        found = {key.removeprefix(f"{group}_siblings_"): name[key] for key in name if key.startswith(group)}
        assert found == pytest.approx(
            {
                "size": np.log(5),
                "share": 0.8,
                "chosen": (2 * 4 * 0.6 + 2.5 * 0.2 + 1.5 * 0.6 + 4 * 0.2) / 16,
                "mean": np.log(5),
                "prices": 1,
                "link": 0,
                "pictures": 0,
                "before": 1.5 / 20,
                "agreed": 0.5,
                "spread": 0,
                "heading_first": 0.9,
                "heading_lex": found["heading_lex"],  # depends on the shipped lexicon
                "heading_distance": np.log1p(1.5),
            }
        )
        assert price[f"{group}_siblings_size"] == name[f"{group}_siblings_size"]
        assert (heading[f"{group}_siblings_size"], footer[f"{group}_siblings_share"]) == (-1, -1)
    assert [r["cards_in"] for r in rows] == [0, *[1] * 8, 0]
    assert (footer["cards_share"], footer["cards_prices"]) == (pytest.approx(0.8), 1)
    assert [r["price_own"] for r in rows] == [0, *[0, 1] * 4, 0]
    assert (name["price_page"], name["price_page_share"]) == (pytest.approx(np.log(5)), pytest.approx(0.4))
    assert (name["top_heading_distance"], name["top_heading_first"]) == (pytest.approx(0.075), pytest.approx(0.9))
    likely = 0.9 + 2 * 0.6 + 0.6 + 2 * 0.6 + 0.6 + 2 * 0.2 + 0.6 + 2 * 0.2 + 0.2 + 2 * 0.4
    assert (name["sure_highest"], name["sure_chosen"]) == (pytest.approx(0.9), pytest.approx(np.log1p(6)))
    assert name["sure_expected"] == pytest.approx(2 * (likely - 1.0) / (10 + likely))  # without those of 0.2


@pytest.mark.parametrize(
    ("text", "is_price"),
    [
        ("$5", 1),
        ("from 1.299,00 €", 1),
        ("£3", 1),
        ("¥300", 1),
        ("12元", 1),
        ("￥12", 1),
        ("₹99", 1),
        ("$", 0),
        ("12 pages", 0),
        ("3月", 0),
        ("5 " * 16 + "$", 0),  # more words than a price has
    ],
)
def test_a_price_is_a_short_text_with_a_digit_and_a_sign_of_currency(text, is_price):
    rows, _ = second_rows(f"<p>{text}</p>".encode(), [0.5])
    assert rows[0]["price_own"] == is_price


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([b"<li>", b"<h1>", b"<div>", b"</div>", b"<p>$5", b"<td>", b"\xc2", b"\xe2\x82", b"\xe5"]),
            st.binary(max_size=6),
        ),
        max_size=40,
    )
)
def test_features_of_the_second_round_are_finite_for_any_bytes(parts):
    markup = parse(b"".join(parts))
    columns, second = feature_columns(markup)
    stats = block_features(markup, b"", main_text.load_model().lexicon, columns)
    second_features(markup, stats, np.linspace(0, 1, len(stats)).astype(np.float32), second)
    assert np.isfinite(second).all()


@pytest.mark.parametrize(
    ("likely", "tokens", "chosen"),
    [
        ([0.9, 0.1], [10, 10], [True, False]),
        ([0.9, 0.6], [10, 10], [True, True]),  # 15 / (20 + 6.34) is more than 9 / (10 + 6.34)
        ([0.02, 0.019], [10, 10], [True, False]),  # 0.2 / (10 + 0.16) against 0.39 / (20 + 0.16)
        ([0.9, 0.34], [10, 1000], [True, True]),  # 349 expected words of 1,010
        ([0.9, 0.3], [10, 1000], [True, False]),  # the best in words, but too improbable
        ([1.0, 0.0, 1.0], [5, 500, 5], [True, False, True]),
    ],
)
def test_the_chosen_blocks_have_the_best_expected_f1(likely, tokens, chosen):
    assert main_text.best_choice(np.array(likely, np.float32), np.array(tokens, np.float32)).tolist() == chosen


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.34375, 0.96875, width=32), st.integers(1, 50)), min_size=1, max_size=7))
def test_no_other_choice_has_a_higher_expected_f1(blocks):
    likely, tokens = (np.array(column, np.float32) for column in zip(*blocks, strict=True))

    def expected_f1(mask):
        hits = (likely * tokens).astype(np.float64)
        return hits[mask].sum() / (tokens[mask].sum() + main_text.BETA**2 * hits.sum())

    best = expected_f1(main_text.best_choice(likely, tokens))
    every = (np.array([number >> k & 1 for k in range(len(likely))], bool) for number in range(1, 1 << len(likely)))
    assert all(expected_f1(mask) <= best + 1e-9 for mask in every)


def slow_predict(arrays, rows):
    sums = []
    for values in rows:
        total = 0.0
        for node in arrays["roots"].tolist():
            while node >= 0:
                node = int(arrays["children"][node][int(values[arrays["feature"][node]] > arrays["threshold"][node])])
            total += float(arrays["leaves"][-1 - node])
        sums.append(total)
    return 1 / (1 + np.exp(-np.array(sums)))


STEP = 6e-8  # resolution of float32 below 1


@pytest.mark.parametrize("num_rows", [0, 1, 15, 16, 17, 63, 64, 65, 130])
def test_trees_equal_a_plain_loop(num_rows):
    path = resources.files("sluice.text") / "data" / main_text.MODEL
    with np.load(str(path)) as model:
        arrays = {name: model[f"first_{name}"] for name in trees.TREE_ARRAYS}
    chance = np.random.default_rng(5)
    # values equal to thresholds, where the branches divide
    rows = chance.choice(arrays["threshold"], size=(num_rows, len(FEATURES))).astype(np.float32)
    rows += chance.choice(np.array([0, 0, 1e-3, -1e-3], np.float32), size=rows.shape)
    assert trees.predict(trees.Trees.of(arrays), np.ascontiguousarray(rows.T)) == pytest.approx(
        slow_predict(arrays, rows), abs=STEP
    )


def test_rows_with_nan_take_the_left_branch():
    path = resources.files("sluice.text") / "data" / main_text.MODEL
    with np.load(str(path)) as model:
        arrays = {name: model[f"first_{name}"] for name in trees.TREE_ARRAYS}
    chance = np.random.default_rng(7)
    rows = chance.choice(arrays["threshold"], size=(1, len(FEATURES))).astype(np.float32).repeat(70, 0)
    rows[40:] += chance.choice(np.array([0, 0, 0, 0, 1e-3], np.float32), size=(30, len(FEATURES)))
    for value in (np.nan, np.inf, -np.inf):
        rows[chance.random(rows.shape) < 0.03] = value
    rows[:33, :40] = np.nan
    found = trees.predict(trees.Trees.of(arrays), np.ascontiguousarray(rows.T))
    assert found == pytest.approx(slow_predict(arrays, rows), abs=STEP)


def chain(num_leaves):
    """A tree that branches to the left at every node: feature 0 against falling thresholds."""
    nodes = num_leaves - 1
    return {
        "roots": np.array([0 if nodes else -1], np.int32),
        "feature": np.zeros(nodes, np.int16),
        "threshold": np.arange(nodes, 0, -1).astype(np.float32),
        "children": np.array([[k + 1 if k + 1 < nodes else -num_leaves, -1 - k] for k in range(nodes)], np.int32),
        "leaves": np.linspace(-1, 1, num_leaves).astype(np.float32),
    }


@pytest.mark.parametrize("num_leaves", [1, 2, 31, 32])
def test_trees_with_the_minimum_and_maximum_number_of_leaves_are_evaluated(num_leaves):
    arrays = chain(num_leaves)
    rows = np.arange(-1, 34, 0.5, np.float32)[:, None].repeat(2, 1)
    assert trees.predict(trees.Trees.of(arrays), np.ascontiguousarray(rows.T)) == pytest.approx(
        slow_predict(arrays, rows), abs=STEP
    )


def test_a_tree_with_more_leaves_than_bits_in_a_word_is_an_error():
    with pytest.raises(ValueError, match="more than 32 leaves"):
        trees.Trees.of(chain(33))


def test_the_shipped_model_matches_the_features():
    model = main_text.load_model()
    assert model.first.feature.max() < len(FEATURES)
    assert model.second.feature.max() < len(FEATURES) + len(SECOND_FEATURES)


def test_rendering_no_block_returns_an_empty_text():
    markup = parse(PAGE)
    assert main_text.render(markup, np.zeros(5, bool)) == ""
