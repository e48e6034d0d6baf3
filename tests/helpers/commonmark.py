"""A reader of CommonMark with GitHub's tables and strikethrough."""

from markdown_it import MarkdownIt

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read(markdown: str) -> str:
    """The text that is read, with white space as single spaces. HTML and images are named, as nothing should be one."""
    parts = []
    for token in PARSER.parse(markdown):
        if token.type == "inline":
            parts += [_inline(child) for child in token.children or ()]
            parts.append(" ")
        elif token.type == "fence":
            parts += [token.content, " "]
        elif token.type in ("code_block", "html_block"):
            parts.append(f"<{token.type}>{token.content}")
    return " ".join("".join(parts).split())


def _inline(token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    if token.type in ("html_inline", "image"):
        return f"<{token.type}>{token.content}"
    return token.content if token.type in ("text", "code_inline") else ""


def tree(markdown: str) -> str:
    """The HTML of a text, as markdown-it-py writes it."""
    return PARSER.render(markdown)
