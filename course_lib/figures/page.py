"""Figures on a page without a kernel and without a network: alive all the same, from what a stored lesson holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from .live import LiveFigure, module

_PAGE_JS = Path(__file__).with_name("page.js")
# The module goes through a data: address, because a page from a disk may not import a file beside it.
# `currentScript` finds the figure's own place, so a page may hold many, and needs no ids.
_FRAGMENT = Template("""\
<div class="cnnsee-figure" role="group" aria-label="$label">
<script type="application/json">$data</script>
<script>
(() => {
  const place = document.currentScript.parentElement;
  const { module, plain } = JSON.parse(place.querySelector("script").textContent);
  const source = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  import(source).then(({ default: figure, start }) => start(figure, place, plain));
})();
</script>
<noscript>$label</noscript>
</div>
""")
_DOCUMENT = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>body { margin: 1rem auto; padding: 0 1rem; max-width: 1100px; font-family: system-ui, sans-serif; }</style>
</head>
<body>
$fragment</body>
</html>
""")


def fragment(plain: Mapping, label: str) -> str:
    """HTML of one live figure, to be put anywhere in a page.

    Args:
        plain: what `LiveFigure.plain()` gave, also as it stands in a stored lesson.
        label: what the figure shows, in words: its alt text.
    """
    code = module(plain["figure"]) + _PAGE_JS.read_text(encoding="utf-8")
    # "<" cannot end the script that it stands in when it is written as an escape.
    data = json.dumps({"module": code, "plain": dict(plain)}, ensure_ascii=False).replace("<", "\\u003c")
    return _FRAGMENT.substitute(data=data, label=escape(label))


def save(figure: LiveFigure, path: str | Path) -> Path:
    """Write `figure` as one HTML file that needs no kernel, no network and no other file; returns its path."""
    path = Path(path)
    text = fragment(figure.plain(), figure.describe())
    path.write_text(_DOCUMENT.substitute(title=escape(figure.summary()), fragment=text), encoding="utf-8")
    return path
