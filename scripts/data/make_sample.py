"""Makes tests/data/sample: the real pages that the demo and the tests use.

    python -m scripts.data.make_sample COLLECTION

COLLECTION is a folder with `html-truth/SET/pages.warc.gz`, `html-pages/SET/pages.warc.gz` and `warc/*.warc.gz`.
Records are copied byte for byte, so no page is altered, except in `planted.warc.gz`: edited copies of pages of this
sample, for the tests of deduplication. `planted.json` lists each copy with its edit. Every run writes the same files.
"""

import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from sluice.commands.pages import iter_lines
from sluice.core.config.load import load_config
from sluice.text.pages.archive import WarcAccount

SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "sample"

# set: (language, budget in compressed bytes, share of pages that the rules drop)
SETS = {
    "html-truth/cx-extractor": ("zh", 1_700_000, 1.0),
    "html-truth/zh-news-pages": ("zh", 1_100_000, 0.3),
    "html-pages/asf-project-sites": ("zh", 1_500_000, 0.2),
    "html-truth/wcxb": ("en", 2_600_000, 0.1),
    "html-truth/article-extraction-benchmark": ("en", 1_200_000, 0.2),
    "html-pages/apache-httpd-manual": (None, 250_000, 1.0),
}
WHOLE = ("warc/cc-whirlwind.warc.gz", "warc/dolma-cc-sample-0000.warc.gz")


def main(collection: Path) -> None:
    SAMPLE.mkdir(parents=True, exist_ok=True)
    for name, (language, budget, dropped_share) in SETS.items():
        take_set(collection / name / "pages.warc.gz", language, budget, dropped_share)
    for name in WHOLE:
        shutil.copyfile(collection / name, SAMPLE / Path(name).name)
    plant()


def take_set(source: Path, language: str | None, budget: int, dropped_share: float) -> None:
    """Copies the records with the most text per compressed byte, and a share of the pages that the rules drop."""
    lines = list(pages(source))
    kept = [p for p in lines if p["reason"] is None and language in (None, p["language"])]
    dropped = [p for p in lines if p["reason"] is not None and language in (None, p["language"])]
    kept.sort(key=lambda p: (-p["n_bytes"] / p["rec_length"], p["warc_offset"]))
    dropped.sort(key=lambda p: (p["rec_length"], p["warc_offset"]))
    chosen = within(kept, budget * (1 - dropped_share / 2)) + within(dropped, budget * dropped_share / 2)
    data = source.read_bytes()
    with open(SAMPLE / f"{source.parent.name}.warc.gz", "wb") as out:
        for page in sorted(chosen, key=lambda p: p["warc_offset"]):
            out.write(data[page["warc_offset"] : page["warc_offset"] + page["rec_length"]])
    print(f"{source.parent.name}: {len(chosen)} of {len(lines)} pages")


def within(found: list[dict], budget: float) -> list[dict]:
    """The first pages that fit in the budget of compressed bytes."""
    taken, used = [], 0
    for page in found:
        if used + page["rec_length"] <= budget:
            taken.append(page)
            used += page["rec_length"]
    return taken


def pages(source: Path) -> Iterator[dict]:
    config = load_config([], [f"plan.inputs=[{json.dumps(str(source))}]"])
    return (line for line in iter_lines(config) if not isinstance(line, WarcAccount))


def plant() -> None:
    """Writes edited copies of kept English and Chinese pages, and one in another encoding."""
    planted = []
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True)
    for name, language in (("wcxb", "en"), ("asf-project-sites", "zh"), ("zh-news-pages", "zh")):
        source = SAMPLE / f"{name}.warc.gz"
        long = [p for p in pages(source) if p["reason"] is None and p["language"] == language and p["n_chars"] > 1500]
        html = dict(payloads(source))
        for number, page in enumerate(long[:4]):
            body = html[page["url"]].decode(page["charset"], "replace")
            for edit in ("exact", "edited"):
                copy = body if edit == "exact" else edited(body, page["text"])
                charset = "gb18030" if language == "zh" and edit == "exact" else "utf-8"
                url = f"http://{edit}-copy-{number}.{name}.invalid/"
                write(writer, url, copy.encode(charset, "xmlcharrefreplace"), charset)
                planted.append({"url": url, "of": page["url"], "edit": edit, "language": language, "charset": charset})
    (SAMPLE / "planted.warc.gz").write_bytes(buffer.getvalue())
    (SAMPLE / "planted.json").write_text(json.dumps(planted, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"planted: {len(planted)} copies")


def edited(html: str, text: str) -> str:
    """The page with the longest verbatim line of its text cut in half at every occurrence."""
    for line in sorted(text.split("\n"), key=len, reverse=True)[1:]:
        if len(line) >= 20 and line in html:
            return html.replace(line, line[: len(line) // 2])
    raise SystemExit("no line of the text stands unbroken in the page; choose another page to plant")


def payloads(source: Path) -> Iterator[tuple[str, bytes]]:
    with open(source, "rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                yield record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()


def write(writer: WARCWriter, url: str, body: bytes, charset: str) -> None:
    headers = StatusAndHeaders("200 OK", [("Content-Type", f"text/html; charset={charset}")], protocol="HTTP/1.1")
    record = writer.create_warc_record(
        url,
        "response",
        payload=io.BytesIO(body),
        http_headers=headers,
        # a fixed date, later than every copied page, and no random id: every run writes the same bytes
        warc_headers_dict={
            "WARC-Date": "2026-01-01T00:00:00Z",
            "WARC-Record-ID": f"<urn:planted:{url.partition('//')[2].strip('/')}>",
        },
    )
    writer.write_record(record)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
