"""Scores of the unknown and their metrics: seconds, beside pytorch-ood and scikit-learn in the same run.

Ours and the peer take turns, so that both meet the same machine; of each the quickest round counts. Ours check what
they get, features too where a score needs only logits; the peers do not. So the scores stand here twice: as detectors
with `fit` and all checks, and the five of logits alone also as the functions that they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytorch_ood.detector as peer
import torch
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from torch import Tensor

from course_lib import openset

N, D, K = 10_000, 1280, 10
DIRECTIONS = 512  # of ViM
SCORES = 100_000
ROUNDS, ENOUGH = 7, 6.0  # at most so many rounds, and none is begun after so many seconds

Action = Callable[[], object]


def in_turns(*actions: Action) -> list[float]:
    """Seconds of the quickest round of each."""
    best, begun = [float("inf")] * len(actions), time.perf_counter()
    for _ in range(ROUNDS):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            action()
            best[i] = min(best[i], time.perf_counter() - start)
        if time.perf_counter() - begun > ENOUGH:
            break
    return best


def pictures() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(features to fit on, their labels, features to score, weight, bias): correlated features, not below 0."""
    draw = torch.Generator().manual_seed(0)
    centres, mix = torch.rand(K, D, generator=draw), torch.randn(D, D, generator=draw) / D**0.5
    weight, bias = 0.2 * centres, -0.1 * centres.square().sum(dim=1)  # the nearest centre has the largest logit
    labels = torch.arange(N) % K

    def around(means: Tensor) -> Tensor:
        return (means + torch.randn(len(means), D, generator=draw) @ mix).relu()

    unknown = torch.rand(N, D, generator=draw)
    return around(centres[labels]), labels, torch.cat([around(centres[labels]), around(unknown)]), weight, bias


def scores_of_logits(z: Tensor) -> dict[str, tuple[Action, Action]]:
    """Name: (ours, pytorch-ood's), no features and no fit."""
    return {
        "max_softmax": (lambda: openset.max_softmax(z), lambda: peer.MaxSoftmax.score(z)),
        "max_logit": (lambda: openset.max_logit(z), lambda: peer.MaxLogit.score(z)),
        "entropy": (lambda: openset.entropy(z), lambda: peer.Entropy.score(z)),
        "energy": (lambda: openset.energy(z), lambda: peer.EnergyBased.score(z)),
        "gen": (lambda: openset.gen(z), lambda: peer.GEN.score(z)),
    }


def detectors() -> tuple[dict[str, tuple[Action, Action]], Tensor]:
    """(name: (ours, pytorch-ood's), each fit and score; the logits to score)."""
    known, labels, new, weight, bias = pictures()
    known_logits, logits = known @ weight.T + bias, new @ weight.T + bias
    some = torch.randperm(N, generator=torch.Generator().manual_seed(0))[:2000]  # as many as ours keeps

    def ours(detector: openset.Detector) -> Action:
        return lambda: detector.fit(known, known_logits, labels).score(new, logits)

    def by_logits(detector) -> Action:
        return lambda: detector.predict_logits(logits)

    def by_features(detector, kept: Tensor | slice = slice(None)) -> Action:
        return lambda: detector.fit_features(known[kept], labels[kept]).predict_features(new)

    openmax, react = peer.OpenMax(None, tailsize=20), peer.ReAct(None, lambda x: x @ weight.T + bias)
    head, plus_plus, unit = (
        torch.nn.Linear(D, K).requires_grad_(False),
        peer.Mahalanobis(None),
        torch.nn.functional.normalize,
    )
    head.weight.data, head.bias.data = weight, bias
    ash, scale = (
        shaping(backbone=None, head=lambda x: head(x.flatten(1)), percentile=percentile)
        for shaping, percentile in ((peer.ASH, 0.9), (peer.SCALE, 0.85))
    )
    theirs = {
        "max softmax": by_logits(peer.MaxSoftmax(None)),
        "max logit": by_logits(peer.MaxLogit(None)),
        "entropy": by_logits(peer.Entropy(None)),
        "energy": by_logits(peer.EnergyBased(None)),
        "GEN": by_logits(peer.GEN(None)),
        "OpenMax": lambda: openmax.fit_logits(known_logits, labels).predict_logits(logits),
        "Mahalanobis": by_features(peer.Mahalanobis(None)),
        "relative Mahalanobis": by_features(peer.RMD(None)),
        "k nearest": by_features(peer.KNN(None, k=10), some),
        "ViM": by_features(peer.ViM(None, DIRECTIONS, weight, bias)),
        "ReAct": lambda: react.fit_feature_maps(known, labels).predict_feature_maps(new),
        "Mahalanobis++": lambda: plus_plus.fit_features(unit(known), labels).predict_features(unit(new)),
        "fDBD": by_features(peer.fDBD(None, head)),
        "NCI": by_features(peer.NCI(None, head, alpha=0.001)),
        "NNGuide": by_features(peer.NNGuide(None, head, k=10), some),
        "SHE": by_features(peer.SHE(None, head)),
        "ASH-S": lambda: ash.predict_feature_maps(new[:, :, None, None]),
        "SCALE": lambda: scale.predict_feature_maps(new[:, :, None, None]),
    }
    return {name: (ours(one), theirs[name]) for name, one in openset.every(weight, bias).items()}, logits


def metrics() -> dict[str, tuple[Action, Action | None]]:
    """Name: (ours, scikit-learn's) on half known, half unknown."""
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(size=SCORES // 2), rng.normal(1, size=SCORES // 2)
    correct = rng.random(SCORES // 2) < 0.9
    truth, scores = np.repeat([0, 1], SCORES // 2), np.concatenate([known, unknown])

    def fpr() -> float:
        x, y, _ = roc_curve(truth, scores)
        return x[np.argmax(y >= 0.95)]

    return {
        "AUROC": (lambda: openset.auroc(known, unknown), lambda: roc_auc_score(truth, scores)),
        "AUPR": (lambda: openset.aupr(known, unknown), lambda: average_precision_score(truth, scores)),
        "FPR@95": (lambda: openset.fpr_at_tpr(known, unknown), fpr),
        "OSCR": (lambda: openset.oscr(known, correct, unknown), None),
    }


def report(rows: dict[str, tuple[Action, Action | None]], promise: str, library: str) -> None:
    for name, (ours, theirs) in rows.items():
        mine, *other = in_turns(ours, *([theirs] if theirs else []))
        beside = f"{library}: {words(other[0])}   {mine / other[0]:6.2f} of it" if other else f"{library}: has none"
        print(f"  {name:22}{words(mine):>12}   promised {promise:10} {beside}", flush=True)


def words(seconds: float) -> str:
    return f"{1000 * seconds:9.1f} ms"


def main() -> None:
    rows, logits = detectors()
    print(f"open set: fit on {N:,} known and score {N:,} known + {N:,} unknown, {D:,} features, {K} classes")
    report(rows, "≤ 2 s", "pytorch-ood")
    print(f"the scores of logits alone, as functions, of {2 * N:,} pictures")
    report(scores_of_logits(logits), "≤ peer", "pytorch-ood")
    print(f"metrics of {SCORES:,} scores")
    report(metrics(), "≤ 0.2 s", "scikit-learn")


if __name__ == "__main__":
    main()
