"""The tables of a run as DataFrames."""

from pyspark.sql import DataFrame, SparkSession

from sluice.core.records.corpus import Contamination, CutText, SplitRemoval
from sluice.core.records.dedup import Cluster, Removal
from sluice.core.records.docs import Decision, DocsRow
from sluice.data import storage
from sluice.data.stage import Stage
from sluice.spark.engine.parquet import read_stage, read_table
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.run import Run
from sluice.spark.transforms.line_dedup import with_cut_texts
from sluice.spark.transforms.shards import with_split


def read_docs(spark: SparkSession, stage: Stage, batches: list[str]) -> DataFrame:
    """Reads all rows of some batch directories, of every kind. Returns: docs."""
    return read_table(spark, batches, spark_schema(DocsRow), base=stage.file("docs"))


def document_rows(spark: SparkSession, run: Run) -> DataFrame:
    """Returns the rows with kind=doc of all complete batches."""
    stage = run.extracted
    batches = [path for path in storage.list_files(stage.file("docs", "_batches")) if path.endswith(".json")]
    names = [path.rpartition("/")[2].removesuffix(".json") for path in batches]
    docs = read_docs(spark, stage, [stage.file("docs", f"batch={name}") for name in names])
    return docs.where("kind = 'doc'")


def filtered_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns documents that no rule dropped."""
    decisions = read_stage(spark, run.filter, "decisions", Decision).where("reason is null").select("doc_id")
    return document_rows(spark, run).join(decisions, "doc_id", "left_semi")


def unique_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns filtered documents without duplicates."""
    removed = read_stage(spark, run.dedup, "removals", Removal)
    return filtered_documents(spark, run).join(removed, "doc_id", "left_anti")


def clean_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns unique documents, without benchmark items if decontamination is switched on."""
    documents = unique_documents(spark, run)
    if run.decontaminate is None:
        return documents
    matches = read_stage(spark, run.decontaminate, "matches", Contamination)
    return documents.join(matches, "doc_id", "left_anti")


def split_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns clean documents with their remaining texts and their split: doc_id, n_bytes, split, text."""
    kept = clean_documents(spark, run).select("doc_id", "n_bytes", "text")
    if run.line_dedup is not None:
        kept = with_cut_texts(kept, read_stage(spark, run.line_dedup, "cut_texts", CutText))
    clusters = read_stage(spark, run.dedup, "clusters", Cluster)
    return with_split(kept, clusters, run.config.shards).select("doc_id", "n_bytes", "split", "text")


def kept_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns the documents of the final corpus with their split: doc_id, n_bytes, split, text."""
    documents = split_documents(spark, run)
    if run.split_check is None:
        return documents
    removed = read_stage(spark, run.split_check, "removals", SplitRemoval).select("doc_id")
    return documents.join(removed, "doc_id", "left_anti")
