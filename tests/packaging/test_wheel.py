"""The wheel: what is in it, and that it runs without the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(make_once):
    """The wheel built from a copy of the checkout, so that no build folder is left in it."""
    pytest.importorskip("setuptools")

    def make(folder):
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "lib", folder / "lib", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        line = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir"]
        done = subprocess.run([*line, "dist", "."], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    (path,) = (make_once("wheel", make) / "dist").glob("sluice-*.whl")
    return path


@pytest.fixture
def installed(wheel, tmp_path):
    """A folder with the wheel's content, and a function that runs Python with it in an empty directory."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "empty").mkdir()

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-P", *arguments],
            cwd=tmp_path / "empty",
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
            timeout=600,  # kernels may have to be compiled
            check=False,
        )

    return tmp_path / "site", run


def test_the_wheel_has_every_file_of_the_package(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("sluice/")}
    files = {path.relative_to(ROOT / "lib") for path in (ROOT / "lib" / "sluice").rglob("*") if path.is_file()}
    assert names == {str(path) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_names_a_command_and_a_function_for_services_that_import_one(installed):
    site, _ = installed
    (found,) = [package for package in distributions(path=[str(site)]) if package.name == "sluice"]
    points = {(point.group, point.name): point.value for point in found.entry_points}
    assert points == {
        ("console_scripts", "sluice"): "sluice.commands.main:main",
        ("sluice.tasks", "task"): "sluice.commands.main:task",
    }


def test_the_package_runs_from_a_directory_without_the_checkout(installed, sample):
    site, run = installed
    where = run("-c", "import sluice; print(sluice.__file__)")
    assert where.stdout.strip() == f"{site}/sluice/__init__.py"
    rules = run("-m", "sluice", "rules")
    assert "\nzh-default " in rules.stdout, rules.stderr


@pytest.mark.nightly  # compiles all kernels, since they are cached by the path of the package
def test_the_package_reads_an_archive_without_the_checkout(installed, sample):
    _, run = installed
    pages = run("-m", "sluice", "pages", str(sample / "cx-extractor.warc.gz"))
    assert pages.returncode == 0, pages.stderr
    assert "24 records, 24 HTML pages, 24 documents; dropped: -;" in pages.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["--version"], 0), (["run", "nothing"], 2)])
def test_a_task_of_a_service_ends_with_the_exit_code(installed, arguments, code):
    _, run = installed
    # what Databricks does: load the entry point, set the parameters, call the function
    call = (
        "import sys; from importlib.metadata import distribution\n"
        "(point,) = [p for p in distribution('sluice').entry_points if p.name == 'task']\n"
        "point.load()()\n"
    )
    assert run("-c", call, *arguments).returncode == code


def test_a_job_file_needs_only_the_package(installed, tmp_path):
    _, run = installed
    shutil.copy(ROOT / "jobs" / "pipeline.py", tmp_path / "empty" / "main.py")  # as a service copies it from a bucket
    done = run("main.py", "--set", "name=x", "--print-config")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "name: x")
