"""Compiled Keras models on the torch backend: two that do not learn, one that does."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers

from tests.doctor.case import Patient, healthy, sick
from tests.doctor.third import pictures


def convnet(channels, units, size=20, dropout=0.0, **kernel):
    """Two convolutions, dropout, one Dense layer."""
    return keras.Sequential([
        keras.Input((size, size, channels)),
        layers.Conv2D(16, 3, strides=2, activation="relu", **kernel),
        layers.Conv2D(24, 3, strides=2, activation="relu", **kernel),
        layers.Flatten(), layers.Dropout(dropout), layers.Dense(units, activation="softmax", **kernel),
    ])  # fmt: skip


@sick("weights-alike", kind="keras", accept=("initial-weights-too-small",), why="zeros are both")
def keras_zeros_for_reproducibility(mended):
    """`kernel_initializer="zeros"` everywhere, "so that each run is the same"."""
    x, y = pictures.letters(420, k=5)
    x = x[..., None].astype("float32") / 255
    model = convnet(1, 5, kernel_initializer="he_normal" if mended else "zeros")
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:340], y[:340]), val_batches=(x[340:], y[340:]), epochs=10)


@sick("dropout-too-strong", kind="keras")
def keras_dropout_taken_for_what_is_kept(mended):
    """`Dropout(0.98)`, from a text of 2016 in which the number was the share that is kept."""
    x, y = pictures.letters(480, k=6)
    x = x[..., None].astype("float32") / 255
    model = convnet(1, 6, dropout=0.02 if mended else 0.98)
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:400], y[:400]), val_batches=(x[400:], y[400:]), epochs=10)


@healthy(kind="keras")
def keras_norms_and_smoothed_one_hot_labels():
    """BatchNormalization as it comes, one-hot labels, label smoothing."""
    x, y = pictures.tiles(420, k=4, size=20)
    x, y = x.astype("float32"), np.eye(4, dtype="float32")[y]
    model = keras.Sequential([
        keras.Input((20, 20, 3)), layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, strides=2), layers.BatchNormalization(momentum=0.9), layers.ReLU(),
        layers.Conv2D(24, 3, strides=2), layers.BatchNormalization(momentum=0.9), layers.ReLU(),
        layers.GlobalMaxPooling2D(), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    return Patient(model, (x[:340], y[:340]), val_batches=(x[340:], y[340:]), epochs=10)
