"""The records passed between stages, which also define all tables: a struct is a table, its fields the columns.

`spark.engine.schemas` and `data.arrow` derive Spark and Arrow schemas from the annotations. There are no other schema
definitions.
"""

from datetime import datetime
from typing import ClassVar

from sluice.core.records.base import Float32, Int32, Record


class Signals(Record):
    """Quality signals of one text; None where a signal is undefined. Shares range from 0 to 1 unless stated otherwise.

    For definitions and sources, see the functions that `text.signals` lists in the same order.
    """

    n_words: int | None = None
    mean_word_length: float | None = None
    median_word_length: float | None = None
    longest_run_chars: int | None = None
    hash_per_word: float | None = None
    ellipsis_per_word: float | None = None
    alphabetic_word_share: float | None = None
    n_stop_words: int | None = None
    n_stop_word_hits: int | None = None
    n_function_words: int | None = None
    function_word_share: float | None = None
    unique_word_share: float | None = None
    word_entropy: float | None = None
    all_caps_word_share: float | None = None
    n_sentences: int | None = None
    lettered_word_share: float | None = None
    bullet_line_share: float | None = None
    ellipsis_line_share: float | None = None
    list_line_share: float | None = None
    fineweb_terminal_line_share: float | None = None
    terminal_line_share: float | None = None
    short_line_share: float | None = None
    mean_line_chars: float | None = None
    newlines_per_word: float | None = None
    lines_per_word: float | None = None
    javascript_line_share: float | None = None
    policy_line_share: float | None = None
    more_line_share: float | None = None
    sentence_line_share: float | None = None
    duplicate_line_share: float | None = None
    duplicate_paragraph_share: float | None = None
    duplicate_line_char_share: float | None = None
    duplicate_paragraph_char_share: float | None = None
    fineweb_duplicate_line_char_share: float | None = None
    top_2gram_share: float | None = None
    top_3gram_share: float | None = None
    top_4gram_share: float | None = None
    duplicate_5gram_share: float | None = None
    duplicate_6gram_share: float | None = None
    duplicate_7gram_share: float | None = None
    duplicate_8gram_share: float | None = None
    duplicate_9gram_share: float | None = None
    duplicate_10gram_share: float | None = None
    char_repetition_share: float | None = None
    word_repetition_share: float | None = None
    han_share: float | None = None
    char_entropy: float | None = None
    unique_char_share: float | None = None
    digit_share: float | None = None
    uppercase_share: float | None = None
    punctuation_share: float | None = None
    non_alphanumeric_share: float | None = None
    whitespace_share: float | None = None
    parenthesis_share: float | None = None
    curly_bracket_share: float | None = None
    url_char_share: float | None = None
    special_char_share: float | None = None
    bracketed_char_share: float | None = None
    fullwidth_share: float | None = None
    garbled_share: float | None = None
    lorem_ipsum_share: float | None = None
    c4_sentences: int | None = None
    c4_curly_lines: int | None = None
    c4_lorem_lines: int | None = None
    c4_any_end_sentences: int | None = None
    c4_any_end_curly_lines: int | None = None
    c4_any_end_lorem_lines: int | None = None
    error_page_share: float | None = None
    search_page_share: float | None = None
    prose_mean_word_length: float | None = None
    prose_hash_per_word: float | None = None
    prose_ellipsis_per_word: float | None = None
    prose_lettered_word_share: float | None = None
    prose_list_line_share: float | None = None
    prose_terminal_line_share: float | None = None
    prose_short_line_share: float | None = None
    prose_mean_line_chars: float | None = None
    prose_sentence_line_share: float | None = None
    prose_lines_per_word: float | None = None
    prose_duplicate_line_share: float | None = None
    prose_duplicate_paragraph_share: float | None = None
    prose_duplicate_line_char_share: float | None = None
    prose_duplicate_paragraph_char_share: float | None = None
    prose_fineweb_duplicate_line_char_share: float | None = None
    prose_top_2gram_share: float | None = None
    prose_top_3gram_share: float | None = None
    prose_top_4gram_share: float | None = None
    prose_duplicate_5gram_share: float | None = None
    prose_duplicate_6gram_share: float | None = None
    prose_duplicate_7gram_share: float | None = None
    prose_duplicate_8gram_share: float | None = None
    prose_duplicate_9gram_share: float | None = None
    prose_duplicate_10gram_share: float | None = None
    prose_han_share: float | None = None
    prose_digit_share: float | None = None
    prose_non_alphanumeric_share: float | None = None
    prose_bracketed_char_share: float | None = None
    prose_garbled_share: float | None = None
    n_farm_domains: int | None = None
    n_strewn_titles: int | None = None
    other_language_share: float | None = None
    simplified_share: float | None = None
    traditional_share: float | None = None
    n_bad_words: int | None = None
    n_different_bad_words: int | None = None
    bad_word_share: float | None = None
    quality_score: float | None = None
    random_unit: float | None = None
    bits_per_byte: float | None = None
    domain_hosts: int | None = None
    domain_documents: int | None = None
    domain_spam_share: float | None = None


class Span(Record):
    """Characters [start, end) of a text."""

    start: Int32
    end: Int32


class PlanEntry(Record):
    """One archive to read. Table `plan`.

    `wanted` and `wanted_lengths` are stored in the table only: the task that reads an archive loads its row.
    """

    crawl: Int32
    warc_index: Int32
    """Position in the full list of inputs, not in the selection: ids depend on it."""
    warc_name: str
    path: str
    size: int | None
    """Bytes; None if determined while reading the archive."""
    batch: Int32
    mode: str | None = None
    """`scan` or `index`: how to read the wanted records. None if all records are wanted."""
    num_wanted: Int32 | None = None
    wanted: list[int] | None = None
    """Offsets of the wanted records, ascending."""
    wanted_lengths: list[int] | None = None
    """Their lengths in the file, in bytes."""


class Located(Record):
    """The location of a record, which alone determines its id."""

    crawl: Int32
    warc_index: Int32
    warc_name: str
    rec_offset: int
    rec_length: int | None = None
    url: str | None = None
    host: str | None = None


class Page(Located, kw_only=True):
    """An HTML page as read from the archive, before any filtering."""

    doc_id: int
    fetched_at: datetime | None
    http_status: int | None
    header_charset: str | None
    robots_header: str | None = None
    """X-Robots-Tag headers, joined by commas."""
    payload: bytes
    is_xhtml: bool = False
    """True if the page is XML by its type or its XML declaration, so that `<script/>` is an empty element."""
    is_text: bool = False
    """True for plain text sent as HTML, without one tag or character reference. Its line breaks are kept."""
    is_part: bool = False
    """True if the Content-Range is not the whole page."""
    is_cut: bool = False
    """True if the payload was larger than the limit and was truncated."""


class Rejection(Located, kw_only=True):
    """A page that cannot become a document. `reason` is a short constant; `detail` never contains page text."""

    kind: ClassVar[str] = "doc"

    doc_id: int
    fetched_at: datetime | None
    reason: str
    detail: str | None = None
    charset: str | None = None
    charset_by: str | None = None
    language: str | None = None
    language_score: Float32 | None = None
    n_chars: Int32 | None = None
    n_bytes: Int32 | None = None


class Document(Located, kw_only=True):
    """A page with its text and everything that later stages need for decisions."""

    kind: ClassVar[str] = "doc"

    doc_id: int
    fetched_at: datetime | None
    charset: str
    charset_by: str
    """Evidence for the charset: `bom`, `header`, `meta`, `bytes` (a declaration contradicts them), `detector` (none is
    declared), or `wet`."""
    language: str
    language_score: Float32
    script: str
    variant: str | None = None
    """Chinese only: zh-Hans, zh-Hant, mixed, yue, lzh. None if no character is distinctive, and for other languages."""
    title: str | None = None
    author: str | None = None
    published: str | None = None
    """Publication date stated by the page, ISO 8601."""
    licence: str | None = None
    """SPDX id of a Creative Commons licence (CC-BY-SA-4.0). None also if the best evidence names several."""
    licence_by: str | None = None
    """Kind of the best evidence, see `text.html.licence`; `anchor` is a plain link to a deed."""
    robots: str | None = None
    """Robots and text-mining directives of the page, sorted and joined by commas: noarchive,noindex."""
    edits: str | None = None
    """JSON: cuts and masks by kind, as counts of lines, parts of lines and characters. Stage counts contain the
    sums."""
    n_extracted_chars: Int32
    """Characters of the main text before cuts and masks."""
    n_chars: Int32
    n_bytes: Int32
    code_spans: list[Span]
    """Preformatted passages of the text, with the fences around them."""
    table_spans: list[Span]
    """Data tables in the text: one line per row, ` | ` between cells."""
    signals: Signals
    text_hash: bytes
    n_shingles: Int32
    signature: bytes | None
    """128 little-endian uint32; None for a document with too few shingles."""
    text: str


class Quarantine(Located, kw_only=True):
    """A byte range of an archive that could not be read, with its location and cause."""

    kind: ClassVar[str] = "quarantine"

    reason: str
    detail: str | None = None


class WarcStats(Record):
    """Final counts for one archive. `stats` is JSON with the counts of `text.pages.archive.WarcAccount`."""

    kind: ClassVar[str] = "stats"

    crawl: Int32
    warc_index: Int32
    warc_name: str
    stats: str


class DocsRow(Record):
    """Table `docs`: documents, rejections, quarantined ranges and stats in one nullable schema; text is last."""

    kind: str
    doc_id: int | None
    crawl: Int32
    warc_index: Int32
    warc_name: str
    rec_offset: int | None
    rec_length: int | None
    url: str | None
    host: str | None
    fetched_at: datetime | None
    charset: str | None
    charset_by: str | None
    language: str | None
    language_score: Float32 | None
    script: str | None
    variant: str | None
    title: str | None
    author: str | None
    published: str | None
    licence: str | None
    licence_by: str | None
    robots: str | None
    edits: str | None
    reason: str | None
    detail: str | None
    n_extracted_chars: Int32 | None
    n_chars: Int32 | None
    n_bytes: Int32 | None
    code_spans: list[Span] | None
    table_spans: list[Span] | None
    signals: Signals | None
    text_hash: bytes | None
    n_shingles: Int32 | None
    signature: bytes | None
    stats: str | None
    text: str | None


class Decision(Record):
    """Table `decisions`: one row per document. `value` violated `threshold` of the rule named `reason`."""

    doc_id: int
    reason: str | None
    value: float | None
    threshold: float | None


class SourceRow(Record):
    """One row of a user's table. For an unreadable one, `problem` holds the reason and `place` its location."""

    piece: Int32 = 0
    """Number of the piece in which the row lies (`data.sources.table_files.Piece`)."""
    position: int = 0
    """Byte, line or row in the file; see `place_of` there."""
    place: str | None = None
    problem: str | None = None
    name: str | None = None
    """The row's id as text. None if there is a problem, so that the row is in no result."""
    text: str | None = None
    quality: float | None = None
    fetched_at: datetime | None = None
    url: str | None = None
