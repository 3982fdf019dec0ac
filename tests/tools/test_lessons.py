"""`tools/lessons.py` on tiny twins: it executes, cleans, writes all or nothing, and notices changes."""

from __future__ import annotations

import doctest
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.cli import links
from tools import lessons as maker
from tools import minutes, page

TWIN = """\
# %% [markdown]
# # A tiny lesson

# %%
import sys
print("one"); print("two\\rthree")
print(" 50%|#####     | 1/2 [00:01]", file=sys.stderr)

# %% tags=["verdict"]
import os
print("kernel in", os.path.basename(os.getcwd()))
1 + 1

# %%
1 + 1

# %%
1 + 1
"""


@pytest.fixture
def lessons(tmp_path):
    """A folder `lessons` with one twin, not built yet."""
    folder = tmp_path / "lessons"
    (folder / "src").mkdir(parents=True)
    write(folder, TWIN)
    return folder


def write(folder, text: str) -> None:
    (folder / "src" / "07_tiny.py").write_text(text, encoding="utf-8")


def stored(folder):
    return nbformat.read(folder / "07_tiny.ipynb", as_version=4)


@pytest.mark.slow
def test_lesson_is_executed_and_cleaned(lessons):
    assert maker.main([], lessons) == 0
    notebook = stored(lessons)
    title, badge, setup, first, verdict, *same = notebook.cells
    assert (badge.id, setup.id) == (links.BADGE_ID, links.SETUP_ID)
    assert setup.outputs == []
    assert title.source == "# A tiny lesson"
    assert [(o.name, o.text) for o in first.outputs] == [("stdout", "one\nthree\n")]
    assert verdict.metadata.tags == ["verdict"]
    assert verdict.outputs[0].text == "kernel in lessons\n"
    assert [cell.execution_count for cell in notebook.cells[2:]] == [1, 2, 3, 4, 5]
    assert verdict.outputs[1].execution_count == verdict.execution_count
    assert same[1].id == f"{same[0].id}-2"
    assert notebook.metadata == {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)


@pytest.mark.slow
def test_two_builds_give_the_same_file(lessons):
    maker.main([], lessons)
    once = (lessons / "07_tiny.ipynb").read_bytes()
    maker.main([], lessons)
    assert (lessons / "07_tiny.ipynb").read_bytes() == once
    assert [path.name for path in lessons.iterdir() if path.suffix == ".part"] == []


@pytest.mark.slow
def test_failing_cell_is_named_and_nothing_is_written(lessons, capsys):
    maker.main([], lessons)
    before = (lessons / "07_tiny.ipynb").read_bytes()
    write(lessons, TWIN + "\n# %%\nprint('so far')\nraise ValueError('lost the plot')\n")
    assert maker.main(["07"], lessons) == 1
    complaint = capsys.readouterr().err
    for part in ("07_tiny", "cell 8", "print('so far')", "ValueError: lost the plot", "Nothing was written"):
        assert part in complaint
    assert (lessons / "07_tiny.ipynb").read_bytes() == before


@pytest.mark.slow
def test_folder_of_this_machine_in_an_output_is_refused(lessons, capsys):
    write(lessons, "# %%\nfrom pathlib import Path\nprint(Path.home() / 'x')\n")
    assert maker.main([], lessons) == 1
    assert "[2] names a folder of this machine" in capsys.readouterr().err
    assert not (lessons / "07_tiny.ipynb").exists()


@pytest.mark.slow
def test_check_sees_each_kind_of_change(lessons, capsys):
    assert maker.main(["--check"], lessons) == 1
    maker.main([], lessons)
    assert maker.main(["--check"], lessons) == 0
    changes = {
        TWIN.replace("tiny", "small"): "cell 1 differs",
        TWIN.replace('["verdict"]', '["real-data"]'): "cell 5 has other tags",
        TWIN + "\n# %% [markdown]\n# The end.\n": "it has 7 cells, its twin 8",
    }
    for text, reason in changes.items():
        write(lessons, text)
        capsys.readouterr()
        assert maker.main(["--check"], lessons) == 1
        assert reason in capsys.readouterr().out


@pytest.mark.slow
def test_no_execute_keeps_outputs_of_unchanged_cells_only(lessons, capsys):
    maker.main([], lessons)
    write(lessons, TWIN.replace("tiny", "small"))
    assert maker.main(["--no-execute"], lessons) == 0
    assert stored(lessons).cells[0].source == "# A small lesson"
    assert stored(lessons).cells[3].outputs[0].text == "one\nthree\n"
    assert maker.main(["--check"], lessons) == 0

    write(lessons, TWIN.replace('"one"', '"eins"'))
    maker.main(["--no-execute"], lessons)
    assert stored(lessons).cells[3].outputs == []
    capsys.readouterr()
    assert maker.main(["--check"], lessons) == 1
    assert "cell 4 has not been run since it changed" in capsys.readouterr().out


@pytest.mark.slow
def test_lesson_from_before_the_setup_cell_gets_it_and_keeps_its_outputs(lessons, capsys):
    maker.main([], lessons)
    whole = stored(lessons)
    old = nbformat.from_dict(whole | {"cells": [whole.cells[0], *whole.cells[3:]]})
    nbformat.write(old, lessons / "07_tiny.ipynb")
    assert maker.main(["--check"], lessons) == 1
    assert maker.main(["--no-execute"], lessons) == 0
    assert maker.main(["--check"], lessons) == 0
    assert stored(lessons) == whole


@pytest.mark.slow
def test_lesson_without_a_title_begins_with_the_setup_cell(lessons):
    write(lessons, "# %%\nprint(1)\n")
    maker.main([], lessons)
    assert [cell.id for cell in stored(lessons).cells[:2]] == [links.BADGE_ID, links.SETUP_ID]


@pytest.mark.slow
def test_linked_course_is_out_of_step_until_its_lessons_are_linked(lessons, monkeypatch, capsys):
    maker.main([], lessons)
    monkeypatch.setattr(links, "known", lambda: links.Links("someone/course"))
    assert maker.main(["--check"], lessons) == 1
    assert "cell 2 differs" in capsys.readouterr().out
    assert maker.main(["--no-execute"], lessons) == 0
    assert "07_tiny.ipynb" in stored(lessons).cells[1].source
    assert maker.main(["--check"], lessons) == 0


def test_unknown_lesson_is_refused_with_the_ones_there_are(lessons, capsys):
    with pytest.raises(SystemExit):
        maker.main(["08"], lessons)
    assert "no lesson 08; there are: 07_tiny" in capsys.readouterr().err


@pytest.mark.slow
def test_page_for_reading_has_the_link_and_not_the_setup_cell(lessons):
    maker.main([], lessons)
    text = page.page(stored(lessons))
    assert "Open in Colab" in text
    assert "google.colab" not in text


# --- the new form: parts of a chapter, minutes, collapsed verdicts, the workbook ---

PART = """\
# %% [markdown]
# # 7a · Is it tiny?
#
# Core · MINUTES

# %%
print("one")

# %% tags=["verdict"]
print("Holds: it is tiny")
"""


@pytest.fixture
def parts(tmp_path):
    """A folder `lessons` with a chapter of two notebooks and one of the old form, executed by nobody, and timed."""
    folder = tmp_path / "lessons"
    (folder / "src").mkdir(parents=True)
    (tmp_path / "evidence").mkdir()
    times = {code: {"sections": {"Start": {"seconds": 74.6, "words": 3}}} for code in ("07a", "06")}
    (tmp_path / "evidence" / "lesson_times.json").write_text(json.dumps(times))
    for name in ("07a_tiny", "07b_more", "06_old"):
        (folder / "src" / f"{name}.py").write_text(PART if name[2].isalpha() else TWIN)
    return folder


def built(folder, name: str = "07a_tiny"):
    """Built without being run, and every code cell counted as run."""
    maker.main([name[:3].rstrip("_"), "--no-execute"], folder)
    path = folder / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    nbformat.write(notebook, path)
    return notebook


def test_a_chapter_s_number_stands_for_all_its_notebooks(parts):
    maker.main(["07", "--no-execute"], parts)
    assert sorted(path.name for path in parts.glob("*.ipynb")) == ["07a_tiny.ipynb", "07b_more.ipynb"]
    maker.main(["06", "--no-execute"], parts)
    assert (parts / "06_old.ipynb").is_file()


@pytest.mark.slow
def test_minutes_are_filled_in_and_cells_keep_their_ids(parts, capsys):
    notebook = built(parts)
    told = "Core · 1 minute: 1 of waiting for the code; the code runs in 75 s on two cores."
    assert notebook.cells[0].source.endswith(told)
    assert notebook.cells[0].id == maker.read_twin(parts / "src" / "07a_tiny.py").cells[0].id
    assert maker.main(["--check", "07a"], parts) == 0
    times = parts.parent / "evidence" / "lesson_times.json"
    times.write_text(times.read_text().replace("74.6", "12.4"))
    capsys.readouterr()
    assert maker.main(["--check", "07a"], parts) == 1
    assert "its minutes are not those that are counted now" in (said := capsys.readouterr().out)
    assert 'make lessons LESSONS="07a --no-execute"' in said
    assert "runs in 12 s" in built(parts).cells[0].source
    assert maker.main(["--check", "07a"], parts) == 0


def test_lesson_that_was_never_timed_says_so(parts):
    assert built(parts, "07b_more").cells[0].source.endswith("the code has not been timed.")


def test_verdicts_are_collapsed_in_the_new_form_only(parts):
    new, old = built(parts).cells[-1], built(parts, "06_old").cells[4]
    assert (new.metadata, old.metadata) == (
        {"tags": ["verdict"], "jupyter": {"source_hidden": True}},
        {"tags": ["verdict"]},
    )


def test_copy_in_the_workbook_has_no_outputs_and_is_made_again_when_it_is_another(parts, capsys):
    built(parts)
    copy = parts / "workbook" / "07a_tiny.ipynb"
    assert not any(cell.get("execution_count") for cell in nbformat.read(copy, as_version=4).cells)
    copy.write_text(copy.read_text().replace("tiny", "huge"))
    assert maker.main(["--check", "07a"], parts) == 1
    assert "its copy in the workbook is not the newest" in capsys.readouterr().out
    copy.unlink()
    assert maker.main(["--check", "07a"], parts) == 1
    built(parts)
    assert maker.main(["--check", "07a"], parts) == 0


def test_copy_of_a_lesson_that_is_gone_is_found_and_taken_away(parts, capsys):
    built(parts)
    (parts / "src" / "07b_more.py").unlink()
    (parts / "workbook" / "07b_more.ipynb").write_text("{}")
    assert maker.main(["--check", "07a"], parts) == 1
    assert "workbook/07b_more.ipynb: its lesson is gone" in capsys.readouterr().out
    built(parts)
    assert not (parts / "workbook" / "07b_more.ipynb").exists()


@pytest.mark.slow
def test_times_are_noted_by_code_and_those_of_lessons_that_are_gone_go(parts):
    times = parts.parent / "evidence" / "lesson_times.json"
    (parts / "src" / "06_old.py").unlink()
    assert maker.main(["07a"], parts) == 0
    assert list(json.loads(times.read_text())) == ["07a"]
    title = nbformat.read(parts / "07a_tiny.ipynb", as_version=4).cells[0].source
    assert re.search(r"the code runs in \d s", title), title
    assert maker.main(["--check", "07a"], parts) == 0


def test_table_of_minutes_sums_the_core(parts, capsys):
    built(parts)
    capsys.readouterr()
    assert maker.main(["--minutes"], parts) == 0
    head, *rows, core = capsys.readouterr().out.splitlines()
    assert head.split() == ["cells", "words", "folded", "bets", "figures", "exercises", "code", "s", "minutes", "MB"]
    assert [row.split()[0] for row in rows] == ["06_old", "07a_tiny", "07b_more"]
    assert rows[1].split()[1:3] == ["Core", "5"]
    assert core.startswith("core: 2 notebooks, 1 minutes")


def test_what_takes_time_is_counted():
    assert doctest.testmod(minutes).failed == 0
    picture = new_output("display_data", {"image/png": "iVBOR", "text/plain": "a figure"})
    lesson = new_notebook(
        cells=[
            new_markdown_cell(
                "Optional · MINUTES\n" + "word " * 300 + "<details><summary>s</summary>" + "more " * 50 + "</details>"
            ),
            new_markdown_cell("[Open in Colab](x)", metadata={"tags": ["links"]}),
            new_code_cell(
                "a = predict.choice('?', {})\nb = predict.number('?')", outputs=[new_output("stream", text="x")]
            ),
            new_code_cell("show(); ex.recall.check(recall)", outputs=[picture, picture]),
        ]
    )
    counted = minutes.count(lesson, lesson, 95.0)
    assert (counted.kind, counted.cells, counted.words, counted.folded) == ("Optional", 4, 300, 51)
    assert (counted.figures, counted.bets, counted.exercises) == (2, 2, 1)
    assert counted.sentence == (
        "15 minutes: 2 of reading, 6 of bets and figures, 5 of exercises, 2 of waiting for the code; "
        "the code runs in 95 s on two cores."
    )
    assert minutes.filled("# T\n\nOptional · MINUTES\n", counted) == f"# T\n\nOptional · {counted.sentence}\n"
    assert minutes.filled("Take 5 MINUTES", counted) == "Take 5 MINUTES"
