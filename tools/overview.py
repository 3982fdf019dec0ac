"""Make what README shows of the whole course: the figure, from the evidence, and the table of lessons.

python tools/overview.py           write both: `make lessons` does it after the lessons
python tools/overview.py --check   exit 1 when the table is out of step
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat

from course_lib.practice import notebooks
from tools import minutes

ROOT = Path(__file__).resolve().parents[1]
TARGET, README = ROOT / "lessons/images/overview.png", ROOT / "README.md"
_MARKED = re.compile(r"(<!-- lessons -->\n).*?(<!-- end lessons -->)", re.DOTALL)
_TITLE = re.compile(r"# (?:\d+[a-z]? · )?(.+)")
_ANNOUNCED = re.compile(r"(\d+) minutes")  # a lesson of the old form says it itself


def figure() -> bytes:
    """The PNG; it changes only when the evidence does."""
    from course_lib import figures, study

    floor, probes = study.summary("colour_floor"), study.summary("probe_backbones")
    start = study.summary("probe_or_finetune")
    drawing = figures.dots(
        {
            "54 colour numbers without any order, boosted trees": floor["54 colour numbers, boosted trees"],
            "random weights, frozen": probes["mobilenet_v2_035, random, 64 px"],
            "random weights, trained for six epochs": start["trained from scratch"],
            "learned from drawings (texture_net), frozen": probes["texture_net, textures, 64 px"],
            "learned from photographs, frozen": probes["mobilenet_v2_035, ImageNet, 64 px"],
            "learned from photographs, fine-tuned": start["fine-tuned from ImageNet"],
        },
        title="EuroSAT at 64 px, random splits; MobileNetV2 where nothing else is said",
    )
    return drawing.png()


def table(lessons: Path) -> str:
    """Markdown: a row a notebook, with its question, its minutes, and whether it is core or optional."""
    rows = ["| | notebook | minutes | code | |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *map(row, notebooks.files(lessons))]) + "\n"


def row(path: Path) -> str:
    """One row of it."""
    lesson = nbformat.read(path, as_version=4)
    first, seconds = lesson.cells[0].source, minutes.seconds_of(path)
    counted = minutes.count(lesson, lesson, seconds)
    announced = "" if counted.kind else _ANNOUNCED.search(first)
    takes = announced[1] if announced else counted.minutes
    code = "" if seconds is None else f"{max(1, round(seconds))} s"
    label, title = notebooks.label(notebooks.code(path)), _TITLE.match(first)
    name = title[1] if title else path.stem
    return f"| {label} | [{name}](lessons/{path.name}) | {takes} | {code} | {counted.kind.lower()} |"


def filled(readme: str, lessons: Path) -> str:
    """README with its table written anew."""
    return _MARKED.sub(lambda found: f"{found[1]}{table(lessons)}{found[2]}", readme)


def main(arguments: list[str]) -> int:
    """Write both, or with --check give 1 where README's table is out of step."""
    readme = README.read_text(encoding="utf-8")
    new = filled(readme, ROOT / "lessons")
    if "--check" in arguments:
        if new != readme:
            print("README's table is out of step with the lessons: python tools/overview.py")
        return int(new != readme)
    README.write_text(new, encoding="utf-8")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(figure())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
