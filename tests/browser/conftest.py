"""A real JupyterLab and a real browser, for every test that has to see what a learner sees.

    def test_slider(open_notebook, run_all):
        page = open_notebook("lessons/01_colour.ipynb")
        run_all(page)

The browser is the Chromium of the system. Without one the tests are skipped with the reason, or fail where
COURSE_REQUIRE_BROWSER=1 says that there must be one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from course_lib.figures.live import LiveFigure
from tests.browser import jupyter
from tests.browser.stage import Stage

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = jupyter.find_chromium()
    if path is None:
        reason = f"no Chromium here (looked for {', '.join(jupyter.CANDIDATES[:4])}); install one to test figures"
        if os.environ.get("COURSE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and COURSE_REQUIRE_BROWSER=1 wants one", pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(jupyter.FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium) -> Iterator[jupyter.Lab]:
    """JupyterLab over a copy of the lessons: it saves by itself, and must not change the stored outputs.

    It asks for `chromium` so that no server is started where no browser will come.
    """
    with jupyter.running(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def open_notebook(lab, chromium, request) -> Iterator[Callable[[str], Page]]:
    """Call it with a path below the course's folder; gives the page with the notebook rendered."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    pages: list[Page] = []

    def open_it(notebook: str) -> Page:
        page = context.new_page()
        pages.append(page)
        page.goto(lab.url(notebook))
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=jupyter.START_SECONDS * 1000)
        return page

    yield open_it
    if getattr(request.node, "failed", False):
        _photograph(pages, request.node.name)
    context.close()


@pytest.fixture
def show_figure(chromium, request) -> Iterator[Callable[[LiveFigure], Stage]]:
    """`show_figure(figure).mount()`: the figure on a bare page. Fails where it asks the net or logs an error."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    asked: list[str] = []
    faults: list[str] = []
    stages: list[Stage] = []
    context.route(re.compile("^https?:"), lambda route: (asked.append(route.request.url), route.abort()))

    def show(figure: LiveFigure) -> Stage:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        stages.append(Stage(page, figure))
        return stages[-1]

    yield show
    if getattr(request.node, "failed", False):
        _photograph([stage.page for stage in stages], request.node.name)
    for stage in stages:
        stage.twin.close()
    context.close()
    assert asked == [], "a figure asks no other machine for anything"
    assert faults == []


def _photograph(pages: list[Page], test: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    for number, page in enumerate(pages):
        path = SCREENSHOTS / f"{test.replace('/', '-')}-{number}.png"
        page.screenshot(path=path)
        print(f"screenshot: {path.relative_to(REPOSITORY)}")


@pytest.fixture
def run_all() -> Callable[[Page], None]:
    """Run every cell of the page's notebook, and fail where one fails."""
    return jupyter.run_all


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test went, so that they can take a photograph before they close the page."""
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
