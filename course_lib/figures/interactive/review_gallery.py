"""Pictures to review one by one: keep the label, give another, say that both are right, or skip.

Every click is on disk before the next.
"""

from __future__ import annotations

import base64
import csv
import html
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor

from ...data import ImageSet, places
from ..pictures import gallery
from ..static import Drawing

if TYPE_CHECKING:
    import ipywidgets

DECISIONS = ("keep", "relabel", "both", "skip")
HEADER = ("row", "old label", "new label", "decision", "when")
NAMING = ("relabel", "both")  # decisions that name a second class
MOST = 200
A_PAGE, COLUMNS, SIDE = 10, 5, 112
_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Decision:
    """A line of the file. `row` counts in the whole set, so that it means the same in each of its parts.

    `new` is the class that was chosen, for "relabel" and "both" (right beside the old one); else the old one.
    """

    row: int
    old: str
    new: str
    decision: str
    when: str


def review_gallery(
    pictures: ImageSet, rows: Sequence[int], suggestions: Sequence[int | str], file: str | Path
) -> ReviewGallery:
    """Show some pictures with a suggested label each, and keep what is decided of them in a CSV file.

    With a kernel every picture has the buttons keep, relabel, both (are right) and skip, and a list of the classes.
    Without one it is a picture. In a script, `decide` does what the buttons do.

    Args:
        pictures: labelled; their labels are never changed.
        rows: positions in `pictures` of 1 to 200 of them, the first to look at first; none twice.
        suggestions: a class for each of them, by name or by number.
        file: a CSV with a header and one line a picture: row (in the whole set), old label, new label, decision, when
            (UTC). Written anew at each click, whole or not at all. If it is there, its decisions are taken up.

    Raises:
        ValueError: anything else, or a file that is no review of these pictures.
    """
    rows = [int(row) for row in rows]
    if not 1 <= len(rows) <= MOST or len(set(rows)) < len(rows) or not 0 <= min(rows) <= max(rows) < len(pictures):
        raise ValueError(
            f"review_gallery got {len(rows)} rows; it wants 1 to {MOST} different positions from 0 to "
            f"{len(pictures) - 1}."
        )
    if len(suggestions) != len(rows):
        raise ValueError(f"review_gallery got {len(rows)} rows and {len(suggestions)} suggestions; it wants one each.")
    return ReviewGallery(pictures, rows, [_named(one, pictures.classes) for one in suggestions], Path(file))


class ReviewGallery:
    """Made by `review_gallery`.

    Attributes:
        decisions: row in the whole set → `Decision`, as they stand in the file; also of pictures not shown here.
    """

    def __init__(self, pictures: ImageSet, rows: list[int], suggestions: list[str], file: Path):
        self.pictures, self.file, self._page = pictures, file, 0
        self._positions = {int(pictures.rows[position]): position for position in rows}
        self._suggested = dict(zip(self._positions, suggestions, strict=True))
        self._form = None
        self.decisions = _read(file, self._olds(), pictures.classes)

    def decide(self, row: int, decision: str, new: str | None = None) -> None:
        """Note a decision on the picture `row` (in the whole set) and write the file.

        Args:
            decision: "keep", "relabel", "both" (the label and `new` are right) or "skip".
            new: the class to relabel it to, or that is right as well; None takes the suggestion.
        """
        if row not in self._positions or decision not in DECISIONS:
            raise ValueError(
                f"decide got row={row}, decision={decision!r}; it wants one of the rows shown, such as "
                f"{next(iter(self._positions))}, and one of {DECISIONS}."
            )
        old = self._olds()[row]
        chosen = _named(new or self._suggested[row], self.pictures.classes) if decision in NAMING else old
        now = datetime.now(UTC).isoformat(timespec="seconds")
        found = self.decisions | {row: Decision(row, old, chosen, decision, now)}
        _write(self.file, found)
        self.decisions = found

    def labels(self) -> Tensor:
        """int64 [N]: the labels of `pictures` with what was relabelled so far, in this file; "both" changes none."""
        labels, classes = self.pictures.labels.clone(), self.pictures.classes
        for row, position in self._positions.items():
            if row in self.decisions and self.decisions[row].decision == "relabel":
                labels[position] = classes.index(self.decisions[row].new)
        return labels

    def title(self) -> str:
        """How far the review is."""
        counts = {name: sum(one.decision == name for one in self._made()) for name in DECISIONS}
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        return f"{sum(counts.values())} of {len(self._positions)} reviewed: {told}"

    def summary(self) -> str:
        """The cell's text/plain; the learner's own decisions are not in it, so that tests can compare it."""
        return (
            f"{len(self._positions)} pictures to review: keep the label, relabel, both are right, or skip; kept in "
            f"{self.file.name}."
        )

    def describe(self) -> str:
        """Alt text: every picture's label, what is suggested, and what was decided."""
        return f"{self.title()}. {'; '.join(' '.join(self._caption(row).split()) for row in self._positions)}"

    def still(self) -> Drawing:
        """The present state as a drawing, seven pictures a row: of more the captions are too small to read."""
        images = self.pictures.batch(torch.tensor(list(self._positions.values())))
        captions = [self._caption(row) for row in self._positions]
        source = "" if self.pictures.source == "real" else f" ({self.pictures.source})"
        return gallery(images, captions, columns=7, title=f"{self.title()}{source}")

    def png(self) -> bytes:
        """`still` as a PNG file."""
        return self.still().png(dpi=80)

    def __repr__(self) -> str:
        return f"Figure: {self.summary()}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict, dict]:
        data: dict[str, Any] = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": repr(self)}
        try:
            import ipywidgets  # noqa: F401
        except ImportError:
            return data, {"image/png": {"alt": self.describe()}}
        data[_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.form().model_id}
        return data, {"image/png": {"alt": self.describe()}}

    def form(self) -> ipywidgets.VBox:
        """The ipywidgets box with the buttons; one for all views of this gallery, so that they agree."""
        if self._form is None:
            import ipywidgets

            self._title, self._cards = ipywidgets.Label(), ipywidgets.VBox()
            back, on = (ipywidgets.Button(description=text) for text in ("Back", "Next"))
            back.on_click(lambda _: self._turn(-1))
            on.on_click(lambda _: self._turn(+1))
            self._form = ipywidgets.VBox([self._title, self._cards, ipywidgets.HBox([back, on])])
            self._turn(0)
        return self._form

    def _turn(self, by: int) -> None:
        import ipywidgets

        last = (len(self._positions) - 1) // A_PAGE
        self._page = min(max(self._page + by, 0), last)
        shown = list(self._positions)[self._page * A_PAGE : (self._page + 1) * A_PAGE]
        for old in self._cards.children:
            _close(old)
        cards = [self._card(row) for row in shown]
        lines = [cards[k : k + COLUMNS] for k in range(0, len(cards), COLUMNS)]
        self._cards.children = [ipywidgets.HBox(line) for line in lines]
        self._show_title()

    def _show_title(self) -> None:
        last = (len(self._positions) - 1) // A_PAGE
        self._title.value = f"{self.title()} (page {self._page + 1} of {last + 1})"

    def _card(self, row: int) -> ipywidgets.VBox:
        import ipywidgets

        old, classes = self._olds()[row], list(self.pictures.classes)
        made = self.decisions.get(row)
        chosen = made.new if made and made.decision in NAMING else self._suggested[row]
        picture = ipywidgets.Image(value=self._small(row), format="png", width=SIDE, height=SIDE)
        told = ipywidgets.HTML(f"<b>{html.escape(old)}</b>")
        # (label, value): with plain strings ipywidgets 7 and 8 differ in what they take for a default.
        choice = ipywidgets.Dropdown(
            options=[(name, name) for name in classes], value=chosen, layout=ipywidgets.Layout(width="150px")
        )
        state = ipywidgets.Label(_state(made))
        buttons = []
        for name in DECISIONS:
            button = ipywidgets.Button(description=name, layout=ipywidgets.Layout(width="48px", padding="0"))
            button.tooltip = f"{name} no. {row}"
            button.on_click(self._clicked(row, name, choice, state))
            buttons.append(button)
        return ipywidgets.VBox(
            [picture, told, choice, ipywidgets.HBox(buttons, layout=ipywidgets.Layout(flex_flow="row wrap")), state],
            layout=ipywidgets.Layout(width="168px"),
        )

    def _clicked(
        self, row: int, decision: str, choice: ipywidgets.Dropdown, state: ipywidgets.Label
    ) -> Callable[[ipywidgets.Button], None]:
        def click(_button: ipywidgets.Button) -> None:
            try:
                self.decide(row, decision, choice.value)
            except OSError as error:  # a full disk is told where the learner looks, and nothing counts as decided
                state.value = f"not saved: {error.strerror or error}"
                return
            state.value = _state(self.decisions[row])
            self._show_title()

        return click

    def _small(self, row: int) -> bytes:
        image = Image.fromarray(self.pictures.batch(torch.tensor([self._positions[row]]))[0].permute(1, 2, 0).numpy())
        out = io.BytesIO()
        image.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(out, "PNG")
        return out.getvalue()

    def _olds(self) -> dict[int, str]:
        """Row → its label as given."""
        return {row: self.pictures.classes[self.pictures.labels[place]] for row, place in self._positions.items()}

    def _made(self) -> list[Decision]:
        return [self.decisions[row] for row in self._positions if row in self.decisions]

    def _caption(self, row: int) -> str:
        asked = f"{self._olds()[row]}\n→ {self._suggested[row]}?"
        return f"{asked} {self.decisions[row].decision}" if row in self.decisions else asked


def _state(made: Decision | None) -> str:
    if made is None:
        return ""
    return {"keep": "kept", "skip": "skipped", "relabel": f"relabelled: {made.new}", "both": f"both: {made.new}"}[
        made.decision
    ]


def _close(widget: ipywidgets.Widget) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _named(suggested: int | str, classes: Sequence[str]) -> str:
    if isinstance(suggested, str) and suggested in classes:
        return suggested
    if not isinstance(suggested, str) and 0 <= int(suggested) < len(classes):
        return classes[int(suggested)]
    raise ValueError(
        f"review_gallery got the class {suggested!r}; it wants one of {', '.join(classes)}, or its number."
    )


def _write(file: Path, decisions: dict[int, Decision]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with places.replacing(file) as part, part.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(HEADER)
        lines.writerows(astuple(one) for one in decisions.values())


def _read(file: Path, olds: dict[int, str], classes: Sequence[str]) -> dict[int, Decision]:
    """Row → decision. A file of other pictures, or of another kind, is refused: a click would overwrite it."""
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as text:
        header, *lines = list(csv.reader(text)) or [[]]
    if tuple(header) != HEADER or any(len(line) != len(HEADER) or not line[0].isdigit() for line in lines):
        raise ValueError(
            f"{file.name} is no review: it begins with {','.join(header)[:60]!r}, and one begins with "
            f"{','.join(HEADER)!r}. Give another file, or move this one away."
        )
    found = {int(line[0]): Decision(int(line[0]), *line[1:]) for line in lines}
    for row, one in found.items():
        if one.decision not in DECISIONS or one.new not in classes or olds.get(row, one.old) != one.old:
            raise ValueError(
                f"{file.name} has no. {row}: {one.old} → {one.new}, {one.decision!r}; here that picture is "
                f"{olds.get(row, 'not shown')}. It is the review of other pictures: give another file."
            )
    return found
