"""s3:// against a moto server on the loopback interface."""

import pytest

pytest.importorskip("moto", reason="pip install 'sluice[s3test]'")
boto3 = pytest.importorskip("boto3")

from sluice.core.config import Plan, Transport  # noqa: E402
from sluice.core.errors import InputError, RemoteError  # noqa: E402
from sluice.data import storage  # noqa: E402
from sluice.data.plan import make_plan  # noqa: E402

DATA = bytes(range(256)) * 1000
SMALL = Transport(chunk_bytes=100_000, requests_per_s=None, attempts=1)


@pytest.fixture(scope="module")
def endpoint():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    storage._filesystem.cache_clear()
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="crawl")
    client.put_object(Bucket="crawl", Key="a/1.warc.gz", Body=DATA)
    client.put_object(Bucket="crawl", Key="a/b/2.warc.gz", Body=b"two")
    yield "s3://crawl"
    storage._filesystem.cache_clear()


def test_objects_are_read_in_ranges_and_anywhere(bucket):
    with storage.open_stream(f"{bucket}/a/1.warc.gz", SMALL) as stream:
        assert stream.read() == DATA
        stream.seek(99_999)
        assert stream.read(3) == DATA[99_999:100_002]
    assert storage.read_bytes(f"{bucket}/a/b/2.warc.gz") == b"two"


def test_objects_are_listed_by_folder_and_by_glob(bucket):
    assert storage.list_files(f"{bucket}/a") == [f"{bucket}/a/1.warc.gz", f"{bucket}/a/b/2.warc.gz"]
    assert storage.list_files(f"{bucket}/a/*.gz") == [f"{bucket}/a/1.warc.gz"]
    plan = make_plan(Plan(inputs=(f"{bucket}/**/*.gz",)))
    assert [(e.warc_name, e.size) for e in plan.entries] == [("a/1.warc.gz", 256_000), ("a/b/2.warc.gz", 3)]


def test_an_object_is_written_and_nothing_when_the_writer_fails(bucket):
    storage.write_atomic(f"{bucket}/new/x", b"data")
    assert storage.read_bytes(f"{bucket}/new/x") == b"data"
    with pytest.raises(ZeroDivisionError), storage.atomic_writer(f"{bucket}/new/y") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert not storage.exists(f"{bucket}/new/y")


def test_what_is_missing_is_named(bucket):
    with pytest.raises(RemoteError, match=f"{bucket}/none"):
        storage.open_stream(f"{bucket}/none", SMALL)
    with pytest.raises(InputError, match=r"nobucket.*does not exist"):
        storage.list_files("s3://nobucket/x/*.gz")
    with pytest.raises(InputError, match=r"nobucket.*does not exist"):
        storage.size("s3://nobucket/x", SMALL)
