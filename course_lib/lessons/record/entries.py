"""All entries of the record, by name. One more is a file with a function of 60 lines at most, and a line here."""

from __future__ import annotations

import ast
import hashlib
import inspect
from pathlib import Path
from typing import Protocol

from torch import Tensor

from ...data import ImageSet
from .hard_pictures import lite0_hard_pictures
from .mobilenet import mobilenet_6_epochs
from .one_cycle import lite0_one_cycle
from .small_then_large import lite0_small_then_large

LONGEST = 60  # lines of an entry
_SHARED = tuple(Path(__file__).with_name(name) for name in ("learning.py", "splits.py"))


class Entry(Protocol):
    """Learns from `train` and names the class of each test picture; all of it on the clock.

    (train, test_images uint8 [N, 3, 64, 64], seed) → predictions int64 [N], positions in `train.classes`.
    """

    def __call__(self, train: ImageSet, test_images: Tensor, seed: int) -> Tensor: ...


ENTRIES: dict[str, Entry] = {
    "mobilenet_6_epochs": mobilenet_6_epochs,
    "lite0_one_cycle": lite0_one_cycle,
    "lite0_small_then_large": lite0_small_then_large,
    "lite0_hard_pictures": lite0_hard_pictures,
}


def code_digest(entry: Entry) -> str:
    """A short digest of the code of `entry`: of its file, and of what entries share and the splits.

    Comments, docstrings and layout do not count. The library's rooms are not in it; a record names their version.
    """
    files = [Path(inspect.getfile(entry)), *_SHARED]
    code = "\n".join(bare_code(file.read_text(encoding="utf-8")) for file in files)
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def bare_code(source: str) -> str:
    """`source` without its comments, docstrings and layout.

    >>> bare_code('def f():  # why' + chr(10) + '    "What."' + chr(10) + '    return  1')
    'def f():\\n    return 1'
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
