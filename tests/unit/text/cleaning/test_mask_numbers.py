"""Numbers that name a telephone or a host are masked in every notation; quantities, versions and sections are kept."""

import pytest

from sluice.core.config.extract import PiiConfig
from sluice.text.cleaning.mask_pii import KINDS, mask

TAGS = PiiConfig(**{kind: f"<{kind.upper()}>" for kind in KINDS})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # spaces and invisible characters
        ("+33\u202f1\u202f42\u202f68\u202f53\u202f00", "<PHONE>"),
        ("+33\u20091\u200942\u200968\u200953\u200900", "<PHONE>"),
        ("手机138\u202f1234\u202f5678", "手机<MOBILE>"),
        ("138\u200b1234\u200b5678", "<MOBILE>"),
        ("138\u00ad1234\u00ad5678", "<MOBILE>"),
        ("138·1234·5678", "<MOBILE>"),
        ("138・1234・5678", "<MOBILE>"),
        ("电话：010~84871308", "电话：<PHONE>"),
        ("电话：010～84871308", "电话：<PHONE>"),
        # extensions
        ("Tel. 415-555-2671x204", "Tel. <PHONE>"),
        ("Tel. 415-555-2671 x204, room 3", "Tel. <PHONE>, room 3"),
        ("(415) 555-2671 ext. 204", "<PHONE>"),
        ("(415) 555-2671, extension 204", "<PHONE>"),
        ("电话010-84871308 分机 6810/6811", "电话<PHONE>"),
        ("热线400-820-8820转8143", "热线<PHONE>"),
        # country codes without +
        ("Tel: 0049 30 901820", "Tel: <PHONE>"),
        ("Telefon: 00 49 30 901820", "Telefon: <PHONE>"),
        ("Tél. : 0033 1 42 68 53 00", "Tél. : <PHONE>"),
        ("Fax: 44 20 7946 0958", "Fax: <PHONE>"),
        ("电话：(852) 2345 6789", "电话：<PHONE>"),
        ("(853) 2833 1234", "<PHONE>"),
        ("TEL：886-2-2345-6789", "TEL：<PHONE>"),
        ("tel:+14155552671", "tel:<PHONE>"),  # with its +
        # labels with a number, a letter or a verb
        ("客服1：84871308", "客服1：<PHONE>"),
        ("电话一：84871308", "电话一：<PHONE>"),
        ("售后电话（2）：84871308", "售后电话（2）：<PHONE>"),
        ("我的手机号是138 12345678", "我的手机号是<MOBILE>"),
        ("V13812345678", "V<MOBILE>"),
        ("微信V13812345678", "微信V<MOBILE>"),
        ("vx：13812345678", "vx：<MOBILE>"),
        # next to a word that could be one of a quantity
        ("请联系13812345678张三", "请联系<MOBILE>张三"),
        ("预约13812345678", "预约<MOBILE>"),
        ("13812345678个人出租", "<MOBILE>个人出租"),
        ("13812345678秒回", "<MOBILE>秒回"),
        ("手机：13800000000", "手机：<MOBILE>"),
        ("call me at 13812345678 for details", "call me at <MOBILE> for details"),
        ("My number is 13812345678.", "My number is <MOBILE>."),
        ("Mr Wang 13812345678", "Mr Wang <MOBILE>"),
        ("13812345678, 13912345678, 13712345678", "<MOBILE>, <MOBILE>, <MOBILE>"),
        # addresses
        ("IP 12.34.56.78", "IP <IPV4>"),
        ("Server 12.34.56.178 is down", "Server <IPV4> is down"),
        ("from 12.34.156.78 at noon", "from <IPV4> at noon"),
    ],
)
def test_every_notation_is_masked(text, masked):
    assert mask(text, TAGS).text == masked


@pytest.mark.parametrize(
    "text",
    [
        # quantities
        "人脑约有18600000000个神经元。",
        "宇宙的年龄约为13812345678年。",
        "太阳系边缘距离约15012345678公里。",
        "全省森林总面积达到13512345678平方米。",
        "公司市值15812345678韩元。",
        "去年的产值达到15812345678，创下新高。",
        "人口超过13812345678",
        "市值15812345678。",
        "下载量已达13812345678次",
        "总额：13812345678",
        "容量13812345678字节",
        "The mass is 13812345678 kg.",
        "The universe is about 13812345678 years old.",
        "It has cost 13912345678 dollars so far.",
        "The brain holds 13860599403 neurons.",
        "Es sind 13812345678 Euro.",
        "cuesta 15812345678 pesos",
        "a total of 13912345678",
        "15000000000",
        # sequences and equations
        "a(42) = 13860599403",
        "1, 4, 27, 13860599403, 99",
        "13860599403, 152415787502, 3",
        "x ≈ 13812345678",
        # codes
        "国际标准书号：0912345678",
        "書號：0912345678",
        "ISBN-10 0912345678",
        "ISBN-10: 0912345678",
        "合同号：13812345678",
        "条形码：13812345678",
        "user_id 13812345678",
        "第13812345678号",
        # versions and sections
        "AutoCAD 23.10.12.15 was tested.",
        "iTunes 12.11.10.13, Zoom 12.34.56.78",
        "Flash Player 11.2.202.235",
        "see 21.43.11.12 and 21.43.11.13 in the Act",
        "见本规范12.11.10.13条",
        "clause 112.11.10.13",
        "112.11.10.13款",
        "Zoom版 12.34.56.78",
        "BIOS 15.12.10.20",
        # dates and ranges
        "2016·10·11",
        "1990~1995",
        "2005～2016年",
        "2016\u200910\u200911",
        "100~200 300~400",
        "Fax 2016 2017 2018",
    ],
)
def test_quantities_codes_versions_and_dates_are_kept(text):
    assert mask(text, TAGS).text == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Escriba a josé.garcía@empresa-clara.es por favor.", "Escriba a <EMAIL> por favor."),
        ("müller@webpost.de oder björn.åkesson@firma-nord.se", "<EMAIL> oder <EMAIL>"),
        ("info@münchen-laden.de", "<EMAIL>"),
        ("пишите на анна.петрова@почта-пример.рф, спасибо", "пишите на <EMAIL>, спасибо"),
        ("γιώργος@ταχυδρομείο.ελ", "<EMAIL>"),
        ("jose\u0301@correo.es", "<EMAIL>"),
        ("用户@邮箱示范.公司", "<EMAIL>"),
        ("请发至用户@邮箱示范.公司。", "请发至<EMAIL>。"),
        ("邮箱zhang.san@邮件示范.中国，谢谢", "邮箱<EMAIL>，谢谢"),
        ("邮箱zhang.san@mail.cn", "邮箱<EMAIL>"),
        ("写给张三zhang.san@mail.cn吧", "写给张三<EMAIL>吧"),
        ("_anna@mailhost.com", "<EMAIL>"),
        ("a\u00adnna@mailhost.com", "<EMAIL>"),
        ("anna\u200b@mailhost.com", "<EMAIL>"),
        ("a@xn--fiqs8s.xn--55qx5d", "<EMAIL>"),
        ("见www.abc.com。zhang@qq.com", "见www.abc.com。<EMAIL>"),
        ("a@qq.com。www.x.com", "<EMAIL>。www.x.com"),
        ("-anna@mailhost.com", "-<EMAIL>"),
        ("a@b.comтел", "<EMAIL>тел"),
    ],
)
def test_addresses_in_all_letters_are_masked_whole(text, masked):
    assert mask(text, TAGS).text == masked


@pytest.mark.parametrize("text", ["@用户 你好", "价格@公司", "张三@李四", "米@秒.", "5@例.一", "a..b@", "см. @почта"])
def test_signs_that_are_not_addresses_are_kept(text):
    assert mask(text, TAGS).text == text
