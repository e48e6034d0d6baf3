"""Main text of an HTML page."""

import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

MAX_DEPTH = 512
"""Deeper pages keep their menus: main-content rules take more than quadratic time in the depth of the tree (16,000
levels cost 7 s), plain text takes linear time. Chromium flattens documents at the same depth."""

TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
# Elements without an end tag, or whose end tag the parser supplies: they do not nest by themselves.
FLAT = frozenset(
    "area base br col embed hr img input link meta source track wbr param "
    "p li dt dd option optgroup tr td th tbody thead tfoot colgroup caption rt rp html head body".split()
)

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff]")
BLANK_LINES = re.compile(r"\n{3,}")


def extract_text(html: str, *, main_content: bool) -> str:
    """Readable text of a page, paragraphs parted by an empty line, list items begun with a bullet; "" if none.

    Main content by resiliparse's rules (chatnoir-eu/chatnoir-resiliparse), but for pages nested deeper than MAX_DEPTH.
    Control characters are removed, lines are stripped, and never more than one empty line stays.
    """
    tree = HTMLTree.parse(html)
    text: str = extract_plain_text(
        tree,
        main_content=main_content and not is_deeper_than(html, MAX_DEPTH),
        list_bullets=True,
        alt_texts=False,
        links=False,
        form_fields=False,
        noscript=False,
        comments=True,
    )
    return tidy(text)


def is_deeper_than(html: str, depth: int) -> bool:
    """Whether open tags pile up beyond `depth`; free of cost for pages with fewer tags than that."""
    if html.count("<") <= depth:
        return False
    level = 0
    for slash, name in TAG.findall(html):
        if name.lower() in FLAT:
            continue
        level += -1 if slash else 1
        if level > depth:
            return True
    return False


def tidy(text: str) -> str:
    """Stripped lines without control characters, runs of empty lines shortened to one."""
    lines = (line.strip() for line in CONTROL.sub("", text.replace("\r\n", "\n")).split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
