"""The kind of file that bytes are, from their beginning: HTML, other XML, or one of the kinds that servers call HTML.

Sources: WHATWG MIME Sniffing (7.1, 7.3) for the tags, feeds and magic bytes; the kinds of text are ours. The beginning
is after a byte order mark, white space, comments, processing instructions and declarations. Bytes that begin with none
of the marks are `text`. Time is linear: every step moves forward, and the kinds of text look at SAMPLE_BYTES only.
"""

import csv
import io
import re
from typing import NamedTuple

from sluice.text.html.tags import TAGS

HTML, FRAGMENT, TEXT, EMPTY = "html", "fragment", "text", "empty"
"""A document with one of the elements of its head or root; another element, or a comment; anything else; nothing."""
XML = "xml"

BINARY, OFFICE, DATA, SCRIPT = "binary", "office", "data", "script"
GROUPS = {
    BINARY: "png jpeg gif webp bmp tiff ico psd mp4 riff ogg mp3 flac matroska flash woff font gzip bzip2 xz sevenzip "
    "rar zstd lz4 tar cab elf exe java wasm sqlite torrent djvu unknown_bytes",
    OFFICE: "pdf rtf postscript zip ole",
    DATA: "json csv calendar email subtitles playlist",
    SCRIPT: "javascript css shell",
    XML: XML,
}
GROUP_OF = {kind: group for group, kinds in GROUPS.items() for kind in kinds.split()}
"""The group of every kind except HTML, FRAGMENT, TEXT and EMPTY."""

SAMPLE_BYTES = 4096
MAX_STEPS = 256
"""Comments and declarations skipped before the first element or the first word of code."""

MAGIC = re.compile(
    rb"""(?P<pdf>%PDF-) | (?P<rtf>\{\\rtf) | (?P<postscript>%!PS) | (?P<zip>PK\x03\x04|PK\x05\x06)
    | (?P<ole>\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1)
    | (?P<png>\x89PNG) | (?P<jpeg>\xff\xd8\xff) | (?P<gif>GIF8[79]a) | (?P<webp>RIFF.{4}WEBP)
    | (?P<riff>RIFF.{4}[A-Z]{3}) | (?P<bmp>BM.{4}\x00{4}) | (?P<tiff>II\*\x00|MM\x00\*)
    | (?P<ico>\x00\x00[\x01\x02]\x00) | (?P<psd>8BPS\x00)
    | (?P<mp4>.{4}ftyp) | (?P<ogg>OggS\x00) | (?P<mp3>ID3[\x02-\x04]|\xff[\xf2\xf3\xfa\xfb][\x10-\xef])
    | (?P<flac>fLaC\x00) | (?P<matroska>\x1aE\xdf\xa3) | (?P<flash>FLV\x01|[FCZ]WS[\x01-\x1f])
    | (?P<woff>wOF[F2]) | (?P<font>OTTO\x00|\x00\x01\x00\x00)
    | (?P<gzip>\x1f\x8b\x08) | (?P<bzip2>BZh[1-9]1AY) | (?P<xz>\xfd7zXZ) | (?P<sevenzip>7z\xbc\xaf) | (?P<rar>Rar!\x1a)
    | (?P<zstd>\x28\xb5\x2f\xfd) | (?P<lz4>\x04\x22\x4d\x18) | (?P<tar>.{257}ustar) | (?P<cab>MSCF\x00)
    | (?P<elf>\x7fELF) | (?P<exe>MZ\x90) | (?P<java>\xca\xfe\xba\xbe) | (?P<wasm>\x00asm)
    | (?P<sqlite>SQLite\ format\ 3) | (?P<torrent>d8:announce) | (?P<djvu>AT&TFORM)
    | (?P<subtitles>WEBVTT) | (?P<playlist>\#EXTM3U) | (?P<shell>\#!/) | (?P<calendar>BEGIN:V[A-Z]{3})""",
    re.VERBOSE | re.DOTALL,
)

ROOTS = frozenset((b"html", b"head", b"body", b"title"))
FEEDS = frozenset((b"rss", b"feed", b"rdf", b"urlset", b"sitemapindex", b"opml"))
ELEMENTS = frozenset(name.encode() for name in TAGS) - {b"svg", b""}

BOM = b"\xef\xbb\xbf"
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<", b"\x00\x00\x00<", b"\x00\x00\xfe\xff")
BLANK = re.compile(rb"[\x00\t\n\x0b\x0c\r \xa0\x1a]*+")
NAME = re.compile(rb"</?(?:[a-z_][\w.-]{0,40}:)?([a-z_][\w.-]{0,60})", re.IGNORECASE)
DOCTYPE = re.compile(rb"<!doctype\s+([\w:.-]{1,60})", re.IGNORECASE)
CONTROL = bytes(range(9)) + b"\x0b" + bytes(range(0x0E, 0x1B)) + bytes(range(0x1C, 0x20))
MARKUP = re.compile(
    rb"<(?:!doctype\s|/?(?:html|head|body|title|meta|link|div|p|br|table|tr|td|a|script|style|h[1-6]|span|ul|li|center|font|"
    rb"img|form|b|i)\b[^<>]{0,400}>)",
    re.IGNORECASE,
)
DOCUMENT = re.compile(rb"<(?:!doctype\s{1,9}html|html|/html|/body)\b", re.IGNORECASE)

JSON = re.compile(
    rb"""(?:\)\]\}',?\s*|while\s?\(1\);\s*|for\s?\(;;\);\s*|[\w$.]{1,60}\(\s*)?[\[{]\s*(?:[\[{]\s*){0,20}
    (?:"(?:[^"\\]|\\.){0,2000}+"\s*[:,\]] | [\]}] | (?:[-\d.eE+]{1,30}|true|false|null)\s*,)""",
    re.VERBOSE | re.DOTALL,
)
JSON_OBJECT = re.compile(rb'\[?\s*\{\s*"[^"]{1,100}"\s*:')
JSON_END = re.compile(rb"[\]}]\s*\)?\s*;?\s*\Z")
JAVASCRIPT = re.compile(
    rb"""(?:["']use\ strict["'];?\s*)?(?:
      (?:var|let|const)\s+[\w$]+\s*[=;,]
    | (?:async\s+)?function\b\s*[\w$]*\s*\(
    | [!+~;(-]{1,20}+\s*(?:async\s+)?function\s*[\w$]*\s*\(
    | [!+~;-]{0,20}\({1,3}\s*(?:[\w$,\s]{0,60}\)|[\w$]{1,30})\s*=>
    | (?:window|document|self|globalThis|jQuery|module|exports|angular|location)\b[\w$.\[\]"']{0,80}\s*(?:\|\|)?[=(]
    | (?:\$|jQuery|define|require)\s?\(
    | import\s*["'{*] | import\s+[\w$]+\s+from\s
    | export\s+(?:default|const|function|class|let|var|\{|\*)
    | if\s*\(\s*(?:typeof\b|!?\s*(?:window|document|self|top|navigator)\b)
    | (?:try|do)\s*\{ | class\s+[\w$]+(?:\s+extends\s+[\w$.]+)?\s*\{
    | [\w$]+(?:\.[\w$]+){0,6}\s*=\s*(?:[\[{]|function\b|new\s)
    | [\w$]+(?:\.[\w$]+){1,6}\(\s*(?:function\b|[\[{"'])
    )""",
    re.VERBOSE,
)
CSS = re.compile(
    rb"""@(?:charset|import|media|font-face|(?:-webkit-)?keyframes|namespace|supports|layer|page)\b[^<>{}]{0,300}[;{]
    | [^<>{}@;]{1,400}\{\s*(?:/\*[^*]{0,400}\*/\s*)?(?:--|[a-z*_-])[\w-]{0,60}\s*:\s*[^{}<>]{1,400}[;}]""",
    re.VERBOSE | re.IGNORECASE,
)
FIELD_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]{1,40}):[ \t][^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+\r?\n")
MAILBOX = re.compile(rb"From \S{1,200} +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
TRACE_FIELDS = frozenset(b"received return-path delivered-to message-id".split())
MAIL_FIELDS = TRACE_FIELDS | frozenset(b"mime-version from to subject date reply-to sender".split())


class FileType(NamedTuple):
    """Kind of file, and whether it begins with an XML declaration."""

    kind: str
    is_xml: bool = False


def file_type(payload: bytes) -> FileType:
    """Returns the kind of file: HTML, FRAGMENT, TEXT, EMPTY, XML, or a key of GROUP_OF. Never raises."""
    if payload.startswith(WIDE_BOMS):
        payload = payload[: 4 * SAMPLE_BYTES].lstrip(b"\xff\xfe").replace(b"\0", b"")
    start = len(BOM) if payload.startswith(BOM) else 0
    start = BLANK.match(payload, start).end()  # type: ignore[union-attr]
    if payload.startswith(BOM, start):  # a second mark, after the blank lines of an included file
        start = BLANK.match(payload, start + len(BOM)).end()  # type: ignore[union-attr]
    if start == len(payload):
        return FileType(EMPTY)
    if payload[start] == 0x3C:
        return _markup(payload, start)
    magic = MAGIC.match(payload) or MAGIC.match(payload, start)
    return FileType(magic.lastgroup if magic and magic.lastgroup else _text(payload, start))


def _markup(payload: bytes, at: int) -> FileType:
    """The kind of a file whose first character is `<`."""
    is_xml = payload.startswith(b"<?xml", at)
    for _ in range(MAX_STEPS):
        if payload.startswith(b"<!--", at):
            end, close = payload.find(b"-->", at + 2), 3
        elif payload.startswith(b"<?", at):
            end, close = payload.find(b"?>", at), 2
            if end < 0:
                end, close = payload.find(b">", at), 1
        elif doctype := DOCTYPE.match(payload, at):
            if doctype[1].lower() == b"html":
                return FileType(HTML, is_xml)
            end, close = payload.find(b">", at), 1
            if payload.find(b"[", at, end) >= 0:  # declarations of entities
                end, close = payload.find(b"]>", at), 2
        elif payload.startswith(b"<!", at):
            end, close = payload.find(b">", at), 1
        else:
            return FileType(_element(payload, at, is_xml=is_xml), is_xml)
        if end < 0:
            break
        at = BLANK.match(payload, end + close).end()  # type: ignore[union-attr]
    return FileType(FRAGMENT, is_xml)


def _element(payload: bytes, at: int, *, is_xml: bool) -> str:
    """The kind of a file by its first element, or by the text in its place."""
    match = NAME.match(payload, at)
    if not match:
        return TEXT if payload[at : at + 1] == b"<" else FRAGMENT
    name = match[1].lower()
    if name in ROOTS:
        return HTML
    if name in FEEDS:
        return XML
    if name in ELEMENTS:
        return FRAGMENT
    # an unknown element is the root of other XML if its end tag is the end of the file; custom elements have a hyphen
    is_root = b"-" not in name and payload[-256:].rstrip().lower().endswith(b"</" + match[0][1:].lower() + b">")
    return XML if is_xml or is_root else FRAGMENT


def _text(payload: bytes, at: int) -> str:
    """The kind of a file that does not begin with markup or magic bytes."""
    sample = payload[at : at + SAMPLE_BYTES]
    if JSON.match(payload, at) and JSON_END.search(payload[-64:]):
        return "json"
    if not payload[-256:].rstrip().endswith(b">") and not DOCUMENT.search(payload):  # a page ends with a tag
        if JSON_OBJECT.match(payload, at):
            return "json"
        code = _skip_comments(payload, at)
        if JAVASCRIPT.match(payload, code):
            return "javascript"
        if CSS.match(payload, code) and not MARKUP.search(sample):
            return "css"
    if _is_mail(sample):
        return "email"
    if MARKUP.search(sample):
        return FRAGMENT if DOCUMENT.search(sample) else TEXT
    if _is_table(sample):
        return "csv"
    n_control = len(sample) - len(sample.translate(None, CONTROL))
    return "unknown_bytes" if n_control > max(len(sample) // 50, 2) else TEXT


def _skip_comments(payload: bytes, at: int) -> int:
    """Position after the white space and the comments of JavaScript and CSS."""
    for _ in range(MAX_STEPS):
        at = BLANK.match(payload, at).end()  # type: ignore[union-attr]
        mark = next((end for begin, end in ((b"/*", b"*/"), (b"//", b"\n")) if payload.startswith(begin, at)), b"")
        end = payload.find(mark, at + 2) if mark else -1
        if end < 0:
            break
        at = end + len(mark)
    return at


def _is_mail(sample: bytes) -> bool:
    """Whether a text begins with the header of an e-mail or news message.

    That is three fields, among them From and another usual one, or two fields, one of which a mail server adds.
    """
    if MAILBOX.match(sample):
        return True
    names: list[bytes] = []
    at = 0
    while len(names) < 12 and (match := FIELD_LINE.match(sample, at)):
        names.append(match[1].lower())
        at = match.end()
    known = MAIL_FIELDS.intersection(names)
    is_usual = len(names) >= 3 and len(known) >= 2 and b"from" in known
    return is_usual or (len(names) >= 2 and not known.isdisjoint(TRACE_FIELDS))


def _is_table(sample: bytes) -> bool:
    """Whether the first lines have the same number of fields, as in CSV: three lines of three fields, or five of two.

    The first line names the columns, so no separator in it is followed by a space as in prose. Two fields are separated
    by tabs.
    """
    head = sample[: sample.find(b"\n") + 1].strip(b"\r\n ")
    sign = bytes([max(b",;\t|", key=head.count)])
    n_fields = head.count(sign) + 1
    if n_fields < (2 if sign == b"\t" else 3) or sign + b" " in head:
        return False
    lines = io.StringIO(sample.decode("latin-1"), newline="")
    try:
        rows = [len(row) for row in csv.reader(lines, delimiter=sign.decode()) if row]
    except csv.Error:
        return False
    if len(sample) == SAMPLE_BYTES:
        rows = rows[:-1]  # cut
    return len(rows) >= (5 if n_fields == 2 else 3) and len(set(rows)) == 1
