"""Tables of stages after deduplication: benchmark items, repeated lines, scores, splits."""

from sluice.core.records.base import Int32, Record


class Contamination(Record):
    """Table `matches`: a benchmark item in a document to remove (`text.decontamination.scanner.BenchmarkMatch`)."""

    doc_id: int
    benchmark: str
    item: str
    field: str
    kind: str
    share: float
    stretch: str


class LineRow(Record):
    """A line that may be removed, once per document. Its best document keeps it. `host` is a hash; 1 if unused."""

    line: int
    doc_id: int
    quality: float | None
    n_chars: int
    host: int


class RepeatedLine(Record):
    """Table `removed_lines`: hash of a line removed from `doc_id`. `num_documents` contain it, `kept_in` keeps it."""

    doc_id: int
    line: int
    num_documents: int
    kept_in: int


class CutText(Record):
    """Table `cut_texts`: a document without its repeated lines, and its counts
    (`text.dedup.repeated_lines.CutLines`)."""

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
    """Hashes of the removed lines, without repetition."""
    text: str | None
    """None if no line was removed. Empty if all were; the document is then removed too."""


class TextScore(Record):
    """A language model score of a text, including `<eos>`. Table `score/scores` has `id` instead of `doc_id`."""

    doc_id: int
    nll: float
    """Negative log-likelihood in nats."""
    n_tokens: int
    n_bytes: int
    """UTF-8 bytes of the scored tokens."""
    bits_per_byte: float | None
    """Null if the text is empty or the tokenizer is lossy."""
    ppl: float
    is_cut: bool
    """True if the text has more tokens than were scored."""


class LineText(Record):
    """A line as written in the document that keeps it, with its hash."""

    line: int
    sample: str


class SplitRow(Record):
    """A document as input of the split check. Its rank is its id."""

    rank: int
    split: str
    n_shingles: Int32
    signature: bytes | None


class SplitRemoval(Record):
    """Table `split_check/removals`: a removed document and the similar held-out document that is kept.

    `jaccard` is the exact similarity of their shingle sets.
    """

    doc_id: int
    step: str
    split: str
    duplicate_of: int
    duplicate_of_split: str
    jaccard: float
