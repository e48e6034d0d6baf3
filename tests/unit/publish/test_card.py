"""The dataset card: metadata for the hub, numbers of the summaries, and texts that cannot break YAML or Markdown."""

import json
import re

import pytest
import yaml
from markdown_it import MarkdownIt

from sluice.core.config.load import load_config, to_config
from sluice.publish.card import card
from sluice.publish.run_facts import RunFacts, settings_file
from sluice.report.build import build_report
from tests.helpers.published import dataset
from tests.helpers.summaries import DECONTAMINATE, DEDUP, EXTRACT, LINES, SELECT, SPLIT

PII = {"email": "email@example.com", "name": None}
RULES = [
    {"name": "short", "languages": ["en"], "signal": "n_words", "min": 50.0, "max": None},
    {"name": "dull", "languages": None, "signal": "word_entropy", "above": 3.5},
    {"name": "dice", "languages": ["zh"], "signal": "quality_score", "pareto": 9},
]
MINHASH = {"bands": 16, "rows": 8, "shingle": 5}
SETTINGS = {
    "extract": {"crawl": 202410, "extract": {"pii": PII}},
    "filter": {"rules": RULES},
    "dedup": {"dedup": {"threshold": 0.8, "urls": None, "minhash": MINHASH}},
}
SUMMARIES = {"extract": EXTRACT | {"masked": {"email": 17}}, "filter": SELECT, "dedup": DEDUP}
OPTIONAL = {"decontaminate": DECONTAMINATE, "line_dedup": LINES, "split_check": SPLIT}


@pytest.fixture
def facts(tmp_path):
    """Returns a function that writes stages and returns the facts of their run."""

    def of(settings="{}\n", **stages):
        stages = SUMMARIES | stages
        for name, summary in stages.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "_summary.json").write_text(json.dumps({"stage": name, **summary}))
            marker = {"stage": name, "digest": summary.get("digest"), "settings": SETTINGS.get(name, {})}
            (tmp_path / name / "_stage.json").write_text(json.dumps(marker))
        report = build_report(str(tmp_path), [name for name in OPTIONAL if name in stages])
        return RunFacts(report=report, settings=settings, first_date="2024-03-01T00:00:00Z")

    return of


def parts(text):
    """The metadata and the Markdown of a card."""
    _, metadata, body = text.split("---\n", 2)
    return yaml.safe_load(metadata), body


def tables(body):
    """Rows of all tables, as lists of the text of their cells."""
    rows, row = [], None
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(body):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            rows.append(row)
            row = None
        elif token.type == "inline" and row is not None:
            row.append("".join(child.content for child in token.children))
    return rows


def test_metadata_has_what_the_hub_reads(facts):
    metadata, body = parts(card(dataset(version="1.0.0", license="odc-by", has_crawl=True), facts()))
    assert metadata | {"configs": [], "dataset_info": []} == {
        "pretty_name": "corpus 1.0.0",
        "language": ["en", "zh"],
        "license": "odc-by",
        "size_categories": ["n<1K"],
        "task_categories": ["text-generation"],
        "tags": ["sluice", "common-crawl"],
        "configs": [],
        "dataset_info": [],
    }
    for section in ("configs", "dataset_info"):
        assert [config["config_name"] for config in metadata[section]] == ["default", "en", "zh"]
    assert body.startswith(
        "\n# corpus 1.0.0\n\n53 documents, 500 characters of text, in en, zh. Made from 2 web archives"
    )


def test_numbers_are_those_of_the_summaries(facts):
    _, body = parts(card(dataset(), facts()))
    rows = tables(body)
    for row in (
        ["en", "train", "33", "300", "360", "3,003", "3"],
        ["zh", "train", "10", "100", "120", "1,000", "1"],
        ["crawl", "202410"],
        ["archives", "2"],
        ["bytes of archives", "70,000"],
        ["bytes that could not be read", "1,000"],
        ["documents fetched from", "2024-03-01T00:00:00Z"],
        ["documents fetched until", "–"],
        ["records in the archives", "2,468", "–"],
        ["HTML pages", "1,800", "668"],
        ["documents in wanted languages", "1,222", "578"],
        ["passed the rules", "522", "700"],
        ["after exact duplicates", "489", "33"],
        ["after near-duplicates", "482", "7"],
        ["published", "53", "429"],
        ["en", "1,000", "400", "380"],
        ["zh", "222", "122", "102"],
        ["short", "en", "n_words ≥ 50", "600"],
        ["dull", "all", "word_entropy > 3.5", "100"],
        ["dice", "zh", "quality_score at random, with probability (2 - value)^-9", "0"],
        ["email", "email@example.com", "17"],
        ["name", "not searched for", "0"],
    ):
        assert row in rows, row
    assert ["extraction (records)", "not_response", "668"] in [row[:3] for row in rows]
    assert ["duplicates", "exact", "33"] in [row[:3] for row in rows]
    assert "in shards" not in body
    text = " ".join(body.split())
    assert "Exact duplicates removed: 33; near-duplicates: 7." in text
    assert "at least 0.8 of its shingles in common" in text and "16 bands of 8 values, shingles of 5 words" in text
    assert "Archives: `cut.warc.gz`, `whole.warc.gz`." in text
    assert "Similar documents in different splits were not searched for" in text
    assert "Lines that occur" not in text and "these benchmarks" not in text


def test_optional_stages_of_the_run_are_described(facts):
    _, body = parts(card(dataset(), facts(**OPTIONAL)))
    rows, text = tables(body), " ".join(body.split())
    assert ["without benchmark items", "479", "3"] in rows
    assert ["after repeated lines", "478", "1"] in rows
    assert ["quiz", "1,500", "3", "4"] in rows
    assert ["benchmark items", "ngram", "2"] in [row[:3] for row in rows]
    assert "90 lines, 4,000 characters, in 40 documents" in text
    assert (
        "3 similar documents were removed. A pair at the threshold is missed with a probability of at most 0.01" in text
    )
    assert "were not searched for" not in text


def test_stages_that_the_run_does_not_use_are_not_described(facts, tmp_path):
    facts(**OPTIONAL)  # left over in the same output
    body = card(dataset(), RunFacts(report=build_report(str(tmp_path), []), settings=""))
    assert "without benchmark items" not in body and "after repeated lines" not in body


def test_a_card_without_a_run_describes_the_files_only():
    metadata, body = parts(card(dataset({("", "train"): 1})))
    assert metadata["license"] == "other" and "language" not in metadata and metadata["tags"] == ["sluice"]
    assert [line for line in body.splitlines() if line.startswith("#")] == [
        "# corpus",
        "## Load",
        "## Contents",
        "## Licence",
        "## Limits",
    ]
    assert "It is not known how the texts were chosen." in body
    assert ["train", "10", "100", "120", "1,000", "1"] in tables(body)
    assert 'load_dataset(path, split="train", streaming=True)' in body and "only_one" not in body


def test_the_language_code_of_norwegian_is_text_in_yaml():
    metadata, _ = parts(card(dataset({("no", "train"): 1, ("en", "train"): 1})))
    assert metadata["language"] == ["en", "no"]
    assert [config["config_name"] for config in metadata["configs"]] == ["default", "en", "no"]


def test_licences_claim_nothing_about_the_pages():
    _, body = parts(card(dataset(has_crawl=True)))
    assert "No licence is granted for the texts." in body
    assert "[terms of use](https://commoncrawl.org/terms-of-use) apply" in body
    metadata, body = parts(card(dataset(license="Our licence: v2")))
    assert (metadata["license"], metadata["license_name"]) == ("other", "Our licence: v2")
    assert "has chosen the licence `Our licence: v2`. It can cover the collection only" in body
    assert "Common Crawl" not in body


EVIL = "x\n---\nlicense: mit\n# Heading | `code` <script>alert(1)</script> [a](http://b) ![i](j) \x07 {{{"


def test_texts_from_settings_cannot_break_yaml_or_markdown(facts):
    evil_rule = SELECT | {"by_language": {EVIL: {EVIL: 3, "kept": 4}}}
    benchmarks = DECONTAMINATE | {"benchmarks": [{"benchmark": EVIL, "items": 1, "found": 1, "documents": 1}]}
    run = facts(f"name: |\n  {EVIL}\n  ```\n", filter=evil_rule, decontaminate=benchmarks)
    written = dataset(name=EVIL, version=EVIL, license=EVIL, columns=())
    text = card(written, run)
    head = re.match(r"---\n(.*?)\n---\n\n# ", text, re.DOTALL)
    metadata = yaml.safe_load(head[1])
    shown = " ".join(EVIL.replace("\x07", "\ufffd").split())
    assert metadata["license"] == "other" and metadata["license_name"] == shown
    assert metadata["pretty_name"] == f"{shown} {shown}"
    body = text[head.end() - 2 :]
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert not kinds & {"html_inline", "image", "link_open"} and not any(token.type == "html_block" for token in tokens)
    headings = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[1:] == [
        *("Load", "Contents", "Sources", "What became of the input", "Rules", "Duplicates", "Splits"),
        *("Personal data", "Licence", "Limits", "Reproduce"),
    ]
    assert [shown, "1", "1", "1"] in tables(body)
    widths = {len(row) for row in tables(body)}
    assert widths <= {2, 3, 4, 7}


def test_the_settings_file_reproduces_the_documents_and_names_no_machine():
    config = load_config(
        [],
        [
            "name=mine",
            "output=/home/someone/out",
            "plan.inputs=[/home/someone/crawl/, 's3://key:secret@bucket/a.warc.gz', b/*.warc.gz]",
            "dedup.threshold=0.7",
            "dedup.minhash.bands=20",
            "extract.transport.attempts=3",
            "shards.test_fraction=0.2",
            "shards.seq_len=64",
            "spark.partitions=7",
            "publish.upload=me/mine",
            "publish.columns=[id,text]",
        ],
    )
    text = settings_file(config)
    assert yaml.safe_load(text) == {
        "name": "mine",
        "plan": {"inputs": ["crawl", "s3://bucket/a.warc.gz", "b/*.warc.gz"]},
        "dedup": {"threshold": 0.7, "minhash": {"bands": 20}},
        "publish": {"columns": ["id", "text"]},
        "shards": {"test_fraction": 0.2},
    }
    assert to_config(yaml.safe_load(text)).dedup == config.dedup
    assert settings_file(to_config({})) == "{}\n"


def test_names_of_common_crawl_are_found_in_the_paths_of_archives(facts):
    run = facts()
    assert (run.crawls, run.segments, run.has_crawl) == ([], 0, False)
    folder = "crawl-data/CC-MAIN-2024-10/segments/17079"
    paths = [f"{folder}{i}.1/warc/CC-MAIN-20240220211055-20240221001055-0000{i}.warc.gz" for i in (1, 2)]
    files = [{"path": path, "size": 1, "account": {}} for path in paths]
    run = facts(extract=EXTRACT | {"files": files})
    assert (run.crawls, run.segments, run.has_crawl) == (["CC-MAIN-2024-10"], 2, True)
    assert ["segments", "2"] in tables(card(dataset(), run))
