"""Runs jobs, in this process or through spark-submit."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

SETTINGS = {
    "tokenizer.vocab_size": "600",
    "shards.seq_len": "64",
    "shards.count": "3",
    "shards.valid_fraction": "0.1",
    "shards.test_fraction": "0.1",
}


class Done(NamedTuple):
    """A finished job: exit code and everything it printed."""

    returncode: int
    stdout: str


def settings_of(archives: Path, output: Path, settings: Mapping[str, str]) -> list[str]:
    """The --set options of a job; two underscores in a name are a dot."""
    values = {"plan.inputs": f"[{archives}]", "output": str(output), **SETTINGS}
    values |= {key.replace("__", "."): value for key, value in settings.items()}
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def command(job: str, archives: Path, output: Path, *, master: str = "local[2]", **settings: str) -> list[str]:
    """The spark-submit line of a job."""
    submit = shutil.which("spark-submit", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert submit
    options = ["--master", master, "--driver-memory", "1g", "--conf", "spark.ui.enabled=false"]
    return [submit, *options, str(ROOT / "jobs" / f"{job}.py"), *settings_of(archives, output, settings)]


def job_main(name: str):
    """The command of a job without Spark, as a function of its arguments."""
    spec = importlib.util.spec_from_file_location(f"sluice_job_{name}", ROOT / "jobs" / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def run_here(name: str, settings: dict[str, object], capsys, *arguments: str) -> tuple[int, str]:
    """Runs a job without Spark in this process; returns its exit code and output."""
    pairs = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    code = job_main(name)([*pairs, *arguments])
    said = capsys.readouterr()
    return code, said.out + said.err


def environment() -> dict[str, str]:
    """The user's environment, with Spark on the loopback interface and this Python on the executors."""
    return {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def run(line: list[str], *, timeout_s: int = 240) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end. `stdout` has all output, since spark-submit sends a job's errors there too."""
    return subprocess.run(
        line,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def digests(output: Path) -> dict[str, str]:
    """SHA-256 of every dataset file that must be reproducible byte for byte."""
    folder = output / "shards" / "corpus" / "1.0.0"
    names = sorted(p.name for p in folder.iterdir() if p.name != "config.resolved.yaml" and not p.name.startswith("."))
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
