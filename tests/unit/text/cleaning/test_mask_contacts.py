"""QQ numbers, WeChat ids, names and private addresses are masked where a label and their form agree."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluice.core.config.extract import PiiConfig
from sluice.core.errors import ConfigError
from sluice.text.cleaning.mask_pii import KINDS, mask
from sluice.text.cleaning.person_names import is_name

TAGS = PiiConfig(**{kind: f"<{kind.upper()}>" for kind in KINDS})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("QQ：123456789", "QQ：<QQ>"),
        ("客服QQ1：10775913　客服QQ2：29810813", "客服QQ1：<QQ>　客服QQ2：<QQ>"),
        ("Q Q： 2663710603", "Q Q： <QQ>"),
        ("ＱＱ：１２３４５６７８", "ＱＱ：<QQ>"),
        ("QQ12345678", "QQ<QQ>"),
        ("加QQ号123456", "加QQ号<QQ>"),
        ("购车QQ群：34840766", "购车QQ群：<QQ>"),
        ("QQ在线咨询(1721844027)", "QQ在线咨询(<QQ>)"),
        ("QQ：123456、2345678 或 34567890", "QQ：<QQ>、<QQ> 或 <QQ>"),
        ("扣扣：123456789", "扣扣：<QQ>"),
        ("QQ：12345678@qq.com", "QQ：<EMAIL>"),
        ("微信号：zhangsan88", "微信号：<WECHAT>"),
        ("微信：zhang_san-1。", "微信：<WECHAT>。"),
        ("微信：zhangsanfeng", "微信：<WECHAT>"),
        ("微信：1234567890", "微信：<WECHAT>"),
        ("微信同号：13812345678", "微信同号：<MOBILE>"),
        ("WeChat: zhang_san88", "WeChat: <WECHAT>"),
        ("WeChat ID: zhangsan", "WeChat ID: <WECHAT>"),
        ("V信：abc12345", "V信：<WECHAT>"),
        ("VX:abc12345", "VX:<WECHAT>"),
        ("wx：abc12345", "wx：<WECHAT>"),
        ("加V：abc_12345", "加V：<WECHAT>"),
        ("加微信abc12345领取", "加微信<WECHAT>领取"),
        ("我的是wxid_a1b2c3d4e5f6", "我的是<WECHAT>"),
        ("联系人：王小明", "联系人：<NAME>"),
        ("联系人：王小明电话：13812345678", "联系人：<NAME>电话：<MOBILE>"),
        ("聯絡人：陳大文先生", "聯絡人：<NAME>先生"),
        ("收件人: 欧阳建国", "收件人: <NAME>"),
        ("姓名：李小红\n身份证号：11010519491231002X", "姓名：<NAME>\n身份证号：<IDENTITY>"),
        ("家庭住址：石桥市东区山水路12号3单元501室", "家庭住址：<ADDRESS>"),
        ("现住址：河谷省石桥县东风镇上村，务农", "现住址：<ADDRESS>，务农"),
        ("收货地址：石桥市东区山水路12号 电话：13812345678", "收货地址：<ADDRESS> 电话：<MOBILE>"),
        ("收件人：王小明\n地址：石桥市东区山水路12号", "收件人：<NAME>\n地址：<ADDRESS>"),
        ("通訊地址：台北市大安區山水東路四段100號5樓", "通訊地址：<ADDRESS>"),
    ],
)
def test_labelled_data_is_masked(text, masked):
    assert mask(text, TAGS).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "QQ2016 8.3.18033",
        "QQ20161011版",
        "QQ 123456",
        "QQ空间有10000000人",
        "QQ：10000000人在线",
        "QQ：20161011",
        "www.qq123456.com",
        "qq488888.com",
        "腾讯QQ群主",
        "微信公众号：hegu_ribao",
        "微信电脑版v3.8.12345",
        "微信: Android版下载",
        "微信：WeChat是一款软件",
        "WeChat: download the app",
        "wxPython and wxWidgets2",
        "微信支付abc12345",
        "微信：100000次",
        "联系人：王经理",
        "联系人：王先生",
        "联系人：王总",
        "联系人：项目部",
        "联系人：散发出清香",
        "联系人王小明说，今天下雨。",
        "联系人：王小明说今天下雨",
        "姓名：李白\n朝代：唐",
        "姓名：李白，字太白",
        "姓名、住址、电话等个人信息",
        "收件人：必填",
        "地址：石桥市东区山水路12号",
        "公司地址：石桥市东区山水路12号",
        "收货地址：石桥市河谷工业园区12号河谷公司",
        "通讯地址：石桥市学府路5号河谷大学",
        "住址：不详",
        "住址的变更应当在三十日内登记。",
        "本文地址：http://a.example/12.html",
    ],
)
def test_similar_text_is_kept(text):
    assert mask(text, TAGS).text == text


def test_each_kind_can_be_switched_off():
    text = "QQ：123456789 微信号：zhangsan88 收件人：王小明 家庭住址：石桥市东区山水路12号"
    assert mask(text, PiiConfig(qq=None, wechat=None, name=None, address=None)).text == text
    assert mask(text, PiiConfig()).counts == {"qq": 1, "wechat": 1, "name": 1, "address": 1}


@pytest.mark.parametrize(("kind", "value"), [("qq", "12345678"), ("wechat", "abc12345"), ("name", "王小明")])
def test_a_mask_that_would_be_masked_after_its_label_is_an_error(kind, value):
    with pytest.raises(ConfigError, match=value):
        mask("", PiiConfig(**{kind: value}))


@pytest.mark.parametrize("name", ["王小明", "李白", "欧阳建国", "司马迁", "陳大文", "上官云"])
def test_a_surname_and_one_or_two_characters_are_a_name(name):
    assert is_name(name)


@pytest.mark.parametrize("text", ["王经理", "王总", "李先生", "项目部", "小明", "王", "王小明说", "Wang", "欧阳", ""])
def test_titles_words_and_parts_are_not_names(text):
    assert not is_name(text) or text == "欧阳"  # 欧 is also a surname of one character


PIECES = [
    *("QQ", "qq群", "：", ":", " ", "12345678", "、", "微信", "微信号", "VX", "abc_12345", "wxid_", "收件人", "联系人"),
    *(
        "姓名",
        "王小明",
        "电话",
        "13812345678",
        "家庭住址",
        "地址",
        "石桥市东区山水路12号",
        "\n",
        "，",
        "公司",
        "ＱＱ",
        "１２３",
    ),
    *("<QQ>", "<NAME>", "@", "a@b.cn", "加V", "号", "年", "00", "\udc80"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("QQ：QQ：12345678、12345678")
@example("收件人：收件人：王小明王小明")
def test_masking_a_masked_text_changes_nothing(text):
    masked = mask(text, PiiConfig())
    assert mask(masked.text, PiiConfig()) == type(masked)(masked.text, {})


@pytest.mark.parametrize(
    "text",
    ["QQ" * 50_000, "QQ：" * 30_000, "q " * 50_000, "微信：" * 30_000, "wx" * 50_000, "姓名：" * 30_000,
     "收件人：王" * 20_000, "地址：" * 30_000, "家庭住址：" * 20_000, "QQ：1、" * 20_000, "加v" * 40_000,
     "用户@" * 20_000, "é@" * 40_000, "é" * 100_000 + "@a.b", "a@" + "é." * 40_000, "@" + "中." * 40_000],
)  # fmt: skip
def test_hostile_texts_are_masked_in_linear_time(text):
    assert mask(text, PiiConfig()).text == text
