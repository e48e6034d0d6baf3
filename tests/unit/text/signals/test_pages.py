"""Signals of error pages, search results, link farms and hijacked pages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.text.rules.rule import first_failure, load_rules
from sluice.text.signals.compute import compute
from sluice.text.signals.kernels.lines import PHRASES
from sluice.text.signals.pages import count_farm_domains, count_strewn_titles

DEFAULTS = load_rules(["zh-default", "en-default"])
OURS = {"error_pages", "search_pages", "link_farms", "hijacked_pages"}


def reason(text, language):
    verdict = first_failure(compute(text, language), language, [rule for rule in DEFAULTS if rule.name in OURS])
    return verdict and verdict.reason


def test_no_two_phrases_begin_at_neighbouring_characters():
    # the kernel has room for half as many phrases as characters
    assert len(set(PHRASES)) == len(PHRASES)
    for one in PHRASES:
        for other in PHRASES:
            assert not one[1:].startswith(other) and not other.startswith(one[1:]), (one, other)


def test_phrases_are_in_lower_case():
    assert [phrase for phrase in PHRASES if phrase != phrase.lower()] == []


@pytest.mark.parametrize(
    "text",
    [
        "404 Not Found\nThe requested URL /a was not found on this server.",
        "Sorry\nThis account has been suspended. Contact your hosting provider.",
        "example.com\nThis domain is for sale. Make an offer.",
        "Access denied\nYou don't have permission to access this page.",
        "Just a moment\nChecking your browser before you continue.",
    ],
)
def test_english_error_pages_are_dropped(text):
    assert reason(text, "en") == "error_pages"


@pytest.mark.parametrize(
    "text",
    [
        "出错了\n抱歉，您访问的页面找不到了，五秒后返回首页。",
        "某某网\n本域名出售，有意者请联系我们。",
        "该域名已过期，请联系注册商续费。",
        "抱歉，網頁不存在，請返回首頁。",
        "403 - 禁止访问: 访问被拒绝。",
        "出錯了\n您所訪問的頁面已刪除，請返回首頁。",
        "恭喜，站点创建成功！\n这是默认首页，请上传网站程序。",
        "商品已下架\n您可以看看店铺里的其他商品，或返回首页。",
        "请完成验证\n拖动滑块完成拼图，以继续访问。",
        "正在为您跳转到商品页面，请稍候。",
    ],
)
def test_chinese_error_pages_are_dropped(text):
    assert reason(text, "zh") == "error_pages"


def test_articles_about_error_pages_are_kept():
    english = (
        "A server answers 404 Not Found if it has no such page. " + "Links break when pages move to new places. " * 20
    )
    chinese = (
        "服务器没有这个网页时，会回答“页面不存在”。" + "网站改版以后，旧的链接常常失效，读者要自己去寻找新的地址。" * 20
    )
    assert reason(english, "en") is None
    assert reason(chinese, "zh") is None


def test_the_share_of_a_phrase_falls_with_the_length_of_the_text():
    assert compute("页面不存在" + "字" * 95, "zh").error_page_share == 0.05
    assert compute("页面不存在" + "字" * 995, "zh").error_page_share == 0.005


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("8213.loan 8214.loan 8213.loan", 2),
        ("见www.55229.com，或88123.cc。", 2),
        ("http://www.55229.com/a.html", 1),
        ("vej.loan jrfhz.download", 2),
        ("写信到a123@163.com，或看新华网xinhuanet.com和python.org", 0),
        ("self.date x.top 3.14159 192.168.100.1 v1.2.300", 0),
        ("file1234.commit 1234.company", 0),
        ("ftp2.cn.debian.org", 0),
        ("", 0),
        (".com", 0),
    ],
)
def test_farm_domains_are_different_names_of_digits_or_cheap_endings(text, count):
    assert count_farm_domains(text) == count


def test_rows_of_domains_are_a_link_farm_in_both_languages():
    row = " ".join(f"{number}.loan" for number in range(4000, 4030))
    text = "软件下载，绿色安全。\n" + "最新的软件，都在这里下载。\n" * 200 + row
    assert reason(text, "zh") == "link_farms"
    assert reason("Download all new software here.\n" * 200 + row.replace("loan", "com"), "en") == "link_farms"


def test_a_page_that_names_a_few_numbered_sites_is_kept():
    assert reason("车票在12306.cn买，邮箱用163.com或126.com，工作在51job.com找。", "zh") is None


HIJACKED = "免费电影,春天小说,明星照片\n首页\n春天小说\n" + (
    "支模时，明星照片，免费电影，春天小说，要检查拉杆。拆模前，春天小说，明星照片，要等混凝土变硬。\n"
    "模板用完后，免费电影，明星照片，应当清洗。\n"
)


def test_titles_strewn_through_another_text_are_counted_within_lines():
    assert count_strewn_titles(HIJACKED) == 3
    assert reason(HIJACKED, "zh") == "hijacked_pages"


@pytest.mark.parametrize(
    "text",
    [
        "免费电影,春天小说\n免费电影,春天小说\n首页 > 免费电影,春天小说",  # repeated as lines, with no text after them
        "刘备,关羽\n刘备、关羽、张飞三人结拜。刘备、关羽到了荆州。刘备、关羽又回来了。",  # names of two ideographs
        "春天的小河边\n春天的小河边有柳树，春天的小河边，春天的小河边有人。",  # one part
        "免费电影,春天小说",
        "\n\n",
        "",
    ],
)
def test_titles_that_are_not_strewn(text):
    assert count_strewn_titles(text) == 0


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(["1234.loan", "a", ".", "www.", " ", "@", "-", ".com", "１２３.cn", "字"])).map("".join)
)
def test_farm_domains_of_any_text_are_at_most_its_endings(text):
    assert 0 <= count_farm_domains(text) <= text.count(".")


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["甲乙丙", "丁戊己", ",", "，", "\n", "_", " ", "字", "*+("])).map("".join))
def test_titles_of_any_text_are_counted_without_failure(text):
    assert 0 <= count_strewn_titles(text) <= len(text)
