"""Score the texts of a table with a language model.

spark-submit jobs/score.py --set score.model=out/train/export --set source.inputs=[FILES] --set output=OUT

The full help: --help, or sluice run score --help. The body: sluice.spark.jobs:score.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("score")

if __name__ == "__main__":
    sys.exit(main())
