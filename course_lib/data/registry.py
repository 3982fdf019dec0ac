"""`datasets/registry.toml`: what can be fetched, from where, and how it is recognised."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from . import places


class DataError(Exception):
    """Pictures or weights cannot be had. The message says what was tried and what to do."""


@dataclass(frozen=True)
class Address:
    """A public address and, where its publisher gives one, the file's digest ("sha256:…")."""

    url: str
    digest: str = ""


@dataclass(frozen=True)
class Entry:
    """One set of pictures or one file of weights; the fields are explained in the registry itself."""

    name: str
    kind: str
    title: str
    mirror: str
    addresses: tuple[Address, ...]
    bytes: int
    licence: str
    citation: str
    content: str = ""
    shipped: str = ""
    package: str = ""
    pictures: int = 0
    size: int = 0
    lessons: bool = False
    places: str = ""

    @property
    def file_name(self) -> str:
        """The name under which a download is kept."""
        return self.mirror.rsplit("/", 1)[-1]


def entries() -> dict[str, Entry]:
    """All entries of the registry, by name."""
    table = tomllib.loads(places.shipped("registry.toml").read_text(encoding="utf-8"))
    return {name: _entry(name, fields) for name, fields in table.items()}


def for_lessons() -> list[str]:
    """Names of all that a lesson uses; the rest is for experiments of one's own."""
    return [name for name, known in entries().items() if known.lessons]


def entry(name: str, kind: str | None = None) -> Entry:
    """The entry called `name`; DataError with the nearest names if there is none (of this `kind`)."""
    known = {n: e for n, e in entries().items() if kind in (None, e.kind)}
    if name not in known:
        raise DataError(unknown(name, known, what=f"a set of {kind}" if kind else "a set or file of weights"))
    return known[name]


def unknown(name: str, known: Iterable[str], *, what: str) -> str:
    """The sentence for a name that does not exist: what was received, the nearest, all that would do."""
    near = difflib.get_close_matches(str(name).lower(), [k.lower() for k in known], n=1, cutoff=0.5)
    guess = f" Did you mean {next(k for k in known if k.lower() == near[0])!r}?" if near else ""
    return f"{name!r} is not {what}.{guess} Known: {', '.join(sorted(known))}."


def _entry(name: str, fields: dict) -> Entry:
    urls = fields.pop("urls")
    return Entry(name=name, addresses=tuple(Address(*url.split()) for url in urls), **fields)
