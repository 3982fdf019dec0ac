"""Claims, repeated over seeds, and what came out.

An *experiment* has variants, each a mapping of settings, and keeps its runs in `evidence/`. A *trial* is a claim about
two of them, and its verdict is computed.
"""

from .evidence import Measurement, Summary, digest, discard, runs
from .ledger import folded
from .registry import all_experiments, all_trials, find, get, outcome, rivals, summary, verdicts
from .settings import Result, Settings
from .tables import table
from .trial import Experiment, Metric, Outcome, Trial, Variant
from .verdict import Verdict, conclude, judge

__all__ = [
    "Experiment", "Measurement", "Metric", "Outcome", "Result", "Settings", "Summary", "Trial", "Variant", "Verdict",
    "all_experiments", "all_trials", "conclude", "digest", "discard", "find", "folded", "get", "judge", "outcome",
    "rivals", "runs", "summary", "table", "verdicts",
]  # fmt: skip
