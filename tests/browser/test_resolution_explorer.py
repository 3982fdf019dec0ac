"""The resolution explorer as a learner meets it: in lesson 00, by keyboard."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from course_lib.pixels import block_average
from tests.browser.stage import Stage
from tests.figures.samples import RUDE, SAMPLES

SCREENSHOTS = Path(__file__).parent / "screenshots"
LESSON = "lessons/00_start_here.ipynb"
TITLES = """\
figure = resolution_explorer(road, answers, test.classes, truth="Highway", source=pictures.source)
for figure.position in range(len(SIZES)):
    print(figure.title())"""

BLOCKS = """() => {
    const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, 8, 8);
    return [...data].filter((_, place) => place % 4 < 3);
}"""


@pytest.fixture
def stage(show_figure) -> Stage:
    made = show_figure(SAMPLES["resolution_explorer"]())
    made.mount()
    return made


def test_lesson_answers_the_keyboard(lab, open_notebook, run_all):
    path = lab.root / LESSON
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell(TITLES))  # in the lab's copy: what Python says, from the same kernel
    nbformat.write(notebook, path)
    page = open_notebook(LESSON)
    run_all(page)
    titles = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").inner_text().strip().splitlines()
    assert len(titles) == 7

    box = page.locator(".widget-vbox", has=page.locator(".cnnsee"))
    heading, canvas, handle = box.locator(".cnnsee-title"), box.locator("canvas"), box.get_by_role("slider")
    handle.focus()
    for title in titles:
        expect(heading).to_have_text(title)
        size = title.split("×")[0]
        expect(canvas).to_have_attribute("aria-label", f"The picture in {size}×{size} blocks")
        page.keyboard.press("ArrowRight")
    assert handle.evaluate("e => getComputedStyle(e).outlineWidth") == "2px", "focus is visible"
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text(titles[-2])
    box.scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "resolution_explorer-lesson.png")


def test_canvas_shows_python_s_blocks(stage):
    stage.set(position=1)
    seen = stage.page.evaluate(BLOCKS)
    picture = torch.tensor(list(stage.twin.pixels), dtype=torch.uint8).reshape(64, 64, 3).permute(2, 0, 1)
    assert seen == block_average(picture, 8)[:, ::8, ::8].permute(1, 2, 0).flatten().tolist()


def test_first_is_marked_by_more_than_its_hue(stage):
    first = stage.page.locator(".cnnsee-first")
    expect(first).to_have_count(1)
    expect(first).to_have_text(f"{RUDE}70 %")
    assert first.locator(".cnnsee-value").evaluate("e => getComputedStyle(e).fontWeight") == "700"
    mark = "e => getComputedStyle(e, '::before').visibility"
    assert first.locator(".cnnsee-name").evaluate(mark) == "visible"
    assert stage.page.locator(".cnnsee-name").first.evaluate(mark) == "hidden"
