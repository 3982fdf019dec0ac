"""What the chapter on colour compares, and the advice that it puts on trial: `course trials list` names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial

from ...study import Experiment, Metric, Summary, Trial, find
from ...training import clinic
from ...training.clinic import CASES, SOUND, Setup
from . import experiments

LESSON = "01c_stuck_at_50_percent"  # where a trial stands that says no other
COLOUR, SPACES = "01a_can_a_cnn_learn_colour", "01b_colour_spaces"
SEEDS = 10
POINT = 0.01

Settings = Mapping[str, object]

# --- pictures ---

# As `clinic.pictures` draws them: 12° of hue apart, some much lighter than others.
BLUES = {
    "kind": "controlled",
    "side": 48,
    "hue": 225.0,
    "hue_gap": 12.0,
    "hue_spread": 1.0,
    "saturation": 0.85,
    "saturation_spread": 0.05,
    "brightness": 0.65,
    "brightness_spread": 0.2,
    "grain": 0.06,
    "stripes": 0.3,
}
CLOSE_BLUES = {**BLUES, "hue_gap": 6.0}  # degrees: half of the clinic's, so that colour spaces can differ
OVERLAPPING_BLUES = {**BLUES, "hue_gap": 4.0, "hue_spread": 1.5}  # nobody can get more than 91 % right
REDS = {**BLUES, "hue": 0.0}  # class A lies on both sides of the seam, half of it just under 360°
NOISE_FLOORS = {
    "kind": "physical",
    "side": 48,
    "gap_db": 1.2,
    "floor_db": -42.0,
    "spread_db": 0.5,
    "lines": 0.5,
    "clicks": 0.3,
    "colour_map": "jet",
}

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
FEW_EPOCHS, MANY_EPOCHS = 8, 40
_GREY, _ERASED, _UNSCALED = (
    "pictures loaded in grey", "every channel of every picture standardised", "HSV divided to 0–1",
)  # fmt: skip
LONGER = {
    f"{_GREY}, 8 epochs": replace(CASES[_GREY], epochs=FEW_EPOCHS),
    f"{_GREY}, 40 epochs": replace(CASES[_GREY], epochs=MANY_EPOCHS),
    f"{_ERASED}, 8 epochs": replace(CASES[_ERASED], epochs=FEW_EPOCHS),
    f"{_ERASED}, 40 epochs": replace(CASES[_ERASED], epochs=MANY_EPOCHS),
    f"{_UNSCALED}, 8 epochs": replace(CASES[_UNSCALED], epochs=FEW_EPOCHS),
    f"{_UNSCALED}, 40 epochs": replace(CASES[_UNSCALED], epochs=MANY_EPOCHS),
}
AT_SEAM = {
    "RGB": Setup(scale="the set"),
    "HSV": Setup(space="hsv", scale="the set"),
    "HSV, sine and cosine": Setup(space="hsv, sine and cosine", scale="the set"),
}
QUICK = {"per_class": 120}  # a rerun that a learner waits for


def _drawn(pictures: Settings) -> Settings:
    """The settings of a run's pictures."""
    return {"pictures": pictures, "per_class": 200}


def _trainings(name: str, setups: Mapping[str, Setup], pictures: Settings) -> Experiment:
    return Experiment(
        name=name,
        run=experiments.train_setup,
        quick=QUICK,
        variants={variant: {**_drawn(pictures), **asdict(setup)} for variant, setup in setups.items()},
        metrics={"validation accuracy": Metric()},
        seeds=SEEDS,
    )


CLINIC = _trainings("clinic", LEARNS | CASES, BLUES)
PATIENCE = _trainings("clinic_longer", LONGER, BLUES)
CIRCLE = _trainings("hue_seam", AT_SEAM, REDS)
_MIXED = "labels listed in another order"
MIXED = Experiment(
    name="mixed_labels",
    run=experiments.follow_hue,
    quick=QUICK,
    variants={_MIXED: {**_drawn(BLUES), **asdict(CASES[_MIXED])}},
    metrics={"validation accuracy": Metric(), experiments.HUE_AND_ANSWERS: Metric("")},
    seeds=SEEDS,
)

_ERASES, _SCALE, _LABELS, _NO_GRADIENT, _STEPS = (
    "the class is erased", "wrong range", "labels or order", "no gradient", "wrong steps",
)  # fmt: skip
# The clinic's mistakes that leave the network stuck → their kind.
KINDS = {
    "every channel of every picture standardised": _ERASES,
    "augmentation that turns the hue": _ERASES,
    "divided by 255 twice": _SCALE,
    "HSV with the hue in degrees": _SCALE,
    "HSV divided to 0–1": _SCALE,
    "0–255 at SGD's rate for normalised inputs": _SCALE,
    "not shuffled, one class a batch": _LABELS,
    "labels listed in another order": _LABELS,
    "everything frozen": _NO_GRADIENT,
    "optimizer made for another network": _NO_GRADIENT,
    "softmax on one unit": _NO_GRADIENT,
    "Adam at a rate of 0.3": _STEPS,
    "Adam at a rate of 0.00001": _STEPS,
    "L2 penalty of 0.1": _STEPS,
    "dropout of 0.99": _STEPS,
    "all weights 0 at the start": _STEPS,
}

# Can each of them learn 32 pictures by heart? As many as a batch has, so an epoch is a step.
_HEART_STEPS = 300
BY_HEART = Experiment(
    name="by_heart",
    run=experiments.learn_by_heart,
    quick={"epochs": 20},
    variants={
        name: {"pictures": BLUES, "per_class": 16, **asdict(replace(setup, epochs=_HEART_STEPS))}
        for name, setup in ({"RGB 0–1": SOUND} | {case: CASES[case] for case in KINDS}).items()
    },
    metrics={"training pictures by heart": Metric()},
    seeds=2,
)

# --- the same slips in Keras ---


def _last_layer(units: int, activation: str | None, loss: str, *, from_logits: bool) -> Settings:
    """The clinic's network and training, with another last layer or another loss."""
    network = {"widths": SOUND.widths, "kernel": 3, "stride": 2, "units": units, "activation": activation}
    learning = {"lr": SOUND.lr, "epochs": SOUND.epochs, "batch_size": SOUND.batch_size}
    return {**_drawn(BLUES), **network, **learning, "loss": loss, "from_logits": from_logits}


_TWO, _ONE = "SparseCategoricalCrossentropy", "BinaryCrossentropy"
LAST_LAYER = Experiment(
    name="last_layer_keras",
    run=experiments.train_keras,
    quick=QUICK,
    variants={
        "Keras: logits, from_logits=True": _last_layer(2, None, _TWO, from_logits=True),
        "Keras: softmax, from_logits left out": _last_layer(2, "softmax", _TWO, from_logits=False),
        "Keras: softmax, from_logits=True": _last_layer(2, "softmax", _TWO, from_logits=True),
        "Keras: logits, from_logits left out": _last_layer(2, None, _TWO, from_logits=False),
        "Keras: one unit, sigmoid": _last_layer(1, "sigmoid", _ONE, from_logits=False),
        "Keras: one unit, from_logits left out": _last_layer(1, None, _ONE, from_logits=False),
        "Keras: one unit, softmax": _last_layer(1, "softmax", _ONE, from_logits=False),
    },
    metrics={"validation accuracy": Metric()},
    seeds=SEEDS,
)

# --- colour spaces ---

SPACE_EPOCHS = 24
NEVER = SPACE_EPOCHS + 1
DIVIDED, NORMALISED = "0 to 1", "the set"


def _space(space: str, scale: str, *, grey: bool = False) -> Settings:
    setup = Setup(space=space, scale=scale, grey=grey, epochs=SPACE_EPOCHS)
    return {**_drawn(CLOSE_BLUES), **asdict(setup), "enough": 0.95}


SPEED = Experiment(
    name="colour_spaces",
    run=experiments.count_epochs,
    quick=QUICK,
    variants={
        "RGB, 0 to 1": _space("rgb", DIVIDED),
        "linear RGB, 0 to 1": _space("linear", DIVIDED),
        "HSV, 0 to 1": _space("hsv", DIVIDED),
        "HSL, 0 to 1": _space("hsl", DIVIDED),
        "YCbCr, 0 to 1": _space("ycbcr601", DIVIDED),
        "CIELAB, 0 to 1": _space("lab", DIVIDED),
        "LCh, 0 to 1": _space("lch", DIVIDED),
        "OKLab, 0 to 1": _space("oklab", DIVIDED),
        "OKLCh, 0 to 1": _space("oklch", DIVIDED),
        "RGB, the set": _space("rgb", NORMALISED),
        "linear RGB, the set": _space("linear", NORMALISED),
        "HSV, the set": _space("hsv", NORMALISED),
        "HSV, sine and cosine, the set": _space("hsv, sine and cosine", NORMALISED),
        "HSL, the set": _space("hsl", NORMALISED),
        "YCbCr, the set": _space("ycbcr601", NORMALISED),
        "CIELAB, the set": _space("lab", NORMALISED),
        "LCh, the set": _space("lch", NORMALISED),
        "OKLab, the set": _space("oklab", NORMALISED),
        "OKLCh, the set": _space("oklch", NORMALISED),
        "grey": _space("rgb", NORMALISED, grey=True),
    },
    metrics={"epochs to 95 % of the validation pictures": Metric("epochs", lower_is_better=True)},
    seeds=SEEDS,
)

# What normalising does, one half at a time.
CENTRED, OVER_DEVIATION = "0 to 1, centred", "0 to 1, over the deviation"
HALVES = Experiment(
    name="centre_or_scale",
    run=experiments.count_epochs,
    quick=QUICK,
    variants={
        f"{name}, {half}": _space(space, scale)
        for name, space in {
            "RGB": "rgb", "HSV": "hsv", "HSL": "hsl", "YCbCr": "ycbcr601", "CIELAB": "lab", "LCh": "lch",
            "OKLab": "oklab",
        }.items()
        for half, scale in {"only centred": CENTRED, "only scaled": OVER_DEVIATION}.items()
    },
    metrics={"epochs to 95 % of the validation pictures": Metric("epochs", lower_is_better=True)},
    seeds=SEEDS,
)  # fmt: skip

DECORRELATED = "the set, decorrelated"
CHANNELS = Experiment(
    name="colour_decorrelated",
    run=experiments.count_epochs,
    quick=QUICK,
    variants={
        "RGB, decorrelated": _space("rgb", DECORRELATED),
        "CIELAB, decorrelated": _space("lab", DECORRELATED),
        "LCh, decorrelated": _space("lch", DECORRELATED),
        "CIELAB, the set": _space("lab", NORMALISED),
    },
    metrics={"epochs to 95 % of the validation pictures": Metric("epochs", lower_is_better=True)},
    seeds=SEEDS,
)

# --- without a network ---


def _method(features: str, classifier: str, **numbers: Settings) -> Settings:
    """A method that computes something of each picture, and judges by it."""
    usual = {"feature_settings": {}, "classifier_settings": {}}
    return {**usual, "features": features, "classifier": classifier, **numbers}


_LINEAR = {"C": 100, "max_iter": 5_000}
_TREES = {"max_iter": 100, "rate": 0.1}
METHODS = {
    "mean RGB, logistic regression": _method("mean colour", "logistic regression", classifier_settings=_LINEAR),
    "mean RGB, boosted trees": _method("mean colour", "boosted trees", classifier_settings=_TREES),
    "median RGB, logistic regression": _method("median colour", "logistic regression", classifier_settings=_LINEAR),
    "colour histogram, logistic regression": _method(
        "colour histogram", "logistic regression", feature_settings={"bins": 8}, classifier_settings=_LINEAR
    ),
    "colour histogram, boosted trees": _method(
        "colour histogram", "boosted trees", feature_settings={"bins": 8}, classifier_settings=_TREES
    ),
    "median hue, one threshold": _method("median hue", "threshold"),
    "colour map undone, one threshold": _method("median level", "threshold", feature_settings={"colour_map": "jet"}),
    "colour map undone, median and mean": _method(
        "median and mean level",
        "logistic regression",
        feature_settings={"colour_map": "jet"},
        classifier_settings=_LINEAR,
    ),
}
NETWORK = "a small CNN on RGB"


def _methods(name: str, methods: tuple[str, ...], pictures: Settings, *, lr: float) -> Experiment:
    """`lr` is the network's, the best of .0003, .001, .003, .01 on seeds 100 to 104, which no evidence has."""
    drawn = {**_drawn(pictures), "test_per_class": 500}
    network = {"classifier": "network", **asdict(Setup(scale="the set", epochs=12, lr=lr))}
    tried = METHODS | {NETWORK: network}
    return Experiment(
        name=name,
        run=experiments.classify,
        quick={**QUICK, "test_per_class": 120},
        variants={method: {**drawn, **tried[method]} for method in methods},
        metrics={"test accuracy": Metric()},
        seeds=SEEDS,
    )


OVERLAP = _methods(
    "overlapping_hues",
    (*(name for name in METHODS if not name.startswith("colour map undone")), NETWORK),
    OVERLAPPING_BLUES,
    lr=1e-3,
)
FLOOR = _methods(
    "noise_floors",
    (
        "mean RGB, logistic regression",
        "mean RGB, boosted trees",
        "median hue, one threshold",
        "colour map undone, one threshold",
        NETWORK,
    ),
    NOISE_FLOORS,
    lr=3e-3,
)
# The same draws: does a second number of the undone map win back what one number lost?
TWO_NUMBERS = _methods(
    "two_numbers",
    ("colour map undone, one threshold", "colour map undone, median and mean", "mean RGB, logistic regression"),
    NOISE_FLOORS,
    lr=3e-3,
)

EXPERIMENTS = (
    CLINIC,
    LAST_LAYER,
    PATIENCE,
    CIRCLE,
    MIXED,
    BY_HEART,
    SPEED,
    HALVES,
    CHANNELS,
    OVERLAP,
    FLOOR,
    TWO_NUMBERS,
)

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON, seeds=SEEDS)
_sooner = partial(_trial, smallest_effect=1.0)  # epoch
_RGB = SPEED["RGB, the set"]


def _longer(case: str, **about: str) -> Trial:
    few, many = (PATIENCE[f"{case}, {epochs} epochs"] for epochs in (FEW_EPOCHS, MANY_EPOCHS))
    return _trial(variant=many, baseline=few, smallest_effect=0.1, **about)


TRIALS = (
    _trial(
        name="shapes_not_colours",
        lesson=COLOUR,
        claim="A CNN sees shapes, not colours: colour adds nothing.",
        says="no better",
        variant=CLINIC["RGB 0–1"],
        baseline=CLINIC["pictures loaded in grey"],
    ),
    _trial(
        name="colours_by_hand",
        lesson=COLOUR,
        claim="For colour, take the mean RGB and a simple model: it beats a CNN. (Pictures with stripes.)",
        variant=OVERLAP["mean RGB, logistic regression"],
        baseline=OVERLAP["a small CNN on RGB"],
    ),
    _trial(
        name="mere_rule",
        lesson=COLOUR,
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
        lesson=SPACES,
        claim="HSV instead of RGB, both normalised: it learns a hue sooner.",
        variant=SPEED["HSV, the set"],
        baseline=_RGB,
    ),
    _sooner(
        name="hsl_for_rgb",
        lesson=SPACES,
        claim="HSL instead of RGB, both normalised: it learns a hue sooner.",
        variant=SPEED["HSL, the set"],
        baseline=_RGB,
    ),
    _sooner(
        name="lab_for_rgb",
        lesson=SPACES,
        claim="CIELAB instead of RGB, both normalised: it is how we see, so it learns a hue sooner.",
        variant=SPEED["CIELAB, the set"],
        baseline=_RGB,
    ),
    _sooner(
        name="decorrelate_lab",
        lesson=SPACES,
        claim="Turn and rescale the channels of CIELAB, so that they do not go together: it learns a hue sooner.",
        variant=CHANNELS["CIELAB, decorrelated"],
        baseline=CHANNELS["CIELAB, the set"],
    ),
    _trial(
        name="hue_is_a_circle",
        lesson=SPACES,
        claim="A hue is a circle: give it as sine and cosine. (Here of reds, on both sides of 0°.)",
        variant=CIRCLE["HSV, sine and cosine"],
        baseline=CIRCLE["HSV"],
    ),
    _sooner(
        name="normalise",
        lesson=SPACES,
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
        claim="Stuck at 50 %? Train five times as long: ten points or more. (Here the channels were not centred.)",
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
    """Variant → "9 of 10": in how many seeds of the experiment called `name` its metric is `least` or more."""
    experiment = find(name)
    metric, _ = experiment.metric()
    values = {
        variant: [run.metrics[metric] for run in experiment[variant].stored().values()]
        for variant in experiment.variants
    }
    return {variant: f"{sum(v >= least for v in of)} of {len(of)}" for variant, of in values.items()}


def stuck_cases() -> dict[str, Summary]:
    """The clinic's cases whose mean over the seeds is at most 55 %, by `KINDS`."""
    cases = _cases(lambda summary: summary.mean <= 0.55)
    return {name: cases[name] for name in KINDS if name in cases}


def spared_cases() -> dict[str, Summary]:
    """The clinic's cases that do better than that: no cause, or not a whole one."""
    return _cases(lambda summary: summary.mean > 0.55)


def _cases(wanted: Callable[[Summary], bool]) -> dict[str, Summary]:
    summaries = CLINIC.summary()
    return {name: summaries[name] for name in CASES if name in summaries and wanted(summaries[name])}
