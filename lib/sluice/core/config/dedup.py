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
    """Seed of the permutations (datasketch's default)."""
    scheme: Literal["affine32", "legacy"] = "affine32"
    """Both schemes equal datasketch bit for bit: `affine32` its default since 2.0, `legacy` the one before."""
    shingle: PositiveInt = 5
    """Words per shingle; characters in scripts without spaces."""
    min_shingles: PositiveInt = 10
    """Documents with fewer distinct shingles are excluded from near-deduplication (counted)."""
    max_shingles: PositiveInt = 1_000_000
    """Documents with more (about 5 MB of text) are excluded too (counted); only their exact copies are removed."""


class DedupConfig(Section):
    """Removal of exact and near-duplicates. Every removed document refers to a kept one."""

    minhash: MinHashConfig = MinHashConfig()
    threshold: Fraction = 0.8
    """A document is removed if its exact Jaccard similarity to a kept document is at least this."""
    leaders_per_bucket: PositiveInt = 32
    """Each document of a bucket is compared with this number of its best documents, called leaders."""
    crowded_bucket_size: PositiveInt = 1_000
    """Documents beyond this position in a bucket are compared with fewer leaders: such buckets are mostly
    boilerplate."""
    leaders_in_crowded_bucket: PositiveInt = 8
    """Number of leaders beyond that position."""
    edges_per_task: PositiveInt = 50_000_000
    """Connected components of at most this many edges are computed in one task; larger ones in distributed rounds."""
    urls: Literal["newest", "best"] | None = None
    """Of the documents with the same normalised URL (`text.lists.url_key`), keep the newest, or the best in keep order,
    whatever their similarity. null: keep versions with different texts. Applies within this crawl only."""
    earlier: tuple[str, ...] = ()
    """Band indices of earlier crawls (their `dedup/index`), oldest first. Documents found there are removed here."""
    write_index: bool = False
    """Write `dedup/index`, so that later crawls can be deduplicated against this one without its text."""


class SourceConfig(Section):
    """A user's table as input instead of a run (`sluice run dedup`, `decontaminate`, `line_dedup`, `score`)."""

    inputs: tuple[str, ...] = ()
    """Files, directories or globs: Parquet, JSON lines (.jsonl, .json), CSV (.csv, .tsv), Arrow; text also .gz or .zst.
    Empty: the documents of the run."""
    id: str = "id"
    """Column or field with the document id: a string, an integer or bytes (then hexadecimal digits), unique."""
    text: str = "text"
    """Column or field with the text. `doc.text` is the column with this name or else the field of a struct `doc`."""
    quality: str | None = None
    """Column with a number: of duplicates, the one with the highest value is kept. If null or missing, the longest."""
    fetched_at: str | None = None
    """Column with a timestamp or ISO 8601 string. Of duplicates with equal quality and length, the earliest is kept."""
    url: str | None = None
    """Column with a URL. It decides between documents that are equal in all of the above."""
    id_seed: CountInt = 0
    """Seed of the 64-bit hash that represents an id internally. Among a billion ids, the probability of a collision is
    3 %. A collision is an error; choose another seed then."""
    max_unreadable_share: Fraction = 0.01
    """The run fails if more than this share of the rows cannot be read."""
    write_kept: bool = True
    """Also write `kept`: the kept rows, unchanged, or without the removed lines for `sluice run line_dedup`."""


class LineDedupConfig(Section):
    """Removal of lines that occur in several documents. The best one (quality, length, smallest id) keeps the line."""

    enabled: bool = False
    """Do this in a run. `sluice run line_dedup` on a user's table always does it."""
    min_documents: PositiveInt = 3
    """A line is repeated if it occurs in at least this many different documents. CCNet uses 2."""
    min_hosts: PositiveInt = 1
    """It must also occur on at least this many hosts; documents without a host count as one. 1: hosts do not matter."""
    min_chars: PositiveInt = 30
    """Shorter lines are kept: headings, refrains, names. Counts letters, marks and digits of the normalised line."""
    min_cjk_chars: PositiveInt = 15
    """Like `min_chars`, for Han and kana. In a mixed line, each part counts relative to its own limit."""
    max_digit_share: Fraction = 0.0
    """Lines that differ only in digits are equal if at most this share of their characters are digits. 0: never. 1: as
    in CCNet, which removes half as many lines again from Chinese web pages: mostly counters, but also dates in
    statutes."""
    max_removed_share: Fraction | None = 0.5
    """A document that would lose more than this share of its characters is left unchanged; null: no limit."""


class ScoreConfig(Section):
    """Scoring of texts with a language model (`sluice run score`)."""

    model: str = ""
    """Directory written by `sluice export`. Every executor must be able to read it."""
    max_tokens: PositiveInt | None = 2048
    """Score only this number of tokens at the start of a text; null: all."""


class DecontaminateConfig(Section):
    """Removal of documents that contain benchmark items."""

    benchmarks: tuple[str, ...] = ()
    """JSON lines files (.jsonl or .ndjson, also .gz, .zst). Each is a benchmark, named after the file. Empty: a run
    skips this stage."""
    fields: tuple[str, ...] = ()
    """Fields that contain strings or lists of strings; each string is searched for separately. Empty: all strings."""
    id_field: str = "id"
    """Field with the id of an item. An item without one is identified by its line number."""
    ngram: PositiveInt = 13
    """Units per n-gram: words, or characters in scripts without spaces. GPT-3, lm-eval: 13 words; datatrove: 12."""
    min_units: PositiveInt = 8
    """Texts shorter than an n-gram are searched for as a whole if they have at least this many units, else not at all
    (counted)."""
    ngram_share: Fraction = 0.5
    """A passage of a document must contain this share of a text's n-grams. GPT-3: any single one. At 0.2 and
    above, unrelated pages do not match by chance, but statutes that share formulas reach 0.4."""
    near_shingle: PositiveInt = 5
    """Units per shingle, for finding edited texts."""
    near_share: Fraction | None = 0.6
    """A passage of a document must contain this share of a text's shingles, for texts of at least one n-gram; null:
    off. 0.6 finds 89 % of texts with one unit in twenty edited; 0.5 confuses questions of the same pattern."""
    max_texts_per_gram: PositiveInt = 1000
    """N-grams and shingles that occur in more benchmark texts than this are template text and identify no item."""
    max_index_mib: PositiveInt = 512
    """Maximum size of the index in MiB. Every worker holds it in memory."""


class SplitCheckConfig(Section):
    """Removal of near-copies across splits that deduplication missed, from the split that is not held out."""

    enabled: bool = True
    """Do this in a run. A run skips it if nothing is held out (`shards.valid_fraction`, `test_fraction`)."""
    bands: PositiveInt = 32
    """Number of bands. With `rows`, one pair in 20 million at Jaccard 0.8 shares no band."""
    rows: PositiveInt = 4
    """Hash values per band."""
    seed: CountInt = 2
    """Seed of the permutations. Must differ from `dedup.minhash.seed`, which missed the pairs searched for here."""
    leaders_per_bucket: PositiveInt = 32
    """Number of held-out documents per bucket that are compared with the rest; each band selects others. Documents not
    compared in every band are counted (`crowded`), with the smallest number of bands in which one is compared."""


def split_minhash(split_check: SplitCheckConfig, minhash: MinHashConfig) -> MinHashConfig:
    """Returns the MinHash settings of the split check: the shingles of deduplication with other permutations.

    Raises ConfigError if both use the same seed.
    """
    if split_check.seed == minhash.seed:
        raise ConfigError(
            f"split_check.seed and dedup.minhash.seed are both {split_check.seed}, so the split check would miss the "
            "same pairs as deduplication. Choose another split_check.seed."
        )
    return msgspec.structs.replace(minhash, bands=split_check.bands, rows=split_check.rows, seed=split_check.seed)
