"""Train a language model on a dataset; the same command again goes on where it stopped.

python jobs/train.py --conf conf/cc-base.yaml --set train.data.manifest=out/shards/corpus/1.0.0
python jobs/train.py … --set train.run.dry_run=true          parameters, steps and memory, nothing else
python jobs/train.py … --set train.dist.strategy=multiworker --set train.dist.local_workers=2
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.loop import train_and_evaluate


@job
def main(config: Config, force: bool) -> int:
    return train_and_evaluate(config.train, force).exit_code


if __name__ == "__main__":
    sys.exit(main())
