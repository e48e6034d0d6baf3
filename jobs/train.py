"""Train a language model; the same command continues after an interruption.

python jobs/train.py --conf conf/cc-base.yaml --set train.data.manifest=out/shards/corpus/1.0.0

The full help: --help, or sluice train --help. The body: sluice.train.jobs:train.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("train")

if __name__ == "__main__":
    sys.exit(main())
