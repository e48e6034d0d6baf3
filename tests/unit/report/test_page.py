"""The page of a report: training, missing stages, warnings, escaping, and the command that writes it."""

import json
import re

import pytest

from sluice.commands.main import main
from sluice.core.errors import FormatError, InputError
from sluice.report.build import build_report
from sluice.report.charts import curve, ticks
from sluice.report.parts import escape
from sluice.report.training import MAX_POINTS
from tests.helpers.summaries import (
    COUNTS,
    DECONTAMINATE,
    DEDUP,
    EXTRACT,
    LINES,
    SELECT,
    SHARDS,
    SPLIT,
    SUMMARY,
    TOKENIZER,
    archive,
    finished,
    ledger,
    model,
    text_of,
)

EVIL = "<script>alert('x')</script>"


def test_the_page_shows_training_curve_results_and_samples(run):
    page, report = run(model(), **finished())
    assert report["training"]["train"] == [[10, 8.5], [20, 5.25]]
    assert [point["loss"] for point in report["training"]["evaluations"]["valid"]] == [7.0, 5.0]
    assert report["outcome"].endswith("reaches a test perplexity of 151.25, 1.812 bits per byte.")
    assert "valid 148.41 5.0000 1.7500 100 test 151.25 5.0000 1.8125 120" in text_of(page)
    assert "<title>valid, step 20: loss 5.0000, perplexity 148.41</title>" in page
    assert report["training"]["generated"] == {"step": 20, "texts": ["The end\nof it.", "Once more."]}


def test_the_page_shows_n_gram_baseline_and_speed_with_the_results(run):
    baseline = {"order": 5, "tokens": 9, "splits": {"test": {"ppl": 200.0, "bits_per_byte": 2.0, "tokens": 120}}}
    summary = SUMMARY | {"baseline": baseline, "model_flop_use": 0.4213, "data_wait_share": 0.013}
    page, report = run(model() | {"summary.json": json.dumps(summary)}, **finished())
    assert report["training"]["baseline"]["splits"]["test"]["ppl"] == 200.0
    assert "test 151.25 5.0000 1.8125 120 test, 5-grams 200.00 5.2983 2.0000 120" in text_of(page)
    assert "42.1 % of the peak FLOP/s, 1.3 % of the time spent waiting for data" in text_of(page)


def test_the_results_of_a_running_training_are_not_called_final(run):
    files = {"metrics.jsonl": model()["metrics.jsonl"] + '{"kind": "train", "st'}
    page, report = run(files, **finished())
    assert report["training"]["final"] == {}
    assert "148.40 valid perplexity at step 20" in text_of(page)
    assert report["training"]["train"][-1] == [20, 5.25]
    assert "Training has not finished; its numbers are the latest, not the final ones." in report["attention"]


def test_a_long_curve_is_reduced_to_means(run):
    lines = "".join(json.dumps({"kind": "train", "step": step, "loss": step % 2}) + "\n" for step in range(1, 1201))
    _, report = run({"metrics.jsonl": lines}, **finished())
    assert len(report["training"]["train"]) == MAX_POINTS
    assert report["training"]["train"][0] == [3, 2 / 3]
    assert report["training"]["train"][-1][0] == 1200


def test_a_missing_model_and_missing_stages_are_reported(run):
    page, report = run(extract=EXTRACT)
    assert report["training"] is None
    assert "No model has been trained yet." in page
    assert (
        "Not finished: filter, dedup, tokenizer, shards. Their part of this report is missing." in report["attention"]
    )
    assert [row["count"] for row in report["funnel"]] == [2468, 1800, 1222, None, None, None, None]
    assert report["outcome"] == "2,468 records from 2 web archives became 1,222 documents in en and zh so far."


def test_a_report_is_written_for_any_single_stage(run, tmp_path):
    for stage, summary in finished().items():
        page, report = run(**{stage: summary})
        (tmp_path / stage / "_summary.json").unlink()
        assert [row["stage"] for row in report["stages"] if row["finished"]] == [stage]
        assert page.endswith("</html>\n")


def test_a_report_is_written_for_empty_summaries(run):
    page, report = run(**{stage: {} for stage in finished()})
    assert all(row["count"] is None for row in report["funnel"])
    assert "has not counted any document yet" in page


def test_unbalanced_counts_need_attention(run):
    wrong = SELECT | {"ledgers": [ledger("documents", 1222, 500, short=600, dull=100)]}
    page, report = run(**finished() | {"filter": wrong})
    assert report["attention"][:2] == [
        "The counts do not balance: filter, 1,222 documents in, 500 out, 700 dropped.",
        "The counts do not balance: filter → dedup, 500 documents in, 522 out, 0 dropped.",
    ]
    assert "filter documents 1,222 500 700 does not balance" in text_of(page)
    assert "extract records 2,468 1,222 1,246 balanced" in text_of(page)


def test_balanced_counts_need_no_attention(run):
    page, _ = run(**finished())
    assert "does not balance" not in page


def test_a_stage_of_another_configuration_needs_attention(run, tmp_path):
    (tmp_path / "filter").mkdir()
    (tmp_path / "filter" / "_stage.json").write_text(json.dumps({"upstream": "an older digest", "settings": {}}))
    _, report = run(**finished())
    assert "Stage filter read another configuration of the previous stage. Run it again." in report["attention"]


def test_text_from_the_web_is_always_escaped(run):
    evil = {
        "extract": EXTRACT
        | {"files": [archive(EVIL, 5, lost=1, **{EVIL: 1})], "ignored": [EVIL], "quarantined": {EVIL: 1}},
        "filter": SELECT
        | {
            "by_language": {EVIL: {EVIL: 3, "kept": 1}},
            "suspicious_rules": {"fired_on_none": [EVIL], "fired_on_most": [EVIL]},
            "samples": [dict.fromkeys(("doc_id", "language", "reason", "value", "threshold", "url", "text"), EVIL)],
        },
        "dedup": DEDUP | {"samples": [dict.fromkeys(DEDUP["samples"][0], EVIL)]},
        "decontaminate": DECONTAMINATE
        | {"samples": [dict.fromkeys(DECONTAMINATE["samples"][0], EVIL)], "benchmarks": [{"benchmark": EVIL} | COUNTS]},
        "line_dedup": LINES | {"samples": [dict.fromkeys(LINES["samples"][0], EVIL)]},
        "split_check": SPLIT | {"samples": [dict.fromkeys(SPLIT["samples"][0], EVIL)]},
        "tokenizer": TOKENIZER | {"kind": EVIL},
        "shards": SHARDS | {"splits": {EVIL: {}}},
    }
    line = json.dumps({"kind": "eval", "step": 1, "split": EVIL, "ppl": 5.0}) + "\n"
    page, report = run({"metrics.jsonl": line, "samples.txt": f"== step 1\n{EVIL}\n--\n"}, **evil)
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page
    assert report["pairs"][0]["url"] == EVIL


def test_the_page_loads_no_external_resource(run):
    page, _ = run(model(), **finished())
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img|iframe|base|form)\b|\b(src|on\w+)=|url\(|@import", page)
    assert set(re.findall(r'href="(.)', page)) == {"#"}


def test_characters_that_affect_surrounding_text_are_replaced():
    assert escape("a\x00b\u202ec\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert escape("\"&'\n\t中") == "&quot;&amp;&#x27;\n\t中"
    assert escape(None) == "–"


def test_nan_infinity_and_null_are_shown_as_unknown(run):
    lines = (
        '{"kind": "train", "step": 1, "loss": NaN, "ppl": Infinity}\n'
        '{"kind": "train", "step": null, "loss": 3.0}\n{"kind": "train", "step": 2, "loss": 1e999}\n'
        '{"kind": "train", "step": 3, "loss": 4.0}\n{"kind": "eval", "step": 3, "ppl": NaN}\n[]\n'
    )
    summary = '{"step": 3, "parameters": NaN, "splits": {"test": {"ppl": NaN, "bits_per_byte": null, "tokens": null}}}'
    nulls = EXTRACT | {"seconds": None, "html": None, "languages": None, "quarantined": None}
    page, report = run({"metrics.jsonl": lines, "summary.json": summary}, **finished() | {"extract": nulls})
    assert report["training"]["train"] == [[3, 4.0]]
    assert report["training"]["final"]["test"]["ppl"] is None
    assert report["funnel"][1] == {
        "what": "HTML pages",
        "count": None,
        "share_of_first": None,
        "share_of_previous": None,
        "lost": None,
    }
    assert not re.search(r"\b(nan|inf)\b|>None<", page.partition("</style>")[2])


def test_secrets_in_addresses_are_removed(run):
    page, report = run(extract=EXTRACT | {"files": [archive("s3://KEY:SECRET@bucket/x.warc.gz", 5)]})
    assert report["archives"]["files"][0]["path"] == "s3://bucket/x.warc.gz"
    assert "SECRET" not in page


def test_equal_summaries_give_equal_reports(run, tmp_path):
    first = run(model(), **finished())
    (tmp_path / "report.html").unlink()
    assert run(model(), **finished()) == first


def test_a_directory_without_a_finished_stage_is_an_error(tmp_path, capsys):
    (tmp_path / "extract").mkdir()
    (tmp_path / "extract" / "_stage.json").write_text("{}")
    with pytest.raises(InputError, match=r"expected _summary\.json in at least one of extract, filter"):
        build_report(str(tmp_path))
    assert main(["report", str(tmp_path)]) == 3
    assert "has no finished stage" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_damaged_summary_is_an_error_with_its_path(tmp_path):
    (tmp_path / "extract").mkdir()
    (tmp_path / "extract" / "_summary.json").write_text("{")
    with pytest.raises(FormatError, match=r"extract/_summary\.json is not JSON"):
        build_report(str(tmp_path))


def test_the_command_prints_the_path_of_the_report(run, tmp_path, capsys):
    run(extract=EXTRACT)
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/report.html\n"


def test_ticks_are_round_numbers_inside_the_range():
    assert ticks(0, 20_000, 6) == [0, 5000, 10_000, 15_000, 20_000]
    assert ticks(3.1, 3.9, 5) == [3.2, 3.4, 3.6, 3.8]


def test_a_curve_without_points_is_empty():
    assert curve([]) == ""
