"""Heatmaps from gradients: saliency, SmoothGrad, integrated gradients, Grad-CAM, HiResCAM, LayerCAM.

Each asks how one logit moves with the input, or with a feature map. All of them take
- `model`: floats [B, 3, H, W] → logits [B, K]. It is asked in inference mode, and left as it was in mode,
  gradients and hooks. Any dtype and device, and layers that work in place, will do;
- `x`: float [B, 3, H, W], as the network gets it, after `model.preprocessing`; a copy goes to the model's device;
- `target`: int64 [B], the class whose logit is explained, 0 to K − 1;
and give float32 [B, H, W] on the device of `x`. The unit is that of a logit per unit of `x`, or a logit.

Every function raises ValueError where these are something else, or where the logit does not depend on what it is asked
about (a `no_grad`, a `detach`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..models.inference import asked, fed, inference
from . import cells


def saliency(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """|∂ logit / ∂ x|, the largest of the channels: float32 [B, H, W], 0 or more.

    Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks, 2014, section 3.1. How much a small change of a
    pixel would move the logit, which is not how much the pixel contributes to it.

    >>> linear = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    >>> saliency(linear, torch.rand(1, 3, 2, 2), torch.tensor([1])).shape
    torch.Size([1, 2, 2])
    """
    _check("saliency", x, target)
    with _inference(model):
        return _gradient("saliency", model, x, target).abs().amax(dim=1).float()


def smooth_grad(
    model: nn.Module, x: Tensor, target: Tensor, *, noise: float = 0.15, n: int = 50, seed: int = 0
) -> Tensor:
    """The gradient, averaged over `n` noisy copies; then as `saliency`: float32 [B, H, W], 0 or more.

    Smilkov et al.: SmoothGrad: removing noise by adding noise, 2017. The average is taken before the absolute value.

    Args:
        noise: standard deviation of the noise, as a share of each picture's range (largest − smallest of its values);
            the paper's figures use 0.1 to 0.2.
        n: noisy copies of each picture, at least 1.
        seed: of the noise.
    """
    _check("smooth_grad", x, target)
    if not noise >= 0 or n < 1:
        raise ValueError(f"smooth_grad got noise={noise}, n={n}; it wants a noise of 0 or more and n of 1 or more.")
    generator = torch.Generator().manual_seed(seed)
    deviation = noise * (x.amax(dim=(1, 2, 3), keepdim=True) - x.amin(dim=(1, 2, 3), keepdim=True))
    total = torch.zeros_like(x)
    with _inference(model):
        for _ in range(n):
            drawn = torch.randn(x.shape, generator=generator).to(x)
            total = total + _gradient("smooth_grad", model, x + deviation * drawn, target)
    return (total / n).abs().amax(dim=1).float()


def integrated_gradients(
    model: nn.Module, x: Tensor, target: Tensor, *, baseline: Tensor | float = 0.0, steps: int = 50
) -> Tensor:
    """(x − baseline) · the mean gradient on the way from `baseline` to `x`, channels added up: float32 [B, H, W].

    Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks, 2017, equations 1 and 3. Completeness: all pixels
    of a heatmap add up to logit(x) − logit(baseline), but for the error of the integral, which falls with `steps`.

    Args:
        baseline: what stands for "nothing there", in the units of `x`: a number, or a tensor that fits [B, 3, H, W].
            A pixel of the baseline's own colour gets 0 whatever the model thinks of it, so it is a choice that counts.
            0 is black only where nothing is subtracted: `model.preprocessing` of a black picture is black everywhere.
        steps: points of the Gauss–Legendre rule, at least 1; a pass forward and backward for each.

    >>> linear = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    >>> x, target = torch.rand(1, 3, 2, 2), torch.tensor([1])
    >>> rise = linear(x)[0, 1] - linear(0 * x)[0, 1]
    >>> torch.allclose(integrated_gradients(linear, x, target).sum(), rise, atol=1e-5)
    True
    """
    _check("integrated_gradients", x, target)
    if steps < 1:
        raise ValueError(f"integrated_gradients got steps={steps}; it wants 1 or more, such as 50.")
    start = _like(x, baseline)
    places, weights = np.polynomial.legendre.leggauss(steps)  # for −1 to 1; the way goes from 0 to 1
    total = torch.zeros_like(x)
    with _inference(model):
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            total = total + weight * _gradient("integrated_gradients", model, start + place * (x - start), target)
    return (total * (x - start)).sum(dim=1).float()


Enlarge = Literal["by cells", "bilinear"]


def grad_cam(model: nn.Module, layer: nn.Module, x: Tensor, target: Tensor, *, enlarge: Enlarge = "by cells") -> Tensor:
    """Where a layer's features speak for the class: float32 [B, H, W], 0 or more.

    Selvaraju et al.: Grad-CAM, ICCV 2017, equations 1 and 2. Each channel of the feature map is weighed by the mean of
    its gradient over all places, the channels are added up, and what is below 0 is cut. The heatmap is no finer than
    the layer.

    Args:
        layer: one of `model.modules()` whose output is [B, C, h, w]; the last convolution is usual.
        enlarge: "by cells" lays each cell's heat on the pixel that it looks at (`cells_of`). "bilinear" only enlarges,
            as the paper and the libraries do, and is displaced wherever a stride pads unevenly.
    """
    features, gradient = _at_layer("grad_cam", model, layer, x, target)
    coarse = gradient.mean(dim=(2, 3), keepdim=True) * features
    return _enlarged("grad_cam", model, layer, x, coarse, enlarge)


def hires_cam(
    model: nn.Module, layer: nn.Module, x: Tensor, target: Tensor, *, enlarge: Enlarge = "by cells"
) -> Tensor:
    """As `grad_cam`, with the gradient of each place instead of the mean: float32 [B, H, W], 0 or more.

    Draelos, Carin: Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks, 2020.
    Where only a mean and a linear layer follow, it is Grad-CAM. Arguments as there.
    """
    features, gradient = _at_layer("hires_cam", model, layer, x, target)
    return _enlarged("hires_cam", model, layer, x, gradient * features, enlarge)


def layer_cam(
    model: nn.Module, layer: nn.Module, x: Tensor, target: Tensor, *, enlarge: Enlarge = "by cells"
) -> Tensor:
    """As `hires_cam`, of the gradients above 0 only: float32 [B, H, W], 0 or more. Made for earlier, finer layers.

    Jiang et al.: LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE Transactions on Image
    Processing 2021, equations 5 and 6. Arguments as in `grad_cam`.
    """
    features, gradient = _at_layer("layer_cam", model, layer, x, target)
    return _enlarged("layer_cam", model, layer, x, gradient.relu() * features, enlarge)


def _at_layer(name: str, model: nn.Module, layer: nn.Module, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """A layer's feature map, and the logit's gradient with respect to it: [B, C, h, w] each."""
    _check(name, x, target)
    if all(layer is not module for module in model.modules()):
        raise ValueError(
            f"{name} got a layer ({type(layer).__name__}) that is no part of the model; it wants one of "
            "model.modules(), such as model.blocks[-1]."
        )
    with _inference(model), _outputs(name, layer) as found:
        logit = _logit(name, model, x.detach(), target)
        if len(found) != 1 or found[0].ndim != 4:
            gave = f"ran {len(found)} times" if len(found) != 1 else f"gave {tuple(found[0].shape)}"
            raise ValueError(
                f"{name} got a layer ({type(layer).__name__}) that {gave}; it wants one that runs once and gives "
                "a feature map [B, C, h, w]."
            )
        return found[0].detach(), _derivative(name, logit, found[0])


def _enlarged(name: str, model: nn.Module, layer: nn.Module, x: Tensor, weighed: Tensor, enlarge: Enlarge) -> Tensor:
    """The channels of [B, C, h, w] added up, what is below 0 cut, at the size of `x`: float32 [B, H, W]."""
    coarse = weighed.sum(dim=1).relu().to(x.device, torch.float32)
    if enlarge == "bilinear":
        return interpolate(coarse[:, None], size=x.shape[2:], mode="bilinear")[:, 0]
    if enlarge != "by cells":
        raise ValueError(f'{name} got enlarge={enlarge!r}; it wants "by cells" or "bilinear".')
    return cells.enlarge(coarse, cells.cells_of(model, layer, x), x.shape[2:])


# --- asking the model ------------------------------------------------------------------------------------


@contextmanager
def _inference(model: nn.Module) -> Iterator[None]:
    """Inference mode for the model, with gradients, whatever the caller has around it."""
    with inference(model), torch.inference_mode(False), torch.enable_grad():
        yield


@contextmanager
def _outputs(name: str, layer: nn.Module) -> Iterator[list[Tensor]]:
    """What `layer` gives while the block runs, as leaves that the rest of the model depends on."""
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple, output: object) -> Tensor:
        if not isinstance(output, Tensor):
            raise ValueError(
                f"{name} got a layer ({type(layer).__name__}) that gave a {type(output).__name__}; it wants one "
                "that gives a feature map [B, C, h, w]."
            )
        # A leaf: what lies before the layer need not be walked back. Copies: a layer may work in place before it, on
        # what an identity hands on, and after it.
        found.append(output.detach().clone().requires_grad_())
        return found[-1].clone()

    hook = layer.register_forward_hook(keep)
    try:
        yield found
    finally:
        hook.remove()


def _gradient(name: str, model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """∂ logit / ∂ x, [B, 3, H, W]. In inference mode no picture hears of another, so one sum serves all of them."""
    leaf = x.detach().clone().requires_grad_()
    return _derivative(name, _logit(name, model, leaf, target), leaf)


def _logit(name: str, model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """The logits of the targets, added up; a step backward from there finds back to `x`."""
    logits = asked(name, model, fed(model, x))
    if not 0 <= int(target.min()) <= int(target.max()) < logits.shape[1]:
        raise ValueError(
            f"{name} got target={target.tolist()} for a model of {logits.shape[1]} logits; it wants positions of "
            f"0 to {logits.shape[1] - 1}."
        )
    # A copy: what was made in torch.inference_mode() cannot be kept for the way back.
    return logits.gather(1, target.clone().to(logits.device)[:, None]).sum()


def _derivative(name: str, logit: Tensor, of: Tensor) -> Tensor:
    found = torch.autograd.grad(logit, of, allow_unused=True)[0] if logit.requires_grad else None
    if found is None:
        raise ValueError(
            f"{name} got a model whose logit does not depend on what it is asked about; is there a no_grad or a "
            "detach on the way, or is the layer beside the way to the logits?"
        )
    return found


def _check(name: str, x: Tensor, target: Tensor) -> None:
    if not x.is_floating_point() or x.ndim != 4 or not len(x):
        raise ValueError(
            f"{name} got x of {x.dtype} {tuple(x.shape)}; it wants floats [B, 3, H, W], B of 1 or more. "
            "Call model.preprocessing on uint8 pictures; x[None] makes a batch of one."
        )
    if not isinstance(target, Tensor) or target.dtype != torch.int64 or target.shape != x.shape[:1]:
        what = f"{target.dtype} {tuple(target.shape)}" if isinstance(target, Tensor) else repr(target)
        raise ValueError(
            f"{name} got target {what}; it wants a tensor int64 [{len(x)}], one class for each picture, "
            "such as model(x).argmax(dim=1)."
        )


def _like(x: Tensor, baseline: Tensor | float) -> Tensor:
    given = torch.as_tensor(baseline)
    try:
        return given.to(x).expand_as(x)
    except RuntimeError:
        raise ValueError(
            f"integrated_gradients got a baseline of {tuple(given.shape)}; it wants a number or a tensor that "
            f"fits {tuple(x.shape)}, such as [{x.shape[1]}, 1, 1]."
        ) from None
