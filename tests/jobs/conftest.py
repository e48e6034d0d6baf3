"""Runs the jobs as users do: as separate processes, through spark-submit."""

from pathlib import Path

import pytest

pytest.importorskip("pyspark")

from tests.helpers.jobs import command, run


@pytest.fixture(scope="session")
def reference(sample, make_once) -> Path:
    """The output of one uninterrupted run on two cores, shared by all test processes."""

    def make(folder: Path) -> None:
        done = run(command("pipeline", sample, folder / "out"))
        assert done.returncode == 0, done.stdout[-4000:]

    return make_once("reference", make) / "out"
