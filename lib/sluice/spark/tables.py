"""The tables of a run as frames: which directories they stand in and which of their rows count."""

import msgspec
from pyspark.sql import DataFrame, SparkSession

from sluice.core.records import Cluster, Decision, DocsRow, Removal
from sluice.data import storage
from sluice.data.stage import Stage
from sluice.spark.run import Run
from sluice.spark.schemas import spark_schema
from sluice.spark.shards import with_split


def read_docs(spark: SparkSession, stage: Stage, batches: list[str]) -> DataFrame:
    """All rows of some batch directories, of every kind. Returns: docs."""
    schema = spark_schema(DocsRow)
    docs = spark.read.schema(schema).option("basePath", stage.file("docs")).parquet(*batches)
    return docs.select(*DocsRow.__struct_fields__)


def document_rows(spark: SparkSession, run: Run) -> DataFrame:
    """Rows kind=doc of every complete batch."""
    stage = run.extracted
    batches = [path for path in storage.list_files(stage.file("docs", "_batches")) if path.endswith(".json")]
    names = [path.rpartition("/")[2].removesuffix(".json") for path in batches]
    docs = read_docs(spark, stage, [stage.file("docs", f"batch={name}") for name in names])
    return docs.where("kind = 'doc'")


def selected_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Documents that no rule dropped."""
    decisions = read_table(spark, run.select, "decisions", Decision).where("reason is null").select("doc_id")
    return document_rows(spark, run).join(decisions, "doc_id", "left_semi")


def kept_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Documents of the final corpus with their split: doc_id, n_bytes, split, text."""
    removed = read_table(spark, run.dedup, "removals", Removal)
    clusters = read_table(spark, run.dedup, "clusters", Cluster)
    kept = selected_documents(spark, run).join(removed, "doc_id", "left_anti").select("doc_id", "n_bytes", "text")
    return with_split(kept, clusters, run.config.shards).select("doc_id", "n_bytes", "split", "text")


def read_table(spark: SparkSession, stage: Stage, name: str, record: type[msgspec.Struct]) -> DataFrame:
    """One Parquet table of a stage, columns as its record has them."""
    return spark.read.schema(spark_schema(record)).parquet(stage.file(name))


class Work:
    """Intermediate tables of a stage: each is computed once, and a killed run goes on after the last whole one.

    What decides their content must be in the digest of the stage, or be the same in every attempt.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def table(self, df: DataFrame, name: str) -> DataFrame:
        """Writes a frame and reads it back, or reads what an earlier attempt has written whole."""
        path = storage.join(self._directory, name)
        if not storage.exists(storage.join(path, "_SUCCESS")):
            df.write.mode("overwrite").parquet(path)
        return df.sparkSession.read.schema(df.schema).parquet(path)

    def drop(self, name: str) -> None:
        """Removes a table that is not needed any more."""
        storage.delete_tree(storage.join(self._directory, name))

    def clear(self) -> None:
        """Removes all of them."""
        storage.delete_tree(self._directory)
