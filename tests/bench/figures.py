"""How long a figure takes to answer, in a real JupyterLab, beside `interact` + matplotlib in the same run.

Two times are taken for each step, since they answer two questions:

- script: what our code costs. From the event to the end of all its listeners.
- to the painted frame: from the first listener that hears of the event to the task after the frame that shows it.
  For a mouse the browser hands over the event at the beginning of a frame, for a key at once: a key's time
  holds the wait for the next frame as well (0 to 16.7 ms at 60 Hz), which no code can shorten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import nbformat
import numpy as np
import torch
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, sync_playwright

from course_lib import figures
from course_lib.data import ImageSet
from course_lib.figures.live import LiveFigure
from tests.browser import jupyter
from tests.figures.samples import SAMPLES

STEPS = 120
PEER_STEPS = 20
IMPORT = "from tests.figures.samples import SAMPLES"
MODEL = """import torch
from course_lib import figures, models, training
network = models.Classifier(models.backbone("squeezenet1_1"), [str(k) for k in range(10)])
picture = torch.randint(0, 256, (3, 64, 64), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
figures.recolour_explorer(picture, training.predictor(network), network.classes)"""
PEER = """%matplotlib inline
import ipywidgets, numpy as np, matplotlib.pyplot as plt
x = np.linspace(0, 1, 200)
@ipywidgets.interact(k=ipywidgets.IntSlider(value=50, max=100))
def show(k):
    plt.plot(x, x ** (k / 25))
    plt.show()"""
# A capture listener on the window is the first to hear of an event, one on the way up the last.
CLOCK = """kind => {
    const times = (globalThis.taken = []);
    let start;
    globalThis.stopClock?.();
    const first = () => (start = performance.now());
    const last = () => {
        const script = performance.now() - start, began = start;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => times.push([script, performance.now() - began]);
            channel.port2.postMessage(0);
        });
    };
    window.addEventListener(kind, first, { capture: true });
    window.addEventListener(kind, last);
    globalThis.stopClock = () => {
        window.removeEventListener(kind, first, { capture: true });
        window.removeEventListener(kind, last);
    };
}"""
# The model has answered when the line above the figure says so, in words that no answer computed before has.
ANSWER_CLOCK = """() => {
    globalThis.answers = [];
    let start;
    const heading = [...document.querySelectorAll(".cnnsee-title")].at(-1);
    window.addEventListener("keydown", () => (start = performance.now()), { capture: true });
    new MutationObserver(() => {
        if (start === undefined || heading.textContent.includes("asking")) return;
        const began = start;
        start = undefined;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => answers.push(performance.now() - began);
            channel.port2.postMessage(0);
        });
    }).observe(heading, { childList: true });
}"""
# The peer answers when a new picture has been decoded and a frame has shown it.
PEER_CLOCK = """() => {
    globalThis.peerTaken = [];
    let start;
    window.addEventListener("keydown", () => (start = performance.now()), { capture: true });
    const area = [...document.querySelectorAll(".jp-OutputArea img")].at(-1).closest(".widget-output, .jp-OutputArea");
    new MutationObserver(() => {
        const image = area.querySelector("img");
        if (!image || start === undefined) return;
        image.decode().then(() => requestAnimationFrame(() => {
            const channel = new MessageChannel(), began = start;
            channel.port1.onmessage = () => began && (peerTaken.push(performance.now() - began), (start = undefined));
            channel.port2.postMessage(0);
        })).catch(() => {});
    }).observe(area, { childList: true, subtree: true, attributes: true });
}"""


def whole_map() -> LiveFigure:
    """The map explorer with as many dots as EuroSAT has pictures, over Europe; the pictures are one black square."""
    n, places = 27_000, np.random.default_rng(0).uniform((-20, 28), (33, 65), (27_000, 2))
    images = torch.zeros(1, 3, 8, 8, dtype=torch.uint8).expand(n, 3, 8, 8)
    names = [f"class {k}" for k in range(10)]
    return figures.map_explorer(ImageSet.of(images, np.arange(n) // 2700, names, places=places))


@contextmanager
def notebooks_in_lab() -> Iterator[Callable[[list[str]], Page]]:
    """Call it with the cells of a notebook; gives the page, with everything run. A figure's own, as in a lesson."""
    with tempfile.TemporaryDirectory() as folder, jupyter.running(Path(folder)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=jupyter.find_chromium(), args=list(jupyter.FLAGS))
        numbers = count()

        def open_one(cells: list[str]) -> Page:
            set_up = f"import sys\nsys.path.insert(0, {str(jupyter.REPOSITORY)!r})"
            made = new_notebook(cells=[new_code_cell(cell) for cell in [set_up, *cells]])
            made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            path = f"bench-{next(numbers)}.ipynb"
            nbformat.write(made, lab.root / path)
            page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1)
            page.goto(lab.url(path))
            page.locator(".jp-Notebook .jp-Cell").first.wait_for()
            jupyter.run_all(page)
            return page

        yield open_one
        browser.close()


def drag(page: Page, handle: Locator) -> None:
    """To and fro over the middle of the slider, one step a move."""
    place = handle.bounding_box()
    track = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.evaluate("taken.length = 0")
    for step in range(STEPS):
        page.mouse.move(track["x"] + track["width"] * (0.5 + 0.45 * np.sin(step)), place["y"] + place["height"] / 2)
        answered(page, step)
    page.mouse.up()


def press(page: Page, handle: Locator) -> None:
    handle.focus()
    pauses = np.random.default_rng(0).uniform(0, 17, STEPS)  # ms: a key comes at any time between two frames
    for step in range(STEPS):
        page.wait_for_timeout(pauses[step])
        page.keyboard.press("ArrowRight" if step // 6 % 2 else "ArrowLeft")
        answered(page, step)


def answered(page: Page, step: int) -> None:
    """Wait for the frame: nobody presses a key again before, and a queue would be timed instead of a figure."""
    page.wait_for_function(f"taken.length > {step}", timeout=10_000)


def times(page: Page, kind: str, move) -> np.ndarray:
    """[steps, 2] in ms: script, and to the painted frame."""
    page.evaluate(CLOCK, kind)
    move()
    page.evaluate("stopClock()")
    return np.array(page.evaluate("taken"))


def words(taken: np.ndarray) -> str:
    return f"{np.median(taken):5.1f} / {np.percentile(taken, 95):5.1f}"


def peer(page: Page) -> np.ndarray:
    handle = page.locator(".jp-CodeCell").last.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    page.evaluate(PEER_CLOCK)
    handle.focus()
    for step in range(PEER_STEPS):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"peerTaken.length > {step}", timeout=10_000)
    return np.array(page.evaluate("peerTaken"))


def model_answers(page: Page) -> np.ndarray:
    """From the key to the frame with a small network's answer to a mixture of changes, ms."""
    box = page.locator(".cnnsee-figure").first
    box.scroll_into_view_if_needed()
    box.locator(".widget-checkbox input").click()  # grey: from here on every hue is a mixture
    box.locator(".noUi-handle:visible").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    page.evaluate(ANSWER_CLOCK)
    for step in range(PEER_STEPS):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"answers.length > {step}", timeout=10_000)
    return np.array(page.evaluate("answers"))


def main() -> None:
    if jupyter.find_chromium() is None:
        print("No Chromium here: the figures were not timed.")
        return
    print("figures in JupyterLab, headless Chromium, 1x scale: median / 95th percentile, ms")
    print(f"{'':24}{'script':>18}{'mouse to frame':>20}{'key to frame':>20}     promised 8 / 16.7 ms to the frame")
    with notebooks_in_lab() as open_one:
        for name in sorted(SAMPLES):
            page = open_one([f"from tests.figures.samples import SAMPLES\nSAMPLES[{name!r}]()"])
            report(name, page)
            page.close()
        page = open_one(["from tests.bench.figures import whole_map\nwhole_map()"])
        report("map of 27,000 dots", page)
        page.close()
        promise = "     promised 120 ms: SqueezeNet on 64 pixels"
        print(f"{'a model answers':62}{words(model_answers(open_one([MODEL]))):>20}{promise}", flush=True)
        print(f"{'interact + matplotlib':62}{words(peer(open_one([PEER]))):>20}")


def report(name: str, page: Page) -> None:
    box = page.locator(".cnnsee-figure").first
    handle = box.locator(".noUi-handle:visible").first
    box.locator(".cnnsee-title").first.wait_for()
    handle.scroll_into_view_if_needed()
    by_mouse = times(page, "pointermove", lambda: drag(page, handle))
    by_key = times(page, "keydown", lambda: press(page, handle))
    script = words(np.concatenate([by_mouse[:, 0], by_key[:, 0]]))
    print(f"{name:24}{script:>18}{words(by_mouse[:, 1]):>20}{words(by_key[:, 1]):>20}", flush=True)


if __name__ == "__main__":
    main()
