"""The rooms of `course_lib` import one way: each only those before it in ARCHITECTURE.md's list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "course_lib"
ROOMS = tuple(re.findall(r"^\| `course_lib/(\w+)", (PACKAGE.parent / "ARCHITECTURE.md").read_text("utf-8"), re.M))


def modules(package: Path) -> list[Path]:
    return sorted(path for path in package.rglob("*.py") if "__pycache__" not in path.parts)


def room_of(module: Path, package: Path) -> str:
    """The first part of the path below the package; "" for the package's own `__init__.py`."""
    first = module.relative_to(package).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported_rooms(module: Path, package: Path) -> Iterator[tuple[int, str]]:
    """(line, room) of each import from the package, wherever it stands: also inside functions."""
    name = package.name
    here = (name, *module.relative_to(package).parent.parts)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            base = [*base, *(node.module.split(".") if node.module else [])]
            targets = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from ((node.lineno, target[1]) for target in targets if target[0] == name and len(target) > 1)


def faults(package: Path) -> Iterator[str]:
    """Every place where `package` breaks the list, in words."""
    for module in modules(package):
        room, place = room_of(module, package), module.relative_to(package.parent)
        if "utils" in place.with_suffix("").parts:
            yield f"{place}: there is no utils; name the room that this belongs to"
        if room and room not in ROOMS:
            yield f"{place}: {room} is no room of ARCHITECTURE.md's list; name it there and here, or move the file"
            continue
        # The package itself imports no room: `import course_lib` would otherwise load them all.
        allowed = ROOMS[: ROOMS.index(room) + 1] if room else ()
        for line, other in imported_rooms(module, package):
            if other in ROOMS and other not in allowed:
                yield f"{place}:{line}: {room or 'the package itself'} imports {other}, which stands above it"


def test_the_list_has_every_room_and_no_other():
    here = {room_of(module, PACKAGE) for module in modules(PACKAGE)} - {"", "_shipped"}
    assert set(ROOMS) == here
    assert len(ROOMS) > 10


def test_imports_point_one_way():
    assert list(faults(PACKAGE)) == []


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("data/fetch.py", "from course_lib import training", "fetch.py:1: data imports training"),
        ("data/fetch.py", "from course_lib.training import fit", "data imports training"),
        ("data/fetch.py", "import course_lib.training", "data imports training"),
        ("data/fetch.py", "from .. import training", "data imports training"),
        ("data/fetch.py", "from ..training import fit", "data imports training"),
        ("data/deep/er.py", "from ...training import fit", "data imports training"),
        ("data/fetch.py", "def f():\n    from ..cli import app", "fetch.py:2: data imports cli"),
        ("training.py", "from .features import extract", "training imports features"),
        ("__init__.py", "from . import data", "the package itself imports data"),
        ("helpers.py", "", "helpers is no room"),
        ("data/utils.py", "", "there is no utils"),
        ("utils/__init__.py", "", "there is no utils"),
    ],
)
def test_wrong_way_is_found(tmp_path, file, source, complaint):
    module = tmp_path / "course_lib" / file
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(source)
    assert any(complaint in fault for fault in faults(tmp_path / "course_lib"))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("training.py", "import torch\nfrom course_lib import data\nfrom .models import backbone"),
        ("data/fetch.py", "from . import registry, training\nfrom .registry import entry"),
        ("data/fetch.py", "from course_lib import __version__"),
    ],
)
def test_right_way_is_let_through(tmp_path, file, source):
    module = tmp_path / "course_lib" / file
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(source)
    assert list(faults(tmp_path / "course_lib")) == []
