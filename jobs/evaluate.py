"""Evaluate a trained model on validation, test and other datasets.

python jobs/evaluate.py --set train.run.out=out/train

The full help: --help, or sluice evaluate --help. The body: sluice.train.jobs:evaluate.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("evaluate")

if __name__ == "__main__":
    sys.exit(main())
