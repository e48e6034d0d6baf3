"""Which files of a Delta table belong to its current version, from the commits in its log.

The folder also contains the files of rows that were deleted or rewritten. The format: the Delta transaction log
protocol, "Actions". Only the commits are read, not checkpoints.
"""

import json
from urllib.parse import unquote

from sluice.core.errors import InputError
from sluice.data import storage

LOG = "_delta_log"
OTHERWISE = (
    "Read it with Spark and use sluice.spark on the data frame, or write its current version as Parquet elsewhere."
)


def current_files(directory: str, files: list[str]) -> list[str]:
    """Returns those of `files` that the current version of a Delta table in `directory` consists of.

    Without a log, or with one that names no file, all are. Raises InputError if the commits are incomplete or rows are
    deleted within files (deletion vectors).
    """
    log = storage.join(directory, LOG)
    if files == [directory] or storage.GLOB_CHARACTERS & set(directory) or not storage.exists(log):
        return files
    commits = sorted(path for path in storage.list_files(log) if path.endswith(".json") and _version(path) is not None)
    added: dict[str, str] = {}
    named = False
    for expected, path in enumerate(commits):
        if _version(path) != expected:
            raise InputError(f"{directory} is a Delta table whose first commits are only in checkpoints. {OTHERWISE}")
        for line in storage.read_bytes(path).splitlines():
            action = json.loads(line)
            if added_file := action.get("add"):
                if added_file.get("deletionVector"):
                    raise InputError(f"{directory} is a Delta table with rows deleted within files. {OTHERWISE}")
                added[added_file["path"]] = storage.join(directory, unquote(added_file["path"]))
                named = True
            elif removed := action.get("remove"):
                added.pop(removed["path"], None)
                named = True
    return [path for path in files if path in set(added.values())] if named else files


def _version(path: str) -> int | None:
    stem = path.rpartition("/")[2].removesuffix(".json")
    return int(stem) if len(stem) == 20 and stem.isdigit() else None
