"""A lesson as one HTML file: all figures alive, on a page with no kernel and no network."""

from __future__ import annotations

import re

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect

from tests.figures.samples import SAMPLES
from tools import page as lesson_page


def test_stored_lesson_comes_alive(chromium, tmp_path):
    figures = [SAMPLES[name]() for name in sorted(SAMPLES)]
    lesson = new_notebook(cells=[new_markdown_cell("# A lesson")])
    for count, figure in enumerate(figures, start=1):
        data, metadata = figure._repr_mimebundle_()
        data.pop("application/vnd.jupyter.widget-view+json")  # `make lessons` takes it out
        output = new_output("execute_result", data, metadata=metadata, execution_count=count)
        lesson.cells.append(new_code_cell("…", outputs=[output], execution_count=count))
    path = tmp_path / "lesson.html"
    path.write_text(lesson_page.page(lesson), encoding="utf-8")

    context = chromium.new_context(viewport={"width": 1100, "height": 900})
    asked: list[str] = []
    context.route(re.compile("^https?:"), lambda route: (asked.append(route.request.url), route.abort()))
    page = context.new_page()
    page.goto(path.as_uri())
    for place, figure in zip(page.locator(".cnnsee-figure").all(), figures, strict=True):
        heading = place.locator(".cnnsee-title").first
        expect(heading).to_have_text(figure.title())
        before = place.text_content()
        place.locator(".cnnsee-control:visible input[type=range]").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(place, figure.name).not_to_have_text(before)
        figure.close()
    assert asked == []
    assert page.title() != "hacked"
    context.close()
