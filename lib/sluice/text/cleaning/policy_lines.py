"""Detection of lines about copyright, privacy, cookies and terms at the foot of pages, in English and Chinese.

C4 removes every line with one of its phrases, including text *about* privacy or terms. Here a line must be short and
consist of such phrases (an owner's notice, a consent, a registration number, a row of legal links), or begin with a
prescribed sentence.
Patterns are ours, based on what extraction leaves behind.
"""

import re

PHRASES = (
    *(
        "privacy",
        "cookie",
        "terms of",
        "terms and",
        "terms &",
        "rights reserv",
        "right reserv",
        "copyright",
        "©",
        "(c)",
    ),
    *("disclaimer", "legal notice", "recaptcha", "icp", "网安备", "版权", "版權", "隐私", "隱私", "条款", "條款"),
    *("声明", "聲明", "申明", "协议", "協議", "未经", "未經", "转载", "轉載", "著作权", "著作權"),
    *("on a device", "on your device", "geolocation", "location data", "to consent", "will apply to this"),
    *("设备上的", "設備上的", "裝置上的"),
)
MAX_BYTES = 1500
"""Longer lines are not examined."""
MAX_CHARS = 220
"""Maximum length of a line, except of prescribed sentences."""
MAX_CHARS_BEFORE = 80
"""A notice that starts later than this ends something else: a paragraph, or the excerpt of another page."""

_SEPARATOR = re.compile(r"[|·•┊丨｜／>»]|\s[-–—/*]\s|\s{2,}")
_LEGAL_LINK = re.compile(
    r"(?:(?:our|the|view|read|see) )?(?:website |site |your )?"
    r"(?:privacy|cookies?|legal|copyright|data protection|terms)"
    r"(?: (?:of (?:use|service|sale)|conditions|policy|policies|notices?|statement|settings|preferences|information))*"
    r"|disclaimer|terms (?:and|&) conditions|conditions of use|do not sell my (?:personal )?info(?:rmation)?"
    r"|(?:terms of (?:use|service)|terms|privacy)(?: policy)?,? (?:and|&) (?:privacy|cookies?|terms)"
    r"(?: (?:policy|of (?:use|service)))?"
    r"|(?:网站|網站|本站|用户|用戶|会员|會員|查看)?(?:隐私|隱私|法律|版权|版權|免责|免責|使用|服务|服務|著作权|著作權)"
    r"(?:权|權|保护|保護|与|與|和|及|安全|商标|商標)*(?:政策|声明|聲明|申明|条款|條款|协议|協議|策略|隐私权|隱私權)"
    r"|保护隐私权|隐私保护|隱私保護|隐私权|隱私權|(?:用户|用戶)(?:协议|協議)|cookies?(?:政策|声明|聲明|设置|設定)",
    re.IGNORECASE,
)
_PLAIN_LINK = re.compile(r"[A-Za-z][A-Za-z' ]{1,24}|[\u4e00-\u9fff]{2,8}|RSS|FAQ|©[\w .-]{0,30}", re.IGNORECASE)
_ALONE = re.compile(  # a link that cannot be an article heading when alone on its line
    r"(?:privacy|cookie) (?:policy|notice|statement|settings|preferences)|terms of (?:use|service)|legal notice"
    r"|terms (?:and|&) conditions|terms of (?:use|service) (?:and|&) privacy policy"
    r"|privacy policy (?:and|&) terms of (?:use|service)"
    r"|(?:网站|網站)?(?:隐私|隱私)(?:权|權)?(?:政策|声明|聲明|条款|條款)"
    r"|(?:网站|網站)?(?:服务|服務|使用)(?:条款|條款)|(?:网站|網站)?(?:免责|免責)(?:声明|聲明|条款|條款)",
    re.IGNORECASE,
)

_OWNER = (
    r"all rights? reserv?ed\b",
    r"^\W{0,4}(?:copyright|©|\(c\))[\W_]{0,12}(?:by )?(?:19|20)\d\d\b[^\"“”]{0,120}$",
    r"^\W{0,4}copyright[\W_]{0,3}(?:©|\(c\)|®)[^\"“”]{0,120}$",
    r"^\W{0,4}©\s?[A-Z][\w .,&'-]{1,60}$",
    r"(?:^|[\s\w)）|])(?:版权|版權)所有(?![者人权權])(?:$|[\s:：,，.。;；©@|!！(（/、\-–—]|[\u4e00-\u9fff]{2,20}(?:公司|网|站|社|$))",
)
_REGISTRATION = (
    r"[\u4e00-\u9fffA-Z]ICP(?:备|備|证|證)(?:案)?(?:字第?)?\s?[A-Z0-9]{1,3}[\dlO-]{4,}",
    r"ICP\s?(?:备案|備案|经营许可|许可)?(?:证书|证)?(?:编?号码?)?\s?[:：]\s?[\u4e00-\u9fff]?(?:ICP)?[\w\u4e00-\u9fff-]{6,}",
    r"公网安备\s?(?:案证字第?)?:?\s?\d{6,}",
)
_CONSENT = (
    r"\b(?:we|this (?:web)?site|(?:our|the) (?:web)?site|this (?:page|app|blog)|[\w-]+\.(?:com|org|net|uk|eu))"
    r" (?:and our (?:\w+ )?partners )?(?:may |also )?uses? (?:[\w/-]+ ){0,3}cookies\b",
    r"^(?:by|if you) (?:us|click|continu|brows|visit|access|clos|subscrib|submitt|regist|creat|enter|logging|proceed"
    r"|sign(?:ing)? (?:up|in)|complet|check|join|provid|post|scroll)"
    r".{2,120}?\b(?:you|i) (?:\w+ ){0,2}(?:agree|accept|consent|acknowledge)\b"
    r".*\b(?:cookies?|privacy|terms)\b",
    r"^(?:accept|reject|allow|manage|decline) (?:all )?(?:optional )?cookies?\W{0,2}$",
    r"\bsite is protected by recaptcha\b",
    r"(?:本站|本網站|本网站|我们|我們)(?:会|會|将|將)?使用\s?(?:了)?\s?cookie",
    r"(?:继续|繼續)(?:浏览|瀏覽|使用).{0,12}(?:同意|接受).{0,20}cookie",
    r"^(?:接受|拒绝|拒絕|同意)(?:所有|全部)?\s?cookies?\W{0,2}$",
)
_REPRODUCTION = (
    r"^.{0,40}未[经經][^。；]{2,20}?[,，\s]*(?:任何[^。；]{0,12})?(?:不得|禁止|严禁|嚴禁|请勿|請勿|谢绝|謝絕)[^。；]{0,14}"
    r"(?:转载|轉載|镜像|鏡像|摘编).{0,40}$",
    r"^.{0,40}(?:转载|轉載)(?:时)?(?:请|請|须|須|务必).{0,8}(?:注明|註明|标明|保留).{0,20}$",
)
_STANDARD_CONSENT = re.compile(
    r"^we(?: and our (?:\d[\d,]* )?(?:\w+ )?partners)?,? (?:\w+ )?(?:store|access|save|process)(?: and(?:/or)?| or)?"
    r"(?: access| store)? information on (?:a|your) device"
    r"|^with your (?:permission|consent),? we(?: and our (?:\d[\d,]* )?partners)? (?:may |would like to )?"
    r"(?:also )?use precise (?:geo)?location data"
    r"|^you may click to consent to (?:our|the) |^alternatively,? you may (?:click to refuse to consent|access more)"
    r"|^your (?:choices|preferences) will apply to this (?:web)?site only"
    r"|^please note that some processing of your personal data may not require your consent"
    r"|^we (?:value|care about|respect) your privacy\W*$"
    r"|^我们(?:和|与|及)(?:我们的|其)?\s?(?:\d+\s?(?:个|家|名)?)?合作伙伴.{0,20}(?:存储|访问).{0,12}设备上的"
    r"|^我們(?:和|與|及)(?:我們的|其)?\s?(?:\d+\s?(?:個|家|名)?)?合作(?:夥伴|伙伴).{0,20}(?:儲存|存取).{0,12}(?:裝置|設備)上的"
    r"|^(?:我们|我們)(?:重视|重視|尊重)(?:您|你)的(?:隐私|隱私)(?:权|權)?\W*$",
    re.IGNORECASE,
)
"""Beginnings of the sentences that the Transparency and Consent Framework of IAB Europe prescribes. No article begins a
paragraph with one, so that these may be long."""
_DISCLAIMER = re.compile(
    r"^\W{0,3}(?:免责|免責|版权|版權|法律|郑重|特别|本站)(?:声明|聲明|申明)\s?[:：].*"
    r"(?:本[站网網]|侵权|侵犯|版权|版權|[\u4e00-\u9fff]{2,6}[网網](?![络絡]))"
    r"|^\W{0,3}(?:声明|聲明)\s?[:：].{0,20}(?:本[站网網]|本平台)"
)
_NOTICE = re.compile("|".join(f"(?:{p})" for p in (*_OWNER, *_REGISTRATION, *_CONSENT, *_REPRODUCTION)), re.IGNORECASE)
_SENTENCE_END = re.compile(r"[。！？]|[a-z][.!?] [A-Z]")
_QUOTED = re.compile(r"[“「『\"‘《][^”」』\"’》]{0,20}(?:版权|版權|隐私|隱私|copyright|rights|cookie)", re.IGNORECASE)


def is_policy_line(line: str) -> bool:
    """Whether a line is a notice or a row of legal links, rather than a sentence about them.

    >>> is_policy_line("京ICP备14019735-2号"), is_policy_line("他认为隐私政策应当写得更清楚。")
    (True, False)
    """
    if _STANDARD_CONSENT.search(line):
        return True
    if len(line) > MAX_CHARS:
        return False
    if notice := _NOTICE.search(line):
        is_first = notice.start() <= MAX_CHARS_BEFORE
        return is_first and len(_SENTENCE_END.findall(line)) <= 3 and not _QUOTED.search(line)
    return bool(_DISCLAIMER.search(line)) or _is_legal_menu(line)


def _is_legal_menu(line: str) -> bool:
    """Whether a line consists of links, at least one of them legal, or of one unmistakable link."""
    parts = [part.strip(" \t·•>-–") for part in _SEPARATOR.split(line)]
    parts = [part for part in parts if part]
    if len(parts) == 1:
        return bool(_ALONE.fullmatch(parts[0]))
    legal = sum(bool(_LEGAL_LINK.fullmatch(part)) for part in parts)
    return legal > 0 and all(_LEGAL_LINK.fullmatch(p) or _PLAIN_LINK.fullmatch(p) for p in parts)
