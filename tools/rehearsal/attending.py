"""What learners do in a rehearsal: sign in, pull, run lesson 1, move its figure, load EuroSAT."""

from __future__ import annotations

import colorsys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlsplit

import nbformat

from course_lib.cli import links
from course_lib.practice import notebooks

from .learner import Kernel, Learner, RehearsalError
from .room import ROOT, Room

EXPLORER = "colour_explorer("


def lesson_of(chapter: str, code: str) -> str:
    """Where a learner finds the chapter's first lesson whose cells hold `code`, seen from their home."""
    for path in notebooks.files(ROOT / links.OPENED):
        cells = nbformat.read(path, as_version=4).cells
        if notebooks.code(path).startswith(chapter) and any(code in cell.source for cell in cells):
            return f"course/{links.OPENED}/{path.name}"
    raise RehearsalError(f"no lesson of chapter {chapter} has {code!r}: make lessons")


LESSON, LARGE = lesson_of("01", EXPLORER), lesson_of("03", 'data.load("eurosat")')

WHO = "import os; print(os.getpid())"
# On top of lesson 3's first cell: a byte of each page, because only pages that were read count as shared. A sum over
# all of them as int64 would take 2.7 GB for a moment, and twelve of those ended half of the kernels.
TOUCH = "import os; pictures.images.flatten()[::4096].sum(); print(os.getpid())"


@dataclass
class Place:
    """A learner with what happened so far."""

    learner: Learner
    seconds: dict[str, float] = field(default_factory=dict)
    kernel: Kernel | None = None
    pid: int = 0
    fault: str = ""

    def timed(self, name: str, act: Callable, *arguments):
        start = time.monotonic()
        result = act(*arguments)
        self.seconds[name] = round(time.monotonic() - start, 2)
        return result


def class_link(hub: str, room: Room) -> str:
    """The link of `course link --hub`, with the repository on this disk in the place of the one on GitHub."""
    made = links.checked(f"someone/{room.repository.name}").classroom(hub)
    public, here = f"https://github.com/someone/{room.repository.name}", f"file://{room.repository}"
    return made.replace(quote_plus(public), quote_plus(here))


def attend(place: Place, room: Room) -> None:
    """Sign in, pull the course, run lesson 1 to its end, move its figure."""
    learner = place.learner
    place.timed("sign in", learner.sign_in)
    place.timed("server", learner.start)
    asked = dict(parse_qsl(urlsplit(class_link(learner.hub, room)).query))
    place.timed("pull", learner.pull, {name: asked[name] for name in ("repo", "branch")})
    place.kernel = place.timed("kernel", learner.kernel, str(Path(LESSON).parent))
    opened = []
    place.timed("lesson 1", run_lesson, place, LESSON, opened)
    place.timed("figure", move, place.kernel, opened)
    place.pid = int(place.kernel.run(WHO))


def run_lesson(place: Place, path: str, opened: list[dict]) -> None:
    """Every cell, in order. `opened` gets the figures; the rest of what a kernel says is many megabytes."""
    for source in place.learner.notebook(path):
        place.kernel.run(source, lambda message: opened.append(message) if message["msg_type"] == "comm_open" else None)


def move(kernel: Kernel, opened: list[dict]) -> None:
    """Turn the hue of lesson 1's explorer. The kernel has to answer with the colour that belongs to it."""
    figure, state = explorer(opened)
    hue = (state["hsv_h"] + 40) % 360
    answer = kernel.move(figure, "hsv_h", hue, "colour")
    expected = colorsys.hsv_to_rgb(hue / 360, state["hsv_s"], state["hsv_v"])
    if max(abs(a - b) for a, b in zip(answer, expected, strict=True)) > 1e-4:
        raise RehearsalError(f"the figure was moved to {hue}° and answered {answer}, not {expected}")


def explorer(opened: list[dict]) -> tuple[str, dict]:
    """The id and the state of the first figure with a hue to turn, among the kernel's `comm_open` messages."""
    for content in (message["content"] for message in opened):
        if "hsv_h" in content["data"].get("state", {}):
            return content["comm_id"], content["data"]["state"]
    raise RehearsalError("lesson 1 showed no figure with a hue")


def browse(place: Place, room: Room) -> None:
    """The same in a real browser, from the link of the class on."""
    from playwright.sync_api import expect, sync_playwright

    from tests.browser import jupyter

    jupyter.RUN_SECONDS = 1800  # all others run the lesson meanwhile
    learner, chromium = place.learner, jupyter.find_chromium()
    if chromium is None:
        raise RehearsalError("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(jupyter.FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        try:
            place.timed("from the link to lesson 0", follow, page, learner, class_link(learner.hub, room))
            place.timed("lesson 1 opens", open_lesson, page, learner.url(f"doc/tree/{LESSON}"))
            place.timed("lesson 1", jupyter.run_all, page)
            cell = page.locator(".jp-CodeCell").filter(has_text=EXPLORER).first
            title = cell.locator(".cnnsee-title")
            before, start = title.inner_text(), time.monotonic()
            cell.locator(".noUi-handle:visible").first.press("ArrowRight")
            expect(title).not_to_have_text(before)
            place.seconds["figure"] = round(time.monotonic() - start, 2)
        except Exception:
            page.screenshot(path=room.folder / "browser.png")
            raise
        finally:
            browser.close()


def follow(page, learner: Learner, link: str) -> None:
    """The link, the form, the pull, and the notebook that the link names."""
    page.goto(link)
    page.get_by_label("Username").fill(learner.name)
    page.get_by_label("Password").fill(learner.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/lab/tree/**", timeout=600_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=300_000)


def open_lesson(page, address: str) -> None:
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=300_000)


def load_eurosat(place: Place) -> None:
    """Lesson 3's first cell in a kernel of its own, and every picture read."""
    learner = place.learner
    if "Authorization" not in learner.web.headers:  # who came with the browser
        learner.sign_in()
    for running in learner.web.get(learner.url("api/kernels"), timeout=60).json():
        learner.web.delete(learner.url(f"api/kernels/{running['id']}"), timeout=120)
    place.kernel = learner.kernel(str(Path(LARGE).parent))
    place.kernel.run(next(cell for cell in learner.notebook(LARGE) if 'data.load("eurosat")' in cell))
    place.pid = int(place.kernel.run(TOUCH))
