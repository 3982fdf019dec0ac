"""When an option of a prediction is right: intervals, numbers, functions, and what holds for what was measured."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from numbers import Real
from typing import Final

_Interval = tuple[float | None, float | None]


class Otherwise(Enum):
    """Of one member, `OTHERWISE`."""

    OTHERWISE = "otherwise"


OTHERWISE: Final = Otherwise.OTHERWISE
"""The condition of the option that is right where no other is."""

Condition = float | _Interval | Callable[..., object] | Otherwise


@dataclass(frozen=True)
class Range:
    """From `low` to below `high`, or to `high` itself where it is `closed`."""

    low: float
    high: float
    closed: bool

    def holds(self, value: float) -> bool:
        """Whether `value` lies in it."""
        return self.low <= value < self.high or (self.closed and value == self.high)

    def last_whole(self) -> float:
        """The last whole number in it, where its ends are whole."""
        return self.high if self.closed else self.high - 1


def ranges_of(conditions: Mapping[str, object]) -> dict[str, Range]:
    """Intervals and numbers as ranges, from the lowest to the highest."""
    ends = sorted((*_ends(text, condition), text) for text, condition in conditions.items())
    return {text: Range(low, high, closed=low == high or n == len(ends)) for n, (low, high, text) in enumerate(ends, 1)}


def _ends(text: str, condition: object) -> tuple[float, float]:
    """(low, high) of an interval, None made infinite; a number twice."""
    if isinstance(condition, Real) and not math.isnan(condition):
        return float(condition), float(condition)
    if isinstance(condition, tuple) and len(condition) == 2:
        low, high = (limit if end is None else end for end, limit in zip(condition, (-math.inf, math.inf), strict=True))
        if isinstance(low, Real) and isinstance(high, Real) and float(low) < float(high):
            return float(low), float(high)
    raise ValueError(
        f"predict.choice got {condition!r:.60} for {text!r}; it wants an interval (low, high) with low below high, "
        "a number, a function, or OTHERWISE."
    )


def refuse_overlaps(ranges: Mapping[str, Range], *, gaps: bool) -> None:
    """Refuse two of these options that are right at once and, where `gaps` are to be refused, values without one."""
    whole = any(one.low == one.high for one in ranges.values())
    odd = [text for text, one in ranges.items() if not all(map(_is_whole_or_infinite, (one.low, one.high)))]
    if whole and odd:
        raise ValueError(f"predict.choice got {listed(odd)} beside a single number; it wants whole numbers in all.")
    for (text, one), (after, other) in pairwise(ranges.items()):
        begins = one.last_whole() + 1 if whole else one.high
        if other.low < begins:
            raise ValueError(
                f"predict.choice got options that overlap: both {text!r} and {after!r} are right at {other.low:g}."
            )
        if other.low > begins and gaps:
            raise ValueError(
                f"predict.choice got a gap between {text!r} and {after!r}: neither is right at {begins:g}. "
                "Close it, or add an option with OTHERWISE."
            )


def _is_whole_or_infinite(value: float) -> bool:
    return math.isinf(value) or value.is_integer()


def holds(
    text: str, condition: Range | Callable[..., object], values: tuple[object, ...], named: Mapping[str, object]
) -> bool:
    """Whether the `condition` of the option `text` holds for what `compare` got."""
    if isinstance(condition, Range):
        return condition.holds(as_number(single(values, named)))
    signature = inspect.signature(condition)
    try:
        signature.bind(*values, **named)
    except TypeError:
        raise ValueError(
            f"compare got {in_words(values, named)}; the condition of {text!r} wants {signature}."
        ) from None
    return bool(condition(*values, **named))


def single(values: tuple[object, ...], named: Mapping[str, object]) -> object:
    """The one value that `compare` got."""
    every = [*values, *named.values()]
    if len(every) != 1:
        raise ValueError(f"compare got {len(every)} values; it wants one.")
    return every[0]


def as_number(value: object) -> float:
    """A number, or what has one as its `mean`, as a summary has."""
    mean = getattr(value, "mean", None)
    try:
        found = float(mean if isinstance(mean, Real) else value)  # type: ignore[arg-type]  # float says what it is
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: torch, of more than one element
        found = math.nan
    if math.isnan(found):
        raise ValueError(f"compare got {value!r:.60}; it wants a number, or a summary with a mean.")
    return found


def in_words(values: tuple[object, ...], named: Mapping[str, object]) -> str:
    """What `compare` got, for a message."""
    by_name = [f"{name}={value!r:.60}" for name, value in named.items()]
    return ", ".join([*(f"{value!r:.60}" for value in values), *by_name]) or "nothing"


def listed(texts: Sequence[str]) -> str:
    """Options, for a message."""
    return ", ".join(map(repr, texts))
