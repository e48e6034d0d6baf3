"""File access for the whole package: local paths, `file://`, `s3://`, `gs://`, `hdfs://` and, for reading, `https://`.

Object stores are read through pyarrow.fs rather than fsspec: pyarrow is needed for tables anyway, one wheel includes
s3, gs and hdfs, and no event loop breaks when a process forks (fsspec/s3fs#914). Its filesystems have threads too, so
each process creates its instances on first use. HTTP and ranged reads with retries are in `http` and `ranges`.
"""

import contextlib
import errno
import fnmatch
import functools
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from sluice.core.config.plan import TransportConfig
from sluice.core.errors import InputError, RemoteError, without_secrets
from sluice.data.storage import http, ranges

GLOB_CHARACTERS = frozenset("*?[")


def is_uri(path: str) -> bool:
    """Whether a path has a URI scheme."""
    return "://" in path


def join(path: str, *parts: str) -> str:
    """Joins parts to a path, with one slash between them."""
    return "/".join((path.rstrip("/"), *(part.strip("/") for part in parts)))


def _split(uri: str, attempts: int = 3) -> tuple[Any, str]:
    """Returns this process's filesystem for a URI, whose client makes up to `attempts` attempts, and the key in it."""
    scheme, _, rest = uri.partition("://")
    host, _, key = rest.partition("/")
    if scheme in ("http", "https"):
        raise InputError(f"{without_secrets(uri)} can only be read as one file. Use a local path or s3://.")
    filesystem = _filesystem(f"{scheme}://{host}/", os.getpid(), attempts)
    # pyarrow's object stores address `bucket/key`; hdfs addresses `/key` on its host
    return filesystem, f"/{key}" if scheme in ("hdfs", "viewfs", "file") else f"{host}/{key}"


@functools.cache
def _filesystem(scheme_and_host: str, _pid: int, attempts: int) -> Any:
    try:
        from pyarrow import fs
    except ImportError as e:
        raise InputError(f"Reading {scheme_and_host} needs pyarrow: pip install 'sluice[objectstore]'.") from e
    scheme, _, host = scheme_and_host.rstrip("/").partition("://")
    try:
        return _s3(host, attempts) if scheme == "s3" else fs.FileSystem.from_uri(scheme_and_host)[0]
    except Exception as e:  # pyarrow raises ArrowInvalid, OSError or ValueError by scheme
        raise InputError(f"Cannot open the storage of {scheme_and_host}: {_reason(e)}") from e


def _s3(bucket: str, attempts: int) -> Any:
    """Returns a client with the credentials of the environment. AWS_ENDPOINT_URL sets a server other than Amazon's."""
    from pyarrow import fs

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    settings: dict[str, Any] = {"endpoint_override": endpoint} if endpoint else {}
    return fs.S3FileSystem(
        region=region or ("us-east-1" if endpoint else fs.resolve_s3_region(bucket)),
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=attempts),
        connect_timeout=10,
        request_timeout=60,
        **settings,
    )


def open_read(path: str) -> BinaryIO:
    """Opens a seekable binary stream for random access. Raises InputError if the file does not exist."""
    if http.is_http(path):
        return open_stream(path, TransportConfig())
    try:
        if not is_uri(path):
            return open(path, "rb")
        filesystem, key = _split(path)
        return cast(BinaryIO, filesystem.open_input_file(key))
    except OSError as e:
        if isinstance(e, FileNotFoundError) and path.startswith("s3://"):
            raise InputError(f"Cannot read {path}: {_absence(path, filesystem)}.") from e
        raise InputError(f"Cannot read {path}: {_reason(e)}. Check that it exists and is readable.") from e


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
        self._filesystem, self._key = _split(path, attempts=1)
        self._file: Any = None

    def fetch_size(self) -> int:
        info = self._try(lambda: self._filesystem.get_file_info(self._key))
        if not info.is_file:
            raise ranges.Failure(_absence(self.name, self._filesystem), is_final=True)
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
            raise ranges.Failure(_reason(e), is_final=_hint(e) != "" or isinstance(e, FileNotFoundError)) from e


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
        filesystem, key = _split(path)
        info = filesystem.get_file_info(key)
    except OSError as e:
        raise InputError(f"Cannot read {path}: {_reason(e)}. Check that it exists and is readable.") from e
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
    filesystem, key = _split(path)
    try:
        return filesystem.get_file_info(key).type.name != "NotFound"
    except OSError as e:
        raise InputError(f"Cannot look up {path}: {_reason(e)}") from e


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
    filesystem, key = _split(path)
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
        raise InputError(f"Cannot write {path}: {_reason(e)}. Choose another location, or free space there.") from e


def delete_tree(path: str) -> None:
    """Removes a directory and everything below it. Does nothing if it does not exist."""
    if not is_uri(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    filesystem, key = _split(path)
    if filesystem.get_file_info(key).type.name == "Directory":
        filesystem.delete_dir(key)


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

    scheme = path.partition("://")[0]
    wild = GLOB_CHARACTERS & set(path)
    root = path[: min(path.index(c) for c in wild)].rpartition("/")[0] if wild else path
    filesystem, key = _split(root)
    try:
        info = filesystem.get_file_info(key)
        if info.type == fs.FileType.NotFound:
            if scheme == "s3":
                raise InputError(f"Cannot list {path}: {_absence(root, filesystem)}.")
            return []
        infos = [] if info.is_file else filesystem.get_file_info(fs.FileSelector(key, recursive=True))
    except OSError as e:
        if isinstance(e, InputError):
            raise
        raise InputError(f"Cannot list {path}: {_reason(e)}") from e
    if info.is_file:
        return [path]
    host = "" if scheme == "file" else root.partition("://")[2].partition("/")[0] if scheme == "hdfs" else ""
    names = [f"{scheme}://{host}{info.path}" for info in infos if info.is_file]
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


REFUSALS = ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE_DOES_NOT_MATCH", "UNRECOGNIZED_CLIENT", "HTTP status 403")
NO_BUCKETS = ("NO_SUCH_BUCKET", "NoSuchBucket", "bucket does not exist")


def _reason(error: BaseException) -> str:
    """Describes an error in one line, with advice for known causes."""
    words = str(getattr(error, "strerror", None) or error or type(error).__name__)
    return " ".join(words.split()).rstrip(".") + _hint(error)


def _hint(error: BaseException) -> str:
    words = str(error)
    if any(refusal in words for refusal in REFUSALS):
        return (
            f". {_credentials()}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, set AWS_PROFILE, or assign a role "
            "to the machine. Common Crawl can be read without credentials from https://data.commoncrawl.org/"
        )
    if any(missing in words for missing in NO_BUCKETS):
        return ". The bucket does not exist; check its name, region and AWS_ENDPOINT_URL"
    return ""


def _credentials() -> str:
    """Names the credentials that a storage service rejected, by their source, in lookup order."""
    environment = os.environ.get
    shared = environment("AWS_SHARED_CREDENTIALS_FILE") or os.path.expanduser("~/.aws/credentials")
    if environment("AWS_ACCESS_KEY_ID"):
        return "The storage rejected the credentials in AWS_ACCESS_KEY_ID"
    if environment("AWS_PROFILE"):
        return f"The storage rejected the credentials of AWS_PROFILE {environment('AWS_PROFILE')!r}"
    if os.path.isfile(shared):
        return f"The storage rejected the credentials in {shared}"
    if environment("AWS_ROLE_ARN") or environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return "The storage rejected the role of this machine"
    return "The storage requires credentials, but there are none in the environment or in ~/.aws"


def _absence(path: str, filesystem: Any) -> str:
    """Explains why an object store has no file at `path`."""
    scheme, _, rest = path.partition("://")
    bucket = rest.partition("/")[0]
    with contextlib.suppress(OSError):  # permission to read objects does not include the bucket
        if scheme == "s3" and filesystem.get_file_info(bucket).type.name == "NotFound":
            return f"the bucket {bucket!r} does not exist; check its name, region and AWS_ENDPOINT_URL"
    return "it is not a file; check the path"
