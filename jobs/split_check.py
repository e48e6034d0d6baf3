"""Remove documents that are similar to a held-out document of another split.

spark-submit jobs/split_check.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run split_check --help. The body: sluice.spark.jobs:split_check.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("split_check")

if __name__ == "__main__":
    sys.exit(main())
