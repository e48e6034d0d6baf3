"""Pages in three languages and the processor that the tests of page processing use."""

from datetime import UTC, datetime

from sluice.core.config.dedup import MinHashConfig
from sluice.core.config.extract import ExtractConfig
from sluice.core.records.docs import Page
from sluice.text.language.identify import model_path
from sluice.text.pages.page import PageProcessor

ENGLISH = (
    "The committee met on Tuesday and decided that the new library would be built beside the old town hall. "
    "It will be open to everyone in two years, and the children of the school may name it."
)
CHINESE = (
    "委员会星期二开会，决定在老市政厅旁边建造新的图书馆，预计两年后向公众开放，孩子们可以为它起名字，大家都很高兴。"
)
GERMAN = "Der Ausschuss hat am Dienstag beschlossen, dass die neue Bibliothek neben dem alten Rathaus gebaut wird."


def html(text, head=""):
    """A page with one paragraph."""
    return f"<html><head>{head}</head><body><p>{text}</p></body></html>"


def processor(**settings):
    """A processor that extracts all text."""
    return PageProcessor(ExtractConfig(extractor="all", **settings), MinHashConfig(), model_path(None))


def a_page(payload, **fields):
    """A page as the archive reader returns it."""
    values = {
        "crawl": 1,
        "warc_index": 2,
        "warc_name": "w",
        "rec_offset": 3,
        "rec_length": 4,
        "url": "http://h.test/",
        "host": "h.test",
        "doc_id": 5,
        "fetched_at": datetime(2024, 1, 2, tzinfo=UTC),
        "http_status": 200,
        "header_charset": None,
        "payload": payload if isinstance(payload, bytes) else payload.encode(),
    } | fields
    return Page(**values)
