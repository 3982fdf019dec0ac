"""ODIN needs the model itself, and a step back through it, so it is a function and no `Detector`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .scores import max_softmax


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
        model: float [N, ...] → logits [N, K], in evaluation mode.
        x: float [N, ...], as the model gets it, after normalization.
        temperature: above 0.
        epsilon: the step, in units of `x`; 0 for none. The paper's 0.0014 is for pixels of about unit variance.

    Raises:
        ValueError: settings out of range, integers, NaN, a model in training mode.

    >>> x = torch.tensor([[8.0, 0.0], [0.1, 0.0]])
    >>> odin(torch.nn.Identity(), x, temperature=1, epsilon=0.5).round(decimals=5).tolist()
    [0.00012, 0.24974]
    """
    if not epsilon >= 0 or batch_size < 1:
        raise ValueError(f"odin got epsilon={epsilon}, batch_size={batch_size}; it wants 0 or more, and 1 or more.")
    if not x.is_floating_point() or x.ndim < 2 or len(x) == 0 or not x.isfinite().all():
        raise ValueError(
            f"odin got x of {x.dtype} {tuple(x.shape)}; it wants floats [N, ...], N ≥ 1, none of them NaN: what the "
            "model gets."
        )
    if getattr(model, "training", False) and any(True for _ in getattr(model, "parameters", list)()):
        raise ValueError("odin got a model in training mode, whose answers change with the batch; call model.eval().")
    return torch.cat([_odin(model, part, temperature, epsilon) for part in x.detach().split(batch_size)])


def _odin(model: Callable[[Tensor], Tensor], x: Tensor, temperature: float, epsilon: float) -> Tensor:
    with torch.enable_grad():
        x = x.clone().requires_grad_()
        logits = model(x)
        loss = cross_entropy(logits / temperature, logits.argmax(dim=1), reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)  # of x alone: the model's own gradients stay as they are
    with torch.no_grad():
        return max_softmax(model(x - epsilon * gradient.sign()), temperature=temperature).cpu()
