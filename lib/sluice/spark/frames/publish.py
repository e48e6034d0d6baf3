"""A data frame as a dataset in the layout of the Hugging Face hub."""

from collections.abc import Sequence

from pyspark.sql import DataFrame

from sluice.core.errors import ConfigError, InputError
from sluice.data import storage
from sluice.publish.describe import CARD
from sluice.publish.layout import Dataset
from sluice.spark.engine.session import progress
from sluice.spark.frames.work import config_of, require_columns
from sluice.spark.sources.frame import check_frame
from sluice.spark.transforms.publish import write_dataset


def publish(
    df: DataFrame,
    directory: str,
    *,
    name: str,
    id: str = "id",
    text: str = "text",
    columns: Sequence[str] | None = None,
    language: str | None = None,
    split: str | None = None,
    formats: Sequence[str] | None = None,
    file_bytes: int | None = None,
    license: str | None = None,
) -> Dataset:
    """Writes the rows of a frame in the layout of the Hugging Face hub, and returns a description of what was written.

    `datasets.load_dataset(directory)` reads it: Parquet, a card (README.md), croissant.json and SHA256SUMS. `id`:
    unique strings or integers. `columns`: those to publish, in this order; None: all. `language`: column with language
    codes; each language becomes a configuration. `split`: column with train, valid or test (see `split`); None: all is
    train. `formats`: ("parquet", "jsonl") adds JSON lines. `file_bytes`: maximum size of a file, 500 MB by default.
    `license`: identifier of the hub. The bytes do not depend on the partitions of the frame. README.md is written last.

    Raises InputError for a missing column, a frame without rows or a directory that already has a dataset, ConfigError
    for an unknown format.

    >>> dataset = sl.publish(result.kept, "mine", name="mine", language="language")  # doctest: +SKIP
    >>> dataset.rows, dataset.languages  # doctest: +SKIP
    (406, ('en', 'zh'))
    """
    given = {"formats": formats and list(formats), "file_bytes": file_bytes, "license": license}
    named = {"name": name, "source.id": id, "source.text": text}
    config = config_of(named | {f"publish.{option}": value for option, value in given.items()}, None)
    check_frame(df, config.source)
    require_columns(df, {"language": language, "split": split})
    for column in columns or ():
        require_columns(df, {"columns": column})
    if columns is not None and text not in columns:
        raise InputError(f"columns={list(columns)} does not contain the text column {text!r}. Add it.")
    if "parquet" not in config.publish.formats:
        raise ConfigError("formats must contain parquet, to which the card and croissant.json refer. Add it.")
    if storage.exists(storage.join(directory, CARD)):
        raise InputError(f"{directory} already has a dataset. Give another directory, or remove it.")
    with progress(df.sparkSession, "publish", config.log.progress_s):
        return write_dataset(
            df,
            directory,
            name=config.name,
            id=id,
            text=text,
            columns=columns,
            language=language,
            split=split,
            file_bytes=config.publish.file_bytes,
            formats=config.publish.formats,
            license=config.publish.license,
        )
