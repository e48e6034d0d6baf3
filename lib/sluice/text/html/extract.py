"""Extraction of readable text and metadata from a decoded HTML page."""

import importlib.metadata
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sluice.core.config.extract import Extractor, TextFormat
from sluice.core.errors import ConfigError
from sluice.text.html.main_text import choose_main, model_digest, render
from sluice.text.html.markdown import Markdown
from sluice.text.html.markdown_page import page_markdown
from sluice.text.html.markup import TITLE_MARK, Markup, parse
from sluice.text.html.metadata import Facts, page_facts

NO_TRAFILATURA = (
    "extract.extractor = trafilatura, but that package is not installed. Run pip install 'sluice[trafilatura]', or use "
    "extract.extractor = main."
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class PageText:
    """Readable text of a page ("" if it has none), its metadata, and its Markdown if wanted."""

    text: str
    facts: Facts
    markdown: Markdown | None = None


def extract_page(
    data: bytes,
    extractor: Extractor = "main",
    *,
    is_xml: bool = False,
    text_format: TextFormat = "text",
    links_from: str | None = None,
    is_private: Callable[[str], bool] = lambda address: False,
) -> PageText:
    """Extracts text and metadata of a page in UTF-8, and with `text_format` also its Markdown.

    `main` excludes menus, advertisements, footers and similar (`text.html.main_text`); `all` keeps everything that a
    browser shows; `trafilatura` is that package with its defaults (about ten times slower). Raises ConfigError if
    trafilatura is selected but not installed. `is_xml`: an XHTML page, see `parse`. `links_from`: the address of the
    page, to keep those of its links in the Markdown, unless an address `is_private`.
    """
    markup = parse(data, is_xml=is_xml, has_spans=text_format == "markdown")
    facts = page_facts(data, markup)
    if extractor == "trafilatura":
        return PageText(tidy_foreign(_trafilatura(data.decode("utf-8", "replace"))), facts)
    if extractor == "main":
        chosen = choose_main(markup, title_bytes(data, markup))
    else:
        chosen = np.ones(len(markup.block_start), np.bool_)
    if text_format == "markdown":
        text, markdown = page_markdown(data, markup, chosen, links_from, is_private)
        return PageText(text, facts, markdown)
    return PageText(render(markup, chosen), facts)


def check_extractor(extractor: Extractor, text_format: TextFormat = "text") -> None:
    """Raises ConfigError if a package that the extractor needs is not installed, before any page is read.

    Also if the extractor cannot write the format.
    """
    if extractor == "trafilatura" and text_format == "markdown":
        raise ConfigError(
            "extract.format = markdown needs the structure of the page, which extract.extractor = trafilatura does not "
            "give. Use extract.extractor = main or all, or extract.format = text."
        )
    if extractor == "trafilatura" and importlib.util.find_spec("trafilatura") is None:
        raise ConfigError(NO_TRAFILATURA)


def extractor_identity(extractor: Extractor) -> str:
    """Identifies the extractor and everything its results depend on besides the code, to prevent mixing of outputs."""
    if extractor == "main":
        return f"main {model_digest()}"
    return f"trafilatura {importlib.metadata.version('trafilatura')}" if extractor == "trafilatura" else extractor


def extract_text(html: str, extractor: Extractor = "main") -> str:
    """Returns the text of `extract_page` for a decoded page.

    >>> extract_text("<nav><a href=/>Home</a></nav><p>One.</p><ul><li>two<li>three</ul>", "all")
    'Home\\n\\nOne.\\n\\n• two\\n• three'
    """
    return extract_page(html.encode("utf-8", "replace"), extractor).text


def title_bytes(data: bytes, markup: Markup) -> bytes:
    """Returns the content of the first <title>, as written."""
    titles = markup.marks[markup.marks[:, 0] == TITLE_MARK]
    return data[titles[0, 1] : titles[0, 2]] if len(titles) else b""


def tidy(text: str) -> str:
    """Removes spaces at line ends, repeated empty lines, and empty lines at the ends."""
    tidied = "\n".join(map(str.rstrip, text.replace("\r\n", "\n").split("\n")))
    while "\n\n\n" in tidied:  # five times as fast as a pattern
        tidied = tidied.replace("\n\n\n", "\n\n")
    return tidied.strip()


def tidy_foreign(text: str) -> str:
    """Like `tidy`, for text from another extractor: also removes indentation and control characters."""
    return tidy("\n".join(map(str.lstrip, CONTROL.sub("", text).split("\n"))))


def _trafilatura(html: str) -> str:
    try:
        import trafilatura
    except ImportError as e:
        raise ConfigError(NO_TRAFILATURA) from e
    text: str | None = trafilatura.extract(html)
    return text or ""
