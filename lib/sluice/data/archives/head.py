"""Detection and parsing of record headers, WARC or ARC."""

import re

import msgspec

from sluice.core.reasons import Reason
from sluice.data.archives import arc, http_message
from sluice.data.archives.window import Text

MAX_HEAD = 1 << 16
USUAL_HEAD = 1 << 12
MAX_LINE_ENDS = 1 << 12
VERSION = re.compile(rb"WARC/\d{1,2}\.\d{1,3}[ \t]{0,8}\r?\n(?=[a-z][a-z0-9-]{0,60}[ \t]{0,8}:)", re.IGNORECASE)
STOP = re.compile(rb"\n(?:\r?\n|(?i:WARC)/\d)|WARC/\d{1,2}\.\d{1,3}[ \t]{0,8}\r?\n")
"""End of a header: an empty line, or the next version line if an empty line is missing. No byte is searched twice."""
FIELD = re.compile(
    rb"\n(warc-type|warc-target-uri|warc-date|content-length|content-type|warc-block-digest|warc-payload-digest|"
    rb"warc-identified-payload-type)[ \t]*:([^\r\n]*)",
    re.IGNORECASE,
)
LINE_ENDS = re.compile(rb"[\r\n]*")


class Fault(Exception):
    """The bytes at `at` of a text are not a complete record; `reason` is the reason for the damage."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Head(msgspec.Struct, frozen=True):
    """The relevant headers with lower-case names, and the length of the head in bytes, including its terminator."""

    fields: dict[bytes, bytes]
    size: int
    is_arc: bool = False

    def text(self, name: bytes) -> str | None:
        """Returns a header as text, or None."""
        return http_message.text_of(self.fields[name].strip()) if name in self.fields else None

    @property
    def record_type(self) -> str:
        """WARC-Type in lower case; `unknown` if missing."""
        return (self.text(b"warc-type") or "unknown").lower()

    @property
    def url(self) -> str | None:
        """WARC-Target-URI without the angle brackets of WARC/1.0's grammar, which wget writes."""
        url = self.text(b"warc-target-uri")
        return url[1:-1] if url and url[0] == "<" and url[-1] == ">" else url


def read_head(text: Text) -> Head:
    """Parses the head of the record at `at`, after optional line ends. Does not move. Raises Fault."""
    begin = text.at
    if not VERSION.match(text.data, begin):
        begin = skip_line_ends(text)
        if not VERSION.match(text.data, begin):
            return _read_line(text)
    stop = text.data.find(b"\n\r\n", begin, begin + USUAL_HEAD)
    head = text.data[begin:stop]
    if stop < 0 or b"\n\n" in head or b"WARC/" in head[5:]:
        return _read_odd(text)
    return Head(_parse(head), stop + 3 - text.at)


def _read_odd(text: Text) -> Head:
    """Parses a head that is long, uses bare line feeds, or has no end."""
    begin = skip_line_ends(text)
    end = STOP.search(text.data, begin + len(b"WARC/"), begin + MAX_HEAD)
    if not end:
        have = text.need_across(begin - text.at + MAX_HEAD)
        begin = skip_line_ends(text)
        end = STOP.search(text.data, begin + len(b"WARC/"), begin + MAX_HEAD)
        if not end and have >= MAX_HEAD:
            raise Fault(Reason.HEADER, f"the header is not terminated by an empty line within {MAX_HEAD} bytes")
        if not end:
            raise Fault(Reason.TRUNCATED, "the text ends within a header")
    if end[0].strip():
        raise Fault(Reason.HEADER, "the header is not terminated by an empty line before the next record")
    return Head(_parse(text.data[begin : end.start()]), end.end() - text.at)


def _parse(head: bytes) -> dict[bytes, bytes]:
    if b"\n " in head or b"\n\t" in head:
        head = http_message.FOLD.sub(b" ", head)
    return {name.lower(): value for name, value in reversed(FIELD.findall(head))}  # the first duplicate wins


def _read_line(text: Text) -> Head:
    text.need(MAX_LINE_ENDS + arc.MAX_LINE)
    begin = skip_line_ends(text)
    line = line_at(text.data, begin)
    if fields := arc.parse_line(line):
        return Head(fields, begin + len(line) - text.at, is_arc=True)
    what = "begins with" if text.offset == 0 else "continues with"
    reason = Reason.GAP if text.is_plain or text.offset else Reason.BAD_MEMBER
    raise Fault(reason, f"the text {what} {text.data[begin : begin + 12]!r}, not with a record")


def begins_record(data: bytes, at: int = 0) -> bool:
    """Whether a WARC version line or an ARC header line begins at `at`, after optional line ends."""
    at = LINE_ENDS.match(data, at).end()  # type: ignore[union-attr]
    return VERSION.match(data, at) is not None or arc.parse_line(line_at(data, at)) is not None


def skip_line_ends(text: Text) -> int:
    """Position after the line ends at `at`, of which at most MAX_LINE_ENDS are skipped."""
    return LINE_ENDS.match(text.data, text.at, text.at + MAX_LINE_ENDS).end()  # type: ignore[union-attr]


def line_at(data: bytes, at: int) -> bytes:
    """Returns the line at `at` including its end; b"" if it is longer than `arc.MAX_LINE`."""
    return data[at : data.find(b"\n", at, at + arc.MAX_LINE) + 1]
