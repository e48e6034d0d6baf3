"""The rules of presets or rule files in their order, and whether each does what its examples say.

A rule must drop each text of its `drops`, one for each bound, and keep those of `keeps` and plain prose of its
language. So a rule that can never fire, or fires on everything, is found before a run.
Exit codes: 0 all examples hold, 2 a rule file is wrong, 4 an example does not hold.

example: sluice rules                       # the shipped presets
example: sluice rules zh-default
example: sluice rules my-rules.yaml --check
"""

import argparse

from sluice.core.errors import StageError
from sluice.text.rules.examples import faults
from sluice.text.rules.rule import Rule, load_rules, preset_names, read_description


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `sluice rules`."""
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="shipped presets or YAML files")
    parser.add_argument("--check", action="store_true", help="judge the examples only")


def run(options: argparse.Namespace) -> int:
    """Prints the rules. Raises ConfigError for a wrong file, StageError when an example does not hold."""
    if not options.presets and not options.check:
        for name in preset_names():
            print(f"{name:16} {read_description(name)}")
        return 0
    rules = [rule for name in options.presets or preset_names() for rule in load_rules([name])]
    if not options.check:
        for rule in rules:
            languages = ",".join(rule.languages or ("every",))
            print(f"{rule.name:28} {languages:6} {rule.signal:34} {_bounds(rule)}")
    if found := faults(rules):
        raise StageError("\n".join([*found, "Give each rule an example for each bound, or mend the bound."]))
    print(f"{len(rules)} rules: each drops and keeps its examples")
    return 0


def _bounds(rule: Rule) -> str:
    bounds = [("≥", rule.min), ("≤", rule.max), (">", rule.above), ("<", rule.below), ("pareto", rule.pareto)]
    return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
