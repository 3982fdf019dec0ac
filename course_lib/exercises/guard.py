"""Run somebody else's function: with a time limit, and with its errors told instead of raised."""

from __future__ import annotations

import contextvars
import ctypes
import linecache
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Attempt:
    """What came of running an answer: `outputs` up to where it stopped, and why it stopped, if it did."""

    outputs: list = field(default_factory=list)
    error: BaseException | None = None
    timed_out: bool = False


def attempt(calls: Sequence[Callable[[], object]], *, seconds: float) -> Attempt:
    """Make `calls` one after the other, all of them together in at most `seconds`.

    They run in a daemon thread that is waited for. A signal would need the main thread and POSIX; a process of
    its own could be killed for certain, but a function from a notebook does not pickle, and a fork of a process
    in which torch has threads may hang by itself. The price: a call into C that never returns, or an endless
    loop that catches everything, goes on in the background until the kernel is restarted; and one that keeps
    Python's lock cannot be timed. An endless loop in Python is stopped.
    """
    done = Attempt()

    def work() -> None:
        try:
            for call in calls:
                done.outputs.append(call())
        except BaseException as error:  # also SystemExit: a learner's exit() must not pass for an answer
            done.error = error

    # The context tells a notebook's kernel which cell the thread prints for.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        thread.join(seconds)
        # A new record where time is up: the thread may still write into the old one.
        return Attempt(list(done.outputs), timed_out=True) if thread.is_alive() else done
    finally:
        if thread.is_alive():  # time is up, or the learner interrupted the cell
            _stop(thread)


def _stop(thread: threading.Thread) -> None:
    """Raise SystemExit in `thread` at its next step in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def told(error: BaseException) -> str:
    """ "ZeroDivisionError: division by zero": type and first line of the message, 200 characters at most."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def line_of(error: BaseException, answer: Callable) -> str:
    """ "line 3: return hits / 0": the last line in the file or cell of `answer` on the way to `error`, or ""."""
    code = getattr(answer, "__code__", None) or getattr(type(answer).__call__, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return ""
    source = linecache.getline(code.co_filename, own[-1]).strip()
    return f"line {own[-1]}: {source}" if source else f"line {own[-1]}"
