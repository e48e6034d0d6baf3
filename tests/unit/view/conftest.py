"""The run with a document of each outcome, and its index."""

from pathlib import Path

import pytest

from sluice.view.index import open_index
from sluice.view.search import SearchIndex
from sluice.view.stages import read_stages
from tests.helpers.outcomes_run import write_output


@pytest.fixture
def output(tmp_path) -> Path:
    """The output of the run."""
    return write_output(tmp_path / "out")


@pytest.fixture
def index(output) -> SearchIndex:
    """The index of the whole run."""
    return SearchIndex(open_index(read_stages(str(output)), 100, 0))
