"""Check every byte of a dataset against its manifest.

Prints one line per problem. A valid dataset gets a one-line summary instead.

Exit codes: 0 valid, 3 not a finished dataset, 4 problems found.

example: sluice verify data/notes/1.0.0
"""

import argparse
import sys

from sluice.core.errors import StageError
from sluice.data.dataset.manifest import read_manifest
from sluice.data.dataset.verify import summary, verify_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the directory argument."""
    parser.add_argument("directory", metavar="DIR", help="a dataset directory, <root>/<name>/<x.y.z>")


def run(options: argparse.Namespace) -> int:
    """Prints problems or a summary. Raises StageError if there are problems."""
    problems = 0
    for problem in verify_dataset(options.directory):
        problems += 1
        print(problem)
    if problems:
        sys.stdout.flush()
        raise StageError(
            f"{options.directory} does not match its manifest (problems: {problems}, listed above). "
            "Do not train on it. Copy or write it again."
        )
    print(f"ok: {summary(read_manifest(options.directory))}")
    return 0
