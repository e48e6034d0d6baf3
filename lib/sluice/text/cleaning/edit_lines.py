"""Editing of an extracted text: lines and parts of lines that do not belong to it are removed and counted."""

from dataclasses import dataclass, field

from sluice.core.config.extract import EditConfig
from sluice.core.reasons import Reason
from sluice.text.cleaning.line_rules import Rules, rules_for
from sluice.text.cleaning.unicode_repair import fold_width, repair_unicode
from sluice.text.unicode.encoded_text import AnyText, EncodedText


@dataclass(slots=True)
class Cut:
    """Counts of one kind of edit: whole lines, parts of lines (for repairs: lines changed), and characters.

    Characters are code points, newlines included. Characters of a repair may be negative: it can also lengthen a text.
    """

    lines: int = 0
    parts: int = 0
    characters: int = 0


Judged = tuple[str, Cut | None]


@dataclass(frozen=True, slots=True)
class Edited:
    """The text that is left, "" when nothing is, and the cuts by kind, only kinds that did something.

    len(text before) = len(text) + the sum of the characters of all cuts.
    """

    text: str
    counts: dict[str, Cut] = field(default_factory=dict)


def edit(text: AnyText, options: EditConfig) -> Edited:
    """A text without what the options name. Lines end with `\\n`; empty lines part paragraphs.

    A removed line takes its newline with it, and an empty line that would be the second in a row or at an end; lines
    without an edit stay as they are, byte for byte. Repairs come first, so that rules see the repaired text.
    Depends on the text and the options only. Raises InputError when `repair` is on and ftfy is not installed.

    >>> edit("Water is wet.[1]\\n\\n京ICP备14019735号\\n\\nFire is hot.", Edit()).text
    'Water is wet.\\n\\nFire is hot.'
    """
    counts: dict[str, Cut] = {}
    view = EncodedText.of(text)
    for is_on, name, change in ((options.repair, "repair", repair_unicode), (options.fold_width, "width", fold_width)):
        if is_on and not view.text.isascii():
            view = EncodedText(_count_changes(view.text, change(view.text), counts.setdefault(name, Cut())))
    rules = rules_for(options)
    marked = rules.finder.marked_lines(view) if rules.rules else []
    edited = view.text
    if marked or options.repeated_lines:
        lines = edited.split("\n")
        judged = {number: _judge(lines[number], kinds, rules, counts) for number, kinds in marked}
        if options.repeated_lines or any(cut or rest != lines[n] for n, (rest, cut) in judged.items()):
            edited = _join(lines, judged, options.repeated_lines, counts)
    return Edited(edited, {name: cut for name, cut in counts.items() if cut != Cut()})


def _count_changes(before: str, after: str, cut: Cut) -> str:
    if after != before:
        changed = sum(a != b for a, b in zip(before.split("\n"), after.split("\n"), strict=False))
        cut.parts, cut.characters = changed, len(before) - len(after)
    return after


def _join(lines: list[str], judged: dict[int, Judged], drops_repeats: bool, counts: dict[str, Cut]) -> str:
    """The remaining lines; every removed character is counted."""
    kept: list[str] = []
    previous = None  # the last line with text that was kept
    loose: Cut | None = None  # the last cut, as long as nothing was kept since
    for number, line in enumerate(lines):
        is_blank = not line.strip()
        if is_blank and loose and _is_blank_end(kept):
            loose.characters += len(line) + 1
            continue
        rest, cut = judged.get(number, (line, None))
        if cut is None and drops_repeats and not is_blank and rest == previous:
            cut = counts.setdefault(Reason.REPEATED_LINES, Cut())
        if cut is not None:
            cut.lines += 1
            cut.characters += len(rest) + 1
            loose = cut
            continue
        kept.append(rest)
        loose = None
        previous = previous if is_blank else rest
    if loose:
        while kept and _is_blank_end(kept):
            loose.characters += len(kept.pop()) + 1
        if not kept:
            loose.characters -= 1  # n lines have n - 1 newlines
    return "\n".join(kept)


def _is_blank_end(kept: list[str]) -> bool:
    return not kept or not kept[-1].strip()


def _judge(line: str, kinds: int, rules: Rules, counts: dict[str, Cut]) -> Judged:
    """The rest of a line before the rule that removes it whole, and that rule's cut; None if the line is kept."""
    for number, rule in enumerate(rules.rules):
        if not kinds >> number & 1:
            continue
        rest, parts = rule.apply(line)
        if len(rest) == len(line):
            continue
        cut = counts.setdefault(rule.name, Cut())
        if not rest.strip():
            return line, cut
        cut.parts += parts
        cut.characters += len(line) - len(rest)
        line = rest
    return line, None
