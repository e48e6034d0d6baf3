"""The stage that removes documents with benchmark items: from unique documents to `decontaminate/matches`."""

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sluice.core.config.schema import Config
from sluice.core.records.corpus import Contamination
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.samples import SAMPLE_CHARS, SAMPLES, collect_sorted, sample_by
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.sources.run_source import RunSource
from sluice.spark.sources.source import Documents, Source
from sluice.spark.sources.table import TableSource
from sluice.spark.transforms.decontaminate import (
    benchmark_counts,
    contaminated,
    contamination_reasons,
    decontaminate_settings,
    warn_of_items,
)
from sluice.text.decontamination.benchmark import Benchmark


def decontaminate_source(config: Config) -> tuple[Source, Benchmark]:
    """Returns the source (`source.inputs` or, if empty, the run) and the benchmark items to search for.

    Raises ConfigError, InputError or FormatError if they are invalid.
    """
    if not config.source.inputs:
        run = Run(config)
        source = RunSource.of(run, "decontaminate")
        assert run.benchmark is not None, "the stage is switched on by a benchmark"
        return source, run.benchmark
    benchmark = Benchmark.load(config.decontaminate.benchmarks, config.decontaminate)
    settings = {"decontaminate": decontaminate_settings(config.decontaminate, benchmark)}
    return TableSource(config, "decontaminate", settings), benchmark


def decontaminate(spark: SparkSession, source: Source, benchmark: Benchmark, *, force: bool) -> None:
    """Writes `decontaminate/matches`, and removes the documents in it. Documents without text are kept."""
    config, stage = source.config, source.stage
    if not source.begin("matches", force=force):
        return
    warn_of_items(benchmark)
    with progress(spark, stage.name, config.log.progress_s):
        documents = source.open(spark)
        found = documents.work.materialize(contaminated(documents.rows(), benchmark), "found")
        columns = (documents.id, *Contamination.__struct_fields__[1:])
        write_table(documents.publish(found).select(*columns), stage.file("matches"))
        outcome = documents.remove(contamination_reasons(found))
        summary = benchmark_counts(found, benchmark)
        samples = _samples(found, documents, benchmark)
    stage.finish([outcome.ledger], **summary, **outcome.counts, samples=samples)
    documents.work.clear()


def _samples(matches: DataFrame, documents: Documents, benchmark: Benchmark) -> list[dict[str, Any]]:
    """Returns sample matches of each kind in each benchmark, with the texts of the items."""
    if not documents.is_reported:
        return []
    urls = documents.rows().select("doc_id", "url")
    some = sample_by(matches, ("benchmark", "kind"), SAMPLES, "item").join(urls, "doc_id")
    rows = collect_sorted(some, "benchmark", "kind", "doc_id", "item")
    texts: dict[tuple[str, str, str], str] = {(row["benchmark"], row["item"], row["field"]): "" for row in rows}
    for part, text in zip(benchmark.parts, benchmark.texts, strict=True):
        if part in texts:
            texts[part] += f"{text}\n"
    return [row | {"text": texts[row["benchmark"], row["item"], row["field"]][:SAMPLE_CHARS]} for row in rows]
