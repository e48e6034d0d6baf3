"""Removal of lines and parts of lines that do not belong to an extracted text, with counts."""

from dataclasses import dataclass, field

from sluice.core.config.extract import EditConfig
from sluice.core.reasons import Reason
from sluice.text.cleaning.line_rules import Rules, rules_for
from sluice.text.cleaning.unicode_repair import fold_width, repair_unicode
from sluice.text.unicode.encoded_text import AnyText, EncodedText
from sluice.text.unicode.structure import structure


@dataclass(slots=True)
class Cut:
    """Counts of one kind of edit: whole lines, parts of lines (for repairs: changed lines), and characters.

    Characters are code points, including newlines. For a repair they may be negative, as it can also lengthen a text.
    """

    lines: int = 0
    parts: int = 0
    characters: int = 0


Judged = tuple[str, Cut | None]


@dataclass(frozen=True, slots=True)
class Edited:
    """The remaining text ("" if nothing is left), and the cuts by kind, without kinds that had no effect.

    len(original text) = len(text) + the sum of the characters of all cuts. `numbers`: where the lines of the text were
    among the original lines, from 0; None: no line was removed.
    """

    text: str
    counts: dict[str, Cut] = field(default_factory=dict)
    numbers: list[int] | None = None


def edit(text: AnyText, options: EditConfig) -> Edited:
    """Removes everything from a text that the options select. Lines end with `\\n`; empty lines separate paragraphs.

    With a line, its newline is removed, and an empty line that would then follow another or be at an end. Lines without
    an edit are not changed. Repairs come first, so that rules see the repaired text. The result depends only on the
    text and the options. Code is not cut. Raises InputError if `repair` is on and ftfy is not installed.

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
    edited, numbers = view.text, None
    if marked or options.repeated_lines:
        lines = edited.split("\n")
        code = _code_lines(view)
        judged = {
            line.number: _judge(lines[line.number], line.kinds, rules, counts)
            for line in marked
            if line.number not in code
        }
        _judge_neighbours(lines, judged, rules, counts)
        if options.repeated_lines or any(cut or rest != lines[n] for n, (rest, cut) in judged.items()):
            edited, numbers = _join(lines, judged, code if options.repeated_lines else None, counts)
    return Edited(edited, {name: cut for name, cut in counts.items() if cut != Cut()}, numbers)


def _code_lines(view: EncodedText) -> frozenset[int]:
    """Returns the numbers of the lines that are code. There, `Loading...` and `Copy code` are strings."""
    numbers: set[int] = set()
    at = number = 0
    for start, end in structure(view).code:
        first = number + view.text.count("\n", at, start)
        at, number = end, first + view.text.count("\n", start, end)
        numbers.update(range(first, number + 1))
    return frozenset(numbers)


def _count_changes(before: str, after: str, cut: Cut) -> str:
    if after != before:
        changed = sum(a != b for a, b in zip(before.split("\n"), after.split("\n"), strict=False))
        cut.parts, cut.characters = changed, len(before) - len(after)
    return after


def _join(
    lines: list[str], judged: dict[int, Judged], unique: frozenset[int] | None, counts: dict[str, Cut]
) -> tuple[str, list[int]]:
    """Joins the remaining lines and counts every removed character. Returns the text and the numbers of its lines.

    Lines that repeat the previous one are removed, except those numbered in `unique`; None: no such line is removed.
    """
    kept: list[str] = []
    numbers: list[int] = []
    previous = None  # the last line with text that was kept
    loose: Cut | None = None  # the last cut, if no line has been kept since
    for number, line in enumerate(lines):
        is_blank = not line.strip()
        if is_blank and loose and _is_blank_end(kept):
            loose.characters += len(line) + 1
            continue
        rest, cut = judged.get(number, (line, None))
        if cut is None and unique is not None and number not in unique and not is_blank and rest == previous:
            cut = counts.setdefault(Reason.REPEATED_LINES, Cut())
        if cut is not None:
            cut.lines += 1
            cut.characters += len(rest) + 1
            loose = cut
            continue
        kept.append(rest)
        numbers.append(number)
        loose = None
        previous = previous if is_blank else rest
    if loose:
        while kept and _is_blank_end(kept):
            loose.characters += len(kept.pop()) + 1
            numbers.pop()
        if not kept:
            loose.characters -= 1  # n lines have n - 1 newlines
    return "\n".join(kept), numbers


def _is_blank_end(kept: list[str]) -> bool:
    return not kept or not kept[-1].strip()


def _judge(line: str, kinds: int, rules: Rules, counts: dict[str, Cut]) -> Judged:
    """Returns the rest of a line and, if a rule removes the whole line, the cut of that rule, else None."""
    while kinds:
        first = kinds & -kinds
        kinds -= first
        rule = rules.rules[first.bit_length() - 1]
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


def _judge_neighbours(lines: list[str], judged: dict[int, Judged], rules: Rules, counts: dict[str, Cut]) -> None:
    """Adds to `judged` the lines that a rule removes only next to lines that it has removed."""
    for rule in rules.rules:
        cut = counts.get(rule.name)
        if rule.beside is None or cut is None:
            continue
        for start in [number for number, (_, found) in judged.items() if found is cut]:
            for step in (-1, 1):
                number = _next_text(lines, start, step)
                while 0 <= number < len(lines) and rule.beside(lines[number]):
                    if judged.get(number, (None, None))[1]:
                        break
                    judged[number] = lines[number], cut
                    number = _next_text(lines, number, step)


def _next_text(lines: list[str], number: int, step: int) -> int:
    """Returns the number of the next line that is not empty, in one direction; -1 or the number of lines if none is."""
    number += step
    while 0 <= number < len(lines) and not lines[number].strip():
        number += step
    return number
