import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset import Decoded, codec_for, decode, header_charset

CHINESE = "价格与质量是消费者最关心的两个问题，本文介绍如何选择。" * 4


# labels and codecs, filters.md 6.2


@pytest.mark.parametrize(
    ("payload", "label", "text"),
    [
        (b"\xe9\x46", "gb2312", "镕"),  # Python's gb2312 codec raises on these three
        (b"\x86\xaa", "gb2312", "啰"),
        (b"\xa9\x96", "gb2312", "〇"),
        (b"\xa1\xa4", "gb2312", "·"),  # Python's gb2312: U+30FB
        (b"\xa1\xaa", "gb2312", "—"),  # Python's gb2312: U+2015
        (b"\x80", "gbk", "€"),  # every Chinese codec of Python raises
        (b"\xa2\xe3", "gbk", "€"),  # Python's gbk raises
        (b"\x81\x30\x81\x30", "gbk", "\x80"),  # four bytes of GB18030 under the older label
        (b"\x95\x32\x82\x36", "gb18030", "𠀀"),
        (b"\xc6\xe2", "big5", "〇"),  # Python's big5 and cp950 lack these four (HKSCS)
        (b"\x9d\xef", "big5", "嘅"),
        (b"\xa1\x45", "big5", "•"),  # cp950: U+2027
        (b"\x87\x40", "shift_jis", "①"),  # Python's shift_jis lacks NEC's characters
        (b"\x8c\x63", "euc-kr", "똠"),  # Python's euc_kr lacks the syllables of code page 949
        (b"\x93hi\x94", "iso-8859-1", "“hi”"),
        (b"\x80 5", "latin1", "€ 5"),
        (b"\xe9", "ascii", "é"),
        (b"\xa4", "iso-8859-15", "€"),
    ],
)
def test_a_label_means_what_browsers_make_of_it(payload, label, text):
    filler = b" and some more plain words" * 30
    decoded = decode(payload + filler, label)
    assert (decoded.text, decoded.by) == (text + filler.decode(), "header")


@pytest.mark.parametrize("char", "嘅喺咗")
def test_cantonese_characters_decode_under_the_label_big5(char):
    assert decode(char.encode("big5hkscs"), "big5").text == char


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("gb2312", "gb18030"),
        ("GB_2312-80", "gb18030"),
        ("x-gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("big5-hkscs", "big5hkscs"),
        ("x-sjis", "cp932"),
        ("ks_c_5601-1987", "cp949"),
        ("us-ascii", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        (" UTF-8 ", "utf-8"),
        ("utf8", "utf-8"),
    ],
)
def test_labels_are_known_in_any_case(label, codec):
    assert codec_for(label) == codec


@pytest.mark.parametrize(
    "label", ["", "nonsense", "hz-gb-2312", "iso-2022-kr", "iso-2022-cn", "utf-7", "x-user-defined", "none", "中文"]
)
def test_unknown_and_refused_labels_have_no_codec(label):
    assert codec_for(label) is None


def test_euro_bytes_do_not_make_a_chinese_page_western():
    payload = CHINESE.encode("gbk") + b"\x80100 " * 3
    assert decode(payload, "gbk") == Decoded(CHINESE + "€100 " * 3, "gb18030", "header")


def test_a_broken_byte_in_a_long_chinese_page_costs_one_character():
    payload = CHINESE.encode("gbk") * 20 + b"\xff" + CHINESE.encode("gbk")
    assert decode(payload, "gbk") == Decoded(CHINESE * 20 + "\ufffd" + CHINESE, "gb18030", "header")


# order


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/html; charset=GBK", "GBK"),
        ('text/html;charset="utf-8"', "utf-8"),
        ("text/html; Charset = 'big5' ; x=y", "big5"),
        ("text/html", None),
        ("text/html; charset=", None),
        ("", None),
        (None, None),
    ],
)
def test_the_charset_of_a_content_type(content_type, charset):
    assert header_charset(content_type) == charset


def meta(label):
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={label}">'


def test_a_byte_order_mark_wins_over_everything():
    payload = b"\xef\xbb\xbf" + (meta("gbk") + "é").encode()
    assert decode(payload, "iso-8859-2") == Decoded(meta("gbk") + "é", "utf-8", "bom")


@pytest.mark.parametrize(("mark", "codec"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf16_is_known_by_its_mark(mark, codec):
    assert decode(mark + CHINESE.encode(codec), "gbk") == Decoded(CHINESE, codec, "bom")


def test_the_header_wins_over_the_meta():
    payload = meta("iso-8859-2").encode() + b"\xb1"
    assert decode(payload, "windows-1252") == Decoded(meta("iso-8859-2") + "±", "cp1252", "header")


def test_the_meta_wins_over_the_detector():
    payload = meta("iso-8859-2").encode() + b"\xb1"
    assert decode(payload, None) == Decoded(meta("iso-8859-2") + "ą", "iso8859-2", "meta")


@pytest.mark.parametrize("label", ["<meta charset=gbk>", '<META CHARSET = "GBK">', "<meta charset='gb2312' />"])
def test_the_short_form_of_meta_is_understood(label):
    payload = (label + CHINESE).encode("gbk")
    assert decode(payload, None) == Decoded(label + CHINESE, "gb18030", "meta")


def test_a_meta_far_down_is_not_searched():
    payload = ("<p>" + "a" * 5000 + meta("iso-8859-2")).encode() + b"\xb1"
    assert decode(payload, None).by == "detector"


def test_a_meta_that_says_utf16_is_not():
    payload = (meta("utf-16") + "é").encode()
    assert decode(payload, None) == Decoded(meta("utf-16") + "é", "utf-8", "meta")


def test_an_unknown_header_gives_way_to_the_meta():
    payload = (meta("gbk") + CHINESE).encode("gbk")
    assert decode(payload, "none") == Decoded(meta("gbk") + CHINESE, "gb18030", "meta")


def test_without_any_word_the_bytes_decide():
    assert decode(CHINESE.encode(), None) == Decoded(CHINESE, "utf-8", "detector")
    assert decode(CHINESE.encode("gbk"), None) == Decoded(CHINESE, "gb18030", "detector")


# declarations that are wrong


@pytest.mark.parametrize("declared", ["gbk", "big5", "euc-kr", "shift_jis", "iso-8859-1", "utf-16"])
def test_utf8_declared_as_something_else_is_utf8(declared):
    text = "<p>" + CHINESE * 3
    decoded = decode(text.encode(), declared)
    assert decoded.text == text
    assert decoded.charset == "utf-8"


def test_gbk_declared_as_utf8_is_gbk():
    assert decode(CHINESE.encode("gbk"), "utf-8") == Decoded(CHINESE, "gb18030", "detector")


def test_a_latin1_header_on_utf8_bytes_is_passed_over_and_the_meta_heard():
    text = meta("utf-8") + "café"
    assert decode(text.encode(), "ISO-8859-1") == Decoded(text, "utf-8", "meta")


def test_a_latin1_header_on_plain_ascii_stands():
    assert decode(b"plain", "ISO-8859-1") == Decoded("plain", "cp1252", "header")


def test_when_nothing_fits_the_least_broken_wins():
    text = "é" * 100
    payload = text.encode() + b"\xff\xfe\xfd"
    decoded = decode(payload, "utf-8")
    assert decoded.charset == "utf-8"
    assert decoded.text.startswith(text)


# anything at all


@pytest.mark.parametrize("declared", [None, "utf-8", "gbk", "nonsense"])
def test_no_bytes_are_no_text(declared):
    assert decode(b"", declared).text == ""


LABELS = st.sampled_from([None, "gb2312", "big5", "utf-8", "utf-16", "shift_jis", "iso-2022-jp", "latin1", "x", ""])


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text().map(str.encode)), st.one_of(LABELS, st.text(max_size=8)))
def test_any_bytes_under_any_label_give_text_that_utf8_can_hold(payload, declared):
    decoded = decode(payload, declared)
    decoded.text.encode()
    assert decoded.by in ("bom", "header", "meta", "detector")
    assert decode(payload, declared) == decoded


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd\ufeff"), min_size=1))
def test_any_text_in_utf8_with_its_header_comes_back(text):
    assert decode(text.encode(), "utf-8").text == text


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_a_byte_80_is_an_euro_only_where_a_character_begins(payload):
    # the slow way: bytes that decode strictly are decoded, a lone 80 is an euro
    try:
        expected = payload.decode("gb18030")
    except UnicodeDecodeError:
        return
    assert (b"\x80" + payload).decode("gb18030", "sluice.gb18030") == "€" + expected
    assert payload.decode("gb18030", "sluice.gb18030") == expected


def test_huge_payload_is_decoded_whole():
    payload = (CHINESE * 20_000).encode("gbk")
    assert len(decode(payload, None).text) == len(CHINESE) * 20_000


FAMILIES = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "windows-1252": "cp1252",
}


def labelled(shared_data):
    path = shared_data / "charset" / "charset.jsonl.gz"
    if not path.is_file():
        pytest.skip("shared data has no charset samples")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            sample = json.loads(line)
            if sample["decodes_strictly"]:
                yield sample["encoding"].lower(), base64.b64decode(sample["data_base64"])


def test_labelled_samples_decode_as_with_their_label(shared_data):
    seen = 0
    for encoding, payload in labelled(shared_data):
        codec = FAMILIES.get(encoding)
        if codec is None or encoding == "utf-16":
            continue
        seen += 1
        expected = payload.decode(codec, "replace").lstrip("\ufeff")
        if "\ufffd" not in expected:
            assert decode(payload, encoding).text == expected
    assert seen > 20


def test_detection_of_labelled_samples_stays_above_its_measured_floor(shared_data):
    hits, misses = 0, []
    for encoding, payload in labelled(shared_data):
        codec = FAMILIES.get(encoding)
        if codec is None or encoding == "utf-16":
            continue
        right = decode(payload, None).text == payload.decode(codec, "replace").lstrip("\ufeff")
        hits += right
        misses += [] if right else [encoding]
    share = hits / (hits + len(misses))
    print(f"{hits} of {hits + len(misses)}; missed {sorted(misses)}")
    assert share >= 0.9, sorted(misses)
