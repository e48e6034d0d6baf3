"""Continue the prompts of `train.run.prompts` with the best (else the latest) checkpoint of a run.

python jobs/generate.py --set train.run.out=out/train --set 'train.run.prompts=["The city", "今天"]'

`train.run.sample` sets length, temperature and top_k; equal `train.run.seed`, equal text.
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.sample import generate_run


@job
def main(config: Config, force: bool) -> None:
    for text in generate_run(config.train):
        print(text, end="\n--\n")


if __name__ == "__main__":
    sys.exit(main())
