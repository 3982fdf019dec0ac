"""From probabilities to answers where one kind of error costs more: rules, and what they cost."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ... import decide, features, metrics
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

COST, ECE = "cost of 100 pictures", "calibration error"
_PROBE = ("C", "parts", "n_train", "n_val", "n_test")
Answered = tuple[Tensor, Tensor]
"""(log-probabilities float [N, K], labels int64 [N])"""


def answer_by_rule(settings: Settings, seed: int) -> Result:
    """What 100 pictures cost where a probe's probabilities become answers by one `rule`.

    To miss the class `precious` costs `missed`, every other error 1. The probe, with the inverse penalty `C`, learns
    from `n_train` pictures of the first of three `parts`; the second has `n_val` to choose and to calibrate on, the
    third has `n_test`.
    """
    classes = eurosat.pictures(settings["pictures"]).classes
    precious = classes.index(settings["precious"])
    cost = costs(len(classes), precious, settings["missed"])
    val, (logits, labels) = _answered(eurosat.key(settings, *_PROBE), seed)
    answers = _answers(settings, logits, val, cost, precious)
    source = eurosat.pictures(settings["pictures"]).source
    return Result({COST: 100 * decide.mean_cost(answers, labels, cost)}, n=len(labels), source=source)


def sureness(settings: Settings, seed: int) -> Result:
    """Calibration error of the same probe in the test, before or after `calibrated`, by a temperature in validation.

    Maximum probabilities are sorted into `bins`.
    """
    val, (logits, labels) = _answered(eurosat.key(settings, *_PROBE), seed)
    t = decide.temperature(*val) if settings["calibrated"] else 1
    p = (logits / t).softmax(dim=1)
    error = metrics.expected_calibration_error(p, labels, bins=settings["bins"])
    return Result({ECE: error}, n=len(labels), source=eurosat.pictures(settings["pictures"]).source)


def _answers(settings: Settings, logits: Tensor, val: Answered, cost: Tensor, precious: int) -> Tensor:
    """int64 [N]: "likeliest"; "priority", the precious class wherever its probability reaches `threshold`; "chosen
    priority", with that of `thresholds` (start, stop, step) which costs the least in validation; "least cost", taking
    the probabilities at their word; or "calibrated least cost", after dividing by a temperature."""
    p, rule, (val_logits, val_labels) = logits.softmax(dim=1), settings["rule"], val
    if rule == "likeliest":
        return p.argmax(dim=1)
    if rule == "priority":
        return decide.by_priority(p, [precious], settings["threshold"])
    if rule == "chosen priority":
        steps = torch.arange(*settings["thresholds"]).tolist()
        val_p = val_logits.softmax(dim=1)
        return decide.by_priority(p, [precious], decide.cheapest_threshold(val_p, val_labels, [precious], cost, steps))
    t = decide.temperature(val_logits, val_labels) if rule == "calibrated least cost" else 1
    return decide.by_cost((logits / t).softmax(dim=1), cost)


def costs(classes: int, precious: int, missed: float) -> Tensor:
    """float32 [K, K]: 0 for the right answer, 1 for an error, `missed` for any where class `precious` is the truth."""
    cost = 1 - torch.eye(classes)
    cost[precious] *= missed
    return cost


@lru_cache(maxsize=1)
def _answered(shared: Key, seed: int) -> tuple[Answered, Answered]:
    """What a probe answers in validation and in the test; all rules share it."""
    settings = dict(shared)
    embeddings = eurosat.embeddings(settings)
    parts = eurosat.pictures(settings["pictures"]).split(settings["parts"], seed=seed)
    sizes = settings["n_train"], settings["n_val"], settings["n_test"]
    # All that there are, in a small rerun.
    train, val, test = (part.subset(min(n, len(part)), seed=seed) for part, n in zip(parts, sizes, strict=True))
    probe = features.probe(embeddings[train.rows], train.labels, embeddings[val.rows], val.labels, C=settings["C"])
    return tuple((probe.log_probabilities(embeddings[part.rows]), part.labels) for part in (val, test))
