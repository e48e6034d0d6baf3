"""The publish stage: the kept documents of a run as a dataset in the layout of the Hugging Face hub."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.ledger import Ledger, require_handover
from sluice.core.records.docs import Signals
from sluice.data import storage
from sluice.data.stage import ledgers_of
from sluice.publish.describe import describe
from sluice.publish.hub import Upload
from sluice.publish.layout import Dataset
from sluice.publish.run_facts import RunFacts, settings_file
from sluice.report.build import OPTIONAL, build_report
from sluice.spark.engine.session import progress
from sluice.spark.run import Run
from sluice.spark.tables import document_rows, kept_documents
from sluice.spark.transforms.publish import columns_of, with_places, write_data
from sluice.text.signals.catalogue import describe as describe_signal

log = logging.getLogger("sluice.stages")

COLUMNS = {
    "id": "Number of the document, which depends only on its location in the crawl.",
    "text": "The main text of the page, after all removals and masks.",
    "url": "Address of the page.",
    "host": "Host in the address.",
    "fetched_at": "When the page was fetched: ISO 8601, UTC.",
    "language": "ISO 639-1 code of the language, as detected.",
    "language_score": "Probability of the language, from 0 to 1.",
    "script": "Script of most letters.",
    "variant": "Chinese only: zh-Hans, zh-Hant, mixed, yue, lzh.",
    "title": "Title of the page.",
    "author": "Author as stated by the page.",
    "published": "Date of publication as stated by the page, ISO 8601.",
    "licence": "SPDX id of a Creative Commons licence that the page names.",
    "licence_by": "Kind of the evidence for the licence.",
    "robots": "Robots and text-mining directives of the page.",
    "charset": "Encoding of the page.",
    "n_chars": "Characters of the text.",
    "n_bytes": "UTF-8 bytes of the text.",
    "crawl": "Number of the crawl; for Common Crawl year x 100 + week.",
    "warc_name": "Archive that contains the page.",
    "rec_offset": "Offset of its record in the archive, in bytes.",
}
"""Columns that can be published, besides the signals, and their meanings."""

COMPUTED: dict[str, Callable[[], Column]] = {
    "id": lambda: F.col("doc_id"),
    "fetched_at": lambda: F.date_format("fetched_at", "yyyy-MM-dd'T'HH:mm:ss'Z'"),
    "language_score": lambda: F.col("language_score").cast("double"),
    "n_chars": lambda: F.char_length("text"),
}
"""Columns that differ from those of the tables of a run. Dates are text, since few loaders have a type for them."""


class Publication(msgspec.Struct, frozen=True):
    """A run to publish, and the upload afterwards, if any."""

    run: Run
    upload: Upload | None


def publication(config: Config) -> Publication:
    """Checks settings and inputs before Spark starts. Raises ConfigError or InputError."""
    check_columns(config.publish.columns)
    if "parquet" not in config.publish.formats:
        raise ConfigError("publish.formats must contain parquet, to which the card and croissant.json refer. Add it.")
    run = Run(config)
    run.corpus.require()
    return Publication(run, Upload(config.publish, config.output) if config.publish.upload else None)


def check_columns(columns: Sequence[str]) -> None:
    """Raises ConfigError unless all columns exist, none occurs twice, and `id` and `text` are among them."""
    for name in columns:
        if name not in COLUMNS and name not in Signals.__struct_fields__:
            raise ConfigError(
                f"publish.columns contains the unknown column {name!r}. There are {', '.join(COLUMNS)}, and the "
                f"signals ({', '.join(Signals.__struct_fields__[:3])}, …; `sluice signals` lists them)."
            )
        if columns.count(name) > 1:
            raise ConfigError(f"publish.columns contains {name!r} twice. Remove one.")
    for name in ("id", "text"):
        if name not in columns:
            raise ConfigError(f"publish.columns must contain {name!r}. Add it.")


def publish(spark: SparkSession, job: Publication, *, force: bool) -> None:
    """Writes `publish/<name>`: data, croissant.json, checksums and finally README.md; uploads it if requested."""
    run, config = job.run, job.run.config
    stage = run.publish
    directory = stage.file(config.name)
    upstream = run.corpus.require()
    if stage.begin(force=force):
        with progress(spark, stage.name, config.log.progress_s):
            documents = published_documents(spark, run)
            rows = with_places(
                documents, id="id", text="text", columns=config.publish.columns, language="_language", split="_split"
            )
            files, parts = write_data(
                rows, directory, text="text", file_bytes=config.publish.file_bytes, formats=config.publish.formats
            )
            dates = documents.agg(F.min("_fetched_at"), F.max("_fetched_at")).collect()[0]
        optional = [name for name in OPTIONAL if getattr(run, name) is not None]
        facts = RunFacts(
            report=build_report(config.output, optional),
            settings=settings_file(config),
            first_date=dates[0],
            last_date=dates[1],
        )
        dataset = Dataset(
            name=config.name,
            version=config.version,
            columns=columns_of(rows, _descriptions(config.publish.columns)),
            parts=parts,
            files=files,
            license=config.publish.license,
            has_crawl=facts.has_crawl,
        )
        ledger = Ledger("documents", dataset.rows, dataset.rows)
        require_handover(ledgers_of(upstream)["documents"], ledger, (run.corpus.name, stage.name))
        describe(directory, dataset, facts)
        stage.finish([ledger], directory=directory, splits=_sums(dataset))
        log.info("published: %s", storage.join(directory, "README.md"))
    if job.upload is not None:
        job.upload.run(directory)


def published_documents(spark: SparkSession, run: Run) -> DataFrame:
    """Returns the documents of the final corpus with the columns to publish, and _language, _split, _fetched_at."""
    kept = kept_documents(spark, run).withColumnRenamed("split", "_split")
    known = document_rows(spark, run).drop("text", "n_bytes", "n_chars")
    joined = kept.join(known, "doc_id")
    computed = {name: column() for name, column in COMPUTED.items()}
    columns = [
        computed.get(name, F.col(name if name in COLUMNS else f"signals.{name}")).alias(name)
        for name in run.config.publish.columns
    ]
    return joined.select(
        F.col("language").alias("_language"), "_split", computed["fetched_at"].alias("_fetched_at"), *columns
    )


def _descriptions(columns: Sequence[str]) -> dict[str, str]:
    return {name: COLUMNS[name] if name in COLUMNS else describe_signal(name) for name in columns}


def _sums(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Returns documents, files and bytes by split, for the summary."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("docs", "files", "bytes", "utf8_bytes"), 0))
    for file in dataset.tables:
        for name, value in (("docs", file.rows), ("files", 1), ("bytes", file.bytes), ("utf8_bytes", file.text_bytes)):
            sums[file.split][name] += value
    return dict(sums)
