"""The resolution explorer as a learner meets it: in lesson 00, by keyboard, in light and dark, twice on a page."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell
from playwright.sync_api import Page, expect

from course_lib.figures.resolution_explorer import ResolutionExplorer, resolution_explorer
from course_lib.pixels import block_average

SCREENSHOTS = Path(__file__).parent / "screenshots"
MODULE = Path(__file__).resolve().parents[2] / "course_lib" / "figures" / "resolution_explorer.js"
LESSON = "lessons/00_start_here.ipynb"
TITLES = """\
figure = resolution_explorer(road, probabilities, test.classes, truth="Highway", source=pictures.source)
for figure.position in range(len(SIZES)):
    print(figure.title())"""
RUDE = "<img src=x onerror=document.title='hacked'>"

# Enough of a widget's model for `render`: it notes who listens. figures[k] = {model, el, remove}.
MOUNT = """async ([source, traits]) => {
    const { default: figure } = await import(`data:text/javascript;base64,${source}`);
    const bytes = Uint8Array.from(atob(traits.pixels), letter => letter.charCodeAt(0));
    const values = { ...traits, pixels: new DataView(bytes.buffer) };
    const listeners = new Set();
    const model = {
        get: name => values[name],
        set: (name, value) => { values[name] = value; listeners.forEach(listen => listen()); },
        on: (event, listen) => listeners.add(listen),
        off: (event, listen) => listeners.delete(listen),
        listeners,
    };
    const el = document.body.appendChild(document.createElement("section"));
    (window.figures ??= []).push({ model, el, remove: figure.render({ model, el }) });
}"""
# From the event to the frame that shows it, as a slider's event would come; 200 steps, in ms.
TIME = """async () => {
    const { model } = figures[0], times = [];
    for (let step = 0; step < 200; step++) {
        await new Promise(requestAnimationFrame);
        const start = performance.now();
        model.set("position", step % 3);
        document.body.getBoundingClientRect();
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
}"""

BLOCKS = """() => {
    const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, 8, 8);
    return [...data].filter((_, place) => place % 4 < 3);
}"""


@pytest.fixture
def figure():
    picture = torch.randint(0, 256, (3, 64, 64), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    rows = [[0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.999, 0.0005, 0.0005]]
    made = resolution_explorer(picture, rows, [RUDE, "Highway", "River"], sizes=(64, 8, 1), truth="Highway")
    yield made
    made.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 900, "height": 600})
    yield context.new_page()
    context.close()


def mount(page: Page, figure: ResolutionExplorer) -> None:
    """Render `figure` at the end of `page`, with no Jupyter around it."""
    names = ("position", "side", "sizes", "classes", "probabilities", "truth", "note")
    traits = {name: getattr(figure, name) for name in names}
    traits["pixels"] = base64.b64encode(figure.pixels).decode()
    source = base64.b64encode(MODULE.read_bytes()).decode()
    page.evaluate(MOUNT, json.loads(json.dumps([source, traits])))


def test_lesson_answers_the_keyboard(lab, open_notebook, run_all):
    path = lab.root / LESSON
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell(TITLES))  # in the lab's copy: what Python says, from the same kernel
    nbformat.write(notebook, path)
    page = open_notebook(LESSON)
    run_all(page)
    titles = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output").inner_text().strip().splitlines()
    assert len(titles) == 7

    box = page.locator(".widget-vbox", has=page.locator(".cnnsee-res"))
    heading, canvas, handle = box.locator(".cnnsee-res-title"), box.locator("canvas"), box.get_by_role("slider")
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


def test_text_from_data_is_shown_as_text(page, figure):
    mount(page, figure)
    expect(page.get_by_text(RUDE)).to_be_visible()
    page.evaluate("figures[0].model.set('position', 2)")
    expect(page.locator(".cnnsee-res-title")).to_have_text(f"1×1 pixels: {RUDE}, >99 %")
    assert page.locator("img").count() == 0
    assert page.title() != "hacked"


def test_canvas_shows_python_s_blocks(page, figure):
    mount(page, figure)
    page.evaluate("figures[0].model.set('position', 1)")
    seen = page.evaluate(BLOCKS)
    picture = torch.tensor(list(figure.pixels), dtype=torch.uint8).reshape(64, 64, 3).permute(2, 0, 1)
    assert seen == block_average(picture, 8)[:, ::8, ::8].permute(1, 2, 0).flatten().tolist()


def test_first_is_marked_by_more_than_its_hue(page, figure):
    mount(page, figure)
    first = page.locator(".cnnsee-res-first")
    expect(first).to_have_count(1)
    expect(first).to_have_text("Highway (true)70 %")
    assert first.locator(".cnnsee-res-value").evaluate("e => getComputedStyle(e).fontWeight") == "700"
    mark = "e => getComputedStyle(e, '::before').visibility"
    assert first.locator(".cnnsee-res-name").evaluate(mark) == "visible"
    assert page.locator(".cnnsee-res-name").first.evaluate(mark) == "hidden"


def test_two_copies_do_not_disturb_each_other_and_leave_nothing_behind(page, figure):
    mount(page, figure)
    mount(page, figure)
    page.evaluate("figures[1].model.set('position', 1)")
    assert page.locator(".cnnsee-res-title").all_inner_texts() == [
        "64×64 pixels: Highway, 70 %",
        "8×8 pixels: River, 80 %",
    ]
    assert page.evaluate("figures.map(f => f.model.listeners.size)") == [1, 1]
    page.evaluate("figures[0].remove()")
    assert page.evaluate("figures.map(f => f.model.listeners.size)") == [0, 1]
    page.evaluate("figures[1].model.set('position', 0)")
    expect(page.locator(".cnnsee-res-title").nth(1)).to_have_text("64×64 pixels: Highway, 70 %")
    assert page.locator("[id]").count() == 0


@pytest.mark.parametrize("width", [320, 900])
def test_nothing_sticks_out_of_the_page(page, figure, width):
    page.set_viewport_size({"width": width, "height": 700})
    mount(page, figure)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_step_is_drawn_within_a_frame(page, figure):
    mount(page, figure)
    times = page.evaluate(TIME)
    print(f"step: median {times[100]:.2f} ms, 95th percentile {times[190]:.2f} ms (script and layout)")
    assert times[100] < 8
