"""Wrong labels: planted on purpose, so that their number is known, and searched for.

Everything here works on labels, integers [N], and probabilities, float [N, K], that a model gave to pictures which it
was not fitted on: arrays, tensors or lists. Of pictures that it was fitted on, a model has learned the wrong labels,
too. Anything that is not defined, such as NaN, logits, or rows that do not have the sum 1, is a ValueError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from . import checks

Kind = Literal["uniform", "confusions"]
By = Literal["self confidence", "margin", "entropy", "least sure"]
# cleanlab's: a probability that misses its threshold by a rounding error has reached it.
_ROUNDING = 1e-6


def plant(
    labels: checks.Numbers,
    share: float,
    kind: Kind = "uniform",
    *,
    classes: int,
    seed: int = 0,
    confusion: checks.Numbers | None = None,
) -> np.ndarray:
    """int64 [N]: `labels` with round(share · N) of them wrong; which ones is where the two differ.

    Args:
        labels: integers [N], 0 to `classes` − 1.
        share: 0–1.
        kind: "uniform": any other class, with equal chance. "confusions": a class that the true one is taken for,
            in proportion to its row of `confusion`; where a row has no errors, any other class.
        confusion: counts [K, K], truth in rows, as `metrics.confusion_matrix` gives them; for "confusions" only.

    Raises:
        ValueError: anything else.

    >>> wrong = plant([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], 0.2, classes=3)
    >>> int((wrong != [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]).sum())
    2
    """
    if not checks.is_whole(classes) or classes < 1:
        raise ValueError(f"plant got classes={classes!r}; it wants their number, a whole one; a wrong label wants 2.")
    labels = checks.labels(labels, "plant", classes=classes).numpy().copy()
    if not checks.is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"plant got share={share!r}; it wants 0 to 1, the share of labels to make wrong.")
    chances = _chances(kind, classes, confusion)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    # The class in whose part of the row's cumulated chances a random number falls. The last edge is 1 but for rounding.
    edges = np.cumsum(chances, axis=1)
    edges /= edges[:, -1:]
    wrong = labels.copy()
    wrong[chosen] = (rng.random(len(chosen))[:, None] >= edges[labels[chosen]]).sum(axis=1)
    return wrong


def plant_where(
    labels: checks.Numbers, share: float, others: checks.Numbers, doubt: checks.Numbers, *, classes: int
) -> np.ndarray:
    """int64 [N]: `labels` of which the round(share · N) with the highest `doubt` have become those of `others`.

    `plant` draws its pictures at random, whatever they show; here errors fall where there is a reason for them.

    Args:
        labels: integers [N], 0 to `classes` − 1.
        share: 0–1.
        others: integers [N], what each label becomes if it is chosen; never the label itself.
        doubt: float [N], finite; of equals the first one is chosen.

    Raises:
        ValueError: anything else.

    >>> plant_where([0, 0, 1, 1], 0.25, [1, 1, 0, 0], [0.1, 0.9, 0.2, 0.3], classes=2).tolist()
    [0, 1, 1, 1]
    """
    if not checks.is_count(classes, 2):
        raise ValueError(f"plant_where got classes={classes!r}; it wants their number, a whole one, of 2 or more.")
    given = checks.labels(labels, "plant_where", classes=classes).numpy().copy()
    others = checks.labels(others, "plant_where", classes=classes, n=len(given)).numpy()
    uncertain = checks.unknown_scores(doubt, "plant_where", "doubt")
    if not checks.is_number(share) or not 0 <= share <= 1:
        raise ValueError(f"plant_where got share={share!r}; it wants 0 to 1, the share of labels to make wrong.")
    if len(uncertain) != len(given):
        raise ValueError(f"plant_where got doubt of shape {uncertain.shape}; it wants one each of {len(given)} labels.")
    if (same := int((others == given).sum())) > 0:
        raise ValueError(f"plant_where got {same} others that are the label itself; it wants another class each.")
    chosen = np.argsort(-uncertain, kind="stable")[: round(share * len(given))]
    given[chosen] = others[chosen]
    return given


def torn(labels: checks.Numbers, probabilities: checks.Numbers) -> tuple[np.ndarray, np.ndarray]:
    """(how torn a model is between the label and the best other class, float64 [N], 0 to −1; that class, int64 [N]).

    0 where both are equally likely: less the distance between the two probabilities. See `plant_where`.

    >>> torn([0, 1], [[.6, .4, 0], [.1, .8, .1]])[0].round(1).tolist()
    [-0.2, -0.7]
    """
    p, labels = _both(probabilities, labels, "torn")
    places, others = np.arange(len(p)), p.copy()
    others[places, labels] = -1
    other = others.argmax(axis=1)
    return -np.abs(p[places, labels] - p[places, other]), other


def _chances(kind: Kind, classes: int, confusion: checks.Numbers | None) -> np.ndarray:
    """float64 [K, K]: how often the class of the row should become that of the column; the diagonal is 0."""
    if not isinstance(kind, str) or kind not in get_args(Kind):
        raise ValueError(f"plant got kind={kind!r}; it wants one of {get_args(Kind)}.")
    if classes < 2:
        raise ValueError(f"plant got classes={classes}; a wrong label wants 2 or more.")
    others = 1 - np.eye(classes)
    if kind == "uniform":
        return others
    errors = (
        checks.array(confusion, "plant", "a confusion matrix").astype(float) if confusion is not None else np.empty(0)
    )
    if errors.shape != (classes, classes) or not np.isfinite(errors).all() or (errors < 0).any():
        raise ValueError(
            f"plant got a confusion matrix of shape {errors.shape}{_faulty(errors)} for {classes} classes; "
            f"kind='confusions' wants counts ≥ 0 of shape {(classes, classes)}, such as metrics.confusion_matrix gives."
        )
    errors = errors * others
    return np.where(errors.sum(axis=1, keepdims=True) > 0, errors, others)


@dataclass(frozen=True, eq=False)
class Confident:
    """What confident learning found.

    Attributes:
        thresholds: float64 [K]: mean probability of a class among the pictures that bear its label.
        joint: int64 [K, K]: pictures that bear the label of the row and are confidently of the class of the column.
        suspects: int64 [S]: positions off its diagonal, the least self-confident first.
    """

    thresholds: np.ndarray
    joint: np.ndarray
    suspects: np.ndarray


def confident_learning(labels: checks.Numbers, probabilities: checks.Numbers) -> Confident:
    """Which labels are probably wrong? Northcutt, Jiang, Chuang: Confident Learning, JAIR 2021, eq. 1 and 2.

    A picture is confidently of class k where its probability of k reaches t_k, the mean probability of k among the
    pictures that bear k; of several such classes the likeliest one counts. It is a suspect where that class is not its
    label. Suspects and joint are those of cleanlab (`find_label_issues(filter_by="confident_learning")`; the joint not
    calibrated), also in what the paper leaves open: a diagonal of the joint of at least 1, and no suspect whose label
    is the likeliest class.

    Args:
        labels: integers [N], as given, right or wrong.
        probabilities: float [N, K], rows 0–1 with the sum 1, of a model that was not fitted on these pictures.

    >>> sure = [[.9, .1], [.8, .2], [.1, .9], [.2, .8], [.05, .95]]
    >>> confident_learning([0, 0, 1, 1, 0], sure).suspects
    array([4])
    """
    p, labels = _both(probabilities, labels, "confident_learning")
    classes = p.shape[1]
    thresholds = _thresholds(labels, p)
    reached = p >= thresholds - _ROUNDING
    sure = reached.any(axis=1)
    seen_as = np.where(reached, p, -1).argmax(axis=1)
    joint = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(joint, (labels[sure], seen_as[sure]), 1)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    own = p[np.arange(len(p)), labels]
    suspects = np.flatnonzero(sure & (seen_as != labels) & (own < p.max(axis=1)))
    return Confident(thresholds, joint, suspects[np.argsort(own[suspects], kind="stable")])


def _thresholds(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Mean probability of each class among its own; one that no picture bears can be reached by none."""
    counts = np.bincount(labels, minlength=p.shape[1])
    own = np.bincount(labels, weights=p[np.arange(len(p)), labels], minlength=p.shape[1])
    return np.where(counts > 0, np.maximum(own / np.maximum(counts, 1), 2 * _ROUNDING), np.inf)


def ranked(labels: checks.Numbers, probabilities: checks.Numbers, by: By = "self confidence") -> np.ndarray:
    """int64 [N]: all positions, the most suspicious first.

    Args:
        labels: integers [N], as given.
        probabilities: float [N, K], rows 0–1 with the sum 1, of a model that was not fitted on these pictures.
        by: "self confidence": lowest probability of the label, which is the order of the highest loss. "margin":
            probability of the label less that of the best other class. "least sure": lowest maximum probability, and
            "entropy": highest entropy; these two do not look at the label.

    >>> ranked([0, 0, 1], [[.9, .1], [.2, .8], [.4, .6]])
    array([1, 2, 0])
    >>> ranked([0, 0, 1], [[.9, .1], [.2, .8], [.4, .6]], by="least sure")
    array([2, 1, 0])
    """
    p, labels = _both(probabilities, labels, "ranked")
    if not isinstance(by, str) or by not in get_args(By):
        raise ValueError(f"ranked got by={by!r}; it wants one of {get_args(By)}.")
    places = np.arange(len(p))
    own, others = p[places, labels], p.copy()
    others[places, labels] = -1
    quality = {
        "self confidence": own,
        "margin": own - others.max(axis=1),
        "least sure": p.max(axis=1),
        "entropy": (p * np.log(np.maximum(p, 1e-300))).sum(axis=1),
    }[by]
    return np.argsort(quality, kind="stable")


def _both(probabilities: checks.Numbers, labels: checks.Numbers, who: str) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities float64 [N, K], labels int64 [N])."""
    p = checks.probabilities(probabilities, who, least=2)
    return p.double().numpy(), checks.labels(labels, who, classes=p.shape[1], n=len(p)).numpy()


def _faulty(errors: np.ndarray) -> str:
    bad = int((~(np.isfinite(errors) & (errors >= 0))).sum())
    return f", {bad} of them NaN, infinite or below 0," if bad else ""
