"""Remove exact and near-duplicates from a run or a table.

spark-submit jobs/dedup.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run dedup --help. The body: sluice.spark.jobs:dedup.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("dedup")

if __name__ == "__main__":
    sys.exit(main())
