"""The colour explorer's plane in a real browser: dragged, moved by keys, cut to the pixels; the colour that stays."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.jupyter import REPOSITORY
from tests.browser.stage import Stage
from tests.figures.samples import SAMPLES


@pytest.fixture
def stage(show_figure) -> Stage:
    made = show_figure(SAMPLES["colour_explorer"]())
    made.mount()
    return made


def same(stage: Stage) -> None:
    expect(stage.page.locator(".cnnsee-title")).to_have_text(stage.title_from_python())


def mark(stage: Stage) -> tuple[float, float]:
    """Where the mark stands in the plane, 0–1."""
    plane, dot = (stage.page.locator(f".cnnsee-ce-{part}").bounding_box() for part in ("plane", "mark"))
    return tuple((dot[at] + dot[size] / 2 - plane[at]) / plane[size] for at, size in (("x", "width"), ("y", "height")))


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("space", range(6))
def test_mark_follows_the_pointer_in_every_plane(stage, space, near):
    stage.set(space=space, near=near)
    box = stage.page.locator(".cnnsee-ce-plane").bounding_box()
    for plane in range(3):
        stage.set(plane=plane)
        stage.page.mouse.move(box["x"] + 100, box["y"] + 100)
        stage.page.mouse.down()
        stage.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
        stage.page.mouse.up()
        same(stage)
        assert mark(stage) == pytest.approx((0.7, 0.4), abs=0.25 if near else 0.02)  # near, a step of a slider is wide


def test_arrow_keys_move_by_a_step_and_stop_at_the_ends(stage):
    stage.set(space=1)
    before = stage.page.evaluate("copies[0].model.get('hsv_h')")
    plane = stage.page.locator(".cnnsee-ce-plane")
    plane.press("ArrowRight")
    assert stage.page.evaluate("copies[0].model.get('hsv_h')") == before + 1
    for _ in range(12):
        plane.press("Shift+ArrowUp")
    assert stage.page.evaluate("copies[0].model.get('hsv_s')") == 1
    same(stage)


def test_colour_stays_when_the_space_changes(stage):
    heading = stage.page.locator(".cnnsee-title")
    stage.set(space=0)
    for trait, value in {"rgb_r": 192, "rgb_g": 255, "rgb_b": 238}.items():
        stage.set(**{trait: value})
    for space in (1, 2, 3, 4, 5, 4, 3, 2, 1, 0):
        stage.page.locator("select").first.select_option(index=space)
        expect(heading).to_have_text(re.compile("is #C0FFEE"))
        same(stage)
    assert [stage.page.evaluate(f"copies[0].model.get('rgb_{c}')") for c in "rgb"] == [192, 255, 238]


def test_what_srgb_cannot_show_is_hatched_and_said(stage):
    cut = stage.page.locator(".cnnsee-ce-swatch > div")
    expect(cut).to_be_hidden()
    stage.set(space=5)
    stage.set(oklch_c=0.4)
    expect(cut).to_be_visible()
    expect(stage.page.locator(".cnnsee-title")).to_have_text(re.compile("outside sRGB, shown cut to #"))
    expect(stage.page.locator(".cnnsee-ce-colour")).to_contain_text("cut to sRGB")
    same(stage)


# --- with a kernel ---

CELLS = [
    f"import sys\nsys.path.insert(0, {str(REPOSITORY)!r})\nfrom course_lib.figures import colour_explorer",
    "figure = colour_explorer(colour='#c0ffee')\nfigure",
    "print(figure.title())",
    "figure.colour = [0.2, 0.4, 0.6]\nfigure.space = 4",
]


def test_colour_stays_with_a_kernel_that_hears_of_everything(lab, open_notebook, run_all):
    """Jupyter's sliders push a value that is off their steps to the next step, and Python answers what it hears."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS[:3]] + [new_code_cell("")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.root / "colour.ipynb")
    page = open_notebook("colour.ipynb")
    run_all(page)
    heading, printed = page.locator(".cnnsee-title"), page.locator(".jp-CodeCell").nth(2)

    def python_says_the_same() -> None:
        printed.locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        expect(printed.locator(".jp-OutputArea-output")).to_have_text(heading.text_content())

    for space in (4, 5, 3, 2, 0):
        page.locator(".widget-dropdown select:visible").first.select_option(index=space)
        expect(heading).to_have_text(re.compile("is #C0FFEE$"))
        python_says_the_same()
    expect(heading).to_have_text("RGB: R 192, G 255, B 238 is #C0FFEE")
    page.locator(".noUi-handle:visible").first.press("ArrowRight")
    expect(heading).to_have_text("RGB: R 193, G 255, B 238 is #C1FFEE")
    page.locator(".jp-CodeCell").nth(3).locator(".jp-InputArea-editor").click()
    page.keyboard.insert_text(CELLS[3])
    page.keyboard.press("Control+Enter")
    expect(heading).to_have_text("CIELAB: L 42, a 0, b −33 is #336699")
    python_says_the_same()
