"""Asking a network, whatever its make: in inference mode, with inputs that it can take, and its answer checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .preprocessing import Preprocessing


@contextmanager
def inference(model: nn.Module | Callable) -> Iterator[None]:
    """Inference mode for `model`; afterwards every module has the mode that it had, after an error too.

    One by one, since parts may have modes of their own: a backbone frozen by hand with `.eval()` stays so. A function,
    which has no mode, is left alone.

    >>> model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(4).eval())
    >>> with inference(model):
    ...     pass
    >>> [part.training for part in model]
    [True, False]
    """
    if not isinstance(model, nn.Module):
        yield
        return
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        model.train(modes[0][1])  # as well as the flags: a `train` of its own may do more than set them
        for module, mode in modes:
            module.training = mode


@contextmanager
def modes_kept_on_error(model: nn.Module) -> Iterator[None]:
    """An error, or an interrupt, leaves every module of `model` in the mode that it had."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    except BaseException:
        for module, mode in modes:
            module.training = mode
        raise


def home(model: nn.Module | Callable) -> Tensor | None:
    """The first floating weight of `model`, whose dtype and device its inputs need; None where it has no weights."""
    if not isinstance(model, nn.Module):
        return None
    weights = (tensor for several in (model.parameters(), model.buffers()) for tensor in several)
    return next((tensor for tensor in weights if tensor.is_floating_point()), None)


def fed(model: nn.Module | Callable, x: Tensor) -> Tensor:
    """A copy of `x` with the dtype and on the device of `model`'s weights; gradients find back to `x` itself.

    A copy, since a network may begin in place (`nn.ReLU(inplace=True)`), and a leaf of the graph must not be changed.
    """
    weight = home(model)
    return x.clone() if weight is None else x.to(weight.device, weight.dtype, copy=True)


def answered(who: str, model: nn.Module | Callable, x: Tensor) -> object:
    """What `model` gives for inputs `x` [B, ...]; a ValueError in plain words where it refuses their shape."""
    try:
        return model(x)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, AssertionError) as error:  # torch's words for shapes, dtypes and devices
        if "it wants" in str(error):  # worded already
            raise
        if "Inference tensors" in str(error):
            raise ValueError(
                f"{who} got a model whose weights were made inside torch.inference_mode(), so no gradient can pass "
                "them. Make, load or move it outside of that block, or inside torch.no_grad()."
            ) from error
        raise ValueError(
            f"{who} got a model that refuses inputs {x.dtype} {_shape(x)}: {_first_line(error)}. Is the number of "
            "channels, the size of the pictures or their preprocessing not what it was made for?"
        ) from error


def asked(who: str, model: nn.Module | Callable, x: Tensor) -> Tensor:
    """Logits float [B, K] of `model` for inputs `x` [B, ...].

    Raises:
        ValueError: the model refuses inputs of this shape, or gives something else than logits: says what.
    """
    return logits_of(who, answered(who, model, x), len(x))


def logits_of(who: str, output: object, n: int) -> Tensor:
    """`output`, where it is logits float [n, K], K ≥ 1; else a ValueError that names what `who` got instead."""
    if isinstance(output, Tensor) and output.ndim == 2 and len(output) == n and output.shape[1] >= 1:
        if output.is_floating_point():
            return output
        what = f"{output.dtype} {_shape(output)}"
    else:
        what = described(output)
    raise ValueError(f"{who} got a model that gives {what} for {n} pictures; it wants logits [{n}, K]. {_mend(output)}")


def described(output: object) -> str:
    """What a model gave, in words: a tensor's shape, "a tuple of (3, 2) and (3, 5)", "a dict with 'logits'"."""
    if isinstance(output, Tensor):
        return str(_shape(output))
    kind = type(output).__name__
    if isinstance(output, Mapping):
        return f"a {kind} with {', '.join(map(repr, output)) or 'nothing in it'}"
    if isinstance(output, tuple | list):
        return f"a {kind} of {' and '.join(described(part) for part in output) or 'nothing'}"
    if dataclasses.is_dataclass(output):
        return f"a {kind} with the fields {', '.join(field.name for field in dataclasses.fields(output))}"
    return f"a {kind}"


def preprocessing_of(who: str, model: nn.Module, given: Callable[[Tensor], Tensor] | None) -> Callable:
    """`given`, or else the model's own `preprocessing`: uint8 [B, C, H, W] → floats, as the model wants them.

    Raises:
        ValueError: there is neither, or it cannot be called.
    """
    found = getattr(model, "preprocessing", None) if given is None else given
    if callable(found):
        return found
    if found is not None:
        raise ValueError(f"{who} got preprocessing={found!r}; it wants a function, such as models.IMAGENET.")
    raise ValueError(
        f"{who} got a model ({type(model).__name__}) without a `preprocessing`, so what it wants of uint8 pictures is "
        "unknown. Give it: preprocessing=models.IMAGENET for torchvision's weights, models.ZERO_TO_ONE for 0–1, or any "
        "function from uint8 [B, C, H, W] to floats."
    )


def preprocessed(who: str, preprocessing: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """Floats [B, C, H, W] of uint8 pictures [B, C, H, W]; a ValueError where `preprocessing` gives something else."""
    x = _applied(who, preprocessing, pictures)
    # It gives what it should: nothing to check in the hot loop.
    if isinstance(x, Tensor) and type(preprocessing) is Preprocessing:
        return x
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim != 4 or len(x) != len(pictures):
        what = f"{x.dtype} {_shape(x)}" if isinstance(x, Tensor) else described(x)
        raise ValueError(
            f"{who} got a preprocessing that gives {what} for uint8 {_shape(pictures)}; it wants floats "
            f"[{len(pictures)}, C, H, W], such as pictures.float() / 255 are."
        )
    return x


def _applied(who: str, preprocessing: Callable, pictures: Tensor) -> object:
    try:
        return preprocessing(pictures)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, AttributeError, AssertionError, LookupError) as error:
        if "it wants" in str(error):  # worded already
            raise
        raise ValueError(
            f"{who} got a preprocessing that refuses uint8 {_shape(pictures)} ({_first_line(error)}); it wants a "
            "function of a whole batch, such as models.IMAGENET or lambda pictures: pictures.float() / 255."
        ) from error


def _mend(output: object) -> str:
    """How to get the logits out of it."""
    wrap = "Wrap it in a module whose forward returns the logits alone"
    if isinstance(output, Tensor):
        if output.ndim == 4:
            return f"A feature map wants pooling and a linear layer behind it. {wrap}."
        return f"{wrap}, one row for each picture."
    if isinstance(output, Mapping):
        return f"{wrap}, as output[{'logits' if 'logits' in output else next(iter(output), 'logits')!r}]."
    return f"{wrap}, as {'output[0]' if isinstance(output, tuple | list) else 'output.logits'}."


def _shape(x: Tensor) -> tuple[int, ...]:
    return tuple(x.shape)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
