"""`spark.read.format("sluice.warc")`: the rows of `read_warc` as a data source of PySpark 4."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from sluice.core.config.load import load_config
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError
from sluice.core.records.docs import DocsRow, PlanEntry
from sluice.data.plan.inputs import make_plan
from sluice.spark.engine.schemas import spark_schema
from sluice.spark.transforms.extract import read_archives
from sluice.text.html.extract import check_extractor
from sluice.text.language.identify import model_path


@dataclass
class Archive(InputPartition):
    """An archive, which one task reads."""

    entry: PlanEntry


class WarcReader(DataSourceReader):
    """Reads one archive per task; HTML never leaves the Python worker."""

    def __init__(self, config: Config) -> None:
        check_extractor(config.extract.extractor, config.extract.format)
        model_path(config.extract.lid_model)
        self.config = config

    def partitions(self) -> list[Archive]:
        """Lists the archives. Raises InputError if there is none."""
        plan = make_plan(self.config.plan, self.config.extract.transport)
        return [Archive(entry) for entry in plan.entries]

    def read(self, partition: Archive) -> Iterator[pa.RecordBatch]:  # type: ignore[override]
        """Yields the pages of an archive, and the parts that could not be read."""
        for _, rows in read_archives([partition.entry], self.config.extract, self.config.dedup.minhash):
            for batch in rows:
                yield batch.filter(pc.not_equal(batch.column("kind"), "stats"))


class WarcSource(DataSource):
    """The format `sluice.warc`. Options: `languages` and every setting by its path, such as `extract.format`."""

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "sluice.warc"

    def schema(self) -> StructType:
        """The columns of `extract/docs`."""
        return spark_schema(DocsRow)

    def reader(self, schema: StructType) -> WarcReader:
        """Checks the options. Raises ConfigError for an unknown one."""
        return WarcReader(config_of_options(self.options))


def config_of_options(options: Mapping[str, str]) -> Config:
    """Returns the configuration of a reader's options, whose values are text: `zh,en` or `null` for `languages`."""
    settings: dict[str, Any] = {}
    for name, value in options.items():
        match name:
            case "path":
                settings["plan.inputs"] = json.dumps([value])
            case "paths":  # of load([...]), as JSON
                settings["plan.inputs"] = value
            case "languages":
                codes = None if value == "null" else [code.strip() for code in value.split(",")]
                settings["extract.languages"] = json.dumps(codes)
            case _:
                settings[name] = value
    if "plan.inputs" not in settings:
        raise ConfigError('sluice.warc needs paths: spark.read.format("sluice.warc").load("crawl/*.warc.gz").')
    return load_config([], [f"{name}={value}" for name, value in settings.items()])
