"""A user's data frame as the source of a stage. Its rows are stored once, so that it is computed only once."""

import uuid
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from sluice.core.config.dedup import MinHashConfig, SourceConfig
from sluice.core.config.schema import Config
from sluice.core.errors import InputError
from sluice.core.records.docs import SourceRow
from sluice.data import storage
from sluice.data.sources.columns import SCHEMA, source_rows
from sluice.data.stage import Stage
from sluice.spark.engine.parquet import write_table
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.engine.work import Checkpoints
from sluice.spark.sources.table import TableDocuments
from sluice.spark.sources.table_files import doc_id

KEY = "_sluice_doc_id"
OPTIONAL = {
    "quality": ("a number", (T.NumericType, T.StringType)),
    "fetched_at": ("a timestamp, a date or an ISO 8601 string", (T.TimestampType, T.DateType, T.StringType)),
    "url": ("a string", (T.StringType,)),
}


def quoted(name: str) -> Column:
    """Returns the column with exactly this name, which may contain dots."""
    return F.col("`" + name.replace("`", "``") + "`")


def key_of(source: SourceConfig) -> Column:
    """Returns the doc_id of a row: a hash of its id."""
    return doc_id(source, quoted(source.id).cast("string"))


class FrameSource:
    """A data frame with the columns that `source` names. Every call has a directory of its own below `config.output`.

    Raises InputError if a column is missing or has another type.
    """

    def __init__(self, df: DataFrame, config: Config, name: str, minhash: MinHashConfig | None = None) -> None:
        self.config = config
        self.stage = Stage(storage.join(config.output, f"{name}-{uuid.uuid4().hex[:12]}"), name, {})
        self._df, self._minhash = df, minhash
        check_frame(df, config.source)

    def begin(self, *results: str, force: bool) -> bool:
        """Creates the directory. There is always work to do: the rows of a frame have no name by which to resume."""
        return self.stage.begin(force=force)

    def open(self, spark: SparkSession) -> TableDocuments:
        """Stores the rows of the frame, and reads them to collect ids and unreadable rows."""
        rows = FrameRows(self._df, self.config.source, self.stage)
        return TableDocuments(rows, self.config.source, self._minhash, self.stage)


class FrameRows:
    """The rows of a data frame, stored; see `table.Rows`. The position of a row is its doc_id."""

    def __init__(self, df: DataFrame, source: SourceConfig, stage: Stage) -> None:
        named = {"id": source.id, "text": source.text} | {
            name: column for name in OPTIONAL if (column := getattr(source, name)) is not None
        }
        columns = [quoted(column).alias(name) for name, column in named.items()]
        rows = df.select(key_of(source).alias(KEY), *columns)
        read = partial(_rows, SourceConfig(**{name: name for name in named}))
        stored = rows.mapInArrow(read, spark_schema(SourceRow))
        self._rows = Checkpoints(stage.file("_work")).materialize(stored, "rows")
        self._changes = stage.file("changes")

    def rows(self) -> DataFrame:
        """Returns: source rows."""
        return self._rows

    def place(self, piece: int, position: int) -> None:
        """A row of a data frame has no place other than its id."""
        return

    def write_kept(self, changes: DataFrame, path: str) -> None:
        """Writes `changes` (position, text) as they are; `apply_changes` applies them to the frame."""
        write_table(changes.select(F.col("position").alias(KEY), F.col("text").alias("_sluice_text")), self._changes)

    def counts(self) -> dict[str, Any]:
        """There are no files."""
        return {}


def apply_changes(df: DataFrame, source: SourceConfig, changes: DataFrame) -> DataFrame:
    """Returns the rows of a frame that are not removed, with all columns, and with the changed texts.

    Needs: changes as `FrameRows.write_kept` writes them. Null ids are removed, as their rows are unreadable.
    """
    gone = changes.where("_sluice_text is null").select(KEY)
    kept = df.where(quoted(source.id).isNotNull()).withColumn(KEY, key_of(source)).join(gone, KEY, "left_anti")
    kept = kept.join(changes.where("_sluice_text is not null"), KEY, "left")
    text = F.coalesce("_sluice_text", quoted(source.text))
    columns = [text.alias(name) if name == source.text else quoted(name) for name in df.columns]
    return kept.select(*columns)


def check_frame(df: DataFrame, source: SourceConfig) -> None:
    """Raises InputError if a configured column is missing, occurs twice or has a type that cannot be used."""
    expected = {
        "id": ("a string or an integer", (T.StringType, T.IntegralType)),
        "text": ("a string", (T.StringType,)),
        **OPTIONAL,
    }
    for argument, (what, kinds) in expected.items():
        name = getattr(source, argument)
        if name is None:
            continue
        found = [field for field in df.schema.fields if field.name == name]
        if not found:
            raise InputError(
                f"{argument}={name!r}, but the columns of the data frame are {df.columns}. Name one of them."
            )
        if len(found) > 1:
            raise InputError(
                f"{argument}={name!r}, but {len(found)} columns of the data frame have this name. Rename them."
            )
        if not isinstance(found[0].dataType, kinds):
            raise InputError(
                f"{argument}={name!r}: the column has the type {found[0].dataType.simpleString()}; expected {what}. "
                "Cast it, or name another column."
            )


def _rows(source: SourceConfig, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = source_rows(batch, {}, source, (0, 0, ""))
        ids = batch.column("id").cast(pa.string())
        place = pc.if_else(rows.column("problem").is_null(), pa.scalar(None, pa.string()), ids)
        columns = dict(zip(SCHEMA.names, rows.columns, strict=True)) | {"position": batch.column(KEY), "place": place}
        yield pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)
