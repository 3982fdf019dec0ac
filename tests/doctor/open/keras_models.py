"""Compiled Keras models with arrays, a PyDataset or a DataLoader, on the torch backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from keras import layers

from tests.doctor import data
from tests.doctor.case import Patient, healthy, sick


def grey(pictures):
    """[N, H, W] → float32 [N, H, W, 1], 0–1."""
    return (pictures[..., None] / 255).astype("float32")


# --- healthy -------------------------------------------------------------------------------------------------


@healthy(kind="keras")
def keras_batchnorm_dropout():
    """The network of the Keras examples, with BatchNormalization and Dropout."""
    x, y = data.shapes(320, k=3, size=20)
    x = x.astype("float32") / 255
    model = keras.Sequential([
        keras.Input((20, 20, 3)),
        layers.Conv2D(16, 3, strides=2, use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2D(32, 3, strides=2, use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.GlobalMaxPooling2D(), layers.Dropout(0.3), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=12)


@healthy(kind="keras")
def keras_one_hot_smoothed():
    """to_categorical and label_smoothing."""
    x, y = data.glyphs(380, k=6, size=16, still=True)
    x, y = grey(x), keras.utils.to_categorical(y, 6)
    model = keras.Sequential([
        layers.Conv2D(12, 3, strides=2, activation="relu"), layers.Flatten(), layers.Dense(6, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", keras.losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"])
    return Patient(model, (x[:300], y[:300]), val_batches=(x[300:], y[300:]), epochs=10)


class Waves(keras.utils.PyDataset):
    """Reads its pictures batch by batch."""

    def __init__(self, x, y, batch_size=20, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size = x, y, batch_size

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, index):
        low = index * self.batch_size
        return grey(self.x[low : low + self.batch_size]), self.y[low : low + self.batch_size]


@healthy(kind="keras")
def keras_py_dataset():
    """A keras.utils.PyDataset and a functional model."""
    x, y = data.stripes(320, k=3, size=18)
    held, held_y = data.stripes(80, k=3, size=18)
    inputs = keras.Input((18, 18, 1))
    h = layers.Conv2D(16, 5, activation="relu")(inputs)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(24, 3, activation="relu")(h)
    h = layers.GlobalAveragePooling2D()(h)
    model = keras.Model(inputs, layers.Dense(3)(h))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return Patient(model, Waves(x, y), val_batches=(grey(held), held_y), epochs=10)


def preprocess_input(x):
    """As in mobilenet_v2: −1 to 1."""
    return x.astype("float32") / 127.5 - 1


def pretrained_base():
    """A backbone that knows shapes, trained on pictures from −1 to 1."""
    x, y = data.shapes(400, k=4, size=20)
    base = keras.Sequential([
        keras.Input((20, 20, 3)),
        layers.Conv2D(16, 3, strides=2, use_bias=False), layers.BatchNormalization(momentum=0.8), layers.ReLU(6),
        layers.Conv2D(24, 3, strides=2, use_bias=False), layers.BatchNormalization(momentum=0.8), layers.ReLU(6),
        layers.Conv2D(32, 3, use_bias=False), layers.BatchNormalization(momentum=0.8), layers.ReLU(6),
        layers.GlobalMaxPooling2D(),
    ], name="shapenet")  # fmt: skip
    whole = keras.Sequential([base, layers.Dense(4, activation="softmax")])
    whole.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    whole.fit(preprocess_input(x), y, epochs=8, verbose=0)
    return base


@healthy(kind="keras")
def keras_frozen_base_compiled():
    """A frozen backbone and a new head, compiled after freezing."""
    base = pretrained_base()
    base.trainable = False
    x, y = data.shapes(260, k=3, size=20)
    x = preprocess_input(x)
    model = keras.Sequential([base, layers.Dropout(0.2), layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:180], y[:180]), val_batches=(x[180:], y[180:]), epochs=8)


# --- sick: the data ------------------------------------------------------------------------------------------


@sick("preprocessing-missing", kind="keras", accept=("inputs-not-normalised",),
      why="dividing by 127.5 and taking 1 off is how these are normalised")  # fmt: skip
def keras_backbone_without_its_preprocessing(mended):
    """The frozen backbone was trained on −1 … 1, and here it gets 0 … 255."""
    base = pretrained_base()
    base.trainable = False
    x, y = data.shapes(260, k=4, size=20)
    x = preprocess_input(x) if mended else x.astype("float32")
    model = keras.Sequential([keras.Input((20, 20, 3)), base, layers.Dense(4, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:180], y[:180]), val_batches=(x[180:], y[180:]), epochs=10)


@sick("batches-not-shuffled", kind="keras")
def keras_sequence_in_class_order(mended):
    """One folder after the other: each batch holds one class, and the last class of an epoch wins."""
    x, y = data.stripes(320, k=4, size=18)
    if not mended:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    held, held_y = data.stripes(100, k=4, size=18)
    model = keras.Sequential([
        keras.Input((18, 18, 1)), layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(24, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    sequence = Waves(x, y)

    def fit():
        model.fit(sequence, epochs=12, shuffle=False, verbose=0)

    return Patient(model, sequence, val_batches=(grey(held), held_y), fit=fit)


@sick("inputs-constant", kind="keras", accept=("classes-erased",),
      why="a few white pixels stay 1, so that pictures are not quite the same")  # fmt: skip
def keras_bytes_after_division_cast_back(mended):
    """Divided by 255 and written back into an array of bytes, to save memory."""
    x, y = data.blobs(300, k=2, size=20)
    scaled = np.zeros((300, 20, 20, 1), dtype="float32" if mended else "uint8")
    for i, image in enumerate(x):
        scaled[i, :, :, 0] = image / 255.0
    model = keras.Sequential([
        layers.Conv2D(12, 3, strides=2, activation="relu"), layers.Conv2D(12, 3, strides=2, activation="relu"),
        layers.Flatten(), layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    return Patient(model, (scaled[:220], y[:220]), val_batches=(scaled[220:], y[220:]), epochs=10)


@sick("inputs-not-finite", kind="keras")
def keras_missing_pixels_stay_nan(mended):
    """Clouds are NaN in the files; nobody filled them."""
    x, y = data.paints(300, k=3, size=16)
    x = x.astype("float32") / 255
    for i in np.random.choice(300, 90, replace=False):
        r, c = np.random.randint(0, 12, 2)
        x[i, r : r + 4, c : c + 4] = np.nan
    if mended:
        x = np.nan_to_num(x, nan=0.4)
    model = keras.Sequential([
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=12)


@sick("labels-wrong-form", kind="keras")
def keras_categorical_loss_with_numbers(mended):
    """categorical_crossentropy, and y holds class numbers."""
    x, y = data.glyphs(340, k=5, size=16, still=True)
    x = grey(x)
    if mended:
        y = keras.utils.to_categorical(y, num_classes=5)
    model = keras.Sequential(
        [layers.Flatten(), layers.Dense(48, activation="relu"), layers.Dense(5, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:260], y[:260]), val_batches=(x[260:], y[260:]), epochs=12)


@sick("labels-wrong-form", kind="keras")
def keras_sparse_loss_with_one_hot(mended):
    """`label_mode="categorical"` in the loader, sparse_categorical_crossentropy in compile."""
    x, y = data.paints(280, k=4, size=16)
    x, y = x / 255.0, np.eye(4, dtype="float32")[y]
    model = keras.Sequential([
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax"),
    ])  # fmt: skip
    loss = "categorical_crossentropy" if mended else "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.RMSprop(0.01), loss, metrics=["accuracy"])
    return Patient(model, (x[:200], y[:200]), val_batches=(x[200:], y[200:]), epochs=12)


@sick("validation-prepared-differently", kind="keras")
def keras_validation_in_bytes(mended):
    """preprocess_input on the training pictures; validation_data as loaded."""
    x, y = data.shapes(300, k=3, size=20)
    x_train, x_val = preprocess_input(x[:220]), x[220:].astype("float32")
    if mended:
        x_val = preprocess_input(x_val)
    model = keras.Sequential([
        layers.Conv2D(16, 3, strides=2, activation="tanh"), layers.Conv2D(32, 3, strides=2, activation="tanh"),
        layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x_train, y[:220]), val_batches=(x_val, y[220:]), epochs=15)


# --- sick: loss and output -----------------------------------------------------------------------------------


@sick("loss-does-not-fit", kind="keras", accept=("too-few-outputs",),
      why="two outputs would go with this loss and one-hot labels")  # fmt: skip
def keras_categorical_on_one_unit(mended):
    """Dense(1, sigmoid) with categorical_crossentropy: the loss is 0 whatever comes out."""
    x, y = data.arrows(300, size=20)
    x, y = grey(x), y.astype("float32").reshape(-1, 1)
    model = keras.Sequential([
        layers.Conv2D(12, 5, strides=2, activation="relu"), layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Flatten(), layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile("adam", "binary_crossentropy" if mended else "categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=15)


@sick("loss-for-numbers", kind="keras")
def keras_mse_on_the_class_number(mended):
    """One output that shall be 0, 1, … 9, as in a regression."""
    x, y = data.glyphs(480, k=10, size=18)
    x = grey(x)
    model = keras.Sequential([
        layers.Conv2D(16, 4, strides=2, activation="relu"), layers.Flatten(), layers.Dense(48, activation="relu"),
        layers.Dense(10, activation="softmax") if mended else layers.Dense(1),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy" if mended else "mse")

    def evaluate():
        out = model.predict(x[400:], verbose=0)
        return np.mean((out.argmax(1) if mended else out[:, 0].round()) == y[400:])

    return Patient(model, (x[:400], y[:400]), val_batches=(x[400:], y[400:]), evaluate=evaluate, epochs=12)


@sick("loss-wants-logits", kind="keras", accept=("sigmoid-twice",), why="the same fault by its other name")
def keras_sigmoid_and_from_logits(mended):
    """A sigmoid at the end and from_logits=True; one picture in five is positive."""
    x, y = data.stripes(1000, k=2, size=18)
    keep = np.concatenate([np.where(y == 0)[0][:320], np.where(y == 1)[0][:80]])
    keep = np.random.permutation(keep)
    x, y = grey(x[keep]), y[keep]
    held, held_y = data.stripes(100, k=2, size=18)
    model = keras.Sequential([
        layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalMaxPooling2D(), layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=not mended))
    return Patient(model, (x, y), val_batches=(grey(held), held_y), epochs=8)


@sick("relu-on-logits", kind="keras")
def keras_relu_on_the_last_dense(mended):
    """`activation="relu"` in every layer, the last included."""
    x, y = data.glyphs(460, k=10, size=16, still=True)
    x = grey(x)
    model = keras.Sequential([
        layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dense(64, activation="relu"),
        layers.Dense(10, activation=None if mended else "relu"),
    ])  # fmt: skip
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
    return Patient(model, (x[:360], y[:360]), val_batches=(x[360:], y[360:]), epochs=12)


@sick("too-few-outputs", kind="keras")
def keras_one_sigmoid_for_four_kinds(mended):
    """From the cats-and-dogs example: Dense(1, sigmoid), and by now there are four kinds."""
    x, y = data.shapes(320, k=4, size=20)
    x = x.astype("float32") / 255
    model = keras.Sequential([
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.GlobalMaxPooling2D(), layers.Dense(4, activation="softmax") if mended else layers.Dense(1, "sigmoid"),
    ])  # fmt: skip
    loss = "sparse_categorical_crossentropy" if mended else "binary_crossentropy"
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=15)


# --- sick: weights and steps ---------------------------------------------------------------------------------


@sick("gradients-vanish", kind="keras")
def keras_deep_sigmoid_tower(mended):
    """Nine hidden layers with sigmoids."""
    x, y = data.glyphs(400, k=4, size=16, still=True)
    model = keras.Sequential([keras.Input((16, 16, 1)), layers.Flatten()])
    for _ in range(9):
        model.add(layers.Dense(64, activation="relu" if mended else "sigmoid", kernel_initializer="he_normal"))
    model.add(layers.Dense(4, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (grey(x[:320]), y[:320]), val_batches=(grey(x[320:]), y[320:]), epochs=15)


@sick("learning-rate-too-high", kind="keras")
def keras_adam_rate_one(mended):
    """`Adam(1.0)`, from an example with Adadelta."""
    x, y = data.shapes(300, k=3, size=20)
    x = x / 255.0
    model = keras.Sequential([
        layers.Conv2D(16, 3, strides=2, activation="relu"), layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    optimizer = keras.optimizers.Adam(learning_rate=0.01 if mended else 1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=15)


@sick("learning-rate-too-low", kind="keras")
def keras_sgd_rate_too_small(mended):
    """1e-6, which worked for somebody's fine-tuning."""
    x, y = data.paints(300, k=4, size=16)
    x, y = x.astype("float32") / 255, keras.utils.to_categorical(y)
    inputs = keras.Input((16, 16, 3))
    h = layers.Conv2D(24, 3, strides=2, activation="relu")(inputs)
    outputs = layers.Dense(4, activation="softmax")(layers.Flatten()(h))
    model = keras.Model(inputs, outputs)
    sgd = keras.optimizers.SGD(learning_rate=5e-2 if mended else 1e-6, momentum=0.9)
    model.compile(sgd, "categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=10)


@sick("scheduler-too-often", kind="keras", accept=("learning-rate-too-low",),
      why="after a few batches the rate is too low")  # fmt: skip
def keras_decay_counted_in_steps(mended):
    """ "Half the rate every epoch": decay_steps=1 is every batch."""
    x, y = data.stripes(400, k=3, size=18)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=100 if mended else 1, decay_rate=0.5)
    model = keras.Sequential([
        layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(2), layers.Conv2D(24, 3, activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (grey(x[:320]), y[:320]), val_batches=(grey(x[320:]), y[320:]), epochs=10)


@sick("trainable-after-compile", kind="keras")
def keras_unfrozen_without_compile(mended):
    """Two stages, as in the guide to transfer learning; the second compile was forgotten: "Unknown variable"."""
    base = pretrained_base()
    base.trainable = False
    x, y = data.stripes(300, k=2, size=20)
    x = preprocess_input(np.repeat(x[..., None], 3, axis=-1))
    model = keras.Sequential([base, layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:220], y[:220], epochs=1, verbose=0)  # the head warms up
    base.trainable = True
    if mended:
        model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=6)


@sick("weight-decay-too-strong", kind="keras")
def keras_l2_of_ten(mended):
    """`kernel_regularizer=l2(10)`."""
    x, y = data.glyphs(400, k=6, size=16, still=True)
    x = grey(x)
    l2 = keras.regularizers.L2(1e-4 if mended else 10.0)
    model = keras.Sequential([
        layers.Conv2D(8, 3, strides=2, activation="relu", kernel_regularizer=l2), layers.Flatten(),
        layers.Dense(32, activation="relu", kernel_regularizer=l2),
        layers.Dense(6, activation="softmax", kernel_regularizer=l2),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:320], y[:320]), val_batches=(x[320:], y[320:]), epochs=12)


@sick("weights-alike", kind="keras")
def keras_kernels_of_zeros(mended):
    """`kernel_initializer="zeros"`, so that runs can be compared; the pictures come from a torch DataLoader."""
    x, y = data.shapes(300, k=3, size=20)
    start = "he_normal" if mended else "zeros"
    model = keras.Sequential([
        keras.Input((20, 20, 3)),
        layers.Conv2D(16, 3, strides=2, activation="relu", kernel_initializer=start),
        layers.Conv2D(32, 3, strides=2, activation="relu", kernel_initializer=start),
        layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax", kernel_initializer=start),
    ])  # fmt: skip
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = x.astype("float32") / 255
    pairs = torch.utils.data.TensorDataset(torch.tensor(x[:220]), torch.tensor(y[:220]))
    loader = torch.utils.data.DataLoader(pairs, batch_size=20, shuffle=True)
    return Patient(model, loader, val_batches=(x[220:], y[220:]), epochs=15)
