"""The results of an ablation in sentences, tables and pictures, from numbers written by hand."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from sluice.report.ablation import interval, sentence, sentences, signed, table
from sluice.report.ablation_section import ablation, chart_file, page
from sluice.report.charts import Interval, intervals
from tests.helpers.summaries import finished, text_of

NAMES = ["uncurated", "main text", "+ rules"]


def comparison(variant, against, change, low, high, model="ngram", held_out="clean"):
    return {
        "variant": variant,
        "against": against,
        "model": model,
        "set": held_out,
        "change": change,
        "low": low,
        "high": high,
    }


def score(variant, bits, model="ngram", held_out="clean"):
    return {"variant": variant, "model": model, "set": held_out, "bits_per_byte": bits, "by_seed": [bits]}


RESULTS = {
    "tokens": 250_000,
    "stages": {"dedup": "digest-of-dedup"},
    "tokenizer": {"vocab_size": 4096, "sha256": "0"},
    "variants": [{"name": name, "documents": 10, "available_tokens": 300_000} for name in NAMES],
    "held_out": [
        {
            "name": "clean",
            "documents": 100,
            "bytes": 90_000,
            "excluded": 2,
            "shared_ngrams": dict.fromkeys(NAMES, 0.0012),
        }
    ],
    "models": {
        "ngram": {"name": "5-gram model", "seeds": [1, 2, 3, 4]},
        "lstm": {"name": "LSTM", "seeds": [1, 2]},
    },
    "scores": [score(name, 2.5 - 0.1 * i, model) for i, name in enumerate(NAMES) for model in ("ngram", "lstm")],
    "comparisons": [
        comparison("main text", "uncurated", -0.03, -0.04, -0.02),
        comparison("main text", "uncurated", 0.021, 0.011, 0.034, "lstm"),
        comparison("+ rules", "uncurated", -0.05, -0.06, -0.04),
        comparison("+ rules", "uncurated", -0.05, -0.06, -0.04, "lstm"),
        comparison("+ rules", "main text", -0.019, -0.022, -0.016),
        comparison("+ rules", "main text", -0.003, -0.009, 0.004, "lstm"),
    ],
}


def test_a_sentence_states_direction_amount_and_interval():
    assert sentences(RESULTS) == [
        "`main text` lowers bits per byte on clean by 3.0 % (2.0 to 4.0) against `uncurated` (5-gram model).",
        "`main text` raises bits per byte on clean by 2.1 % (1.1 to 3.4) against `uncurated` (LSTM).",
        "`+ rules` lowers bits per byte on clean by 1.9 % (1.6 to 2.2) against `main text` (5-gram model).",
        "`+ rules`: no clear difference on clean, −0.3 % (−0.9 to +0.4, which includes 0) against `main text` (LSTM).",
    ]


@pytest.mark.parametrize("low, high", [(0.0, 0.01), (-0.01, 0.0), (0.0, 0.0)])
def test_an_interval_that_ends_at_zero_is_not_clear(low, high):
    row = comparison("b", "a", 0.001, low, high)
    assert "no clear difference" in sentence(row, "LSTM")
    assert interval(row).endswith(" unclear")


def test_changes_have_a_sign():
    assert [signed(value) for value in (-0.0194, 0.003, 0.0, -0.0004)] == ["−1.9 %", "+0.3 %", "0.0 %", "0.0 %"]


def test_the_table_has_a_line_per_model_and_variant():
    lines = table(RESULTS).splitlines()
    assert lines[0] == "250,000 tokens of every variant; 5-gram model with 4 seeds, LSTM with 2 seeds; 95 % intervals"
    assert lines[2] == "clean: 100 documents, 90,000 bytes"
    assert [line.split()[:3] for line in lines[3:5]] == [["model", "variant", "bits"], ["5-gram", "model", "uncurated"]]
    assert re.split(r"  +", lines[6].strip()) == [
        "5-gram model",
        "+ rules",
        "2.3000",
        "−5.0 % (−6.0 to −4.0)",
        "−1.9 % (−2.2 to −1.6)",
    ]
    assert len(lines) == 10


def test_the_report_of_a_run_has_a_section_if_there_was_an_ablation(run, tmp_path):
    shown, report = run(**finished())
    assert report["ablation"] is None and "Does curation help?" not in shown
    (tmp_path / "ablate").mkdir()
    (tmp_path / "ablate" / "results.json").write_text(json.dumps(RESULTS))
    shown, report = run(**finished())
    assert report["ablation"] == RESULTS
    assert "Does curation help?" in shown
    text = text_of(shown)
    assert "clean 100 documents, 90,000 bytes; 2 others are in the training documents and left out" in text
    assert "LSTM + rules 2.3000 −5.0 % (−6.0 to −4.0) −0.3 % (−0.9 to +0.4) unclear" in text
    assert "main text 10 300,000 0.1 %" in text


def test_an_ablation_of_an_earlier_result_is_a_warning(run, tmp_path):
    (tmp_path / "ablate").mkdir()
    for digest, is_warned in (("digest-of-dedup", False), ("another", True)):
        (tmp_path / "ablate" / "results.json").write_text(json.dumps(RESULTS | {"stages": {"dedup": digest}}))
        _, report = run(**finished())
        note = "The ablation used an earlier result of dedup. Run `sluice ablate` again."
        assert (note in report["attention"]) == is_warned


def test_names_are_escaped():
    evil = json.loads(json.dumps(RESULTS).replace("clean", "<b>x</b>").replace("+ rules", "<i>r</i>"))
    for shown in (ablation(evil), page(evil), chart_file(evil)):
        assert "<b>x" not in shown and "<i>r" not in shown and "&lt;b&gt;x" in shown


def test_the_picture_is_a_file_with_one_interval_per_change_against_the_first():
    root = ET.fromstring(chart_file(RESULTS))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    titles = [title.text for title in root.iter(f"{space}title")]
    assert titles == [
        "main text, 5-gram model: −3.0 % (−4.0 to −2.0)",
        "main text, LSTM: +2.1 % (+1.1 to +3.4)",
        "+ rules, 5-gram model: −5.0 % (−6.0 to −4.0)",
        "+ rules, LSTM: −5.0 % (−6.0 to −4.0)",
    ]


def test_intervals_are_drawn_to_scale():
    drawn = intervals({"set": {"a": [Interval("", "train", 5.0, 0.0, 10.0)]}}, {}, "axis")
    (line,) = re.findall(r'<g>.*?<line class="train" x1="([\d.]+)" x2="([\d.]+)"', drawn)
    (middle,) = re.findall(r'<circle class="train" cx="([\d.]+)"', drawn)
    assert float(middle) == pytest.approx(
        (float(line[0]) + float(line[1])) / 2, abs=0.1
    )  # coordinates have one decimal
    zero = re.search(r'<line class="axis" x1="([\d.]+)"', drawn)
    assert zero and zero[1] == line[0]
