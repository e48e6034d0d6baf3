import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.rules import FitThresholdsConfig
from sluice.core.errors import InputError
from sluice.core.records.docs import Signals
from sluice.text.rules import fit_thresholds, threshold_report
from sluice.text.rules.rule import Rule, first_failure, load_rules
from sluice.text.rules.signal_sample import SignalSample

SECTION = FitThresholdsConfig(min_documents=4)
FLAT = np.array([0.2, 0.2, 0.2, 0.2])
REFERENCE = np.array([0.0, 0.1, 0.2, 0.3])
TARGET = np.array([0.1, 0.3, 0.5, 0.7])


def sample(language, **signals):
    values = {name: np.array(column, float) for name, column in signals.items()}
    count = len(next(iter(values.values())))
    return SignalSample(language, count, np.zeros((count, 3), np.int64), values, np.full(count, 0.9))


def fit(rule, en, zh, section=SECTION, in_force=()):
    """The proposals for one known rule."""
    samples = (sample(language, **{rule.signal: values}) for language, values in (("en", en), ("zh", zh)))
    return fit_thresholds.fit(section, [rule], in_force, *samples)


# methods


def test_mean_std_keeps_the_distance_in_standard_deviations():
    # means 0.15 and 0.4, the target varies twice as much: 0.15 above the mean becomes 0.3 above
    assert fit_thresholds.mean_std(0.3, REFERENCE, TARGET) == pytest.approx(0.7)


def test_median_ratio_keeps_the_multiple_of_the_median():
    assert fit_thresholds.median_ratio(0.3, REFERENCE, TARGET) == pytest.approx(0.8)


def test_quantile_keeps_the_share_of_dropped_documents():
    # 0.25 drops one in four above; three in four are at most 0.55 (between 0.5 and 0.7, a quarter of the way)
    assert fit_thresholds.quantile(0.25, REFERENCE, TARGET, "max") == pytest.approx(0.55)
    assert fit_thresholds.quantile(0.05, REFERENCE, TARGET, "min") == pytest.approx(0.25)


def test_tail_drops_a_share_of_documents():
    values = np.arange(101) / 100
    assert fit_thresholds.tail(0.1, values, "max") == pytest.approx(0.9)
    assert fit_thresholds.tail(0.1, values, "min") == pytest.approx(0.1)


def test_a_constant_signal_gives_no_threshold():
    assert fit_thresholds.mean_std(0.3, FLAT, TARGET) is None
    assert fit_thresholds.median_ratio(0.3, np.zeros(4), TARGET) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 1), st.sampled_from(["min", "max"]))
def test_a_tail_never_drops_more_than_its_share(values, share, side):
    array = np.array(values)
    threshold = fit_thresholds.tail(share, array, side)
    dropped = (array < threshold).mean() if side == "min" else (array > threshold).mean()
    assert dropped <= share + 1 / len(values)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.8, 0.9, 1.0], 0.818),  # median 0.9, deviation 0.0816
        ([0.99, 0.99, 0.99], 0.9),
        ([0.1, 0.2, 0.9], 0.3),
        ([0.8, float("nan"), 0.8], 0.8),
        ([], None),
    ],
)
def test_the_language_score_is_the_median_minus_a_deviation_within_bounds(scores, expected):
    assert fit_thresholds.language_score_threshold(np.array(scores, float)) == expected


# proposals


def test_a_proposed_threshold_has_its_share_of_dropped_documents():
    found = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, TARGET)
    (proposal,) = found.proposals
    assert (proposal.method, proposal.value) == ("mean_std", 0.6)
    assert (proposal.reference_share, proposal.share, found.share) == (0.25, 0.25, 0.25)


def test_another_method_applies_to_all_fitted_signals():
    section = FitThresholdsConfig(min_documents=4, method="median_ratio")
    (proposal,) = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, TARGET, section).proposals
    assert (proposal.method, proposal.value) == ("median_ratio", 0.667)


def test_signals_that_fineweb2_does_not_fit_are_kept_replaced_or_omitted():
    kept = fit(Rule("r", "hash_per_word", max=0.1), REFERENCE, TARGET).proposals[0]
    assert (kept.method, kept.value) == ("kept", 0.1)
    replaced = fit(Rule("r", "fineweb_duplicate_line_char_share", max=0.01), REFERENCE, TARGET).proposals[0]
    assert (replaced.method, replaced.value) == ("replaced", 0.1)
    with pytest.raises(InputError, match="have no bound for 'en'"):
        fit(Rule("r", "short_line_share", max=0.67), REFERENCE, TARGET)


def test_a_threshold_that_no_value_can_break_is_not_proposed():
    (proposal,) = fit(Rule("r", "duplicate_5gram_share", max=0.6), REFERENCE, TARGET).proposals
    assert proposal.value is None
    assert proposal.reason == "1.3 is outside the range of duplicate_5gram_share, 0 to 1"
    (proposal,) = fit(Rule("r", "terminal_line_share", min=0.12), REFERENCE, [0, 0, 0, 1]).proposals
    assert (proposal.value, proposal.share) == (None, 0.0)


def test_undefined_values_pass_and_do_not_count():
    nan = float("nan")
    (proposal,) = fit(Rule("r", "top_2gram_share", max=0.25), [*REFERENCE, nan], [*TARGET, nan, nan]).proposals
    assert proposal.value == 0.6
    assert proposal.share == pytest.approx(1 / 6)
    (proposal,) = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, [nan] * 4).proposals
    assert proposal.reason == "top_2gram_share is undefined in one of the samples"


def test_current_rules_are_listed_with_the_proposal():
    old = [Rule("o", "top_2gram_share", ("zh",), max=0.4), Rule("e", "top_2gram_share", ("en",), max=0.1)]
    found = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, TARGET, in_force=old)
    assert (found.proposals[0].old, found.proposals[0].old_share, found.old_share) == (0.4, 0.5, 0.5)


def test_documents_dropped_by_a_single_rule_are_listed():
    rules = [Rule("a", "hash_per_word", max=0.5), Rule("b", "bullet_line_share", max=0.5)]
    hashes, bullets = [0.9, 0.9, 0.1, 0.1], [0.9, 0.1, 0.9, 0.1]
    samples = (sample(language, hash_per_word=hashes, bullet_line_share=bullets) for language in ("en", "zh"))
    found = fit_thresholds.fit(SECTION, rules, [], *samples)
    assert [proposal.only for proposal in found.proposals] == [[1], [2]]
    assert found.share == 0.75


def test_too_few_documents_and_no_documents_are_different_errors():
    rule = Rule("r", "top_2gram_share", max=0.25)
    with pytest.raises(InputError, match=r"has 2 documents in the language 'zh'; thresholds\.min_documents = 4"):
        fit(rule, REFERENCE, [0.1, 0.2])
    with pytest.raises(InputError, match="has no documents in the reference language 'en'"):
        fit(rule, [], TARGET)


# output files


def test_the_rule_file_loads_and_decides_as_proposed(tmp_path):
    rules = [rule for rule in load_rules(["fineweb"]) if rule.signal != "n_words"]
    random = np.random.default_rng(1)
    names = {rule.signal for rule in rules}
    samples = [sample(language, **{name: random.uniform(0, 0.5, 300) for name in names}) for language in ("en", "zh")]
    found = fit_thresholds.fit(FitThresholdsConfig(), rules, load_rules(["fineweb"]), *samples)
    path = tmp_path / "zh.yaml"
    path.write_text(threshold_report.rule_file(found))
    loaded = load_rules([str(path)])
    assert all(rule.languages == ("zh",) for rule in loaded)
    dropped = 0
    for i in range(300):
        signals = Signals(**{name: float(samples[1].signals[name][i]) for name in names})
        dropped += first_failure(signals, "zh", loaded) is not None
    assert 0 < dropped / 300 == found.share


@pytest.fixture
def reload(tmp_path):
    """The rules of a proposal, read back from the file."""

    def reloaded(found):
        (tmp_path / "x.yaml").write_text(threshold_report.rule_file(found))
        return load_rules([str(tmp_path / "x.yaml")])

    return reloaded


def test_the_language_no_is_not_read_as_false(reload):
    found = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, TARGET)
    assert [rule.languages for rule in reload(found._replace(language="no"))] == [("no",)]


def test_a_threshold_of_many_digits_is_written_completely(reload):
    found = fit(Rule("r", "n_words", max=100), REFERENCE, TARGET)
    (proposal,) = found.proposals
    for value in (1234567.125, 1234.567, 0.001, 100000.0, 3.0):
        (rule,) = reload(found._replace(proposals=[proposal._replace(value=value)]))
        assert rule.max == value


def test_two_bounds_on_one_side_of_a_signal_have_different_names(reload):
    # fineweb and roots both bound the number of words
    samples = [sample(language, n_words=[5.0, 50, 500, 5000]) for language in ("en", "zh")]
    rules = [Rule("a", "n_words", min=50), Rule("b", "n_words", min=10), Rule("c", "n_words", max=600)]
    loaded = reload(fit_thresholds.fit(SECTION, rules, [], *samples))
    assert [(rule.min, rule.max) for rule in loaded] == [(50, None), (10, None), (None, 600)]
    assert len({rule.name for rule in loaded}) == 3


def test_a_rule_file_without_a_proposal_can_be_loaded(reload):
    assert reload(fit(Rule("r", "top_2gram_share", max=0.25), FLAT, TARGET)) == ()


def test_the_page_shows_charts_and_escapes_all_text():
    found = fit(Rule("r", "top_2gram_share", max=0.25), REFERENCE, TARGET)
    texts = {"zh": {3: ("https://a.example/<b>", "<script>alert(1)</script>")}}
    page = threshold_report.page([found], {"zh": sample("zh", top_2gram_share=TARGET)}, texts)
    assert "&lt;script&gt;" in page and "<script" not in page
    assert page.count('<svg class="curve histogram"') == 1
    assert "proposed 0.6</title>" in page and "drops 25.0 %" in page


def test_the_table_has_one_line_per_bound():
    found = fit(Rule("r", "mean_word_length", min=3, max=10), [4, 5, 6, 5], [1, 2, 3, 2])
    lines = threshold_report.table(found).splitlines()
    assert len(lines) == 4
    assert lines[2].split()[:3] == ["mean_word_length", "max", "10"]
    # 10 is five above the mean of 5; both have the same deviation: five above 2
    assert lines[2].split()[-4:] == ["7", "0.0", "%", "mean_std"]
