"""Settings of filter rules, quality models and fitted thresholds."""

from typing import Literal

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section


class TrainQualityConfig(Section):
    """Training of a quality model on wanted and unwanted text (`sluice run train-quality`)."""

    language: str = "zh"
    """ISO 639-1 code. Determines word segmentation, and which rows are used of a table with languages."""
    positive: tuple[str, ...] = ()
    """Sources of good text: run outputs, Parquet files or directories with a column `text`, `.jsonl[.gz|.zst]` files
    with a field `text`, or text files (one document each). Of a file of marks (`sluice view`), the good documents."""
    negative: tuple[str, ...] = ()
    """Sources of bad text, in the same formats. Of a file of marks, the bad documents."""
    groups: tuple[str, ...] = ("host", "url", "title")
    """Columns or fields. A document's group is the value of the first of them that it has (for a URL, its host). Groups
    are entirely in training or entirely held out. A document without any of them is a separate group."""
    output: str = "quality.bin"
    """Path of the model. Next to it, `.json` is its training record and `.md` its model card."""
    min_chars: CountInt = 200
    """Shorter documents are skipped."""
    passage_words: PositiveInt = 100
    """Training uses passages of exactly this many words, so that the classes do not differ in length. Shorter documents
    are skipped."""
    passages_per_document: PositiveInt = 5
    """Maximum number of passages per document, spread evenly over it."""
    good_per_bad: PositiveInt = 1
    """Maximum number of good passages per bad one. More than 1 shows the model more kinds of good text, and increases
    all scores."""
    max_documents_per_class: PositiveInt = 100_000
    """Maximum number of documents per class, chosen by hash and as evenly as possible from its sources."""
    held_out: Fraction = 0.2
    """Share of the groups that is held out from training, for evaluation."""
    dim: PositiveInt = 16
    """Dimension of the word vectors."""
    epochs: PositiveInt = 5
    """Number of passes over the training text (ChineseWebText: 5)."""
    lr: PositiveFloat = 0.5
    """Initial learning rate (ChineseWebText: 0.5)."""
    word_ngrams: PositiveInt = 2
    """Features are words and sequences of up to this many words."""
    bucket: PositiveInt = 200_000
    """Number of hash buckets for word sequences; each takes `dim` x 4 bytes."""
    min_count: PositiveInt = 5
    """Words that occur less often are treated as unknown."""
    seed: CountInt = 0
    """Seed of the initial vectors, the split, and the choice and order of documents."""


class FitThresholdsConfig(Section):
    """Proposed rule thresholds for a language, computed from a run as in FineWeb-2 (`sluice run fit-thresholds`)."""

    languages: tuple[str, ...] = ("zh",)
    """ISO 639-1 codes to propose thresholds for."""
    reference: str = "en"
    """Language whose thresholds are known. The run must contain documents in it."""
    reference_rules: tuple[str, ...] = ("fineweb",)
    """Presets or YAML files with the known thresholds."""
    method: Literal["fineweb2", "mean_std", "quantile", "median_ratio", "tail"] = "fineweb2"
    """How thresholds are transferred. `fineweb2` chooses a method per signal; the others apply to all signals."""
    tail: Fraction = 0.1
    """For `tail`: share of documents that a rule may drop."""
    max_documents: PositiveInt = 100_000
    """Sample size per language. Documents are chosen by a hash of their id."""
    min_documents: PositiveInt = 100
    """Fewer documents in a language are an error: their quantiles would be meaningless."""
    marks: tuple[str, ...] = ()
    """Files of marks (`sluice view`) of documents of this run. The report counts how many good and bad ones each
    threshold drops. The proposals do not depend on them."""
    seed: CountInt = 0
    """Seed of the sample."""


class RulesConfig(Section):
    """Which documents are good enough."""

    presets: tuple[str, ...] = ("en-default", "zh-default")
    """Names of shipped rule files, or paths or URIs of your own (`.yaml`), applied in this order; see
    lib/sluice/text/presets."""
    scores: str | None = None
    """The `output` of `sluice run score` on this run's `extract/docs`. Provides the signal `bits_per_byte`, null for
    documents without a score. Set it for `sluice run filter` and all later stages."""
    spam_rules: tuple[str, ...] = ("bad_words", "link_farms", "hijacked_pages")
    """Names of rules whose breach counts as spam in the signal `domain_spam_share`."""
    domain_min_hosts: PositiveInt = 10
    """Minimum number of hosts with documents under one registered domain for which the signals `domain_hosts`,
    `domain_documents` and `domain_spam_share` are defined. Farms of spam use a new host for each page."""
