"""Parts shared by all command lines: parser, job options, late import of the job's code, exit codes."""

import argparse
import contextlib
import difflib
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from sluice.core.config.load import Read, dump, load_config
from sluice.core.config.schema import Config
from sluice.core.errors import InputError, SluiceError
from sluice.core.log import set_up

EPILOG = """\
Settings come from the defaults, then each --conf file, then each --set; later ones override earlier ones.
`sluice config` lists the settings with their meaning; --print-config shows the values of this command.
Exit codes: 0 done, 2 bad configuration, 3 bad input, 4 a check failed, 75 preempted (run again), 76 stalled.
"""


class Job(NamedTuple):
    """One job of the batch pipeline or of training, described without importing it."""

    name: str
    """The words after `sluice`, for example `train` or `run dedup`."""
    summary: str
    """One line for the list of jobs."""
    help: str
    """Text of --help below the summary: what the job does, examples, and what it writes."""
    target: str
    """`module:function`, called with (config, force, **switches); returns an exit code or None. It is imported only
    after arguments and configuration have been read, because the engines take seconds to load."""
    extras: str
    """Extras of the package that `target` needs, as in `pip install 'sluice[spark,extract]'`."""
    switches: Mapping[str, str] = {}
    """Names of additional on/off options, each with its help line. A switch requests a one-time action; anything that
    affects results is a setting instead."""
    hold: Callable[[Config, bool], contextlib.AbstractContextManager[None]] | None = None
    """Keeps other runs from the output during the job; the second argument is --take-over."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that keeps the layout of help texts, suggests corrections and accepts no abbreviations.

    An abbreviation such as --forc could change its meaning, or stop working, when an option is added.
    """

    def __init__(self, **options: Any) -> None:
        defaults = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(**{**defaults, **options})

    def error(self, message: str) -> NoReturn:
        """Prints the usage and the message with a suggestion, then exits with code 2."""
        _, is_unknown, words = message.partition("unrecognized arguments: ")
        if is_unknown and words.split():
            message = f"{message}{self._suggestion(words.split()[0])}"
        super().error(message)

    def _suggestion(self, word: str) -> str:
        known = self._option_string_actions
        setting = word.lstrip("-")
        if "." in setting.partition("=")[0] and "--set" in known:
            return f". Write a setting as --set {setting if '=' in setting else f'{setting}=VALUE'}"
        near = difflib.get_close_matches(word.partition("=")[0], known, n=1)
        return f". Did you mean {near[0]}?" if near else ""


def add_job_arguments(parser: argparse.ArgumentParser, job: Job) -> None:
    """Adds the help text and the options of a job to `parser`."""
    parser.description, parser.epilog = f"{job.summary}\n\n{job.help}", EPILOG
    add_settings(parser)
    parser.add_argument("--force", action="store_true", help="redo finished stages, even of another configuration")
    if job.hold:
        parser.add_argument(
            "--take-over", action="store_true", help="continue although another run has the output and may be alive"
        )
    parser.add_argument("--print-config", action="store_true", help="print the resolved configuration and stop")
    for name, line in job.switches.items():
        parser.add_argument(f"--{name}", action="store_true", help=line)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds --conf and --set; their values are the first arguments of `load_config`."""
    parser.add_argument(
        "--conf", action="append", default=[], metavar="FILE", help="YAML settings, local or remote; repeatable"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="A.B=C", help="set one setting to a YAML value; repeatable"
    )


def run_job(job: Job, options: argparse.Namespace, read: Read) -> int:
    """Reads the configuration with `read`, then imports and calls the job's function. Returns its exit code."""
    config = load_config(options.conf, options.set, read)
    if options.print_config:
        print(dump(config), end="")
        return 0
    set_up(config.log.level)
    module, _, function = job.target.partition(":")
    with missing_package_named(f"sluice {job.name}", job.extras), _held(job, config, options):
        body = getattr(importlib.import_module(module), function)
        code: int | None = body(config, options.force, **{name: getattr(options, name) for name in job.switches})
    return code or 0


def _held(job: Job, config: Config, options: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
    return job.hold(config, options.take_over) if job.hold else contextlib.nullcontext()


def job_main(job: Job, read: Read) -> Callable[[Sequence[str] | None], int]:
    """Returns a `main` function for a job. It parses the given arguments, or those of the process for None.

    `read` returns the content of a file given to --conf.
    """

    def main(arguments: Sequence[str] | None = None) -> int:
        parser = Parser()  # the default program name: that of the running script
        add_job_arguments(parser, job)
        options = parser.parse_args(arguments)
        return exit_code_of(lambda: run_job(job, options, read))

    return main


@contextlib.contextmanager
def missing_package_named(command: str, extras: str) -> Iterator[None]:
    """Turns a failed import of a third-party package into an InputError that names the extras to install."""
    try:
        yield
    except ModuleNotFoundError as e:
        package = (e.name or "sluice").partition(".")[0]
        if package == "sluice" or not extras:
            raise
        raise InputError(f"`{command}` needs the package {package}: pip install 'sluice[{extras}]'.") from e


def exit_code_of(run: Callable[[], int]) -> int:
    """Runs a command and returns its exit code. A SluiceError is printed to standard error as one line."""
    try:
        return run()
    except SluiceError as e:
        if os.environ.get("SLUICE_TRACEBACK"):
            traceback.print_exc()
        logging.getLogger("sluice").debug("exit", exc_info=True)
        print(f"sluice: {e}", file=sys.stderr)
        return e.exit_code
    except BrokenPipeError:  # `sluice pages … | head`: the reader has closed the pipe
        sys.stdout = open(os.devnull, "w")
        return 0
    except KeyboardInterrupt:
        print("sluice: interrupted; run the same command again to continue", file=sys.stderr)
        return 130
