"""Tables in an object store without a connector in Spark: written and read by the Python workers."""

import json

import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from sluice.spark.engine import parquet
from sluice.spark.engine.parquet import is_complete, read_table, spark_uri, write_table
from sluice.spark.engine.work import Checkpoints


@pytest.fixture
def frame(spark):
    columns = (
        "id",
        "cast(id as string) text",
        "cast(null as binary) nothing",
        "array(named_struct('a', id, 'b', 'é')) parts",
        "timestamp'2024-03-01 12:00:00' at",
        "cast(id / 7 as float) score",
    )
    return spark.range(100, numPartitions=3).selectExpr(*columns)


@pytest.fixture
def written_by_workers(monkeypatch):
    """Makes every path one that Spark cannot reach."""
    monkeypatch.setattr(parquet, "is_object_store", lambda path: True)
    monkeypatch.setattr(parquet, "spark_uri", lambda spark, path: None)


def test_a_table_of_the_workers_has_the_rows_and_columns_of_one_of_spark(frame, tmp_path, written_by_workers):
    spark = frame.sparkSession
    path = str(tmp_path / "table")
    write_table(frame, path)
    assert is_complete(path)
    found = read_table(spark, path, frame.schema)
    assert found.schema == frame.schema
    assert sorted(found.collect()) == sorted(frame.collect())
    assert sorted(spark.read.schema(frame.schema).parquet(path).collect()) == sorted(frame.collect())
    assert read_table(spark, path).schema.names == frame.schema.names
    assert read_table(spark, path, frame.select("text").schema).count() == 100
    names = [file["path"] for file in json.loads((tmp_path / "table" / "_files.json").read_text())]
    assert names == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert pq.read_table(path).num_rows == 100


def test_a_table_without_rows_has_its_columns(frame, tmp_path, written_by_workers):
    path = str(tmp_path / "table")
    write_table(frame.where("id < 0"), path)
    assert read_table(frame.sparkSession, path, frame.schema).collect() == []
    assert pq.read_table(path).column_names == frame.columns


def test_folders_are_columns(frame, tmp_path, written_by_workers):
    spark = frame.sparkSession
    for kind in ("doc", "other"):
        write_table(frame.select("id"), str(tmp_path / "t" / f"kind={kind}"))
    schema = frame.select("id", F.lit("").alias("kind")).schema
    found = read_table(
        spark, [str(tmp_path / "t" / f"kind={kind}") for kind in ("doc", "other")], schema, base=str(tmp_path)
    )
    assert found.groupBy("kind").count().orderBy("kind").collect() == [("doc", 100), ("other", 100)]


def test_a_checkpoint_is_computed_once(frame, tmp_path, written_by_workers):
    first = Checkpoints(str(tmp_path)).materialize(frame.withColumn("random", F.rand()), "table")
    again = Checkpoints(str(tmp_path)).materialize(frame.withColumn("random", F.rand()), "table")
    assert sorted(first.collect()) == sorted(again.collect())
    (tmp_path / "table" / "_files.json").unlink()  # as after a kill
    third = Checkpoints(str(tmp_path)).materialize(frame.selectExpr("id + 1 as id"), "table")
    assert third.agg(F.sum("id")).collect()[0][0] == sum(range(1, 101))


def test_a_connector_under_another_name_is_used(spark, monkeypatch):
    monkeypatch.setattr(parquet, "_knows", lambda spark, scheme: scheme == "s3a")
    assert spark_uri(spark, "s3://bucket/a/b") == "s3a://bucket/a/b"
    assert spark_uri(spark, "s3a://bucket/a/b") == "s3a://bucket/a/b"
    assert spark_uri(spark, "gs://bucket/a/b") is None
    monkeypatch.undo()
    assert spark_uri(spark, "s3://bucket/a/b") is None  # plain PySpark
    assert spark_uri(spark, "/a/b") == "/a/b"
