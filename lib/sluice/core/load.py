"""From YAML files and `--set` to a typed configuration, and back; digests of the parts that change results."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sluice.core.config import Config
from sluice.core.errors import ConfigError
from sluice.core.ids import json_digest
from sluice.core.section import Section


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's, but `3e-4` is a number, as in YAML 1.2 and everywhere else; PyYAML takes it for a text."""


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """The inverse: a text that looks like such a number is quoted."""


for _side in (_Loader, _Dumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
    )


def load_config(files: Iterable[str | Path] = (), settings: Iterable[str] = ()) -> Config:
    """Defaults < files in order < settings `a.b=c` in order. Lists are replaced, not merged.

    Raises ConfigError that names the path of the bad value, and the nearest known name for an unknown key.
    """
    tree: dict[str, Any] = {}
    for file in files:
        tree = merge(tree, read_yaml(Path(file)))
    for setting in settings:
        tree = merge(tree, parse_setting(setting))
    return to_config(tree)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in one YAML file; an empty file is an empty mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as e:
        raise ConfigError(f"Cannot read the configuration {path}: {e.strerror}. Check the path given to --conf.") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path} is not UTF-8 text at byte {e.start}. Save it as UTF-8.") from e
    try:
        tree = yaml.load(text, _Loader)
    except yaml.YAMLError as e:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(e).split())}") from e
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} holds a {type(tree).__name__}; a configuration is a mapping of sections.")
    return tree


def parse_setting(setting: str) -> dict[str, Any]:
    """`a.b=c` as a nested mapping, `c` parsed as YAML."""
    path, equals, value = setting.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigError(f"--set {setting!r} is not of the form section.key=value, for example extract.max_loss=0.05.")
    try:
        tree: Any = yaml.load(value, _Loader)
    except yaml.YAMLError as e:
        raise ConfigError(f"The value in --set {setting!r} is not valid YAML: {' '.join(str(e).split())}") from e
    for key in reversed(path.split(".")):
        tree = {key: tree}
    result: dict[str, Any] = tree
    return result


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid on `base`; mappings merge, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def to_config(tree: Mapping[str, Any]) -> Config:
    """A checked `Config` from plain values."""
    try:
        return msgspec.convert(tree, Config)
    except msgspec.ValidationError as e:
        raise ConfigError(explain(str(e))) from None


def explain(message: str) -> str:
    """msgspec's message with the path in words and, for an unknown key, the nearest known one."""
    path = (re.search(r"at `\$\.?(.*?)`", message) or ["", ""])[1]
    problem = re.sub(r" - at `.*`$", "", message)
    unknown = re.search(r"unknown field `(.*)`", problem)
    if not unknown:
        return f"The configuration is wrong at {path or 'its top level'}: {problem}."
    key = unknown[1]
    known = section_keys(path)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    where = f"{path}.{key}" if path else key
    hint = f"Did you mean {near[0]!r}?" if near else f"Known keys there: {', '.join(known)}."
    return f"The configuration has an unknown key {where!r}. {hint}"


def section_keys(path: str) -> list[str]:
    """The field names of the section at a dotted path."""
    section: type[msgspec.Struct] = Config
    for name in filter(None, re.sub(r"\[.*?\]", "", path).split(".")):
        for field in msgspec.structs.fields(section):
            if field.encode_name == name:
                section = _struct_in(field.type) or section
    return [field.encode_name for field in msgspec.structs.fields(section)]


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, msgspec.Struct):
            return candidate
    return None


def dump(config: Section) -> str:
    """YAML that loads back to an equal section, every default written out."""
    text: str = yaml.dump(msgspec.to_builtins(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text


def digest(parts: Mapping[str, Any]) -> str:
    """SHA-256 of named sections or plain values: equal settings, equal digest, in any order of the parts."""
    plain = {name: msgspec.to_builtins(value) for name, value in parts.items()}
    return json_digest(msgspec.json.encode(plain, order="sorted").decode())


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`path: old -> new` for each leaf that differs between two plain trees."""
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


def read_resolved(path: Path) -> Mapping[str, Any]:
    """The plain tree of a `config.resolved.yaml`."""
    return read_yaml(path)


def names(values: Sequence[object]) -> str:
    """`a, b and c` for messages."""
    words = [str(value) for value in values]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
