"""The kernel explorer's two pictures in a real browser: pointed at by mouse and keys, and where nothing fits."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.stage import Stage
from tests.figures.samples import SAMPLES

PLAIN = {"height": 3, "width": 3, "stride": 1, "dilation": 1, "padding": 0, "layers": 1}


@pytest.fixture
def stage(show_figure) -> Stage:
    made = show_figure(SAMPLES["kernel_explorer"]())
    made.mount()
    made.set(**PLAIN)
    return made


def views(stage: Stage) -> list[Locator]:
    return stage.page.locator(".cnnsee-ke-view").all()


def same(stage: Stage) -> None:
    expect(stage.page.locator(".cnnsee-title")).to_have_text(stage.title_from_python())
    expect(stage.page.locator(".cnnsee-ke-below")).to_have_text(stage.twin.seen())


def middle(place: Locator, corner: tuple[float, float] = (0, 0)) -> tuple[float, float]:
    box = place.bounding_box()
    return box["x"] + box["width"] / 2 - corner[0], box["y"] + box["height"] / 2 - corner[1]


@pytest.mark.parametrize("change", [{}, {"stride": 2, "layers": 2}, {"padding": 16}, {"height": 30}, {"dilation": 3}])
@pytest.mark.parametrize("which", [0, 1])
def test_field_and_number_follow_the_pointer(stage, which, change):
    stage.set(**change)
    view, page = views(stage)[which], stage.page
    box = view.bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 0.45 * box["height"]
    page.mouse.move(*middle(view))
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)  # the pointer is up: nothing follows it
    same(stage)
    marks = [page.locator(part) for part in (".cnnsee-ke-field", ".cnnsee-ke-number")]
    apart = 4 * box["width"] / 48  # the fields of neighbours are four pixels of the picture apart at most
    assert middle(marks[which]) == pytest.approx((x, y), abs=apart / 2 + 1)
    corners = [(place["x"], place["y"]) for place in (view.bounding_box() for view in views(stage))]
    on_one_scale = [middle(mark, corner) for mark, corner in zip(marks, corners, strict=True)]
    assert on_one_scale[0] == pytest.approx(on_one_scale[1], abs=1)  # a number stands in the middle of what it sees


@pytest.mark.parametrize("which", [0, 1])
def test_arrow_keys_go_from_number_to_number(stage, which):
    stage.set(down=0.5, across=0.5)
    view = views(stage)[which]
    view.press("ArrowRight")
    view.press("ArrowUp")
    expect(stage.page.locator(".cnnsee-ke-below")).to_have_text(re.compile("^Row 22, column 24 sees rows 22 to 24"))
    same(stage)
    for _ in range(6):
        view.press("Shift+ArrowRight")
    expect(stage.page.locator(".cnnsee-ke-below")).to_have_text(re.compile("column 45 sees"))
    same(stage)


def test_what_cannot_be_is_said_and_nothing_breaks(stage):
    stage.set(height=31, dilation=4)
    expect(stage.page.locator(".cnnsee-title")).to_have_text(re.compile("impossible, layer 1 does not fit"))
    same(stage)
    for view in views(stage):
        view.click()
        view.press("ArrowDown")
    for part in ("field", "number"):
        expect(stage.page.locator(f".cnnsee-ke-{part}")).to_be_hidden()
    stage.set(dilation=1)
    expect(stage.page.locator(".cnnsee-ke-field")).to_be_visible()
    same(stage)


def test_tables_follow(stage):
    stage.set(height=30, width=3, layers=1)
    choices = stage.page.locator(".cnnsee-ke-choice:visible")
    expect(choices).to_have_count(3)
    expect(choices.nth(0)).to_contain_text("900 weights, sees 30×30")
    expect(choices.nth(1)).to_contain_text("180 weights, sees 32×32")
    stage.set(height=3, width=3, layers=4, stride=2)
    expect(choices).to_have_count(2)
    expect(stage.page.locator(".cnnsee-ke-table tbody tr:visible")).to_have_count(4)
    expect(stage.page.locator(".cnnsee-ke-table tbody tr").nth(3)).to_have_text(re.compile("4.*2×2.*31×31"))
