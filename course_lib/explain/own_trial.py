"""Heatmaps on trial in a network of one's own: plant a reason that it goes by, and see which method finds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .. import checks
from ..models.inference import described, preprocessing_of
from ..pixels import block_average
from ..training import predictor
from .answers import ask
from .cells import cells_of
from .faithfulness import energy_inside, pointing_game
from .gradients import Enlarge, grad_cam, integrated_gradients, layer_cam, saliency
from .layers import feature_layers, last_layer
from .masks import rise
from .occlusion import occlusion_map

Predict = Callable[[Tensor], Tensor]
Method = Callable[[Tensor, int], Tensor]  # (picture, uint8 [3, H, W], class) → float [H, W]
SURE = 0.5  # of a whole picture, and at least of the patchwork's answer
LOST = 0.5  # the share of its answer that a patchwork loses with the quarter that it goes by
FEWEST = 5  # patchworks: of fewer nothing can be said


@dataclass(frozen=True)
class MethodRow:
    """How a method did on `n` patchworks.

    Attributes:
        hit: the share of them whose hottest pixel lies in the right quarter.
        heat: how much of its heat lies there, on average.
        same: the share of them whose hottest pixel lies in the quarter that has it most often. A map that always lights
            up the same corner, whatever the picture shows, has 1.
    """

    name: str
    hit: float
    heat: float
    same: float
    n: int

    @property
    def error(self) -> float:
        """Standard error of `hit`."""
        return math.sqrt(self.hit * (1 - self.hit) / self.n)

    def __str__(self) -> str:
        return f"{self.name:34} {self.hit:5.0%} ± {self.error:<4.0%} {self.heat:7.0%} {self.same:13.0%}"


@dataclass(frozen=True)
class OnTrial:
    """The rows, best first, and what they were measured on.

    Attributes:
        patchworks: uint8 [n, 3, H, W].
        quarters: bool [n, H, W], the quarter that each answer rests on.
        answers: int64 [n], what the network says of each.
        tried: how many patchworks were made; of the rest no one quarter carried the answer.
    """

    rows: tuple[MethodRow, ...]
    patchworks: Tensor
    quarters: Tensor
    answers: Tensor
    tried: int
    _methods: Mapping[str, Method]
    _predict: Predict

    @property
    def best(self) -> str:
        """The name of the method with the most hits; among equals the one with more of its heat there."""
        return self.rows[0].name

    @property
    def level(self) -> tuple[str, ...]:
        """Names of the methods that are not surely behind the best: within two standard errors of the difference."""
        first = self.rows[0]
        return tuple(row.name for row in self.rows[1:] if first.hit - row.hit <= 2 * math.hypot(first.error, row.error))

    def answered(self, pictures: Tensor) -> Tensor:
        """int64 [B]: what the network says of `pictures`, uint8 [B, 3, H, W]."""
        return _ask(self._predict, pictures).argmax(dim=1)

    def heatmaps(self, pictures: Tensor, targets: Tensor | None = None, *, method: str = "") -> Tensor:
        """float32 [B, H, W]: why the network says `targets`, int64 [B], of `pictures`; by `method`, or the best one.

        None takes what the network says of each of them. (`answers` are those to the patchworks.)
        """
        draw = self._methods[method or self.best]
        targets = self.answered(pictures) if targets is None else targets
        return torch.stack([draw(one, int(k)) for one, k in zip(pictures, targets, strict=True)]).float()

    def __str__(self) -> str:
        base = f"n = {len(self.patchworks)} of {self.tried} patchworks, whose answer rests on one quarter"
        head = f"{'':34}  hits ± SE    heat  same quarter"
        told = (
            "hits: the hottest pixel lies in the right quarter; random numbers would get 25 %",
            "heat: how much of it lies there",
            "same quarter: how often the hottest pixel lies in the quarter that has it most",
        )
        level = [f"Not surely behind it: {', '.join(self.level)}."] if self.level else []
        last = f"Most hits in this network: {self.best}."
        return "\n".join([base, head, *map(str, self.rows), *told, last, *level])


def on_trial(
    model: nn.Module | Predict,
    pictures: Tensor,
    *,
    preprocessing: Callable[[Tensor], Tensor] | None = None,
    n: int = 60,
    seed: int = 0,
) -> OnTrial:
    """Which heatmap finds a reason that was planted, in this very network? Nothing is trained.

    A patchwork is made of quarters of four pictures, each of another class and each at its own place. Where the network
    answers with one of the four classes, and loses at least half of that probability when that class's quarter is
    covered with the patchwork's mean colour, and more than with any other, the reason is known: it lies there.
    After the grid pointing game of Böhle, Fritz, Schiele: Convolutional Dynamic Alignment Networks, CVPR 2021.

    It favours methods that cover, since covering says which patchworks count, and a patchwork is a strange picture.
    Quarters ask for no fine detail: what hits here may still miss a thin line.

    Args:
        model: a module with one logit a class; or a function uint8 [N, 3, H, W] → probabilities [N, K], such as one
            around a Keras model, for which only the methods that ask are tried.
        pictures: uint8 [N, 3, H, W], of four classes or more; labels are not needed.
        preprocessing: uint8 [B, 3, H, W] → floats, as the module wants them; None takes `model.preprocessing`.
        n: patchworks that are made.
        seed: of the patchworks, and of RISE.

    Raises:
        ValueError: the network is sure of fewer than four classes among the pictures, or of fewer than five
            patchworks it can be said what they rest on.
    """
    _check(pictures, n)
    predict: Predict = model
    if isinstance(model, nn.Module):
        prepared = preprocessing_of("on_trial", model, preprocessing)
        predict = predictor(model, preprocessing=prepared)
    works, quarters, answers = _with_known_reason(predict, pictures, n, seed)
    methods = _asking(predict, pictures.shape[-1], seed)
    if isinstance(model, nn.Module):
        methods |= _inside(model, prepared, pictures)
    rows = [_judge(name, method, works, quarters, answers) for name, method in methods.items()]
    rows.sort(key=lambda row: (row.hit, row.heat), reverse=True)
    return OnTrial(tuple(rows), works, quarters, answers, n, methods, predict)


# --- patchworks ---


def _with_known_reason(predict: Predict, pictures: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """(patchworks, the quarter that each rests on, the answers), of n that are made those of which it is known."""
    drawn = _four_classes(_ask(predict, pictures), n, seed)
    masks = quarters(*pictures.shape[2:])
    works = torch.stack([_patchwork(pictures[rows], masks) for rows, _ in drawn])
    whole = _ask(predict, works)
    sure, answers = whole.max(dim=1)
    covered = torch.stack([_ask(predict, _covered(works, mask)) for mask in masks])  # [4, n, K]
    lost = sure - covered.gather(2, answers.expand(4, -1)[..., None])[..., 0]  # [4, n]
    kept = [
        (work, masks[place], answer)
        for k, (work, answer, (_, classes)) in enumerate(zip(works, answers, drawn, strict=True))
        if int(answer) in classes
        and sure[k] >= SURE
        and (place := int(lost[:, k].argmax())) == classes.index(int(answer))
        and lost[place, k] >= LOST * sure[k]
    ]
    if len(kept) < FEWEST:
        raise ValueError(
            f"on_trial made {n} patchworks, and of {len(kept)} the answer rests on one quarter; it wants {FEWEST} or "
            "more. Give more pictures, or a larger n; a network that needs whole pictures cannot be tried like this."
        )
    made, rests_on, said = (torch.stack(part) for part in zip(*kept, strict=True))
    return made, rests_on, said


def _four_classes(probabilities: Tensor, n: int, seed: int) -> list[tuple[Tensor, list[int]]]:
    """n times: rows of four pictures that the network is sure of, int64 [4], and its four classes for them."""
    sure, said = probabilities.max(dim=1)
    rows = {k: ((said == k) & (sure >= SURE)).nonzero()[:, 0] for k in said.unique().tolist()}
    rows = {k: places for k, places in rows.items() if len(places)}
    if len(rows) < 4:
        raise ValueError(
            f"on_trial got pictures of which the network is sure of {len(rows)} classes; it wants pictures of four "
            "classes or more that it tells apart."
        )
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for _ in range(n):
        classes = [list(rows)[i] for i in torch.randperm(len(rows), generator=generator)[:4].tolist()]
        of_each = [rows[k][int(torch.randint(len(rows[k]), (1,), generator=generator))] for k in classes]
        drawn.append((torch.stack(of_each), classes))
    return drawn


def quarters(height: int, width: int) -> Tensor:
    """The four quarters of a picture: bool [4, height, width], row by row.

    >>> quarters(2, 2).int().argmax(dim=0).tolist()
    [[0, 1], [2, 3]]
    """
    number = 2 * (torch.arange(height) >= height / 2).long()[:, None] + (torch.arange(width) >= width / 2).long()
    return torch.stack([number == k for k in range(4)])


def _patchwork(four: Tensor, masks: Tensor) -> Tensor:
    """uint8 [3, H, W]: of each of four pictures, [4, 3, H, W], its own quarter."""
    return (four * masks[:, None]).sum(dim=0).to(torch.uint8)


def _covered(works: Tensor, mask: Tensor) -> Tensor:
    """The works with one quarter painted in the mean colour of the whole: its own would leave a colour's reason."""
    return torch.where(mask, block_average(works, 1), works)


def _ask(predict: Predict, pictures: Tensor) -> Tensor:
    return ask("on_trial", predict, iter(pictures.split(128)))


# --- methods ---


def _asking(predict: Predict, side: int, seed: int) -> dict[str, Method]:
    """Those that only ask; the patch is a quarter of the side wide."""
    size = max(1, side // 4)

    def covering(picture: Tensor, target: int) -> Tensor:
        return occlusion_map(predict, picture, target, size=size, stride=max(1, size // 2))

    def masking(picture: Tensor, target: int) -> Tensor:
        return rise(predict, picture, n=100, own_sums=True, seed=seed, progress=False)[..., target]

    return {"occlusion, grey": covering, "RISE, 100 masks": masking}


def _inside(model: nn.Module, preprocessing: Callable, pictures: Tensor) -> dict[str, Method]:
    """Those that go back through the network."""
    x = preprocessing(pictures[:1])

    def of(method: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Method:
        def draw(picture: Tensor, target: int) -> Tensor:
            return method(picture[None], preprocessing(picture[None]), torch.tensor([target]))[0].cpu()

        return draw

    def from_mean(picture: Tensor, x: Tensor, target: Tensor) -> Tensor:
        start = preprocessing(block_average(picture, 1))
        return integrated_gradients(model, x, target, baseline=start, steps=32)

    methods = {
        "saliency": of(lambda picture, x, target: saliency(model, x, target)),
        "integrated gradients, mean colour": of(from_mean),
    }
    # Both formulas at both layers: which of the two decides?
    for where, cells in zip(("", ", a finer layer"), reversed(_cells(model, x)), strict=False):
        layer = last_layer(model, x, cells=cells)
        enlarge = _enlargement(model, layer, x)
        for name, cam in (("Grad-CAM", grad_cam), ("LayerCAM", layer_cam)):
            methods[f"{name}{where}"] = of(_map_of(cam, model, layer, enlarge))
    return methods


def _map_of(cam: Callable, model: nn.Module, layer: nn.Module, enlarge: object) -> Callable[..., Tensor]:
    return lambda picture, x, target: cam(model, layer, x, target, enlarge=enlarge)


def _cells(model: nn.Module, x: Tensor) -> list[int]:
    """Cells a side of the last map and, before it, of one twice as fine or finer, where there is one; [] of no map."""
    sizes = [min(layer.size) for layer in feature_layers(model, x)]
    finer = [size for size in sizes if size >= 2 * sizes[-1]]
    return [*([min(finer)] if finer else []), *sizes[-1:]]


def _enlargement(model: nn.Module, layer: nn.Module, x: Tensor) -> Enlarge:
    """Where it cannot be said where the cells look, they are only enlarged."""
    try:
        cells_of(model, layer, x)
    except ValueError:
        return "bilinear"
    return "by cells"


def _judge(name: str, method: Method, works: Tensor, masks: Tensor, answers: Tensor) -> MethodRow:
    pairs = [(method(work, int(k)).double(), mask) for work, mask, k in zip(works, masks, answers, strict=True)]
    hit, heat = (sum(score(*pair) for pair in pairs) / len(pairs) for score in (pointing_game, energy_inside))
    four = quarters(*masks.shape[1:])
    hottest = [max(range(4), key=lambda k: heatmap.detach()[four[k]].max().item()) for heatmap, _ in pairs]
    same = max(hottest.count(k) for k in range(4)) / len(pairs)
    return MethodRow(name, hit, heat, same, len(pairs))


def _check(pictures: Tensor, n: int) -> None:
    if (
        not isinstance(pictures, Tensor)
        or pictures.dtype != torch.uint8
        or pictures.ndim != 4
        or pictures.shape[1] != 3
    ):
        what = f"{pictures.dtype} {tuple(pictures.shape)}" if isinstance(pictures, Tensor) else described(pictures)
        raise ValueError(f"on_trial got pictures {what}; it wants uint8 [N, 3, H, W], as they were loaded.")
    if not checks.is_count(n):
        raise ValueError(f"on_trial got n={n!r}; it wants patchworks, 1 or more.")
