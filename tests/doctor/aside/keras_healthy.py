"""Keras on its torch backend: set-ups with nothing wrong."""

import keras
import numpy as np
from keras import layers

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.case import Patient, healthy


@healthy(kind="keras")
def keras_logits_from_logits():
    """`Dense(10)` as it is, and `from_logits=True`: they belong together."""
    x, y = pictures.handwriting(900)
    x = x[..., np.newaxis].astype("float32") / 255
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return Patient(model, (x[:720], y[:720]), val_batches=(x[720:], y[720:]), epochs=5)


@healthy(kind="keras")
def keras_rescaling_layer():
    """Bytes go in, and the first layer rescales them; residual connections behind it."""
    x, y = pictures.surfaces(320, ("temple", "flower", "coffee", "cat"), size=32)
    inputs = keras.Input((32, 32, 3))
    z = layers.Rescaling(1.0 / 255)(inputs)
    z = layers.Conv2D(16, 3, strides=2, activation="relu")(z)
    for _ in range(2):
        short = z
        z = layers.Conv2D(16, 3, padding="same", activation="relu")(z)
        z = layers.Conv2D(16, 3, padding="same")(z)
        z = layers.ReLU()(layers.add([z, short]))
    z = layers.GlobalAveragePooling2D()(z)
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(z))
    model.compile(keras.optimizers.AdamW(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:256], y[:256]), val_batches=(x[256:], y[256:]), epochs=12)


@healthy(kind="keras")
def keras_sigmoid_binary():
    """One unit, sigmoid, binary_crossentropy."""
    x, y = data.arrows(320, size=24)
    x = x[..., None] / 127.5 - 1.0
    model = keras.Sequential()
    model.add(keras.Input((24, 24, 1)))
    for filters in (8, 16):
        model.add(layers.SeparableConv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.RMSprop(2e-3), metrics=["accuracy"])
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=12)


@healthy(kind="keras")
def keras_softmax_sparse():
    """The first example of every book: Flatten, Dense, softmax, numbers as labels."""
    x, y = data.glyphs(700, k=10, size=20, still=True)
    x = x / 255.0
    model = keras.models.Sequential(
        [
            keras.Input((20, 20)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:560], y[:560]), val_batches=(x[560:], y[560:]), epochs=5)
