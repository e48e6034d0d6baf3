"""A progress bar is shown on a terminal only, and never on standard output."""

import io
import logging
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from sluice.core.log import set_up
from sluice.core.progress import _columns, advancing, is_terminal, progress_bar


class Terminal(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def open_terminal(monkeypatch):
    """Returns a function that makes standard error a terminal of 100 columns. Call it in the test: pytest replaces the
    stream before."""

    def open_it():
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    return open_it


def plain(text):
    """The text sent to a terminal, without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def restored_logging():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("sluice").setLevel(logging.NOTSET)


def test_a_pipe_or_file_shows_no_bar_and_imports_no_library():
    program = (
        "import sys; from sluice.core.progress import progress_bar\n"
        "with progress_bar('x', 10, unit='steps') as bar: bar.update(3); bar.update(4, 20); bar.advance()\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_terminal_shows_name_and_count_and_standard_output_is_empty(open_terminal, capsys):
    terminal = open_terminal()
    with progress_bar("extract", 10, unit="tasks") as bar:
        bar.update(3)
    shown = plain(terminal.getvalue())
    assert "extract" in shown and " 3/10 " in shown
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("speed", "seconds", "texts"),
    [(12.5, 65.9, ["12.5 steps/s", "left 0:01:05"]), (4321.0, 90_061.0, ["4,321.0 steps/s", "left 1 day, 1:01:01"])],
)
def test_rate_and_remaining_time_have_their_units(speed, seconds, texts):
    task = SimpleNamespace(speed=speed, time_remaining=seconds)
    assert [column.render(task).plain for column in _columns("steps")[-2:]] == texts


def test_unknown_rate_and_remaining_time_are_empty():
    task = SimpleNamespace(speed=None, time_remaining=None)
    assert [column.render(task).plain for column in _columns("steps")[-2:]] == ["", ""]


def test_a_new_total_replaces_the_old_one_and_an_unknown_one_is_allowed(open_terminal):
    terminal = open_terminal()
    with progress_bar("dedup", unit="tasks") as bar:
        bar.update(1)
        bar.update(2, 7)
        bar.advance()
        bar.advance(2)
    assert " 5/7 " in plain(terminal.getvalue())


def test_bytes_are_shown_with_units(open_terminal):
    terminal = open_terminal()
    with progress_bar("pages", unit="bytes") as bar:
        bar.update(1_500_000, 3_000_000)
    assert "1.5/3.0 MB" in plain(terminal.getvalue())


def test_a_bar_of_a_resumed_run_starts_at_the_earlier_count(open_terminal):
    terminal = open_terminal()
    with progress_bar("train", 100, unit="steps", begin=40):
        pass
    assert " 40/100 " in plain(terminal.getvalue())


def test_no_bar_is_shown_if_disabled_or_on_a_dumb_terminal(open_terminal, monkeypatch):
    terminal = open_terminal()
    with progress_bar("pages", 10, show=False) as bar:
        bar.update(3)
    monkeypatch.setenv("TERM", "dumb")
    assert not is_terminal()
    with progress_bar("pages", 10) as bar:
        bar.update(3)
    assert terminal.getvalue() == ""


def test_results_go_to_standard_output_while_a_bar_is_shown(open_terminal, capsys):
    terminal = open_terminal()
    with progress_bar("pages", 10):
        print("result")
    assert capsys.readouterr().out == "result\n"
    assert "result" not in terminal.getvalue()


def test_log_lines_are_complete_above_the_bar(open_terminal, restored_logging):
    terminal = open_terminal()
    set_up("info")
    with progress_bar("train", 10) as bar:
        bar.update(1)
        logging.getLogger("sluice.test").info("step 1 [of 10]")
    assert re.search(r" I sluice\.test  step 1 \[of 10\]\s*\n", plain(terminal.getvalue()))


def test_an_error_ends_the_bar_and_is_raised(open_terminal):
    terminal = open_terminal()
    with pytest.raises(ZeroDivisionError), progress_bar("train", 10):
        raise ZeroDivisionError
    print("after", file=sys.stderr)
    assert terminal.getvalue().endswith("after\n")


def test_the_cursor_is_never_left_hidden(open_terminal):
    terminal = open_terminal()
    with progress_bar("train", 10):
        sent = terminal.getvalue()
    assert sent.rfind("\x1b[?25h") > sent.rfind("\x1b[?25l")


def test_items_are_yielded_unchanged_and_counted(open_terminal):
    terminal = open_terminal()
    with progress_bar("pack", 3, unit="documents") as bar:
        assert list(advancing(["a", "b"], bar)) == ["a", "b"]
    assert " 2/3 " in plain(terminal.getvalue())
