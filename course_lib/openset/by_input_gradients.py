"""ODIN needs the model itself, and a step back through it, so it is a function and no `Detector`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .. import checks
from .scores import check_temperature, max_softmax


def odin(
    model: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    temperature: float = 1000.0,
    epsilon: float = 0.0014,
    batch_size: int = 128,
) -> Tensor:
    """1 − maximum softmax probability at a high temperature, after a small step towards the answer: float64 [N].

    Liang, Li, Srikant: Enhancing The Reliability of Out-of-distribution Image Detection in Neural Networks, ICLR 2018,
    equations 1 and 2: x̃ = x − ε · sign(∇ₓ −log max softmax(x; T)). The step helps the known more than the unknown.
    From 0 to 1 − 1/K; at T = 1,000 all of it lies just below 1 − 1/K, and only the order counts.

    Args:
        model: float [N, ...] → logits [N, K], in evaluation mode; of any dtype and on any device.
        x: float [N, ...], as the model gets it: pictures, or features where the model is a head. The paper's is the
            picture; a step of the features has the same form, and is not what its authors tried.
        temperature: above 0.
        epsilon: the step, in units of `x`; 0 for none. The authors' code divides the step by each channel's deviation,
            so that their 0.0014 is in units of pixels of 0–1. For the same, let the model do the preprocessing and
            hand over such pixels: `odin(lambda pixels: model((pixels - mean) / std), pixels)`.

    Raises:
        ValueError: settings out of range, integers, NaN, a model in training mode or one that gives no logits.

    >>> x = torch.tensor([[8.0, 0.0], [0.1, 0.0]])
    >>> odin(torch.nn.Identity(), x, temperature=1, epsilon=0.5).round(decimals=5).tolist()
    [0.00012, 0.24974]
    """
    check_temperature(temperature, "odin")
    if not (checks.is_number(epsilon) and epsilon >= 0 and checks.is_whole(batch_size) and batch_size >= 1):
        raise ValueError(
            f"odin got epsilon={epsilon!r}, batch_size={batch_size!r}; it wants a number of 0 or more, and a whole "
            "number of 1 or more."
        )
    if not isinstance(x, Tensor):
        raise ValueError(f"odin got x of {type(x).__name__}; it wants a tensor of floats [N, ...], as for the model.")
    if not x.is_floating_point() or x.ndim < 2 or len(x) == 0 or not x.isfinite().all():
        raise ValueError(
            f"odin got x of {x.dtype} {tuple(x.shape)}; it wants floats [N, ...], N ≥ 1, none of them NaN: what the "
            "model gets."
        )
    if getattr(model, "training", False) and any(True for _ in getattr(model, "parameters", list)()):
        raise ValueError("odin got a model in training mode, whose answers change with the batch; call model.eval().")
    return torch.cat([_odin(model, part, temperature, epsilon) for part in x.detach().split(batch_size)])


def _odin(model: Callable[[Tensor], Tensor], x: Tensor, temperature: float, epsilon: float) -> Tensor:
    from ..models.inference import asked, fed  # the other scores need no network, and are there at once

    with torch.inference_mode(False), torch.enable_grad():
        x = x.clone().requires_grad_()
        logits = asked("odin", model, fed(model, x))
        loss = cross_entropy(logits / temperature, logits.argmax(dim=1), reduction="sum")
        # Of x alone: the model's own gradients stay as they are.
        gradient = torch.autograd.grad(loss, x, allow_unused=True)[0] if loss.requires_grad else None
    if gradient is None:
        raise ValueError("odin got a model whose logits do not depend on x; is there a no_grad or a detach on the way?")
    with torch.no_grad():
        stepped = x.detach() - epsilon * gradient.sign()
        return max_softmax(asked("odin", model, fed(model, stepped)), temperature=temperature).cpu()
