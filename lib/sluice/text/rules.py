"""Rules are data: a signal, bounds, and the languages they are for. The first rule a document breaks is its reason.

One semantics for both evaluators (this one and `spark.quality`): a document passes a rule when
`min <= value <= max` and `above < value < below`, each bound optional, so that the strictness of a published rule
survives; an undefined value passes; a rule for other languages passes.
"""

from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

import msgspec

from sluice.core.errors import ConfigError
from sluice.core.load import read_yaml
from sluice.core.records import Signals
from sluice.core.section import Section

PRESETS = resources.files("sluice.text") / "presets"


class Rule(Section):
    """One rule. Its name is the reason of the documents it drops."""

    name: str
    signal: str
    languages: tuple[str, ...] | None = None
    """Languages it applies to; None for all."""
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The rule that a document broke, the value that broke it, and the bound it broke."""

    reason: str
    value: float
    threshold: float


class RuleFile(Section, kw_only=True):
    """A YAML file of rules for some languages."""

    description: str
    languages: tuple[str, ...] | None = None
    """Languages of every rule that names none itself."""
    rules: tuple[Rule, ...]


def load_rules(presets: Iterable[str]) -> tuple[Rule, ...]:
    """All rules of the named presets (or YAML paths), in order.

    Raises ConfigError for an unknown preset, an unknown signal, a rule without bounds or bounds that nothing can meet,
    and a name used twice for the same language.
    """
    rules = [rule for preset in presets for rule in _read(preset)]
    seen: dict[str, set[str]] = {}
    for rule in rules:
        _check(rule)
        languages, used = set(rule.languages or ("*",)), seen.setdefault(rule.name, set())
        both = languages & used or (used if "*" in languages else {"*"} & used)  # `*`, every language, meets any
        if both:
            raise ConfigError(f"Two rules are named {rule.name!r} for language {min(both)!r}; give each its name.")
        used |= languages
    return tuple(rules)


def _read(preset: str) -> list[Rule]:
    path = Path(preset) if preset.endswith((".yaml", ".yml")) else Path(str(PRESETS / f"{preset}.yaml"))
    if not path.is_file():
        known = sorted(Path(str(p)).stem for p in PRESETS.iterdir() if str(p).endswith(".yaml"))
        raise ConfigError(
            f"rules.presets names {preset!r}, which is neither a shipped preset ({', '.join(known)}) nor a YAML file."
        )
    try:
        file = msgspec.convert(read_yaml(path), RuleFile)
    except msgspec.ValidationError as e:
        raise ConfigError(f"The rules in {path} are wrong: {e}.") from None
    return [msgspec.structs.replace(r, languages=r.languages or file.languages) for r in file.rules]


def _check(rule: Rule) -> None:
    if rule.signal not in Signals.__struct_fields__:
        raise ConfigError(
            f"Rule {rule.name!r} tests the signal {rule.signal!r}, which nothing computes. "
            f"Known signals: {', '.join(Signals.__struct_fields__)}."
        )
    lower = [bound for bound in (rule.min, rule.above) if bound is not None]
    upper = [bound for bound in (rule.max, rule.below) if bound is not None]
    if not lower and not upper:
        raise ConfigError(f"Rule {rule.name!r} has no bound; give it min, max, above or below.")
    if lower and upper and (max(lower) > min(upper) or (max(lower) == min(upper) in (rule.above, rule.below))):
        raise ConfigError(f"Rule {rule.name!r} drops everything: no value lies between {max(lower)} and {min(upper)}.")


def first_failure(signals: Signals, language: str, rules: Sequence[Rule]) -> Verdict | None:
    """The first rule that a document breaks, or None."""
    for rule in rules:
        if rule.languages is not None and language not in rule.languages:
            continue
        value = getattr(signals, rule.signal)
        if value is not None:
            threshold = broken_bound(rule, value)
            if threshold is not None:
                return Verdict(rule.name, float(value), threshold)
    return None


def broken_bound(rule: Rule, value: float) -> float | None:
    """The first of min, max, above, below that a value breaks."""
    if rule.min is not None and value < rule.min:
        return rule.min
    if rule.max is not None and value > rule.max:
        return rule.max
    if rule.above is not None and value <= rule.above:
        return rule.above
    if rule.below is not None and value >= rule.below:
        return rule.below
    return None
