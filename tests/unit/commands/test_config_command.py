import pytest

from sluice.commands.main import main
from sluice.core.config.keys import known_paths


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ("trian", "Did you mean train?"),
        ("optim", "Did you mean train.optim?"),
        ("train.optim.lrr", "Did you mean train.optim.lr?"),
        ("zzzz", "Sections: name, version, output, seed, plan, extract,"),
    ],
)
def test_an_unknown_section_is_an_error_that_suggests_a_similar_one(section, hint, capsys):
    assert main(["config", section]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"sluice: There is no section or setting '{section}'. {hint}")
    assert printed.out == ""


def test_an_invalid_setting_is_an_error(capsys):
    assert main(["config", "--set", "train.optim.lr=fast"]) == 2
    assert "Invalid configuration at train.optim.lr" in capsys.readouterr().err


def test_a_setting_is_shown_in_the_form_of_set_with_type_and_meaning(capsys):
    assert main(["config", "train.optim.lr"]) == 0
    assert capsys.readouterr().out == (
        "# train: Training of a language model.\n\n"
        "train.optim.lr=0.003    (number above 0)\n    Peak learning rate.\n\n"
    )


def test_without_all_the_list_has_common_settings_and_the_number_of_others(capsys):
    assert main(["config", "dedup"]) == 0
    few = capsys.readouterr().out
    assert main(["config", "dedup", "--all"]) == 0
    many = capsys.readouterr().out
    assert "dedup.threshold=0.8 " in few and "dedup.edges_per_task" not in few
    assert "dedup.threshold=0.8 " in many and "dedup.edges_per_task=50000000 " in many
    assert few.endswith("more settings: sluice config dedup --all\n")
    assert "more settings" not in many


def test_an_expert_setting_is_shown_if_named(capsys):
    assert main(["config", "dedup.edges_per_task"]) == 0
    assert "dedup.edges_per_task=50000000 " in capsys.readouterr().out


def test_shown_values_include_files_and_settings(capsys, tmp_path):
    (tmp_path / "a.yaml").write_text("extract: {languages: [de]}\n")
    assert main(["config", "extract", "--conf", str(tmp_path / "a.yaml"), "--set", "extract.min_chars=7"]) == 0
    printed = capsys.readouterr().out
    assert "extract.languages=[de] " in printed
    assert "extract.min_chars=7 " in printed


def test_names_prints_the_path_of_every_setting_one_per_line(capsys):
    assert main(["config", "--names"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert set(printed) < set(known_paths())
    assert printed[:3] == ["name", "version", "output"] and "train.optim.lr" in printed
