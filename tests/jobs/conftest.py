"""The jobs as their users run them: processes of their own, through spark-submit."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("pyspark")
sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from jobs_helpers import command, run


@pytest.fixture(scope="session")
def reference(sample, tmp_path_factory) -> Path:
    """The output of one calm run on two cores."""
    output = tmp_path_factory.mktemp("reference") / "out"
    done = run(command("pipeline", sample, output))
    assert done.returncode == 0, done.stdout[-4000:]
    return output
