"""What differences over seeds allow to be said, and what they do not.

Variants are compared seed by seed: the same seed means the same split and the same start, so that what makes a
split easy falls out of the difference. Of the differences' mean an interval is drawn, and the verdict is read off
where it lies: zero in the middle, and to both sides the smallest effect that anyone would care about.

How wide must that interval be? 10,000 simulated trials without any effect, and the share of them whose 95 %
interval missed zero. It should be at most 5 % (`python -m tests.study.simulate`):

    differences    n   percentile     BCa   Student's t   bootstrap-t   as here
    normal         5       15.9 %  16.2 %         4.8 %         5.2 %     2.4 %
                  10        9.9 %  10.0 %         4.8 %         4.8 %     2.5 %
                  20        7.3 %   7.4 %         5.1 %         5.2 %     2.6 %
    heavy tails    5       17.1 %  18.9 %         3.9 %         5.1 %     2.0 %
                  10       11.0 %  13.7 %         4.3 %         7.4 %     2.9 %
                  20        8.3 %  11.4 %         4.5 %         7.6 %     3.3 %
    skewed         5       18.9 %  17.9 %         8.8 %         6.5 %     4.1 %
                  10       11.7 %  10.9 %         7.0 %         5.6 %     2.9 %
                  20        8.4 %   8.0 %         6.5 %         5.2 %     2.7 %
    exponential    5       21.1 %  19.7 %        11.5 %         6.7 %     5.0 %
                  10       14.2 %  12.6 %        10.4 %         6.3 %     3.8 %
                  20        8.7 %   7.9 %         7.4 %         4.7 %     2.4 %

The plain bootstrap (percentile, BCa) fails, and must: it never leaves the range of its data, and five symmetric
differences all lie on one side of zero once in sixteen times. Student's t fails where differences are skewed, the
bootstrap-t (Efron: The jackknife, the bootstrap and other resampling plans, 1982; Hall: Theoretical comparison of
bootstrap confidence intervals, 1988) where they have heavy tails. So `interval` is the wider of the two; and as
that still let 6 % of the exponential's through, its bootstrap-t is drawn at 97.5 %.

What that costs is power. Where the true effect is what matters and 1.5 standard deviations of a difference more,
five seeds support the claim 44 times in 100, ten seeds 91 times. Where there is no effect and what matters is 2
standard deviations, five seeds say so 34 times in 100, ten 97 times (normal differences).

Where each seed splits one set of pictures anew, seeds are not independent: two of them share pictures, and what is
easy about those is counted twice. If two tests share the share ρ of their pictures, so do their errors at most, and
the variance of the mean is s² (1/n + ρ / (1 − ρ)) instead of s² / n (Nadeau and Bengio: Inference for the
generalization error, 2003, whose n_test / n_train is ρ / (1 − ρ) where train and test are all that there is). Tests of
1,000 of EuroSAT's 27,000 pictures make the interval of ten seeds 18 % wider, tests of 2,700 make it 45 % wider.

A bootstrap is drawn, and another draw has other ends. `Verdict.error` says how far they are off (one standard error,
from the order statistics of the resamples); a verdict that three of them would change is undecided.

No interval knows of what no seed has shown. If one training in ten ruins the network, ten seeds miss that one time
in three. And the rates hold for seeds that were chosen beforehand: who adds seeds until the verdict pleases will
get it, whether there is an effect or not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

LEVEL, BOOTSTRAP_LEVEL = 0.95, 0.975
RESAMPLES = 19_999
MIN_SEEDS = 5
"""With fewer, the bootstrap-t has no bounds to give: resamples without any spread reach into its tails."""

Word = Literal["supported", "refuted", "no difference that matters", "undecided"]
Says = Literal["better", "no better"]


@dataclass(frozen=True)
class Verdict:
    """What was found of a claim.

    Attributes:
        word: "supported", "refuted", "no difference that matters" or "undecided".
        because: where the interval lies, in words.
        effect: mean of the paired differences, in the metric's unit; above zero the claim's variant is better.
        low, high: interval of `effect`, at least 95 %; infinite where there are too few seeds for one.
        n: seeds, one difference each.
        error: standard error of `low` and `high` themselves, the larger: how far another bootstrap would move them.
    """

    word: Word
    because: str
    effect: float
    low: float
    high: float
    n: int
    error: float = 0.0


def judge(differences: ArrayLike, smallest_effect: float, *, says: Says = "better", overlap: float = 0.0) -> Verdict:
    """The verdict on a claim from paired `differences` [n], claim's variant less its baseline, higher is better.

    Let δ be `smallest_effect`. A claim that the variant is *better* is

    - supported: the whole interval lies above +δ. An interval above zero that reaches below δ is not enough: the
      variant is better then, but perhaps by a trifle.
    - no difference that matters: the whole interval lies between −δ and +δ (two one-sided tests, Schuirmann, 1987;
      with a 95 % interval, stricter than the usual 90 %).
    - refuted: the whole interval lies below −δ. Supported and refuted ask for the same, on either side.
    - undecided: anything else, and any trial of fewer than five seeds.

    A claim that the variant is *no better* speaks of one side only: supported where the whole interval lies below
    +δ, refuted where it lies above, undecided where δ is within it.

    `overlap` is the share of the pictures (0 to below 1) that the tests of two seeds have in common, on average; the
    module says what follows from it.

    Raises:
        ValueError: a difference is not a finite number, `smallest_effect` is negative, or `overlap` is no share.

    >>> judge([0.031, 0.035, 0.029, 0.033, 0.030], 0.01).word
    'supported'
    >>> judge([0.031, 0.035, 0.029, 0.033, 0.030], 0.01, says="no better").word
    'refuted'
    >>> judge([0.031, 0.035, 0.029], 0.01).because
    'too few seeds: 3 of at least 5'
    """
    d = _checked(differences, smallest_effect, overlap)
    low, high, *errors = _kept(tuple(d.tolist()), overlap) if len(d) else (-np.inf, np.inf, 0.0, 0.0)
    moved = product(*((end - 3 * error, end, end + 3 * error) for end, error in zip((low, high), errors, strict=True)))
    # What other draws of the bootstrap would say.
    words = {_word(lower, upper, smallest_effect, says) for lower, upper in moved}
    word = words.pop() if len(words) == 1 else "undecided"
    because = _too_little(d) or _reason(word, low, high, smallest_effect)
    return Verdict(word, because, float(d.mean()) if len(d) else np.nan, low, high, len(d), max(errors))


def _word(low: float, high: float, smallest_effect: float, says: Says) -> Word:
    if says == "better":
        return place(low, high, smallest_effect)
    if high < smallest_effect:
        return "supported"
    return "refuted" if low > smallest_effect else "undecided"


def _reason(word: Word, low: float, high: float, smallest_effect: float) -> str:
    """Where the interval lies, in words."""
    where = place(low, high, smallest_effect), int(low > 0) - int(high < 0)
    if word == "undecided" and where[0] != "undecided":
        return "an end of the interval lies within the bootstrap's own error of what matters"
    if word == "supported" and where == ("undecided", 0):
        return "not better by what matters, perhaps worse"
    return _WHERE[where]


_WHERE: dict[tuple[Word, int], str] = {
    ("supported", 1): "better, by more than what matters",
    ("no difference that matters", 1): "better, by less than what matters",
    ("no difference that matters", 0): "no difference that matters",
    ("no difference that matters", -1): "worse, by less than what matters",
    ("refuted", -1): "worse, by more than what matters",
    ("undecided", 1): "better, but perhaps by less than what matters",
    ("undecided", 0): "differences that matter and others that do not are both in the interval",
    ("undecided", -1): "worse, but perhaps by less than what matters",
}


def place(low: float, high: float, smallest_effect: float) -> Word:
    """The verdict on "better" from where its interval lies; `judge` has the rule in words.

    >>> place(0.02, 0.04, 0.01), place(0.005, 0.04, 0.01), place(-0.005, 0.004, 0.01), place(-0.04, -0.02, 0.01)
    ('supported', 'undecided', 'no difference that matters', 'refuted')
    """
    if low > smallest_effect:
        return "supported"
    if -smallest_effect < low and high < smallest_effect:
        return "no difference that matters"
    return "refuted" if high < -smallest_effect else "undecided"


@lru_cache(maxsize=1024)  # a ledger asks for the same intervals as each lesson
def _kept(differences: tuple[float, ...], overlap: float) -> tuple[float, float, float, float]:
    low, high, low_error, high_error = map(float, _ends(np.array(differences), overlap, RESAMPLES))
    return low, high, low_error, high_error


def interval(
    differences: ArrayLike, *, overlap: float = 0.0, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high), each [...]: interval of the mean of `differences` [..., n], over the last axis.

    The wider, on each side, of Student's t and the bootstrap-t; the module says why, and what `overlap` does.
    Infinite where n is below `MIN_SEEDS`, or where the differences do not vary: then nothing is known of how much
    they would.

    >>> low, high = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> bool(low < 1.04 and high > 4.96)                # Student's t alone: 1.04 to 4.96
    True
    """
    low, high, *_ = _ends(np.asarray(differences, dtype=float), overlap, resamples)
    return low, high


def _ends(d: np.ndarray, overlap: float, resamples: int) -> tuple[np.ndarray, ...]:
    """(low, high, error of low, error of high), each [...]; the errors are those of the bootstrap."""
    from scipy import stats

    n, mean, still = d.shape[-1], d.mean(axis=-1), _still(d)
    if n < MIN_SEEDS:
        return np.full_like(mean, -np.inf), np.full_like(mean, np.inf), np.zeros_like(mean), np.zeros_like(mean)
    spread = np.where(still, 1, d.std(axis=-1, ddof=1))
    # The seed is fixed: the same evidence gives the same verdict, on every machine and every day.
    drawn = stats.bootstrap(
        ((d - mean[..., None]) / spread[..., None],), _t, axis=-1, n_resamples=resamples, batch=100,
        confidence_level=BOOTSTRAP_LEVEL, method="percentile", rng=np.random.default_rng(0),
    ).bootstrap_distribution  # fmt: skip
    student = stats.t.ppf((1 + LEVEL) / 2, n - 1)
    error = spread * _shrink(n, overlap)
    low, low_error = _beyond(drawn, student)
    high, high_error = _beyond(-drawn, student)
    wild = np.where(still, 0, 1e6 * spread)  # resamples without any spread have reached into the tail
    low, high = mean - low * error, mean + high * error
    low, high = np.where(mean - low > wild, -np.inf, low), np.where(high - mean > wild, np.inf, high)
    return low, high, np.where(np.isinf(low), 0, low_error * error), np.where(np.isinf(high), 0, high_error * error)


def _shrink(n: int, overlap: float) -> float:
    """What the standard deviation of `n` differences is multiplied with to give the standard error of their mean."""
    return math.sqrt(1 / n + overlap / (1 - overlap))


def _beyond(drawn: np.ndarray, student: float) -> tuple[np.ndarray, np.ndarray]:
    """(how many standard errors an end lies from the mean, the error of that) from `drawn` [..., resamples]."""
    share, resamples = (1 + BOOTSTRAP_LEVEL) / 2, drawn.shape[-1]
    off = np.sqrt(share * (1 - share) / resamples)  # of a rank, as a share
    less, at, more = np.quantile(drawn, [share - off, share, share + off], axis=-1)
    return np.maximum(at, student), np.where(at > student, (more - less) / 2, 0.0)


def no_effect(differences: ArrayLike, *, overlap: float = 0.0) -> float:
    """The p-value, two-sided, of a mean of zero by Student's t; NaN below `MIN_SEEDS`, or where nothing varies.

    >>> round(no_effect([1.0, 2.0, 3.0, 4.0, 5.0]), 3), round(no_effect([1.0, -1.0, 2.0, -2.0, 0.0]), 3)
    (0.013, 1.0)
    """
    from scipy import stats

    d = np.asarray(differences, dtype=float)
    if len(d) < MIN_SEEDS or _still(d):
        return np.nan
    error = d.std(ddof=1) * _shrink(len(d), overlap)
    return float(2 * stats.t.sf(abs(d.mean()) / error, len(d) - 1))


def _t(z: np.ndarray, axis: int = -1) -> np.ndarray:
    """The t statistic of `z` [..., n], of spread 1; a resample of one value over and over gives a huge one, or 0."""
    error = z.std(axis=axis, ddof=1) / np.sqrt(z.shape[axis])
    return z.mean(axis=axis) / np.maximum(error, 1e-9)


def _still(d: np.ndarray) -> np.ndarray:
    """True where the differences [..., n] are all the same but for rounding."""
    return np.ptp(d, axis=-1) <= 1e-12 + 1e-9 * np.abs(d).max(axis=-1)


def _too_little(d: np.ndarray) -> str:
    if len(d) < MIN_SEEDS:
        return f"too few seeds: {len(d)} of at least {MIN_SEEDS}"
    if _still(d):
        return "all differences are the same: do the runs use their seeds, or is the metric at its limit?"
    return ""


def _checked(differences: ArrayLike, smallest_effect: float, overlap: float) -> np.ndarray:
    d = np.asarray(differences, dtype=float).ravel()
    if not np.isfinite(d).all():
        raise ValueError(
            f"judge got the differences {d.tolist()}; it wants finite numbers. "
            "Give a run that diverged the value of guessing."
        )
    if not smallest_effect >= 0:
        raise ValueError(f"judge got smallest_effect={smallest_effect}; it wants 0 or more, in the metric's unit.")
    if not 0 <= overlap < 1:
        raise ValueError(f"judge got overlap={overlap}; it wants the share of shared pictures, 0 to below 1.")
    return d


def conclude(claim: str, holds: bool) -> None:
    """Print `claim` with "Holds" or "Does not hold" before it: the line that a lesson's tests compare.

    `claim` names the margin ("by more than 5 points"), wide enough for every machine, and no measured number.
    """
    print(f"{'Holds' if holds else 'Does not hold'}: {claim}")
