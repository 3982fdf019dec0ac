"""Every interactive figure in a real browser: on a page without kernel or network, and in JupyterLab.

Each control is moved by keyboard and by mouse, and after each move the line above the figure must be the one that
Python gives for the same state.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

from course_lib.figures import page as pages
from tests.browser.stage import Stage
from tests.figures.samples import RUDE, SAMPLES

SCREENSHOTS = Path(__file__).parent / "screenshots"
REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = sorted(SAMPLES)

# Counts what is added to the window and the document, which outlive a figure.
COUNT = """() => {
    globalThis.held = new Map();
    for (const target of [window, document]) {
        const { addEventListener, removeEventListener } = target;
        const change = (event, by) => held.set(event, (held.get(event) ?? 0) + by);
        target.addEventListener = (...all) => { change(all[0], 1); addEventListener.apply(target, all); };
        target.removeEventListener = (...all) => { change(all[0], -1); removeEventListener.apply(target, all); };
    }
}"""
LISTENERS = "copies.map(copy => [...copy.model.listeners.values()].reduce((sum, heard) => sum + heard.size, 0))"


@pytest.fixture(params=NAMES)
def stage(request, show_figure) -> Stage:
    return show_figure(SAMPLES[request.param]())


def shown_controls(place: Locator) -> list[Locator]:
    return [control for control in place.locator(".cnnsee-control").all() if control.is_visible()]


def same(stage: Stage, place: Locator) -> None:
    expect(place.locator(".cnnsee-title").first).to_have_text(stage.title_from_python())


def test_saved_page_is_alive_without_kernel_and_network(stage, tmp_path):
    path = pages.save(stage.twin, tmp_path / "figure.html")
    stage.page.goto(path.as_uri())
    place = stage.page.locator(".cnnsee-figure").first
    expect(place.locator(".cnnsee-title").first).to_have_text(stage.twin.title())
    assert place.get_attribute("aria-label") == stage.twin.describe()
    assert stage.page.title() != "hacked"


def test_every_control_by_keyboard(stage):
    place = stage.mount()
    same(stage, place)
    for control in shown_controls(place):
        control.locator("input, select").first.focus()
        checkbox = control.locator("input[type=checkbox]").count()
        for key in ["Space"] if checkbox else ["ArrowRight", "End", "ArrowLeft", "Home", "ArrowRight"]:
            stage.page.keyboard.press(key)
            same(stage, place)
        if checkbox:
            stage.page.keyboard.press("Space")


def test_every_control_by_mouse(stage):
    place = stage.mount()
    for control in shown_controls(place):
        if not control.is_visible():  # another control may have put it away
            continue
        if (select := control.locator("select")).count():
            for k in range(select.locator("option").count()):
                select.select_option(index=k)
                same(stage, place)
            select.select_option(index=0)
        elif (box := control.locator("input[type=checkbox]")).count():
            box.click()
            same(stage, place)
            box.click()
        else:
            slider = control.locator("input[type=range]")
            width = slider.bounding_box()["width"]
            for part in (0.2, 0.8, 0.5):
                slider.click(position={"x": part * width, "y": 5})
                same(stage, place)


def test_what_is_not_a_control_can_be_reached_by_keyboard(stage):
    """Buttons, cells, pictures to drag on: whatever takes the mouse takes the focus, and shows that it has it."""
    place = stage.mount()
    for element in place.locator(".cnnsee button, .cnnsee [tabindex]").all():
        if not element.is_visible() or element.get_attribute("tabindex") == "-1":
            continue
        element.focus()
        assert element.get_attribute("aria-label") or element.inner_text().strip(), "it has a name"
        for key in ("ArrowRight", "ArrowDown", "Enter"):
            if element.is_visible():
                element.press(key)
                same(stage, place)


def test_focus_is_visible(stage):
    place = stage.mount()
    stage.page.keyboard.press("Tab")
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert stage.page.evaluate("() => document.activeElement !== document.body")
    assert stage.page.evaluate(outline) == "solid"
    assert place.locator(":focus").count() == 1


def test_text_from_data_is_shown_as_text(stage):
    place = stage.mount()
    if RUDE in json.dumps(stage.twin.plain()["state"]):
        assert RUDE in place.text_content()
    assert place.locator("img").count() == 0
    assert stage.page.title() != "hacked"


def test_two_copies_do_not_disturb_each_other_and_leave_nothing_behind(stage):
    stage.page.evaluate(COUNT)
    first, second = stage.mount(), stage.mount()
    first, second = stage.page.locator("section").nth(0), stage.page.locator("section").nth(1)
    before = second.text_content()  # not inner_text: what lies below the window is not laid out, and has none
    for control in shown_controls(first)[:3]:
        control.locator("input, select").first.focus()
        stage.page.keyboard.press("ArrowRight")
    assert second.text_content() == before
    assert stage.page.locator("section [id]").count() == 0
    listeners = stage.page.evaluate(LISTENERS)
    assert all(count > 0 for count in listeners)
    stage.page.evaluate("copies[0].remove()")
    assert stage.page.evaluate(LISTENERS) == [0, listeners[1]]
    assert first.inner_html().strip() == ""
    assert second.text_content() == before
    stage.page.evaluate("copies[1].remove()")
    assert all(count == 0 for count in stage.page.evaluate("[...held.values()]"))


@pytest.mark.parametrize("width", [360, 1100])
def test_nothing_sticks_out_of_the_page(stage, width):
    stage.page.set_viewport_size({"width": width, "height": 800})
    stage.mount()
    assert stage.page.evaluate("document.documentElement.scrollWidth") <= width


def test_readable_at_200_percent(stage):
    """Zoom to 200 % leaves half the width in CSS pixels; text must still stand inside the page."""
    stage.page.set_viewport_size({"width": 550, "height": 450})
    place = stage.mount()
    assert stage.page.evaluate("document.documentElement.scrollWidth") <= 550
    sizes = place.locator("*").evaluate_all(
        "all => all.filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) &&"
        " e.tagName !== 'STYLE' && e.getClientRects().length).map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11, "CSS pixels"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_in_light_and_dark(stage, scheme):
    stage.page.emulate_media(color_scheme=scheme)
    stage.page.add_style_tag(content=":root { color-scheme: light dark; }")
    place = stage.mount()
    title = place.locator(".cnnsee-title").first
    ink = sum(map(int, re.findall(r"\d+", title.evaluate("e => getComputedStyle(e).color"))[:3]))
    assert (ink > 380) == (scheme == "dark")
    SCREENSHOTS.mkdir(exist_ok=True)
    stage.page.screenshot(path=SCREENSHOTS / f"{stage.twin.name}-{scheme}.png", full_page=True)


# --- in JupyterLab ---

SET_UP = f"""import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.figures.samples import SAMPLES
figure = {{}}"""


@pytest.fixture(scope="module")
def notebook(lab) -> str:
    """All figures in one notebook; after each, a cell that prints Python's title."""
    made = new_notebook(cells=[new_code_cell(SET_UP)])
    for name in NAMES:
        made.cells += [
            new_code_cell(f"figure[{name!r}] = SAMPLES[{name!r}]()\nfigure[{name!r}]"),
            new_code_cell(f"print(figure[{name!r}].title())"),
        ]
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}  # else Lab asks
    nbformat.write(made, lab.root / "figures.ipynb")
    return "figures.ipynb"


def test_in_jupyterlab_by_keyboard_and_mouse(notebook, open_notebook, run_all):
    page = open_notebook(notebook)
    run_all(page)
    for k, name in enumerate(NAMES):
        figure, printed = (page.locator(".jp-CodeCell").nth(1 + 2 * k + j) for j in (0, 1))
        box = figure.locator(".cnnsee-figure").first
        box.locator(".cnnsee-title").first.wait_for()
        assert _move_all(page, box) > 0, f"{name} has a slider to move"
        heading = box.locator(".cnnsee-title").first
        for attempt in range(4):  # a front end may hold back the last move until the kernel is idle
            printed.locator(".jp-InputArea-editor").click()
            page.keyboard.press("Control+Enter")
            try:
                shown = heading.text_content()
                expect(printed.locator(".jp-OutputArea-output"), name).to_have_text(shown, timeout=3000)
                break
            except AssertionError:
                if attempt == 3:
                    raise


def _move_all(page: Page, box: Locator) -> int:
    """Move every control that is shown; returns how many sliders there were."""
    moved = 0
    for handle in box.locator(".noUi-handle").all():
        if not handle.is_visible():
            continue
        handle.scroll_into_view_if_needed()
        handle.focus()
        before = handle.get_attribute("aria-valuetext")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        by_key = handle.get_attribute("aria-valuetext")
        if by_key == before:  # it stood at its end
            page.keyboard.press("ArrowLeft")
            by_key = handle.get_attribute("aria-valuetext")
        assert by_key != before
        place = handle.bounding_box()
        x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        track = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box()
        target = track["x"] + (0.3 if x > track["x"] + track["width"] / 2 else 0.8) * track["width"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(target, y, steps=4)
        page.mouse.up()
        assert handle.get_attribute("aria-valuetext") != by_key
        moved += 1
    for select in box.locator(".widget-dropdown select").all():
        if select.is_visible():
            select.select_option(index=1)
    for check in box.locator(".widget-checkbox input").all():
        if check.is_visible():
            check.click()
    return moved
