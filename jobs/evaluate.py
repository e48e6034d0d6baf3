"""Evaluate the best (else the latest) checkpoint of a run on its validation and test splits, exactly.

python jobs/evaluate.py --set train.run.out=out/train

Model and data are those of the run. The result also goes to evaluation.json in its directory.
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.evaluate import evaluate_run


@job
def main(config: Config, force: bool) -> None:
    for result in evaluate_run(config.train):
        print(result)


if __name__ == "__main__":
    sys.exit(main())
