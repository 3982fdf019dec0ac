"""Classifiers and a trained detector that watch a generated clip: whole frames, sliding, or cell by cell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

from ... import data, features, openset
from ...data.generated.logos import logos_and_masks
from ...openset import Watcher
from ...openset.losses import NONE
from ...study import Result
from . import measures
from .detecting import DetectorSettings
from .heads import Head, HeadSettings, Loss, train_head, unknown_score
from .teaching import taught_head
from .unknown_pictures import KINDS, CollectSettings, Unknowns, collected_pictures
from .worlds import LogoWorld, Settings, backbone, chosen, logo_world


@dataclass(frozen=True)
class Watch:
    """How a clip is watched.

    Attributes:
        clip_seconds, fps: length of the clip, frames a second.
        frame_size: pixels that a frame is enlarged to.
        looks: "whole", "sliding" by `window` cells, or "cells", the trained detector.
        rejects_by: None answers always; "own" is the score of the class "none", or the cells' probability; "detector"
            the detector of the settings.
        rejected: share of held-out known pictures that the line rejects; None without a line.
    """

    clip_seconds: float
    fps: float
    frame_size: int
    looks: str
    window: int | None
    rejects_by: str | None
    rejected: float | None


@dataclass(frozen=True)
class CellSettings:
    """The trained detector: a head on every cell of the map.

    Attributes:
        n_boxed: known pictures with the mark's place that it learns from, besides the `Unknowns`, which have no mark.
        n_line: held-out known pictures that draw its line.
        covered: share of a cell from which on it has the mark's class.
        clear: share below which it is none; what lies between is not learned from.
        sure: probability below which it answers none, where no line is drawn.
        cell_epochs, cell_batch: of its training; the rest is as for the other heads.
    """

    n_boxed: int
    n_line: int
    covered: float | None
    clear: float | None
    sure: float | None
    cell_epochs: int | None
    cell_batch: int | None


def watch_clip(settings: Settings, seed: int) -> Result:
    """Precision, recall and F1 over frames, false alarms, and milliseconds a frame. Reads `LogoWorld`,
    `HeadSettings`, `Loss`, `Unknowns`, `DetectorSettings`, `Watch` and `CellSettings`."""
    made, watch = chosen(LogoWorld, settings), chosen(Watch, settings)
    answer, clip = _watcher(made, watch, settings, seed), _clip(watch.clip_seconds, watch.fps, seed)
    maps, seconds = frame_maps(made, watch.clip_seconds, watch.fps, watch.frame_size, seed)
    with torch.inference_mode():
        start = time.perf_counter()
        answers = answer(maps)
        seconds += time.perf_counter() - start
    shown = torch.where(clip.labels >= logo_world(made, seed).classes, NONE, clip.labels)
    report, n = openset.frame_report(answers, shown, fps=watch.fps), len(answers)
    values = {
        measures.PRECISION: (report.precision, n),
        measures.RECALL: (report.recall, n),
        measures.F1: (report.f1, n),
        measures.FALSE_ALARMS: (report.false_alarms_a_minute, n),
        measures.MILLISECONDS: (1000 * seconds / n, n),
    }
    return measures.result(values, "generated")


def _watcher(made: LogoWorld, watch: Watch, settings: Settings, seed: int) -> Callable[[Tensor], Tensor]:
    """Maps [T, D, h, w] → answers [T]."""
    head_settings, loss, unknowns = chosen(HeadSettings, settings), Loss.chosen(settings), Unknowns.chosen(settings)
    detector, cells = chosen(DetectorSettings, settings), chosen(CellSettings, settings)
    if watch.looks == "cells":
        head = cell_head(made, head_settings, loss, cells, unknowns, seed)
        line = cell_line(made, head, cells.n_line, watch.rejected, seed) if watch.rejects_by else cells.sure
        return partial(_detected, head=head, line=line)
    watcher = classifier(made, head_settings, loss, unknowns, detector, watch, seed)
    return partial(watcher.slide, window=watch.window) if watch.looks == "sliding" else watcher.look


@lru_cache(maxsize=2)
def _clip(seconds: float, fps: float, seed: int) -> data.Video:
    return data.video(seconds, fps=fps, seed=seed)


@lru_cache(maxsize=2)
def frame_maps(made: LogoWorld, clip_seconds: float, fps: float, size: int, seed: int) -> tuple[Tensor, float]:
    """(maps of the frames, of the world's scale; seconds that they took, the drawing of the frames not among them)."""
    frames, scale = _clip(clip_seconds, fps, seed).frames, logo_world(made, seed).scale
    start = time.perf_counter()
    maps = scale * maps_of(made, frames, size)
    return maps, time.perf_counter() - start


def maps_of(made: LogoWorld, frames: Tensor, size: int) -> Tensor:
    """float [T, D, h, w], not scaled."""
    network, maps = backbone(made.network, made.weights), []
    with torch.inference_mode():
        for part in frames.split(50):
            maps.append(network(features.prepare(part, network.preprocessing, "cpu", size=size)))
    return torch.cat(maps).clone()


# --- classifiers ---


def classifier(
    made: LogoWorld,
    settings: HeadSettings,
    loss: Loss,
    unknowns: Unknowns,
    detector: DetectorSettings,
    watch: Watch,
    seed: int,
) -> Watcher:
    """A head that watches. Its line is drawn by the held-out known pictures of the seed."""
    world = logo_world(made, seed)
    head = taught_head(made, settings, loss, unknowns, seed)
    if watch.rejects_by is None:
        return Watcher(head, world.classes)
    own = watch.rejects_by == "own"
    score = partial(unknown_score, head, loss=loss) if own else detector.fitted(head, world)
    line = openset.without_unknowns(score(world.known), rejected=watch.rejected)
    return Watcher(head, world.classes, score, line)


# --- a detector ---


@lru_cache(maxsize=2)
def cell_head(
    made: LogoWorld, settings: HeadSettings, loss: Loss, cells: CellSettings, unknowns: Unknowns, seed: int
) -> Head:
    """A head on every cell of the map, from training pictures with the marks' places and from collected ones."""
    x, labels = _cells_to_learn(made, cells, unknowns, seed)
    settings = replace(settings, epochs=cells.cell_epochs, batch=cells.cell_batch)
    return train_head(x, labels, settings, loss=loss, seed=seed)


def cell_line(made: LogoWorld, head: Head, n: int, rejected: float, seed: int) -> float:
    """The probability below which it answers none: a share `rejected` of `n` held-out known pictures lies there."""
    held_out = made.pictures(seed)[1].images[:n]
    sure, _ = _surest(logo_world(made, seed).scale * maps_of(made, held_out, made.size), head)
    return -openset.without_unknowns(-sure, rejected=rejected)


def _cells_to_learn(made: LogoWorld, cells: CellSettings, unknowns: Unknowns, seed: int) -> tuple[Tensor, Tensor]:
    """(features [M, D], labels [M]) of clear cells: the class where the mark covers one, `NONE` outside of it and on
    collected pictures."""
    world, collecting = logo_world(made, seed), CollectSettings(side=made.side, **dict(unknowns.settings))
    pictures, masks = logos_and_masks(-(-cells.n_boxed // world.classes), seed=2 * seed, side=made.side)
    of_each = unknowns.count // len(KINDS)
    others = torch.cat([collected_pictures(kind, of_each, collecting).images for kind in KINDS])
    maps = world.scale * maps_of(made, torch.cat([pictures.images, others]), made.size)
    share = F.adaptive_avg_pool2d(masks.float()[:, None], maps.shape[-1])[:, 0]  # of each cell that the mark covers
    share = torch.cat([share, share.new_zeros(len(others), *share.shape[1:])])
    classes = torch.cat([pictures.labels, pictures.labels.new_zeros(len(others))])[:, None, None]
    labels = torch.where(share > cells.covered, classes, NONE)
    clear = ((share > cells.covered) | (share < cells.clear)).flatten()
    return maps.permute(0, 2, 3, 1).flatten(0, 2)[clear], labels.flatten()[clear]


def _surest(maps: Tensor, head: Head) -> tuple[Tensor, Tensor]:
    """(highest probability of a known class in any cell, that class)."""
    p = head(maps.permute(0, 2, 3, 1)).softmax(dim=-1)[..., :-1].flatten(1, 2)  # [T, cells, K]
    return p.amax(dim=1).max(dim=1)


def _detected(maps: Tensor, head: Head, line: float) -> Tensor:
    sure, label = _surest(maps, head)
    return torch.where(sure >= line, label, NONE)
