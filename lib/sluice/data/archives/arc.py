"""ARC header lines, versions 1 and 2 (Burner and Kahle, Internet Archive, 1996), converted to WARC headers.

v1: `URL IP date type length`. v2: `URL IP date type result checksum location offset filename length`.
"""

import re

MAX_LINE = 1 << 13
URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,20}:")
FILE_HEADER = b"filedesc:"


def parse_line(line: bytes) -> dict[bytes, bytes] | None:
    """Converts an ARC header line to WARC headers with lower-case names. Returns None for an invalid line.

    Some URLs and types contain spaces; the date (14 digits or a dash) shows where they end and begin.
    """
    if not URL.match(line):
        return None
    parts = line.rstrip().split(b" ")
    if len(parts) < 5 or not parts[-1].isdigit():
        return None
    dates = [i for i in range(2, len(parts) - 2) if len(parts[i]) == 14 and parts[i].isdigit()]
    if not dates and parts[-3] != b"-":
        return None
    at = dates[-1] if dates else len(parts) - 3
    url, behind = b" ".join(parts[: at - 1]), parts[at + 1 :]
    fields = {
        b"warc-type": b"warcinfo" if url.startswith(FILE_HEADER) else b"response",
        b"warc-target-uri": url,
        b"content-type": behind[0] if len(behind) >= 7 else b" ".join(behind[:-1]),
        b"content-length": behind[-1],
    }
    if dates:
        date = parts[at].decode("ascii")
        moment = f"{date[:4]}-{date[4:6]}-{date[6:8]}T{date[8:10]}:{date[10:12]}:{date[12:]}Z"
        fields[b"warc-date"] = moment.encode("ascii")
    return fields
