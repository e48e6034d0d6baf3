"""Document ids from location, hashes of content, and a stable 64-bit mixing for order, split and samples."""

import hashlib

CRAWL_BITS, WARC_BITS, RECORD_BITS = 19, 20, 24
CELL_BYTES = 128
"""Grain of ids by offset: 2^24 cells reach 2 GiB, and a WARC/1.0 response with its mandatory headers takes at least
149 bytes as a gzip member (zlib at its best), so two of them never share a cell."""
GOLDEN_GAMMA = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: spreads neighbouring ids (Steele et al. 2014, SplitMix64)
MASK64 = (1 << 64) - 1


def document_id(crawl: int, warc_index: int, ordinal: int) -> int:
    """`crawl << 44 | warc_index << 24 | ordinal`: a positive int64 that depends on the place of a record only.

    `warc_index` is the position of the file in the full list of inputs, `ordinal` that of the record in its file.
    Raises ValueError for a part that does not fit its field, since a wrapped id would silently name another document.
    """
    for name, value, bits in (
        ("crawl", crawl, CRAWL_BITS),
        ("warc_index", warc_index, WARC_BITS),
        ("ordinal", ordinal, RECORD_BITS),
    ):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} = {value} does not fit {bits} bits; document ids hold 0 to {(1 << bits) - 1}")
    return crawl << (WARC_BITS + RECORD_BITS) | warc_index << RECORD_BITS | ordinal


def document_id_at(crawl: int, warc_index: int, offset: int) -> int:
    """`crawl << 44 | warc_index << 24 | offset / 128`: the id of a record that was chosen by its offset in the file.

    For records named by an index, whose ordinals are unknown without reading the whole file. It depends on the
    place only, as `document_id` does, and is the same for any selection and any way of reading; the two kinds are
    never mixed in one run. Raises ValueError beyond 2 GiB; whoever makes the list of offsets must see to it that no two
    share a cell.
    """
    return document_id(crawl, warc_index, offset // CELL_BYTES)


def mix64(value: int, seed: int) -> int:
    """A uniform unsigned 64-bit number from an integer and a seed.

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014). The same on every platform, Python and Spark version;
    used wherever order, split or a sample must not depend on partitioning.
    """
    z = (value + (seed + 1) * GOLDEN_GAMMA) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def text_digest(text: str) -> bytes:
    """16 bytes that name a text: the first half of the SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def json_digest(text: str) -> str:
    """SHA-256 in hex of a canonical JSON text; names a configuration or a set of inputs."""
    return hashlib.sha256(text.encode()).hexdigest()
