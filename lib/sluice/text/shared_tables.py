"""Tables that are expensive to build: built once per host, then memory-mapped by all workers."""

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
    """Returns the arrays of `build()` by name, read-only; stored next to the compiled kernels in a directory `name`.

    The parent directory is named after a digest of all sources of `sluice.text`. Everything else that the arrays depend
    on (the version of a dictionary, of Unicode) must be part of `name`. Processes may build at the same time: the first
    to publish wins, and all build the same.
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
