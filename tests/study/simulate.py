"""How often intervals miss: simulated trials, each a few differences drawn from a distribution of mean zero.

`python -m tests.study.simulate` prints the table in `course_lib/study/verdict.py` (two minutes).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from course_lib.study import verdict

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
DIFFERENCES: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, size=shape),
    "skewed": lambda rng, shape: rng.gamma(2, size=shape) - 2,
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
}
"""Name → draws of mean zero: Student's t with 3 degrees of freedom, gamma with shape 2 (skewness 1.4), skewness 2."""


def draw(kind: str, n: int, trials: int, seed: int = 0) -> np.ndarray:
    """float64 [trials, n]: differences without an effect."""
    return DIFFERENCES[kind](np.random.default_rng([seed, n]), (trials, n))


def misses(low: np.ndarray, high: np.ndarray) -> float:
    """Share of intervals that lie beside zero."""
    return float(np.mean((low > 0) | (high < 0)))


def plain(d: np.ndarray, resamples: int, *, method: str = "percentile", statistic=np.mean) -> tuple:
    """(low, high) of scipy's bootstrap of the mean at 95 %."""
    rng = np.random.default_rng(0)
    return stats.bootstrap(
        (d,), statistic, axis=-1, n_resamples=resamples, batch=100, method=method, rng=rng
    ).confidence_interval


def student(d: np.ndarray) -> tuple:
    return stats.ttest_1samp(d, 0, axis=-1).confidence_interval(0.95)


def bootstrap_t(d: np.ndarray, resamples: int) -> tuple:
    mean, spread = d.mean(axis=-1), d.std(axis=-1, ddof=1)
    drawn = plain((d - mean[:, None]) / spread[:, None], resamples, statistic=verdict._t)
    error = spread / np.sqrt(d.shape[-1])
    return mean - drawn.high * error, mean - drawn.low * error


def main(trials: int = 10_000, resamples: int = 1_999) -> None:
    columns = {
        "percentile": lambda d: plain(d, resamples),
        "BCa": lambda d: plain(d, resamples, method="BCa"),
        "Student's t": student,
        "bootstrap-t": lambda d: bootstrap_t(d, resamples),
        "as here": lambda d: verdict.interval(d, resamples=resamples),
    }
    print(f"{'differences':>15} {'n':>3}" + "".join(f"{name:>13}" for name in columns))
    for kind in DIFFERENCES:
        for n in (5, 10, 20):
            d = draw(kind, n, trials)
            print(f"{kind:>15} {n:3}" + "".join(f"{misses(*of(d)):13.1%}" for of in columns.values()))


if __name__ == "__main__":
    main()
