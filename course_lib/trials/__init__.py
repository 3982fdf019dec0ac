"""Claims, repeated over seeds, and what came out.

An *experiment* has variants and keeps its runs in `evidence/`. A *trial* is a claim about two of them, and its
verdict is computed. The experiments and trials of a lesson stand in `lesson_NN.py`.
"""

from .evidence import Measurement, Summary, digest, runs
from .registry import all_experiments, all_trials, find, get, outcome, summary, verdicts
from .trial import Experiment, Outcome, Trial, Variant
from .verdict import Verdict, conclude, judge

__all__ = [
    "Experiment", "Measurement", "Outcome", "Summary", "Trial", "Variant", "Verdict", "all_experiments",
    "all_trials", "conclude", "digest", "find", "get", "judge", "outcome", "runs", "summary", "verdicts",
]  # fmt: skip
