"""Remove documents that are similar to one held out from their split.

spark-submit jobs/split.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run split --help. The body: sluice.spark.jobs:split.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("split")

if __name__ == "__main__":
    sys.exit(main())
