"""s3:// paths on a real S3 server on the loopback interface, through a proxy that injects faults."""

import pytest

from tests.helpers import s3_server
from tests.helpers.archives import member, page, starts
from tests.helpers.index_table import index_row, write_index

pytest.importorskip("pyarrow")

from sluice.core.config.plan import PlanConfig, SelectionConfig, TransportConfig
from sluice.core.errors import InputError, RemoteError
from sluice.data import storage
from sluice.data.archives.wanted import read_wanted
from sluice.data.plan.inputs import make_plan
from sluice.data.plan.table import load_wanted, make_plan_table
from sluice.data.storage import remote

DATA = bytes(range(256)) * 1000
SMALL = TransportConfig(chunk_bytes=100_000, requests_per_s=None, attempts=1)
PATIENT = TransportConfig(chunk_bytes=100_000, requests_per_s=None, attempts=6, backoff_s=0.01, backoff_max_s=0.02)


@pytest.fixture(scope="module")
def moto():
    with s3_server.moto() as port:
        yield port


@pytest.fixture(scope="module")
def server(moto):
    with s3_server.proxy(moto) as server:
        yield server


@pytest.fixture
def bucket(server, tmp_path):
    server.faults = []
    with s3_server.bucket(server.url, "crawl", tmp_path) as uri:
        client = remote.split(uri)[0]
        put(client, "a/1.warc.gz", DATA)
        put(client, "a/b/2.warc.gz", b"two")
        server.seen.clear()
        yield uri


def put(client, key, data):
    with client.open_output_stream(f"crawl/{key}", compression=None) as stream:
        stream.write(data)


def test_objects_are_read_in_ranges_and_from_any_offset(bucket, server):
    with storage.open_stream(f"{bucket}/a/1.warc.gz", SMALL) as stream:
        assert stream.read() == DATA
        stream.seek(99_999)
        assert stream.read(3) == DATA[99_999:100_002]
    assert storage.read_bytes(f"{bucket}/a/b/2.warc.gz") == b"two"
    ranges = [found for method, path, found in server.seen if method == "GET" and "1.warc.gz" in path]
    assert ranges[:3] == ["bytes=0-99999", "bytes=100000-199999", "bytes=200000-255999"]


def test_objects_are_listed_by_folder_and_by_glob(bucket):
    assert storage.list_files(f"{bucket}/a") == [f"{bucket}/a/1.warc.gz", f"{bucket}/a/b/2.warc.gz"]
    assert storage.list_files(f"{bucket}/a/*.gz") == [f"{bucket}/a/1.warc.gz"]
    plan = make_plan(PlanConfig(inputs=(f"{bucket}/**/*.gz",)))
    assert [(e.warc_name, e.size) for e in plan.entries] == [("a/1.warc.gz", 256_000), ("a/b/2.warc.gz", 3)]


def test_reading_lines_and_records_does_not_send_a_request_for_each(bucket, server):
    lines = [f"line {i}\n".encode() for i in range(5000)]
    storage.write_atomic(f"{bucket}/lines", b"".join(lines))
    server.seen.clear()
    with storage.open_read(f"{bucket}/lines") as stream:
        assert stream.readlines() == lines
        stream.seek(5)
        assert [stream.read(2) for _ in range(100)] == [b"".join(lines)[i : i + 2] for i in range(5, 205, 2)]
    assert sum(method == "GET" for method, _, _ in server.seen) <= 3


@pytest.mark.parametrize("scheme", ["s3a", "s3n"])
def test_the_schemes_of_hadoop_are_those_of_s3(bucket, scheme):
    other = bucket.replace("s3://", f"{scheme}://")
    assert storage.list_files(f"{other}/a") == [f"{other}/a/1.warc.gz", f"{other}/a/b/2.warc.gz"]
    assert storage.list_files(f"{other}/**/*.gz") == [f"{other}/a/1.warc.gz", f"{other}/a/b/2.warc.gz"]
    storage.write_atomic(f"{other}/new/z", b"data")
    assert storage.read_bytes(f"{bucket}/new/z") == b"data" and storage.size(f"{other}/new/z") == 4
    storage.delete_tree(f"{other}/new")
    assert not storage.exists(f"{bucket}/new/z")
    with pytest.raises(InputError, match="the bucket 'nowhere' does not exist"):
        storage.read_bytes(f"{scheme}://nowhere/x")


def test_an_object_is_written_unless_the_writer_fails(bucket):
    for name in ("x", "x.gz"):  # the bytes do not depend on the extension
        storage.write_atomic(f"{bucket}/new/{name}", b"data")
        assert storage.read_bytes(f"{bucket}/new/{name}") == b"data"
    with pytest.raises(ZeroDivisionError), storage.atomic_writer(f"{bucket}/new/y") as stream:
        stream.write(b"half")
        raise ZeroDivisionError
    assert not storage.exists(f"{bucket}/new/y")


def test_a_selection_is_planned_and_read_from_the_bucket(bucket, server, tmp_path):
    parts = [member(page(f"<p>{n}</p>".encode() * 20, url=f"http://h{n}.test/")) for n in range(4)]
    offsets = starts(parts)
    client = remote.split(f"{bucket}/x")[0]
    put(client, "crawl-data/a.warc.gz", b"".join(parts))
    rows = [
        index_row("crawl-data/a.warc.gz", offsets[n], len(parts[n]), languages="zho" if n in (1, 3) else "eng")
        for n in range(4)
    ]
    with open(write_index(tmp_path / "i.parquet", rows), "rb") as stream:
        put(client, "cc-index/crawl=X/subset=warc/0.parquet", stream.read())
    plan = PlanConfig(
        inputs=(f"{bucket}/crawl-data",),
        index=(f"{bucket}/cc-index/**/*.parquet",),
        mode="index",
        selection=SelectionConfig(languages=("zho",)),
    )
    transport = TransportConfig(merge_gap_bytes=0, requests_per_s=None)
    made = make_plan_table(f"{bucket}/run", plan, transport)
    assert made.entries[0].size == offsets[-1]
    wanted = load_wanted(made.table, made.entries[0])
    server.seen.clear()
    reader = storage.open_ranges(made.entries[0].path, transport)
    found = list(read_wanted(reader, wanted, transport, is_wanted=lambda *_: True, max_bytes=1 << 20))
    reader.close()
    assert [record.url for record in found] == ["http://h1.test/", "http://h3.test/"]
    assert [found for method, _, found in server.seen if method == "GET"] == [
        f"bytes={offsets[1]}-{offsets[2] - 1}",
        f"bytes={offsets[3]}-{offsets[4] - 1}",
    ]


# faults


def test_slow_down_responses_are_retried_after_our_own_pauses(bucket, server):
    server.faults = [{"left": 4, "method": "GET", "key": "1.warc.gz", "status": 503}]
    with storage.open_stream(f"{bucket}/a/1.warc.gz", PATIENT) as stream:
        assert stream.read() == DATA
    assert server.faults[0]["left"] == 0
    assert len([1 for method, path, _ in server.seen if method == "GET" and "1.warc.gz" in path]) == 3 + 4


def test_endless_slow_down_responses_are_an_error_after_the_configured_attempts(bucket, server):
    server.faults = [{"left": 10**6, "method": "GET", "key": "1.warc.gz", "status": 503}]
    two = TransportConfig(chunk_bytes=10**6, requests_per_s=None, attempts=2, backoff_s=0.01, backoff_max_s=0.02)
    with (
        storage.open_stream(f"{bucket}/a/1.warc.gz", two) as stream,
        pytest.raises(RemoteError, match=r"a/1\.warc\.gz: .*at the last of 2 attempts"),
    ):
        stream.read()
    assert len([1 for method, path, _ in server.seen if method == "GET" and "1.warc.gz" in path]) == 2


def test_a_connection_cut_inside_a_body_is_retried(bucket, server):
    server.faults = [{"left": 2, "method": "GET", "key": "1.warc.gz", "cut": 40_000}]
    with storage.open_stream(f"{bucket}/a/1.warc.gz", PATIENT) as stream:
        assert stream.read() == DATA
    assert server.faults[0]["left"] == 0


# bad input


def test_a_missing_object_is_an_error_with_its_path(bucket):
    with pytest.raises(RemoteError, match=f"{bucket}/none: it is not a file"):
        storage.open_stream(f"{bucket}/none", SMALL)
    with pytest.raises(InputError, match=f"{bucket}/none: it is not a file"):
        storage.open_read(f"{bucket}/none")


def test_a_missing_bucket_is_an_error_with_its_name(bucket):
    words = r"nobucket.*the bucket 'nobucket' does not exist; check its name, region and AWS_ENDPOINT_URL"
    for call in (
        lambda: storage.list_files("s3://nobucket/x/*.gz"),
        lambda: storage.list_files("s3://nobucket/x"),
        lambda: storage.size("s3://nobucket/x", SMALL),
        lambda: storage.open_read("s3://nobucket/x"),
        lambda: storage.open_ranges("s3://nobucket/x", SMALL),
        lambda: make_plan(PlanConfig(inputs=("s3://nobucket/x/",))),
    ):
        with pytest.raises(InputError, match=words):
            call()
    with pytest.raises(InputError, match=r"nobucket.*bucket does not exist"):
        storage.write_atomic("s3://nobucket/x", b"")


CALLS = {
    "size": lambda path: storage.size(path, PATIENT),
    "open_stream": lambda path: storage.open_stream(path, PATIENT),
    "open_read": storage.open_read,
    "list_files": storage.list_files,
    "exists": storage.exists,
    "write": lambda path: storage.write_atomic(path, b"x"),
}


@pytest.mark.parametrize("call", CALLS)
def test_refused_credentials_are_an_error_that_explains_how_to_set_them(bucket, moto, call):
    s3_server.check_credentials(moto, "0")
    try:
        with pytest.raises(InputError, match=r"rejected the credentials in AWS_ACCESS_KEY_ID\. Set AWS_ACCESS_KEY_ID"):
            CALLS[call](f"{bucket}/a/1.warc.gz")
    finally:
        s3_server.check_credentials(moto, "inf")


@pytest.mark.parametrize("call", CALLS)
def test_missing_credentials_are_an_error_that_explains_how_to_set_them(bucket, server, monkeypatch, call):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    remote._filesystem.cache_clear()
    server.faults = [{"left": 10**6, "unsigned": True, "status": 403}]  # like Amazon S3; moto fails on such requests
    with pytest.raises(InputError, match=r"requires credentials, but there are none .* Set AWS_ACCESS_KEY_ID and"):
        CALLS[call](f"{bucket}/a/1.warc.gz")
    assert len(server.seen) <= 3  # a refused request is not retried
