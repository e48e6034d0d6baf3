"""By-lines, shortcodes, messages of scripts, icon names and copy buttons are cut; text about them is kept."""

import pytest

from sluice.core.config.extract import EditConfig
from sluice.core.reasons import meaning_of
from sluice.text.cleaning.edit_lines import Cut, edit

KINDS = ("bylines", "shortcodes", "script_messages", "icons", "code_buttons")


def cut(line, **options):
    """The kind of cut and the rest of a line between two sentences; "" if the line is removed."""
    edited = edit(f"Before it.\n{line}\nAfter it.", EditConfig(**options))
    taken = sum(cut.characters for cut in edited.counts.values())
    assert len(edited.text) + taken == len(f"Before it.\n{line}\nAfter it.")
    rest = edited.text.removeprefix("Before it.").removesuffix("After it.").strip("\n")
    return ",".join(edited.counts), rest


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("bylines", "编辑：李明 阅读：1024 次"),
        ("bylines", "来源：本站 作者：李明 责任编辑：王小红"),
        ("bylines", "責任編輯：陳大文"),
        ("bylines", "[责任编辑：xiaoming]"),
        ("bylines", "【编辑：李明】"),
        ("bylines", "责编|李明"),
        ("bylines", "2024-05-01 08:30:00 来源：河谷日报 字号：大 中 小"),
        ("bylines", "字号 超大 标准 小"),
        ("bylines", "字号：A- A A+"),
        ("bylines", "【大 中 小】【打印】【繁体】【关闭】"),
        ("bylines", "[打印本页] [关闭窗口]"),
        ("bylines", "收藏 | 打印 | 关闭"),
        ("bylines", "发布日期: 2018-03-15 文章字数: 780 阅读时长: 3 分"),
        ("bylines", "| 字数统计 81 | 阅读时长 1"),
        ("bylines", "本文字数：3.2k 阅读时长 ≈ 6 分钟"),
        ("bylines", "预计阅读时间：3分钟"),
        ("bylines", "发表于 2020-01-01 | 字數 800"),
        ("bylines", "March 15, 2018 · 780 words · 3 min read"),
        ("bylines", "Reading time: 5 minutes"),
        ("code_buttons", "In [12]:"),
        ("code_buttons", "Out[3]:"),
        ("bylines", "發布時間：2024-05-01 點閱：33 【列印】【關閉】"),
        ("bylines", "发布时间：2024/5/1 2:11:03 文章来源：本站 浏览次数：7378 次"),
        ("bylines", "作者： 发布时间：2024年5月1日 点击："),
        ("bylines", "录入时间：2024-05-01 【打印此页】 【返回】"),
        ("shortcodes", '[vc_row full_width="stretch_row" css=".vc_custom_15{margin-top: 4px}"][vc_column]'),
        ("shortcodes", "[/et_pb_text][/et_pb_column][/et_pb_row]"),
        ("shortcodes", '[rev_slider alias="home"]'),
        ("shortcodes", '[contact-form-7 id="12" title="Contact"]'),
        ("shortcodes", "[gallery ids=”1,2,3″ columns=”2″]"),
        ("shortcodes", '[audio src="http://a.example/1.mp3" /]'),
        ("script_messages", "SEO SDK is disabled"),
        ("script_messages", "Share plugin not loaded."),
        ("script_messages", "Your browser does not support the video tag."),
        ("script_messages", "Loading comments..."),
        ("script_messages", "正在加载，请稍候..."),
        ("script_messages", "載入中..."),
        ("icons", "keyboard_arrow_down"),
        ("icons", "share arrow_forward"),
        ("icons", "• chevron_right"),
        ("code_buttons", "Copy code"),
        ("code_buttons", "Copied!"),
        ("code_buttons", "Copy to clipboard"),
        ("code_buttons", "复制代码"),
        ("code_buttons", "view plain copy"),
    ],
)
def test_a_line_that_is_a_remain_is_removed(kind, line):
    assert cut(line) == (kind, "")
    assert cut(line, **{kind: False}) == ("", line)


@pytest.mark.parametrize(
    ("kind", "line", "rest"),
    [
        ("bylines", "雨停了。（责任编辑：李明）", "雨停了。"),
        ("bylines", "雨停了。责任编辑：李明", "雨停了。"),
        ("shortcodes", "[vc_column_text]Water is wet.[/vc_column_text]", "Water is wet."),
        ("shortcodes", '[caption id="a_1" align="alignnone"]A bridge[/caption]', "A bridge"),
        ("shortcodes", '[button text="Order" link="#"] Tea is hot.', "Tea is hot."),
        ("icons", "• Docs arrow_drop_down", "• Docs"),
        ("icons", "check_circleDone! The order is on its way.", "Done! The order is on its way."),
        ("icons", "阅读文章 arrow_forward", "阅读文章"),
        ("code_buttons", "复制代码 代码如下:", "代码如下:"),
        ("citation_marks", "History[edit | edit source]", "History"),
        ("citation_marks", "History[edit source]", "History"),
        ("citation_marks", "Historia[editar · editar código]", "Historia"),
        ("citation_marks", "Geschichte[Bearbeiten | Quelltext bearbeiten]", "Geschichte"),
        ("citation_marks", "发展历程编辑播报", "发展历程"),
        ("citation_marks", "歷史 [編輯]", "歷史"),
    ],
)
def test_a_remain_within_a_line_is_cut(kind, line, rest):
    assert cut(line) == (kind, rest)


@pytest.mark.parametrize(
    "line",
    [
        "作者：李明",
        "来源：河谷日报",
        "发布时间：2024-05-01",
        "图片来源：河谷日报",
        "编辑：修改已有的内容，不改变标题。",
        "编辑：修改内容",
        "责任编辑的工作是校对稿件。",
        "大家请打印后关闭窗口。",
        "打印",
        "字号大小可以在设置中修改。",
        "字数要求：800字以上",
        "阅读时间：周一至周五",
        "阅读本文大约需要 5 分钟，请准备好咖啡。",
        "发表于 2020-01-01",
        "The essay has 500 words",
        "500 words per minute",
        "5-minute read of the manual",
        "The reading time is 5 minutes.",
        "In [12]: x = 3",
        "阅读的人很多，次数也多。",
        "责任编辑：李明说，今天会下雨。我们出发吧。",
        "书名：河谷  作者：李明  出版社：河谷出版社",
        "see [gallery] and [video] of the bridge",
        "options [table_name] [row]",
        "a[href='x'] and input[type='text']",
        "x = matrix[row][col]",
        "The SDK is disabled by default, and can be enabled later.",
        "This plugin is enabled.",
        "Loading the truck took an hour.",
        "加载中的模块可以取消。",
        "use arrow_forward() to move",
        "mod_rewrite",
        "table_name | text",
        "share",
        "menu",
        "arrow_forward: the name of an icon that points to the right",
        "Copy",
        "Copy code from one file to another.",
        "也可以复制代码到项目中。",
        "他编辑播报了这条新闻。",
    ],
)
def test_text_about_remains_is_kept(line):
    assert cut(line, social=False) == ("", line)


def test_words_next_to_a_removed_line_are_removed_with_it():
    text = "Rivers\n\nmenu\nsearch\n\nkeyboard_arrow_down\nhome\n\nA river flows.\n\nmenu\n\nCopy\nCopied!\n\nx"
    edited = edit(text, EditConfig())
    assert edited.text == "Rivers\n\nA river flows.\n\nmenu\n\nx"
    assert (edited.counts["icons"].lines, edited.counts["code_buttons"].lines) == (4, 2)
    assert len(text) == len(edited.text) + sum(cut.characters for cut in edited.counts.values())


def test_words_next_to_a_removed_line_are_kept_if_the_rule_is_off():
    text = "menu\nkeyboard_arrow_down"
    assert edit(text, EditConfig(icons=False)).text == text
    assert edit(text, EditConfig()).counts == {"icons": Cut(2, 0, len(text))}


@pytest.mark.parametrize(
    "text",
    ["责任编辑：" * 20_000, "编辑 " * 30_000, "【打印】" * 25_000, "字号：大 " * 20_000, "2024-01-01 " * 9_000,
     "[vc_row " * 12_000, "[vc_row]" * 12_000, '[col a="b" ' * 9_000, "arrow_forward " * 7_000, "share\n" * 20_000,
     "keyboard_arrow_down\n\n" * 5_000, "copied " * 15_000, "loading" * 15_000, "正在加载" * 25_000,
     "[edit | " * 12_000],
)  # fmt: skip
def test_hostile_lines_are_edited_in_linear_time(text):
    edited = edit(text, EditConfig())
    assert len(text) == len(edited.text) + sum(cut.characters for cut in edited.counts.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_meaning(kind):
    assert meaning_of(kind)
