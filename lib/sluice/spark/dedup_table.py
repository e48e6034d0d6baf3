"""Deduplication of somebody's own table: its rows to `dedup/removals`, and what stays to `dedup/kept`."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice import __version__
from sluice.core.config import Config
from sluice.core.dedup_config import MinHash, Table
from sluice.core.errors import InputError, StageError
from sluice.core.ledger import Ledger
from sluice.core.records import Fact
from sluice.data import storage
from sluice.data.json_rows import table_files
from sluice.data.stage import Stage
from sluice.spark.band_index import read_earlier, result_settings
from sluice.spark.batches import iter_rows, to_batches
from sluice.spark.duplicates import find_duplicates, not_compared, publish, publish_index
from sluice.spark.schemas import spark_schema
from sluice.spark.session import partitions_of, progress
from sluice.spark.source import Source
from sluice.spark.tables import Work
from sluice.text.key import KEY_VERSION
from sluice.text.signing import sign_text

SHOWN = 5
"""Ids named in an error."""


class TableRun:
    """What is to be done. Made before Spark is started, so that missing input or a foreign index is said at once."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.kind, self.paths = table_files(config.table)
        settings: dict[str, Any] = msgspec.to_builtins(config.table)
        del settings["max_loss"]
        dedup = result_settings(config.dedup)
        files = [[path, storage.size(path)] for path in self.paths]
        what = {"sluice": __version__, "key": KEY_VERSION, "dedup": dedup, "table": settings, "files": files}
        self.stage = Stage(config.output, "dedup", what)


def dedup_table(spark: SparkSession, run: TableRun, *, force: bool) -> None:
    """All steps; a killed run goes on after its last whole table."""
    config, stage, table = run.config, run.stage, run.config.table
    if not stage.begin(force=force, keep=True):
        return
    for name in ("removals", "clusters", "edges", "index", "kept", "quarantine"):
        storage.delete_tree(stage.file(name))  # what a killed attempt may have left half written
    work = Work(stage.file("_work"))
    source = Source(spark, table, run.kind, run.paths)
    minhash = config.dedup.minhash
    with progress(spark, "dedup", config.log.progress_s):
        signed = source.rows().mapInArrow(partial(_sign, minhash), spark_schema(Fact))
        facts = work.table(signed.withColumn("doc_id", _doc_id(table)), "facts")
        _check_rows(facts, table)
        documents = facts.where("problem is null and text_hash is not null")
        texts = source.rows().where("problem is null").select(_doc_id(table).alias("doc_id"), "text")
        earlier = read_earlier(spark, config.dedup)
        found = find_duplicates(documents, texts, config.dedup, partitions_of(spark, config.spark), work, earlier)
        names = documents.select("doc_id", "name")
        ids = found.ranked.join(names, "doc_id").select("place", F.col("name").alias("id"))
        publish(found, earlier, ids.unionAll(earlier.documents.select("place", "name")), "id", stage.path)
        if config.dedup.write_index:
            publish_index(found, earlier, names, config.dedup, stage.digest, stage.file("index"))
        facts.where("problem is not null").select("place", "problem").write.parquet(stage.file("quarantine"))
        if table.write_kept:
            empty = facts.where("problem is null and text_hash is null").select("name")
            removed = spark.read.parquet(stage.file("removals")).select(F.col("id").alias("name"))
            source.write_kept(removed.unionAll(empty), stage.file("kept"))
        ledger = _books(facts, found.removed)
        unsigned = not_compared(documents, minhash)
    stage.finish([ledger], **found.counts, **unsigned, files=len(run.paths))
    work.clear()


def _doc_id(table: Table) -> Column:
    """63 bits of a hash of the id."""
    return F.xxhash64("name", F.lit(table.id_seed).cast("long")).bitwiseAND(F.lit((1 << 63) - 1))


def _sign(minhash: MinHash, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return to_batches((_fact(row, minhash) for row in iter_rows(batches)), Fact)


def _fact(row: dict[str, Any], minhash: MinHash) -> Fact:
    text = row.pop("text") or ""
    if not text.strip():
        return Fact(**row, n_chars=0, text_hash=None, n_shingles=0, signature=None)
    return Fact(**row, n_chars=len(text), **sign_text(text, minhash)._asdict())


def _check_rows(facts: DataFrame, table: Table) -> None:
    """Raises StageError for too many bad lines, InputError for ids that are not different."""
    total, problems = facts.agg(F.count("*"), F.count("problem")).collect()[0]
    if problems > table.max_loss * total:
        worst = facts.where("problem is not null").select("place", "problem").orderBy("place").limit(SHOWN).collect()
        raise StageError(
            f"{problems:,} of {total:,} rows cannot be read, more than table.max_loss={table.max_loss} allows: "
            f"{'; '.join(f'{row.place}: {row.problem}' for row in worst)}. Mend them, or allow more loss."
        )
    same = (
        facts.where("problem is null")
        .groupBy("doc_id")
        .agg(F.count("*").alias("n"), F.min("name").alias("one"), F.max("name").alias("other"))
    )
    twice = same.where("n > 1").orderBy("one").limit(SHOWN).collect()
    if clash := [row for row in twice if row.one != row.other]:
        raise InputError(
            f"The ids {clash[0].one!r} and {clash[0].other!r} have one hash. Set table.id_seed to another number than "
            f"{table.id_seed}."
        )
    if twice:
        ids = ", ".join(f"{row.one!r} ({row.n} times)" for row in twice)
        raise InputError(
            f"Ids in column {table.id!r} must be different for each row, but some are not: {ids}. Name another column "
            "with table.id, or make them different."
        )


def _books(facts: DataFrame, removed: DataFrame) -> Ledger:
    counted = facts.agg(F.count("*"), F.count("problem"), F.count("text_hash")).collect()[0]
    total, problems, with_text = counted
    dropped = {"unreadable": problems, "empty": total - problems - with_text}
    dropped |= {row["step"]: row["count"] for row in removed.groupBy("step").count().collect()}
    lost = {reason: count for reason, count in sorted(dropped.items()) if count}
    return Ledger("documents", total, total - sum(lost.values()), lost)
