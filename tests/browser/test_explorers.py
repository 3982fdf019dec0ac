"""What is dragged, clicked and asked: the figures with more than sliders, on a page and with a kernel."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.jupyter import REPOSITORY
from tests.figures.samples import SAMPLES


@pytest.fixture
def stage(show_figure, request):
    made = show_figure(SAMPLES[request.param]())
    made.mount()
    return made


def drag(page, surface, from_, to) -> None:
    box = surface.bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (from_, to)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=5)
    page.mouse.up()


@pytest.mark.parametrize("stage", ["occlusion_explorer"], indirect=True)
def test_patch_follows_the_pointer_from_place_to_place(stage):
    page, heading = stage.page, stage.page.locator(".cnnsee-title")
    drag(page, page.locator(".cnnsee-place"), (0.5, 0.5), (0.99, 0.01))
    expect(heading).to_have_text(re.compile("at row 0, column 48:"))
    expect(heading).to_have_text(stage.title_from_python())
    drag(page, page.locator(".cnnsee-heat"), (0.5, 0.5), (0.3, 0.7))
    expect(heading).to_have_text(stage.title_from_python())
    page.mouse.move(5, 5)  # the pointer is up: nothing follows it
    expect(heading).to_have_text(stage.title_from_python())


@pytest.mark.parametrize("stage", ["occlusion_explorer"], indirect=True)
def test_patch_follows_the_arrow_keys(stage):
    surface = stage.page.locator(".cnnsee-place")
    stage.set(top=16, left=16)
    surface.focus()
    stage.page.keyboard.press("ArrowRight")
    stage.page.keyboard.press("ArrowDown")
    expect(stage.page.locator(".cnnsee-title")).to_have_text(re.compile("at row 20, column 20:"))
    expect(stage.page.locator(".cnnsee-title")).to_have_text(stage.title_from_python())


@pytest.mark.parametrize("stage", ["confusion_explorer"], indirect=True)
def test_click_on_a_cell_shows_its_pictures(stage):
    cells = stage.page.get_by_role("gridcell")
    for place in range(9):
        cells.nth(place).click()
        stage.title_from_python()  # the twin takes the page's state
        expect(stage.page.locator(".cnnsee-detail > div").first).to_have_text(stage.twin.cell_title())
        shown = min(6, sum(stage.twin._cell_of(entry[0]) == place for entry in stage.twin.shown))
        expect(stage.page.locator("figure:visible")).to_have_count(shown)
    cells.nth(4).focus()
    stage.page.keyboard.press("ArrowLeft")
    expect(cells.nth(3)).to_have_attribute("aria-selected", "true")
    expect(cells.nth(3)).to_be_focused()


@pytest.mark.parametrize("stage", ["confusion_explorer"], indirect=True)
def test_unsure_pictures_are_greyed_and_said_to_be(stage):
    stage.set(threshold=0.9)
    greyed = stage.page.locator("figure.cnnsee-review:visible")
    assert greyed.count() > 0
    for frame in greyed.all():
        expect(frame).to_have_text(re.compile("^to review: "))


@pytest.mark.parametrize("stage", ["recolour_explorer"], indirect=True)
def test_mixture_says_that_it_needs_a_kernel_and_one_button_leads_back(stage):
    heading = stage.page.locator(".cnnsee-title")
    stage.set(hue=40, without_colour=True)
    expect(heading).to_have_text("hue +40°, grey: only a running kernel answers to a mixture of changes")
    stage.page.get_by_role("button").click()
    expect(heading).to_have_text(re.compile("^As it is: "))
    expect(stage.page.locator("input[type=range]").first).to_have_value("0")


# --- with a kernel ---

CELLS = [
    f"import sys\nsys.path.insert(0, {str(REPOSITORY)!r})\nfrom tests.figures.samples import SAMPLES",
    "figure = SAMPLES['occlusion_explorer']()\nfigure",
    "print(figure.title())",
]


def test_model_answers_where_no_answer_was_computed_before(lab, open_notebook, run_all):
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.root / "occlusion.ipynb")
    page = open_notebook("occlusion.ipynb")
    run_all(page)
    heading = page.locator(".cnnsee-title")
    surface = page.locator(".cnnsee-place")
    surface.scroll_into_view_if_needed()
    drag(page, surface, (0.5, 0.5), (0.42, 0.36))
    expect(heading).to_have_text(re.compile(r"at row 15, column 19: .* → "))  # not on the grid of four pixels
    told = heading.text_content()
    page.locator(".jp-CodeCell").last.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")).to_have_text(told)
