"""A trial: a claim in words about two variants, and what repeated runs say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np

from . import evidence, running
from .evidence import Measurement, Summary
from .running import Run
from .verdict import Says, Verdict, judge, no_effect

_WORDS = {
    **dict.fromkeys(("ms", "s", "seconds", "minutes"), ("faster", "slower")),
    **dict.fromkeys(("epochs", "steps"), ("sooner", "later")),
    "a minute": ("fewer", "more"),
}


@dataclass(frozen=True)
class Metric:
    """What a run measures.

    Attributes:
        unit: "%" for shares of 0–1, whose differences are told in points; otherwise the metric's own unit.
        lower_is_better: True for errors, losses and seconds.
    """

    unit: str = "%"
    lower_is_better: bool = False

    def show(self, value: float) -> str:
        """`value` with its unit: "97.1 %"."""
        return f"{100 * value:.1f} %" if self.unit == "%" else f"{value:.3g} {self.unit}"

    @property
    def words(self) -> tuple[str, str]:
        """How the better and the worse of two are called where less is better: ("faster", "slower")."""
        return _WORDS.get(self.unit, ("lower", "higher"))

    def show_difference(self, value: float) -> str:
        """A difference with its unit, above zero where the variant is better: "+3.1 points".

        Where less is better a sign would be read the wrong way round: it is said in words, "12.3 ms slower".
        """
        if self.lower_is_better:
            return f"{self._size(value)} {self.words[value < 0]}"
        return f"{100 * value:+.1f} points" if self.unit == "%" else f"{value:+.3g} {self.unit}"

    def show_interval(self, low: float, high: float) -> str:
        """From one difference to another: "+2.9 to +3.8 points", "12.2 to 12.4 ms slower"."""
        if self.lower_is_better and low * high > 0:  # one word for both, the smaller one first
            near, far = sorted((low, high), key=abs)
            return f"{self._size(near).partition(' ')[0]} to {self.show_difference(far)}"
        first = self.show_difference(low)
        return f"{first if self.lower_is_better else first.partition(' ')[0]} to {self.show_difference(high)}"

    def _size(self, value: float) -> str:
        """How large a difference is, without its sign: "12.3 ms"."""
        if self.unit == "%":
            return f"{100 * abs(value):.1f} points"
        shown = f"{abs(value):.3g}"
        return f"{shown} {self._one if shown == '1' else self.unit}"

    @property
    def _one(self) -> str:
        """The unit of a single one: "epoch", but "ms"."""
        return self.unit.removesuffix("s") if len(self.unit) > 2 else self.unit

    def show_size(self, value: float) -> str:
        """The size of a difference with its unit: "1 point"."""
        shown, unit = (100 * value, "points") if self.unit == "%" else (value, self.unit)
        return f"{shown:g} {Metric(unit)._one if shown == 1 else unit}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """Variants, the function that runs one of them, and the file that keeps the runs. Trials share its runs.

    Attributes:
        name: of the file, `evidence/<name>.jsonl`.
        variants: name → settings: all that decides a run besides the seed. With other settings it is another run.
            The name is for people; nothing is read out of it.
        run: `run(settings, seed)` gives all metrics at once. Defined at the top level of a module, so that other
            processes can call it. It reads each setting, and no number from elsewhere that would change its result.
        metrics: name → `Metric`, such as "test accuracy"; the first is the one that is meant where none is named.
        quick: settings that replace those of a variant, for a rerun of ten seconds on a laptop.
        seeds: how many are wanted.
        shared: True where variants share work, such as a training, that is done once for all of them.
        pool: of how many pictures each seed draws its test; 0 where each seed's pictures are generated anew.

    Raises:
        ValueError: a name that is no file name, no variants, no metrics, or `quick` names what no setting is called.
    """

    name: str
    variants: Mapping[str, Mapping[str, object]]
    run: Run
    metrics: Mapping[str, Metric]
    quick: Mapping[str, object] | None = None
    seeds: int = 5
    shared: bool = False
    pool: int = 0

    def __post_init__(self) -> None:
        _check_name("Experiment", self.name)
        if not self.variants or not self.metrics:
            raise ValueError(f"Experiment {self.name} got no variants or no metrics; it wants one of each or more.")
        for variant, settings in self.variants.items():
            if strange := set(self.quick or ()) - set(settings):
                raise ValueError(
                    f"Experiment {self.name}: quick replaces {', '.join(sorted(strange))}, and {variant!r} has no such "
                    f"setting. It has: {', '.join(settings)}."
                )

    def __getitem__(self, name: str) -> Variant:
        if name not in self.variants:
            raise ValueError(f"{self.name} has no variant {name!r}. It has: {'; '.join(self.variants)}.")
        return Variant(self, name)

    def metric(self, name: str = "") -> tuple[str, Metric]:
        """(name, metric); the first where `name` is empty. ValueError where there is none of that name."""
        name = name or next(iter(self.metrics))
        if name not in self.metrics:
            raise ValueError(f"{self.name} has no metric {name!r}. It has: {', '.join(self.metrics)}.")
        return name, self.metrics[name]

    def fill(self, *, seeds: int | None = None, jobs: int = 1, scheduler: str = "", folder: Path | None = None) -> None:
        """Run what is missing, as `Trial.fill` does, for all variants."""
        every = [self[name] for name in self.variants]
        wanted = self.seeds if seeds is None else seeds
        running.fill(every, wanted, jobs=jobs, scheduler=scheduler, folder=folder)

    def summary(self, metric: str = "", *, folder: Path | None = None) -> dict[str, Summary]:
        """What is known of each variant with the settings that it has today; variants without runs are left out."""
        name, measure = self.metric(metric)
        stored = {variant: self[variant].stored(folder) for variant in self.variants}
        return {
            variant: evidence.summarise(variant, runs.values(), name, unit=measure.unit)
            for variant, runs in stored.items()
            if runs
        }

    def small(self) -> Experiment:
        """The same variants on the small scale of `quick`."""
        if self.quick is None:
            return self
        return replace(self, variants={name: {**settings, **self.quick} for name, settings in self.variants.items()})


@dataclass(frozen=True)
class Variant:
    """One way of doing it: a variant of an experiment. `experiment["its name"]` makes one."""

    experiment: Experiment
    name: str

    @property
    def settings(self) -> Mapping[str, object]:
        """All that decides its runs besides the seed."""
        return self.experiment.variants[self.name]

    @property
    def digest(self) -> str:
        """Of its settings: runs that have it were done with what is asked for today."""
        return evidence.digest(self.settings)

    def stored(self, folder: Path | None = None) -> dict[int, Measurement]:
        """seed → run with today's settings, by rising seed; runs with others are history."""
        today = self.digest
        own = [
            run
            for run in evidence.runs(self.experiment.name, folder)
            if (run.variant, run.settings) == (self.name, today)
        ]
        return {run.seed: run for run in sorted(own, key=lambda run: run.seed)}

    def task(self, seed: int) -> running.Task:
        """The run of this variant with `seed`, to be done."""
        made = self.experiment
        return running.Task(made.name, self.name, self.settings, seed, made.run, tuple(made.metrics), made.shared)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A claim about two variants, to be settled by runs over seeds.

    Attributes:
        name: what `course trials run` calls it.
        claim: the piece of advice, as people say it.
        variant, baseline: what the claim speaks of, and what that is compared with; paired by seed.
        metric: the one that is judged, of both experiments; "" is the first of the variant's experiment.
        says: what the claim says of the variant: that it is "better" than the baseline, or "no better".
        smallest_effect: the smallest difference that anyone would care about, in the metric's unit (0.01 is a point).
        seeds: how many are wanted; chosen before the first run, not until the verdict pleases.
        lesson: the lesson that tries it, as its file is called.

    Example:
        >>> def run(settings, seed):
        ...     return {"accuracy": 0.7 + (seed * 7 % 5 if settings["k"] == 3 else 40 + seed) / 1000}
        >>> kernels = Experiment(name="kernels", variants={"plain": {"k": 3}, "wide": {"k": 5}}, run=run,
        ...                      metrics={"accuracy": Metric()})
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
    metric: str = ""
    says: Says = "better"
    smallest_effect: float
    seeds: int = 5
    lesson: str = ""

    def __post_init__(self) -> None:
        _check_name("Trial", self.name)
        if self.says not in get_args(Says):
            raise ValueError(f"Trial {self.name} got says={self.says!r}; it wants one of {get_args(Says)}.")
        if len({(side.experiment.name, side.name) for side in self.variants}) < 2:
            raise ValueError(f"Trial {self.name} compares {self.variant.name!r} with itself; it wants two variants.")
        name, measure = self.variant.experiment.metric(self.metric)
        if self.baseline.experiment.metric(name)[1] != measure:
            raise ValueError(f"Trial {self.name}: {name!r} has another unit in {self.baseline.experiment.name}.")
        object.__setattr__(self, "metric", name)

    @property
    def measure(self) -> Metric:
        """Unit and direction of what is judged."""
        return self.variant.experiment.metrics[self.metric]

    @property
    def variants(self) -> tuple[Variant, Variant]:
        """What the claim is about, and what it is compared with."""
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
        wanted = self.seeds if seeds is None else seeds
        running.fill(self.variants, wanted, jobs=jobs, scheduler=scheduler, folder=folder)
        return self.outcome(folder)

    def outcome(self, folder: Path | None = None) -> Outcome:
        """What the stored runs say: of the seeds that both variants have been run with, on pictures of one source."""
        own, other = (variant.stored(folder) for variant in self.variants)
        both = [(own[seed], other[seed]) for seed in own if seed in other]
        return Outcome(self, tuple(pair for pair in both if pair[0].source == pair[1].source))

    def rerun(self, *, seeds: int = 2, jobs: int = 1) -> Outcome:
        """Run it anew on a small scale, a minute on a laptop; nothing is kept, and the evidence stays as it is."""
        small = [replace(variant, experiment=variant.experiment.small()) for variant in self.variants]
        trial = replace(self, variant=small[0], baseline=small[1])
        with TemporaryDirectory() as folder:
            outcome = trial.fill(seeds=seeds, jobs=jobs, folder=Path(folder))
        return replace(outcome, small=True)


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
    def values(self) -> list[tuple[float, float]]:
        """(the variant's, the baseline's) metric for each seed, by rising seed."""
        metric = self.trial.metric
        return [(own.metrics[metric], other.metrics[metric]) for own, other in self.pairs]

    @property
    def differences(self) -> np.ndarray:
        """float64 [n], by rising seed: above zero the variant did better than its baseline."""
        sign = -1 if self.trial.measure.lower_is_better else 1
        return np.array([sign * (own - other) for own, other in self.values])

    @cached_property
    def verdict(self) -> Verdict:
        """What the differences say of the claim."""
        return judge(self.differences, self.trial.smallest_effect, says=self.trial.says, overlap=self.overlap)

    @property
    def overlap(self) -> float:
        """The share of a test's pictures that another seed's has, too: 1,000 of 27,000 are 0.037.

        0 for generated pictures, where nothing is drawn twice.
        """
        pool = self.trial.variant.experiment.pool
        tested = [run.n[self.trial.metric] for pair in self.pairs for run in pair if run.source == "real"]
        return float(np.mean(tested)) / pool if pool and tested else 0.0

    @property
    def p_value(self) -> float:
        """Of no effect at all, two-sided, by Student's t with the same overlap; NaN where there is no verdict."""
        return no_effect(self.differences, overlap=self.overlap)

    @property
    def summaries(self) -> dict[str, Summary]:
        """Both variants over the seeds that they share; empty without any."""
        metric, unit = self.trial.metric, self.trial.measure.unit
        sides = dict(zip(self.trial.variants, zip(*self.pairs, strict=True), strict=False))
        return {
            variant.name: evidence.summarise(variant.name, runs, metric, unit=unit) for variant, runs in sides.items()
        }

    @property
    def hardware(self) -> str:
        """What the runs were made on: "CPU, 2 threads"."""
        return " and ".join(sorted({run.device for pair in self.pairs for run in pair})) or "nothing yet"

    @property
    def effect(self) -> str:
        """The mean difference and its interval: "+3.2 points, interval +2.9 to +3.8"."""
        verdict, show = self.verdict, self.trial.measure.show_difference
        if not verdict.n:
            return "not measured yet"
        if np.isinf([verdict.low, verdict.high]).any():
            return f"{show(verdict.effect)}, no interval"
        return f"{show(verdict.effect)}, interval {self.trial.measure.show_interval(verdict.low, verdict.high)}"

    @property
    def finding(self) -> str:
        """The verdict and its reason: "refuted: better, by more than what matters (1 point)"."""
        matters = self.trial.measure.show_size(self.trial.smallest_effect)
        return f"{self.verdict.word}: {self.verdict.because.replace('matters', f'matters ({matters})')}"

    @property
    def base(self) -> str:
        """What the numbers rest on: "5 seeds, n = 2,700 each, real"."""
        if not self.pairs:
            return "no seeds"
        sizes = sorted({run.n[self.trial.metric] for pair in self.pairs for run in pair} - {0})
        counted = f", n = {' or '.join(f'{n:,}' for n in sizes)} each" if sizes else ""
        sources = " and ".join(sorted({run.source for pair in self.pairs for run in pair}))
        return f"{len(self.pairs)} seeds{counted}, {sources}"

    @property
    def command(self) -> str:
        """What repeats it in a shell, all of it: the runs of a folder of one's own are not there yet."""
        return f"course trials run {self.trial.name} --seeds {max(self.trial.seeds, len(self.pairs))} --into mine"

    def __str__(self) -> str:
        width = max(len(variant.name) for variant in self.trial.variants)
        show = self.trial.measure.show
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
