"""The doctor on compiled Keras models: in a process of its own, since Keras takes its backend at import."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")

PROLOGUE = """
import keras, numpy as np, torch
from keras import layers
from course_lib.training import diagnose
keras.utils.set_random_seed(0)
y = np.arange(128) % 2
x = (.35 + .15 * np.random.rand(128, 24, 24, 3)).astype("float32")
x[y == 1, :, :, 0] += .2
x[y == 0, :, :, 2] += .2
def net(k, end):
    return keras.Sequential([keras.Input((24, 24, 3)), layers.Conv2D(16, 3, 2, activation="relu"),
        layers.Conv2D(16, 3, 2, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(k, activation=end)])
def told(model, loss, batches, optimizer=None):
    model.compile(optimizer or keras.optimizers.Adam(.01), loss)
    found = diagnose(model, batches).findings
    print(found[0].name if found else "healthy")
class Pairs(keras.utils.PyDataset):
    def __len__(self): return 4
    def __getitem__(self, i): return x[32 * i:32 * i + 32], y[32 * i:32 * i + 32]
sparse, crossed = "sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""


def run(code: str) -> list[str]:
    """What `code` prints, line by line."""
    environment = os.environ | {"KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", PROLOGUE + code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


@pytest.mark.slow
def test_healthy_keras_models_are_not_blamed():
    told = run("""
told(net(2, "softmax"), sparse, (x, y))
told(net(2, None), crossed, Pairs())
told(net(1, "sigmoid"), "binary_crossentropy", [(x[i:i + 32], y[i:i + 32]) for i in range(0, 128, 32)])
told(net(2, "softmax"), "categorical_crossentropy", (x, np.eye(2)[y]))
""")
    assert told == ["healthy"] * 4


@pytest.mark.slow
def test_causes_that_only_keras_has_are_named():
    told = run("""
told(net(2, None), sparse, (x, y))
told(net(1, "sigmoid"), keras.losses.BinaryCrossentropy(from_logits=True), (x, y))
told(net(1, "softmax"), "binary_crossentropy", (x, y))
told(net(2, "softmax"), sparse, (x, np.eye(2)[y]))
told(net(2, "softmax"), "categorical_crossentropy", (x, y))
told(net(2, "softmax"), sparse, (x, y), keras.optimizers.Adam(1e-9))
told(net(2, "softmax"), sparse, (x.transpose(0, 3, 1, 2), y))
model = net(2, "softmax"); model.layers[0].trainable = False
model.compile("adam", sparse); model.fit(x[:32], y[:32], verbose=0); model.layers[0].trainable = True
print(diagnose(model, (x, y)).findings[0].name)
""")
    assert told == [
        "loss-wants-probabilities", "loss-wants-logits", "softmax-on-one-unit", "labels-wrong-form",
        "labels-wrong-form", "learning-rate-too-low", "channels-last", "trainable-after-compile",
    ]  # fmt: skip


@pytest.mark.slow
def test_nothing_of_a_keras_model_is_changed():
    told = run("""
model = net(2, "softmax"); model.compile(keras.optimizers.Adam(.01), sparse, metrics=["accuracy"])
model.fit(x[:64], y[:64], verbose=0)
def state(): return [np.array(v) for v in [*model.variables, *model.optimizer.variables]]
before, optimizer, drawn = state(), model.optimizer, torch.get_rng_state()
diagnose(model, (x, y))
print(optimizer is model.optimizer, all(np.array_equal(a, b) for a, b in zip(before, state())))
print(torch.equal(drawn, torch.get_rng_state()))
model.fit(x, y, epochs=1, verbose=0)
""")
    assert told == ["True"] * 3


@pytest.mark.slow
def test_keras_models_that_cannot_be_judged_are_refused():
    told = run("""
for model in (net(2, "softmax"), keras.Sequential([keras.Input((24, 24, 3)), layers.Conv2D(2, 1)])):
    try:
        if len(model.layers) == 1: model.compile("adam", sparse)
        diagnose(model, (x, y))
    except ValueError as error:
        print("compiled" if "not compiled" in str(error) else "segmentation" if "segmentation" in str(error) else error)
""")
    assert told == ["compiled", "segmentation"]
