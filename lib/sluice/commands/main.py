"""`sluice COMMAND …`: finds the command, imports only its module, and runs it."""

import argparse
import difflib
import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import sluice
from sluice.commands.configuration import read_file
from sluice.commands.jobs import JOBS
from sluice.core.cli import Job, Parser, add_job_arguments, exit_code_of, missing_package_named, run_job
from sluice.core.config import renamed


class Command(NamedTuple):
    """A module of this package with `add_arguments(parser)` and `run(options) -> int`."""

    summary: str
    extra: str
    """Extra of the package that the command needs; empty: none."""


COMMANDS = {
    "pages": Command("Print web archives as JSON lines: text, language, signals and verdict of each page.", "extract"),
    "pack": Command("Turn text or token ids into a finished dataset, on this machine, without Java.", "tokenizers"),
    "verify": Command("Check every byte of a dataset against its manifest.", "tokenizers"),
    "inspect": Command("Describe a dataset, shard, table, tokenizer or checkpoint.", "tokenizers"),
    "report": Command("Write one HTML page about a finished run.", "tokenizers"),
    "view": Command("Look at samples of a run: search, read and mark documents in a local page.", "objectstore"),
    "signals": Command("Explain the quality signals, or compute those of one text.", "extract"),
    "rules": Command("List the rule presets, and check their examples.", "extract"),
    "bands": Command("Show which MinHash bands catch which near-duplicates.", "extract"),
    "blocklist": Command("Build a block list of domains and URLs, or look up URLs in one.", "extract"),
    "config": Command("List the settings of all jobs: meaning, type and default.", ""),
    "completion": Command("Print a completion script for bash, zsh or fish.", ""),
}

SUMMARIES = {
    **{job.name: job.summary for job in JOBS.values()},
    **{name: command.summary for name, command in COMMANDS.items()},
}
"""Summary line of every command."""

USAGE = """\
sluice {version}: Common Crawl in, language-model data and a trained LSTM out.

usage: sluice COMMAND ...

data pipeline (on a cluster: spark-submit jobs/NAME.py with the same options):
{pipeline}

language models:
{training}

single files and datasets:
{commands}

examples:
  sluice pages CC-MAIN-20240101000000-00000.warc.gz | head -3
  sluice pack notes/*.txt --output data --name notes
  sluice run pipeline --conf conf/local.yaml --set plan.inputs=[crawl/] --set output=out
  sluice train --conf conf/cc-base.yaml --set train.data.manifest=out/shards/corpus/1.0.0

`sluice COMMAND --help` explains one command.
Exit codes: 0 done, 2 wrong command line, 3 bad input, 4 a check failed.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line, without the program name, and returns its exit code. None means `sys.argv`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage(), end="")
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(f"sluice {sluice.__version__}")
        return 0
    length = 2 if arguments[0] == "run" else 1
    name, rest = " ".join(arguments[:length]), arguments[length:]
    if name in ("run", "run -h", "run --help"):
        print(
            f"usage: sluice run JOB ...\n\njobs:\n{_jobs(job for job in JOBS.values() if job.name.startswith('run '))}"
        )
        return 2 if name == "run" else 0
    if name not in SUMMARIES:
        print(f"sluice: {unknown_command(name)}", file=sys.stderr)
        return 2
    try:
        return exit_code_of(lambda: _run(name, rest))
    except SystemExit as e:  # argparse has printed its help or an error
        return e.code if isinstance(e.code, int) else 0


def task() -> None:
    """Runs the command line of this process for a service that calls a function and ignores its result (Databricks).

    Raises SystemExit with the exit code unless it is 0.
    """
    if code := main():
        raise SystemExit(code)


def add_arguments(parser: argparse.ArgumentParser, name: str) -> Callable[[argparse.Namespace], int]:
    """Adds the help and options of a command to `parser`, and returns the function that runs it.

    Raises InputError if a package that the command needs is missing.
    """
    if name not in COMMANDS:
        job = JOBS[name.removeprefix("run ")]
        add_job_arguments(parser, job)
        return lambda options: run_job(job, options, read_file)
    with missing_package_named(f"sluice {name}", COMMANDS[name].extra):
        module = importlib.import_module(f"sluice.commands.{name}")
    parser.description = module.__doc__
    module.add_arguments(parser)

    def run(options: argparse.Namespace) -> int:
        with missing_package_named(f"sluice {name}", COMMANDS[name].extra):
            code: int = module.run(options)
        return code

    return run


def unknown_command(name: str) -> str:
    """Explains that a command does not exist and suggests a similar one."""
    short = name.removeprefix("run ")
    if short in renamed.RENAMED_JOBS:
        return f"`sluice {name}` is now `sluice {JOBS[renamed.RENAMED_JOBS[short]].name}`."
    full = {known.removeprefix("run "): known for known in SUMMARIES}
    near = difflib.get_close_matches(short.replace("_", "-"), full, n=1)
    hint = f"Did you mean `sluice {full[near[0]]}`?" if near else "`sluice --help` lists all commands."
    return f"there is no command `sluice {name}`. {hint}"


def _run(name: str, arguments: list[str]) -> int:
    parser = Parser(prog=f"sluice {name}")
    run = add_arguments(parser, name)
    return run(parser.parse_args(arguments))


def _usage() -> str:
    return USAGE.format(
        version=sluice.__version__,
        pipeline=_jobs(job for job in JOBS.values() if _is_pipeline(job)),
        training=_jobs(job for job in JOBS.values() if not _is_pipeline(job)),
        commands="\n".join(f"  {name:20}  {command.summary}" for name, command in COMMANDS.items()),
    )


def _is_pipeline(job: Job) -> bool:
    return job.name.startswith("run ") or job.target.startswith("sluice.spark.")


def _jobs(jobs: Iterable[Job]) -> str:
    return "\n".join(f"  {job.name:20}  {job.summary}" for job in jobs)


if __name__ == "__main__":
    sys.exit(main())
