"""Remove documents that contain benchmark items from a run or a table.

spark-submit jobs/decontaminate.py --conf conf/local.yaml --set 'decontaminate.benchmarks=[mmlu.jsonl,ceval.jsonl]' \\
    --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run decontaminate --help. The body: sluice.spark.jobs:decontaminate.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("decontaminate")

if __name__ == "__main__":
    sys.exit(main())
