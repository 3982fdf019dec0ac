"""What an answer returned, made comparable: whatever library it came from, only values and shape count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TypeAlias

import numpy as np

# Of a value, and of the largest value beside it. A loop over pixels in float32, and deviations that divide by n
# instead of n - 1, are right answers; mistakes are further off.
TOLERANCE = 1e-3
HALF_TOLERANCE = 1e-2  # of results in 16 bits
_SMALLEST = 1e-6  # a small constant in a denominator, against 0/0, is a right answer too
_WHOLE = 1e-6  # of whole numbers: they are counts, places and bytes, and one off is wrong
_SHOWN = 30  # values; more are summed up by shape and range


@dataclass(frozen=True)
class Unreadable:
    """Something that holds no numbers; `kind` is how to call it in a message."""

    kind: str


# What `plain` gives; lists and dicts hold more of the same.
Plain: TypeAlias = "np.ndarray | list[Plain] | dict[str, Plain] | Unreadable | None"


def plain(value: object) -> Plain:
    """`value` as a float, int or bool array, as a list or dict of such, as None, or as `Unreadable`.

    Tensors of torch, on any device and with gradients, arrays of every library that numpy can read, numbers,
    and lists and tuples of all these. Parts of one shape are stacked: a pair of [3] is the same as [2, 3].
    """
    if value is None or value is ...:
        return None
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [plain(part) for part in value]
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        alike = len(arrays) == len(parts) and len({part.shape for part in arrays}) == 1
        return np.stack(arrays) if alike else parts or np.empty(0)
    return _array(value)


def _array(value: object) -> np.ndarray | Unreadable:
    try:
        array = _read(value)
        if array.dtype.kind == "O":  # fractions, decimals, whole numbers beyond 64 bits
            real = all(isinstance(item, Real | Decimal) for item in array.flat)
            array = array.astype(float) if real else array
    except Exception:  # whatever an object that we do not know does when it is read
        return _odd(value)
    return array if array.dtype.kind in "biuf" else _odd(value)


def _read(value: object) -> np.ndarray:
    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        kind = str(tensor.dtype)
        if kind == "torch.bfloat16":  # numpy knows none
            tensor = tensor.double() if tensor.numel() and tensor.abs().max() > 6e4 else tensor.half()
        elif kind != "torch.float16" and tensor.is_floating_point():
            tensor = tensor.double()
        value = tensor.numpy()
    return np.array(value)  # a copy: an answer may give the same buffer each time


def _odd(value: object) -> Unreadable:
    if isinstance(value, str):
        return Unreadable(f"the text {value[:40]!r}")
    name = type(value).__name__
    return Unreadable("a function" if name == "function" else f"an object of type {name}")


def equal(a: Plain, b: Plain, *, tolerance: float | None = None) -> bool:
    """Do two results of `plain` agree: in shape, and in values as near to those of `b` as `_allowed` says?

    `tolerance` is another one than the usual; 0 is exact. NaN equals NaN.
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key], tolerance=tolerance) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y, tolerance=tolerance) for x, y in zip(a, b, strict=True))
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and a == b  # None and Unreadable
    # A tensor [1] is as good as a number.
    if a.shape != b.shape and not a.size == b.size == 1:
        return False
    return not _differing(a.reshape(b.shape), b, tolerance).any()


def _differing(got: np.ndarray, expected: np.ndarray, tolerance: float | None = None) -> np.ndarray:
    """bool, of one shape with both: where are they further apart than is allowed?"""
    x, y = got.astype(float), expected.astype(float)
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(x - y) > _allowed(got, expected, tolerance)
    unlike = np.isfinite(x) != np.isfinite(y)
    odd = ~np.isfinite(y)  # infinities are equal by sign, NaN is equal to NaN
    return np.where(odd | unlike, ~((x == y) | (np.isnan(x) & np.isnan(y))), far)


def _allowed(got: np.ndarray, expected: np.ndarray, tolerance: float | None) -> np.ndarray:
    """How far off each value may be: a share of the value, and of the largest one that is expected."""
    y = np.abs(expected.astype(float))
    if tolerance == 0:
        return np.zeros_like(y)
    if expected.dtype.kind in "biu" and tolerance is None:
        return 1e-3 + _WHOLE * y
    share = tolerance or (HALF_TOLERANCE if got.dtype == np.float16 else TOLERANCE)
    largest = np.max(y, where=np.isfinite(y), initial=0.0)
    return share * (y + largest) + _SMALLEST


def first_difference(got: Plain, expected: Plain, names: Sequence[str] = ()) -> str:
    """ "at [0, 2]: returned 5, expected 6": the first place where two arrays of one shape differ; "" for others."""
    if not isinstance(got, np.ndarray) or not isinstance(expected, np.ndarray):
        return ""
    if got.shape != expected.shape or not expected.ndim:
        return ""
    places = np.argwhere(_differing(got, expected))
    if not len(places):
        return ""
    place = tuple(int(k) for k in places[0])
    returned, wanted = _told_apart(got[place], expected[place])
    inside = f"in {names[place[0]]} " if names and len(names) == len(expected) else ""
    at = list(place[1:] if inside else place)
    return f"{inside}at {at}: returned {returned}, expected {wanted}".replace("at []", "")


def _told_apart(a: np.generic, b: np.generic) -> tuple[str, str]:
    """Both as text, with as many digits as it takes to see that they differ."""
    if "b" in (a.dtype.kind, b.dtype.kind):
        return _numbers(a), _numbers(b)
    pairs = [(f"{a:.{digits}g}", f"{b:.{digits}g}") for digits in (5, 8, 17)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def complaint(got: Plain, expected: Plain) -> str:
    """What is wrong with `got`, in a sentence, or "" where it agrees with `expected`. Both are from `plain`."""
    if equal(got, expected):
        return ""
    if got is None:
        return "Your function returned nothing here."
    if isinstance(got, Unreadable):
        return f"Your function returned {got.kind}, in which there are no numbers to compare."
    if isinstance(got, dict) and isinstance(expected, dict):
        return _wrong_facts(got, expected)
    if not isinstance(got, np.ndarray) or not isinstance(expected, np.ndarray):
        return "What your function returned is not built like what was expected."
    return _wrong_array(got, expected)


def _wrong_facts(got: dict[str, Plain], expected: dict[str, Plain]) -> str:
    wrong = [key for key in expected if key in got and not equal(got[key], expected[key])]
    wrong = wrong or [key for key in expected if key not in got]
    return " ".join(_wrong_fact(key, got.get(key), expected[key]) for key in wrong)


def _wrong_fact(key: str, got: Plain, expected: Plain) -> str:
    first = first_difference(got, expected)
    end = f" (first {first})" if first else ""
    return f"{key}: {show(got)}, expected: {show(expected)}{end}."


def _wrong_array(got: np.ndarray, expected: np.ndarray) -> str:
    if got.shape != expected.shape and not got.size == expected.size == 1:
        squeezed = equal(got.squeeze(), expected.squeeze())
        end = "; the values are right, so take out the dimensions of size 1" if squeezed else ""
        return f"Your result has the shape {_shape(got)}; expected was {_shape(expected)}{end}."
    got = got.reshape(expected.shape)
    if (np.isnan(got) & ~np.isnan(expected)).any():
        return "There is a NaN in your result, as 0/0 gives it."
    if (np.isinf(got) & np.isfinite(expected)).any():
        return (
            "There is an infinity in your result where a finite number was expected. If you did not put it there, "
            "a division by 0 or an overflow did."
        )
    if got.dtype.kind in "iu" and (expected != np.rint(expected)).any():
        return f"Your result holds whole numbers ({got.dtype}) where fractions were expected."
    return "The values differ."


def show(value: Plain, names: Sequence[str] = ()) -> str:
    """`value`, from `plain`, on one line: its numbers where they are few, its shape and range where not."""
    if value is None:
        return "nothing"
    if isinstance(value, Unreadable):
        return value.kind
    if isinstance(value, dict):
        return ", ".join(f"{key}: {show(part)}" for key, part in value.items())
    if names and (isinstance(value, list) or value.ndim) and len(value) == len(names):
        return ", ".join(f"{name} {show(part)}" for name, part in zip(names, value, strict=True))
    if isinstance(value, list):
        return f"({', '.join(show(part) for part in value)})"
    if value.size > _SHOWN:
        ends = (_numbers(value.min()), _numbers(value.max()))
        return f"{value.dtype} {_shape(value)}, from {ends[0]} to {ends[1]}"
    return _numbers(value)


def _numbers(array: np.ndarray | np.generic) -> str:
    if isinstance(array, np.ndarray) and array.ndim:
        return f"[{', '.join(_numbers(part) for part in array)}]"
    # Five digits are more than the tolerance has: what differs also looks different.
    return ("yes" if array else "no") if array.dtype.kind == "b" else f"{array:.{5 if array.dtype.kind == 'f' else 9}g}"


def _shape(array: np.ndarray) -> str:
    return str(list(array.shape)) if array.ndim else "of a single number"
