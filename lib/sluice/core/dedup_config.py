"""The sections of deduplication."""

from typing import Literal

from sluice.core.section import CountInt, Fraction, PositiveInt, Section


class MinHash(Section):
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


class Dedup(Section):
    """Exact and near-duplicate removal with a kept witness for each removal."""

    minhash: MinHash = MinHash()
    threshold: Fraction = 0.8
    """A document is removed when its exact Jaccard similarity to a kept one is at least this."""
    centres: PositiveInt = 32
    """Members of a bucket are compared with this many of its best."""
    crowd: PositiveInt = 1_000
    """Those after the first so many of a bucket, with `crowd_centres` of them: such buckets are of boilerplate."""
    crowd_centres: PositiveInt = 8
    """See `crowd`."""
    edges_per_task: PositiveInt = 50_000_000
    """Components of at most this many edges are found in one task; more go through distributed rounds."""
    earlier: tuple[str, ...] = ()
    """Band indices of earlier crawls (their `dedup/index`), oldest first: a document that one of them has goes."""
    write_index: bool = False
    """Write `dedup/index`, with which later crawls are deduplicated against this one without its text."""


class Table(Section):
    """A table of one's own to deduplicate, instead of the documents of a run (`jobs/dedup.py`)."""

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
    """Write `dedup/kept`: the rows that stay, as they were."""
