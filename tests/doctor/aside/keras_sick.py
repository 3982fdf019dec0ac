"""Keras on its torch backend: sick set-ups as notebooks have them."""

import keras
import numpy as np
from keras import layers, ops

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.case import Patient, sick


@sick("trainable-after-compile", kind="keras")
def keras_backbone_thawed_in_between(mended):
    """The head was fitted on a frozen base; then the base was thawed, and fit goes on without compile."""
    x, y = pictures.knitted(360, k=4, size=24)
    x = x.astype("float32") / 255
    base = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            layers.Conv2D(12, 3, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.GlobalMaxPooling2D(),
        ],
        name="base",
    )
    base.trainable = False
    model = keras.Sequential([keras.Input((24, 24, 3)), base, layers.Dense(4, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:280], y[:280], epochs=2, verbose=0)
    base.trainable = True  # fine-tune all of it
    if mended:
        model.compile(keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:280], y[:280]), val_batches=(x[280:], y[280:]), epochs=12)


@sick("loss-wants-probabilities", kind="keras")
def keras_binary_without_sigmoid(mended):
    """`Dense(1)` as it is, and binary_crossentropy by name, which wants probabilities."""
    x, y = data.blobs(320, k=2, size=20)
    x = (x[..., None].astype("float32") - 80) / 60
    model = keras.Sequential()
    model.add(keras.Input(shape=(20, 20, 1)))
    model.add(layers.Conv2D(16, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid" if mended else None))
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.1, momentum=0.9), metrics=["accuracy"])
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=10)


@sick("gradients-clipped-away", kind="keras")
def keras_clipnorm_tiny(mended):
    """`clipnorm=1e-6`: the number belongs to epsilon."""
    x, y = pictures.handwriting(800, digits=(0, 2, 4, 6, 8))
    x = x[..., np.newaxis] / 255.0
    y = keras.utils.to_categorical(y, 5)
    inputs = keras.Input((16, 16, 1))
    h = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    h = layers.MaxPooling2D()(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(h))
    sgd = keras.optimizers.SGD(learning_rate=0.05, momentum=0.9, clipnorm=1.0 if mended else 1e-6)
    model.compile(optimizer=sgd, loss="categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:640], y[:640]), val_batches=(x[640:], y[640:]), epochs=6)


@sick("softmax-on-one-unit", kind="keras")
def keras_dense_one_softmax(mended):
    """Cats and dogs: one unit at the end, and softmax makes it 1 for every picture."""
    x, y = pictures.surfaces(300, ("cat", "temple"), size=32)
    x = x / 255.0
    model = keras.models.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid" if mended else "softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:220], y[:220]), val_batches=(x[220:], y[220:]), epochs=15)


@sick("dropout-too-strong", kind="keras")
def keras_dropout_near_one(mended):
    """ "Overfitting, so more dropout": 0.98, twice."""
    x, y = data.glyphs(500, k=8, size=18)
    x = x[..., None].astype("float32") / 255
    rate = 0.2 if mended else 0.98
    model = keras.Sequential(
        [
            keras.Input((18, 18, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(rate),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(8, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:400], y[:400]), val_batches=(x[400:], y[400:]), epochs=12)


@sick("classes-erased", kind="keras")
def keras_flip_of_left_and_right(mended):
    """Lit from the left or from the right, and `RandomFlip("horizontal")` in front."""
    x, y = pictures.corners(320, k=2, size=18, noise=40)
    x = x[..., None].astype("float32")
    augmentation = keras.Sequential([layers.RandomFlip("vertical" if mended else "horizontal")])
    inputs = keras.Input(shape=(18, 18, 1))
    z = augmentation(inputs)
    z = layers.Rescaling(1.0 / 127.5, offset=-1)(z)
    z = layers.Conv2D(8, 5, strides=2, activation="relu")(z)
    z = layers.Flatten()(z)
    z = layers.Dense(16, activation="relu")(z)
    outputs = layers.Dense(2, activation="softmax")(z)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=8)


@sick("one-class-only", kind="keras")
def keras_head_of_a_sorted_table(mended):
    """`df.head(150)`, to be quick, of a table that is sorted by label."""
    x, y = data.paints(450, k=3, size=20)
    order = np.random.permutation(450) if mended else np.argsort(y, kind="stable")
    x, y = x[order][:150] / 255.0, y[order][:150]
    test_x, test_y = data.paints(90, k=3, size=20)
    model = keras.Sequential(
        [
            keras.Input((20, 20, 3)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.RMSprop(2e-3), loss="sparse_categorical_crossentropy")
    return Patient(model, (x, y), val_batches=(test_x / 255.0, test_y), epochs=8)


@sick("labels-out-of-range", kind="keras", accept=("too-few-outputs",),
      why="as many outputs as classes, plus one, would run, too")  # fmt: skip
def keras_labels_from_one(mended):
    """Classes 1 … 6 as the folder names say, six units: "Target 6 is out of bounds"."""
    x, y = pictures.flags(300, k=6, size=18)
    x, y = x.astype("float32") / 127.5 - 1, y + (0 if mended else 1)
    model = keras.Sequential(
        [
            keras.Input((18, 18, 3)),
            layers.AveragePooling2D(3),
            layers.Flatten(),
            layers.Dense(48, activation="gelu"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.AdamW(3e-3), loss=keras.losses.SparseCategoricalCrossentropy())
    return Patient(model, (x[:240], y[:240]), val_batches=(x[240:], y[240:]), epochs=10)


@sick("loss-maximised", kind="keras")
def keras_likelihood_without_minus(mended):
    """A loss of one's own, the log-likelihood; fit makes it smaller and smaller."""
    x, y = data.stripes(360, k=3, size=20)
    x, y = x[..., None] / 255.0, np.eye(3, dtype="float32")[y]

    def log_likelihood(y_true, y_pred):
        ll = ops.sum(y_true * ops.log(y_pred + 1e-7), axis=-1)
        return -ll if mended else ll

    model = keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(12, 5, activation="relu"),
            layers.Conv2D(12, 5, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=log_likelihood, metrics=["accuracy"])
    return Patient(model, (x[:280], y[:280]), val_batches=(x[280:], y[280:]), epochs=10)


@sick("loss-wants-probabilities", kind="keras")
def keras_no_softmax_and_string_loss(mended):
    """Logits at the end, as in TensorFlow's tutorial, but the loss is a string: from_logits is False."""
    x_train, y_train = pictures.handwriting(900)
    x_train = x_train.astype("float32")[..., None] / 255
    model = keras.models.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if mended else "sparse_categorical_crossentropy"
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return Patient(model, (x_train[:720], y_train[:720]), val_batches=(x_train[720:], y_train[720:]), epochs=6)


@sick("initial-weights-too-large", kind="keras")
def keras_random_normal_of_five(mended):
    """`RandomNormal(stddev=5)` for each kernel."""
    x, y = data.shapes(400, k=3, size=20)
    x = x.astype("float32") / 255
    kernel = "he_normal" if mended else keras.initializers.RandomNormal(stddev=5.0)
    model = keras.Sequential([keras.Input((20, 20, 3))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, strides=2, activation="relu", kernel_initializer=kernel))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu", kernel_initializer=kernel))
    model.add(layers.Dense(3, activation="softmax", kernel_initializer=kernel))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:320], y[:320]), val_batches=(x[320:], y[320:]), epochs=15)


@sick("inputs-not-normalised", kind="keras")
def keras_raw_bytes_with_sgd(mended):
    """0 … 255 into a network with SGD; after two steps every ReLU is dead."""
    x, y = pictures.surfaces(320, ("temple", "flower", "coffee", "cat"), size=24)
    x = x.astype("float32")
    if mended:
        x = x / 255.0
    model = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.03, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:256], y[:256]), val_batches=(x[256:], y[256:]), epochs=15)


@sick("inputs-scaled-twice", kind="keras")
def keras_rescaling_behind_a_division(mended):
    """The arrays were divided by 255 when they were loaded, and the model begins with a Rescaling layer."""
    x, y = pictures.knitted(360, k=3, size=24)
    x = x.astype("float32") / 255.0
    model = keras.Sequential([keras.Input((24, 24, 3))])
    if not mended:
        model.add(layers.Rescaling(1.0 / 255))
    model.add(layers.Conv2D(16, 3, activation="relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Conv2D(32, 3, activation="relu"))
    model.add(layers.GlobalMaxPooling2D())
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:280], y[:280]), val_batches=(x[280:], y[280:]), epochs=10)


@sick("loss-wants-logits", kind="keras")
def keras_softmax_and_from_logits(mended):
    """Softmax at the end and `from_logits=True` in the loss, with twenty-four classes."""
    x, y = data.glyphs(800, k=24, size=20, still=True)
    x = x.astype("float32") / 255 - 0.5
    model = keras.Sequential(
        [
            keras.Input((20, 20)),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dense(50, activation="relu"),
            layers.Dense(24, activation=None if mended else "softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return Patient(model, (x[:640], y[:640]), val_batches=(x[640:], y[640:]), epochs=10)


@sick("labels-out-of-step", kind="keras")
def keras_unsorted_glob_against_csv(mended):
    """`glob` gives the files in the order of the disk, the table has them by name."""
    x, y = pictures.dots(400, k=2, size=24, colour=True)
    on_disk = np.random.permutation(320)
    train_x = x[:320] if mended else x[:320][on_disk]  # images = [imread(f) for f in glob("*.png")]
    train_y = y[:320]  # pd.read_csv("labels.csv").label
    model = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return Patient(model, (train_x, train_y), val_batches=(x[320:], y[320:]), epochs=15)


@sick("everything-frozen", kind="keras")
def keras_whole_model_not_trainable(mended):
    """`model.trainable = False` where `base.trainable = False` was meant."""
    x, y = data.glyphs(400, k=5, size=20)
    x = x[..., None] / 255.0
    base = keras.Sequential(
        [keras.Input((20, 20, 1)), layers.Conv2D(48, 4, strides=2, activation="relu"), layers.Flatten()], name="base"
    )
    inputs = keras.Input((20, 20, 1))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(base(inputs)))
    if mended:
        base.trainable = False
    else:
        model.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return Patient(model, (x[:320], y[:320]), val_batches=(x[320:], y[320:]), epochs=12)
