"""The book in a real browser: on a phone and on a desk, light and dark, by keyboard, and without the net."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from book import stage
from course_lib.practice import notebooks
from tests.book import pages as book_pages

LESSONS = [path.stem for path in notebooks.files(book_pages.ROOT / "lessons")]
PHONE, DESK = {"width": 360, "height": 780}, {"width": 1280, "height": 900}
every_width = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
CONTRAST = {"runOnly": ["color-contrast"]}
SCROLLERS = {"runOnly": ["scrollable-region-focusable"]}
# Contrast as WCAG defines it, of the first paragraph against the page.
READABLE = """() => {
    const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3)
        .map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4))
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = light(getComputedStyle(document.body).backgroundColor);
    const text = light(getComputedStyle(document.querySelector("article p")).color);
    const picture = document.querySelector("article img");
    return { ground, contrast: (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05),
             picture: picture && light(getComputedStyle(picture).backgroundColor) };
}"""
# A token of Python has the colour of its class. Of thousands the first of each class is looked at, the rest is plain
# text; and a figure out of sight is laid out, or nobody would look at it.
FOR_AXE = """() => {
    const seen = new Set();
    for (const token of document.querySelectorAll(".highlight pre span[class]")) {
        if (seen.has(token.className)) token.replaceWith(...token.childNodes);
        seen.add(token.className);
    }
    document.head.append(Object.assign(document.createElement("style"),
        { textContent: ".cnnsee { content-visibility: visible !important; }" }));
}"""
# What follows a bet is folded until somebody has chosen.
UNFOLD = "() => document.querySelectorAll('.bet button[type=button]').forEach((button) => button.click())"
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *told) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def html(tmp_path_factory, chromium) -> Path:
    """It asks for `chromium` so that no book is built where no browser will come."""
    return book_pages.build(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def address(html) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=html))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium, address) -> Iterator[Page]:
    """A page that may ask the book's own server and nobody else, and may not fail."""
    context = chromium.new_context(viewport=DESK)
    others: list[str] = []
    faults: list[str] = []

    def ask(route) -> None:
        if route.request.url.startswith((address, "file:", "data:", "blob:")):
            route.continue_()
        else:
            others.append(route.request.url)
            route.abort()

    context.route("**/*", ask)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert others == [], "the book asks no other host for anything"
    assert faults == []


@pytest.fixture(scope="session")
def axe():
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        reason = "no axe-core here: `pip install axe-playwright-python` to check the book's accessibility"
        if os.environ.get("COURSE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and COURSE_REQUIRE_BROWSER=1 wants it", pytrace=False)
        pytest.skip(reason)
    return Axe()


def faults(axe, page: Page, options: dict) -> list[str]:
    """The serious and critical ones, each with the first element that has it."""
    page.evaluate(SETTLED)
    found = axe.run(page, options=options | {"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}, {len(fault['nodes'])} times): {fault['nodes'][0]['html'][:200]} "
        f"{fault['nodes'][0]['failureSummary'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("where", ["index.html", *(f"lessons/{name}.html" for name in LESSONS), "api/models.html"])
def test_nothing_is_wider_than_a_phone(page, address, where):
    page.set_viewport_size(PHONE)
    page.goto(address + where)
    page.evaluate(UNFOLD)
    # A figure out of sight has no size yet.
    page.add_style_tag(content=".cnnsee { content-visibility: visible !important; }")
    page.evaluate(SETTLED)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@every_width
@pytest.mark.parametrize("lesson", LESSONS)
def test_figures_answer_to_keys(page, html, lesson, size):
    page.set_viewport_size(size)
    page.goto((html / "lessons" / f"{lesson}.html").as_uri())  # from the disk: what needs no server is harder
    page.evaluate(UNFOLD)
    for figure in page.locator(".cnnsee-figure").all():
        figure.scroll_into_view_if_needed()
        slider = figure.locator(".cnnsee-control:visible input[type=range]").first
        before, drawn = figure.text_content(), _pixels(figure)
        slider.focus()
        for key in ("ArrowRight", "ArrowRight", "PageUp", "PageUp", "PageUp"):
            page.keyboard.press(key)
        expect(figure).not_to_have_text(before)
        for _ in range(10):  # a threshold may have to go far before it leaves a picture out
            if _pixels(figure) != drawn:
                break
            page.keyboard.press("PageUp")
        assert _pixels(figure) != drawn, "no canvas and no drawing has changed"


def _pixels(figure) -> list[str]:
    """What its canvases and drawings show."""
    return figure.evaluate("""(figure) => [
        ...[...figure.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
        ...[...figure.querySelectorAll("svg")].map((svg) => svg.outerHTML),
        ...[...figure.querySelectorAll("[style]")].map((element) => element.getAttribute("style")),
    ]""")


@every_width
def test_dark_is_readable(page, address, size):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}lessons/{LESSONS[0]}.html")
    dark = page.evaluate(READABLE)
    assert dark["ground"] < 0.05
    assert dark["contrast"] > 7
    assert dark["picture"] == pytest.approx(1), "a picture drawn in black stays on white"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(READABLE)
    assert light["ground"] > 0.9
    assert light["contrast"] > 7


def bets(page: Page, address: str, lesson: int = 1) -> list[Locator]:
    """The forms of a lesson's bets; `LESSONS` has more than one with both kinds."""
    page.goto(f"{address}lessons/{LESSONS[lesson]}.html")
    page.evaluate(SETTLED)
    return page.locator("form.bet").all()


def folded(page: Page) -> int:
    return page.locator(".bet-result[hidden]").count()


@every_width
def test_result_is_folded_until_the_reader_has_chosen(page, address, size):
    page.set_viewport_size(size)
    forms = bets(page, address)
    first = next(form for form in forms if form.locator("[type=radio]").count())
    assert folded(page) > 0
    first.evaluate(
        "form => [...document.querySelectorAll('.bet-result[hidden]')]"
        ".find((result) => form.compareDocumentPosition(result) & 4).dataset.mine = ''"
    )
    figure = page.locator("[data-mine]")
    expect(figure).to_be_hidden()
    first.get_by_role("button", name="Commit").click()
    expect(first.get_by_role("status")).to_have_text("Choose one first.")
    expect(figure).to_be_hidden()
    first.get_by_role("radio").nth(2).check()
    expect(figure).to_be_hidden()  # chosen is not committed: with the arrow keys one passes all of them
    first.get_by_role("button", name="Commit").click()
    expect(figure).to_be_visible()
    expect(first.get_by_role("status")).to_have_text(re.compile(r"^Your guess: .+\. What was measured follows\.$"))
    expect(first.get_by_role("status")).to_be_focused()
    expect(first.get_by_role("radio").first).to_be_disabled()
    assert folded(page) == 0 or len(forms) > 1
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_bet_by_keyboard_and_only_what_follows_it_opens(page, address):
    forms = bets(page, address)
    number = next(form for form in forms if form.locator("[type=number]").count())
    before = folded(page)
    number.get_by_role("spinbutton").focus()
    page.keyboard.press("Enter")
    expect(number.get_by_role("status")).to_have_text("Enter a number first.")
    assert folded(page) == before
    page.keyboard.type("80")
    page.keyboard.press("Enter")
    expect(number.get_by_role("status")).to_have_text("Your guess: 80. What was measured follows.")
    assert 0 < folded(page) < before
    choice = next(form for form in forms if form.locator("[type=radio]").count())
    choice.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(choice.get_by_role("status")).to_contain_text("Your guess: ")
    expect(choice.get_by_role("group")).to_have_accessible_name(re.compile(r"\w+"))


def test_who_only_reads_sees_it_without_a_guess(page, address):
    for form in bets(page, address):
        form.get_by_role("button", name="Show it without a guess").click()
        expect(form.get_by_role("status")).to_have_text("No guess made. What was measured follows.")
    assert folded(page) == 0


def test_link_into_what_is_folded_opens_it(page, address):
    bets(page, address)
    page.evaluate("document.querySelector('.bet-result[hidden]').id = 'here'")
    before = folded(page)
    page.evaluate("location.hash = 'here'")
    expect(page.locator("[id=here]")).to_be_visible()
    assert folded(page) < before


def test_on_paper_all_is_open(page, address):
    bets(page, address)
    page.emulate_media(media="print")
    seen = page.locator(".bet-result[hidden]").evaluate_all("all => all.map((element) => element.checkVisibility())")
    assert len(seen) > 10
    assert all(seen)


def test_without_javascript_all_is_open(chromium, html):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / "lessons" / f"{LESSONS[1]}.html").as_uri())  # one whose first bet has options
    assert page.locator("form.bet").count() == 0
    assert page.locator(".tag_bet li").count() > 1
    for output in page.locator(".tag_bet ~ .cell > .cell_output").all():
        expect(output).to_be_visible()
    context.close()


@every_width
def test_a_bet_that_is_open_has_no_serious_fault_of_accessibility(page, address, axe, size):
    page.set_viewport_size(size)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert len(bets(page, address)) > 2
        page.evaluate(FOR_AXE)
        assert faults(axe, page, {}) == []


def test_old_names_lead_on(page, address, html):
    stage.lead_on(html, {"00_old_name": LESSONS[0]})
    try:
        page.goto(f"{address}lessons/00_old_name.html")
        page.wait_for_url(f"{address}lessons/{LESSONS[0]}.html")
    finally:
        (html / "lessons" / "00_old_name.html").unlink()


def test_search_finds_a_lesson(page, address):
    page.goto(f"{address}index.html")
    page.get_by_placeholder("Search").fill("confusion")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results li a").first).to_be_visible()


def test_no_serious_fault_of_accessibility(page, address, html, axe):
    """Every page: all rules in the light, contrast in the dark, and on a phone what has to scroll there."""
    found = {}
    for path in sorted(html.rglob("*.html")):
        if 'http-equiv="refresh"' in path.read_text(encoding="utf-8"):
            continue  # leads on before it can be looked at
        where = path.relative_to(html).as_posix()
        page.set_viewport_size(DESK)
        page.emulate_media(color_scheme="light")
        page.goto(address + where)
        page.evaluate(UNFOLD)
        page.evaluate(FOR_AXE)
        found[where, "light"] = faults(axe, page, {})
        page.emulate_media(color_scheme="dark")
        found[where, "dark"] = faults(axe, page, CONTRAST)
        page.set_viewport_size(PHONE)
        found[where, "phone"] = faults(axe, page, SCROLLERS)
    assert {place: told for place, told in found.items() if told} == {}


def test_faults_of_accessibility_are_found(page, address, axe):
    page.goto(f"{address}index.html")
    page.evaluate("""() => {
        document.querySelector("article img").removeAttribute("alt");
        document.querySelector("article p").style.color = "#ddd";
    }""")
    assert {fault.split(" ")[0] for fault in faults(axe, page, {})} == {"image-alt", "color-contrast"}


def test_the_reader_s_own_dark_has_contrast_too(page, address, axe):
    """The switch on the page, where the system is light."""
    page.goto(f"{address}lessons/{LESSONS[1]}.html")
    page.evaluate("document.body.dataset.theme = 'dark'")
    page.evaluate(FOR_AXE)
    assert faults(axe, page, CONTRAST) == []
