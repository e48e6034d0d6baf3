"""Spark: the jobs of a run, and functions for data frames.

`from sluice import spark as sl`: `read_warc`, `register`, `with_signals`, `judge`, `filter`, `dedup`, `decontaminate`,
`dedup_lines`, `split`, `write_shards`, `publish`. They use the session of the frame, never stop it and set none of its
options. Each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluice.spark.frames.datasets import split, write_shards
    from sluice.spark.frames.duplicates import decontaminate, dedup, dedup_lines
    from sluice.spark.frames.pages import filter, judge, read_warc, register, with_signals
    from sluice.spark.frames.publish import publish

_MODULES = {
    "decontaminate": "duplicates",
    "dedup": "duplicates",
    "dedup_lines": "duplicates",
    "filter": "pages",
    "judge": "pages",
    "publish": "publish",
    "read_warc": "pages",
    "register": "pages",
    "split": "datasets",
    "with_signals": "pages",
    "write_shards": "datasets",
}
__all__ = [
    "decontaminate",
    "dedup",
    "dedup_lines",
    "filter",
    "judge",
    "publish",
    "read_warc",
    "register",
    "split",
    "with_signals",
    "write_shards",
]


def __getattr__(name: str) -> Any:
    """Imports the module of a public name. Raises ConfigError without Spark."""
    if name not in _MODULES:
        raise AttributeError(f"module 'sluice.spark' has no attribute {name!r}. Public: {', '.join(__all__)}.")
    try:
        return getattr(importlib.import_module(f"sluice.spark.frames.{_MODULES[name]}"), name)
    except ImportError as e:
        if e.name not in ("pyspark", "pandas", "pyarrow"):
            raise
        from sluice.core.errors import ConfigError

        raise ConfigError(f"sluice.spark needs {e.name}: pip install 'sluice[spark]'.") from e


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
