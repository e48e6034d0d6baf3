import pytest

from sluice.core.errors import ConfigError
from sluice.core.records import Signals
from sluice.text.rules import Rule, broken_bound, first_failure, load_rules
from sluice.text.signals import compute

EN, ZH = load_rules(["en-default"]), load_rules(["zh-default"])

GOOD = {
    "en": "The old mill stood at the edge of the village, where the river turned sharply to the south. For almost two "
    "hundred years it had ground the corn of every farmer in the valley, and people still remember the sound of its "
    "wheel.\nWhen the last miller died, his daughter sold the building to a painter with more hope than money. She "
    "repaired the roof herself, planted apple trees along the water, and opened a small school for anyone who wanted "
    "to learn.",
    "zh": "这座古老的磨坊建在村子边上，河水在那里急转向南流去。近两百年来，山谷里每户农家的粮食都在这里加工，"
    "老人们至今还记得水车转动时发出的声音。\n最后一位磨坊主去世以后，他的女儿把房子卖给了一个没有多少钱却充满希望的画家。"
    "她亲手修好了屋顶，沿着河岸种下苹果树，又办起一所小学校，欢迎任何想学画画的孩子来上课。",
}

PHRASE = "one two three four five six seven eight nine ten "
PHRASE_ZH = "春天，小河边的柳树发芽，孩子们在草地上放风筝。"

DROPPED = {
    "gopher_dup_lines": ["same line\nsame line\nsame line"],
    "gopher_dup_paragraphs": ["same part\n\nsame part\n\nsame part"],
    "gopher_dup_line_chars": ["the same line\nthe same line"],
    "gopher_dup_paragraph_chars": ["the same part\n\nthe same part"],
    "gopher_top_2gram": ["buy now and buy now"],
    "gopher_top_3gram": ["buy it now and buy it now"],
    "gopher_top_4gram": ["buy it right now and buy it right now"],
    **{f"gopher_dup_{n}gram": [PHRASE * 2] for n in range(5, 11)},
    "gopher_words": ["The page holds too few words.", Signals(n_words=100_001)],
    "gopher_word_length": ["a b c d of it", "incomprehensibilities internationalization"],
    "gopher_hashes": ["#one #two three"],
    "gopher_ellipses": ["so ... and then ... more"],
    "gopher_bullets": ["- first\n- second\n• third"],
    "gopher_ellipsis_lines": ["Read more...\nA sentence.\nGo on…"],
    "gopher_alphabetic": ["12 34 56 78 rows"],
    "gopher_stop_words": ["Cheap shoes, cheap bags, and more"],
    "fineweb_terminal_lines": ["Home\nProducts\nContact"],
    "fineweb_short_lines": ["Home\nProducts\nContact"],
    "fineweb_dup_line_chars": ["The very same line.\nAnother line.\nThe very same line."],
    "fineweb_newlines": ["one\ntwo\nthree"],
    "fineweb2_dup_lines": ["同一行\n同一行\n同一行"],
    "fineweb2_top_2gram": ["好 好 好 好 好"],
    "fineweb2_top_3gram": ["好 好 好 好 好"],
    "fineweb2_top_4gram": ["好 好 好 好 好"],
    **{f"fineweb2_dup_{n}gram": [PHRASE_ZH * 2] for n in range(5, 11)},
    "fineweb2_words": ["太短的一页。", Signals(n_words=100_001)],
    "fineweb2_word_length": ["internationalization 标准", Signals(mean_word_length=0.9)],
    "fineweb2_hashes": ["#苹果 #香蕉"],
    "fineweb2_ellipses": ["好…吧…再见"],
    "fineweb2_bullets": ["● 苹果\n· 香蕉\n• 梨"],
    "fineweb2_ellipsis_lines": ["更多...\n这是一句话。\n下一页…"],
    "fineweb2_alphabetic": ["12 34 56 元"],
    "fineweb2_stop_words": ["苹果手机价格表"],
    "fineweb2_terminal_lines": ["首页\n产品\n联系我们"],
    "fineweb2_dup_line_chars": ["同一行的文字。\n另一行。\n同一行的文字。"],
    "fineweb2_newlines": ["苹果\n香蕉\n梨"],
    "mapneo_entropy": ["哈哈哈哈哈哈"],
    "cci4_line_chars": ["首页\n产品\n联系我们"],
}

CASES = [
    pytest.param(rule, example, id=f"{rule.name}-{i}")
    for rule in (*EN, *ZH)
    for i, example in enumerate(DROPPED.get(rule.name, [None]))
]


def signals_of(example, language):
    return example if isinstance(example, Signals) else compute(example, language)


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_a_shipped_rule_drops_its_example_and_says_why(rule, example):
    assert example is not None, f"rule {rule.name} has no example in DROPPED"
    (language,) = rule.languages
    verdict = first_failure(signals_of(example, language), language, [rule])
    assert verdict is not None
    assert verdict.reason == rule.name
    assert verdict.threshold in (rule.min, rule.max, rule.above, rule.below)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in (*EN, *ZH)])
def test_a_shipped_rule_keeps_plain_prose(rule):
    (language,) = rule.languages
    signals = compute(GOOD[language], language)
    assert getattr(signals, rule.signal) is not None
    assert first_failure(signals, language, [rule]) is None


def test_no_rule_lacks_an_example_and_no_example_a_rule():
    assert set(DROPPED) == {rule.name for rule in (*EN, *ZH)}
    assert all(len(DROPPED[r.name]) == (2 if r.min is not None and r.max is not None else 1) for r in (*EN, *ZH))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_plain_prose_passes_all_rules_together(language):
    assert first_failure(compute(GOOD[language], language), language, (*EN, *ZH)) is None


# The published numbers, from filters.md 1.1, 1.2, 1.4 and 3.1, typed again
PUBLISHED = {
    "en": [
        ("duplicate_line_share", 0.30, 0.31),
        ("top_2gram_share", 0.20, 0.21),
        ("duplicate_5gram_share", 0.15, 0.16),
        ("duplicate_10gram_share", 0.10, 0.11),
        ("n_words", 50, 49),
        ("n_words", 100_000, 100_001),
        ("mean_word_length", 3, 2.9),
        ("mean_word_length", 10, 10.1),
        ("hash_per_word", 0.1, 0.11),
        ("bullet_line_share", 0.9, 0.91),
        ("ellipsis_line_share", 0.3, 0.31),
        ("alphabetic_word_share", 0.8, 0.79),
        ("n_stop_words", 2, 1),
        ("terminal_line_share", 0.12, 0.11),
        ("short_line_share", 0.67, 0.68),
        ("fineweb_duplicate_line_char_share", 0.01, 0.011),
        ("newlines_per_word", 0.3, 0.31),
    ],
    "zh": [
        ("duplicate_line_share", 0.287, 0.288),
        ("top_4gram_share", 0.171, 0.172),
        ("duplicate_7gram_share", 0.167, 0.168),
        ("mean_word_length", 5, 5.1),
        ("alphabetic_word_share", 0.735, 0.734),
        ("terminal_line_share", 0.106, 0.105),
        ("newlines_per_word", 0.178, 0.179),
        ("fineweb_duplicate_line_char_share", 0.1, 0.11),
        ("char_entropy", 3, 2.99),
    ],
}


@pytest.mark.parametrize(
    ("language", "signal", "kept", "dropped"), [(lang, *row) for lang, rows in PUBLISHED.items() for row in rows]
)
def test_published_thresholds_keep_the_bound_itself_and_drop_beyond(language, signal, kept, dropped):
    assert first_failure(Signals(**{signal: kept}), language, (*EN, *ZH)) is None
    verdict = first_failure(Signals(**{signal: dropped}), language, (*EN, *ZH))
    assert (verdict.value, verdict.threshold) == (dropped, kept)


# semantics


@pytest.mark.parametrize(
    ("bounds", "value", "broken"),
    [
        ({"min": 2.0}, 2.0, None),
        ({"min": 2.0}, 1.999, 2.0),
        ({"max": 2.0}, 2.0, None),
        ({"max": 2.0}, 2.001, 2.0),
        ({"above": 2.0}, 2.0, 2.0),
        ({"above": 2.0}, 2.001, None),
        ({"below": 2.0}, 2.0, 2.0),
        ({"below": 2.0}, 1.999, None),
        ({"min": 1.0, "max": 2.0}, 3.0, 2.0),
        ({"min": 1.0, "max": 2.0}, 0.0, 1.0),
        ({"min": 0.0}, 0, None),
        ({"above": 0.0, "max": 0.5}, 0.0, 0.0),
    ],
)
def test_min_and_max_are_inclusive_above_and_below_are_not(bounds, value, broken):
    assert broken_bound(Rule(name="r", signal="n_words", **bounds), value) == broken


def test_an_undefined_value_passes():
    assert first_failure(Signals(), "en", [Rule("r", "n_words", min=5.0)]) is None


def test_a_zero_is_a_value():
    assert first_failure(Signals(n_words=0), "en", [Rule("r", "n_words", min=5.0)]).value == 0.0


def test_a_rule_for_other_languages_passes():
    rules = [Rule("chinese", "n_words", languages=("zh",), min=5.0), Rule("all", "n_words", min=3.0)]
    assert first_failure(Signals(n_words=4), "en", rules) is None
    assert first_failure(Signals(n_words=4), "zh", rules).reason == "chinese"
    assert first_failure(Signals(n_words=1), "en", rules).reason == "all"


def test_the_first_rule_broken_names_the_reason():
    rules = [Rule("a", "n_words", max=9.0), Rule("b", "n_words", min=5.0), Rule("c", "n_words", min=6.0)]
    assert first_failure(Signals(n_words=1), "en", rules).reason == "b"
    assert first_failure(Signals(n_words=1), "en", rules[::-1]).reason == "c"


# loading


def preset(tmp_path, rules, languages="[en]", name="own.yaml"):
    path = tmp_path / name
    path.write_text(f"description: test\nlanguages: {languages}\nrules: {rules}\n")
    return str(path)


def test_presets_are_applied_in_the_order_given():
    both = load_rules(["zh-default", "en-default"])
    assert both == (*ZH, *EN)
    assert (len(EN), len(ZH)) == (25, 23)
    assert {rule.languages for rule in EN} == {("en",)}


def test_an_own_file_gives_its_languages_to_rules_without(tmp_path):
    path = preset(tmp_path, "[{name: a, signal: n_words, min: 1}, {name: b, signal: n_words, min: 1, languages: [de]}]")
    assert [rule.languages for rule in load_rules([path])] == [("en",), ("de",)]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[{name: a, signal: n_wrds, min: 1}]", "Rule 'a' tests the signal 'n_wrds', which nothing computes"),
        ("[{name: a, signal: n_words}]", "Rule 'a' has no bound"),
        ("[{name: a, signal: n_words, min: 3, max: 2}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, min: 3, below: 3}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, above: 3, max: 3}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, min: 1}, {name: a, signal: n_words, max: 2}]", "Two rules are named 'a'"),
        ("[{name: a, signal: n_words, min: many}]", "own.yaml are wrong"),
        ("[{name: a, signal: n_words, mx: 2}]", "own.yaml are wrong"),
        ("[{signal: n_words, max: 2}]", "own.yaml are wrong"),
        ("7", "own.yaml are wrong"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tmp_path, rules, message):
    with pytest.raises(ConfigError) as e:
        load_rules([preset(tmp_path, rules)])
    assert message in str(e.value)


def test_equal_bounds_that_one_value_meets_are_allowed(tmp_path):
    (rule,) = load_rules([preset(tmp_path, "[{name: a, signal: n_words, min: 3, max: 3}]")])
    assert broken_bound(rule, 3) is None


def test_one_name_may_serve_two_languages_but_not_one_twice(tmp_path):
    en = preset(tmp_path, "[{name: a, signal: n_words, min: 1}]", "[en]", "en.yaml")
    de = preset(tmp_path, "[{name: a, signal: n_words, min: 2}]", "[de]", "de.yaml")
    every = preset(tmp_path, "[{name: a, signal: n_words, min: 3}]", "null", "all.yaml")
    assert len(load_rules([en, de])) == 2
    for pair in ([en, en], [en, every], [every, en], [every, every]):
        with pytest.raises(ConfigError, match="Two rules are named 'a'"):
            load_rules(pair)


def test_an_unknown_preset_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'de-default'.*\(en-default, zh-default\)"):
        load_rules(["de-default"])


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_rules([str(tmp_path / "none.yaml")])
