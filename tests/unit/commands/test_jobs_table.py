"""The table of jobs, the functions of the jobs and the files in jobs/ are consistent."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

import sluice
from sluice.commands.jobs import JOBS, main_of
from sluice.core.config.load import load_config

ROOT = Path(sluice.__file__).parent.parent.parent
NAMES = [pytest.param(name, id=name) for name in JOBS]


def file_of(name):
    return ROOT / "jobs" / f"{name.replace('-', '_')}.py"


def test_jobs_and_files_correspond_one_to_one():
    assert set((ROOT / "jobs").glob("*.py")) == {file_of(name) for name in JOBS}


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_of_a_job_file_has_summary_and_command_and_its_help_is_that_of_the_table(name, capsys):
    spec = importlib.util.spec_from_file_location(f"job_file_{name}", file_of(name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    first, _, second, *_ = module.__doc__.splitlines()
    assert first == JOBS[name].summary
    assert re.match(rf"(spark-submit|python) jobs/{file_of(name).name} --", second)
    with pytest.raises(SystemExit) as e:
        module.main(["--help"])
    assert e.value.code == 0
    assert JOBS[name].help in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_the_function_of_a_job_exists_and_has_the_parameters_config_force_and_its_switches(name):
    module, _, function = JOBS[name].target.partition(":")
    source = ROOT / "lib" / Path(*module.split(".")).with_suffix(".py")
    (body,) = [
        node
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    assert [argument.arg for argument in body.args.args] == ["config", "force"]
    assert [argument.arg for argument in body.args.kwonlyargs] == list(JOBS[name].switches)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_job_has_an_example_whose_settings_exist(name):
    text = JOBS[name].help.replace("\\\n", "")
    examples = [line for line in text.splitlines() if line.startswith("  sluice ")]
    assert any(line.startswith(f"  sluice {JOBS[name].name} ") for line in examples)
    for line in examples:
        quoted = [a or b for a, b in re.findall(r"--set (?:'([^']+)'|(\S+))", line)]
        load_config([ROOT / file for file in re.findall(r"--conf (\S+)", line)], quoted)


@pytest.mark.parametrize("name", NAMES)
def test_the_extras_of_a_job_exist(name):
    known = re.findall(r'^        "(\w+)": ', (ROOT / "setup.py").read_text(), re.MULTILINE)
    assert set(JOBS[name].extras.split(",")) <= set(known)


def test_an_unknown_job_name_raises_a_key_error():
    with pytest.raises(KeyError):
        main_of("nothing")
