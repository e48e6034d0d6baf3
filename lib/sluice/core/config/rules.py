"""Settings of filter rules, quality models and fitted thresholds."""

from typing import Literal

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section


class TrainQualityConfig(Section):
    """A learned quality model: from text that is wanted and text that is not (`sluice run train-quality`)."""

    language: str = "zh"
    """ISO 639-1 code: how words are found, and which rows of a table with languages are taken."""
    positive: tuple[str, ...] = ()
    """Sources of good text: outputs of runs, Parquet files or folders with a column `text`, `.jsonl[.gz|.zst]` with a
    field `text`, or text files, each one document."""
    negative: tuple[str, ...] = ()
    """Sources of bad text, of the same kinds."""
    groups: tuple[str, ...] = ("host", "url", "title")
    """Columns or fields: the first of them that a document has (a URL by its host) is its group, which is wholly in
    training or wholly held out. A document without any is a group of its own."""
    output: str = "quality.bin"
    """The model; beside it `.json`, its record, and `.md`, its card."""
    min_chars: CountInt = 200
    """Shorter documents are left out."""
    passage_words: PositiveInt = 100
    """Training uses passages of exactly this many words, so that length does not tell the classes apart; shorter
    documents are left out."""
    passages_per_document: PositiveInt = 5
    """Most passages of one document, spread over it."""
    max_documents_per_class: PositiveInt = 100_000
    """Documents are chosen by hash, as evenly as can be from the sources of a class."""
    held_out: Fraction = 0.2
    """Share of the groups that is only judged."""
    dim: PositiveInt = 16
    """Length of the vectors."""
    epochs: PositiveInt = 5
    """Passes over the training text (ChineseWebText: 5)."""
    lr: PositiveFloat = 0.5
    """Learning rate at the beginning (ChineseWebText: 0.5)."""
    word_ngrams: PositiveInt = 2
    """Features are words and sequences of up to this many words."""
    bucket: PositiveInt = 200_000
    """Hash buckets of those sequences; `dim` x 4 bytes each."""
    min_count: PositiveInt = 5
    """Rarer words are unknown."""
    seed: CountInt = 0
    """Seed of the first vectors, of the split and of the choice and order of documents."""


class FitThresholdsConfig(Section):
    """Thresholds for a language, proposed from a run as FineWeb-2 does it (`sluice run fit-thresholds`)."""

    languages: tuple[str, ...] = ("zh",)
    """ISO 639-1 codes to propose thresholds for."""
    reference: str = "en"
    """The language whose thresholds are known; the run must have documents in it."""
    reference_rules: tuple[str, ...] = ("fineweb",)
    """Presets or YAML files with the known thresholds."""
    method: Literal["fineweb2", "mean_std", "quantile", "median_ratio", "tail"] = "fineweb2"
    """How a threshold is carried over: `fineweb2` chooses for each signal, the others are used for all."""
    tail: Fraction = 0.1
    """Share that method `tail` lets a rule drop."""
    max_documents: PositiveInt = 100_000
    """Size of the sample of each language, chosen by hash of the document id."""
    min_documents: PositiveInt = 100
    """Fewer documents of a language are an error: their quantiles say nothing."""
    seed: CountInt = 0
    """Seed of the sample."""


class RulesConfig(Section):
    """Which documents are good enough."""

    presets: tuple[str, ...] = ("en-default", "zh-default")
    """Names of shipped rule files or paths of own ones, applied in this order; see lib/sluice/text/presets."""
    scores: str | None = None
    """The `output` of `sluice run score` on this run's `extract/docs`: source of the signal `bits_per_byte`, null for
    documents without a score. Set it for `sluice run filter` and all later stages."""
