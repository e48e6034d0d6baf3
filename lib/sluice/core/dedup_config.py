"""The sections of what deduplication does beside whole documents: repeated lines, and benchmarks."""

from sluice.core.section import Fraction, PositiveInt, Section


class Lines(Section):
    """Lines that stand in several documents stay in the best of them only."""

    min_documents: PositiveInt = 3
    """A line is repeated when it stands in so many different documents. CCNet takes 2."""
    min_hosts: PositiveInt = 1
    """And on so many different hosts; documents without a host count as one. 1 needs no hosts."""
    min_chars: PositiveInt = 30
    """Shorter lines stay: headings, refrains, names. Letters, marks and digits of the normal form are counted."""
    min_cjk_chars: PositiveInt = 15
    """The same for Han and kana; in a mixed line each part counts by its own bound."""
    max_digit_share: Fraction = 0.1
    """Lines that differ in digits alone are the same where digits are at most this share of them (a copyright notice).
    In others, prices, dates and versions, the digits are what the line says. CCNet: 1."""
    max_removed_share: Fraction | None = 0.5
    """A document that would lose more than this share of its characters is left whole; null: none is."""
