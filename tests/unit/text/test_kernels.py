"""numba counts no references in a `kernel`: an array that one creates or returns would be freed early or never."""

import ast
import importlib
import inspect
import pkgutil
import textwrap

import pytest
from numba.core.registry import CPUDispatcher

import sluice.text


def all_kernels():
    found = {}
    for module in pkgutil.walk_packages(sluice.text.__path__, "sluice.text."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, CPUDispatcher):
                found[f"{value.py_func.__module__}.{value.py_func.__name__}"] = value
    return found


def counts_references(dispatcher):
    return dispatcher.targetoptions.get("_nrt", True)


KERNELS = all_kernels()
UNCOUNTED = {name: value for name, value in KERNELS.items() if not counts_references(value)}


def returned_arrays(source):
    """Returned names that are indexed in the function, and returned slices."""
    tree = ast.parse(textwrap.dedent(source))
    indexed = {
        node.value.id for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Return) or node.value is None:
            continue
        for part in node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]:
            is_slice = isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Slice)
            if is_slice or (isinstance(part, ast.Name) and part.id in indexed):
                found.append(ast.unparse(part))
    return found


@pytest.mark.parametrize("name", UNCOUNTED)
def test_a_kernel_does_not_return_arrays_and_calls_none_that_creates_them(name):
    function = UNCOUNTED[name].py_func
    called = [function.__globals__.get(other) for other in function.__code__.co_names]
    creators = [
        k for k in called if isinstance(k, CPUDispatcher) and counts_references(k) and "inline" not in k.targetoptions
    ]
    assert creators == []
    assert returned_arrays(inspect.getsource(function)) == []


def test_the_check_finds_kernels_with_and_without_arrays():
    assert "sluice.text.html.kernels.markup.read_page" in UNCOUNTED
    assert "sluice.text.html.kernels.markup.parse" in KERNELS.keys() - UNCOUNTED.keys()
    assert returned_arrays("def f(a, n):\n    a[0] = n\n    return a, n, a[1], a[1:n]\n") == ["a", "a[1:n]"]
