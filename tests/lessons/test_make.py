"""`lessons/make.py` on tiny twins: it executes, cleans, writes all or nothing, and notices changes."""

from __future__ import annotations

import nbformat
import pytest

from course_lib.cli import links
from lessons import make, page

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


def test_lesson_is_executed_and_cleaned(lessons):
    assert make.main([], lessons) == 0
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


def test_two_builds_give_the_same_file(lessons):
    make.main([], lessons)
    once = (lessons / "07_tiny.ipynb").read_bytes()
    make.main([], lessons)
    assert (lessons / "07_tiny.ipynb").read_bytes() == once
    assert [path.name for path in lessons.iterdir() if path.suffix == ".part"] == []


def test_failing_cell_is_named_and_nothing_is_written(lessons, capsys):
    make.main([], lessons)
    before = (lessons / "07_tiny.ipynb").read_bytes()
    write(lessons, TWIN + "\n# %%\nprint('so far')\nraise ValueError('lost the plot')\n")
    assert make.main(["07"], lessons) == 1
    complaint = capsys.readouterr().err
    for part in ("07_tiny", "cell 8", "print('so far')", "ValueError: lost the plot", "Nothing was written"):
        assert part in complaint
    assert (lessons / "07_tiny.ipynb").read_bytes() == before


def test_folder_of_this_machine_in_an_output_is_refused(lessons, capsys):
    write(lessons, "# %%\nfrom pathlib import Path\nprint(Path.home() / 'x')\n")
    assert make.main([], lessons) == 1
    assert "[2] names a folder of this machine" in capsys.readouterr().err
    assert not (lessons / "07_tiny.ipynb").exists()


def test_check_sees_each_kind_of_change(lessons, capsys):
    assert make.main(["--check"], lessons) == 1
    make.main([], lessons)
    assert make.main(["--check"], lessons) == 0
    changes = {
        TWIN.replace("tiny", "small"): "cell 1 differs",
        TWIN.replace('["verdict"]', '["real-data"]'): "cell 5 has other tags",
        TWIN + "\n# %% [markdown]\n# The end.\n": "it has 7 cells, its twin 8",
    }
    for text, reason in changes.items():
        write(lessons, text)
        capsys.readouterr()
        assert make.main(["--check"], lessons) == 1
        assert reason in capsys.readouterr().out


def test_no_execute_keeps_outputs_of_unchanged_cells_only(lessons, capsys):
    make.main([], lessons)
    write(lessons, TWIN.replace("tiny", "small"))
    assert make.main(["--no-execute"], lessons) == 0
    assert stored(lessons).cells[0].source == "# A small lesson"
    assert stored(lessons).cells[3].outputs[0].text == "one\nthree\n"
    assert make.main(["--check"], lessons) == 0

    write(lessons, TWIN.replace('"one"', '"eins"'))
    make.main(["--no-execute"], lessons)
    assert stored(lessons).cells[3].outputs == []
    capsys.readouterr()
    assert make.main(["--check"], lessons) == 1
    assert "cell 4 has not been run since it changed" in capsys.readouterr().out


def test_lesson_from_before_the_setup_cell_gets_it_and_keeps_its_outputs(lessons, capsys):
    make.main([], lessons)
    whole = stored(lessons)
    old = nbformat.from_dict(whole | {"cells": [whole.cells[0], *whole.cells[3:]]})
    nbformat.write(old, lessons / "07_tiny.ipynb")
    assert make.main(["--check"], lessons) == 1
    assert make.main(["--no-execute"], lessons) == 0
    assert make.main(["--check"], lessons) == 0
    assert stored(lessons) == whole


def test_lesson_without_a_title_begins_with_the_setup_cell(lessons):
    write(lessons, "# %%\nprint(1)\n")
    make.main([], lessons)
    assert [cell.id for cell in stored(lessons).cells[:2]] == [links.BADGE_ID, links.SETUP_ID]


def test_linked_course_is_out_of_step_until_its_lessons_are_linked(lessons, monkeypatch, capsys):
    make.main([], lessons)
    monkeypatch.setattr(links, "known", lambda: links.Links("someone/course"))
    assert make.main(["--check"], lessons) == 1
    assert "cell 2 differs" in capsys.readouterr().out
    assert make.main(["--no-execute"], lessons) == 0
    assert "07_tiny.ipynb" in stored(lessons).cells[1].source
    assert make.main(["--check"], lessons) == 0


def test_unknown_lesson_is_refused_with_the_ones_there_are(lessons, capsys):
    with pytest.raises(SystemExit):
        make.main(["08"], lessons)
    assert "no lesson 08; there are: 07_tiny" in capsys.readouterr().err


def test_page_for_reading_has_the_link_and_not_the_setup_cell(lessons):
    make.main([], lessons)
    text = page.page(stored(lessons))
    assert "Open in Colab" in text
    assert "google.colab" not in text
