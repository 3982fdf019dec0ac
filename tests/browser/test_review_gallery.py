"""In JupyterLab a click on a button is a line in the file, and the file is taken up again."""

from __future__ import annotations

import csv

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

CELL = """
import torch
from course_lib import figures
from course_lib.data import ImageSet
images = torch.randint(0, 256, (12, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
some = ImageSet.of(images, torch.arange(12) % 3, ["sea", "forest", "a class with a long name"])
figures.review_gallery(some, list(range(12)), [(k + 1) % 3 for k in range(12)], "review.csv")
"""


@pytest.fixture
def page(lab, open_notebook, run_all):
    notebook = new_notebook(cells=[new_code_cell(CELL)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.root / "review.ipynb")
    page = open_notebook("review.ipynb")
    run_all(page)
    return page


def decided(lab) -> list[list[str]]:
    with (lab.root / "review.csv").open(encoding="utf-8") as file:
        return [line[:4] for line in csv.reader(file)][1:]


def test_clicks_are_kept_and_taken_up_again(page, lab, open_notebook, run_all):
    page.get_by_role("button", name="keep").first.click()
    expect(page.get_by_text("1 of 12 reviewed: keep 1")).to_be_visible()
    page.get_by_role("button", name="relabel").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 12 reviewed")).to_be_visible()
    assert decided(lab) == [["0", "sea", "sea", "keep"], ["1", "forest", "a class with a long name", "relabel"]]
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("(page 2 of 2)")).to_be_visible()
    page.get_by_role("button", name="skip").nth(1).click()
    expect(page.get_by_text("3 of 12 reviewed")).to_be_visible()
    again = open_notebook("review.ipynb")
    run_all(again)
    expect(again.get_by_text("3 of 12 reviewed: keep 1, relabel 1, both 0, skip 1")).to_be_visible()


def test_what_a_button_says_can_be_read(page):
    for name in ("keep", "relabel", "both", "skip"):
        button = page.get_by_role("button", name=name).first
        assert button.evaluate("b => b.scrollWidth <= b.clientWidth"), f"{name} is cut off"
