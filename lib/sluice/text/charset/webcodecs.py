"""Web encoding labels and their decoders as in browsers (WHATWG Encoding), based on Python's codecs.

Python's codecs are stricter or older than the web. The differences were found by decoding every one- and two-byte
sequence both ways. Those that occur in pages are corrected here; the rest is listed in `decode_as`.
"""

import codecs
import functools
import re

# codec: the labels of the WHATWG encodings.json that it decodes, except Python's own names
_WHATWG = {
    "utf-8": "unicode-1-1-utf-8 utf-8 utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
    "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
    "iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
    "iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-u koi8-ru",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
    "iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
    "windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian mac-cyrillic maccyrillic",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp_ext": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
    "windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
}

# Labels that browsers reject or do not know. Rejecting such pages has no benefit here: it protects against scripts in
# stateful encodings, but we run no scripts. Invalid escape sequences give U+FFFD.
_BEYOND = {
    "hz": "hz-gb-2312 hz hz-gb",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "gb18030": "cp936 ms936 windows-936 euc-cn euccn gb18030-2000 gb18030-2005 gb2312-80 gb_2312_80 gb2312.1980-0 "
    "x-gb2312 x-euc-cn",
    "big5hkscs": "cp950 big5hkscs big-5 big5-eten x-big5 windows-950",
    "cp932": "shiftjis x-ms-cp932 cp932 shift_jisx0213",
    "euc_jp": "eucjp euc_jp x-eucjp",
    "cp949": "uhc cp949 euc_kr euckr x-windows-949",
    "johab": "johab ms1361",
    "utf-8": "unicode11utf8 unicode20utf8 x-unicode20utf8 utf_8 utf-8-sig utf8mb4 cp65001",
    "utf-32-le": "utf-32 utf-32le",
    "utf-32-be": "utf-32be",
    "cp1252": "latin-1 iso-latin-1 iso_8859_1 iso8859_1 ansi win-1252 windows1252 cp-1252 iso-8859_1",
    "cp1251": "win-1251 windows1251 win1251 cp-1251 windows_1251",
    "cp1250": "win-1250 windows1250",
    "cp1256": "windows1256",
    "iso8859-2": "iso-8859_2 iso8859_2",
    "iso8859-16": "iso8859-16 iso885916 latin10 l10",
    "mac-latin2": "mac-centraleurope x-mac-ce x-mac-centraleurroman maccentraleurope mac-ce",
    "cp437": "ibm437 cp437",
    "cp850": "ibm850 cp850",
    "cp852": "ibm852 cp852",
    "cp855": "ibm855 cp855",
    "cp862": "ibm862 cp862",
    "mac-greek": "x-mac-greek",
    "mac-turkish": "x-mac-turkish",
}

LABELS = {label: codec for table in (_BEYOND, _WHATWG) for codec, labels in table.items() for label in labels.split()}

LENIENT = "sluice.web"
"""Error handler of all decoders below: decodes as browsers do where Python's codec fails, otherwise gives U+FFFD."""

EUC_BYTES = range(0xA1, 0xFF)


def codec_for(label: str) -> str | None:
    """Returns the Python codec for a web encoding label; None for an unknown label.

    `x-user-defined` is treated as unknown: it gives private-use characters, which are not text.
    """
    return LABELS.get(label.strip(" \t\n\f\r").lower())


def decode_as(payload: bytes, codec: str) -> str:
    """Decodes bytes with a codec from `codec_for`, as browsers do; U+FFFD for invalid sequences.

    Known remaining differences from browsers: 192 characters of HKSCS-2008 and control pictures are U+FFFD, Big5's
    second encodings of / and \\ (A2 41, A2 42) decode as the first, and EUC-JP's 8F A2 B7 is `~`.
    """
    if codec == "utf-8":
        return payload.decode(codec, "replace")  # equal to LENIENT, and fast however much is broken
    text = payload.decode(codec, LENIENT)
    mend = _MENDED.get(codec)
    return text.translate(mend.table) if mend and mend.pattern.search(text) else text


class _Mend:
    """Characters for which Python's codec and browsers differ. The search avoids a slow pass over most texts."""

    def __init__(self, given: str, wanted: str) -> None:
        self.table = str.maketrans(given, wanted)
        self.pattern = re.compile(f"[{re.escape(given)}]")


_JIS = _Mend("〜‖−¢£¬", "～∥－￠￡￢")

_MENDED = {
    # a3a0 is the ideographic space of older pages; the other 18 moved out of the private area in GB 18030-2022
    "gb18030": _Mend(
        "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\u1e3f"
        "\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
        "\u3000\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\ue7c7"
        "\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
    ),
    "hz": _Mend("・―", "·—"),
    "big5hkscs": _Mend("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡"),
    "euc_jp": _JIS,
    "iso2022_jp_ext": _JIS,
    "cp932": _Mend("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd" * 4),  # the undefined single bytes a0 and fd to ff
    "koi8-u": _Mend("╝╬", "ўЎ"),
}


def _web_error(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    start, codec = error.start, error.encoding
    byte = error.object[start]
    if codec == "gb18030":
        if byte == 0x80:  # as in Windows' code page 936
            return "€", start + 1
    elif codec == "euc_jp":
        trail = error.object[start + 1 : start + 2]
        if byte in EUC_BYTES and trail and trail[0] in EUC_BYTES and (char := _from_cp932(byte, trail[0])):
            return char, start + 2
    elif codec == "charmap" and byte < 0xA0:  # Windows' code pages; other charmaps define all bytes there
        return chr(byte), start + 1
    return "\ufffd", max(error.end, start + 1)


codecs.register_error(LENIENT, _web_error)


@functools.cache
def _from_cp932(lead: int, trail: int) -> str | None:
    """Returns NEC and IBM characters of JIS rows 13 and 89 to 92, which Python has in Shift_JIS but not in EUC-JP."""
    row, cell = lead - 0xA1, trail - 0xA1
    first = (row >> 1) + (0x81 if row < 62 else 0xC1)
    second = cell + (0x9F if row & 1 else 0x40 + (cell >= 0x3F))
    try:
        return bytes([first, second]).decode("cp932")
    except UnicodeDecodeError:
        return None
