"""Detection of remains of a site's software: shortcodes, messages of scripts, names of icons, copy buttons of code.

Patterns are ours, based on what extraction leaves behind.
"""

import re

_BUILDERS = tuple(
    (
        "vc et_pb fusion av su mk nectar ult ultimate dt qode mkdf edgtf eltdf stm kc tatsu thb bsf cs fl wpb rev tm ux"
    ).split()
)
"""Prefixes of the shortcodes of page builders for WordPress: [vc_row], [/et_pb_section], [rev_slider alias="x"]."""
_NAMES = tuple(
    (
        "row col column section button tab tabs tabgroup accordion accordion-item one_half box title gap divider "
        "spacer map message_box featured_box blog_posts page_header testimonial team_member contact-form-7 wpforms "
        "gravityform ninja_form ninja_forms elementor-template nggallery embedyt sc_embed_player playlist caption "
        "gallery audio video embed metaslider smartslider3 tablepress table products product_category"
    ).split()
)
"""Shortcodes of themes and plugins. Some are also words, so a name alone is not enough."""
SHORTCODE_PHRASES = (
    *(f"[{name}_" for name in _BUILDERS),
    *(f"[/{name}_" for name in _BUILDERS),
    *(f"[{name}" for name in _NAMES),
    *(f"[/{name}" for name in _NAMES),
    *("[woocommerce_", "[rt_reading", "[page_break", "[nextpage"),
)
_ATTRIBUTES = r"""(?:\s+[\w-]+\s?=\s?(?:["'“”″‘’][^"'“”″‘’\[\]]{0,300}["'“”″‘’]|[\w.#:/-]{1,200})){1,30}"""
_ANYWHERE = re.compile(
    rf"\[/?(?:{'|'.join(_BUILDERS)})_[a-z0-9_]+(?:\s[^\[\]]{{0,2000}})?\]"
    rf"|\[(?:{'|'.join(_NAMES)}){_ATTRIBUTES}\s?/?\]"
    rf"|\[/(?:{'|'.join(_NAMES)})\]"
    r"|\[(?:rt_reading_time|woocommerce_\w{1,40}|page_break|nextpage)\]"
)


def without_shortcodes(line: str) -> tuple[str, int]:
    """Returns a line without the shortcodes of WordPress and its page builders, and their number.

    Names that are also words count only with attributes or as an end.

    >>> without_shortcodes('[vc_row full_width="yes"]Water is wet.[/vc_row]'), without_shortcodes("see [gallery]")
    (('Water is wet.', 2), ('see [gallery]', 0))
    """
    rest, count = _ANYWHERE.subn("", line)
    return (rest.strip(), count) if count else (line, 0)


MESSAGE_PHRASES = (
    *("disabled", "enabled", "initialized", "not loaded", "not available", "unavailable", "is missing", "undefined"),
    *("not found", "blocked", "browser", "ad blocker", "adblocker", "loading", "please wait", "加载", "載入", "载入"),
    *("请稍", "請稍"),
)
_MESSAGE = re.compile(
    r"(?!(?:The|This|That|These|If|When|An?|Your|Our|Each|Any|No|All|It)\b)(?:[A-Z][\w.-]{0,24} ){0,3}"
    r"(?:SDK|API|[Ww]idget|[Pp]lugin|[Ss]cript|[Tt]racking|[Aa]nalytics)s? (?:(?:is|are|was|has been|could) )?"
    r"(?:(?:currently|not be|not) )?(?:disabled|enabled|loaded|available|initialized|blocked|unavailable|missing"
    r"|undefined"
    r"|not found)[.!]?"
    r"|(?:Sorry, )?[Yy]our (?:web )?browser (?:does not|doesn['’]t) support "
    r"(?:the |HTML ?5 |embedded |inline )*(?:<?(?:video|audio|canvas|iframe"
    r"|object|frame|PDF)>?s?)(?: (?:tag|element|playback|player|files?))?s?[.!]?(?: Please .{0,60})?"
    r"|This (?:video|audio|content) (?:is|format is) not supported by your browser[.!]?"
    r"|(?:We(?:'ve| have)? )?(?:[Nn]oticed|[Dd]etected) (?:that )?(?:you(?:'re| are) using )?an ad ?blocker.{0,80}"
    r"|(?:Page |Content |Comments )?(?:is )?[Ll]oading(?: (?:comments|content|page|more|data|map|player|video))?"
    r"(?:\.{2,3}|…)"
    r"|Please wait(?: (?:while|a moment).{0,60})?(?:\.{1,3}|…)"
    r"|(?:数据|页面|内容|评论|图片|地图|播放器)?(?:正在|努力|拼命)?(?:加载|载入|載入)中?(?:，?(?:请|請)稍[候等后後])?(?:\.{2,6}|…{1,2}|。{2,3})"
    r"|(?:正在)?(?:加载|载入|載入)中|(?:请|請)稍[候等后後](?:\.{2,6}|…{1,2})"
)
MAX_MESSAGE_BYTES = 200


def is_script_message(line: str) -> bool:
    """Whether a line is a message of a script, a player or a loading page.

    >>> is_script_message("SEO SDK is disabled"), is_script_message("The SDK is disabled by default.")
    (True, False)
    """
    return bool(_MESSAGE.fullmatch(line.strip(" \\t•*-")))


_ICONS = """
    arrow_back arrow_back_ios arrow_back_ios_new arrow_circle_down arrow_circle_left arrow_circle_right arrow_circle_up
    arrow_downward arrow_drop_down arrow_drop_down_circle arrow_drop_up arrow_forward arrow_forward_ios arrow_left
    arrow_left_alt arrow_outward arrow_right arrow_right_alt arrow_upward keyboard_arrow_down keyboard_arrow_left
    keyboard_arrow_right keyboard_arrow_up keyboard_backspace keyboard_double_arrow_down keyboard_double_arrow_left
    keyboard_double_arrow_right keyboard_double_arrow_up expand_circle_down expand_less expand_more unfold_less
    unfold_more chevron_left chevron_right double_arrow navigate_before navigate_next subdirectory_arrow_left
    subdirectory_arrow_right more_horiz more_vert open_in_browser open_in_full open_in_new check_circle
    check_circle_outline radio_button_checked radio_button_unchecked account_balance_wallet account_box account_circle
    person_outline location_city location_off location_on my_location shopping_bag shopping_basket shopping_cart
    add_shopping_cart favorite_border thumb_down thumb_up thumb_up_off_alt star_border star_half star_outline
    bookmark_border play_arrow play_circle play_circle_filled play_circle_outline skip_next skip_previous volume_off
    volume_up format_quote content_copy cloud_download cloud_upload local_phone local_shipping local_offer local_library
    mail_outline phone_in_talk phone_android phone_iphone calendar_today watch_later query_builder error_outline
    help_outline info_outline highlight_off remove_circle_outline add_circle add_circle_outline exit_to_app
    power_settings_new insert_drive_file picture_as_pdf photo_camera video_library question_answer chat_bubble
    chat_bubble_outline mode_comment rss_feed trending_flat wb_sunny directions_car directions_walk verified_user
    supervisor_account support_agent business_center work_outline card_giftcard monetization_on swap_horiz menu_book
    import_contacts emoji_events sentiment_satisfied
"""
"""Names of Material icons that are not also names of functions or columns. A font replaces them by drawings."""
_WORDS = """
    share search menu close home star check add person people email phone place favorite info help done clear today
    schedule language public event work school lock visibility print link download edit delete remove settings launch
    group mail call send bookmark comment chat map
"""
"""Names of icons that are also words."""
ICON_PHRASES = tuple(sorted({name[: name.index("_") + 1] for name in _ICONS.split()}))
_ICON = "|".join(sorted(_ICONS.split(), key=len, reverse=True))
_BULLET = r"[•*·\s]{0,4}"
_ICONS_ONLY = re.compile(rf"{_BULLET}(?:(?:{_ICON}|{'|'.join(_WORDS.split())})(?:[\s,|/·]+|$))+")
_WORDS_ONLY = re.compile(rf"{_BULLET}(?:{'|'.join(_WORDS.split())})\s*")
_FIRST = re.compile(
    rf"(?<![^•*·\s])({_ICON})(?=\s{{0,3}}[A-Z0-9\u00c0-\u024f\u0400-\u04ff\u3040-\u9fff\uac00-\ud7af]|\s*$)\s*"
)
_LAST = re.compile(rf"(?<=[A-Za-z0-9.!?…)\u00c0-\u024f\u0400-\u04ff\u3040-\u9fff\uff01-\uff1f。])\s?(?:{_ICON})$")
MAX_LABEL_CHARS = 100
"""Maximum length of a line, the label of a link or button, with an icon at an end."""


def without_icons(line: str) -> tuple[str, int]:
    """Returns "" for a line of icon names, else the line without icon names at its ends, and their number.

    >>> without_icons("share arrow_forward"), without_icons("Read on arrow_forward")
    (('', 0), ('Read on', 1))
    """
    if _ICONS_ONLY.fullmatch(line):
        return "", 0
    if len(line) > MAX_LABEL_CHARS or "_" not in line:
        return line, 0
    rest = line
    if (first := _FIRST.search(line)) and not line[: first.start()].strip("•*· "):
        rest = line[: first.start()] + line[first.end() :]
    rest = _LAST.sub("", rest)
    return (rest, 1) if rest != line else (line, 0)


def is_icon_word(line: str) -> bool:
    """Whether a line is a word that is also the name of an icon: an icon only next to another one."""
    return bool(_WORDS_ONLY.fullmatch(line))


COPY_PHRASES = (
    "copy code",
    "copy to clip",
    "copy snippet",
    "copied",
    "复制",
    "複製",
    "拷贝",
    "view plain",
    "view raw",
    "in [",
    "in\xa0[",
    "out[",
)
MAX_COPY_BYTES = 100
_COPY_LINE = re.compile(
    r"\W{0,3}(?:copy (?:code|to clipboard|snippet)|copied!?|copied to clipboard!?|copy ?(?:code)? ?copied!?"
    r"|view (?:plain|raw)"
    r"(?: ?(?:copy|print|code))*|view plaincopy(?:print\??)?"
    r"|(?:点击|點擊|一键)?(?:复制|複製|拷贝)(?:代码|代碼|程式碼|内容|成功|全部)!?|已?(?:复制|複製)(?:成功|到剪贴板)!?)\W{0,3}",
    re.IGNORECASE,
)
_PROMPT = re.compile(r"(?:In[ \xa0]|Out ?)\[[\d ]{0,4}\]:")
"""A line beside a cell of a Jupyter notebook."""
_COPY_BEFORE = re.compile(r"^(?:复制代码|複製代碼|複製程式碼|拷贝代码)\s+(?=(?:代码|代碼|程式碼)如下)")


def without_copy_button(line: str) -> tuple[str, int]:
    """Returns "" for a button that copies code or the number of a cell, else the rest of the line, and what was cut.

    >>> without_copy_button("复制代码"), without_copy_button("复制代码 代码如下:")
    (('', 0), ('代码如下:', 1))
    """
    if _COPY_LINE.fullmatch(line) or _PROMPT.fullmatch(line.strip()):
        return "", 0
    match = _COPY_BEFORE.match(line)
    return (line[match.end() :], 1) if match else (line, 0)


def is_copy_word(line: str) -> bool:
    """Whether a line is a word for copying: a button only next to another one."""
    return line.strip(" •*·\\t").lower() in ("copy", "copied", "复制", "複製", "raw", "view raw")
