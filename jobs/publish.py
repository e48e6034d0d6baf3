"""Write the kept documents as a dataset in the layout of the Hugging Face hub.

spark-submit jobs/publish.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The full help: --help, or sluice publish --help. The body: sluice.spark.jobs:publish.
"""

import sys

from sluice.commands.jobs import main_of

main = main_of("publish")

if __name__ == "__main__":
    sys.exit(main())
