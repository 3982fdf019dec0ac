"""Build the lessons: text twin → notebook → executed → cleaned → saved.

    python tools/lessons.py                    every lesson
    python tools/lessons.py 00 01a             these two; 01 stands for all of chapter 1
    python tools/lessons.py 03 --no-execute    new prose, stored outputs (of cells whose source is unchanged)
    python tools/lessons.py --check            exit 1 when a notebook is out of step with its twin
    python tools/lessons.py --minutes          how long each takes, counted from what stands in it

`src/NN_name.py` or `src/NNx_name.py` (jupytext's py:percent) is what is edited and reviewed. From it are made the
notebook of the same name, with outputs, and its copy in `workbook/` without, which learners open.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.cli import links
from course_lib.practice import notebooks, workbook
from tools import minutes

LESSONS = Path(__file__).resolve().parents[1] / "lessons"
CELL_SECONDS = 15 * 60  # longer than this and the cell hangs
LESSON_SECONDS = 5 * 60  # a lesson may take this long, on two cores with a warm cache

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# What a later carriage return has painted over, as nbval reads it.
_OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", re.MULTILINE)
_PROGRESS = re.compile(r"\d%\|")
_BASE64 = ("image/png", "image/jpeg")


class LessonError(Exception):
    """A lesson that cannot be saved as it is; says which lesson, which cell, and why."""


def read_twin(twin: Path) -> NotebookNode:
    """The notebook that `twin` describes: no outputs yet, normal metadata, cell ids that stay.

    An id is a digest of the cell's type and source, so that a diff of the notebook shows the cells that
    changed and no others. Cells that are the same count: 1f0c…, 1f0c…-2. Behind the title stand the two cells
    that all lessons have (`course_lib.cli.links`); no twin holds them, and their ids are their own. In a lesson of the
    new form verdicts are folded away, for the reader; `minutes` are filled in later, when all is known.
    """
    notebook = jupytext.read(twin, fmt="py:percent")
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's, for the way back to .py
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    if is_new_form(twin, notebook):
        for cell in notebook.cells:
            if "verdict" in cell.metadata.get("tags", []):
                cell.metadata.jupyter = NotebookNode(source_hidden=True)
    titled = bool(notebook.cells) and notebook.cells[0].cell_type == "markdown"
    notebook.cells[titled:titled] = nbformat.from_dict(links.cells(links.known(), f"{twin.stem}.ipynb"))
    notebook.metadata = NotebookNode(
        kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def is_new_form(lesson: Path, notebook: NotebookNode) -> bool:
    """Whether a lesson is one of several of its chapter, or says in its first cell "Core · " or "Optional · "."""
    says = bool(notebook.cells) and bool(minutes.LINE.search(notebook.cells[0].source))
    return notebooks.is_part(notebooks.code(lesson)) or says


def out_of_step(twin: Path, notebook: Path) -> str:
    """Why `notebook` is not what `twin` would give, or "" where it is. Executes nothing."""
    if not notebook.is_file():
        return "has never been built"
    wanted, stored = read_twin(twin), nbformat.read(notebook, as_version=4)
    _fill_minutes(wanted, stored, notebook)
    pairs = zip(wanted.cells, stored.cells, strict=False)
    for number, (new, old) in enumerate(pairs, start=1):
        if new.id != old.get("id") or _without_minutes(new.source) != _without_minutes(old.source):
            return f"cell {number} differs: {_first_line(new)}"
        if new.metadata != old.metadata:
            return f"cell {number} has other tags: {dict(old.metadata)}, in the twin {dict(new.metadata)}"
        # nbval runs such a cell and compares nothing, so it must not be stored.
        if old.cell_type == "code" and old.execution_count is None:
            return f"cell {number} has not been run since it changed: {_first_line(old)}"
    if len(wanted.cells) != len(stored.cells):
        return f"it has {len(stored.cells)} cells, its twin {len(wanted.cells)}"
    if [cell.source for cell in wanted.cells] != [cell.source for cell in stored.cells]:
        return "its minutes are not those that are counted now"
    if wanted.metadata != stored.metadata:
        return "its metadata is not the twin's"
    copy = notebook.parent / workbook.FOLDER / notebook.name
    in_step = copy.is_file() and copy.read_text(encoding="utf-8") == learners_copy(stored, notebook)
    return "" if in_step else "its copy in the workbook is not the newest"


def learners_copy(lesson: NotebookNode, notebook: Path) -> str:
    """The text of the workbook's copy of `lesson`, which is stored at `notebook`."""
    return nbformat.writes(workbook.copy_of(lesson, notebook.parent.parent, web=links.known().files))


def _fill_minutes(lesson: NotebookNode, outputs: NotebookNode, notebook: Path) -> None:
    """Put the counted minutes into the first cell, where its twin has a place for them."""
    if lesson.cells:
        counted = minutes.count(lesson, outputs, minutes.seconds_of(notebook))
        lesson.cells[0].source = minutes.filled(lesson.cells[0].source, counted)


def _without_minutes(source: str) -> str:
    return minutes.LINE.sub(r"\1", source)


def build(twin: Path, notebook: Path, *, execute: bool = True) -> None:
    """Write `notebook` and its copy in the workbook from `twin`; with `execute=False` outputs come from what is stored.

    Raises:
        LessonError: a cell failed, or an output names a folder of this machine. Nothing is written then.
    """
    lesson = read_twin(twin)
    if execute:
        seconds = _execute(lesson, notebook)
        _clean(lesson)
        _note_times(notebook, by_section(lesson, seconds))
    else:
        _keep_outputs(lesson, notebook)
    _fill_minutes(lesson, lesson, notebook)
    refuse_machine_paths(lesson, notebook.stem)
    nbformat.validate(lesson)
    copy = notebook.parent / workbook.FOLDER / notebook.name
    copy.parent.mkdir(exist_ok=True)
    for place, text in ((notebook, nbformat.writes(lesson)), (copy, learners_copy(lesson, notebook))):
        part = place.with_suffix(".ipynb.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, place)


def _execute(lesson: NotebookNode, notebook: Path) -> dict[int, float]:
    """Run all cells; returns the seconds that each code cell took, by its place."""
    running: dict[str, int] = {}
    starts: dict[int, float] = {}
    seconds: dict[int, float] = {}

    def note(cell: NotebookNode, cell_index: int) -> None:
        running["index"] = cell_index
        starts[cell_index] = time.perf_counter()

    def done(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        seconds[cell_index] = time.perf_counter() - starts[cell_index]

    # The venv's kernel, not one of the same name that the user has installed elsewhere.
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    client = NotebookClient(
        lesson,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        on_cell_start=note,
        on_cell_executed=done,
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    try:
        client.execute()
    except (CellControlSignal, CellTimeoutError, DeadKernelError) as error:
        index = running.get("index", 0)
        last = "\n    ".join(_ANSI.sub("", str(error)).strip().splitlines()[-12:])
        raise LessonError(
            f"{notebook.stem}: cell {index + 1} failed: {_first_line(lesson.cells[index])}\n    {last}"
        ) from None
    return seconds


def by_section(lesson: NotebookNode, seconds: dict[int, float]) -> dict[str, dict[str, float]]:
    """{heading: {"seconds": of its code, "words": of its prose}}; what stands before the first is "Start"."""
    sections, heading = {}, "Start"
    for place, cell in enumerate(lesson.cells):
        if cell.cell_type == "markdown" and (found := re.match(r"## (.+)", cell.source)):
            heading = found[1]
        section = sections.setdefault(heading, {"seconds": 0.0, "words": 0})
        section["seconds"] += seconds.get(place, 0.0)
        section["words"] += minutes.words(cell.source)[0] if cell.cell_type == "markdown" else 0
    return sections


def _note_times(notebook: Path, sections: dict[str, dict[str, float]]) -> None:
    """Keep the times for the teacher's guide, with the machine that they were taken on."""
    import torch

    from course_lib import data, training

    file = notebook.parent.parent / "evidence" / "lesson_times.json"
    there = {notebooks.code(twin) for twin in notebooks.files(notebook.parent / "src", ".py")}
    known = {code: timed for code, timed in minutes.times(notebook.parent.parent).items() if code in there}
    rounded = {name: {"seconds": round(s["seconds"], 1), "words": s["words"]} for name, s in sections.items()}
    device = training.device_name(torch.device("cpu"))
    source = "real" if data.available("eurosat") else "stand-in"
    known[notebooks.code(notebook)] = {"device": device, "source": source, "sections": rounded}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _keep_outputs(lesson: NotebookNode, notebook: Path) -> None:
    """Copy outputs from the stored notebook to the cells of `lesson` that still have the same id."""
    stored = nbformat.read(notebook, as_version=4).cells if notebook.is_file() else []
    known = {cell.get("id"): cell for cell in stored if cell.cell_type == "code"}
    for count, cell in enumerate(_code(lesson), start=1):
        if cell.id == links.SETUP_ID:
            cell.execution_count = count  # outside Colab it does nothing, so there is nothing to run it for
        elif (old := known.get(cell.id)) and old.execution_count is not None:
            cell.outputs, cell.execution_count = old.outputs, count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count


def _clean(lesson: NotebookNode) -> None:
    """Leave what the next run on any machine gives again, and what a reader wants to see."""
    lesson.metadata.pop("widgets", None)  # models' state: megabytes of it, and out of date
    lesson.metadata.language_info = NotebookNode(name="python")  # the kernel put in its version
    for count, cell in enumerate(_code(lesson), start=1):
        cell.metadata.pop("execution", None)
        cell.execution_count = count
        cell.outputs = [output for output in _joined(cell.outputs) if _is_content(output, count)]
        for output in cell.outputs:
            # A view whose model is gone shows as an error; without it Jupyter takes the picture.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
            if output.output_type == "execute_result":
                output.execution_count = count


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output a stream, at the place of its first piece, without what carriage returns painted over."""
    joined: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
            continue
        if output.output_type == "stream":
            streams[output.name] = output
        joined.append(output)
    for stream in streams.values():
        stream.text = _OVERWRITTEN.sub("", stream.text)
    return joined


def _is_content(output: NotebookNode, count: int) -> bool:
    """False for stderr (progress bars; a warning there is told to whoever builds) and for widget bars."""
    if output.get("name") == "stderr":
        rest = [line for line in output.text.splitlines() if line.strip() and not _PROGRESS.search(line)]
        print("".join(f"    [{count}] stderr, not stored: {line}\n" for line in rest), end="")
        return False
    return not _PROGRESS.search(output.get("data", {}).get("text/plain", ""))


def refuse_machine_paths(lesson: NotebookNode, name: str) -> None:
    folders = [LESSONS.parent, Path.home(), *(os.environ.get(v) for v in ("COURSE_MIRROR", "COURSE_DATA"))]
    told = [re.escape(str(folder)) for folder in folders if folder and str(folder) != "/"]
    pattern = re.compile(f"({'|'.join(told)})(?![\\w.-])")
    for count, cell in enumerate(_code(lesson), start=1):
        for text in _texts(cell):
            if found := pattern.search(text):
                raise LessonError(
                    f"{name}: the output of [{count}] names a folder of this machine, {found[0]}. "
                    f"Print a name or a relative path instead: {_first_line(cell)}"
                )


def _texts(cell: NotebookNode) -> Iterator[str]:
    """Everything in a cell's outputs that is text; pictures are base64, where any letters can meet."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", []))
        yield from (str(value) for kind, value in output.get("data", {}).items() if kind not in _BASE64)


def _code(lesson: NotebookNode) -> Iterator[NotebookNode]:
    return (cell for cell in lesson.cells if cell.cell_type == "code")


def _first_line(cell: NotebookNode) -> str:
    return f"`{next(iter(cell.source.splitlines()), '')}`"


def main(arguments: list[str], folder: Path = LESSONS) -> int:
    """Exit status: 0, or 1 where a lesson failed or, with --check, is out of step."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("lessons", nargs="*", metavar="NN", help="codes or chapters; all lessons where none is given")
    parser.add_argument("--no-execute", action="store_true", help="keep outputs of unchanged cells")
    parser.add_argument("--check", action="store_true", help="only say which notebooks are out of step")
    parser.add_argument("--minutes", action="store_true", help="only print how long each lesson takes")
    options = parser.parse_args(arguments)

    twins = notebooks.files(folder / "src", ".py")
    try:
        chosen = notebooks.chosen(twins, options.lessons)
    except ValueError as error:
        parser.error(str(error))
    if options.minutes:
        print(minutes.table([_counted(twin, folder / f"{twin.stem}.ipynb") for twin in chosen]))
        return 0
    step = _check if options.check else _build
    status = max([step(twin, folder / f"{twin.stem}.ipynb", options) for twin in chosen], default=0)
    return max(status, *[_left_over(copy, options) for copy in left_over(folder)], 0)


def left_over(folder: Path) -> list[Path]:
    """Copies in the workbook of lessons that are gone."""
    twins = {twin.stem for twin in notebooks.files(folder / "src", ".py")}
    return [copy for copy in notebooks.files(folder / workbook.FOLDER) if copy.stem not in twins]


def _left_over(copy: Path, options: argparse.Namespace) -> int:
    print(f"workbook/{copy.name}: its lesson is gone{'' if options.check else '; taken away'}")
    if not options.check:
        copy.unlink()
    return int(options.check)


def _counted(twin: Path, notebook: Path) -> tuple[str, minutes.Count, float]:
    """(name, what it holds, megabytes) of a lesson; figures and megabytes of what is stored, none where nothing is."""
    lesson = read_twin(twin)
    stored = nbformat.read(notebook, as_version=4) if notebook.is_file() else lesson
    size = notebook.stat().st_size / 1e6 if notebook.is_file() else 0.0
    return twin.stem, minutes.count(lesson, stored, minutes.seconds_of(notebook)), size


def _check(twin: Path, notebook: Path, options: argparse.Namespace) -> int:
    reason = out_of_step(twin, notebook)
    asked = notebooks.code(twin)
    if reason.startswith(("its minutes", "its copy")):
        asked = f'"{asked} --no-execute"'
    mend = f". Mend it: make lessons LESSONS={asked}" if reason else ""
    print(f"{notebook.stem}: {reason or 'in step'}{mend}")
    return int(bool(reason))


def _build(twin: Path, notebook: Path, options: argparse.Namespace) -> int:
    print(f"{notebook.stem} …", flush=True)
    start = time.perf_counter()
    try:
        build(twin, notebook, execute=not options.no_execute)
    except LessonError as error:
        print(f"{error}\nNothing was written.", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - start
    print(f"{notebook.stem}: {seconds:.0f} s")
    if seconds > LESSON_SECONDS:
        print(f"    warning: a lesson should stay below {LESSON_SECONDS // 60} minutes on two cores")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
