"""The trained classifier as one network: pictures in; probabilities, how unknown, and whether it answers at all, out.

The test, `course predict` and an exported network all ask this one, so that a line drawn here holds there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, one_hot

from ..models import Classifier, pool
from ..openset.by_features import length_one

Score = Callable[[Tensor, Tensor, Tensor, int], Tensor]
"""(features [B, D], logits [B, K], bank [M, D], k) → how unknown, [B]; higher = more unknown."""


def max_softmax(features: Tensor, logits: Tensor, bank: Tensor, k: int) -> Tensor:
    """`openset.max_softmax`, 1 − maximum probability, summed over the other classes: in float32 1 − p would be 0."""
    shares = (logits - logits.amax(dim=1, keepdim=True)).exp()
    others = (shares * (1 - one_hot(logits.argmax(dim=1), logits.shape[1]))).sum(dim=1)
    return others / (1 + others)


def max_logit(features: Tensor, logits: Tensor, bank: Tensor, k: int) -> Tensor:
    """`openset.max_logit`: −maximum logit."""
    return -logits.amax(dim=1)


def energy(features: Tensor, logits: Tensor, bank: Tensor, k: int) -> Tensor:
    """`openset.energy`: −log Σ exp(logits)."""
    return -logits.logsumexp(dim=1)


def k_nearest(features: Tensor, logits: Tensor, bank: Tensor, k: int) -> Tensor:
    """`openset.KNN`: distance to the `k`-th nearest of `bank`, features scaled to length 1: 0–2.

    The products find the nearest only: √(2 − 2·likeness) would make 5e-4 of a rounding error of 1e-7.
    """
    rows = length_one(features.float())
    nearest = (rows @ bank.T).topk(k, dim=1).indices[:, -1]
    return (rows - bank[nearest]).norm(dim=1)


SCORES: dict[str, Score] = {
    "max softmax": max_softmax,
    "max logit": max_logit,
    "energy": energy,
    "k nearest": k_nearest,
}


def _no_bank(classifier: Classifier) -> Tensor:
    return torch.zeros(0, classifier.backbone.width * (2 if classifier.pooling == "mean+max" else 1))


class Answerer(nn.Module):
    """uint8 [B, 3, stored, stored] → (probabilities float32 [B, K], unknown score float32 [B], accepted bool [B]).

    Args:
        classifier: its preprocessing, the resize, temperature, score and line are part of the answer.
        stored: pixels a side of the pictures that come in.
        size: that the network looks at; pictures are enlarged to it, bilinear.
        temperature: of the probabilities; the score is of the logits as they are.
        score_name: one of `SCORES`.
        threshold: accepted is score ≤ threshold; None accepts all.
        bank: float32 [M, D] of length 1, of "k nearest"; empty for the others.
        k: of "k nearest".

    Raises:
        ValueError: an unknown score, or a bank of fewer than `k` rows.

    Attributes are the arguments; `threshold` is inf where it was None.
    """

    bank: Tensor

    def __init__(
        self,
        classifier: Classifier,
        *,
        stored: int,
        size: int,
        temperature: float = 1.0,
        score_name: str = "max softmax",
        threshold: float | None = None,
        bank: Tensor | None = None,
        k: int = 1,
    ):
        super().__init__()
        if score_name not in SCORES:
            raise ValueError(f"Answerer got score_name={score_name!r}; it wants one of {', '.join(SCORES)}.")
        self.classifier, self.stored, self.size = classifier, stored, size
        self.temperature, self.score_name, self.k = temperature, score_name, k
        self.threshold = float("inf") if threshold is None else threshold
        self.register_buffer("bank", _no_bank(classifier) if bank is None else bank)
        if score_name == "k nearest" and len(self.bank) < k:
            raise ValueError(f"Answerer got a bank of {len(self.bank)} features and k={k}; it wants {k} or more.")
        self.eval()

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class; `stored` is the pictures' side."""
        features = self.features(pictures)
        logits = self.classifier.head(features)
        score = SCORES[self.score_name](features, logits, self.bank, self.k)
        return (logits / self.temperature).softmax(dim=1), score, score <= self.threshold

    def features(self, pictures: Tensor) -> Tensor:
        """float32 [B, D], what the last layer gets, of uint8 [B, 3, stored, stored]."""
        x = self.classifier.preprocessing(pictures)
        if self.size != self.stored:
            x = interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return pool(self.classifier.backbone(x), self.classifier.pooling)
