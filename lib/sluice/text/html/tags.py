"""HTML elements and character references as arrays for the markup kernel.

Source of the categories: WHATWG HTML, "Parsing HTML documents" and "Rendering"; of the references: `html.entities`.
"""

from collections.abc import Iterable
from html.entities import html5

import numpy as np

from sluice.text.html.hash_tables import hash_table

# Categories of elements, bits.
VOID = 1  # no end tag
BLOCK = 2  # begins and ends a line of text
CLOSES_P = 4  # its start tag ends an open <p>
RAW = 8  # its content is neither markup nor page text
RAW_TO_END = 16  # and without an end tag, it extends to the end of the file
SCOPE = 32  # end tags do not reach beyond it
TABLE_PART = 64  # its end tag reaches up to the table
IN_LINE = 128  # part of the line in a paragraph, heading, item or cell; elsewhere it begins and ends a line
TEXT_LINE = 256  # an element with text in lines, in which buttons, labels and custom elements are part of the line
CODE_LINE = 512  # inside preformatted text, it begins and ends a line rather than the block

# Contexts of a text: bits, inherited by all descendants.
NAV, HEADER, FOOTER, ASIDE, ARTICLE, MAIN, FORM, TABLE = 1, 2, 4, 8, 16, 32, 64, 128
LIST, FIGURE, QUOTE, PRE, HIDDEN, LINK, DIALOG, BUTTON = 256, 512, 1024, 2048, 4096, 8192, 16384, 32768
HEADING, ITEM, DEFINITION, PARAGRAPH, CELL, LABEL, CAPTION, NOSCRIPT = (1 << bit for bit in range(16, 24))
NUM_CONTEXTS = 24
"""Contexts that are features of a block."""
BANNER = 1 << NUM_CONTEXTS
"""A consent banner: never main text."""
CODE_TEXT = 2 << NUM_CONTEXTS
"""Code in lines, which is kept as it is."""

TAGS: dict[str, tuple[int, int]] = {"": (0, 0)}
"""Category bits and context bits by name. The position is the element's number; 0 is an unknown element."""


def _add(names: str, category: int, context: int = 0) -> None:
    for name in names.split():
        old = TAGS.get(name, (0, 0))
        TAGS[name] = (old[0] | category, old[1] | context)


_add("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr", VOID)
_add("hr", BLOCK | CLOSES_P)
_add("html head body frameset", BLOCK)
_add("script style textarea title iframe noembed noframes", RAW | RAW_TO_END)
_add("template svg select datalist object audio video canvas annotation annotation-xml applet", RAW)
_add("xmp foreignobject", BLOCK)
_add(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer",
    BLOCK | CLOSES_P,
)
_add(
    "header hgroup main menu nav ol p section summary ul h1 h2 h3 h4 h5 h6 pre listing form li dd dt", BLOCK | CLOSES_P
)
_add("noscript search legend optgroup option", BLOCK)
_add("button label", IN_LINE)
_add("table caption thead tbody tfoot tr td th", BLOCK | TABLE_PART)
_add("table td th caption", SCOPE)
_add("table", CLOSES_P)
_add(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr output picture q rb rp rt ruby s",
    0,
)
_add("samp small span strike strong sub sup time tt u var", 0)
_add("rtc math mi mn mo ms mtext mrow msup msub msubsup mfrac msqrt mover munder munderover mtable mtr mtd", 0)
_add("p h1 h2 h3 h4 h5 h6 li dt dd td th caption figcaption summary legend", TEXT_LINE)
_add("div p ol ul li section code dl dt dd article", CODE_LINE)
for _names, _context in (
    ("nav menu", NAV),
    ("header", HEADER),
    ("footer", FOOTER),
    ("aside", ASIDE),
    ("article", ARTICLE),
    ("main", MAIN),
    ("form fieldset", FORM),
    ("table", TABLE),
    ("ul ol dir menu", LIST),
    ("figure figcaption", FIGURE),
    ("blockquote q", QUOTE),
    ("pre listing xmp", PRE),
    ("a", LINK),
    ("dialog", DIALOG),
    ("button", BUTTON),
    ("h1 h2 h3 h4 h5 h6", HEADING),
    ("li", ITEM),
    ("dl dt dd", DEFINITION),
    ("p", PARAGRAPH),
    ("td th", CELL),
    ("label legend", LABEL),
    ("figcaption caption", CAPTION),
    ("noscript", NOSCRIPT),
):
    _add(_names, 0, _context)

NUMBER = {name: number for number, name in enumerate(TAGS)}
CATEGORY = np.array([category for category, _ in TAGS.values()], np.int32)
CONTEXT = np.array([context for _, context in TAGS.values()], np.int32)


TAG_KEYS, TAG_VALUES = hash_table({name: number for name, number in NUMBER.items() if name}, 1024)

_REFERENCES: list[str] = sorted(set(html5.values()))
_PLACE = {text: place for place, text in enumerate(_REFERENCES)}
REFERENCE_TEXT = np.zeros((len(_REFERENCES), 7), np.uint8)
"""UTF-8 of each character reference: its length, then its bytes."""
for _place, _text in enumerate(_REFERENCES):
    _data = _text.encode()
    REFERENCE_TEXT[_place, 0] = len(_data)
    REFERENCE_TEXT[_place, 1 : 1 + len(_data)] = list(_data)
# names include the semicolon; those without one are legacy names that browsers accept without it
REFERENCE_KEYS, REFERENCE_VALUES = hash_table({name: _PLACE[text] for name, text in html5.items()}, 8192)

_WINDOWS_1252 = bytes(range(0x80, 0xA0)).decode("cp1252", "replace")
NUMERIC_1252 = np.array(
    [ord(char) if char != "\ufffd" else 0x80 + place for place, char in enumerate(_WINDOWS_1252)], np.int32
)
"""The characters for `&#128;` to `&#159;` in browsers."""


def numbers(names: Iterable[str]) -> np.ndarray:
    """Returns element numbers, in order."""
    return np.array([NUMBER[name] for name in names], np.int32)
