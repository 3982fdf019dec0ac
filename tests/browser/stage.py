"""A page without Jupyter, with copies of one figure on it, and the same figure in Python."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from course_lib.figures import page as pages
from course_lib.figures.live import LiveFigure, module

# Puts one more copy of a figure onto the page and keeps it in `copies`.
MOUNT = """async ([source, plain]) => {
    const { default: figure, start } = await import(`data:text/javascript;base64,${source}`);
    const place = document.body.appendChild(document.createElement("section"));
    place.className = "cnnsee-figure";
    (globalThis.copies ??= []).push({ place, ...start(figure, place, plain) });
}"""
STATE = """place => Object.fromEntries(
    Object.entries(copies[place].model.traits).filter(([, value]) => !(value instanceof DataView)))"""


@dataclass
class Stage:
    """`page`, and `twin`, the figure in Python. In the page, `copies[k]` is {place, model, remove}."""

    page: Page
    twin: LiveFigure

    def mount(self) -> Locator:
        """One more copy of the figure at the end of the page."""
        source = module(self.twin.name) + Path(pages.__file__).with_suffix(".js").read_text(encoding="utf-8")
        encoded = base64.b64encode(source.encode()).decode()
        self.page.evaluate(MOUNT, json.loads(json.dumps([encoded, self.twin.plain()])))
        return self.page.locator("section").last

    def set(self, copy: int = 0, **traits) -> None:
        """Set traits in the page, as a control would."""
        for trait, value in traits.items():
            self.page.evaluate("([k, trait, value]) => copies[k].model.set(trait, value)", [copy, trait, value])

    def title_from_python(self, copy: int = 0) -> str:
        """What Python's figure says in the state that the page's copy is in."""
        with self.twin.hold_trait_notifications():
            for trait, value in self.page.evaluate(STATE, copy).items():
                setattr(self.twin, trait, value)
        return self.twin.title()
