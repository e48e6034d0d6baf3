"""Lists of files with data, without the notes that programs leave beside them."""

import logging

from sluice.core.errors import InputError
from sluice.data.storage.files import GLOB_CHARACTERS, list_files

log = logging.getLogger("sluice.storage")


def list_data(path: str) -> list[str]:
    """Like `list_files`, without hidden files: names below a directory, or found by a glob, that begin with . or _.

    As in Spark, Arrow and Hive, such files and those in such folders are no data: `_SUCCESS`, `_temporary`,
    `_delta_log`, `._a.jsonl` of macOS, `.ipynb_checkpoints`. A path or glob that names one finds it. Raises InputError
    without other files.
    """
    files = list_files(path)
    base = data_base(path)
    if is_hidden(path[len(base) :]):
        return files
    shown = [file for file in files if not is_hidden(file.removeprefix(base))]
    hidden = len(files) - len(shown)
    if not shown:
        raise InputError(f"The names of all {hidden} files at {path} begin with . or _: they are hidden. Name them.")
    if hidden:
        log.info("%s: %s hidden files are not read", path, f"{hidden:,}")
    return shown


def data_base(path: str) -> str:
    """Returns the directory below which a path or glob finds files: the part of a glob before its first wildcard.

    >>> data_base("a/lang=*/b.parquet"), data_base("a/b")
    ('a', 'a/b')
    """
    wild = min((path.index(char) for char in GLOB_CHARACTERS if char in path), default=len(path))
    return path[:wild].rpartition("/")[0] if wild < len(path) else path


def is_hidden(path: str) -> bool:
    """Whether a name in a path begins with . or _.

    >>> is_hidden("a/_temporary/0/b.parquet"), is_hidden("../a/b_c.json"), is_hidden("a/._b.json")
    (True, False, True)
    """
    return any(name.startswith(("_", ".")) and name.strip(".") for name in path.split("/"))
