"""A trial: a claim in words about two variants, and what repeated runs say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np

from . import evidence, running
from .evidence import Measurement, Summary
from .verdict import Says, Verdict, judge

Run = Callable[[str, int], float | Mapping[str, object]]
"""run(variant, seed) → the metric, or a mapping with `value` and what else is known of the run (`running.Task`)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """Variants, the function that runs one of them, and the file that keeps the runs. Trials share its runs.

    Attributes:
        name: of the file, `evidence/<name>.jsonl`.
        variants: name → settings: all that decides a run besides the seed. With other settings it is another run.
        run: `run(variant, seed)`. Defined at the top level of a module, so that other processes can call it.
        metric: what `run` gives, such as "test accuracy".
        unit: "%" for shares of 0–1, whose differences are told in points; otherwise the metric's own unit.
        lower_is_better: True for errors, losses and seconds.
        quick: as `run`, small enough for ten seconds on a laptop; None where `run` is.
        seeds: how many are wanted.
    """

    name: str
    variants: Mapping[str, Mapping[str, object]]
    run: Run
    metric: str = "test accuracy"
    unit: str = "%"
    lower_is_better: bool = False
    quick: Run | None = None
    seeds: int = 5

    def __post_init__(self) -> None:
        _check_name("Experiment", self.name)

    def __getitem__(self, name: str) -> Variant:
        if name not in self.variants:
            raise ValueError(f"{self.name} has no variant {name!r}. It has: {'; '.join(self.variants)}.")
        return Variant(self, name)

    def fill(self, *, seeds: int | None = None, jobs: int = 1, scheduler: str = "", folder: Path | None = None) -> None:
        """Run what is missing, as `Trial.fill` does, for all variants."""
        every = [self[name] for name in self.variants]
        running.fill(every, seeds or self.seeds, jobs=jobs, scheduler=scheduler, folder=folder)

    def summary(self, folder: Path | None = None) -> dict[str, Summary]:
        """What is known of each variant with the settings that it has today; variants without runs are left out."""
        stored = {name: self[name].stored(folder) for name in self.variants}
        return {name: evidence.summarise(name, runs.values(), self.unit) for name, runs in stored.items() if runs}

    def small(self) -> Experiment:
        """The same variants on the small scale of `quick`."""
        settings = {name: {**settings, "scale": "small"} for name, settings in self.variants.items()}
        return replace(self, run=self.quick, variants=settings) if self.quick else self

    def show(self, value: float) -> str:
        """`value` with its unit: "97.1 %"."""
        return f"{100 * value:.1f} %" if self.unit == "%" else f"{value:.3g} {self.unit}"

    def show_difference(self, value: float) -> str:
        """A difference with its unit: "+3.1 points"."""
        return f"{100 * value:+.1f} points" if self.unit == "%" else f"{value:+.3g} {self.unit}"

    def show_size(self, value: float) -> str:
        """The size of a difference with its unit: "1 point"."""
        shown, unit = (100 * value, "points") if self.unit == "%" else (value, self.unit)
        return f"{shown:g} {unit.removesuffix('s') if shown == 1 and len(unit) > 2 else unit}"


@dataclass(frozen=True)
class Variant:
    """One way of doing it: a variant of an experiment. `experiment["its name"]` makes one."""

    experiment: Experiment
    name: str

    @property
    def settings(self) -> str:
        """The digest of all that decides its runs besides the seed."""
        return evidence.digest(**self.experiment.variants[self.name])

    def stored(self, folder: Path | None = None) -> dict[int, Measurement]:
        """seed → run with today's settings, by rising seed; runs with others are history."""
        today = self.settings
        mine = [
            run
            for run in evidence.runs(self.experiment.name, folder)
            if (run.variant, run.settings) == (self.name, today)
        ]
        return {run.seed: run for run in sorted(mine, key=lambda run: run.seed)}

    def task(self, seed: int) -> running.Task:
        """The run of this variant with `seed`, to be done."""
        experiment = self.experiment
        return running.Task(experiment.name, self.name, seed, self.settings, experiment.run)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A claim about two variants, to be settled by runs over seeds.

    Attributes:
        name: what `course trials run` calls it.
        claim: the piece of advice, as people say it.
        variant, baseline: what the claim speaks of, and what that is compared with; paired by seed.
        says: what the claim says of the variant: that it is "better" than the baseline, or "no better".
        smallest_effect: the smallest difference that anyone would care about, in the metric's unit (0.01 is a point).
        seeds: how many are wanted; chosen before the first run, not until the verdict pleases.
        lesson: the lesson that tries it, as its file is called.

    Example:
        >>> def run(variant, seed):
        ...     return 0.7 + seed * 7 % 5 / 1000 if variant == "plain" else 0.74 + seed / 1000
        >>> kernels = Experiment(name="kernels", variants={"plain": {"k": 3}, "wide": {"k": 5}}, run=run)
        >>> wide = Trial(name="wide_kernels", claim="Wide kernels help.", variant=kernels["wide"],
        ...              baseline=kernels["plain"], smallest_effect=0.01)
        >>> with TemporaryDirectory() as folder:
        ...     wide.fill(folder=Path(folder)).verdict.word
        'supported'
    """

    name: str
    claim: str
    variant: Variant
    baseline: Variant
    says: Says = "better"
    smallest_effect: float
    seeds: int = 5
    lesson: str = ""

    def __post_init__(self) -> None:
        _check_name("Trial", self.name)
        if self.says not in get_args(Says):
            raise ValueError(f"Trial {self.name} got says={self.says!r}; it wants one of {get_args(Says)}.")
        if self.variant.name == self.baseline.name:
            raise ValueError(f"Trial {self.name} compares {self.variant.name!r} with itself; it wants two variants.")

    @property
    def variants(self) -> tuple[Variant, Variant]:
        return self.variant, self.baseline

    def fill(
        self, *, seeds: int | None = None, jobs: int = 1, scheduler: str = "", folder: Path | None = None
    ) -> Outcome:
        """Run what is missing, keep each run at once, and say what came out.

        Args:
            seeds: 0 to `seeds` − 1; None takes as many as the trial wants.
            jobs: processes on this machine, which share its cores.
            scheduler: address of a Dask cluster, tcp://…, whose workers run instead.
            folder: where the runs are kept; None is the course's own evidence.
        """
        running.fill(self.variants, seeds or self.seeds, jobs=jobs, scheduler=scheduler, folder=folder)
        return self.outcome(folder)

    def outcome(self, folder: Path | None = None) -> Outcome:
        """What the stored runs say: of the seeds that both variants have been run with, on pictures of one source."""
        mine, other = (variant.stored(folder) for variant in self.variants)
        both = [(mine[seed], other[seed]) for seed in mine if seed in other]
        return Outcome(self, tuple(pair for pair in both if pair[0].source == pair[1].source))

    def rerun(self, *, seeds: int = 2, jobs: int = 1) -> Outcome:
        """Run it anew on a small scale, a minute on a laptop; nothing is kept, and the evidence stays as it is."""
        small = [replace(variant, experiment=variant.experiment.small()) for variant in self.variants]
        trial = replace(self, variant=small[0], baseline=small[1])
        with TemporaryDirectory() as folder:
            found = trial.fill(seeds=seeds, jobs=jobs, folder=Path(folder))
        return replace(found, small=True)


@dataclass(frozen=True)
class Outcome:
    """What the runs of a trial say: `print` gives the table of a lesson.

    Attributes:
        trial: the claim.
        pairs: (run of the variant, run of the baseline) for each seed, by rising seed.
        small: True for a rerun on a small scale, whose numbers are not those of the stored runs.
    """

    trial: Trial
    pairs: tuple[tuple[Measurement, Measurement], ...]
    small: bool = False

    @property
    def experiment(self) -> Experiment:
        """Whose metric and unit the numbers have."""
        return self.trial.variant.experiment

    @property
    def differences(self) -> np.ndarray:
        """float64 [n], by rising seed: above zero the variant did better than its baseline."""
        sign = -1 if self.experiment.lower_is_better else 1
        return np.array([sign * (mine.value - other.value) for mine, other in self.pairs])

    @cached_property
    def verdict(self) -> Verdict:
        return judge(self.differences, self.trial.smallest_effect, says=self.trial.says)

    @property
    def summaries(self) -> dict[str, Summary]:
        """Both variants over the seeds that they share; empty without any."""
        names, unit = [variant.name for variant in self.trial.variants], self.experiment.unit
        sides = zip(*self.pairs, strict=True)
        return {name: evidence.summarise(name, runs, unit) for name, runs in zip(names, sides, strict=False)}

    @property
    def hardware(self) -> str:
        """What the runs were made on: "CPU, 2 threads"."""
        return " and ".join(sorted({run.device for pair in self.pairs for run in pair})) or "nothing yet"

    @property
    def effect(self) -> str:
        """The mean difference and its interval: "+3.2 points, interval +2.9 to +3.8"."""
        found, show = self.verdict, self.experiment.show_difference
        if not found.n:
            return "not measured yet"
        if np.isinf([found.low, found.high]).any():
            return f"{show(found.effect)}, no interval"
        low = show(found.low).rpartition(" ")[0]  # the unit stands behind the second one
        return f"{show(found.effect)}, interval {low} to {show(found.high)}"

    @property
    def finding(self) -> str:
        """The verdict and its reason: "refuted: better, by more than what matters (1 point)"."""
        matters = self.experiment.show_size(self.trial.smallest_effect)
        return f"{self.verdict.word}: {self.verdict.because.replace('matters', f'matters ({matters})')}"

    @property
    def base(self) -> str:
        """What the numbers rest on: "5 seeds, n = 2,700 each, real"."""
        if not self.pairs:
            return "no seeds"
        sizes = sorted({run.n for pair in self.pairs for run in pair} - {0})
        counted = f", n = {' or '.join(f'{n:,}' for n in sizes)} each" if sizes else ""
        sources = " and ".join(sorted({run.source for pair in self.pairs for run in pair}))
        return f"{len(self.pairs)} seeds{counted}, {sources}"

    @property
    def command(self) -> str:
        """What repeats it in a shell, all of it: the runs of a folder of one's own are not there yet."""
        return f"course trials run {self.trial.name} --seeds {max(self.trial.seeds, len(self.pairs))} --into mine"

    def __str__(self) -> str:
        width = max(len(variant.name) for variant in self.trial.variants)
        show = self.experiment.show
        again = (
            "a small rerun: its numbers are not those of the stored runs" if self.small else f"again: {self.command}"
        )
        rows = [
            f"{name:{width}}  {show(s.mean)} ± {show(s.sd)}   ({show(s.low)} to {show(s.high)})"
            for name, s in self.summaries.items()
        ]
        difference = f"{'difference':{width}}  {self.effect}"
        base = f"{self.base}; on {self.hardware}"
        return "\n    ".join([self.trial.claim, *rows, difference, self.finding, base, again])


def _check_name(kind: str, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"{kind} got name={name!r}; it wants lower-case letters, digits and _, as in wide_kernels.")
