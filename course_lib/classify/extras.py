"""What else a build leaves, beside the classifier itself: report.html, model.onnx, demo.html."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..data import DataError
from . import demo, export, report, stages

if TYPE_CHECKING:
    from .building import Built

WRITERS: dict[str, Callable[[Built], Path]] = {
    report.REPORT: report.write,
    export.ONNX: export.write,
    demo.DEMO: demo.write,
}
"""File → what writes it, in this order: the demo is made of the ONNX file."""

SECONDS = {report.REPORT: 15.0, export.ONNX: 25.0, demo.DEMO: 5.0}
"""About how long each takes, on two cores: it is said before it begins."""


def write(built: Built, teller: stages.Teller | None = None) -> tuple[str, ...]:
    """Write those of `WRITERS` that are not in the folder yet; what could not be written, and why, a sentence each.

    `teller` says which one is written, a stage each, and about how long all that is left takes.

    The classifier is whole without them. So a package that is not installed, or a runtime that cannot be had, ends no
    build.
    """
    missing: list[str] = []
    teller = teller or stages.silent()
    for name, writes in WRITERS.items():
        if (built.out / name).is_file():
            continue
        teller.start(name)
        try:
            writes(built)
        except (ModuleNotFoundError, FileNotFoundError, DataError, ValueError) as error:
            missing.append(f"{name} is not there. {error}")
    teller.end()
    return tuple(missing)
