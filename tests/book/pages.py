"""Build the book into a folder, and read what stands in its pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300  # of patience on a busy machine; `make book` takes a tenth of it


def build(folder: Path) -> Path:
    """The book as `make book` makes it; AssertionError with Sphinx's words where it warns. Gives its HTML's folder."""
    source, html = folder / "source", folder / "html"
    source.mkdir()
    options = ["-q", "-W", "--keep-going", "-c", "book", "-d", str(folder / "doctrees")]
    told = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(source), str(html)],
        cwd=ROOT,
        env=os.environ | {"COURSE_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert told.returncode == 0, told.stderr
    return html


@dataclass
class Contents(HTMLParser):
    """What one page holds.

    Attributes:
        ids: what a fragment can lead to.
        links: (tag, address) of all that leads or is loaded.
        pictures: (address, alt text or None) of each <img>.
    """

    ids: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[tuple[str, str | None]] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        self.links += [(tag, found[name]) for name in ("href", "src", "srcset", "data", "action") if found.get(name)]
        if tag == "img":
            self.pictures.append((found.get("src") or "", found.get("alt")))


def read(html: Path) -> dict[Path, Contents]:
    """Every page of the book."""
    pages = {}
    for path in sorted(html.rglob("*.html")):
        pages[path] = Contents()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return pages


def dead(pages: dict[Path, Contents]) -> Iterator[str]:
    """Links within the book that lead nowhere: no such file, or no such place in it."""
    for page, contents in pages.items():
        for _, address in contents.links:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            fragment = unquote(parts.fragment)
            if not target.is_file():
                yield f"{page.name}: {address}: no such file"
            elif fragment and target in pages and fragment not in pages[target].ids:
                yield f"{page.name}: {address}: no such place"


def foreign(pages: dict[Path, Contents]) -> Iterator[str]:
    """What a browser would fetch from another host. A link that a reader may follow is none of it."""
    for page, contents in pages.items():
        for tag, address in contents.links:
            parts = urlsplit(address)
            if tag != "a" and (parts.netloc or parts.scheme not in ("", "data")):
                yield f"{page.name}: <{tag}> {address[:100]}"


def foreign_styles(texts: Iterable[str]) -> Iterator[str]:
    """The same in style sheets."""
    for text in texts:
        yield from re.findall(r"(?:url\(\s*|@import\s+)[\"']?(?:https?:)?//[^)\s]*", text)


def undescribed(pages: dict[Path, Contents]) -> Iterator[str]:
    """Pictures without alt text, or with the file's name for one, which is what Sphinx puts there."""
    for page, contents in pages.items():
        for address, alt in contents.pictures:
            if not (alt or "").strip() or Path(address).name in alt or re.fullmatch(r"\S+\.(png|jpe?g|svg)", alt):
                yield f"{page.name}: {address[:100]}"
