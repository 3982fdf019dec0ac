"""The teacher's guide: its times are the measured ones, and it speaks of things that exist."""

from __future__ import annotations

import json
import re

import pytest

from lessons import make, teaching

GUIDE = teaching.GUIDE.read_text(encoding="utf-8")
TIMES = {"07": {"device": "CPU, 2 threads", "source": "real", "sections": {"Start": {"seconds": 1.6, "words": 300}}}}


def test_tables_are_in_step_with_what_was_measured():
    assert teaching.main(["--check"]) == 0


def test_every_lesson_has_its_table():
    lessons = {path.name[:2] for path in make.LESSONS.glob("[0-9][0-9]_*.ipynb")}
    assert set(re.findall(r"<!-- times (\d\d) -->", GUIDE)) == lessons
    assert set(json.loads(teaching.TIMES.read_text(encoding="utf-8"))) == lessons


def test_table_is_written_from_the_times():
    text = teaching.filled("a\n<!-- times 07 -->\nold\n<!-- end -->\nb", TIMES)
    assert "| Start | 2 | 2 |" in text
    assert "CPU, 2 threads" in text
    assert "old" not in text
    assert text.startswith("a\n")
    assert text.endswith("b")


def test_lesson_that_was_not_timed_is_named():
    with pytest.raises(ValueError, match="got a table for lesson 08; timed are 07"):
        teaching.filled("<!-- times 08 -->\n<!-- end -->", TIMES)
