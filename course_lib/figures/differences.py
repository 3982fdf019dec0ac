"""What a trial found: every run of both variants, and their differences seed by seed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..study import Outcome
from .static import BLACK, BLUE, ORANGE, Drawing, drawing
from .words import balanced, literal, with_unit

_NAME = 26  # letters of a variant's name on one line


def paired_dots(outcome: Outcome) -> Drawing:
    """A trial's outcome. Left: every run, a line joins those of a seed. Right: the differences A − B, and the verdict.

    The shaded band holds the differences that do not matter; the bar is the interval of the mean.
    """
    scale = 100 if outcome.trial.measure.unit == "%" else 1
    title = balanced(literal(f"“{outcome.trial.claim}”"), 95)
    with drawing(9, 3.2 + 0.2 * (1 + title.count("\n")), ncols=2) as (f, (runs, differences)):
        for own, other in outcome.values:
            runs.plot([scale * own, scale * other], [1, 0], "o-", color=BLUE, lw=0.6, alpha=0.7)
        names = [f"{letter}: {variant.name}" for letter, variant in zip("AB", outcome.trial.variants, strict=True)]
        runs.set_yticks([1, 0], [balanced(literal(name), _NAME) for name in names], fontsize=9)
        runs.set(ylim=(-0.4, 1.4))
        runs.set_xlabel(balanced(with_unit(outcome.trial.metric, outcome.trial.measure.unit), 36), fontsize=9)
        runs.set_title(f"{outcome.base}{', a small rerun' if outcome.small else ''}", fontsize=9)
        _difference(differences, outcome, scale)
        f.suptitle(title, fontsize=11)
        f.supxlabel(_note(outcome), fontsize=8, color="0.35")
    alt = f"{outcome.finding}. {'; '.join(names)}. {_told(outcome)}; {outcome.base}; on {outcome.hardware}."
    return Drawing(f, f"{outcome.trial.claim} Every run of both variants, and their differences seed by seed.", alt)


def _difference(ax: Axes, outcome: Outcome, scale: float) -> None:
    """A − B as it was measured: of a time, what is slower lies right."""
    verdict, matters = outcome.verdict, scale * outcome.trial.smallest_effect
    sign = -scale if outcome.trial.measure.lower_is_better else scale  # the verdict counts better as above zero
    unit = "points" if outcome.trial.measure.unit == "%" else outcome.trial.measure.unit
    ax.axvspan(-matters, matters, color="0.85")
    ax.axvline(0, color=BLACK, lw=1, ls="--")
    ax.plot(sign * outcome.differences, np.zeros(verdict.n), "o", color=BLUE, alpha=0.7)
    if verdict.n:
        ax.plot(sign * verdict.effect, 0.4, "D", color=ORANGE, mec=BLACK)
    if np.isfinite([verdict.low, verdict.high]).all():
        ax.plot([sign * verdict.low, sign * verdict.high], [0.4, 0.4], color=ORANGE, lw=4, alpha=0.6)
    ax.set_yticks([0.4, 0], ["mean,\ninterval", "seeds"], fontsize=9)
    ax.set(ylim=(-0.4, 0.8))
    ax.set_xlabel(f"A − B ({unit}); {_sides(outcome)}", fontsize=9)
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.set_title(verdict.word, fontsize=10)


def _sides(outcome: Outcome) -> str:
    """On which side of zero A does better, in the metric's own words."""
    measure = outcome.trial.measure
    return f"left: A is {measure.words[0]}" if measure.lower_is_better else "right: A is better"


def _note(outcome: Outcome) -> str:
    smallest = outcome.trial.measure.show_size(outcome.trial.smallest_effect)
    note = f"shaded: a difference of up to {smallest} does not matter"
    return f"{note}\n{_beyond(outcome)}" if _beyond(outcome) else note


def _beyond(outcome: Outcome) -> str:
    """Why the interval of the mean is longer than the row of dots, where it is."""
    verdict, d = outcome.verdict, outcome.differences
    if not verdict.n or not np.isfinite([verdict.low, verdict.high]).all():
        return ""
    if d.min() <= verdict.low and verdict.high <= d.max():
        return ""
    return f"the interval reaches beyond the dots: {verdict.n} seeds tell the mean no more closely than that"


def _told(outcome: Outcome) -> str:
    measure = outcome.trial.measure
    name = f"A against B: {outcome.effect}" if measure.lower_is_better else f"A − B: {outcome.effect}"
    return f"{name}; {_beyond(outcome)}" if _beyond(outcome) else name
