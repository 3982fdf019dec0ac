"""The experiments and trials of lesson 1, on generated spectrograms: `course trials list` names them.

Every run draws its own pictures by its seed, 400 to learn from unless it says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from .. import features, models, pixels
from ..data import ImageSet
from ..training import clinic
from ..training.clinic import CASES, SOUND, Setup
from . import registry
from .evidence import Summary
from .trial import Experiment, Trial

LESSON = "01_colour_spaces"
SEEDS = 10
POINT = 0.01
SMALL = 60  # pictures a class in a rerun that a learner waits for
HARD = {"hue_gap": 4.0, "hue_spread": 1.5}  # the clouds of hue overlap: nobody can get more than 91 % right
PHYSICAL = {"kind": "physical", "gap_db": 1.2}
MANY = 500  # test pictures a class, where methods are compared

Recipe = Mapping[str, object]


def _recipe(setup: Setup, **more: object) -> Recipe:
    """All that decides a run of the clinic besides its seed."""
    return asdict(setup) | {"per_class": clinic.PER_CLASS, "side": clinic.SIDE} | more


# --- the clinic ---

LEARNS = {
    "RGB 0–1": SOUND,
    "RGB 0–255, Adam": Setup(scale="0 to 255"),
    "RGB, the set's statistics": Setup(scale="the set"),
    "HSV, the set's statistics": Setup(space="hsv", scale="the set"),
    "batch norm": Setup(batch_norm=True),
    "one unit and a sigmoid": Setup(loss="one unit, sigmoid"),
    "SGD at 0.01, the set's statistics": clinic.MENDED["0–255 at SGD's rate for normalised inputs"],
}
LONGER = {
    f"{case}, {epochs} epochs": replace(CASES[case], epochs=epochs)
    for case in ("pictures loaded in grey", "every channel of every picture standardised", "HSV divided to 0–1")
    for epochs in (clinic.EPOCHS, 5 * clinic.EPOCHS)
}


def run_clinic(
    setups: Mapping[str, Setup],
    variant: str,
    seed: int,
    per_class: int = clinic.PER_CLASS,
    knobs: Mapping[str, object] | None = None,
) -> Recipe:
    """Validation accuracy of a set-up after its last epoch; `knobs` go to the pictures."""
    train, val = clinic.pictures(seed, per_class=per_class, **(knobs or {}))
    return {"value": setups[variant].train(train, val, seed=seed)[-1], "n": len(val)}


# --- the same slips in Keras ---

# Last layer → (units, activation, loss, whether the loss is told that it gets logits).
KERAS = {
    "Keras: logits, from_logits=True": (2, None, "SparseCategoricalCrossentropy", True),
    "Keras: softmax, from_logits left out": (2, "softmax", "SparseCategoricalCrossentropy", False),
    "Keras: softmax, from_logits=True": (2, "softmax", "SparseCategoricalCrossentropy", True),
    "Keras: logits, from_logits left out": (2, None, "SparseCategoricalCrossentropy", False),
    "Keras: one unit, sigmoid": (1, "sigmoid", "BinaryCrossentropy", False),
    "Keras: one unit, from_logits left out": (1, None, "BinaryCrossentropy", False),
    "Keras: one unit, softmax": (1, "softmax", "BinaryCrossentropy", False),
}


def run_keras(variant: str, seed: int, per_class: int = clinic.PER_CLASS) -> Recipe:
    """Validation accuracy of the clinic's network, written and trained in Keras on the torch backend."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # before Keras is imported
    import keras

    units, activation, loss, from_logits = KERAS[variant]
    train, val = clinic.pictures(seed, per_class=per_class)
    keras.utils.set_random_seed(seed)
    body = [
        keras.layers.Conv2D(width, 3, strides=2, padding="same", activation="relu") for width in models.small.WIDTHS
    ]
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(units, activation=activation)]
    model = keras.Sequential([keras.Input((clinic.SIDE, clinic.SIDE, 3)), *body, *head])
    model.compile(keras.optimizers.Adam(SOUND.lr), getattr(keras.losses, loss)(from_logits=from_logits))
    x, val_x = (part.images.permute(0, 2, 3, 1).numpy() / np.float32(255) for part in (train, val))
    model.fit(x, train.labels.numpy(), batch_size=clinic.BATCH, epochs=clinic.EPOCHS, verbose=0)
    output = model.predict(val_x, batch_size=256, verbose=0)
    middle = 0.5 if activation else 0.0
    answers = output.argmax(axis=1) if units == 2 else output[:, 0] > middle
    return {"value": float((answers == val.labels.numpy()).mean()), "n": len(val)}


# --- colour spaces ---

SPACE_EPOCHS, SPACE_GAP = 24, 6.0  # degrees: half of the clinic's, so that the spaces can differ
NEVER = SPACE_EPOCHS + 1
_SPACES = {
    "RGB": "rgb", "linear RGB": "linear", "HSV": "hsv", "HSV, sine and cosine": "hsv, sine and cosine", "HSL": "hsl",
    "YCbCr": "ycbcr601", "CIELAB": "lab", "LCh": "lch", "OKLab": "oklab", "OKLCh": "oklch",
}  # fmt: skip
SPACES = {
    f"{title}, {scale}": Setup(space=space, scale=scale, epochs=SPACE_EPOCHS)
    for scale in ("0 to 1", "the set")
    for title, space in _SPACES.items()
    if not (scale == "0 to 1" and "sine" in title)
} | {"grey": Setup(grey=True, scale="the set", epochs=SPACE_EPOCHS)}


def run_spaces(variant: str, seed: int, per_class: int = clinic.PER_CLASS) -> Recipe:
    """Epochs until 95 % of the validation pictures are right for the first time; `NEVER` where that does not happen."""
    train, val = clinic.pictures(seed, per_class=per_class, hue_gap=SPACE_GAP)
    for epoch, (accuracy, _) in enumerate(SPACES[variant].course(train, val, seed=seed), start=1):
        if accuracy >= 0.95:
            return {"value": epoch, "n": len(val)}
    return {"value": NEVER, "n": len(val)}


SEAM = {"hue": 0.0}  # degrees: class A's reds lie on both sides of 0°, half of them just under 360°
AT_SEAM = {
    "RGB": Setup(scale="the set"),
    "HSV": Setup(space="hsv", scale="the set"),
    "HSV, sine and cosine": Setup(space="hsv, sine and cosine", scale="the set"),
}


# --- without a network ---


def mean_colour(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 3]: mean red, green and blue, 0–1."""
    return features.colour_statistics(pictures)[:, :3]


def median_colour(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 3]: median red, green and blue, 0–1. A few stripes do not move it."""
    return (pictures.images.flatten(2).median(dim=2).values.float() / 255).numpy()


def median_hue(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 1]: the middle one of a picture's hues, in degrees. Blue is far from the seam at 0°."""
    hue = pixels.convert(pictures.images.float() / 255, "rgb", "hsv")[:, 0]
    return hue.flatten(1).median(dim=1).values[:, None].numpy()


def median_level(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 1]: the middle one of the numbers that the colours of `jet` stand for, 0–1."""
    value, _ = pixels.undo_colour_map(pictures.images, "jet")
    return value.flatten(1).median(dim=1).values[:, None].numpy()


def threshold(train: np.ndarray, labels: Tensor, test: np.ndarray) -> np.ndarray:
    """Class 1 above the middle between the two classes' means: one number fitted. [n, 1] → int64 [m]."""
    means = [train[labels.numpy() == k].mean() for k in (0, 1)]
    return ((test[:, 0] > sum(means) / 2) == (means[1] > means[0])).astype(np.int64)


def _fitted(make: Callable[[int], object], seed: int) -> Callable:
    return lambda train, labels, test: make(seed).fit(train, labels.numpy()).predict(test)


def _linear(seed: int):
    return make_pipeline(StandardScaler(), LogisticRegression(C=100, max_iter=5000, random_state=seed))


def _trees(seed: int):
    return HistGradientBoostingClassifier(random_state=seed)


METHODS: dict[str, tuple[str, Callable, Callable]] = {
    "mean RGB, logistic regression": ("mean colour", mean_colour, partial(_fitted, _linear)),
    "mean RGB, boosted trees": ("mean colour", mean_colour, partial(_fitted, _trees)),
    "median RGB, logistic regression": ("median colour", median_colour, partial(_fitted, _linear)),
    "colour histogram, logistic regression": ("histogram", features.colour_histogram, partial(_fitted, _linear)),
    "colour histogram, boosted trees": ("histogram", features.colour_histogram, partial(_fitted, _trees)),
    "median hue, one threshold": ("median hue", median_hue, lambda seed: threshold),
    "colour map undone, one threshold": ("median level", median_level, lambda seed: threshold),
}
NETWORK = Setup(scale="the set", epochs=12)
_HUES = [name for name in METHODS if "undone" not in name]
_FLOORS = ["mean RGB, logistic regression", "mean RGB, boosted trees", "median hue, one threshold"]


def _compared(names: list[str], knobs: Mapping[str, object]) -> dict[str, Recipe]:
    recipes = {name: {"sees": METHODS[name][0], "judge": name.split(", ")[-1]} for name in names}
    recipes |= {"a small CNN on RGB": asdict(NETWORK)}
    return {name: recipe | {"pictures": dict(knobs), "per_class": clinic.PER_CLASS} for name, recipe in recipes.items()}


def run_method(
    knobs: Mapping[str, object], variant: str, seed: int, per_class: int = clinic.PER_CLASS, many: int = MANY
) -> Recipe:
    """Accuracy on fresh pictures of a method that was fitted on `per_class` pictures of each class."""
    train, _ = clinic.pictures(seed, per_class=per_class, **knobs)
    _, test = clinic.pictures(seed, per_class=many, **knobs)
    if variant not in METHODS:
        return {"value": NETWORK.train(train, test, seed=seed)[-1], "n": len(test)}
    _, see, judge = METHODS[variant]
    answers = judge(seed)(see(train), train.labels, see(test))
    return {"value": float((answers == test.labels.numpy()).mean()), "n": len(test)}


# --- the experiments ---


def _clinic(name: str, setups: Mapping[str, Setup], **knobs: object) -> Experiment:
    run = partial(run_clinic, setups, **({"knobs": knobs} if knobs else {}))
    return Experiment(
        name=name,
        run=run,
        quick=partial(run, per_class=2 * SMALL),
        variants={case: _recipe(setup, **knobs) for case, setup in setups.items()},
        metric="validation accuracy",
        seeds=SEEDS,
    )


def _methods(name: str, names: list[str], knobs: Mapping[str, object]) -> Experiment:
    return Experiment(
        name=name,
        run=partial(run_method, knobs),
        quick=partial(run_method, knobs, per_class=2 * SMALL, many=2 * SMALL),
        variants=_compared(names, knobs),
        seeds=SEEDS,
    )


EXPERIMENTS = (
    CLINIC := _clinic("clinic", LEARNS | CASES),
    LAST_LAYER := Experiment(
        name="last_layer_keras",
        run=run_keras,
        quick=partial(run_keras, per_class=2 * SMALL),
        variants={
            name: {"last": list(last), "lr": SOUND.lr, "epochs": clinic.EPOCHS, "per_class": clinic.PER_CLASS}
            for name, last in KERAS.items()
        },
        metric="validation accuracy",
        seeds=SEEDS,
    ),
    PATIENCE := _clinic("clinic_longer", LONGER),
    CIRCLE := _clinic("hue_seam", AT_SEAM, **SEAM),
    SPEED := Experiment(
        name="colour_spaces",
        run=run_spaces,
        quick=partial(run_spaces, per_class=2 * SMALL),
        variants={name: _recipe(setup, hue_gap=SPACE_GAP) for name, setup in SPACES.items()},
        metric="epochs to 95 % of the validation pictures",
        unit="epochs",
        lower_is_better=True,
        seeds=SEEDS,
    ),
    OVERLAP := _methods("overlapping_hues", _HUES, HARD),
    FLOOR := _methods("noise_floors", [*_FLOORS, "colour map undone, one threshold"], PHYSICAL),
)

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON, seeds=SEEDS)
_sooner = partial(_trial, smallest_effect=1.0)  # epoch
_RGB = SPEED["RGB, the set"]


def _longer(case: str, **about: str) -> Trial:
    few, many = (PATIENCE[f"{case}, {epochs} epochs"] for epochs in (clinic.EPOCHS, 5 * clinic.EPOCHS))
    return _trial(variant=many, baseline=few, smallest_effect=0.1, **about)


TRIALS = (
    _trial(
        name="shapes_not_colours",
        claim="A CNN sees shapes, not colours: colour adds nothing.",
        says="no better",
        variant=CLINIC["RGB 0–1"],
        baseline=CLINIC["pictures loaded in grey"],
    ),
    _trial(
        name="colours_by_hand",
        claim="For colour, take the mean RGB and a simple model: it beats a CNN. (Pictures with stripes.)",
        variant=OVERLAP["mean RGB, logistic regression"],
        baseline=OVERLAP["a small CNN on RGB"],
    ),
    _trial(
        name="mere_rule",
        claim="A mere rule is as good: here, one threshold on the median hue.",
        says="no better",
        variant=OVERLAP["a small CNN on RGB"],
        baseline=OVERLAP["median hue, one threshold"],
    ),
    _trial(
        name="convert_to_hsv",
        claim="Convert to HSV, the hue in degrees as it comes, and it learns the hue better than from RGB.",
        variant=CLINIC["HSV with the hue in degrees"],
        baseline=CLINIC["RGB 0–1"],
    ),
    _sooner(
        name="hsv_for_rgb",
        claim="HSV instead of RGB, both normalised: it learns a hue sooner.",
        variant=SPEED["HSV, the set"],
        baseline=_RGB,
    ),
    _sooner(
        name="hsl_for_rgb",
        claim="HSL instead of RGB, both normalised: it learns a hue sooner.",
        variant=SPEED["HSL, the set"],
        baseline=_RGB,
    ),
    _sooner(
        name="lab_for_rgb",
        claim="CIELAB instead of RGB, both normalised: it is how we see, so it learns a hue sooner.",
        variant=SPEED["CIELAB, the set"],
        baseline=_RGB,
    ),
    _trial(
        name="hue_is_a_circle",
        claim="A hue is a circle: give it as sine and cosine. (Here of reds, on both sides of 0°.)",
        variant=CIRCLE["HSV, sine and cosine"],
        baseline=CIRCLE["HSV"],
    ),
    _sooner(
        name="normalise",
        claim="Normalise with the set's statistics: it learns sooner.",
        variant=_RGB,
        baseline=SPEED["RGB, 0 to 1"],
    ),
    _trial(
        name="normalise_each",
        claim="Normalise every picture by itself, each channel: it is more robust.",
        variant=CLINIC["every channel of every picture standardised"],
        baseline=CLINIC["RGB, the set's statistics"],
    ),
    _longer(
        name="train_longer",
        claim="Stuck at 50 %? Train five times as long: ten points or more. (Here the class was erased.)",
        case="every channel of every picture standardised",
    ),
    _longer(
        name="train_longer_scale",
        claim="Stuck at 50 %? Train five times as long: ten points or more. (Here the scale was wrong.)",
        case="HSV divided to 0–1",
    ),
    _trial(
        name="softmax_first",
        claim="A softmax before CrossEntropyLoss, and it cannot learn: ten points lost or more.",
        smallest_effect=0.1,
        variant=CLINIC["RGB 0–1"],
        baseline=CLINIC["probabilities where logits belong"],
    ),
    _trial(
        name="from_logits",
        claim="In Keras, from_logits is a detail: with or without, it learns the same.",
        says="no better",
        variant=LAST_LAYER["Keras: logits, from_logits=True"],
        baseline=LAST_LAYER["Keras: logits, from_logits left out"],
    ),
)


# --- what the lesson shows of them ---


def seeds_that_learn(name: str, least: float = 0.9) -> dict[str, str]:
    """Variant → "9 of 10": in how many seeds of the experiment called `name` the value is `least` or more."""
    experiment = registry.find(name)
    found = {variant: [run.value for run in experiment[variant].stored().values()] for variant in experiment.variants}
    return {variant: f"{sum(v >= least for v in values)} of {len(values)}" for variant, values in found.items()}


def margins(seed: int = 0) -> dict[str, float]:
    """Input → how far apart the two classes lie in it, in the units that the network gets; grey is left out.

    The distance of their means along Fisher's direction (Fisher: The use of multiple measurements in taxonomic
    problems, 1936), which parts them best. Of each picture the median of every channel counts.
    """
    train, _ = clinic.pictures(seed, hue_gap=SPACE_GAP)
    rgb, labels, found = train.images.float() / 255, train.labels.numpy(), {}
    for name, setup in SPACES.items():
        if setup.grey:
            continue
        seen = clinic.inputs(setup.space, setup.scale, rgb)(rgb).flatten(2).median(dim=2).values.double().numpy()
        direction = LinearDiscriminantAnalysis().fit(seen, labels).coef_[0]
        along = seen @ direction / np.linalg.norm(direction)
        found[name] = abs(float(along[labels == 1].mean() - along[labels == 0].mean()))
    return found


def stuck() -> dict[str, Summary]:
    """The clinic's cases whose mean over the seeds is at most 55 %, the worst first."""
    found = CLINIC.summary()
    cases = sorted((name for name in CASES if name in found), key=lambda name: found[name].mean)
    return {name: found[name] for name in cases if found[name].mean <= 0.55}


def not_stuck() -> dict[str, Summary]:
    """The clinic's cases that do better than that: no cause, or not a whole one."""
    found, bad = CLINIC.summary(), stuck()
    return {name: found[name] for name in CASES if name in found and name not in bad}
