"""Checks rules against their examples: every rule can fire, and none drops plain prose."""

import functools
from collections.abc import Sequence
from importlib import resources

from sluice.core.config.extract import BadWordsConfig
from sluice.core.records.docs import Signals
from sluice.text.lists.bad_words import BadWordLists
from sluice.text.rules.rule import Repeated, Rule, first_failure
from sluice.text.signals.catalogue import FUNCTIONS
from sluice.text.signals.compute import compute

SHOWN = FUNCTIONS.keys() | {"bad_word_share", "n_bad_words", "n_different_bad_words"}
"""Signals that are computed from the text alone with shipped data. Others, such as `quality_score`, have no
examples."""
DATA = resources.files("sluice.text") / "data"


def prose(language: str) -> str | None:
    """Returns a short plain text that every rule for the language must keep; None if none is shipped."""
    path = DATA / f"prose.{language}.txt"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def faults(rules: Sequence[Rule]) -> list[str]:
    """Returns faults of rules' examples, one sentence each; empty if there are none.

    A rule on a text signal needs a text in `drops` for each bound, each dropped at a different bound. Texts in `keeps`,
    and the plain prose of its languages, must be kept.
    """
    return [fault for rule in rules for fault in _faults(rule)]


def _faults(rule: Rule) -> list[str]:
    found = []
    languages = rule.languages or ("en", "zh")
    bounds = {bound for bound in (rule.min, rule.max, rule.above, rule.below) if bound is not None}
    broken = set()
    for number, example in enumerate(rule.drops, 1):
        verdict = first_failure(signals_of(text_of(example), languages[0]), languages[0], [rule])
        if verdict is None:
            found.append(f"Rule {rule.name!r} ({languages[0]}) keeps example {number} of `drops`.")
        else:
            broken.add(verdict.threshold)
    for bound in sorted(bounds - broken) if rule.signal in SHOWN else ():
        found.append(f"Rule {rule.name!r} ({languages[0]}) has no example that breaks its bound {bound:g}.")
    kept = [(languages[0], text_of(example)) for example in rule.keeps]
    kept += [(language, text) for language in languages if (text := prose(language)) is not None]
    if not kept:
        found.append(f"Rule {rule.name!r} ({languages[0]}) has no example that it keeps.")
    for language, text in kept:
        if first_failure(signals_of(text, language), language, [rule]) is not None:
            found.append(f"Rule {rule.name!r} ({language}) drops what it should keep: {text[:40]!r} ...")
    return found


def signals_of(text: str, language: str) -> Signals:
    """Computes the signals of a text like the extract pass, with the shipped lists."""
    found = _bad_words().measure(text, language)
    return compute(text, language, **(found.signals() if found else {}))


@functools.cache
def _bad_words() -> BadWordLists:
    return BadWordLists.of(BadWordsConfig())


def text_of(example: str | Repeated) -> str:
    """Returns the full text of an example."""
    return example if isinstance(example, str) else example.text * example.times
