"""A small generator of pictures, untrained or slightly trained: unknowns that nobody has to collect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from ...data import ImageSet


@dataclass(frozen=True)
class GeneratorSettings:
    """What decides its pictures.

    Attributes:
        epochs: of learning to draw; 0 leaves it untrained.
        rate, beta: Adam's rate and first momentum.
        batch: pictures a step.
        noise: random numbers that a picture is made of.
        width: maps in its first layer, a multiple of 4; the next ones have a half and a quarter.
        spread: standard deviation of the weights at the start.
    """

    epochs: int
    rate: float
    beta: float
    batch: int
    noise: int
    width: int
    spread: float


class Generator(nn.Sequential):
    """Noise [B, noise] → pictures [B, 3, 32, 32], −1 to 1: a small DCGAN. Radford, Metz, Chintala, ICLR 2016."""

    def __init__(self, noise: int, width: int):
        up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
        half, quarter = width // 2, width // 4
        super().__init__(
            nn.Unflatten(1, (noise, 1, 1)),
            nn.ConvTranspose2d(noise, width, 4), nn.BatchNorm2d(width), nn.ReLU(),
            up(width, half), nn.BatchNorm2d(half), nn.ReLU(),
            up(half, quarter), nn.BatchNorm2d(quarter), nn.ReLU(),
            up(quarter, 3), nn.Tanh(),
        )  # fmt: skip


def discriminator(width: int) -> nn.Sequential:
    """Pictures [B, 3, 32, 32] → [B, 1], above 0 where it takes them for real ones."""
    down = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
    half, quarter = width // 2, width // 4
    return nn.Sequential(
        down(3, quarter), nn.LeakyReLU(0.2),
        down(quarter, half), nn.BatchNorm2d(half), nn.LeakyReLU(0.2),
        down(half, width), nn.BatchNorm2d(width), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 1, 4), nn.Flatten(),
    )  # fmt: skip


def generated_pictures(pictures: ImageSet, count: int, settings: GeneratorSettings, *, seed: int) -> ImageSet:
    """`count` pictures of a generator that has learned to draw `pictures`, as large as these."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = _trained(pictures, settings)
        with torch.no_grad():
            drawn = generator(torch.randn(count, settings.noise))  # in training mode: the statistics of this batch
    if settings.epochs == 0:  # as it stands it draws an even grey: its outputs are tiny
        drawn = drawn / drawn.std()
    large = F.interpolate(drawn, size=tuple(pictures.shape[1:]), mode="bilinear", align_corners=False)
    images = ((large.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return ImageSet.of(images, torch.zeros(count, dtype=torch.int64), ["generated"], name="generated")


def _trained(pictures: ImageSet, settings: GeneratorSettings) -> Generator:
    generator, judge = Generator(settings.noise, settings.width), discriminator(settings.width)
    for layer in (*generator.modules(), *judge.modules()):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0, settings.spread)
    real = F.interpolate(pictures.images.float() / 127.5 - 1, size=(32, 32), mode="area")
    adam = partial(torch.optim.Adam, lr=settings.rate, betas=(settings.beta, 0.999))
    optimizers = adam(generator.parameters()), adam(judge.parameters())
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(real)).split(settings.batch):
            _step(generator, judge, *optimizers, real[rows], settings.noise)
    return generator


def _step(
    generator: nn.Module, judge: nn.Module, draws_better: Optimizer, judges_better: Optimizer, real: Tensor, noise: int
) -> None:
    """One step of the judge, then one of the generator."""
    loss = F.binary_cross_entropy_with_logits
    fake, ones = generator(torch.randn(len(real), noise)), torch.ones(len(real), 1)
    judges_better.zero_grad()
    (loss(judge(real), ones) + loss(judge(fake.detach()), 0 * ones)).backward()
    judges_better.step()
    draws_better.zero_grad()
    loss(judge(fake), ones).backward()
    draws_better.step()
