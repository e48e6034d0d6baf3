"""Lines that are dropped from standard error, and lines that must be kept."""

import subprocess
import sys

import pytest

HEAD = "import os, subprocess, sys\nfrom sluice.core.quiet import without_lines\n"


def run_program(program, **options):
    """Runs a program in a separate process; returns exit code, standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program], capture_output=True, text=True, timeout=60, check=False, **options
    )
    return done.returncode, done.stdout, done.stderr


def test_matching_lines_of_libraries_and_children_are_dropped_and_others_keep_their_order():
    program = r"""
print("before", file=sys.stderr)
with without_lines("^(I0000|WARN)"):
    os.write(2, b"I0000 hint\nreal 1\nWARN hint\n")
    print("result")
    subprocess.run(["sh", "-c", "echo WARN child >&2; echo real 2 >&2"])
os.write(2, b"I0000 after the block\n")
"""
    assert run_program(program) == (0, "result\n", "before\nreal 1\nreal 2\nI0000 after the block\n")


def test_lines_written_by_python_are_kept_unchanged():
    program = """
with without_lines("^I0000"):
    print("I0000 of Python: caf\\xe9", file=sys.stderr)
    print(sys.stderr.fileno() != 2, os.fstat(sys.stderr.fileno()).st_ino == inode)
print(sys.stderr.fileno(), file=sys.stderr)
"""
    code, out, err = run_program("inode = os.fstat(2).st_ino" + program)
    assert (code, out) == (0, "True True\n")
    assert err == "I0000 of Python: café\n2\n"


def test_a_replaced_standard_error_stream_is_kept():
    program = """
import io
sys.stderr = io.StringIO()
with without_lines("^I0000"):
    print("for the stream", file=sys.stderr)
print(repr(sys.stderr.getvalue()))
"""
    assert run_program(program) == (0, "'for the stream\\n'\n", "")


def test_the_last_line_of_a_crashing_process_is_kept():
    code, _, err = run_program(
        "with without_lines('^I0000'):\n    os.write(2, b'I0000 hint\\nfatal: no AVX\\n')\n    os.abort()\n"
    )
    assert code == -6
    assert err == "fatal: no AVX\n"


def test_an_error_in_the_block_is_raised_and_standard_error_is_restored():
    code, _, err = run_program("with without_lines('^I0000'):\n    raise ValueError('of the block')\n")
    assert code == 1
    assert err.endswith("ValueError: of the block\n")


def test_a_process_that_outlives_the_block_is_filtered_without_waiting_for_it():
    program = r"""
with without_lines("^WARN", outlived=True):
    child = subprocess.Popen(["sh", "-c", "read line; echo WARN late >&2; echo real late >&2"], stdin=subprocess.PIPE)
print("the block is over", file=sys.stderr)
child.communicate(b"continue\n")
"""
    assert run_program(program) == (0, "", "the block is over\nreal late\n")


@pytest.mark.parametrize("missing", ["os.environ['PATH'] = '/nowhere'", "os.close(2)"])
def test_the_block_runs_without_grep_and_without_standard_error(missing):
    code, out, _ = run_program(f"{missing}\nwith without_lines('^I0000'):\n    print('done')\n")
    assert (code, out) == (0, "done\n")


def test_a_line_of_invalid_utf8_is_kept():
    done = subprocess.run(
        [sys.executable, "-c", HEAD + "with without_lines('^I0000'):\n    os.write(2, b'caf\\xe9\\n')\n"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b"caf\xe9\n"
