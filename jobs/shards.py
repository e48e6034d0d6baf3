"""Write the kept documents as TFRecord shards with a manifest.

spark-submit jobs/shards.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run shards --help. The body: sluice.spark.jobs:shards.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("shards")

if __name__ == "__main__":
    sys.exit(main())
