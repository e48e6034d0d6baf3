"""Check that docstrings, comments, messages and pages are written in plain English.

    python scripts/check_prose.py              # everything that git tracks
    python scripts/check_prose.py lib/sluice/data README.md

The patterns are those that made earlier texts hard to read; docs/contributing/prose.md gives an example for each.
Prints one line per finding: file, line, the words, what to write instead. Exit code: 0 without findings, 4 with some.
"""

import argparse
import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FAILED = 4

START = {
    r"(What|Those|That of|All that|Whoever|Who|Ones? (that|who|which|with|of))\b": (
        "name the thing: a docstring starts with a noun or a verb"
    ),
}
"""Patterns at the start of a docstring."""

ANYWHERE = {
    r"\b(tokens?|bytes|characters|pages|documents|records|rows|words|steps?|lines|times|requests?) an? "
    r"(second|minute|hour|line|document|page|record|text|core|key|row|file|task|token|worker|replica|step)\b": "per",
    r"\bonce an? (second|document|page|line|stage|run|worker|process|file|interval)\b": "once per",
    r"\bbut for\b": "except",
    r"\bso many\b": "`n`, or the number itself",
    r"\bas good as\b": "almost",
    r"\bfrom \w+ on\b(?! (the|a|an|one|this|our|its|[A-Z])\b)": "from ... up, or after",
    r"\b(it|that) (is|are) none\b": "is not a ..., or invalid",
    r"\bnobody\b": "no one, or the imperative",
    r"\b(in|of|the|its|their) books\b|\bthe ledger\b": "record accounting, or counts",
    r"\b(tower|shield|at the door|the road)\b": "the real name, without a metaphor",
    r"\bwitness(es)?\b": "duplicate_of, or the kept document",
    r"\b(stands?|stood) (in|at|for|by|before|after|there|where|here|again|alone)\b": "is, occurs, or means",
    r"\bgoes on\b|\bgo on\b|\bwent on\b": "continues",
    r"\b(is|are|was|were|be) said\b|\bsays (so|that|which|why|what|how)\b": "is logged, states, or reports",
    r"\breckons?\b|\bat hand\b|\bof old\b": "an everyday word",
    r"\bhouse\b(?! (number|numbers|of)\b)": "project, or layout",
}
"""Patterns anywhere in a sentence."""


class Finding(NamedTuple):
    """One place to rewrite."""

    path: str
    line: int
    words: str
    instead: str


def findings(path: str, text: str) -> list[Finding]:
    """Places to rewrite in one file: the prose of a Python file, or every line of a page."""
    found = []
    for line, prose, is_docstring in _prose(path, text):
        starts = START if is_docstring else {}
        for pattern, instead in starts.items():
            if match := re.match(pattern, prose):
                found.append(Finding(path, line, match[0], instead))
        for pattern, instead in ANYWHERE.items():
            for match in re.finditer(pattern, prose):
                found.append(Finding(path, line + prose.count("\n", 0, match.start()), match[0], instead))
    return found


def _prose(path: str, text: str) -> Iterator[tuple[int, str, bool]]:
    """First line, text, and whether it is a docstring, of everything that people read."""
    if not path.endswith(".py"):
        yield 1, re.sub(r"^(```.*?^```|    .*?$)", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S), False
        return
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        for inner in getattr(node, "body", ()) if isinstance(getattr(node, "body", ()), list) else ():
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                docstrings.add(inner.value.lineno)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# "), False
        elif token.type == tokenize.STRING and " " in token.string:
            yield token.start[0], token.string.lstrip("rfbu").strip("\"'"), token.start[0] in docstrings
        elif token.type == tokenize.NAME and token.string.startswith("test_"):
            yield token.start[0], token.string.removeprefix("test_").replace("_", " "), False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="files and folders; default: the repository")
    options = parser.parse_args()
    command = ["git", "ls-files", "--", *options.paths]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    skipped = ("CHANGELOG.md", "docs/contributing/prose.md", "scripts/check_prose.py", "tests/data/")
    found = [
        finding
        for name in tracked
        if name.endswith((".py", ".md")) and not name.startswith(skipped)
        for finding in findings(name, (ROOT / name).read_text(encoding="utf-8"))
    ]
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.words!r}: {finding.instead}")
    print(f"{len(found)} places to rewrite", file=sys.stderr)
    return FAILED if found else 0


if __name__ == "__main__":
    sys.exit(main())
