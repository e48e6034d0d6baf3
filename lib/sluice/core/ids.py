"""Document ids computed from locations, content hashes, and a stable 64-bit mix for order, splits and samples."""

import hashlib

CRAWL_BITS, WARC_BITS, RECORD_BITS = 19, 20, 24
CELL_BYTES = 128
"""Resolution of ids by offset. 2^24 cells cover 2 GiB. A WARC/1.0 response with its mandatory headers takes at least
149 bytes as a gzip member (zlib's best level), so two records never share a cell."""
GOLDEN_GAMMA = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: spreads neighbouring ids (Steele et al. 2014, SplitMix64)
MASK64 = (1 << 64) - 1


def document_id(crawl: int, warc_index: int, ordinal: int) -> int:
    """`crawl << 44 | warc_index << 24 | ordinal`: a positive int64 that depends only on the location of a record.

    `warc_index` is the position of the file in the full input list, `ordinal` the position of the record in its file.
    Raises ValueError for a part that does not fit its field; a wrapped id would silently identify another document.
    """
    for name, value, bits in (
        ("crawl", crawl, CRAWL_BITS),
        ("warc_index", warc_index, WARC_BITS),
        ("ordinal", ordinal, RECORD_BITS),
    ):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} = {value} does not fit {bits} bits; it must be between 0 and {(1 << bits) - 1}")
    return crawl << (WARC_BITS + RECORD_BITS) | warc_index << RECORD_BITS | ordinal


def document_id_at(crawl: int, warc_index: int, offset: int) -> int:
    """`crawl << 44 | warc_index << 24 | offset / 128`: the id of a record selected by its offset in the file.

    For records named by an index: their ordinals are unknown unless the whole file is read. Like `document_id`, it
    depends only on the location, so it is the same for any selection and read mode. One run never mixes both kinds.
    Raises ValueError beyond 2 GiB. The caller must ensure that no two offsets share a cell.
    """
    return document_id(crawl, warc_index, offset // CELL_BYTES)


def mix64(value: int, seed: int) -> int:
    """Maps an integer and a seed to a uniform unsigned 64-bit number.

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014). The same on every platform, Python and Spark version. Used
    wherever order, split or sample must not depend on partitioning.
    """
    z = (value + (seed + 1) * GOLDEN_GAMMA) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def text_digest(text: str) -> bytes:
    """16-byte digest of a text: the first half of the SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def json_digest(text: str) -> str:
    """SHA-256 in hex of a canonical JSON text; identifies a configuration or a set of inputs."""
    return hashlib.sha256(text.encode()).hexdigest()
