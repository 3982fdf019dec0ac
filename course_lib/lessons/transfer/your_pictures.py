"""The chapter's questions, asked of a reader's own folder: probe or fine-tuning, and what a network relies on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import data, features, models, pixels, training
from ...data import ImageSet
from ..own_pictures import FirstLook, Row, Way, frozen_backbone, guess, tried

TUNING_STEPS = 100  # of fine-tuning, at least: enough to see whether it helps, and no long wait
BATCH = 32

CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "as they are": lambda images: images,
    "without colour": pixels.grey,
    "without layout: patches of 16 px dealt anew": lambda images: pixels.shuffle_patches(images, 16),
    "without detail: blocks of 1/16 the side": lambda images: pixels.block_average(images, 16),
}
"""What is taken away from pictures of 64 pixels, by name."""


# --- 3a: probe, or fine-tune? ---


def transfer(
    folder: str | ImageSet,
    *,
    own: nn.Module | None = None,
    preprocessing: Callable[[Tensor], Tensor] | None = None,
    seed: int = 0,
) -> FirstLook:
    """Guessing, colour alone, two frozen backbones and a short fine-tuning on one split, 80 % to learn from.

    Args:
        own: a network of yours that has not learned from these pictures: a PyTorch module or `in_keras(…)` that gives
            vectors [B, D], logits or what stands before them. It stays as it is and gets a probe, in a row of its own.
        preprocessing: uint8 [B, 3, H, W] → floats, as `own` wants them; None takes `own.preprocessing`.

    Errors as `own_pictures.first_look`. Three minutes for a thousand pictures.
    """
    ways: dict[str, Way] = {
        "guessing the largest class": guess,
        "colour alone (54 numbers, boosted trees)": by_colours,
        "SqueezeNet frozen, a probe": frozen_backbone("squeezenet1_1"),
        "MobileNetV2 frozen, a probe": frozen_backbone("mobilenet_v2_035"),
        "MobileNetV2 fine-tuned, briefly": by_tuning,
    }
    theirs: dict[str, Way] = {} if own is None else {"your network frozen, a probe": by_own(own, preprocessing)}
    rows = tried("transfer", folder, ways | theirs, seed=seed)
    return FirstLook(rows, " ".join([advice(*rows[: len(ways)]), *map(beside(rows), rows[len(ways) :])]))


def by_colours(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    """int64 [N]: boosted trees on `features.colour_numbers`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(random_state=seed)
    trees.fit(features.colour_numbers(train), train.labels.numpy())
    return trees.predict(features.colour_numbers(test))


def by_tuning(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    """int64 [N]: all of MobileNetV2 trained for `TUNING_STEPS` or three epochs; never mirrored: photographs have an
    up."""
    model = models.Classifier(models.backbone("mobilenet_v2_035"), train.classes, pooling="mean", seed=seed)
    epochs = max(3, -(-TUNING_STEPS * BATCH // len(train)))
    settings = training.Settings(epochs=epochs, batch_size=BATCH, peak_lr=1e-3, flips=False, seed=seed)
    training.fit(model, train, test, settings, progress=False)
    return training.predict(model, test).argmax(dim=1).numpy()


def advice(guessing: Row, colour: Row, squeeze: Row, mobile: Row, tuned: Row) -> str:
    """What we would do next. It speaks of a difference only where its interval leaves out zero."""
    probe = max((squeeze, mobile), key=lambda row: row.right)
    best = max((colour, probe, tuned), key=lambda row: row.right)
    if not best.surely_above(guessing):
        return "Nothing here is surely better than guessing. Look at the labels, then check the pipeline: 1c."
    if not best.surely_above(colour):
        return (
            "Nothing here is surely ahead of colour alone. Is it the colour that you meant, or the light, the camera, "
            "the background?"
        )
    if tuned.surely_above(probe):
        return "Fine-tuning is ahead of both probes: train longer, at three rates a factor of three apart."
    return "Between probe and fine-tuning so many pictures show no sure difference. Keep the probe: it takes seconds."


def by_own(own: nn.Module, preprocessing: Callable[[Tensor], Tensor] | None) -> Way:
    """A linear probe on what `own` gives."""

    def answer(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
        known, unseen = (training.predict(own, part, preprocessing=preprocessing).numpy() for part in (train, test))
        return features.probe(known, train.labels, unseen, test.labels).model.predict(unseen)

    return answer


def beside(rows: tuple[Row, ...]) -> Callable[[Row], str]:
    """What the row of one's own network says beside the better of the two frozen ones."""
    probe = max(rows[2:4], key=lambda row: row.right)

    def told(own: Row) -> str:
        if own.surely_above(probe):
            return "Your network's numbers serve a probe better than ours: fine-tune yours."
        if probe.surely_above(own):
            return "Your network's numbers serve a probe less well than ours. Is its preprocessing the right one?"
        return "Between your network and ours these pictures show no sure difference."

    return told


class InKeras(nn.Module):
    """A Keras model, of any backend, as this course asks a network: floats [B, 3, H, W], 0–255 → its output [B, K].

    Args:
        model: takes floats [B, H, W, 3].
        prepare: floats [B, H, W, 3], 0–255 → what `model` wants, such as `keras.applications.….preprocess_input`; None
            where the model has that in itself.
    """

    def __init__(self, model: Any, prepare: Callable[[np.ndarray], np.ndarray] | None = None):
        super().__init__()
        self._kept = (model,)  # in a tuple, where torch does not look: Keras minds its weights and modes itself
        self.prepare = prepare

    def preprocessing(self, pictures: Tensor) -> Tensor:
        """uint8 [B, 3, H, W] → floats of the same shape, 0–255: what Keras's own functions begin with."""
        return pictures.float()

    def forward(self, x: Tensor) -> Tensor:
        """Float [B, 3, H, W], 0–255 → float32 [B, K]."""
        last = x.permute(0, 2, 3, 1).numpy().copy()  # a copy: Keras's functions may change it in place
        return torch.tensor(self._kept[0].predict_on_batch(last if self.prepare is None else self.prepare(last)))


def in_keras(model: Any, prepare: Callable[[np.ndarray], np.ndarray] | None = None) -> InKeras:
    """`model` as `transfer` and `relied_on` take it; arguments as `InKeras`.

    Raises:
        ValueError: what is given is no Keras model.
    """
    if not callable(getattr(model, "predict_on_batch", None)):
        raise ValueError(
            f"in_keras got a {type(model).__name__}; it wants a Keras model, such as keras.applications.MobileNetV2(). "
            "A PyTorch module needs no in_keras."
        )
    return InKeras(model, prepare)


# --- 3b: what does a network rely on? ---


def relied_on(
    model: nn.Module, folder: str | ImageSet, *, preprocessing: Callable[[Tensor], Tensor] | None = None
) -> FirstLook:
    """What `model` gets right of pictures from which something has been taken away.

    Args:
        model: one score a class, in the order of the folder's classes, a PyTorch module or `in_keras(…)`; it has not
            learned from these pictures.
        folder: of your pictures, with a folder a class, or an `ImageSet`; square.
        preprocessing: uint8 [B, 3, H, W] → floats, as the model wants them; None takes `model.preprocessing`.
    """
    pictures = folder if isinstance(folder, ImageSet) else data.from_folder(folder)
    rows = []
    for name, change in CHANGES.items():
        answers = training.predict(model, pictures.changed(change), preprocessing=preprocessing).argmax(dim=1)
        rows.append(Row(name, int((answers.cpu() == pictures.labels).sum()), len(pictures)))
    return FirstLook(tuple(rows), reliance(*rows))


def reliance(whole: Row, *without: Row) -> str:
    """What the rows say, and what they do not."""
    hurt = [row for row in without if whole.surely_above(row)]
    if not hurt:
        return "Nothing that was taken away surely cost it anything: so many pictures cannot tell more."
    most = min(hurt, key=lambda row: row.right)
    return (
        f"Most was lost in {most.name!r}: it leans on that, or stumbles where it is gone. Whether the task needs it is "
        "another question: train on pictures without it, and test on such."
    )
