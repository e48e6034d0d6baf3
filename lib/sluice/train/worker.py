"""A training process started by `launch_local`: `python -m sluice.train.worker`."""

import sys

import msgspec

from sluice.core.cli import exit_code_of
from sluice.core.log import set_up
from sluice.train.distributed.launch import WorkerOrder
from sluice.train.start import quiet_tensorflow


def main() -> int:
    """Reads the settings from standard input, trains, and returns the exit code."""

    def run() -> int:
        order = msgspec.json.decode(sys.stdin.read(), type=WorkerOrder)
        set_up(order.log_level)
        with quiet_tensorflow():
            from sluice.train.loop import train_and_evaluate

            return train_and_evaluate(order.train, force=order.force).exit_code

    return exit_code_of(run)


if __name__ == "__main__":
    sys.exit(main())
