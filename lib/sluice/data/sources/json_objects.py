"""Objects in JSON as programs write it, and which files contain one object per line.

JSON has neither NaN nor halves of surrogate pairs, but Python's `json` writes both: a missing number of a data frame,
and a text that was cut within an emoji. Neither is a reason to lose a document.
"""

import json
from typing import Any

import msgspec

ENDINGS = (".jsonl", ".ndjson", ".json")
COMPRESSED = (".gz", ".zst")
BOM = b"\xef\xbb\xbf"
"""A byte order mark, which some programs write before UTF-8."""
ARRAY = "it is an array. Write one object per line, for example with jq -c '.[]'"
SHOWN = 12
"""Fields named in a message."""


def is_json_lines(path: str) -> bool:
    """Whether a file contains one JSON object per line, by its name in any case: .jsonl, .ndjson, .json.

    Also those that our jobs keep of a table of JSON lines, which Spark names kept/part-….txt.gz. Names may end in .gz
    or .zst.
    """
    folder, _, name = path.rpartition("/")
    plain = name.lower()
    for ending in COMPRESSED:
        plain = plain.removesuffix(ending)
    is_kept = folder.endswith("kept") and name.startswith("part-") and name.endswith(".txt.gz")
    return plain.endswith(ENDINGS) or is_kept


def decode_object(line: bytes) -> dict[str, Any]:
    """Decodes a JSON object. Half a surrogate pair becomes U+FFFD, numbers beyond doubles infinite, NaN stays.

    Raises ValueError with the reason.

    >>> decode_object(b'{"text": "cut \\\\ud83d", "score": NaN}')
    {'text': 'cut �', 'score': nan}
    """
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_freely(line)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if isinstance(value, dict):
        return value
    raise ValueError(ARRAY if isinstance(value, list) else f"it is a {type(value).__name__}, not an object")


def _decode_freely(line: bytes) -> Any:
    if line.strip() in (b"[", b"{"):
        raise ValueError(ARRAY if line.strip() == b"[" else "its objects span lines. Write each on one line")
    try:
        return _whole(json.loads(line.decode()))
    except UnicodeDecodeError as e:
        raise ValueError(f"it is not UTF-8 at byte {e.start}") from None
    except json.JSONDecodeError as e:
        raise ValueError(f"{e.msg} at character {e.pos}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _whole(value: Any) -> Any:
    """Replaces halves of surrogate pairs in all strings of a value."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    return value


def replace_text(line: str, field: str, text: str) -> str:
    """Returns a JSON line with another text in `field`; all other values are copied as written.

    In a line that is no JSON by the standard, they are written as Python's `json` does.
    """
    try:
        values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return json.dumps(json.loads(line) | {field: text})
    values[field] = msgspec.Raw(msgspec.json.encode(text))
    return msgspec.json.encode(values).decode()


def fields_of(value: dict[str, Any]) -> str:
    """Returns the names of an object's fields, for messages."""
    names = ", ".join(map(repr, list(value)[:SHOWN])) or "no fields"
    return names + (", …" if len(value) > SHOWN else "")
