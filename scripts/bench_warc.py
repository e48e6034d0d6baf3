"""How the archive reader does beside warcio and FastWARC: under damage, on real files, and in speed.

    python scripts/bench_warc.py                      # faults and speed, on the pages that ship with the repository
    python scripts/bench_warc.py --data FOLDER        # also every archive below FOLDER, each difference with its cause

Three tables:
faults   archives made of ten real pages, each damaged in one way: records delivered of those that are whole, and what
         was said about the loss. A reader that says nothing has lost pages in silence.
files    records that another reader gave and this one did not, or gave otherwise, by file.
speed    megabytes of gzipped archive per second of CPU time, one core, medians of interleaved repeats. All readers
         inflate every member, parse every header and decode the bodies of HTML responses.
"""

import argparse
import hashlib
import io
import platform
import statistics
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator

from sluice.data.members import Gzip, Source
from sluice.data.warc import ArchiveRecord, Damage, read_archive

SAMPLE = Path(__file__).parent.parent / "tests" / "data" / "sample"
MAX_BYTES = 8 << 20
HTML = ("text/html", "application/xhtml+xml")


class Reading(NamedTuple):
    """What one reader made of one archive: (type, url, digest of the payload) of each record, and what it said."""

    records: list[tuple[str, str, str]]
    said: list[str]


def digest(payload: bytes | None) -> str:
    return hashlib.sha1(payload or b"").hexdigest()[:12]


def key(kind: str, url: str | None, payload: bytes | None) -> tuple[str, str, str]:
    """Of requests and revisits the readers give different parts, of the file's own header different names."""
    has_text = kind in ("response", "resource", "conversion", "metadata")
    return kind, (url or "").strip("<>").replace(" ", "%20") if has_text else "", digest(payload) if has_text else ""


def with_sluice(data: bytes) -> Reading:
    reading = Reading([], [])
    for item in read_archive(
        io.BytesIO(data), len(data), is_wanted=lambda kind, content_type: True, max_bytes=MAX_BYTES
    ):
        if isinstance(item, ArchiveRecord):
            reading.records.append(key(item.record_type, item.url, item.payload))
            reading.said.extend([f"body: {item.payload_error}"] if item.payload_error else [])
        elif isinstance(item, Damage):
            reading.said.append(f"{item.reason} {item.length}")
    return reading


def with_warcio(data: bytes) -> Reading:
    reading = Reading([], [])
    try:
        for record in ArchiveIterator(io.BytesIO(data), arc2warc=True):
            body = record.content_stream().read()
            reading.records.append(key(record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), body))
    except Exception as e:  # whatever it raises is what it says
        reading.said.append(type(e).__name__)
    return reading


def with_fastwarc(data: bytes) -> Reading:
    reading = Reading([], [])
    try:
        for record in FastIterator(io.BytesIO(data), auto_decode="all", quirks_mode=True):
            body = record.reader.read()
            kind = str(record.record_type).rpartition(".")[2]
            reading.records.append(key(kind, record.headers.get("WARC-Target-URI"), body))
    except Exception as e:
        reading.said.append(type(e).__name__)
    return reading


READERS: dict[str, Callable[[bytes], Reading]] = {
    "sluice": with_sluice,
    "warcio": with_warcio,
    "fastwarc": with_fastwarc,
}


# faults


def members(path: Path) -> Iterator[bytes]:
    """The gzip members of a sound archive."""
    data = path.read_bytes()
    source, at = Source(io.BytesIO(data), len(data)), 0
    while at < len(data):
        member = Gzip(1 << 30).open(source, at)
        while member.read():
            pass
        yield data[at : member.end]
        at = member.end


def gzipped(record: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(record) + compressor.flush()


def with_length(record: bytes, change: int) -> bytes:
    """A record whose Content-Length is wrong."""
    before, _, rest = record.partition(b"Content-Length: ")
    number, _, behind = rest.partition(b"\r\n")
    return before + b"Content-Length: %d\r\n" % (int(number) + change) + behind


def faults(pages: list[bytes]) -> Iterator[tuple[str, bytes, int]]:
    """Name, damaged archive and number of records in it that are whole. Plain files end in `plain`."""
    flipped = bytearray(pages[5])
    flipped[len(flipped) // 2] ^= 0x55
    plain = [zlib.decompress(page, 31) for page in pages]
    head, body = plain[5].partition(b"\r\n\r\n")[::2]
    bomb = head.partition(b"Content-Length")[0] + b"Content-Length: 300000000\r\n\r\n" + body[:999]
    bomb += b"a" * (300_000_000 - 999) + b"\r\n\r\n"

    def put(page: bytes, parts: list[bytes] = pages) -> bytes:
        return b"".join([*parts[:5], page, *parts[6:]])

    yield "sound", b"".join(pages), 10
    yield "cut in record 6", b"".join(pages[:5]) + pages[5][: len(pages[5]) // 2], 5
    yield "flipped byte in record 6", put(bytes(flipped)), 9
    yield "100 bytes of junk in the middle", put(b"junk " * 20 + pages[5]), 10
    yield "100 zeros in the middle", put(bytes(100) + pages[5]), 10
    yield "Content-Length 50 short", put(gzipped(with_length(plain[5], -50))), 9
    yield "Content-Length 50 long", put(gzipped(with_length(plain[5], 50))), 9
    yield "Content-Length 50 short, plain", put(with_length(plain[5], -50), plain), 9
    yield "Content-Length 50 long, plain", put(with_length(plain[5], 50), plain), 9
    yield "junk in the middle, plain", put(b"junk " * 20 + plain[5], plain), 10
    yield "header without end", put(gzipped(b"WARC/1.0\r\n" + b"X-Header: and so on\r\n" * 9999)), 9
    yield "empty member", put(gzipped(b"")), 9
    yield "bomb of 300 MB", put(gzipped(bomb)), 9
    yield "one member for all", gzipped(b"".join(plain)), 10
    yield "empty file", b"", 0


def print_faults(pages: list[bytes]) -> None:
    print(f"\n{'fault':34} {'whole':>5}" + "".join(f"  {name:34}" for name in READERS))
    for name, data, whole in faults(pages):
        cells = []
        for read in READERS.values():
            found = read(data)
            cells.append(f"{len(found.records):2} {', '.join(found.said) or '-'}"[:34])
        print(f"{name:34} {whole:5}" + "".join(f"  {cell:34}" for cell in cells))


# files


class Difference(NamedTuple):
    """A record of another reader that this one did not give in the same way, and why."""

    reader: str
    record: tuple[str, str, str]
    cause: str


def differences(data: bytes) -> list[Difference]:
    """What warcio and FastWARC read and sluice does not; a cause of "?" is unexplained."""
    ours = with_sluice(data)
    found = []
    for name in ("warcio", "fastwarc"):
        missing = Counter(READERS[name](data).records) - Counter(ours.records)
        found += [Difference(name, record, cause(name, record, ours)) for record in missing.elements()]
    return found


def cause(reader: str, record: tuple[str, str, str], ours: Reading) -> str:
    kind, url, content = record
    if damage := [said for said in ours.said if not said.startswith("body")]:
        return "not whole: " + ", ".join(sorted({said.split()[0] for said in damage}))
    if any(said.startswith("body") for said in ours.said):
        return "its body breaks while it is decoded"
    same = [other for other in ours.records if other[:2] == (kind, url)]
    if same and all(other[2] == digest(b"") for other in same):
        return "other payload: empty here"
    return "other payload" if same else "?"


def print_files(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "arc" in path.name.lower())
    print(f"\n{'file':66} {'sluice':>6} {'warcio':>6} {'fastw.':>6}  records that are not here, by cause")
    total: Counter[str] = Counter()
    for path in paths:
        data = path.read_bytes()
        counts = [len(read(data).records) for read in READERS.values()]
        total.update(dict(zip(READERS, counts, strict=True)))
        by_cause = Counter(f"{d.reader}: {d.cause}" for d in differences(data))
        if by_cause or len(set(counts)) > 1:
            causes = "; ".join(f"{n} {what}" for what, n in sorted(by_cause.items())) or "none"
            print(f"{path.name[-66:]:66} {counts[0]:6} {counts[1]:6} {counts[2]:6}  {causes}")
    print(f"{len(paths)} files" + " " * 58 + "".join(f" {total[name]:6}" for name in READERS))


# speed


def is_html(kind: str, content_type: str | None) -> bool:
    return kind == "response" and (content_type or "").partition(";")[0].strip().lower() in HTML


def walk_sluice(data: bytes) -> int:
    return sum(1 for _ in read_archive(io.BytesIO(data), len(data), is_wanted=is_html, max_bytes=MAX_BYTES))


def walk_warcio(data: bytes) -> int:
    count = 0
    for record in ArchiveIterator(io.BytesIO(data)):
        count += 1
        if record.http_headers and is_html(record.rec_type, record.http_headers.get_header("Content-Type")):
            record.content_stream().read()
    return count


def walk_fastwarc(data: bytes) -> int:
    count = 0
    for record in FastIterator(io.BytesIO(data), auto_decode="all"):
        count += 1
        if record.record_type == WarcRecordType.response and is_html("response", record.http_content_type):
            record.reader.read()
    return count


def inflate_only(data: bytes) -> int:
    source, at, count = Source(io.BytesIO(data), len(data)), 0, 0
    while at < len(data):
        member = Gzip(1 << 30).open(source, at)
        while member.read():
            pass
        at, count = member.end, count + 1
    return count


WALKERS = {"sluice": walk_sluice, "warcio": walk_warcio, "fastwarc": walk_fastwarc, "zlib alone": inflate_only}


def print_speed(parts: list[bytes], megabytes: int, repeats: int) -> None:
    whole = b"".join(parts)
    data = whole * -(-megabytes * 10**6 // len(whole))
    taken: dict[str, list[float]] = {name: [] for name in WALKERS}
    counts = {}
    for _ in range(repeats):
        for name, walk in WALKERS.items():
            start = time.process_time()
            counts[name] = walk(data)
            taken[name].append(time.process_time() - start)
    print(
        f"\n{'reader':12} {'records':>8} {'MB/s':>7} {'lowest':>7} {'highest':>8}   of {len(data) / 1e6:.1f} MB gzipped"
    )
    for name, seconds in taken.items():
        median, low, high = (len(data) / 1e6 / s for s in (statistics.median(seconds), max(seconds), min(seconds)))
        print(f"{name:12} {counts[name]:8} {median:7.1f} {low:7.1f} {high:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="archives to compare, searched to the bottom")
    parser.add_argument("--megabytes", type=int, default=32, metavar="N", help="length of the file for speed (32)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="rounds of all readers (5)")
    options = parser.parse_args()
    cpu = next((line for line in open("/proc/cpuinfo") if line.startswith("model name")), ":").partition(":")[2].strip()
    print(f"python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}, {cpu or platform.machine()}")
    print(", ".join(f"{name} {version(name)}" for name in ("sluice", "warcio", "fastwarc", "zstandard", "brotli")))
    parts = list(members(SAMPLE / "cc-whirlwind.warc.gz")) + list(members(SAMPLE / "wcxb.warc.gz"))
    pages = [part for part in parts if b"WARC-Type: response" in zlib.decompress(part, 31)[:200]][:10]
    print_faults(pages)
    if options.data:
        print_files(options.data)
    print_speed(parts, options.megabytes, options.repeats)


if __name__ == "__main__":
    sys.exit(main())
