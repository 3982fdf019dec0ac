"""What a learner has done: one small JSON file in the user's own data folder. It is never sent anywhere.

    {"version": 1,
     "exercises": {"03/recall": {"outcome": "correct", "tries": 2, "hints": 1, "solution_read": false}},
     "quizzes": {"03/1": {"right": true, "tries": 1}}}

Keeping it must never get in the way: where the file cannot be written, nothing is kept, and that is said once.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

VERSION = 1
LOCK_SECONDS = 2
_EMPTY = {"version": VERSION, "exercises": {}, "quizzes": {}}


def file() -> Path:
    """Where it lies. Not in COURSE_DATA: a class shares that folder, and may not write to it."""
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        home = Path("~/Library/Application Support")
    else:
        home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
    return home.expanduser() / "what-does-a-cnn-see" / "progress.json"


def read() -> dict:
    """The file's content. Where it cannot be understood it is set aside under another name, and a new one begun."""
    path = file()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return json.loads(json.dumps(_EMPTY))
    except (OSError, ValueError):
        return _set_aside(path)
    return content if _understood(content) else _set_aside(path)


def lesson_of(function: Callable) -> str:
    """ "03" for what is defined in `lesson_03`; "" for what belongs to no lesson, of which nothing is kept."""
    found = re.fullmatch(r"course_lib\.exercises\.(?:lesson|quiz)_(\d\d)", function.__module__)
    return found[1] if found else ""


def note_attempt(lesson: str, name: str, outcome: str) -> None:
    """An answer was checked. A later wrong one does not take back a right one."""

    def change(entry: dict) -> None:
        entry["tries"] = entry.get("tries", 0) + 1
        if entry.get("outcome") != "correct":
            entry["outcome"] = outcome

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

    _note("quizzes", lesson, str(number), change)


def _note(part: str, lesson: str, name: str, change: Callable[[dict], None]) -> None:
    if not lesson:
        return
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):  # two notebooks may be open
            content = read()
            change(content[part].setdefault(f"{lesson}/{name}", {}))
            part = path.with_suffix(".part")
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            part.replace(path)  # a kill leaves the old file or the new one
    except (OSError, Timeout) as error:
        _say_once(f"Progress is not kept here: {type(error).__name__}. Everything else works.")


def _understood(content: object) -> bool:
    if not isinstance(content, dict) or content.get("version") != VERSION:
        return False
    parts = [content.get("exercises"), content.get("quizzes")]
    return all(isinstance(part, dict) and all(isinstance(e, dict) for e in part.values()) for part in parts)


def _set_aside(path: Path) -> dict:
    aside = path.with_name(f"progress-unreadable-{time.time_ns()}.json")
    try:
        path.rename(aside)
        _say_once(f"Your progress file could not be read. It is kept as {aside.name}, and a new one is begun.")
    except OSError:
        pass  # gone already, or not ours: either way there is nothing to read
    return json.loads(json.dumps(_EMPTY))


@cache
def _say_once(message: str) -> None:
    print(message)
