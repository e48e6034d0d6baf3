"""Parses HTML to blocks of text in one linear pass over its bytes, compiled.

A block is the text between two element boundaries that break a line. No tree is built: a stack of open elements
(WHATWG's implied end tags and scopes, no foster parenting) determines the ancestors of each block, so that time is
linear for every page, however deep or broken. White space is collapsed as in browsers and kept inside <pre>; character
references are resolved; scripts, styles, controls and drawings are skipped. Source: ours, after WHATWG HTML 13.2.
"""

from typing import NamedTuple

import numpy as np

from sluice.text.html.kernels import markup as kernels
from sluice.text.html.kernels import start_elements
from sluice.text.html.kernels.parser_state import MAX_DEPTH as MAX_DEPTH

TITLE_MARK, META_MARK, TIME_MARK, JSON_MARK = (
    start_elements.TITLE_MARK,
    start_elements.META_MARK,
    start_elements.TIME_MARK,
    start_elements.JSON_MARK,
)


class Markup(NamedTuple):
    """One page as arrays. Elements and blocks are in document order; element 0 is the root.

    text uint8: UTF-8 of all blocks, concatenated. block_* [B]: start and end in `text`, innermost line-breaking
    element, bytes in links, bytes in bold, number of line breaks and pictures. node_* [N]: parent (0 for 0), element
    number, depth, inherited contexts, value, hash of element and first class name, hash of the path of these. The value
    is: columns and rows of a table cell (`ROW_UNIT`), number of a list item (`NO_NUMBER`), marker of an <ol>.
    word_node, word_hash [W]: words of class, id, role and itemprop. marks [M, 3]: kind, start and end in the source.
    spans [S, 4], if wanted: start and end in `text` of inline elements, their kind, position of the tag in the source.
    """

    text: np.ndarray
    block_start: np.ndarray
    block_end: np.ndarray
    block_node: np.ndarray
    block_link: np.ndarray
    block_bold: np.ndarray
    block_breaks: np.ndarray
    block_pictures: np.ndarray
    node_parent: np.ndarray
    node_tag: np.ndarray
    node_depth: np.ndarray
    node_context: np.ndarray
    node_value: np.ndarray
    node_sign: np.ndarray
    node_path: np.ndarray
    word_node: np.ndarray
    word_hash: np.ndarray
    marks: np.ndarray
    spans: np.ndarray


def parse(html: bytes, *, is_xml: bool = False, has_spans: bool = False) -> Markup:
    """Parses a page in UTF-8. Never raises for any bytes; time and memory are linear in the length.

    `is_xml`: an XHTML page, in which `/>` ends any element and CDATA sections are text.
    `has_spans`: record bold, emphasised, code and link elements.
    """
    text, blocks, nodes, hashes, *rest = kernels.parse(np.frombuffer(html, np.uint8), is_xml, has_spans)
    columns = (np.ascontiguousarray(table.T) for table in (blocks, nodes, hashes))
    return Markup(text, *(column for table in columns for column in table), *rest)
