"""Scores of a language model as a signal of rules: joined by id, identified by digest, checked before use."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from sluice.core.config.rules import RulesConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError
from sluice.core.ledger import Ledger
from sluice.core.records.docs import DocsRow
from sluice.data.stage import Stage
from sluice.spark.run import Run
from sluice.spark.stages import filter as filter_stage
from sluice.text.rules.rule import first_failure, load_rules
from tests.helpers.docs_table import document, write_run

RULES = """
description: short texts, then unlikely ones, then others
rules:
  - {name: short, signal: n_words, min: 10}
  - {name: unlikely, signal: bits_per_byte, max: 1.6}
  - {name: zh_only, languages: [zh], signal: han_share, min: 0.5}
  - {name: by_chance, languages: [zh], signal: quality_score, pareto: 1}
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(RULES)
    return str(path)


def write_scores(output: Path, found: list[tuple[str, float | None]], model: str = "m") -> str:
    """A finished run of jobs/score.py: ids and bits per byte."""
    stage = Stage(str(output), "score", {"model": model})
    assert stage.begin()
    ids, bits = [name for name, _ in found], [value for _, value in found]
    Path(stage.file("scores")).mkdir()
    table = pa.table({"id": pa.array(ids, pa.string()), "bits_per_byte": pa.array(bits, pa.float64())})
    pq.write_table(table, stage.file("scores", "part-0.parquet"))
    stage.finish([Ledger("documents", len(ids), len(ids), {})])
    return str(output)


def rejected(doc_id: int) -> DocsRow:
    return structs.replace(document(doc_id, "fr", text=None), reason="language", signals=None)


DOCUMENTS = [
    document(1, "en", n_words=20),
    document(2, "en", n_words=20),
    document(3, "zh", n_words=20, han_share=0.4),
    document(4, "zh", n_words=20, han_share=0.5, quality_score=0.5, random_unit=0.75),
    document(5, "zh", n_words=5),
    document(-(1 << 62), "en", n_words=20),
    rejected(7),
]
SCORES = [
    ("1", 1.6),
    ("2", 1.7),
    ("3", None),  # an empty text has no value; 4 has no score
    ("5", 9.0),
    (str(-(1 << 62)), 2.5),
    ("7", None),
    ("8", 3.0),  # this and the next are not of a document here
    ("a", 3.0),
]


def extracted(output: Path, rows=DOCUMENTS) -> str:
    """A run whose extract stage has finished with these documents."""
    stage = Run(Config(output=str(output))).extracted
    assert stage.begin()
    write_run(output, rows, files=2)
    wanted = sum(row.reason is None for row in rows)
    stage.finish([Ledger("records", len(rows), wanted, {"language": len(rows) - wanted})])
    return str(output)


def select(spark, output: str, presets: str, scores: str | None, *, force: bool = False) -> tuple[dict, dict]:
    """Runs the stage; its decisions by document, and its summary."""
    run = Run(Config(output=output, rules=RulesConfig(presets=(presets,), scores=scores)))
    filter_stage.filter_documents(spark, run, force=force)
    rows = spark.read.parquet(f"{output}/filter/decisions").collect()
    decisions = {row["doc_id"]: (row["reason"], row["value"], row["threshold"]) for row in rows}
    assert len(rows) == len(decisions)
    return decisions, json.loads(Path(f"{output}/filter/_summary.json").read_text())


def test_an_unlikely_document_is_dropped_and_one_without_a_score_is_filtered_by_other_rules(spark, rules, tmp_path):
    scores = write_scores(tmp_path / "scored", SCORES)
    decisions, summary = select(spark, extracted(tmp_path / "out"), rules, scores)
    assert decisions == {
        1: (None, None, None),
        2: ("unlikely", 1.7, 1.6),
        3: ("zh_only", 0.4, 0.5),
        4: ("by_chance", 0.5, 0.75),
        5: ("short", 5.0, 10.0),
        -(1 << 62): ("unlikely", 2.5, 1.6),
        7: ("language", None, None),
    }
    assert summary["ledgers"] == [
        {"unit": "documents", "in": 6, "out": 1, "dropped": {"by_chance": 1, "short": 1, "unlikely": 2, "zh_only": 1}},
    ]
    assert summary["scored"] == 4


def test_without_scores_the_rule_has_no_effect_and_the_summary_records_it(spark, rules, tmp_path):
    decisions, summary = select(spark, extracted(tmp_path / "out"), rules, None)
    assert {doc_id for doc_id, (reason, _, _) in decisions.items() if reason is None} == {1, 2, -(1 << 62)}
    assert summary["suspicious_rules"]["fired_on_none"] == ["unlikely"]
    assert "scored" not in summary


def test_documents_stored_without_the_signal_are_filtered(spark, rules, tmp_path):
    output = extracted(tmp_path / "out")
    for path in (tmp_path / "out" / "extract").rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None)
        place = table.schema.get_field_index("signals")
        signals = table["signals"].combine_chunks()
        names = [field.name for field in signals.type if field.name != "bits_per_byte"]
        old = pa.StructArray.from_arrays([signals.field(n) for n in names], names, mask=signals.is_null())
        pq.write_table(table.set_column(place, "signals", old), path)
    scores = write_scores(tmp_path / "scored", SCORES)
    decisions, _ = select(spark, output, rules, scores)
    assert [decisions[i][0] for i in (1, 2, 5, 7)] == [None, "unlikely", "short", "language"]
    decisions, _ = select(spark, output, rules, None, force=True)
    assert [decisions[i][0] for i in (1, 2, 5, 7)] == [None, None, "short", "language"]


def test_python_and_sql_evaluators_agree_on_scores(rules):
    own = load_rules([rules])
    for bits, reason in ((1.6, None), (1.7, "unlikely"), (None, None)):
        verdict = first_failure(document(1, "en", n_words=20, bits_per_byte=bits).signals, "en", own)
        assert (verdict and verdict.reason) == reason


def test_another_model_changes_the_settings_and_a_moved_folder_does_not(spark, rules, tmp_path):
    output = extracted(tmp_path / "out")
    scores = write_scores(tmp_path / "scored", SCORES)
    select(spark, output, rules, scores)
    moved = str((tmp_path / "scored").rename(tmp_path / "moved"))
    before = Path(output, "filter", "_summary.json").stat().st_mtime_ns
    select(spark, output, rules, moved)
    assert Path(output, "filter", "_summary.json").stat().st_mtime_ns == before
    other = write_scores(tmp_path / "other", [("1", 2.0)], model="n")
    with pytest.raises(
        ConfigError, match=r"belongs to another configuration \(scores: '\w+\.* -> '\w+\.*\)\..*--force"
    ):
        select(spark, output, rules, other)
    decisions, _ = select(spark, output, rules, other, force=True)
    assert decisions[1] == ("unlikely", 2.0, 1.6)
    assert decisions[2] == (None, None, None)


def test_digests_depend_on_the_scores_only_if_there_are_some(rules, tmp_path):
    def run(scores):
        return Run(Config(rules=RulesConfig(presets=(rules,), scores=scores)))

    plain = run(None)
    assert set(plain.filter.settings) == {"rules"}
    assert "scores" not in plain.result_settings
    one, other = (run(write_scores(tmp_path / name, SCORES, model=name)) for name in ("m", "n"))
    assert len({r.dedup.digest for r in (plain, one, other)}) == 3
    assert len({r.result_digest for r in (plain, one, other)}) == 3
    assert plain.extracted.digest == one.extracted.digest


def test_an_id_with_two_scores_is_an_error(spark, rules, tmp_path):
    scores = write_scores(tmp_path / "scored", [("1", 1.0), ("2", 1.0), ("02", 1.2)])
    with pytest.raises(
        InputError, match=r"more than one score for some documents: 2 \(2 times\)\. Run `sluice run score`"
    ):
        select(spark, extracted(tmp_path / "out"), rules, scores)


@pytest.mark.parametrize("found", [[], [("8", 1.0), ("9", 1.0), ("a", 1.0)]])
def test_scores_of_another_table_are_an_error(spark, rules, tmp_path, found):
    scores = write_scores(tmp_path / "scored", found)
    with pytest.raises(InputError, match=r"scored' has no score for any document of this run: it is for another table"):
        select(spark, extracted(tmp_path / "out"), rules, scores)


def test_scores_without_bits_per_byte_are_an_error(spark, rules, tmp_path):
    scores = write_scores(tmp_path / "scored", [("1", None), ("2", None), ("8", 1.0)])
    with pytest.raises(InputError, match=r"for any of 2 documents: the tokenizer of its model is lossy"):
        select(spark, extracted(tmp_path / "out"), rules, scores)


def test_missing_or_incomplete_scores_are_an_error_before_spark_starts(rules, tmp_path):
    scores = write_scores(tmp_path / "scored", SCORES)
    asked = Config(rules=RulesConfig(presets=(rules,), scores=scores))
    message = r"no finished scores \(score/_summary\.json is missing\)\. Set it to the `output` of `sluice run score`"
    with pytest.raises(InputError, match=message):
        Run(structs.replace(asked, rules=structs.replace(asked.rules, scores=f"{scores}/score")))
    Run(asked)
    marker = tmp_path / "scored" / "score" / "_stage.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | {"digest": None}))  # killed while --force cleared it
    with pytest.raises(InputError, match=message):
        Run(asked)
    (tmp_path / "scored" / "score" / "_summary.json").unlink()
    with pytest.raises(InputError, match=message):
        Run(asked)


def test_scores_that_no_rule_uses_are_an_error(tmp_path):
    scores = write_scores(tmp_path / "scored", SCORES)
    with pytest.raises(ConfigError, match=r"no rule uses the signal 'bits_per_byte'.*rules\.presets"):
        Run(Config(rules=RulesConfig(scores=scores)))
