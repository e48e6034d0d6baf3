"""Archives of ten pages in every form, and the items that the reader returns for them."""

import io

from sluice.data.archives.reader import ArchiveRecord, Damage, read_archive
from tests.helpers.archives import member, page, tiles, zstd_frame

BODIES = [b"<p>page %d</p>" % i * (3 * i + 1) for i in range(10)]
RECORDS = [page(body, url=f"http://example.test/{i}") for i, body in enumerate(BODIES)]
ARCHIVES = {"plain": RECORDS, "gzip": [member(r) for r in RECORDS], "zstd": [zstd_frame(r) for r in RECORDS]}
COMPRESSED = ["gzip", "zstd"]


def read(data, size=None, max_bytes=1 << 20):
    """The items of an archive, which must cover all of its bytes."""
    size = len(data) if size is None else size
    items = list(
        read_archive(io.BytesIO(data), size, is_wanted=lambda kind, _: kind == "response", max_bytes=max_bytes)
    )
    assert tiles(items, size), items
    return items


def records(items):
    return [item for item in items if isinstance(item, ArchiveRecord)]


def damage(items):
    """Offset, length and reason of every damaged range."""
    return [(item.offset, item.length, item.reason) for item in items if isinstance(item, Damage)]
