"""Do the labels say anything about the pictures? What holds for no picture but those that were learned is chance."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from . import trials
from .causes import finding
from .patient import Patient
from .trials import Change, Trial
from .verdict import Finding

ENOUGH = 90  # pictures: of fewer a third says nothing
SIGNAL = 2.5  # standard errors above guessing
SMALL, LITTLE = 6, 0.5  # pixels a side; beyond chance


def carries_nothing(p: Patient, trial: Trial, val_score: float = 0.0, change: Change | None = None) -> Finding | None:
    """Neither this network nor a simple judge gets pictures right that it has not seen, however well it learned.

    Called only where the network learns some pictures by heart, as it is or with `change`: nothing else is in its way.
    """
    codes = p.labels.codes
    if codes is None or len(p.x) < ENOUGH or _errors(val_score, 60, p) > SIGNAL or p.left < 3:
        return None
    judge = judged(p.x, codes)
    if _errors(judge, len(p.x), p) > SIGNAL:
        return None
    learned, n = _on_others(p, trial, change)
    if learned is None or _errors(learned, n, p) > SIGNAL:
        return None
    told = (
        f"a copy that learns from two thirds of {len(p.x)} training pictures gets {max(0.0, learned):.0%} beyond "
        f"guessing of the others right, and a judge without a network {max(0.0, judge):.0%}: their labels say nothing "
        "of them. Or the classes cannot be seen in these pictures"
    )
    return finding("labels-out-of-step", told, "possible")


def too_small(p: Patient) -> Finding | None:
    """Pictures of a few pixels, in which this network learned little and a simple judge finds little of the classes."""
    codes = p.labels.codes
    if codes is None or p.x.ndim != 4 or max(p.x.shape[2:]) > SMALL or len(p.x) < ENOUGH:
        return None
    judge = judged(p.x, codes)
    if judge > LITTLE:
        return None
    told = (
        f"pictures are {p.x.shape[2]} × {p.x.shape[3]} pixels, and a judge that sees each of them gets "
        f"{max(0.0, judge):.0%} beyond guessing"
    )
    code = "transforms.Resize((64, 64))  # as many pixels as you need to see the class yourself"
    return finding("classes-erased", told, "possible", mend="show ten of them, large: can you see it?", code=code)


def _errors(score: float, n: int, p: Patient) -> float:
    """`score` in standard errors of what guessing gets of `n` pictures."""
    chance = 1 / max(2, p.labels.count)
    return score * (1 - chance) / (chance * (1 - chance) / n) ** 0.5


def _on_others(p: Patient, trial: Trial, change: Change | None) -> tuple[float | None, int]:
    """(score on pictures that it has not seen, how many); None where it could not learn."""
    count = max(1, 2 * len(p.seen.pairs) // 3)
    n = sum(len(x) for x, _ in p.seen.pairs[:count])
    judge = torch.arange(n, len(p.x))[:256]
    if len(judge) < ENOUGH // 3:
        return None, 0
    scores: list[float] = []  # at the end: the best of several looks is too good where all is chance
    half = replace(trial, pairs=p.seen.pairs[:count], x=p.x[judge], labels=p.labels.part(judge))
    trials.run(p, half, change, finish=lambda p: scores.append(p.score(half.x, half.labels)))
    return (scores[0] if scores else None), len(judge)


def judged(images: Tensor, codes: Tensor) -> float:
    """Balanced accuracy beyond chance, cross-validated, of a support vector machine on pixels, colours and waves."""
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    codes = codes.unique(return_inverse=True)[1]
    if len(codes.unique()) < 2 or int(torch.bincount(codes).min()) < 4:
        return 0.0
    judge = make_pipeline(StandardScaler(), SVC(C=3.0, class_weight="balanced"))
    score = cross_val_score(judge, _described(images).numpy(), codes.numpy(), cv=4, scoring="balanced_accuracy").mean()
    chance = 1 / len(codes.unique())
    return float((score - chance) / (1 - chance))


def _described(images: Tensor) -> Tensor:
    """[N, …]: rough pixels, means and deviations, and how strong each wave is, wherever it lies."""
    x = images.float()
    if x.ndim != 4:
        return x.flatten(1)
    height, width = x.shape[2:]
    coarse = adaptive_avg_pool2d(x, (min(8, height), min(8, width)))
    waves = torch.fft.rfft2(adaptive_avg_pool2d(x.mean(1), (min(32, height), min(32, width)))).abs()
    low = torch.cat([waves[:, :6, :6].flatten(1), waves[:, -5:, :6].flatten(1)], dim=1)
    return torch.cat([coarse.flatten(1), x.mean((2, 3)), x.std((2, 3)), (low + 1e-6).log()], dim=1)
