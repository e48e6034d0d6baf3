"""An extract job on damaged archives returns every undamaged record and counts every loss."""

import functools
import http.server
import json
import threading
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.helpers.archives import http_block, member, page, warc_record

TEXT = "<p>The committee met on Tuesday and decided that the new library number {} would be built by the town hall.</p>"


def pages(name, count=6):
    return [page(TEXT.format(n).encode(), url=f"http://{name}.test/{n}") for n in range(count)]


def zipped(records):
    return [member(record) for record in records]


def put(parts, bad):
    """The archive with its third record replaced."""
    return b"".join([*parts[:2], bad, *parts[3:]])


def flipped(part):
    return part[: len(part) // 2] + bytes([part[len(part) // 2] ^ 0x55]) + part[len(part) // 2 + 1 :]


@functools.cache
def corpus():
    """Archives by file name: bytes, number of intact pages, and the reason of the loss, if any."""
    cut = zipped(pages("cut"))
    bomb = warc_record(http_block(bytes(700_000_000)), url="http://bomb.test/2")
    short, long = (page(TEXT.format(2).encode(), url="http://l.test/2", length=n) for n in (60, 9999))
    endless = b"WARC/1.0\r\n" + b"X-Header: and so on\r\n" * 9999
    return {
        "sound.warc.gz": (b"".join(zipped(pages("sound"))), [0, 1, 2, 3, 4, 5], None),
        "cut.warc.gz": (b"".join(cut[:5]) + cut[5][:-40], [0, 1, 2, 3, 4], "truncated"),
        "flipped.warc.gz": (put(p := zipped(pages("flipped")), flipped(p[2])), [0, 1, 3, 4, 5], "bad_member"),
        "junk.warc.gz": (put(p := zipped(pages("junk")), b"junk " * 20 + p[2]), [0, 1, 2, 3, 4, 5], "gap"),
        "zeros.warc.gz": (put(p := zipped(pages("zeros")), bytes(100) + p[2]), [0, 1, 2, 3, 4, 5], "gap"),
        "short.warc.gz": (put(zipped(pages("short")), member(short)), [0, 1, 3, 4, 5], "content_length"),
        "long.warc.gz": (put(zipped(pages("long")), member(long)), [0, 1, 3, 4, 5], "content_length"),
        "endless.warc.gz": (put(zipped(pages("endless")), member(endless)), [0, 1, 3, 4, 5], "header"),
        "bomb.warc.gz": (put(zipped(pages("bomb")), member(bomb)), [0, 1, 3, 4, 5], "zip_bomb"),
        "empty.warc.gz": (b"", [], "empty_file"),
        "other.warc.gz": (b"\x04\x22\x4d\x18 something else", [], "unsupported_format"),
    }


class Faulty(http.server.BaseHTTPRequestHandler):
    """/missing does not exist, /busy fails five times, /cut ends three times inside the body, /cut-short always."""

    protocol_version = "HTTP/1.1"
    tries: Counter[str] = Counter()

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(with_body=False)

    def do_GET(self):
        self.answer(with_body=True)

    def answer(self, *, with_body):
        name = self.path.removeprefix("/").removesuffix(".warc.gz")
        data = b"".join(zipped(pages(name)))
        self.tries[name] += 1
        status = 404 if name == "missing" else 503 if name == "busy" and self.tries[name] <= 5 else 200
        start, stop = 0, len(data)
        if status == 200 and (wanted := self.headers.get("Range")):
            first, last = wanted.removeprefix("bytes=").split("-")
            start, stop, status = int(first), min(int(last) + 1, len(data)), 206
        self.send_response(status)
        body = data[start:stop] if status < 300 else b""
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.end_headers()
        if with_body:
            breaks = (name == "cut-thrice" and self.tries[name] <= 4) or (name == "cut-short" and stop > 400)
            self.wfile.write(body[: max(0, min(len(body) // 2, 400 - start))] if breaks and status == 206 else body)
            self.close_connection = breaks


@pytest.fixture(scope="module")
def extracted(run_job, tmp_path_factory):
    """Documents by host, quarantined ranges by archive, and the summary of one run on all archives."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "in").mkdir()
    for name, (data, _, _) in corpus().items():
        (folder / "in" / name).write_bytes(data)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    inputs = [folder / "in", *(f"{base}/{name}.warc.gz" for name in ("missing", "busy", "cut-thrice", "cut-short"))]
    settings = {
        "plan__inputs": f"[{','.join(map(str, inputs))}]",
        "plan__sizes": "learn",
        "extract__max_unreadable_share": "0.999",
        "extract__min_chars": "20",
        "extract__extractor": "all",
        "extract__transport": "{attempts: 8, backoff_s: 0.01, backoff_max_s: 0.05, requests_per_s: null}",
    }
    done = run_job("extract", folder, folder / "out", **settings)
    server.shutdown()
    assert done.returncode == 0, done.stdout[-4000:]
    rows = pq.read_table(folder / "out" / "extract" / "docs", partitioning="hive").to_pylist()
    documents, quarantine = {}, {}
    for row in rows:
        if row["kind"] == "doc":
            host, number = row["url"].removeprefix("http://").split(".test/")
            documents.setdefault(host, []).append(int(number))
        elif row["kind"] == "quarantine":
            quarantine.setdefault(row["warc_name"].rpartition("/")[2], []).append(row)
    summary = json.loads((folder / "out" / "extract" / "_summary.json").read_text())
    return documents, quarantine, summary


@pytest.mark.parametrize("name", corpus())
def test_a_damaged_file_returns_its_intact_pages_and_one_quarantined_range(extracted, name):
    documents, quarantine, _ = extracted
    _, whole, reason = corpus()[name]
    assert sorted(documents.get(name.partition(".")[0], [])) == whole
    assert [row["reason"] for row in quarantine.get(name, [])] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("name", "whole", "reason"),
    [
        ("missing", [], "unreadable"),
        ("busy", [0, 1, 2, 3, 4, 5], None),
        ("cut-thrice", [0, 1, 2, 3, 4, 5], None),
        ("cut-short", [0], "unreadable"),
    ],
)
def test_faults_of_a_server_are_retried_and_permanent_losses_are_reported(extracted, name, whole, reason):
    documents, quarantine, _ = extracted
    assert sorted(documents.get(name, [])) == whole
    rows = quarantine.get(f"{name}.warc.gz", [])
    assert [row["reason"] for row in rows] == ([reason] if reason else [])
    if name == "missing":
        assert "HTTP 404" in rows[0]["detail"]


def test_the_counts_balance(extracted):
    _, quarantine, summary = extracted
    bytes_lost = sum(row["rec_length"] for rows in quarantine.values() for row in rows)
    ledger = next(entry for entry in summary["ledgers"] if entry["unit"] == "bytes")
    assert ledger["dropped"] == {"quarantined": bytes_lost}
    assert ledger["in"] == ledger["out"] + bytes_lost
