"""Deduplication in one process finds exactly what Spark finds, for corpora that make every step decide."""

import json
import random

import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from sluice.core.config.dedup import DedupConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.in_memory.decisions import doc_id
from sluice.in_memory.dedup import dedup_table
from sluice.spark.sources import table_files
from sluice.spark.stages.dedup import dedup, dedup_source

TABLES = ("removals", "copies", "clusters", "edges", "quarantine")
NAMES = ["", "a", "中文 é", "x" * 100, "0", "\U0001f600", *(f"doc {i}" for i in range(50))]


def corpus(seed):
    """Families of texts that change from member to member, so that the ends of a chain are not similar."""
    rng = random.Random(seed)
    words = [f"w{i}" for i in range(300)]
    signs = [chr(0x4E00 + i) for i in range(300)]
    rows = []
    for family in range(40):
        alphabet, between = (words, " ") if family % 2 else (signs, "")
        units = [rng.choice(alphabet) for _ in range(rng.choice([4, 30, 60]))]
        for member in range(rng.choice([1, 2, 5, 9])):
            units = list(units)
            for _ in range(rng.choice([0, 0, 1, 2])):
                units[rng.randrange(len(units))] = rng.choice(alphabet)
            text = between.join(units)
            rows.append(
                {
                    "id": f"{family}/{member} é",
                    "text": rng.choice(["{}", "{}", "\u200b{}", "{}\u00ad\u00ad"]).format(
                        text.upper() if rng.random() < 0.2 else text
                    ),
                    "quality": rng.choice([None, 0.5, 0.5, float("nan"), 1.0]),
                    "at": rng.choice([None, "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]),
                    "url": rng.choice([None, "http://a/é", "http://a/b"]),
                }
            )
    rows += [{"id": "null", "text": None}, {"id": "empty", "text": " \u3000\n"}]
    rng.shuffle(rows)
    return [*map(json.dumps, rows), "{broken"]


@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (1, {}),
        (2, {"threshold": 0.5, "leaders_per_bucket": 2, "crowded_bucket_size": 3, "leaders_in_crowded_bucket": 1}),
    ],
)
def test_both_engines_have_the_same_results(spark, tmp_path, seed, settings):
    (tmp_path / "a.jsonl").write_text("\n".join(corpus(seed)))
    source = SourceConfig(
        inputs=(str(tmp_path / "a.jsonl"),), quality="quality", fetched_at="at", url="url", max_unreadable_share=0.1
    )
    found = {}
    for engine in ("spark", "memory"):
        config = Config(output=str(tmp_path / engine), source=source, dedup=DedupConfig(**settings))
        if engine == "spark":
            dedup(spark, dedup_source(config), force=False)
        else:
            dedup_table(config, force=False)
        folder = tmp_path / engine / "dedup"
        rows = {name: sorted(map(str, pq.read_table(folder / name).to_pylist())) for name in TABLES}
        kept = [path.read_bytes() for path in sorted((folder / "kept").glob("*"))]
        summary = json.loads((folder / "_summary.json").read_text())
        found[engine] = rows | {"kept": kept} | {name: summary[name] for name in summary if name != "seconds"}
    assert found["memory"] == found["spark"]
    assert len(found["memory"]["removals"]) > 20
    assert any("near" in row for row in found["memory"]["removals"])


def test_ids_have_the_hash_that_spark_gives_them(spark):
    for seed in (0, 1, 2**40):
        source = SourceConfig(id_seed=seed)
        df = spark.createDataFrame([(name,) for name in NAMES], "name string")
        rows = df.select("name", table_files.doc_id(source, F.col("name")).alias("doc_id")).collect()
        assert {row.name: row.doc_id for row in rows} == {name: doc_id(name, seed) for name in NAMES}
