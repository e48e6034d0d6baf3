"""UTF-8 pages with places in another encoding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset.decode import decode
from sluice.text.charset.mixed import decode_mixed

CHINESE = "渡轮早上七点离开旧港口，天黑以后才回来，船上的人都在等他们的家人。"
MENU = "首页 新闻中心 公司简介 联系我们 在线留言 产品展示"
ENGLISH = "The ferry leaves the old harbour at seven — “on time”, says José. "


@pytest.mark.parametrize("declared", [None, "utf-8", "gbk", "iso-8859-1"])
@pytest.mark.parametrize("codec", ["gbk", "big5hkscs"])
def test_a_menu_in_another_encoding_is_decoded(declared, codec):
    menu = MENU if codec == "gbk" else "首頁 新聞中心 公司簡介 聯絡我們 線上留言 產品展示"
    payload = f"<p>{CHINESE * 5}</p><ul>".encode() + menu.encode(codec) + f"</ul><p>{CHINESE}".encode()
    decoded = decode(payload, declared)
    assert decoded.text == f"<p>{CHINESE * 5}</p><ul>{menu}</ul><p>{CHINESE}"
    assert (decoded.charset, decoded.is_mixed) == ("utf-8", True)
    assert decoded.utf8(payload) == decoded.text.encode()


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (b"\x93Ferry\x94 \x96 it\x92s late\x85", "“Ferry” – it’s late…"),
        (b"\xa9 2004 \xab x \xbb", "© 2004 « x »"),
        (b"Espa\xf1ol, M\xfcller", "Español, Müller"),
        (b"cut \xe2\x80 here", "cut \ufffd here"),
        (b"cut \xc3... caf\xc3", "cut \ufffd... caf\ufffd"),
        (b"\xa9t\xc3\xa9", "\ufffdté"),  # the second half of a cut `é`
        (b"two \x93\x94 marks", "two \ufffd\ufffd marks"),
    ],
)
def test_single_bytes_of_windows_are_characters_where_that_is_certain(part, text):
    assert decode_mixed(ENGLISH.encode() + part) == ENGLISH + text


def test_cut_characters_are_not_taken_for_chinese():
    cut = b" ".join(f"{CHINESE[i : i + 3]}".encode()[:-1] for i in range(20))
    assert decode_mixed(cut).count("\ufffd") == 20


def test_a_page_without_other_encodings_is_not_marked():
    decoded = decode(CHINESE.encode() + b"\xff", "utf-8")
    assert (decoded.text, decoded.is_mixed) == (CHINESE + "\ufffd", False)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_valid_utf8_is_decoded_as_such(text):
    data = text.encode("utf-8", "replace")
    assert decode_mixed(data) == data.decode()


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_without_an_error(payload):
    decode_mixed(payload).encode()


@pytest.mark.parametrize("unit", [b"\x93", b"\xff\xfe\xff\xfe ", b"\xe4 ", b"a\xe4a", "一".encode("gbk") * 3 + b" "])
def test_a_long_page_of_one_mark_is_decoded(unit):
    assert decode_mixed(MENU.encode("gbk") + unit * (1_000_000 // len(unit)))
