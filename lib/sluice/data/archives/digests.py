"""Digests of archive records: `sha1:` with base32 as WARC writers produce, other algorithms, and hexadecimal."""

import base64
import binascii
import hashlib

ALGORITHMS = frozenset(("md5", "sha1", "sha224", "sha256", "sha384", "sha512"))


def is_match(claim: str, *variants: bytes) -> bool:
    """Whether a labelled digest (WARC/1.1 5.8) matches one of the variants.

    Also True if the declared digest cannot be checked: unknown algorithm or invalid length.
    """
    label, _, value = claim.strip().partition(":")
    algorithm = label.strip().lower().replace("-", "")
    if algorithm not in ALGORITHMS:
        return True
    expected = _digest_bytes(value.strip(), hashlib.new(algorithm).digest_size)
    return expected is None or any(hashlib.new(algorithm, data).digest() == expected for data in variants)


def _digest_bytes(value: str, size: int) -> bytes | None:
    """Decodes a digest from hexadecimal or base32, with or without padding. The length decides which it is."""
    try:
        if len(value) == 2 * size:
            return bytes.fromhex(value)
        data = base64.b32decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 8), casefold=True)
    except (ValueError, binascii.Error):
        return None
    return data if len(data) == size else None
