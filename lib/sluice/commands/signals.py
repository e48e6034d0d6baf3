"""List all quality signals with range, meaning and source, or compute those of one text.

With FILE (- for standard input), prints the signals of that text as JSON, as the extract pass would store them.
Exit codes: 0 done, 3 no such file.

example: sluice signals
example: sluice signals --language zh article.txt | jq .terminal_line_share
"""

import argparse
import sys
from pathlib import Path

import msgspec

from sluice.core.errors import InputError
from sluice.core.records.docs import Signals
from sluice.text.rules.examples import signals_of
from sluice.text.rules.rule import signal_range
from sluice.text.signals.catalogue import describe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice signals`."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="a UTF-8 text file; without it, print the table")
    parser.add_argument("--language", default="en", metavar="CODE", help="language of the text (en)")


def run(options: argparse.Namespace) -> int:
    """Prints the table, or the signals of a text. Raises InputError for a file that is missing or not UTF-8."""
    if options.file is None:
        for name in Signals.__struct_fields__:
            low, high = signal_range(name)
            limits = f"{low:g} to {high:g}" if high < float("inf") else f"from {low:g}"
            print(f"{name:34} {limits:8}  {describe(name).partition(chr(10))[0]}")
        return 0
    try:
        data = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise InputError(f"{options.file} cannot be read as text: {e}. Expected a UTF-8 file.") from None
    print(msgspec.json.format(msgspec.json.encode(signals_of(text, options.language)), indent=1).decode())
    return 0
