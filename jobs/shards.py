"""Write the kept documents as TFRecord shards with a manifest.

spark-submit jobs/shards.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    run = Run(config)
    with open_session(config.spark, "shards") as spark:
        stages.shards(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
