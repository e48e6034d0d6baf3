"""The table of all jobs, used by `sluice NAME` and `jobs/NAME.py`. This module does not import any engine."""

import contextlib
from collections.abc import Callable, Sequence

from sluice.commands.configuration import read_file
from sluice.core.cli import Job, job_main
from sluice.core.config.schema import Config

SPARK_EXTRAS = "extract,spark,tokenizers"
TRAIN_EXTRAS = "train,tokenizers"

TABLE_FILES = """\
FILES are Parquet files, JSON lines (.jsonl, .json), CSV (.csv, .tsv) or Arrow files, directories or globs; text also
with .gz or .zst."""
CLUSTER = """\
On a cluster or with more memory: spark-submit --driver-memory 4g jobs/{file}.py with the same options."""


def main_of(name: str) -> Callable[[Sequence[str] | None], int]:
    """Returns the `main` function of a job in `JOBS`, for a script in jobs/."""
    return job_main(JOBS[name], read_file)


def _spark(name: str, summary: str, help: str) -> Job:
    """Returns a job that runs on Spark; its function has the job's name."""
    text = help.strip("\n") + "\n\n" + CLUSTER.format(file=name)
    return Job(f"run {name}", summary, text, f"sluice.spark.jobs:{name}", SPARK_EXTRAS, hold=_hold_output)


def _hold_output(config: Config, take_over: bool) -> contextlib.AbstractContextManager[None]:
    from sluice.data.owner import hold  # not for --help

    return hold(config.output, take_over=take_over)


def _training(name: str, summary: str, help: str) -> Job:
    """Returns a job that runs on TensorFlow; its function has the job's name, with underscores for hyphens."""
    target = f"sluice.train.jobs:{name.replace('-', '_')}"
    return Job(name, summary, help.strip("\n"), target, TRAIN_EXTRAS)


_ALL = (
    _spark(
        "pipeline",
        "Run all curation stages, from web archives to TFRecord shards and a report.",
        """
Stages: extract, filter, dedup, decontaminate (if benchmarks are set), line_dedup (if enabled), split_check,
tokenizer, shards.
A finished stage is kept, so the same command continues after an interruption.

  sluice run pipeline --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

DIR contains WARC, WET or ARC files; OUT/report.html shows how many documents each stage removed, and why.""",
    ),
    Job(
        "run plan",
        "Plan which archives and records to read, and estimate time and cost.",
        """\
  sluice run plan --set plan.inputs=[warc.paths.gz] --set 'plan.index=[INDEX]' --set output=OUT

Writes OUT/plan, which extract reads. Prints requests, bytes, core-hours and dollars for reading whole archives, for
reading only the wanted records, and for the chosen plan. Does not need Spark.""",
        "sluice.commands.plan_job:plan",
        "extract,objectstore",
        {"probe": "read the beginning of the first archive, and repeat the estimate with the measured speeds"},
        hold=_hold_output,
    ),
    _spark(
        "extract",
        "Extract documents from web archives: text, language, signals, signature.",
        """
  sluice run extract --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Writes OUT/extract/docs, one row per page, with the reason if it was rejected.""",
    ),
    _spark(
        "filter",
        "Apply quality rules to the documents of a run.",
        """
  sluice run filter --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Rules check the signals stored by extract. If rules.scores is the output of the job score on OUT/extract/docs, they can
also check `bits_per_byte`: how unlikely a language model finds a document. Documents without a score pass the rules on
that signal. `sluice rules` lists the rules.""",
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
  OUT/dedup/copies      for a kept document with duplicates: number of equal or similar documents, including itself
  OUT/dedup/clusters    groups of similar documents, identified by the best of each
  OUT/dedup/edges       all pairs verified to be similar
  OUT/dedup/kept        for a table: the kept rows with all columns, unchanged, in files of the same kind
  OUT/dedup/quarantine  for a table: unreadable rows, with their location
  OUT/dedup/index       with dedup.write_index=true: index for dedup.earlier=[...] of later crawls""",
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
document is removed if a passage contains half of the 13-grams of such a string (kind ngram), or 60 % of its 5-grams
(kind near: an edited copy). Units are words, or characters in Chinese. Case, width and the two Chinese scripts are
ignored. Strings of 8 to 12 units must occur as a whole; shorter ones are counted but not searched for.
{TABLE_FILES}
Written:
  OUT/decontaminate/matches     document id, benchmark, item, field, kind, share of the n-grams, matching passage
  OUT/decontaminate/kept        for a table: the kept rows with all columns, unchanged, in files of the same kind
  OUT/decontaminate/quarantine  for a table: unreadable rows, with their location""",
    ),
    _spark(
        "line_dedup",
        "Remove lines that occur in several documents from all except the best one.",
        f"""
  sluice run line_dedup --conf conf/local.yaml --set line_dedup.enabled=true --set plan.inputs=[DIR] --set output=OUT
  sluice run line_dedup --set source.inputs=[FILES] --set source.id=id --set source.text=text --set output=OUT

A line is repeated if at least line_dedup.min_documents (3) documents contain it; case, width, punctuation and the two
Chinese scripts are ignored. The best document (by quality, then length, then smallest id) keeps it. Short lines, code,
table rows and lines that make up most of a document are never removed.
{TABLE_FILES}
Written:
  OUT/line_dedup/removed_lines  document id, line (hash), num_documents, kept_in (a document that keeps the line)
  OUT/line_dedup/cut_texts      for a run: the remaining texts, with counts per document
  OUT/line_dedup/kept           for a table: its rows, without these lines in their text
  OUT/line_dedup/quarantine     for a table: unreadable rows, with their location
  OUT/line_dedup/_summary.json  counts of documents, lines and characters; the lines removed most often""",
    ),
    _spark(
        "split_check",
        "Remove documents that are similar to a held-out document of another split.",
        """
  sluice run split_check --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT

Splits consist of whole near-duplicate clusters, but deduplication misses a few pairs. This job searches for missed
pairs across splits with other MinHash permutations and more bands (split_check.bands, split_check.rows), then compares
them exactly. A train document similar to a valid or test document is removed, and a valid document similar to a test
document.
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
    Job(
        "publish",
        "Write the kept documents as a dataset in the layout of the Hugging Face hub.",
        """\
  sluice publish --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT
  sluice publish --conf conf/local.yaml --set plan.inputs=[DIR] --set output=OUT \\
      --set 'publish.formats=[parquet,jsonl]' --set publish.upload=OWNER/NAME

Needs the settings of a run whose stages up to split_check have finished; the tokenizer and the shards are not needed.
The documents, texts and splits are those of the shards. The directory loads with datasets.load_dataset(DIR), offline;
publish.upload copies it to a private repository of the hub and resumes after an interruption (HF_TOKEN, or
`hf auth login`).
Written:
  OUT/publish/NAME/README.md      dataset card: sources, counts, rules, duplicates, personal data, licence, limits
  OUT/publish/NAME/data           train, validation and test; a folder per language if there are several
  OUT/publish/NAME/croissant.json description in Croissant 1.0
  OUT/publish/NAME/settings.yaml  settings that reproduce the dataset
  OUT/publish/NAME/SHA256SUMS     checksums, which `sluice verify OUT/publish/NAME` checks

"""
        + CLUSTER.format(file="publish"),
        "sluice.spark.jobs:publish",
        SPARK_EXTRAS,
        hold=_hold_output,
    ),
    _spark(
        "score",
        "Score the texts of a table with a language model.",
        f"""
  sluice export --set train.run.out=out/train
  sluice run score --set score.model=out/train/export --set source.inputs=[FILES] --set output=OUT

Computes nats, perplexity and bits per byte of each document. Executors use NumPy and do not need TensorFlow.
source.id and source.text name the columns.
{TABLE_FILES}
To use the scores in the rules of a run with output RUN, score its documents:
source.inputs=[RUN/extract/docs/*/kind=doc/*.parquet], source.id=doc_id; then run filter with rules.scores=OUT; the
signal is called bits_per_byte. Dedup can prefer documents by score (source.quality), and train-quality can use it as
a label.
Written:
  OUT/score/scores         id, nll, n_tokens, n_bytes, bits_per_byte, ppl, is_cut
  OUT/score/quarantine     unreadable rows, with their location
  OUT/score/_summary.json  counts, and sums over all texts""",
    ),
    Job(
        "run train-quality",
        "Train a quality model for one language from wanted and unwanted text.",
        """\
  sluice run train-quality --set train_quality.language=zh \\
      --set 'train_quality.positive=[encyclopaedia.jsonl.gz]' --set 'train_quality.negative=[OUT]' \\
      --set train_quality.output=quality-zh.bin

A source is the output of a run, Parquet with a column `text`, .jsonl[.gz|.zst] with a field `text`, or a text file.
Writes the model, its record (.json) and its card (.md), and prints how well it separates held-out documents. Does not
need Spark.""",
        "sluice.commands.quality_jobs:train_quality",
        "extract,quality",
    ),
    Job(
        "run fit-thresholds",
        "Propose rule thresholds for a language, as in FineWeb-2.",
        """\
  sluice run fit-thresholds --set output=OUT --set 'thresholds.languages=[zh]' --set thresholds.reference=en

Reads a sample of OUT/extract/docs of a finished run. Writes OUT/thresholds/LANGUAGE.yaml, a file for rules.presets, and
OUT/thresholds/report.html with histograms and documents that only one rule would remove. Changes nothing else: look at
these documents, edit the file, add it to rules.presets, and run filter again. Does not need Spark.""",
        "sluice.commands.quality_jobs:fit_thresholds",
        "extract,objectstore",
    ),
    _training(
        "train",
        "Train a language model; the same command continues after an interruption.",
        """
  sluice train --conf conf/cc-base.yaml --set train.data.manifest=out/shards/corpus/1.0.0
  sluice train … --set train.run.dry_run=true          only print parameters, steps and memory
  sluice train … --set train.dist.strategy=multiworker --set train.dist.local_workers=2

Written to train.run.out: checkpoints, metrics.jsonl, samples.txt and, at the end, summary.json.""",
    ),
    _training(
        "evaluate",
        "Evaluate a trained model on validation, test and other datasets.",
        """
  sluice evaluate --set train.run.out=out/train
  sluice evaluate --set train.run.out=out/train --set 'train.data.domains={news: packed/news/1.0.0}'

Evaluates the best checkpoint, or the latest if there is no best, with the model and data of the run. A domain is
another dataset with the same tokenizer (`sluice pack --tokenizer`). The result is also written to evaluation.json in
the run directory.""",
    ),
    _training(
        "generate",
        "Continue prompts with a trained model.",
        """
  sluice generate --set train.run.out=out/train --set 'train.run.prompts=["The city", "今天"]'

Uses the best checkpoint, or the latest if there is no best. train.run.sample sets length, temperature and top_k. The
same train.run.seed gives the same text.""",
    ),
    _training(
        "export",
        "Write a trained model as safetensors and SavedModel, with a model card.",
        """
  sluice export --set train.run.out=out/train
  sluice export --set train.run.out=out/train --set train.export.out=my-model

Exports the best checkpoint, or the latest if there is no best. `sluice run score` reads the directory; its
torch.safetensors contains the weights for torch's nn.LSTM.""",
    ),
    Job(
        "ablate",
        "Measure whether curation helps: small models on several variants of a corpus.",
        """\
  sluice ablate --set output=OUT --set 'ablate.held_out={encyclopaedia: [articles.jsonl.gz], code: [src/**/*.py]}'

Variants of the finished run OUT: main text, + rules, + dedup. To compare with the whole visible text of the same pages:

  sluice run extract --conf conf/uncurated.yaml --set plan.inputs=[DIR] --set output=UNCURATED
  sluice ablate --set output=OUT --set ablate.uncurated=[UNCURATED/extract] --set 'ablate.held_out={clean: [a.jsonl]}'

Any other variants, from stages of runs or from files:

  sluice ablate --set output=OUT --set 'ablate.variants={raw: [raw.jsonl], ours: [OUT/dedup], theirs: [web.parquet]}' \\
      --set 'ablate.held_out={clean: [a.jsonl]}'

Every variant is trained on the same number of tokens, with one tokenizer, an n-gram model and a small LSTM, and several
seeds. Each held-out set is scored in bits per byte; changes have 95 % intervals over documents and seeds. A held-out
document that is in the training documents is an error before anything is trained: it is named, and
ablate.exclude_overlap=true leaves it out. A killed job continues with the next model.
Written:
  OUT/ablate/report.html, changes.svg   sentences, tables, picture; `sluice report OUT` has the same section
  OUT/ablate/results.json               all numbers
  OUT/ablate/cells                      nats of every held-out document by variant, model and seed
  OUT/ablate_overlap.jsonl              overlapping documents, if any""",
        "sluice.ablation.job:ablate",
        "extract,train,tokenizers",
    ),
    _training(
        "train-classifier",
        "Train a text classifier: convolutions or an LSTM in both directions.",
        """
  sluice train-classifier --set 'classifier.train=[reviews.jsonl.gz]' --set classifier.label=stars
  sluice train-classifier … --set classifier.arch=bilstm_cls --set classifier.glove.path=glove.6B.100d.txt \\
      --set classifier.embedding_dim=100

Each line of a file is a JSON object with a text and a label. Without classifier.valid, part of the texts is held out by
a hash, so that equal texts are always on the same side. Written to classifier.out:
  model.safetensors, config.json, tokenizer.json   the best epoch; sluice.train.classifier.train.Predictor reads them
  predictions.jsonl                                for every held-out text: label, predicted label, probability
  report.json, metrics.jsonl                       accuracy, F1 and confusion matrix; one line per epoch""",
    ),
)

JOBS = {job.name.removeprefix("run "): job for job in _ALL}
"""All jobs by their short name: `pipeline`, `train-quality`, `train`."""
