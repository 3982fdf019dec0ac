"""What every stored lesson keeps to: it matches its twin, can be tested, and shows no trace of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.cli import links
from course_lib.practice import notebooks
from tools import lessons as maker

FOLDER = maker.LESSONS
NOTEBOOKS, TWINS = notebooks.files(FOLDER), notebooks.files(FOLDER / "src", ".py")
LESSONS = sorted({path.stem for path in (*NOTEBOOKS, *TWINS)})  # one without the other is a fault as well
ALT_TEXT_LETTERS = 20  # fewer are a label, not a description

every_lesson = pytest.mark.parametrize("name", LESSONS)


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


# --- the rules: each takes a notebook and gives the faults it finds ---


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def is_ignored(cell: NotebookNode) -> bool:
    """True where some way of running leaves the output uncompared, and there is an output.

    A verdict tagged real-data does not count: it says what holds of real pictures, and is compared there.
    """
    if "nbval-ignore-output" in tags(cell):
        return True
    return "real-data" in tags(cell) and "verdict" not in tags(cell) and bool(cell.outputs)


def is_verdict(cell: NotebookNode) -> bool:
    prints = any(output.get("text", "").strip() for output in cell.outputs)
    return "verdict" in tags(cell) and "nbval-ignore-output" not in tags(cell) and prints


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def unpaired(notebook: NotebookNode) -> Iterator[str]:
    """Ignored cells that no verdict follows before the next ignored cell."""
    waiting = None
    for cell in code_cells(notebook):
        if is_ignored(cell):
            if waiting:
                yield f"no verdict follows `{waiting.source.splitlines()[0]}`"
            waiting = cell
        elif is_verdict(cell):
            waiting = None
    if waiting:
        yield f"no verdict follows `{waiting.source.splitlines()[0]}`"


def too_many_ignored(notebook: NotebookNode) -> Iterator[str]:
    cells = code_cells(notebook)
    ignored = sum(map(is_ignored, cells))
    if ignored > len(cells) / 2:
        yield f"{ignored} of {len(cells)} code cells are not compared; at most half may be"


def left_over(notebook: NotebookNode) -> Iterator[str]:
    """Errors, widget state, ids that are missing or twice there."""
    if "widgets" in notebook.metadata:
        yield "widget state in the metadata"
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or not unique"
    for cell in code_cells(notebook):
        if any(output.output_type == "error" for output in cell.outputs):
            yield f"an error is stored under `{cell.source.splitlines()[0]}`"


def without_alt_text(notebook: NotebookNode) -> Iterator[str]:
    """Pictures that a reader who cannot see them gets nothing from."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" not in output.get("data", {}):
                continue
            text = output.data.get("text/plain", "")
            alt = output.metadata.get("alt", "") or output.metadata.get("image/png", {}).get("alt", "")
            described = len(text) > ALT_TEXT_LETTERS and not text.startswith("<")
            if not described and len(alt) <= ALT_TEXT_LETTERS:
                yield f"no alt text with the picture of `{cell.source.splitlines()[0]}`, only {text!r}"


def without_prose(notebook: NotebookNode) -> Iterator[str]:
    """Three code cells in a row: by the third, a reader has forgotten what for.

    The set-up cell and collapsed verdicts do not count: they are folded away, and say themselves what they are for.
    """
    in_a_row = 0
    for cell in notebook.cells:
        if "setup" in tags(cell) or cell.metadata.get("jupyter", {}).get("source_hidden"):
            continue
        in_a_row = in_a_row + 1 if cell.cell_type == "code" else 0
        if in_a_row == 3:
            yield f"the third code cell without prose: `{cell.source.splitlines()[0]}`"


def without_setup(notebook: NotebookNode) -> Iterator[str]:
    """The two cells that all lessons have, the same in all, behind the title and nowhere else."""
    told = [(place, cell.get("id")) for place, cell in enumerate(notebook.cells) if {"setup", "links"} & tags(cell)]
    if told != [(1, links.BADGE_ID), (2, links.SETUP_ID)]:
        yield f"link and set-up cell are not behind the title, but: {told}"
    elif notebook.cells[2].source != links.setup_cell(links.known()) or notebook.cells[2].outputs:
        yield "the set-up cell is not the one that all lessons have, without outputs"


def without_guess(notebook: NotebookNode) -> Iterator[str]:
    """A page that nobody bet on says so once; said under each result it is a reproach."""
    times = sum(output.get("text", "").count("No guess made.") for c in code_cells(notebook) for output in c.outputs)
    if times > 1:
        yield f'"No guess made." stands there {times} times; once is enough'


RULES = (without_setup, without_prose, unpaired, too_many_ignored, left_over, without_alt_text, without_guess)

# --- the lessons ---


@every_lesson
def test_notebook_is_in_step_with_its_twin(name):
    reason = maker.out_of_step(FOLDER / "src" / f"{name}.py", FOLDER / f"{name}.ipynb")
    assert not reason, f"{name}: {reason}. Mend it: make lessons LESSONS={notebooks.code(name)}"


@every_lesson
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_notebook_keeps_the_rules(name, rule):
    assert list(rule(read(name))) == []


@every_lesson
def test_notebook_names_no_folder_of_this_machine(name):
    maker.refuse_machine_paths(read(name), name)


# --- the rules can fail ---


def code(source: str, *tags: str, text: str = "", **data: str) -> NotebookNode:
    """A cell that printed `text`, and showed `data` where there is any (png="…", plain="…")."""
    outputs = [new_output("stream", text=text)] if text else []
    if data:
        kinds = {"png": "image/png", "plain": "text/plain"}
        outputs.append(new_output("display_data", {kinds[kind]: value for kind, value in data.items()}))
    return new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})


def faults(rule, *cells: NotebookNode, **metadata) -> list[str]:
    notebook = new_notebook(metadata=metadata)
    notebook.cells = list(cells)  # not through new_notebook, which mends ids that are twice there
    return list(rule(notebook))


IGNORED = code("train()", "nbval-ignore-output", text="loss 0.31")
VERDICT = code("judge()", "verdict", text="above 90 %: yes")


def test_verdict_settles_an_ignored_cell():
    assert faults(unpaired, IGNORED, new_markdown_cell("So:"), code("x = 1"), VERDICT) == []


@pytest.mark.parametrize(
    "cells",
    [
        (IGNORED,),
        (VERDICT, IGNORED),
        (IGNORED, code("retrain()", "nbval-ignore-output"), VERDICT),
        (IGNORED, code("judge()", text="not tagged")),
        (IGNORED, code("judge()", "verdict")),
        (IGNORED, code("judge()", "verdict", "nbval-ignore-output", text="not compared")),
        (code("show()", "real-data", text="96.8 %"),),
    ],
    ids=["none", "before", "after the next", "untagged", "silent", "ignored itself", "real-data"],
)
def test_missing_verdict_is_found(cells):
    assert any("no verdict follows" in fault for fault in faults(unpaired, *cells))


def test_real_data_cell_without_output_and_real_data_verdict_need_no_other():
    quiet = code("pictures = load()", "real-data")
    assert faults(unpaired, quiet, code("judge()", "verdict", "real-data", text="96 %: reached")) == []


def test_half_of_the_cells_may_be_ignored_and_no_more():
    assert faults(too_many_ignored, IGNORED, VERDICT) == []
    assert faults(too_many_ignored, IGNORED, VERDICT, IGNORED) != []


def test_left_overs_are_found():
    failed = code("1 / 0")
    failed.outputs = [new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])]
    twins = code("a"), code("a")
    twins[1].id = twins[0].id
    assert faults(left_over, VERDICT) == []
    assert "an error is stored" in faults(left_over, failed)[0]
    assert "not unique" in faults(left_over, *twins)[0]
    assert "widget state" in faults(left_over, VERDICT, widgets={})[0]


def test_no_guess_that_is_said_twice_is_found():
    said = new_output("stream", text="No guess made. Measured: 3.\n")
    twice = new_notebook(cells=[new_code_cell("a.compare(3)", outputs=[said]) for _ in range(2)])
    assert list(without_guess(twice)) == ['"No guess made." stands there 2 times; once is enough']
    assert list(without_guess(new_notebook(cells=twice.cells[:1]))) == []


def test_picture_without_alt_text_is_found():
    sentence = "Accuracy rises with the width, from 70 % to 92 %."
    assert faults(without_alt_text, code("plot()", png="iVBOR", plain=sentence)) == []
    assert faults(without_alt_text, code("plot()", png="iVBOR", plain="<Figure size 640x480>")) != []
    assert faults(without_alt_text, code("plot()", png="iVBOR")) != []


def test_three_code_cells_in_a_row_are_found():
    cells = [code("a"), code("b"), new_markdown_cell("So:"), code("c"), code("d"), code("e")]
    assert faults(without_prose, *cells[:5]) == []
    assert len(faults(without_prose, *cells)) == 1


def test_setup_cell_is_no_code_that_a_reader_has_to_hold():
    assert faults(without_prose, code("s", "setup"), code("a"), code("b")) == []


def test_setup_cell_that_is_missing_elsewhere_or_another_is_found():
    both = nbformat.from_dict(links.cells(links.known(), "03_x.ipynb"))
    both[1].outputs = []
    title = new_markdown_cell("# T")
    assert faults(without_setup, title, *both, VERDICT) == []
    assert "behind the title" in faults(without_setup, title, VERDICT)[0]
    assert "behind the title" in faults(without_setup, title, VERDICT, *both)[0]
    both[1].source += "\nprint('hello')"
    assert "not the one" in faults(without_setup, title, *both)[0]


def test_folder_of_this_machine_is_found():
    notebook = new_notebook(cells=[code("print(path)", text=f"saved to {Path.home()}/run.pt")])
    with pytest.raises(maker.LessonError, match="names a folder of this machine"):
        maker.refuse_machine_paths(notebook, "bad")
