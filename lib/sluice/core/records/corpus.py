"""The tables of what happens to a corpus after deduplication: items of benchmarks, repeated lines, splits."""

from sluice.core.records.base import Int32, Record


class Contamination(Record):
    """Table `matches`: an item of a benchmark in a document, which goes (`text.contamination.Match`)."""

    doc_id: int
    benchmark: str
    item: str
    field: str
    kind: str
    share: float
    stretch: str


class LineRow(Record):
    """A line that may go, once a document; of its documents the best keeps it. `host` is a hash, 1 if unused."""

    line: int
    doc_id: int
    quality: float | None
    n_chars: int
    host: int


class RepeatedLine(Record):
    """Table `removed_lines`: a line, by its hash, that `doc_id` lost; `num_documents` had it, `kept_in` has it."""

    doc_id: int
    line: int
    num_documents: int
    kept_in: int


class CutText(Record):
    """Table `cut_texts`: each document once, without its repeated lines, and its books (`text.repeated_lines.Cut`)."""

    doc_id: int
    n_lines: Int32
    n_chars: int
    n_blank: Int32
    n_short: Int32
    n_structured: Int32
    n_spared: Int32
    n_lines_removed: Int32
    n_blank_removed: Int32
    n_chars_removed: int
    removed: list[int]
    """The lines, by their hashes, that went, each once."""
    text: str | None
    """None where nothing went. Empty where nothing is left: the document goes too."""


class TextScore(Record):
    """Table `score/scores`: what a language model makes of a text, `<eos>` after it included; `id` as in the table."""

    id: str
    nll: float
    """Nats."""
    n_tokens: int
    n_bytes: int
    """UTF-8 bytes of the tokens that were scored."""
    bits_per_byte: float | None
    """Null for an empty text, and where the tokenizer loses text."""
    ppl: float
    is_cut: bool
    """The text has more tokens than were looked at."""


class LineText(Record):
    """A line as it stands in the document that keeps it, and its hash."""

    line: int
    sample: str


class SplitRow(Record):
    """A document as the check of the split compares it; its rank is its id."""

    rank: int
    split: str
    n_shingles: Int32
    signature: bytes | None


class SplitRemoval(Record):
    """Table `split/removals`: a document that goes, and the similar one, which stays, of a split held out from its own.

    `jaccard` is the exact similarity of their shingle sets.
    """

    doc_id: int
    step: str
    split: str
    duplicate_of: int
    duplicate_of_split: str
    jaccard: float
