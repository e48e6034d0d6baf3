"""Main text of an HTML page."""

import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff]")
BLANK_LINES = re.compile(r"\n{3,}")


def extract_text(html: str, *, main_content: bool) -> str:
    """Readable text of a page, paragraphs parted by an empty line, list items begun with a bullet; "" if none.

    Main content by resiliparse's rules (chatnoir-eu/chatnoir-resiliparse). Control characters are removed, lines are
    stripped, and never more than one empty line stays.
    """
    tree = HTMLTree.parse(html)
    text: str = extract_plain_text(
        tree,
        main_content=main_content,
        list_bullets=True,
        alt_texts=False,
        links=False,
        form_fields=False,
        noscript=False,
        comments=True,
    )
    return tidy(text)


def tidy(text: str) -> str:
    """Stripped lines without control characters, runs of empty lines shortened to one."""
    lines = (line.strip() for line in CONTROL.sub("", text.replace("\r\n", "\n")).split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
