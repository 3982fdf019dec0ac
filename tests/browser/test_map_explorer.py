"""The map explorer on a page: the pointer, the arrow keys, the neighbours, and the time of a frame with 27,000 dots."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from course_lib.data import ImageSet
from course_lib.figures.interactive.map_explorer import map_explorer
from tests.figures.samples import SAMPLES

# How long all that a move of the line sets off takes: parts, counts, words, and the pixels of all dots.
TIME = """() => {
    const times = [];
    for (let step = 0; step < 60; step++) {
        const start = performance.now();
        copies[0].model.set("longitude", 5 + step / 10);
        times.push(performance.now() - start);
    }
    return times;
}"""


@pytest.fixture
def stage(show_figure):
    made = show_figure(SAMPLES["map_explorer"]())
    made.mount()
    return made


def test_the_line_follows_the_pointer(stage):
    box, x0, x1 = stage.page.locator(".cnnsee-me-map").bounding_box(), *stage.twin.extent[::2]
    x = box["x"] + (stage.twin.longitude - x0) / (x1 - x0) * box["width"]
    stage.page.mouse.move(x, box["y"] + 20)
    stage.page.mouse.down()
    stage.page.mouse.move(x - 100, box["y"] + 40, steps=4)
    stage.page.mouse.up()
    wanted = stage.twin.longitude - 100 / box["width"] * (x1 - x0)
    expect(stage.page.locator(".cnnsee-title")).to_have_text(stage.title_from_python())
    assert stage.twin.longitude == pytest.approx(wanted, abs=0.15)


def test_a_click_chooses_the_dot_and_shows_its_neighbours(stage):
    view = stage.page.locator(".cnnsee-me-map")
    box, (west, south, east, north) = view.bounding_box(), stage.twin.extent
    x, y = stage.twin.places()[17]  # its thumbnail travels with the page
    place = {"x": (x - west) / (east - west) * box["width"], "y": (north - y) / (north - south) * box["height"]}
    view.click(position=place)
    stage.title_from_python()  # the twin takes the page's state
    assert stage.twin.chosen == 17
    words = f"{stage.twin.chosen_words()} {stage.twin.other_words()}"
    expect(stage.page.locator(".cnnsee-me-words")).to_have_text(words)
    near = stage.twin.neighbours()
    stage.page.locator(".cnnsee-me-near button").nth(1).click()
    stage.title_from_python()
    assert stage.twin.chosen == near[1][0]


def test_arrow_keys_go_from_dot_to_dot(stage):
    view = stage.page.locator(".cnnsee-me-map")
    view.focus()
    before = stage.twin.places()[stage.twin.chosen]
    for key in ("ArrowRight", "Shift+ArrowRight"):
        stage.page.keyboard.press(key)
        stage.title_from_python()
        after = stage.twin.places()[stage.twin.chosen]
        assert after[0] > before[0]
        before = after
    assert stage.twin.chosen in stage.twin.shown


def test_a_frame_with_all_of_eurosat_s_dots_is_in_time(show_figure):
    generator = np.random.default_rng(0)
    n = 27_000
    places = generator.uniform((-20, 28), (33, 65), (n, 2))
    images = torch.zeros(1, 3, 8, 8, dtype=torch.uint8).expand(n, 3, 8, 8)
    names = [f"class {k}" for k in range(10)]
    stage = show_figure(map_explorer(ImageSet.of(images, np.arange(n) // 2700, names, places=places)))
    stage.mount()
    times = stage.page.evaluate(TIME)
    print(f"27,000 dots, a move of the line: median {np.median(times):.1f} ms, 95 % {np.percentile(times, 95):.1f}")
    assert np.median(times) < 16
