"""The experiments and trials of lesson 6: heatmaps and what they are worth; colour, texture or shape.

First on pictures whose reason was planted, then on real EuroSAT. Every network is trained anew by each seed. Rates and
epochs were chosen on seeds 100 and 101 by test accuracy alone; no heatmap had a say in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache, partial
from math import isnan

import torch
from torch import Tensor, nn
from torch.nn.functional import fold
from torchvision.transforms.functional import gaussian_blur

from .. import data, explain, models, training
from ..data import ImageSet
from ..models import SmallCNN
from ..pixels import Standardize, block_average, grey, recolour, shuffle_patches, zoom
from ..training import Settings
from .evidence import Summary
from .registry import verdicts
from .trial import Experiment, Trial

LESSON = "06_why_did_it_say_that"
SEEDS = 10
SMALL = 1_500  # pictures in a rerun that a learner waits for
N_SHOWN = 20  # pictures that are explained, a seed
POINT, TWO_POINTS = 0.01, 0.02

Recipe = Mapping[str, object]
Method = Callable[[nn.Module, Tensor, Tensor, int], Tensor]


def _recipe(settings: Settings, **more: object) -> Recipe:
    return {name: value for name, value in asdict(settings).items() if name != "seed"} | more


def _fit(model: nn.Module, train: ImageSet, settings: Settings, seed: int) -> nn.Module:
    """`model`, trained; a look at twenty of its own pictures is all the validation that there is."""
    some = train.subset(min(20, len(train) - 1))
    training.fit(model, train, some, Settings(**_recipe(settings), seed=seed), progress=False)
    return model.eval()


def _right(model: nn.Module, pictures: ImageSet) -> Tensor:
    """bool [N]: which pictures `model` names right."""
    return training.predict(model, pictures).argmax(dim=1) == pictures.labels


# --- the methods ---


def _noise_free(method: Callable[..., Tensor], **knobs: object) -> Method:
    """A method that goes by gradients: (model, preprocessed pictures, target)."""

    def explained(model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
        return method(model, model.preprocessing(images), target, **knobs)

    return explained


def _smooth(model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    return explain.smooth_grad(model, model.preprocessing(images), target, seed=seed)


def _integrated(model: nn.Module, images: Tensor, target: Tensor, seed: int, *, start: str) -> Tensor:
    """Integrated gradients from black pictures, or from each picture's own mean colour."""
    ground = torch.zeros_like(images) if start == "black" else block_average(images, 1)
    baseline = model.preprocessing(ground)
    return explain.integrated_gradients(model, model.preprocessing(images), target, baseline=baseline, steps=32)


def _cam(model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    return explain.grad_cam(model, model.blocks[-1], model.preprocessing(images), target)


def _occlusion(model: nn.Module, images: Tensor, target: Tensor, seed: int, *, fill: str, stride: int = 4) -> Tensor:
    """By how much the answer falls under a patch of 8 px: the mean over all patches that cover a pixel."""
    predict, size = training.predictor(model), 8
    plain = predict(images).gather(1, target[:, None])
    side, found = images.shape[-1], []
    for image, label, answer in zip(images, target.tolist(), plain, strict=True):
        grid = explain.occlusion_grid(predict, image, size=size, stride=stride, fill=fill)[..., label]
        fall = (answer - grid).reshape(1, 1, -1).expand(1, size**2, -1)
        both = [fold(x, side, size, stride=stride) for x in (fall, torch.ones_like(fall))]
        found.append((both[0] / both[1])[0, 0])
    return torch.stack(found)


coarse_occlusion = partial(_occlusion, fill="grey", stride=8)
"""Occlusion on a grid of 8×8 places, which do not overlap: what a laptop does for a whole batch."""


def _many(method: Callable[..., Tensor], model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """RISE and LIME: picture by picture, all classes at once."""
    predict = training.predictor(model)
    knobs = {"own_sums": True} if method is explain.rise else {}
    maps = [method(predict, image, seed=seed, progress=False, **knobs) for image in images]
    return torch.stack([one[..., label] for one, label in zip(maps, target.tolist(), strict=True)])


def _blob(model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """A round blob in the middle, a quarter of the side wide (σ), whatever the picture and the model."""
    line = torch.linspace(-2, 2, images.shape[-1]) ** 2
    return torch.exp(-(line[:, None] + line) / 2).expand(len(images), -1, -1)


def _random(model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    return torch.rand(len(images), *images.shape[2:], generator=torch.Generator().manual_seed(seed))


BLOB, RANDOM = "a blob in the middle", "random numbers"
METHODS: dict[str, Method] = {
    "saliency": _noise_free(explain.saliency),
    "SmoothGrad": _smooth,
    "integrated gradients, from black": partial(_integrated, start="black"),
    "integrated gradients, from the mean colour": partial(_integrated, start="mean colour"),
    "Grad-CAM": _cam,
    "occlusion, grey": partial(_occlusion, fill="grey"),
    "occlusion, black": partial(_occlusion, fill="black"),
    "RISE": partial(_many, explain.rise),
    "LIME": partial(_many, explain.lime),
    BLOB: _blob,
    RANDOM: _random,
}
KNOWING = tuple(name for name in METHODS if name not in (BLOB, RANDOM))  # those that look at picture and model


def heatmaps(method: str, model: nn.Module, images: Tensor, target: Tensor, *, seed: int = 0) -> Tensor:
    """float32 [B, H, W]: why `model` says `target` (int64 [B]) of the pictures, uint8 [B, 3, H, W]."""
    if method not in METHODS:
        raise ValueError(f"heatmaps got method={method!r}; it wants one of: {'; '.join(METHODS)}.")
    return METHODS[method](model, images, target, seed)


# --- a planted reason ---

REASONS = ("road", "hue", "texture")
PLANTED = Settings(epochs=14, batch_size=32, peak_lr=1e-2, flips=False)
N_PLANTED, N_ASKED = 1_000, 400
PLANTED_RECIPE = _recipe(PLANTED, n_train=N_PLANTED, n_test=N_ASKED, network="SmallCNN, batch_norm")


@lru_cache(maxsize=64)
def planted_network(reason: str, seed: int, small: bool = False) -> SmallCNN:
    """A small network that has learnt the planted reason of `planted_test(reason, seed)`."""
    train, _ = data.planted(reason, N_PLANTED // 2 // (5 if small else 1), seed=2 * seed)
    model = SmallCNN(batch_norm=True, preprocessing=Standardize.fitted(train), seed=seed)
    return _fit(model, train, PLANTED, seed)


@lru_cache(maxsize=64)
def planted_test(reason: str, seed: int) -> tuple[ImageSet, Tensor]:
    """(400 pictures that the network has not seen, their masks)."""
    return data.planted(reason, N_ASKED // 2, seed=2 * seed + 1)


@lru_cache(maxsize=512)
def _planted_maps(method: str, reason: str, seed: int, small: bool) -> Tensor:
    pictures, _ = planted_test(reason, seed)
    some = pictures.at(range(N_SHOWN))
    return heatmaps(method, planted_network(reason, seed, small), some.images, some.labels, seed=seed)


FOUND = {f"{reason}: {method}": (reason, method) for reason in REASONS for method in METHODS}


def run_found(variant: str, seed: int, small: bool = False, *, score: str = "energy") -> Recipe:
    """How well a heatmap finds the planted thing: the heat inside of the mask, or whether the hottest pixel is."""
    reason, method = FOUND[variant]
    maps, masks = _planted_maps(method, reason, seed, small), planted_test(reason, seed)[1]
    one = explain.energy_inside if score == "energy" else explain.pointing_game
    scores = [one(heat, mask) for heat, mask in zip(maps, masks[:N_SHOWN], strict=True)]
    return {"value": sum(scores) / len(scores), "n": len(scores), "source": "generated"}


LEFT = {
    f"{reason}: {seen}": (reason, seen)
    for reason in REASONS
    for seen in ("all is seen", "the planted thing is covered", "all but the planted thing is covered")
}


def covered(pictures: ImageSet, masks: Tensor, seen: str) -> ImageSet:
    """The pictures with the planted thing, or all but it, painted in the picture's mean colour."""
    if seen == "all is seen":
        return pictures
    hide = masks if seen.startswith("the planted") else ~masks
    return pictures.changed(lambda images: torch.where(hide[:, None], block_average(images, 1), images))


def run_left(variant: str, seed: int, small: bool = False) -> Recipe:
    """Accuracy on new pictures, whole or partly covered: what the network really goes by."""
    reason, seen = LEFT[variant]
    asked = covered(*planted_test(reason, seed), seen)
    right = _right(planted_network(reason, seed, small), asked)
    return {"value": right.float().mean().item(), "n": len(asked), "source": "generated"}


# --- EuroSAT: networks trained on changed pictures ---

WIDTHS, N_SCRATCH, N_TEST = (16, 32, 64), 3_000, 1_000
SCRATCH = Settings(epochs=8, batch_size=64, peak_lr=1e-2)
NETWORK, N_TUNED = "mobilenet_v2_035", 2_000
TUNING = Settings(epochs=4, batch_size=64, peak_lr=3e-3)


def low_pass(images: Tensor, cycles: int = 8) -> Tensor:
    """What changes at most `cycles` times from edge to edge, in any direction: uint8, like `images`."""
    rows, columns = (torch.fft.fftfreq(n, 1 / n) for n in images.shape[-2:])
    kept = rows[:, None] ** 2 + columns**2 <= cycles**2
    return torch.fft.ifft2(torch.fft.fft2(images.float()) * kept).real.round().clamp(0, 255).to(torch.uint8)


def high_pass(images: Tensor, cycles: int = 8) -> Tensor:
    """What `low_pass` takes away, around the picture's mean colour."""
    rest = images.float() - low_pass(images, cycles).float() + block_average(images, 1).float()
    return rest.round().clamp(0, 255).to(torch.uint8)


def blur(images: Tensor, sigma: float = 2.0) -> Tensor:
    """Gaussian blur; `sigma` in pixels."""
    return gaussian_blur(images, 2 * round(3 * sigma) + 1, sigma)


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": lambda images: images,
    "grey": grey,
    "hue turned by 90°": partial(recolour, hue=90),
    "hue turned by 180°": partial(recolour, hue=180),
    "half the saturation": partial(recolour, saturation=0.5),
    "twice the saturation": partial(recolour, saturation=2),
    "patches of 32 px shuffled": partial(shuffle_patches, patch=32),
    "patches of 16 px shuffled": partial(shuffle_patches, patch=16),
    "patches of 8 px shuffled": partial(shuffle_patches, patch=8),
    "zoomed 2×": partial(zoom, factor=2),
    "blurred, 2 px": blur,
    "low-pass, 8 cycles": low_pass,
    "high-pass, 8 cycles": high_pass,
    "mean colour only": partial(block_average, size=1),
}
KINDS = {
    "plain": "plain",
    "grey": "grey",
    "shuffled": "patches of 16 px shuffled",
    "zoomed": "zoomed 2×",
}  # how networks are trained


@lru_cache(maxsize=2)
def _eurosat(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


@lru_cache(maxsize=4)
def parts(seed: int, n: int | None = None, n_train: int = N_SCRATCH) -> tuple[ImageSet, ImageSet]:
    """(training pictures, 1,000 test pictures) of a split 80/10/10; validation is not looked at."""
    train, _, test = _eurosat(n).split(seed=seed)
    return train.subset(min(n_train, len(train) - 1), seed=seed), test.subset(min(N_TEST, len(test) - 1), seed=seed)


@lru_cache(maxsize=64)
def network(kind: str, seed: int, n: int | None = None) -> SmallCNN:
    """A small network, from random weights, trained on EuroSAT's pictures as `KINDS[kind]` changes them."""
    return learn(parts(seed, n)[0].changed(CHANGES[KINDS[kind]]), seed)


def learn(train: ImageSet, seed: int = 0) -> SmallCNN:
    """The small network of this lesson, from random weights, trained on `train`."""
    prepare = Standardize.fitted(train)
    model = SmallCNN(widths=WIDTHS, outputs=len(train.classes), batch_norm=True, preprocessing=prepare, seed=seed)
    return _fit(model, train, SCRATCH, seed)


@lru_cache(maxsize=32)
def tuned(seed: int, n: int | None = None, kind: str = "plain") -> models.Classifier:
    """MobileNetV2 0.35 from ImageNet, fine-tuned on 2,000 pictures of EuroSAT, changed as `KINDS[kind]` says."""
    train = parts(seed, n, N_TUNED)[0].changed(CHANGES[KINDS[kind]])
    return tune(train, seed, weights="any" if n else "real")


def tune(train: ImageSet, seed: int = 0, *, weights: str = "any") -> models.Classifier:
    """MobileNetV2 0.35, all of it trained on from `weights` (as in `models.backbone`)."""
    backbone = models.backbone(NETWORK, weights=weights)
    return _fit(models.Classifier(backbone, train.classes, pooling="mean", seed=seed), train, TUNING, seed)


NETWORKS = {"fine-tuned": "tuned", "from scratch": "plain"}


@lru_cache(maxsize=1024)
def _answers(who: str, change: str, seed: int, n: int | None) -> Tensor:
    """int64 [N]: what a network says of the changed test pictures; `who` is in `KINDS`, "tuned" or "tuned, zoomed"."""
    fine, _, kind = who.partition(", ")
    model = tuned(seed, n, kind or "plain") if fine == "tuned" else network(who, seed, n)
    return training.predict(model, _changed_test(change, seed, n)).argmax(dim=1)


@lru_cache(maxsize=20)
def _changed_test(change: str, seed: int, n: int | None) -> ImageSet:
    """`change` is in `CHANGES`, or two of them, "then" between."""
    pictures = parts(seed, n)[1]
    for one in change.split(" then "):
        pictures = pictures.changed(CHANGES[one])
    return pictures


SEEN = {f"{name}: {change}": (who, change) for name, who in NETWORKS.items() for change in CHANGES}


def run_seen(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy of a network that was trained on plain pictures, on changed ones."""
    return _accuracy(*SEEN[variant], seed, n)


def _accuracy(who: str, change: str, seed: int, n: int | None, label: int | None = None) -> Recipe:
    """Share of right answers, of all test pictures or of those of one class."""
    test, answers = parts(seed, n)[1], _answers(who, change, seed, n)
    mine = torch.ones(len(test), dtype=torch.bool) if label is None else test.labels == label
    right = (answers == test.labels)[mine].float().mean().item()
    return {"value": right, "n": int(mine.sum()), "source": test.source}


CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop",
    "Residential", "River", "SeaLake",
)  # fmt: skip
TOLD = ("plain", "grey", "hue turned by 90°", "patches of 16 px shuffled", "patches of 8 px shuffled", "zoomed 2×",
         "blurred, 2 px")  # fmt: skip
SEEN_CLASS = {f"{name}: {change}": (name, change) for name in CLASSES for change in TOLD}


def run_seen_class(variant: str, seed: int, n: int | None = None) -> Recipe:
    """As `run_seen`, of the fine-tuned network, for the pictures of one class."""
    name, change = SEEN_CLASS[variant]
    return _accuracy("tuned", change, seed, n, CLASSES.index(name))


TRAINED = {
    f"trained on {kind}, tested on {test}": (kind, change)
    for kind, own in KINDS.items()
    for test, change in {"plain": "plain", "its own kind": own}.items()
    if (kind, test) != ("plain", "its own kind")
}


def run_trained(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy of a network that was trained on pictures of one kind, on those of one kind."""
    return _accuracy(*TRAINED[variant], seed, n)


TRAINED_CLASS = {f"{name}: {kind}": (name, kind) for name in CLASSES for kind in KINDS}


def run_trained_class(variant: str, seed: int, n: int | None = None) -> Recipe:
    """As `run_trained`, on its own kind, for the pictures of one class."""
    name, kind = TRAINED_CLASS[variant]
    return _accuracy(kind, KINDS[kind], seed, n, CLASSES.index(name))


TURNED = {
    "trained on plain, sees colours": ("plain", "plain", "hue turned by 90°"),
    "trained on grey, sees colours": ("grey", "plain", "hue turned by 90°"),
    "trained on grey, sees grey": ("grey", "grey", "hue turned by 90° then grey"),
}


def run_turned(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Share of the answers that change when all hues are turned by 90°."""
    who, before, after = TURNED[variant]
    changed = _answers(who, before, seed, n) != _answers(who, after, seed, n)
    return {"value": changed.float().mean().item(), "n": len(changed), "source": parts(seed, n)[1].source}


COSTS = {
    "trained on plain, 16 px": ("plain", "plain", "patches of 16 px shuffled"),
    "trained on plain, 8 px": ("plain", "plain", "patches of 8 px shuffled"),
    "trained on zoomed, 16 px": ("zoomed", "zoomed 2×", "zoomed 2× then patches of 16 px shuffled"),
    "trained on zoomed, 8 px": ("zoomed", "zoomed 2×", "zoomed 2× then patches of 8 px shuffled"),
}


TUNED_COSTS = {
    name.replace("trained", "fine-tuned"): (f"tuned, {who}", *changes) for name, (who, *changes) in COSTS.items()
}


def run_cost(variant: str, seed: int, n: int | None = None) -> Recipe:
    """How much accuracy is lost when the patches are shuffled, of pictures of the network's own kind."""
    who, before, after = (COSTS | TUNED_COSTS)[variant]
    whole, shuffled = (_accuracy(who, change, seed, n) for change in (before, after))
    return whole | {"value": whole["value"] - shuffled["value"]}


# --- EuroSAT: which heatmap to trust ---

FILLS = ("grey", "black", "blurred")


@lru_cache(maxsize=16)
def asked(seed: int, n: int | None = None) -> tuple[ImageSet, Tensor]:
    """(20 test pictures, two a class; what the network from scratch says of them)."""
    test = parts(seed, n)[1]
    some = test.subset(N_SHOWN, seed=seed)
    return some, training.predict(network("plain", seed, n), some).argmax(dim=1)


@lru_cache(maxsize=256)
def _maps(method: str, seed: int, n: int | None) -> Tensor:
    pictures, target = asked(seed, n)
    return heatmaps(method, network("plain", seed, n), pictures.images, target, seed=seed)


FAITHFUL = {f"{method}; covered with {fill}": (method, fill) for method in METHODS for fill in FILLS}


def ground(image: Tensor, fill: str) -> str | Tensor:
    """What `explain` covers with: a colour's name, or the picture itself, blurred by 4 px."""
    return blur(image, 4) if fill == "blurred" else fill


def run_faithful(variant: str, seed: int, n: int | None = None, *, score: str) -> Recipe:
    """Mean area of deletion or insertion, or mean µ-fidelity, over 20 pictures."""
    (method, fill), (pictures, target) = FAITHFUL[variant], asked(seed, n)
    predict, maps = training.predictor(network("plain", seed, n)), _maps(method, seed, n)
    rows = zip(pictures.images, maps, target.tolist(), strict=True)
    scores = [_score(score, predict, image, heat, label, ground(image, fill)) for image, heat, label in rows]
    return {"value": sum(scores) / len(scores), "n": len(scores), "source": pictures.source}


def _score(score: str, predict: Callable, image: Tensor, heat: Tensor, label: int, fill: str | Tensor) -> float:
    if score == "mu":
        found = explain.mu_fidelity(predict, image, heat, label, fill=fill, n=100)
        return 0.0 if isnan(found) else found  # heat of one value says nothing of any part
    curve = {"deletion": explain.deletion, "insertion": explain.insertion}[score]
    return explain.area(curve(predict, image, heat, label, fill=fill, steps=16))


SANE = {
    f"{method}; {layers}": (method, top)
    for method in METHODS
    for layers, top in (("last layer random", 1), ("all layers random", None))
}


def run_sane(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Rank correlation of the heatmap with that of the same network with random weights; mean over 20 pictures."""
    (method, top), (pictures, target) = SANE[variant], asked(seed, n)
    other = explain.randomized(network("plain", seed, n), seed, top=top)
    # Random numbers are drawn anew, as a second draw would be; all other methods get what they got before.
    again = heatmaps(method, other, pictures.images, target, seed=seed + 1_000 * (method == RANDOM))
    pairs = zip(_maps(method, seed, n), again, strict=True)
    found = [explain.rank_correlation(a, b) for a, b in pairs]
    return {
        "value": sum(0.0 if isnan(r) else r for r in found) / len(found),
        "n": len(found),
        "source": pictures.source,
    }


# --- the experiments ---


def _experiment(
    name: str, run: Callable, variants: Mapping, recipe: Recipe, keys: tuple[str, ...], **more
) -> Experiment:
    """`variants` names what a run is made of, in the order of `keys`; `recipe` is what all of them share."""
    small = {"n": SMALL} if recipe is not PLANTED_RECIPE else {"small": True}
    settings = {
        name: recipe | dict(zip(keys, value if isinstance(value, tuple) else (value,), strict=True))
        for name, value in variants.items()
    }
    return Experiment(name=name, run=run, quick=partial(run, **small), variants=settings, seeds=SEEDS, **more)


_ON_LAND = _recipe(SCRATCH, widths=list(WIDTHS), n_train=N_SCRATCH, n_test=N_TEST)
_BOTH = {"scratch": _ON_LAND, "tuned": _recipe(TUNING, of=NETWORK, n_train=N_TUNED)}
_SHOWN = _ON_LAND | {"shown": N_SHOWN}

EXPERIMENTS = (
    LEFT_OVER := _experiment("planted_left", run_left, LEFT, PLANTED_RECIPE, ("reason", "seen")),
    ENERGY := _experiment(
        "planted_found", run_found, FOUND, PLANTED_RECIPE, ("reason", "method"), metric="heat on the planted thing"
    ),
    POINTING := _experiment(
        "planted_pointed",
        partial(run_found, score="pointing"),
        FOUND,
        PLANTED_RECIPE,
        ("reason", "method"),
        metric="hottest pixel on the planted thing",
    ),
    SEEN_AS := _experiment("seen_as", run_seen, SEEN, _BOTH, ("who", "change")),
    BY_CLASS := _experiment("seen_as_class", run_seen_class, SEEN_CLASS, _BOTH, ("class", "change")),
    TRAINED_ON := _experiment("trained_on", run_trained, TRAINED, _ON_LAND, ("kind", "tested on")),
    TRAINED_BY_CLASS := _experiment("trained_on_class", run_trained_class, TRAINED_CLASS, _ON_LAND, ("class", "kind")),
    HUE_TURNED := _experiment(
        "hue_turned",
        run_turned,
        TURNED,
        _ON_LAND,
        ("kind", "before", "after"),
        metric="answers that change when hues turn by 90°",
        lower_is_better=True,
    ),
    SHUFFLE_COST := _experiment(
        "shuffle_cost",
        run_cost,
        COSTS,
        _ON_LAND,
        ("kind", "before", "after"),
        metric="accuracy lost to shuffling",
        lower_is_better=True,
    ),
    TUNED_COST := _experiment(
        "shuffle_cost_tuned",
        run_cost,
        TUNED_COSTS,
        _BOTH,
        ("who", "before", "after"),
        metric="accuracy lost to shuffling",
        lower_is_better=True,
    ),
    DELETION := _experiment(
        "heat_deletion",
        partial(run_faithful, score="deletion"),
        FAITHFUL,
        _SHOWN,
        ("method", "fill"),
        metric="mean answer while the hottest are covered",
        lower_is_better=True,
    ),
    INSERTION := _experiment(
        "heat_insertion",
        partial(run_faithful, score="insertion"),
        FAITHFUL,
        _SHOWN,
        ("method", "fill"),
        metric="mean answer while the hottest are uncovered",
    ),
    FIDELITY := _experiment(
        "heat_fidelity",
        partial(run_faithful, score="mu"),
        FAITHFUL,
        _SHOWN,
        ("method", "fill"),
        metric="µ-fidelity",
        unit="correlation",
    ),
    SANITY := _experiment(
        "heat_sanity",
        run_sane,
        SANE,
        _SHOWN,
        ("method", "top"),
        metric="rank correlation with the random network's heatmap",
        unit="correlation",
        lower_is_better=True,
    ),
)
# --- what people say ---

_trial = partial(Trial, seeds=SEEDS, lesson=LESSON)
FIVE_POINTS = 0.05
OCCLUSION, BLACK = "occlusion, grey", "occlusion, black"
FROM_BLACK, FROM_MEAN = "integrated gradients, from black", "integrated gradients, from the mean colour"


def _found(name: str, claim: str, method: str, rival: str, **more: object) -> tuple[Trial, ...]:
    """The same claim for each of the planted reasons."""
    return tuple(
        _trial(
            name=f"{name}_{reason}",
            claim=f"{claim} ({reason})",
            variant=ENERGY[f"{reason}: {method}"],
            baseline=ENERGY[f"{reason}: {rival}"],
            smallest_effect=FIVE_POINTS,
            **more,
        )
        for reason in REASONS
    )


def _depends(name: str, method: str) -> Trial:
    return _trial(
        name=f"depends_{name}",
        claim=f"The heatmap of {method} depends on the trained weights: with random ones it is another.",
        variant=SANITY[f"{RANDOM}; all layers random"],
        baseline=SANITY[f"{method}; all layers random"],
        says="no better",
        smallest_effect=0.1,
    )


TRIALS = (
    *(
        trial
        for name, method in (("saliency", "saliency"), ("cam", "Grad-CAM"), ("occlusion", OCCLUSION), ("rise", "RISE"))
        for trial in _found(
            f"shows_{name}", f"A heatmap by {method} shows the reason better than a blob.", method, BLOB
        )
    ),
    *_found("cam_best", "Grad-CAM is the best: better than occlusion at finding the reason.", "Grad-CAM", OCCLUSION),
    _trial(
        name="cam_best_deletion",
        claim="Grad-CAM is the best: better than occlusion when its hottest pixels are covered.",
        variant=DELETION["Grad-CAM; covered with grey"],
        baseline=DELETION[f"{OCCLUSION}; covered with grey"],
        smallest_effect=TWO_POINTS,
    ),
    *_found(
        "baseline_integrated",
        "The baseline is a detail: the mean colour is no better than black for integrated gradients.",
        FROM_MEAN,
        FROM_BLACK,
        says="no better",
    ),
    *_found(
        "baseline_occlusion",
        "The baseline is a detail: grey is no better than black for occlusion.",
        OCCLUSION,
        BLACK,
        says="no better",
    ),
    *_found("smooth", "SmoothGrad is better than plain saliency at finding the reason.", "SmoothGrad", "saliency"),
    _trial(
        name="smooth_deletion",
        claim="SmoothGrad is better than plain saliency when the hottest pixels are covered.",
        variant=DELETION["SmoothGrad; covered with grey"],
        baseline=DELETION["saliency; covered with grey"],
        smallest_effect=TWO_POINTS,
    ),
    _depends("saliency", "saliency"),
    _depends("cam", "Grad-CAM"),
    _depends("integrated", FROM_BLACK),
    _trial(
        name="shape_needed",
        claim="Shuffling patches of 8 px destroys it: no better than from the mean colour.",
        variant=SEEN_AS["fine-tuned: patches of 8 px shuffled"],
        baseline=SEEN_AS["fine-tuned: mean colour only"],
        says="no better",
        smallest_effect=0.1,
    ),
    _trial(
        name="colour_decides_seen",
        claim="Colour decides on EuroSAT: a network loses more to grey than to shuffled patches of 16 px.",
        variant=SEEN_AS["fine-tuned: patches of 16 px shuffled"],
        baseline=SEEN_AS["fine-tuned: grey"],
        smallest_effect=TWO_POINTS,
    ),
    _trial(
        name="colour_decides_trained",
        claim="Colour decides on EuroSAT: a network that learns without it is worse by 10 points.",
        variant=TRAINED_ON["trained on plain, tested on plain"],
        baseline=TRAINED_ON["trained on grey, tested on its own kind"],
        smallest_effect=0.1,
    ),
    _trial(
        name="grey_removes_bias",
        claim="Training on black and white removes colour bias: fewer answers change when hues turn.",
        variant=HUE_TURNED["trained on grey, sees colours"],
        baseline=HUE_TURNED["trained on plain, sees colours"],
        smallest_effect=FIVE_POINTS,
    ),
    *(
        _trial(
            name=f"zoom_texture_{size}",
            claim=f"Zooming in makes it use texture: shuffling patches of {size} px costs less.",
            variant=SHUFFLE_COST[f"trained on zoomed, {size} px"],
            baseline=SHUFFLE_COST[f"trained on plain, {size} px"],
            smallest_effect=TWO_POINTS,
        )
        for size in (16, 8)
    ),
    *(
        _trial(
            name=f"zoom_texture_tuned_{size}",
            claim=f"Zooming in makes a fine-tuned network use texture: shuffling patches of {size} px costs less.",
            variant=TUNED_COST[f"fine-tuned on zoomed, {size} px"],
            baseline=TUNED_COST[f"fine-tuned on plain, {size} px"],
            smallest_effect=TWO_POINTS,
        )
        for size in (16, 8)
    ),
    _trial(
        name="zoom_free",
        claim="Zooming in costs nothing: whole pictures are no better.",
        variant=TRAINED_ON["trained on plain, tested on plain"],
        baseline=TRAINED_ON["trained on zoomed, tested on its own kind"],
        says="no better",
        smallest_effect=TWO_POINTS,
    ),
)  # fmt: skip


# --- what the lesson shows of them ---


def table(experiment: Experiment, rows: Iterable[str], columns: Iterable[str], form: str = "{row}: {column}") -> str:
    """Mean ± standard deviation over seeds: a line for each of `rows`; `form` makes the name of a variant of both."""
    found, rows, columns = experiment.summary(), list(rows), list(columns)
    width, wide = max(map(len, rows)), [max(12, len(column) + 2) for column in columns]
    lines = [" " * width + "".join(f"{column:>{w}}" for column, w in zip(columns, wide, strict=True))]
    for row in rows:
        cells = [found[form.format(row=row, column=column)] for column in columns]
        lines.append(f"{row:{width}}" + "".join(f"{_cell(s):>{w}}" for s, w in zip(cells, wide, strict=True)))
    return "\n".join(lines)


def _cell(s: Summary) -> str:
    return f"{100 * s.mean:.0f} ± {100 * s.sd:.0f}" if s.unit == "%" else f"{s.mean:.2f} ± {s.sd:.2f}"


def best(experiment: Experiment, column: str, form: str = "{row}: {column}", rows: Iterable[str] = KNOWING) -> str:
    """Which of `rows` has the best mean."""
    found = experiment.summary()
    sign = -1 if experiment.lower_is_better else 1
    return max(rows, key=lambda row: sign * found[form.format(row=row, column=column)].mean)


def lit(images: Tensor, maps: Tensor) -> Tensor:
    """uint8 [B, 3, H, W]: each picture as bright as it is hot. Of the heat, below 0 is dark, the top 1 % full light."""
    heat = maps.flatten(1).clamp(min=0)
    top = heat.quantile(0.99, dim=1).clamp(min=1e-12)[:, None]
    light = 0.12 + 0.88 * (heat / top).clamp(max=1)
    return (images * light.reshape(len(images), 1, *images.shape[2:]) * 1.4).clamp(0, 255).round().to(torch.uint8)


def advice() -> str:
    """`verdicts` of every trial of the lesson."""
    return verdicts(*(trial.name for trial in TRIALS))
