"""The chapter's questions, asked of a reader's own folder: probe or fine-tuning, and what a network relies on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
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
    "without detail: 16 by 16 blocks": lambda images: pixels.block_average(images, 16),
}
"""What is taken away from pictures of 64 pixels, by name."""


# --- 3a: probe, or fine-tune? ---


def transfer(folder: str | ImageSet, *, seed: int = 0) -> FirstLook:
    """Guessing, colour alone, two frozen backbones and a short fine-tuning on one split, 80 % to learn from.

    Errors as `own_pictures.first_look`. Three minutes for a thousand pictures.
    """
    ways: dict[str, Way] = {
        "guessing the largest class": guess,
        "colour alone (54 numbers, boosted trees)": by_colours,
        "SqueezeNet frozen, a probe": frozen_backbone("squeezenet1_1"),
        "MobileNetV2 frozen, a probe": frozen_backbone("mobilenet_v2_035"),
        "MobileNetV2 fine-tuned, briefly": by_tuning,
    }
    rows = tried("transfer", folder, ways, seed=seed)
    return FirstLook(rows, advice(*rows))


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
    """What we would do next. It speaks of differences only where the intervals do not overlap."""
    probe = max((squeeze, mobile), key=lambda row: row.right)
    best = max((colour, probe, tuned), key=lambda row: row.right)
    if best.interval[0] <= guessing.interval[1]:
        return "Nothing here is surely better than guessing. Look at the labels, then check the pipeline: 1c."
    if colour.interval[1] >= best.interval[0]:
        return (
            "Colour alone does as well as anything, as far as so many pictures can tell. Is it the colour that you "
            "meant, or the light, the camera, the background?"
        )
    if tuned.interval[0] > probe.interval[1]:
        return "Fine-tuning is ahead of both probes: train longer, at three rates a factor of three apart."
    return "Between probe and fine-tuning so many pictures show no sure difference. Keep the probe: it takes seconds."


# --- 3b: what does a network rely on? ---


def relied_on(
    model: nn.Module, folder: str | ImageSet, *, preprocessing: Callable[[Tensor], Tensor] | None = None
) -> FirstLook:
    """What `model` gets right of pictures from which something has been taken away.

    Args:
        model: one logit a class, in the order of the folder's classes; it has not learned from these pictures.
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
    hurt = [row for row in without if row.interval[1] < whole.interval[0]]
    if not hurt:
        return "Nothing that was taken away surely cost it anything: so many pictures cannot tell more."
    most = min(hurt, key=lambda row: row.right)
    return (
        f"It leans most on what was lost in {most.name!r}. Whether the task needs that is another question: train on "
        "pictures without it, and test on such."
    )
