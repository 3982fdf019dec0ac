"""The experiments and trials of lesson 7: messy data. `course trials list` names them.

On real EuroSAT. The network is frozen, and every model is a linear probe on its features: a second a run. What is
messy is made by us, so that it is known: long tails, wrong labels, pictures of two classes, copies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import product

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import Tensor

from .. import data, features, metrics, models
from ..data import ImageSet, groups, labels
from ..data.mixed import mixed
from ..training import decide, imbalance
from .registry import verdicts
from .trial import Experiment, Trial

LESSON = "07_messy_data"
SEEDS = 10
POINT = 0.01
SMALL = 1_500  # pictures in a rerun that a learner waits for
NETWORK, POOLING = "mobilenet_v2_035", "mean"
C = 0.01

Recipe = Mapping[str, object]


# --- pictures and their features ---


@lru_cache(maxsize=2)
def _pictures(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


def extracted(pictures: ImageSet, *, real: bool = True, cache: bool = False) -> np.ndarray:
    """float32 [N, 1280]: what the frozen network says of `pictures`."""
    backbone = models.backbone(NETWORK, weights="real" if real else "any")
    return features.extract(backbone, pictures, pooling=POOLING, cache=cache, progress=False)


@lru_cache(maxsize=2)
def _all_features(n: int | None) -> np.ndarray:
    return extracted(_pictures(n), real=n is None, cache=n is None)


def _result(value: float, n: int, pictures: ImageSet) -> dict[str, object]:
    return {"value": float(value), "n": n, "source": pictures.source}


# --- imbalance ---

RATIOS = (1.5, 10, 50)
N_TRAIN, N_TEST = 2_000, 2_000
SMALLEST = 3  # a third of ten classes
BETA = 0.999
REMEDIES = (
    "nothing", "oversampled", "undersampled", "both", "class weights", "effective weights", "logits adjusted",
)  # fmt: skip
TAILS = {"1 : 1, nothing": (1, "nothing")} | {
    f"{ratio:g} : 1, {remedy}": (ratio, remedy) for ratio, remedy in product(RATIOS, REMEDIES)
}


@lru_cache(maxsize=256)
def _recalls(variant: str, seed: int, n: int | None) -> tuple[np.ndarray, np.ndarray, int]:
    """(share right of each class, its training pictures, test pictures) with one remedy for one tail."""
    (ratio, remedy), pictures, found = TAILS[variant], _pictures(n), _all_features(n)
    pool, test = pictures.split((1, 1), seed=seed)
    test = test.subset(min(N_TEST, len(test)), seed=seed)
    train = pool.at(imbalance.induce(pool.labels, ratio, n=min(N_TRAIN, len(pool) // 5), seed=seed))
    counts = np.bincount(train.labels.numpy())
    logits = remedied_logits(found[train.rows], train.labels.numpy(), found[test.rows], remedy, seed=seed)
    confusion = metrics.confusion_matrix(logits, test.labels).double()
    return (confusion.diagonal() / confusion.sum(dim=1)).numpy(), counts, len(test)


def remedied_logits(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, remedy: str, *, seed: int) -> Tensor:
    """Logits [M, K] on `test` of a probe that was fitted with one of `REMEDIES`."""
    resampled = {
        "oversampled": imbalance.oversample,
        "undersampled": imbalance.undersample,
        "both": imbalance.resample,
    }
    weights = {
        "class weights": imbalance.class_weights,
        "effective weights": partial(imbalance.effective_weights, beta=BETA),
    }
    rows = resampled[remedy](train_labels, seed=seed) if remedy in resampled else np.arange(len(train))
    weight = weights[remedy](train_labels)[train_labels] if remedy in weights else None
    fitted = features.probe(
        train[rows], train_labels[rows], test[:1], train_labels[:1], C=C, sample_weight=weight
    ).model
    logits = torch.tensor(np.log(fitted.predict_proba(test).clip(1e-12)))
    return imbalance.adjusted(logits, train_labels) if remedy == "logits adjusted" else logits


def run_balanced(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Mean over the classes of the share that is right."""
    recalls, _, counted = _recalls(variant, seed, n)
    return _result(recalls.mean(), counted, _pictures(n))


def run_smallest(variant: str, seed: int, n: int | None = None) -> Recipe:
    """The same over the three classes with the fewest training pictures; at 1 : 1 over the same ones."""
    recalls, _, counted = _recalls(variant, seed, n)
    steepest = _recalls("50 : 1, nothing", seed, n)[1]  # in the tails of a seed the order of the classes is the same
    fewest = np.argsort(steepest, kind="stable")[:SMALLEST]
    return _result(recalls[fewest].mean(), counted * SMALLEST // len(steepest), _pictures(n))


def run_as_met(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy where the test is as skewed as the training: each class weighs its share of the training pictures."""
    recalls, counts, counted = _recalls(variant, seed, n)
    return _result((recalls * counts).sum() / counts.sum(), counted, _pictures(n))


# --- wrong labels ---

RATES = (0.02, 0.05, 0.1, 0.2)
ORDERS = ("random", "least sure", "self confidence", "margin", "confident learning")
N_LABELLED = 3_000
_PLANTED = {f"{rate:.0%} {kind}": (rate, kind) for kind, rate in product(("uniform", "confusions"), RATES)}
FOUND = {f"{planted}, {order}": (planted, order) for planted, order in product(_PLANTED, ORDERS)}
RELABELLED = (
    {"no errors planted": ("", "")}
    | {f"{planted}, not reviewed": (planted, "") for planted in _PLANTED}
    | FOUND
)  # fmt: skip


@lru_cache(maxsize=4)
def _labelled(seed: int, n: int | None) -> tuple[ImageSet, ImageSet]:
    """(pictures whose labels will be spoilt, test pictures)."""
    pictures = _pictures(n)
    size = min(N_LABELLED, len(pictures) // 3)
    train, test, _ = pictures.split((size, size, len(pictures) - 2 * size), seed=seed)
    return train, test


@lru_cache(maxsize=4)
def _confusion(seed: int, n: int | None) -> np.ndarray:
    """What is taken for what, with the labels as they came."""
    train, _ = _labelled(seed, n)
    p = features.cross_validated(_all_features(n)[train.rows], train.labels, C=C, seed=seed)
    return metrics.confusion_matrix(torch.tensor(p), train.labels).numpy()


@lru_cache(maxsize=128)
def _planted(planted: str, seed: int, n: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(labels with errors, cross-validated probabilities of probes that learned from them)."""
    (rate, kind), (train, _) = _PLANTED[planted], _labelled(seed, n)
    confusion = _confusion(seed, n) if kind == "confusions" else None
    wrong = labels.plant(train.labels, rate, kind, classes=len(train.classes), seed=seed, confusion=confusion)
    return wrong, features.cross_validated(_all_features(n)[train.rows], wrong, C=C, seed=seed)


def review_order(given: np.ndarray, p: np.ndarray, order: str, *, seed: int = 0) -> np.ndarray:
    """Positions, the first to review first, by one of `ORDERS`."""
    if order == "random":
        return np.random.default_rng(1_000 + seed).permutation(len(given))
    if order != "confident learning":
        return labels.ranked(given, p, by=order)
    suspects, rest = labels.confident_learning(given, p).suspects, labels.ranked(given, p)
    return np.concatenate([suspects, rest[~np.isin(rest, suspects)]])


def run_found(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Share of the planted errors among as many reviewed pictures as there are errors."""
    (planted, order), (train, _) = FOUND[variant], _labelled(seed, n)
    given, p = _planted(planted, seed, n)
    wrong = given != train.labels.numpy()
    first = review_order(given, p, order, seed=seed)[: wrong.sum()]
    return _result(wrong[first].mean(), int(wrong.sum()), train)


def run_relabelled(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy after a reviewer who never errs has put right what was among those first pictures."""
    (planted, order), (train, test) = RELABELLED[variant], _labelled(seed, n)
    truth = train.labels.numpy()
    given, p = _planted(planted, seed, n) if planted else (truth, None)
    mended = given.copy()
    if order:
        first = review_order(given, p, order, seed=seed)[: (given != truth).sum()]
        mended[first] = truth[first]
    found = _all_features(n)
    return _result(
        features.probe(found[train.rows], mended, found[test.rows], test.labels, C=C).accuracy, len(test), test
    )


# --- several kinds of land ---

N_TILES, N_CHOOSING, N_TILES_TEST = 2_000, 500, 1_000
ANSWERS = (
    "softmax, top one", "softmax, top two", "softmax, above a threshold", "sigmoids, above 0.5",
    "sigmoids, above a threshold",
)  # fmt: skip
LAND = {f"{answer}, learned from {kind}": (answer, kind) for kind, answer in product(("pure", "mixed"), ANSWERS)}


@lru_cache(maxsize=2)
def _tiles(seed: int, n: int | None):
    """kind → (features, sets bool [N, K], label of the larger part) of training, and "choosing" and "test" of mixed."""
    pictures, found = _pictures(n), _all_features(n)
    scale = min(1, len(pictures) / 10_000)
    train, val, test = pictures.split((0.6, 0.1, 0.3), seed=seed)
    pure = train.subset(round(N_TILES * scale), seed=seed)
    one_hot = torch.nn.functional.one_hot(pure.labels, len(pictures.classes)).bool().numpy()
    parts = {"pure": (found[pure.rows], one_hot, pure.labels.numpy())}
    for k, (name, part, size) in enumerate(
        (("mixed", train, N_TILES), ("choosing", val, N_CHOOSING), ("test", test, N_TILES_TEST))
    ):
        tiles, shares = mixed(part, round(size * scale), seed=3 * seed + k)
        parts[name] = extracted(tiles, real=n is None), (shares > 0).numpy(), tiles.labels.numpy()
    return parts


@lru_cache(maxsize=4)
def _scores(head: str, kind: str, seed: int, n: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [N, K] on the tiles for choosing a threshold, and on those of the test."""
    parts = _tiles(seed, n)
    found, sets, larger = parts[kind]
    one = LogisticRegression(C=C, max_iter=100)
    model = make_pipeline(StandardScaler(), one if head == "softmax" else OneVsRestClassifier(one))
    with threadpool_limits(1):
        model.fit(found, larger if head == "softmax" else sets.astype(int))
    return model.predict_proba(parts["choosing"][0]), model.predict_proba(parts["test"][0])


def exact(sets: np.ndarray, truth: np.ndarray) -> float:
    """Share of pictures whose set of classes is found, no class too many, none too few: bool [N, K] each."""
    return float((sets == truth).all(axis=1).mean())


def top_two(scores: np.ndarray) -> np.ndarray:
    """bool [N, K]: the two classes with the highest score."""
    sets = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(sets, np.argsort(-scores, axis=1)[:, :2], True, axis=1)
    return sets


def best_threshold(scores: np.ndarray, truth: np.ndarray) -> float:
    """The threshold, of 0.02 to 0.98, above which most sets are exact."""
    steps = np.arange(0.02, 0.99, 0.02)
    return float(steps[np.argmax([exact(scores >= step, truth) for step in steps])])


def run_land(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Share of mixed tiles (three in ten of one class) whose set of classes is found exactly."""
    (answer, kind), parts = LAND[variant], _tiles(seed, n)
    choosing, scores = _scores(answer.split(",")[0].removesuffix("s"), kind, seed, n)
    if answer.endswith("top one"):
        sets = scores == scores.max(axis=1, keepdims=True)
    elif answer.endswith("top two"):
        sets = top_two(scores)
    elif answer.endswith("0.5"):
        sets = scores >= 0.5
    else:
        sets = scores >= best_threshold(choosing, parts["choosing"][1])
    return _result(exact(sets, parts["test"][1]), len(scores), _pictures(n))


# --- decisions ---

MISSED = 10.0  # what a highway costs that is taken for something else; any other error costs 1
RULES = (
    "likeliest class", "highway if above 0.25", "highway if above a chosen threshold", "least expected cost",
    "least expected cost, calibrated",
)  # fmt: skip
PROBES = {"a smooth probe": C, "an overconfident probe": 10.0}
DECIDED = {f"{probe}: {rule}": (probe, rule) for probe, rule in product(PROBES, RULES)}


def costs(classes: tuple[str, ...]) -> Tensor:
    """float [K, K]: 0 for the right answer, 1 for an error, `MISSED` where a highway (or the first class) is missed."""
    cost = 1 - torch.eye(len(classes))
    cost[_precious(classes)] *= MISSED
    return cost


def _precious(classes: tuple[str, ...]) -> int:
    return classes.index("Highway") if "Highway" in classes else 0


@lru_cache(maxsize=4)
def _log_probabilities(probe: str, seed: int, n: int | None) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """((log-probabilities, labels) of validation, the same of test)."""
    pictures, found = _pictures(n), _all_features(n)
    train, val, test = pictures.split((0.4, 0.2, 0.4), seed=seed)
    train, val, test = (
        part.subset(min(size, len(part)), seed=seed) for part, size in ((train, 2_000), (val, 1_000), (test, 3_000))
    )
    model = features.probe(found[train.rows], train.labels, found[val.rows], val.labels, C=PROBES[probe]).model
    return tuple(
        (torch.tensor(np.log(model.predict_proba(found[part.rows]).clip(1e-12))), part.labels) for part in (val, test)
    )


def paid(answers: Tensor, truth: Tensor, cost: Tensor) -> float:
    """Cost of the `answers`, for 100 pictures."""
    return 100 * float(cost[truth, answers].mean())


def chosen_threshold(p: Tensor, truth: Tensor, classes: tuple[str, ...]) -> float:
    """The threshold of the highway rule, 0.02 to 0.98, that would have cost the least."""
    steps = torch.arange(0.02, 0.99, 0.02).tolist()
    order = [_precious(classes)]
    return min(steps, key=lambda step: paid(decide.by_priority(p, order, step), truth, costs(classes)))


def run_decided(variant: str, seed: int, n: int | None = None) -> Recipe:
    """What 100 pictures cost under one rule."""
    (probe, rule), classes = DECIDED[variant], _pictures(n).classes
    (val, val_truth), (logits, truth) = _log_probabilities(probe, seed, n)
    p, order = logits.softmax(dim=1), [_precious(classes)]
    if rule == "likeliest class":
        answers = p.argmax(dim=1)
    elif rule.startswith("highway"):
        step = 0.25 if "0.25" in rule else chosen_threshold(val.softmax(dim=1), val_truth, classes)
        answers = decide.by_priority(p, order, step)
    else:
        t = decide.temperature(val, val_truth) if rule.endswith("calibrated") else 1.0
        answers = decide.by_cost((logits / t).softmax(dim=1), costs(classes))
    return _result(paid(answers, truth, costs(classes)), len(truth), _pictures(n))


# --- leaks ---

N_LEAKS, COPIED, PER_CLASS = 4_000, 0.3, 20
JUDGES = ("probe", "nearest neighbour")
SPLITS = ("random split", "split by colour", "split by what the network sees")
COPY_SPLITS = ("no copies, random split", "copies, random split", "copies kept together")
PARTED = {f"{judge}, {split}": (judge, split) for judge, split in product(JUDGES, SPLITS)}
COPIES = {f"{judge}, {split}": (judge, split) for judge, split in product(JUDGES, COPY_SPLITS)}


def _balanced(judge: str, found: np.ndarray, truth: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    """Mean over the classes of the share that is right."""
    if judge == "probe":
        model = features.probe(found[train], truth[train], found[test], truth[test], C=C).model
    else:
        with threadpool_limits(1):
            model = make_pipeline(StandardScaler(), KNeighborsClassifier(1)).fit(found[train], truth[train])
    with threadpool_limits(1):
        right = model.predict(found[test]) == truth[test]
    return float(np.mean([right[truth[test] == k].mean() for k in np.unique(truth[test])]))


@lru_cache(maxsize=8)
def _cut(split: str, seed: int, n: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(features, labels, training positions, test positions) of pictures of which none is a copy."""
    pictures = _pictures(n).subset(min(N_LEAKS, len(_pictures(n)) // 2), seed=seed)
    found, truth = _all_features(n)[pictures.rows], pictures.labels.numpy()
    if split == "random split":
        member = np.arange(len(truth))
    else:
        seen = found if "network" in split else features.colour_statistics(pictures)
        if seen.shape[1] > 32:
            with threadpool_limits(1):
                seen = PCA(32, random_state=seed).fit_transform(seen)
        member = groups.look_alikes(seen, truth, per_class=PER_CLASS, seed=seed)
    return found, truth, *groups.grouped_split(member, seed=seed)


def run_parted(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Balanced accuracy on a fifth of the pictures, cut off at random or by whole groups that look alike."""
    judge, split = PARTED[variant]
    found, truth, train, test = _cut(split, seed, n)
    # Whole groups make a fifth only about; so many pictures are there at every split.
    test = np.random.default_rng(seed).permutation(test)[: 3 * len(truth) // 16]
    return _result(_balanced(judge, found, truth, train, test), len(test), _pictures(n))


def with_copies(pictures: ImageSet, share: float, *, seed: int) -> ImageSet:
    """`pictures` and after them copies of some: the same but for noise of two levels."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(pictures), generator=generator)[: round(share * len(pictures))]
    again = pictures.batch(chosen)
    noise = torch.randint(-2, 3, again.shape, generator=generator)
    copies = (again.int() + noise).clamp(0, 255).to(torch.uint8)
    both = torch.cat([pictures.images, copies]), torch.cat([pictures.labels, pictures.labels[chosen]])
    return ImageSet.of(*both, pictures.classes, pictures.source, name=f"{pictures.name} with copies")


@lru_cache(maxsize=2)
def _copied(seed: int, n: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(features, labels, groups of near duplicates) of pictures of which three in ten are there twice."""
    pictures = _pictures(n).subset(min(N_LEAKS, len(_pictures(n)) // 2), seed=seed)
    both = with_copies(pictures, COPIED, seed=seed)
    copies = both.at(range(len(pictures), len(both)))
    found = np.concatenate([_all_features(n)[pictures.rows], extracted(copies.changed(lambda x: x), real=n is None)])
    return found, both.labels.numpy(), groups.linked(data.near_duplicates(both), len(both))


def run_copies(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Balanced accuracy where copies may stand in train and test, and where those that were found are kept together."""
    judge, split = COPIES[variant]
    if split.startswith("no copies"):
        found, truth, train, test = _cut("random split", seed, n)
    else:
        found, truth, member = _copied(seed, n)
        member = member if "together" in split else np.arange(len(truth))
        train, test = groups.grouped_split(member, seed=seed)
    return _result(_balanced(judge, found, truth, train, test), len(test), _pictures(n))


# --- choosing a model ---

CANDIDATES = {
    **{f"network, C = {strength:g}": ("network", strength) for strength in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1)},
    "six colour numbers, C = 1": ("colour", 1.0),
}
CHOOSERS = {"accuracy": 1, "accuracy@2": 2, "accuracy@3": 3, "accuracy@5": 5}
N_CHOICE = 1_000


@lru_cache(maxsize=16)
def candidates(seed: int, n: int | None = None) -> dict[str, tuple[dict[int, float], float]]:
    """Name → (k → accuracy@k on validation, accuracy on test) of each model that one may choose."""
    pictures = _pictures(n).subset(min(4 * N_CHOICE, len(_pictures(n)) - 1), seed=seed)
    seen = {"network": _all_features(n)[pictures.rows], "colour": features.colour_statistics(pictures)}
    # Positions within `pictures`, so that both kinds of features can be looked up.
    train, val, test = pictures.changed(lambda x: x).split((1, 1, 2), seed=seed)
    told = {}
    for name, (kind, strength) in CANDIDATES.items():
        found = seen[kind]
        fitted = features.probe(found[train.rows], train.labels, found[test.rows], test.labels, C=strength)
        p = torch.tensor(fitted.model.predict_proba(found[val.rows]))
        at = {k: metrics.accuracy_at(min(k, p.shape[1]), p, val.labels) for k in CHOOSERS.values()}
        told[name] = at, fitted.accuracy
    return told


def chosen_by(k: int, told: Mapping) -> str:
    """The candidate with the best accuracy@k; of equal ones the first."""
    return max(told, key=lambda name: told[name][0][k])


def run_chosen(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy of the model that has the best accuracy@k on validation."""
    told = candidates(seed, n)
    size = min(4 * N_CHOICE, len(_pictures(n)) - 1) // 2
    return _result(told[chosen_by(CHOOSERS[variant], told)][1], size, _pictures(n))


def run_differs(variant: str, seed: int, n: int | None = None) -> Recipe:
    """1 where accuracy@k chooses another model than accuracy does, else 0."""
    told = candidates(seed, n)
    return _result(chosen_by(CHOOSERS[variant], told) != chosen_by(1, told), 0, _pictures(n))


# --- the experiments ---


def _experiment(name: str, run: Callable, variants: Mapping[str, Recipe], **more: object) -> Experiment:
    told = {variant: {"of": NETWORK, "pooling": POOLING, "C": C} | dict(recipe) for variant, recipe in variants.items()}
    return Experiment(name=name, run=run, quick=partial(run, n=SMALL), variants=told, seeds=SEEDS, **more)


_TAILS = {
    name: {"ratio": ratio, "remedy": remedy, "beta": BETA, "n_train": N_TRAIN, "n_test": N_TEST}
    for name, (ratio, remedy) in TAILS.items()
}


def _spoilt(planted: str, order: str) -> Recipe:
    return {"planted": _PLANTED.get(planted), "order": order, "n": N_LABELLED, "folds": 5}


EXPERIMENTS = (
    BALANCED := _experiment("imbalance", run_balanced, _TAILS, metric="balanced accuracy"),
    FEWEST := _experiment("imbalance_smallest", run_smallest, _TAILS, metric="accuracy of the three smallest classes"),
    AS_MET := _experiment("imbalance_as_met", run_as_met, _TAILS, metric="accuracy, test as skewed as training"),
    FINDING := _experiment(
        "labels_found",
        run_found,
        {name: _spoilt(*pair) for name, pair in FOUND.items()},
        metric="share of the planted errors found",
    ),
    MENDED := _experiment("labels_mended", run_relabelled, {name: _spoilt(*pair) for name, pair in RELABELLED.items()}),
    SETS := _experiment(
        "mixed_land",
        run_land,
        {
            name: {"answer": answer, "kind": kind, "n_train": N_TILES, "n_choosing": N_CHOOSING, "n_test": N_TILES_TEST}
            for name, (answer, kind) in LAND.items()
        },
        metric="share of exact sets",
    ),
    COSTS := _experiment(
        "decisions",
        run_decided,
        {
            name: {"probe": PROBES[probe], "rule": rule, "missed": MISSED, "n": [2_000, 1_000, 3_000]}
            for name, (probe, rule) in DECIDED.items()
        },
        metric="cost of 100 pictures",
        unit="units",
        lower_is_better=True,
    ),
    LEAKS := _experiment(
        "leaks",
        run_parted,
        {
            name: {"judge": judge, "split": split, "n": N_LEAKS, "n_test": 3 * N_LEAKS // 16, "per_class": PER_CLASS}
            for name, (judge, split) in PARTED.items()
        },
        metric="balanced accuracy",
    ),
    DOUBLES := _experiment(
        "leaks_copies",
        run_copies,
        {
            name: {"judge": judge, "split": split, "n": N_LEAKS, "copied": COPIED}
            for name, (judge, split) in COPIES.items()
        },
        metric="balanced accuracy",
    ),
    CHOSEN := _experiment(
        "chosen_by",
        run_chosen,
        {name: {"k": k, "candidates": list(CANDIDATES), "n": N_CHOICE} for name, k in CHOOSERS.items()},
    ),
    DIFFERS := _experiment(
        "chosen_otherwise",
        run_differs,
        {name: {"k": k, "candidates": list(CANDIDATES), "n": N_CHOICE} for name, k in CHOOSERS.items() if k > 1},
        metric="how often another model is chosen",
    ),
)

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, seeds=SEEDS, lesson=LESSON)
_find = partial(_trial, smallest_effect=0.05)  # one error in twenty
_pay = partial(_trial, smallest_effect=1.0)  # what one ordinary error in a hundred pictures costs

TRIALS = (
    # 1.5 : 1 is what EuroSAT has.
    _trial(
        name="tail_hurts_1",
        claim="A class with fewer pictures does worse, at 1.5 : 1 already.",
        variant=FEWEST["1 : 1, nothing"],
        baseline=FEWEST["1.5 : 1, nothing"],
    ),
    _trial(
        name="tail_hurts_10",
        claim="A class with fewer pictures does worse, at 10 : 1.",
        variant=FEWEST["1 : 1, nothing"],
        baseline=FEWEST["10 : 1, nothing"],
    ),
    *(
        _trial(
            name=f"tail_oversample_{int(ratio)}",
            claim=f"Always oversample, at {ratio:g} : 1 as well.",
            variant=BALANCED[f"{ratio:g} : 1, oversampled"],
            baseline=BALANCED[f"{ratio:g} : 1, nothing"],
        )
        for ratio in RATIOS
    ),
    _trial(
        name="tail_weights_1",
        claim="At 1.5 : 1, set class weights.",
        variant=BALANCED["1.5 : 1, class weights"],
        baseline=BALANCED["1.5 : 1, nothing"],
    ),
    *(
        _trial(
            name=f"tail_undersample_{ratio}",
            claim=f"Undersampling throws away too much: at {ratio} : 1 doing nothing is better.",
            variant=BALANCED[f"{ratio} : 1, nothing"],
            baseline=BALANCED[f"{ratio} : 1, undersampled"],
        )
        for ratio in (10, 50)
    ),
    _trial(
        name="tail_weights_50",
        claim="Class weights are as good as oversampling (50 : 1).",
        says="no better",
        variant=BALANCED["50 : 1, oversampled"],
        baseline=BALANCED["50 : 1, class weights"],
    ),
    _trial(
        name="tail_both_50",
        claim="Over- and undersampling together beat oversampling alone (50 : 1).",
        variant=BALANCED["50 : 1, both"],
        baseline=BALANCED["50 : 1, oversampled"],
    ),
    _trial(
        name="tail_effective_50",
        claim="Weights by effective numbers beat plain class weights (50 : 1).",
        variant=BALANCED["50 : 1, effective weights"],
        baseline=BALANCED["50 : 1, class weights"],
    ),
    _trial(
        name="tail_adjusted_50",
        claim="Shifting the logits afterwards beats class weights (50 : 1).",
        variant=BALANCED["50 : 1, logits adjusted"],
        baseline=BALANCED["50 : 1, class weights"],
    ),
    _trial(
        name="tail_free_50",
        claim="Shifting the logits costs nothing where the test is as skewed as the training (50 : 1).",
        says="no better",
        variant=AS_MET["50 : 1, nothing"],
        baseline=AS_MET["50 : 1, logits adjusted"],
    ),
    *(
        _find(
            name=f"labels_unsure_{kind}",
            claim=f"To find wrong labels, review what it is least sure of: better than at random. (5 %, {kind}.)",
            variant=FINDING[f"5% {kind}, least sure"],
            baseline=FINDING[f"5% {kind}, random"],
        )
        for kind in ("uniform", "confusions")
    ),
    _find(
        name="labels_loss",
        claim="A low probability of the label tells more errors than a low maximum. (5 %, confusions.)",
        variant=FINDING["5% confusions, self confidence"],
        baseline=FINDING["5% confusions, least sure"],
    ),
    *(
        _find(
            name=f"labels_confident_{rate}",
            claim=f"Confident learning finds more than the plain probability of the label. ({rate} %, confusions.)",
            variant=FINDING[f"{rate}% confusions, confident learning"],
            baseline=FINDING[f"{rate}% confusions, self confidence"],
        )
        for rate in (5, 20)
    ),
    _find(
        name="labels_margin",
        claim="The margin finds more than the plain probability of the label. (5 %, confusions.)",
        variant=FINDING["5% confusions, margin"],
        baseline=FINDING["5% confusions, self confidence"],
    ),
    *(
        _trial(
            name=f"labels_harmless_{rate}",
            claim=f"{rate} % of wrong labels do no harm.",
            says="no better",
            variant=MENDED["no errors planted"],
            baseline=MENDED[f"{rate}% confusions, not reviewed"],
        )
        for rate in (5, 20)
    ),
    _trial(
        name="labels_mend",
        claim="Relabelling where the label is improbable makes a better classifier. (20 %, confusions.)",
        variant=MENDED["20% confusions, self confidence"],
        baseline=MENDED["20% confusions, not reviewed"],
    ),
    _trial(
        name="labels_mend_unsure",
        claim="Relabelling the least sure is as good for the classifier. (20 %, confusions.)",
        says="no better",
        variant=MENDED["20% confusions, self confidence"],
        baseline=MENDED["20% confusions, least sure"],
    ),
    _trial(
        name="land_sigmoids",
        claim="For several kinds of land train sigmoids, not a softmax. (Learned from pure pictures.)",
        variant=SETS["sigmoids, above a threshold, learned from pure"],
        baseline=SETS["softmax, above a threshold, learned from pure"],
    ),
    _trial(
        name="land_sigmoids_mixed",
        claim="For several kinds of land train sigmoids, not a softmax. (Learned from mixed pictures.)",
        variant=SETS["sigmoids, above a threshold, learned from mixed"],
        baseline=SETS["softmax, above a threshold, learned from mixed"],
    ),
    _trial(
        name="land_top_two",
        claim="The softmax's top two are as good as sigmoids. (Learned from pure pictures.)",
        says="no better",
        variant=SETS["sigmoids, above a threshold, learned from pure"],
        baseline=SETS["softmax, top two, learned from pure"],
    ),
    _trial(
        name="land_one_name",
        claim="A threshold on the softmax finds more exact sets than always one name. (Learned from pure pictures.)",
        variant=SETS["softmax, above a threshold, learned from pure"],
        baseline=SETS["softmax, top one, learned from pure"],
    ),
    _trial(
        name="land_examples",
        claim="Show it mixed pictures in training.",
        variant=SETS["sigmoids, above a threshold, learned from mixed"],
        baseline=SETS["sigmoids, above a threshold, learned from pure"],
    ),
    _pay(
        name="cost_likeliest",
        claim="The likeliest class is the best answer, whatever errors cost.",
        says="no better",
        variant=COSTS["a smooth probe: least expected cost"],
        baseline=COSTS["a smooth probe: likeliest class"],
    ),
    _pay(
        name="cost_priority",
        claim="A priority rule with a chosen threshold is as good as a cost matrix.",
        says="no better",
        variant=COSTS["a smooth probe: least expected cost, calibrated"],
        baseline=COSTS["a smooth probe: highway if above a chosen threshold"],
    ),
    *(
        _pay(
            name=f"cost_calibrate_{word}",
            claim=f"Calibrate before you weigh costs ({probe}).",
            variant=COSTS[f"{probe}: least expected cost, calibrated"],
            baseline=COSTS[f"{probe}: least expected cost"],
        )
        for word, probe in zip(("smooth", "overconfident"), PROBES, strict=True)
    ),
    *(
        _trial(
            name=f"leak_{word}",
            claim=f"A random split is as honest as a {split}.",
            says="no better",
            variant=LEAKS["probe, random split"],
            baseline=LEAKS[f"probe, {split}"],
        )
        for word, split in zip(("colour", "look"), SPLITS[1:], strict=True)
    ),
    *(
        _trial(
            name=f"leak_copies_{judge.split()[0]}",
            claim=f"Copies in train and test flatter a {judge}.",
            variant=DOUBLES[f"{judge}, copies, random split"],
            baseline=DOUBLES[f"{judge}, copies kept together"],
        )
        for judge in JUDGES
    ),
    *(
        _trial(
            name=f"choose_at_{k}",
            claim=f"Accuracy@{k} chooses as good a model as accuracy.",
            says="no better",
            variant=CHOSEN["accuracy"],
            baseline=CHOSEN[f"accuracy@{k}"],
        )
        for k in (2, 5)
    ),
)


def advice() -> str:
    """Verdict, claim and difference of every trial of the lesson."""
    return verdicts(*(trial.name for trial in TRIALS))
