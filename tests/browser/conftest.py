"""A real JupyterLab and a real browser, for every test that has to see what a learner sees.

    def test_slider(open_notebook, run_all):
        page = open_notebook("lessons/01_colour.ipynb")
        run_all(page)

The browser is the Chromium of the system. Without one the tests are skipped with the reason, or fail where
COURSE_REQUIRE_BROWSER=1 says that there must be one.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from course_lib.figures.live import LiveFigure
from tests.browser.stage import Stage

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
CANDIDATES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# No sandbox: in a container there is none to be had, and the pages are ours. The rest keeps the browser from
# calling home, and a headless one from looking for a graphics card.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 60
RUN_SECONDS = 300
# JupyterLab shows an error as it shows stderr; only the text tells that it is a traceback.
STDERR = '.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"]'
TRACEBACK = re.compile(r"^(-{40,}|\s*(Cell In|File) )")
# [*] stands beside a cell that waits or runs, [3] beside one that has run. After an error the rest is [ ].
FINISHED = """() => {
    const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map(p => p.textContent);
    return prompts.some(text => /[0-9]/.test(text)) && !prompts.some(text => text.includes("*"));
}"""
SETTINGS = {
    # No question about news in front of the page, no look for updates.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells in the page, also those out of sight: tests look for them.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def find_chromium() -> str | None:
    """The first Chromium that runs. Ubuntu's chromium-browser is there and may only point at a shop."""
    for candidate in CANDIDATES:
        path = shutil.which(candidate)
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        reason = f"no Chromium here (looked for {', '.join(CANDIDATES[:4])}); install one to test figures"
        if os.environ.get("COURSE_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and COURSE_REQUIRE_BROWSER=1 wants one", pytrace=False)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it serves."""

    address: str
    token: str
    root: Path

    def url(self, notebook: str) -> str:
        # `doc` is the same application with one document and no side bars: less to load, less to go wrong.
        return f"{self.address}/doc/tree/{notebook}?token={self.token}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium) -> Iterator[Lab]:
    """JupyterLab over a copy of the lessons: it saves by itself, and must not change the stored outputs.

    It asks for `chromium` so that no server is started where no browser will come.
    """
    home = tmp_path_factory.mktemp("lab")
    root = home / "course"
    leave_out = shutil.ignore_patterns("src", "scratch", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(REPOSITORY / "lessons", root / "lessons", ignore=leave_out)
    for plugin, settings in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = Lab(f"http://127.0.0.1:{port}", secrets.token_hex(16), root)
    with (home / "jupyter.log").open("w") as log:
        server = subprocess.Popen(
            _command(running, port, home), cwd=root, env=_environment(home), stdout=log, stderr=log
        )
        try:
            _wait_for(running, server, home / "jupyter.log")
            yield running
        finally:
            _stop(server)


def _command(lab: Lab, port: int, home: Path) -> list[str]:
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={lab.token}", f"--ServerApp.root_dir={lab.root}",
        f"--LabApp.user_settings_dir={home / 'settings'}", f"--LabApp.workspaces_dir={home / 'workspaces'}",
    ]  # fmt: skip


def _environment(home: Path) -> dict[str, str]:
    """The user's environment with none of the user's Jupyter in it."""
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return os.environ | {name: str(home / name.lower()) for name in places} | {"JUPYTER_PREFER_ENV_PATH": "1"}


def _wait_for(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{lab.address}/api/status?token={lab.token}", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start within {START_SECONDS} s:\n{log.read_text()[-3000:]}", pytrace=False)


def _stop(server: subprocess.Popen) -> None:
    server.terminate()  # it shuts its kernels down first
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture
def open_notebook(lab, chromium, request) -> Iterator[Callable[[str], Page]]:
    """Call it with a path below the course's folder; gives the page with the notebook rendered."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    pages: list[Page] = []

    def open_it(notebook: str) -> Page:
        page = context.new_page()
        pages.append(page)
        page.goto(lab.url(notebook))
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=START_SECONDS * 1000)
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
    """Call it with a page: runs every cell, waits for the last one, fails with the first cell's error."""

    def run(page: Page) -> None:
        # While the kernel is starting, JupyterLab takes "Run All" and forgets about it.
        page.get_by_text("| Idle").wait_for(timeout=START_SECONDS * 1000)
        # A lesson is stored executed: without clearing, the last run's numbers would pass for this one's.
        _menu(page, "Edit", "Clear Outputs of All Cells")
        _menu(page, "Run", "Run All Cells")
        page.wait_for_function(FINISHED, timeout=RUN_SECONDS * 1000)
        for text in page.locator(STDERR).all_inner_texts():
            if TRACEBACK.match(text):
                pytest.fail(f"a cell failed:\n{text}", pytrace=False)

    return run


def _menu(page: Page, menu: str, item: str) -> None:
    page.locator(".lm-MenuBar").get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu").get_by_role("menuitem", name=item, exact=True).click()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know how the test went, so that they can take a photograph before they close the page."""
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
