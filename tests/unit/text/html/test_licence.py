"""Licence and robots signals: where they are found, their weight, and marks that are ignored."""

import gzip
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.html.kernels import licence as kernels
from sluice.text.html.licence import NOTHING, Rights, licence_id, rights

CC = "https://creativecommons.org"
BY, BY_SA = f"{CC}/licenses/by/4.0/", f"{CC}/licenses/by-sa/4.0/"


def of(page, header=None):
    return rights(page.encode(), header)


# licences


@pytest.mark.parametrize(
    "url, expected",
    [
        (f"{CC}/licenses/by/4.0/", "CC-BY-4.0"),
        (f"{CC}/licenses/by-sa/3.0/de/", "CC-BY-SA-3.0-DE"),
        (f"{CC}/licenses/by-nc-sa/2.5/cn", "CC-BY-NC-SA-2.5-CN"),
        ("//CreativeCommons.org/licenses/BY-NC-ND/3.0/igo/legalcode", "CC-BY-NC-ND-3.0-IGO"),
        (f"{CC}/licenses/by/3.0/deed.de", "CC-BY-3.0"),  # a language, not a country
        (f"{CC}/licenses/by/4.0/zh/", "CC-BY-4.0"),  # since 4.0 there are no country versions
        (f"{CC}/licenses/by-nd-nc/1.0/", "CC-BY-NC-ND-1.0"),
        (f"{CC}/licenses/by-sa/", "CC-BY-SA"),
        (f"{CC}/publicdomain/zero/1.0/deed.zh", "CC0-1.0"),
        (f"{CC}/publicdomain/mark/1.0/", "PDM-1.0"),
        (f"{CC}/licenses/publicdomain/", "CC-PDDC"),
        (f"https://web.archive.org/web/2008/{CC}/licenses/by/2.0/", "CC-BY-2.0"),
        (f"{CC}/licenses/", None),
        (f"{CC}/licenses/sampling+/1.0/", None),
        (f"{CC}/about/", None),
        ("https://i.creativecommons.org/l/by/3.0/88x31.png", None),
        ("https://example.org/licenses/by/4.0/", None),
        ("", None),
    ],
)
def test_the_url_of_a_deed_gives_the_licence_id(url, expected):
    assert licence_id(url) == expected


@pytest.mark.parametrize(
    "page, by",
    [
        (f'<link rel="license" href="{BY}">', "link_rel"),
        (f"<LINK HREF={BY} REL='copyright'>", "link_rel"),
        (f'<a rel="nofollow license" href="{BY}">CC</a>', "anchor_rel"),
        (f'<span property="cc:license" resource="{BY}"></span>', "property"),
        (f'<link itemprop="license" href="{BY}">', "property"),
        (f'<a rel="dct:license" href="{BY}">', "property"),
        (
            f'<script type="application/ld+json">{{"@graph": [{{"@type": "Article", "license": "{BY}"}}]}}</script>',
            "json_ld",
        ),
        (
            f'<script type="application/ld+json">{{"license": {{"@id": "{BY}"}}}}</script>'.replace("/", "\\/"),
            "json_ld",
        ),
        (f'<meta name="DC.rights" content="{BY}">', "meta"),
        ('<meta property="dcterms.license" content="Licensed under CC BY 4.0.">', "meta"),
        (f'<p>This page is <a href="{BY}">CC BY</a></p>', "anchor"),
    ],
)
def test_a_licence_is_found_with_its_evidence(page, by):
    page = page.replace("<\\/script>", "</script>").replace("application\\/ld", "application/ld")
    assert of(f"<html>{page}") == Rights("CC-BY-4.0", by, ("CC-BY-4.0",), ())


@pytest.mark.parametrize(
    "page",
    [
        f"<!-- <a rel=license href={BY}> -->",
        f"<script>var a = '<a rel=license href={BY}>'; {{'license': '{BY}'}}</script>",
        f"<style>a[href='{BY}'] {{}}</style>",
        f"<textarea><a rel=license href={BY}></textarea>",
        f"<p>see {BY}</p>",
        f'<img src="{BY}">',
        f'<script type="application/ld+json">{{"@type": "ImageObject", "license": "{BY}"}}</script>',
        f'<script type="application/ld+json">{{"license": "{BY}",</script>',
        f'<meta name="description" content="{BY}">',
        '<link rel="license" href="https://www.gnu.org/licenses/fdl.html">',
        "",
        "<",
        "<a",
    ],
)
def test_marks_that_are_not_about_the_page_are_ignored(page):
    assert of(page) == NOTHING


def test_the_best_evidence_decides_and_other_marks_are_reported():
    page = f'<a href="{BY}">a picture</a><a href="{BY_SA}" rel="license">'
    assert of(page) == Rights("CC-BY-SA-4.0", "anchor_rel", ("CC-BY-4.0", "CC-BY-SA-4.0"), ())
    assert of(f'{page}<link rel=license href="{CC}/publicdomain/zero/1.0/">').licence == "CC0-1.0"


def test_contradicting_marks_of_equal_weight_give_no_licence():
    assert of(f'<a href="{BY}"></a><a href="{BY_SA}">') == Rights(None, "anchor", ("CC-BY-4.0", "CC-BY-SA-4.0"), ())
    assert of(f'<a href="{BY}"></a><a href="{BY}deed.fr">').licence == "CC-BY-4.0"


# robots


@pytest.mark.parametrize(
    "page, directives",
    [
        ('<meta name="robots" content="noindex, nofollow">', ["nofollow", "noindex"]),
        ("<META CONTENT='NOINDEX;NoArchive' NAME='ROBOTS'/>", ["noarchive", "noindex"]),
        ("<meta name=robots content=none>", ["nofollow", "noindex"]),
        ('<meta name="robots" content="index, follow, all, max-snippet:-1, noodp">', []),
        (
            '<meta name="robots" content="max-snippet: 0, max-image-preview:none, nocache">',
            ["noarchive", "noimageindex", "nosnippet"],
        ),
        ('<meta name="robots" content="noai, noimageai">', ["noai", "noimageai"]),
        ('<meta name="robots" content="unavailable_after: 2030-01-01">', ["unavailable_after"]),
        ('<meta name="robots" content="noindex"><meta name="robots" content="nofollow">', ["nofollow", "noindex"]),
        ('<meta name="googlebot" content="noindex">', ["googlebot:noindex"]),
        (
            "<meta name='Baiduspider' content='noarchive,none'>",
            [f"baiduspider:no{d}" for d in ("archive", "follow", "index")],
        ),
        ('<meta name="bytespider" content="noindex"/>', ["bytespider:noindex"]),
        ('<meta name="tdm-reservation" content="1">', ["tdm-reservation"]),
        ('<meta name="tdm-reservation" content="0">', []),
        ('<meta name="description" content="robots noindex">', []),
        ('<meta name="robots" content="noindexing">', []),
        ('<!-- <meta name="robots" content="noindex"> -->', []),
        ('<script>"<meta name=robots content=noindex>"</script>', []),
        ('<!-- --><meta name="robots" content="noindex"><!--', ["noindex"]),
        ('<p title=">"><meta name="robots" content="a > b, noindex">', ["noindex"]),
    ],
)
def test_directives_of_meta_robots_are_read(page, directives):
    assert of(f"<html>{page}<p>text").robots == tuple(directives)


@pytest.mark.parametrize(
    "header, directives",
    [
        ("noindex", ["noindex"]),
        ("noarchive, NOSNIPPET", ["noarchive", "nosnippet"]),
        ("none", ["nofollow", "noindex"]),
        ("googlebot: noindex, nofollow", ["googlebot:nofollow", "googlebot:noindex"]),
        ("noai, otherbot: noindex", ["noai", "otherbot:noindex"]),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", ["unavailable_after"]),
        ("max-snippet: 0, all", ["nosnippet"]),
        ("max-snippet:-1", []),
        ("", []),
    ],
)
def test_directives_of_x_robots_tag_are_read(header, directives):
    assert of("<p>text", header).robots == tuple(directives)


def test_directives_of_header_and_page_are_combined():
    assert of("<meta name=robots content=nofollow>", "noindex, nofollow").robots == ("nofollow", "noindex")


# long pages and any bytes


@pytest.mark.parametrize("before", [0, 1, 4090, 4093, 4096, 50_000])
def test_marks_are_found_at_any_position(before):
    mark = f'<meta name="robots" content="noai"><a rel="license" href="{BY}">'
    filler = "<p>甲</p>" * (before // 10) + "x" * (before % 10)
    for page in (filler + mark, filler + mark + "<p>after" * 2000):
        assert of(page) == Rights("CC-BY-4.0", "anchor_rel", ("CC-BY-4.0",), ("noai",))


IN_METAS = re.compile(rb"obot|bot[\"']|pide|tdm-|cc.by", re.IGNORECASE | re.DOTALL)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                b"<mE",
                b"<M",
                b"\x1cmet",
                b"obo",
                b"t",
                b"bot",
                b"'",
                b'"',
                b"PID",
                b"e",
                b"VeCo",
                b"tdm",
                b"-",
                b"\r",
                b"cc",
                b"C",
                b"by",
                b" ",
            ]
        )
    ).map(b"".join),
    st.integers(0, 9000),
)
def test_the_fast_scan_finds_the_same_as_a_pattern(data, padding):
    data = b"." * padding + data + b"....."
    reach = kernels.last_hint(np.frombuffer(data, np.uint8))
    small = data.lower()
    last_in_metas = max((match.start() for match in IN_METAS.finditer(data)), default=-1)
    commons, meta = small.rfind(b"veco"), small.rfind(b"<met")
    chunks = [(place // kernels.CHUNK + 1) if place >= 0 else 0 for place in (commons, meta, last_in_metas)]
    assert reach == min(len(data) - 4, kernels.CHUNK * max(chunks[0], min(chunks[1:])))


@pytest.mark.parametrize("between", [b"", b"." * 5000])
def test_text_after_the_last_meta_element_is_not_read(between):
    data = b"<meta name=robots content=noindex>" + between + b"<p>robots" + b"." * 9000 + b"googlebot'"
    assert kernels.last_hint(np.frombuffer(data, np.uint8)) == kernels.CHUNK


def slow_tag_end(data, i):
    quote, first, limit = None, len(data), min(len(data), i + kernels.MAX_TAG)
    for k in range(i, limit):
        byte = data[k : k + 1]
        if byte == b">":
            if quote is None:
                return k
            first = min(first, k)
        elif byte == quote:
            quote = None
        elif quote is None and byte in (b'"', b"'") and data[k - 1 : k] == b"=":
            quote = byte
    return first


@settings(max_examples=300)
@given(st.lists(st.sampled_from([b"=", b'"', b"'", b">", b"a", b" ", b"=" + b"'" + b"." * 16_380])).map(b"".join))
def test_the_end_of_a_tag_equals_that_of_a_plain_loop(data):
    data = b"<a" + data
    assert kernels.tag_end(np.frombuffer(data, np.uint8), 1, len(data)) == slow_tag_end(data, 1)


PIECES = {
    '<meta name="robots" content="noindex">': "noindex",
    "<meta name=robots content=noai>": "noai",
    '<META NAME="googlebot" CONTENT="nofollow">': "googlebot:nofollow",
    '<!-- <meta name="robots" content="nosnippet"> -->': None,
    '<script>if (a<b) "<meta name=robots content=nosnippet>"</script>': None,
    "<style>p > a {}</style>": None,
    "<p class='a>b' title=\"it's\">": None,
    "1 < 2 & robots": None,
    "<a href=x>robots</a>": None,
    "</p>": None,
}


@given(st.lists(st.sampled_from(sorted(PIECES))))
def test_marks_do_not_affect_each_other(pieces):
    assert of("".join(pieces)).robots == tuple(sorted({PIECES[piece] for piece in pieces} - {None}))


@settings(max_examples=300)
@given(
    st.binary()
    | st.lists(
        st.sampled_from(
            [
                b"<meta ",
                b"name=robots",
                b"'",
                b'"',
                b">",
                b"<!--",
                b"-->",
                b"<script ld+json>",
                b"creativecommons.org/licenses/by/4.0",
                b"=",
                b"</script",
                b"<a href=",
                b"{",
                b"\xff",
            ]
        )
    ).map(b"".join)
)
def test_any_bytes_are_accepted(data):
    found = rights(data, data.decode("latin-1"))
    assert list(found.robots) == sorted(found.robots)


def test_licences_of_real_pages_are_found(shared_data):
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    folder = shared_data / "html-truth" / "trafilatura-eval"
    urls = [json.loads(line)["url"] for line in gzip.open(folder / "pages.jsonl.gz")]
    with open(folder / "pages.warc.gz", "rb") as stream:
        records = ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True)
        found = {url: rights(record.reader.read()) for url, record in zip(urls, records, strict=True)}
    # checked by hand
    wikipedia = next(url for url in urls if "wikipedia.org/wiki/T-distributed" in url)
    assert (found[wikipedia].licence, found[wikipedia].licence_by) == ("CC-BY-SA-3.0", "link_rel")
    boingboing = next(url for url in urls if "boingboing.net/2013/07/19" in url)
    assert (found[boingboing].licence, found[boingboing].licence_by) == ("CC-BY-NC-SA-3.0", "anchor")
    explained = found["http://www.creativecommons.ch/wie-funktionierts/"]
    assert explained.licence is None and len(explained.licences) == 6
