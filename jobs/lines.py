"""Take out lines that stand in several documents, but for the best of these: of a run, or of any table.

spark-submit jobs/lines.py --conf conf/local.yaml --set lines.enabled=true --set plan.inputs=[DIR] --set output=OUT
spark-submit jobs/lines.py --set table.inputs=[FILES] --set table.id=id --set table.text=text --set output=OUT

A line is repeated when lines.min_documents (3) different documents have it; case, width, punctuation and the two
Chinese scripts make no difference. The best of them keeps it: by quality, by length, by the smaller id. Short lines,
code, rows of tables and what makes up the greater part of a document stay everywhere. In a run the stage comes after
dedup and decontaminate; pipeline, tokenizer and shards take the same settings. FILES are Parquet files or JSON lines
(.jsonl, .json, also .gz, .zst), directories or globs. What is written:
OUT/lines/removed_lines  document id, line (hash), num_documents that had it, kept_in (the one that has it, always)
OUT/lines/cut_texts      of a run: the texts that are left, with counts for each document
OUT/lines/kept           of a table: its rows, without these lines in their text
OUT/lines/quarantine     of a table: lines that could not be read, with their place
OUT/lines/_summary.json  the books of documents, lines and characters, and the lines that went most often
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.lines_table import lines_run, lines_table
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    if config.table.inputs:
        table_run = lines_run(config)
        with open_session(config.spark, "lines") as spark:
            lines_table(spark, table_run, force=force)
        return
    run = Run.with_stage(config, "lines")
    with open_session(config.spark, "lines") as spark:
        stages.lines(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
