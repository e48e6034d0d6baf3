import subprocess
import sys

import pytest

import sluice
from sluice.commands.main import COMMANDS, main


def test_help_names_every_command_with_an_example(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in printed
    assert "sluice pack notes/*.txt --output data --name notes" in printed


def test_no_command_is_a_wrong_command_line(capsys):
    assert main([]) == 2
    assert "usage: sluice COMMAND" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sluice {sluice.__version__}\n"


def test_an_unknown_command_is_named_with_the_known_ones(capsys):
    assert main(["pakc"]) == 2
    assert capsys.readouterr().err == (
        "sluice: there is no command 'pakc'; choose from pages, pack, verify, inspect, report, signals, rules, "
        "bands, blocklist.\n"
    )


@pytest.mark.parametrize("name", ["pack", "verify", "inspect", "blocklist"])
def test_each_command_teaches_with_an_example(name, capsys):
    assert main([name, "--help"]) == 0
    assert f"sluice {name} " in capsys.readouterr().out.partition("example")[2]


def test_a_wrong_option_is_a_wrong_command_line(capsys):
    assert main(["verify"]) == 2
    assert "DIR" in capsys.readouterr().err


def test_looking_for_help_imports_no_library():
    code = (
        "import sys; from sluice.commands.main import main; main(['--help']);"
        "print([m for m in ('numpy', 'tokenizers', 'jieba', 'pyarrow') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "[]\n"
