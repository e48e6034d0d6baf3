"""Writes lib/sluice/text/data/variants.txt: the characters that exist in only one written variant of Chinese, and the
folding of traditional characters to simplified ones.

    python -m venv ENV && ENV/bin/pip install opencc==1.4.2
    ENV/bin/python -m scripts.data.make_variants

Reads the dictionaries of the official OpenCC wheel with its own tool, the PRC's sets of simplified and traditional
characters (GB 2312 from Python, GB/T 12345 from perl's Encode::CN), and Taiwan's from Python's Big5.
Needs perl; every run writes the same file.

A character is distinctive only if it occurs in one variant. OpenCC's tables are made for conversion, so three sets are
removed: characters that OpenCC keeps as one of several results (后 云 于), characters in the other variant's standard
set (峰 and 床 in Big5's common part, 後 in GB 2312), and characters that the PRC prints in traditional text: 黄 强 况
are other shapes of 黃 強 況, not simplifications, and are in GB/T 12345.
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

OUTPUT = Path(__file__).parents[2] / "lib" / "sluice" / "text" / "data" / "variants.txt"
WIDTH = 60
BIG5_RARE = b"\xc9\x40"
"""Start of Big5's second level, of rare characters: it has 体 and 与 for obsolete words."""
PERL = """
use Encode; binmode STDOUT, ":utf8";
for my $code (0x3400 .. 0x9FFF) { my $char = chr $code; print $char if length encode("gb12345-raw", $char, sub {""}) }
"""
HEADER = """\
# Characters of one written variant of Chinese only, and the folding of traditional to simplified characters.
# Made by scripts/data/make_variants.py from OpenCC {version} (https://github.com/BYVoid/OpenCC), tables STCharacters,
# TSCharacters, HKVariants and TWVariants; taken off: common characters of Big5, those of GB 2312 and of GB/T 12345.
# OpenCC is by Carbo Kuo (BYVoid) and contributors, under the Apache License, Version 2.0; changed as said above.
"""


def read_table(package: Path, name: str) -> dict[str, list[str]]:
    """Characters of one dictionary with OpenCC's conversions of each, first choice first."""
    clib = package / "clib"
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        dictionary = str(clib / "share" / "opencc" / f"{name}.ocd2")
        tool = [str(clib / "bin" / "opencc_dict"), "-f", "ocd2", "-t", "text", "-i", dictionary, "-o", file.name]
        subprocess.run(tool, check=True)
        rows = (line.rstrip("\n").split("\t") for line in Path(file.name).read_text(encoding="utf-8").splitlines())
        return {char: choices.split(" ") for char, choices in rows if len(char) == 1}


def is_in(char: str, codec: str, before: bytes = b"\xff") -> bool:
    """Whether an encoding has a character at a code below `before`."""
    try:
        return char.encode(codec) < before
    except UnicodeEncodeError:
        return False


def one_sided(table: dict[str, list[str]], back: dict[str, list[str]]) -> set[str]:
    """Characters that a table always changes and that the reverse table never produces."""
    answers = {char for choices in table.values() for char in choices}
    return {char for char in table if char not in answers and char not in back}


def folding(table: dict[str, list[str]]) -> dict[str, str]:
    """Traditional to simplified by OpenCC's first choice, applied repeatedly so that folding is idempotent."""
    folded = {}
    for char in table:
        target, seen = char, {char}
        while target in table and table[target][0] not in seen:
            target = table[target][0]
            seen.add(target)
        if target != char and len(target) == 1:
            folded[char] = target
    return folded


def main() -> None:
    try:
        import opencc
    except ImportError:
        sys.exit("The opencc wheel is not installed here. See the docstring of this script.")
    package = Path(opencc.__file__).parent
    to_traditional, to_simplified = read_table(package, "STCharacters"), read_table(package, "TSCharacters")
    regional = {
        char
        for name in ("HKVariants", "TWVariants")
        for choices in read_table(package, name).values()
        for char in choices
    }
    reprinted = set(subprocess.run(["perl", "-e", PERL], check=True, capture_output=True, encoding="utf-8").stdout)
    simplified = {
        char
        for char in one_sided(to_traditional, to_simplified)
        if char not in regional and char not in reprinted and not is_in(char, "big5", BIG5_RARE)
    }
    traditional = {char for char in one_sided(to_simplified, to_traditional) if not is_in(char, "gb2312")}
    folded = folding(to_simplified)
    sections = {
        "simplified": "".join(sorted(simplified)),
        "traditional": "".join(sorted(traditional)),
        "fold": "".join(char + folded[char] for char in sorted(folded)),
    }
    lines = [HEADER.format(version=importlib.metadata.version("opencc")).rstrip("\n")]
    for name, chars in sections.items():
        lines.append(f"[{name}]")
        lines += [chars[i : i + WIDTH] for i in range(0, len(chars), WIDTH)]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{OUTPUT}: {len(simplified)} simplified, {len(traditional)} traditional, {len(folded)} folded")


if __name__ == "__main__":
    main()
