"""Values by which a text is compared: its hash for exact copies, its signature for near-duplicates."""

from typing import NamedTuple

from sluice.core.config.dedup import MinHashConfig
from sluice.core.ids import text_digest
from sluice.text.dedup.key_text import key_text
from sluice.text.dedup.minhash import signature
from sluice.text.dedup.shingles import shingle_hashes
from sluice.text.unicode.encoded_text import AnyText, EncodedText


class Signed(NamedTuple):
    """The hash of a key text, the number of its distinct shingles, and their signature.

    `signature` is bands x rows little-endian uint32, or None with too few or too many shingles.
    """

    text_hash: bytes
    n_shingles: int
    signature: bytes | None


def sign_text(text: AnyText, minhash: MinHashConfig) -> Signed:
    """Computes hash, shingle count and signature of a text."""
    key = EncodedText(key_text(text))
    hashes = shingle_hashes(key, minhash.shingle)
    is_compared = minhash.min_shingles <= len(hashes) <= minhash.max_shingles
    signed = signature(hashes, minhash).astype("<u4").tobytes() if is_compared else None
    return Signed(text_digest(key.text), len(hashes), signed)
