"""Remove exact and near-duplicates, each with a kept witness: of a run, or of any table with an id and a text column.

spark-submit jobs/dedup.py --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT
spark-submit jobs/dedup.py --set table.inputs=[FILES] --set table.id=id --set table.text=text --set output=OUT

FILES are Parquet files or JSON lines (.jsonl, .json, also .gz, .zst), directories or globs. What is written:
OUT/dedup/removals   id, step (url, exact, near), witness (kept, always), jaccard (exact similarity of the two)
OUT/dedup/copies     how many documents a kept one stands for, itself among them, to weight it by (others: 1)
OUT/dedup/clusters   which documents belong together, named by the best of them
OUT/dedup/edges      every pair that was verified to be similar
OUT/dedup/kept       of a table: the rows that stay, as they were
OUT/dedup/quarantine of a table: lines that could not be read, with their place
OUT/dedup/index      with dedup.write_index=true: for dedup.earlier=[...] of a later crawl
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.dedup_table import dedup_run, dedup_table
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    if config.table.inputs:
        table_run = dedup_run(config)
        with open_session(config.spark, "dedup") as spark:
            dedup_table(spark, table_run, force=force)
        return
    run = Run(config)
    with open_session(config.spark, "dedup") as spark:
        stages.dedup(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
