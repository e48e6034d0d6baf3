"""The code uses reasons of the enumeration only, and every reason of the enumeration."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sluice
from sluice.core.reasons import Reason, meaning_of

LIBRARY = Path(sluice.__file__).parent
GIVERS = {"Damage": 2, "Fault": 0, "BrokenMember": 0, "_reject": 1, "_lost": 1}
"""Position of the reason among the arguments of these callables; others have the keyword `reason`."""


def trees() -> Iterator[tuple[str, ast.AST]]:
    for path in LIBRARY.rglob("*.py"):
        if path.name != "reasons.py":
            yield str(path.relative_to(LIBRARY)), ast.parse(path.read_text(encoding="utf-8"))


def test_no_call_passes_a_reason_as_a_literal():
    literals = []
    for name, tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = GIVERS.get(function)
            given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
            given += call.args[place : place + 1] if place is not None else []
            literals += [f"{name}:{value.lineno}" for value in given if isinstance(value, ast.Constant)]
    assert literals == []


def test_every_reason_is_used_somewhere():
    given = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                given.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                given.add(node.value.upper())
    assert [reason.name for reason in Reason if reason.name not in given] == []


def test_a_reason_equals_its_name_and_has_a_distinct_meaning():
    assert Reason.TOO_SHORT == "too_short" and f"{Reason.TOO_SHORT}" == "too_short"
    assert meaning_of("page_crash") == "the page crashed the parser"
    assert meaning_of("a_rule_of_a_user") == ""
    meanings = [reason.meaning for reason in Reason]
    assert len(set(meanings)) == len(meanings) and all(len(meaning) > 10 for meaning in meanings)
