"""The figures of the lessons, each made by what its cell needs and nothing else.

A lesson's text twin is cut into statements. Of a cell that shows `figures.name(…)` only those are run that the names
in the call come from (a backward slice): a chart of stored evidence needs no training, and takes a hundredth of a
second. New lessons and cells are found by looking.
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import course_lib.figures

TWINS = Path(course_lib.__file__).resolve().parents[1] / "lessons" / "src"
# Whoever calls these reads pictures or trains; the other rooms read the evidence.
SLOW_ROOMS = {"data", "models", "training", "clinic", "features", "explain", "openset", "pixels", "torch", "classify"}
STORED = {"dots", "paired_dots", "lines", "cost_against_accuracy"}


@dataclass(frozen=True)
class Statement:
    """One statement at the top of a lesson; `modules` are the names that it imports somewhere."""

    node: ast.stmt
    modules: frozenset[str]

    @cached_property
    def reads(self) -> frozenset[str]:
        names = (n for n in ast.walk(self.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        return frozenset(n.id for n in names) - self._within

    @cached_property
    def sets(self) -> frozenset[str]:
        """Names that are bound, and those whose object may be changed: `a.x = 1`, `a[0] = 1`, `a.append(1)`."""
        names = {name for node in ast.walk(self.node) for name in _set_by(node)} - self._within
        changed = {name.removesuffix("()") for name in names if name.endswith("()")} - self.modules
        return frozenset({name for name in names if not name.endswith("()")} | changed)

    @cached_property
    def _within(self) -> frozenset[str]:
        """Names that live in a comprehension alone, and a function's arguments."""
        inner = [node.target for node in ast.walk(self.node) if isinstance(node, ast.comprehension)]
        names = {n.id for target in inner for n in ast.walk(target) if isinstance(n, ast.Name)}
        return frozenset(names | {node.arg for node in ast.walk(self.node) if isinstance(node, ast.arg)})

    @cached_property
    def binds_anew(self) -> frozenset[str]:
        """Of `sets`, those that nothing before matters to."""
        if not isinstance(self.node, (ast.Assign, ast.Import, ast.ImportFrom, ast.FunctionDef)):
            return frozenset()
        return self.sets - self.reads


def _set_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
        yield from _root(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from (f"{name}()" for name in _root(node.value.func))  # a change, unless it is a module's function
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.FunctionDef):
        yield node.name


def _root(node: ast.AST) -> Iterator[str]:
    """The name that a chain such as `a.b[0].c` starts with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


@dataclass(frozen=True)
class Shown:
    """A figure that a lesson shows: which function draws it, where it stands, and what it is made from."""

    lesson: str
    line: int
    function: str
    needs: tuple[tuple[int, str], ...]  # (line, statement)
    call: str
    bound: tuple[str, ...] = ()  # names that a later statement calls it by

    @property
    def name(self) -> str:
        return f"{self.lesson[:3].rstrip('_')}-line{self.line}-{self.function}"

    @property
    def code(self) -> str:
        return "\n".join(statement for _, statement in self.needs)

    @property
    def stored(self) -> bool:
        """Whether it is drawn from the stored evidence alone."""
        words = {n.id for n in ast.walk(ast.parse(self.code + "\n" + self.call)) if isinstance(n, ast.Name)}
        return self.function in STORED and not words & SLOW_ROOMS

    def make(self) -> object:
        """The figure."""
        ((_, figure),) = made_in_order([self])
        return figure


def made_in_order(figures: Iterable[Shown]) -> Iterator[tuple[str, object]]:
    """(name, figure) of figures of one lesson; what several of them need is run once."""
    names: dict[str, object] = {}
    figures = list(figures)
    steps: dict[int, Shown | str] = {line: code for figure in figures for line, code in figure.needs}
    for _, step in sorted((steps | {figure.line: figure for figure in figures}).items(), key=lambda item: item[0]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if isinstance(step, str):
                exec(step, names)
                continue
            drawn = eval(step.call, names)
            names |= dict.fromkeys(step.bound, drawn)
        yield step.name, drawn


def shown_figures() -> list[Shown]:
    """Every figure of every lesson, in the order in which a learner meets them."""
    return [
        figure
        for twin in sorted(TWINS.glob("*.py"))
        for figure in figures_in(twin.read_text(encoding="utf-8"), twin.stem)
    ]


def figures_in(text: str, lesson: str) -> list[Shown]:
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = frozenset(name for node in imports for name in _set_by(node))
    statements = [Statement(node, modules) for node in tree.body]
    found = []
    for at, statement in enumerate(statements):
        call = getattr(statement.node, "value", None)
        if isinstance(call, ast.Call) and (function := _drawn_by(call)):
            needs = tuple((s.node.lineno, ast.unparse(s.node)) for s in needed(statement, statements[:at]))
            bound = tuple(t.id for t in getattr(statement.node, "targets", ()) if isinstance(t, ast.Name))
            found.append(Shown(lesson, statement.node.lineno, function, needs, ast.unparse(call), bound))
    return found


def _drawn_by(call: ast.Call) -> str:
    """ "dots" of `figures.dots(…)` and of `dots(…)`; "" of any other call."""
    of = call.func
    if isinstance(of, ast.Name):
        return of.id if of.id in course_lib.figures.__all__ else ""
    drawn = isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) and of.value.id == "figures"
    return of.attr if drawn else ""


def needed(last: Statement, before: list[Statement]) -> list[Statement]:
    """Those of `before` that the names in `last` come from, in their order."""
    wanted, kept = set(last.reads), []
    for statement in reversed(before):
        if statement.sets & wanted:
            wanted = (wanted - statement.binds_anew) | statement.reads
            kept.append(statement)
    return kept[::-1]
