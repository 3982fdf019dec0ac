"""A table in plain text of what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .evidence import Summary


def table(rows: Iterable[str], columns: Iterable[str], cell: Callable[[str, str], Summary]) -> str:
    """Mean ± standard deviation over seeds, a line for each of `rows`; shares in per cent.

    Args:
        rows, columns: their names, as they are printed.
        cell: (row, column) → what to show there.

    >>> accuracy = Summary("plain", mean=0.97, sd=0.01, low=0.96, high=0.98, seeds=5, n=100, seconds=1.0, device="CPU")
    >>> print(table(["plain"], ["EuroSAT"], lambda row, column: accuracy))
              EuroSAT
    plain      97 ± 1
    """
    rows, columns = list(rows), list(columns)
    width, widths = max(map(len, rows)), [max(12, len(column) + 2) for column in columns]
    lines = [" " * width + "".join(f"{column:>{w}}" for column, w in zip(columns, widths, strict=True))]
    for row in rows:
        shown = (f"{_shown(cell(row, column)):>{w}}" for column, w in zip(columns, widths, strict=True))
        lines.append(f"{row:{width}}" + "".join(shown))
    return "\n".join(lines)


def _shown(summary: Summary) -> str:
    if summary.unit == "%":
        return f"{100 * summary.mean:.0f} ± {100 * summary.sd:.0f}"
    return f"{summary.mean:.2f} ± {summary.sd:.2f}"
