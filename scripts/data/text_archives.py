"""Writes plain texts into WET archives, so that they can pass through the pipeline like crawled pages.

    python -m scripts.data.text_archives OUT a.jsonl.gz b.jsonl.gz      # OUT/a.warc.wet.gz, OUT/b.warc.wet.gz

A line is a JSON object with its text in `text` or `raw_content` and its address in `url`; a line without `url` gets an
address below `.invalid`. Equal files give equal archives.
"""

import argparse
import gzip
import io
import json
import uuid
from pathlib import Path
from urllib.parse import quote

from warcio.recordloader import ArcWarcRecord
from warcio.warcwriter import WARCWriter

DATE = "2021-01-01T00:00:00Z"
"""Date of every record: the real dates are unknown."""


def main(out: Path, files: list[Path]) -> None:
    """Writes one archive for each file."""
    out.mkdir(parents=True, exist_ok=True)
    for path in files:
        name = path.name.split(".")[0]
        with gzip.open(path, "rt", encoding="utf-8") as lines, open(out / f"{name}.warc.wet.gz", "wb") as target:
            writer = WARCWriter(target, gzip=True)
            for number, line in enumerate(lines):
                fields = json.loads(line)
                address = fields.get("url") or f"http://{name}.invalid/{number}/{quote(str(fields.get('title', '')))}"
                writer.write_record(_record(writer, address, fields.get("text") or fields["raw_content"]))


def _record(writer: WARCWriter, address: str, text: str) -> ArcWarcRecord:
    payload = text.encode()
    return writer.create_warc_record(
        address,
        "conversion",
        payload=io.BytesIO(payload),
        length=len(payload),
        warc_content_type="text/plain",
        warc_headers_dict={
            "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}>",
            "WARC-Date": DATE,
        },
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="directory for the archives")
    parser.add_argument("files", type=Path, nargs="+", help="JSON lines, gzip")
    arguments = parser.parse_args()
    main(arguments.out, arguments.files)
