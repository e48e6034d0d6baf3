"""Good and bad texts for training: reading, choice by hash, removal of duplicates, split by group, passages.

Three things would make a classifier look better than it is, and are prevented here: a text, or the pages of one site,
on both sides of the split; a text in both classes; and classes that differ in length.
"""

import hashlib
import heapq
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sluice.core.config.rules import TrainQualityConfig
from sluice.core.errors import ConfigError, InputError
from sluice.core.ids import mix64, text_digest
from sluice.data.sources.json_objects import is_json_lines
from sluice.data.sources.marks import is_marks, read_marks
from sluice.data.sources.parquet import document_files
from sluice.data.sources.records import iter_records
from sluice.text.quality.score import word_line

log = logging.getLogger("sluice.quality")

PLAIN = (".txt", ".md")
MARKED = {"positive": "good", "negative": "bad"}
"""Marks that each side takes from a file of marks."""
MIN_DOCUMENTS = 5
"""A class with fewer documents, in training or held out, is not sufficient."""


class LabelledText(NamedTuple):
    """One document: its hash position, its text, and the group that must not be split."""

    order: int
    digest: bytes
    text: str
    group: str
    source: int
    """Index into the sources of its class."""


class Counts(NamedTuple):
    """Counts of the documents of one source."""

    path: str
    read: int
    other_language: int
    rejected: int
    """Rows of a run that are not documents, because they have a reason for rejection."""
    too_short: int
    duplicate: int
    conflicting: int
    """Documents that are also in the other class; excluded from both."""
    not_chosen: int
    """Documents beyond `max_documents_per_class`."""
    used: int
    sha256: str
    """SHA-256 of the sorted digests of the texts used; identifies the content, not the file."""


class Labelled(NamedTuple):
    """The chosen documents of one class, in hash order, and the counts of its sources."""

    documents: list[LabelledText]
    counts: list[Counts]


def read_classes(section: TrainQualityConfig) -> tuple[Labelled, Labelled]:
    """Reads the good and the bad documents.

    Raises ConfigError for a class without sources, InputError for a class without remaining documents, and FormatError
    with file and line for invalid input.
    """
    sides = {"positive": section.positive, "negative": section.negative}
    for name, paths in sides.items():
        if not paths:
            raise ConfigError(f"train_quality.{name} is empty. Set it to files or run outputs: both classes need them.")
    read = {name: [_read(section, name, i, path) for i, path in enumerate(paths)] for name, paths in sides.items()}
    digests = {
        name: {document.digest for documents, _ in sources for document in documents} for name, sources in read.items()
    }
    both = digests["positive"] & digests["negative"]
    good, bad = (_choose(section, name, sources, both) for name, sources in read.items())
    return good, bad


def _read(section: TrainQualityConfig, side: str, source: int, path: str) -> tuple[list[LabelledText], dict[str, int]]:
    """Reads the documents of one source of a side with the smallest hashes, up to the maximum of a class."""
    counts = dict.fromkeys(("read", "other_language", "rejected", "too_short", "duplicate", "not_chosen"), 0)
    kept: list[tuple[int, LabelledText]] = []
    seen: set[bytes] = set()
    for record in _records(path, section.groups, MARKED[side]):
        counts["read"] += 1
        text = record["text"]
        if record.get("reason") is not None or text is None:
            counts["rejected"] += 1
        elif record.get("language", section.language) not in (section.language, None):
            counts["other_language"] += 1
        elif len(text) < section.min_chars or not passages(text, section):
            counts["too_short"] += 1
        elif (digest := text_digest(text)) in seen:
            counts["duplicate"] += 1
        else:
            order = mix64(int.from_bytes(digest[:8]), section.seed)
            group = group_of(record, section)
            seen.add(digest)
            heapq.heappush(kept, (-order, LabelledText(order, digest, text, group, source)))
            if len(kept) > section.max_documents_per_class:
                seen.remove(heapq.heappop(kept)[1].digest)
                counts["not_chosen"] += 1
    log.info("%s: %s documents read, %s usable", path, f"{counts['read']:,}", f"{len(kept):,}")
    return sorted(document for _, document in kept), counts


def _records(path: str, groups: Sequence[str], label: str) -> Iterator[Mapping[str, Any]]:
    """Yields the documents at a path as mappings with `text` and other fields; of a file of marks, those with `label`.

    The `reason` of a mark, for which the document was removed, is no reason to skip it here.
    """
    if is_marks(path):
        marks = [mark for mark in read_marks(path).values() if mark.label == label]
        yield from ({"text": mark.text, "language": mark.language, "url": mark.url} for mark in marks)
        return
    is_file = is_json_lines(path) or path.removesuffix(".gz").removesuffix(".zst").endswith(PLAIN)
    for file in [path] if is_file else document_files(path):
        yield from iter_records(file, ["language", "reason", *groups])


def group_of(record: Mapping[str, Any], section: TrainQualityConfig) -> str:
    """Returns the group of a document: the value of the first of `groups` that it has, else its text's digest."""
    for name in section.groups:
        value = record.get(name)
        if isinstance(value, str) and value:
            return _host(value) if name == "url" else value
    return text_digest(record["text"]).hex()


def _host(url: str) -> str:
    """Returns the host of a URL, or the URL itself if it has none."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:  # http://[
        return url


def _choose(
    section: TrainQualityConfig, name: str, sources: list[tuple[list[LabelledText], dict[str, int]]], both: set[bytes]
) -> Labelled:
    """Chooses documents from all sources alternately, so that a large source does not displace a small one."""
    seen: set[bytes] = set()
    queues, counts = [], []
    for documents, known in sources:
        fresh = [document for document in documents if document.digest not in both | seen]
        conflicts = sum(document.digest in both for document in documents)
        counts.append(
            known
            | {"conflicting": conflicts, "duplicate": known["duplicate"] + len(documents) - conflicts - len(fresh)}
        )
        seen |= {document.digest for document in fresh}
        queues.append(fresh)
    ranked = sorted((rank, document) for queue in queues for rank, document in enumerate(queue))
    chosen = [document for _, document in ranked[: section.max_documents_per_class]]
    if not chosen:
        raise InputError(
            f"train_quality.{name} has no usable documents: {_told(counts)}. Use other sources, or decrease "
            "train_quality.min_chars and passage_words."
        )
    rows = []
    for i, (path, known) in enumerate(zip(getattr(section, name), counts, strict=True)):
        digests = sorted(document.digest for document in chosen if document.source == i)
        known = known | {"not_chosen": known["not_chosen"] + len(queues[i]) - len(digests)}
        rows.append(Counts(path=path, used=len(digests), sha256=hashlib.sha256(b"".join(digests)).hexdigest(), **known))
    return Labelled(sorted(chosen), rows)


def _told(counts: Sequence[Mapping[str, int]]) -> str:
    sums = {key: sum(count[key] for count in counts) for key in counts[0]}
    return ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in sums.items() if value) or "nothing read"


def is_held_out(group: str, section: TrainQualityConfig) -> bool:
    """Whether a group is held out: a function of its name and the seed, so that no group is on both sides."""
    position = mix64(int.from_bytes(text_digest(group)[:8]), section.seed) / 2**64
    return position < section.held_out


def split(
    name: str, documents: Sequence[LabelledText], section: TrainQualityConfig
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Splits documents into training and held-out ones. Raises InputError if there are too few of either."""
    held = [document for document in documents if is_held_out(document.group, section)]
    training = [document for document in documents if not is_held_out(document.group, section)]
    for what, found in (("to train on", training), ("held out", held)):
        if len(found) < MIN_DOCUMENTS:
            groups = len({document.group for document in documents})
            raise InputError(
                f"train_quality.{name} has {len(found)} documents {what}, of {len(documents):,} in {groups:,} groups; "
                f"at least {MIN_DOCUMENTS} are needed. Add texts, or change train_quality.held_out or groups."
            )
    return training, held


def training_lines(documents: Sequence[LabelledText], section: TrainQualityConfig) -> list[str]:
    """Returns passages of training documents, alternating between sources while they last, each source in hash order.

    So a source with long or many documents does not alone determine what is good.
    """
    lines: dict[int, list[tuple[int, str]]] = {}
    for document in documents:
        for line in passages(document.text, section):
            lines.setdefault(document.source, []).append((line_order(line, section), line))
    ranked = [
        (rank, source, line) for source, found in lines.items() for rank, (_, line) in enumerate(sorted(set(found)))
    ]
    return [line for _, _, line in sorted(ranked)]


def line_order(line: str, section: TrainQualityConfig) -> int:
    """Returns the position of a line in hash order."""
    return mix64(int.from_bytes(text_digest(line)[:8]), section.seed)


def passages(text: str, section: TrainQualityConfig) -> list[str]:
    """Returns lines of exactly `passage_words` words, at most `passages_per_document`, spread over the part read.

    So documents of all lengths have equal weight, and only their words distinguish the classes.
    """
    words = word_line(text, section.language).split(" ")
    count, most, size = len(words) // section.passage_words, section.passages_per_document, section.passage_words
    chosen = range(count) if count <= most else sorted({round(i * (count - 1) / max(most - 1, 1)) for i in range(most)})
    return [" ".join(words[i * size : (i + 1) * size]) for i in chosen]
