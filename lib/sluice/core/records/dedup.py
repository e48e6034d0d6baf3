"""The tables of deduplication. Intermediate tables identify a document by its rank in the keep order, results by id."""

from datetime import datetime

from sluice.core.records.base import Int32, Record


class Fact(Record):
    """A row of a user's table without its text, as input of deduplication. See `core.records.docs.SourceRow`."""

    piece: Int32
    position: int
    place: str | None
    problem: str | None
    name: str | None
    quality: float | None
    fetched_at: datetime | None
    url: str | None
    n_chars: Int32 | None
    """Characters of the text, of which each ignorable one counts as -1. None for a text that is null."""
    text_hash: bytes | None
    """None for an empty text."""
    n_shingles: Int32
    signature: bytes | None


class Ranked(Record):
    """Table `ranked`: all documents with their rank in keep order. Ranks are unique and dense; 0 is the best.

    Of two documents, the one with the smaller rank is better.
    """

    rank: int
    doc_id: int
    text_hash: bytes
    signature: bytes | None


class IndexDocument(Record):
    """Table `index/documents`: the result for each distinct text of a crawl, for use by later crawls.

    `duplicate_of`, `jaccard` and `cluster` are set for a near-removal. A kept document of a cluster has only `cluster`.
    """

    rank: int
    doc_id: int
    name: str | None
    text_hash: bytes
    sketch: bytes | None
    duplicate_of: int | None
    jaccard: float | None
    cluster: int | None


class UrlKey(Record):
    """A document and the digest of its normalised URL (`text.lists.url_key.url_key`)."""

    doc_id: int
    url_key: bytes


class BandRow(Record):
    """A band of a signature: documents with equal `bucket` are candidates."""

    bucket: int
    rank: int


class LeadingRow(Record):
    """A band row that later crawls need: a leader of its bucket, or a row that counts towards `crowded_bucket_size`."""

    bucket: int
    rank: int
    is_leader: bool


class Pair(Record):
    """A candidate pair: the ranks of two documents, u better than v."""

    u: int
    v: int


class Sketch(Record):
    """The low byte of each value of a signature: b-bit minwise hashing (Li, König 2010) with b = 8."""

    rank: int
    sketch: bytes


class Likely(Record):
    """A pair that is possible according to the signatures, and the number of equal values in the two sketches."""

    u: int
    v: int
    equal: int


class ShingleSet(Record):
    """The shingle set of a document (`text.dedup.shingles.shingle_set`), stored as little-endian uint64."""

    rank: int
    shingles: bytes


class Edge(Record):
    """A verified pair with exact Jaccard similarity of at least the threshold; u is better than v.

    Intermediate tables contain ranks, table `edges` document ids.
    """

    u: int
    v: int
    jaccard: float


class ClusterMember(Record):
    """The rank of a document and its cluster, identified by the rank of the best member."""

    rank: int
    cluster: int


class NearRemoval(Record):
    """A near-duplicate and the similar document that is kept, by rank."""

    rank: int
    duplicate_of: int
    jaccard: float
    cluster: int


class Cluster(Record):
    """Table `clusters`: documents connected by edges. `cluster_id` is the id of the cluster's best member."""

    doc_id: int
    cluster_id: int


class Copies(Record):
    """Table `copies`: number of documents that a kept one represents, including itself, for use as a weight; else 1."""

    doc_id: int
    n_copies: int


class Removal(Record):
    """Table `removals`: a removed document and the kept one that makes it redundant.

    `matched_id` is the document to which it was equal or similar. `duplicate_of` is always in the final corpus;
    `jaccard` is the exact similarity of both shingle sets. `is_earlier`: `duplicate_of` is an id of an earlier crawl.
    """

    doc_id: int
    step: str
    matched_id: int
    duplicate_of: int
    is_earlier: bool
    jaccard: float
    cluster_id: int | None
