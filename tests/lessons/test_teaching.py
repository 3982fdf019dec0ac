"""The teacher's guide: its times are the measured ones, and it speaks of things that exist."""

from __future__ import annotations

import re

import pytest

from course_lib.practice import notebooks
from tools import lessons as maker
from tools import minutes, overview, teaching

GUIDE = teaching.GUIDE.read_text(encoding="utf-8")
TIMES = {"07": {"device": "CPU, 2 threads", "source": "real", "sections": {"Start": {"seconds": 1.6, "words": 300}}}}


def test_tables_are_in_step_with_what_was_measured():
    assert teaching.main(["--check"]) == 0


def test_every_lesson_has_its_table_and_no_other_is_timed():
    codes = [notebooks.code(path) for path in notebooks.files(maker.LESSONS)]
    assert re.findall(r"^### Lesson (\S+)$", GUIDE, re.MULTILINE) == [notebooks.label(code) for code in codes]
    assert sorted(minutes.times(teaching.ROOT)) == codes


def test_table_is_written_from_the_times():
    text = teaching.filled("a\n<!-- times -->\nold\n<!-- end times -->\nb", TIMES, ["07"])
    assert "### Lesson 7\n" in text
    assert "| Start | 2 | 2 |" in text
    assert "CPU, 2 threads" in text
    assert "old" not in text
    assert text.startswith("a\n")
    assert text.endswith("b")


def test_readme_s_table_is_in_step():
    assert overview.main(["--check"]) == 0


def test_lesson_that_was_not_timed_is_named():
    with pytest.raises(ValueError, match=r"not timed: lesson 08a\. `make lessons LESSONS=08a` does it"):
        teaching.filled("<!-- times -->\n<!-- end times -->", TIMES, ["07", "08a"])
