"""What a build keeps while it goes, so that it can be killed at any moment, and what it says meanwhile.

Each stage leaves one file in the folder `work`, whole or not at all, under a name that has a digest of all that decides
it: the same command takes it up, another one never does.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..data import places

QUIET_S = 10.0  # between two lines where the output is no terminal


class Teller:
    """Says which stage runs, how far it is, and about how long all that is left takes.

    Args:
        stages: names, in their order.
        to: where to write; None is silent.
    """

    def __init__(self, stages: tuple[str, ...], to: TextIO | None = None):
        self.stages, self.to = stages, to
        self.expected: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self._stage, self._began, self._said, self._done = "", 0.0, -QUIET_S, 0.0

    def expect(self, stage: str, seconds: float) -> None:
        """A stage will take about so long."""
        self.expected[stage] = max(0.0, seconds)

    def start(self, stage: str) -> None:
        """A stage begins; the one before it has ended."""
        self.end()
        self._stage, self._began, self._done = stage, time.perf_counter(), 0.0
        self.tell(0, 0)

    def end(self) -> None:
        """The stage that runs has ended."""
        if self._stage:
            self.seconds[self._stage] = round(time.perf_counter() - self._began, 2)
        self._stage = ""

    def tell(self, done: int, total: int) -> None:
        """So much of this stage is done. It is called often, and writes seldom."""
        now = time.perf_counter()
        self._done = done / total if total else 0.0
        terminal = self.to is not None and self.to.isatty()
        if self.to is None or (done and now - self._said < (0.2 if terminal else QUIET_S)):
            return
        self._said = now
        amount = f" {done:,} of {total:,}" if total else ""
        line = f"{self._stage}{amount}{self.left()}"
        self.to.write(f"\r{line:<78}" if terminal else f"{line}\n")
        self.to.flush()

    def left(self) -> str:
        """Such as " · about 3 min left", or "" where too little is known."""
        after = self.stages[self.stages.index(self._stage) + 1 :] if self._stage in self.stages else ()
        spent = time.perf_counter() - self._began
        own = spent / self._done - spent if self._done > 0.02 else self.expected.get(self._stage, 0.0) - spent
        seconds = max(own, 0) + sum(self.expected.get(stage, 0.0) for stage in after)
        if not self.expected or seconds < 1:
            return ""
        return f" · about {seconds / 60:.0f} min left" if seconds >= 90 else f" · about {seconds:.0f} s left"


def silent() -> Teller:
    """A `Teller` that says nothing."""
    return Teller(())


def to_terminal(stages: tuple[str, ...]) -> Teller:
    """A `Teller` that writes to standard error."""
    return Teller(stages, sys.stderr)


class Work:
    """The folder of the stages. `key` is all that decides them, as text."""

    def __init__(self, folder: Path, key: str):
        self.folder, self.key = folder, key

    def path(self, name: str, suffix: str, *more: object) -> Path:
        """Where a stage lies; `more` decides it as well."""
        digest = hashlib.sha256(repr((self.key, name, more)).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self.folder / f"{name}-{digest}{suffix}"

    def array(self, name: str, make: Callable[[], np.ndarray], *more: object) -> np.ndarray:
        """The array that `make` gives, from disk where it was made before; it is read by pages, not at once."""
        path = self.path(name, ".npy", *more)
        if not path.is_file():
            made = make()
            with places.replacing(path) as part, part.open("wb") as file:
                np.save(file, made, allow_pickle=False)
        return np.load(path, mmap_mode="c", allow_pickle=False)

    def json(self, name: str, make: Callable[[], Any], *more: object) -> Any:  # noqa: ANN401 - whatever JSON holds
        """What `make` gives, made of JSON's types, from disk where it was made before."""
        path = self.path(name, ".json", *more)
        if not path.is_file():
            write_json(path, make())
        return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401
    """One JSON file, whole or not at all."""
    text = json.dumps(content, ensure_ascii=True)  # names of files may hold what UTF-8 does not
    with places.replacing(path) as part:
        part.write_text(text, encoding="utf-8")
