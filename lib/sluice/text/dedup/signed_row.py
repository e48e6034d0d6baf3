"""Rows of a user's table, signed for deduplication."""

from collections.abc import Mapping
from typing import Any

from sluice.core.config.dedup import MinHashConfig
from sluice.core.records.dedup import Fact
from sluice.text.dedup.key_text import count_ignorable
from sluice.text.dedup.signing import sign_text
from sluice.text.unicode.encoded_text import EncodedText


def sign_row(row: Mapping[str, Any], minhash: MinHashConfig) -> Fact:
    """Returns the facts of a `SourceRow` without its text."""
    facts = dict(row)
    text = facts.pop("text")
    if text is None or not text.strip():
        n_chars = None if text is None else 0
        return Fact(**facts, n_chars=n_chars, text_hash=None, n_shingles=0, signature=None)
    # of two texts that differ only in what no one sees, the one without it is longer, and so the better copy
    encoded = EncodedText.of(text)
    n_chars = len(text) - 2 * count_ignorable(encoded)
    return Fact(**facts, n_chars=n_chars, **sign_text(encoded, minhash)._asdict())
