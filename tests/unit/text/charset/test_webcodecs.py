"""Labels and decoders follow the Encoding standard: its label table, and bytes where Python's codecs differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.charset.webcodecs import LABELS, codec_for, decode_as

# the complete encodings.json of whatwg/encoding: name of the encoding, codec that must decode it, labels
STANDARD = {
    "utf-8": ("utf-8", "unicode-1-1-utf-8 utf-8 utf8"),
    "ibm866": ("cp866", "866 cp866 csibm866 ibm866"),
    "iso-8859-2": (
        "iso8859-2",
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    ),
    "iso-8859-3": (
        "iso8859-3",
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    ),
    "iso-8859-4": (
        "iso8859-4",
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    ),
    "iso-8859-5": (
        "iso8859-5",
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    ),
    "iso-8859-6": (
        "iso8859-6",
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
        "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    ),
    "iso-8859-7": (
        "iso8859-7",
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
        "iso_8859-7:1987 sun_eu_greek",
    ),
    "iso-8859-8": (
        "iso8859-8",
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
        "iso_8859-8:1988 visual",
    ),
    "iso-8859-8-i": ("iso8859-8", "csiso88598i iso-8859-8-i logical"),
    "iso-8859-10": ("iso8859-10", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"),
    "iso-8859-13": ("iso8859-13", "iso-8859-13 iso8859-13 iso885913"),
    "iso-8859-14": ("iso8859-14", "iso-8859-14 iso8859-14 iso885914"),
    "iso-8859-15": ("iso8859-15", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"),
    "iso-8859-16": ("iso8859-16", "iso-8859-16"),
    "koi8-r": ("koi8-r", "cskoi8r koi koi8 koi8-r koi8_r"),
    "koi8-u": ("koi8-u", "koi8-ru koi8-u"),
    "macintosh": ("mac-roman", "csmacintosh mac macintosh x-mac-roman"),
    "windows-874": ("cp874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"),
    "windows-1250": ("cp1250", "cp1250 windows-1250 x-cp1250"),
    "windows-1251": ("cp1251", "cp1251 windows-1251 x-cp1251"),
    "windows-1252": (
        "cp1252",
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
        "iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    ),
    "windows-1253": ("cp1253", "cp1253 windows-1253 x-cp1253"),
    "windows-1254": (
        "cp1254",
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
        "windows-1254 x-cp1254",
    ),
    "windows-1255": ("cp1255", "cp1255 windows-1255 x-cp1255"),
    "windows-1256": ("cp1256", "cp1256 windows-1256 x-cp1256"),
    "windows-1257": ("cp1257", "cp1257 windows-1257 x-cp1257"),
    "windows-1258": ("cp1258", "cp1258 windows-1258 x-cp1258"),
    "x-mac-cyrillic": ("mac-cyrillic", "x-mac-cyrillic x-mac-ukrainian"),
    "gbk": ("gb18030", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"),
    "gb18030": ("gb18030", "gb18030"),
    "big5": ("big5hkscs", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"),
    "euc-jp": ("euc_jp", "cseucpkdfmtjapanese euc-jp x-euc-jp"),
    "iso-2022-jp": ("iso2022_jp_ext", "csiso2022jp iso-2022-jp"),
    "shift_jis": ("cp932", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"),
    "euc-kr": (
        "cp949",
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    ),
    "utf-16be": ("utf-16-be", "utf-16be"),
    "utf-16le": ("utf-16-le", "utf-16 utf-16le"),
}

CASES = [(label, codec) for codec, labels in STANDARD.values() for label in labels.split()]


def test_every_label_of_the_standard_has_its_codec():
    assert len(CASES) == 218 - 5 - 1  # except those of `replacement`, and x-user-defined
    wrong = {label: (codec_for(label), codec) for label, codec in CASES if codec_for(label) != codec}
    assert wrong == {}
    assert {codec_for(f" {label.upper()}\n") for label, codec in CASES if codec == "gb18030"} == {"gb18030"}


@pytest.mark.parametrize(
    ("label", "codec"),
    [("hz-gb-2312", "hz"), ("iso-2022-kr", "iso2022_kr"), ("csiso2022kr", "iso2022_kr")],
)
def test_stateful_encodings_that_browsers_reject_are_decoded(label, codec):
    assert codec_for(label) == codec


@pytest.mark.parametrize("label", ["iso-2022-cn", "iso-2022-cn-ext", "x-user-defined", "utf-7", "", "none", "中文"])
def test_labels_without_a_text_have_no_codec(label):
    assert codec_for(label) is None


@pytest.mark.parametrize("codec", sorted(set(LABELS.values())))
def test_every_codec_exists_and_decodes_ascii(codec):
    text = "plain <p>text</p> 123"
    assert decode_as(text.encode(codec), codec) == text


# bytes that Python's codec of the family decodes differently or not at all, with the text in browsers
DIFFERENCES = [
    ("gbk", b"\x80", "€"),
    ("gbk", b"\xa3\xa0", "\u3000"),  # the space on early pages; Python: U+E5E5
    ("gb18030", b"\xa6\xd9\xa6\xed\xa6\xf3", "\ufe10\ufe18\ufe19"),  # vertical forms; Python: private use
    ("gb18030", b"\xa8\xbc\x81\x35\xf4\x37", "\u1e3f\ue7c7"),  # exchanged in 2005
    ("gb18030", b"\xfe\x59\xfe\xa0", "\u9fb4\u9fbb"),
    ("gb18030", b"\x81\x30\x81\x30\x95\x32\x82\x36", "\x80𠀀"),
    ("gb2312", b"\xa1\xa4\xa1\xaa", "·—"),
    ("hz-gb-2312", b"~{!$!*<:JF~} a", "·—己势 a"),
    ("big5", b"\xa1\x45\xa1\x4e\xa1\xc2\xa1\xe3\xa2\x44\xa2\x46\xa2\x47", "‧﹑¯～￥￠￡"),
    ("big5", b"\xa1\xf2\xa1\xf3", "⊕⊙"),
    ("big5", b"\x9d\xef\xc6\xe2", "嘅〇"),
    ("euc-jp", b"\xad\xa1\xad\xb5\xf9\xa1", "①Ⅰ纊"),  # NEC's and IBM's characters
    ("euc-jp", b"\xa1\xc1\xa1\xdd\xa1\xf1\xa2\xcc", "～－￠￢"),
    ("iso-2022-jp", b"\x1b$B!A\x1b(B", "～"),
    ("shift_jis", b"\x80\xa0\xfd", "\x80\ufffd\ufffd"),
    ("shift_jis", b"\x87\x40\xfa\x4a\xf0\x40", "①Ⅰ\ue000"),
    ("euc-kr", b"\x8c\x63", "똠"),
    ("windows-1252", b"\x81\x8d\x8f\x90\x9d", "\x81\x8d\x8f\x90\x9d"),
    ("windows-1251", b"\x98\xcf", "\x98П"),
    ("windows-874", b"\x81\xa1", "\x81ก"),
    ("iso-8859-11", b"\x85\xa1", "…ก"),
    ("windows-1253", b"\xaa\x81", "\ufffd\x81"),
    ("koi8-u", b"\xae\xbe\xa4", "ўЎє"),
    ("iso-8859-9", b"\x80\xfd", "€ı"),
]


@pytest.mark.parametrize(("label", "payload", "text"), DIFFERENCES)
def test_bytes_are_decoded_as_in_browsers(label, payload, text):
    codec = codec_for(label)
    assert codec is not None
    assert decode_as(payload, codec) == text


def test_text_valid_in_gb2312_is_decoded_like_python_except_two_characters():
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            pair = bytes([row, cell])
            try:
                expected = pair.decode("gb2312")
            except UnicodeDecodeError:
                continue
            expected = {"・": "·", "―": "—"}.get(expected, expected)
            assert decode_as(pair, "gb18030") == expected


def test_an_invalid_byte_is_replaced_and_ascii_after_it_is_kept():
    assert (
        decode_as("价格".encode("gbk") + b"\xff<p>" + "质量".encode("gbk") + b"\xc4", "gb18030")
        == "价格\ufffd<p>质量\ufffd"
    )
    assert decode_as(b"a\xc4<b>", "gb18030") == "a\ufffd<b>"
    assert decode_as(b"a\xad<b>\xad", "euc_jp") == "a\ufffd<b>\ufffd"


@settings(derandomize=True, max_examples=600, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(sorted(set(LABELS.values()))))
def test_any_bytes_are_decoded_to_text_that_utf8_can_encode(payload, codec):
    decode_as(payload, codec).encode()


# characters that survive a round trip: those of the encoding, except Python's duplicates and the corrected ones
ROUND_TRIP = {
    "gbk": ("gb18030", "gbk"),
    "big5": ("big5hkscs", "big5"),  # its ideographs: Python's big5 has other codes for kana and Cyrillic
    "shift_jis": ("cp932", "cp932"),
    "euc-kr": ("cp949", "cp949"),
    "windows-1251": ("cp1251", "cp1251"),
}


@pytest.mark.parametrize("label", ROUND_TRIP)
def test_every_letter_of_an_encoding_survives_a_round_trip(label):
    codec, writer = ROUND_TRIP[label]
    assert codec_for(label) == codec
    letters = [char for char in map(chr, range(0x20, 0xFF00)) if _is_held(char, writer)]
    assert len(letters) > 100
    text = " ".join(letters)
    assert decode_as(text.encode(writer), codec) == text


def _is_held(char: str, codec: str) -> bool:
    try:
        is_letter = "一" <= char < "\uf900" if codec == "big5" else char.isalpha()
        return is_letter and char.encode(codec).decode(codec) == char
    except UnicodeError:
        return False


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(sorted(ROUND_TRIP)))
def test_any_text_of_an_encoding_survives_a_round_trip(data, label):
    codec, writer = ROUND_TRIP[label]
    text = data.draw(st.text(alphabet=st.characters(codec=writer, categories=["L", "Nd", "Zs"]), max_size=60))
    text = "".join(char for char in text if _is_held(char, writer) or char.isascii())
    assert decode_as(text.encode(writer), codec) == text
