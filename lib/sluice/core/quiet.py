"""Removes start-up messages of TensorFlow and Java from standard error that cannot be turned off otherwise."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

STANDARD_ERROR = 2
DRAIN_S = 10.0
"""Seconds to wait for a filter to write its last lines."""


@contextlib.contextmanager
def without_lines(pattern: str, *, outlived: bool = False) -> Iterator[None]:
    """Drops lines that match an extended regular expression (grep -E) from standard error during the block.

    Filters only lines that libraries, or processes started in the block, write to the file descriptor. Such processes
    are filtered until they end; pass `outlived=True` if one outlives the block. Python's `sys.stderr` is not filtered,
    and remains the terminal if it was one. Lines of a crashing process pass as well. Without grep or without a standard
    error, nothing is dropped.
    """
    grep = shutil.which("grep")
    try:
        original = os.dup(STANDARD_ERROR)
    except OSError:
        grep = None
    if grep is None:
        yield
        return
    # a separate process: a thread cannot run while a library holds the interpreter, nor after a crash
    command = [grep, "--line-buffered", "-avE", pattern]
    filtering = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=original, start_new_session=True)
    assert filtering.stdin is not None
    try:
        with _python_writes_to(original):
            os.dup2(filtering.stdin.fileno(), STANDARD_ERROR)
            filtering.stdin.close()
            yield
    finally:
        os.dup2(original, STANDARD_ERROR)
        os.close(original)
        if not outlived:
            with contextlib.suppress(subprocess.TimeoutExpired):
                filtering.wait(DRAIN_S)


@contextlib.contextmanager
def _python_writes_to(descriptor: int) -> Iterator[None]:
    """Points `sys.stderr` to another file descriptor, if it is the process's standard error."""
    own = sys.stderr
    try:
        is_standard = own.fileno() == STANDARD_ERROR
    except (AttributeError, OSError, ValueError):
        is_standard = False
    if not is_standard:
        yield
        return
    own.flush()
    with open(descriptor, "w", buffering=1, encoding=own.encoding, errors=own.errors, closefd=False) as stream:
        sys.stderr = stream
        try:
            yield
        finally:
            sys.stderr = own
