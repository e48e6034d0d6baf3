"""Detection without a declaration: literal texts in the encodings of their language, and misleading bytes."""

import gzip
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset.detect import detect
from sluice.text.charset.webcodecs import LABELS, decode_as

TEXTS = {
    "zh-Hans": "人人生而自由，在尊严和权利上一律平等。他们富有理性和良心，并应以兄弟关系的精神相对待。",
    "zh-Hant": "人人生而自由，在尊嚴和權利上一律平等。他們富有理性和良心，並應以兄弟關係的精神相對待。",
    "ja": "すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "ru": "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "he": "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม",
    "de": "Alle Menschen sind frei geboren; über Würde, Größe und Schönheit läßt sich für Künstler schön streiten.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw; są obdarzeni rozumem.",
}

IN_ENCODINGS = [
    *[("zh-Hans", codec) for codec in ("gb18030", "utf-8", "hz", "utf-16-le", "utf-16-be")],
    *[("zh-Hant", codec) for codec in ("big5hkscs", "gb18030")],
    *[("ja", codec) for codec in ("cp932", "euc_jp", "iso2022_jp_ext")],
    *[("ko", codec) for codec in ("cp949", "iso2022_kr")],
    *[("ru", codec) for codec in ("cp1251", "koi8-r", "iso8859-5", "cp866")],
    *[("uk", codec) for codec in ("cp1251", "koi8-u")],
    ("el", "cp1253"),
    ("he", "cp1255"),
    ("th", "cp874"),
    ("de", "cp1252"),
    ("pl", "iso8859-2"),
    ("pl", "cp1250"),
]


@pytest.mark.parametrize(("language", "codec"), IN_ENCODINGS)
def test_the_encoding_of_a_paragraph_is_detected(language, codec):
    payload = f"<html><body><p>{TEXTS[language]}</p> ~{{ ~}} ~{{ ~}}</body></html>".encode(codec)
    if codec == "hz":
        payload = f"<html><p>{TEXTS[language]}</p><p>{TEXTS[language]}</p><p>{TEXTS[language]}</p>".encode(codec)
    assert decode_as(payload, detect(payload)) == decode_as(payload, codec)


@pytest.mark.parametrize(
    ("title", "codec"), [("新闻中心", "gb18030"), ("最新消息", "big5hkscs"), ("はじめに", "cp932")]
)
def test_the_encoding_of_a_title_is_detected(title, codec):
    assert detect(f"<title>{title}</title>".encode(codec)) == codec


@pytest.mark.parametrize("codec", ["gb18030", "big5hkscs", "utf-8"])
def test_the_encoding_after_a_long_ascii_start_is_detected(codec):
    payload = b"<script>" + b"var a = '~{x~}';\n" * 20_000 + b"</script>" + TEXTS["zh-Hant"].encode(codec)
    assert detect(payload) == codec


@pytest.mark.parametrize(
    "payload",
    [
        b"it\x92s a \x93quote\x94 \x97 and \x96 more \x85",
        b"I\x92m sure\x97plus \xa9 2004",
        b"fran\xe7ais\xa0Identifier File\xa0",
        "Hühner für Bücher, über Käse und Türen".encode("cp1252"),  # each umlaut forms a Hanzi with the next letter
        "Señor, ¿qué tal? 12×14 — naïve café".encode("cp1252"),
        b"\x96 " * 300,
        b"caf\xe9",
    ],
)
def test_a_western_page_is_not_detected_as_chinese(payload):
    assert detect(payload) == "cp1252"


def test_plain_ascii_with_a_tilde_and_a_brace_is_utf8():
    assert detect(b"plain") == detect(b"") == detect(b"a~{b~} " * 100) == "utf-8"


def test_mixed_chinese_pages_are_detected_by_their_text_despite_damage():
    chinese = TEXTS["zh-Hans"].encode("gbk")
    assert detect(chinese + b"\xff\xfe\xff" + chinese) == "gb18030"
    assert detect(TEXTS["zh-Hans"].encode() + b"\xff" + "© caf\xe9".encode("cp1252")) == "utf-8"


def test_zero_bytes_in_a_binary_file_are_not_utf16():
    assert detect(bytes(range(256)) * 16) not in ("utf-16-le", "utf-16-be")


def test_late_characters_distinguish_a_windows_page_from_an_iso_page():
    text = "őszi kékszőlő gyűjtő űrhajó könyvfűző " * 100 + "„idézet”"
    assert detect(text.encode("cp1250")) == "cp1250"
    assert detect(text.replace("„", "").replace("”", "").encode("cp1250")) == "iso8859-2"  # the same text in both


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_the_encoding_detected_for_any_bytes_can_be_decoded(payload):
    codec = detect(payload)
    assert codec in LABELS.values()
    assert detect(payload) == codec
    decode_as(payload, codec)


@pytest.mark.parametrize(
    ("archive", "label", "codecs"),
    [
        ("cx-extractor", b"gb2312", ("gb18030",)),
        ("zh-news-pages", b"utf-8", ("utf-8", "gb18030", "big5hkscs")),
    ],
)
def test_real_chinese_pages_are_detected_without_their_declarations(sample, archive, label, codecs):
    # simplified characters that Big5 lacks become references, as in authoring tools
    raw = gzip.decompress((sample / f"{archive}.warc.gz").read_bytes())
    pages = [part for part in raw.split(b"WARC/1.")[1:] if re.search(rb"charset=[\"']?" + label, part, re.IGNORECASE)]
    assert len(pages) > 10
    for page in pages:
        body = re.sub(rb"<meta[^>]*charset[^>]*>", b"", page.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[2])
        text = decode_as(body, LABELS[label.decode()])
        for codec in codecs:
            payload = text.encode(codec, "xmlcharrefreplace")
            assert detect(payload) == codec, (codec, text[:200])


def test_detection_on_a_large_page_is_as_fast_as_a_scan_of_its_bytes():
    page = (b"<p>" + b"x" * 997) * 4_000  # 4 MB
    worst = page + TEXTS["ru"].encode("koi8-r")
    start = time.process_time()
    assert detect(worst) == "koi8-r"
    assert time.process_time() - start < 0.5
