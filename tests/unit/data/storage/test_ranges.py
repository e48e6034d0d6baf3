"""Range reads from a real server on the loopback interface that injects faults; only the clock is simulated."""

import contextlib
import gzip
import http.server
import re
import threading

import pytest

from sluice.core.config.plan import PlanConfig, SelectionConfig, TransportConfig
from sluice.core.errors import InputError, RemoteError
from sluice.data import storage
from sluice.data.plan.cc_index import IndexCounts, iter_wanted, list_index
from sluice.data.plan.inputs import make_plan
from sluice.data.storage import http as http_file
from sluice.data.storage import ranges as remote
from tests.helpers.index_table import index_row, write_index

DATA = bytes(i * 7 % 251 for i in range(1_000_003))
FAST = TransportConfig(chunk_bytes=100_000, requests_per_s=None, attempts=4, timeout_s=5.0, user_agent="test agent")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        server.seen.append((self.command, self.headers.get("Range"), self.headers.get("User-Agent")))
        # the first fault for this method that is not used up
        for fault in server.faults:
            if fault["left"] and fault.get("method", "GET") == self.command:
                fault["left"] -= 1
                return self.answer(**{k: v for k, v in fault.items() if k not in ("left", "method")})
        return self.answer()

    def answer(self, status=None, headers=(), cut=None, ranges=True, etag='"1"', data=None, declared=None, silent=None):
        if silent == 0:  # no status line either
            return self.hold()
        data = self.server.files.get(self.path) if data is None else data
        if status or data is None:
            body, status = b"<Error>SlowDown</Error>", status or 404
            self.send_response(status)
        else:
            match = re.match(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
            if match and ranges:
                start, stop = int(match[1]), min(int(match[2]) + 1, len(data))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
                body = data[start:stop]
            else:
                self.send_response(200)
                body = data
            self.send_header("ETag", etag)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(declared or len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: silent if cut is None else cut])
        if silent:
            return self.hold()
        if cut is not None or (declared and declared != len(body)):
            self.close_connection = True

    def hold(self):
        self.server.released.wait(10)
        self.close_connection = True


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.faults, server.seen = {"/a.warc.gz": DATA}, [], []
        server.handle_error = lambda *_: None  # tests close connections on purpose
        server.released = threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def pauses():
    return []


def opened(server, pauses, path="/a.warc.gz", transport=FAST):
    retries = remote.RetryPolicy(transport, sleep=pauses.append, jitter=lambda: 0.5)
    return remote.open_source(http_file.HttpFile(server.url + path, transport), retries)


def test_a_file_is_read_in_ranges_with_our_user_agent(server, pauses):
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert pauses == []
    assert [r for _, r, _ in server.seen][:3] == [None, "bytes=0-99999", "bytes=100000-199999"]
    assert len(server.seen) == 12  # HEAD, ten full ranges and the last one
    assert {agent for _, _, agent in server.seen} == {"test agent"}


def test_a_stream_is_read_from_any_offset(server, pauses):
    with opened(server, pauses) as stream:
        assert stream.read(12) == DATA[:12]
        for place in (0, 950_000, 99_999, 1_000_002, 300_000):
            stream.seek(place)
            assert stream.read(150_000) == DATA[place : place + 150_000]
        assert stream.tell() == 450_000
        stream.seek(2_000_000)
        assert stream.read(1) == b""


@pytest.mark.parametrize("size", [0, 1, 99_999, 100_000, 100_001])
def test_files_around_the_length_of_a_range_are_read(server, pauses, size):
    server.files["/b"] = DATA[:size]
    with opened(server, pauses, "/b") as stream:
        assert stream.read() == DATA[:size]


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_refused_requests_are_repeated_after_growing_pauses(server, pauses, status):
    server.faults = [{"left": 3, "status": status}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert pauses == [1.5, 2.5, 4.5]  # the mean of the minimum of 1 s and of 2, 4, 8 s


def test_retry_after_sets_the_pause_up_to_the_maximum(server, pauses):
    server.faults = [
        {"left": 1, "status": 503, "headers": [("Retry-After", "7")]},
        {"left": 1, "status": 429, "headers": [("Retry-After", "7200")]},
    ]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert pauses == [7.0, 60.0]


def test_retries_are_limited_and_the_error_has_their_number(server, pauses):
    server.faults = [{"left": 10**6, "status": 503}]
    with opened(server, pauses) as stream, pytest.raises(RemoteError, match=r"a\.warc\.gz: HTTP 503.*4 attempts"):
        stream.read()
    assert len(pauses) == 3


def test_a_missing_file_is_requested_once(server, pauses):
    with pytest.raises(RemoteError, match="HTTP 404, is not there"):
        opened(server, pauses, "/none")
    assert (len(server.seen), pauses) == (1, [])


def test_a_body_cut_off_is_resumed_at_the_first_unread_byte(server, pauses):
    server.faults = [{"left": 1, "cut": 70_000}, {"left": 1, "cut": 10_000}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    ranges = [r for _, r, _ in server.seen]
    assert ranges[1:4] == ["bytes=0-99999", "bytes=70000-99999", "bytes=80000-99999"]


def test_a_body_cut_off_on_every_attempt_is_an_error(server, pauses):
    server.faults = [{"left": 10**6, "cut": 0}]
    with opened(server, pauses) as stream, pytest.raises(RemoteError, match="ended at byte 0, before 100000"):
        stream.read()
    assert len(pauses) == 3


def test_a_body_shorter_than_its_content_length_is_resumed(server, pauses):
    server.faults = [{"left": 1, "declared": 150_000}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize(
    "fault",
    [
        {"silent": 0},
        {"silent": 30_000},
        {"silent": 0, "method": "HEAD"},
        {"declared": 150_000, "cut": 5},  # declares more bytes, and closes the connection
    ],
)
def test_a_silent_server_is_treated_as_a_broken_connection(server, pauses, fault):
    server.faults = [{"left": 1, **fault}]
    slow = TransportConfig(chunk_bytes=100_000, requests_per_s=None, timeout_s=0.2)
    with opened(server, pauses, transport=slow) as stream:
        assert stream.read() == DATA
    assert (server.faults[0]["left"], len(pauses)) == (0, 1)


def test_a_server_that_stays_silent_is_an_error_with_the_number_of_attempts(server, pauses):
    server.faults = [{"left": 10**6, "silent": 0}]
    slow = TransportConfig(chunk_bytes=10**6, requests_per_s=None, timeout_s=0.1, attempts=2)
    with opened(server, pauses, transport=slow) as stream, pytest.raises(RemoteError, match=r"timed out.* 2 attempts"):
        stream.read()


def test_a_server_without_ranges_is_read_in_one_request_and_resumed_by_skipping(server, pauses):
    server.faults = [{"left": 1, "ranges": False, "cut": 250_000}, {"left": 10**6, "ranges": False}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert len(server.seen) == 3  # HEAD, the cut response, the complete one


def test_a_server_without_head_gets_a_request_for_one_byte(server, pauses):
    server.faults = [{"left": 10**6, "method": "HEAD", "status": 405}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA


def test_a_url_signed_for_get_only_is_read(server, pauses):
    server.faults = [{"left": 10**6, "method": "HEAD", "status": 403}]
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert pauses == []
    server.faults = [{"left": 1, "method": "HEAD", "status": 403}, {"left": 1, "status": 403}]  # too many requests
    with opened(server, pauses) as stream:
        assert stream.read() == DATA
    assert pauses == [1.5]


def test_each_range_takes_one_request_and_ends_with_the_file(server):
    with contextlib.closing(storage.open_ranges(f"{server.url}/a.warc.gz", FAST)) as reader:
        assert reader.size == len(DATA)
        assert reader.read(500_000, 750_000) == DATA[500_000:750_000]  # more than a chunk
        assert reader.read(10, 20) == DATA[10:20]
        assert reader.read(1_000_000, 1_000_009) == DATA[1_000_000:]
        assert reader.read(2_000_000, 2_000_009) == b""
    assert [(method, r) for method, r, _ in server.seen] == [
        ("HEAD", None),
        ("GET", "bytes=500000-749999"),
        ("GET", "bytes=10-19"),
        ("GET", "bytes=1000000-1000002"),
    ]


def test_ranges_from_a_server_without_range_support_take_one_pass_over_the_file(server):
    server.faults = [{"left": 10**6, "ranges": False}]
    with contextlib.closing(storage.open_ranges(f"{server.url}/a.warc.gz", FAST)) as reader:
        for start in (100_000, 100_050, 600_000, 999_999):
            assert reader.read(start, start + 50) == DATA[start : start + 50]
    assert [method for method, _, _ in server.seen] == ["HEAD", "GET"]


def test_a_failed_range_is_resumed_at_the_first_unread_byte(server):
    server.faults = [{"left": 1, "cut": 70_000}, {"left": 2, "status": 503}]
    quick = TransportConfig(requests_per_s=None, attempts=4, backoff_s=0.01, backoff_max_s=0.02)
    with contextlib.closing(storage.open_ranges(f"{server.url}/a.warc.gz", quick)) as reader:
        assert reader.read(100_000, 300_000) == DATA[100_000:300_000]
    assert [r for _, r, _ in server.seen][1:] == ["bytes=100000-299999", *["bytes=170000-299999"] * 3]


def test_redirects_are_followed_up_to_a_limit(server, pauses):
    server.faults = [{"left": 1, "method": "HEAD", "status": 302, "headers": [("Location", "/a.warc.gz")]}]
    with opened(server, pauses, "/old") as stream:
        assert stream.read() == DATA
    server.faults = [{"left": 99, "method": "HEAD", "status": 302, "headers": [("Location", "/old")]}]
    with pytest.raises(RemoteError, match="more than 5 redirects"):
        opened(server, pauses, "/old")


def test_a_redirect_to_plain_http_on_another_host_is_an_error(server, pauses):
    server.faults = [{"left": 1, "method": "HEAD", "status": 302, "headers": [("Location", "http://example.test/x")]}]
    with pytest.raises(InputError, match="plain http"):
        opened(server, pauses)


@pytest.mark.parametrize(
    ("fault", "words"),
    [({"etag": '"2"'}, 'its ETag was "1" and is now "2"'), ({"data": DATA[:-1]}, "its length was 1000003")],
)
def test_a_file_that_changes_while_it_is_read_is_an_error(server, pauses, fault, words):
    server.faults = [{"left": 2}, {"left": 10**6, **fault}]
    with opened(server, pauses) as stream, pytest.raises(RemoteError, match=words):
        stream.read()
    assert pauses == []


def test_plain_http_is_allowed_for_this_machine_only():
    with pytest.raises(InputError, match="Use https"):
        storage.open_read("http://example.test/x")


# pauses and rates


def test_pauses_double_with_jitter_between_minimum_and_maximum():
    low, high = (remote.RetryPolicy(TransportConfig(), jitter=lambda x=x: x) for x in (0.0, 1.0))
    assert [low.pause_s(n) for n in (1, 2, 9)] == [1.0, 1.0, 1.0]
    assert [high.pause_s(n) for n in (1, 2, 3, 9, 999)] == [2.0, 4.0, 8.0, 60.0, 60.0]


def test_requests_are_spaced_evenly():
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    limiter = remote.RateLimiter(4.0, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        limiter.wait()
    now[0] += 10
    limiter.wait()
    assert slept == [0.25, 0.25]


def test_all_files_of_a_process_share_one_rate_limiter():
    assert remote.process_limiter(3.0) is remote.process_limiter(3.0)
    assert remote.process_limiter(None) is None


@pytest.mark.parametrize(("value", "seconds"), [(None, 0.0), ("12", 12.0), ("soon", 0.0), ("", 0.0)])
def test_retry_after_is_parsed_as_seconds(value, seconds):
    assert http_file.retry_after_s(value) == seconds
    assert http_file.retry_after_s("Fri, 01 Jan 2100 00:00:00 GMT") > 1e6


# through sluice.data.storage


def test_storage_reads_http_urls(server):
    url = f"{server.url}/a.warc.gz"
    assert storage.size(url) == len(DATA)
    assert storage.read_bytes(url) == DATA
    assert storage.exists(url)
    assert not storage.exists(f"{server.url}/none")
    assert storage.list_files(url) == [url]


@pytest.mark.parametrize("path", ["https://h.test/x/", "https://h.test/*.gz"])
def test_folders_and_globs_on_a_web_server_are_errors(path):
    with pytest.raises(InputError, match="cannot be listed"):
        storage.list_files(path)


def test_writing_to_a_web_server_is_an_error():
    with pytest.raises(InputError, match="only be read"):
        storage.write_atomic("https://h.test/x", b"")


def test_a_list_on_a_server_may_name_archives_relative_to_it(server):
    server.files["/crawl/warc.paths.gz"] = gzip.compress(b"/a.warc.gz\n\nx/b.warc.gz\n/a.warc.gz\nx/b.warc.gz\n")
    server.files["/base//a.warc.gz"] = server.files["/base/a.warc.gz"] = b"ab"
    server.files["/base/x/b.warc.gz"] = b"abc"
    given = f"{server.url}/crawl/warc.paths.gz"
    server.files["/crawl/warc.paths.gz"] = gzip.compress(b"a.warc.gz\n\nx/b.warc.gz\na.warc.gz\n")
    plan = make_plan(PlanConfig(inputs=(given,), base_url=f"{server.url}/base/"), FAST)
    assert [(e.path, e.size) for e in plan.entries] == [
        (f"{server.url}/base/a.warc.gz", 2),
        (f"{server.url}/base/x/b.warc.gz", 3),
    ]
    assert plan.ignored == (f"{given}:2: blank line", f"{given}:4: repeated line")


def test_lengths_of_listed_archives_are_requested_concurrently_or_not_at_all(server):
    names = [f"{i:03d}.warc.gz" for i in range(40)]
    server.files |= {f"/{name}": bytes(100 + i) for i, name in enumerate(names)}
    server.files["/warc.paths.gz"] = gzip.compress("\n".join(names).encode())
    given = (f"{server.url}/warc.paths.gz",)
    plan = make_plan(PlanConfig(inputs=given), FAST)
    assert [entry.size for entry in plan.entries] == list(range(100, 140))
    assert len([1 for method, _, _ in server.seen if method == "HEAD"]) == 41  # one per archive, and one for the list
    server.seen.clear()
    learning = make_plan(PlanConfig(inputs=given, sizes="learn"), FAST)
    assert [entry.size for entry in learning.entries] == [None] * 40
    assert [entry.path for entry in learning.entries] == [entry.path for entry in plan.entries]
    assert len(server.seen) == 2


def test_a_missing_archive_of_the_list_is_an_error_while_planning(server):
    server.files["/warc.paths"] = b"a.warc.gz\nnone.warc.gz\n"
    with pytest.raises(InputError, match=r"/none\.warc\.gz: HTTP 404, is not there"):
        make_plan(PlanConfig(inputs=(f"{server.url}/warc.paths",)), FAST)


def test_an_index_is_read_from_a_server(server, tmp_path):
    pytest.importorskip("pyarrow")
    rows = [index_row("a.warc.gz", 100 * n, 50, languages="zho" if n % 2 else "eng") for n in range(6)]
    with open(write_index(tmp_path / "i.parquet", rows), "rb") as stream:
        server.files["/i.parquet"] = stream.read()
    files = list_index([f"{server.url}/i.parquet"])
    found = dict(iter_wanted(files, SelectionConfig(languages=("zho",)), ["crawl/a.warc.gz"], IndexCounts()))
    assert found[0].offsets.tolist() == [100, 300, 500]
    with pytest.raises(RemoteError, match=r"/none\.parquet: HTTP 404, is not there"):
        list(iter_wanted([f"{server.url}/none.parquet"], SelectionConfig(), ["a.warc.gz"], IndexCounts()))
