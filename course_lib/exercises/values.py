"""What an answer returned, made comparable: whatever library it came from, only values and shape count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Relative. float16 and deviations that divide by n instead of n - 1 are right answers; mistakes are further off.
TOLERANCE = 1e-3
_SHOWN = 30  # values; more are summed up by shape and range


@dataclass(frozen=True)
class Unreadable:
    """Something that holds no numbers; `kind` is how to call it in a message."""

    kind: str


def plain(value: object):
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
        alike = all(isinstance(part, np.ndarray) and part.shape == parts[0].shape for part in parts)
        return np.stack(parts) if parts and alike else parts or np.empty(0)
    return _array(value)


def _array(value: object) -> np.ndarray | Unreadable:
    odd = Unreadable(
        f"the text {value[:40]!r}" if isinstance(value, str) else f"an object of type {type(value).__name__}"
    )
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            # numpy knows no bfloat16.
            value = (value.double() if value.is_floating_point() else value).numpy()
        # A copy: an answer may give the same buffer each time.
        array = np.array(value)
    except Exception:  # whatever an object that we do not know does when it is read
        return odd
    return array if array.dtype.kind in "biuf" else odd


def equal(a: object, b: object, *, tolerance: float = TOLERANCE) -> bool:
    """Do two results of `plain` agree: in shape, and in values up to the relative `tolerance`? NaN equals NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key], tolerance=tolerance) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y, tolerance=tolerance) for x, y in zip(a, b, strict=True))
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return type(a) is type(b) and a == b  # None and Unreadable
    # A tensor [1] is as good as a number.
    if a.shape != b.shape and not a.size == b.size == 1:
        return False
    # atol: a small constant in a denominator, against 0/0, is a right answer too.
    return np.allclose(a.reshape(b.shape).astype(float), b, rtol=tolerance, atol=1e-6, equal_nan=True)


def complaint(got: object, expected: object) -> str:
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


def _wrong_facts(got: dict, expected: dict) -> str:
    wrong = [key for key in expected if not equal(got.get(key), expected[key])]
    return " ".join(f"{key}: {show(got.get(key))}, expected: {show(expected[key])}." for key in wrong)


def _wrong_array(got: np.ndarray, expected: np.ndarray) -> str:
    if got.shape != expected.shape:
        squeezed = equal(got.squeeze(), expected.squeeze())
        end = "; the values are right, so take out the dimensions of size 1" if squeezed else ""
        return f"Your result has the shape {_shape(got)}; expected was {_shape(expected)}{end}."
    if np.isnan(got).any():
        return "There is a NaN in your result, as 0/0 gives it."
    if np.isinf(got).any():
        return "There is an infinity in your result, as division by 0 gives it."
    if got.dtype.kind in "iu" and (expected != np.rint(expected)).any():
        return f"Your result holds whole numbers ({got.dtype}) where fractions were expected."
    return "The values differ."


def show(value: object, names: Sequence[str] = ()) -> str:
    """`value`, from `plain`, on one line: its numbers where they are few, its shape and range where not."""
    if value is None:
        return "nothing"
    if isinstance(value, Unreadable):
        return value.kind
    if isinstance(value, dict):
        return ", ".join(f"{key}: {show(part)}" for key, part in value.items())
    if names and getattr(value, "ndim", 1) and len(value) == len(names):
        return ", ".join(f"{name} {show(part)}" for name, part in zip(names, value, strict=True))
    if isinstance(value, list):
        return f"({', '.join(show(part) for part in value)})"
    if value.size > _SHOWN:
        return f"{value.dtype} {_shape(value)}, from {value.min():.5g} to {value.max():.5g}"
    return _numbers(value)


def _numbers(array: np.ndarray) -> str:
    if array.ndim:
        return f"[{', '.join(_numbers(part) for part in array)}]"
    # Five digits are more than the tolerance has: what differs also looks different.
    return ("yes" if array else "no") if array.dtype.kind == "b" else f"{array:.5g}"


def _shape(array: np.ndarray) -> str:
    return str(list(array.shape)) if array.ndim else "of a single number"
