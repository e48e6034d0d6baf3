"""Train a text classifier: convolutions or an LSTM in both directions.

python jobs/train_classifier.py --set 'classifier.train=[reviews.jsonl.gz]' --set classifier.label=stars

The full help: --help, or sluice train-classifier --help. The body: sluice.train.jobs:train_classifier.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("train-classifier")

if __name__ == "__main__":
    sys.exit(main())
