"""The table of all jobs. `sluice NAME` and `jobs/NAME.py` read the same row; nothing here imports an engine."""

from collections.abc import Callable, Sequence

from sluice.core.cli import Job, job_main

SPARK_EXTRAS = "extract,spark,tokenizers"
TRAIN_EXTRAS = "train,tokenizers"

TABLE_FILES = """\
FILES are Parquet files or JSON lines (.jsonl, .json, also with .gz or .zst), directories or globs of them."""
CLUSTER = """\
On a cluster, or with more memory: spark-submit --driver-memory 4g jobs/{file}.py with the same options."""


def main_of(name: str) -> Callable[[Sequence[str] | None], int]:
    """The command line of a job by its name in `JOBS`, for a file in jobs/."""
    return job_main(JOBS[name])


def _spark(name: str, summary: str, help: str) -> Job:
    """A job that runs on Spark; its body has its name."""
    text = help.strip("\n") + "\n\n" + CLUSTER.format(file=name)
    return Job(f"run {name}", summary, text, f"sluice.spark.jobs:{name}", SPARK_EXTRAS)


def _training(name: str, summary: str, help: str) -> Job:
    """A job that runs on TensorFlow; its body has its name, with an underscore for a hyphen."""
    target = f"sluice.train.jobs:{name.replace('-', '_')}"
    return Job(name, summary, help.strip("\n"), target, TRAIN_EXTRAS)


_ALL = (
    _spark(
        "pipeline",
        "Run all curation stages, from web archives to TFRecord shards and a report.",
        """
Stages: extract, filter, dedup, decontaminate (if benchmarks are named), line_dedup (if enabled), split_check,
tokenizer, shards.
A finished stage is kept, so the same command continues after an interruption.

  sluice run pipeline --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

DIR holds WARC, WET or ARC files; OUT/report.html shows how many documents each stage removed, and why.""",
    ),
    Job(
        "run plan",
        "Plan which archives and records are read, and estimate time and cost.",
        """\
  sluice run plan --set plan.inputs=[warc.paths.gz] --set 'plan.index=[INDEX]' --set output=OUT

Writes OUT/plan, which extract reads. Prints requests, bytes, core-hours and dollars for reading whole archives, for
reading only the wanted records, and for what was chosen. Needs no Spark.""",
        "sluice.commands.plan_job:plan",
        "extract,objectstore",
        {"probe": "read the beginning of the first archive, and estimate again with the speeds measured"},
    ),
    _spark(
        "extract",
        "Extract documents from web archives: text, language, signals, signature.",
        """
  sluice run extract --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Writes OUT/extract/docs, a row for each page, with the reason if it was rejected.""",
    ),
    _spark(
        "filter",
        "Apply quality rules to the documents of a run.",
        """
  sluice run filter --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Rules read the signals that extract has stored and, where rules.scores names the output of the job score on
OUT/extract/docs, `bits_per_byte`: how unlikely a language model finds a document. A document without a score passes
the rules on that signal. `sluice rules` lists the rules.""",
    ),
    _spark(
        "dedup",
        "Remove exact and near-duplicates from a run or a table.",
        f"""
  sluice run dedup --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT
  sluice run dedup --set source.inputs=[FILES] --set source.id=id --set source.text=text --set output=OUT

A document is removed only if a kept document has at least dedup.threshold of its shingles in common (Jaccard
similarity, computed exactly).
{TABLE_FILES}
Written:
  OUT/dedup/removals    id, step (url, exact, near), duplicate_of (always kept), matched_id, jaccard (similarity)
  OUT/dedup/copies      for a kept document with duplicates: number of equal or similar documents, itself included
  OUT/dedup/clusters    which documents belong together, named by the best of them
  OUT/dedup/edges       every pair that was verified to be similar
  OUT/dedup/kept        of a table: the rows that were kept, unchanged
  OUT/dedup/quarantine  of a table: lines that could not be read, with their place
  OUT/dedup/index       with dedup.write_index=true: for dedup.earlier=[...] of a later crawl""",
    ),
    _spark(
        "decontaminate",
        "Remove documents that contain benchmark items from a run or a table.",
        f"""
  sluice run decontaminate --conf conf/local.yaml --set 'decontaminate.benchmarks=[mmlu.jsonl,ceval.jsonl]' \\
      --set plan.inputs=[DIR] --set output=OUT
  sluice run decontaminate --set 'decontaminate.benchmarks=[quiz.jsonl]' --set source.inputs=[FILES] \\
      --set source.id=id --set source.text=text --set output=OUT

A benchmark is a file of JSON lines (.jsonl, .ndjson, also with .gz or .zst), one item per line:

  {{"id": "q1", "question": "Which planet of the solar system has the most moons?", "choices": ["Mars", "Saturn"]}}

Each string is searched for separately: all of them, or only the fields in decontaminate.fields=[question,choices]. A
document is removed if one stretch of it contains half of the 13-grams of such a text (kind ngram), or 60 % of its
5-grams (kind near: an edited copy). Units are words, in Chinese characters; case, width and the two Chinese scripts
make no difference. A text of 8 to 12 units must occur as a whole; shorter texts are counted and not searched for.
{TABLE_FILES}
Written:
  OUT/decontaminate/matches     document id, benchmark, item, field, kind, share of the n-grams, stretch that was found
  OUT/decontaminate/kept        of a table: the rows that were kept, unchanged
  OUT/decontaminate/quarantine  of a table: lines that could not be read, with their place""",
    ),
    _spark(
        "line_dedup",
        "Remove lines that occur in several documents from all but the best of these.",
        f"""
  sluice run line_dedup --conf conf/local.yaml --set line_dedup.enabled=true --set plan.inputs=[DIR] --set output=OUT
  sluice run line_dedup --set source.inputs=[FILES] --set source.id=id --set source.text=text --set output=OUT

A line is repeated if line_dedup.min_documents (3) different documents contain it; case, width, punctuation and the two
Chinese scripts make no difference. The best document keeps it: by quality, then length, then smallest id. Short lines,
code, table rows and lines that make up most of a document are never removed.
{TABLE_FILES}
Written:
  OUT/line_dedup/removed_lines  document id, line (hash), num_documents, kept_in (a document that keeps the line)
  OUT/line_dedup/cut_texts      of a run: the remaining texts, with counts for each document
  OUT/line_dedup/kept           of a table: its rows, without these lines in their text
  OUT/line_dedup/quarantine     of a table: lines that could not be read, with their place
  OUT/line_dedup/_summary.json  counts of documents, lines and characters; lines removed most often""",
    ),
    _spark(
        "split_check",
        "Remove documents that are similar to one held out from their split.",
        """
  sluice run split_check --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Splits are made of whole near-duplicate clusters, but deduplication misses a few pairs. This job looks for missed pairs
across splits with other MinHash permutations and more bands (split_check.bands, split_check.rows), then compares them
exactly. A document of train that is similar to one of valid or test is removed, and one of valid that is similar to one
of test.
Written:
  OUT/split_check/removals       document id, step, split, duplicate_of (held out, kept), duplicate_of_split, jaccard
  OUT/split_check/_summary.json  counts; pairs proposed, compared exactly and found; catch_probability""",
    ),
    _spark(
        "tokenizer",
        "Train the tokenizer on a sample of the kept text.",
        """
  sluice run tokenizer --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Writes OUT/tokenizer/tokenizer.json: byte-level BPE, or words with tokenizer.kind=word.""",
    ),
    _spark(
        "shards",
        "Write the kept documents as TFRecord shards with a manifest.",
        """
  sluice run shards --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Writes OUT/shards/NAME/VERSION, the dataset that `sluice train` reads and `sluice verify` checks.""",
    ),
    _spark(
        "score",
        "Score the texts of a table with a language model.",
        f"""
  sluice export --set train.run.out=out/train
  sluice run score --set score.model=out/train/export --set source.inputs=[FILES] --set output=OUT

Gives nats, perplexity and bits per byte of each document. Executors compute with NumPy and need no TensorFlow.
source.id and source.text name the columns.
{TABLE_FILES}
To use the scores in the rules of a run with output RUN, score its documents:
source.inputs=[RUN/extract/docs/*/kind=doc/*.parquet], source.id=doc_id; then run filter with rules.scores=OUT, where
the signal is called bits_per_byte. Dedup can prefer documents by score (source.quality), and train-quality can take
it as a label.
Written:
  OUT/score/scores         id, nll, n_tokens, n_bytes, bits_per_byte, ppl, is_cut
  OUT/score/quarantine     lines that could not be read, with their place
  OUT/score/_summary.json  counts, and the sums over all texts""",
    ),
    Job(
        "run train-quality",
        "Train a quality model for one language from wanted and unwanted text.",
        """\
  sluice run train-quality --set train_quality.language=zh \\
      --set 'train_quality.positive=[encyclopaedia.jsonl.gz]' --set 'train_quality.negative=[OUT]' \\
      --set train_quality.output=quality-zh.bin

A source is the output of a run, Parquet with a column `text`, .jsonl[.gz|.zst] with a field `text`, or a text file.
Writes the model, its record (.json) and its card (.md), and prints how well it separates held-out documents. Needs no
Spark.""",
        "sluice.commands.quality_jobs:train_quality",
        "extract,quality",
    ),
    Job(
        "run fit-thresholds",
        "Propose rule thresholds for a language, as FineWeb-2 does.",
        """\
  sluice run fit-thresholds --set output=OUT --set 'thresholds.languages=[zh]' --set thresholds.reference=en

Reads a sample of OUT/extract/docs of a finished run. Writes OUT/thresholds/LANGUAGE.yaml, a file for rules.presets, and
OUT/thresholds/report.html with histograms and documents that only one rule would remove. Nothing else changes: look at
these documents, edit the file, name it in rules.presets, and run filter again. Needs no Spark.""",
        "sluice.commands.quality_jobs:fit_thresholds",
        "extract,objectstore",
    ),
    _training(
        "train",
        "Train a language model; the same command continues after an interruption.",
        """
  sluice train --conf conf/cc-base.yaml --set train.data.manifest=out/shards/corpus/1.0.0
  sluice train … --set train.run.dry_run=true          parameters, steps and memory only
  sluice train … --set train.dist.strategy=multiworker --set train.dist.local_workers=2

Written to train.run.out: checkpoints, metrics.jsonl, samples.txt and, at the end, summary.json.""",
    ),
    _training(
        "evaluate",
        "Evaluate a trained model on validation, test and other datasets.",
        """
  sluice evaluate --set train.run.out=out/train
  sluice evaluate --set train.run.out=out/train --set 'train.data.domains={news: packed/news/1.0.0}'

The best checkpoint is evaluated, else the latest, with the model and data of the run. A domain is another dataset with
the same tokenizer (`sluice pack --tokenizer`). The result is also written to evaluation.json in the directory of the
run.""",
    ),
    _training(
        "generate",
        "Continue prompts with a trained model.",
        """
  sluice generate --set train.run.out=out/train --set 'train.run.prompts=["The city", "今天"]'

The best checkpoint is used, else the latest. train.run.sample sets length, temperature and top_k; the same
train.run.seed gives the same text.""",
    ),
    _training(
        "export",
        "Write a trained model as safetensors and SavedModel, with a model card.",
        """
  sluice export --set train.run.out=out/train
  sluice export --set train.run.out=out/train --set train.export.out=my-model

The best checkpoint is exported, else the latest. `sluice run score` reads the directory; `torch.safetensors` loads the
weights into torch's nn.LSTM.""",
    ),
    _training(
        "train-classifier",
        "Train a text classifier: convolutions or an LSTM in both directions.",
        """
  sluice train-classifier --set 'classifier.train=[reviews.jsonl.gz]' --set classifier.label=stars
  sluice train-classifier … --set classifier.arch=bilstm_cls --set classifier.glove.path=glove.6B.100d.txt \\
      --set classifier.embedding_dim=100

A line of a file is a JSON object with a text and a label. Without classifier.valid a share of the texts is held out by
a hash, so equal texts are never on both sides. Written to classifier.out:
  model.safetensors, config.json, tokenizer.json   the best epoch; sluice.train.classifier.train.Predictor reads them
  predictions.jsonl                                for every held-out text: label, predicted label, probability
  report.json, metrics.jsonl                       accuracy, F1 and confusion matrix; a line per epoch""",
    ),
)

JOBS = {job.name.removeprefix("run "): job for job in _ALL}
"""All jobs by their short name: `pipeline`, `train-quality`, `train`."""
