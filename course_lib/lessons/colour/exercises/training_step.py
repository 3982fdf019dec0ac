"""Exercise: mend a training step. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import plain


@dataclass(frozen=True)
class _Setting:
    """What three steps are tried with: a network and pictures of their own, and an optimizer."""

    make: Callable
    inputs: int = 12
    hidden: int = 5
    pictures: int = 8
    seed: int = 0

    def network(self) -> nn.Sequential:
        """The same weights each time, whatever the notebook's default dtype."""
        layers = nn.Flatten(), nn.Linear(self.inputs, self.hidden), nn.ReLU(), nn.Linear(self.hidden, 2)
        model, r = nn.Sequential(*layers).float(), np.random.default_rng(self.seed)
        for weight in model.parameters():
            weight.data = draws.floats(0.5 * r.standard_normal(weight.shape))
        return model

    def batch(self) -> tuple[Tensor, Tensor]:
        """x, float32 [B, 3, H, W], and y, int64 [B], both classes."""
        r = np.random.default_rng(self.seed + 1)
        y = r.permutation(np.arange(self.pictures) % 2 | (np.arange(self.pictures) % 5 == 2))
        return draws.floats(r.standard_normal((self.pictures, 3, 2, self.inputs // 6))), draws.whole(y)


@dataclass
class _Watched:
    """Three steps of a network, and what could be seen from outside."""

    losses: list = field(default_factory=list)
    reached: list[Tensor] = field(default_factory=list)
    passed: bool = False
    found: list[bool] = field(default_factory=list)
    piled_up: list[bool] = field(default_factory=list)
    modes: set[bool] = field(default_factory=set)
    kept: bool = True


_POISON = 1000.0


def _watch(mend: Callable, setting: _Setting, *, poison: bool = False) -> _Watched:
    """Three steps with `mend`; with `poison`, the first backward leaves a large gradient that no second one has."""
    model, (x, y), seen = setting.network(), setting.batch(), _Watched()
    first, before = model[1].weight, (x.clone(), y.clone())
    optimizer = setting.make(model.parameters())
    model.register_forward_pre_hook(lambda module, _: seen.modes.add(module.training))

    def backward(gradient: Tensor) -> Tensor:
        seen.passed = True
        return gradient + _POISON if poison and not seen.losses else gradient

    def step(*_) -> None:
        seen.found.append(any(_has_gradient(w) for w in model.parameters()))
        seen.piled_up.append(bool(seen.losses) and _is_even(first.grad))

    first.register_hook(backward)
    optimizer.register_step_post_hook(step)  # after: a closure makes its gradients within the step
    for _ in range(3):
        seen.losses.append(plain(mend(model, x, y, optimizer)))
        seen.reached.append(_weights(model))
        seen.piled_up.append(len(seen.losses) > 1 and _is_even(first.grad))
    seen.kept = torch.equal(x, before[0]) and torch.equal(y, before[1])
    return seen


def _trained(mend: Callable, setting: _Setting) -> dict[str, object] | None:
    """What three steps with `mend` do to a small network; None where they do nothing and return nothing.

    Behaviour is looked at, not source: there is more than one right way to write a step.
    """
    seen, aims = _watch(mend, setting), _aims(setting)
    still = all(torch.equal(weights, _weights(setting.network())) for weights in seen.reached)
    if seen.losses[0] is None and not seen.passed and not seen.found and still:
        return None
    return {
        "The loss that the first step returns": seen.losses[0],
        "A gradient goes back to the weights": seen.passed or any(seen.found),
        "The optimizer takes a step": bool(seen.found),
        "It finds a gradient then": any(seen.found),
        "Gradients pile up from step to step": any(_watch(mend, setting, poison=True).piled_up),
        "The first step leads where it should": _near(seen.reached[0], aims[0]),
        "Three steps lead where they should": _near(seen.reached[2], aims[2]),
        "The network is in training mode while it learns": seen.modes == {True},
        "x and y are as they were": seen.kept,
    }


@cache
def _aims(setting: _Setting) -> list[Tensor]:
    """Where three right steps lead."""
    return _watch(_step, setting).reached


def _near(weights: Tensor, aim: Tensor) -> bool:
    """Up to rounding, which Adam's division by small numbers makes larger."""
    return torch.allclose(weights.float(), aim, rtol=1e-3, atol=1e-3)


def _is_even(gradient: Tensor | None) -> bool:
    """Is it not 0, and nearly the same everywhere, as the poison is, scaled or not?"""
    if gradient is None or not gradient.isfinite().all() or not gradient.any():
        return False
    return bool((gradient - gradient.mean()).abs().max() < 0.1 * gradient.mean().abs())


def _has_gradient(weight: nn.Parameter) -> bool:
    return weight.grad is not None and bool(weight.grad.any())


def _weights(model: nn.Module) -> Tensor:
    """float [n]: all weights in a row, a copy."""
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def _plain_descent(weights) -> torch.optim.Optimizer:
    return torch.optim.SGD(weights, lr=0.5)


def _momentum(weights) -> torch.optim.Optimizer:
    return torch.optim.SGD(weights, lr=0.2, momentum=0.9)


def _adam(weights) -> torch.optim.Optimizer:
    return torch.optim.Adam(weights, lr=0.05)


def _draw_setting(r: np.random.Generator, i: int) -> tuple[_Setting]:
    make = (_plain_descent, _momentum, _adam)[i % 3]
    inputs, hidden, pictures = 6 * int(r.integers(1, 4)), int(r.integers(3, 9)), int(r.integers(5, 20))
    return (_Setting(make, inputs, hidden, pictures, seed=2 * i + 10),)


def _step(model, x, y, optimizer):
    """What `mend` should do. The solution itself may be another one some day; this is what it is held against."""
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@exercise(
    task="""
    This training step runs without an error, and the network learns nothing. There are three mistakes in it.

    ```python
    def mend(model, x, y, optimizer):
        probabilities = model(x).softmax(dim=1)
        loss = torch.nn.functional.cross_entropy(probabilities, y)
        loss.backward()
        return loss
    ```

    Write `mend(model, x, y, optimizer)` so that each call is one sound step, however often it is called. `model`
    turns `x`, float32 [B, 3, H, W], into logits [B, 2], and is in training mode; `y`, int64 [B], holds the classes,
    0 or 1; `optimizer` knows the weights. Use cross-entropy, change the weights in place, and return the loss of
    this batch, one number.
    """,
    cases=[
        Case("three steps with SGD, learning rate 0.5", (_Setting(_plain_descent),)),
        Case("three steps with Adam, learning rate 0.05", (_Setting(_adam, seed=2),)),
    ],
    draw=_draw_setting,
    hints=[
        "Go through it in the order in which it runs. What does cross_entropy want to get? Who changes the weights? "
        "What is left over from the step before?",
        "cross_entropy takes logits and does the softmax itself. optimizer.step() changes the weights. "
        "optimizer.zero_grad() clears the gradients; without it backward() adds to the old ones.",
        "In this order: loss = cross_entropy(model(x), y), optimizer.zero_grad(), loss.backward(), optimizer.step().",
    ],
    observe=_trained,
)
def mend(model, x, y, optimizer):
    """Network, pictures, float32 [B, 3, H, W], classes, int64 [B], and optimizer → loss; takes one step, in place."""
    loss = torch.nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mend.misconception(
    "This is the step as it came. Look for three things: what cross_entropy is given, what is left of the gradients of "
    "the step before, and who changes the weights."
)
def as_it_came(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x).softmax(dim=1), y)
    loss.backward()
    return loss


@mend.misconception(
    "One mistake is left: you give probabilities to cross_entropy, which takes logits and does the softmax itself. "
    "With two softmaxes in a row the gradients are small, and the loss cannot fall below 0.31 even if every picture is "
    "right. Leave your softmax out."
)
def two_softmaxes(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x).softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss


@mend.misconception(
    "One mistake is left, and the first step does not show it. backward adds to the gradients that are there "
    "already, so that the second step goes by the first batch as well, and so on. Call optimizer.zero_grad() before "
    "backward."
)
def gradients_pile_up(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@mend.misconception(
    "One mistake is left: nobody changes the weights. backward only writes down in which direction they should go. "
    "optimizer.step() goes there."
)
def step_forgotten(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    return loss


@mend.misconception(
    "You have all that is needed, in an order that undoes it: zero_grad stands between backward and step, and the "
    "optimizer finds no gradient. Clear the gradients before backward, or after step."
)
def cleared_too_late(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss


@mend.misconception(
    "The optimizer takes a step and finds no gradient, as nobody computed one. Call loss.backward() between zero_grad "
    "and step."
)
def backward_forgotten(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    optimizer.step()
    return loss


@mend.misconception("The step is right. Return the loss as well: whoever calls mend wants to see it fall.")
def nothing_returned(model, x, y, optimizer):
    mend.reference(model, x, y, optimizer)


@mend.misconception(
    "nll_loss wants the logarithms of probabilities, and you give it the probabilities. Your loss is negative, which a "
    "cross-entropy never is. Use cross_entropy on the logits, or nll_loss after log_softmax."
)
def logarithm_forgotten(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.nll_loss(model(x).softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss


@mend.misconception(
    "The step is right, but you put the network into inference mode, where dropout is off and BatchNorm does not "
    "learn. It came in training mode, and should learn in it: leave model.eval() out."
)
def in_inference_mode(model, x, y, optimizer):
    model.eval()
    return _step(model, x, y, optimizer)
