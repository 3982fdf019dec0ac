"""What every page of this room is wrapped in: one file, no network, readable on a phone and in the dark."""

from __future__ import annotations

import base64
import hashlib
from string import Template

from .words import in_html

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
