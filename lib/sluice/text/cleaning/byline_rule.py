"""Detection of by-lines and page tools: editor, source, counters, time of reading, font size, print and close buttons.

    编辑：李明 来源：本站 阅读：123 次 【大 中 小】 【打印】【关闭】
    发布日期: 2018-03-15 文章字数: 780 阅读时长: 3 分
    March 15, 2018 · 780 words · 3 min read

A line must consist of such fields, at least one of which cannot be content: an author, a source or a date alone may be.
Patterns are ours, based on what extraction leaves behind.
"""

import re

from sluice.text.cleaning.person_names import is_name

_COUNTED = tuple("阅读 閱讀 浏览 瀏覽 点击 點擊 點閱 查看 访问 人气 人氣 热度 评论 回复 跟贴 跟帖 收藏".split())
PHRASES = (
    *"编辑 編輯 责编 責編 校对 录入 审核 发布人 发布者 打印 列印 关闭 關閉 繁体 纠错 大中小 字号 字號 字級".split(),
    *("大 中 小", "小 中 大"),
    *(word + after for word in ("字体", "字體", "字体大小") for after in (":", "：", " ")),
    *(word + after for word in _COUNTED for after in (":", "：", "次", "量", "数", "數", " ：", " :")),
)
"""A by-line has one of them, or of LENGTHS. Other buttons (返回, 分享) are no evidence."""
LENGTHS = (
    *(
        "字数",
        "字數",
        "阅读时",
        "閱讀時",
        "阅读用时",
        "阅读本文",
        "阅读完需",
        "min read",
        "minute read",
        "minutes read",
        "mins read",
    ),
    *("reading time", "read time", "words", "word count"),
)
"""Phrases of the length of a text, in characters, words or minutes."""
MAX_CHARS = 160
MAX_VALUE_CHARS = 28
"""Maximum length of the value of a field: a few names, a newspaper, a date with time."""

MAX_TAIL_CHARS = 64
"""Maximum length of an editor at the end of a line."""

_EDITOR = (
    r"(?:(?:责任|網絡|网络|文字|本文|值班|实习|栏目)?编辑|責任編輯|編輯|责编|責編|责任校对|校对|审校|审核人?|录入[者员人]?"
    r"|发布[人者员]|上传[者人])"
)
_LABEL = re.compile(
    rf"(?P<editor>{_EDITOR})\s?[:：|]"
    r"|(?:(?:稿件|文章|信息|本文|新闻|资料)?(?:来源|來源)|(?:文章)?作者|来自|转自|出处"
    r"|(?:发布|發布|發佈|发表|更新|录入|添加|上传|创建|发稿)?(?:时间|時間|日期)|摄影|记者|通讯员|供稿|供图)"
    r"\s?[:：]|(?:发布于|发表于|更新于)\s?[:：]?"
)
_COUNTER = re.compile(
    r"(?:已有|已|共有?|被)?(?:阅读|閱讀|浏览|瀏覽|点击|點擊|點閱|查看|访问|人气|人氣|热度|评论|回复|跟贴|跟帖|收藏)"
    r"(?:量|数|數|次数|次數|率|人数)?\s?(?:[:：]\s?(?:\d[\d,.]{0,11})?|[(（\[]?\s?\d[\d,.]{0,11}(?=\s?[次人条條)）\]]))"
    r"\s?万?\+?\s?[次人条條]?\s?[)）\]]?"
)
_AMOUNT = r"\s?[:：]?\s?[约約≈~]?\s?\d[\d,.]{0,9}\s?"
_LENGTH = re.compile(
    rf"(?:本文|文章|全文)?(?:总|總)?(?:字数|字數)(?:统计|統計|总计)?{_AMOUNT}[kK千万]?\s?(?:字|words?)?"
    rf"|(?:预计|預計|建议|本文|文章|全文)?(?:阅读|閱讀)(?:时长|時長|时间|時間|用时|用時|本文|完需|所需时间|需要?){_AMOUNT}(?:分钟|分鐘|分|mins?\b|m\b|小时|秒)?"
    rf"|(?:(?:about|approx\.?|est\.?|estimated)\s)?\b\d{{1,3}}[\s-]?(?:minutes?|mins?)(?:\sto)?\s?read(?:ing)?(?:\stime)?\b"
    rf"|\b(?:estimated\s)?read(?:ing)?\stime{_AMOUNT}(?:minutes?|mins?|m)?\b"
    rf"|\bword\scount{_AMOUNT}(?:words)?|(?<![\w.,])\d[\d,]{{2,6}}\s?words\b(?=\s?(?:$|[|·•,，—–-]))",
    re.IGNORECASE,
)
"""A field of Hexo, Hugo and Jekyll; lines of them are in no text: 字数统计 81 | 阅读时长 1."""
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?"
_SIZE = r"(?:超大|特大|较大|大号|大|中号|中|标准|標準|默认|正常|小号|小|较小|A[+-]?|T[+-]?|[+-])"
_FONT = re.compile(
    rf"[【\[(（]?\s?(?:字号|字號|字级|字級|字体大小|字體大小|字体|字體|文字大小)\s?[:：]?\s?(?:[【\[(（]?{_SIZE}[】\])）]?[\s|/·、]*){{2,6}}[】\])）]?"
    r"|[【\[(（]?\s?(?:大[\s|/·]{1,3}中[\s|/·]{1,3}小|小[\s|/·]{1,3}中[\s|/·]{1,3}大|大中小)\s?[】\])）]"
)
_BUTTON = (
    r"(?:打印(?:此页|本页|本文|文章|文档|页面|预览)?|(?:友善)?列印(?:此頁|本頁|本文)?|关闭(?:窗口|本页|此页|页面)?|關閉(?:視窗|本頁)?"
    r"|返回(?:首页|顶部|上页|上一页|列表|目录)?|回到顶部|(?:我要|加入)?收藏(?:此页|本页|本文)?|推荐给(?:朋友|好友)|告诉好友"
    r"|发送给好友|繁体|繁體|简体|(?:我要|举报)?纠错|举报|我要投稿|(?:用)?手机看新闻|复制(?:链接|网址)|发表评论|查看评论|我来说两句"
    r"|保存|下载|分享)"
)
_PLAIN_BUTTON = r"(?:保存|下载|分享|举报|返回|收藏|简体|发表评论|查看评论)"
"""Buttons that are not enough evidence, even in brackets."""
_BRACKETED = re.compile(rf"[【\[(（「『]\s{{0,2}}(?:(?P<plain>{_PLAIN_BUTTON})|{_BUTTON})\s{{0,2}}[】\])）」』]")
_BARE = re.compile(rf"(?:(?<=[\s|·】\])）])|^){_BUTTON}(?=[\s|·【\[(（]|$)")
_DATE = re.compile(
    r"(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?(?:[\sT]{0,3}\d{1,2}[:：时]\d{1,2}(?:[:：分]\d{1,2})?)?"
    rf"|\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:19|20)\d\d\b|\b\d{{1,2}}\s{_MONTH},?\s(?:19|20)\d\d\b"
)
_GAP = " \t\u3000\xa0|·•,，、/-–—>»:：()（）【】[]「」"
_START = re.compile(
    rf"[{re.escape(_GAP)}]*(?:"
    + "|".join(
        p.pattern.replace("?P<", "?P<first_") for p in (_LABEL, _DATE, _COUNTER, _LENGTH, _FONT, _BRACKETED, _BARE)
    )
    + ")",
    re.IGNORECASE,
)
"""A by-line begins with one of its parts: a cheap test, as most lines do not."""
_SENTENCE = re.compile(r"[。！？!?；;]|[，,].*[，,]")
_AT_END = re.compile(
    r"\s*(?:[（(\[【]\s?(?:责任编辑|責任編輯|责编|責編|编辑|編輯)\s?[:：]\s?[^()（）\[\]【】。]{0,24}[）)\]】]"
    r"|(?<=[。！？”」])\s*(?:责任编辑|責任編輯|责编|責編)\s?[:：]\s?[^。！？：:]{1,16})\s*$"
)


def without_byline(line: str) -> tuple[str, int]:
    """Returns "" for a by-line, else the line without the editor at its end, and the number of removed parts.

    >>> without_byline("来源：本站 责任编辑：李明"), without_byline("雨停了。（责任编辑：李明）")
    (('', 0), ('雨停了。', 1))
    """
    if len(line) <= MAX_CHARS and _START.match(line) and _is_byline(line):
        return "", 0
    tail = line[-MAX_TAIL_CHARS:]
    match = _AT_END.search(tail) if "编" in tail or "編" in tail else None
    return (line[: len(line) - len(tail) + match.start()], 1) if match else (line, 0)


def _is_byline(line: str) -> bool:
    evidence = 0
    buttons = len(_BARE.findall(line))
    for match in _BRACKETED.finditer(line):
        buttons += 1
        evidence += match["plain"] is None
    evidence += buttons >= 2
    rest = _BARE.sub("|", _BRACKETED.sub("|", line))
    for pattern in (_FONT, _LENGTH, _COUNTER):
        rest, count = pattern.subn("|", rest)
        evidence += count
    rest = _DATE.sub("|", rest)
    labels = list(_LABEL.finditer(rest))
    first = labels[0].start() if labels else len(rest)
    if rest[:first].strip(_GAP):
        return False
    for label, following in zip(labels, [*labels[1:], None], strict=False):
        value = rest[label.end() : following.start() if following else len(rest)].strip(_GAP)
        if len(value) > MAX_VALUE_CHARS or _SENTENCE.search(value):
            return False
        if label["editor"] and (label["editor"] not in ("编辑", "編輯", "校对") or evidence or _is_person(value)):
            evidence += 1
    return evidence > 0


def _is_person(value: str) -> bool:
    """Whether a value is a name or an account, not an explanation of the word before it (编辑：修改已有内容)."""
    return not value or value.isascii() or all(is_name(part) for part in re.split(r"[\s、/|]+", value))
