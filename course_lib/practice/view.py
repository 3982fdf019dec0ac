"""One object, three faces: a form where widgets work, HTML on a static page, the same plain text everywhere."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import ipywidgets

T = TypeVar("T")

_VIEW = "application/vnd.jupyter.widget-view+json"
_COLUMNS = 88


def bundle(text: str, markup: str, form: Callable[[], ipywidgets.Widget]) -> dict[str, object]:
    """What `_repr_mimebundle_` returns: `text`, `markup` and, where ipywidgets is there, a view of `form()`.

    The form is named by its model alone. ipywidgets 7 would have it show itself by `_ipython_display_`, and
    put its own repr, full of values that change, into text/plain.
    """
    faces: dict[str, object] = {"text/plain": text, "text/html": markup}
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return faces
    faces[_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": form().model_id}
    return faces


def paragraph(text: str, *, bold: bool = False) -> str:
    """`text` as one HTML paragraph; nothing in it is taken for markup. Unlike a Label it wraps."""
    escaped = html.escape(text)
    return f'<p style="margin: 0; line-height: 1.4">{f"<b>{escaped}</b>" if bold else escaped}</p>'


def wrapped(text: str) -> str:
    """`text` in lines for print: a notebook breaks long ones in the middle of a word. Indented lines hang."""
    return "\n".join(
        textwrap.fill(
            line,
            _COLUMNS,
            subsequent_indent=" " * 12 if line.startswith("  ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def lettered(options: Sequence[T]) -> list[tuple[str, T]]:
    """[("a", first option), ("b", second), …]."""
    return [(chr(ord("a") + position), option) for position, option in enumerate(options)]
