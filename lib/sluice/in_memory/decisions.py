"""Deduplication of the rows of a small table: rows to decisions, and decisions to result tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import xxhash

from sluice.core.config.dedup import DedupConfig, MinHashConfig, SourceConfig
from sluice.core.ledger import Ledger
from sluice.core.reasons import Reason
from sluice.core.records.base import Record
from sluice.core.records.dedup import Cluster, Copies, Edge, Fact, Removal
from sluice.data.arrow import arrow_schema
from sluice.data.sources.table import repeated_ids_error, same_hash_error, unreadable_error
from sluice.text.dedup.in_memory import Found, SignedDocument, find_duplicates
from sluice.text.dedup.signed_row import sign_row

SHOWN = 5
"""Maximum number of ids or rows in an error message."""
SPARK_SEED = 42
"""Seed of Spark's function xxhash64."""
IDS = ("doc_id", "matched_id", "duplicate_of", "cluster_id", "u", "v")

Place = Callable[[Fact], str | None]
"""Returns the location of a row for people, or None."""


class SignedRows:
    """The rows of a table: all facts in order, and the texts of those with text, by position in the list."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.texts: dict[int, str] = {}

    def add(self, batch: pa.RecordBatch, minhash: MinHashConfig) -> None:
        """Signs the rows of a batch with the schema of SourceRow."""
        for row in batch.to_pylist():
            fact = sign_row(row, minhash)
            if fact.text_hash is not None:
                self.texts[len(self.facts)] = row["text"]
            self.facts.append(fact)


class Decisions(NamedTuple):
    """The decision for each row. `reasons`: why a row is removed, by its position; `ranked`: positions by rank."""

    facts: list[Fact]
    ranked: list[int]
    found: Found
    reasons: dict[int, str]
    counts: dict[str, int]

    @property
    def ledger(self) -> Ledger:
        """Returns the rows that stay, and those that are removed by reason."""
        kept = len(self.facts) - len(self.reasons)
        return Ledger("documents", len(self.facts), kept, dict(sorted(Counter(self.reasons.values()).items())))


def decide(rows: SignedRows, source: SourceConfig, dedup: DedupConfig, place: Place) -> Decisions:
    """Decides which rows stay. Raises StageError for too many unreadable ones, InputError for repeated ids."""
    facts = rows.facts
    _check(facts, source, place)
    at = [i for i, fact in enumerate(facts) if fact.text_hash is not None and fact.problem is None]
    documents = [_document(facts[i], source) for i in at]
    found = find_duplicates(documents, lambda number: rows.texts[at[number]], dedup)
    ranked = [at[number] for number in found.order]
    unsigned = [facts[i] for i in at if facts[i].signature is None]
    too_long = sum(fact.n_shingles > dedup.minhash.max_shingles for fact in unsigned)
    counts = found.counts | {"too_short_for_near": len(unsigned) - too_long, "too_long_for_near": too_long}
    return Decisions(facts, ranked, found, _reasons(facts, ranked, found), counts)


def doc_id(name: str, seed: int) -> int:
    """Returns the 63-bit hash of an id: `spark.sources.table_files.doc_id`.

    Spark's xxhash64 of two columns is the hash of the second with that of the first as its seed.
    """
    first = xxhash.xxh64_intdigest(name.encode("utf-8", "surrogatepass"), SPARK_SEED)
    return xxhash.xxh64_intdigest(seed.to_bytes(8, "little"), first) & ((1 << 63) - 1)


def _check(facts: Sequence[Fact], source: SourceConfig, place: Place) -> None:
    """Raises StageError for too many unreadable rows, and InputError for ids that are not unique."""
    problems = [fact for fact in facts if fact.problem is not None]
    if len(problems) > source.max_unreadable_share * len(facts):
        worst = (f"{fact.place}: {fact.problem}" for fact in problems[:SHOWN])
        raise unreadable_error(source, len(problems), len(facts), worst)
    by_hash: dict[int, list[Fact]] = {}
    for fact in facts:
        if fact.name is not None:
            by_hash.setdefault(doc_id(fact.name, source.id_seed), []).append(fact)
    twice = sorted(
        (same for same in by_hash.values() if len(same) > 1), key=lambda same: min(str(f.name) for f in same)
    )
    for same in twice[:SHOWN]:
        names = sorted({str(fact.name) for fact in same})
        if len(names) > 1:
            raise same_hash_error(source, names[0], names[-1])
    if twice:
        shown = (
            (str(same[0].name), len(same), [place(fact) for fact in (same[0], same[-1])]) for same in twice[:SHOWN]
        )
        raise repeated_ids_error(source, shown)


def _document(fact: Fact, source: SourceConfig) -> SignedDocument:
    assert fact.name is not None and fact.n_chars is not None and fact.text_hash is not None
    return SignedDocument(
        doc_id(fact.name, source.id_seed),
        fact.quality,
        fact.n_chars,
        fact.fetched_at,
        fact.url,
        fact.text_hash,
        fact.signature,
    )


def _reasons(facts: Sequence[Fact], ranked: Sequence[int], found: Found) -> dict[int, str]:
    """Returns the reason of each row that is removed, by its position in `facts`."""
    reasons: dict[int, str] = {}
    for i, fact in enumerate(facts):
        if fact.problem is not None:
            reasons[i] = str(Reason.UNREADABLE)
        elif fact.n_chars is None:
            reasons[i] = str(Reason.NULL_TEXT)
        elif fact.text_hash is None:
            reasons[i] = str(Reason.EMPTY)
    return reasons | {ranked[removal.rank]: removal.step for removal in found.removals}


def result_tables(decisions: Decisions) -> dict[str, pa.Table]:
    """Returns removals, copies, clusters, edges and quarantine with the ids of the table, in keep order."""
    facts, found = decisions.facts, decisions.found
    name = [facts[i].name for i in decisions.ranked]
    removals = [
        {
            "doc_id": name[r.rank],
            "step": r.step,
            "matched_id": name[r.matched],
            "duplicate_of": name[r.duplicate_of],
            "is_earlier": False,
            "jaccard": r.jaccard,
            "cluster_id": None if r.cluster is None else name[r.cluster],
        }
        for r in found.removals
    ]
    copies = [{"doc_id": name[rank], "n_copies": n} for rank, n in sorted(found.copies.items())]
    clusters = [{"doc_id": name[rank], "cluster_id": name[root]} for rank, root in sorted(found.clusters.items())]
    edges = [{"u": name[u], "v": name[v], "jaccard": jaccard} for u, v, jaccard in found.edges]
    unreadable = [{"place": fact.place, "problem": fact.problem} for fact in facts if fact.problem is not None]
    return {
        "removals": _table(Removal, removals),
        "copies": _table(Copies, copies),
        "clusters": _table(Cluster, clusters),
        "edges": _table(Edge, edges),
        "quarantine": pa.Table.from_pylist(unreadable, pa.schema([("place", pa.string()), ("problem", pa.string())])),
    }


def _table(record: type[Record], rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Returns a table of a record whose ids are strings, and whose `doc_id` is called `id`."""
    fields = [pa.field(f.name, pa.string() if f.name in IDS else f.type) for f in arrow_schema(record)]
    table = pa.Table.from_pylist(list(rows), pa.schema(fields))
    return table.rename_columns(["id" if name == "doc_id" else name for name in table.column_names])
