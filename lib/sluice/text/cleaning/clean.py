"""Conversion of main text to stored text: cuts, masks, and counts of both."""

from dataclasses import dataclass, field

import msgspec

from sluice.core.config.extract import EditConfig, PiiConfig
from sluice.core.reasons import Reason
from sluice.text.cleaning.edit_lines import edit
from sluice.text.cleaning.mask_pii import mask
from sluice.text.unicode.encoded_text import AnyText, EncodedText

MASKS = Reason.PII
"""Kind of cut that counts the characters by which masks are shorter than the text they replace."""


class Edits(msgspec.Struct, omit_defaults=True):
    """Counts for one text: by kind of cut [lines, parts of lines, characters]; masks by kind of personal data."""

    cut: dict[str, tuple[int, int, int]] = {}
    masked: dict[str, int] = {}

    @classmethod
    def from_json(cls, text: str | None) -> "Edits":
        """The inverse of `to_json`."""
        return cls() if text is None else msgspec.json.decode(text, type=cls)

    def to_json(self) -> str | None:
        """Encodes the counts as stored in `docs`, sorted by kind; None without cuts and masks."""
        return msgspec.json.encode(self, order="sorted").decode() if self.cut or self.masked else None

    @property
    def chars(self) -> dict[str, int]:
        """Characters removed, by kind; negative if the text became longer."""
        return {kind: chars for kind, (_, _, chars) in self.cut.items()}


@dataclass(frozen=True, slots=True)
class Clean:
    """A text and the edits made to it. `numbers`: as in `Edited`."""

    view: EncodedText
    edits: Edits = field(default_factory=Edits)
    numbers: list[int] | None = None


def cut_lines(text: AnyText, options: EditConfig) -> Clean:
    """Removes boilerplate lines from main text, see `text.cleaning.edit_lines`. An unchanged text keeps its view."""
    view = EncodedText.of(text)
    edited = edit(view, options)
    left = view if edited.text == view.text else EncodedText(edited.text)
    counts = {kind: (cut.lines, cut.parts, cut.characters) for kind, cut in edited.counts.items()}
    return Clean(left, Edits(counts), edited.numbers)


def mask_personal(clean: Clean, options: PiiConfig) -> Clean:
    """Masks personal data, see `text.cleaning.mask_pii`, and adds its counts. An unchanged text keeps its view."""
    masked = mask(clean.view, options)
    if not masked.counts:
        return clean
    taken = len(clean.view.text) - len(masked.text)
    cut = clean.edits.cut | {MASKS: (0, sum(masked.counts.values()), taken)}
    return Clean(EncodedText(masked.text), Edits(cut, masked.counts), clean.numbers)


def as_markdown(clean: Clean, markdown: str) -> Clean:
    """Replaces an edited text by its Markdown. The characters by which that is longer are an edit with a reason."""
    longer = len(markdown) - len(clean.view.text)
    cut = clean.edits.cut | ({Reason.MARKDOWN: (0, 0, -longer)} if longer else {})
    return Clean(EncodedText(markdown), Edits(cut, clean.edits.masked), clean.numbers)
