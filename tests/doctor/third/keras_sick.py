"""Compiled Keras models that do not learn, on the torch backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers

from tests.doctor import data
from tests.doctor.aside.pictures import handwriting
from tests.doctor.case import Patient, sick
from tests.doctor.third import pictures


def convnet(size, channels, units, activation="softmax", width=12):
    """Two convolutions and a Dense layer."""
    return keras.Sequential([
        keras.Input((size, size, channels)), layers.Conv2D(width, 3, strides=2, activation="relu"),
        layers.Conv2D(2 * width, 3, strides=2, activation="relu"), layers.Flatten(),
        layers.Dense(units, activation=activation),
    ])  # fmt: skip


@sick("activations-missing", kind="keras")
def keras_dense_layers_without_activation(mended):
    """`Dense(64)`, `Dense(32)`, and no `activation=`: all of it is one linear layer."""
    relu = "relu" if mended else None
    x, y = data.pairs(360, size=12)
    x = x.reshape(len(x), -1).astype("float32") / 127.5 - 1
    model = keras.Sequential([
        keras.Input((144,)), layers.Dense(64, activation=relu), layers.Dense(32, activation=relu),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:280], y[:280]), val_batches=(x[280:], y[280:]), epochs=12)


@sick("batchnorm-averages-lag", kind="keras")
def keras_batchnorm_after_thirty_steps(mended):
    """Good in training, bad in validation: with a momentum of 0.999, from an ImageNet recipe, averages stand still."""
    x, y = pictures.tiles(330, k=4, size=20)
    momentum = 0.8 if mended else 0.999
    model = keras.Sequential([
        keras.Input((20, 20, 3)), layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, strides=2), layers.BatchNormalization(momentum=momentum), layers.ReLU(),
        layers.Conv2D(24, 3, strides=2), layers.BatchNormalization(momentum=momentum), layers.ReLU(),
        layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:250], y[:250]), val_batches=(x[250:], y[250:]), epochs=4)


@sick("labels-out-of-step", kind="keras")
def keras_repeat_where_tile_belongs(mended):
    """Originals and then their noisy copies, but the labels are `np.repeat(y, 2)`: 0, 0, 1, 1, …"""
    x, y = pictures.letters(330, k=6)
    train, labels = x[:250, ..., None] / 255, y[:250]
    noisy = train + 0.05 * np.random.randn(*train.shape)
    augmented = np.concatenate([train, noisy]).astype("float32")
    labels = np.tile(labels, 2) if mended else np.repeat(labels, 2)
    model = convnet(20, 1, 6)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    val = (x[250:, ..., None] / 255, y[250:])
    return Patient(model, (augmented, labels), val_batches=val, epochs=8)


@sick("validation-classes-differ", kind="keras", accept=("batches-not-shuffled",),
      why="the table was not shuffled before its end was cut off")  # fmt: skip
def keras_validation_split_of_a_sorted_table(mended):
    """`validation_split=0.2` takes the last fifth, and the table is sorted: a class that was never seen."""
    x, y = pictures.letters(400, k=5, moved=1)
    if not mended:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    x = x[..., None].astype("float32") / 255
    cut = int(0.8 * len(x))
    model = convnet(20, 1, 5)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:cut], y[:cut]), val_batches=(x[cut:], y[cut:]), epochs=10)


@sick("labels-wrong-form", kind="keras", accept=("loss-for-numbers", "loss-does-not-fit", "loss-broadcasts"),
      why="with one-hot labels this loss would do, and with these labels another loss")  # fmt: skip
def keras_mse_of_softmax_and_numbers(mended):
    """Dense(6, softmax), loss="mse", labels 0 … 5: "size of tensor a (6) must match the size of tensor b (32)"."""
    x, y = pictures.letters(420, k=6)
    x = x[..., None].astype("float32") / 255
    model = convnet(20, 1, 6)
    loss = "sparse_categorical_crossentropy" if mended else "mse"
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    return Patient(model, (x[:340], y[:340]), val_batches=(x[340:], y[340:]), epochs=10)


@sick("inputs-scaled-twice", kind="keras", accept=("inputs-constant",),
      why="between −1.01 and −0.99 there is hardly a difference left")  # fmt: skip
def keras_mapped_and_in_the_model(mended):
    """`x / 127.5 - 1` where the pictures are loaded, and once more as the model's first layer."""
    x, y = pictures.tiles(330, k=4, size=20)
    x = x.astype("float32") if mended else x.astype("float32") / 127.5 - 1
    model = keras.Sequential([
        keras.Input((20, 20, 3)), layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:250], y[:250]), val_batches=(x[250:], y[250:]), epochs=10)


@sick("learning-rate-too-high", kind="keras")
def keras_rmsprop_with_a_rate_of_a_half(mended):
    """`RMSprop(0.5)`: the 0.5 was meant for the momentum."""
    x, y = handwriting(700, digits=(2, 3, 5, 8))
    x = x[..., None].astype("float32") / 255
    model = convnet(16, 1, 4)
    model.compile(keras.optimizers.RMSprop(1e-3 if mended else 0.5), "sparse_categorical_crossentropy")
    return Patient(model, (x[:600], y[:600]), val_batches=(x[600:], y[600:]), epochs=6)


@sick("few-pictures-drawn", kind="keras")
def keras_generator_starts_again_each_time(mended):
    """`i = 0` stands inside the generator's `while`: it gives its first batch for ever."""
    x, y = pictures.letters(440, k=8)
    x = x[..., None].astype("float32") / 255

    def generator(x, y, batch_size=20):
        i = 0
        while True:
            if not mended or i + batch_size > len(x):
                i = 0
            yield x[i : i + batch_size], y[i : i + batch_size]
            i += batch_size

    model = convnet(20, 1, 8)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    batches = generator(x[:340], y[:340])

    def fit():
        model.fit(batches, steps_per_epoch=17, epochs=8, verbose=0)

    return Patient(model, batches, val_batches=(x[340:], y[340:]), fit=fit, at_most=17)
