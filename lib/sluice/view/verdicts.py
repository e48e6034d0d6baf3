"""The outcome of one document: the decision of the first stage that removed or changed it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

KEPT, DROPPED, DUPLICATE, EDITED = OUTCOMES = ("kept", "dropped", "duplicate", "edited")

Row = Mapping[str, Any]


class Verdict(NamedTuple):
    """The outcome of a document."""

    outcome: str
    """A name of OUTCOMES."""
    stage: str | None = None
    """The stage that decided; None for a kept document."""
    reason: str | None = None
    detail: str | None = None
    value: float | None = None
    threshold: float | None = None
    """A rule's bound that `value` violated."""
    duplicate_of: str | None = None
    """Id of the kept document that a duplicate repeats."""
    similarity: float | None = None
    is_earlier: bool = False
    """Whether `duplicate_of` is a document of an earlier crawl, which is not in this run."""


def verdict_of(document: Row, found: Mapping[str, Row]) -> Verdict:
    """Decides from the row of a document and its rows in the results of later stages, by stage name.

    The stages are applied in their order in a run; the first that removes the document decides.
    """
    if document.get("reason") is not None:
        return Verdict(DROPPED, "extract", document["reason"], document.get("detail"))
    if (rule := found.get("filter")) and rule["reason"] is not None:
        return Verdict(DROPPED, "filter", rule["reason"], None, rule["value"], rule["threshold"])
    if removal := found.get("dedup"):
        other, similarity = str(removal["duplicate_of"]), removal["jaccard"]
        is_earlier = bool(removal["is_earlier"])
        return Verdict(DUPLICATE, "dedup", removal["step"], None, None, None, other, similarity, is_earlier)
    if match := found.get("decontaminate"):
        what = f"{match['benchmark']}, item {match['item']}, {match['field']}: {100 * match['share']:.0f} % of it found"
        return Verdict(DROPPED, "decontaminate", match["kind"], f"{what}: {match['stretch']}")
    left = found.get("line_dedup", {}).get("text")
    if left == "":
        return Verdict(DROPPED, "line_dedup", "nothing_left")
    if leak := found.get("split_check"):
        other, held = str(leak["duplicate_of"]), leak["duplicate_of_split"]
        return Verdict(DUPLICATE, "split_check", f"near_{held}", None, None, None, other, leak["jaccard"])
    if left is not None:
        removed = found["line_dedup"]["n_lines_removed"]
        return Verdict(EDITED, "line_dedup", "repeated_lines", f"{removed:,} line{'' if removed == 1 else 's'} removed")
    return Verdict(KEPT)
