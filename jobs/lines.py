"""Remove lines that occur in several documents from all but the best of these.

spark-submit jobs/lines.py --conf conf/local.yaml --set lines.enabled=true --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run lines --help. The body: sluice.spark.jobs:lines.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("lines")

if __name__ == "__main__":
    sys.exit(main())
