"""Extract documents from web archives: text, language, signals, signature.

spark-submit jobs/extract.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run extract --help. The body: sluice.spark.jobs:extract.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("extract")

if __name__ == "__main__":
    sys.exit(main())
