"""The tables of deduplication. At work, a document is its rank in the keep order; in results, its id."""

from datetime import datetime

from sluice.core.records.base import Int32, Record


class Fact(Record):
    """What deduplication needs of a row of such a table besides its text."""

    place: str
    problem: str | None
    name: str | None
    quality: float | None
    fetched_at: datetime | None
    url: str | None
    n_chars: Int32
    text_hash: bytes | None
    """None for an empty text."""
    n_shingles: Int32
    signature: bytes | None


class Ranked(Record):
    """Table `ranked`: every document by its rank in the keep order, 0 for the best; ranks are unique and dense.

    Within deduplication a document is its rank, so of two the smaller one is the better one.
    """

    rank: int
    doc_id: int
    text_hash: bytes
    signature: bytes | None


class IndexDocument(Record):
    """Table `index/documents`: what became of a document, for the crawls after its own. One for each key text.

    `duplicate_of`, `jaccard` and `cluster` are set for a near-removal; a kept document of a cluster has only `cluster`.
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
    """The digest of `text.url_key` of the address of a document."""

    doc_id: int
    url_key: bytes


class BandRow(Record):
    """One band of one signature: documents with equal `bucket` are candidates."""

    bucket: int
    rank: int


class LeadingRow(Record):
    """A band row that later crawls need: a leader of its bucket, or one that counts towards `crowded_bucket_size`."""

    bucket: int
    rank: int
    is_leader: bool


class Pair(Record):
    """Two documents that may be similar, u better than v (ranks)."""

    u: int
    v: int


class Sketch(Record):
    """The low byte of each value of a signature: b-bit minwise hashing (Li, König 2010) with b = 8."""

    rank: int
    sketch: bytes


class Likely(Record):
    """A pair that signatures do not rule out: how many values of the two sketches are equal."""

    u: int
    v: int
    equal: int


class ShingleSet(Record):
    """What similarity is computed from: `text.shingles.shingle_set` as little-endian uint64."""

    rank: int
    shingles: bytes


class Edge(Record):
    """Two documents whose exact Jaccard similarity is at least the threshold, u better than v.

    Places while deduplication is at work, document ids in table `edges`.
    """

    u: int
    v: int
    jaccard: float


class Member(Record):
    """A document of a cluster, which is named by the best of its members; ranks."""

    rank: int
    cluster: int


class NearRemoval(Record):
    """A near-duplicate and the kept document that it is similar to; ranks."""

    rank: int
    duplicate_of: int
    jaccard: float
    cluster: int


class Cluster(Record):
    """Table `clusters`: documents joined by edges; `cluster_id` is the best member of a cluster."""

    doc_id: int
    cluster_id: int


class Copies(Record):
    """Table `copies`: how many documents a kept one stands for, itself among them, to weight it by; others: 1."""

    doc_id: int
    n_copies: int


class Removal(Record):
    """Table `removals`: a removed document, with the kept one that makes it redundant.

    `matched_id` is the document it was found equal or similar to. `duplicate_of` is always in the final corpus, and
    `jaccard` is the exact similarity of both shingle sets. `is_earlier`: `duplicate_of` is an id of an earlier crawl.
    """

    doc_id: int
    step: str
    matched_id: int
    duplicate_of: int
    is_earlier: bool
    jaccard: float
    cluster_id: int | None
