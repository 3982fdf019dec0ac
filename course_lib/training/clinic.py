"""The clinic: one small network, one task, one switch for every mistake.

Two classes of pictures that differ in hue. `Setup()` learns them. `Setup(scale="each channel of each picture")` and
the other mistakes of `CASES` differ from it in one line, and most of them stay at 50 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy

from .. import data, pixels
from ..data import ImageSet
from ..models import SmallCNN
from ..models.small import WIDTHS
from ..pixels import SPACES, convert
from .doctor import Diagnosis, diagnose

SIDE, PER_CLASS, EPOCHS, BATCH = 48, 200, 8, 32


def pictures(seed: int, *, per_class: int = PER_CLASS, **knobs: Any) -> tuple[ImageSet, ImageSet]:
    """(training, validation) pictures of the clinic: 12° of hue apart, some much lighter than others.

    `knobs` go to `data.spectrograms`. Two seeds share no picture, and neither do the two parts.
    """
    knobs = {"side": SIDE} | ({"brightness_spread": 0.2} if "kind" not in knobs else {}) | knobs
    train, val = (data.spectrograms(per_class, seed=2 * seed + part, **knobs) for part in (0, 1))
    return train, val


# --- what the network sees -------------------------------------------------------------------------------

SCALES = (
    "0 to 1", "0 to 1, centred", "0 to 1, over the deviation", "0 to 255", "as it is", "the set",
    "the set, decorrelated", "each picture", "each channel of each picture", "255 twice",
)  # fmt: skip


def inputs(space: str, scale: str, train: Tensor) -> Callable[[Tensor], Tensor]:
    """A function from RGB, float [B, 3, H, W], 0–1, to what the network sees.

    Args:
        space: one of `pixels.SPACES`; "hsv, sine and cosine" gives four channels: sin H, cos H, S and V.
        scale: one of `SCALES`. "0 to 1" divides each channel by its range; "as it is" leaves the space's own units,
            such as degrees; "the set" takes mean and deviation from `train`, each channel's own; "0 to 1, centred"
            and "0 to 1, over the deviation" do one half of that; "the set, decorrelated" also turns the channels so
            that none correlates with another (ZCA: Bell, Sejnowski, 1997); the two that begin with "each" take them
            from every picture by itself.
        train: RGB of the training pictures, float [N, 3, H, W], 0–1.
    """
    if scale not in SCALES:
        raise ValueError(f"inputs got scale={scale!r}; it wants one of {'; '.join(SCALES)}.")
    if scale == "the set":
        seen = _in_space(train, space)
        mean, deviation = (f(seen, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
        return lambda rgb: (_in_space(rgb, space) - mean) / deviation.clamp(min=1e-6)
    if scale in ("0 to 1, centred", "0 to 1, over the deviation"):
        seen = _scaled(_in_space(train, space), space, "0 to 1")
        mean, deviation = (f(seen, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
        less, over = (mean, 1.0) if scale == "0 to 1, centred" else (0.0, deviation.clamp(min=1e-6))
        return lambda rgb: (_scaled(_in_space(rgb, space), space, "0 to 1") - less) / over
    if scale == "the set, decorrelated":
        mean, turn = _decorrelating(_in_space(train, space))
        return lambda rgb: torch.einsum("ij,bjhw->bihw", turn, _in_space(rgb, space) - mean)
    return lambda rgb: _scaled(_in_space(rgb, space), space, scale)


def _decorrelating(x: Tensor) -> tuple[Tensor, Tensor]:
    """(mean [1, C, 1, 1], matrix [C, C]) that give pixels [N, C, H, W] the mean 0 and the covariance 1."""
    pixels_ = x.transpose(0, 1).flatten(1).double()
    variances, directions = torch.linalg.eigh(torch.cov(pixels_))
    turn = directions / variances.clamp(min=1e-12).sqrt() @ directions.T
    return pixels_.mean(dim=1)[None, :, None, None].float(), turn.float()


def _in_space(rgb: Tensor, space: str) -> Tensor:
    if space == "hsv, sine and cosine":
        hue, *others = convert(rgb, "rgb", "hsv").unbind(1)
        return torch.stack((hue.deg2rad().sin(), hue.deg2rad().cos(), *others), dim=1)
    return convert(rgb, "rgb", space)


def _scaled(x: Tensor, space: str, scale: str) -> Tensor:
    if scale.startswith("each"):
        dims = (1, 2, 3) if scale == "each picture" else (2, 3)
        return (x - x.mean(dims, keepdim=True)) / x.std(dims, keepdim=True).clamp(min=1e-6)
    if scale == "0 to 1" and space in SPACES:
        low, high = torch.tensor(SPACES[space].ranges)[:, :, None, None].unbind(1)
        return (x - low) / (high - low)
    return x * {"0 to 255": 255, "255 twice": 1 / 255}.get(scale, 1)


def turn_hues(rgb: Tensor, degrees: Tensor) -> Tensor:
    """Each picture [B, 3, H, W], 0–1, with its hues turned by its own number of `degrees` [B]."""
    hue, saturation, value = convert(rgb, "rgb", "hsv").unbind(1)
    return convert(torch.stack((hue + degrees[:, None, None], saturation, value), dim=1), "hsv", "rgb")


# --- losses: output [B, 1 or 2], labels [B] → a number ---------------------------------------------------


def _on_one_unit(wanted: Callable[[Tensor], Tensor], loss: Callable) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda output, labels: loss(wanted(output)[:, 0], labels.float())


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": cross_entropy,
    "cross-entropy of probabilities": lambda output, labels: cross_entropy(output.softmax(1), labels),
    "cross-entropy of clipped logits": lambda output, labels: cross_entropy(output.relu(), labels),
    "one unit, sigmoid": _on_one_unit(lambda output: output, binary_cross_entropy_with_logits),
    "one unit, sigmoid twice": _on_one_unit(torch.sigmoid, binary_cross_entropy_with_logits),
    "one unit, softmax": _on_one_unit(lambda output: output.softmax(1), binary_cross_entropy),
}


# The loss's set-up → the probability of class B that it speaks of, from one unit's output [B, 1].
_PROBABILITY_OF_B: dict[str, Callable[[Tensor], Tensor]] = {
    "one unit, sigmoid": torch.sigmoid,
    "one unit, sigmoid twice": torch.sigmoid,  # its network ends in the one, its loss adds the other
    "one unit, softmax": lambda output: output.softmax(1),  # 1, whatever the output
}


def _answers(output: Tensor, loss: str) -> Tensor:
    """The class that the set-up would say, int64 [B], from outputs [B, 1 or 2]."""
    if output.shape[1] > 1:
        return output.argmax(dim=1)
    return (_PROBABILITY_OF_B[loss](output)[:, 0] > 0.5).long()


@dataclass(frozen=True, kw_only=True)
class Setup:
    """All that decides a training on two classes, besides pictures and seed. The defaults work.

    Attributes:
        grey: load the pictures in grey, three equal channels.
        space, scale: what the network sees, as in `inputs`.
        val_scale: another scale in validation; None takes the same.
        any_hue: augment the training pictures by turning their hues, 0 to 360°.
        loss: one of `LOSSES`.
        optimizer: "adam" or "sgd" (momentum .9).
        lr, weight_decay: learning rate; L2 penalty.
        dropout: share of the last features set to 0 in training.
        batch_norm: normalise before each ReLU.
        stays_in_training: never call `model.eval()`.
        frozen: no weight requires a gradient.
        other_weights: the optimizer was given the weights of another copy of the network.
        starts_at_zero: all weights are 0 at the start.
        sorted_batches: the pictures come class by class, unshuffled.
        labels_out_of_step: the training labels are listed in another order than the pictures.
        epochs: passes over the training pictures.
        batch_size: pictures a step.
        widths: channels after each of the network's three convolutions.
    """

    grey: bool = False
    space: str = "rgb"
    scale: str = "0 to 1"
    val_scale: str | None = None
    any_hue: bool = False
    loss: str = "cross-entropy"
    optimizer: str = "adam"
    lr: float = 3e-3
    weight_decay: float = 0.0
    dropout: float = 0.0
    batch_norm: bool = False
    stays_in_training: bool = False
    frozen: bool = False
    other_weights: bool = False
    starts_at_zero: bool = False
    sorted_batches: bool = False
    labels_out_of_step: bool = False
    epochs: int = EPOCHS
    batch_size: int = BATCH
    widths: tuple[int, int, int] = WIDTHS

    def train(self, train: ImageSet, val: ImageSet, *, seed: int = 0) -> tuple[float, ...]:
        """Validation accuracy, 0–1, after each epoch; the network begins anew."""
        return tuple(accuracy for accuracy, _ in self.course(train, val, seed=seed))

    def outputs(self, train: ImageSet, val: ImageSet, *, seed: int = 0) -> Tensor:
        """What the network says to the validation pictures after its last epoch, float32 [N, K]."""
        loop = _Loop(self, train, val, seed)
        for _ in range(self.epochs):
            loop.epoch()
        return loop.outputs()

    def by_heart(self, pictures: ImageSet, *, seed: int = 0) -> float:
        """Share of its own training pictures, 0–1, that are right after the last epoch, by the labels that it got."""
        loop = _Loop(self, pictures, pictures, seed)
        for _ in range(self.epochs):
            loop.epoch()
        return loop.right(loop.y)

    def course(self, train: ImageSet, val: ImageSet, *, seed: int = 0) -> Iterator[tuple[float, float]]:
        """(validation accuracy, training loss) after each epoch."""
        loop = _Loop(self, train, val, seed)
        for _ in range(self.epochs):
            loss = loop.epoch()
            yield loop.accuracy(), loss

    def diagnose(self, train: ImageSet, val: ImageSet, *, seed: int = 0) -> Diagnosis:
        """What the training doctor says of this set-up."""
        loop = _Loop(self, train, val, seed)
        return diagnose(
            loop.model,
            lambda: list(loop.batches()),
            loss=loop.loss,
            optimizer=loop.optimizer,
            val_batches=[(loop.val_x, loop.val_y)],
            pictures=train,
        )


class _Loop:
    """One training, ready to go: what anybody's own loop would have."""

    def __init__(self, setup: Setup, train: ImageSet, val: ImageSet, seed: int):
        self.setup, self.draw, self.done = setup, torch.Generator().manual_seed(seed), 0
        rgb, val_rgb = self._loaded(train), self._loaded(val)
        self.prepare = inputs(setup.space, setup.scale, rgb)
        prepare_val = inputs(setup.space, setup.val_scale, rgb) if setup.val_scale else self.prepare
        self.val_x, self.val_y = prepare_val(val_rgb), val.labels
        self.y = (
            train.labels[torch.randperm(len(train), generator=self.draw)] if setup.labels_out_of_step else train.labels
        )
        # What does not change is prepared once.
        self.rgb, self.x = rgb, None if setup.any_hue else self.prepare(rgb)
        self.loss, self.model = LOSSES[setup.loss], self._network(seed)
        self.optimizer = self._optimizer(self._network(seed + 1) if setup.other_weights else self.model)

    def _loaded(self, pictures: ImageSet) -> Tensor:
        images = pixels.grey(pictures.images) if self.setup.grey else pictures.images
        return images.float() / 255

    def _network(self, seed: int) -> nn.Module:
        setup, channels = self.setup, self.val_x.shape[1]
        outputs = 1 if setup.loss.startswith("one unit") else 2
        model = SmallCNN(
            widths=setup.widths,
            inputs=channels,
            outputs=outputs,
            batch_norm=setup.batch_norm,
            dropout=setup.dropout,
            seed=seed,
        ).requires_grad_(not setup.frozen)
        if setup.starts_at_zero:
            for weight in model.parameters():
                nn.init.zeros_(weight)
        return model

    def _optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        setup = self.setup
        kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
        if setup.optimizer not in kinds:
            raise ValueError(f'Setup got optimizer={setup.optimizer!r}; it wants "adam" or "sgd".')
        momentum = {"momentum": 0.9} if setup.optimizer == "sgd" else {}
        return kinds[setup.optimizer](model.parameters(), setup.lr, weight_decay=setup.weight_decay, **momentum)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of (inputs, labels)."""
        n = len(self.y)
        order = self.y.argsort(stable=True) if self.setup.sorted_batches else torch.randperm(n, generator=self.draw)
        for part in order.split(self.setup.batch_size):
            if self.x is None:
                degrees = 360 * torch.rand(len(part), generator=self.draw)
                yield self.prepare(turn_hues(self.rgb[part], degrees)), self.y[part]
            else:
                yield self.x[part], self.y[part]

    def epoch(self) -> float:
        """Train for one epoch; returns the mean loss of its batches."""
        self.model.train()
        losses = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.draw.initial_seed() + 10_007 * self.done)  # dropout's, another one each epoch
            for x, y in self.batches():
                value = self.loss(self.model(x), y)
                losses.append(value.item())
                if value.requires_grad:
                    self.optimizer.zero_grad()
                    value.backward()
                    self.optimizer.step()
        self.done += 1
        return sum(losses) / len(losses)

    def accuracy(self) -> float:
        """Share of the validation pictures that are right, 0–1."""
        return self.right(self.val_y)

    def right(self, labels: Tensor) -> float:
        """Share of the answers to the validation pictures that are those of `labels`, 0–1."""
        return (_answers(self.outputs(), self.setup.loss) == labels).float().mean().item()

    @torch.no_grad()
    def outputs(self) -> Tensor:
        """Of the validation pictures, float32 [N, K]."""
        self.model.train(self.setup.stays_in_training)
        with torch.random.fork_rng(devices=[]):
            return torch.cat([self.model(x) for x in self.val_x.split(self.setup.batch_size)])


# --- the patients ----------------------------------------------------------------------------------------

SOUND = Setup()
_GENTLE = Setup(optimizer="sgd", lr=0.01, scale="the set", epochs=12)

# Mistakes that were said to leave a network at 50 %. Each is one step away from a set-up that learns: from `SOUND`,
# or from the one beside it in `MENDED`.
CASES: dict[str, Setup] = {
    "pictures loaded in grey": Setup(grey=True),
    "every channel of every picture standardised": Setup(scale="each channel of each picture"),
    "every picture standardised, channels together": Setup(scale="each picture"),
    "HSV with the hue in degrees": Setup(space="hsv", scale="as it is"),
    "HSV divided to 0–1": Setup(space="hsv"),
    "divided by 255 twice": Setup(scale="255 twice"),
    "0–255 at SGD's rate for normalised inputs": replace(_GENTLE, scale="0 to 255"),
    "Adam at a rate of 0.3": Setup(lr=0.3),
    "Adam at a rate of 0.00001": Setup(lr=1e-5),
    "softmax on one unit": Setup(loss="one unit, softmax"),
    "probabilities where logits belong": Setup(loss="cross-entropy of probabilities"),
    "sigmoid where logits belong": Setup(loss="one unit, sigmoid twice"),
    "a ReLU on the logits": Setup(loss="cross-entropy of clipped logits"),
    "labels listed in another order": Setup(labels_out_of_step=True),
    "not shuffled, one class a batch": Setup(sorted_batches=True),
    "everything frozen": Setup(frozen=True),
    "optimizer made for another network": Setup(other_weights=True),
    "all weights 0 at the start": Setup(starts_at_zero=True),
    "augmentation that turns the hue": Setup(any_hue=True),
    "other preprocessing in validation": Setup(scale="the set", val_scale="0 to 1"),
    "L2 penalty of 0.1": Setup(weight_decay=0.1),
    "dropout of 0.99": Setup(dropout=0.99),
    "batch norm left in training mode": Setup(batch_norm=True, stays_in_training=True),
}
MENDED: dict[str, Setup] = {
    "HSV with the hue in degrees": Setup(space="hsv", scale="the set"),
    "HSV divided to 0–1": Setup(space="hsv", scale="the set"),
    "0–255 at SGD's rate for normalised inputs": _GENTLE,
    "softmax on one unit": Setup(loss="one unit, sigmoid"),
    "sigmoid where logits belong": Setup(loss="one unit, sigmoid"),
    "other preprocessing in validation": Setup(scale="the set"),
    "batch norm left in training mode": Setup(batch_norm=True),
}

_SCALE = ("inputs-not-normalised", "inputs-scaled-twice")

# Case → the names of a right first finding. A rate too high and inputs not normalised are two views of one fault.
# Missed: HSV divided to 0–1, which learns in some hundred steps of the doctor's trial and not in the clinic's fewer.
DIAGNOSES: dict[str, tuple[str, ...]] = {
    "pictures loaded in grey": ("classes-erased",),
    "every channel of every picture standardised": ("classes-erased",),
    "augmentation that turns the hue": ("classes-erased",),
    "HSV with the hue in degrees": _SCALE,
    "divided by 255 twice": _SCALE,
    "0–255 at SGD's rate for normalised inputs": (*_SCALE, "learning-rate-too-high"),
    "Adam at a rate of 0.3": ("learning-rate-too-high",),
    "Adam at a rate of 0.00001": ("learning-rate-too-low",),
    "softmax on one unit": ("softmax-on-one-unit",),
    "sigmoid where logits belong": ("sigmoid-twice",),
    "labels listed in another order": ("labels-out-of-step",),
    "not shuffled, one class a batch": ("batches-not-shuffled",),
    "everything frozen": ("everything-frozen",),
    "optimizer made for another network": ("optimizer-of-another-model",),
    "all weights 0 at the start": ("weights-alike",),
    "other preprocessing in validation": ("validation-prepared-differently",),
    "L2 penalty of 0.1": ("weight-decay-too-strong",),
    "dropout of 0.99": ("dropout-too-strong",),
}


def mended(case: str) -> Setup:
    """`CASES[case]` without its mistake."""
    return MENDED.get(case, SOUND)


def named(case: str, diagnosis: Diagnosis) -> bool:
    """Whether `diagnosis` names, first of all, what is wrong in `CASES[case]`."""
    return not diagnosis.healthy and diagnosis.findings[0].name in DIAGNOSES[case]
