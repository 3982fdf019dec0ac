"""What the softmax lab and the open-set lab have beyond controls: a line to drag, pictures that change sides."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.stage import Stage
from tests.figures.samples import SAMPLES

# Script of one repaint, without the frame that shows it: median of 200, in ms.
TIME = """([trait, values]) => {
    const { model } = copies[0], times = [];
    for (let step = 0; step < 200; step++) {
        const start = performance.now();
        model.set(trait, values[step % values.length]);
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[100];
}"""


@pytest.fixture
def open_set(show_figure) -> Stage:
    return show_figure(SAMPLES["open_set_lab"]())


@pytest.fixture
def softmax(show_figure) -> Stage:
    return show_figure(SAMPLES["softmax_lab"]())


def keep(stage: Stage) -> int:
    return stage.page.evaluate("copies[0].model.get('keep')")


def histogram(place: Locator) -> Locator:
    return place.locator("svg[role=slider]").filter(visible=True)


# --- the open-set lab ---


def test_line_follows_the_mouse(open_set):
    place = open_set.mount()
    box = histogram(place).bounding_box()
    mouse, middle = open_set.page.mouse, box["y"] + box["height"] / 2
    mouse.move(box["x"] + 0.9 * box["width"], middle)
    mouse.down()
    seen = []
    for share in (0.9, 0.6, 0.4, 0.2):
        mouse.move(box["x"] + share * box["width"], middle)
        seen.append(keep(open_set))
        expect(place.locator(".cnnsee-title")).to_have_text(open_set.title_from_python())
        line = place.locator(".cnnsee-os-threshold").first.bounding_box()
        if seen[-1] < 100:  # all known are kept long before the right end
            assert abs(line["x"] - box["x"] - share * box["width"]) < 30, "as near as 1 % of the known allows"
    mouse.up()
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 2
    mouse.move(box["x"] + 0.9 * box["width"], middle)
    assert keep(open_set) == seen[-1]


def test_line_goes_to_both_ends(open_set):
    box = histogram(open_set.mount()).bounding_box()
    for share, wanted in ((0.999, 100), (0.001, 0)):
        open_set.page.mouse.click(box["x"] + share * box["width"], box["y"] + 60)
        assert keep(open_set) == wanted


def test_line_follows_the_arrow_keys(open_set):
    place = open_set.mount()
    histogram(place).focus()
    for key, wanted in (
        ("ArrowLeft", 94),
        ("ArrowDown", 93),
        ("ArrowRight", 94),
        ("ArrowUp", 95),
        ("Shift+ArrowRight", 100),
    ):
        open_set.page.keyboard.press(key)
        assert keep(open_set) == wanted
        expect(histogram(place)).to_have_attribute("aria-valuenow", str(wanted))
    open_set.page.keyboard.press("ArrowRight")
    assert keep(open_set) == 100
    expect(histogram(place)).to_have_attribute("aria-valuetext", "100 % of known kept")


@pytest.mark.parametrize("score", [0, 1])
@pytest.mark.parametrize("share", [0, 50, 95, 100])
def test_pictures_are_crossed_out_where_python_rejects_them(open_set, score, share):
    place = open_set.mount()
    open_set.set(choice=score, keep=share)
    enters = open_set.twin.scores[score]["enters"]
    thumbs = place.locator(".cnnsee-os-thumb").all()
    assert len(thumbs) == 24
    for thumb, at in zip(thumbs, enters, strict=True):
        out = "cnnsee-os-out" in thumb.get_attribute("class")
        assert out == (at > share)
        word = "rejected" if out else "kept"
        assert thumb.locator("canvas").get_attribute("aria-label").endswith(word)
    for strip in place.locator(".cnnsee-os-strip").all():  # kept first, in the eye's order too
        boxes = strip.locator(".cnnsee-os-thumb").evaluate_all(
            "all => all.map(e => [e.offsetTop, e.offsetLeft, e.classList.contains('cnnsee-os-out')])"
        )
        sides = [out for *_, out in sorted(boxes)]
        assert sides == sorted(sides)


def test_only_the_chosen_score_has_a_histogram(open_set):
    place = open_set.mount()
    for score in (0, 1, 0):
        open_set.set(choice=score)
        assert histogram(place).count() == 1


def test_bars_are_filled_up_to_the_line(open_set):
    place = open_set.mount()
    for share in (0, 50, 95, 100):
        open_set.set(keep=share)
        clip = histogram(place).locator("svg.cnnsee-os-clip")
        right = clip.evaluate("e => e.x.baseVal.value + e.width.baseVal.value")
        line = histogram(place).locator(".cnnsee-os-threshold")
        left = line.evaluate("e => e.getCTM().e - e.ownerSVGElement.getCTM().e")
        scale = histogram(place).evaluate("e => e.getCTM().a")
        assert right == pytest.approx(left / scale, abs=0.1)
        assert clip.evaluate("e => getComputedStyle(e).overflow") == "hidden"


@pytest.mark.parametrize("width", [360, 1100])
def test_words_in_the_charts_keep_their_size(open_set, width):
    open_set.page.set_viewport_size({"width": width, "height": 800})
    place = open_set.mount()
    heights = place.locator("svg text").evaluate_all(
        "all => all.filter(e => e.getClientRects().length)"
        ".map(e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a)"
    )
    assert min(heights) >= 11


def test_open_set_lab_is_repainted_in_no_time(open_set):
    open_set.mount()
    median = open_set.page.evaluate(TIME, ["keep", [10, 95, 50]])
    print(f"open_set_lab: {median:.2f} ms of script a repaint")
    assert median <= 3


# --- the softmax lab ---


def words(place: Locator, panel: str) -> str:
    return place.locator(".cnnsee-sm-panel", has_text=panel).first.inner_text()


def test_adding_to_all_logits_leaves_softmax_letter_by_letter(softmax):
    place = softmax.mount()
    before = {panel: words(place, panel) for panel in ("Softmax", "Sigmoid", "Logits")}
    bars = place.locator(".cnnsee-sm-panel", has_text="Softmax").locator(".cnnsee-bar")
    shares = "all => all.slice(0, 3).map(e => parseFloat(e.style.width))"
    widths = bars.evaluate_all(shares)
    for shift in (-20, -7.3, 13.1, 20):
        softmax.set(shift=shift)
        assert words(place, "Softmax") == before["Softmax"]
        assert words(place, "Logits") != before["Logits"]
        assert bars.evaluate_all(shares) == pytest.approx(widths, rel=1e-9)
    softmax.set(shift=-20)
    assert "none of these" in words(place, "Sigmoid")
    assert "[1.00, 0.00, 0.00]" in words(place, "Softmax")


def test_marks_of_before_are_there_only_where_something_is_added(softmax):
    place = softmax.mount()
    marks = place.locator(".cnnsee-sm-ghost, .cnnsee-sm-before")
    visible = "all => all.map(e => getComputedStyle(e).visibility)"
    assert set(marks.evaluate_all(visible)) == {"hidden"}
    softmax.set(shift=5)
    assert set(marks.evaluate_all(visible)) == {"visible"}


def test_number_of_classes_shows_and_hides_sliders_and_rows(softmax):
    place = softmax.mount()
    for n in (2, 8, 3):
        softmax.set(n=n)
        assert place.locator(".cnnsee-control").filter(visible=True).count() == 3 + n
        rows = place.locator(".cnnsee-sm-panel").first.locator(".cnnsee-name").filter(visible=True)
        assert rows.count() == n


def test_softmax_lab_is_repainted_in_no_time(softmax):
    softmax.mount()
    softmax.set(n=8)
    median = softmax.page.evaluate(TIME, ["shift", [-20, 0, 3.3]])
    print(f"softmax_lab: {median:.2f} ms of script a repaint")
    assert median <= 3
