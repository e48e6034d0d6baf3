import pytest

from sluice.core.errors import FormatError, InputError
from sluice.view.stages import chain, check_rules, read_stages
from tests.helpers.outcomes_run import RULES, write_output, write_stage


def markers(**upstream):
    empty = {key: {} for key in ("extract", "filter", "dedup", "decontaminate", "line_dedup", "split_check")}
    empty |= {"tokenizer": {}, "shards": {}}
    return empty | {name: {"digest": name, "upstream": before} for name, before in upstream.items()}


def finished(*names):
    return {name: {"digest": name} for name in names}


def test_stages_are_found_backwards_from_the_last_finished_one():
    found = markers(extract=None, filter="extract", dedup="filter", line_dedup="dedup", tokenizer="dedup")
    # line_dedup is left over: the tokenizer was made without it
    assert chain(found, finished("extract", "filter", "dedup", "line_dedup", "tokenizer")) == [
        "extract", "filter", "dedup", "tokenizer",
    ]  # fmt: skip
    assert chain(found, finished("extract", "filter", "dedup", "line_dedup"))[-1] == "line_dedup"


def test_a_stage_of_other_settings_and_an_unfinished_one_are_left_out():
    found = markers(extract=None, filter="extract", dedup="another filter")
    assert chain(found, finished("extract", "filter", "dedup")) == ["extract", "filter"]
    assert chain(found, finished("extract")) == ["extract"]
    assert chain(markers(extract=None), {}) == ["extract"]  # complete batches can be shown
    assert chain(markers(), {}) == []


def test_the_fingerprint_changes_with_each_stage_and_batch(output):
    before = read_stages(str(output)).fingerprint
    assert read_stages(str(output)).fingerprint == before
    (output / "extract" / "docs" / "_batches" / "00001.json").write_text("{}")
    with_batch = read_stages(str(output)).fingerprint
    write_stage(output, "tokenizer", "split_check")
    assert len({before, with_batch, read_stages(str(output)).fingerprint}) == 3


def test_a_directory_without_a_run_and_a_damaged_marker_are_errors(tmp_path):
    with pytest.raises(InputError, match="expected the output of `sluice run pipeline`"):
        read_stages(str(tmp_path))
    output = write_output(tmp_path / "out")
    (output / "filter" / "_stage.json").write_text("{")
    with pytest.raises(FormatError, match=r"filter/_stage.json is damaged"):
        read_stages(str(output))


def test_rules_are_compared_with_the_values_of_a_document_in_their_language():
    (check,) = check_rules(RULES, "en", {"n_words": 4.0})
    assert check == ("words", "n_words", 4.0, "≥ 5", False)
    assert check_rules(RULES, "en", {"n_words": 5.0})[0].passes is True
    (check,) = check_rules(RULES, "zh", {"han_share": 0.1})
    assert (check.keeps, check.passes) == ("> 0.1 and < 0.9", False)
    assert check_rules(RULES, "zh", {"han_share": 0.9})[0].passes is False
    assert check_rules(RULES, "zh", {"han_share": 0.5})[0].passes is True
    assert check_rules(RULES, "zh", {"han_share": None})[0].passes is None
    assert check_rules(RULES, "fr", {"n_words": 4.0}) == []


def test_a_rule_at_random_cannot_be_checked():
    rule = {"name": "gpt3", "signal": "quality_score", "languages": None, "pareto": 9}
    (check,) = check_rules([rule], "en", {"quality_score": 0.4})
    assert (check.keeps, check.passes) == ("at random, more often near 1", None)
