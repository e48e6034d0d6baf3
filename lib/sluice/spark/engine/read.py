"""Reading of stage tables with the schemas of their records."""

import msgspec
from pyspark.sql import DataFrame, SparkSession

from sluice.data.stage import Stage
from sluice.spark.engine.schemas import spark_schema


def read_table(spark: SparkSession, stage: Stage, name: str, record: type[msgspec.Struct]) -> DataFrame:
    """Reads a Parquet table of a stage with the columns of its record."""
    return spark.read.schema(spark_schema(record)).parquet(stage.file(name))
