"""Train `texture_net` on generated textures, write its weights, and measure what they are good for.

python tools/texture_net.py            train, write course_lib/models/texture_net.safetensors
python tools/texture_net.py measure    linear probes on the stand-in, and on EuroSAT if it is here
"""

from __future__ import annotations

import datetime
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from course_lib import data
from course_lib.data.generated.standin import eurosat_tiles
from course_lib.data.generated.textures import textures
from course_lib.data.imageset import ImageSet
from course_lib.features import colour_statistics, extract, probe
from course_lib.models import HALF, backbone
from course_lib.models.texture_net import TextureNet

SEED = 0
TRAIN_PER_CLASS, VAL_PER_CLASS = 800, 60
EPOCHS = 5
BATCH = 64
PEAK_RATE = 3e-3


def main(command: str = "train") -> None:
    if command == "measure":
        measure()
        return
    train = textures(TRAIN_PER_CLASS, seed=SEED)
    val = textures(VAL_PER_CLASS, seed=SEED + 1)
    net = fit(train, val)
    write(net, val_accuracy=accuracy(net, val))


def fit(train: ImageSet, val: ImageSet) -> TextureNet:
    """A `TextureNet` trained on `train`: AdamW, one cycle of the learning rate, random flips and turns.

    Colour says nothing about a texture, so a net that learns only their names learns to ignore it. A second
    linear head therefore asks the same features for the picture's mean and spread of colour.
    """
    torch.manual_seed(SEED)
    net = TextureNet(len(train.classes))
    colour_head = nn.Linear(net.classifier.in_features, 6)
    steps = EPOCHS * (len(train) // BATCH)
    optimizer = torch.optim.AdamW([*net.parameters(), *colour_head.parameters()], weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        net.train()
        for rows in torch.randperm(len(train)).split(BATCH)[: len(train) // BATCH]:
            x = HALF(dihedral(train.batch(rows)))
            embeddings = net.features(x).mean((2, 3))
            loss = F.cross_entropy(net.classifier(embeddings), train.labels[rows], label_smoothing=0.1)
            loss = loss + F.mse_loss(colour_head(embeddings), colour_of(x))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss {loss:.2f}, held-out accuracy {accuracy(net, val):.1%}", flush=True)
    return net


def dihedral(pictures: Tensor) -> Tensor:
    """A batch [B, C, S, S], turned by a random multiple of 90° and maybe flipped: the same for all of it."""
    turns, flip = int(torch.randint(4, ())), int(torch.randint(2, ()))
    turned = pictures.rot90(turns, dims=(2, 3))
    return turned.flip(3) if flip else turned


def colour_of(x: Tensor) -> Tensor:
    """float32 [B, 6]: mean and standard deviation over space of each channel."""
    return torch.cat([x.mean((2, 3)), x.std((2, 3))], dim=1)


@torch.inference_mode()
def accuracy(net: TextureNet, pictures: ImageSet) -> float:
    """Share of `pictures` that `net` names correctly, 0–1."""
    net.eval()
    guesses = torch.cat([net(HALF(part)).argmax(1) for part in pictures.images.split(256)])
    return float((guesses == pictures.labels).float().mean())


def write(net: TextureNet, *, val_accuracy: float) -> None:
    """The weights of `net.features`, and where they come from, as one safetensors file."""
    weights = {name: value.contiguous() for name, value in net.features.state_dict().items()}
    classes = net.classifier.out_features
    origin = {
        "trained_on": f"course_lib.data.generated.textures, {TRAIN_PER_CLASS} pictures in each of {classes} classes",
        "seed": str(SEED),
        "val_accuracy": f"{val_accuracy:.4f}",
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "licence": "MIT",
    }
    save_file(weights, data.weights_file("texture_net"), metadata=origin)
    size = data.weights_file("texture_net").stat().st_size / 1e6
    print(f"{data.weights_file('texture_net').name}: {size:.2f} MB, held-out accuracy {val_accuracy:.1%}")


def measure(*, n: int = 5400, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Print what a linear probe reads from shipped weights, random weights and colour: 80/20 per seed."""
    real = [data.load("eurosat", source="real")] if data.available("eurosat") else []
    for seed in seeds:
        for pictures in [eurosat_tiles(n // 10, seed=seed)] + [whole.subset(n, seed=seed) for whole in real]:
            train, test = pictures.split((0.8, 0.2), seed=seed)
            for name, see in views(seed).items():
                found = probe(see(train), train.labels, see(test), test.labels)
                print(f"seed {seed}, {pictures.name}, n={n}, {name}: {found.accuracy:.1%}", flush=True)


def views(seed: int) -> dict:
    """For each way of seeing a function from an `ImageSet` to features, float [N, D]."""
    nets = {
        "shipped weights": backbone("texture_net"),
        "random weights": backbone("texture_net", weights="random", seed=seed),
    }
    looks = {name: lambda pictures, net=net: extract(net, pictures, cache=False, progress=False)
             for name, net in nets.items()}  # fmt: skip
    return looks | {"mean and spread of colour": colour_statistics}


if __name__ == "__main__":
    main(*sys.argv[1:])
