"""The job that proposes thresholds, run in this process on a small run."""

import pytest

from sluice.text.rules.rule import load_rules
from tests.helpers.docs_table import document, write_run
from tests.helpers.jobs import run_here


@pytest.fixture
def fit(tmp_path, capsys):
    """Returns a function that runs the job on 40 documents per language; its results are exit code and output."""
    rows = [
        document(2 * i + k, language, top_2gram_share=step * i, n_words=60 + i, text=f"{language} text {i}")
        for i in range(40)
        for k, (language, step) in enumerate((("en", 0.01), ("zh", 0.02)))
    ]
    output = write_run(tmp_path / "out", rows)

    def run(**changes):
        named = {f"thresholds.{key}": value for key, value in {"min_documents": 20, **changes}.items()}
        return run_here("fit_thresholds", {"output": output, **named}, capsys)

    return run


def test_the_job_writes_rules_that_the_filter_stage_loads_and_a_page(fit, tmp_path):
    code, said = fit()
    assert code == 0, said
    rules = load_rules([str(tmp_path / "out" / "thresholds" / "zh.yaml")])
    (repetition,) = [rule for rule in rules if rule.signal == "top_2gram_share"]
    # English has 0 to 0.39, the target twice that: 0.2 becomes 0.4, which 19 of 40 exceed
    assert repetition.max == 0.4
    assert any(line.split()[:3] == ["top_2gram_share", "max", "0.2"] and "47.5 %" in line for line in said.splitlines())
    page = (tmp_path / "out" / "thresholds" / "report.html").read_text()
    assert "zh text 3" in page


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"languages": "[]"}, 2, "thresholds.languages is empty"),
        ({"languages": "[fr]"}, 3, "The run has no documents in the language 'fr'"),
        ({"reference": "de"}, 3, "The run has no documents in the reference language 'de'"),
        ({"min_documents": 50}, 3, "thresholds.min_documents = 50 are needed"),
        ({"reference_rules": "[nonsense]"}, 2, "neither a shipped preset"),
        ({"method": "magic"}, 2, "thresholds.method"),
    ],
)
def test_an_impossible_fit_is_an_error_of_one_line(fit, changes, code, message):
    found, said = fit(**changes)
    assert found == code
    (line,) = [line for line in said.splitlines() if line.startswith("sluice: ")]
    assert message in line


def test_a_folder_without_a_run_is_an_error_with_its_path(tmp_path, capsys):
    code, said = run_here("fit_thresholds", {"output": tmp_path}, capsys)
    assert code == 3
    assert "No input files" in said
