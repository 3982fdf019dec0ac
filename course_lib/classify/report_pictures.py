"""The pictures of a report: which ones, small enough to be inside it; and heatmaps by a method that was tried first."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from .. import data, explain
from ..data import DataError
from .answerer import Answerer
from .result import Result, Row

if TYPE_CHECKING:
    from .building import Built

SIDE = 96  # pixels of a picture in the report
TRIED, STEPS, ORDERS = 10, 8, 2  # pictures that a heatmap's method is tried on, steps of covering, random orders
CELLS = 5  # places of the grey patch, a side

Heat = Callable[[Answerer, Tensor, int], Tensor]
"""(the classifier, a picture uint8 [3, stored, stored], position of a class) → float32 [stored, stored]."""


# --- which ones ---


def surest_mistakes(result: Result) -> list[int]:
    """Positions in `result.rows`: answered wrong and let through, the most probable answer first."""
    return _by(result, lambda row: row.accepted and row.answer != row.truth, lambda row: -row.probability)


def least_sure(result: Result) -> list[int]:
    """Positions in `result.rows`: let through, the least probable answer first."""
    return _by(result, lambda row: row.accepted, lambda row: row.probability)


def refused(result: Result) -> list[int]:
    """Positions in `result.rows`: of the own classes, and refused, the strangest first."""
    return _by(result, lambda row: not row.accepted, lambda row: -row.score)


def _by(result: Result, wanted: Callable[[Row], bool], key: Callable[[Row], float]) -> list[int]:
    rows = result.rows
    return sorted((k for k, row in enumerate(rows) if wanted(row)), key=lambda k: key(rows[k]))


# --- small, as an address that holds them ---


def inline(picture: Tensor | np.ndarray, side: int = SIDE) -> str:
    """uint8 [3, H, W] → "data:image/…", no larger than `side`. PNG where it is small: JPEG blurs single pixels."""
    image = Image.fromarray(np.ascontiguousarray(np.asarray(picture).transpose(1, 2, 0)))
    small = max(image.size) <= side // 2
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, **({"format": "PNG"} if small else {"format": "JPEG", "quality": 82}))
    kind = "png" if small else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def inline_file(built: Built, name: str) -> str:
    """The same of a file of the folder; "" where it is gone or no picture any more."""
    try:
        return inline(data.read_picture(built.folder / name, SIDE))
    except DataError:
        return ""


# --- heatmaps ---


@dataclass(frozen=True)
class Tried:
    """A heatmap's method, tried on this network.

    Attributes:
        gain: mean over `n` test pictures of how much lower the probability of the answer is, on the way from no pixel
            covered to all, with the hottest covered first than in random order; `low`, `high`: its 95 % t-interval.
    """

    name: str
    n: int
    gain: float
    low: float
    high: float

    @property
    def works(self) -> bool:
        """Better than chance by the whole interval."""
        return self.low > 0


def by_grad_cam(answerer: Answerer, picture: Tensor, target: int) -> Tensor:
    """`explain.grad_cam` of the last feature maps."""
    network, side = answerer.classifier, (answerer.size, answerer.size)
    x = interpolate(network.preprocessing(picture[None]), size=side, mode="bilinear", align_corners=False)
    heat = explain.grad_cam(network, network.backbone, x, torch.tensor([target]))
    return interpolate(heat[None], size=picture.shape[1:], mode="bilinear", align_corners=False)[0, 0]


def by_occlusion(answerer: Answerer, picture: Tensor, target: int) -> Tensor:
    """`explain.occlusion_map` with a grey patch of a quarter of the side."""
    side = picture.shape[-1]
    size = max(1, side // 4)
    stride = max(1, (side - size) // (CELLS - 1))
    return explain.occlusion_map(_probabilities(answerer), picture, target, size=size, stride=stride, batch_size=64)


HEATS: dict[str, Heat] = {"Grad-CAM": by_grad_cam, "occlusion": by_occlusion}


def tried(built: Built) -> tuple[Tried, ...]:
    """`HEATS`, in their order, on test pictures that are answered right, of all classes in turn; up to one that works.

    The cheapest comes first, and the others are only asked where it is no better than chance: to take the best of many
    would flatter it. Covered is with the picture's own blurred copy: grey would favour the method that covers with
    grey. Petsiuk, Das, Saenko: RISE, BMVC 2018, section 4.1 (deletion), against random orders on the same picture.
    """
    rows = _to_try(built.result)
    found: list[Tried] = []
    for name in HEATS if len(rows) >= 2 else ():
        found.append(_tried(built, name, rows))
        if found[-1].works:
            break
    return tuple(found)


def _tried(built: Built, name: str, rows: Sequence[int]) -> Tried:
    from scipy import stats  # a good part of a second, for reports only

    gains = []
    for row in rows:
        picture, target = built.pictures.images[row], built.result.rows[row].answer
        flat = torch.zeros(picture.shape[1:])
        chance = np.mean([_fall(built, picture, flat, target, seed) for seed in range(ORDERS)])
        gains.append(chance - _fall(built, picture, HEATS[name](built.answerer, picture, target), target, 0))
    middle, error = float(np.mean(gains)), float(np.std(gains, ddof=1)) / len(gains) ** 0.5
    half = float(stats.t.ppf(0.975, len(gains) - 1)) * error
    return Tried(name, len(gains), middle, middle - half, middle + half)


def _fall(built: Built, picture: Tensor, heat: Tensor, target: int, seed: int) -> float:
    """The mean answer while the hottest pixels are covered first; of equal heat, in random order."""
    predict = _probabilities(built.answerer)
    curve = explain.deletion(predict, picture, heat, target, fill=_blurred(picture), steps=STEPS, seed=seed)
    return explain.area(curve)


def _blurred(picture: Tensor) -> Tensor:
    """uint8 [3, H, W], in which nothing smaller than a sixth of it is left."""
    coarse = interpolate(picture[None].float(), size=(6, 6), mode="area")
    smooth = interpolate(coarse, size=picture.shape[1:], mode="bilinear", align_corners=False)
    return smooth[0].round().clamp(0, 255).to(torch.uint8)


def _to_try(result: Result) -> list[int]:
    """Rows that are answered right and let through, one of each class, then a second of each."""
    number: dict[int, int] = {}
    turn = []
    for k, row in enumerate(result.rows):
        if row.accepted and row.answer == row.truth:
            number[row.truth] = number.get(row.truth, -1) + 1
            turn.append((number[row.truth], row.truth, k))
    return [k for _, _, k in sorted(turn)[:TRIED]]


def _probabilities(answerer: Answerer) -> Callable[[Tensor], Tensor]:
    def predict(pictures: Tensor) -> Tensor:
        with torch.inference_mode():
            return answerer(pictures)[0]

    return predict


def lit(built: Built, row: int, method: str) -> Tensor:
    """The picture of a row, as bright as it speaks for the answer: uint8 [3, H, W]."""
    picture = built.pictures.images[row]
    heat = HEATS[method](built.answerer, picture, built.result.rows[row].answer)
    return explain.spotlight(picture[None], heat[None].nan_to_num())[0]
