"""What a person should look at in a folder of pictures: suspects.csv with all of it, suspects.html to look at.

Nothing is changed in the folder, and nothing is decided: a suspect is a question.
"""

from __future__ import annotations

import csv
import io
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from string import Template

import numpy as np

from .. import data, pages
from ..data import DataError, ImageSet, places
from ..data.groups import linked
from ..pages import in_html, plain
from . import look, probe, report_pictures, stages, suspecting
from .stages import Teller

STAGES = ("reading", "copies", "features", "wrong labels")
TABLE, GALLERY = "suspects.csv", "suspects.html"
SHOWN = 60  # pictures of a kind in the gallery; the table has all

KINDS = {
    "wrong label?": "Probes that had not seen the picture are sure of another class, by its class's own measure "
    "(confident learning). Three answers are possible: the label is wrong, the label is right and the picture is hard, "
    "or both are right, for both things are in it.",
    "in two classes": "The same picture lies in two classes. A classifier cannot be right about both.",
    "copy": "The same picture twice in a class, but for noise, brightness, a flip or a turn. Keep them in one part of "
    "a split, or delete one.",
    "outlier": "Far from its ten nearest in what a frozen network sees. It may be a mistake, or rare and precious.",
    "blurred": "Far less sharp than the middle of the folder.",
    "one colour": "Nothing is to be seen.",
    "unreadable": "Left out by the reader.",
}
"""Kind of suspect → what it means."""


@dataclass(frozen=True)
class Found:
    """One suspect.

    Attributes:
        kind: one of `KINDS`.
        file: its path in the folder.
        label: its class.
        other: the class that it was seen as, or the file that it is a copy of; "" where there is neither.
        score: probability of the label; mean cosine distance; sharpness; NaN where there is none. Only to compare with
            others of its kind.
        note: in words.
    """

    kind: str
    file: str
    label: str
    other: str = ""
    score: float = float("nan")
    note: str = ""


@dataclass(frozen=True)
class Reviewed:
    """What was found, in the order of `KINDS`, and where it was written.

    Attributes:
        pictures: how many were looked at.
        notes: what was not looked for, and why: a sentence each.
    """

    suspects: tuple[Found, ...]
    pictures: int
    table: Path
    gallery: Path
    notes: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Found, ...]:
        """The suspects of one of `KINDS`."""
        return tuple(one for one in self.suspects if one.kind == kind)

    def __str__(self) -> str:
        lines = [f"{self.pictures:,} pictures"]
        lines += [f"{len(self.of(kind)):6,}  {kind}" for kind in KINDS if self.of(kind)]
        return "\n".join([*lines, *self.notes])


def review(folder: str | Path, *, out: str | Path, seed: int = 0, progress: bool = True) -> Reviewed:
    """Look for suspects in `folder/<class>/<picture>`, and write suspects.csv and suspects.html into `out`.

    Both files are written whole or not at all, and replace those of an earlier review. Nothing else is written.

    Args:
        folder: a folder a class; with one class alone no wrong label can be found, and all else can.
        out: a folder; it is made where it is not there.
        seed: of the folds.
        progress: say on standard error what is done.

    Raises:
        data.DataError: no folder, or no picture in it that can be read.

    >>> print(review("photos", out="photos_review"))                                       # doctest: +SKIP
    """
    folder, out = Path(folder).expanduser(), Path(out).expanduser()
    files = data.pictures_in(folder) if folder.is_dir() else []
    if not files:
        what = "in which there is no picture" if folder.is_dir() else "which is no folder"
        raise DataError(f"review got {str(folder)!r}, {what}. It wants one with one folder per class.")
    teller = stages.to_terminal(STAGES) if progress else stages.silent()
    with tempfile.TemporaryDirectory() as scratch:
        teller.start("reading")
        size, _ = look.stored_side(files)
        pictures = _read(folder, size, Path(scratch) / "pixels.npy", teller)
        found, notes = _found(pictures, size, seed, teller)
        teller.end()
        out.mkdir(parents=True, exist_ok=True)
        made = Reviewed(tuple(found), len(pictures), out / TABLE, out / GALLERY, tuple(notes))
        _write(made, _page(made, folder, pictures))
    return made


def _read(folder: Path, size: int, store: Path, teller: Teller) -> ImageSet:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*left out")  # it stands among the suspects
        return data.from_folder(folder, size=size, store=store, tell=teller.tell)


# --- what is found ---


def _found(pictures: ImageSet, size: int, seed: int, teller: Teller) -> tuple[list[Found], list[str]]:
    """(suspects, what was not looked for)."""
    teller.start("copies")
    flat, sharpness = look.flat_ones(pictures), look.sharpness_of(pictures)
    pairs = look.copies_of(pictures, flat)
    teller.start("features")
    network = probe.backbone()
    embeddings = probe.looked_through(network, pictures, size)
    teller.start("wrong labels")
    groups = linked([(first, second) for first, second, _ in pairs], len(pictures))
    return [
        *_labels(pictures, embeddings, groups, seed),
        *_pairs(pictures, pairs),
        *_outliers(pictures, embeddings),
        *(_one("blurred", pictures, p, float(sharpness[p])) for p in look.blurred_ones(sharpness, flat)),
        *(_one("one colour", pictures, int(p)) for p in np.flatnonzero(flat)),
        *(Found("unreadable", file, _folder_of(file), note=reason) for file, reason in pictures.left_out),
    ], _notes(pictures)


def _labels(pictures: ImageSet, embeddings: np.ndarray, groups: np.ndarray, seed: int) -> Iterator[Found]:
    for one in suspecting.wrong_labels(pictures, embeddings, groups, seed=seed):
        note = f"{one.label} {one.probability_of_label:.0%}, {one.seen_as} {one.probability_of_seen:.0%}"
        yield Found("wrong label?", one.file, one.label, one.seen_as, one.probability_of_label, note)


def _pairs(pictures: ImageSet, pairs: Iterable[tuple[int, int, str]]) -> list[Found]:
    found = []
    for first, second, form in pairs:
        labels = [pictures.classes[int(pictures.labels[p])] for p in (first, second)]
        kind = "copy" if labels[0] == labels[1] else "in two classes"
        found.append(Found(kind, pictures.name_of(first), labels[0], pictures.name_of(second), note=form))
    return sorted(found, key=lambda one: one.kind, reverse=True)  # "in two classes" before "copy"


def _outliers(pictures: ImageSet, embeddings: np.ndarray) -> list[Found]:
    if len(pictures) < 2:
        return []
    distance = suspecting.remoteness(embeddings)
    return [_one("outlier", pictures, int(p), float(distance[p])) for p in suspecting.outliers(distance)]


def _one(kind: str, pictures: ImageSet, position: int, score: float = float("nan")) -> Found:
    label = pictures.classes[int(pictures.labels[position])]
    return Found(kind, pictures.name_of(position), label, score=round(score, 4))


def _folder_of(file: str) -> str:
    return file.split("/", 1)[0] if "/" in file else ""


def _notes(pictures: ImageSet) -> list[str]:
    rare = [name for name, n in pictures.counts.items() if n < 2]
    if len(pictures.counts) - len(rare) < 2:
        return ["Wrong labels were not looked for: that takes two classes of two pictures or more."]
    return [f"Wrong labels were not looked for in {', '.join(map(plain, rare))}: one picture."] if rare else []


# --- what is written ---


def _write(made: Reviewed, page: str) -> None:
    """Both files, whole or not at all: each is a part file until both are written."""
    with ExitStack() as open_parts:
        table, gallery = (open_parts.enter_context(places.replacing(path)) for path in (made.table, made.gallery))
        # A name may hold bytes that are no text: the table keeps them as they are.
        table.write_text(_csv(made.suspects), encoding="utf-8", errors="surrogateescape", newline="")
        gallery.write_text(page, encoding="utf-8", errors="replace")


def _csv(found: Iterable[Found]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(Found)], lineterminator="\n")
    table.writeheader()
    for one in found:
        row = asdict(one)
        table.writerow({**row, "score": "" if np.isnan(one.score) else one.score})
    return text.getvalue()


_BODY = Template("""\
<main>
<h1>$title</h1>
<p class="soft">$n pictures were looked at. A suspect is a question, not a verdict. All of them stand in $table.</p>
$sections
</main>""")


def _page(made: Reviewed, folder: Path, pictures: ImageSet) -> str:
    """The whole page, HTML. Names from the folder are text only."""
    position = {pictures.name_of(p): p for p in range(len(pictures))}
    sections = [_section(kind, made.of(kind), pictures, position) for kind in KINDS if made.of(kind)]
    notes = [f"<p>{in_html(note)}</p>" for note in made.notes]
    title = f"{folder.resolve().name}: what to look at"
    body = _BODY.substitute(
        title=in_html(title),
        n=f"{made.pictures:,}",
        table=TABLE,
        sections="\n".join([*(sections or ["<p>Nothing was found.</p>"]), *notes]),
    )
    css = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return pages.page(title, body, css=css, allowed="img-src data:; style-src 'unsafe-inline'")


def _section(kind: str, found: tuple[Found, ...], pictures: ImageSet, position: dict[str, int]) -> str:
    shown = found[:SHOWN]
    many = f" The first {len(shown)} are shown." if len(shown) < len(found) else ""
    items = "".join(f"<li>{_pictures(one, pictures, position)}{_caption(one)}</li>" for one in shown)
    head = f"<h2>{in_html(kind)} ({len(found):,})</h2><p>{in_html(KINDS[kind])}{many}</p>"
    return f'{head}<ul class="pictures">{items}</ul>'


def _pictures(one: Found, pictures: ImageSet, position: dict[str, int]) -> str:
    images = [
        f'<img src="{report_pictures.inline(pictures.batch([position[name]])[0])}" alt="{in_html(name)}">'
        for name in (one.file, one.other)
        if name in position
    ]
    return f'<div class="two">{"".join(images)}</div>' if len(images) > 1 else "".join(images)


def _caption(one: Found) -> str:
    other = f"<br>{in_html(one.other)}" if "/" in one.other else ""
    score = f"{one.score:.3g}" if not one.note and not np.isnan(one.score) else ""
    return f"{in_html(one.file)}{other}<small>{in_html(one.note or score)}</small>"
