"""All curation stages in order: extract, select, dedup, split, tokenizer, shards, and the report.

spark-submit jobs/pipeline.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    run = Run.of_archives(config)
    with open_session(config.spark, "pipeline") as spark:
        stages.pipeline(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
