"""Print a script that completes commands, options, files and setting names with the TAB key.

bash:  sluice completion bash > ~/.local/share/bash-completion/completions/sluice
zsh:   sluice completion zsh > "${fpath[1]}/_sluice"
fish:  sluice completion fish > ~/.config/fish/completions/sluice.fish

Open a new shell afterwards. Write the script again after each update of sluice.
"""

import argparse

import shtab

from sluice.commands import main
from sluice.core.cli import Parser
from sluice.core.errors import InputError

SETTINGS = shtab.cmd("sluice config --names")
FILES = ("FILE", "DIR", "OUT", "SOURCE", "PATH", "PRESET")
"""Placeholders in help texts for which files and directories are completed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the shell argument."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that will read the script")


def run(options: argparse.Namespace) -> int:
    """Prints the completion script."""
    print(shtab.complete(full_parser(), options.shell))
    return 0


def full_parser() -> Parser:
    """Returns a parser of all commands. A command with missing packages has no options in it."""
    parser = Parser(prog="sluice")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    jobs = commands.add_parser("run", help="Run a job of the data pipeline.").add_subparsers()
    for name, summary in main.SUMMARIES.items():
        group, word = (jobs, name.removeprefix("run ")) if name.startswith("run ") else (commands, name)
        command = group.add_parser(word, help=summary)
        try:
            main.add_arguments(command, name)
        except InputError:
            continue
        finally:
            command.description = summary
        _mark(command)
    return parser


def _mark(parser: argparse.ArgumentParser) -> None:
    """Sets how the option values of a command are completed."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                _mark(inner)
        elif "--set" in action.option_strings:
            action.complete = SETTINGS  # type: ignore[attr-defined]
        elif action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
