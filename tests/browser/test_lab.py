"""JupyterLab opens the course, and a notebook runs in it."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.jupyter import LabError

START = "lessons/00_start_here.ipynb"

PATIENCE = 60_000  # milliseconds; beside a class of twelve JupyterLab takes more than the usual five seconds


def title_of(path) -> str:
    """The first heading of a notebook, without its marks."""
    first = nbformat.read(path, as_version=4).cells[0].source
    return next(line.lstrip("# ").strip() for line in first.splitlines() if line.startswith("# "))


def test_first_lesson_opens_with_its_title(lab, open_notebook):
    title = title_of(lab.root / START)
    page = open_notebook(START)
    expect(page.get_by_role("heading", name=title).first).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def write_notebook(lab):
    """Call it with a name and the sources of code cells; the notebook opens under that name."""

    def write(name: str, *sources: str) -> None:
        cells = [new_markdown_cell("# A tiny notebook"), *map(new_code_cell, sources)]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(new_notebook(cells=cells, metadata=kernel), lab.root / name)

    return write


def test_cells_run(write_notebook, open_notebook, run_all):
    write_notebook("tiny.ipynb", "print(6 * 7)", "import course_lib")
    page = open_notebook("tiny.ipynb")
    expect(page.get_by_role("heading", name="A tiny notebook")).to_be_visible(timeout=PATIENCE)
    run_all(page)
    expect(page.locator(".jp-OutputArea-output")).to_have_text("42")


def test_failing_cell_is_told(write_notebook, open_notebook, run_all):
    write_notebook("bad.ipynb", "1 / 0", "print('never reached')")
    page = open_notebook("bad.ipynb")
    with pytest.raises(LabError, match="ZeroDivisionError"):
        run_all(page)
