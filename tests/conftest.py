"""Fixtures that more than one layer uses."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def sample() -> Path:
    """The real pages that ship with the repository."""
    return ROOT / "tests" / "data" / "sample"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The larger collection of real data, which is not part of the repository."""
    path = Path(os.environ.get("SLUICE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip("the larger collection of real data is not here (SLUICE_SHARED_DATA names its folder)")
    return path
