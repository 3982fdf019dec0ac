"""The experiments and trials of lesson 4: normalization of pictures and in networks. `course trials list` names them.

On real EuroSAT, except where flat and textured pictures are needed, which are generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import cache, lru_cache, partial

import torch
from torch import Tensor, nn

from .. import data, features, models, training
from ..data import ImageSet
from ..models import Preprocessing, SmallCNN
from ..models.norm import freeze_norm, with_norm
from ..pixels import EachPicture, Standardize
from ..training import Settings
from .registry import verdicts
from .trial import Experiment, Trial

LESSON = "04_normalization"
SEEDS = 10
POINT = 0.01
SMALL = 1_500  # pictures in a rerun that a learner waits for
N_TEST = 1_000
NETWORK = "mobilenet_v2_035"
ENOUGH = 0.6  # accuracy that "epochs to" asks for
# What the second family that is passed around turns out to be: the mean of each picture's own deviation.
INSIDE = (0.091, 0.065, 0.055)

Recipe = Mapping[str, object]
Prepare = Callable[[Tensor], Tensor]


def _fixed(mean: float, std: float) -> Preprocessing:
    return Preprocessing(scale=1.0, mean=(mean,) * 3, std=(std,) * 3)


def _second_family(train: ImageSet) -> Prepare:
    return Standardize(Standardize.fitted(train).mean, INSIDE)


# Name → training pictures → what the network sees.
INPUTS: dict[str, Callable[[ImageSet], Prepare]] = {
    "own mean and deviation": Standardize.fitted,
    "none, 0 to 1": lambda train: Standardize(),
    "none, 0 to 255": lambda train: _fixed(0.0, 1.0),
    "own mean only": lambda train: Standardize(Standardize.fitted(train).mean),
    "own deviation only": lambda train: Standardize(std=Standardize.fitted(train).std),
    "ImageNet's": lambda train: models.IMAGENET,
    "own mean, the second family of deviations": _second_family,
    "−1 to 1": lambda train: models.MINUS_ONE_TO_ONE,
    "divided by 10,000": lambda train: _fixed(0.0, 10_000.0),
    "each picture, channels by themselves": lambda train: EachPicture("channels"),
    "each picture, channels together": lambda train: EachPicture("together"),
    "each picture, minimum to maximum": lambda train: EachPicture("min–max"),
    "each picture, equalized": lambda train: EachPicture("equalized"),
}


@lru_cache(maxsize=2)
def _eurosat(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


def _parts(seed: int, n: int | None, n_train: int) -> tuple[ImageSet, ImageSet]:
    """(training pictures, `N_TEST` test pictures) of a split 80/10/10; validation is not looked at."""
    train, _, test = _eurosat(n).split(seed=seed)
    return train.subset(min(n_train, len(train)), seed=seed), test.subset(min(N_TEST, len(test)), seed=seed)


def _result(value: float, test: ImageSet) -> dict[str, object]:
    return {"value": float(value), "n": len(test), "source": test.source}


# --- from scratch ---

WIDTHS, N_SCRATCH = (16, 32, 64), 3_000
ADAM = Settings(epochs=8, batch_size=64, peak_lr=3e-3)
SGD = Settings(epochs=8, batch_size=64, optimizer="sgd", peak_lr=0.05)
_WITH_SGD = ("own mean and deviation", "none, 0 to 1", "none, 0 to 255", "ImageNet's")


def _recipe(settings: Settings, **more: object) -> Recipe:
    return {name: value for name, value in asdict(settings).items() if name != "seed"} | more


# The best rates of a grid (AdamW 1e-3 to 3e-2, SGD 1e-6 to 0.8), chosen on validation pictures of seeds 100 and 101.
# Where the best is one of the two above, that run stands for it.
_AT_1E2, _AT_1E3 = Settings(epochs=8, batch_size=64, peak_lr=1e-2), Settings(**asdict(SGD) | {"peak_lr": 1e-3})
LEAK = "the test pictures' mean and deviation"
SCRATCH = {
    **{f"AdamW, {name}": (ADAM, name) for name in (*INPUTS, LEAK)},
    **{f"SGD, {name}": (SGD, name) for name in _WITH_SGD},
    **{f"AdamW at 0.01, {name}": (_AT_1E2, name) for name in ("own mean and deviation", "none, 0 to 1")},
    "SGD at 0.001, none, 0 to 255": (_AT_1E3, "none, 0 to 255"),
}
INSIDE_TOO = {
    f"batch normalization inside, {name}": (ADAM, name)
    for name in ("own mean and deviation", "none, 0 to 1", "none, 0 to 255")
}
SCRATCH |= INSIDE_TOO


@lru_cache(maxsize=512)
def _accuracies(variant: str, seed: int, n: int | None) -> tuple[float, ...]:
    """Test accuracy after each epoch of a small network from random weights; a run that diverges guesses."""
    settings, inputs = SCRATCH[variant]
    train, test = _parts(seed, n, N_SCRATCH)
    prepare = Standardize.fitted(test, test_too=True) if inputs == LEAK else INPUTS[inputs](train)
    model = SmallCNN(
        widths=WIDTHS,
        outputs=len(train.classes),
        batch_norm=variant in INSIDE_TOO,
        preprocessing=prepare,
        seed=seed,
    )
    try:
        record = training.fit(model, train, test, Settings(**_recipe(settings), seed=seed), progress=False)
    except FloatingPointError:
        return (1 / len(train.classes),) * settings.epochs
    return tuple(epoch.val_accuracy for epoch in record.history)


def run_scratch(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy after the last epoch."""
    return _result(_accuracies(variant, seed, n)[-1], _parts(seed, n, N_SCRATCH)[1])


def run_scratch_epochs(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Epochs until `ENOUGH` of the test pictures are right; one more than there were where that did not happen."""
    found = _accuracies(variant, seed, n)
    first = next((epoch for epoch, value in enumerate(found, start=1) if value >= ENOUGH), len(found) + 1)
    return _result(first, _parts(seed, n, N_SCRATCH)[1])


# --- a frozen backbone, fed in many ways ---

N_PROBE = 6_000  # drawn once; each seed splits them anew
_OWN = "its own"
FED: dict[str, Callable[[ImageSet, Preprocessing], Prepare]] = {
    _OWN: lambda train, own: own,
    "its own, red and blue swapped": lambda train, own: _swapped(own),
    "0 to 1 where −1 to 1 was meant": lambda train, own: Standardize(),
    "0 to 255 where −1 to 1 was meant": lambda train, own: _fixed(0.0, 1.0),
    "Caffe's: BGR less a mean": lambda train, own: models.CAFFE,
    "ImageNet's mean and deviation": lambda train, own: models.IMAGENET,
    "the set's own mean and deviation": lambda train, own: Standardize.fitted(train),
    "divided by 10,000": lambda train, own: _fixed(0.0, 10_000.0),
    "each picture, channels by themselves": lambda train, own: EachPicture("channels"),
    "each picture, channels together": lambda train, own: EachPicture("together"),
    "each picture, minimum to maximum": lambda train, own: EachPicture("min–max"),
    "each picture, equalized": lambda train, own: EachPicture("equalized"),
}
REFITTED = {f"{name}, probe fitted on it": (name, True) for name in FED}
MISFED = {f"{name}, probe fitted on its own": (name, False) for name in FED if name != _OWN}
PROBED = REFITTED | MISFED


def _swapped(own: Preprocessing) -> Preprocessing:
    return Preprocessing(own.scale, own.mean, own.std, "BGR" if own.order == "RGB" else "RGB")


@cache
def _features(fed: str, n: int | None):
    pictures = _probed(n)
    backbone = models.backbone(NETWORK, weights="any" if n else "real")
    backbone.preprocessing = FED[fed](pictures, backbone.preprocessing)
    return features.extract(backbone, pictures, cache=False, progress=False)


@lru_cache(maxsize=2)
def _probed(n: int | None) -> ImageSet:
    pictures = _eurosat(n)
    return pictures.subset(min(N_PROBE, len(pictures) - 1)).changed(lambda images: images)


def run_probe(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy of a linear probe whose backbone is fed in another way, before fitting or only afterwards."""
    (name, refitted), pictures = PROBED[variant], _probed(n)
    train, _, test = pictures.split(seed=seed)
    fitted_on, seen = _features(name if refitted else _OWN, n), _features(name, n)
    return _result(features.probe(fitted_on[train.rows], train.labels, seen[test.rows], test.labels).accuracy, test)


# --- fine-tuning ---

N_TUNED = 2_000
TUNING = Settings(epochs=4, batch_size=64, peak_lr=3e-3)
TUNED = (_OWN, "0 to 1 where −1 to 1 was meant", "0 to 255 where −1 to 1 was meant", "ImageNet's mean and deviation",
         "the set's own mean and deviation", "each picture, channels by themselves",
         "each picture, minimum to maximum", "each picture, equalized")  # fmt: skip


def run_tuned(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy of a network that was fine-tuned on inputs of one kind."""
    train, test = _parts(seed, n, N_TUNED)
    backbone = models.backbone(NETWORK, weights="any" if n else "real")
    backbone.preprocessing = FED[variant](train, backbone.preprocessing)
    model = models.Classifier(backbone, train.classes, pooling="mean", seed=seed)
    try:
        training.fit(model, train, test.subset(20), Settings(**_recipe(TUNING), seed=seed), progress=False)
    except FloatingPointError:
        return _result(1 / len(train.classes), test)
    return _result((training.predict(model, test).argmax(dim=1) == test.labels).float().mean().item(), test)


# --- normalization layers ---

HUES = {"hue_gap": 6.0, "side": 48, "brightness_spread": 0.2}
FLAT, TEXTURED = HUES | {"grain": 0.0, "stripes": 0.0}, HUES | {"grain": 0.15, "stripes": 0.3}
LAYERS = {
    f"{kind}, {job}": (kind, job)
    for job in ("flat hues", "textured hues", "EuroSAT")
    for kind in ("none", "batch", "layer", "instance", "group")
}
UNPADDED = "flat hues, no padding"
LAYERS |= {f"{kind}, {UNPADDED}": (kind, UNPADDED) for kind in ("batch", "instance")}
N_LAYERS, ON_LAND = 2_000, Settings(epochs=6, batch_size=64, peak_lr=3e-3)
ON_HUES = Settings(epochs=12, batch_size=32, peak_lr=3e-3, flips=False)


def _job(job: str, seed: int, n: int | None) -> tuple[ImageSet, ImageSet, Settings]:
    if job == "EuroSAT":
        return *_parts(seed, n, N_LAYERS), ON_LAND
    knobs = TEXTURED if job == "textured hues" else FLAT
    return *(data.spectrograms(200, seed=2 * seed + part, **knobs) for part in (0, 1)), ON_HUES


def _network(train: ImageSet, kind: str, seed: int) -> nn.Module:
    model = SmallCNN(
        widths=WIDTHS, outputs=len(train.classes), batch_norm=True, preprocessing=Standardize.fitted(train), seed=seed
    )
    return with_norm(model, kind)


def run_layers(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy of the small network with one kind of normalization layer, on one job."""
    kind, job = LAYERS[variant]
    train, test, settings = _job(job, seed, n)
    model = _network(train, kind, seed)
    for layer in model.modules():
        if job == UNPADDED and isinstance(layer, nn.Conv2d):
            layer.padding = (0, 0)
    record = training.fit(model, train, test, Settings(**_recipe(settings), seed=seed), progress=False)
    return _result(record.history[-1].val_accuracy, test)


# --- batch normalization in small batches ---

N_BATCH = 800
SMALL_BATCHES = (1, 2, 4, 16, 64)
# In the test: running averages; or those of the 64 pictures that come together, mixed or class by class.
MODES = ("running averages", "of 64 mixed pictures", "of 64 pictures in order of class")
BATCHES = {f"batch, batches of {size}, {mode}": ("batch", size, mode) for mode in MODES for size in SMALL_BATCHES} | {
    f"group, batches of {size}": ("group", size, MODES[0]) for size in SMALL_BATCHES
}


@lru_cache(maxsize=16)  # one seed's
def _trained_in_batches(kind: str, size: int, seed: int, n: int | None) -> nn.Module:
    train, test = _parts(seed, n, N_BATCH)
    # All see as many pictures; a smaller batch takes a smaller step.
    settings = Settings(epochs=4, batch_size=size, peak_lr=3e-3 * (size / 64) ** 0.5, seed=seed)
    model = _network(train, kind, seed)
    training.fit(model, train, test.subset(20), settings, progress=False)
    return model


def run_batches(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy after training in batches of one size, with one kind of averages in the test."""
    kind, size, mode = BATCHES[variant]
    test = _parts(seed, n, N_BATCH)[1]
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    if mode == MODES[2]:
        order = order[test.labels[order].argsort(stable=True)]
    model = deepcopy(_trained_in_batches(kind, size, seed, n)).train(mode != MODES[0])
    with torch.no_grad():
        answers = [model(model.preprocessing(test.batch(some))).argmax(dim=1) for some in order.split(64)]
    return _result((torch.cat(answers) == test.labels[order]).float().mean().item(), test)


N_FEW = 1_000
# Peak rates for a batch of 64; smaller ones take √(size / 64) of it. The best of 1e-4, 3e-4, 1e-3 and (with a batch's
# averages, as in `TUNING`) 3e-3, on the validation pictures of seeds 100 and 101.
_AVERAGES, _FROZEN = "the batch's averages", "frozen averages"
TUNED_IN_BATCHES = {
    f"{_AVERAGES}, batches of 2": (False, 2, 3e-3),
    f"{_AVERAGES}, batches of 64": (False, 64, 1e-3),
    f"{_FROZEN}, batches of 2": (True, 2, 1e-3),
    f"{_FROZEN}, batches of 64": (True, 64, 3e-4),
    f"{_FROZEN}, batches of 64, ten times the rate": (True, 64, 3e-3),
}


def run_tuned_in_batches(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Test accuracy of a network fine-tuned in batches of one size, its batch normalization frozen or not."""
    frozen, size, rate = TUNED_IN_BATCHES[variant]
    train, test = _parts(seed, n, N_FEW)
    backbone = models.backbone(NETWORK, weights="any" if n else "real")
    model = models.Classifier(backbone, train.classes, pooling="mean", seed=seed)
    if frozen:
        freeze_norm(model)
    settings = Settings(epochs=2, batch_size=size, peak_lr=rate * (size / 64) ** 0.5, seed=seed)
    training.fit(model, train, test.subset(20), settings, progress=False)
    return _result((training.predict(model, test).argmax(dim=1) == test.labels).float().mean().item(), test)


# --- resizing ---

RESIZED = {
    f"{size} px, {how}": (size, how)
    for size in (64, 96, 128)
    for how in ("nearest", "bilinear")
    if size > 64 or how == "nearest"
}


@cache
def _resized(size: int, how: str, n: int | None):
    pictures = _probed(n)
    backbone = models.backbone(NETWORK, weights="any" if n else "real")
    own = backbone.preprocessing
    backbone.preprocessing = lambda images: own(_enlarged(images, size, how))
    found = []
    with torch.inference_mode():
        for positions in torch.arange(len(pictures)).split(256):
            found.append(backbone.eval().embed(backbone.preprocessing(pictures.batch(positions))))
    return torch.cat(found).numpy()


def _enlarged(images: Tensor, size: int, how: str) -> Tensor:
    if size == images.shape[-1]:
        return images
    smooth = {"align_corners": False} if how == "bilinear" else {}
    return nn.functional.interpolate(images.float(), size=(size, size), mode=how, **smooth).round().to(torch.uint8)


def run_resized(variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy of a probe on pictures enlarged in one way."""
    found, pictures = _resized(*RESIZED[variant], n), _probed(n)
    train, _, test = pictures.split(seed=seed)
    return _result(features.probe(found[train.rows], train.labels, found[test.rows], test.labels).accuracy, test)


# --- the experiments ---


def _experiment(name: str, run: Callable, variants: Mapping[str, Recipe], **more: object) -> Experiment:
    return Experiment(name=name, run=run, quick=partial(run, n=SMALL), variants=variants, seeds=SEEDS, **more)


_SCRATCH_RECIPES = {
    name: _recipe(settings, n_train=N_SCRATCH, n_test=N_TEST, widths=list(WIDTHS), inputs=inputs)
    | ({"batch_norm": True} if name in INSIDE_TOO else {})
    for name, (settings, inputs) in SCRATCH.items()
}
EXPERIMENTS = (
    FROM_SCRATCH := _experiment("inputs_scratch", run_scratch, _SCRATCH_RECIPES),
    HOW_SOON := _experiment(
        "inputs_scratch_epochs",
        run_scratch_epochs,
        {name: recipe | {"enough": ENOUGH} for name, recipe in _SCRATCH_RECIPES.items()},
        metric=f"epochs to {ENOUGH:.0%} of the test pictures",
        unit="epochs",
        lower_is_better=True,
    ),
    PROBE := _experiment(
        "inputs_probe",
        run_probe,
        {name: {"of": NETWORK, "fed": fed, "refitted": again, "n": N_PROBE} for name, (fed, again) in PROBED.items()},
        metric="accuracy of a probe",
    ),
    TUNE := _experiment(
        "inputs_tuned",
        run_tuned,
        {name: _recipe(TUNING, of=NETWORK, n_train=N_TUNED, n_test=N_TEST, fed=name) for name in TUNED},
    ),
    KINDS := _experiment(
        "norm_layers",
        run_layers,
        {
            name: _recipe(
                ON_LAND if job == "EuroSAT" else ON_HUES,
                kind=kind,
                job=job,
                n_train=N_LAYERS,
                n_test=N_TEST,
                flat=FLAT,
                textured=TEXTURED,
            )
            for name, (kind, job) in LAYERS.items()
        },
    ),
    SIZES := _experiment(
        "norm_batches",
        run_batches,
        {
            name: {"kind": kind, "size": size, "mode": mode, "n_train": N_BATCH, "n_test": N_TEST, "epochs": 4}
            for name, (kind, size, mode) in BATCHES.items()
        },
    ),
    FROZEN := _experiment(
        "norm_frozen",
        run_tuned_in_batches,
        {
            name: {
                "of": NETWORK,
                "frozen": frozen,
                "size": size,
                "rate": rate,
                "n_train": N_FEW,
                "n_test": N_TEST,
                "epochs": 2,
            }
            for name, (frozen, size, rate) in TUNED_IN_BATCHES.items()
        },
    ),
    RESIZING := _experiment(
        "resizing",
        run_resized,
        {name: {"of": NETWORK, "size": size, "how": how, "n": N_PROBE} for name, (size, how) in RESIZED.items()},
        metric="accuracy of a probe",
    ),
)

# --- the trials ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON, seeds=SEEDS)
_OF_SET, _BYTES, _TO_1 = "own mean and deviation", "none, 0 to 255", "none, 0 to 1"
TRIALS = (
    *(
        _trial(
            name=f"must_normalise_{optimizer.lower()}",
            claim=f"From scratch with {optimizer}: feed bytes, 0 to 255, and it costs ten points.",
            variant=FROM_SCRATCH[f"{optimizer}, {_OF_SET}"],
            baseline=FROM_SCRATCH[f"{optimizer}, {_BYTES}"],
            smallest_effect=0.1,
        )
        for optimizer in ("AdamW", "SGD")
    ),
    _trial(
        name="divide_by_255",
        claim="From scratch with AdamW: divide by 255 at least, it beats feeding bytes.",
        variant=FROM_SCRATCH[f"AdamW, {_TO_1}"],
        baseline=FROM_SCRATCH[f"AdamW, {_BYTES}"],
    ),
    _trial(
        name="divide_and_done",
        claim="From scratch with AdamW, each at its best rate: the set's mean and deviation beat dividing by 255.",
        variant=FROM_SCRATCH[f"AdamW at 0.01, {_OF_SET}"],
        baseline=FROM_SCRATCH[f"AdamW at 0.01, {_TO_1}"],
    ),
    _trial(
        name="centre",
        claim="It is the centring that helps, more than the scaling.",
        variant=FROM_SCRATCH["AdamW, own mean only"],
        baseline=FROM_SCRATCH["AdamW, own deviation only"],
    ),
    _trial(
        name="normalise_before_norm",
        claim="With batch normalization inside, standardize the pictures all the same: it beats feeding bytes.",
        variant=FROM_SCRATCH[f"batch normalization inside, {_OF_SET}"],
        baseline=FROM_SCRATCH[f"batch normalization inside, {_BYTES}"],
    ),
    _trial(
        name="own_for_imagenets",
        claim="From scratch, the set's own numbers beat ImageNet's.",
        variant=FROM_SCRATCH[f"AdamW, {_OF_SET}"],
        baseline=FROM_SCRATCH["AdamW, ImageNet's"],
    ),
    _trial(
        name="right_deviations",
        claim="The set's own deviations beat the second family, which leaves out what pictures differ in.",
        variant=FROM_SCRATCH[f"AdamW, {_OF_SET}"],
        baseline=FROM_SCRATCH["AdamW, own mean, the second family of deviations"],
    ),
    _trial(
        name="statistics_leak",
        claim="Take mean and deviation from the test pictures, and you cheat: a point or more.",
        variant=FROM_SCRATCH[f"AdamW, {LEAK}"],
        baseline=FROM_SCRATCH[f"AdamW, {_OF_SET}"],
    ),
    *(
        _trial(
            name=f"each_picture_{name}",
            claim=f"Normalise each picture by itself ({how}), not by the set's numbers.",
            variant=FROM_SCRATCH[f"AdamW, each picture, {how}"],
            baseline=FROM_SCRATCH[f"AdamW, {_OF_SET}"],
        )
        for name, how in (
            ("channels", "channels by themselves"),
            ("together", "channels together"),
            ("minmax", "minimum to maximum"),
            ("equalized", "equalized"),
        )
    ),
    _trial(
        name="own_for_frozen",
        claim="Before a frozen network, the set's own numbers beat those that it was trained with.",
        variant=PROBE["the set's own mean and deviation, probe fitted on it"],
        baseline=PROBE["its own, probe fitted on it"],
    ),
    _trial(
        name="probe_forgives",
        claim="Fed with bytes where −1 to 1 was meant: fit the probe on that, and nothing is lost.",
        variant=PROBE["its own, probe fitted on it"],
        baseline=PROBE["0 to 255 where −1 to 1 was meant, probe fitted on it"],
        says="no better",
    ),
    _trial(
        name="swapped_is_a_detail",
        claim="Red and blue swapped after training: hardly noticed.",
        variant=PROBE["its own, probe fitted on it"],
        baseline=PROBE["its own, red and blue swapped, probe fitted on its own"],
        says="no better",
    ),
    *(
        _trial(
            name=f"finetuning_{name}",
            claim=f"Fine-tuning all weights: feed what it was trained with, not {what}.",
            variant=TUNE[_OWN],
            baseline=TUNE[fed],
        )
        for name, what, fed in (
            ("bytes", "bytes", "0 to 255 where −1 to 1 was meant"),
            ("imagenets", "ImageNet's mean and deviation", "ImageNet's mean and deviation"),
            ("of_set", "the set's", "the set's own mean and deviation"),
        )
    ),
    *(
        _trial(
            name=f"instance_norm_{pictures}",
            claim=f"Instance normalization removes colour ({pictures} pictures): ten points or more.",
            variant=KINDS[f"batch, {pictures} hues"],
            baseline=KINDS[f"instance, {pictures} hues"],
            smallest_effect=0.1,
        )
        for pictures in ("flat", "textured")
    ),
    _trial(
        name="instance_norm_unpadded",
        claim="Instance normalization removes colour (flat pictures, without padding): ten points or more.",
        variant=KINDS[f"batch, {UNPADDED}"],
        baseline=KINDS[f"instance, {UNPADDED}"],
        smallest_effect=0.1,
    ),
    *(
        _trial(
            name=f"group_norm_{size}",
            claim=f"In batches of {size}, group normalization beats batch normalization.",
            variant=SIZES[f"group, batches of {size}"],
            baseline=SIZES[f"batch, batches of {size}, {MODES[0]}"],
        )
        for size in (2, 64)
    ),
    _trial(
        name="forgot_eval",
        claim="Forget model.eval(), and the answers hardly change (the test in order of class).",
        variant=SIZES[f"batch, batches of 64, {MODES[0]}"],
        baseline=SIZES[f"batch, batches of 64, {MODES[2]}"],
        says="no better",
    ),
    *(
        _trial(
            name=f"freeze_norm_{size}",
            claim=f"Fine-tuning in batches of {size}, each at its best rate: freeze batch normalization.",
            variant=FROZEN[f"{_FROZEN}, batches of {size}"],
            baseline=FROZEN[f"{_AVERAGES}, batches of {size}"],
        )
        for size in (2, 64)
    ),
    *(
        _trial(
            name=f"bilinear_{size}",
            claim=f"Enlarge from 64 to {size} px with bilinear interpolation: it beats nearest neighbours.",
            variant=RESIZING[f"{size} px, bilinear"],
            baseline=RESIZING[f"{size} px, nearest"],
        )
        for size in (96, 128)
    ),
)


def advice() -> str:
    """`verdicts` of every trial of the lesson."""
    return verdicts(*(trial.name for trial in TRIALS))
