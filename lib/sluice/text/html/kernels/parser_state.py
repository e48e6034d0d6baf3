"""The state of the markup kernel: the stack of open elements and named numbers."""

import numpy as np

from sluice.text.html import tags
from sluice.text.jit import array_kernel, inlined

MAX_DEPTH = 512
"""Elements nested deeper are treated as their ancestor at this depth, as in Chromium."""
MAX_MARKS = 512
"""Maximum number of titles, metas, times and JSON-LD scripts recorded per page."""
NUM_TAGS = len(tags.TAGS)

# the numbers of the state
(
    AT,  # position in the page
    LIMIT,  # end of the open <noscript>, else of the page
    NOSCRIPT_TOP,  # stack position of the parent of that <noscript>
    LITERAL_END,  # end of a section without markup
    LITERAL_SKIP,  # width of its end mark
    COMMENT_END,  # end of a comment that is read as markup
    PRE_END,  # the next </pre>
    DRAWING_END,  # the end of the open <svg>
    POSITION,  # position in the text
    START,  # of the current block in the text
    NODE,  # innermost line-breaking element of the current block
    LINK_BYTES,
    BOLD_BYTES,
    BREAKS,
    PICTURES,
    GAP,  # white space since the last character
    IS_LINE_DUE,  # in code: the next character begins a line
    TEX_START,  # of the last formula in the text
    TEX_END,
    TOP,  # of the stack; position 0 is the root and is never removed
    BEYOND,  # open elements beyond the maximum depth
    LINKS,  # open links
    BOLDS,  # open bold elements
    NUM_BLOCKS,
    NUM_NODES,
    NUM_WORDS,
    NUM_MARKS,
    NUM_SPANS,
    TAG_START,  # of the current tag
    NAME_START,
    NAME_END,
    IS_SELF_CLOSED,
    IS_XML,  # whether the page is XHTML
) = range(33)
NUM_STATE = 33


# columns of the stack of open elements, int64 [MAX_DEPTH + 1, NUM_COLUMNS]; the counts include the ancestors
(
    E_NODE,
    E_TAG,
    E_SIGN,
    E_LINE,  # the innermost line-breaking element at or below this position
    E_BREAKS,  # whether this element breaks lines
    E_PRE,  # number of elements that keep white space
    E_CODE,  # position of the innermost element with code in lines, 0 for none
    E_HIDDEN,  # number of hidden elements in this line
    E_CONCEALED,  # number of elements that are never text
    E_GUTTER,  # number of elements for line numbers
    E_NUMBER,  # number of the next item of a list
    E_STEP,  # of these numbers
    E_CHILDREN,  # number of child elements so far
    E_START,  # start of the current block when the element was opened
    E_TEXT,  # position in the text when the element was opened
    E_PLACE,  # position of its tag in the page
) = range(16)
NUM_COLUMNS = 16

OPEN, NO_END, UNBALANCED = range(3)
"""Columns of the counts by tag, int32 [NUM_TAGS, NUM_COUNTS]: open elements; whether the rest of the page has no end
tag; whether start and end tags in the rest of the page are not balanced."""
NUM_COUNTS = 3


@array_kernel
def new_state(n, is_xml):
    """Returns the state at the beginning of a page of `n` bytes."""
    state = np.zeros(NUM_STATE, np.int64)
    state[LIMIT], state[IS_XML] = n, is_xml
    state[PRE_END] = state[TEX_END] = -1
    state[NUM_NODES] = 1
    return state


@inlined
def is_unseen(stack, top):
    """Whether text at this position of the stack is left out."""
    return stack[top, E_HIDDEN] > 0 or stack[top, E_CONCEALED] > 0
