"""Build the lessons: text twin → notebook → executed → cleaned → saved.

    python lessons/make.py                    every lesson
    python lessons/make.py 00 03              these two
    python lessons/make.py 03 --no-execute    new prose, stored outputs (of cells whose source is unchanged)
    python lessons/make.py --check            exit 1 when a notebook is out of step with its twin

`src/NN_name.py` (jupytext's py:percent) is what is edited and reviewed; `NN_name.ipynb` is made from it.
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

LESSONS = Path(__file__).resolve().parent
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
    that all lessons have (`course_lib.cli.links`); no twin holds them, and their ids are their own.
    """
    notebook = jupytext.read(twin, fmt="py:percent")
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's, for the way back to .py
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    titled = bool(notebook.cells) and notebook.cells[0].cell_type == "markdown"
    notebook.cells[titled:titled] = _same_in_all(twin)
    notebook.metadata = NotebookNode(
        kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _same_in_all(twin: Path) -> list[NotebookNode]:
    """The link to Colab, and the cell that makes a Colab machine ready."""
    cells = nbformat.from_dict(links.cells(links.known(), f"{twin.stem}.ipynb"))
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return cells


def out_of_step(twin: Path, notebook: Path) -> str:
    """Why `notebook` is not what `twin` would give, or "" where it is. Executes nothing."""
    if not notebook.is_file():
        return "has never been built"
    wanted, stored = read_twin(twin), nbformat.read(notebook, as_version=4)
    pairs = zip(wanted.cells, stored.cells, strict=False)
    for number, (new, old) in enumerate(pairs, start=1):
        if new.id != old.get("id") or new.source != old.source:
            return f"cell {number} differs: {_first_line(new)}"
        if new.metadata != old.metadata:
            return f"cell {number} has other tags: {dict(old.metadata)}, in the twin {dict(new.metadata)}"
        # nbval runs such a cell and compares nothing, so it must not be stored.
        if old.cell_type == "code" and old.execution_count is None:
            return f"cell {number} has not been run since it changed: {_first_line(old)}"
    if len(wanted.cells) != len(stored.cells):
        return f"it has {len(stored.cells)} cells, its twin {len(wanted.cells)}"
    return "" if wanted.metadata == stored.metadata else "its metadata is not the twin's"


def build(twin: Path, notebook: Path, *, execute: bool = True) -> None:
    """Write `notebook` from `twin`; with `execute=False` outputs come from the stored notebook.

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
    refuse_machine_paths(lesson, notebook.stem)
    nbformat.validate(lesson)
    part = notebook.with_suffix(".ipynb.part")
    part.write_text(nbformat.writes(lesson), encoding="utf-8")
    os.replace(part, notebook)


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
        section["words"] += len(cell.source.split()) if cell.cell_type == "markdown" else 0
    return sections


def _note_times(notebook: Path, sections: dict[str, dict[str, float]]) -> None:
    """Keep the times for the teacher's guide, with the machine that they were taken on."""
    import torch

    from course_lib import data, training

    file = notebook.parent.parent / "evidence" / "lesson_times.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    rounded = {name: {"seconds": round(s["seconds"], 1), "words": s["words"]} for name, s in sections.items()}
    device = training.device_name(torch.device("cpu"))
    source = "real" if data.available("eurosat") else "stand-in"
    known[notebook.name[:2]] = {"device": device, "source": source, "sections": rounded}
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
    parser.add_argument("lessons", nargs="*", metavar="NN", help="numbers; all lessons where none is given")
    parser.add_argument("--no-execute", action="store_true", help="keep outputs of unchanged cells")
    parser.add_argument("--check", action="store_true", help="only say which notebooks are out of step")
    options = parser.parse_args(arguments)

    twins = sorted((folder / "src").glob("[0-9][0-9]_*.py"))
    unknown = set(options.lessons) - {twin.name[:2] for twin in twins}
    if unknown:
        parser.error(f"no lesson {', '.join(sorted(unknown))}; there are: {', '.join(t.stem for t in twins)}")
    chosen = [twin for twin in twins if not options.lessons or twin.name[:2] in options.lessons]
    step = _check if options.check else _build
    return max([step(twin, folder / f"{twin.stem}.ipynb", options) for twin in chosen], default=0)


def _check(twin: Path, notebook: Path, options: argparse.Namespace) -> int:
    reason = out_of_step(twin, notebook)
    mend = f". Mend it: make lessons LESSONS={twin.name[:2]}" if reason else ""
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
