"""One lesson as one HTML file: outputs as stored, interactive figures alive, no kernel and no network.

    python tools/page.py 00 lesson.html

Executes nothing. The figures come from what `make lessons` stored beside each picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from course_lib.figures.live import FIGURE
from course_lib.figures.page import fragment
from course_lib.practice import notebooks

LESSONS = Path(__file__).resolve().parents[1] / "lessons"
# nbconvert's page without the three scripts that it would load from other hosts. No lesson has formulas or diagrams.
_TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}"""


def revive(lesson: NotebookNode) -> int:
    """Put each figure's live form in the place of its picture, in a copy for reading; returns how many there were."""
    count = 0
    # The set-up cell makes a Colab machine ready; on a page it would only ask what it is for.
    lesson.cells = [cell for cell in lesson.cells if "setup" not in cell.metadata.get("tags", [])]
    for cell in lesson.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if plain := data.pop(FIGURE, None):
                label = output.metadata.get("image/png", {}).get("alt", data["text/plain"])
                output.data = NotebookNode({"text/html": fragment(plain, label)})
                count += 1
    return count


def page(lesson: NotebookNode) -> str:
    """The lesson as HTML."""
    revive(lesson)
    exporter = HTMLExporter(embed_images=True, raw_template=_TEMPLATE)
    return exporter.from_notebook_node(lesson)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", help="its code, such as 00 or 01a")
    parser.add_argument("target", type=Path, help="the HTML file to write")
    asked = parser.parse_args()
    known = {notebooks.code(path): path for path in notebooks.files(LESSONS)}
    if asked.lesson not in known:
        parser.error(f"got lesson {asked.lesson}; there are {', '.join(known)}")
    asked.target.write_text(page(nbformat.read(known[asked.lesson], as_version=4)), encoding="utf-8")


if __name__ == "__main__":
    main()
