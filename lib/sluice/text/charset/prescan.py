"""The charset that a page declares in its `<meta>` or XML declaration, as browsers find it before they parse.

Source: WHATWG HTML 13.2.3.2, "prescan a byte stream to determine its encoding". A declaration counts in a tag `meta`
only, in its attribute `charset`, or in `content` beside `http-equiv=content-type`; not in comments, nor in attributes
of other tags. There are two differences. Raw text is skipped: the parser of a browser does not see a `meta` inside a
script, style, title or noscript either, and corrects the prescan. And SCAN_BYTES are read instead of 1024, because real
pages have long scripts before their `meta`; without a declaration there, the bytes decide. Time is linear: the
expressions are possessive, so no byte is read twice within a tag.
"""

import re
from collections.abc import Iterator

SCAN_BYTES = 4096

SPACE = rb"[\t\n\f\r ]"
ATTRIBUTE = (
    rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)" + SPACE + rb"*+"
    rb"(?:=" + SPACE + rb"""*+(?:"([^"]*+)(?:"|\Z)|'([^']*+)(?:'|\Z)|([^\t\n\f\r >]*+)))?+"""
)
NEXT_ATTRIBUTE = re.compile(ATTRIBUTE)
ATTRIBUTES = re.compile(rb"(?:" + re.sub(rb"\((?!\?)", b"(?:", ATTRIBUTE) + rb")*+[\t\n\f\r /]*+>?")
TAG = re.compile(
    rb"<(?:(?P<comment>!--)|(?P<meta>meta(?=[\t\n\f\r /]))|"
    rb"(?P<raw>(?:script|style|title|textarea|noscript|iframe|noembed|noframes|xmp)(?=[\t\n\f\r />]))|"
    rb"/?(?P<tag>[a-z][^\t\n\f\r >]*+)|(?P<other>[!/?]))"
)
CONTENT_CHARSET = re.compile(
    rb"charset" + SPACE + rb"*+=" + SPACE + rb"""*+(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r ;"'][^\t\n\f\r ;]*+))"""
)
XML_DECLARATION = re.compile(rb"""[\t\n\f\r ]*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']\s*([a-z0-9_.:-]{2,40})""")


def declared_labels(payload: bytes) -> Iterator[str]:
    """Yields the labels that the beginning of a page declares, in order: those of `meta`, then the XML declaration.

    The labels are in lower case, since their case has no meaning.
    """
    head = payload[:SCAN_BYTES].lower()
    if b"charset" in head:
        yield from _meta_labels(head)
    if match := XML_DECLARATION.match(head):
        yield match[1].decode("latin-1")


def _meta_labels(head: bytes) -> Iterator[str]:
    at = 0
    while match := TAG.search(head, at):
        at = match.end()
        kind = match.lastgroup
        if kind == "comment":
            at = head.find(b"-->", at - 2)  # `<!-->` is a comment too
            if at < 0:
                return
        elif kind == "other":
            at = head.find(b">", at)
            if at < 0:
                return
        elif kind == "meta":
            values, at = _attributes(head, at)
            if label := _label(values):
                yield label.decode("latin-1")
        else:
            at = ATTRIBUTES.match(head, at).end()  # type: ignore[union-attr]
            if kind == "raw":
                end = re.compile(rb"</" + match["raw"] + rb"[\t\n\f\r />]").search(head, at)
                if not end:
                    return
                at = end.start()


def _attributes(head: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """Returns the attributes of a tag, the first of each name, and the position after them."""
    values: dict[bytes, bytes] = {}
    while match := NEXT_ATTRIBUTE.match(head, at):
        values.setdefault(match[1], match[2] or match[3] or match[4] or b"")
        at = match.end()
    return values, at


def _label(values: dict[bytes, bytes]) -> bytes | None:
    """Returns the label that the attributes of a `meta` declare, or None."""
    if b"charset" in values:
        return values[b"charset"].strip()
    if values.get(b"http-equiv", b"").strip() != b"content-type":
        return None
    match = CONTENT_CHARSET.search(values.get(b"content", b""))
    return match[1] or match[2] or match[3] if match else None
