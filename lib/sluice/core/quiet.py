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
    """Drops lines of standard error that match an extended regular expression (grep -E) during the block.

    This covers libraries that write to the file descriptor and processes started in the block, until they end: give
    `outlived` if any of them lives longer than the block. All other lines pass in their order, also those of a process
    that crashes. Without grep or a standard error nothing is dropped.
    """
    grep = shutil.which("grep")
    try:
        original = os.dup(STANDARD_ERROR)
    except OSError:
        grep = None
    if grep is None:
        yield
        return
    sys.stderr.flush()
    # a process of its own: a thread could not run while a library holds the interpreter, nor after a crash
    command = [grep, "--line-buffered", "-avE", pattern]
    filtering = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=original, start_new_session=True)
    assert filtering.stdin is not None
    os.dup2(filtering.stdin.fileno(), STANDARD_ERROR)
    filtering.stdin.close()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(original, STANDARD_ERROR)
        os.close(original)
        if not outlived:
            with contextlib.suppress(subprocess.TimeoutExpired):
                filtering.wait(DRAIN_S)
