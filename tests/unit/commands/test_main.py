import subprocess
import sys

import pytest

import sluice
from sluice.commands import jobs
from sluice.commands.main import COMMANDS, SUMMARIES, main, task
from sluice.core.config import renamed


def test_help_names_every_command_and_job_with_an_example(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert main(["help"]) == 0
    assert capsys.readouterr().out == printed
    assert {"pages", "run pipeline", "run train-quality", "train", "train-classifier", "config"} < set(SUMMARIES)
    for name, summary in SUMMARIES.items():
        assert f"\n  {name:20}  {summary}\n" in printed
    assert "sluice pack notes/*.txt --output data --name notes" in printed


def test_no_command_is_a_usage_error(capsys):
    assert main([]) == 2
    assert "usage: sluice COMMAND" in capsys.readouterr().out


def test_run_without_a_job_lists_the_jobs(capsys):
    assert main(["run"]) == 2
    assert main(["run", "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("  run fit-thresholds ") == 2
    assert "  train " not in printed


def test_version_prints_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sluice {sluice.__version__}\n"


def test_a_task_of_a_service_returns_if_the_command_succeeds_and_raises_its_exit_code_otherwise(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["task", "--version"])
    assert task() is None
    monkeypatch.setattr(sys, "argv", ["task", "run", "pipeline", "--set", "pii.mobile=x"])
    with pytest.raises(SystemExit) as e:
        task()
    assert e.value.code == 2
    assert "unknown key 'pii.mobile'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["pakc"], "there is no command `sluice pakc`. Did you mean `sluice pack`?"),
        (["dedup"], "there is no command `sluice dedup`. Did you mean `sluice run dedup`?"),
        (["run", "train"], "there is no command `sluice run train`. Did you mean `sluice train`?"),
        (
            ["run", "train_quality"],
            "there is no command `sluice run train_quality`. Did you mean `sluice run train-quality`?",
        ),
        (["zzzz"], "there is no command `sluice zzzz`. `sluice --help` lists all commands."),
        (["run", "--force"], "there is no command `sluice run --force`. `sluice --help` lists all commands."),
        ([""], "there is no command `sluice `. `sluice --help` lists all commands."),
    ],
)
def test_an_unknown_command_is_an_error_that_suggests_a_similar_one(arguments, answer, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"sluice: {answer}\n"


def test_the_old_name_of_a_job_is_an_error_with_the_new_name(capsys, monkeypatch):
    monkeypatch.setattr(renamed, "RENAMED_JOBS", {"choose": "filter"})
    assert main(["run", "choose", "--force"]) == 2
    assert capsys.readouterr().err == "sluice: `sluice run choose` is now `sluice run filter`.\n"


def test_renamed_jobs_exist_by_their_new_names_only():
    assert set(renamed.RENAMED_JOBS.values()) <= set(jobs.JOBS)
    assert not set(renamed.RENAMED_JOBS) & set(jobs.JOBS)


@pytest.mark.parametrize("name", ["pack", "verify", "inspect", "blocklist", "config"])
def test_the_help_of_each_command_has_an_example(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"sluice {name} " in capsys.readouterr().out.partition("example")[2]


def test_a_missing_argument_is_a_usage_error(capsys):
    assert main(["verify"]) == 2
    assert "DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["train", "--help"], 0),
        (["run", "dedup", "--help"], 0),
        (["train", "--set", "train.optm.lr=1"], 2),
        (["run", "plan", "--print-config"], 0),
        (["config"], 0),
    ],
)
def test_help_and_usage_errors_import_no_library(arguments, code):
    program = (
        f"import sys; from sluice.commands.main import main; code = main({arguments!r});"
        "print([m for m in ('numpy', 'tokenizers', 'numba', 'pyarrow', 'pyspark', 'tensorflow', 'rich') "
        "if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert done.stderr.splitlines()[-1] == "[]"


def test_python_m_sluice_runs_the_commands():
    done = subprocess.run(
        [sys.executable, "-m", "sluice", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"sluice {sluice.__version__}\n"


def test_every_command_has_a_summary_of_one_line():
    for name, summary in SUMMARIES.items():
        assert summary.endswith(".") and len(f"  {name:20}  {summary}") <= 110, name
    assert set(COMMANDS) < set(SUMMARIES)
