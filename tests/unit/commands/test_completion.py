"""The completion scripts; the one for bash is run in bash."""

import subprocess
import sys

import pytest

from sluice.commands import main as commands
from sluice.commands.main import main


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Folder with the bash script and the `sluice` that it calls, on a separate PATH."""
    folder = tmp_path_factory.mktemp("completion")
    done = subprocess.run([sys.executable, "-m", "sluice", "completion", "bash"], capture_output=True, check=True)
    (folder / "script").write_bytes(done.stdout)
    (folder / "sluice").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sluice "$@"\n')
    (folder / "sluice").chmod(0o755)
    return folder


def completed(folder, *words):
    line = " ".join(f"'{word}'" for word in ("sluice", *words))
    program = f"""
        PATH="{folder}:$PATH"; source "{folder}/script"
        COMP_WORDS=({line}); COMP_CWORD={len(words)}; _shtab_sluice; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return [word.strip() for word in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["tra"], ["train", "train-classifier"]),
        (["run", "de"], ["dedup", "decontaminate"]),
        (["run", "plan", "--p"], ["--print-config", "--probe"]),
        (["pack", "--valid-"], ["--valid-fraction"]),
        (["blocklist", "ch"], ["check"]),
        (["completion", "z"], ["zsh"]),
        (["train", "--set", "train.optim.schedule.w"], ["train.optim.schedule.warmup_steps"]),
        (["zzz"], [""]),
    ],
)
def test_bash_completes_commands_options_and_settings(script, words, found):
    assert sorted(completed(script, *words)) == sorted(found)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_with_every_command(shell, capsys):
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    for name in commands.SUMMARIES:
        assert name.removeprefix("run ") in printed


def test_an_unsupported_shell_is_a_usage_error(capsys):
    assert main(["completion", "cmd.exe"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err


def test_a_command_whose_packages_are_missing_is_completed_without_options():
    program = (
        "import sys; sys.modules['numpy'] = None\nfrom sluice.commands.main import main\nmain(['completion', 'bash'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "--valid-fraction" not in done.stdout
    assert "pack verify" in done.stdout and "--probe" in done.stdout
