"""How long something took, on a computer that does other things besides."""

from __future__ import annotations

import time

PATIENCE = 5.0  # how many times slower than alone a busy computer may make the doctor


class Clock:
    """Seconds of this thread's own work since the clock was made, or a fifth of the wall's, whichever is more.

    What a trial finds must not hang on what else the computer does. On an idle one both are the same.

    Example:
        clock = Clock()
        clock() < 1.0
    """

    def __init__(self) -> None:
        self._own, self._wall = time.thread_time(), time.monotonic()

    def __call__(self) -> float:
        """Seconds until now."""
        return max(time.thread_time() - self._own, (time.monotonic() - self._wall) / PATIENCE)
