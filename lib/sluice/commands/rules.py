"""List the rules of presets or rule files in order, and check each against its examples.

A rule must drop each text in its `drops`, one per limit, and keep those in `keeps` and plain prose of its language.
This finds rules that can never fire, or fire on everything, before a run.
Exit codes: 0 all examples pass, 2 invalid rule file, 4 an example fails.

example: sluice rules                       # the shipped presets
example: sluice rules zh-default
example: sluice rules my-rules.yaml --check
"""

import argparse

from sluice.core.errors import StageError
from sluice.text.rules.examples import faults
from sluice.text.rules.rule import Rule, load_rules, preset_names, read_description


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `sluice rules`."""
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="shipped presets or YAML files")
    parser.add_argument("--check", action="store_true", help="only check the examples")


def run(options: argparse.Namespace) -> int:
    """Prints the rules. Raises ConfigError for an invalid file, StageError if an example fails."""
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
        raise StageError("\n".join([*found, "Add an example for each limit of each rule, or correct the limit."]))
    print(f"{len(rules)} rules: all examples are dropped or kept as expected")
    return 0


def _bounds(rule: Rule) -> str:
    bounds = [("≥", rule.min), ("≤", rule.max), (">", rule.above), ("<", rule.below), ("pareto", rule.pareto)]
    return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
