"""Run all curation stages, from web archives to TFRecord shards and a report.

spark-submit jobs/pipeline.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run pipeline --help. The body: sluice.spark.jobs:pipeline.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("pipeline")

if __name__ == "__main__":
    sys.exit(main())
