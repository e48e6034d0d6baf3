"""Numbers of a report on small summaries: funnel, counts, drops, samples, and stages that belong to the run."""

import json
import re

import pytest

from tests.helpers.summaries import (
    EXTRACT,
    SELECT,
    SHARDS,
    SPLIT,
    finished,
    ledger,
    text_of,
    with_optional_stages,
)


def test_the_funnel_counts_every_step(run):
    page, report = run(**finished())
    assert [row["count"] for row in report["funnel"]] == [2468, 1800, 1222, 522, 489, 482, 482]
    assert [row["lost"] for row in report["funnel"]] == [None, 668, 578, 700, 33, 7, 0]
    assert report["funnel"][1]["share_of_first"] == pytest.approx(0.7293, abs=1e-4)
    assert "HTML pages 1,800 72.9 % −668, keeps 72.9 %" in text_of(page)
    assert report["outcome"] == (
        "2,468 records from 2 web archives became 482 documents in en and zh, 90,000 tokens ready to train on."
    )


def test_every_stage_has_the_documents_that_it_dropped_by_reason(run):
    _, report = run(**with_optional_stages())
    dropped = {row["stage"]: row["dropped"] for row in report["stages"]}
    assert dropped == {
        "extract": {"not_response": 668, "language": 578},
        "filter": {"short": 600, "dull": 100},
        "dedup": {"exact": 33, "near": 7},
        "decontaminate": {"ngram": 2, "near": 1},
        "line_dedup": {"nothing_left": 1},
        "tokenizer": {},
        "shards": {},
    }


def test_the_funnel_counts_texts_of_wet_files_as_pages(run):
    _, report = run(**finished() | {"extract": EXTRACT | {"html": 0, "texts": 1800}})
    assert (report["funnel"][1]["what"], report["funnel"][1]["count"]) == ("HTML pages and WET texts", 1800)


def test_the_split_check_is_in_the_funnel_the_counts_and_the_page(run):
    shards = SHARDS | {"ledgers": [ledger("documents", 479, 479)]}
    page, report = run(**finished() | {"split_check": SPLIT, "shards": shards})
    assert [(row["what"], row["count"], row["lost"]) for row in report["funnel"][6:]] == [
        ("without near-copies of held-out documents", 479, 3),
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
    assert "No document is a near-copy of a document held out from its split." in text
    assert "3 held-out documents are in crowded buckets: they were compared in 9 bands or more, not in all." in text


def test_stages_after_deduplication_are_in_the_funnel_the_counts_and_the_page(run):
    page, report = run(**with_optional_stages())
    assert [(row["what"], row["count"], row["lost"]) for row in report["funnel"][5:]] == [
        ("after near-duplicates", 482, 7),
        ("without benchmark items", 479, 3),
        ("after repeated lines", 478, 1),
        ("in shards", 478, 0),
    ]
    handovers = [line["account"] for line in report["accounts"] if "→" in line["account"] and line["balanced"]]
    assert handovers[2:5] == ["dedup → decontaminate", "decontaminate → line_dedup", "line_dedup → shards"]
    assert {row["language"]: row["kept"] for row in report["languages"]} == {"en": 378, "zh": 100}
    text = text_of(page)
    assert "quiz 1,500 3 4 Items not searched for: 12 too short." in text
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
    _, report = run(**with_optional_stages())
    assert {"decontaminate", "line_dedup"}.isdisjoint(row["stage"] for row in report["stages"])
    (tmp_path / "tokenizer" / "_stage.json").write_text(json.dumps({"digest": "t", "upstream": "c"}))
    _, report = run(**with_optional_stages())
    assert [row["stage"] for row in report["stages"]][3:5] == ["decontaminate", "tokenizer"]
    (tmp_path / "tokenizer" / "_stage.json").write_text(json.dumps({"digest": "t", "upstream": "another"}))
    _, report = run(**with_optional_stages())
    assert [row["stage"] for row in report["stages"]][3:6] == ["decontaminate", "line_dedup", "tokenizer"]


def test_damaged_archives_are_listed_first_with_the_cause(run):
    page, report = run(**finished())
    assert [file["path"] for file in report["archives"]["files"]] == ["b/cut.warc.gz", "a/whole.warc.gz"]
    assert "b/cut.warc.gz 40,000 1,234 900 611 1,000 truncated × 1" in text_of(page)
    assert "1 damaged archives: 1,000 bytes (1.4 %) could not be read." in report["attention"]


def test_pages_that_crashed_or_stopped_their_process_need_attention(run):
    dropped = ledger("records", 2468, 1222, not_response=663, language=578, page_crash=3, page_timeout=2)
    page, report = run(**finished() | {"extract": EXTRACT | {"ledgers": [dropped, EXTRACT["ledgers"][1]]}})
    assert report["attention"][1:3] == [
        "Pages that crashed the parser: 3, rejected as page_crash. Their locations are in extract/docs.",
        "Pages that timed out: 2, rejected as page_timeout. Their locations are in extract/docs.",
    ]
    assert "page_timeout" in text_of(page)


def test_the_page_has_the_numbers_of_drops_languages_rules_and_splits(run):
    page, _ = run(**finished())
    text = text_of(page)
    assert (
        "not_response requests, metadata and other records that are neither a response nor a resource 668 27.1 %"
        in text
    )
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
