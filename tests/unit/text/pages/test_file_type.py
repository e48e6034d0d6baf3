"""The kind of a file by its bytes: pages, and everything that servers send as HTML."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.pages.file_type import GROUP_OF, FileType, file_type

WORDS = "the ferry leaves the old harbour at seven and comes back after dark"

HTML = [
    b"<!DOCTYPE html><p>x",
    b"<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>",
    b"\r\n\t <HTML LANG=en>",
    b"\xef\xbb\xbf<html>",
    b"\xef\xbb\xbf\r\n\xef\xbb\xbf<html>",
    b"<!-- saved from url=(0014)about:internet -->\n<html>",
    b"<!--><html>",
    b"<!-- " + b"licence " * 2000 + b"--><head>",
    b"<?php echo 1 ?><body>",
    b"<title>x</title>",
    b"<!ELEMENT x><html>",
    "<html><body>中文".encode("utf-16"),
    "<html><body>中文".encode("utf-16-le"),
    "<html><body>中文".encode("utf-16-be"),
    "\ufeff<html>".encode("utf-32-le"),
]


@pytest.mark.parametrize("payload", HTML)
def test_a_document_of_html_is_html(payload):
    assert file_type(payload) == FileType("html")


@pytest.mark.parametrize(
    "payload",
    [
        b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x"><html/>',
        b'<?xml version="1.0"?>\n<?xml-stylesheet href="a.css"?><!-- x --><html xmlns="http://www.w3.org/1999/xhtml">',
        b"<?xml version='1.0'?><h:html xmlns:h='http://www.w3.org/1999/xhtml'>",
    ],
)
def test_a_document_with_an_xml_declaration_is_marked(payload):
    assert file_type(payload) == FileType("html", is_xml=True)


@pytest.mark.parametrize(
    "payload",
    [
        b"<SCRIPT SRC=/pop.js></SCRIPT>\n\n<html>",
        b"<div class=a>x</div>",
        b"</div>x",
        b"<p>x",
        b"<!-- x --> plain words",
        b"<!-- without an end",
        b"<?xml version='1.0'?><div>a fragment</div>",
        b"<my-element>x</my-element>",
        b"<o:p>x</o:p>",
        b"Warning: mysql_connect() in /a.php on line 3\n<html><body>x</body></html>",
        b'{"a": 1}\n<!DOCTYPE html><html><body>x</body></html>',
        b"var a = 1;\n<html><body>x</body></html>",
    ],
)
def test_other_markup_is_a_fragment(payload):
    assert file_type(payload).kind == "fragment"


@pytest.mark.parametrize(
    "payload",
    [
        WORDS.encode(),
        b"<3 this song",
        b"a < b and c > d",
        b"One of <b>three</b> notes.",
        b"[1] A note, and [2] another]",
        b"[[Main page]] of a wiki]]",
        b"{{template}} of a wiki}}",
        b"Import duties are due.\nFunction follows form.",
        b"Note: this is a text\nTo: no one\nDate: none",
        b"a, b, c\nd, e, f\ng, h, i\n",
        b"one, two\nthree, four\nfive, six\n",
        "第一行，第二行，第三行。".encode("gbk"),
        "日本語の文章です。".encode("iso2022_jp"),
        "Größe, Länge, Höhe".encode("cp1252"),
        b"BMW builds cars. RIFF and ID3 are formats, GIF too. PK is a name.",
        b"%d of %d files",
    ],
)
def test_plain_text_is_text(payload):
    assert file_type(payload).kind == "text"


@pytest.mark.parametrize("payload", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\x00" * 9])
def test_a_file_without_characters_is_empty(payload):
    assert file_type(payload).kind == "empty"


KINDS = [
    ("pdf", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n3 0 obj"),
    ("pdf", b"\n\n%PDF-1.7"),
    ("rtf", rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Times;}}" + WORDS.encode()),
    ("postscript", b"%!PS-Adobe-3.0\n"),
    ("zip", b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml"),
    ("ole", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)),
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(99)),
    ("jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
    ("gif", b"GIF89a\x01\x00\x01\x00"),
    ("webp", b"RIFF\x24\x00\x00\x00WEBPVP8 "),
    ("riff", b"RIFF\x24\x00\x00\x00WAVEfmt "),
    ("bmp", b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00"),
    ("tiff", b"II*\x00\x08\x00\x00\x00"),
    ("ico", b"\x00\x00\x01\x00\x01\x00\x10\x10"),
    ("mp4", b"\x00\x00\x00\x18ftypmp42"),
    ("mp3", b"ID3\x03\x00\x00\x00"),
    ("mp3", b"\xff\xfb\x90\x64\x00"),
    ("ogg", b"OggS\x00\x02"),
    ("matroska", b"\x1aE\xdf\xa3\x01\x00"),
    ("flash", b"CWS\x0a\x00\x00"),
    ("woff", b"wOF2\x00\x01\x00\x00"),
    ("font", b"\x00\x01\x00\x00\x00\x0f\x00\x80"),
    ("gzip", gzip.compress(b"x")),
    ("bzip2", b"BZh91AY&SY"),
    ("sevenzip", b"7z\xbc\xaf\x27\x1c"),
    ("zstd", b"\x28\xb5\x2f\xfd\x04"),
    ("tar", b"a.txt" + bytes(252) + b"ustar\x00"),
    ("elf", b"\x7fELF\x02\x01"),
    ("exe", b"MZ\x90\x00\x03"),
    ("wasm", b"\x00asm\x01\x00\x00\x00"),
    ("sqlite", b"SQLite format 3\x00"),
    ("torrent", b"d8:announce35:http://t.test/announce"),
    ("unknown_bytes", zlib.compress(WORDS.encode() * 9)),
    ("unknown_bytes", b"\x01\x02\x03\x04" * 99),
    ("json", b'{"articles": [{"id": 0, "title": "Ferry", "html": "<p>x</p>"}]}'),
    ("json", b'  [{"a": 1},\n {"a": 2}]\n'),
    ("json", b'["' + b"long " * 300 + b'", "b"]'),
    ("json", b"[[1, 2.5e3], [-3, null]]"),
    ("json", b"{}"),
    ("json", b'callback_1({"a": "<html>"});'),
    ("json", b')]}\',\n["x", 1]'),
    ("json", b'{"cut": "in the middle of ' + WORDS.encode()),
    ("json", b'{"a": "\\u6625\\u5929"}\n{"a": "\\u5c71"}\n'),
    ("csv", b'date,place,text\n2021-05-01,harbour,"the ferry, late"\n2021-05-02,island,"back ""home"" again"\n'),
    ("csv", b"a;b;c\n1;2;3\n4;5;6\n"),
    ("csv", b"word\tcount\n" + b"ferry\t7\n" * 9),
    ("calendar", b"BEGIN:VCALENDAR\nVERSION:2.0\n"),
    ("calendar", b"BEGIN:VCARD\r\nVERSION:3.0"),
    ("email", b"Received: from a.test (a.test [192.0.2.1])\n\tby b.test\nFrom: Ann <ann@a.test>\nSubject: Ferry\n\nHi"),
    ("email", b"Received: from a.test\r\nReceived: from b.test\r\n\r\nHi"),
    ("email", b"From ann@a.test Mon May  3 10:00:00 2021\nSubject: x\n\nHi"),
    ("email", b"From: <Saved by a browser>\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\n<html><body>x</body></html>"),
    ("subtitles", b"WEBVTT\n\n00:01.000 --> 00:04.000\nThe ferry"),
    ("playlist", b"#EXTM3U\n#EXTINF:10,\na.ts"),
    ("javascript", b"/*! library */\nfunction f0(x) { /* the ferry */ return null; }"),
    ("javascript", b"// a comment\n// another\n'use strict';\nvar a = {};\ndocument.write('<div>');"),
    ("javascript", b"(function(a,b){a.b=1})(window);"),
    ("javascript", b"!function(e){}();"),
    ("javascript", b"(() => { go() })();"),
    ("javascript", b"window.data = window.data || [];"),
    ("javascript", b"document.write('<p>x</p>');"),
    ("javascript", b"import { a } from './a.js';\nexport default a;"),
    ("javascript", b"if (typeof module === 'object') { x() }"),
    ("javascript", b"$(function () { go(); });"),
    ("javascript", b"Ext.onReady(function () { go() });"),
    ("javascript", b"const harbour = 3, ferry = 4;"),
    ("javascript", b"app.config = { a: 1 };"),
    ("css", b"/* the ferry */\n.c0 { color: #000; }\n.c1 { color: #111; }"),
    ("css", b"@charset 'utf-8';\nbody{margin:0}"),
    ("css", b"body, html { margin: 0; padding: 0 }"),
    ("css", b"a[href^=\"http\"]::after{content:'x';}"),
    ("css", b":root { --main: #fff; }"),
    ("shell", b"#!/bin/sh\necho x"),
    ("xml", b'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>'),
    ("xml", b"<rss version='2.0'>"),
    ("xml", b"<!-- x -->\n<feed xmlns='http://www.w3.org/2005/Atom'>"),
    ("xml", b"<rdf:RDF xmlns:rdf='x'>"),
    ("xml", b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"),
    ("xml", b"<sitemapindex>"),
    ("xml", b"<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x' 'y' [ <!ENTITY a 'b>c'> ]><svg></svg>"),
    ("xml", b"<svg xmlns='http://www.w3.org/2000/svg'><path/></svg>\n"),
    ("xml", b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"),
    ("xml", b"<soap:Envelope><soap:Body/></soap:Envelope>"),
    ("xml", "<?xml version='1.0'?><rss>".encode("utf-16")),
]


@pytest.mark.parametrize(("kind", "payload"), KINDS)
def test_other_files_are_recognised(kind, payload):
    assert file_type(payload).kind == kind
    assert kind in GROUP_OF


def test_every_kind_of_another_file_is_in_one_group():
    assert set(GROUP_OF.values()) == {"binary", "office", "data", "script", "xml"}
    assert {kind for kind, _ in KINDS} <= set(GROUP_OF)


@pytest.mark.parametrize(
    "unit",
    [
        b"<!---->",
        b"<!--",
        b"<?",
        b"<!",
        b"<!doctype x [",
        b"<",
        b"<meta",
        b"/**/",
        b"//",
        b"/*",
        b"{",
        b"[",
        b'{"',
        b'["a",',
        b"a{",
        b"a:b;",
        b"A: b\n",
        b"a,b,c\n",
        b'"',
        b"var ",
        b" ",
        b"\x00",
        b"From: ",
        b"a.",
        b"(",
    ],
)
def test_eight_megabytes_of_one_mark_are_read_without_an_error(unit):
    file_type(unit * (8_000_000 // len(unit)))


@settings(derandomize=True, max_examples=600, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet="<>!-?/[]{}()\"':;,=\n \x00aAx", max_size=60).map(str.encode))
)
def test_any_bytes_have_one_kind(payload):
    found = file_type(payload)
    assert found.kind in {"html", "fragment", "text", "empty"} | set(GROUP_OF)
    assert file_type(payload) == found


@pytest.mark.parametrize("payload", HTML)
@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.text(max_size=50))
def test_a_document_stays_html_whatever_follows(payload, rest):
    assert file_type(payload + rest.encode("utf-8", "replace")).kind == "html"
