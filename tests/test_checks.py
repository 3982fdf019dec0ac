"""Every public function that makes numbers of logits, probabilities, labels or scores, against every kind of bad input.

A table with a row for each function and an entry for each of its parameters: a new function, or a new parameter,
without one fails. Good input in each form that is documented gives what it gives as a tensor of float64.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_lib import checks, decide, label_quality, metrics, openset
from course_lib.explain import faithfulness
from course_lib.openset import by_features, by_last_layer, by_logits, detector, scores, threshold
from course_lib.openset import metrics as openset_metrics
from course_lib.training import imbalance

N, K, D = 60, 3, 6


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Quarters: numbers that half precision holds exactly, too."""
    return torch.randint(-16, 17, shape, generator=torch.Generator().manual_seed(seed)).double() / 4


Y = torch.arange(N) % K
WEIGHT, BIAS = draw(K, D, seed=1), torch.zeros(K, dtype=torch.float64)
FEATURES = 2 * WEIGHT[Y] + draw(N, D, seed=2) / 4 + 8
Z = FEATURES @ WEIGHT.T + BIAS
Z4 = draw(N, K, seed=3)
EIGHTHS = torch.tensor([[6, 1, 1], [1, 5, 2], [0, 3, 5], [2, 4, 2], [4, 4, 0]], dtype=torch.float64) / 8
P = EIGHTHS[torch.arange(N) * 7 % 5]
KNOWN, UNKNOWN, RIGHT = draw(40, seed=4), draw(30, seed=5) + 1, torch.arange(40) % 3 > 0
PICTURE = torch.randint(0, 256, (3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(6))
HEAT, MASK = draw(16, 16, seed=7), draw(16, 16, seed=8) > 2
NETWORK = nn.Sequential(nn.Flatten(), nn.Linear(D, K)).double().eval()


def answers(pictures: Tensor) -> Tensor:
    mean = pictures.double().mean(dim=(1, 2, 3))
    return torch.stack([mean, 255 - mean, 0 * mean], dim=1) / 255


# --- the table -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A function and, for each parameter, (kind, good value). Kind "free": no numbers of whose meaning it asks."""

    call: Callable
    of: dict[str, tuple[str, Any]]

    def __call__(self, **changes: Any) -> Any:
        return self.call(**{name: value for name, (_, value) in self.of.items()} | changes)


def row(call: Callable, **of: tuple[str, Any]) -> Row:
    return Row(call, of)


def fitted(cls: type[detector.Detector], **settings: tuple[str, Any]) -> Row:
    """Made, fitted, and asked for the scores of the same pictures."""

    def call(features, logits, labels, **given):
        one = cls(**given).fit(features, logits, labels)
        return one.score(features, logits)

    reads = cls.reads
    of = {
        "features": ("features" if "features" in reads else "free", FEATURES),
        "logits": ("features" if "features" in reads else "floats", Z),
        "labels": ("two labels", Y),
    }
    return Row(call, of | settings)


LOGITS = {"logits": ("logits", Z4)}
HEATED = {
    "predict": ("free", answers), "picture": ("free", PICTURE), "heatmap": ("heat", HEAT), "target": ("class", 0),
    "fill": ("free", "grey"), "seed": ("free", 0), "batch_size": ("count", 64),
}  # fmt: skip
LAYER = {"weight": ("layer", WEIGHT), "bias": ("layer", BIAS)}
SCORED = {"scores": ("scores", Z4), "labels": ("labels", Y)}
PROBABLE = {"probabilities": ("probabilities", P), "labels": ("labels", Y)}
GROUPS = {"known": ("group", KNOWN), "unknown": ("group", UNKNOWN)}
ANSWERED = {"known": ("group", KNOWN), "correct": ("correct", RIGHT), "unknown": ("group", UNKNOWN)}
PICTURES = {"scores": ("group", KNOWN), "correct": ("correct", RIGHT)}
WARM = {"temperature": ("above 0", 1.0)}
LABELS_ONLY = {"labels": ("labels without end", Y)}
COUNTS = torch.tensor([[5, 1, 0], [2, 7, 1], [0, 0, 3]])

ROWS: dict[str, Row] = {
    "metrics.accuracy_at": row(metrics.accuracy_at, k=("class count", 2), **SCORED),
    "metrics.confusion_matrix": row(metrics.confusion_matrix, **SCORED),
    "metrics.per_class": row(metrics.per_class, confusion=("counts", COUNTS), classes=("names", ["a", "b", "c"])),
    "metrics.expected_calibration_error": row(metrics.expected_calibration_error, **PROBABLE, bins=("count", 5)),
    "metrics.select": row(metrics.select, **PROBABLE, threshold=("0 to 1", 0.6)),
    "metrics.wilson_interval": row(metrics.wilson_interval, hits=("hits", 3), n=("hits", 5), z=("above 0", 1.96)),
    "metrics.Selected": row(metrics.Selected, n=("hits", 9), kept=("free", 5), right=("free", 5)),
    "openset.softmax": row(openset.softmax, **LOGITS, **WARM),
    "openset.max_softmax": row(openset.max_softmax, **LOGITS, **WARM),
    "openset.max_logit": row(openset.max_logit, **LOGITS),
    "openset.entropy": row(openset.entropy, **LOGITS, **WARM),
    "openset.energy": row(openset.energy, **LOGITS, **WARM),
    "openset.gen": row(openset.gen, **LOGITS, gamma=("above 0", 0.1), largest=("count", 2)),
    "openset.roc": row(openset.roc, **GROUPS),
    "openset.auroc": row(openset.auroc, **GROUPS),
    "openset.fpr_at_tpr": row(openset.fpr_at_tpr, **GROUPS, tpr=("above 0, up to 1", 0.9)),
    "openset.aupr": row(openset.aupr, **GROUPS, positive=("word", "known")),
    "openset.oscr_curve": row(openset.oscr_curve, **ANSWERED),
    "openset.oscr": row(openset.oscr, **ANSWERED),
    "openset.risk_coverage": row(openset.risk_coverage, **PICTURES),
    "openset.aurc": row(openset.aurc, **PICTURES),
    "openset.without_unknowns": row(openset.without_unknowns, known=GROUPS["known"], rejected=("share", 0.1)),
    "openset.fewest_known": row(openset.fewest_known, rejected=("share", 0.1)),
    "openset.with_few": row(openset.with_few, **GROUPS, by=("word", "youden")),
    "openset.odin": row(
        openset.odin, model=("free", NETWORK), x=("inputs", FEATURES), temperature=("above 0", 10.0),
        epsilon=("0 or more", 0.01), batch_size=("count", 7),
    ),
    "openset.every": row(openset.every, **LAYER),
    "openset.MaxSoftmax": fitted(openset.MaxSoftmax, **WARM),
    "openset.MaxLogit": fitted(openset.MaxLogit),
    "openset.Entropy": fitted(openset.Entropy, **WARM),
    "openset.Energy": fitted(openset.Energy, **WARM),
    "openset.GEN": fitted(openset.GEN, gamma=("above 0", 0.1), largest=("count", 2)),
    "openset.OpenMax": fitted(openset.OpenMax, tail=("two or more", 5), alpha=("count", 2)),
    "openset.Mahalanobis": fitted(openset.Mahalanobis, ridge=("0 or more", 1e-3)),
    "openset.RelativeMahalanobis": fitted(openset.RelativeMahalanobis, ridge=("0 or more", 1e-3)),
    "openset.KNN": fitted(openset.KNN, k=("count", 3), kept=("count", 50), seed=("free", 0)),
    "openset.ViM": fitted(openset.ViM, **LAYER, directions=("maybe count", 2)),
    "openset.ReAct": fitted(openset.ReAct, **LAYER, percentile=("percent", 90.0)),
    "openset.MahalanobisPlusPlus": fitted(openset.MahalanobisPlusPlus, ridge=("0 or more", 1e-3)),
    "openset.FDBD": fitted(openset.FDBD, **LAYER),
    "openset.NCI": fitted(openset.NCI, **LAYER, alpha=("0 or more", 0.01)),
    "openset.NNGuide": fitted(openset.NNGuide, k=("count", 3), kept=("count", 50), seed=("free", 0)),
    "openset.SHE": fitted(openset.SHE),
    "openset.ASH": fitted(openset.ASH, **LAYER, percentile=("percent below 100", 50.0)),
    "openset.SCALE": fitted(openset.SCALE, **LAYER, percentile=("percent below 100", 50.0)),
    "labels.plant": row(
        label_quality.plant, labels=("labels alone", Y), share=("0 to 1", 0.2), kind=("word", "confusions"),
        classes=("labels' classes", K), seed=("free", 0), confusion=("shares", COUNTS),
    ),
    "labels.plant_where": row(
        label_quality.plant_where, labels=("labels", Y), share=("0 to 1", 0.2), others=("others", (Y + 1) % K),
        doubt=("doubts", draw(N, seed=9)), classes=("labels' classes", K),
    ),
    "labels.torn": row(label_quality.torn, **PROBABLE),
    "labels.confident_learning": row(label_quality.confident_learning, **PROBABLE),
    "labels.ranked": row(label_quality.ranked, **PROBABLE, by=("word", "margin")),
    "decide.by_cost": row(decide.by_cost, probabilities=("some probabilities", P), cost=("costs", 4 - COUNTS.double())),
    "decide.by_priority": row(
        decide.by_priority, probabilities=("some probabilities", P), order=("order", [2, 0]),
        threshold=("above 0, up to 1", 0.5),
    ),
    "decide.mean_cost": row(
        decide.mean_cost, answers=("labels", (Y + 1) % K), labels=("labels", Y), cost=("costs", 4 - COUNTS.double())
    ),
    "decide.cheapest_threshold": row(
        decide.cheapest_threshold, probabilities=("some probabilities", P), labels=("labels", Y),
        order=("order", [2, 0]), cost=("costs", 4 - COUNTS.double()), thresholds=("free", [0.2, 0.5]),
    ),
    "decide.temperature": row(decide.temperature, logits=("all logits", Z4), labels=("labels", Y)),
    "imbalance.induce": row(
        imbalance.induce, **LABELS_ONLY, ratio=("one or more", 3.0), n=("count", 20), seed=("free", 0)
    ),
    "imbalance.oversample": row(imbalance.oversample, **LABELS_ONLY, seed=("free", 0)),
    "imbalance.undersample": row(imbalance.undersample, **LABELS_ONLY, seed=("free", 0)),
    "imbalance.resample": row(imbalance.resample, **LABELS_ONLY, seed=("free", 0)),
    "imbalance.class_weights": row(imbalance.class_weights, **LABELS_ONLY, classes=("free", None)),
    "imbalance.effective_weights": row(imbalance.effective_weights, **LABELS_ONLY, beta=("below 1", 0.9)),
    "imbalance.adjusted": row(imbalance.adjusted, **LOGITS, **LABELS_ONLY, tau=("number", 1.0)),
    "faithfulness.deletion": row(faithfulness.deletion, **HEATED, steps=("count", 8)),
    "faithfulness.insertion": row(faithfulness.insertion, **HEATED, steps=("count", 8)),
    "faithfulness.mu_fidelity": row(
        faithfulness.mu_fidelity, **HEATED, n=("two or more", 9), share=("share", 0.2), cells=("two or more", 4)
    ),
    "faithfulness.area": row(faithfulness.area, curve=("curve", KNOWN)),
    "faithfulness.weighted_layers": row(faithfulness.weighted_layers, model=("model", NETWORK)),
    "faithfulness.randomized": row(
        faithfulness.randomized, model=("model", NETWORK), seed=("free", 0), top=("maybe none", 1)
    ),
    "faithfulness.rank_correlation": row(faithfulness.rank_correlation, a=("heat", HEAT), b=("heat", HEAT.flip(0))),
    "faithfulness.pointing_game": row(
        faithfulness.pointing_game, heatmap=("heat", HEAT), mask=("mask", MASK), tolerance=("0 or more", 1.0)
    ),
    "faithfulness.energy_inside": row(faithfulness.energy_inside, heatmap=("heat", HEAT), mask=("mask", MASK)),
}  # fmt: skip
# Results, which functions give, and the form of all detectors.
NO_ROWS = {
    "metrics.ClassReport", "openset.Curve", "openset.Detector", "openset.ALL", "labels.Confident",
    # Records, and what takes pictures, a folder or a network; tests/openset tries those.
    "openset.FrameReport", "openset.World", "openset.Watcher", "openset.frame_report", "openset.folder_world",
    "openset.half_known", "openset.picture_world", "openset.losses", "metrics.exact_match",
}  # fmt: skip
ROOMS = {
    "metrics": [metrics],
    "openset": [scores, openset_metrics, threshold, by_logits, by_features, by_last_layer],
    "labels": [label_quality],
    "decide": [decide],
    "imbalance": [imbalance],
    "faithfulness": [faithfulness],
}


def public(module: ModuleType) -> Iterator[str]:
    for name, thing in vars(module).items():
        mine = getattr(thing, "__module__", None) == module.__name__
        if mine and not name.startswith("_") and (inspect.isfunction(thing) or inspect.isclass(thing)):
            yield name


def without_row(names: Iterator[str], room: str) -> set[str]:
    return {f"{room}.{name}" for name in names} - set(ROWS) - NO_ROWS


def test_every_public_function_has_a_row():
    assert without_row(iter(openset.__all__), "openset") == set()
    # What the rooms share among their files and is not offered.
    shared = {"check_temperature", "check_gen", "as_scores", "OfLogits", "Weibull", "LastLayer", "Shaping", "Compared"}
    shared |= {"check_neighbours", "rows_to_keep", "length_one", "products"}
    for room, modules in ROOMS.items():
        assert without_row((name for module in modules for name in public(module) if name not in shared), room) == set()
    assert without_row(iter(["brier_score"]), "metrics") == {"metrics.brier_score"}


@pytest.mark.parametrize("name", ROWS)
def test_every_parameter_is_in_its_row(name):
    room, function = name.split(".")
    target = next(getattr(module, function) for module in (openset, *ROOMS[room]) if hasattr(module, function))
    expected = set(inspect.signature(target).parameters)
    if inspect.isclass(target) and issubclass(target, detector.Detector):
        expected |= {"features", "logits", "labels"}
    assert set(ROWS[name].of) == expected


# --- kinds of bad input ----------------------------------------------------------------------------------


def as_list(x: Tensor) -> list:
    return x.tolist()


def any_numbers(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    """What no array of numbers is, (name, value, what the message names)."""
    yield "None", None, "NoneType|None|object"
    yield "a dict", {"a": 1}, "dict"
    yield "words", [str(v) for v in x.flatten().tolist()], "<U"
    yield "ragged", [[1.0, 2.0], [3.0]], "list"
    yield "complex", x.to(torch.complex64), "complex64"
    yield "True and False", x > x.double().median(), "bool"
    yield "True and False of numpy", (x > x.double().median()).numpy(), "bool"
    yield "objects", np.array(x.numpy(), dtype=object), "object"
    yield "times", x.long().numpy().astype("timedelta64[s]"), "timedelta64"
    masked = np.zeros(x.shape, dtype=bool)
    masked.flat[0] = True
    yield "masked", np.ma.array(x.numpy(), mask=masked), "1 are masked"


def floats(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from any_numbers(x)
    for name, value in (("NaN", torch.nan), ("inf", torch.inf), ("-inf", -torch.inf)):
        bad = x.double().clone()
        bad.view(-1)[1] = value
        yield name, bad, "NaN|infinite"
    yield "inf and -inf", torch.cat([bad.flatten()[1:2], -bad.flatten()[1:2], x.flatten()[2:]]).view(x.shape), "NaN|inf"
    yield "NaN in half precision", bad.bfloat16(), "NaN|infinite"
    yield "NaN of numpy", np.where(np.arange(x.numel()).reshape(x.shape) == 2, np.nan, x.numpy()), "NaN|infinite"


def matrices(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from floats(x)
    yield "one row alone", x[0], rf"\({x.shape[1]},\)"
    yield "pictures", x[:, :, None, None], r", 1, 1\)"
    yield "a number", 3.0, r"\(\)"
    yield "no columns", x[:, :0], rf"\({len(x)}, 0\)"


def rows_of_something(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from matrices(x)
    yield "nothing", x[:0], r"\(0, |of 0"
    yield "an empty list", [], r"\(0,\)"


def scores_of_classes(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from rows_of_something(x)
    yield "a row too few", x[:-1], r"\(60,\)"
    yield "a class too few", x[:, :-1], r"from 0 to 2; .* from 0 to 1"


def some_probabilities(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from matrices(x)
    yield "logits", 3 * Z4, "from -12 to 12; .*softmax"
    yield "logits in half precision", (3 * Z4).half(), "from -12 to 12; .*softmax"
    yield "one logit", torch.cat([Z4[:1], x[1:]]), "from -.*softmax"
    yield "log-probabilities", x.clamp(min=0.01).log(), "from -4.605 to .*; .*softmax"
    yield "percent", 100 * x, "from 0 to 75; "
    yield "sigmoids", Z4.sigmoid(), "sums from .* to .*; .*sum 1.*softmax"
    yield "sigmoids in half precision", Z4.sigmoid().bfloat16(), "sums from"
    yield "a column too few", torch.cat([x[:, :2], 0 * x[:, 2:]], dim=1), "sums from"
    yield "just below 0", x - 0.01, "from -0.01 to"
    yield "just off", x * 1.002, r"sums from 1\.002 to 1\.002"
    yield "one row that is off", torch.cat([x[:-1], x[-1:] / 2]), r"sums from 0\.5 to 1"


def probabilities(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from some_probabilities(x)
    yield "nothing", x[:0], r"\(0, "
    yield "a row too few", x[:-1], r"\(60,\)"


def logits(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from matrices(x)
    yield "one class", x[:, :1], rf"\({len(x)}, 1\)"
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        yield f"probabilities of {dtype}", (x / 3).softmax(dim=1).to(dtype), "sum 1: these are probabilities.*log"


def all_logits(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from logits(x)
    yield "nothing", x[:0], r"\(0, "
    yield "a row too few", x[:-1], r"\(60,\)"
    yield "a class too few", x[:, :-1], "from 0 to 2; .* from 0 to 1"


def endless_labels(y: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from any_numbers(y)
    yield "floats", y.double(), "float64"
    yield "floats of numpy", y.numpy().astype(np.float32), "float32"
    yield "a list of floats", y.double().tolist(), "float64"
    yield "NaN", torch.full((N,), torch.nan), "float32"
    yield "-1", torch.where(torch.arange(N) == 3, -1, y), "from -1 to 2"
    yield "ignored ones", torch.where(torch.arange(N) == 3, -100, y), "from -100 to 2"
    yield "small negative ones", (y - 1).to(torch.int8), "from -1 to 1"
    yield "far too large", y + 10**12, "1000000000002"
    yield "beyond int64", y.numpy().astype(np.uint64) + np.uint64(2**63), "above 2⁶³"
    yield "a column", y[:, None], r"\(60, 1\)"
    yield "one-hot rows", nn.functional.one_hot(y), r"\(60, 3\)"
    yield "nothing", y[:0], r"\(0,\)"
    yield "an empty list", [], r"\(0,\)"
    yield "one", 1, r"\(\)"


def labels_alone(y: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from endless_labels(y)
    yield "counted from 1", y + 1, "from 1 to 3; it wants integers .* from 0 to 2"
    yield "counted from 1 in bytes", (y + 1).to(torch.uint8), "from 1 to 3"


def labels(y: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from labels_alone(y)
    yield "one too many", torch.cat([y, y[:1]]), r"\(61,\).* 60|61"
    yield "one too few", y[1:], r"\(59,\).* 60|59"


def others(y: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from labels(y)
    yield "the labels themselves", Y, "60 others that are the label itself"


def two_labels(y: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from labels(y)
    yield "one class only", 0 * y, "class 0 only"


def group(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from floats(x)
    yield "a column", x[:, None], r", 1\)"
    yield "a number", 1.0, r"\(\)"
    yield "nothing", x[:0], r"\(0,\)"
    yield "an empty list", [], r"\(0,\)"
    yield "too large integers", x.long() + 2**60, "2⁵³"
    yield "too small integers", -np.arange(len(x)) - 2**60, "2⁵³"


def doubts(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from group(x)
    yield "one too few", x[1:], r"\(59,\).* 60"


def correct(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield "None", None, "None|object"
    yield "words", ["True"] * len(x), "<U"
    yield "labels", torch.arange(len(x)), "other values than True and False"
    yield "NaN", torch.where(x, 1.0, torch.nan), "other values"
    yield "shares", 0.5 * x, "other values"
    yield "one too few", x[1:], rf"\({len(x) - 1},\)"
    yield "a column", x[:, None], r", 1\)"
    yield "nothing", [], r"\(0,\)"


def each(*values: Any) -> Callable[[Any], Iterator[tuple[str, Any, str]]]:
    """Settings that are bad, whatever the good one is; the message names the value."""

    def kind(_: Any) -> Iterator[tuple[str, Any, str]]:
        for value in values:
            shown = repr(value) if isinstance(value, int | float | str | bool) else type(value).__name__
            yield shown, value, re.escape(str(value)) if isinstance(value, int | float | str | None) else "got"

    return kind


NOT_A_NUMBER = (None, "0.5", True, float("nan"), float("inf"), [0.5], torch.ones(2), np.ma.masked)
NOT_WHOLE = (*NOT_A_NUMBER, 1.5, 2.0, 10**30)


def counts(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from rows_of_something(x.double())
    yield "shares of a row", x / x.sum(dim=1, keepdim=True), "0.8333.*counts"
    yield "below 0", x - 1, "-1.*counts"
    yield "not square", x[:2], r"\(2, 3\)"


def plus(kind: Callable, *more: Callable) -> Callable:
    def both(x: Any) -> Iterator[tuple[str, Any, str]]:
        for one in (kind, *more):
            yield from one(x)

    return both


def features(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from rows_of_something(x)
    yield "a row too few", x[:-1], "59"
    yield "integers", x.long(), "int64"


def inputs(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield "integers", x.long(), "int64"
    yield "NaN", x / 0 * 0, "NaN"
    yield "nothing", x[:0], r"\(0, 6\)"
    yield "one alone", x[0], r"\(6,\)"


def heat(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield from (bad for bad in floats(x) if bad[0] != "True and False")  # a mask is a heatmap
    yield "too small", x[1:], r"\(15, 16\)"
    yield "of many classes", x[None], r"\(1, 16, 16\)"


def mask(x: Tensor) -> Iterator[tuple[str, Any, str]]:
    yield "None", None, "None|object"
    yield "numbers", x.double(), "float64"
    yield "nothing inside", x & False, "0 pixels"
    yield "too small", x[1:], r"\(15, 16\)"


KINDS: dict[str, Callable[[Any], Iterator[tuple[str, Any, str]]]] = {
    "free": each(),
    "scores": scores_of_classes,
    "probabilities": probabilities,
    "some probabilities": some_probabilities,
    "logits": logits,
    "all logits": all_logits,
    "floats": plus(logits, features),
    "features": features,
    "inputs": inputs,
    "labels": labels,
    "labels alone": labels_alone,
    "two labels": two_labels,
    "labels without end": endless_labels,
    "labels' classes": each(*NOT_WHOLE, 0, -1, 2),
    "group": group,
    "others": others,
    "doubts": doubts,
    "correct": correct,
    "counts": counts,
    "shares": lambda x: (bad for bad in rows_of_something(x.double()) if bad[0] != "None"),
    "costs": lambda x: rows_of_something(x.double()),
    "heat": heat,
    "curve": lambda x: (*floats(x), ("one value", x[:1], r"\(1,\)"), ("two curves", x[:, None], r"\(40, 1\)")),
    "mask": mask,
    "layer": lambda x: (*floats(x), ("transposed", x[:2].mT if x.ndim == 2 else x[:2], r"\(6, 2\)|\(2,\)|\(3, 6\)")),
    "model": each(None, "model", answers, Z4),
    "above 0": each(*NOT_A_NUMBER, 0, -1.0),
    "0 or more": each(*NOT_A_NUMBER, -1.0),
    "one or more": each(*NOT_A_NUMBER, 0.5),
    "number": each(*NOT_A_NUMBER),
    "0 to 1": each(*NOT_A_NUMBER, -0.1, 1.1, 80),
    "above 0, up to 1": each(*NOT_A_NUMBER, 0, -0.1, 1.1, 95),
    "below 1": each(*NOT_A_NUMBER, -0.1, 1, 95),
    "share": each(*NOT_A_NUMBER, 0, 1, -0.1, 5),
    "percent below 100": each(*NOT_A_NUMBER, -1.0, 100, 101.0),
    "percent": each(*NOT_A_NUMBER, 0, -1.0, 101.0),
    "count": each(*NOT_WHOLE, 0, -1),
    "maybe count": each(*NOT_WHOLE[1:], 0, -1, D),
    "maybe none": each(*NOT_WHOLE[1:], -1, 3),
    "two or more": each(*NOT_WHOLE, 1, 0, -1),
    "class count": each(*NOT_WHOLE, 0, -1, K + 1),
    "class": each(*NOT_WHOLE, -1, K),
    "hits": each(*NOT_A_NUMBER, -1, 0.95, 4.5),
    "word": each(None, "odd", 1, np.zeros((0, 1))),
    "names": each(None, ["a", "b"], "abc", ["a", "b", "c", "d"]),
    "order": each([3], [-1], [0, 0], [0.0], [True], 1, None),
}
ASKED = [(name, parameter) for name, one in ROWS.items() for parameter, (kind, _) in one.of.items() if kind != "free"]


def accepted(name: str, parameter: str, cases: Iterator[tuple[str, Any, str]]) -> Iterator[str]:
    """What is wrong with how bad values are taken, in words."""
    for what, value, told in cases:
        try:
            ROWS[name](**{parameter: value})
        except ValueError as refused:
            words = str(refused)
            if not re.search(r"(?s)got .*want", words) or not re.search(told, words):
                yield f"{what}: {words!r} does not say {told!r}"
        except Exception as raw:
            yield f"{what}: {raw!r}"
        else:
            yield f"{what}: let through"


@pytest.mark.parametrize(("name", "parameter"), ASKED)
def test_what_a_function_is_not_defined_for_is_refused_by_name(name, parameter):
    kind, good = ROWS[name].of[parameter]
    assert list(accepted(name, parameter, KINDS[kind](good))) == []


def test_what_is_let_through_is_found():
    cases = [("two", 2, "2"), ("none", 0, "0"), ("another word", 0, "zero")]
    first, second = accepted("metrics.accuracy_at", "k", iter(cases))
    assert first == "two: let through"
    assert second.startswith("another word: ")


# --- good input ------------------------------------------------------------------------------------------


def numbers(result: Any) -> list[float]:
    """All numbers of a result, whatever it is."""
    if isinstance(result, Tensor):
        result = result.detach()
    if isinstance(result, Tensor | np.ndarray):
        return np.asarray(result, dtype=np.float64).ravel().tolist()
    if isinstance(result, detector.Detector):
        return []
    if dataclasses.is_dataclass(result):
        return [x for f in dataclasses.fields(result) for x in numbers(getattr(result, f.name))]
    if isinstance(result, dict | list | tuple):
        return [x for part in (result.values() if isinstance(result, dict) else result) for x in numbers(part)]
    return [] if isinstance(result, str | nn.Module) else [float(result)]


def read_only(x: Tensor) -> np.ndarray:
    array = x.numpy().copy()
    array.flags.writeable = False
    return array


FLOATS = {
    "float64": lambda x: x,
    "a list": as_list,
    "numpy": lambda x: x.numpy(),
    "float32": Tensor.float,
    "float32 of numpy": lambda x: x.float().numpy(),
    "with a gradient": lambda x: x.clone().requires_grad_(),
    "backwards": lambda x: x.flip(0).numpy()[::-1],
    "transposed twice": lambda x: x.transpose(0, -1).contiguous().transpose(0, -1),
    "read-only": read_only,
    "big-endian": lambda x: x.numpy().astype(">f8"),
    "longer floats": lambda x: x.numpy().astype(np.longdouble),
    "masked, none of them": lambda x: np.ma.array(x.numpy()),
}
HALVES = {
    "float16": Tensor.half, "bfloat16": Tensor.bfloat16, "float16 of numpy": lambda x: x.half().numpy()
}  # fmt: skip
WHOLES = {
    f"{dtype}": lambda y, dtype=dtype: y.to(dtype)
    for dtype in (torch.int8, torch.int16, torch.int32, torch.uint8, torch.uint16, torch.uint64)
} | {
    "a list": as_list,
    "numpy": lambda y: y.numpy(),
    "uint64 of numpy": lambda y: y.numpy().astype(np.uint64),
    "backwards": lambda y: y.flip(0).numpy()[::-1],
    "read-only": read_only,
    "a range or tuple": lambda y: tuple(y.tolist()),
}
TRUTHS = {
    "a list": as_list, "numpy": lambda x: x.numpy(), "0 and 1": Tensor.long, "0.0 and 1.0": Tensor.bfloat16,
}  # fmt: skip
FORMS = (
    dict.fromkeys(("scores", "probabilities", "some probabilities", "logits", "all logits", "group"), FLOATS | HALVES)
    | dict.fromkeys(("labels", "others", "labels alone", "two labels", "labels without end", "counts"), WHOLES)
    | dict.fromkeys(("features", "floats", "layer", "heat", "curve", "costs"), FLOATS)
    | {"doubts": FLOATS | HALVES, "correct": TRUTHS}
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "parameter"), [one for one in ASKED if ROWS[one[0]].of[one[1]][0] in FORMS])
def test_good_input_of_every_form_gives_the_same(name, parameter):
    kind, good = ROWS[name].of[parameter]
    tolerance = 1e-4 if name.startswith(("openset.", "decide.temperature", "faith")) else 1e-6
    expected = pytest.approx(numbers(ROWS[name]()), rel=tolerance, abs=1e-6)
    for what, form in FORMS[kind].items():
        assert numbers(ROWS[name](**{parameter: form(good)})) == expected, what


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_softmax_in_half_precision_is_taken_for_probabilities(dtype):
    for seed in range(20):
        p = (4 * torch.randn(500, 100, generator=torch.Generator().manual_seed(seed))).softmax(dim=1)
        rounded, y = p.to(dtype), p.argmax(dim=1)
        error = metrics.expected_calibration_error(rounded, y)
        assert error == pytest.approx(metrics.expected_calibration_error(p, y), abs=4e-3)


def test_bytes_of_many_classes_do_not_overflow():
    """15 · 20 is 300, which a byte takes for 44."""
    scores, y = torch.eye(20), torch.arange(20)
    for dtype in (torch.uint8, torch.int8):
        assert torch.equal(metrics.confusion_matrix(scores, y.to(dtype)), torch.eye(20, dtype=torch.int64))


def test_one_hot_logits_and_one_row_are_no_probabilities():
    """They are what one writes to try something out."""
    openset.energy(torch.eye(3))
    openset.energy(torch.tensor([[0.5, 0.5]]))
    openset.energy(torch.tensor([[0.25, 0.75], [0.5, 0.4]]))
    with pytest.raises(ValueError, match="these are probabilities"):
        openset.energy(torch.tensor([[0.25, 0.75], [0.5, 0.5]]))


def test_of_probabilities_the_logarithm_will_do():
    p = Z4.softmax(dim=1)
    torch.testing.assert_close(openset.softmax(p.log()), p)
    torch.testing.assert_close(openset.entropy(p.log()), openset.entropy(Z4))


@pytest.mark.parametrize("score", [openset.softmax, openset.max_softmax, openset.max_logit, openset.energy])
def test_scores_keep_the_gradient(score):
    z = Z4.clone().requires_grad_()
    score(z).sum().backward()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("score", [openset.entropy, openset.energy, openset.gen])
def test_what_float64_cannot_hold_is_refused_and_never_nan(score):
    for z in (torch.tensor([[1e308, -1e308]], dtype=torch.float64), torch.tensor([[3e38, -3e38]])):
        for settings in ({}, {"temperature": 1e-300}) if score is not openset.gen else ({},):
            assert told_or_finite(lambda z=z, settings=settings: score(z, **settings))


def told_or_finite(call: Callable[[], Tensor]) -> bool:
    try:
        return bool(call().isfinite().all())
    except ValueError as refused:
        return "float64 cannot hold" in str(refused)


def test_checks_of_100_000_rows_are_quick():
    p = (3 * torch.randn(100_000, 10, generator=torch.Generator().manual_seed(0))).softmax(dim=1)
    y, group = p.argmax(dim=1), p[:, 0].double().numpy()
    for check in (
        lambda: checks.scored(p, y, "a test", probable=True),
        lambda: checks.scored(p.log(), y, "a test"),
        lambda: checks.unknown_scores(group, "a test", "known"),
    ):
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            check()
            taken.append(time.perf_counter() - start)
        assert min(taken) < 0.05
