"""Evaluate the best (else the latest) checkpoint of a run, exactly: validation, test, and texts of other kinds.

python jobs/evaluate.py --set train.run.out=out/train
python jobs/evaluate.py --set train.run.out=out/train --set 'train.data.domains={news: packed/news/1.0.0}'

Model and data are those of the run; a domain is a dataset with the same tokenizer (`sluice pack --tokenizer`). The
result also goes to evaluation.json in the directory of the run.
"""

import sys

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.train.evaluate import evaluate_run, table


@job
def main(config: Config, force: bool) -> None:
    print(table(evaluate_run(config.train)))


if __name__ == "__main__":
    sys.exit(main())
