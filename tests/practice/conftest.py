import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def untraced_answers() -> Iterator[None]:
    """Answers run where coverage does not look.

    Where time is up, an exception is raised in their thread, wherever that is just then. In coverage's tracer it
    leaves a lock that nobody opens again (coveragepy#1626), or the process falls.
    """
    tracer = threading.gettrace()
    threading.settrace(None)  # type: ignore[arg-type]  # None is what it starts with
    try:
        yield
    finally:
        threading.settrace(tracer)  # type: ignore[arg-type]
