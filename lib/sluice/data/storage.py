"""The only opener of files. A path is a local path or a URI that pyarrow.fs knows (`s3://`, `gs://`, `hdfs://`, `file://`).

Filesystem objects are made on first use in the process that uses them: they hold threads and must not be forked.
"""

import contextlib
import errno
import fnmatch
import functools
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from sluice.core.errors import InputError

GLOB_CHARACTERS = frozenset("*?[")


def is_uri(path: str) -> bool:
    """Whether a path names a filesystem scheme."""
    return "://" in path


def join(path: str, *parts: str) -> str:
    """Parts below a path, with one slash between."""
    return "/".join((path.rstrip("/"), *(part.strip("/") for part in parts)))


@functools.cache
def _filesystem(scheme_and_host: str) -> Any:
    try:
        from pyarrow import fs
    except ImportError as e:
        raise InputError(f"Reading {scheme_and_host} needs pyarrow: pip install 'sluice[objectstore]'.") from e
    try:
        return fs.FileSystem.from_uri(scheme_and_host)[0]
    except Exception as e:  # pyarrow raises ArrowInvalid, OSError or ValueError by scheme
        raise InputError(f"Cannot open the storage of {scheme_and_host}: {e}") from e


def _split(uri: str) -> tuple[Any, str]:
    scheme, _, rest = uri.partition("://")
    if scheme == "file":
        return _filesystem("file:///"), rest
    host, _, key = rest.partition("/")
    filesystem = _filesystem(f"{scheme}://{host}/")
    # pyarrow's object stores address `bucket/key`; hdfs addresses `/key` on the host it was opened with
    return filesystem, f"/{key}" if scheme in ("hdfs", "viewfs") else f"{host}/{key}"


def open_read(path: str) -> BinaryIO:
    """A seekable binary stream. Raises InputError when the file is not there."""
    try:
        if not is_uri(path):
            return open(path, "rb")
        filesystem, key = _split(path)
        return cast(BinaryIO, filesystem.open_input_file(key))
    except OSError as e:
        raise InputError(f"Cannot read {path}: {_reason(e)}. Check that it exists and may be read.") from e


def read_bytes(path: str) -> bytes:
    """The whole file."""
    with open_read(path) as stream:
        return stream.read()


def size(path: str) -> int:
    """Length of a file in bytes. Raises InputError when it is not there."""
    try:
        if not is_uri(path):
            status = os.stat(path)
            if not stat.S_ISDIR(status.st_mode):
                return status.st_size
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        filesystem, key = _split(path)
        info = filesystem.get_file_info(key)
    except OSError as e:
        raise InputError(f"Cannot read {path}: {_reason(e)}. Check that it exists and may be read.") from e
    if not info.is_file:
        raise InputError(f"Cannot read {path}: it is not a file. Check the path.")
    return cast(int, info.size)


def exists(path: str) -> bool:
    """Whether a file or directory is there."""
    if not is_uri(path):
        return os.path.exists(path)
    filesystem, key = _split(path)
    return filesystem.get_file_info(key).type.name != "NotFound"


def write_atomic(path: str, data: bytes) -> None:
    """Puts a whole file in one act: a reader sees the old file, or none, or all of the new one."""
    with atomic_writer(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def atomic_writer(path: str) -> Iterator[BinaryIO]:
    """A binary stream whose bytes appear under `path` when the block ends well, and not at all otherwise.

    Local files are written beside their place and renamed; object stores publish on close. Parents are made.
    """
    if not is_uri(path):
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        return
    filesystem, key = _split(path)
    spool = tempfile.SpooledTemporaryFile(max_size=256 << 20)  # an aborted upload must never start
    with spool:
        yield cast(BinaryIO, spool)
        spool.seek(0)
        if filesystem.type_name in ("local", "hdfs"):
            filesystem.create_dir(key.rpartition("/")[0], recursive=True)
        with filesystem.open_output_stream(key) as stream:
            shutil.copyfileobj(spool, stream, 1 << 20)


def delete_tree(path: str) -> None:
    """Removes a directory and all below it; nothing happens when it is not there."""
    if not is_uri(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    filesystem, key = _split(path)
    if filesystem.get_file_info(key).type.name == "Directory":
        filesystem.delete_dir(key)


def list_files(path: str) -> list[str]:
    """All files at a file, below a directory or matching a glob, sorted. Raises InputError when there is none."""
    found = _list_remote(path) if is_uri(path) else _list_local(path)
    if not found:
        raise InputError(f"No input files at {path}. Give an existing file, a directory that holds files, or a glob.")
    return sorted(found)


def _list_local(path: str) -> list[str]:
    if GLOB_CHARACTERS & set(path) and not os.path.exists(path):
        root = os.path.dirname(path[: min(path.index(c) for c in GLOB_CHARACTERS if c in path)])
        candidates = _walk(root) if root else [name.removeprefix("./") for name in _walk(".")]
        return [name for name in candidates if fnmatch.fnmatchcase(name, path)]
    if os.path.isfile(path):
        return [path]
    return _walk(path)


def _walk(root: str) -> list[str]:
    return [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]


def _list_remote(path: str) -> list[str]:
    from pyarrow import fs

    scheme = path.partition("://")[0]
    wild = GLOB_CHARACTERS & set(path)
    root = path[: min(path.index(c) for c in wild)].rpartition("/")[0] if wild else path
    filesystem, key = _split(root)
    info = filesystem.get_file_info(key)
    if info.is_file:
        return [path]
    if info.type == fs.FileType.NotFound:
        return []
    host = "" if scheme == "file" else root.partition("://")[2].partition("/")[0] if scheme == "hdfs" else ""
    infos = filesystem.get_file_info(fs.FileSelector(key, recursive=True))
    names = [f"{scheme}://{host}{info.path}" for info in infos if info.is_file]
    return [name for name in names if not wild or fnmatch.fnmatchcase(name, path)]


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
