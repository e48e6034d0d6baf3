"""Rules of `extract.edit`: lines and parts of lines that do not belong to a text. One rule per kind.

A rule examines only lines that contain one of its phrases. It removes a line or cuts parts out of it, depending on that
line alone, except for words that count only next to a removed line. Precision has priority: phrases that also occur in
running text count only if the line consists of them.
Patterns without a source are ours, based on what extraction leaves behind.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from sluice.core.config.extract import EditConfig
from sluice.core.reasons import Reason
from sluice.text.cleaning import byline_rule, policy_lines, remains_rules
from sluice.text.cleaning.phrase_finder import LineFinder, Phrases

SHORT_BYTES = 240
"""Maximum length of lines with buttons and counters, in UTF-8 bytes."""


class LineRule(NamedTuple):
    """A kind of edit: its phrases, and a function from a line to its rest ("": remove it) and the number of cuts.

    `beside`: lines that are removed, too, next to a line that the rule removes; empty lines do not count.
    """

    name: str
    wanted: Phrases
    apply: Callable[[str], tuple[str, int]]
    beside: Callable[[str], bool] | None = None


class Rules(NamedTuple):
    """The active rules in order, and the finder of their lines: bit k for rule k."""

    rules: list[LineRule]
    finder: LineFinder


@cache
def rules_for(options: EditConfig) -> Rules:
    """Returns the rules of a configuration; built once, in about a millisecond."""
    chosen = [
        POLICY[options.policy] if options.policy else None,
        JAVASCRIPT[options.javascript] if options.javascript else None,
        SOCIAL if options.social else None,
        SIGN_IN if options.sign_in else None,
        READ_MORE if options.read_more else None,
        BYLINES if options.bylines else None,
        SHORTCODES if options.shortcodes else None,
        SCRIPT_MESSAGES if options.script_messages else None,
        ICONS if options.icons else None,
        CODE_BUTTONS if options.code_buttons else None,
        CITATION_MARKS[options.citation_marks] if options.citation_marks else None,
    ]
    rules = [rule for rule in chosen if rule]
    return Rules(rules, LineFinder([rule.wanted for rule in rules]))


def _dropping(is_bad: Callable[[str], object]) -> Callable[[str], tuple[str, int]]:
    return lambda line: ("", 0) if is_bad(line) else (line, 0)


C4_POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
"""From tensorflow/datasets `text/c4_utils.py`; matched anywhere in a line, ignoring case."""

POLICY = {
    "precise": LineRule(
        Reason.POLICY,
        Phrases(policy_lines.PHRASES, policy_lines.MAX_BYTES),
        _dropping(policy_lines.is_policy_line),
    ),
    "c4": LineRule(Reason.POLICY, Phrases(C4_POLICY), _dropping(bool)),
}

_SCRIPT_ENGLISH = re.compile(
    r"\b(?:enable|activate|turn(?:ed)? on|allow|switch on|without|requires?|need|needs|have) java ?script\b"
    r"|\bjava ?script (?:(?:is|was|be|seems?|appears?|has|must|needs?|should|not|to|been|currently) )*"
    r"(?:enabled|disabled|required|turned off|turned on|activated|blocked|not supported)\b",
    re.IGNORECASE,
)
_SCRIPT_ADDRESSED = re.compile(
    r"\b(?:please|sorry|you (?:must|need|have)|your (?:web |internet )?browser|your settings"
    r"|(?:this|our) (?:web ?site|site|page|app|form|video|feature|content|blog)"
    r"|to (?:use|view|see|continue|comment)|robot|player|properly"
    r"|javascript is (?:disabled|required|turned off|not enabled))\b",
    re.IGNORECASE,
)
_SCRIPT_CHINESE = re.compile(
    r"(?:请|請|需要?|必须|必須|您).{0,16}(?:启用|啟用|开启|開啟|打开|打開|允许|允許|支持|支援).{0,12}java ?script"
    r"(?=\W|[以后後来來再才功的]|支持|支援|$)(?!\s?(?:的?(?:控制台|代码|代碼|文件|引擎|调试|语言)))"
    r"|java ?script.{0,12}(?:被禁用|已禁用|未启用|未啟用|没有启用|已关闭|已停用|被关闭|無法使用|停用)"
    r"|(?:您|你|浏览器|瀏覽器).{0,20}(?:禁用|关闭|停用|不支持|不支援)了?.{0,6}java ?script"
    r"|^\W{0,3}(?:抱歉|对不起|很抱歉|提示)?\W{0,2}(?:您|你)(?:正在|目前|当前|現在)?(?:使用)?的?(?:ie)?(?:浏览器|瀏覽器)"
    r".{0,10}(?:不支持|不支援|版本(?:过低|过旧|太低|較舊|过于陈旧)|已过时)"
    r"|(?:您|你)的(?:ie)?(?:浏览器)?版本(?:过低|即将过期|太低)",
    re.IGNORECASE,
)


def _is_script_warning(line: str) -> bool:
    if _SCRIPT_CHINESE.search(line):
        return len(line) <= 120
    return len(line) <= 240 and bool(_SCRIPT_ENGLISH.search(line) and _SCRIPT_ADDRESSED.search(line))


JAVASCRIPT = {
    "precise": LineRule(
        Reason.JAVASCRIPT,
        Phrases(("javascript", "java script", "浏览器", "瀏覽器", "版本过低", "版本即将过期"), 480),
        _dropping(_is_script_warning),
    ),
    "c4": LineRule("javascript", Phrases(("javascript",)), _dropping(bool)),  # tensorflow/datasets `text/c4_utils.py`
}

# "3 likes" is a line edit of RefinedWeb (Penedo et al. 2023, appendix G.2) and DCLM; the Chinese ones are ours.
_NUMBER = r"\d[\d,.]{0,11}\s?(?:k|m|b|w|万|萬|亿|億)?\+?"
_COUNTED_EN = (
    r"(?:likes?|shares?|comments?|retweets?|reposts?|bookmarks?|upvotes?|downvotes?|downloads?|views?"
    r"|followers?|following|replies|reply|claps?|reactions?|subscribers?|posts?)"
)
_COUNTED_ZH = (
    r"(?:阅读|閱讀|浏览|瀏覽|点击|點擊|评论|評論|点赞|點讚|赞|讚|转发|轉發|收藏|分享|回复|回覆"
    r"|人气|人氣|热度|熱度|播放|围观|查看)"
)
_TOKEN = re.compile(
    rf"(?P<count>{_NUMBER}\s?{_COUNTED_EN}\b|\b{_COUNTED_EN}\s?(?:[:：]\s?|[(（]\s?){_NUMBER}[)）]?"
    rf"|{_COUNTED_ZH}(?:量|数|數|次数|次數|率|人数)?\s?(?:[:：]\s?|[(（\[]\s?)?{_NUMBER}(?:次|人|条|條)?[)）\]]?"
    rf"|{_NUMBER}(?:次|人|条|條|个|個)?{_COUNTED_ZH}(?![\u4e00-\u9fff]))"
    r"|(?P<share>(?:一键)?分享(?:本文|文章)?(?:到|至|给)\s?[:：]?|分享至好友和朋友圈|(?:我要)?(?:分享|点赞|點讚|收藏|转发|轉發)(?:本站|本页|本文)?(?![\u4e00-\u9fff])"
    r"|加入收藏(?:夹)?|设为首页|設為首頁"
    r"|\bshare (?:this(?: (?:article|post|story|page|on))?|on|to|via)\b[:：]?|\bshare\b[:：]?|\btweet\b|\bpin it\b)"
    r"|(?P<with>\b(?:facebook|twitter|x|linkedin|pinterest|reddit|whatsapp|telegram|tumblr|weibo|qq)\b"
    r"|\b(?:email|print|copy link)\b"
    r"|(?:新浪|腾讯|騰訊|人人|开心)?(?:微博|微信|朋友圈|空间|空間)|人人网|豆瓣|开心网|好友|0)"
    r"|(?P<date>(?:19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s\d{1,2}:\d\d(?::\d\d)?)?)"
    r"|(?P<gap>[\s|·•,，、/\-–>:：()（）]+)",
    re.IGNORECASE,
)


def _is_social_line(line: str) -> bool:
    """Whether a line consists only of counters and share buttons, at least one of them unmistakable."""
    if len(line) > 80:
        return False
    place = 0
    kinds = set()
    while place < len(line):
        match = _TOKEN.match(line, place)
        if not match:
            return False
        kinds.add(match.lastgroup)
        place = match.end()
    return "count" in kinds or "share" in kinds


SOCIAL = LineRule(
    Reason.SOCIAL,
    Phrases(
        (
            *("like", "share", "comment", "tweet", "repost", "bookmark", "vote", "download", "view", "follow"),
            *("repl", "clap", "reaction", "subscriber", "posts", "pin it", "阅读", "閱讀", "浏览", "瀏覽", "点击"),
            *(
                "點擊",
                "评论",
                "評論",
                "赞",
                "讚",
                "转发",
                "轉發",
                "收藏",
                "分享",
                "回复",
                "回覆",
                "人气",
                "人氣",
                "热度",
            ),
            *("熱度", "播放", "围观", "查看", "首页", "首頁"),
        ),
        SHORT_BYTES,
    ),
    _dropping(_is_social_line),
)

# DCLM removes a leading "Sign-in" from lines of at most ten words; here the whole line must be such an invitation.
_SIGN_IN = re.compile(
    r"\W*(?:please |you (?:must|need to) (?:be )?)?(?:sign|signed|log|logged)[ -]?in(?: or | / | \| |/)?"
    r"(?:register|sign[ -]?up|join|create an account)?"
    r"(?: (?:to|and) (?:(?:post|leave|add|write|view|read|see|continue|comment|reply|vote|follow|like"
    r"|join|your|a|the|this|comments?|replies|reading|discussion|conversation|account|my)\b ?){1,5})?\W*"
    r"|\W*(?:您|你)?(?:还没有|尚未|需要|必须|请|請)?(?:先)?(?:登录|登錄|登入|登陆)(?:后|後|之后|以后|才能|才可以|即可|方可|再|可|并|來|来)*"
    r"(?:发表|發表|进行|参与|查看|添加)?(?:评论|評論|回复|回覆|留言|发言|發言|更多|内容|下载|收藏)?\W*"
    r"|\W*(?:登录|登錄|登入|登陆)\s?(?:[|/·]|或|或者)?\s?(?:免费|立即)?(?:注册|註冊)(?:账号|帐号)?\W*",
    re.IGNORECASE,
)
SIGN_IN = LineRule(
    Reason.SIGN_IN,
    Phrases(
        ("sign in", "sign-in", "signed in", "log in", "log-in", "logged in", "登录", "登錄", "登入", "登陆"),
        SHORT_BYTES,
    ),
    _dropping(_SIGN_IN.fullmatch),
)

# "Read more..." at the end of a line is a line edit of DCLM, which asks for at most ten words and cuts only the words.
# Here it must be the whole line, or follow the end of a sentence or an ellipsis.
_MORE = (
    r"(?:\(|\[|【|（)?"
    r"(?:read more|continue reading|read the full (?:story|article)|show more|view more|see more|load more"
    r"|(?:点击|點擊|点此)?(?:查看|阅读|閱讀|显示|顯示|加载)(?:更多|全文|全部|详情|詳情|详细|原文)|(?:展开|展開)(?:全文|全部|更多|阅读))"
    r"(?:\)|\]|】|）)?[\s.…>»›→＞]*"
)
_MORE_ALONE = re.compile(rf"[•\s·<«\[]*(?:{_MORE}|更多|more)[\s.…>»›→＞+\]]*", re.IGNORECASE)
_MORE_AT_END = re.compile(rf"(?<=[.…。！？!?」”])\s?{_MORE}$", re.IGNORECASE)


def _without_more(line: str) -> tuple[str, int]:
    if _MORE_ALONE.fullmatch(line):
        return "", 0
    match = _MORE_AT_END.search(line)
    return (line[: match.start()].rstrip(), 1) if match else (line, 0)


READ_MORE = LineRule(
    Reason.READ_MORE,
    Phrases(
        (
            *("read more", "continue reading", "read the full", "show more", "view more", "see more", "load more"),
            *("更多", "全文", "展开", "展開", "详情", "詳情", "原文", "查看全部", "显示全部", "详细"),
        )
    ),
    _without_more,
)

BYLINES = LineRule(Reason.BYLINES, Phrases((*byline_rule.PHRASES, *byline_rule.LENGTHS)), byline_rule.without_byline)
SHORTCODES = LineRule(Reason.SHORTCODES, Phrases(remains_rules.SHORTCODE_PHRASES), remains_rules.without_shortcodes)
SCRIPT_MESSAGES = LineRule(
    Reason.SCRIPT_MESSAGES,
    Phrases(remains_rules.MESSAGE_PHRASES, remains_rules.MAX_MESSAGE_BYTES),
    _dropping(remains_rules.is_script_message),
)
ICONS = LineRule(
    Reason.ICONS,
    Phrases(remains_rules.ICON_PHRASES, SHORT_BYTES),
    remains_rules.without_icons,
    remains_rules.is_icon_word,
)
CODE_BUTTONS = LineRule(
    Reason.CODE_BUTTONS,
    Phrases(remains_rules.COPY_PHRASES, remains_rules.MAX_COPY_BYTES),
    remains_rules.without_copy_button,
    remains_rules.is_copy_word,
)

_NUMBERS = r"(?:\[\d{1,3}(?:\s?[,，、–]\s?\d{1,3}){0,4}\]){1,12}"
_AFTER = r"(?=$|[\s\[,，。、；：！？;:!?）」”》\u4e00-\u9fff]|\.(?:\s|$|\[)|\)(?:\s|$|[。，,.]))"
_EDIT_LINKS = (
    r"edit ?(?:\||·|/) ?(?:edit )?(?:source|beta|this section)|edit source|编辑本段|編輯本段"
    # Wikipedia's links for editing a section, in larger languages
    r"|(?:editar|modificar|modifica|modifier|bearbeiten|bewerken|redigera|rediger|muokkaa|edytuj|upravit|upraviť|править|ред\."
    r"|sửa|değiştir|sunting|szerkesztés|modificare|編集|편집|ویرایش|عدل|עריכה)"
    r"(?: ?(?:\||·) ?[^\[\]|·]{2,30})?"
)
_ENCYCLOPAEDIA_LINK = re.compile(r"\s?(?:编辑播报|播报编辑|编辑 ?播报|播报 ?编辑|编辑本段)$")
"""Baidu Baike's links after headings."""
_CITATION = re.compile(
    # all of them begin like this, which is found sooner
    r"(?=\s?\[)(?:"
    # directly after Han, kana or a clause end: can only be a citation, unless the sentence refers to the source
    rf"(?:(?<=[\u3040-\u30ff\u4e00-\u9fff。，、；：！？）』”》.,;!?’])|(?<=[.,!?][\"”)]))"
    rf"(?<![见見照据據献獻如在由对對和与與是看列考第以从從款码組组引素每共且页頁]){_NUMBERS}{_AFTER}"
    # directly after an English word in prose
    rf"|(?<=[a-z]{{3}}){_NUMBERS}(?=\s[A-Za-z(“\"]|[.,;:](?:\s|$))"
    r"|\s?\[(?:edit|citation needed|clarification needed|dubious|who\?|when\?|where\?|which\?|by whom\?"
    r"|according to whom\?|verification needed|dead link|failed verification|page needed"
    r"|better source needed|not in citation given"
    r"|(?:note|nb|n) \d{1,2}|编辑|編輯|编辑源代码|編輯原始碼|编辑 ?\| ?编辑源代码|来源请求|來源請求|需要引用|可疑"
    r"|(?:注|註|来源|參考|参) ?\d{1,2}|谁？|誰？|何时？|何時？|哪个／哪些？|哪個／哪些？|原創研究？|原创研究？)\]"
    rf"|\s?\[(?:{_EDIT_LINKS})\])",
    re.IGNORECASE,
)
_NOT_PROSE = re.compile(  # code, and the numbered sections of manual pages
    r"[={}]|\);|->|::|\]\.\w|\]\)\)|^ {2}|\w\(\w*\[|\bprint\b|-\w+\[[1-8]\]|\b(?:[Ss]ee|the) [a-z]+\[[1-8]\]"
)
MIN_CITING_CHARS = 15
"""Shorter lines with a number in brackets are menu entries with counts: 图标[28]."""
MAX_HEADING_CHARS = 40
_C4_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")


def _without_citations(line: str) -> tuple[str, int]:
    if len(line) <= MAX_HEADING_CHARS and (match := _ENCYCLOPAEDIA_LINK.search(line)):
        return line[: match.start()], 1
    if _NOT_PROSE.search(line):
        return line, 0
    return _CITATION.subn(lambda m: m[0] if m[0][1].isdigit() and len(line) < MIN_CITING_CHARS else "", line)


CITATION_MARKS = {
    "precise": LineRule(
        Reason.CITATION_MARKS,
        Phrases(
            (
                *(f"[{digit}" for digit in range(1, 10)),
                *(
                    "[edit",
                    "[citation",
                    "[clarif",
                    "[dubious",
                    "[who",
                    "[when",
                    "[where",
                    "[which",
                    "[by whom",
                    "[accord",
                ),
                *("[verif", "[dead", "[failed", "[page", "[better", "[not in", "[n", "[编", "[編", "[来", "[來", "[需"),
                *(
                    "[modif",
                    "[bearb",
                    "[bewerk",
                    "[redig",
                    "[muokk",
                    "[edytuj",
                    "[uprav",
                    "[прав",
                    "[ред",
                    "[sửa",
                    "[değiş",
                ),
                *("[sunting", "[szerk", "[編", "[편", "[ویر", "[عدل", "[עריכה", "编辑播报", "播报编辑", "编辑本段"),
                *("编辑 播报", "播报 编辑", "[可", "[注", "[註", "[參", "[参", "[谁", "[誰", "[何", "[哪", "[原"),
            )
        ),
        _without_citations,
    ),
    # tensorflow/datasets `text/c4_utils.py`; datatrove has the same
    "c4": LineRule(Reason.CITATION_MARKS, Phrases(("[",)), lambda line: _C4_CITATION.subn("", line)),
}
