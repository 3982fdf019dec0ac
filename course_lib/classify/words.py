"""Names that come from a folder, as text that does nothing: on a terminal, in Markdown, in HTML."""

from __future__ import annotations

import html
import re


def plain(name: str) -> str:
    r"""On one line, whatever is in it: line breaks, marks that turn the writing around and bytes that are no text are
    spelt out.

    >>> print(plain("a\nb"), plain("\u202egpj.exe"))
    a\nb \u202egpj.exe
    """
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in name)


def markdown(name: str) -> str:
    """For a line or a cell of Markdown: no tag, no link, no emphasis.

    >>> markdown("<img src=x>"), markdown("a|b*c"), markdown("d'Orsay")
    ('&lt;img src=x&gt;', 'a&#124;b&#42;c', "d'Orsay")
    """
    marks = r"[\\|*_`\[\]#!~$]"
    return re.sub(marks, lambda mark: f"&#{ord(mark.group())};", html.escape(plain(name), quote=False))


def in_html(name: object) -> str:
    """Text that does nothing in HTML, in an attribute or between tags.

    >>> in_html('<img src="x">'), in_html(3)
    ('&lt;img src=&quot;x&quot;&gt;', '3')
    """
    return html.escape(plain(str(name)))


def percent(share: float) -> str:
    """Such as "5 %" or "0.5 %"."""
    return f"{100 * share:.3g} %"


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number and what is counted, such as "1 picture"; `plural` where it is not `noun` with an s.

    >>> counted(1, "picture"), counted(2000, "picture"), counted(0, "copy", "copies")
    ('1 picture', '2,000 pictures', '0 copies')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
