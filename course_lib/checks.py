"""What functions of several rooms ask of logits, probabilities, labels, scores and settings, in one wording.

A number that is made of the wrong thing looks like any other: logits have a "calibration error" of 5.67, and answers
that are NaN are right in two of three cases. So each function asks first. Whatever is refused is a ValueError that
says what was received, what is wanted, and what to do next; `who` is the function that asks.

Tensors, arrays and lists of numbers are taken. A check of good input is one or two passes over it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

Numbers = Tensor | np.ndarray | Sequence
_UNSIGNED = (torch.uint16, torch.uint32, torch.uint64)  # torch can do little with these
_EXACT = 2**53  # beyond it, float64 cannot tell neighbouring integers apart
_OFF = 1e-3  # how far a row of probabilities may be from the sum 1
_SOFTMAX = "If they are logits, take .softmax(dim=1) first."


# --- what classifiers give -------------------------------------------------------------------------------


def logits(x: Numbers, who: str, *, least: int = 2, empty: bool = False) -> Tensor:
    """[N, K] as given: its own dtype, device and gradient. Finite, K ≥ `least`, and no probabilities.

    Args:
        empty: whether N = 0 will do.
    """
    z = class_scores(x, who, what="logits", least=least, empty=empty)
    not_probabilities(z, who)
    return z


def class_scores(x: Numbers, who: str, *, what: str = "scores", least: int = 1, empty: bool = False) -> Tensor:
    """[N, K], finite, of which only the order need count: its own dtype, device and gradient."""
    s = tensor(x, who, what)
    if s.ndim != 2 or s.shape[1] < least or (len(s) == 0 and not empty):
        rows = "" if empty else " and N ≥ 1"
        raise ValueError(
            f"{who} got {what} of shape {tuple(s.shape)}; wanted [N, K] with K ≥ {least} classes{rows}, one row a "
            "picture. Of one picture alone, take x[None]."
        )
    if not all_finite(s):
        bad = int((~s.isfinite()).any(dim=1).sum())
        raise ValueError(
            f"{who} got {what} {received(s)} that are NaN or infinite in {bad} of {len(s)} rows; wanted numbers. "
            "Did the network's training diverge?"
        )
    return s


def not_probabilities(z: Tensor, who: str) -> None:
    """ValueError if logits, [N, K], are probabilities: each row 0–1, of sum 1. A single row tells too little."""
    # A few rows rule it out, for next to nothing.
    if len(z) > 1 and z.is_floating_point() and _are_shares(z[:8].detach()) and _are_shares(z.detach()):
        raise ValueError(
            f"{who} got logits {received(z)} of which every row is 0 to 1 and has the sum 1: these are probabilities; "
            "wanted is what the last layer gives, before the softmax; of probabilities alone, take .log()."
        )


def probabilities(x: Numbers, who: str, *, least: int = 1, empty: bool = False) -> Tensor:
    """[N, K], each 0–1, each row of sum 1 but for rounding: its own dtype, whole numbers as float64; on the CPU."""
    p = tensor(x, who, "probabilities").detach().cpu()
    p = p if p.is_floating_point() else p.double()
    if p.ndim != 2 or p.shape[1] < least or (len(p) == 0 and not empty):
        raise ValueError(
            f"{who} got probabilities of shape {tuple(p.shape)}; wanted [N, K] with K ≥ {least} classes"
            f"{'' if empty else ' and N ≥ 1'}, each row 0 to 1 with the sum 1. Of one picture alone, take p[None]."
        )
    if len(p) and not _are_probabilities(p):
        raise ValueError(f"{who} got probabilities {received(p)} {_what_is_wrong(p)}")
    return p


def labels(
    x: Numbers, who: str, *, classes: int | None = None, n: int | None = None, what: str = "labels", hint: str = ""
) -> Tensor:
    """int64 [N] on the CPU, 0 to `classes` − 1, N ≥ 1, and as many as there are pictures.

    Args:
        n: pictures, where their number is known.
        hint: what to do next where they are out of range.
    """
    y = tensor(x, who, what).detach().cpu()
    whole = not y.is_floating_point()
    low, high = (int(end) for end in y.aminmax()) if whole and y.numel() else (0, 0)
    if y.ndim != 1 or len(y) == 0 or not whole or low < 0 or (classes is not None and high >= classes):
        span = f", from {low} to {high}" if whole and y.numel() else ""
        wanted = f"from 0 to {classes - 1}" if classes is not None else "0 or more"
        raise ValueError(
            f"{who} got {what} of {received(x, y)}{span}; it wants integers [N], N ≥ 1, {wanted}. "
            + (hint or _next_step(y, whole))
        )
    if n is not None and len(y) != n:
        raise ValueError(
            f"{who} got {what} of {received(x, y)} for {n} pictures; it wants one row a label. Take both of the same "
            "pictures."
        )
    return y.long()


def scored(
    scores: Numbers, truth: Numbers, who: str, *, least: int = 1, probable: bool = False
) -> tuple[Tensor, Tensor]:
    """(scores or probabilities [N, K], labels int64 [N]) on the CPU, without gradient; halves as float32.

    Args:
        probable: whether they must be probabilities.
    """
    s = probabilities(scores, who, least=least) if probable else class_scores(scores, who, least=least).detach().cpu()
    s = s.float() if s.is_floating_point() and s.element_size() < 4 else s  # no digit is lost, and all works on it
    return s, labels(truth, who, classes=s.shape[1], n=len(s))


def unknown_scores(x: Numbers, who: str, group: str) -> np.ndarray:
    """float64 [N], finite, N ≥ 1: one number a picture. Integers must be ones that float64 can hold."""
    s = tensor(x, who, f"{group} scores").detach().cpu()
    if s.ndim != 1 or len(s) == 0:
        raise ValueError(f"{_named(who)}got {group} scores of shape {tuple(s.shape)}; wanted [N] with N ≥ 1.")
    if not s.is_floating_point() and max(-int(s.min()), int(s.max())) > _EXACT:
        raise ValueError(
            f"{_named(who)}got {group} scores of {received(s)} up to ±{max(-int(s.min()), int(s.max()))}; wanted "
            "integers up to ±2⁵³, or neighbours become equal in float64. Take a number off all of them."
        )
    if not all_finite(s := s.double()):
        missing = int((~s.isfinite()).sum())
        raise ValueError(
            f"{_named(who)}got {missing} NaN or infinite of {len(s)} {group} scores; wanted numbers. Did the network's "
            "training diverge?"
        )
    return s.numpy()


def right_or_wrong(x: Numbers, who: str, *, n: int) -> np.ndarray:
    """bool [N], whether the answer is right; 0 and 1 will do."""
    correct = array(x, who, "correct", kinds="biuf")
    if correct.shape != (n,):
        raise ValueError(
            f"{_named(who)}got correct of shape {correct.shape} for {n} known scores; wanted one each, answer == label."
        )
    if correct.dtype != bool and not np.isin(correct, (0, 1)).all():
        raise ValueError(
            f"{_named(who)}got correct with other values than True and False, {received(correct)}; wanted answer == "
            "label."
        )
    return correct.astype(bool)


# --- numbers ---------------------------------------------------------------------------------------------


def tensor(x: Numbers, who: str, what: str) -> Tensor:
    """A tensor of real numbers, no bool. One that is given stays as it is, with device and gradient."""
    if isinstance(x, Tensor):
        if x.dtype == torch.bool or x.is_complex() or x.layout != torch.strided:
            sparse = f" ({x.layout})" if x.layout != torch.strided else ""
            raise ValueError(f"{_named(who)}got {what} of dtype {x.dtype}{sparse}; wanted numbers.{_cast(x)}")
        return _signed(x, x.long(), who, what) if x.dtype in _UNSIGNED else x
    values = array(x, who, what)
    if values.dtype.kind == "u" and values.dtype.itemsize > 1:
        values = _signed(values, values.astype(np.int64), who, what)
    # torch takes no other byte order, no more than eight bytes, no steps backwards, and no memory that is read-only.
    dtype = np.float64 if values.dtype.itemsize > 8 else values.dtype.newbyteorder("=")
    return torch.from_numpy(np.array(values, dtype=dtype, order="C", copy=None if values.flags.writeable else True))


def array(x: Numbers, who: str, what: str, *, kinds: str = "iuf") -> np.ndarray:
    """An array of real numbers, of numpy's dtype kinds `kinds`."""
    if isinstance(x, Tensor):
        x = x.detach().cpu()
        x = (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # numpy has no bfloat16
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(
            f"{_named(who)}got {what} {received(x)} of which {np.ma.count_masked(x)} are masked; wanted numbers. Leave "
            "those pictures out first."
        )
    try:
        values = np.asarray(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{_named(who)}got {what} of {type(x).__name__}, no array ({error}); wanted numbers."
        ) from None
    if values.dtype.kind not in kinds:
        raise ValueError(f"{_named(who)}got {what} of dtype {values.dtype}{_type(x)}; wanted numbers.{_cast(values)}")
    return values


def all_finite(x: Tensor) -> bool:
    """Whether none of a tensor of any shape is NaN or infinite."""
    # The sum alone is ten times as fast. It may overflow, and then all are looked at.
    return bool(x.sum().isfinite() or x.isfinite().all())


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is one finite number: of Python, numpy or torch, and no bool."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        value = value.item() if value.ndim == 0 and not np.ma.is_masked(value) else None
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # of Python's whole numbers that no float can hold
        return False


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is an integer, by type, that 64 bits hold: 2.0 is none, True is none, and 2⁶³ is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and -(2**63) <= int(value) < 2**63


def is_count(value: Any, least: int = 1) -> TypeGuard[int]:
    """Whether it is an integer, `is_whole`, of at least `least`. Count with int(value): NumPy's bytes wrap around."""
    return is_whole(value) and bool(value >= least)


# --- wording ---------------------------------------------------------------------------------------------


def received(x: Any, values: Any = None) -> str:
    """dtype and shape, of what was given if it has them, else of `values`, what was made of it."""
    thing = x if hasattr(x, "dtype") and hasattr(x, "shape") else values
    return f"{thing.dtype} {tuple(thing.shape)}" if thing is not None else type(x).__name__


def _are_probabilities(p: Tensor) -> bool:
    """Whether all are 0–1 and every row has the sum 1, but for the rounding of their dtype. NaN and inf are neither."""
    low, high = p.aminmax()
    if not (low >= 0 and high <= 1 + 1e-6):
        return False
    wide = p if p.element_size() >= 4 else p.float()
    # By a product: to sum ten numbers in a row takes several times as long.
    off = wide @ torch.ones(p.shape[1], dtype=wide.dtype, device=p.device) - 1
    return bool(off.abs().max() <= _OFF + torch.finfo(p.dtype).eps)


def _are_shares(z: Tensor) -> bool:
    """`_are_probabilities`, but not all of them 0 or 1: logits of a toy example are."""
    return _are_probabilities(z) and not bool((z == z.round()).all())


def _what_is_wrong(p: Tensor) -> str:
    if bad := int((~p.isfinite()).any(dim=1).sum()):
        return f"that are NaN or infinite in {bad} of {len(p)} rows; wanted 0 to 1. Did the network's training diverge?"
    low, high = p.aminmax()
    if not (low >= 0 and high <= 1 + 1e-6):
        return f"from {low:.4g} to {high:.4g}; wanted each row 0 to 1 with the sum 1. {_SOFTMAX}"
    low, high = p.double().sum(dim=1).aminmax()
    return (
        f"whose rows have sums from {low:.4g} to {high:.4g}; wanted each row 0 to 1 with the sum 1. {_SOFTMAX} Are "
        "they of sigmoids, or is a class missing? Then divide each row by its sum, if that is what is meant."
    )


def _next_step(y: Tensor, whole: bool) -> str:
    if not whole:
        return "If they are whole numbers, take .long() first; of one-hot rows or scores, take .argmax(dim=1)."
    return (
        "Are there as many classes as the model has, numbered from 0?" if y.ndim == 1 else "Take one label a picture."
    )


def _named(who: str) -> str:
    return f"{who} " if who else ""


def _type(x: Any) -> str:
    return "" if isinstance(x, np.ndarray | Tensor | list | tuple) else f" ({type(x).__name__})"


def _cast(x: Any) -> str:
    return " Of True and False, say what is meant: .long() makes them 1 and 0." if "bool" in str(x.dtype) else ""


def _signed(x: Any, converted: Any, who: str, what: str) -> Any:
    """`converted` to int64, if that holds them."""
    if (converted < 0).any():
        raise ValueError(f"{_named(who)}got {what} of {received(x)} above 2⁶³; wanted numbers that int64 can hold.")
    return converted
