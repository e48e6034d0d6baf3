"""The held-out sets on which variants are compared."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sluice.ablation.documents import iter_documents
from sluice.core.errors import ConfigError, InputError
from sluice.core.ids import mix64, text_digest

MIN_DOCUMENTS = 20
"""An interval from fewer documents means little."""


class HeldOutSet(NamedTuple):
    """Different documents of one kind, in hash order."""

    name: str
    texts: list[str]
    names: list[str]
    """Id or file of each document, for messages."""

    @property
    def num_bytes(self) -> int:
        """UTF-8 bytes of all texts."""
        return sum(len(text.encode()) for text in self.texts)

    def without(self, excluded: frozenset[int] | set[int]) -> "HeldOutSet":
        """Returns the set without the documents at these positions."""
        stays = [i for i in range(len(self.texts)) if i not in excluded]
        return HeldOutSet(self.name, [self.texts[i] for i in stays], [self.names[i] for i in stays])


def read_held_out(sets: Mapping[str, Sequence[str]], language: str | None, max_documents: int) -> list[HeldOutSet]:
    """Reads the sets: of each, at most `max_documents` different texts, chosen by hash.

    Raises ConfigError without sets, InputError for a set with too few documents.
    """
    if not sets:
        raise ConfigError(
            "ablate.held_out is empty. Name at least one set of texts that are not in the corpus, for example "
            "--set 'ablate.held_out={encyclopaedia: [articles.jsonl], code: [src/**/*.py]}'."
        )
    found = []
    for name, paths in sets.items():
        texts = {document.text: document.name for document in iter_documents(paths, language)}
        chosen = sorted(texts, key=lambda text: (mix64(int.from_bytes(text_digest(text)[:8], "big"), 0), text))
        found.append(HeldOutSet(name, chosen[:max_documents], [texts[text] for text in chosen[:max_documents]]))
        require_enough(found[-1])
    return found


def require_enough(held_out: HeldOutSet) -> None:
    """Raises InputError if a set has too few documents."""
    if len(held_out.texts) < MIN_DOCUMENTS:
        raise InputError(
            f"The held-out set {held_out.name!r} has {len(held_out.texts)} documents; at least {MIN_DOCUMENTS} are "
            "needed for an interval. Add documents. A text file is one document: convert a file of many documents to "
            'JSON lines, {"text": ...} each.'
        )
