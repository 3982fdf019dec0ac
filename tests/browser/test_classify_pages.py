"""report.html and demo.html as somebody opens them: from a file, in a real browser, with nothing around them."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import models
from course_lib.classify import Answerer, Built, demo, export, report
from course_lib.classify.storing import Loaded
from course_lib.data import ImageSet
from tests.classify.folders import stripes
from tests.classify.sample import sample

EXTRA = all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime"))
RUNTIME = "onnxruntime-web-1.30.0/ort.wasm.bundle.min.mjs"
NASTY = ("<img src=x onerror=document.title='run'>", "</script><script>document.title='run'</script>", "owl")
STORED = 48


def built_of(out, threshold=None) -> Built:
    """Not trained; its classes have names that would do harm if they were more than names."""
    result = sample(NASTY)
    result = replace(
        result, looked=replace(result.looked, folder=NASTY[0]), model=replace(result.model, stored=STORED, size=64)
    )
    store = torch.randint(0, 256, (len(result.rows), 3, STORED, STORED), dtype=torch.uint8)
    pictures = ImageSet.of(store, [row.truth for row in result.rows], NASTY, "real")
    classifier = models.Classifier(models.backbone("texture_net"), NASTY, pooling="mean")
    answerer = Answerer(classifier, stored=STORED, size=64, score_name="max logit", threshold=threshold)
    return Built(result, answerer, pictures, out / "pets", out)


@pytest.fixture
def open_file(chromium):
    """`open_file(path, **context)`: a page; at the end it has asked for nothing, and nothing went wrong in it."""
    asked, faults, contexts = [], [], []

    def open_it(path, **settings):
        contexts.append(chromium.new_context(**settings))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        return page

    open_it.asked, open_it.faults = asked, faults
    yield open_it
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:", "file:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == len(contexts)
    assert faults == []


# --- the report ---


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "dark")])
def test_the_report_fits_and_its_names_are_only_names(open_file, tmp_path, width, scheme):
    settings = {"viewport": {"width": width, "height": 700}, "color_scheme": scheme}
    page = open_file(report.write(built_of(tmp_path)), **settings)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title().startswith(NASTY[0])
    assert page.locator("h1").inner_text().startswith(NASTY[0])


def test_what_moves_in_the_report_says_what_python_says(open_file, tmp_path):
    built = built_of(tmp_path)
    page = open_file(report.write(built))
    cost, sure = page.locator("#cost output"), page.locator("#sure output")
    assert cost.inner_text() == report._bill_told(built.result)
    page.locator("#cost .person").fill("0.3")
    assert cost.inner_text() == report._bill_told(built.result, 0.3)
    page.locator("#cost summary").click()
    page.locator('[data-true="1"][data-answer="0"]').fill("50")
    assert cost.inner_text().startswith("0 answered, 0 of them wrong; 3 go to a person.")
    last = sure.inner_text()
    page.locator("#sure input").focus()
    page.keyboard.press("ArrowLeft")
    assert sure.inner_text() == report._step_told(report.report_charts.steps(built.result)[0]) != last


def test_all_of_the_report_is_printed(open_file, tmp_path):
    page = open_file(report.write(built_of(tmp_path)))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0


# --- the demo ---


needs_runtime = pytest.mark.skipif(
    not EXTRA or not os.path.isfile(os.path.join(os.environ.get("COURSE_MIRROR", ""), RUNTIME)),
    reason="the extra export is not installed, or COURSE_MIRROR has no onnxruntime-web",
)


def photographs(folder):
    """Files of many shapes: larger and smaller than the network's side, upright and wide, with transparency."""
    folder.mkdir()
    for k, (width, height) in enumerate([(200, 120), (48, 48), (90, 311), (31, 40), (64, 64), (500, 333)]):
        image = Image.fromarray(stripes(k, k)).resize((width, height), Image.Resampling.BICUBIC)
        if k == 4:
            image.putalpha(Image.fromarray(np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)))
        image.save(folder / f"{k}.png")
    return sorted(folder.iterdir())


def line_of(files, out) -> float:
    """A line that refuses half of them."""
    scores = sorted(one.score for one in loaded_of(built_of(out)).predict(files))
    return (scores[2] + scores[3]) / 2


def loaded_of(built) -> Loaded:
    return Loaded(built.result, built.answerer)


def answered(page, file):
    """(what it says, the probability of the likeliest). Waits by selectors: the page's policy allows no eval."""
    page.locator("#answer").evaluate("one => delete one.dataset.probability")
    page.locator("#file").set_input_files(file)
    page.locator("#answer[data-probability]").wait_for(timeout=60_000)
    return page.locator("#answer").inner_text(), float(page.locator("#answer").get_attribute("data-probability"))


@pytest.fixture
def demo_page(open_file, tmp_path):
    """(the page, started; its classifier in Python; six files, of which it refuses three)."""
    files = photographs(tmp_path / "files")
    built = built_of(tmp_path, line_of(files, tmp_path))
    export.write(built)
    page = open_file(demo.write(built), viewport={"width": 360, "height": 700})
    page.locator("html[data-ready]").wait_for(timeout=120_000)
    return page, loaded_of(built), files


@needs_runtime
def test_the_demo_answers_as_python_does_and_refuses_what_python_refuses(demo_page):
    page, loaded, files = demo_page
    expected = loaded.predict(files)
    assert {one.answer is None for one in expected} == {True, False}
    for file, one in zip(files, expected, strict=True):
        text, probability = answered(page, file)
        assert text == (one.answer or "none of these")
        assert probability == pytest.approx(one.probability, abs=2e-3)
    assert page.title() == f"Which of {NASTY[0]}?"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@needs_runtime
def test_what_is_no_picture_is_said_and_the_next_one_is_answered(demo_page, tmp_path):
    page, loaded, files = demo_page
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    page.locator("#file").set_input_files(broken)
    page.locator("#status", has_text="broken.png is no picture").wait_for(timeout=60_000)
    assert answered(page, files[0])[0] == (loaded.predict(files[:1])[0].answer or "none of these")


@needs_runtime
def test_the_demo_may_ask_nobody_even_if_it_wanted_to(demo_page, open_file):
    page, _, _ = demo_page
    assert "connect-src 'none'" in page.locator("meta[http-equiv]").get_attribute("content")
    refused = page.evaluate(
        """() => new Promise((done) => {
            addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
            const image = new Image();
            image.src = "http://127.0.0.1:9/x.png";
            setTimeout(() => done("nobody said no"), 3000);
        })"""
    )
    assert refused == "img-src"
    assert "Content Security Policy" in open_file.faults.pop()  # so the fixture would have seen it
    del open_file.asked[1:], open_file.faults[:]
