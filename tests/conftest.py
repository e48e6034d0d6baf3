"""Shared fixtures, and settings that make a run of all tests fast on a machine with two cores."""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parent.parent

os.environ.setdefault(
    "JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:NewRatio=1 -XX:InitialRAMPercentage=4"
)
"""The Spark jobs of the tests are too short for the optimizing compiler: with only the first compiler, a job on the
sample needs half of the processor time."""

os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
"""The tests load datasets from directories only; read when the package is imported."""

settings.register_profile("tests", deadline=None)  # several processes share the cores, so an example may be slow
settings.load_profile("tests")

ORDER = ("train", "jobs", "docs", "spark", "unit", "architecture")
"""Training tests run first: they need no kernels, which are compiled in the meantime. Short tests run last, to balance
the load of the processes."""


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the kernels of page processing once, parallel to the first tests, if there are several processes."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        archive = ROOT / "tests" / "data" / "sample" / "zh-news-pages.warc.gz"
        command = [sys.executable, "-m", "sluice.commands.main", "pages", str(archive)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        config.add_cleanup(subprocess.Popen(command, **quiet).kill)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names a parameter of bytes by its argument: gzip stores the time, and all processes must collect equal names."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        layer = item.path.relative_to(ROOT / "tests").parts[0]
        return ORDER.index(layer) if layer in ORDER else len(ORDER)

    items.sort(key=place)


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """`make_once(name, make)` returns a folder that `make(folder)` filled once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        path, done = shared / name, shared / f"{name}.done"
        with _lock(shared / f"{name}.lock"):
            if not done.exists():
                path.mkdir()
                make(path)
                done.touch()
        return path

    return folder


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def sample() -> Path:
    """Folder of the real pages in the repository."""
    return ROOT / "tests" / "data" / "sample"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the larger collection of real data, which is not in the repository."""
    path = Path(os.environ.get("SLUICE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip("the larger collection of real data is missing (SLUICE_SHARED_DATA sets its folder)")
    return path


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """A Spark session for all tests of this process, started when the first test needs it."""
    pytest.importorskip("pyspark")
    from sluice.core.config.schema import SparkConfig
    from sluice.spark.engine.session import open_session

    warehouse = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv(
            "PYSPARK_SUBMIT_ARGS",
            "--master local[2] --conf spark.ui.enabled=false "
            "--conf spark.sql.execution.arrow.pyspark.validateSchema.enabled=true "
            f"--conf spark.sql.warehouse.dir={warehouse} --driver-memory 1g pyspark-shell",
        )
        with open_session(SparkConfig(partitions=2), "tests") as session:
            yield session
