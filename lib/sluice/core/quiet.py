"""Keeps the start-up messages of TensorFlow and Java, which no setting of theirs turns off, from standard error."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

STANDARD_ERROR = 2
DRAIN_S = 10.0
"""Seconds that a filter may need for its last lines."""


@contextlib.contextmanager
def without_lines(pattern: str, *, outlived: bool = False) -> Iterator[None]:
    """Drops lines that match an extended regular expression (grep -E) from standard error during the block.

    Only lines that libraries write to the file descriptor, or processes started in the block, are filtered: these until
    they end, so give `outlived` if one lives longer than the block. What Python writes to `sys.stderr` passes as it is,
    and `sys.stderr` stays the terminal if it was one. Lines of a process that crashes pass too. Without grep or a
    standard error nothing is dropped.
    """
    grep = shutil.which("grep")
    try:
        original = os.dup(STANDARD_ERROR)
    except OSError:
        grep = None
    if grep is None:
        yield
        return
    # a process of its own: a thread could not run while a library holds the interpreter, nor after a crash
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
    """Points `sys.stderr` to another file descriptor, unless it is not the process's standard error anyway."""
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
