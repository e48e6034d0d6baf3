"""Finders of data that only a label identifies: QQ numbers, WeChat ids, names of persons, private postal addresses.

Each needs strong evidence, because a wrong mask destroys a fact. A QQ number is digits directly after QQ. A WeChat id
is what such an id may be, directly after 微信 and a separator. A name is a Chinese surname with one or two characters
directly after a label. 收件人, 联系人 and similar words name private persons or employees; 姓名 also introduces
articles about historic persons, and counts only with other personal data next to it. An address is masked after labels
of private addresses (住址, 收货地址), or after 地址 next to a recipient's name. Addresses of companies, authorities and
schools are public knowledge that a model should learn, and are kept. Definitions are ours.
"""

import re

from sluice.text.cleaning.number_run import FOLD, Spans
from sluice.text.cleaning.person_names import is_name
from sluice.text.cleaning.phrase_finder import Phrases

QQ, WECHAT, NAME, ADDRESS = "qq", "wechat", "name", "address"
KINDS = (QQ, WECHAT, NAME, ADDRESS)

WANTED = {
    QQ: Phrases(("qq", "q q", "ＱＱ", "扣扣", "企鹅号", "企鹅:", "企鹅：")),
    WECHAT: Phrases(
        ("微信", "wechat", "weixin", "wxid", "v信", "vx", "wx", "薇信", "威信", "徽信", "加微", "加薇", "加v")
    ),
    NAME: Phrases(
        (
            "联系人",
            "聯絡人",
            "聯繫人",
            "收件人",
            "收货人",
            "收貨人",
            "寄件人",
            "姓名",
            "持卡人",
            "开户人",
            "户名",
            "戶名",
        )
    ),
    ADDRESS: Phrases(("住址", "地址", "户口所在地")),
}
"""Phrases of lines in which each kind may occur."""

MAX_CHARS = 100
"""Characters from a label in which an account is looked for."""
MIN_GLUED = 8
"""Digits of a QQ number that follows the word directly. With less, they are a version."""
MIN_ADDRESS = 6

_QQ_LABEL = re.compile("[qQｑＱ] ?[qQｑＱ]|扣扣|企鹅")
_QQ = re.compile(
    r"(?<![A-Za-z0-9_./-])(?:q ?q|扣扣|企鹅号?)"
    r"(?P<word> ?(?:(?:交流|技术|用户|官方|讨论|粉丝|企业|购车|客服|在线|咨询|联系|服务|售[前后]|业务|商务|合作|投稿)?"
    r"(?:群号?|号码?|號碼?|咨询|客服|帐号|账号)?)"
    r"(?: ?[一二三四五1-9](?= ?[:(]))?)"
    r"(?P<mark> ?[:：=是为為]? {0,3})[(（【]?"
    r"(?P<number>[1-9]\d{4,10})(?!\d|[.-]?[A-Za-z@]|\.\d|[,，]\d{3}(?!\d)|[-/年]\d)",
    re.IGNORECASE,
)
_QQ_MORE = re.compile(r" ?[、/,，;；或和 ] {0,3}(?P<number>[1-9]\d{5,10})(?!\d|[.-]?[A-Za-z@]|\.\d|[-/年]\d)")
_COUNTED = re.compile(r" ?(?:人|个|個|次|元|万|亿|名|位|版|年|月|级|分钟|天)")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:19|20)\d{3}")

_WECHAT_LABEL = re.compile(
    "[微薇威徽] ?信|[vVｖＶ]信|加(?:我)?[微薇vVｖＶ]|(?:(?<=[^A-Za-z0-9_])|(?<![\\s\\S]))"
    "(?:[vwVW][xX]|[wW][eE](?:[cC][hH][aA][tT]|[iI][xX][iI][nN]))"
)
_WECHAT = re.compile(
    r"(?<![A-Za-z0-9_])(?:(?P<sure>(?:微信|薇信|威信|徽信|v信|vx|wx|wechat|weixin)"
    r"(?: ?(?:号码?|號|id|账号|帐号|no\.?|number)))"
    r"|(?P<likely>v信|vx|wx|薇信|徽信|加(?:我)?[微薇v]信?)|(?P<word>微信|威信|wechat|weixin)(?:客服|同号|咨询)?)"
    r" ?(?P<mark>[:：=是为為]?) {0,3}[(（【]?"
    r"(?P<id>[A-Za-z][-_A-Za-z0-9]{5,19}|[1-9]\d{5,10})(?![-_A-Za-z0-9@]|\.[A-Za-z0-9])",
    re.IGNORECASE,
)
_WXID = re.compile(r"(?P<id>wxid_[A-Za-z0-9]{8,20})(?![A-Za-z0-9_])")
_NO_ID = re.compile(
    r"(?:wechat|weixin|android|iphone|ipad|windows|official|account|public|service|download|scan|mini[-_]?program|https?|www"
    r"|login|share|moments|payment|group|qrcode)",
    re.IGNORECASE,
)

_NAME_LABEL = re.compile(
    r"(?P<own>收件人|收货人|收貨人|寄件人|持卡人|开户人|联系人|聯絡人|聯繫人)(?:姓名)?|(?P<other>姓名|户名|戶名)"
)
_COLON = re.compile(r" {0,2}[:：] {0,4}")
_HAN = re.compile(r"[\u4e00-\u9fff]{2,12}")
_AFTER_NAME = re.compile(
    r"(?:$|[^\u4e00-\u9fff]|先生|女士|小姐|经理|經理|老师|老師|主任|总监|電話|电话|手机|手機|联系|聯絡|地址|住址|性别|性別|邮|郵|微信|身份|年龄|年齡|收|男|女)"
)
_PERSONAL = re.compile(
    r"电话|電話|手机|手機|身份证|身分證|身份證|qq|微信|邮箱|郵箱|e-?mail|@|住址|家庭|联系方式|聯絡方式|地址|学号|工号|银行|卡号|1[3-9]\d{9}",
    re.IGNORECASE,
)
NEAR_CHARS = 120
"""Distance within which other personal data confirms a name or an address."""

_PRIVATE_ADDRESS = re.compile(
    r"(?:(?:家庭|居住|户籍|戶籍|收件|收货|收貨|寄件|邮寄|郵寄|送货|送貨|通讯|通訊|通信)地址|户口所在地"
    r"|住址|(?P<plain>地址))"
    r" {0,2}[:：] {0,4}(?P<address>[^\n。；;！!？?：:<>]{5,70})"
)
_RECIPIENT = re.compile(r"收件人|收货人|收貨人|寄件人|姓名")
_END_OF_ADDRESS = re.compile(
    r"[ ,，]{0,3}(?:邮编|郵編|邮政编码|郵遞區號|电话|電話|手机|手機|联系|聯絡|收件人|收货人|姓名"
    r"|qq|微信|邮箱|传真|網址|网址|备注|性别|身份|\d{6}(?!\d)(?! ?号))"
    r"| {3,}|\t|\||[,，](?![^,，。；\n]{0,30}[0-9０-９号號室楼樓栋棟])",
    re.IGNORECASE,
)
_AREA = re.compile(r"[省市区區县縣镇鎮乡鄉州盟旗村]")
_HOUSE = re.compile(
    r"[村路街道巷弄里段号號室栋棟幢楼樓层層组組屯]|单元|單元|小区|小區|花园|花園|新村|公寓|家园|宿舍|\d"
)
_PUBLIC = re.compile(
    r"公司|集团|集團|工厂|工廠|厂$|廠$|工业|工業|园区|園區|产业园|科技园|大厦|大廈|写字楼|广场|廣場|商场|商城|市场|酒店|宾馆|医院|醫院|学校|學校"
    r"|大学|大學|学院|學院|中学|小学|银行|法院|委员会|委員會|政府|局|中心|协会|研究|杂志|编辑部|车站|机场|博物馆|图书馆|信箱|www|http|@"
)


def find_contacts(kind: str, text: str, start: int, end: int) -> Spans:
    """Yields start and end of the data of one kind in text[start:end], a line. The text around it may confirm it."""
    finder = {QQ: _find_qq, WECHAT: _find_wechat, NAME: _find_names, ADDRESS: _find_addresses}[kind]
    yield from finder(text, start, end)


def _find_qq(text: str, start: int, end: int) -> Spans:
    done = start
    for label in _QQ_LABEL.finditer(text, start, end):
        if label.start() < done:
            continue
        base = max(start, label.start() - 1)
        part = text[base : min(end, label.start() + MAX_CHARS)].translate(FOLD)
        match = _QQ.match(part, label.start() - base)
        if not match or not _is_qq_number(match):
            continue
        number: re.Match[str] | None = match
        while number and not _COUNTED.match(part, number.end()):
            done = base + number.end()
            yield base + number.start("number"), done
            number = _QQ_MORE.match(part, number.end())


def _is_qq_number(match: re.Match[str]) -> bool:
    """Whether digits after QQ are a number: QQ2016 and QQ20161011 are programs and dates."""
    number = match["number"]
    if match["mark"].strip() or match["word"].strip():
        return not _DATE.fullmatch(number)
    return len(number) >= MIN_GLUED and not _DATE.match(number)


def _find_wechat(text: str, start: int, end: int) -> Spans:
    for label in _WECHAT_LABEL.finditer(text, start, end):
        base = max(start, label.start() - 1)
        part = text[base : min(end, label.start() + MAX_CHARS)].translate(FOLD)
        match = _WXID.match(part, label.start() - base) or _WECHAT.match(part, label.start() - base)
        if match and _is_wechat_id(match) and not _COUNTED.match(part, match.end()):
            yield base + match.start("id"), base + match.end("id")


def _is_wechat_id(match: re.Match[str]) -> bool:
    """Whether what follows a label is an id: after a plain 微信 or WeChat, a word of letters is only one in Chinese."""
    name = match["id"]
    if match.re is _WXID:
        return True
    if _NO_ID.match(name):
        return False
    if match["sure"]:
        return True
    if match["likely"] and not match["mark"]:
        return match["likely"][0] == "加" and not name.isalpha() and not name.isdigit()
    word = (match["word"] or "").lower()
    return bool(match["mark"]) and (not word or not name.isalpha() or (name.islower() and word in ("微信", "威信")))


def _find_names(text: str, start: int, end: int) -> Spans:
    for label in _NAME_LABEL.finditer(text, start, end):
        colon = _COLON.match(text, label.end(), end)
        han = _HAN.match(text, colon.end(), end) if colon else None
        if not han or (label["other"] and not _has_personal_data(text, label.start(), han.end())):
            continue
        for length in (4, 3, 2):
            last = han.start() + length
            if last <= han.end() and is_name(text[han.start() : last]) and _AFTER_NAME.match(text, last, end):
                yield han.start(), last
                break


def _has_personal_data(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - NEAR_CHARS) : start], text[end : end + NEAR_CHARS]
    return any(_PERSONAL.search(part) for part in around)


def _find_addresses(text: str, start: int, end: int) -> Spans:
    for match in _PRIVATE_ADDRESS.finditer(text, start, end):
        if match["plain"] and not _RECIPIENT.search(text[max(0, match.start() - NEAR_CHARS) : match.start()]):
            continue
        first, last = match.span("address")
        if stop := _END_OF_ADDRESS.search(text, first, last):
            last = stop.start()
        address = text[first:last].rstrip(" ,，、)）")
        if (
            _AREA.search(address)
            and _HOUSE.search(address)
            and len(address) >= MIN_ADDRESS
            and not _PUBLIC.search(address)
        ):
            yield first, first + len(address)
