"""Write the HTML report of a run, or of its finished stages.

DIR is the `output` of a run. Writes DIR/report.html, which needs no other file and no network, and DIR/report.json
with the same numbers, from the summaries of the stages and of the training run in DIR/model. Prints the path.
The pipeline writes the report at its end; run this again after training.
Exit codes: 0 done, 3 no finished stage.

example: sluice report out
"""

import argparse

from sluice.data import storage
from sluice.report.build import write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the directory argument."""
    parser.add_argument("directory", metavar="DIR", help="the output directory of a run")


def run(options: argparse.Namespace) -> int:
    """Writes the report and prints its path. Raises InputError if no stage has finished."""
    write_report(options.directory)
    print(storage.join(options.directory, "report.html"))
    return 0
