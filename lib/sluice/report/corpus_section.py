"""Report sections on duplicates, benchmark items, repeated lines and near-copies across splits.

All except duplicates are empty if their stage is not part of the run.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from sluice.report.parts import count, escape, figures, measure, nothing, quote, share_of, table

Values = Mapping[str, Any]

KINDS = {"ngram": "by its n-grams", "near": "nearly, by its shingles"}


def duplicates(report: Values) -> str:
    """Shows the numbers of compared pairs, and samples of removed documents next to the kept ones."""
    dedup = report["dedup"]
    if dedup["edges"] is None and not report["pairs"]:
        return nothing("The stage dedup has not finished.")
    text = figures(
        (count(dedup["candidate_pairs"]), "candidate pairs"),
        (count(dedup["likely_pairs"]), "of them likely by their signatures"),
        (count(dedup["edges"]), "verified as similar"),
        (count(dedup["too_short_for_near"]), "documents too short for the near step"),
        (count(dedup["too_long_for_near"]), "too long for it"),
    )
    if not report["pairs"]:
        return text + nothing("No document was removed as a duplicate.")
    text += '<p class="note">Left: the removed document; right: the kept document that makes it redundant.</p>'
    for row in report["pairs"]:
        text += _pair(row, f"{escape(row.get('step'))} duplicate, similarity {measure(row.get('jaccard'))}")
    return text


def _pair(row: Values, words: str) -> str:
    """Shows a removed document next to the kept one."""
    text = f'<h3>{words}</h3><div class="pair"><blockquote class="dropped"><p class="quiet">removed, document '
    text += f"{escape(row.get('doc_id'))}</p>{quote(row.get('text'), row.get('url'))}</blockquote>"
    text += f'<blockquote class="kept"><p class="quiet">kept, document {escape(row.get("duplicate_of"))}</p>'
    return text + f"{quote(row.get('duplicate_of_text'), row.get('duplicate_of_url'))}</blockquote></div>"


def decontamination(values: Values | None) -> str:
    """Shows how many items of each benchmark were found, and samples of matches next to the items."""
    if values is None:
        return ""
    rows = [
        ([escape(row["benchmark"]), *(count(row[name]) for name in ("items", "found", "documents"))], False)
        for row in values["benchmarks"] or ()
    ]
    text = '<p class="note">Documents that contain a benchmark item are dropped.</p>'
    text += table(("benchmark", "items#", "found#", "documents dropped#"), rows)
    unable = [
        f"{count(values[name])} {words}"
        for name, words in (("too_short", "too short"), ("too_common", "shared template text"))
        if values[name]
    ]
    if unable:
        text += f'<p class="note">Items not searched for: {", ".join(unable)}.</p>'
    if not values["samples"]:
        return text + nothing("No document contains an item.")
    text += '<p class="note">Left: the matching passage in a document, normalised; right: the item.</p>'
    for row in values["samples"]:
        kind = escape(KINDS.get(row.get("kind"), row.get("kind")))
        item = f"{escape(row.get('benchmark'))}, item {escape(row.get('item'))}, {escape(row.get('field'))}"
        text += f"<h3>{item}: found {kind}, share {measure(row.get('share'))}</h3>"
        text += f'<div class="pair"><blockquote class="dropped"><p class="quiet">document {escape(row.get("doc_id"))}'
        text += f"</p>{quote(row.get('stretch'), row.get('url'))}</blockquote>"
        text += f"<blockquote>{quote(row.get('text'))}</blockquote></div>"
    return text


def repeated_lines(values: Values | None) -> str:
    """Shows removed lines and characters by language, and the lines removed most often."""
    if values is None:
        return ""
    cuts = values["cuts"] or ()
    removed, characters = (sum(row[name] or 0 for row in cuts) for name in ("n_lines_removed", "n_chars_removed"))
    text = figures(
        (count(removed), "repeated lines removed"),
        (count(characters), "characters removed"),
        (count(sum(row["edited"] for row in cuts)), "documents edited"),
        (count(sum(row["emptied"] for row in cuts)), "of them with nothing left"),
    )
    rows = [
        (
            [
                escape(row["language"]),
                count(row["n_lines"]),
                count(row["n_lines_removed"]),
                count(row["n_structured"]),
                count(row["n_spared"]),
                count(row["n_chars_removed"]),
                share_of(row["n_chars_removed"], row["n_chars"]),
            ],
            False,
        )
        for row in cuts
    ]
    head = ("language", "lines#", "removed#", "kept as code#", "kept as most of a document#", "characters#", "share#")
    text += table(head, rows)
    if not values["samples"]:
        return text + nothing("No line was removed.")
    text += '<p class="note">The lines removed from the most documents, as written where they are kept.</p>'
    for language, some in groupby(values["samples"], key=lambda row: row.get("language")):
        lines = [([count(row.get("removed_from")), quote(row.get("sample"), None, language)], False) for row in some]
        text += f"<h3>{escape(language)}</h3>" + table(("removed from documents#", "line"), lines)
    return text


def split_check(values: Values | None) -> str:
    """Shows number and detection probability of near-copies across splits, with samples."""
    if values is None:
        return ""
    documents = values["documents"] or {}
    text = figures(
        (count(sum(documents.get(split, 0) for split in ("valid", "test"))), "held-out documents"),
        (count(values["candidate_pairs"]), "pairs with a document of another split"),
        (count(values["likely_pairs"]), "of them compared exactly"),
        (count(values["edges"]), "near-copies"),
        (count(values["too_short_for_near"]), "documents too short to compare"),
        (count(values["too_long_for_near"]), "too long"),
    )
    missed = 1.0 - values["catch_probability"] if values["catch_probability"] is not None else None
    text += f'<p class="note">A pair at the threshold is missed with a probability of at most {measure(missed)}.</p>'
    if values["crowded"]:
        text += f'<p class="note">{count(values["crowded"])} held-out documents are in crowded buckets: they were '
        text += f"compared in {count(values['least_bands'])} bands or more, not in all.</p>"
    if not values["samples"]:
        return text + nothing("No document is a near-copy of a document held out from its split.")
    for row in values["samples"]:
        splits = f"in {escape(row.get('split'))}, similar to one in {escape(row.get('duplicate_of_split'))}"
        text += _pair(row, f"{splits}, similarity {measure(row.get('jaccard'))}")
    return text
