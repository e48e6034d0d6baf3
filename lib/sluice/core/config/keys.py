"""Dotted paths of all settings, and suggestions for paths that do not exist."""

import functools
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

import msgspec

from sluice.core.config.renamed import renamed_key
from sluice.core.config.schema import Config
from sluice.core.errors import ConfigError

MAX_SUGGESTIONS = 3
MAX_DEPTH = 8
"""Deeper than any setting. Needed because a YAML alias can create a mapping that contains itself."""
NEAR_NAME, NEAR_PATH = 0.6, 0.8
"""Minimum similarity of a mistyped name, and of its whole path, to the correct one."""


def check_keys(tree: Mapping[str, Any]) -> None:
    """Raises ConfigError, with a suggestion, for the first key in a nested mapping that is not a setting."""
    for path in _unknown(tree, Config):
        new = renamed_key(path)
        if new:
            raise ConfigError(f"{path} is now {new}. Write the new name.")
        raise ConfigError(f"The configuration has an unknown key {path!r}. {_hint(path)}")


@functools.cache
def known_paths() -> tuple[str, ...]:
    """Dotted paths of all sections and settings, in configuration order."""
    return tuple(_paths(Config))


def section_of(annotation: Any) -> type[msgspec.Struct] | None:
    """Returns the section class if `annotation` is one, or None for the type of a plain setting."""
    is_section = isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
    return annotation if is_section else None


def suggestions(path: str) -> list[str]:
    """Returns at most three known paths that `path` may mean, in configuration order.

    The first match of: `path` is a known path with some names left out (`pii.mobile` for `extract.pii.mobile`), a
    typing mistake, the same name in another section, a similar name in the same section. Empty if nothing is similar.
    """
    known = [candidate for candidate in known_paths() if candidate != path]
    parent, _, name = path.rpartition(".")
    shortened = [candidate for candidate in known if _is_shortened(path, candidate)]
    if shortened:
        return shortened[:MAX_SUGGESTIONS]
    mistyped = [c for c in known if _ratio(name, _name(c)) >= NEAR_NAME and _ratio(path, c) >= NEAR_PATH]
    if mistyped:
        return [max(mistyped, key=lambda candidate: _ratio(path, candidate))]
    elsewhere = [candidate for candidate in known if _name(candidate) == name]
    same_part = [candidate for candidate in elsewhere if candidate.partition(".")[0] == path.partition(".")[0]]
    if elsewhere:
        return (same_part or elsewhere)[:MAX_SUGGESTIONS]
    siblings = [c for c in known if c.rpartition(".")[0] == parent and _ratio(name, _name(c)) >= NEAR_NAME]
    return sorted(siblings, key=lambda candidate: -_ratio(name, _name(candidate)))[:1]


def _unknown(tree: Mapping[str, Any], section: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Yields the paths of unknown keys. An unknown section with a single setting is extended to that setting."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(section)}
    for key, value in tree.items():
        if not isinstance(key, str):
            continue  # msgspec reports it, with the path
        if key not in fields:
            yield _only_leaf(f"{prefix}{key}", value)
        elif (inner := section_of(fields[key])) and isinstance(value, Mapping):
            yield from _unknown(value, inner, f"{prefix}{key}.")


def _only_leaf(path: str, value: Any) -> str:
    while isinstance(value, Mapping) and len(value) == 1 and path.count(".") < MAX_DEPTH:
        ((key, value),) = value.items()
        path = f"{path}.{key}"
    return path


def _hint(path: str) -> str:
    found = [repr(candidate) for candidate in suggestions(path)]
    if found:
        return f"Did you mean {' or '.join(filter(None, (', '.join(found[:-1]), found[-1])))}?"
    parent = path.rpartition(".")[0]
    while parent and parent not in known_paths():
        parent = parent.rpartition(".")[0]
    names = [_name(candidate) for candidate in known_paths() if candidate.rpartition(".")[0] == parent]
    return f"Known keys {f'in {parent}' if parent else 'at the top level'}: {', '.join(names)}."


def _paths(section: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        path = f"{prefix}{field.encode_name}"
        yield path
        if inner := section_of(field.type):
            yield from _paths(inner, f"{path}.")


def _is_shortened(path: str, candidate: str) -> bool:
    """Whether `path` is `candidate` with some names left out, but not the last one."""
    if _name(path) != _name(candidate):
        return False
    names = iter(candidate.split("."))
    return all(name in names for name in path.split("."))


def _ratio(a: str, b: str) -> float:
    """Symmetric similarity of two strings, from 0 to 1."""
    return max(SequenceMatcher(None, a, b, False).ratio(), SequenceMatcher(None, b, a, False).ratio())


def _name(path: str) -> str:
    return path.rpartition(".")[2]
