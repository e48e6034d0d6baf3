"""The frame of every job: arguments, configuration, log, run, exit code."""

import argparse
import functools
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence

from sluice.core.errors import SluiceError
from sluice.core.load import dump, load_config
from sluice.core.log import set_up

Job = Callable[..., int | None]

EPILOG = """\
Settings come from the defaults, then each --conf file, then each --set, the later winning.
Every key with its meaning stands in lib/sluice/core/config.py; --print-config shows the values in force.
Exit codes: 0 done, 2 bad configuration, 3 bad input, 4 a check failed, 75 preempted (run again), 76 stalled.
"""


def job(main: Job) -> Callable[..., int]:
    """Turns `main(config, force)` into a command line; the docstring of its module is the help text."""
    return job_with()(main)


def job_with(**switches: str) -> Callable[[Job], Callable[..., int]]:
    """`job` for a main that takes switches too, by name; each is given with its line of help.

    A switch asks for something to be done once; what decides about results is a setting.
    """
    return functools.partial(_command, switches)


def _command(switches: Mapping[str, str], main: Job) -> Callable[..., int]:
    @functools.wraps(main)
    def command(arguments: Sequence[str] | None = None) -> int:
        parser = argparse.ArgumentParser(
            description=sys.modules[main.__module__].__doc__,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("--conf", action="append", default=[], metavar="FILE", help="YAML settings; repeatable")
        parser.add_argument(
            "--set", action="append", default=[], metavar="A.B=C", help="one setting, the value in YAML; repeatable"
        )
        parser.add_argument("--force", action="store_true", help="redo finished stages, also of another configuration")
        parser.add_argument("--print-config", action="store_true", help="print the resolved configuration and stop")
        for name, line in switches.items():
            parser.add_argument(f"--{name}", action="store_true", help=line)
        options = parser.parse_args(arguments)

        def run() -> int:
            config = load_config(options.conf, options.set)
            if options.print_config:
                print(dump(config), end="")
                return 0
            set_up(config.log.level)
            return main(config, options.force, **{name: getattr(options, name) for name in switches}) or 0

        return exit_code_of(run)

    return command


def exit_code_of(run: Callable[[], int]) -> int:
    """Runs a command; a deliberate error becomes one line on standard error and its exit code."""
    try:
        return run()
    except SluiceError as e:
        if os.environ.get("SLUICE_TRACEBACK"):
            traceback.print_exc()
        logging.getLogger("sluice").debug("exit", exc_info=True)
        print(f"sluice: {e}", file=sys.stderr)
        return e.exit_code
    except BrokenPipeError:  # `sluice pages … | head`: the reader has had enough
        sys.stdout = open(os.devnull, "w")
        return 0
    except KeyboardInterrupt:
        print("sluice: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
