"""Clients of object stores and HDFS: `s3://` (also as `s3a://`), `gs://`, `abfss://`, `hdfs://`, and their errors.

They are pyarrow's rather than fsspec's: pyarrow is needed for tables anyway, one wheel includes all of them, and no
event loop breaks when a process forks (fsspec/s3fs#914). They have threads too, so each process creates its own on
first use.
"""

import contextlib
import functools
import os
import shutil
import subprocess
from typing import Any

from sluice.core.errors import InputError, without_secrets

S3 = ("s3", "s3a", "s3n")
"""Schemes of S3. The last two are those of Hadoop's connector; the objects are the same."""
HDFS = ("hdfs", "viewfs")


def is_s3(uri: str) -> bool:
    """Whether a URI is that of an object in S3."""
    return uri.partition("://")[0] in S3


def split(uri: str, attempts: int = 3) -> tuple[Any, str]:
    """Returns this process's filesystem for a URI, whose client makes up to `attempts` attempts, and the key in it."""
    scheme, host, key = _parts(uri)
    if scheme in ("http", "https"):
        raise InputError(f"{without_secrets(uri)} can only be read as one file. Use a local path or s3://.")
    filesystem = _filesystem(f"{scheme}://{host}/", os.getpid(), attempts)
    # pyarrow's object stores address `bucket/key`; hdfs addresses `/key` on its host
    return filesystem, f"/{key}" if scheme in (*HDFS, "file") else f"{_bucket(scheme, host)}/{key}"


def uri_of(base: str, path: str) -> str:
    """Returns the URI of a path that the filesystem of the URI `base` has listed."""
    scheme, host, _ = _parts(base)
    if scheme in (*HDFS, "file"):
        return f"{scheme}://{host}{path}"
    return f"{scheme}://{host}/{path.removeprefix(_bucket(scheme, host)).lstrip('/')}"


def _parts(uri: str) -> tuple[str, str, str]:
    scheme, _, rest = uri.partition("://")
    host, _, key = rest.partition("/")
    return scheme, host, key


def _bucket(scheme: str, host: str) -> str:
    """The bucket in pyarrow's paths. Azure's URIs have container@account.dfs.core.windows.net."""
    return host.partition("@")[0] if scheme in ("abfs", "abfss") else host


@functools.cache
def _filesystem(scheme_and_host: str, _pid: int, attempts: int) -> Any:
    try:
        from pyarrow import fs
    except ImportError as e:
        raise InputError(f"Reading {scheme_and_host} needs pyarrow: pip install 'sluice[objectstore]'.") from e
    scheme, host, _ = _parts(scheme_and_host)
    try:
        if scheme in S3:
            return _s3(host, attempts)
        if scheme in HDFS:
            _set_hadoop_classes()
        return fs.FileSystem.from_uri(scheme_and_host)[0]
    except Exception as e:  # pyarrow raises ArrowInvalid, OSError or ValueError by scheme
        raise InputError(f"Cannot open the storage of {scheme_and_host}: {reason(e)}") from e


def _set_hadoop_classes() -> None:
    """Sets CLASSPATH, which libhdfs needs, as Hadoop's command prints it, unless it is set or there is no command."""
    if "CLASSPATH" not in os.environ and (hadoop := shutil.which("hadoop")):
        found = subprocess.run([hadoop, "classpath", "--glob"], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            os.environ["CLASSPATH"] = found.stdout.strip()


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


MAX_REASON = 400
"""Characters of a library's message that are shown."""
REFUSALS = ("ACCESS_DENIED", "INVALID_ACCESS_KEY", "SIGNATURE_DOES_NOT_MATCH", "UNRECOGNIZED_CLIENT", "HTTP status 403")
NO_BUCKETS = ("NO_SUCH_BUCKET", "NoSuchBucket", "bucket does not exist")


def reason(error: BaseException) -> str:
    """Describes an error in one line, with advice for known causes."""
    words = str(getattr(error, "strerror", None) or error or type(error).__name__)
    line = " ".join(words.split())
    if len(line) > MAX_REASON:  # libhdfs lists a hundred places without a library
        line = line[:MAX_REASON] + " …"
    return line.rstrip(".") + hint(error)


def hint(error: BaseException) -> str:
    """Returns advice for a known cause, or an empty string."""
    words = str(error)
    if any(refusal in words for refusal in REFUSALS):
        return (
            f". {_credentials()}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, set AWS_PROFILE, or assign a role "
            "to the machine. Common Crawl can be read without credentials from https://data.commoncrawl.org/"
        )
    if any(missing in words for missing in NO_BUCKETS):
        return ". The bucket does not exist; check its name, region and AWS_ENDPOINT_URL"
    if any(name in words for name in ("libjvm", "libhdfs")):
        return (
            ". hdfs:// needs Hadoop's native client, on the driver and in the Python of the executors. Set JAVA_HOME, "
            "HADOOP_HOME (whose lib/native has libhdfs.so) and CLASSPATH=$(hadoop classpath --glob); for executors, "
            "with spark.executorEnv.NAME"
        )
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


def absence(path: str, filesystem: Any) -> str:
    """Explains why an object store has no file at `path`."""
    bucket = _parts(path)[1]
    with contextlib.suppress(OSError):  # permission to read objects does not include the bucket
        if is_s3(path) and filesystem.get_file_info(bucket).type.name == "NotFound":
            return f"the bucket {bucket!r} does not exist; check its name, region and AWS_ENDPOINT_URL"
    return "it is not a file; check the path"
