"""The network of the asker, in Keras and in PyTorch: how sure it is of what it has never seen, epoch by epoch."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from ... import features
from ...data import ImageSet
from ...study import Result
from . import measures
from .heads import Head, HeadSettings, train_head
from .worlds import LogoWorld, Settings, backbone, chosen, logo_world

Parts = tuple[Tensor, ...]  # features of the known, near and far
Answers = tuple[Tensor, ...]  # probabilities, float [N, 10], of the known, near and far


@dataclass(frozen=True)
class Asker:
    """What is trained how, besides the head.

    Attributes:
        library: "Keras" or "PyTorch".
        pooling: "mean", scaled, of enlarged pictures; or "flatten": the whole map of the pictures as they were drawn.
        stops: epochs at which the training stops for a look; all that differ in `epochs` only share it. In Keras a
            stop draws random numbers, so that it decides what comes after it.
    """

    library: str
    pooling: str
    stops: tuple[int, ...]


def answer_after_epochs(settings: Settings, seed: int) -> Result:
    """Accuracy on the known, the share of unknowns that gets `sure` or more, and the means of the highest probability.

    `epochs` is one of `stops`; the other settings are those of `LogoWorld`, `Asker` and `HeadSettings`.
    """
    made, asker = chosen(LogoWorld, settings), chosen(Asker, settings)
    trained = replace(chosen(HeadSettings, settings), epochs=max(asker.stops))
    known, near, far = _answers(made, asker, trained, seed)[settings["epochs"]]
    truth = made.pictures(seed)[1]
    highest = {part: p.amax(dim=1) for part, p in (("known", known), ("near", near), ("far", far))}
    return measures.result(
        measures.accuracy(known.argmax(dim=1) == truth.labels) | measures.certainties(highest, settings["sure"]),
        truth.source,
    )


@lru_cache(maxsize=8)
def _answers(made: LogoWorld, asker: Asker, settings: HeadSettings, seed: int) -> dict[int, Answers]:
    """Epoch → answers after that many, for all of the stops."""
    train, labels, met = _features(made, asker.pooling, seed)
    answer = _keras_answers if asker.library == "Keras" else _torch_answers
    return answer(train, labels, met, asker.stops, settings, seed)


@lru_cache(maxsize=1)
def _features(made: LogoWorld, pooling: str, seed: int) -> tuple[Tensor, Tensor, Parts]:
    """(features to learn from, their labels, features of the known, near and far)."""
    if pooling == "flatten":
        pictures = made.pictures(seed)
        train, *met = (_flat(made, part) for part in pictures)
        return train, pictures[0].labels, tuple(met)
    world = logo_world(made, seed)
    return world.train, world.labels, (world.known, world.near, world.far)


def _flat(made: LogoWorld, pictures: ImageSet) -> Tensor:
    """float [N, D · h · w]: the whole last map of the pictures, enlarged to `size` or as they were drawn."""
    network = backbone(made.network, made.weights)
    with torch.inference_mode():
        maps = [
            network(features.prepare(pictures.batch(rows), network.preprocessing, "cpu", size=made.size)).flatten(1)
            for rows in torch.arange(len(pictures)).split(100)
        ]
    return torch.cat(maps).clone()


def _torch_answers(
    train: Tensor, labels: Tensor, met: Parts, stops: tuple[int, ...], settings: HeadSettings, seed: int
) -> dict[int, Answers]:
    answers: dict[int, Answers] = {}

    def look(epoch: int, head: Head) -> None:
        if epoch in stops:
            with torch.inference_mode():
                answers[epoch] = tuple(head.last(head.embed(x)).softmax(dim=1) for x in met)

    train_head(train, labels, settings, seed=seed, after_epoch=look)
    return answers


def _keras_answers(
    train: Tensor, labels: Tensor, met: Parts, stops: tuple[int, ...], settings: HeadSettings, seed: int
) -> dict[int, Answers]:
    """The head as the asker wrote it, in Keras on the torch backend."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # before Keras is imported
    import keras

    keras.utils.set_random_seed(seed)
    classes = int(labels.max()) + 1
    model = keras.Sequential(
        [
            keras.Input((train.shape[1],)),
            keras.layers.Dense(settings.hidden, activation="relu"),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(settings.rate), "categorical_crossentropy")
    x, y, answers = train.numpy(), keras.utils.to_categorical(labels.numpy(), classes), {}
    for before, stop in pairwise([0, *stops]):
        model.fit(x, y, batch_size=settings.batch, epochs=stop - before, verbose=0)
        predicted = (model.predict(part.numpy(), batch_size=512, verbose=0) for part in met)
        answers[stop] = tuple(map(torch.tensor, predicted))
    return answers
