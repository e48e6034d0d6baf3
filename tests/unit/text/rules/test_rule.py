import pytest

from sluice.core.errors import ConfigError
from sluice.core.records.docs import Signals
from sluice.text.rules.examples import faults, prose, signals_of
from sluice.text.rules.rule import Rule, broken_bound, first_failure, is_unlucky, load_rules, preset_names
from sluice.text.signals.compute import compute

EN, ZH = load_rules(["en-default"]), load_rules(["zh-default"])

SHIPPED = {name: load_rules([name]) for name in preset_names()}


@pytest.mark.parametrize("preset", SHIPPED)
def test_each_shipped_rule_drops_and_keeps_its_examples(preset):
    assert faults(SHIPPED[preset]) == []


@pytest.mark.parametrize("preset", SHIPPED)
def test_a_shipped_preset_keeps_plain_prose(preset):
    for language in {language for rule in SHIPPED[preset] for language in rule.languages}:
        assert first_failure(compute(prose(language), language), language, SHIPPED[preset]) is None


# planted bugs that occurred in public pipelines (filters.md 7)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("{name: a, signal: top_2gram_share, max: 9, drops: [a b a b]}", "keeps example 1"),  # an unreachable bound
        ("{name: a, signal: top_2gram_share, max: 9}", "no example that breaks its bound 9"),
        ("{name: a, languages: [zh], signal: mean_word_length, min: 3, drops: [好的]}", "drops what it should keep"),
        (
            '{name: a, languages: [zh], signal: newlines_per_word, max: 0, drops: ["好\\n的"]}',
            "drops what it should keep",
        ),
        (
            "{name: a, languages: [zh], signal: c4_sentences, min: 5, drops: [好。]}",
            "keeps example 1",
        ),  # undefined in zh
        ("{name: a, languages: [xx], signal: n_words, min: 5, drops: [a]}", "no example that it keeps"),
        ("{name: a, signal: n_words, min: 5, max: 9, drops: [a b]}", "no example that breaks its bound 9"),
        ("{name: a, signal: n_words, min: 2, drops: [a], keeps: [b]}", "drops what it should keep: 'b'"),
    ],
)
def test_a_rule_that_drops_nothing_or_everything_is_detected_by_its_examples(tmp_path, rule, fault):
    (message, *_) = faults(load_rules([preset(tmp_path, f"[{rule}]")]))
    assert fault in message


# the published numbers, copied independently from filters.md 1.1, 1.2, 1.4 and 3.1, and those changed after reading
PUBLISHED = {
    "en": [
        ("prose_duplicate_line_share", 0.60, 0.61),
        ("prose_top_2gram_share", 0.24, 0.25),
        ("prose_duplicate_5gram_share", 0.4, 0.41),
        ("prose_duplicate_10gram_share", 0.3, 0.31),
        ("n_words", 50, 49),
        ("n_words", 100_000, 100_001),
        ("prose_mean_word_length", 3, 2.9),
        ("prose_mean_word_length", 10, 10.1),
        ("prose_hash_per_word", 0.1, 0.11),
        ("ellipsis_line_share", 0.3, 0.31),
        ("prose_lettered_word_share", 0.73, 0.72),
        ("n_stop_words", 2, 1),
        ("prose_sentence_line_share", 0.07, 0.06),
        ("prose_short_line_share", 0.8, 0.81),
        ("prose_fineweb_duplicate_line_char_share", 0.4, 0.41),
        ("prose_lines_per_word", 0.3, 0.31),
    ],
    "zh": [
        ("prose_duplicate_line_share", 0.5, 0.51),
        ("prose_top_4gram_share", 0.171, 0.172),
        ("prose_duplicate_7gram_share", 0.2, 0.21),
        ("prose_mean_word_length", 5, 5.1),
        ("prose_lettered_word_share", 0.735, 0.734),
        ("prose_sentence_line_share", 0.2, 0.19),
        ("prose_lines_per_word", 0.178, 0.179),
        ("prose_fineweb_duplicate_line_char_share", 0.1, 0.11),
        ("char_entropy", 3, 2.99),
    ],
}


@pytest.mark.parametrize(
    ("language", "signal", "kept", "dropped"), [(lang, *row) for lang, rows in PUBLISHED.items() for row in rows]
)
def test_published_thresholds_keep_the_bound_and_drop_values_beyond_it(language, signal, kept, dropped):
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


def test_an_undefined_value_passes_a_rule():
    assert first_failure(Signals(), "en", [Rule("r", "n_words", min=5.0)]) is None


def test_zero_is_a_defined_value():
    assert first_failure(Signals(n_words=0), "en", [Rule("r", "n_words", min=5.0)]).value == 0.0


def test_documents_in_other_languages_pass_a_rule():
    rules = [Rule("chinese", "n_words", languages=("zh",), min=5.0), Rule("all", "n_words", min=3.0)]
    assert first_failure(Signals(n_words=4), "en", rules) is None
    assert first_failure(Signals(n_words=4), "zh", rules).reason == "chinese"
    assert first_failure(Signals(n_words=1), "en", rules).reason == "all"


def test_the_first_failed_rule_is_the_reason():
    rules = [Rule("a", "n_words", max=9.0), Rule("b", "n_words", min=5.0), Rule("c", "n_words", min=6.0)]
    assert first_failure(Signals(n_words=1), "en", rules).reason == "b"
    assert first_failure(Signals(n_words=1), "en", rules[::-1]).reason == "c"


# loading


def preset(tmp_path, rules, languages="[en]", name="own.yaml"):
    path = tmp_path / name
    path.write_text(f"description: test\nlanguages: {languages}\nrules: {rules}\n")
    return str(path)


def test_presets_are_applied_in_the_configured_order():
    both = load_rules(["zh-default", "en-default"])
    assert both == (*ZH, *EN)
    assert (len(EN), len(ZH)) == (34, 33)
    assert {rule.languages for rule in EN} == {("en",)}


def test_rules_without_languages_get_those_of_their_file(tmp_path):
    path = preset(tmp_path, "[{name: a, signal: n_words, min: 1}, {name: b, signal: n_words, min: 1, languages: [de]}]")
    assert [rule.languages for rule in load_rules([path])] == [("en",), ("de",)]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[{name: a, signal: n_wrds, min: 1}]", "Rule 'a' uses the unknown signal 'n_wrds'"),
        ("[{name: a, signal: n_words}]", "Rule 'a' has no bound"),
        ("[{name: a, signal: dice, max: 0.5}]", "signal 'dice'. It is now called 'random_unit'."),
        ("[{name: a, signal: n_words, min: 3, max: 2}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: han_share, min: 1.5}]", "Rule 'a' drops everything: han_share is never more than 1"),
        ("[{name: a, signal: han_share, above: 1}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, below: 0}]", "Rule 'a' drops everything: n_words is never less than 0"),
        ("[{name: a, signal: han_share, max: 1}]", "Rule 'a' can never break its bound max"),
        ("[{name: a, signal: han_share, min: 0, max: 0.5}]", "Rule 'a' can never break its bound min"),
        ("[{name: a, signal: han_share, max: 30}]", "han_share is between 0 and 1"),  # a percentage, not a share
        ("[{name: a, signal: han_share, pareto: 0}]", "own.yaml are invalid"),
        ("[{name: a, signal: most_common_2gram, max: 0.2}]", "uses the unknown signal"),  # Dolma's mismatched name
        ("[{name: a, signal: hanshare, max: 0.2}]", "Did you mean 'han_share'?"),
        ("[{name: a, signal: n_words, min: 3, below: 3}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, above: 3, max: 3}]", "Rule 'a' drops everything"),
        ("[{name: a, signal: n_words, min: 1}, {name: a, signal: n_words, max: 2}]", "Two rules are named 'a'"),
        ("[{name: a, signal: n_words, min: many}]", "own.yaml are invalid"),
        ("[{name: a, signal: n_words, mx: 2}]", "own.yaml are invalid"),
        ("[{signal: n_words, max: 2}]", "own.yaml are invalid"),
        ("7", "own.yaml are invalid"),
    ],
)
def test_an_invalid_rule_is_an_error(tmp_path, rules, message):
    with pytest.raises(ConfigError) as e:
        load_rules([preset(tmp_path, rules)])
    assert message in str(e.value)


def test_equal_inclusive_bounds_are_allowed(tmp_path):
    (rule,) = load_rules([preset(tmp_path, "[{name: a, signal: n_words, min: 3, max: 3}]")])
    assert broken_bound(rule, 3) is None


def test_a_rule_name_may_be_used_once_per_language(tmp_path):
    en = preset(tmp_path, "[{name: a, signal: n_words, min: 1}]", "[en]", "en.yaml")
    de = preset(tmp_path, "[{name: a, signal: n_words, min: 2}]", "[de]", "de.yaml")
    every = preset(tmp_path, "[{name: a, signal: n_words, min: 3}]", "null", "all.yaml")
    assert len(load_rules([en, de])) == 2
    for pair in ([en, en], [en, every], [every, en], [every, every]):
        with pytest.raises(ConfigError, match="Two rules are named 'a'"):
            load_rules(pair)


def test_an_unknown_preset_is_an_error_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'de-default'.*\(c4, dclm, en-default,.*zh-default\)"):
        load_rules(["de-default"])


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_rules([str(tmp_path / "none.yaml")])


def test_included_rules_come_first_and_can_be_excluded(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "description: test\nlanguages: [en]\ninclude: [c4]\nwithout: [c4_sentences]\n"
        "rules: [{name: a, signal: n_words, min: 1}]\n"
    )
    assert [rule.name for rule in load_rules([str(path)])] == ["c4_lorem_ipsum", "c4_curly_bracket", "a"]


def test_excluded_rules_must_exist_and_files_must_not_include_themselves(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("description: t\ninclude: [c4]\nwithout: [c4_sentense]\nrules: []\n")
    with pytest.raises(ConfigError, match="names the rule 'c4_sentense'"):
        load_rules([str(path)])
    path.write_text(f"description: t\ninclude: [{path}]\nrules: []\n")
    with pytest.raises(ConfigError, match="include themselves"):
        load_rules([str(path)])


# Pareto sampling


def test_pareto_keeps_all_at_one_and_follows_the_power_law_below():
    assert not is_unlucky(1.0, 9, 0.999999)
    assert not is_unlucky(0.0, 9, 2**-9 - 1e-6)
    assert is_unlucky(0.0, 9, 2**-9)  # kept with probability (2 - 0)^-9
    assert not is_unlucky(0.5, 2, 0.44)  # 1.5^-2 = 0.444...
    assert is_unlucky(0.5, 2, 0.45)
    assert not is_unlucky(0.0, 9, None)


def test_the_threshold_of_a_pareto_rule_is_the_random_number():
    rule = Rule("quality", "quality_score", pareto=2)
    assert first_failure(Signals(quality_score=0.5, random_unit=0.44), "en", [rule]) is None
    verdict = first_failure(Signals(quality_score=0.5, random_unit=0.45), "en", [rule])
    assert (verdict.reason, verdict.value, verdict.threshold) == ("quality", 0.5, 0.45)


def test_examples_have_the_bad_word_signals_of_the_extract_pass():
    found = signals_of("Casino bonus, big tits, big tits.", "en")
    assert (found.n_bad_words, found.n_different_bad_words) == (3, 2)
    assert found.bad_word_share == (12 + 8 + 8) / 33
    assert signals_of("Ein Text.", "de").n_bad_words is None


def test_norwegian_is_a_language_in_a_rule_file(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "description: short Norwegian pages go\n"
        "rules:\n  - {name: too_few_words, languages: [no], signal: n_words, min: 20}\n"
    )
    (rule,) = load_rules([str(tmp_path / "own.yaml")])
    assert rule.languages == ("no",)
