"""The section `ablate`: small models trained on several variants of a corpus, to measure what curation changes."""

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section

Paths = tuple[str, ...]


class AblateNgramConfig(Section):
    """The n-gram model of every variant and seed (modified Kneser-Ney smoothing)."""

    order: PositiveInt | None = 5
    """Tokens of the longest n-gram; null: no n-gram model."""
    seeds: PositiveInt = 8
    """Number of repetitions; each draws other documents. One gives no interval over seeds."""


class AblateLstmConfig(Section):
    """The LSTM of every variant and seed: one layer, AdamW, learning rate along a cosine."""

    enabled: bool = True
    """Train an LSTM. Without it, the job needs no TensorFlow and takes seconds instead of minutes."""
    seeds: PositiveInt = 3
    """Number of repetitions; each draws other documents and other initial values."""
    hidden: PositiveInt = 256
    """Cells of the layer."""
    embedding_dim: PositiveInt = 128
    """Width of the embedding."""
    dropout: Fraction = 0.0
    """Dropout rate of the embedded tokens and before the softmax. In short training it adds noise between seeds."""
    batch_size: PositiveInt = 16
    """Streams of tokens per step."""
    bptt_steps: PositiveInt = 32
    """Tokens per stream and step."""
    steps: PositiveInt = 3000
    """Training steps, so that the time does not depend on `ablate.tokens`; the tokens are repeated if necessary."""
    lr: PositiveFloat = 0.004
    """Peak learning rate."""


class AblateConfig(Section):
    """Models trained at equal tokens on variants of a corpus, compared in bits per byte (`sluice ablate`)."""

    variants: dict[str, Paths] = {}
    """Variants by name, the uncurated one first, then one more step of curation each. A variant is a list of stage
    directories of finished runs (`OUT/extract`, `OUT/filter`, `OUT/dedup`, …: the documents that remain after the
    stage), or of files, directories and globs: `.parquet` with a column `text`, `.jsonl` with a field `text`, other
    files as one text each. Empty: the finished stages of `output`."""
    uncurated: Paths = ()
    """If `variants` is empty: the first variant, in the same forms; usually `OUT/extract` of a run with
    conf/uncurated.yaml on the same archives."""
    language: str | None = None
    """Use only documents in this language (ISO 639-1), where a source has languages; null: all."""
    held_out: dict[str, Paths] = {}
    """Held-out sets by name: files, directories or globs in the same forms, for example a text file per document."""
    max_documents: PositiveInt = 500
    """Maximum number of documents per held-out set, chosen by hash."""
    overlap_share: Fraction = 0.5
    """A held-out document overlaps with a training document if one contains at least this share of the 13-grams of a
    passage of at most 256 words (Chinese: characters) of the held-out document, or if this share of its own 13-grams
    is in the held-out document. Case, width and the two Chinese scripts are ignored."""
    exclude_overlap: bool = False
    """Leave overlapping documents out of the held-out sets (counted) instead of refusing them."""
    tokens: PositiveInt | None = None
    """Training tokens of every variant; null: four fifths of the smallest variant, at most 4 million, so that seeds
    draw different documents."""
    seed: CountInt = 1
    """First seed; the others follow it. Both models use the same draws for a seed."""
    tokenizer: str = ""
    """Path of a lossless tokenizer.json for all variants. Empty: train byte-level BPE on equal parts of each."""
    vocab_size: PositiveInt = 4096
    """Vocabulary size of the trained tokenizer."""
    tokenizer_bytes: PositiveInt = 4 << 20
    """Maximum bytes of each variant in the tokenizer's training text."""
    ngram: AblateNgramConfig = AblateNgramConfig()
    lstm: AblateLstmConfig = AblateLstmConfig()
