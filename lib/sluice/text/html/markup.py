"""HTML to blocks of text in one linear pass over its bytes, compiled.

A block is a stretch of text between two element boundaries that break a line. No tree is built: a stack of open
elements (WHATWG's implied end tags and scopes, no foster parenting) says where each block stands, so that no page,
however deep or broken, costs more than its length. White space is collapsed as browsers do, kept inside <pre>;
character references are resolved; scripts, styles, controls and drawings are left out. Source: ours, after WHATWG HTML
13.2.
"""

from typing import NamedTuple

import numpy as np

from sluice.text.html.kernels import markup as kernels

MAX_DEPTH = kernels.MAX_DEPTH
TITLE_MARK, META_MARK, TIME_MARK, JSON_MARK = (
    kernels.TITLE_MARK,
    kernels.META_MARK,
    kernels.TIME_MARK,
    kernels.JSON_MARK,
)


class Markup(NamedTuple):
    """One page in arrays. Elements in document order, element 0 the root; blocks in document order.

    text uint8: UTF-8 of all blocks, one after the other. block_* [B]: start and end in `text`, innermost line-breaking
    element, bytes in links, bytes in bold, number of line breaks and pictures. node_* [N]: parent (0 for 0), element
    number, depth, inherited contexts, hash of element and first class name, hash of the path of those. word_node,
    word_hash [W]: words of class, id, role and itemprop. marks [M, 3]: kind, start and end in the source.
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
    node_sign: np.ndarray
    node_path: np.ndarray
    word_node: np.ndarray
    word_hash: np.ndarray
    marks: np.ndarray


def parse(html: bytes) -> Markup:
    """Blocks of a page in UTF-8. Never raises for any bytes; time and memory are linear in the length."""
    text, blocks, nodes, *rest = kernels.parse(np.frombuffer(html, np.uint8))
    return Markup(text, *np.ascontiguousarray(blocks.T), *np.ascontiguousarray(nodes.T), *rest)
