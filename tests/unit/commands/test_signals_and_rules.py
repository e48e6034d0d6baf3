import json

import pytest

from sluice.commands.main import main
from sluice.core.records.docs import Signals
from sluice.text.rules.rule import preset_names


def test_the_table_of_signals_has_one_line_per_signal(capsys):
    assert main(["signals"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(Signals.__struct_fields__)
    assert any(line.startswith("han_share ") and " 0 to 1 " in line and "Han ideographs" in line for line in lines)


def test_the_signals_of_a_text_are_printed_as_json(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("价格的问题。", encoding="utf-8")
    assert main(["signals", "--language", "zh", str(tmp_path / "a.txt")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_words"], found["c4_sentences"], found["bad_word_share"]) == (3, None, 0.0)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_text_is_an_error_with_its_path(tmp_path, capsys, content):
    path = tmp_path / "a.txt"
    if content:
        path.write_bytes(content)
    assert main(["signals", str(path)]) == 3
    assert f"{path} cannot be read as text" in capsys.readouterr().err


def test_all_presets_are_listed(capsys):
    assert main(["rules"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == preset_names()


def test_the_rules_of_a_preset_are_printed_with_their_bounds(capsys):
    assert main(["rules", "gopher"]) == 0
    out = capsys.readouterr().out
    assert "n_words" in out and "≥ 50 ≤ 100000" in out
    assert out.splitlines()[-1].endswith("rules: all examples are dropped or kept as expected")


def test_all_shipped_rules_pass_the_check(capsys):
    assert main(["rules", "--check"]) == 0


def test_a_rule_without_a_dropped_example_is_an_error_with_its_name(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    path.write_text("description: d\nlanguages: [en]\nrules: [{name: dead, signal: n_words, min: 5}]\n")
    assert main(["rules", str(path)]) == 4
    assert "Rule 'dead' (en) has no example that breaks its bound 5." in capsys.readouterr().err


@pytest.mark.parametrize("signal", ["quality_score", "bits_per_byte"])
def test_a_rule_on_a_model_score_needs_no_example(tmp_path, capsys, signal):
    path = tmp_path / "own.yaml"
    path.write_text(f"description: d\nlanguages: [en]\nrules: [{{name: own, signal: {signal}, max: 0.5}}]\n")
    assert main(["rules", str(path)]) == 0
    assert "≤ 0.5" in capsys.readouterr().out


def test_an_unknown_preset_is_a_usage_error(capsys):
    assert main(["rules", "nothing"]) == 2
    assert "neither a shipped preset" in capsys.readouterr().err
