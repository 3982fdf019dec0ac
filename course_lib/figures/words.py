"""Numbers and names as the figures write them; `shared.js` writes them in the same way."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from textwrap import fill, wrap


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


def balanced(text: str, width: int) -> str:
    r"""`text` in as few lines of at most `width` letters as its words allow, and those about equally long.

    >>> balanced("3×3, strides first, as deep", 26)
    '3×3, strides\nfirst, as deep'
    """
    lines = len(wrap(text, width))
    return next((fill(text, w) for w in range(1, width) if _fits(text, w, lines)), fill(text, width))


def _fits(text: str, width: int, lines: int) -> bool:
    """Whether `text` takes no more than `lines` lines of `width` letters, with no word broken."""
    return max(map(len, text.split()), default=0) <= width and len(wrap(text, width)) <= lines


def with_spread(mean: float, sd: float) -> str:
    """Mean ± standard deviation, both to the same decimal: the one at which the deviation begins.

    >>> with_spread(39.354, 0.038), with_spread(5.8, 3), with_spread(66.7, 13)
    ('39.35 ± 0.04', '5.8 ± 3.0', '66.7 ± 13.0')
    """
    if not sd:
        return f"{mean:.3g} ± 0"
    begins = math.floor(math.log10(sd))
    digits = -begins if begins < 0 else int(abs(mean) < 100)
    return f"{mean:.{digits}f} ± {sd:.{digits}f}"
