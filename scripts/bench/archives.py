"""Compares the archive reader with warcio and FastWARC on damaged archives, on real files, and in speed.

    python -m scripts.bench.archives                      # faults and speed, on the pages that ship with the repository
    python -m scripts.bench.archives --data FOLDER        # also every archive below FOLDER

faults   archives of ten real pages, each damaged in one way: records returned, and the loss that was reported. A reader
         that returns fewer records than are intact lost pages; one that returns more treated parts of pages as whole.
files    per file, the records that another reader returned and sluice did not, or returned differently, with the cause.
speed    megabytes of gzipped archive per second of CPU time, one core, medians of interleaved repeats, on real pages
         with a request and a metadata record each, as in Common Crawl. All readers inflate every member, parse every
         header and return the bodies of HTML responses. `zlib alone` only inflates: pure Python cannot be faster.
"""

import argparse
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

from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scripts.bench.archive_peers import MAX_BYTES, READERS, differences
from sluice.data.archives.members import Gzip, MemberSource
from sluice.data.archives.reader import Damage, read_archive

SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "sample"
HTML = ("text/html", "application/xhtml+xml")


def members(data: bytes) -> Iterator[bytes]:
    """The gzip members of an undamaged archive."""
    source, at = MemberSource(io.BytesIO(data), len(data)), 0
    while at < len(data):
        member = Gzip(1 << 30).open(source, at)
        while member.read():
            pass
        yield data[at : member.end]
        at = member.end


# faults


def gzipped(record: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(record) + compressor.flush()


def with_length(record: bytes, change: int) -> bytes:
    """A record whose Content-Length is wrong."""
    before, _, rest = record.partition(b"Content-Length: ")
    number, _, behind = rest.partition(b"\r\n")
    return before + b"Content-Length: %d\r\n" % (int(number) + change) + behind


def faults(pages: list[bytes]) -> Iterator[tuple[str, bytes, int]]:
    """Name of the fault, damaged archive, and the number of its intact records."""
    flipped = bytearray(pages[5])
    flipped[len(flipped) // 2] ^= 0x55
    plain = [zlib.decompress(page, 31) for page in pages]
    bomb = plain[5].partition(b"Content-Length")[0] + b"Content-Length: 150000000\r\n\r\n" + bytes(150_000_000)

    def put(page: bytes, parts: list[bytes] = pages) -> bytes:
        return b"".join([*parts[:5], page, *parts[6:]])

    yield "none", b"".join(pages), 10
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
    yield "bomb of 150 MB", put(gzipped(bomb)), 9
    yield "one member for all", gzipped(b"".join(plain)), 10
    yield "empty file", b"", 0


def print_faults(pages: list[bytes]) -> None:
    print(f"\n{'fault':32} {'whole':>5}" + "".join(f"  {name:24}" for name in READERS))
    for name, data, whole in faults(pages):
        cells = []
        for read in READERS.values():
            found = read(data)
            cells.append(f"{len(found.records):2} {', '.join(found.losses) or '-'}")
        print(f"{name:32} {whole:5}" + "".join(f"  {cell:24}" for cell in cells))
    # only the expected file length reveals a cut between two records, and only sluice is given it
    data, size = b"".join(pages[:5]), sum(map(len, pages))
    *found, last = read_archive(io.BytesIO(data), size, is_wanted=is_html, max_bytes=MAX_BYTES)
    assert isinstance(last, Damage)
    peers = "".join(f"  {len(READERS[name](data).records):2} {'-':21}" for name in ("warcio", "fastwarc"))
    print(f"{'cut between records 5 and 6':32} {5:5}  {len(found):2} {last.reason:21}{peers}")


# files


def print_files(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "arc" in path.name.lower())
    print(f"\n{'file':66} {'sluice':>6} {'warcio':>6} {'fastw.':>6}  records missing in sluice, by cause")
    total: Counter[str] = Counter()
    for path in paths:
        data = path.read_bytes()
        counts = {name: len(read(data).records) for name, read in READERS.items()}
        total.update(counts)
        by_cause = Counter(f"{found.reader}: {found.cause}" for found in differences(data))
        if by_cause or len(set(counts.values())) > 1:
            causes = "; ".join(f"{n} {what}" for what, n in sorted(by_cause.items())) or "none"
            print(f"{path.name[-66:]:66}" + "".join(f" {n:6}" for n in counts.values()) + f"  {causes}")
    print(f"{f'{len(paths)} files':66}" + "".join(f" {total[name]:6}" for name in READERS))


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
    for record in FastIterator(io.BytesIO(data)):
        count += 1
        if record.record_type == WarcRecordType.response and is_html("response", record.http_content_type):
            record.reader.read()
    return count


WALKERS: dict[str, Callable[[bytes], int]] = {
    "sluice": walk_sluice,
    "warcio": walk_warcio,
    "fastwarc": walk_fastwarc,
    "zlib alone": lambda data: sum(1 for _ in members(data)),
}


def crawl(pages: list[bytes]) -> bytes:
    """The pages as in Common Crawl, each between its request and its metadata."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    accept = [("User-Agent", "CCBot/2.0 (https://commoncrawl.org/faq/)"), ("Accept-Encoding", "br,gzip")]
    request = StatusAndHeaders("GET / HTTP/1.1", accept, is_http_request=True)
    facts = b'fetchTimeMs: 253\r\ncharset-detected: UTF-8\r\nlanguages-cld2: {"reliable":true}\r\n'
    for page in pages:
        url = zlib.decompress(page, 31).partition(b"WARC-Target-URI: ")[2].partition(b"\r\n")[0].decode()
        writer.write_record(writer.create_warc_record(url, "request", http_headers=request))
        stream.write(page)
        writer.write_record(writer.create_warc_record(url, "metadata", payload=io.BytesIO(facts)))
    return stream.getvalue()


def print_speed(whole: bytes, megabytes: int, repeats: int) -> None:
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
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="archives to compare, searched recursively")
    parser.add_argument("--megabytes", type=int, default=32, metavar="N", help="length of the file for speed (32)")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="rounds per reader (5)")
    options = parser.parse_args()
    models = [line.partition(": ")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    print(f"python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}, {models[0] if models else 'CPU ?'}")
    print(", ".join(f"{name} {version(name)}" for name in ("sluice", "warcio", "fastwarc", "zstandard", "brotli")))
    data = b"".join((SAMPLE / name).read_bytes() for name in ("cc-whirlwind.warc.gz", "wcxb.warc.gz"))
    pages = [part for part in members(data) if b"WARC-Type: response" in zlib.decompress(part, 31)[:200]]
    print_faults(pages[:10])
    if options.data:
        print_files(options.data)
    print_speed(crawl(pages), options.megabytes, options.repeats)


if __name__ == "__main__":
    sys.exit(main())
