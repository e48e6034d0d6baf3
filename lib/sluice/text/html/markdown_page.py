"""Lines of Markdown from the blocks of a page."""

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

import numpy as np

from sluice.text.html import tags
from sluice.text.html.kernels import tables
from sluice.text.html.kernels.attributes import NO_NUMBER
from sluice.text.html.main_text import render_places
from sluice.text.html.markdown import Kind, Line, Markdown
from sluice.text.html.markdown_inline import LINK, Mark, line_markdown
from sluice.text.html.markup import Markup

BAR = "\x1f"
"""Between cells until the rows are split: no text contains control characters."""
LEVELS = np.zeros(len(tags.TAGS), np.int32)
"""Levels of headings by tag; 0: no heading."""
LEVELS[tags.numbers(f"h{level}" for level in range(1, 7))] = range(1, 7)
FENCE = re.compile("`{3,}$")
MAX_NUMBER = 999_999_999
"""Largest number of a list item in CommonMark."""
MAX_INDENT = 32
"""Deeper list items are at this indentation, so that the text stays linear in the page."""
START_TAG = re.compile(rb"""<(?:a|base)\s(?:[^>"']|"[^"]*"|'[^']*')*>?""", re.IGNORECASE)
HREF = re.compile(rb"""[\s"']href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
MAX_TAG = 4096
"""Bytes of a start tag that are searched for its address."""
BASE_BYTES = 65_536
"""Bytes of a page that are searched for <base>."""
TO_PAGES = ("http://", "https://")
"""Links to anything else (scripts, mail, data) are only their text."""
ENTITY = re.compile(r"&(?=#?\w+;)")
QUOTED = {ord(char): f"%{ord(char):02X}" for char in '<>\\| "`'}

Spans = tuple[list[int], list[int], list[int]]
"""Starts, ends and places of the tags of the spans of one kind, in order, without overlaps."""

Found = tuple[int, int, int, str]
"""Start, end, kind and address of a span in the rendered text."""

IsPrivate = Callable[[str], bool]
"""Whether the address of a link must not be stored."""


def page_markdown(
    data: bytes, markup: Markup, chosen: np.ndarray, url: str | None, is_private: IsPrivate
) -> tuple[str, Markdown]:
    """Returns the plain text of the chosen blocks, as `main_text.render`, and its Markdown.

    `markup` must have spans. `url`: the address of the page, to which links are relative; None: links are only text.
    A link whose whole address `is_private` is only text, too.
    """
    rendered, places = render_places(markup, chosen, ord(BAR))
    lines = tuple(_Page(data, markup, rendered, places, url, is_private).lines())
    return rendered.decode("utf-8", "replace").replace(BAR, "|"), Markdown(lines)


class _Page:
    """The blocks of one page in the order in which they are in the rendered text.

    A paragraph, code or table has the number of its place there, which no other has.
    """

    def __init__(
        self,
        data: bytes,
        markup: Markup,
        rendered: bytes,
        places: np.ndarray,
        url: str | None,
        is_private: IsPrivate,
    ) -> None:
        self.markup, self.rendered = markup, rendered
        parents, node_tags = markup.node_parent, markup.node_tag
        _, _, _, item, code = tables.ancestors(parents, node_tags, markup.node_context)
        order = np.argsort(places[:, 0], kind="stable")
        order = order[places[order, 0] >= 0]
        nodes = markup.block_node[order]
        self.starts = markup.block_start[order].tolist()
        self.sizes = (markup.block_end - markup.block_start)[order].tolist()
        self.places, self.tables = places[order].T.tolist()
        self.codes = (code > 0)[nodes].tolist()
        self.items = item[nodes].tolist()
        self.item_of = item
        self.levels = _levels(parents, LEVELS[node_tags])[nodes].tolist()
        self.widths: dict[int, int] = {0: 0}  # of the indentation and mark of list items that have begun
        self.signs: dict[int, int] = {}  # of the lists that have begun: which of two marks they use
        self.lists: dict[int, int] = {}  # the last list by indentation
        self.table_starts: dict[int, int] = {}
        spans = markup.spans
        kinds = np.unique(spans[:, 2]).tolist()
        self.spans = {kind: _merged(spans[spans[:, 2] == kind], markup.text) for kind in kinds}
        self.data, self.base = data, _base(data, url) if url else None
        self.is_private = is_private
        if self.base is None:
            self.spans.pop(LINK, None)

    def lines(self) -> Iterator[Line]:
        start = 0
        fence: Line | None = None
        for raw in self.rendered.split(b"\n"):
            text, end = raw.decode("utf-8", "replace"), start + len(raw)
            k = bisect_right(self.places, start) - 1
            if k < 0 or self.places[k] + self.sizes[k] <= start:  # not within a block: one may begin in this line
                k += 1
                is_covered = k < len(self.places) and self.places[k] < end
            else:
                is_covered = True
            if fence and not is_covered:
                yield Line(text, Kind.CODE, fence.block, fence.before, text)
                fence = None
            elif fence:
                yield Line(text, Kind.CODE, fence.block, fence.before, text)
            elif is_covered:
                yield self._row(text, start, end, k) if self.tables[k] else self._text(text, start, end, k)
            elif FENCE.match(text) and k < len(self.codes) and self.codes[k]:
                fence = Line(text, Kind.CODE, start, " " * self._indent(self.items[k]), text)
                yield fence
            else:
                yield Line(text)
            start = end + 1

    def _indent(self, item: int) -> int:
        """Returns the width of the indentation of the text of a list item."""
        while item not in self.widths:
            item = int(self.item_of[self.markup.node_parent[item]])
        return self.widths[item]

    def _text(self, text: str, start: int, end: int, k: int) -> Line:
        item, level = self.items[k], self.levels[k]
        lead, kind = 0, Kind.TEXT
        if item == 0:
            self.lists.clear()
        if self.places[k] > start:  # after a bullet or number
            lead, kind = len(self.rendered[start : self.places[k]].decode("utf-8", "replace")), Kind.ITEM
            indent = self._indent(int(self.item_of[self.markup.node_parent[item]]))
            mark = self._mark(item, indent)
            self.widths[item] = min(indent + len(mark), MAX_INDENT)
            before = " " * indent + mark
        else:
            before = " " * self._indent(item)
        if level:
            before += "#" * level + " "
            kind = Kind.ITEM if lead else Kind.HEADING
        marks = self._marks(start, end, lead, self._spans_in(start, end, k))
        body = line_markdown(text[lead:].strip(), marks)
        return Line(text, kind, self.places[k], before, body, lead)

    def _mark(self, item: int, indent: int) -> str:
        """Returns the mark of a list item. A list directly after another one has other marks, to be another list."""
        of = int(self.markup.node_parent[item])
        last = self.lists.get(indent, of)
        if of not in self.signs:
            self.signs[of] = 1 - self.signs.get(last, 0) if last != of else 0
        self.lists = {width: number for width, number in self.lists.items() if width < indent} | {indent: of}
        number = int(self.markup.node_value[item])
        if number == 0 or not 0 <= number + NO_NUMBER <= MAX_NUMBER:
            return "-*"[self.signs[of]] + " "
        return f"{number + NO_NUMBER}{'.)'[self.signs[of]]} "

    def _row(self, text: str, start: int, end: int, k: int) -> Line:
        self.lists.clear()
        found: list[Found] = []
        while k < len(self.places) and self.places[k] < end:
            found += self._spans_in(start, end, k)
            k += 1
        marks = sorted(self._marks(start, end, 0, found))
        cells, at, m = [], 0, 0
        for part in text.split(BAR):
            first = at + len(part) - len(part.lstrip())
            own = []
            while m < len(marks) and marks[m].start < at + len(part):
                mark = marks[m]
                own.append(mark._replace(start=mark.start - first, end=mark.end - first))
                m += 1
            cells.append(line_markdown(part.strip(), own, is_cell=True))
            at += len(part) + 1
        block = self.table_starts.setdefault(self.tables[k - 1], start)
        return Line(text.replace(BAR, "|"), Kind.ROW, block, cells=tuple(cells))

    def _spans_in(self, start: int, end: int, k: int) -> list[Found]:
        """Returns the spans of block k in the line [start, end) of the rendered text, in bytes of that text."""
        place = self.places[k]
        low, high = max(start, place), min(end, place + self.sizes[k])
        shift = self.starts[k] - place
        found = []
        for kind, (starts, ends, tag_places) in self.spans.items():
            i = bisect_right(ends, low + shift)
            while i < len(starts) and starts[i] < high + shift:
                href = self._href(tag_places[i]) if kind == LINK else ""
                if href or kind != LINK:
                    found.append((max(low, starts[i] - shift), min(high, ends[i] - shift), kind, href))
                i += 1
        return found

    def _marks(self, start: int, end: int, lead: int, found: list[Found]) -> list[Mark]:
        """Returns the marks of the line [start, end) of the rendered text, in characters after the lead."""
        if not found:
            return []
        is_first = np.frombuffer(self.rendered[start:end], np.uint8) & 0xC0 != 0x80
        before = np.concatenate(([0], np.cumsum(is_first))) - lead
        marks = (Mark(int(before[a - start]), int(before[b - start]), kind, href) for a, b, kind, href in found)
        return [mark for mark in marks if mark.start < mark.end]

    def _href(self, place: int) -> str:
        """Returns the address of the link whose tag is at `place`; "" for none that Markdown needs."""
        assert self.base is not None
        address = _address(self.data[place : place + MAX_TAG])
        if not address or address.startswith("#"):
            return ""
        try:
            whole = urljoin(self.base, address)
        except ValueError:
            return ""
        if not whole.lower().startswith(TO_PAGES) or self.is_private(whole):
            return ""
        return ENTITY.sub("&amp;", whole.translate(QUOTED))


def _levels(parents: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Returns the level of the innermost heading around each element."""
    found = levels.tolist()
    for v, parent in enumerate(parents.tolist()):
        found[v] = found[v] or found[parent]
    return np.array(found, np.int32)


def _merged(spans: np.ndarray, text: np.ndarray) -> Spans:
    """Joins spans of one kind that overlap or touch; of links, the first remains."""
    spans = spans[spans[:, 0] < spans[:, 1]]
    starts: list[int] = []
    ends: list[int] = []
    places: list[int] = []
    for start, end, kind, place in spans[np.lexsort((-spans[:, 1], spans[:, 0]))].tolist():
        if ends and (start < ends[-1] or (start == ends[-1] and kind != LINK and text[start] > 32)):
            ends[-1] = ends[-1] if kind == LINK else max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
            places.append(place)
    return starts, ends, places


def _address(tag: bytes) -> str | None:
    """Returns the value of `href` of the start tag at the beginning of some bytes."""
    whole = START_TAG.match(tag)
    found = HREF.search(whole[0]) if whole else None
    if found is None:
        return None
    value = html.unescape(found[found.lastindex or 1].decode("utf-8", "replace"))
    return "".join(value.split("\n")).replace("\t", "").replace("\r", "").strip()


def _base(data: bytes, url: str) -> str:
    """Returns the address to which the links of a page are relative."""
    place = data[:BASE_BYTES].lower().find(b"<base ")
    address = _address(data[place : place + MAX_TAG]) if place >= 0 else None
    try:
        return urljoin(url, address or "")
    except ValueError:
        return url
