"""Rules are data: a signal, bounds, and languages. The first rule that a document violates is its reason.

Both evaluators (this one and `spark.transforms.rules`) share one definition: a document passes a rule if
`min <= value <= max` and `above < value < below`, where each bound is optional; so published rules keep their
strictness. An undefined value passes, and so do documents in other languages. `pareto` keeps documents at random, the
more often the closer the value is to 1.
"""

import difflib
import math
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec

from sluice.core.config.load import read_yaml
from sluice.core.config.renamed import RENAMED_SIGNALS
from sluice.core.config.section import PositiveInt, Section
from sluice.core.errors import ConfigError, without_secrets
from sluice.core.records.docs import Signals
from sluice.data import storage

Exponent = Annotated[int, msgspec.Meta(ge=1, le=64)]

PRESETS = resources.files("sluice.text") / "presets"


class Repeated(Section, kw_only=True):
    """A long example: a text repeated `times` times."""

    text: str
    times: PositiveInt


class Rule(Section):
    """One rule. Its name is the reason for the documents that it drops."""

    name: str
    signal: str
    languages: tuple[str, ...] | None = None
    """Languages that the rule applies to; None for all."""
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None
    pareto: Exponent | None = None
    """Keeps a document with probability (2 - value)^-pareto (GPT-3's rule, with 9), decided by its `random_unit`: the
    same documents in every run, and a subset of them for a larger exponent."""
    drops: tuple[str | Repeated, ...] = ()
    """Texts that the rule must drop, one per bound. `sluice rules` and tests check them."""
    keeps: tuple[str | Repeated, ...] = ()
    """Texts that the rule must keep, in addition to the plain prose that every rule must keep."""


class Verdict(msgspec.Struct, frozen=True):
    """The rule that a document violated, the value, and the bound."""

    reason: str
    value: float
    threshold: float


class RuleFile(Section, kw_only=True):
    """A YAML file of rules."""

    description: str
    languages: tuple[str, ...] | None = None
    """Languages of all rules that do not set their own."""
    include: tuple[str, ...] = ()
    """Presets or files, as in `rules.presets`, whose rules are placed before this file's."""
    without: tuple[str, ...] = ()
    """Names of included rules to exclude."""
    rules: tuple[Rule, ...]


def load_rules(presets: Iterable[str]) -> tuple[Rule, ...]:
    """Loads all rules of the named presets, or YAML files by local path or URI, in order.

    Raises ConfigError for an unknown preset, an unknown signal, a rule without bounds, with bounds that no value can
    meet, or with a name used twice for the same language.
    """
    rules = [rule for preset in presets for rule in _read(preset)]
    seen: dict[str, set[str]] = {}
    for rule in rules:
        _check(rule)
        languages, used = set(rule.languages or ("*",)), seen.setdefault(rule.name, set())
        both = languages & used or (used if "*" in languages else {"*"} & used)  # `*`, every language, meets any
        if both:
            raise ConfigError(f"Two rules are named {rule.name!r} for language {min(both)!r}. Rename one.")
        used |= languages
    return tuple(rules)


def preset_names() -> list[str]:
    """Returns the names of shipped presets."""
    return sorted(Path(str(p)).stem for p in PRESETS.iterdir() if str(p).endswith(".yaml"))


def read_description(preset: str) -> str:
    """Returns the description of a shipped preset or rule file. Raises ConfigError as `load_rules` does."""
    return _read_file(_path_of(preset)).description.strip()


def _path_of(preset: str) -> str:
    if storage.is_uri(preset):
        return preset  # a missing one is reported when it is read
    path = Path(preset) if preset.endswith((".yaml", ".yml")) else Path(str(PRESETS / f"{preset}.yaml"))
    if not path.is_file():
        raise ConfigError(
            f"rules.presets names {preset!r}, which is neither a shipped preset ({', '.join(preset_names())}) nor a "
            "YAML file."
        )
    return str(path)


def _read_file(path: str) -> RuleFile:
    try:
        return msgspec.convert(read_yaml(path, storage.read_bytes), RuleFile)
    except msgspec.ValidationError as e:
        raise ConfigError(f"The rules in {without_secrets(path)} are invalid: {e}.") from None


def _read(preset: str, through: tuple[str, ...] = ()) -> list[Rule]:
    path = _path_of(preset)
    name = without_secrets(path)
    if preset in through:
        chain = " > ".join(map(without_secrets, (*through, preset)))
        raise ConfigError(f"The rules in {name} include themselves: {chain}.")
    file = _read_file(path)
    included = [rule for other in file.include for rule in _read(other, (*through, preset))]
    if unknown := set(file.without) - {rule.name for rule in included}:
        raise ConfigError(f"`without` in {name} names the rule {min(unknown)!r}, but no included preset defines it.")
    own = [msgspec.structs.replace(r, languages=r.languages or file.languages) for r in file.rules]
    return [rule for rule in included if rule.name not in file.without] + own


def _check(rule: Rule) -> None:
    if rule.signal not in Signals.__struct_fields__:
        near = difflib.get_close_matches(rule.signal, Signals.__struct_fields__, 1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        if new := RENAMED_SIGNALS.get(rule.signal):
            hint = f"It is now called {new!r}. "
        raise ConfigError(
            f"Rule {rule.name!r} uses the unknown signal {rule.signal!r}. {hint}`sluice signals` lists all."
        )
    lower = [bound for bound in (rule.min, rule.above) if bound is not None]
    upper = [bound for bound in (rule.max, rule.below) if bound is not None]
    if not lower and not upper and rule.pareto is None:
        raise ConfigError(f"Rule {rule.name!r} has no bound. Add min, max, above, below or pareto.")
    if lower and upper and (max(lower) > min(upper) or (max(lower) == min(upper) in (rule.above, rule.below))):
        raise ConfigError(f"Rule {rule.name!r} drops everything: no value is between {max(lower)} and {min(upper)}.")
    low, high = signal_range(rule.signal)
    if (rule.min is not None and rule.min > high) or (rule.above is not None and rule.above >= high):
        raise ConfigError(f"Rule {rule.name!r} drops everything: {rule.signal} is never more than {high:g}.")
    if (rule.max is not None and rule.max < low) or (rule.below is not None and rule.below <= low):
        raise ConfigError(f"Rule {rule.name!r} drops everything: {rule.signal} is never less than {low:g}.")
    idle = [
        name
        for name, bound, can_break in (
            ("min", rule.min, rule.min is not None and rule.min > low),
            ("above", rule.above, rule.above is not None and rule.above >= low),
            ("max", rule.max, rule.max is not None and rule.max < high),
            ("below", rule.below, rule.below is not None and rule.below <= high),
        )
        if bound is not None and not can_break
    ]
    if idle:
        raise ConfigError(
            f"Rule {rule.name!r} can never break its bound {idle[0]}: {rule.signal} is between {low:g} and {high:g}."
        )


def signal_range(name: str) -> tuple[float, float]:
    """Returns the smallest and largest possible value of a signal.

    The maximum of shares is 1, except for those of the most frequent n-grams, which count overlaps and joiners.
    """
    is_share = name.endswith(("_share", "_score")) or name == "random_unit"
    return 0.0, 1.0 if is_share and not name.startswith("top_") else math.inf


def first_failure(signals: Signals, language: str, rules: Sequence[Rule]) -> Verdict | None:
    """Returns the first rule that a document violates, or None."""
    for rule in rules:
        if rule.languages is not None and language not in rule.languages:
            continue
        value = getattr(signals, rule.signal)
        if value is None:
            continue
        threshold = broken_bound(rule, value)
        if threshold is None and rule.pareto is not None and is_unlucky(value, rule.pareto, signals.random_unit):
            threshold = signals.random_unit
        if threshold is not None:
            return Verdict(rule.name, float(value), threshold)
    return None


def broken_bound(rule: Rule, value: float) -> float | None:
    """Returns the first of min, max, above, below that a value violates."""
    if rule.min is not None and value < rule.min:
        return rule.min
    if rule.max is not None and value > rule.max:
        return rule.max
    if rule.above is not None and value <= rule.above:
        return rule.above
    if rule.below is not None and value >= rule.below:
        return rule.below
    return None


def is_unlucky(value: float, exponent: int, random_unit: float | None) -> bool:
    """Whether the random number decides against a value. A document without a random number is kept.

    The power is computed as a product from left to right, so that Spark's arithmetic gives the same bits.
    """
    if random_unit is None:
        return False
    product = random_unit
    for _ in range(exponent):
        product *= 2.0 - value
    return product >= 1.0
