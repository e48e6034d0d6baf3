"""Values that mean the type of their setting, although YAML reads them as another: one text for a list, `1.0` for text.

Only where nothing else can be meant. Every other value of a wrong type stays as it is, and is an error later.
"""

import functools
import operator
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import inspect

from sluice.core.config.schema import Config

_LISTS = (inspect.ListType, inspect.VarTupleType)
_NUMBERS = (inspect.IntType, inspect.FloatType, inspect.BoolType)


def wrap_single(tree: Mapping[str, Any], section: inspect.Type | None = None) -> dict[str, Any]:
    """Returns a tree of settings in which one text for a list of texts is a list of that text.

    Not if the text has a comma: `en,zh` would be one language of that name.
    """
    kinds = _settings(section or _root())
    return {key: _wrapped(value, kinds[key]) if key in kinds else value for key, value in tree.items()}


def _wrapped(value: Any, kind: inspect.Type) -> Any:
    if isinstance(value, Mapping) and isinstance(kind, inspect.StructType):
        return wrap_single(value, kind)
    kinds = list(_alternatives(kind))
    is_list = any(isinstance(one, _LISTS) and isinstance(one.item_type, inspect.StrType) for one in kinds)
    if isinstance(value, str) and value and "," not in value and is_list and not any(map(_takes_text, kinds)):
        return [value]
    return value


def is_text(path: str) -> bool:
    """Whether the setting at a dotted path takes text, and neither numbers nor booleans. False for an unknown path."""
    try:
        kind = functools.reduce(lambda kind, key: operator.getitem(_settings(kind), key), path.split("."), _root())
    except KeyError:
        return False
    kinds = list(_alternatives(kind))
    return any(map(_takes_text, kinds)) and not any(isinstance(one, _NUMBERS) for one in kinds)


def _takes_text(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StrType | inspect.LiteralType)


@functools.cache
def _root() -> inspect.Type:
    return inspect.type_info(Config)


def _settings(kind: inspect.Type) -> dict[str, inspect.Type]:
    """Types of the settings of a section by name; empty for a plain setting."""
    return {field.encode_name: field.type for field in kind.fields} if isinstance(kind, inspect.StructType) else {}


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    """The types of a union, without metadata such as bounds."""
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _alternatives(one)
    elif isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    else:
        yield kind


def explain_type(problem: str) -> str:
    """Adds to msgspec's sentence about a type what to write instead, where that is certain."""
    for expected, got, advice in (
        ("`array", "`str`", "write a list in brackets, such as [a, b]"),
        ("`str", "`int`", "put text that looks like a number in quotes"),
        ("`str", "`float`", "put text that looks like a number in quotes"),
        ("`str", "`bool`", "put the text in quotes"),
        ("`bool", "`str`", "write true or false"),
    ):
        if problem.startswith(f"Expected {expected}") and problem.endswith(f"got {got}"):
            return f"{problem}: {advice}"
    return problem
