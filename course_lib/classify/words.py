"""What a build says: names that come from a folder, as Markdown that does nothing; shares and counts in words."""

from __future__ import annotations

import html
import re

from ..pages import plain


def markdown(name: str) -> str:
    """For a line or a cell of Markdown: no tag, no link, no emphasis.

    >>> markdown("<img src=x>"), markdown("a|b*c"), markdown("d'Orsay")
    ('&lt;img src=x&gt;', 'a&#124;b&#42;c', "d'Orsay")
    """
    marks = r"[\\|*_`\[\]#!~$]"
    return re.sub(marks, lambda mark: f"&#{ord(mark.group())};", html.escape(plain(name), quote=False))


def percent(share: float) -> str:
    """Such as "5 %" or "0.5 %"."""
    return f"{100 * share:.3g} %"


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number and what is counted, such as "1 picture"; `plural` where it is not `noun` with an s.

    >>> counted(1, "picture"), counted(2000, "picture"), counted(0, "copy", "copies")
    ('1 picture', '2,000 pictures', '0 copies')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
