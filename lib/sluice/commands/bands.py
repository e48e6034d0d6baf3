"""Shows which bands catch which near-duplicates: a table for a threshold and a length of signatures.

Each line is one way to cut a signature into bands, with the probability that a pair of a Jaccard similarity shares a
band. A pair that shares none is never compared; every other pair is compared exactly, so more bands cost time but never
cause a false removal. The line marked * catches a pair at the threshold with --catch and compares the fewest others.

Settings: dedup.threshold, dedup.minhash.bands, dedup.minhash.rows (they decide signatures: extract runs again).
Exit codes: 0 done, 2 no such banding.

example: sluice bands
example: sluice bands --threshold 0.7 --permutations 256 --catch 0.98
"""

import argparse

from sluice.core.config.dedup import DedupConfig
from sluice.core.errors import ConfigError
from sluice.text.dedup.lsh import SIMILARITIES, Banding, choose_banding, curve

SHOWN = 0.5
"""Bandings that catch few near-copies, or nearly all half-different pairs, are left out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sluice bands`."""
    default = DedupConfig()
    length = default.minhash.bands * default.minhash.rows
    parser.add_argument("--threshold", type=float, default=default.threshold, help="Jaccard similarity (0.8)")
    parser.add_argument("--permutations", type=int, default=length, metavar="N", help="values of a signature (128)")
    parser.add_argument(
        "--catch", type=float, default=0.94, metavar="P", help="least probability at the threshold (0.94)"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the table. Raises ConfigError for values that no banding can have."""
    if not (0 < options.threshold <= 1 and 0 < options.catch < 1 and options.permutations > 0):
        raise ConfigError(
            f"--threshold {options.threshold} --catch {options.catch} --permutations {options.permutations}: a "
            "threshold above 0 up to 1, a probability between 0 and 1 and at least one permutation were expected."
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
            f"No banding of {options.permutations} permutations catches a pair at {options.threshold:g} with "
            f"probability {options.catch:g}. Use more permutations or a lower --catch."
        )
    return 0
