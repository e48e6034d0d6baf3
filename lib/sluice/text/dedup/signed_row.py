"""Rows of a user's table, signed for deduplication."""

from collections.abc import Mapping
from typing import Any

from sluice.core.config.dedup import MinHashConfig
from sluice.core.records.dedup import Fact
from sluice.text.dedup.signing import sign_text


def sign_row(row: Mapping[str, Any], minhash: MinHashConfig) -> Fact:
    """Returns the facts of a `SourceRow` without its text."""
    facts = dict(row)
    text = facts.pop("text")
    if text is None or not text.strip():
        n_chars = None if text is None else 0
        return Fact(**facts, n_chars=n_chars, text_hash=None, n_shingles=0, signature=None)
    return Fact(**facts, n_chars=len(text), **sign_text(text, minhash)._asdict())
