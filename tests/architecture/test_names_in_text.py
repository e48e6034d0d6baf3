"""Modules and files named in docstrings, comments and pages exist."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import sluice
from sluice.core.config.keys import known_paths

LIBRARY = Path(sluice.__file__).parent
ROOT = LIBRARY.parents[1]
PACKAGES = (
    *("sluice", "core", "data", "report", "view", "publish", "text", "in_memory", "spark", "train", "commands"),
    "ablation",
)
OTHERS = re.compile(
    r"(train|data|spark)\.(data|dist|model|run|log|optim|export|loss|baseline|manifest|partitions|eval_batch_size)\b"
    r"|publish\.(columns|file_bytes|formats|license|upload|private)\b"
    r"|spark\.(hadoop|executorEnv)\.|report\.(html|json)$|sluice\.warc$"
)
"""Dotted names that are settings, output files or formats, not modules."""


def texts() -> dict[str, str]:
    command = ["git", "ls-files", "lib", "tests", "scripts", "jobs", "docs", "README.md", "CONTRIBUTING.md"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = [name for name in tracked if name.endswith((".py", ".md")) and (ROOT / name).is_file()]
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in wanted}


def exists(dotted: str) -> bool:
    """Whether a module, or a module and a name defined in it, has this dotted path below sluice."""
    parts = dotted.removeprefix("sluice.").split(".")
    if dotted.startswith("sluice.") and parts[0] in sluice.__all__:
        return True
    for end in range(len(parts), 0, -1):
        path = LIBRARY.joinpath(*parts[:end])
        source = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if source.is_file():
            rest = parts[end:]
            return not rest or re.search(rf"\b{re.escape(rest[0])}\b", source.read_text(encoding="utf-8")) is not None
    return False


def test_every_module_named_in_backticks_exists():
    missing = []
    for name, text in texts().items():
        for match in re.finditer(rf"`((?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+)`", text):
            if not OTHERS.match(match[1]) and not exists(match[1]):
                missing.append(f"{name}: {match[1]}")
    assert missing == []


def test_every_source_file_named_in_a_text_exists():
    missing = []
    for name, text in texts().items():
        for match in re.finditer(r"\b((?:lib|scripts|jobs|tests|conf|docs)/[\w./-]+\.(?:py|sh|yaml|md))\b", text):
            if not (ROOT / match[1]).exists() and "NAME" not in match[1]:
                missing.append(f"{name}: {match[1]}")
    assert missing == []


def messages(text: str) -> Iterator[str]:
    """The texts of errors and log lines, with `{}` for values."""
    for node in ast.walk(ast.parse(text)):
        is_log = isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log.")
        for part in ast.walk(node) if is_log or isinstance(node, ast.Raise) else ():
            if isinstance(part, ast.JoinedStr):
                yield "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in part.values)  # type: ignore[misc]
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_settings_in_messages_have_their_whole_path():
    paths = known_paths()
    inner = {name for path in paths if "." in path for name in path.split(".")[:-1]} - {p.split(".")[0] for p in paths}
    short = re.compile(rf"(?<![\w./{{}}])(?:{'|'.join(sorted(inner))})\.[a-z{{*]\w*")
    found = []
    for name, text in texts().items():
        if name.startswith("lib/") and name.endswith(".py"):
            found += [f"{name}: {match[0]}" for words in messages(text) for match in short.finditer(words)]
    assert found == []
