"""Habits that keep the course readable: short files, private names that stay private, modules that are what their names
say, rooms that know no lesson, and imports that cost little."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import course_lib

from .test_rooms import ROOMS, modules

ROOT = Path(course_lib.__file__).resolve().parents[1]
LONGEST = 500  # lines; who reads more at once?
CODE = {".py", ".js", ".mjs", ".css"}  # tables of data may be longer


# --- length ---


def too_long(folder: Path) -> Iterator[str]:
    """Each file of code below `folder` with more lines than `LONGEST`, in words."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in CODE and not {"_build", "__pycache__"} & set(path.parts):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LONGEST:
                yield f"{path.relative_to(folder.parent)}: {lines} lines; split it by subject, {LONGEST} at most"


@pytest.mark.parametrize("folder", ["course_lib", "tools", "book"])
def test_no_file_is_too_long(folder):
    assert list(too_long(ROOT / folder)) == []


@pytest.mark.parametrize(("name", "lines", "long"), [("a.py", 501, True), ("a.py", 500, False), ("a.toml", 501, False)])
def test_a_file_that_is_too_long_is_found(tmp_path, name, lines, long):
    (tmp_path / name).write_text("\n" * lines)
    assert bool(list(too_long(tmp_path))) is long


# --- private names ---


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def borrowed(source: str) -> Iterator[str]:
    """Private names of our own modules that `source` imports, or takes from a module that it imports."""
    tree, own = ast.parse(source), {"course_lib", "tools"}
    ours: set[str] = set()  # names that stand for a module of ours, or for what is in one
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] in own):
            ours |= {alias.asname or alias.name for alias in node.names}
            yield from (f"{node.lineno}: {alias.name}" for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Import):
            of_ours = [alias for alias in node.names if alias.name.partition(".")[0] in own]
            ours |= {alias.asname or alias.name.partition(".")[0] for alias in of_ours}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root = ast.unparse(node.value)
            if root.partition(".")[0] in ours and root.replace(".", "").replace("_", "").isalnum():
                yield f"{node.lineno}: {root}.{node.attr}"


@pytest.mark.parametrize("folder", ["course_lib", "tools"])
def test_no_private_name_crosses_a_file(folder):
    sources = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in modules(ROOT / folder)}
    assert [f"{path}:{name}" for path, source in sources.items() for name in borrowed(source)] == []


@pytest.mark.parametrize(
    "source",
    [
        "from .run import _State",
        "from course_lib.training.run import fit, _State",
        "from . import run\nrun._State()",
        "def f():\n    from .. import training\n    return training.run._State",
        "import course_lib.training as t\nt._hidden",
        "import course_lib\ncourse_lib.training.run._State",
        "from tools import minutes\nminutes._number",
    ],
)
def test_a_borrowed_private_name_is_found(source):
    assert len(list(borrowed(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch._C",
        "from .run import fit\nclass A:\n    def f(self):\n        self._x",
        "from . import __version__",
    ],
)
def test_one_s_own_private_names_are_let_through(source):
    assert list(borrowed(source)) == []


# --- one place for the checks of arguments ---

ASKS = re.compile(r"^def _?(?:is_)?(?:number|whole|count|finite)\(value(?:: \w+)?(?:, least[^)]*)?\)", re.MULTILINE)
KEPT = {
    "course_lib/practice/progress.py",  # it does without torch, which `checks` brings
    "course_lib/training/settings.py",  # asks `checks`, and refuses what JSON cannot hold
}


def test_what_a_number_or_a_count_is_stands_in_one_place():
    rooms = [path for path in modules(ROOT / "course_lib") if path.parent != ROOT / "course_lib"]
    asking = {str(path.relative_to(ROOT)) for path in rooms if ASKS.search(path.read_text(encoding="utf-8"))}
    assert asking == KEPT


@pytest.mark.parametrize(
    "source", ["def _is_number(value): ...", "def is_count(value, least=1): ...", "def whole(value): ..."]
)
def test_a_twin_of_a_check_is_found(source):
    assert ASKS.search(source)


# --- words that one can grep ---

VAGUE = {"found", "told", "one", "met", "mine"}  # of everything; `embeddings`, `outcome`, `history` say of what


def vague(source: str) -> list[str]:
    """Public functions and classes called so, their parameters, and fields of public classes."""
    names: list[str] = []

    def visit(body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and not is_private(node.name):
                names.append(node.name)
                visit(node.body)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_private(node.name):
                given = node.args
                names.extend([node.name, *(a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))])
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.append(node.target.id)

    visit(ast.parse(source).body)
    return sorted(VAGUE & set(names))


def test_public_names_are_words_of_the_field():
    rooms = [path for path in modules(ROOT / "course_lib") if "lessons" not in path.relative_to(ROOT).parts]
    sources = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in rooms}
    assert {str(path): words for path, source in sources.items() if (words := vague(source))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def told(x): ...",
        "def f(a, *, found=1): ...",
        "class A:\n    mine: int",
        "class A:\n    def __init__(self, one): ...",
        "class A:\n    def met(self): ...",
    ],
)
def test_a_vague_name_is_found(source):
    assert len(vague(source)) == 1


@pytest.mark.parametrize(
    "source", ["def _f(found): ...", "class _A:\n    mine: int", "def f(embeddings):\n    one = 1"]
)
def test_inside_a_function_names_are_free(source):
    assert vague(source) == []


# --- a module is what its name says ---


def hidden(package: ModuleType) -> Iterator[str]:
    """Modules below `package` that `import a.b as m` does not give, since something else has their name."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        parent, _, name = found.name.rpartition(".")
        if (instead := getattr(sys.modules[parent], name)) is not module:
            yield f"{found.name} is {instead!r}; give the file or the function another name"


def test_every_module_is_to_be_had_by_its_name():
    assert list(hidden(course_lib)) == []


@pytest.mark.parametrize(("line", "hides"), [("from .part import part", True), ("from .part import other", False)])
def test_a_hidden_module_is_found(tmp_path, monkeypatch, line, hides):
    name = f"house_{hides}".lower()
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(line)
    (tmp_path / name / "part.py").write_text("def part(): ...\ndef other(): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert bool(list(hidden(importlib.import_module(name)))) is hides
    finally:
        for module in (name, f"{name}.part"):
            sys.modules.pop(module, None)


# --- no room knows a lesson ---

# "lesson 1", "lessons_03", "02a_asymmetric_kernels"; in examples "01_a" and "01_name" stand for any lesson.
MENTIONED = re.compile(r"\blessons?[ _/]?\d+[a-z]?\b|\b\d\d[a-z]?_(?!name\b)[a-z][a-z_]+", re.IGNORECASE)
DOOR = re.compile(r"lesson 0|00_start_here")  # what links and the engine lead to


def particular(text: str, *, door: bool = False) -> list[str]:
    """Mentions of a particular lesson; with `door`, lesson 0 is none."""
    return [found for found in MENTIONED.findall(text) if not (door and DOOR.fullmatch(found))]


def imported_lessons(source: str) -> list[int]:
    """Lines that import a lesson. Who finds lessons by looking, as the engine and the registry do, imports none."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)]
        path = f"{getattr(node, 'module', '') or ''}." if isinstance(node, ast.ImportFrom) else ""
        if any(re.search(r"(^|\.)lessons(\.|$)", f"{path}{name}") for name in names):
            lines.append(node.lineno)
    return lines


LIBRARY = [
    path
    for path in sorted((ROOT / "course_lib").rglob("*"))
    if path.suffix in CODE and not {"lessons", "_shipped", "__pycache__"} & set(path.relative_to(ROOT).parts)
]


def test_no_room_mentions_a_lesson():
    assert len(LIBRARY) > 100
    faults = {}
    for path in LIBRARY:
        door = path.relative_to(ROOT / "course_lib").parts[0] in ("cli", "practice")
        if found := particular(path.read_text(encoding="utf-8"), door=door):
            faults[str(path.relative_to(ROOT))] = found
    assert faults == {}


def test_no_room_imports_a_lesson():
    sources = {path.name: path.read_text(encoding="utf-8") for path in LIBRARY if path.suffix == ".py"}
    assert {name: lines for name, source in sources.items() if (lines := imported_lessons(source))} == {}


@pytest.mark.parametrize(
    "text", ["Charts of lesson 1: two", "see lesson_03", "Lesson 12a", "in 01_colour_spaces", "lessons/02"]
)
def test_a_mentioned_lesson_is_found(text):
    assert len(particular(text)) == 1


@pytest.mark.parametrize(
    "text", ["a lesson", "three lessons", '"01_a.ipynb"', "lesson_times.json", "int64_t", "{number:02}_"]
)
def test_lessons_in_general_are_let_through(text):
    assert particular(text) == []


def test_the_door_is_lesson_0_alone():
    assert particular("lesson 0 is 00_start_here.ipynb", door=True) == []
    assert len(particular("lesson 0 is 00_start_here.ipynb")) == 2
    assert particular("lesson 1", door=True) == ["lesson 1"]


@pytest.mark.parametrize(
    "source",
    [
        "from course_lib.lessons import colour",
        "from ..lessons.colour import trials",
        "from .. import lessons",
        "import course_lib.lessons.colour",
    ],
)
def test_an_imported_lesson_is_found(source):
    assert imported_lessons(source) == [1]


# --- imports that cost little ---

# Each takes a good part of a second; who needs one imports it where it is needed.
HEAVY = ("sklearn", "scipy", "matplotlib", "requests", "h5py", "pandas", "keras", "jupyter", "torchvision")
DRAWS = ("figures",)  # it is about matplotlib, and comes last: what is loaded stays loaded
LIGHT_FIRST = [*(room for room in ROOMS if room not in (*DRAWS, "lessons")), *DRAWS]
PROBE = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
    print(name, *(heavy for heavy in sys.argv[1].split(",") if heavy in sys.modules))
"""


def loaded(names: list[str], heavy: tuple[str, ...] = HEAVY) -> dict[str, set[str]]:
    """Name → which of `heavy` are there after importing it and, in a fresh process, those before it."""
    command = [sys.executable, "-c", PROBE, ",".join(heavy), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return {name: set(rest) for name, *rest in map(str.split, done.stdout.splitlines())}


def test_the_package_itself_loads_nothing():
    assert loaded(["course_lib"], (*HEAVY, "torch", "numpy")) == {"course_lib": set()}


def test_the_command_and_the_exercises_wait_for_no_torch():
    assert loaded(["course_lib.cli", "course_lib.practice"], ("torch",)) == {
        "course_lib.cli": set(), "course_lib.practice": set()
    }  # fmt: skip


def test_rooms_load_no_heavy_library():
    came = loaded([f"course_lib.{room}" for room in LIGHT_FIRST])
    assert len(came) > 10
    assert {room: heavy for room, heavy in came.items() if heavy} == {"course_lib.figures": {"matplotlib"}}


def test_a_heavy_library_is_found():
    assert loaded(["json", "scipy", "course_lib"])["scipy"] == {"scipy"}
