"""Everything that decides a run is among its settings: other settings, another digest; no number from elsewhere.

A run function and what it calls in its module may use names of the module that hold functions, classes and words.
A number that stands at the top of the module, or hides in a table there, could be changed while the evidence stays
"valid"; so could one in a default of a function. `faults` finds them.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from course_lib import study

LESSONS = Path(study.__file__).resolve().parents[1] / "lessons"
MODULES = [f"course_lib.lessons.{file.parent.name}.trials" for file in sorted(LESSONS.glob("*/trials.py"))]


EXPERIMENTS = [one for name in MODULES for one in importlib.import_module(name).EXPERIMENTS]


def numbers(node: ast.AST) -> list[float]:
    """The numbers that are written out below `node`; 0 and 1 count from zero, and None and True are words."""
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [value for value in constants if isinstance(value, int | float) and not isinstance(value, bool)]


Node = ast.FunctionDef | ast.ClassDef | ast.expr  # a function, a class, or the value of a name at the top of a file


class File:
    """What a file defines at its top, and what its names lead to in the files beside it."""

    def __init__(self, source: str):
        body = ast.parse(source).body
        assigned = [node for node in body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
        self.defined: dict[str, Node] = {
            target.id: node.value
            for node in assigned
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        self.defined |= {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        beside = [node for node in body if isinstance(node, ast.ImportFrom) and node.level == 1]
        # Name here → (file beside it, name there, or "" where the file itself is meant).
        self.imported = {
            alias.asname or alias.name: (node.module, alias.name) if node.module else (alias.name, "")
            for node in beside
            for alias in node.names
        }

    def used(self, here: str, node: ast.AST) -> set[tuple[str, str]]:
        """(file, name) of all that `node`, in the file called `here`, mentions."""
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        there = {self.imported[name] for name in names & set(self.imported)}
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in self.imported:
                there.add((self.imported[part.value.id][0], part.attr))
        return {(here, name) for name in names & set(self.defined)} | there


def faults(source: str, run: str, beside: Mapping[str, str] | None = None) -> list[str]:
    """Where `run` depends on a number that is not among its settings.

    Args:
        source: of the file that defines it.
        beside: name → source of the files in the same folder; what is imported from them is followed.
    """
    files = {"": File(source)} | {name: File(text) for name, text in (beside or {}).items()}
    todo, seen, found = [("", run)], set(), []
    while todo:
        here, name = place = todo.pop()
        if place in seen or here not in files or name not in files[here].defined:
            continue
        seen.add(place)
        node, used = files[here].defined[name], files[here].used(here, files[here].defined[name])
        todo += used
        for there, table in sorted(used):
            value = files[there].defined.get(table) if there in files else None
            if isinstance(value, ast.expr) and numbers(value):
                found.append(f"{name} uses {table} = {numbers(value)}")
        found += [f"{name} has a default, {number}" for number in defaults(node) if number not in (0, 1)]
    return sorted(found)


def defaults(node: ast.AST) -> list[float]:
    """The numbers among the defaults of the functions, and of the fields of the classes, in `node`."""
    values: list[ast.AST] = []
    for part in ast.walk(node):
        if isinstance(part, ast.arguments):
            values += [*part.defaults, *filter(None, part.kw_defaults)]
        if isinstance(part, ast.ClassDef):
            values += [field.value for field in part.body if isinstance(field, ast.AnnAssign) and field.value]
    return [number for value in values for number in numbers(value)]


def function_of(run) -> object:
    return function_of(run.func) if isinstance(run, partial) else run


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.name)
def test_no_number_decides_a_run_that_is_not_among_its_settings(experiment):
    run = function_of(experiment.run)
    file = Path(inspect.getsourcefile(run))
    beside = {other.stem: other.read_text(encoding="utf-8") for other in file.parent.glob("*.py")}
    assert faults(beside[file.stem], run.__name__, beside) == []


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.name)
def test_a_change_of_any_setting_is_another_run(experiment):
    for settings in experiment.variants.values():
        today = study.digest(settings)
        assert all(study.digest({**settings, name: "changed"}) != today for name in settings)
        assert study.digest({**settings, "new": 1}) != today


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.name)
def test_no_two_variants_have_the_same_settings(experiment):
    digests = [study.digest(settings) for settings in experiment.variants.values()]
    assert len(set(digests)) == len(digests)


RIGHT = """
TABLE = {'a': max}
def run(settings, seed):
    return helper(settings['k'])
def helper(k):
    return TABLE['a'](k)
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("k):\n    return TABLE", "k):\n    return K * TABLE"), "helper uses K = [3]"),
        (("max}", "partial(blur, size=4)}"), "helper uses TABLE = [4]"),
        (("def helper(k)", "def helper(k, steps=50)"), "helper has a default, 50"),
        (("settings['k']", "settings['k'] + K"), "run uses K = [3]"),
    ],
)
def test_a_number_from_elsewhere_is_found(change, told):
    assert faults("K = 3\n" + RIGHT, "run") == []
    assert told in faults("K = 3\n" + RIGHT.replace(*change), "run")


SPLIT = """
from . import other
from .third import blur as soften
def run(settings, seed):
    return other.helper(settings['k']) + soften(settings['k'])
"""
OTHER = """
TABLE = {'a': fit}
def helper(k):
    return TABLE['a'](k)
def fit(k):
    return Made(k)
class Made:
    k: int
    def double(self):
        return self.k
"""
THIRD = "def blur(k):\n    return k\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("Made(k)", "Made(K * k)"), "fit uses K = [3]"),
        (("k: int", "k: int = 4"), "Made has a default, 4"),
        (("double(self)", "double(self, by=5)"), "Made has a default, 5"),
        (("{'a': fit}", "{'a': fit, 'b': 6}"), "helper uses TABLE = [6]"),
        (("blur(k)", "blur(k, size=7)"), "blur has a default, 7"),
    ],
)
def test_a_number_from_a_file_beside_it_is_found(change, told):
    beside = {"other": "K = 3\n" + OTHER, "third": THIRD}
    assert faults(SPLIT, "run", beside) == []
    assert told in faults(SPLIT, "run", {name: text.replace(*change) for name, text in beside.items()})
