"""The sections of deduplication, repeated lines, decontamination and the split check."""

from typing import Literal

import msgspec

from sluice.core.config.section import CountInt, Fraction, PositiveInt, Section
from sluice.core.errors import ConfigError


class MinHashConfig(Section):
    """Near-duplicate candidates: shingles, signature and bands."""

    bands: PositiveInt = 16
    """Bands x rows hash values per document: 16 x 8 proposes 95 % of the pairs at Jaccard 0.8, 61 % at 0.7."""
    rows: PositiveInt = 8
    """Hash values per band."""
    seed: CountInt = 1
    """Seed of the permutations, datasketch's default."""
    scheme: Literal["affine32", "legacy"] = "affine32"
    """Equal to datasketch bit for bit: `affine32` is its default since 2.0, `legacy` that of all earlier versions."""
    shingle: PositiveInt = 5
    """Words per shingle; characters in scripts without spaces."""
    min_shingles: PositiveInt = 10
    """Documents with fewer different shingles are excluded from near-deduplication (counted)."""
    max_shingles: PositiveInt = 1_000_000
    """So are those with more, about 5 MB of text: only their exact copies are removed (counted)."""


class DedupConfig(Section):
    """Exact and near-duplicate removal, with a kept document for each removal."""

    minhash: MinHashConfig = MinHashConfig()
    threshold: Fraction = 0.8
    """A document is removed if its exact Jaccard similarity to a kept one is at least this."""
    leaders_per_bucket: PositiveInt = 32
    """Each document of a bucket is compared with this many of its best, its leaders."""
    crowded_bucket_size: PositiveInt = 1_000
    """From this position in a bucket, documents have fewer leaders: buckets this large are mostly boilerplate."""
    leaders_in_crowded_bucket: PositiveInt = 8
    """Leaders of those documents."""
    edges_per_task: PositiveInt = 50_000_000
    """Components of at most this many edges are found in one task; larger ones need distributed rounds."""
    urls: Literal["newest", "best"] | None = None
    """Of the documents of one normalised address (`text.lists.url_key`) keep the newest, or the best by the keep order,
    whatever their similarity; null keeps versions with different texts. Within this crawl only."""
    earlier: tuple[str, ...] = ()
    """Band indices of earlier crawls (their `dedup/index`), oldest first; their documents are removed here."""
    write_index: bool = False
    """Write `dedup/index`, by which later crawls are deduplicated against this one without its text."""


class SourceConfig(Section):
    """A user's table instead of the documents of a run (`sluice run dedup`, `decontaminate`, `line_dedup`, `score`)."""

    inputs: tuple[str, ...] = ()
    """Parquet files or JSON lines (.jsonl, .json, also .gz), directories or globs of them; empty uses the run."""
    id: str = "id"
    """Column or field with the id of a document: a text or a whole number, unique."""
    text: str = "text"
    """Column or field with the text."""
    quality: str | None = None
    """Column with a number: of duplicates the one with the highest is kept. If null or missing, the longest."""
    fetched_at: str | None = None
    """Column with a time or an ISO 8601 text; of duplicates of equal quality and length the earliest is kept."""
    url: str | None = None
    """Column with an address; decides between documents that are equal in all of that."""
    id_seed: CountInt = 0
    """Seed of the 64-bit hash that represents the id internally. Of a billion ids two have the same hash in 3 % of
    cases, which is an error; another seed solves it."""
    max_unreadable_share: Fraction = 0.01
    """The run fails if more than this share of the lines is not JSON."""
    write_kept: bool = True
    """Write `kept` beside the other results: the kept rows, unchanged or, by `sluice run line_dedup`, without lines."""


class LineDedupConfig(Section):
    """Lines that occur in several documents are kept only in the best of them: by quality, length, smallest id."""

    enabled: bool = False
    """Whether a run does this. `sluice run line_dedup` on a user's table always does."""
    min_documents: PositiveInt = 3
    """A line is repeated if it occurs in at least this many different documents. CCNet uses 2."""
    min_hosts: PositiveInt = 1
    """And on at least this many different hosts; documents without a host count as one. 1 needs no hosts."""
    min_chars: PositiveInt = 30
    """Shorter lines are kept: headings, refrains, names. Letters, marks and digits of the normal form are counted."""
    min_cjk_chars: PositiveInt = 15
    """The same for Han and kana; in a mixed line each part counts by its own bound."""
    max_digit_share: Fraction = 0.0
    """Lines that differ only in digits are equal if digits are at most this share of them; 0: never, 1: as in CCNet,
    which removes half as many lines again from Chinese web pages: mostly counters, but also dates in statutes."""
    max_removed_share: Fraction | None = 0.5
    """A document that would lose more than this share of its characters is not changed; null: no limit."""


class ScoreConfig(Section):
    """Scores of texts by a language model (`sluice run score`)."""

    model: str = ""
    """Folder written by `sluice export`; every executor reads it."""
    max_tokens: PositiveInt | None = 2048
    """Score only the first tokens of a text; null: all."""


class DecontaminateConfig(Section):
    """Removal of documents that contain benchmark items."""

    benchmarks: tuple[str, ...] = ()
    """Files of JSON lines, .jsonl or .ndjson, optionally with .gz or .zst; each is the benchmark of its name. Without
    one a run skips this stage."""
    fields: tuple[str, ...] = ()
    """Fields with texts, strings or lists of strings, each searched for separately; empty: all strings."""
    id_field: str = "id"
    """Field with the id of an item; an item without one is named by its line number."""
    ngram: PositiveInt = 13
    """Units of an n-gram: words, or characters of scripts without spaces. GPT-3, lm-eval: 13 words; datatrove: 12."""
    min_units: PositiveInt = 8
    """Texts shorter than an n-gram are searched for as a whole if they have this many units, else not (counted)."""
    ngram_share: Fraction = 0.5
    """Share of a text's n-grams that a stretch of a document must contain. GPT-3: any one. At 0.2 and above nothing is
    found by chance in pages of another kind, but between statutes formulas reach 0.4."""
    near_shingle: PositiveInt = 5
    """Units of a shingle, for edited texts."""
    near_share: Fraction | None = 0.6
    """Share of a text's shingles that a stretch of a document must contain, for texts of an n-gram or more; null: off.
    0.6 finds 89 % of those with one unit in twenty edited; 0.5 confuses questions of the same pattern."""
    max_texts_per_gram: PositiveInt = 1000
    """N-grams and shingles of more benchmark texts than this are template and do not identify an item."""
    max_index_mib: PositiveInt = 512
    """Size limit of the index, which every worker holds in memory."""


class SplitCheckConfig(Section):
    """Near-copies across splits that deduplication missed are removed from the split that is not held out."""

    enabled: bool = True
    """Whether a run does this. It does not if nothing is held out (`shards.valid_fraction`, `test_fraction`)."""
    bands: PositiveInt = 32
    """Together with `rows`: of 20 million pairs at Jaccard 0.8 one shares no band."""
    rows: PositiveInt = 4
    """Hash values per band."""
    seed: CountInt = 2
    """Seed of the permutations, other than `dedup.minhash.seed`, which has missed the pairs searched for here."""
    leaders_per_bucket: PositiveInt = 32
    """Held-out documents of each bucket that are compared with the rest, others in each band. Those that are not
    compared in all bands are counted (`crowded`), with the fewest bands that one of them is compared in."""


def split_minhash(split_check: SplitCheckConfig, minhash: MinHashConfig) -> MinHashConfig:
    """Signature settings of the split check: shingles as in deduplication, other permutations. Raises ConfigError."""
    if split_check.seed == minhash.seed:
        raise ConfigError(
            f"split_check.seed and dedup.minhash.seed are both {split_check.seed}, so the split check would miss the "
            "same pairs as deduplication. Choose another split_check.seed."
        )
    return msgspec.structs.replace(minhash, bands=split_check.bands, rows=split_check.rows, seed=split_check.seed)
