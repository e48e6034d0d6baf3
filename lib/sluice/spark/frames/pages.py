"""Pages of archives as a data frame, signals as a column, and rules on signals."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.functions import pandas_udf

from sluice.core.config.extract import ExtractConfig
from sluice.core.config.rules import RulesConfig
from sluice.core.errors import ConfigError
from sluice.core.records.docs import Signals
from sluice.data.plan.inputs import make_plan
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.frames.work import config_of, require_columns
from sluice.spark.sources.frame import quoted
from sluice.spark.transforms.extract import extract_entries
from sluice.spark.transforms.rules import first_failure_column
from sluice.text.html.extract import check_extractor
from sluice.text.language.identify import model_path
from sluice.text.pages.plain_text import language_of, signals_of
from sluice.text.rules.rule import load_rules

JUDGED = T.StructType(
    [
        T.StructField("language", T.StringType()),
        T.StructField("language_score", T.DoubleType()),
        T.StructField("signals", spark_schema(Signals)),
    ]
)


def read_warc(
    spark: SparkSession,
    paths: str | Sequence[str],
    *,
    languages: Sequence[str] | None = ExtractConfig().languages,
    settings: dict[str, Any] | None = None,
) -> DataFrame:
    """Reads the pages of WARC, WET or ARC files: one task per archive, HTML never leaves the Python worker.

    `paths`: files, folders or globs, local or remote. `languages`: ISO 639-1 codes to keep; None keeps all. `settings`:
    others by path, such as {"extract.format": "markdown"}.

    Returns the columns of `extract/docs` for every page, `kind` doc, and every part that could not be read, `kind`
    quarantine. `reason` is null only for a document, so that in = out + dropped can be counted. As always with Spark,
    each action reads the archives again: write or cache the frame first.

    Raises InputError if no archive exists, ConfigError for an unknown setting.

    >>> docs = sl.read_warc(spark, "crawl/*.warc.gz", languages=["zh"]).where("reason is null")  # doctest: +SKIP
    """
    listed = [paths] if isinstance(paths, str) else list(paths)
    config = config_of({"plan.inputs": listed}, {"extract.languages": languages, **(settings or {})})
    check_extractor(config.extract.extractor, config.extract.format)
    model_path(config.extract.lid_model)
    plan = make_plan(config.plan, config.extract.transport)
    return extract_entries(spark, plan.entries, config.extract, config.dedup.minhash).where("kind <> 'stats'")


def register(spark: SparkSession) -> None:
    """Makes `read_warc` a format of this session: `spark.read.format("sluice.warc")`, also in SQL. Needs PySpark 4.

    Options: `languages`, such as "zh,en", or "null" for all, and every setting by its path.
    Raises ConfigError for PySpark 3.

    >>> sl.register(spark)  # doctest: +SKIP
    >>> docs = spark.read.format("sluice.warc").option("languages", "zh").load("crawl/*.warc.gz")  # doctest: +SKIP
    """
    try:
        from sluice.spark.frames.warc_source import WarcSource
    except ModuleNotFoundError as e:
        if not (e.name or "").startswith("pyspark"):
            raise
        raise ConfigError("The format sluice.warc needs PySpark 4. Use sluice.spark.read_warc.") from e
    spark.dataSource.register(WarcSource)


def with_signals(df: DataFrame, *, text: str = "text", language: str | None = None) -> DataFrame:
    """Adds the struct column `signals`, with the values of `sluice.signals` for each text.

    `language`: the column with ISO 639-1 codes. None: the language is identified and added as `language`, with its
    `language_score`. A null text has null signals. Raises InputError for a missing column.

    >>> sl.with_signals(df).select("id", "signals.n_words")  # doctest: +SKIP
    """
    require_columns(df, {"text": text, "language": language})
    model_path(ExtractConfig().lid_model)
    code = F.lit(None).cast("string") if language is None else quoted(language)
    found = df.withColumn("_sluice", pandas_udf(_judge, JUDGED)(quoted(text), code))  # type: ignore[call-overload]
    added = ("signals",) if language is not None else ("language", "language_score", "signals")
    kept = [quoted(name) for name in df.columns if name not in added]
    return found.select(*kept, *(F.col(f"_sluice.{name}").alias(name) for name in added))


def judge(
    df: DataFrame, rules: str | Sequence[str] = RulesConfig().presets, *, language: str = "language"
) -> DataFrame:
    """Adds `reason`, `value` and `threshold`: the first rule that a document breaks; null if it keeps them all.

    Needs: `signals`, from `with_signals` or `read_warc`, and the column `language`. `rules`: names of presets or paths
    of rule files. Runs in SQL, without Python. Raises ConfigError for unknown rules, InputError for a missing column.
    """
    require_columns(df, {"language": language, "signals": "signals"})
    loaded = load_rules([rules] if isinstance(rules, str) else list(rules))
    columns = [quoted(name) for name in df.columns if name not in ("reason", "value", "threshold")]
    verdict = first_failure_column(loaded, "`" + language.replace("`", "``") + "`")
    # explode, so that a condition on the verdict is not moved in front of it with a copy of the whole expression
    found = df.select(*columns, F.explode(F.array(verdict)).alias("_verdict"))
    return found.select(*columns, "_verdict.reason", "_verdict.value", "_verdict.threshold")


def filter(
    df: DataFrame, rules: str | Sequence[str] = RulesConfig().presets, *, language: str = "language"
) -> DataFrame:
    """Returns the documents that keep all rules; `judge` also returns the others, with their reasons."""
    return judge(df, rules, language=language).where("reason is null").select(*map(quoted, df.columns))


def _judge(texts: pd.Series, languages: pd.Series) -> pd.DataFrame:
    rows = [_row(text, code) for text, code in zip(texts, languages, strict=True)]
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in JUDGED.names})


def _row(text: str | None, code: str | None) -> dict[str, Any]:
    if text is None:
        return dict.fromkeys(JUDGED.names)
    language = language_of(text, code)
    return {
        "language": language.code,
        "language_score": float(language.score),
        "signals": msgspec.structs.asdict(signals_of(text, language)),
    }
