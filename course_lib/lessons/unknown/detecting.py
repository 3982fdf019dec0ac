"""Scores without retraining: how well a detector tells unknown from known in each world, and where to draw a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import Tensor

from ... import openset
from ...openset import World
from ...openset.by_last_layer import LastLayer
from ...study import Result
from . import measures
from .heads import Head, HeadSettings, Loss, certainty, logo_head, named_right, train_head
from .worlds import CarWorld, LandWorld, LogoWorld, Settings, car_world, chosen, land_world, logo_world

Scores = tuple[Tensor, Tensor, Tensor]  # of the known, near and far: float64 [N], higher = more unknown


@dataclass(frozen=True)
class DetectorSettings:
    """A score for the unknown.

    Attributes:
        detector: a name of `openset.ALL`, or "ODIN"; None where a run rejects by something else.
        detector_settings: all that it has besides the last layer, as pairs.
        scored_on: "head", the features that the last layer gets, or "backbone", those that the head gets.
    """

    detector: str | None
    detector_settings: tuple[tuple[str, object], ...]
    scored_on: str | None

    def fitted(self, head: Head, world: World) -> Callable[[Tensor], Tensor]:
        """Features of the backbone, as in `world` → unknown scores."""
        settings = dict(self.detector_settings)
        if self.detector == "ODIN":
            return lambda x: openset.odin(head, x, **settings)
        kind = openset.ALL[self.detector]
        last = (head.last.weight, head.last.bias) if issubclass(kind, LastLayer) else ()
        detector, embed = kind(*last, **settings), head.embed if self.scored_on == "head" else _as_it_is
        detector.fit(embed(world.train), head(world.train), world.labels)
        return lambda x: detector.score(embed(x), head(x))

    def scores(self, head: Head, world: World) -> Scores:
        score = self.fitted(head, world)
        return score(world.known), score(world.near), score(world.far)


def _as_it_is(x: Tensor) -> Tensor:
    return x


def every_score(head: Head, world: World, detectors: Mapping[str, Settings]) -> dict[str, Scores]:
    """Name → scores, of each of `detectors`, such as `experiments.DETECTORS`."""
    return {name: chosen(DetectorSettings, settings).scores(head, world) for name, settings in detectors.items()}


# --- logos, land, car makers ---


def score_logos(settings: Settings, seed: int) -> Result:
    """AUROC near and far, FPR and OSCR near, of a detector on logos. Reads `LogoWorld`, `HeadSettings` and
    `DetectorSettings`."""
    made, head_settings = chosen(LogoWorld, settings), chosen(HeadSettings, settings)
    world, head = logo_world(made, seed), logo_head(made, head_settings, Loss("softmax"), seed)
    known, near, far = chosen(DetectorSettings, settings).scores(head, world)
    areas, open_set = measures.areas(known, near, far), measures.open_set(known, near, named_right(head, world))
    return measures.result(areas | open_set | measures.false_positives(known, near), world.source)


def score_land(settings: Settings, seed: int) -> Result:
    """AUROC near and far, OSCR near, of a detector on land. Reads `LandWorld`, `HeadSettings`, `DetectorSettings`."""
    return _score_other(land_world(chosen(LandWorld, settings), seed), settings, seed)


def score_cars(settings: Settings, seed: int) -> Result:
    """The same on car makers' logos. Reads `CarWorld`, `HeadSettings` and `DetectorSettings`."""
    return _score_other(car_world(chosen(CarWorld, settings), seed), settings, seed)


def _score_other(world: World, settings: Settings, seed: int) -> Result:
    head = train_head(world.train, world.labels, chosen(HeadSettings, settings), seed=seed)
    known, near, far = chosen(DetectorSettings, settings).scores(head, world)
    areas = measures.areas(known, near, far)
    return measures.result(areas | measures.open_set(known, near, named_right(head, world)), world.source)


def answer_cars(settings: Settings, seed: int) -> Result:
    """The share of unknown pictures, near and far, that gets `sure` or more. Reads `CarWorld` and `HeadSettings`."""
    world, loss = car_world(chosen(CarWorld, settings), seed), Loss("softmax")
    head = train_head(world.train, world.labels, chosen(HeadSettings, settings), loss=loss, seed=seed)
    highest = {"near": certainty(head, world.near, loss), "far": certainty(head, world.far, loss)}
    certainties = measures.certainties(highest, settings["sure"])
    return measures.result({name: certainties[name] for name in measures.SURE.values()}, world.source)


# --- is it the softmax? ---


def highest_sigmoid(logits: Tensor) -> Tensor:
    """One minus the highest probability of a class, where each has its own sigmoid."""
    return 1 - logits.sigmoid().amax(dim=1)


# Logits [N, K] → unknown score [N]; two of them have a temperature.
OF_LOGITS: dict[str, Callable[..., Tensor]] = {
    "softmax": openset.max_softmax,
    "energy": openset.energy,
    "logit": openset.max_logit,
    "sigmoid": highest_sigmoid,
}


def _scores_of_logits(settings: Settings, seed: int) -> tuple[World, Scores]:
    """(the world, unknown scores of its three parts) by `score` at `temperature`, None where it has none."""
    made, loss = chosen(LogoWorld, settings), Loss.chosen(settings)
    world, head = logo_world(made, seed), logo_head(made, chosen(HeadSettings, settings), loss, seed)
    score, temperature = OF_LOGITS[settings["score"]], settings["temperature"]
    if temperature is not None:
        score = partial(score, temperature=temperature)
    return world, tuple(score(head(x).double()) for x in (world.known, world.near, world.far))


def rank_by_logits(settings: Settings, seed: int) -> Result:
    """AUROC near and far, of one network's logits. Reads `LogoWorld`, `HeadSettings`, `loss`, `loss_settings`, and
    `score`, one of `OF_LOGITS`, with its `temperature`."""
    world, (known, near, far) = _scores_of_logits(settings, seed)
    return measures.result(measures.areas(known, near, far), world.source)


def sound_by_logits(settings: Settings, seed: int) -> Result:
    """How sure the same outputs sound of unknowns, where the score is one minus a probability: the share of near ones
    with `sure` or more, and the mean of near and far."""
    world, (_, near, far) = _scores_of_logits(settings, seed)
    certainties = measures.certainties({"near": 1 - near, "far": 1 - far}, settings["sure"])
    wanted = (measures.SURE["near"], measures.MEAN["near"], measures.MEAN["far"])
    return measures.result({name: certainties[name] for name in wanted}, world.source)


# --- a threshold without unknowns ---


def draw_thresholds(settings: Settings, seed: int) -> Result:
    """Mean share of the known that is rejected, and of near and far that is let in, over `splits` halvings of the
    known: one half draws the line that rejects `rejected`, the other meets it."""
    made, head_settings = chosen(LogoWorld, settings), chosen(HeadSettings, settings)
    world, head = logo_world(made, seed), logo_head(made, head_settings, Loss("softmax"), seed)
    known, near, far = (part.numpy() for part in chosen(DetectorSettings, settings).scores(head, world))
    rng, shares = np.random.default_rng(seed), []
    for _ in range(settings["splits"]):
        order = rng.permutation(len(known))
        calibration, rest = np.split(known[order], [len(known) // 2])
        line = openset.without_unknowns(calibration, rejected=settings["rejected"])
        shares.append([(rest > line).mean(), (near <= line).mean(), (far <= line).mean()])
    lost, near_in, far_in = np.mean(shares, axis=0).tolist()
    let_in = {measures.LET_IN["near"]: (near_in, len(near)), measures.LET_IN["far"]: (far_in, len(far))}
    return measures.result({measures.REJECTED: (lost, len(known))} | let_in, world.source)
