"""The runs of the chapter on colour, on generated spectrograms.

Settings that all have: `pictures` is what `data.spectrograms` is told (kind, side, hues, …), `per_class` how many
training pictures each class has. Every seed draws its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields

import numpy as np
from scipy.stats import spearmanr

from ... import pixels
from ...data import ImageSet
from ...study import Result
from ...study.running import hardware
from ...training import clinic
from .by_hand import CLASSIFIERS, FEATURES

Settings = Mapping[str, object]
SETUP = tuple(field.name for field in fields(clinic.Setup))


# --- the clinic's network ---


def train_setup(settings: Settings, seed: int) -> Result:
    """Validation accuracy of a `clinic.Setup`, whose fields are settings, after its last epoch."""
    train, val = pictures(settings, seed)
    accuracy = setup_of(settings).train(train, val, seed=seed)[-1]
    return _on_cpu("validation accuracy", accuracy, val)


def count_epochs(settings: Settings, seed: int) -> Result:
    """Epochs until a share of `enough` of the validation pictures is right for the first time.

    One more than `epochs` where that does not happen.
    """
    train, val = pictures(settings, seed)
    course = enumerate(setup_of(settings).course(train, val, seed=seed), start=1)
    reached = (epoch for epoch, (accuracy, _) in course if accuracy >= settings["enough"])
    return _on_cpu("epochs to 95 % of the validation pictures", next(reached, settings["epochs"] + 1), val)


HUE_AND_ANSWERS = "rank correlation of the answers with the hue"


def follow_hue(settings: Settings, seed: int) -> Result:
    """Validation accuracy, and Spearman's correlation (−1 to 1) of logit B − logit A with a picture's median hue."""
    train, val = pictures(settings, seed)
    logits = setup_of(settings).outputs(train, val, seed=seed)
    accuracy = (logits.argmax(dim=1) == val.labels).float().mean().item()
    hues = pixels.convert(val.images / 255, "rgb", "hsv")[:, 0].flatten(1).median(dim=1).values
    followed = float(spearmanr(logits[:, 1] - logits[:, 0], hues).statistic)
    measured = {"validation accuracy": accuracy, HUE_AND_ANSWERS: followed}
    return Result(measured, n=len(val), device=hardware(cpu=True))


def learn_by_heart(settings: Settings, seed: int) -> Result:
    """Share of its training pictures that a `clinic.Setup` gets right after its last epoch, by the labels it got."""
    train, _ = pictures(settings, seed)
    return _on_cpu("training pictures by heart", setup_of(settings).by_heart(train, seed=seed), train)


def setup_of(settings: Settings) -> clinic.Setup:
    """The set-up that the settings of a run spell out."""
    return clinic.Setup(**{name: settings[name] for name in SETUP})


def pictures(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(training, validation) pictures, `per_class` of each class in both."""
    return clinic.pictures(seed, per_class=settings["per_class"], **settings["pictures"])


def _on_cpu(metric: str, value: float, val: ImageSet) -> Result:
    """The clinic leaves a graphics card idle: its network is too small to gain by one."""
    return Result({metric: value}, n=len(val), device=hardware(cpu=True))


# --- the same network in Keras ---


def train_keras(settings: Settings, seed: int) -> Result:
    """Validation accuracy of the clinic's network, written and trained in Keras on the torch backend.

    `widths` are its channels, each layer of `kernel`×`kernel` at a `stride`; the last layer has `units` and an
    `activation`; the `loss` is one of Keras's, told by `from_logits` whether it gets logits.
    """
    train, val = pictures(settings, seed)
    model = _keras_network(settings, seed)
    x, val_x = (part.images.permute(0, 2, 3, 1).numpy() / np.float32(255) for part in (train, val))
    model.fit(x, train.labels.numpy(), batch_size=settings["batch_size"], epochs=settings["epochs"], verbose=0)
    output = model.predict(val_x, verbose=0)
    middle = 0.5 if settings["activation"] else 0.0
    answers = output[:, 0] > middle if settings["units"] == 1 else output.argmax(axis=1)
    return Result({"validation accuracy": float((answers == val.labels.numpy()).mean())}, n=len(val))


def _keras_network(settings: Settings, seed: int):
    """Compiled, with the weights of `seed`."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # before Keras is imported
    import keras

    keras.utils.set_random_seed(seed)
    shape = {"strides": settings["stride"], "padding": "same", "activation": "relu"}
    body = [keras.layers.Conv2D(width, settings["kernel"], **shape) for width in settings["widths"]]
    last = keras.layers.Dense(settings["units"], activation=settings["activation"])
    side = settings["pictures"]["side"]
    model = keras.Sequential([keras.Input((side, side, 3)), *body, keras.layers.GlobalAveragePooling2D(), last])
    loss = getattr(keras.losses, settings["loss"])(from_logits=settings["from_logits"])
    model.compile(keras.optimizers.Adam(settings["lr"]), loss)
    return model


# --- without a network ---


def classify(settings: Settings, seed: int) -> Result:
    """Accuracy of a method on fresh pictures, `test_per_class` of each class.

    `classifier` "network" trains a `clinic.Setup`, whose fields are settings. Any other is one of
    `by_hand.CLASSIFIERS` on one of `by_hand.FEATURES`, with the numbers of their own settings.
    """
    train, _ = pictures(settings, seed)
    _, test = clinic.pictures(seed, per_class=settings["test_per_class"], **settings["pictures"])
    if settings["classifier"] == "network":
        return _on_cpu("test accuracy", setup_of(settings).train(train, test, seed=seed)[-1], test)
    compute, judge = FEATURES[settings["features"]], CLASSIFIERS[settings["classifier"]]
    x, test_x = (compute(part, **settings["feature_settings"]) for part in (train, test))
    answers = judge(x, train.labels, test_x, seed=seed, **settings["classifier_settings"])
    return _on_cpu("test accuracy", float((answers == test.labels.numpy()).mean()), test)
