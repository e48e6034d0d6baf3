"""The sections of what deduplication does beside whole documents: repeated lines, and benchmarks."""

from sluice.core.section import Fraction, PositiveInt, Section


class Lines(Section):
    """Lines that stand in several documents stay in the best of them only."""

    min_documents: PositiveInt = 3
    """A line is repeated when it stands in so many different documents. CCNet takes 2."""
    min_hosts: PositiveInt = 1
    """And on so many different hosts; documents without a host count as one. 1 needs no hosts."""
    min_chars: PositiveInt = 30
    """Shorter lines stay: headings, refrains, names. Letters, marks and digits of the normal form are counted."""
    min_cjk_chars: PositiveInt = 15
    """The same for Han and kana; in a mixed line each part counts by its own bound."""
    max_digit_share: Fraction = 0.0
    """Lines that differ in digits alone are the same where digits are at most this share of them; 0: never, 1: as in
    CCNet, where half as many lines again go from Chinese web pages, counters mostly, but from statutes too, dates."""
    max_removed_share: Fraction | None = 0.5
    """A document that would lose more than this share of its characters is left whole; null: none is."""


class Decontaminate(Section):
    """Documents that hold items of benchmarks are found; what is done with them is for the caller to say."""

    benchmarks: tuple[str, ...] = ()
    """Files of JSON lines, .jsonl or .ndjson with .gz or .zst or neither; each is the benchmark of its name."""
    fields: tuple[str, ...] = ()
    """Fields with texts, strings or lists of strings, each text looked for by itself; none named: all strings."""
    id_field: str = "id"
    """Names the item; where an item has none, its line does."""
    ngram: PositiveInt = 13
    """Units of an n-gram: words, or characters of scripts without spaces. GPT-3, lm-eval: 13 words; datatrove: 12."""
    min_units: PositiveInt = 8
    """Texts shorter than an n-gram are looked for as a whole from so many units on, and others not at all (counted)."""
    ngram_share: Fraction = 0.5
    """Share of a text's n-grams that a stretch of a document must hold. GPT-3: any one. From 0.2 on nothing is found by
    chance in pages of another kind, but between statutes formulas reach 0.4."""
    near_shingle: PositiveInt = 5
    """Units of a shingle, for texts that were edited."""
    near_share: Fraction | None = 0.6
    """Share of a text's shingles that a stretch of a document must hold, for texts of an n-gram or more; null: off. 0.6
    finds nine of ten with one unit in twenty edited; at 0.5 questions of one pattern are found for one another."""
    max_texts_per_gram: PositiveInt = 1000
    """N-grams and shingles that more texts of the benchmarks have are their template and tell no item."""
    max_index_mib: PositiveInt = 512
    """Largest index, which every worker holds in memory."""
