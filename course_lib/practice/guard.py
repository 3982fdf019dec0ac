"""Run somebody else's function: with a time limit, with its errors told instead of raised, and leaving no trace."""

from __future__ import annotations

import contextvars
import ctypes
import linecache
import random
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TextIO, TypeVar, cast

PRINTED = 20_000  # characters that an answer may print, all cases together; a loop that prints makes gigabytes
_TRIES = 25  # to end a loop that catches everything
T = TypeVar("T")  # what a call gives


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What one call gave: `output`, or the `error` that it stopped with."""

    output: T | None = None
    error: BaseException | None = None


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """What came of the calls: an outcome for each, up to where time was up, if it was."""

    outcomes: list[Outcome[T]] = field(default_factory=list)
    timed_out: bool = False


def attempt(calls: Sequence[Callable[[], T]], *, seconds: float | None, cores: int | None = 1) -> Attempt[T]:
    """Make `calls` one after the other, all of them together in at most `seconds`; None is no limit.

    torch computes on `cores`, None is as many as it likes: with small tensors on a busy machine two wait for each
    other up to forty times as long, and a right answer would run out of time.

    They run in a daemon thread that is waited for. A signal would need the main thread and POSIX; a process of
    its own could be killed for certain, but a function from a notebook does not pickle, a fork of a process in
    which torch or CUDA has threads may hang by itself, and what an answer keeps for its author would be lost. The
    price: a call into C that never returns goes on in the background until the kernel is restarted; and one that
    keeps Python's lock, such as sum(range(3 * 10**9)), can be neither timed nor interrupted. A loop in Python is
    stopped, whatever it catches, but for one that never leaves its try.

    What the calls print is cut off after `PRINTED` characters. The generators of random numbers and torch's default
    dtype are afterwards as they were.
    """
    outcomes: list[Outcome[T]] = []
    stopped = threading.Event()

    def work() -> None:
        # print() borrows its stream without holding it; one that outlives its time would write into freed memory.
        held = sys.stdout, sys.stderr
        for call in calls:
            outcome = _made(call)
            if stopped.is_set():
                break
            outcomes.append(outcome)
        del held

    # The context tells a notebook's kernel which cell the thread prints for.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    with undisturbed(), _computing_on(cores), _printing_little():
        thread.start()
        try:
            thread.join(seconds)
            # A copy where time is up: the thread may still write into the list.
            return Attempt(list(outcomes), timed_out=thread.is_alive())
        finally:
            stopped.set()
            if thread.is_alive():  # time is up, or the learner interrupted the cell
                _stop(thread)


def apart(call: Callable[[], T]) -> T:
    """What `call`, one of our own, gives in a thread of its own, where torch's modes are as they come.

    A notebook may be in inference mode, under autocast, have another device or dtype as its default: what is right
    must not depend on that.
    """
    with _default_dtype_of_torch():
        (outcome,) = attempt([call], seconds=None).outcomes
    if outcome.error is not None:
        raise outcome.error
    return cast("T", outcome.output)


def _made(call: Callable[[], T]) -> Outcome[T]:
    try:
        return Outcome(call())
    except BaseException as error:  # also SystemExit: a learner's exit() must not pass for an answer
        return Outcome(error=error)


def _stop(thread: threading.Thread) -> None:
    """Raise SystemExit in `thread` at its next step in Python; again, where it is caught."""
    for _ in range(_TRIES):
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        thread.join(0.01)
        if not thread.is_alive():
            return


# --- what an answer must not leave behind ----------------------------------------------------------------


@contextmanager
def undisturbed() -> Iterator[None]:
    """The generators of random numbers, and torch's default dtype, are afterwards as they were before."""
    restore = [keep() for keep in (_python, _numpy, _torch, _cuda)]
    try:
        yield
    finally:
        for back in restore:
            back()


def _python() -> Callable[[], None]:
    state = random.getstate()
    return lambda: random.setstate(state)


def _numpy() -> Callable[[], None]:
    import numpy as np

    state = np.random.get_state()
    return lambda: np.random.set_state(state)


def _torch() -> Callable[[], None]:
    torch = sys.modules.get("torch")
    if torch is None:
        return lambda: None
    state, dtype = torch.get_rng_state(), torch.get_default_dtype()

    def back() -> None:
        torch.set_rng_state(state)
        torch.set_default_dtype(dtype)

    return back


def _cuda() -> Callable[[], None]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return lambda: None
    if torch.cuda.is_initialized():
        states = torch.cuda.get_rng_state_all()
        return lambda: torch.cuda.set_rng_state_all(states)
    # A seed is kept in a queue until CUDA is first used; torch has no public way to see it.
    queue = getattr(torch.cuda, "_queued_calls", [])
    before = list(queue)

    def back() -> None:
        if not torch.cuda.is_initialized():
            queue[:] = before

    return back


@contextmanager
def _default_dtype_of_torch() -> Iterator[None]:
    torch = sys.modules.get("torch")
    before = torch.get_default_dtype() if torch else None
    try:
        if torch:
            torch.set_default_dtype(torch.float32)
        yield
    finally:
        if torch:
            torch.set_default_dtype(before)


@contextmanager
def _computing_on(cores: int | None) -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None or cores is None or cores == torch.get_num_threads():
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(cores)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Limited:
    """A stream that passes on what is written, up to `PRINTED` characters, and drops the rest."""

    def __init__(self, stream: TextIO):
        self._stream, self._left = stream, PRINTED

    def write(self, text: str) -> int:
        if self._left > 0:
            kept = text[: self._left]
            self._left -= len(text)
            self._stream.write(kept)
            if self._left <= 0:
                self._stream.write("\n… (what else your function prints is left out)\n")
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _limited(stream: TextIO) -> TextIO:
    return cast("TextIO", stream and _Limited(stream))  # all else that a stream has, it passes on


@contextmanager
def _printing_little() -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_limited(stream) for stream in before)  # None where there is no console
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


# --- telling an error ------------------------------------------------------------------------------------


def error_text(error: BaseException) -> str:
    """ "ZeroDivisionError: division by zero": type and first line of the message, 200 characters at most."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an exception of the learner's own may not even have a text
        lines = []
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def line_of(error: BaseException, answer: Callable) -> str:
    """ "line 3: return hits / 0": the last line in the file or cell of `answer` on the way to `error`, or ""."""
    code = getattr(answer, "__code__", None) or getattr(type(answer).__call__, "__code__", None)
    if code is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if frame.filename == code.co_filename and frame.lineno is not None]
    if not own:
        return ""
    source = linecache.getline(code.co_filename, own[-1]).strip()
    return f"line {own[-1]}: {source}" if source else f"line {own[-1]}"
