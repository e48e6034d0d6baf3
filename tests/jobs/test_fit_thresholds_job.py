"""The job that proposes thresholds, run in this process on a small run."""

import json

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


def test_marked_documents_are_counted_beside_each_threshold(fit, tmp_path, capsys):
    fields = {"language": "zh", "text": "t", "reason": None, "stage": None}
    labels = {11: "good", 61: "good", 21: "bad", 79: "bad", 0: "good"}  # zh texts 5, 30, 10 and 39; en text 0
    marks = [{"doc_id": str(i), "url": "https://a.example/", "label": label} for i, label in labels.items()]
    marks.append({"doc_id": "15", "url": "https://of-another-run.example/", "label": "good"})
    path = tmp_path / "marks.jsonl"
    path.write_text("".join(json.dumps(mark | fields) + "\n" for mark in marks))
    rules = tmp_path / "mine.yaml"
    rules.write_text("description: d\nrules:\n- {name: r, signal: top_2gram_share, max: 0.7, languages: [zh]}\n")
    settings = {"output": tmp_path / "out", "thresholds.min_documents": 20, "rules.presets": f"[{rules}]"}
    code, said = run_here("fit_thresholds", settings | {"thresholds.marks": f"[{path}]"}, capsys)
    assert code == 0, said
    # the proposal is 0.4: text 30 has 0.6 and text 39 has 0.78
    told = (
        "Of the marks, the proposals drop 1 of 2 good documents and keep 1 of 2 bad ones; "
        "the current rules drop 0 of 2 good documents and keep 1 of 2 bad ones."
    )
    assert told in said
    file = (tmp_path / "out" / "thresholds" / "zh.yaml").read_text()
    assert f"# {told}" in file
    (line,) = [line for line in file.splitlines() if "max 0.2," in line and "of the marks" in line and "7" in line]
    assert line.endswith("; of the marks, 1 of 2 good and 1 of 2 bad")
    assert told in (tmp_path / "out" / "thresholds" / "report.html").read_text()
    assert load_rules([str(tmp_path / "out" / "thresholds" / "zh.yaml")])
