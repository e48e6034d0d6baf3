"""Conversion of YAML files and `--set` to a typed configuration and back, and digests of its parts."""

import functools
import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sluice.core.config.coerce import explain_type, is_text, wrap_single
from sluice.core.config.keys import check_keys, known_paths
from sluice.core.config.schema import Config
from sluice.core.config.section import Section
from sluice.core.errors import ConfigError, InputError, without_secrets
from sluice.core.ids import json_digest


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader with changes.

    As in YAML 1.2, `3e-4` is a number, and only `true` and `false` are booleans: `no` is Norwegian, and `on` may be the
    name of a column. A date is text. A key that occurs twice in one mapping is an error, as YAML requires; PyYAML uses
    the last value.
    """

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Checks the mapping for repeated keys as written, before `<<` merges other keys into it."""
        node = super().compose_mapping_node(anchor)
        keys: dict[tuple[str, str], yaml.ScalarNode] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            first = keys.setdefault((key.tag, key.value), key)
            if first is not key:
                problem = f"the key {key.value!r} occurs twice; it was first set in line {first.start_mark.line + 1}"
                raise yaml.MarkedYAMLError(None, None, problem, key.start_mark)
        return node


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """The inverse of `_Loader`: quotes strings that it would read as numbers."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


Read = Callable[[str], bytes]
"""Returns the content of a file. Raises OSError or InputError."""


def read_local(path: str) -> bytes:
    """Returns the content of a local file. Raises OSError."""
    return Path(path).read_bytes()


def load_config(files: Iterable[str | Path] = (), settings: Iterable[str] = (), read: Read = read_local) -> Config:
    """Returns the configuration: defaults < files in order < settings `a.b=c` in order. Lists are replaced, not merged.

    The root `seed` is added to the default of every other seed that is not set. Files are read by `read`; the commands
    pass one for local and remote files. Raises ConfigError for an unreadable file, an unknown key (with suggestions) or
    an invalid value (with its path).
    """
    tree: dict[str, Any] = {}
    for file in files:
        tree = merge(tree, read_yaml(str(file), read))
    for setting in settings:
        tree = merge(tree, _typed(setting))
    return to_config(merge(_seeds(tree.get("seed")), tree))


def _typed(setting: str) -> dict[str, Any]:
    """Returns the mapping of a setting; a number for a setting that takes text is the text as written."""
    tree = parse_setting(setting)
    path, _, written = setting.partition("=")
    value = functools.reduce(operator.getitem, path.split("."), tree)
    if isinstance(value, bool | int | float) and is_text(path):
        return parse_setting(f"{path}={json.dumps(written.strip(), ensure_ascii=False)}")
    return tree


def config_with(values: Mapping[str, Any], files: Iterable[str | Path] = (), read: Read = read_local) -> Config:
    """Returns `load_config` with values by path, such as {"dedup.threshold": 0.7}, in place of settings."""
    settings = [f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in values.items()]
    return load_config(files, settings, read)


def _seeds(root: Any) -> dict[str, Any]:
    """Returns settings for all seeds: default plus root seed. Empty if there is no valid root seed above 0."""
    if not isinstance(root, int) or root <= 0:
        return {}
    tree: dict[str, Any] = {}
    defaults = msgspec.to_builtins(Config())
    for path in known_paths():
        if path.endswith(".seed"):
            default = functools.reduce(operator.getitem, path.split("."), defaults)
            tree = merge(tree, parse_setting(f"{path}={default + root}"))
    return tree


def read_yaml(path: str, read: Read = read_local) -> dict[str, Any]:
    """Reads the mapping in a YAML file. An empty file gives an empty mapping."""
    name = without_secrets(path)
    try:
        text = read(path).decode("utf-8")
    except InputError as e:
        raise ConfigError(str(e)) from e
    except OSError as e:
        raise ConfigError(f"Cannot read the configuration {name}: {e.strerror}. Check the path given to --conf.") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{name} is not UTF-8 text at byte {e.start}. Save it as UTF-8.") from e
    tree = _parse(text, name)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{name} contains a {type(tree).__name__}; a configuration must be a mapping of sections.")
    return tree


def parse_setting(setting: str) -> dict[str, Any]:
    """Parses `a.b=c` into a nested mapping; `c` is parsed as YAML."""
    path, equals, value = setting.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigError(
            f"--set {setting!r} is not of the form section.key=value, for example extract.max_unreadable_share=0.05."
        )
    tree = _parse(value, f"The value in --set {setting!r}")
    for key in reversed(path.split(".")):
        tree = {key: tree}
    result: dict[str, Any] = tree
    return result


def _parse(text: str, origin: str) -> Any:
    """Parses a YAML text. Raises ConfigError with `origin`, line, column and problem."""
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = ", ".join(filter(None, (e.context, e.problem)))
        raise ConfigError(f"{origin} is not valid YAML{place}: {problem}.") from e
    except (yaml.YAMLError, ValueError, RecursionError) as e:  # ValueError: a date such as 2024-13-01
        raise ConfigError(f"{origin} is not valid YAML: {' '.join(str(e).split())}.") from e


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `base` updated with `over`. Mappings are merged recursively; all other values are replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def to_config(tree: Mapping[str, Any]) -> Config:
    """Validates plain values and converts them to a `Config`. Raises ConfigError for unknown keys and wrong values."""
    check_keys(tree)
    try:
        return msgspec.convert(wrap_single(tree), Config)
    except msgspec.ValidationError as e:
        raise ConfigError(explain(str(e))) from None


def explain(message: str) -> str:
    """Rewrites msgspec's message about a value so that it begins with the path of the setting."""
    path = (re.search(r"at `\$\.?(.*?)`", message) or ["", ""])[1]
    problem = re.sub(r" - at `.*`$", "", message)
    return f"Invalid configuration at {path or 'its top level'}: {explain_type(problem)}."


def dump(config: Section) -> str:
    """Returns YAML that loads back to an equal section, with all defaults written out."""
    text: str = yaml.dump(msgspec.to_builtins(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text


def one_line(value: object) -> str:
    """Formats a plain value as YAML in one line, for use with `--set`: `null`, `[en, zh]`, `'1e3'`."""
    text: str = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("\n").removesuffix("\n...")


def digest(parts: Mapping[str, Any]) -> str:
    """SHA-256 of named sections or plain values. It depends on the values only, not on the order of the parts."""
    plain = {name: msgspec.to_builtins(value) for name, value in parts.items()}
    return json_digest(msgspec.json.encode(plain, order="sorted").decode())


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Returns `path: old -> new` for each leaf that differs between two nested mappings."""
    found = []
    for key in sorted({*old, *new}):
        a, b = old.get(key), new.get(key)
        if a == b:
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}: {_short(a)} -> {_short(b)}")
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def names(values: Sequence[object], word: str = "and") -> str:
    """Formats `a, b and c` for messages; `word` joins the last two."""
    words = [str(value) for value in values]
    return f" {word} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
