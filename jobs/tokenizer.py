"""Train the tokenizer on a sample of the kept text.

spark-submit jobs/tokenizer.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice run tokenizer --help. The body: sluice.spark.jobs:tokenizer.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("tokenizer")

if __name__ == "__main__":
    sys.exit(main())
