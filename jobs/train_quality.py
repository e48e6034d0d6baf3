"""Train a quality model for one language from wanted and unwanted text.

python jobs/train_quality.py --set train_quality.language=zh \\
    --set 'train_quality.positive=[encyclopaedia.jsonl.gz]' --set 'train_quality.negative=[OUT]' \\
    --set train_quality.output=quality-zh.bin

The full help: --help, or sluice run train-quality --help. The body: sluice.commands.quality_jobs:train_quality.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("train-quality")

if __name__ == "__main__":
    sys.exit(main())
