"""Reports on small summaries written by hand: the numbers and texts that the page must contain."""

import json
import re

import pytest

from sluice.commands.main import main
from sluice.core.errors import FormatError, InputError
from sluice.report.build import build_report, write_report
from sluice.report.charts import curve, ticks
from sluice.report.parts import escape
from sluice.report.training import MAX_POINTS

EVIL = "<script>alert('x')</script>"


def ledger(unit, total_in, total_out, **dropped):
    return {"unit": unit, "in": total_in, "out": total_out, "dropped": dropped}


def archive(path, size, *, lost=0, **quarantined):
    account = {"bytes": size, "quarantined_bytes": lost, "records": 1234, "html": 900, "documents": 611}
    return {"path": path, "size": size, "account": account | {"quarantined": quarantined}}


EXTRACT = {
    "digest": "digest-of-extract",
    "seconds": 12.5,
    "ledgers": [
        ledger("records", 2468, 1222, not_response=668, language=578),
        ledger("bytes", 70_000, 69_000, quarantined=1000),
    ],
    "archives": 2,
    "html": 1800,
    "languages": {"en": 1000, "zh": 222},
    "quarantined": {"truncated": 1},
    "files": [archive("a/whole.warc.gz", 30_000), archive("b/cut.warc.gz", 40_000, lost=1000, truncated=1)],
    "ignored": ["a/notes.txt"],
}
SELECT = {
    "digest": "digest-of-filter",
    "ledgers": [ledger("documents", 1222, 522, short=600, dull=100)],
    "by_language": {"en": {"selected": 400, "short": 600}, "zh": {"selected": 122, "dull": 100}},
    "suspicious_rules": {"fired_on_none": ["sleepy"], "fired_on_most": ["short (en)"]},
    "samples": [
        {
            "doc_id": 1,
            "language": "en",
            "reason": None,
            "value": None,
            "threshold": None,
            "url": "http://k/",
            "text": "Kept.",
        },
        {
            "doc_id": 2,
            "language": "zh",
            "reason": "dull",
            "value": 0.125,
            "threshold": 0.5,
            "url": "http://d/",
            "text": "无聊。",
        },
    ],
}
DEDUP = {
    "digest": "digest-of-dedup",
    "ledgers": [ledger("documents", 522, 482, exact=33, near=7)],
    "candidate_pairs": 77,
    "edges": 19,
    "too_short_for_near": 3,
    "by_language": {"en": {"kept": 380, "exact": 20}, "zh": {"kept": 102, "exact": 13, "near": 7}},
    "samples": [
        {
            "doc_id": 31,
            "step": "near",
            "duplicate_of": 32,
            "jaccard": 0.875,
            "url": "http://removed/",
            "text": "Removed text",
            "duplicate_of_url": "http://kept/",
            "duplicate_of_text": "Kept text",
        }
    ],
}
TOKENIZER = {"kind": "bpe", "vocab_size": 8192, "lossless": True, "sample_bytes": 5, "training_bytes": 6, "ledgers": []}
SHARDS = {
    "ledgers": [ledger("documents", 482, 482), ledger("tokens", 91_000, 90_000, tail_of_training_shard=1000)],
    "splits": {
        "test": {"records": 2, "tokens": 4000, "docs": 30, "utf8_bytes": 10_000},
        "train": {"records": 50, "tokens": 81_000, "docs": 412, "utf8_bytes": 324_000},
        "valid": {"records": 3, "tokens": 5000, "docs": 40, "utf8_bytes": 15_000},
    },
}
METRICS = [
    {"kind": "train", "step": 10, "loss": 8.5, "ppl": 4914.8},
    {"kind": "eval", "step": 10, "split": "valid", "nll": 700.0, "tokens": 100, "ppl": 1096.6, "best": True},
    {"kind": "train", "step": 20, "loss": 5.25},
    {"kind": "eval", "step": 20, "split": "valid", "nll": 500.0, "tokens": 100, "ppl": 148.4, "best": True},
]
SUMMARY = {
    "step": 20,
    "parameters": 1_234_567,
    "evaluated_step": 20,
    "splits": {
        "valid": {"split": "valid", "nll": 500.0, "tokens": 100, "ppl": 148.41, "bits_per_byte": 1.75},
        "test": {"split": "test", "nll": 600.0, "tokens": 120, "ppl": 151.25, "bits_per_byte": 1.8125},
    },
}


@pytest.fixture
def run(tmp_path):
    """Returns a function that writes the given summaries and model files, and returns page and data of their report."""

    def write(model=None, **summaries):
        for stage, summary in summaries.items():
            (tmp_path / stage).mkdir(exist_ok=True)
            (tmp_path / stage / "_summary.json").write_text(json.dumps({"stage": stage, **summary}))
        for name, text in (model or {}).items():
            (tmp_path / "model").mkdir(exist_ok=True)
            (tmp_path / "model" / name).write_text(text)
        write_report(str(tmp_path))
        return (tmp_path / "report.html").read_text(), json.loads((tmp_path / "report.json").read_text())

    return write


def text_of(page):
    """The visible text of a page in one line."""
    body = re.sub("<style>.*?</style>|<title>.*?</title>", "", page, flags=re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", body).split())


def finished():
    return {"extract": EXTRACT, "filter": SELECT, "dedup": DEDUP, "tokenizer": TOKENIZER, "shards": SHARDS}


def model():
    return {
        "metrics.jsonl": "".join(json.dumps(line) + "\n" for line in METRICS),
        "summary.json": json.dumps(SUMMARY),
        "samples.txt": "== step 10\nEarly.\n--\n== step 20\nThe end\nof it.\n--\nOnce more.\n--\n",
    }


def test_the_funnel_counts_every_step(run):
    page, report = run(**finished())
    assert [row["count"] for row in report["funnel"]] == [2468, 1800, 1222, 522, 489, 482, 482]
    assert [row["lost"] for row in report["funnel"]] == [None, 668, 578, 700, 33, 7, 0]
    assert report["funnel"][1]["share_of_first"] == pytest.approx(0.7293, abs=1e-4)
    assert "HTML pages 1,800 72.9 % −668, keeps 72.9 %" in text_of(page)
    assert report["outcome"] == (
        "2,468 records from 2 web archives became 482 documents in en and zh, 90,000 tokens ready to train on."
    )


def test_the_funnel_counts_texts_of_wet_files_as_pages(run):
    _, report = run(**finished() | {"extract": EXTRACT | {"html": 0, "texts": 1800}})
    assert (report["funnel"][1]["what"], report["funnel"][1]["count"]) == ("HTML pages and WET texts", 1800)


COUNTS = {"items": 1500, "found": 3, "documents": 4}
DECONTAMINATE = {
    "ledgers": [ledger("documents", 482, 479, ngram=2, near=1)],
    "benchmarks": [{"benchmark": "quiz"} | COUNTS],
    "too_short": 12,
    "too_common": 0,
    "by_language": {"en": {"kept": 378, "ngram": 2}, "zh": {"kept": 101, "near": 1}},
    "samples": [
        {
            "benchmark": "quiz",
            "item": "q1",
            "field": "question",
            "kind": "near",
            "share": 0.75,
            "doc_id": 71,
            "url": "http://held/",
            "stretch": "what was found",
            "text": "What is it?",
        }
    ],
}
LINES = {
    "ledgers": [ledger("documents", 479, 478, nothing_left=1), ledger("lines", 9000, 8900, repeated=90, blank=10)],
    "by_language": {"en": {"kept": 378, "nothing_left": 0}, "zh": {"kept": 100, "nothing_left": 1}},
    "cuts": [
        {
            "language": language,
            "documents": 300,
            "edited": 20,
            "emptied": emptied,
            "n_lines": 4500,
            "n_lines_removed": 45,
            "n_structured": 6,
            "n_spared": 5,
            "n_chars": 80_000,
            "n_chars_removed": 2000,
        }
        for language, emptied in (("en", 0), ("zh", 1))
    ],
    "samples": [{"language": "zh", "removed_from": 17, "line": 5, "kept_in": 6, "sample": "版权所有"}],
}

SPLIT = {
    "ledgers": [ledger("documents", 482, 479, near_valid=2, near_test=1)],
    "documents": {"train": 412, "valid": 40, "test": 30},
    "candidate_pairs": 1234,
    "likely_pairs": 56,
    "edges": 4,
    "too_short_for_near": 7,
    "too_long_for_near": 1,
    "catch_probability": 0.99,
    "crowded": 0,
    "least_bands": 32,
    "by_language": {"en": {"kept": 377, "near_valid": 2, "near_test": 1}, "zh": {"kept": 102}},
    "samples": [
        {
            "doc_id": 81,
            "step": "split",
            "split": "train",
            "duplicate_of": 82,
            "duplicate_of_split": "valid",
            "jaccard": 0.8125,
            "url": "http://train/",
            "text": "A copy",
            "duplicate_of_url": "http://valid/",
            "duplicate_of_text": "An original",
        }
    ],
}


def test_the_split_check_is_in_the_funnel_the_counts_and_the_page(run):
    shards = SHARDS | {"ledgers": [ledger("documents", 479, 479)]}
    page, report = run(**finished() | {"split_check": SPLIT, "shards": shards})
    assert [(row["what"], row["count"], row["lost"]) for row in report["funnel"][6:]] == [
        ("without near-copies of held-out ones", 479, 3),
        ("in shards", 479, 0),
    ]
    handovers = [line["account"] for line in report["accounts"] if "→" in line["account"] and line["balanced"]]
    assert handovers[2:4] == ["dedup → split_check", "split_check → shards"]
    assert {row["language"]: row["kept"] for row in report["languages"]} == {"en": 377, "zh": 102}
    text = text_of(page)
    assert "70 held-out documents 1,234 pairs with a document of another split 56 of them compared exactly" in text
    assert "4 near-copies 7 documents too short to compare 1 too long" in text
    assert "missed with a probability of at most 0.01." in text and "crowded" not in text
    assert "in train, similar to one in valid, similarity 0.8125" in text
    assert "removed, document 81 A copy http://train/ kept, document 82 An original http://valid/" in text
    page, _ = run(**finished() | {"split_check": SPLIT | {"samples": [], "crowded": 3, "least_bands": 9}})
    text = text_of(page)
    assert "No document is a near-copy of one that is held out from its split." in text
    assert "3 held-out documents are in crowded buckets: they were compared in 9 bands or more, not in all." in text


def with_both():
    documents = ledger("documents", 478, 478)
    return finished() | {
        "decontaminate": DECONTAMINATE,
        "line_dedup": LINES,
        "shards": SHARDS | {"ledgers": [documents]},
    }


def test_stages_after_deduplication_are_in_the_funnel_the_counts_and_the_page(run):
    page, report = run(**with_both())
    assert [(row["what"], row["count"], row["lost"]) for row in report["funnel"][5:]] == [
        ("after near-duplicates", 482, 7),
        ("without items of benchmarks", 479, 3),
        ("with lines left", 478, 1),
        ("in shards", 478, 0),
    ]
    handovers = [line["account"] for line in report["accounts"] if "→" in line["account"] and line["balanced"]]
    assert handovers[2:5] == ["dedup → decontaminate", "decontaminate → line_dedup", "line_dedup → shards"]
    assert {row["language"]: row["kept"] for row in report["languages"]} == {"en": 378, "zh": 100}
    text = text_of(page)
    assert "quiz 1,500 3 4 Items that are not searched: 12 too short." in text
    assert "quiz, item q1, question: found nearly, by its shingles, share 0.75" in text
    assert "document 71 what was found http://held/ What is it?" in text
    assert "90 repeated lines removed 4,000 characters removed 40 documents edited 1 of them with nothing left" in text
    assert "zh 4,500 45 6 5 2,000 2.5 %" in text
    assert "17 版权所有" in text


def test_disabled_stages_are_not_mentioned(run):
    page, report = run(**finished())
    assert report["decontaminate"] is None and report["line_dedup"] is None and report["split_check"] is None
    assert [row["stage"] for row in report["stages"]] == ["extract", "filter", "dedup", "tokenizer", "shards"]
    assert not re.search("[Bb]enchmark|Repeated lines|Near-copies", text_of(page))


def test_stages_of_other_settings_are_not_part_of_the_run(run, tmp_path):
    upstreams = {"dedup": "s", "decontaminate": "d", "line_dedup": "c", "tokenizer": "d"}
    for (stage, upstream), digest in zip(upstreams.items(), "dclt", strict=True):
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "_stage.json").write_text(json.dumps({"digest": digest, "upstream": upstream}))
    _, report = run(**with_both())
    assert {"decontaminate", "line_dedup"}.isdisjoint(row["stage"] for row in report["stages"])
    (tmp_path / "tokenizer" / "_stage.json").write_text(json.dumps({"digest": "t", "upstream": "c"}))
    _, report = run(**with_both())
    assert [row["stage"] for row in report["stages"]][3:5] == ["decontaminate", "tokenizer"]
    (tmp_path / "tokenizer" / "_stage.json").write_text(json.dumps({"digest": "t", "upstream": "another"}))
    _, report = run(**with_both())
    assert [row["stage"] for row in report["stages"]][3:6] == ["decontaminate", "line_dedup", "tokenizer"]


def test_damaged_archives_are_listed_first_with_the_cause(run):
    page, report = run(**finished())
    assert [file["path"] for file in report["archives"]["files"]] == ["b/cut.warc.gz", "a/whole.warc.gz"]
    assert "b/cut.warc.gz 40,000 1,234 900 611 1,000 truncated × 1" in text_of(page)
    assert "1 of the archives damaged: 1,000 bytes (1.4 %) could not be read." in report["attention"]


def test_pages_that_crashed_or_stopped_their_process_need_attention(run):
    dropped = ledger("records", 2468, 1222, not_response=663, language=578, page_crash=3, page_timeout=2)
    page, report = run(**finished() | {"extract": EXTRACT | {"ledgers": [dropped, EXTRACT["ledgers"][1]]}})
    assert report["attention"][1:3] == [
        "Pages that ended the process that judged them: 3, rejected as page_crash. "
        "Their locations are in extract/docs.",
        "Pages that did not come to an end: 2, rejected as page_timeout. Their locations are in extract/docs.",
    ]
    assert "page_timeout" in text_of(page)


def test_the_page_has_the_numbers_of_drops_languages_rules_and_splits(run):
    page, _ = run(**finished())
    text = text_of(page)
    assert "not_response requests, metadata and other records that are not a response 668 27.1 %" in text
    assert "short 600 60.0 %" in text
    assert "zh 222 122 55.0 % 102 45.9 %" in text
    assert "Dropped nothing (1) sleepy" in text
    assert "train 50 81,000 412 324,000 4.00 valid 3 5,000 40 15,000 3.00 test 2 4,000 30 10,000 2.50" in text


def test_cut_lines_and_masked_data_are_shown_by_kind(run):
    cut = {**EXTRACT, "ledgers": [*EXTRACT["ledgers"], ledger("characters", 1000, 904, policy=100, pii=-4)]}
    page, report = run(**(finished() | {"extract": cut | {"masked": {"email": 7, "phone": 2}}}))
    assert report["drops"]["cut"] == {"policy": 100, "pii": -4}
    text = text_of(page)
    assert "policy lines about copyright, privacy, cookies and terms 100 10.0 %" in text
    assert "Personal data masked email 7" in text


def test_samples_and_pairs_show_the_reason_of_their_removal(run):
    page, _ = run(**finished())
    text = text_of(page)
    assert "dull found 0.125, limit 0.5 无聊。 http://d/" in text
    assert "near duplicate, similarity 0.875" in text
    assert "removed, document 31 Removed text http://removed/ kept, document 32 Kept text http://kept/" in text


def test_the_meaning_of_a_rule_is_read_from_the_stage_marker(run, tmp_path):
    (tmp_path / "filter").mkdir()
    rule = {"name": "dull", "signal": "entropy", "min": 0.5, "max": None, "above": None, "below": 9}
    (tmp_path / "filter" / "_stage.json").write_text(json.dumps({"settings": {"rules": [rule]}, "upstream": None}))
    page, _ = run(filter=SELECT)
    assert "dull keeps entropy ≥ 0.5 and &lt; 9 100 45.0 %" in text_of(page)


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
    assert "42.1 % of the peak of the machine, 1.3 % of the time spent waiting for data" in text_of(page)


def test_the_results_of_a_running_training_are_not_called_final(run):
    files = {"metrics.jsonl": model()["metrics.jsonl"] + '{"kind": "train", "st'}
    page, report = run(files, **finished())
    assert report["training"]["final"] == {}
    assert "148.40 valid perplexity at step 20" in text_of(page)
    assert report["training"]["train"][-1] == [20, 5.25]
    assert "Training has not ended; its numbers are the latest, not the final ones." in report["attention"]


def test_a_long_curve_is_reduced_to_means(run):
    lines = "".join(json.dumps({"kind": "train", "step": step, "loss": step % 2}) + "\n" for step in range(1, 1201))
    _, report = run({"metrics.jsonl": lines}, **finished())
    assert len(report["training"]["train"]) == MAX_POINTS
    assert report["training"]["train"][0] == [3, pytest.approx(2 / 3)]
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
    assert (
        "Stage filter was made from another configuration of the stage before it; run it again." in report["attention"]
    )


def test_text_from_the_web_is_always_escaped(run):
    evil = {
        "extract": EXTRACT
        | {"files": [archive(EVIL, 5, lost=1, **{EVIL: 1})], "ignored": [EVIL], "quarantined": {EVIL: 1}},
        "filter": SELECT
        | {
            "by_language": {EVIL: {EVIL: 3, "selected": 1}},
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
    assert "holds no finished stage" in capsys.readouterr().err
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
