"""Intermediate tables of a stage: each is computed once and read back after a kill."""

import logging
import time

from pyspark.sql import DataFrame

from sluice.data import storage
from sluice.spark.engine.parquet import is_complete, read_table, write_table

log = logging.getLogger("sluice.spark")


class Checkpoints:
    """Intermediate tables of a stage: each is computed once, and a killed run resumes after the last complete one.

    Everything that affects their content must be in the digest of the stage, or be the same in every attempt.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def materialize(self, df: DataFrame, name: str) -> DataFrame:
        """Writes a frame and reads it back, or reads the complete table from an earlier attempt."""
        path = storage.join(self._directory, name)
        if not is_complete(path):
            began = time.monotonic()
            df.sparkSession.sparkContext.setJobDescription(name)
            write_table(df, path)
            df.sparkSession.sparkContext.setJobDescription("")
            log.info("table %s written in %.1f s", name, time.monotonic() - began)
        return read_table(df.sparkSession, path, df.schema)

    def clear(self) -> None:
        """Removes all tables."""
        storage.delete_tree(self._directory)
