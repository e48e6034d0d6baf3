"""Find documents that hold items of benchmarks, and take them out: of a run, or of any table with an id and a text.

spark-submit jobs/decontaminate.py --conf conf/local.yaml --set 'decontaminate.benchmarks=[mmlu.jsonl,ceval.jsonl]' \\
    --set plan.inputs=[DIR] --set output=OUT
spark-submit jobs/decontaminate.py --set 'decontaminate.benchmarks=[quiz.jsonl]' --set table.inputs=[FILES] \\
    --set table.id=id --set table.text=text --set output=OUT

A benchmark is a file of JSON lines (.jsonl, .ndjson, also .gz, .zst), one item a line:

    {"id": "q1", "question": "Which planet of the solar system has the most moons?", "choices": ["Mars", "Saturn"]}

All its strings are looked for, each by itself, or the fields, strings or lists of strings, that are named with
decontaminate.fields=[question,choices]. A document goes when one stretch of it holds half of the 13-grams of such a
text (kind ngram), or six in ten of its 5-grams (near: it was edited). Units are words, and characters in Chinese; case,
width and the two Chinese scripts make no difference. A text of 8 to 12 units must be there as a whole; shorter ones are
not looked for, and counted. In a run the stage comes after dedup; pipeline, lines, tokenizer and shards take the same
settings. FILES are Parquet files or JSON lines, directories or globs. What is written:
OUT/decontaminate/matches    document id, benchmark, item, field, kind, share (of the n-grams), stretch (what was found)
OUT/decontaminate/kept       of a table: the rows that stay, as they were
OUT/decontaminate/quarantine of a table: lines that could not be read, with their place
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark import stages
from sluice.spark.decontaminate_table import decontaminate_run, decontaminate_table
from sluice.spark.run import Run
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    if config.table.inputs:
        table_run, benchmark = decontaminate_run(config)
        with open_session(config.spark, "decontaminate") as spark:
            decontaminate_table(spark, table_run, benchmark, force=force)
        return
    run = Run.with_stage(config, "decontaminate")
    with open_session(config.spark, "decontaminate") as spark:
        stages.decontaminate(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
