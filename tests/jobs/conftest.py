"""Runs the jobs as users do: through spark-submit, or on the Spark session of the tests."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyspark")

from sluice.spark import jobs
from tests.helpers.jobs import Done, command, job_main, run, settings_of


@pytest.fixture(scope="session")
def reference(sample, make_once) -> Path:
    """The output of one uninterrupted run on two cores, shared by all test processes."""

    def make(folder: Path) -> None:
        done = run(command("pipeline", sample, folder / "out"))
        assert done.returncode == 0, done.stdout[-4000:]

    return make_once("reference", make) / "out"


@pytest.fixture(scope="session")
def run_job(spark) -> Callable[..., Done]:
    """Runs a Spark job in this process, on the session of the tests, where Java has started and compiled already."""

    def run(job: str, archives: Path, output: Path, **settings: str) -> Done:
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(jobs, "open_session", lambda config, name: contextlib.nullcontext(spark))
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = job_main(job)(settings_of(archives, output, settings))
        return Done(code, said.getvalue())

    return run
