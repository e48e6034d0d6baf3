"""Remove lines that occur in several documents from all except the best one.

spark-submit jobs/line_dedup.py --set line_dedup.enabled=true --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run line_dedup --help. The body: sluice.spark.jobs:line_dedup.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("line_dedup")

if __name__ == "__main__":
    sys.exit(main())
