import gzip
import json
import re
import string

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sluice.core.config.extract import PiiConfig
from sluice.core.errors import ConfigError
from sluice.text.cleaning.identity_numbers import is_hong_kong_id, is_luhn, is_resident_id, is_taiwan_id
from sluice.text.cleaning.kernels import pii_places
from sluice.text.cleaning.mask_pii import KINDS, find, mask

TAGS = PiiConfig(**{kind: f"<{kind.upper()}>" for kind in KINDS})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # e-mail
        ("write to john.smith+news@mail.example-corp.co.uk, please", "write to <EMAIL>, please"),
        ("邮箱zhang.san@mail.cn。", "邮箱<EMAIL>。"),
        ("Email:zhit325@qq.com电话", "Email:<EMAIL>电话"),
        ("ｚｈａｎｇ＠ｑｑ．ｃｏｍ", "<EMAIL>"),
        ("联系13812345678@163.com", "联系<EMAIL>"),
        ("A.B@SUB.HOST.ORG.", "<EMAIL>."),
        ("a@qq.comTEL", "<EMAIL>TEL"),
        # IP addresses
        ("from 59.37.20.112 port 22", "from <IPV4> port 22"),
        ("IP：8.8.8.8", "IP：<IPV4>"),
        ("访问者来自１２３．１２５．７１．３８，", "访问者来自<IPV4>，"),
        ("http://203.119.80.12:8080/x", "http://<IPV4>:8080/x"),
        ("inet6 2001:4860:4860::8888 scope", "inet6 <IPV6> scope"),
        ("地址2400:3200::1。", "地址<IPV6>。"),
        ("it is 240e:83:205:5a:0:ff:b05f:346b:", "it is <IPV6>:"),
        ("地址:2400:3200::1。", "地址:<IPV6>。"),
        ("IPv6:2400:3200::1", "IPv6:<IPV6>"),
        ("IPv6:2001:0db9:1234:5678:9abc:def0:1234:5678:", "IPv6:<IPV6>:"),
        # identity numbers
        ("身份证号：11010519491231002X", "身份证号：<IDENTITY>"),
        ("张三11010519491231002x住北京", "张三<IDENTITY>住北京"),
        ("ＩＤ １１０１０５１９４９１２３１００２Ｘ", "ＩＤ <IDENTITY>"),
        ("110105 19491231 002X", "<IDENTITY>"),
        ("身份证110105491231002", "身份证<IDENTITY>"),
        ("HKID A123456(3)", "HKID <IDENTITY>"),
        ("香港身份證：ＡＢ９８７６５４（３）", "香港身份證：<IDENTITY>"),
        ("身分證字號：A123456789", "身分證字號：<IDENTITY>"),
        # cards
        ("Visa 4111 1111 1111 1111 exp", "Visa <CARD> exp"),
        ("4111-1111-1111-1111", "<CARD>"),
        ("我的卡5555555555554444。", "我的卡<CARD>。"),
        ("卡号6222020200112233446，", "卡号<CARD>，"),
        ("６２２２０２０２００１１２２３３４４６", "<CARD>"),
        ("6222 0202 0011 2233 446", "<CARD>"),
        ("amex 3782 822463 10005", "amex <CARD>"),
        ("信用卡：30569309025904", "信用卡：<CARD>"),
        ("银行卡号：6759649826438453", "银行卡号：<CARD>"),  # an unknown issuer, but the text calls it a card
        # mobiles
        ("手机13812345678。", "手机<MOBILE>。"),
        ("请联系13812345678张三", "请联系<MOBILE>张三"),
        ("+86 138 1234 5678", "<MOBILE>"),
        ("8613812345678", "<MOBILE>"),
        ("008613812345678", "<MOBILE>"),
        ("（＋８６）１３８－１２３４－５６７８", "<MOBILE>"),
        ("138-1234-5678", "<MOBILE>"),
        ("138 1234 5678", "<MOBILE>"),
        ("1381-234-5678", "<MOBILE>"),
        ("138-12345678", "<MOBILE>"),
        ("1381234-5678", "<MOBILE>"),
        ("电话：138 12345678", "电话：<MOBILE>"),
        ("手机号码：138 123 45678", "手机号码：<MOBILE>"),
        ("手机 1381234 5678", "手机 <MOBILE>"),
        ("手机=13812345678", "手机=<MOBILE>"),
        ("TEL13812345678", "TEL<MOBILE>"),
        ("手机１３８１２３４５６７８", "手机<MOBILE>"),
        ("13812345678/13987654321", "<MOBILE>/<MOBILE>"),
        ("13812345678、13987654321", "<MOBILE>、<MOBILE>"),
        ("微信同号：13812345678(王先生)", "微信同号：<MOBILE>(王先生)"),
        ("電話：0912-345-678", "電話：<MOBILE>"),
        ("0912345678", "<MOBILE>"),
        ("+886-912-345678", "<MOBILE>"),
        ("+852 9123 4567", "<MOBILE>"),
        ("(852) 9123-4567", "<MOBILE>"),
        ("手提電話：91234567", "手提電話：<MOBILE>"),
        ("WhatsApp: 9123 4567", "WhatsApp: <MOBILE>"),
        # other telephones
        ("call (212) 555-0187 now", "call <PHONE> now"),
        ("212-555-0187 or 415.555.2671", "<PHONE> or <PHONE>"),
        ("Phone 212 555 0187", "Phone <PHONE>"),
        ("1-800-555-0199", "<PHONE>"),
        ("+1 (415) 555-2671", "<PHONE>"),
        ("+44 (0)20 7946 0958", "<PHONE>"),
        ("+44 20 7946 0958 2016", "<PHONE> 2016"),
        ("+33 1 42 68 53 00", "<PHONE>"),
        ("+86-10-84871308", "<PHONE>"),
        ("010-84871308", "<PHONE>"),
        ("０１０－８４８７１３０８", "<PHONE>"),
        ("电话：(010)84871308", "电话：<PHONE>"),
        ("电话（021）62345678转8001", "电话<PHONE>"),
        ("0571-88886666-803", "<PHONE>"),
        ("电话：01084871308", "电话：<PHONE>"),
        ("电话：82214122", "电话：<PHONE>"),
        ("電話：2345 6789", "電話：<PHONE>"),
        ("(02) 2345-6789", "<PHONE>"),
        ("热线400-820-8820", "热线<PHONE>"),
        ("热线：4007-163-828", "热线：<PHONE>"),
        ("传真：(8620)89562163", "传真：<PHONE>"),
        ("0086-532-86077277", "<PHONE>"),
        ("电话：86-10-58511234", "电话：<PHONE>"),
        ("Suite 301\n(415) 861-5449", "Suite 301\n<PHONE>"),  # the previous line ends in a digit
        ("号-2\n13812345678", "号-2\n<MOBILE>"),
        ("+852 2345 6789", "<PHONE>"),
    ],
)
def test_personal_data_is_masked(text, masked):
    assert mask(text, TAGS).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "2016-10-11 12:30:45",
        "20161011123456",
        "1476153045 1476153045123",
        "1990-1995, 2005 - 2016",
        "© 2005-2016 客服电话",
        "1/2/2016 12/31/1999",
        "$13,812,345,678",
        "13812345678元",
        "￥13812345678",
        "￥ 13812345678",
        "人民币13812345678",
        "USD 4111111111111111",
        "手机￥13812345678",
        "手机 50000000 部",
        "手机50000000台",
        "电话 30000000 户",
        "mobile 50000000 users",
        "call 20000000 times",
        "150-20161011",  # a number and a date
        "150 20171011 138 12345678",
        "13812345678.html",
        "0912345678.jpg的图片",
        "共13812345678 字节",
        "17179869184",  # 16 GiB
        "3.14159265358979",
        "0.13812345678",
        "13812345678.5",
        "1 000 000 000",
        "ISBN 978-7-111-40772-7",
        "ISBN 7-5617-4567-8",
        "订单号：13812345678",
        "订单号码：13812345678",
        "运单号:13812345678",
        "SN13812345678",
        "http://www.site.com/news/13812345678.html",
        "http://site.cn/?id=13812345678",
        "4111111111111112",
        "订单号：4111111111111111",
        "6222020200112233447",
        "1234567890123452",  # valid by Luhn, but without an issuer
        "110105194912310021",  # check character
        "11010519491331002X",  # month
        "991105194912310020",  # province
        "110105491231002",  # an old number without a label
        "A123456(4)",
        "身分證字號：A123456788",
        "A123456789",
        "116.403874,39.914885",
        "v1.2.3.4 and 10.0.18362.1",
        "版本2.10.91.91",
        "Chrome/58.11.31.134 Safari",
        "360浏览器v58.11.31.134官方版",
        "Steam市场电脑版下载2.10.91.91 官网中文版",
        "192.168.1.100 10.0.0.1 127.0.0.1 224.0.0.251",
        "1.3.6.1.4.1.311.21.20",
        "59.37.20.256",
        "01.02.03.04",
        "12:34:56:78",
        "fe80:2400:3200::1",
        "std::vector<dead::beef>",
        "00:1B:44:11:3A:B7",
        "2001:db8::1 and fe80::1",
        "2400:" * 20,
        "icon@2x.png @username 5@6",
        "user@example.org",
        "git@github.com:owner/name",
        "100-200-3000",
        "555 0100 2000",
        "212 555 0187",  # three columns of a table
        "940.533 6082",
        "京ICP备14019735-2号",
        "京公网安备11010802015384号",
        "GB/T 7714-2015",
        "UTC+0800",
        "",
    ],
)
def test_similar_numbers_that_are_not_personal_are_kept(text):
    assert mask(text, TAGS) == type(mask(text, TAGS))(text, {})


def test_masks_are_counted_by_kind():
    masked = mask("邮箱a@b.cn c@d.cn，手机13812345678，电话010-84871308", PiiConfig())
    assert masked.text == "邮箱email@example.com email@example.com，手机<PHONE>，电话<PHONE>"
    assert masked.counts == {"email": 2, "mobile": 1, "phone": 1}


def test_a_kind_without_a_mask_is_kept():
    text = "a@b.cn 13812345678 4111111111111111"
    assert mask(text, PiiConfig(mobile=None, card=None)).text == "email@example.com 13812345678 4111111111111111"


@pytest.mark.parametrize("value", ["me@host.com", "13812345678", "IP 8.8.8.8", "22345678"])
def test_a_mask_that_would_be_masked_itself_is_an_error(value):
    with pytest.raises(ConfigError, match=re.escape(value)):
        mask("", PiiConfig(phone=value))


def test_check_digits_are_computed_as_in_their_standards():
    assert [is_luhn(n) for n in ("79927398713", "79927398710", "4111111111111111")] == [True, False, True]
    assert [is_resident_id(n) for n in ("11010519491231002X", "440524188001010014", "440524188001010015")] == [
        True, True, False
    ]  # fmt: skip
    assert [is_hong_kong_id(n) for n in ("A123456(3)", "AB987654(3)", "A123456(4)")] == [True, True, False]
    assert [is_taiwan_id(n) for n in ("A123456789", "A123456788")] == [True, False]


PIECES = [
    *(
        "a@b.cn",
        "13812345678",
        "+86 ",
        "010-",
        "84871308",
        "电话：",
        "4111 1111 1111 1111",
        "212-555-0187",
        "(",
        ")",
        "-",
    ),
    *(
        ".",
        "/",
        " ",
        "8.8.8.8",
        "IP ",
        "2001:4860::8888",
        "11010519491231002X",
        "１３８",
        "手机",
        "0",
        "1",
        "86",
        "@",
        "，",
    ),
    *("x", "email@example.com", "<PHONE>", "192.0.2.1", "+", "852", "9123 4567", "年", "\n", ":", "\udc80"),
]


@given(st.lists(st.sampled_from(PIECES) | st.text("0123456789-. ()+@aA:", max_size=6), max_size=12).map("".join))
@example("010-84871308-84871308")
def test_masking_a_masked_text_changes_nothing(text):
    masked = mask(text, PiiConfig())
    assert mask(masked.text, PiiConfig()) == type(masked)(masked.text, {})


@given(st.text(st.characters(blacklist_categories=("Nd",), blacklist_characters="@＠:"), max_size=60))
def test_a_text_without_digits_ats_and_colons_is_unchanged(text):
    assert mask(text, PiiConfig()).text == text


@pytest.mark.parametrize(
    "text",
    ["1" * 100_000, "1 " * 50_000, "-1" * 50_000, "1.1.1." * 16_000, "1.2.3.4 " * 12_000, "a@" * 50_000, "a@a" * 33_000,
     "a." * 50_000 + "@", "@" + "a." * 50_000, "a@" + "a-" * 50_000, "138 1234 " * 11_000, "(010)" * 20_000,
     "+1 " * 33_000, "2400:" * 20_000, "::" * 50_000, "4111 " * 20_000, "110105194912310021 " * 5_000],
)  # fmt: skip
def test_hostile_texts_are_masked_in_linear_time(text):  # backtracking would take minutes
    assert mask(text, PiiConfig()).text == text


DIGITS = f"{string.digits}０１２３４５６７８９"
GAPS = (
    " -()/~（）－／～\xa0\xad\xb7\u3000\u30fb\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
    "\u2022\u2027\u202f\u205f\u2060\ufeff" + "".join(map(chr, range(0x2000, 0x200E)))
)


LABEL = re.compile("[\u4000-\u9fffＱｑ]|q ?q|wechat|weixin|wx|vx", re.IGNORECASE)


def places_slowly(text):
    rows = [(pii_places.AT, m.start(), m.end()) for m in re.finditer("[@＠]", text)]
    for m in re.finditer(f"[{DIGITS}](?:[{re.escape(GAPS)}.．]{{0,3}}[{DIGITS}])*", text):
        digits = sum(c in DIGITS for c in m[0])
        if digits >= 7 or (digits >= 4 and sum(c in ".．" for c in m[0]) >= 3):
            rows.append((pii_places.NUMBER, *m.span()))
    for m in re.finditer("[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*", text):
        if m[0].count(":") >= 2 and ("::" in m[0] or m[0].count(":") >= 7) and len(m[0]) <= pii_places.MAX_COLONS:
            rows.append((pii_places.COLONS, *m.span()))
    return sorted(rows)


@given(
    st.text(alphabet="0123９.．- （(/~～·@＠:fFgé文\u2013\u200b\u202f\ufeff\u2026\u3000\U0001f600\udc80", max_size=60)
)
def test_the_compiled_scan_equals_a_slow_one(text):
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    rows = np.empty((len(data) + 1, 3), np.int32)
    num_rows, has_labels = pii_places.find_places(data, rows)
    assert has_labels or not LABEL.search(text)
    assert sorted(map(tuple, rows[:num_rows].tolist())) == places_slowly(text)


def test_almost_nothing_is_masked_in_laws_and_encyclopaedias(shared_data):
    found = []
    for name in ("zh-hans-laws", "zh-hans-wiki-cmrc", "zh-hant-wiki-drcd"):
        with gzip.open(shared_data / "lm" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        found += [text[start:end] for text in texts for start, end, _ in find(text, PiiConfig())]
    assert found == ["6660119"]  # 全市设置统一的森林火警电话
