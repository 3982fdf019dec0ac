"""Compiled Keras models that learn, on the torch backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers

from tests.doctor.case import Patient, healthy
from tests.doctor.third import pictures


@healthy(kind="keras")
def keras_tanh_and_hinge():
    """One unit with tanh, hinge, labels −1 and +1."""
    x, y = pictures.faces(360, size=20)
    x, y = x.astype("float32") / 255, (2 * y - 1).astype("float32")
    model = keras.Sequential([
        keras.Input((20, 20, 3)), layers.Conv2D(16, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, activation="relu"), layers.Flatten(), layers.Dense(1, activation="tanh"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(2e-3), loss="hinge")

    def evaluate():
        return np.mean(np.sign(model.predict(x[280:], verbose=0)[:, 0]) == y[280:])

    return Patient(model, (x[:280], y[:280]), val_batches=(x[280:], y[280:]), evaluate=evaluate, epochs=10)


@healthy(kind="keras")
def keras_class_weight_and_augmentation():
    """Augmentation layers in the model, one kind four times as frequent, `class_weight` in fit."""
    x, y = pictures.tiles(700, k=3, size=20)
    keep = (y == 0) | (np.arange(700) % 4 == 0)
    x, y = x[keep].astype("float32"), y[keep]
    model = keras.Sequential([
        keras.Input((20, 20, 3)), layers.RandomFlip(), layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(3),
    ])  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    weight = {c: len(y) / (3 * np.sum(y == c)) for c in range(3)}

    def fit():
        model.fit(x[:-80], y[:-80], class_weight=weight, epochs=8, verbose=0)

    return Patient(model, (x[:-80], y[:-80]), val_batches=(x[-80:], y[-80:]), fit=fit)


@healthy(kind="keras")
def keras_attention_over_rows():
    """The rows of a picture as a sequence, MultiHeadAttention, a residual, LayerNormalization."""
    x, y = pictures.letters(520, k=6, moved=1)
    x = x.astype("float32") / 255
    rows = keras.Input((20, 20))
    h = layers.Dense(32)(rows)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 16)(h, h))
    h = layers.Flatten()(h)
    model = keras.Model(rows, layers.Dense(6, activation="softmax")(h))
    model.compile(keras.optimizers.AdamW(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:420], y[:420]), val_batches=(x[420:], y[420:]), epochs=8)


@healthy(kind="keras")
def keras_endless_generator_of_tags():
    """A generator without end, three tags a picture, sigmoids and binary_crossentropy."""

    def batch(n):
        tags = np.random.rand(n, 3) < 0.5
        x = np.full((n, 12, 18, 1), 0.25, dtype="float32")
        for i in range(3):
            x[:, :, 6 * i : 6 * i + 6, 0] += 0.3 * tags[:, i, None, None]
        return x + 0.1 * np.random.randn(*x.shape).astype("float32"), tags.astype("float32")

    def generator():
        while True:
            yield batch(20)

    held, truth = batch(100)
    model = keras.Sequential([
        keras.Input((12, 18, 1)), layers.Conv2D(8, 3, strides=3, activation="relu"), layers.Flatten(),
        layers.Dense(3, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["binary_accuracy"])
    batches = generator()

    def fit():
        model.fit(batches, steps_per_epoch=15, epochs=5, verbose=0)

    def evaluate():
        return np.mean((model.predict(held, verbose=0) > 0.5) == (truth > 0.5))

    return Patient(model, batches, val_batches=(held, truth), evaluate=evaluate, fit=fit, at_most=15)
