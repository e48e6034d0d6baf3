"""Prove that no document is a near-copy of one held out from its split: those that are leave the run.

spark-submit jobs/split.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

The split is by near-duplicate cluster, but deduplication misses a few pairs. This looks for those of which one document
is held out, with other MinHash permutations and bands so wide (split.bands, split.rows) that one pair in millions at
dedup.threshold is missed, and compares them exactly. A document of train that is similar to one of valid or test goes,
and one of valid that is similar to one of test. In a run the stage comes before tokenizer and shards. What is written:
OUT/split/removals       document id, step, split, witness (held out, kept), witness_split, jaccard
OUT/split/_summary.json  the books; pairs looked at, compared exactly and found; catch_probability
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    run = Run.with_stage(config, "split")
    with open_session(config.spark, "split") as spark:
        stages.split(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
