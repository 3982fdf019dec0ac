"""Numbers and names as the figures write them; `shared.js` writes them in the same way."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal


def percent(probability: float) -> str:
    """In whole percent, halves up. Only certainty is called 100 %, and only the impossible 0 %.

    >>> percent(.834), percent(.9999), percent(.001)
    ('83 %', '>99 %', '<1 %')
    """
    if 0 < probability < 0.005:
        return "<1 %"
    if 0.995 <= probability < 1:
        return ">99 %"
    return f"{math.floor(100 * probability + 0.5)} %"


def fixed(value: float, digits: int) -> str:
    """With `digits` decimals, halves away from zero as JavaScript has it, a true minus, and no minus before a zero.

    >>> fixed(-2.345, 1), fixed(0.5, 0), fixed(-0.04, 1)
    ('−2.3', '1', '0.0')
    """
    if not math.isfinite(value):
        return "—" if math.isnan(value) else "∞" if value > 0 else "−∞"
    text = str(Decimal(abs(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return f"−{text}" if value < 0 and float(text) else text


def grouped(value: float) -> str:
    r"""A whole number with thin spaces between thousands.

    >>> grouped(12345).split("\u2009")
    ['12', '345']
    """
    return f"{math.floor(value + 0.5):,}".replace(",", "\u2009")


def literal(text: str) -> str:
    """`text` for matplotlib, which would typeset what stands between two dollar signs."""
    return text.replace("$", r"\$")


def with_unit(metric: str, unit: str) -> str:
    """What stands at an axis: the metric, and its unit where the metric's own words do not say it already.

    >>> with_unit("test accuracy", "%"), with_unit("epochs until 60 % are right", "epochs")
    ('test accuracy (%)', 'epochs until 60 % are right')
    """
    said = f" {unit} " in f" {metric} " if unit != "%" else metric.endswith(("in %", "(%)"))
    return metric if said or not unit else f"{metric} ({unit})"
