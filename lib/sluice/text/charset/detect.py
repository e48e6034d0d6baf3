"""Detection of the encoding of a page from its bytes, if the declaration is missing or wrong.

Order of evidence: escape sequences and zero bytes (ISO-2022, HZ, UTF-16); valid UTF-8; how common the characters are
that each East Asian encoding produces from the bytes; for alphabets, resiliparse's statistics (uchardet). Only
passages around bytes above 7F are used, wherever they are: markup and scripts are ASCII and carry no information.
"""

import codecs
import functools
import re
from string import ascii_letters

import numpy as np
import numpy.typing as npt
from resiliparse.parse.encoding import detect_encoding

from sluice.text.charset.webcodecs import codec_for

SAMPLE_BYTES = 2048
"""Number of sampled bytes from passages with bytes above 7F. More would take time without changing the result."""

# A run from a high byte to the next byte that is not part of a character in any multi-byte encoding. Digits are second
# and fourth bytes in GB18030, and every other second byte is 40 or more.
STRETCH = re.compile(rb"[\x80-\xff][0-9@-\xff]*")

LEAST_COMMON = 0.25
"""An East Asian encoding is accepted if at least this share of its characters is common. The correct one reaches 0.55
to 0.95 for running text and 0.4 for short titles; wrong ones, including other alphabets, seldom more than 0.15."""

# The most frequent characters of web text, encyclopedias and the Universal Declaration of Human Rights: two thirds of
# Chinese running text, nine tenths of Korean.
SIMPLIFIED = (
    "的一中大人年在有是网国新为不上下地时生动用小全机家电文公日于行子多作了发手方天会个本和最成之我分站工学后图开业以出美主高西体线品系版游月安来理名合海能可到部乐金车自色物法更件女面视器三心载影通与信度化区长联关市情内南加要"
    "他服经无道戏其务第资场特音专点热入门这城战式说明页球装号类对及平东片产台水官山者果教具前现力里制传神客数世王百播间看士好马应么被正广商进单代首们宝解所性龙频英软星统设费司活州北风同路管包重事克得题助都推位表外尔程保免放论"
    "精过将集光爱也级量二利如赛讯建计亚定火技相头交实万花期而界等起户录语斯卡华员回格就快师布字民当你由流原科提奇十口型记目运港清军源比报模收任闻修直速打元江彩达接次立拉种意备香巴空气超购牌码排书脑击微博限友术社德武云评告问常"
    "使注四络转改至卓老少此查真怎结政身荐或读息五因搜林京破岛红简儿队石标料览米处指白育斗演易强价称并周河端极话节鱼去选列阿玩娱然展权板营灵总黑知店黄太证像基两别防飞剧阳连完杀园魔形汉双已智办院条但声历盘没想略角优绿复男索导章"
    "盟还调阅际卫造福死六食铁罗容浏变测先漫配密整画那向即请古酷共今什坛创陆约艺青兰支言歌越纪消从攻皇职存梦奖房雄带企供财洲些"
)
TRADITIONAL = (
    "的國年在為一中大是人和有於了地以後成時學民不之軍會日主與上政發部西南月行多區北而東斯其到來個世出方及對他家這公自經由法生分用戰最市被作也同代立並要建名動等利海亞文高開教美都本重長爾期內此外統所新位前使因德業力可下過得現共"
    "第機進馬但城稱州至將度三特聯府羅定產間加全當治化元平球拉體電工物入理次面山通克十能王華界權種島事合帝義總制子關相量道原天朝史二灣約兩水數然里議基古著任設者明路院領或省員紀士心系從族式性達語則起正改臺黨隊布車尼金運英阿河如"
    "小各始科展提表比交江四保縣受口星港直場就實蘭組向賽選認接安流土些們台書濟傳萬林首結屬影爭常說計變包已太持洲巴格社資皇形漢少術意司維造際務擊廣決條米帶報居卡更近線歐無蘇視還舉商目管反據派命宗取品導源張納武空即蒙兵程清五陸論"
    "曾石處許解規歷該邦攻支香很別團類校強亦點境鐵較早風福放域又集局括活指易手言收功韓劉列繼除官門字夫仍初再型威京非且網響應奧先普隨沒神獲氣根只轉龍構它宣失果信興令光置今未周衛圖伊質續參殺級連溫回俄修樂題號製率去印完離研九給引"
    "群邊敗央另往積築藝獨觀勢倫委極護百革色增環協圍專聲占塞推示問六記致職投宋織具農究辦例營演模女件劃標每單木存李速復防技段八"
)
HANGUL = (
    "이다는에의을가지로고서하한사대은를기도자리인정으시국수부들스전제라아과어주장해나원했회보적일만공상있선구위문면게그경여조신동것진무권며당교유와통중비연업우화행소년관미등모거개세성명니러계간프영산학노운요치민마현오되트터실"
    "합차체금드말용안분력단내생호결식발역설바할법재방후었표반려건된야격출물않레입데예증받포감작최강북람박승각됐점때파타매두르직종남히없약난심본까음투청급외속던형더또담언질디열불크육피달석든항김추았저배씨능래번울총월코책태황겠"
    "양살령올뒤준린록테근임천함독억날변확처평향련초활토너론측군판앞검특란료규느목온머밝참였편따습버존티런커병패팀환같페품브네졌절견취애술랑베츠별축카벌찰광족필램못키"
)
KANJI = (
    "人権的利自国及有会由社又受対保上事間一合日言地生行全何方見部出要大平用目己他護定際理性力本別作不連進意等場法加宣業分通発思当基制認信域度高重活家尊民並年時者手成公治差中品取世入学立最確求心下産金子女今文享無準売問使関可配"
    "原気体後水色促為義物車好美集限特私決約現和反障来料般非共動界必身少政期味務食同能各所正持実番達撃向解主考報良情開個多渉置引属員語独否完財類資格常月買読安化道位害掲感先話知教組結管厳"
)
KANA = "".join(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC]))

CHARACTERS = {
    "gb18030": SIMPLIFIED + TRADITIONAL,  # traditional text is often encoded in GBK
    "big5hkscs": TRADITIONAL,
    "cp932": KANA + KANJI,
    "euc_jp": KANA + KANJI,
    "cp949": HANGUL,
    "hz": SIMPLIFIED,
}

EAST_ASIAN = ("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949")

# at similar positions in all East Asian encodings, so not evidence for any
NEUTRAL = "\xb7\xd7\xa0—―‘’“”…•‧·￥　、。〈〉《》「」『』【】〔〕〖〗〜・" + "".join(map(chr, range(0xFF01, 0xFF5F)))


# quotes, dashes, no-break space, (c), (r), guillemets, middle dot: the same in all Windows code pages
SIGNS = b"\x82\x84\x85\x86\x87\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x99\x9b\xa0\xa9\xab\xae\xb7\xbb"
_WITHOUT_SIGNS = bytes(0x20 if byte in SIGNS else byte for byte in range(256))
_HIGH = bytes(range(0x80, 0x100))
WORD = re.compile(rb"[\x80-\xff]{2,}")
# їієґ by a letter, in KOI8-U
UKRAINIAN = re.compile(rb"[\xa3-\xff][\xa4\xa6\xa7\xad]|[\xa4\xa6\xa7\xad][\xc0-\xff]")
C1 = re.compile(rb"[\x80-\x84\x86-\x9f]")
"""Printable characters in Windows code pages, control characters in ISO encodings."""

FEW_LETTERS = 5
"""With at most this many letters outside ASCII, the prior decides: nearly all pages that look Latin are
windows-1252."""

LATIN = frozenset(
    "cp1252 cp1250 cp1254 cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-10 iso8859-13 iso8859-14 iso8859-15 "
    "iso8859-16 mac-roman mac-latin2 cp437 cp850 cp852".split()
)
SINGLE_BYTE = LATIN | frozenset(
    "cp1251 koi8-r koi8-u iso8859-5 cp866 cp855 mac-cyrillic iso8859-7 cp1253 iso8859-8 cp1255 cp862 iso8859-6 cp1256 "
    "cp874".split()
)
WINDOWS = {
    "iso8859-3": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-10": "cp1252",
    "iso8859-13": "cp1257",
    "iso8859-14": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-16": "cp1250",
}


def detect(payload: bytes) -> str:
    """Returns the Python codec that most probably encoded these bytes; `utf-8` for plain ASCII."""
    if b"\x00" in payload[:SAMPLE_BYTES] and (codec := _utf16(payload[:SAMPLE_BYTES])):
        return codec
    if payload.isascii():
        return _stateful(payload)
    if is_utf8(payload):
        return "utf-8"
    sample = _sample(payload)
    good, bad = _utf8_characters(sample)
    if good > 10 * bad:
        return "utf-8"
    codec, score = max(((codec, _commonness(sample, codec)) for codec in EAST_ASIAN), key=lambda pair: pair[1])
    if score >= LEAST_COMMON:
        return codec
    return "utf-8" if good > bad else _alphabet(sample, payload)


def is_utf8(payload: bytes) -> bool:
    """Whether the bytes are UTF-8. An incomplete last character of a truncated page is accepted after valid ones."""
    try:
        text, consumed = codecs.utf_8_decode(payload, "strict", False)
    except UnicodeDecodeError:
        return False
    return consumed == len(payload) or not text.isascii()


def _sample(payload: bytes) -> bytes:
    """Returns passages with bytes above 7F from the beginning, separated by spaces."""
    parts: list[bytes] = []
    size = 0
    for match in STRETCH.finditer(payload):
        start, end = match.span()
        parts.append(payload[max(start - 1, 0) : min(end, start + SAMPLE_BYTES)])
        size += len(parts[-1])
        if size >= SAMPLE_BYTES:
            break
    return b" ".join(parts)


def _utf8_characters(sample: bytes) -> tuple[int, int]:
    """Counts multi-byte characters in UTF-8, and invalid sequences."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    n_ascii = len(sample.translate(None, _HIGH))
    return len(text) - n_ascii - bad, bad


def _commonness(sample: bytes, codec: str) -> float:
    """Share of common characters among those that are not ASCII and not neutral. Broken ones count as uncommon.

    A single one next to an ASCII letter counts as uncommon too: that is how an umlaut in a word decodes.
    """
    units = np.frombuffer(sample.decode(codec, "replace").encode("utf-16-le", "surrogatepass"), "<u2")
    kinds = _kinds(codec)[units]
    is_letter = np.concatenate(([False], kinds == LETTER, [False]))
    is_plain = np.concatenate(([True], units < 0x80, [True]))
    is_alone = is_plain[:-2] & is_plain[2:] & (is_letter[:-2] | is_letter[2:])
    total = np.count_nonzero(kinds >= UNCOMMON)
    return float(np.count_nonzero((kinds == COMMON) & ~is_alone) / (total + 2))  # + 2: one hit is no evidence


NOTHING, LETTER, UNCOMMON, COMMON = range(4)


@functools.cache
def _kinds(codec: str) -> npt.NDArray[np.uint8]:
    """Returns the evidence of each UTF-16 unit for a codec."""
    kinds = np.full(1 << 16, UNCOMMON, np.uint8)
    kinds[:0x80] = NOTHING
    for chars, kind in ((NEUTRAL, NOTHING), (ascii_letters, LETTER), (CHARACTERS[codec], COMMON)):
        kinds[[ord(char) for char in chars]] = kind
    return kinds


def _alphabet(sample: bytes, payload: bytes) -> str:
    """Returns the single-byte codec according to resiliparse's statistics, after plausibility checks."""
    letters = sample.translate(_WITHOUT_SIGNS)
    n_high = len(letters) - len(letters.translate(None, _HIGH))
    codec = codec_for(detect_encoding(letters) or "") if n_high else None
    if codec not in SINGLE_BYTE:
        return "cp1252"
    if codec in LATIN and n_high < FEW_LETTERS:
        return "cp1252"
    if codec not in LATIN and sum(map(len, WORD.findall(letters))) < 0.5 * n_high:
        return "cp1252"  # scripts other than Latin have no ASCII letters in their words
    if codec == "koi8-r" and UKRAINIAN.search(letters):
        return "koi8-u"
    if codec in WINDOWS and C1.search(payload):
        return WINDOWS[codec]
    return codec


def _utf16(head: bytes) -> str | None:
    """Detects the byte order of UTF-16 markup by the position of the zero bytes in `<`, `>`, `/` and space."""
    pairs = list(zip(head[::2], head[1::2], strict=False))
    little = sum(second == 0 and first in b"<>/ " for first, second in pairs)
    big = sum(first == 0 and second in b"<>/ " for first, second in pairs)
    if max(little, big) < 3 or min(little, big) > max(little, big) // 10:
        return None
    return "utf-16-le" if little > big else "utf-16-be"


def _stateful(payload: bytes) -> str:
    """Detects encodings whose bytes are all ASCII: they switch by escape sequences, HZ by `~{`."""
    if b"\x1b$)C" in payload:
        return "iso2022_kr"
    if b"\x1b$" in payload or b"\x1b(J" in payload:
        return "iso2022_jp_ext"
    if payload.count(b"~{") >= 3 and _commonness(payload, "hz") >= LEAST_COMMON:
        return "hz"
    return "utf-8"
