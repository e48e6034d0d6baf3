"""Compiled kernels: numba functions whose machine code is cached on disk, per host and version of the sources.

numba's cache only checks the time stamp of the file that contains a function, and would keep old constants from other
files. Here, every change of any file of this package leads to another cache directory.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from sluice import __version__


def kernel(function: Callable[..., Any]) -> Any:
    """Compiles a function on first use; later, its machine code is read from disk.

    It must not create or return arrays. In exchange, a call costs nothing for its arrays: numba would count references
    to each, with atomic instructions, at every call.
    """
    return _compiled(function, _nrt=False)


def array_kernel(function: Callable[..., Any]) -> Any:
    """Like `kernel`, for a function that creates or returns arrays."""
    return _compiled(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Like `kernel`, for a few lines called from the inner loop of a kernel."""
    return _compiled(function, inline="always")


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    config: Any = numba.config
    theirs = config.CACHE_DIR
    config.CACHE_DIR = theirs or cache_directory()  # read while decorating; other packages keep their setting
    try:
        return numba.njit(cache=True, **options)(function)
    finally:
        config.CACHE_DIR = theirs


@cache
def cache_directory() -> str:
    """Directory of compiled kernels: $XDG_CACHE_HOME/sluice (else ~/.cache/sluice), else a private directory in /tmp.

    NUMBA_CACHE_DIR overrides both.
    """
    digest = hashlib.sha256(__version__.encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sluice"
    for place in (home, Path(tempfile.gettempdir()) / f"sluice-{os.getuid()}"):
        directory = place / f"kernels-{digest.hexdigest()[:16]}"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        status = directory.stat()
        # files there are executed: no other user may have put them there
        is_ours = status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if is_ours and os.access(directory, os.W_OK):
            return str(directory)
    return tempfile.mkdtemp(prefix="sluice-kernels-")


def is_cold() -> bool:
    """Whether the kernels have not been compiled on this host yet; that takes about half a minute."""
    directory = Path(os.environ.get("NUMBA_CACHE_DIR") or cache_directory())
    return not any(directory.rglob("*.nbc"))
