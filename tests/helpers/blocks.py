"""The blocks of a page, as the markup kernel returns them."""

from sluice.text.html import tags
from sluice.text.html.markup import parse

NAMES = list(tags.NUMBER)


def blocks(html: str, **options: bool) -> list[tuple[str, str]]:
    """Innermost line-breaking element and text of each block."""
    markup = parse(html.encode("utf-8", "surrogatepass"), **options)
    data = markup.text.tobytes()
    return [
        (NAMES[markup.node_tag[node]], data[start:end].decode())
        for start, end, node in zip(markup.block_start, markup.block_end, markup.block_node, strict=True)
    ]


def texts(html: str, **options: bool) -> list[str]:
    """The text of each block."""
    return [text for _, text in blocks(html, **options)]
