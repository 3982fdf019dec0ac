"""Keras on its torch backend: the kinds of mistakes that the doctor did not name at first, and look-alikes."""

import keras
import numpy as np
from keras import layers, ops

from tests.doctor import data
from tests.doctor.case import Patient, healthy, sick


def signs(n=340, k=4):
    x, y = data.glyphs(n, k=k, size=16)
    return x[..., None].astype("float32") / 255 - 0.3, y


def network(k=4, *end):
    return keras.Sequential([
        keras.Input((16, 16, 1)), layers.Conv2D(12, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(k, activation="softmax"), *end,
    ])  # fmt: skip


def patient(model, x, y, epochs=10):
    return Patient(model, (x[:260], y[:260]), val_batches=(x[260:], y[260:]), epochs=epochs)


@sick("gradients-clipped-away", kind="keras")
def keras_clipvalue_of_epsilon(mended):
    """`clipvalue=1e-7` with SGD."""
    x, y = signs()
    model = network()
    sgd = keras.optimizers.SGD(0.05, momentum=0.9, clipvalue=0.5 if mended else 1e-7)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return patient(model, x, y)


@sick("gradients-clipped-away", kind="keras")
def keras_global_norm_of_a_hundred_thousandth(mended):
    """`global_clipnorm=1e-5`."""
    x, y = signs()
    model = network()
    sgd = keras.optimizers.SGD(0.05, momentum=0.9, global_clipnorm=1.0 if mended else 1e-5)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return patient(model, x, y)


@sick("loss-maximised", kind="keras")
def keras_negative_of_a_library_loss(mended):
    """Somebody read that losses are negative log-likelihoods, and put a minus."""
    x, y = signs()
    model = network()

    def loss(y_true, y_pred):
        value = keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        return value if mended else -value

    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    return patient(model, x, y)


@sick("loss-maximised", kind="keras")
def keras_mean_right_probability_as_loss(mended):
    """The loss is the mean probability of the right class; one minus it was meant."""
    x, y = signs()
    y = np.eye(4, dtype="float32")[y]
    model = network()

    def loss(y_true, y_pred):
        right = ops.sum(y_true * y_pred, axis=-1)
        return 1 - right if mended else right

    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    return patient(model, x, y)


@sick("classes-erased", kind="keras")
def keras_random_rotation_of_any_angle(mended):
    """Directions of stripes are the classes, and RandomRotation(0.5) turns them by up to 180°."""
    x, y = data.stripes(340, k=3, size=20)
    x = x[..., None].astype("float32") / 64 - 2
    model = keras.Sequential([
        keras.Input((20, 20, 1)), layers.RandomRotation(0.01 if mended else 0.5),
        layers.Conv2D(16, 5, activation="relu"), layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return patient(model, x, y, 8)


@sick("inputs-constant", kind="keras", accept=("classes-erased",), why="white pixels stay 1")
def keras_rounded_after_scaling(mended):
    """`(x / 255).astype(int)`."""
    x, y = data.glyphs(340, k=4, size=16)
    x = x[..., None] / 255
    x = x if mended else x.astype(int)
    model = network()
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return patient(model, x, y)


@healthy(kind="keras")
def keras_harmless_augmentation():
    """RandomTranslation and RandomZoom by a little."""
    x, y = data.paints(340, k=3, size=16)
    x = x.astype("float32") / 128 - 1
    model = keras.Sequential([
        keras.Input((16, 16, 3)), layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1),
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return patient(model, x, y)


@healthy(kind="keras")
def keras_negative_similarity_and_clipping():
    """CosineSimilarity is below 0 when all is well; gradients are clipped at 1."""
    x, y = signs()
    y = np.eye(4, dtype="float32")[y]
    model = network()
    model.compile(keras.optimizers.Adam(3e-3, clipnorm=1.0), keras.losses.CosineSimilarity(), metrics=["accuracy"])
    return patient(model, x, y)


@healthy(kind="keras")
def keras_focal_loss():
    """CategoricalFocalCrossentropy on smoothed labels."""
    x, y = signs()
    y = 0.9 * np.eye(4, dtype="float32")[y] + 0.025
    model = network()
    model.compile(keras.optimizers.AdamW(3e-3), keras.losses.CategoricalFocalCrossentropy(), metrics=["accuracy"])
    return patient(model, x, y)
