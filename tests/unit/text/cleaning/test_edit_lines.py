import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.core.config.extract import EditConfig
from sluice.text.cleaning.edit_lines import Cut, edit

NOTHING = EditConfig(
    policy=None,
    javascript=None,
    citation_marks=None,
    social=False,
    sign_in=False,
    read_more=False,
    repeated_lines=False,
)
EVERYTHING = EditConfig(repeated_lines=True, fold_width=True)


def balance(text, edited):
    return len(text) - len(edited.text) - sum(cut.characters for cut in edited.counts.values())


def kind_of(line, options=None):
    """The kind of edit that removes or shortens a line of a text; None if the line is unchanged."""
    edited = edit(f"Before it.\n{line}\nAfter it.", options or EditConfig())
    if edited.text == f"Before it.\n{line}\nAfter it.":
        return None
    assert edited.text == "Before it.\nAfter it."
    return ",".join(edited.counts)


@pytest.mark.parametrize(
    "line",
    [
        "Copyright © 2004-2016 Example Inc. All Rights Reserved.",
        "© 2011 Cable News Network, Inc.",
        "Privacy Policy | Terms of Use | Contact Us",
        "Terms of Service and Privacy Policy",
        "We use cookies to give you the best experience on our site.",
        "By continuing to browse, you agree to our Terms and our Privacy Policy.",
        "Accept all cookies",
        "This site is protected by reCAPTCHA and the Google Privacy Policy and Terms of Service apply.",
        "京ICP备14019735-2号",
        "京公网安备 11000002000011号",
        "版权所有：重庆凯潜滤油机制造有限公司  浙ICP备09061225号",
        "关于我们 | 联系我们 | 免责声明 | 广告服务",
        "隐私政策",
        "使用條款",
        "服務條款 | 隱私權政策 | 關於我們",
        "未经书面授权，不得转载。",
        "未經授權，請勿轉載",
        "本文为冀勇庆授权专栏发布，转载请注明出处。",
        "免责声明：本网站部分内容由用户自行上传，如权利人发现存在误传其作品情形，请及时与本站联系。",
        "本網站使用 Cookie 以提供更好的體驗。",
        "We value your privacy",
        "We and our 312 partners store and access information on a device, such as cookies, and process personal data, "
        "such as unique identifiers and standard information sent by a device. " + "More on this is below. " * 20,
        "With your permission we and our partners may use precise geolocation data and device scanning.",
        "You may click to consent to our processing as described above.",
        "Your choices will apply to this site only. You can change them at any time by returning here.",
        "我们和我们的 128 个合作伙伴存储和访问设备上的信息，例如 cookie。",
    ],
)
def test_policy_lines_are_removed(line):
    assert kind_of(line) == "policy"


@pytest.mark.parametrize(
    "line",
    [
        "The privacy policy of the company was criticised by three regulators last year.",
        "Casper and the Cookies",
        "She is Director of Cybersecurity and Privacy, the group said.",
        "The Copyright Act of 1976 changed the length of protection in the United States.",
        "Adds the 'Secure' attribute to the cookie",
        "他认为隐私政策应当写得更清楚。",
        "《隐私权政策》的修订引起了用户的讨论，不少人表示难以理解。",
        "电梯未经检验合格的，不得投入使用。",
        "未经同意，不得向他人提供个人信息。",
        "info.termsOfService | string | 服务条款",
        "网站上标注“版权所有”的做法由来已久。",
        "条款的解释以中文为准。",
        "声明：如果再有人隐瞒事实，还要继续在网络上公开点名。",
        "轉載自由是網路文化的一部分。",
        "版权所有者有权要求该公司赔偿。",
        "By signing this lease, you agree to the terms set out above.",
        "Researchers found that apps store and access information on a device without asking.",
        "We use precise location data from the survey of 1911 to place the villages.",
        "We store information on 400 villages, and our partners in the archive add photographs.",
        "We value your privacy, he said, and hung up.",
        "我们重视您的隐私，这句话在发布会上说了三遍。",
    ],
)
def test_sentences_about_policy_are_kept(line):
    assert kind_of(line) is None


def test_the_c4_option_removes_every_line_with_a_policy_phrase():
    line = "The privacy policy of the company was criticised."
    assert kind_of(line, EditConfig(policy="c4")) == "policy"
    assert kind_of("京ICP备14019735-2号", EditConfig(policy="c4")) is None


@pytest.mark.parametrize(
    "line",
    [
        "Please enable JavaScript in your browser and reload this page.",
        "You need to enable JavaScript to run this app.",
        "JavaScript is disabled. Please turn it on.",
        "This page requires JavaScript to be enabled.",
        "请启用 JavaScript 以浏览本页面",
        "请开启JavaScript后重试。",
        "您的浏览器禁用了 JavaScript，请先开启",
        "請啟用 JavaScript 以繼續",
        "您的浏览器不支持 HTML5 视频",
        "您的瀏覽器不支援影片播放",
        "您的IE版本即将过期，请点击下载新版本浏览器",
    ],
)
def test_javascript_warnings_are_removed(line):
    assert kind_of(line) == "javascript"


@pytest.mark.parametrize(
    "line",
    [
        "JavaScript is a language that most browsers can run.",
        "See logged information and interact with Web pages using JavaScript.",
        "In client-side scripting with JavaScript, the constructor uses UTC.",
        "Weex 内置的 JavaScriptCore 是基于 2016 版进行了裁剪。",
        "浏览器不支持该格式时，会显示替代文本。",
        "请打开浏览器的 JavaScript 控制台，输入下面的命令。",
        "在设置中禁用 JavaScript 可以提高安全性。",
    ],
)
def test_texts_about_javascript_are_kept(line):
    assert kind_of(line) is None


def test_the_c4_option_removes_every_line_with_the_word_javascript():
    assert kind_of("An introduction to JavaScript.", EditConfig(javascript="c4")) == "javascript"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("It rained.[1][2] Then it stopped.[3, 4]", "It rained. Then it stopped."),
        ("Deep nets[5] are used[12–14].", "Deep nets are used."),
        ('He said "no."[36] She left.', 'He said "no." She left.'),
        ("History[edit]", "History"),
        ("It is large.[citation needed]", "It is large."),
        ("Some say so.[who?][note 2]", "Some say so."),
        ("门票以俄罗斯卢布计算[来源请求]，约合2000万美元。", "门票以俄罗斯卢布计算，约合2000万美元。"),
        ("這是一項探索和創新[1]，意義重大。[2]", "這是一項探索和創新，意義重大。"),
        ("歷史[編輯]", "歷史"),
        ("发展历程 [编辑 | 编辑源代码]", "发展历程"),
    ],
)
def test_citation_marks_are_removed(line, left):
    edited = edit(line, EditConfig())
    assert edited.text == left
    assert set(edited.counts) == {"citation_marks"}
    assert balance(line, edited) == 0


@pytest.mark.parametrize(
    "line",
    [
        "x = data[1]",
        "print(argv[1])",
        "console.log(data[0].name);",
        "[1] A. Turing, On Computable Numbers.",
        "See git-rebase[1] for details.",
        "(财税[2015]53号)关于有关问题的通知",
        "川办发[95]3号文件要求各地认真执行有关规定。",
        "具体代码请参考[8]。",
        "RewriteRule ^(.+)$ index.php [L]",
        "苹果图标[28]",
        "·本站诚征服务器赞助商，欢迎联系我们！[9-18]",
    ],
)
def test_brackets_that_are_not_citations_are_kept(line):
    assert edit(line, EditConfig()).text == line


def test_the_c4_option_removes_every_number_in_brackets():
    assert edit("x = data[1] + y[]", EditConfig(citation_marks="c4")).text == "x = data + y"


@pytest.mark.parametrize(
    "line",
    [
        "3 likes",
        "1 Like",
        "12 comments",
        "1.7M shares",
        "Views: 27K",
        "5 likes · 2 comments",
        "Share this",
        "Share on Facebook",
        "阅读(123)",
        "阅读(35794) | 评论(86977) | 转发(59171) |",
        "2015-02-07 阅读(171)",
        "点赞 12 收藏 3",
        "浏览次数：1866",
        "閱讀 123",
        "分享到：",
        "分享到微信朋友圈",
        "设为首页 | 加入收藏",
    ],
)
def test_counters_and_share_buttons_are_removed(line):
    assert kind_of(line) == "social"


@pytest.mark.parametrize(
    "line",
    [
        "The video had 3 likes.",
        "He got 12 comments from his editor",
        "Shares fell 3 percent",
        "阅读123页之后，他放下了书",
        "分享会",
        "分享经济的发展",
        "评论",
        "收藏家",
        "2015-02-07",
        "Facebook",
        "3 downloads were needed to finish",
        "点击这里",
    ],
)
def test_sentences_with_words_of_counters_are_kept(line):
    assert kind_of(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "Sign in",
        "Log in to comment",
        "Please sign in to leave a comment.",
        "You must be logged in to post a comment.",
        "登录 | 注册",
        "请登录后评论。",
        "您尚未登录",
        "登入",
    ],
)
def test_invitations_to_sign_in_are_removed(line):
    assert kind_of(line) == "sign_in"


@pytest.mark.parametrize(
    "line",
    [
        "Log in to your Merchant Center account and choose a product.",
        "The sign in the window said closed.",
        "No root login",
        "登录后可以在设置页面修改密码。",
        "诺曼底登陆",
    ],
)
def test_instructions_to_sign_in_are_kept(line):
    assert kind_of(line) is None


@pytest.mark.parametrize(
    "line",
    ["Read more", "READ MORE »", "Continue reading →", "Show more", "查看更多", "更多>>", "展开全文", "阅读全文"],
)
def test_read_more_on_its_own_line_is_removed(line):
    assert kind_of(line) == "read_more"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("It makes a better pick. Read more", "It makes a better pick."),
        ("It is as if … Continue reading →", "It is as if …"),
        ("并且还不能够修改哦！[查看全文]", "并且还不能够修改哦！"),
        ("任职资格：熟悉办公室...【阅读全文】", "任职资格：熟悉办公室..."),
    ],
)
def test_read_more_is_removed_from_the_end_of_a_line(line, left):
    edited = edit(line, EditConfig())
    assert edited.text == left
    assert edited.counts == {"read_more": Cut(0, 1, len(line) - len(left))}


@pytest.mark.parametrize(
    "line", ["You can read more about it here.", "Read more: Gap Between Prices", "他希望阅读更多的书", "更多精彩内容"]
)
def test_read_more_inside_a_sentence_is_kept(line):
    assert kind_of(line) is None


def test_repeated_lines_are_removed_only_on_request():
    text = "One.\nOne.\n\nOne.\nTwo.\nOne."
    assert edit(text, NOTHING).text == text
    edited = edit(text, EditConfig(repeated_lines=True))
    assert edited.text == "One.\n\nTwo.\nOne."
    assert edited.counts == {"repeated_lines": Cut(2, 0, 10)}


def test_a_removed_line_takes_an_adjacent_empty_line_with_it():
    edited = edit("One.\n\n京ICP备14019735号\n\nTwo.", EditConfig())
    assert edited.text == "One.\n\nTwo."
    assert edited.counts == {"policy": Cut(1, 0, 16)}


def test_removed_lines_at_the_ends_take_their_empty_lines_with_them():
    edited = edit("登录\n\nOne.\n\n3 likes\n\nShare this", EditConfig())
    assert edited.text == "One."
    assert edited.counts == {"sign_in": Cut(1, 0, 4), "social": Cut(2, 0, 21)}


def test_other_empty_lines_are_kept():
    assert edit("One.\n\n\n\nTwo.\n登录\nThree.\n", EditConfig()).text == "One.\n\n\n\nTwo.\nThree.\n"


def test_a_text_of_removed_lines_only_becomes_empty():
    edited = edit("登录\n3 likes", EditConfig())
    assert edited.text == ""
    assert balance("登录\n3 likes", edited) == 0


def test_a_line_of_removed_parts_only_counts_as_a_removed_line():
    edited = edit("One.\n[edit]\nTwo.", EditConfig())
    assert edited.text == "One.\nTwo."
    assert edited.counts == {"citation_marks": Cut(1, 0, 7)}


@pytest.mark.parametrize("text", ["", "\n", "One.", "一。\n\n二。"])
def test_texts_without_a_match_are_unchanged(text):
    assert edit(text, EVERYTHING).text == text
    assert edit(text, EVERYTHING).counts == {}


LINES = [
    *(
        "",
        " ",
        "One.",
        "It rained.[1]",
        "3 likes",
        "登录",
        "版权所有 © 2011",
        "京ICP备14019735号",
        "更多",
        "It is. Read more",
    ),
    *("[edit]", "ＡＢＣ", "ﾃﾚﾋﾞ", "Please enable JavaScript to view this page.", "雨停了。[2][3]", "\udc80"),
]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=8), max_size=12).map("\n".join))
def test_the_counts_account_for_every_character(text):
    edited = edit(text, EVERYTHING)
    assert balance(text, edited) == 0
    assert all(cut != Cut() for cut in edited.counts.values())


@given(st.lists(st.sampled_from(LINES), max_size=12).map("\n".join))
def test_kept_lines_keep_their_order_and_bytes(text):
    left = iter(text.split("\n"))
    whole = EditConfig(citation_marks=None, read_more=False)
    assert all(line in left for line in edit(text, whole).text.split("\n") if line)


@pytest.mark.parametrize(
    "text",
    ["[1]" * 33_000, "版权所有" * 25_000, "未经" * 50_000, "Copyright © 2000 " * 6_000, "3 likes " * 12_000,
     "登录 " * 30_000, "by using this site " * 5_000, "更多>>" * 20_000, "javascript " * 10_000, " | " * 30_000,
     "[" * 100_000],
)  # fmt: skip
def test_hostile_lines_are_edited_in_linear_time(text):  # backtracking would take minutes
    assert balance(text, edit(text, EVERYTHING)) == 0


@pytest.mark.parametrize(("name", "most"), [("zh-hans-laws", 0), ("zh-hans-wiki-cmrc", 0), ("zh-hant-wiki-drcd", 1)])
def test_clean_chinese_texts_are_almost_unchanged(shared_data, name, most):
    with gzip.open(shared_data / "lm" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    cuts = [edit(text, EditConfig()).counts for text in texts]
    # the only match is a [來源請求] in the encyclopaedia
    assert sum(cut.lines + cut.parts for counts in cuts for cut in counts.values()) == most


def test_code_is_not_cut():
    code = "```\n  }\n  }\nLoading...\nCopy code\nx = a[1]\n```"
    text = f"Loading...\n\n{code}\n\nWater is wet.[1]\n\n{code}\n\nCopy code"
    edited = edit(text, EditConfig(repeated_lines=True))
    assert edited.text == f"{code}\n\nWater is wet.\n\n{code}"
    assert len(text) == len(edited.text) + sum(cut.characters for cut in edited.counts.values())
