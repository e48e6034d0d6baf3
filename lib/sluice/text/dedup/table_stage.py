"""The stage of a job on a user's table: everything that its result depends on."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sluice import __version__
from sluice.core.config.schema import Config
from sluice.data import storage
from sluice.data.sources.table_files import TableFile
from sluice.data.stage import Stage
from sluice.text.dedup.key_text import KEY_VERSION


def table_stage(config: Config, name: str, settings: Mapping[str, Any], files: Sequence[TableFile]) -> Stage:
    """Returns the stage `name` for the files of `source.inputs`. `settings`: all others that its result depends on."""
    source: dict[str, Any] = msgspec.to_builtins(config.source)
    del source["max_unreadable_share"]
    sizes = [[file.path, storage.size(file.path)] for file in files]
    what = {"sluice": __version__, "key": KEY_VERSION, **settings, "source": source, "files": sizes}
    return Stage(config.output, name, what)
