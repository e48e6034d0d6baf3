"""Tables that take a while to build: built once per host, then mapped by every worker from the same pages of memory."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice.text.jit import cache_directory

Arrays = dict[str, npt.NDArray[Any]]


def stored_arrays(name: str, build: Callable[[], Arrays]) -> Arrays:
    """The arrays of `build()` by name, read-only; kept beside the compiled kernels in a folder of that `name`.

    The folder above is named after a digest of all sources of `sluice.text`; what else the arrays depend on (the
    version of a dictionary, of Unicode) belongs into `name`. Processes that build at once do no harm: the first to
    publish wins, and all have built the same.
    """
    home = Path(cache_directory()) / name
    if not home.is_dir():
        draft = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=home.parent))
        for key, array in build().items():
            np.save(draft / f"{key}.npy", array)
        try:
            os.rename(draft, home)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(home.glob("*.npy"))}
