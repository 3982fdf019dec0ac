"""What a learner has done: one small JSON file in the user's own data folder. It is never sent anywhere.

    {"version": 1,
     "exercises": {"03/recall": {"outcome": "correct", "tries": 2, "hints": 1, "solution_read": false}},
     "quizzes": {"03/1": {"right": true, "tries": 1}},
     "bets": {"03/How many of 100?": {"asked": "How many of 100?", "measured": "97.3 %"}}}

What was not known has `again` in its entry as well, a step and a day: `again.py`.

Keeping it must never get in the way: where the file cannot be written, nothing is kept, and that is said once.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from . import chapters, schedule

VERSION = 1
LOCK_SECONDS = 2
LONGEST = 200  # letters of a bet's question that name its entry


def file() -> Path:
    """Where it lies. Not in COURSE_DATA: a class shares that folder, and may not write to it.

    Raises:
        FileNotFoundError: nobody knows where this user's home is, as in some containers.
    """
    try:
        home = platformdirs.user_data_path("what-does-a-cnn-see", appauthor=False)
    except RuntimeError:
        home = Path("~")
    if not home.is_absolute():  # older versions of platformdirs give the path with its "~"
        raise FileNotFoundError("no home folder is known; set XDG_DATA_HOME to a folder of yours.")
    return home / "progress.json"


def where() -> str:
    """Where it lies, for people to read; "nowhere", and why, where there is no place for it."""
    try:
        return str(file())
    except FileNotFoundError as error:
        return f"nowhere: {error}"


def read() -> dict:
    """The file's content, every entry of which has the fields it should have, of the types they should have.

    Where some of it cannot be understood, the file is set aside under another name, and what can be is kept.
    """
    try:
        path = file()
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict):
            content.setdefault("bets", {})  # an older version of the course did not know them
        understood = _understood(content)
        as_it_should_be = content == understood
    except FileNotFoundError:
        return _new()
    except (OSError, ValueError, RecursionError):
        return _set_aside(path, _new())
    return content if as_it_should_be else _set_aside(path, understood)


def _new() -> dict:
    return {"version": VERSION, **{part: {} for part in _FIELDS}}


def lesson_of(function: Callable) -> str:
    """ "03" for what is defined in the folder of chapter 3; "" for what is in none, of which nothing is kept."""
    return chapters.chapter_of(function.__module__)


def note_attempt(lesson: str, name: str, outcome: str) -> None:
    """An answer was checked. A later wrong one does not take back a right one."""

    def change(entry: dict) -> None:
        entry["tries"] = entry.get("tries", 0) + 1
        if entry.get("outcome") != "correct":
            entry["outcome"] = outcome
            if outcome == "correct" and (entry.get("hints") or entry.get("solution_read")):
                schedule.begin(entry, date.today())
        elif outcome == "correct":
            schedule.advance(entry, date.today())

    _note("exercises", lesson, name, change)


def note_hint(lesson: str, name: str, used: int) -> None:
    """`used` hints have been read in this session; what counts is the most that ever were."""
    _note("exercises", lesson, name, lambda entry: entry.update(hints=max(used, entry.get("hints", 0))))


def note_solution(lesson: str, name: str) -> None:
    """The solution was read. It is no fault; a teacher may want to know where a class gave up."""
    _note("exercises", lesson, name, lambda entry: entry.update(solution_read=True))


def note_answer(lesson: str, number: int, right: bool) -> None:
    """An option of question `number` was chosen; once right, right it stays."""

    def change(entry: dict) -> None:
        entry.update(tries=entry.get("tries", 0) + 1, right=right or entry.get("right", False))
        _ask_again(entry, right)

    _note("quizzes", lesson, str(number), change)


def note_bet(asked: str, question: str, measured: str) -> None:
    """A bet of the notebook that is open was far off; `asked` is its question with the options."""

    def change(entry: dict) -> None:
        entry.update(asked=asked, measured=measured)
        if "again" not in entry:  # its cell may run many times a day
            schedule.begin(entry, date.today())

    _note("bets", open_lesson(), question[:LONGEST], change)


def note_again(part: str, key: str, good: bool) -> None:
    """The entry `key` of `part` came back, and was known or not."""
    lesson, _, name = key.partition("/")
    _note(part, lesson, name, lambda entry: _ask_again(entry, good))


def _ask_again(entry: dict, good: bool) -> None:
    (schedule.advance if good else schedule.begin)(entry, date.today())


def open_lesson(notebook: str | None = None) -> str:
    """The chapter of `notebook`, of the one that runs where it is None, as Jupyter's server tells it; "" elsewhere.

    >>> open_lesson("my/03a_name.ipynb"), open_lesson("Untitled.ipynb")
    ('03', '')
    """
    path = os.environ.get("JPY_SESSION_NAME", "") if notebook is None else notebook
    found = re.match(r"(\d\d)[a-z]?_", Path(path).name)
    return found[1] if found else ""


def _note(part: str, lesson: str, name: str, change: Callable[[dict], None]) -> None:
    if not lesson:
        return
    try:
        path = file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):  # two notebooks may be open
            content = read()
            change(content[part].setdefault(f"{lesson}/{name}", {}))
            _write(path, content)
    except (OSError, Timeout, RecursionError) as error:
        _say_once(f"Progress is not kept here: {type(error).__name__}. Everything else works.")


def _write(path: Path, content: dict) -> None:
    write_whole(path, json.dumps(content, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file in UTF-8; a kill leaves the old one or the new one."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


# `checks` says the same of a count, and brings torch, for which `course progress` should not wait.
def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_truth(value: object) -> bool:
    return type(value) is bool


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# What an entry may hold; a field that is not here is left alone, as a later version may know it.
_FIELDS: dict[str, dict[str, Callable[[object], bool]]] = {
    "exercises": {
        "outcome": lambda value: isinstance(value, str) and value in ("correct", "incorrect"),
        "tries": _is_count,
        "hints": _is_count,
        "solution_read": _is_truth,
        "again": schedule.is_sound,
    },
    "quizzes": {"right": _is_truth, "tries": _is_count, "again": schedule.is_sound},
    "bets": {"asked": _is_text, "measured": _is_text, "again": schedule.is_sound},
}


def _understood(content: object) -> dict:
    """What of `content` is as it should be: whole entries, since half of one would tell something else."""
    if not isinstance(content, dict) or content.get("version") != VERSION:
        return _new()
    parts = {name: content.get(name) for name in _FIELDS}
    kept = {
        name: {key: entry for key, entry in part.items() if _sound(entry, _FIELDS[name])}
        for name, part in parts.items()
        if isinstance(part, dict)
    }
    return {**content, **{name: {} for name in _FIELDS}, **kept}


def _sound(entry: object, fields: dict[str, Callable[[object], bool]]) -> bool:
    return isinstance(entry, dict) and all(right(entry[name]) for name, right in fields.items() if name in entry)


def _set_aside(path: Path, kept: dict) -> dict:
    """Rename the file; returns `kept`, which is written in its place if there is something in it."""
    aside = path.with_name(f"progress-unreadable-{time.time_ns()}.json")
    try:
        path.rename(aside)
        if any(kept[part] for part in _FIELDS):
            _write(path, kept)
        _say_once(f"Your progress file could not be read. It is kept as {aside.name}, and a new one is begun.")
    except OSError:
        pass  # gone already, or not ours: either way there is nothing to read
    return kept


@cache
def _say_once(message: str) -> None:
    print(message)
