"""From main text to stored text: cuts, masks, and the counts of both."""

from dataclasses import dataclass, field

import msgspec

from sluice.core.config.extract import EditConfig, PiiConfig
from sluice.core.reasons import Reason
from sluice.text.cleaning.edit_lines import edit
from sluice.text.cleaning.mask_pii import mask
from sluice.text.unicode.encoded_text import AnyText, EncodedText

MASKS = Reason.PII
"""Kind under which the characters are booked by which masks are shorter than what they cover."""


class Edits(msgspec.Struct, omit_defaults=True):
    """Counts of one text: by kind of cut [lines, parts of lines, characters]; masks by kind of personal data."""

    cut: dict[str, tuple[int, int, int]] = {}
    masked: dict[str, int] = {}

    @classmethod
    def from_json(cls, text: str | None) -> "Edits":
        """The inverse of `to_json`."""
        return cls() if text is None else msgspec.json.decode(text, type=cls)

    def to_json(self) -> str | None:
        """As stored in `docs`, kinds in alphabetical order; None without cuts and masks."""
        return msgspec.json.encode(self, order="sorted").decode() if self.cut or self.masked else None

    @property
    def chars(self) -> dict[str, int]:
        """Characters taken, by kind; negative for what made a text longer."""
        return {kind: chars for kind, (_, _, chars) in self.cut.items()}


@dataclass(frozen=True, slots=True)
class Clean:
    """A text and what was done to it."""

    view: EncodedText
    edits: Edits = field(default_factory=Edits)


def cut_lines(text: AnyText, options: EditConfig) -> Clean:
    """Main text without boilerplate, see `text.cleaning.edit_lines`. An unchanged text keeps its view."""
    view = EncodedText.of(text)
    edited = edit(view, options)
    left = view if edited.text == view.text else EncodedText(edited.text)
    return Clean(left, Edits({kind: (c.lines, c.parts, c.characters) for kind, c in edited.counts.items()}))


def mask_personal(clean: Clean, options: PiiConfig) -> Clean:
    """The same without personal data, see `text.cleaning.mask_pii`. An unchanged text keeps its view."""
    masked = mask(clean.view, options)
    if not masked.counts:
        return clean
    taken = len(clean.view.text) - len(masked.text)
    cut = clean.edits.cut | {MASKS: (0, sum(masked.counts.values()), taken)}
    return Clean(EncodedText(masked.text), Edits(cut, masked.counts))
