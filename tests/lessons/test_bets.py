"""A lesson hands to a bet what was measured; the bet finds the option itself, so that no bookkeeping stands there."""

from __future__ import annotations

import ast

import pytest

from tools import lessons as maker

TWINS = {path.stem: path for path in sorted((maker.LESSONS / "src").glob("[0-9][0-9]*.py"))}


def machinery(code: str) -> list[str]:
    """Where a twin picks an option by arithmetic: `options[…]`, `.index(True)`, a condition in a condition."""
    return [f"line {node.lineno}: {what}" for node in ast.walk(ast.parse(code)) for what in _picks(node)]


def _picks(node: ast.AST) -> list[str]:
    match node:
        case ast.Subscript(value=ast.Attribute(attr="options") | ast.Name(id="options")):
            return ["options[…]"]
        case ast.Call(func=ast.Attribute(attr="index"), args=[ast.Constant(value=True)]):
            return [".index(True)"]
        case ast.IfExp() if any(isinstance(inner, ast.IfExp) for inner in ast.walk(node) if inner is not node):
            return ["… if … else … inside of another"]
    return []


@pytest.mark.parametrize("name", sorted(TWINS))
def test_no_machinery_in_a_lesson(name):
    assert machinery(TWINS[name].read_text("utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "guess.compare(guess.options[2])",
        "guess.compare(guess.options[[a, b, True].index(True)])",
        "alike = {m: s[m] for m in guess.options[:4]}",
        "place = [a > 1, a > -1, True].index(True)",
        "outcomes.index(True)",
        "place = 3 if flat else 2 if near < 0 else 1",
        "place = (1 if a else 2) if b else 3",
        "place = 0 if (1 if a else b) else 3",
        "options = ['a', 'b']\nguess.compare(options[1])",
    ],
)
def test_machinery_is_found(code):
    assert machinery(code)


@pytest.mark.parametrize(
    "code",
    [
        "guess.compare(100 * right)",
        "guess.compare({name: s[name] for name in guess.options})",
        "# %% [markdown]\n# `options[2]` and `.index(True)` are gone.\nguess.compare(adam=a, sgd=b)",
        "label = 'road' if a else 'river'\nother = 1 if b else 2",
        "a, b = map(test.classes.index, pair.split(' / '))",
        "rank = places.index('Mahalanobis')",
    ],
)
def test_plain_code_passes(code):
    assert machinery(code) == []
