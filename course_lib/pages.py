"""HTML pages that stand alone: one file, no network, readable on a phone and in the dark; text that does nothing."""

from __future__ import annotations

import base64
import hashlib
import html
from string import Template

_SHELL = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; $allowed; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
$css</style>
</head>
<body>
$body
</body>
</html>
""")


def page(title: str, body: str, *, css: str, allowed: str) -> str:
    """The whole page, HTML.

    Args:
        title: text; names in it do nothing.
        body: HTML.
        css: style sheet.
        allowed: directives of the Content-Security-Policy; all that they do not name is forbidden.
    """
    return _SHELL.substitute(title=in_html(title), body=body, css=css, allowed=allowed)


def only_this(js: str) -> str:
    """The source of the Content-Security-Policy that lets this script run and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(js.encode()).digest()).decode()}'"


def plain(name: str) -> str:
    r"""On one line, whatever is in it: line breaks, marks that turn the writing around and bytes that are no text are
    spelt out.

    >>> print(plain("a\nb"), plain("\u202egpj.exe"))
    a\nb \u202egpj.exe
    """
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in name)


def in_html(name: object) -> str:
    """Text that does nothing in HTML, in an attribute or between tags.

    >>> in_html('<img src="x">'), in_html(3)
    ('&lt;img src=&quot;x&quot;&gt;', '3')
    """
    return html.escape(plain(str(name)))
