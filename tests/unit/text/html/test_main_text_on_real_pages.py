"""The quality of the shipped main-text model on real pages."""

import io
from unicodedata import normalize

import pytest
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from scripts.bench.main_text_data import HELD_OUT, iter_pages, precision_recall_f1, words
from sluice.data.archives.reader import ArchiveRecord, read_archive
from sluice.text.charset.decode import decode
from sluice.text.html.extract import extract_text

HIDDEN = (
    ".sr-only, .visually-hidden, .screen-reader-text, [aria-hidden=true], [hidden], [style*='display:none'], "
    "[style*='display: none'], .mw-editsection, rt, rp, head"
)


def resiliparse_text(html):
    """All text of a page according to resiliparse, without elements that no reader sees."""
    tree = HTMLTree.parse(html)
    for element in tree.document.query_selector_all(HIDDEN):
        if element.parent is not None and not element.query_selector("p, div, li, td"):
            element.parent.remove_child(element)
    return extract_plain_text(
        tree, main_content=False, noscript=True, alt_texts=False, form_fields=False, list_bullets=False
    )


def test_nearly_all_words_that_resiliparse_finds_are_extracted(sample):
    """resiliparse builds the whole tree; nearly all of its words must be in our text of every page in the sample."""
    shares = []
    for path in sorted(sample.glob("*.warc.gz")):
        data = path.read_bytes()
        for item in read_archive(
            io.BytesIO(data), len(data), is_wanted=lambda kind, _: kind == "response", max_bytes=1 << 23
        ):
            if isinstance(item, ArchiveRecord) and item.payload:
                html = decode(item.payload, None).text
                theirs = resiliparse_text(html)
                if len(words(theirs)) > 20:
                    ours = extract_text(html, "all")  # km² is km2 in their text
                    shares.append(precision_recall_f1(*(normalize("NFKC", text) for text in (ours, theirs)))[1])
    assert len(shares) == 524
    assert min(shares) > 0.975  # one page of 524 lacks 10 words
    assert sum(shares) / len(shares) > 0.9999


def test_main_text_is_better_than_trafilatura_on_sites_not_used_in_training(shared_data):
    trafilatura = pytest.importorskip("trafilatura")
    ours, theirs = [], []
    for page in iter_pages(shared_data):
        if page.set == "wcxb" and page.fold == HELD_OUT and page.text:
            ours.append(precision_recall_f1(extract_text(page.html), page.text)[2])
            theirs.append(precision_recall_f1(trafilatura.extract(page.html) or "", page.text)[2])
    assert len(ours) == 83
    assert sum(ours) / 83 > 0.93
    assert sum(ours) > sum(theirs) + 83 * 0.04
