"""Declarations that the bytes contradict. The texts are real sentences in the encodings of their languages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset.decode import Decoded, decode

TEXTS = {
    "gb18030": "渡轮早上七点离开旧港口，天黑以后才回来，船上的人都在等他们的家人。",
    "big5hkscs": "渡輪早上七點離開舊港口，天黑以後才回來，船上的人都在等他們的家人。",
    "cp932": "フェリーは朝の七時に古い港を出て、日が暮れてから帰ってくるそうです。",
    "euc_jp": "フェリーは朝の七時に古い港を出て、日が暮れてから帰ってくるそうです。",
    "cp949": "배는 아침 일곱 시에 옛 항구를 떠나 어두워진 뒤에야 돌아온다고 합니다.",
    "cp1251": "Паром уходит из старой гавани в семь часов утра и возвращается после заката.",
    "koi8-r": "Паром уходит из старой гавани в семь часов утра и возвращается после заката.",
    "iso8859-7": "Το πλοίο φεύγει από το παλιό λιμάνι στις επτά το πρωί και γυρίζει το βράδυ.",
}
MULTI_BYTE = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")
ENGLISH = "The ferry leaves the old harbour at seven and comes back after dark. "
SCRIPT = "<script>" + "var data = window.data || []; /* the settings of a portal */\n" * 5000 + "</script>"


def page(text, meta=None):
    head = f"<meta charset={meta}>" if meta else ""
    return f"<html><head>{head}<title>{text[:4]}</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize("codec", TEXTS)
@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252", "us-ascii", "iso-8859-2", "utf-8"])
def test_a_latin_or_utf8_label_is_ignored_on_another_script(codec, declared):
    text = page(TEXTS[codec] * 2)
    assert decode(text.encode(codec), declared) == Decoded(text, codec, "bytes")


@pytest.mark.parametrize("codec", MULTI_BYTE)
@pytest.mark.parametrize("declared", ["gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1251", "koi8-r"])
def test_a_label_of_another_script_is_ignored_on_east_asian_bytes(codec, declared):
    text = page(TEXTS[codec] * 2)
    decoded = decode(text.encode(codec), declared)
    assert (decoded.text, decoded.charset) == (text, codec)


@pytest.mark.parametrize(("codec", "declared"), [("koi8-r", "windows-1251"), ("cp1251", "koi8-r"), ("cp866", "cp1251")])
def test_a_label_of_another_cyrillic_encoding_is_ignored(codec, declared):
    text = page(TEXTS["cp1251"] * 2)
    assert decode(text.encode(codec), declared) == Decoded(text, codec, "bytes")


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("gb18030", "gb2312"),
        ("big5hkscs", "big5"),
        ("cp932", "shift_jis"),
        ("cp949", "euc-kr"),
        ("cp1251", "windows-1251"),
    ],
)
def test_a_meta_that_the_bytes_support_is_used_against_the_header(codec, label):
    text = page(TEXTS[codec], label)
    for declared in ("iso-8859-1", "utf-8"):
        assert decode(text.encode(codec), declared) == Decoded(text, codec, "meta")


def test_a_short_title_is_enough_if_a_meta_supports_it():
    text = page("渡轮时间", "gb2312")
    assert decode(text.encode("gbk"), "iso-8859-1") == Decoded(text, "gb18030", "meta")


def test_of_two_metas_the_one_that_fits_the_bytes_is_used():
    text = f'<meta charset="iso-8859-1"><meta charset="gbk">{TEXTS["gb18030"]}'
    assert decode(text.encode("gbk"), None) == Decoded(text, "gb18030", "meta")


def test_a_long_script_does_not_hide_a_broken_text():
    text = page(SCRIPT + TEXTS["gb18030"])
    assert decode(text.encode("gbk"), "utf-8") == Decoded(text, "gb18030", "bytes")


@pytest.mark.parametrize("declared", ["iso-8859-1", "iso-8859-2", "windows-1251", "koi8-r", "gbk", "big5", "shift_jis"])
@pytest.mark.parametrize("cut", [b"\xe5\xb1", b"\xe2\x80", b"\xff"])
def test_utf8_with_a_broken_place_is_utf8_under_any_label(declared, cut):
    for text in (TEXTS["gb18030"], ENGLISH + "“The old harbour” — José’s café"):
        payload = b"<p>" + cut + b" ... " + text.encode()
        decoded = decode(payload, declared)
        assert (decoded.charset, decoded.by) == ("utf-8", "bytes")
        assert decoded.text.endswith(text) and "\ufffd" in decoded.text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1250", "windows-1251", "gbk", "big5", "euc-kr"])
def test_one_dash_in_utf8_is_enough(declared):
    text = ENGLISH + "It is late — again."
    assert decode(text.encode(), declared).text == text


@pytest.mark.parametrize("declared", ["utf-8", "gbk", "big5", "euc-kr", None])
def test_quotes_of_windows_in_plain_english_are_quotes(declared):
    text = ENGLISH + "It’s the captain’s “last” trip – or not."
    assert decode(text.encode("cp1252"), declared).text == text


def test_private_use_characters_are_broken():
    text = page(TEXTS["big5hkscs"] * 2)
    assert "\ue619" not in decode(text.encode("big5hkscs"), "gbk").text


@pytest.mark.parametrize("codec", [*TEXTS, "utf-8"])
def test_the_right_label_is_always_believed(codec):
    for text in [TEXTS[codec]] if codec in TEXTS else TEXTS.values():
        for part in (page(text * 3), page(text), text[:9], text[:2]):
            decoded = decode(part.encode(codec), {"big5hkscs": "big5", "cp932": "sjis"}.get(codec, codec))
            assert (decoded.text, decoded.by) == (part, "header")


LATIN = {
    "cp1252": "Größe, Übermut, déjà vu, señor, São Paulo, fiancée, Ærø, naïve: 5 €",
    "cp1250": "Zażółć gęślą jaźń, příliš žluťoučký kůň",
    "iso8859-2": "Zażółć gęślą jaźń, příliš žluťoučký kůň",
    "cp1254": "İstanbul’da güneş, ağaç ve ışık",
    "cp1257": "Žąsų ėjimas, ķēniņš, šūpoles",
    "cp1258": "Hôm nay trơi",
}


@pytest.mark.parametrize("codec", LATIN)
def test_latin_texts_are_not_taken_for_another_script(codec):
    text = page(LATIN[codec])
    assert decode(text.encode(codec), codec) == Decoded(text, codec, "header")


def test_repeated_quotes_before_a_letter_are_not_japanese():
    text = "Dit is ’n skip, ’n hawe, ’n man en ’n vrou by ’n huis. " * 3  # ’n is 地 in Shift_JIS
    for declared in (None, "iso-8859-1", "utf-8"):
        assert decode(text.encode("cp1252"), declared).text == text


def test_escape_sequences_are_evidence_under_another_label():
    text = page(TEXTS["cp932"])
    for declared in ("utf-8", "shift_jis", "iso-8859-1"):
        assert decode(text.encode("iso2022_jp"), declared) == Decoded(text, "iso2022_jp_ext", "bytes")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_zero_bytes_in_markup_are_evidence_under_another_label(codec):
    text = page(ENGLISH)
    for declared in ("utf-8", "iso-8859-1", "gbk"):
        assert decode(text.encode(codec), declared) == Decoded(text, codec, "bytes")
    assert decode(b"<p>a\0b</p>", "utf-8").charset == "utf-8"


@pytest.mark.parametrize("unit", [b"\x80", b"\xff", b"\xe4\xb8", b"\xc3\xa9", b"a\x93", b"\x81\x30", b"\xa4\xa4 "])
@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "gbk"])
def test_a_long_page_of_one_mark_is_decoded(unit, declared):
    assert decode(unit * (1_000_000 // len(unit)), declared).text


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.sampled_from(list(TEXTS)),
    st.integers(0, 40),
    st.binary(max_size=3),
    st.sampled_from(["utf-8", "latin1", "big5"]),
)
def test_changed_bytes_raise_no_error(codec, place, change, declared):
    payload = TEXTS[codec].encode(codec)
    decode(payload[:place] + change + payload[place:], declared).text.encode()
