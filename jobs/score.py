"""Judge texts by a language model: nats, perplexity and bits per byte of every document of a table.

python jobs/export.py --set train.run.out=out/train
spark-submit jobs/score.py --set score.model=out/train/export --set table.inputs=[FILES] --set output=OUT

Executors compute with NumPy and need no TensorFlow. FILES are Parquet files or JSON lines (.jsonl, .json, also .gz,
.zst), directories or globs; table.id and table.text name their columns. Read `scores` back with table.quality of
jobs/dedup.py, or as a label for jobs/train_quality.py: text that the model finds likely is like what it was trained on.
For the rules of a run, RUN being its output, judge its documents: table.inputs=[RUN/extract/docs/*/kind=doc/*.parquet],
table.id=doc_id. Then jobs/select.py with rules.scores=OUT has them as the signal bits_per_byte.
What is written:
OUT/score/scores         id, nll, n_tokens, n_bytes, bits_per_byte, ppl, is_cut
OUT/score/quarantine     lines that could not be read, with their place
OUT/score/_summary.json  the books, and the sums over all texts
"""

from sluice.core.cli import job
from sluice.core.config import Config
from sluice.spark.score_table import score_run, score_table
from sluice.spark.session import open_session


@job
def main(config: Config, force: bool) -> None:
    run = score_run(config)
    with open_session(config.spark, "score") as spark:
        score_table(spark, run, force=force)


if __name__ == "__main__":
    raise SystemExit(main())
