"""The sections of deduplication, of lines that repeat, of decontamination and of the check of the split."""

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
    """Equal to datasketch bit for bit: `affine32` is its default since 2.0, `legacy` that of all versions before."""
    shingle: PositiveInt = 5
    """Words per shingle; characters in scripts without spaces."""
    min_shingles: PositiveInt = 10
    """Documents with fewer different shingles take no part in near-deduplication (counted)."""
    max_shingles: PositiveInt = 1_000_000
    """Neither do those with more, about 5 MB of text: their exact copies go all the same (counted)."""


class DedupConfig(Section):
    """Exact and near-duplicate removal with a kept document for each removal."""

    minhash: MinHashConfig = MinHashConfig()
    threshold: Fraction = 0.8
    """A document is removed when its exact Jaccard similarity to a kept one is at least this."""
    leaders_per_bucket: PositiveInt = 32
    """Each document of a bucket is compared with this many of its best, its leaders."""
    crowded_bucket_size: PositiveInt = 1_000
    """From this position in a bucket, documents have fewer leaders: buckets this large are mostly boilerplate."""
    leaders_in_crowded_bucket: PositiveInt = 8
    """Leaders of those documents."""
    edges_per_task: PositiveInt = 50_000_000
    """Components of at most this many edges are found in one task; more go through distributed rounds."""
    urls: Literal["newest", "best"] | None = None
    """Of the documents of one normalised address (`text.url_key`) keep the newest, or the best by the keep order, and
    drop the others, however similar they are; null keeps versions of a page whose texts differ. Within this crawl."""
    earlier: tuple[str, ...] = ()
    """Band indices of earlier crawls (their `dedup/index`), oldest first: a document that one of them has goes."""
    write_index: bool = False
    """Write `dedup/index`, with which later crawls are deduplicated against this one without its text."""


class TableConfig(Section):
    """A table of one's own instead of the documents of a run (`jobs/dedup.py`, `decontaminate.py`, `lines.py`)."""

    inputs: tuple[str, ...] = ()
    """Parquet files or JSON lines (.jsonl, .json, also .gz), directories or globs of them; empty takes the run."""
    id: str = "id"
    """Column or field with the id of a document: a text or a whole number, different for each."""
    text: str = "text"
    """Column or field with the text."""
    quality: str | None = None
    """Column with a number: of duplicates the one with the highest is kept. Null, or none there: the longest."""
    fetched_at: str | None = None
    """Column with a time or an ISO 8601 text; of duplicates of one quality and length the earliest is kept."""
    url: str | None = None
    """Column with an address, which decides between documents that are alike in all of that."""
    id_seed: CountInt = 0
    """Seed of the 64-bit hash that stands for the id within. Of a billion ids two have one hash in 3 % of cases, which
    is an error; with another seed they have not."""
    max_loss: Fraction = 0.01
    """The run fails when more than this share of the lines is not JSON."""
    write_kept: bool = True
    """Write `kept` beside the other results: the rows that stay, as they were or, by `jobs/lines.py`, without lines."""


class LinesConfig(Section):
    """Lines that stand in several documents stay in the best of them only: by quality, length, smallest id."""

    enabled: bool = False
    """Whether a run does this. `jobs/lines.py` on a table of one's own does it in any case."""
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


class ScoreConfig(Section):
    """Texts judged by a language model (`jobs/score.py`)."""

    model: str = ""
    """Folder that jobs/export.py has written; every executor reads it."""
    max_tokens: PositiveInt | None = 2048
    """Of a text only its first tokens are looked at; null: all."""


class DecontaminateConfig(Section):
    """Documents that hold items of benchmarks go."""

    benchmarks: tuple[str, ...] = ()
    """Files of JSON lines, .jsonl or .ndjson with .gz or .zst or neither; each is the benchmark of its name. Without
    one a run does nothing of this."""
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
    finds 89 % of those with one unit in twenty edited; at 0.5 questions of one pattern are found for one another."""
    max_texts_per_gram: PositiveInt = 1000
    """N-grams and shingles that more texts of the benchmarks have are their template and tell no item."""
    max_index_mib: PositiveInt = 512
    """Largest index, which every worker holds in memory."""


class SplitConfig(Section):
    """Near-copies that deduplication missed leave the split that is not held out from the other's."""

    enabled: bool = True
    """Whether a run does this. Where nothing is held out (`shards.valid_fraction`, `test_fraction`), it does not."""
    bands: PositiveInt = 32
    """So wide, with `rows`, that of 20 million pairs at Jaccard 0.8 one shares no band."""
    rows: PositiveInt = 4
    """Hash values per band."""
    seed: CountInt = 2
    """Seed of the permutations: other ones than those of `dedup.minhash`, which has missed what is looked for here."""
    leaders_per_bucket: PositiveInt = 32
    """Held-out documents of each bucket that are compared with the rest, others in each band. Those that are not
    compared in all bands are counted (`crowded`), with the fewest bands that one of them is compared in."""


def split_minhash(split: SplitConfig, minhash: MinHashConfig) -> MinHashConfig:
    """What the check of the split signs by: shingles as deduplication, other permutations. Raises ConfigError."""
    if split.seed == minhash.seed:
        raise ConfigError(
            f"split.seed and dedup.minhash.seed are both {split.seed}, so the check of the split would miss what "
            "deduplication has missed. Choose another split.seed."
        )
    return msgspec.structs.replace(minhash, bands=split.bands, rows=split.rows, seed=split.seed)
