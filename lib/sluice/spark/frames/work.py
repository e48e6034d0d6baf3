"""Where the functions for data frames store their tables, and how their arguments become settings."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from sluice.core.config.load import config_with
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError, InputError

OPTION = "spark.sluice.workDir"
"""Setting of a Spark session with the default of `work_dir`."""


def work_directory(spark: SparkSession, given: str | None) -> str:
    """Returns `given`, or the session's setting, or in local mode a directory that is removed when Python ends.

    Raises ConfigError on a cluster without either: its machines must all reach the directory.
    """
    directory = given or spark.conf.get(OPTION, None)
    if directory:
        return directory
    if not (spark.sparkContext.master or "").startswith("local"):
        raise ConfigError(
            f"On a cluster, intermediate tables need a directory that all machines reach. Give work_dir, or set "
            f"{OPTION} of the session, for example to s3://bucket/tmp."
        )
    return _temporary()


_made: list[str] = []


def _temporary() -> str:
    if not _made:
        _made.append(tempfile.mkdtemp(prefix="sluice-"))
        atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
    return _made[0]


def config_of(named: Mapping[str, Any], settings: Mapping[str, Any] | None) -> Config:
    """Returns the configuration with settings by path; `named` are those that are arguments, None for the default.

    Raises ConfigError for an unknown or invalid setting.
    """
    given = {path: value for path, value in named.items() if value is not None} | dict(settings or {})
    return config_with(given)


def require_columns(df: DataFrame, columns: Mapping[str, str | None]) -> None:
    """Raises InputError unless the frame has the columns, given by the arguments that name them; None is no column."""
    for argument, name in columns.items():
        if name is not None and name not in df.columns:
            hint = " Call with_signals first." if name == "signals" else ""
            raise InputError(f"{argument}={name!r}, but the columns of the data frame are {df.columns}.{hint}")
