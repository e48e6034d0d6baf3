"""Shows which near-duplicates different MinHash bands find, for a threshold and a signature length.

Each line is one way to divide a signature into bands, with the probabilities that pairs of given Jaccard similarities
share a band. A pair without a shared band is never compared; every other pair is compared exactly. So more bands cost
time but never cause a false removal. The line marked * finds a pair at the threshold with probability --catch and
compares the fewest others.

Settings: dedup.threshold, dedup.minhash.bands, dedup.minhash.rows (they determine signatures, so extract runs again).
Exit codes: 0 done, 2 no suitable bands.

example: sluice bands
example: sluice bands --threshold 0.7 --permutations 256 --catch 0.98
"""

import argparse

from sluice.core.config.dedup import DedupConfig
from sluice.core.errors import ConfigError
from sluice.text.dedup.lsh import SIMILARITIES, Banding, choose_banding, curve

SHOWN = 0.5
"""Bandings that find fewer than this share of near-copies, or nearly all half-different pairs, are not shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice bands`."""
    default = DedupConfig()
    length = default.minhash.bands * default.minhash.rows
    parser.add_argument("--threshold", type=float, default=default.threshold, help="Jaccard similarity (0.8)")
    parser.add_argument("--permutations", type=int, default=length, metavar="N", help="hash values per signature (128)")
    parser.add_argument(
        "--catch", type=float, default=0.94, metavar="P", help="minimum probability at the threshold (0.94)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the table. Raises ConfigError for impossible values."""
    if not (0 < options.threshold <= 1 and 0 < options.catch < 1 and options.permutations > 0):
        raise ConfigError(
            f"--threshold {options.threshold} --catch {options.catch} --permutations {options.permutations}: "
            "expected a threshold above 0 up to 1, a probability between 0 and 1 and at least one permutation."
        )
    chosen = choose_banding(options.threshold, options.permutations, options.catch)
    print("  bands x rows  " + " ".join(f"{similarity:>6g}" for similarity in SIMILARITIES))
    for rows in range(1, options.permutations + 1):
        banding = Banding(options.permutations // rows, rows)
        chances = [chance for _, chance in curve(banding)]
        if chances[0] < 0.99 and chances[-1] > SHOWN:
            mark = "*" if banding == chosen else " "
            print(f"{mark} {banding.bands:5} x {rows:4}  " + " ".join(f"{chance:6.3f}" for chance in chances))
    if chosen is None:
        raise ConfigError(
            f"No banding of {options.permutations} permutations finds a pair at {options.threshold:g} with "
            f"probability {options.catch:g}. Use more permutations or a lower --catch."
        )
    return 0
