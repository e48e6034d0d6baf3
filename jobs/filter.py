"""Apply quality rules to the documents of a run.

spark-submit jobs/filter.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run filter --help. The body: sluice.spark.jobs:filter.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("filter")

if __name__ == "__main__":
    sys.exit(main())
