"""Signals of pages that are no texts: error pages, search results, link farms, hijacked pages. All are ours.

The rules of the default presets use them. Phrases and thresholds were chosen with half of the web texts, and all clean
texts, of `docs/benchmarks/spam.md`.
"""

import re

from sluice.text.signals.text_view import TextView

ERROR_PHRASES = (
    *("page not found", "page cannot be found", "page can't be found", "page can’t be found", "page couldn't be found"),
    *("page could not be found", "page was not found", "page you requested", "page you were looking for"),
    *("page you are looking for", "page you're looking for", "page you’re looking for", "page doesn't exist"),
    *("page does not exist", "page no longer exists", "resource cannot be found", "requested url"),
    *("file or directory not found", "404 not found", "404 error", "error 404", "404 - ", "http error 4"),
    *("http error 5", "403 forbidden", "401 unauthorized", "access denied", "has been denied", "permission to access"),
    *("internal server error", "502 bad gateway", "503 service", "service unavailable", "temporarily unavailable"),
    *("site is under construction", "account has been suspended", "account suspended", "domain is for sale"),
    *("domain name is for sale", "domain may be for sale", "domain has expired", "domain is parked"),
    *("buy this domain", "enable javascript", "enable cookies", "checking your browser", "verify you are human"),
    *("establishing a database connection", "sql syntax"),
    *("404错误", "404页面", "404 页面", "404頁面", "http 错误 4", "http 错误 5", "http错误", "http 錯誤"),
    *("找不到文件或目录", "您要查找的资源", "可能已被删除", "可能已经删除", "暂时不可用", "服务器错误", "伺服器錯誤"),
    *("无法找到该页", "無法找到該頁", "您正在搜索的页面", "您正在搜尋的網頁", "该页无法显示", "此时无法处理请求"),
    *("页面不存在", "頁面不存在", "页面已经不存在", "页面没有找到", "页面没找到", "页面未找到", "頁面未找到"),
    *("页面找不回来", "页面无法访问", "页面找不到", "頁面找不到", "页面已删除", "页面已经删除", "网页不存在"),
    *("網頁不存在", "网页已删除", "找不到该页", "找不到此頁", "找不到页面", "找不到頁面", "找不到网页", "找不到網頁"),
    *("找不到您", "找不到你", "无法找到您", "無法找到您", "无法找到网页", "無法找到網頁", "无法访问此", "無法存取"),
    *("无法访问该", "无法访问本页", "您访问的页面", "您造訪的網頁", "您访问的网页", "您要访问的", "你访问的页面"),
    *("您所访问的", "您要查看的", "您要尋找的", "你查看的页面", "您请求的页面", "您所请求的", "您查看的页面"),
    *("您未被授权", "没有权限访问", "沒有權限", "无权访问", "无权使用所提供的", "禁止访问", "访问被拒绝", "拒绝访问"),
    *("拒絕存取", "不存在或已", "域名已经过期", "域名已过期", "域名已到期", "域名出售", "域名售卖", "域名转让"),
    *("域名可以转让", "域名可转让", "購買此網域", "购买此域名", "网址是否正确", "網址是否正確", "网站已关闭"),
    *("站点已关闭", "网站已暂停", "空间已到期", "没有自动跳转", "页面自动跳转", "正在为您跳转", "防护验证页面"),
    *("頁面已刪除", "網頁已刪除", "頁面已經不存在", "頁面沒有找到", "頁面無法訪問", "您訪問的頁面", "您訪問的網頁"),
    *("您要訪問的", "您所訪問的", "您請求的頁面", "禁止訪問", "拒絕訪問", "域名已過期", "域名轉讓", "網域出售"),
    *("網域已過期", "網站已關閉", "可能已被刪除", "暫時不可用", "暫時無法使用", "沒有自動跳轉", "正在為您跳轉"),
    *(
        "页面走丢",
        "页面丢失",
        "页面出错",
        "内容不存在",
        "內容不存在",
        "文章不存在",
        "帖子不存在",
        "主题不存在",
        "主題不存在",
    ),
    *(
        "商品不存在",
        "商品已下架",
        "信息不存在",
        "网站正在维护",
        "網站正在維護",
        "系统维护中",
        "系統維護中",
        "站点创建成功",
    ),
    *(
        "没有找到站点",
        "网站已过期",
        "主机已到期",
        "域名未绑定",
        "请输入验证码",
        "請輸入驗證碼",
        "请完成验证",
        "人机验证",
    ),
    *("与网站管理员联系", "关于自定义错误消息", "对象已移动", "文档已移动", "sql语句错误", "源站宕机", "源站无响应"),
)
"""Phrases of error, expired, parked and waiting pages, in lower case."""

SEARCH_PHRASES = (
    *("did not match any documents", "no results found", "no results were found", "reduce your search criteria"),
    *("search results for", "为您找到", "为你找到", "為您找到", "相关结果", "相關結果", "没有找到与", "沒有找到與"),
    *("没有找到相关", "沒有找到相關", "没有找到符合"),
)
"""Phrases of pages that list search results, in lower case."""

FARM_DOMAIN = re.compile(
    r"\.(?=[A-Za-z])(?i:(loan|download|cricket|racing|faith|accountant|bid|win|webcam|icu|cyou|pw|tk|gq|cf|xyz)"
    r"|com|net|org|cc|cn|info|online|site|club|vip|pro|hk|tw|me|tv|co|la|in|us|top|date|trade|party|live|app)(?![\w-])(?!\.[A-Za-z])",
    re.ASCII,
)
"""End of a domain name; the first group holds the endings that mainly spam uses."""
_LABEL = re.compile(r"(?:^|[^\w@.-]|www\.|\.)([a-z0-9][a-z0-9-]*)$", re.IGNORECASE | re.ASCII)
MAX_LABEL = 63
"""Characters of a part of a domain name (RFC 1035)."""
MIN_DIGITS = 3

MAX_TITLE = 100
MAX_PARTS = 8
MIN_PART_UNITS = 6
"""Columns of a keyword, where ideographs have two: three ideographs or six letters."""
PART_END = re.compile(r"[,，、_|｜]| - |(?<=[^\x00-\x7f])-(?=[^\x00-\x7f])")
BETWEEN_PARTS = r"[\s,，、_|｜-]{1,3}"
AROUND = 100
"""Characters before and after keywords in which other text of the line is looked for."""


def error_page_share(view: TextView) -> float | None:
    """Characters in phrases of error, expired, parked and waiting pages, as a share of all characters (ours)."""
    return _covered_share(view.text, ERROR_PHRASES)


def search_page_share(view: TextView) -> float | None:
    """Characters in phrases of pages of search results, as a share of all characters (ours)."""
    return _covered_share(view.text, SEARCH_PHRASES)


def n_farm_domains(view: TextView) -> int:
    """Different names like those of link farms: `1234.loan`, `www.55229.com`, `a1b2.download` (ours).

    A name with at least three digits, or with an ending that mainly spam uses. Mail addresses do not count.
    """
    return count_farm_domains(view.text)


def n_strewn_titles(view: TextView) -> int:
    """Times that keywords of the first line stand side by side within another line (ours).

    The first line must be a list of two to eight keywords, as in hijacked pages: they are in the title, and
    again and again in sentences of another subject.
    """
    return count_strewn_titles(view.text)


def count_farm_domains(text: str) -> int:
    """See `n_farm_domains`. Also used by `compute`."""
    names = set()
    for end in FARM_DOMAIN.finditer(text):
        label = _LABEL.search(text[max(0, end.start() - MAX_LABEL - 1) : end.start()])
        if label and (end[1] or sum(map(str.isdigit, label[1])) >= MIN_DIGITS):
            names.add((label[1] + end[0]).lower())
    return len(names)


def count_strewn_titles(text: str) -> int:
    """See `n_strewn_titles`. Also used by `compute`."""
    title, _, rest = text[: MAX_TITLE + AROUND].lstrip().partition("\n")
    if not rest or len(title) > MAX_TITLE:
        return 0
    parts = [part.strip() for part in PART_END.split(title)]
    if not 2 <= len(parts) <= MAX_PARTS or len(set(parts)) < len(parts) or min(map(_units, parts)) < MIN_PART_UNITS:
        return 0
    body = text.index(title) + len(title)
    found = sorted((part for part in parts if text.find(part, body) >= 0), key=len, reverse=True)
    if len(found) < 2:
        return 0
    either = "|".join(map(re.escape, found))
    groups = re.compile(f"(?:{either})(?:{BETWEEN_PARTS}(?:{either}))+").finditer(text, body)
    return sum(_is_within_line(text, group.start(), group.end()) for group in groups)


def _is_within_line(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - AROUND) : start].rpartition("\n")[2]
    return bool(before.strip() and text[end : end + AROUND].partition("\n")[0].strip())


def _units(text: str) -> int:
    return sum(1 if char.isascii() else 2 for char in text)


def _covered_share(text: str, phrases: tuple[str, ...]) -> float | None:
    """Returns the share of characters that are part of a phrase, in any ASCII case."""
    if not text:
        return None
    lowered = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    covered = end = 0
    for match in re.finditer(f"(?=({'|'.join(map(re.escape, phrases))}))", lowered):
        covered += max(0, match.end(1) - max(end, match.start()))
        end = max(end, match.end(1))
    return covered / len(text)
