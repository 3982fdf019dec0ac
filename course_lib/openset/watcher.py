"""A classifier that watches a video and may say "none of these", and how well it does, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .losses import NONE


@dataclass(frozen=True)
class Watcher:
    """Answers for features: one of the known classes, or `NONE` where the unknown score lies above the line.

    Attributes:
        head: features [N, D] → logits [N, K], or [N, K + 1] where the last one is that of a class "none of these".
        classes: K, how many are known.
        score: features [N, D] → unknown score [N], higher = more unknown; None never rejects by a score.
        line: a picture whose score lies above is answered `NONE`; `without_unknowns` draws one.

    >>> Watcher(torch.nn.Identity(), classes=2).look(torch.eye(3)).tolist()
    [0, 1, -1]
    """

    head: Callable[[Tensor], Tensor]
    classes: int
    score: Callable[[Tensor], Tensor] | None = None
    line: float = 0.0

    def __call__(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(answers, int64 [N]: 0 to K − 1 or `NONE`; unknown scores, float64 [N]) for features, float [N, D].

        Without a score it is minus the highest logit of a known class.
        """
        logits = self.head(features)
        answers = logits.argmax(dim=1)
        answers = torch.where(answers >= self.classes, NONE, answers)
        if self.score is None:
            return answers, -logits[:, : self.classes].amax(dim=1).double()
        scores = self.score(features)
        return torch.where(scores > self.line, NONE, answers), scores

    def look(self, features: Tensor) -> Tensor:
        """int64 [T]: what it answers to each of T frames at one look; features float [T, D], or maps [T, D, h, w]."""
        return self(features if features.ndim == 2 else features.mean(dim=(2, 3)))[0]

    def slide(self, maps: Tensor, *, window: int) -> Tensor:
        """int64 [T]: the same classifier at all places of each frame; of its answers the one that is least unknown.

        The mean over a window of the map is what a network that pools by the mean would have made of that part of a
        larger frame, but for what it sees beyond the part's edge. Sermanet et al.: OverFeat, ICLR 2014, section 3.2.

        Args:
            maps: float [T, D, h, w], of frames larger than the pictures that the classifier learned from.
            window: cells in a row, of the map of one of those pictures; at most h and w.

        Raises:
            ValueError: a window that is larger than the map.
        """
        if maps.ndim != 4 or not 1 <= window <= min(maps.shape[2:]):
            raise ValueError(
                f"slide got maps {tuple(maps.shape)} and window={window}; it wants [T, D, h, w] with h and w of at "
                "least the window. Enlarge the frames."
            )
        windows = F.avg_pool2d(maps, window, stride=1)
        frames, _, h, w = windows.shape
        answers, scores = self(windows.permute(0, 2, 3, 1).flatten(0, 2))
        scores = scores.masked_fill(answers == NONE, torch.inf).view(frames, h * w)
        return answers.view(frames, h * w).gather(1, scores.argmin(dim=1, keepdim=True))[:, 0]


@dataclass(frozen=True)
class FrameReport:
    """How well the frames of a clip were answered.

    Attributes:
        precision: of the frames that were answered with a class, the share that is right; 0 without answers.
        recall: of the frames that show a known class, the share that is answered with it; 0 where none does.
        f1: their harmonic mean.
        false_alarms_a_minute: rows of frames with one answer that none of them shows.
    """

    precision: float
    recall: float
    f1: float
    false_alarms_a_minute: float


def frame_report(answers: Tensor, labels: Tensor, *, fps: float) -> FrameReport:
    """`FrameReport` of answers and labels, both int64 [T], `NONE` or the class; what shows an unknown thing is `NONE`.

    Args:
        fps: frames a second, above 0.

    Raises:
        ValueError: not one answer a frame, no frames, or a rate that is none.

    >>> frame_report(torch.tensor([-1, 3, 3, 5]), torch.tensor([3, 3, -1, -1]), fps=1)
    FrameReport(precision=0.3333333333333333, recall=0.5, f1=0.4, false_alarms_a_minute=15.0)
    """
    if answers.ndim != 1 or answers.shape != labels.shape or not len(labels) or not fps > 0:
        raise ValueError(
            f"frame_report got answers {tuple(answers.shape)}, labels {tuple(labels.shape)} and fps={fps}; it wants "
            "one of each a frame, and frames a second above 0."
        )
    right = ((answers == labels) & (answers != NONE)).sum().item()
    precision = right / max((answers != NONE).sum().item(), 1)
    recall = right / max((labels != NONE).sum().item(), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return FrameReport(precision, recall, f1, _false_alarms(answers, labels) / (len(labels) / fps / 60))


def _false_alarms(answers: Tensor, labels: Tensor) -> int:
    """Rows of frames with one and the same answer that none of them shows."""
    row = torch.cat([torch.tensor([True]), answers[1:] != answers[:-1]]).cumsum(dim=0)
    rows = [row == k for k in row.unique()]
    return sum(bool(answers[same][0] != NONE) and not bool((answers[same] == labels[same]).any()) for same in rows)
