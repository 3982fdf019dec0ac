"""The runs of the chapter on kernels that train something.

Settings that all have: `pictures` and `source`, as `pictures.draw` takes them, `n_train` and `n_test`. Those of a
training are named at `train`. Networks this small gain nothing from a second thread, and on a busy machine it made
them 20 times slower: so `threads` is one of the settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache

import numpy as np
from torch import Tensor, nn

from ... import explain, features, models, training
from ...data import ImageSet
from ...models import Conv, SmallCNN, TwoBranches, convolution
from ...study import Result
from ...study.running import hardware, thread_limit
from .pictures import draw

Settings = Mapping[str, object]
TRAINING = tuple(field.name for field in fields(training.Settings) if field.name != "seed")
_PICTURES = ("pictures", "source", "n_train", "n_test", "threads")
_NETWORK = ("network", "layers", "widths", "batch_norm", "preprocessing")


# --- networks ---


def convolutions(settings: Settings) -> tuple[Conv, ...]:
    """The layers of a run's network, the first one next to the picture."""
    return tuple(Conv(**layer) for layer in settings["layers"])


def build(settings: Settings, *, outputs: int, seed: int = 0) -> nn.Module:
    """The untrained network: `network` is "one branch", "two branches" or "shallow paths".

    `layers` and `widths` are its convolutions, `colour_widths` those of the branch for colour where there are two.
    """
    common = {
        "outputs": outputs,
        "batch_norm": settings["batch_norm"],
        "preprocessing": models.Preprocessing(**settings["preprocessing"]),
        "seed": seed,
    }
    layers, widths = convolutions(settings), settings["widths"]
    if settings["network"] == "two branches":
        return TwoBranches(settings["colour_widths"], layers, widths, **common)
    return SmallCNN(layers, widths, shallow_paths=settings["network"] == "shallow paths", **common)


def train(settings: Settings, seed: int) -> tuple[nn.Module, ImageSet]:
    """(network, test pictures). What is not of `build` or the pictures is a field of `training.Settings`."""
    learn, test = draw_pictures(settings, seed)
    model = build(settings, outputs=len(learn.classes), seed=seed)
    chosen = training.Settings(**{name: settings[name] for name in TRAINING}, seed=seed)
    with thread_limit(settings["threads"]):
        # `fit` looks at the test pictures after each epoch, and nothing follows from what it sees.
        training.fit(model, learn, test, chosen, progress=False)
    return model, test


def train_once(settings: Settings, seed: int) -> tuple[nn.Module, ImageSet]:
    """As `train`, kept for the runs that look at the same network."""
    names = (*_PICTURES, *_NETWORK, *TRAINING)
    return _train_once(json.dumps({name: settings[name] for name in names}), seed)


@lru_cache(maxsize=4)
def _train_once(settings: str, seed: int) -> tuple[nn.Module, ImageSet]:
    return train(json.loads(settings), seed)


def forget_trainings() -> None:
    """Let go of what `train_once` keeps."""
    _train_once.cache_clear()


def draw_pictures(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(train, test) pictures of a run."""
    sizes = {"n_train": settings["n_train"], "n_test": settings["n_test"]}
    return draw(settings["pictures"], seed, **sizes, source=settings["source"])


# --- what they get right ---


def train_network(settings: Settings, seed: int) -> Result:
    """Test accuracy of a network; one that diverges is as good as guessing."""
    with thread_limit(settings["threads"]):
        try:
            model, test = train(settings, seed)
            accuracy = (training.predict(model, test).argmax(dim=1) == test.labels).float().mean().item()
        except FloatingPointError:
            test = draw_pictures(settings, seed)[1]
            accuracy = 1 / len(test.classes)
        return _result({"test accuracy": accuracy}, test)


def learn_from_few(settings: Settings, seed: int) -> Result:
    """Test accuracy after few pictures.

    `by` is "network", trained as in `train_network`; or a linear probe with the inverse penalty `C` on "colour
    statistics", or on a frozen "backbone": `name`, its `weights`, its `pooling`, pictures enlarged to `size`.
    """
    if settings["by"] == "network":
        return train_network(settings, seed)
    with thread_limit(settings["threads"]):
        learn, test = draw_pictures(settings, seed)
        x, test_x = (_embeddings(settings, part) for part in (learn, test))
        accuracy = features.probe(x, learn.labels, test_x, test.labels, C=settings["C"]).accuracy
        return _result({"test accuracy": accuracy}, test)


def _embeddings(settings: Settings, part: ImageSet) -> np.ndarray:
    """float32 [N, D]: what the probe is given. The evidence insists on the real weights, a small rerun does not."""
    if settings["by"] == "colour statistics":
        return features.colour_statistics(part)
    weights, pooling = settings["weights"], settings["pooling"]
    backbone = models.backbone(settings["name"], weights="any" if settings["source"] == "any" else weights)
    return features.extract(backbone, part, size=settings["size"], pooling=pooling, cache=False, progress=False)


# --- what kernels become, and how far they look ---


def rank_of_kernels(settings: Settings, seed: int) -> Result:
    """Mean over the first layer's kernels: share of the energy that one column times one row keeps.

    `kernels` are those at the "start", the "trained" ones, or what training "added".
    """
    with thread_limit(settings["threads"]):
        before, after = _kernels(settings, seed)
        kernels = {"start": before, "trained": after, "added": after - before}[settings["kernels"]]
        shares = models.rank_one_share(kernels)
        test = train_once(settings, seed)[1]
        return _result({"energy in the first singular value": shares.mean().item()}, test, n=shares.numel())


def first_kernels(settings: Settings, seed: int) -> tuple[Tensor, Tensor]:
    """(before, after) training, float32 [out, in, h, w] each: the kernels of the first layer, to be looked at.

    Where real pictures are asked for and are not here, those of the stand-in train it.
    """
    return _kernels({**settings, "source": "any"} if settings["source"] == "real" else settings, seed)


def _kernels(settings: Settings, seed: int) -> tuple[Tensor, Tensor]:
    model, test = train_once(settings, seed)
    networks = (build(settings, outputs=len(test.classes), seed=seed), model)
    return tuple(network.blocks[0][0].weight.detach() for network in networks)


def share_of_field(settings: Settings, seed: int) -> Result:
    """Share of the theoretical field whose pixels hold `share` of the gradient, over `n_shown` test pictures."""
    with thread_limit(settings["threads"]):
        model, test = network_at(settings, seed)
        n, layers = min(settings["n_shown"], len(test)), convolutions(settings)
        _, used = effective_field(model, layers, test.images[:n], share=settings["share"])
        return _result({"share of the field that holds 95 % of the gradient": used}, test, n=n)


def network_at(settings: Settings, seed: int) -> tuple[nn.Module, ImageSet]:
    """(network at `state`, "untrained" or "trained", test pictures)."""
    model, test = train_once(settings, seed)
    if settings["state"] == "untrained":
        model = build(settings, outputs=len(test.classes), seed=seed).eval()
    return model, test


def effective_field(model: SmallCNN, layers: Sequence[Conv], images: Tensor, *, share: float) -> tuple[Tensor, float]:
    """(effective field [H, W] of uint8 `images` [N, 3, H, W], part of the theoretical field that holds `share` of it).

    The theoretical field is that of the middle number of the last feature map, as far as it lies in the picture.
    """
    field = explain.effective_receptive_field(nn.Sequential(*model.blocks), model.preprocessing(images))
    size = images.shape[-2:]
    h, w = convolution.output_size(size, layers)
    top, left, bottom, right = convolution.receptive_field(layers).of(h // 2, w // 2)
    inside = min(bottom, size[0]) - max(top, 0), min(right, size[1]) - max(left, 0)
    return field, explain.share_used(field, inside, of=share)


def _result(metrics: Mapping[str, float], test: ImageSet, n: int | None = None) -> Result:
    """Within the limit of threads, which the device names."""
    return Result(metrics, n=len(test) if n is None else n, source=test.source, device=hardware())
