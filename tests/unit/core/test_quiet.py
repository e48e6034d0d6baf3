"""Lines that are dropped from standard error, and all that must pass."""

import subprocess
import sys

import pytest

HEAD = "import os, subprocess, sys\nfrom sluice.core.quiet import without_lines\n"


def said(program, **options):
    """Exit code, standard output and standard error of a program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program], capture_output=True, text=True, timeout=60, check=False, **options
    )
    return done.returncode, done.stdout, done.stderr


def test_matching_lines_of_libraries_and_children_are_dropped_and_all_others_pass_in_order():
    program = r"""
print("before", file=sys.stderr)
with without_lines("^(I0000|WARN)"):
    os.write(2, b"I0000 hint\nreal 1\nWARN hint\n")
    print("result")
    subprocess.run(["sh", "-c", "echo WARN child >&2; echo real 2 >&2"])
os.write(2, b"I0000 after the block\n")
"""
    assert said(program) == (0, "result\n", "before\nreal 1\nreal 2\nI0000 after the block\n")


def test_what_python_writes_passes_as_it_is():
    program = """
with without_lines("^I0000"):
    print("I0000 of Python: caf\\xe9", file=sys.stderr)
    print(sys.stderr.fileno() != 2, os.fstat(sys.stderr.fileno()).st_ino == inode)
print(sys.stderr.fileno(), file=sys.stderr)
"""
    code, out, err = said("inode = os.fstat(2).st_ino" + program)
    assert (code, out) == (0, "True True\n")
    assert err == "I0000 of Python: café\n2\n"


def test_a_stream_of_others_in_place_of_standard_error_stays():
    program = """
import io
sys.stderr = io.StringIO()
with without_lines("^I0000"):
    print("for the stream", file=sys.stderr)
print(repr(sys.stderr.getvalue()))
"""
    assert said(program) == (0, "'for the stream\\n'\n", "")


def test_what_a_crashing_process_says_last_passes():
    code, _, err = said(
        "with without_lines('^I0000'):\n    os.write(2, b'I0000 hint\\nfatal: no AVX\\n')\n    os.abort()\n"
    )
    assert code == -6
    assert err == "fatal: no AVX\n"


def test_an_error_in_the_block_goes_on_and_standard_error_is_as_before():
    code, _, err = said("with without_lines('^I0000'):\n    raise ValueError('of the block')\n")
    assert code == 1
    assert err.endswith("ValueError: of the block\n")


def test_a_process_that_lives_longer_is_still_filtered_and_nobody_waits_for_it():
    program = r"""
with without_lines("^WARN", outlived=True):
    child = subprocess.Popen(["sh", "-c", "read line; echo WARN late >&2; echo real late >&2"], stdin=subprocess.PIPE)
print("the block is over", file=sys.stderr)
child.communicate(b"go on\n")
"""
    assert said(program) == (0, "", "the block is over\nreal late\n")


@pytest.mark.parametrize("missing", ["os.environ['PATH'] = '/nowhere'", "os.close(2)"])
def test_without_grep_or_standard_error_the_block_runs_all_the_same(missing):
    code, out, _ = said(f"{missing}\nwith without_lines('^I0000'):\n    print('done')\n")
    assert (code, out) == (0, "done\n")


def test_a_line_that_is_no_text_passes():
    done = subprocess.run(
        [sys.executable, "-c", HEAD + "with without_lines('^I0000'):\n    os.write(2, b'caf\\xe9\\n')\n"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == b"caf\xe9\n"
