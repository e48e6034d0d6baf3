"""Pages that crash or stop the interpreter in Spark are rejected, and no other page is affected."""

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.helpers.jobs import ROOT, command, environment

pytestmark = pytest.mark.exhaustive  # tests/unit/text/pages/test_guard.py is quicker

GOOD = "The committee met on Tuesday and decided that the new library would be built beside the old town hall."


def member(url: str, text: str) -> bytes:
    body = f"<html><body><p>{GOOD} {text} It will be open to everyone in two years.</p></body></html>"
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}"
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-01-02T03:04:05Z\r\nWARC-Target-URI: {url}\r\n"
    return gzip.compress(f"{head}Content-Length: {len(http)}\r\n\r\n{http}\r\n\r\n".encode(), mtime=0)


PAGES = [
    ("http://h.test/1", "First."),
    ("http://h.test/spin", "PLANTED-spin"),
    ("http://h.test/2", "Second."),
    ("http://h.test/segfault", "PLANTED-segfault"),
    ("http://h.test/exit", "PLANTED-exit"),
    ("http://h.test/3", "Third."),
]


@pytest.fixture(scope="module")
def archives(sample, tmp_path_factory):
    """An archive with planted pages and one without, and the offsets of the first one's pages by URL."""
    directory = tmp_path_factory.mktemp("archives")
    shutil.copyfile(sample / "zh-news-pages.warc.gz", directory / "healthy.warc.gz")
    members = [member(*page) for page in PAGES]
    (directory / "planted.warc.gz").write_bytes(b"".join(members))
    offsets = {url: sum(map(len, members[:i])) for i, (url, _) in enumerate(PAGES)}
    return directory, offsets


def rows(output: Path) -> dict[str, dict]:
    table = pq.read_table(output / "extract" / "docs", partitioning="hive")
    return {row["url"]: row for row in table.to_pylist() if row["kind"] == "doc"}


@pytest.fixture(scope="module")
def calm(archives, tmp_path_factory):
    """The output of a run in which planted pages have no effect."""
    output = tmp_path_factory.mktemp("calm") / "out"
    done = subprocess.run(command("extract", archives[0], output), env=environment(), capture_output=True, timeout=240)
    assert done.returncode == 0, done.stderr[-4000:]
    return rows(output)


@pytest.fixture
def planted(tmp_path):
    """The environment of a run in which planted pages take effect in all Python processes."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("from tests.helpers.planted_pages import plant\n\nplant()\n")
    path = f"{tmp_path / 'site'}:{ROOT}:{ROOT / 'lib'}"
    return environment() | {"PYTHONPATH": f"{path}:{os.environ.get('PYTHONPATH', '')}"}


@pytest.mark.parametrize(
    "master",
    ["local[2]", pytest.param("local[2,4]", marks=pytest.mark.exhaustive)],
)  # the first gets its retries from the session
def test_pages_that_crash_and_hang_are_rejected_and_all_others_are_unchanged(archives, calm, planted, tmp_path, master):
    directory, offsets = archives
    output = tmp_path / "out"
    line = command("extract", directory, output, master=master, extract__page_timeout_s="4")
    done = subprocess.run(
        line, env=planted, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    found = rows(output)
    lost = {url: row for url, row in found.items() if row["reason"] in ("page_crash", "page_timeout")}
    assert {url: (row["reason"], row["detail"], row["rec_offset"]) for url, row in lost.items()} == {
        "http://h.test/spin": ("page_timeout", "over 4 s", offsets["http://h.test/spin"]),
        "http://h.test/segfault": ("page_crash", "SIGSEGV", offsets["http://h.test/segfault"]),
        "http://h.test/exit": ("page_crash", "exit code 7", offsets["http://h.test/exit"]),
    }
    assert len(calm) > 20
    assert {url: row for url, row in found.items() if url not in lost} == {
        url: row for url, row in calm.items() if url not in lost
    }
    ledger = json.loads((output / "extract" / "_summary.json").read_text())["ledgers"][0]
    assert (ledger["dropped"]["page_crash"], ledger["dropped"]["page_timeout"]) == (2, 1)
    assert ledger["in"] == ledger["out"] + sum(ledger["dropped"].values())
    assert "2 page_crash and 1 page_timeout" in done.stdout
    # the worker of the first attempt logged the page that killed it
    assert re.search(rf"page at {offsets['http://h.test/spin']} of \S+planted.warc.gz: http://h.test/spin", done.stdout)
