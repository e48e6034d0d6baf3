"""Every reason that code gives is in the enumeration, and every reason of the enumeration is given somewhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import sluice
from sluice.core.reasons import Reason, meaning_of

LIBRARY = Path(sluice.__file__).parent
GIVERS = {"Damage": 2, "Fault": 0, "BrokenMember": 0, "_reject": 1, "_lost": 1}
"""Callables that take a reason, and its position among their arguments; keyword `reason` elsewhere."""


def trees() -> Iterator[tuple[str, ast.AST]]:
    for path in LIBRARY.rglob("*.py"):
        if path.name != "reasons.py":
            yield str(path.relative_to(LIBRARY)), ast.parse(path.read_text(encoding="utf-8"))


def test_no_reason_is_given_as_a_literal():
    literals = []
    for name, tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            place = GIVERS.get(function)
            given = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
            given += call.args[place : place + 1] if place is not None else []
            literals += [f"{name}:{value.lineno}" for value in given if isinstance(value, ast.Constant)]
    assert literals == []


def test_every_reason_is_given_somewhere():
    given = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                given.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                given.add(node.value.upper())
    assert [reason.name for reason in Reason if reason.name not in given] == []


def test_a_reason_is_its_name_and_has_a_meaning_of_its_own():
    assert Reason.TOO_SHORT == "too_short" and f"{Reason.TOO_SHORT}" == "too_short"
    assert meaning_of("page_crash") == "the page crashed the parser"
    assert meaning_of("a_rule_of_a_user") == ""
    meanings = [reason.meaning for reason in Reason]
    assert len(set(meanings)) == len(meanings) and all(len(meaning) > 10 for meaning in meanings)
