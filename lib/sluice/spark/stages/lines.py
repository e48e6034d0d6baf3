"""The stage that takes repeated lines out of a run: documents to `lines/cut_texts` and `removed_lines`."""

from collections import Counter
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.dedup import Lines
from sluice.core.ledger import Ledger, require_handover
from sluice.data.stage import ledgers_of
from sluice.spark.engine.samples import collect_sorted
from sluice.spark.engine.session import partitions_of, progress
from sluice.spark.engine.work import Work
from sluice.spark.repeated_lines import line_books, most_removed, removed_lines, repeated_lines, without_lines
from sluice.spark.run import Run
from sluice.spark.tables import clean_documents

SHOWN = 10
"""Lines of each language that are shown: those that went from the most documents."""


def lines(spark: SparkSession, run: Run, *, force: bool) -> None:
    """Documents to `lines/cut_texts`: what is left of those that lose lines. Nothing if switched off."""
    stage, config = run.lines, run.config.lines
    if stage is None:
        return
    before = run.decontaminate or run.dedup
    upstream = before.require()
    if not stage.begin(force=force, keep=True):
        return
    work, results = Work(stage.file("_work")), Work(stage.path)
    documents = clean_documents(spark, run).withColumn("quality", F.col("signals.quality_score"))
    with progress(spark, stage.name, run.config.log.progress_s):
        repeated = work.table(repeated_lines(documents, config, partitions_of(spark, run.config.spark)), "repeated")
        cut = results.table(without_lines(documents, repeated, config), "cut_texts")
        removed = results.table(removed_lines(repeated, cut), "removed_lines")
        of_language = cut.join(documents.select("doc_id", "language"), "doc_id")
        books = collect_sorted(line_books(of_language, "language"), "language")
        samples = line_samples(removed, documents, config)
    ledgers = line_ledgers(books)
    require_handover(ledgers_of(upstream)["documents"], ledgers[0], (before.name, stage.name))
    counts = {
        row["language"]: {"kept": row["documents"] - row["emptied"], "nothing_left": row["emptied"]} for row in books
    }
    stage.finish(ledgers, by_language=counts, cuts=books, samples=samples)
    work.clear()


def line_ledgers(books: list[dict[str, Any]]) -> list[Ledger]:
    """The books of documents, lines and characters from rows of `line_books`."""
    total: Counter[str] = Counter()
    for row in books:
        total.update({name: value for name, value in row.items() if name != "language" and value})
    lines_gone = {"repeated": total["n_lines_removed"], "blank": total["n_blank_removed"]}
    characters_gone = {"repeated_lines": total["n_chars_removed"]}
    return [
        _ledger("documents", total["documents"], {"nothing_left": total["emptied"]}),
        _ledger("lines", total["n_lines"], lines_gone),
        _ledger("characters", total["n_chars"], characters_gone),
    ]


def line_samples(removed: DataFrame, documents: DataFrame, config: Lines) -> list[dict[str, Any]]:
    """The lines that went from the most documents of each language, the most frequent first."""
    rows = most_removed(removed, documents, config, SHOWN).collect()
    found = [row.asDict() for row in rows]
    return sorted(found, key=lambda row: (row["language"] or "", -row["removed_from"], row["line"]))


def _ledger(unit: str, total: int, gone: dict[str, int]) -> Ledger:
    return Ledger(unit, total, total - sum(gone.values()), gone)
