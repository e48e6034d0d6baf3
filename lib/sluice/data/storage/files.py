"""File access for the whole package: local paths, `file://`, object stores, `hdfs://` and, for reading, `https://`.

The clients of object stores are in `remote`, HTTP and ranged reads with retries in `http` and `ranges`.
"""

import contextlib
import errno
import fnmatch
import functools
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import InputError, RemoteError
from sluice.data.storage import http, ranges, remote

GLOB_CHARACTERS = frozenset("*?[")
BUFFER_BYTES = 256 << 10
"""Smallest range that `open_read` requests of a remote file."""


def is_uri(path: str) -> bool:
    """Whether a path has a URI scheme."""
    return "://" in path


def join(path: str, *parts: str) -> str:
    """Joins parts to a path, with one slash between them."""
    return "/".join((path.rstrip("/"), *(part.strip("/") for part in parts)))


def open_read(path: str) -> BinaryIO:
    """Opens a seekable binary stream for random access. Raises InputError if the file does not exist."""
    if http.is_http(path):
        return open_stream(path, TransportConfig())
    try:
        if not is_uri(path):
            return open(path, "rb")
        filesystem, key = remote.split(path)
        # without a buffer, each line or record of a file would be a request
        return io.BufferedReader(filesystem.open_input_file(key), BUFFER_BYTES)
    except OSError as e:
        if isinstance(e, FileNotFoundError) and remote.is_s3(path):
            raise InputError(f"Cannot read {path}: {remote.absence(path, filesystem)}.") from e
        raise InputError(f"Cannot read {path}: {remote.reason(e)}. Check that it exists and is readable.") from e


def open_stream(path: str, transport: TransportConfig) -> BinaryIO:
    """Opens a binary stream for sequential reading. Remote files are read in ranges, with retries.

    Raises InputError if a local file does not exist, and RemoteError, now or later, if a remote one cannot be read.
    """
    if not is_remote(path):
        return open_read(path)
    return ranges.open_source(_source(path, transport), ranges.RetryPolicy.of(transport))


def open_ranges(path: str, transport: TransportConfig) -> ranges.RangeReader:
    """Opens a file for reading individual ranges. Raises as `open_stream` does."""
    if is_remote(path):
        return ranges.RemoteRanges(_source(path, transport), ranges.RetryPolicy.of(transport))
    return _StreamRanges(open_read(path))


def is_remote(path: str) -> bool:
    """Whether a path is accessed over a network."""
    return is_uri(path) and not path.startswith("file://")


def stream_size(stream: BinaryIO) -> int:
    """Returns the length of an open file in bytes and rewinds the stream to its beginning."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    return size


class _StreamRanges:
    """Ranges of a local stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream_size(stream)

    def read(self, start: int, stop: int) -> bytes:
        self._stream.seek(start)
        return self._stream.read(stop - start)

    def close(self) -> None:
        self._stream.close()


def _source(path: str, transport: TransportConfig) -> ranges.ByteSource:
    return http.HttpFile(path, transport) if http.is_http(path) else _Object(path)


class _Object:
    """A file in an object store as a ByteSource."""

    def __init__(self, path: str) -> None:
        self.name = path
        # one request per attempt: retries are ours, as the client's pauses are too short and its retries too many
        self._filesystem, self._key = remote.split(path, attempts=1)
        self._file: Any = None

    def fetch_size(self) -> int:
        info = self._try(lambda: self._filesystem.get_file_info(self._key))
        if not info.is_file:
            raise ranges.Failure(remote.absence(self.name, self._filesystem), is_final=True)
        return cast(int, info.size)

    def iter_range(self, start: int, stop: int) -> Iterator[bytes]:
        if self._file is None:
            self._file = self._try(lambda: self._filesystem.open_input_file(self._key))
        yield self._try(lambda: self._file.read_at(stop - start, start))

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _try(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except OSError as e:
            self._file = None
            raise ranges.Failure(
                remote.reason(e), is_final=remote.hint(e) != "" or isinstance(e, FileNotFoundError)
            ) from e


def read_bytes(path: str) -> bytes:
    """Reads a whole file."""
    with open_read(path) as stream:
        return stream.read()


def size(path: str, transport: TransportConfig | None = None) -> int:
    """Returns the length of a file in bytes. Raises InputError if it does not exist."""
    if is_remote(path):
        transport = transport or TransportConfig()
        return ranges.fetch_size(_source(path, transport), ranges.RetryPolicy.of(transport))
    try:
        if not is_uri(path):
            status = os.stat(path)
            if not stat.S_ISDIR(status.st_mode):
                return status.st_size
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        filesystem, key = remote.split(path)
        info = filesystem.get_file_info(key)
    except OSError as e:
        raise InputError(f"Cannot read {path}: {remote.reason(e)}. Check that it exists and is readable.") from e
    if not info.is_file:
        raise InputError(f"Cannot read {path}: it is not a file. Check the path.")
    return cast(int, info.size)


def exists(path: str) -> bool:
    """Whether a file or directory exists."""
    if not is_uri(path):
        return os.path.exists(path)
    if http.is_http(path):
        try:
            return size(path) >= 0
        except RemoteError as e:
            if e.is_absent:
                return False
            raise
    filesystem, key = remote.split(path)
    try:
        return filesystem.get_file_info(key).type.name != "NotFound"
    except OSError as e:
        raise InputError(f"Cannot look up {path}: {remote.reason(e)}") from e


def write_atomic(path: str, data: bytes) -> None:
    """Writes a whole file atomically: a reader sees the old file, if any, or all of the new one."""
    with atomic_writer(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def atomic_writer(path: str) -> Iterator[BinaryIO]:
    """Opens a binary stream whose content appears under `path` only if the block ends without an error.

    Local files are written to a temporary file next to `path` and renamed; object stores publish on close. Creates
    parent directories. Raises InputError, before the block if possible, if `path` is not writable.
    """
    path = path.removeprefix("file://")
    if not is_uri(path):
        target = Path(path)
        with _writing(path):
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            with _writing(path):
                os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        return
    filesystem, key = remote.split(path)
    spool = tempfile.SpooledTemporaryFile(max_size=256 << 20)  # an aborted upload must never start
    with spool:
        yield cast(BinaryIO, spool)
        spool.seek(0)
        if filesystem.type_name == "hdfs":
            filesystem.create_dir(key.rpartition("/")[0], recursive=True)
        # by default, pyarrow compresses files with names ending in .gz
        with _writing(path), filesystem.open_output_stream(key, compression=None) as stream:
            shutil.copyfileobj(spool, stream, 1 << 20)


@contextlib.contextmanager
def _writing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise InputError(
            f"Cannot write {path}: {remote.reason(e)}. Choose another location, or free space there."
        ) from e


def delete_tree(path: str) -> None:
    """Removes a directory and everything below it. Does nothing if it does not exist."""
    if not is_uri(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    filesystem, key = remote.split(path)
    if filesystem.get_file_info(key).type.name == "Directory":
        filesystem.delete_dir(key)


def delete_file(path: str) -> None:
    """Removes a file. Does nothing if it does not exist."""
    if not is_uri(path):
        Path(path).unlink(missing_ok=True)
        return
    filesystem, key = remote.split(path)
    if filesystem.get_file_info(key).is_file:
        filesystem.delete_file(key)


def list_files(path: str) -> list[str]:
    """Lists a file, all files below a directory or those matching a glob, sorted. Raises InputError without files.

    In a glob, `*` and `?` do not match slashes, and `**` matches any depth. An https:// URL is returned as one file.
    """
    if http.is_http(path):
        http.require_safe(path)
        if path.endswith("/") or "*" in path:
            raise InputError(f"{path}: directories on web servers cannot be listed. Use files or a *.paths.gz list.")
        return [path]
    found = _list_remote(path) if is_uri(path) else _list_local(path)
    if not found:
        raise InputError(f"No input files at {path}. Use an existing file, a directory that contains files, or a glob.")
    return sorted(found)


def _list_local(path: str) -> list[str]:
    if GLOB_CHARACTERS & set(path) and not os.path.exists(path):
        root = os.path.dirname(path[: min(path.index(c) for c in GLOB_CHARACTERS if c in path)])
        candidates = _walk(root) if root else [name.removeprefix("./") for name in _walk(".")]
        return list(filter(glob_pattern(path).fullmatch, candidates))
    if os.path.isfile(path):
        return [path]
    return _walk(path)


def _walk(root: str) -> list[str]:
    return [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]


def _list_remote(path: str) -> list[str]:
    from pyarrow import fs

    wild = GLOB_CHARACTERS & set(path)
    root = path[: min(path.index(c) for c in wild)].rpartition("/")[0] if wild else path
    filesystem, key = remote.split(root)
    try:
        info = filesystem.get_file_info(key)
        if info.type == fs.FileType.NotFound:
            if remote.is_s3(path):
                raise InputError(f"Cannot list {path}: {remote.absence(root, filesystem)}.")
            return []
        infos = [] if info.is_file else filesystem.get_file_info(fs.FileSelector(key, recursive=True))
    except OSError as e:
        if isinstance(e, InputError):
            raise
        raise InputError(f"Cannot list {path}: {remote.reason(e)}") from e
    if info.is_file:
        return [path]
    names = [remote.uri_of(root, info.path) for info in infos if info.is_file]
    return [name for name in names if not wild or glob_pattern(path).fullmatch(name)]


@functools.cache
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Converts a glob to a regular expression. `*` and `?` do not match slashes; `**/` matches any folders, or none."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\])", glob)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = ""
    for i, part in enumerate(parts):
        if i % 2 == 0:
            found += re.escape(part)
        elif part in words:
            found += words[part]
        else:
            found += "(?!/)" + re.sub(r"^\(\?s:|\)\\[Zz]$", "", fnmatch.translate(part))
    return re.compile(found, re.DOTALL)
