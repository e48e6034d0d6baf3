"""Check every byte of a dataset against its manifest, or of a published dataset against its SHA256SUMS.

Prints one line per problem. A valid dataset gets a one-line summary instead.

Exit codes: 0 valid, 3 not a finished dataset, 4 problems found.

examples:
  sluice verify data/notes/1.0.0
  sluice verify out/publish/corpus
"""

import argparse
import sys

from sluice.core.errors import StageError
from sluice.data import storage
from sluice.data.dataset.manifest import read_manifest
from sluice.data.dataset.verify import summary, verify_dataset
from sluice.publish.checksums import SUMS, read_sums, verify_sums


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the directory argument."""
    parser.add_argument("directory", metavar="DIR", help="<root>/<name>/<x.y.z>, or a directory of `sluice publish`")


def run(options: argparse.Namespace) -> int:
    """Prints problems or a summary. Raises StageError if there are problems."""
    is_published = storage.exists(storage.join(options.directory, SUMS))
    problems = 0
    for problem in (verify_sums if is_published else verify_dataset)(options.directory):
        problems += 1
        print(problem)
    if problems:
        sys.stdout.flush()
        raise StageError(
            f"{options.directory} does not match its {SUMS if is_published else 'manifest'} (problems: {problems}, "
            "listed above). Do not train on it. Copy or write it again."
        )
    if is_published:
        print(f"ok: {len(read_sums(options.directory)):,} files match {SUMS}")
    else:
        print(f"ok: {summary(read_manifest(options.directory))}")
    return 0
