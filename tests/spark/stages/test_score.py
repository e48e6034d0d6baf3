"""Scores of a table's texts by a model whose results can be computed by hand."""

import json
import math
from pathlib import Path

import pytest
from msgspec import structs

from sluice.core.config.dataset import TokenizerConfig
from sluice.core.config.dedup import ScoreConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError
from sluice.spark.stages.score import score, score_source
from tests.helpers.exported_model import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A word model: <eos> has 0.25, <unk> 0.05, fish 0.4, bird 0.1."""
    tokenizer = TokenizerConfig(kind="word", vocab_size=6, min_frequency=1)
    directory = tmp_path_factory.mktemp("model")
    return write_model(directory, tokenizer, ["fish fish bird"], [0.1, 0.1, 0.25, 0.05, 0.4, 0.1])


def settings(model: str, tmp_path: Path, rows: list[dict], **more: int) -> Config:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = SourceConfig(inputs=(str(path),), max_unreadable_share=0.5)
    return Config(output=str(tmp_path / "out"), source=table, score=ScoreConfig(model=model, **more))


def test_every_text_has_its_likelihood_and_unreadable_rows_their_place(spark, model, tmp_path):
    rows = [{"id": "a", "text": "fish bird"}, {"id": "b", "text": "bird whale"}, {"id": "c", "text": None}, {"id": "d"}]
    config = settings(model, tmp_path, rows)
    score(spark, score_source(config), force=False)
    found = {row["id"]: row for row in spark.read.parquet(f"{config.output}/score/scores").collect()}
    assert found["a"]["nll"] == pytest.approx(-math.log(0.4 * 0.1 * 0.25), rel=2e-7)
    assert (found["a"]["n_tokens"], found["a"]["n_bytes"], found["a"]["is_cut"]) == (3, 8, False)
    assert found["a"]["ppl"] == pytest.approx((0.4 * 0.1 * 0.25) ** (-1 / 3), rel=2e-7)
    assert found["b"]["nll"] == pytest.approx(-math.log(0.1 * 0.05 * 0.25), rel=2e-7)
    assert found["c"]["nll"] == pytest.approx(-math.log(0.25), rel=2e-7)  # an empty text: the end at once
    assert {row["bits_per_byte"] for row in found.values()} == {None}  # <unk> loses text
    summary = json.loads(Path(f"{config.output}/score/_summary.json").read_text())
    (ledger,) = summary["ledgers"]
    assert ledger["in"] == 4
    assert ledger["out"] == len(found)
    assert summary["tokens"] == sum(row["n_tokens"] for row in found.values())


def test_long_texts_are_cut_and_marked(spark, model, tmp_path):
    config = settings(model, tmp_path, [{"id": "a", "text": "fish " * 500}], max_tokens=20)
    score(spark, score_source(config), force=False)
    (row,) = spark.read.parquet(f"{config.output}/score/scores").collect()
    assert row["nll"] == pytest.approx(-20 * math.log(0.4), rel=2e-7)
    assert (row["n_tokens"], row["is_cut"]) == (20, True)


def test_a_missing_model_or_export_is_an_error_before_spark_starts(model, tmp_path):
    config = settings("", tmp_path, [{"id": "a", "text": "fish"}])
    with pytest.raises(
        ConfigError, match=r"score\.model is empty\. Set it to the directory written by `sluice export`"
    ):
        score_source(config)
    with pytest.raises(InputError, match=r"contains no config\.json"):
        score_source(structs.replace(config, score=ScoreConfig(model=str(tmp_path))))
