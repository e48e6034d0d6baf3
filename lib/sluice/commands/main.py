"""`sluice COMMAND …`: finds the command, imports it and nothing else, and runs it."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

import sluice
from sluice.core.cli import exit_code_of
from sluice.core.errors import InputError


class Command(NamedTuple):
    """A module of this package with `add_arguments(parser)` and `run(options) -> int`, and the extra it needs."""

    help: str
    extra: str


COMMANDS = {
    "pages": Command("web archives to one JSON line per page: text, language, signals, verdict", "extract"),
    "pack": Command(
        "text or token ids to a finished dataset on this machine: tokenizer, shards, manifest", "tokenizers"
    ),
    "verify": Command("hold every byte of a dataset against its manifest", "tokenizers"),
    "inspect": Command("say in words what a dataset, shard, table, tokenizer or checkpoint holds", "tokenizers"),
    "report": Command("one page on a finished run", "tokenizers"),
    "signals": Command("the quality signals: all of them explained, or those of one text", "extract"),
    "rules": Command("rule presets: what they drop, and whether their examples hold", "extract"),
    "bands": Command("which MinHash bands catch which near-duplicates, for a threshold", "extract"),
    "blocklist": Command("make a block list of domains and URLs, or ask one about URLs", "extract"),
}

USAGE = """\
sluice {version}: Common Crawl in, language-model data and a trained LSTM out.

usage: sluice COMMAND ...

{commands}

examples:
  sluice pages CC-MAIN-20240101000000-00000.warc.gz | head -3
  sluice pack notes/*.txt --output data --name notes
  sluice verify data/notes/1.0.0
  sluice inspect data/notes/1.0.0 -n 2

`sluice COMMAND --help` explains one command. The Spark and training jobs are in jobs/: python jobs/train.py --help.
Exit codes: 0 done, 2 wrong command line, 3 bad input, 4 a check failed.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command line, without the name of the program; None means `sys.argv`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage(), end="")
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(f"sluice {sluice.__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"sluice: there is no command {name!r}; choose from {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        return exit_code_of(lambda: _run(name, arguments[1:]))
    except SystemExit as e:  # argparse has printed its help or its complaint
        return e.code if isinstance(e.code, int) else 0


def _run(name: str, arguments: list[str]) -> int:
    try:
        module = importlib.import_module(f"sluice.commands.{name}")
    except ModuleNotFoundError as e:
        extra = COMMANDS[name].extra
        raise InputError(f"`sluice {name}` needs the package {e.name}: pip install 'sluice[{extra}]'.") from e
    parser = argparse.ArgumentParser(
        prog=f"sluice {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(arguments))
    return code


def _usage() -> str:
    commands = "\n".join(f"  {name:9} {command.help}" for name, command in COMMANDS.items())
    return USAGE.format(version=sluice.__version__, commands=commands)


if __name__ == "__main__":
    sys.exit(main())
