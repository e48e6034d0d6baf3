"""The check that no held-out document is in the training documents, before any model is trained."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sluice.ablation.documents import Document
from sluice.ablation.held_out import HeldOutSet
from sluice.core.errors import InputError
from sluice.text.decontamination.overlap import HeldOutIndex

MAX_EXAMPLES = 3


class OverlapCheck:
    """Collects overlaps of all held-out sets with the documents of all variants."""

    def __init__(self, sets: Sequence[HeldOutSet], share: float) -> None:
        self._sets = sets
        self._places = [(place, i) for place, held_out in enumerate(sets) for i in range(len(held_out.texts))]
        self._index = HeldOutIndex([text for held_out in sets for text in held_out.texts], share)
        self._seen: dict[str, Any] = {}
        self._best: dict[tuple[int, str], dict[str, Any]] = {}

    def add(self, variant: str, document: Document) -> None:
        """Searches a training document of a variant."""
        seen = self._seen.setdefault(variant, np.zeros(self._index.num_grams, np.bool_))
        for overlap in self._index.search(document.text, seen):
            place, i = self._places[overlap.text]
            entry = {
                "set": self._sets[place].name,
                "document": self._sets[place].names[i],
                "variant": variant,
                "training_document": document.name,
                "kind": overlap.kind,
                "share": overlap.share,
                "text": overlap.shown,
            }
            best = self._best.setdefault((overlap.text, variant), entry)
            if (entry["share"], best["training_document"]) > (best["share"], entry["training_document"]):
                self._best[overlap.text, variant] = entry

    def entries(self) -> list[dict[str, Any]]:
        """Returns one entry per held-out document and variant: the training document with the largest share."""
        return [self._best[key] for key in sorted(self._best, key=lambda key: key[0])]

    def excluded(self) -> list[set[int]]:
        """Returns the positions of overlapping documents in each set."""
        excluded: list[set[int]] = [set() for _ in self._sets]
        for text, _ in self._best:
            place, i = self._places[text]
            excluded[place].add(i)
        return excluded

    def shared_ngrams(self, variant: str) -> dict[str, float]:
        """Returns for each set the share of its n-grams that occur anywhere in a variant, overlapping or not."""
        seen = self._seen.get(variant, np.zeros(self._index.num_grams, np.bool_))
        counts = self._index.counts(seen)
        shares = {}
        for place, held_out in enumerate(self._sets):
            mine = [counts[text] for text, (other, _) in enumerate(self._places) if other == place]
            total = sum(all_of_text for _, all_of_text in mine)
            shares[held_out.name] = sum(found for found, _ in mine) / total if total else 0.0
        return shares


def refusal(entries: Sequence[Mapping[str, Any]], sets: Sequence[HeldOutSet], path: str) -> InputError:
    """Returns the error for held-out documents that are in the training documents: sets, numbers, examples, remedy."""
    parts = []
    for held_out in sets:
        mine: dict[str, Mapping[str, Any]] = {}
        for entry in entries:
            if entry["set"] == held_out.name:
                mine.setdefault(str(entry["document"]), entry)
        if mine:
            shown = "; ".join(
                f"{entry['document']} in {entry['training_document']} ({entry['variant']}, {entry['kind']}, "
                f"{100 * entry['share']:.0f} %): {json.dumps(entry['text'], ensure_ascii=False)}"
                for entry in list(mine.values())[:MAX_EXAMPLES]
            )
            parts.append(f"{held_out.name!r}: {len(mine)} of {len(held_out.texts)} documents, for example {shown}")
    return InputError(
        "Held-out documents are in the training documents, so the comparison would measure copying. "
        f"{'. '.join(parts)}. All are listed in {path}. Remove them from the held-out sets or from the corpus, or set "
        "ablate.exclude_overlap=true to leave them out of the evaluation."
    )
