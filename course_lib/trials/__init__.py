"""Claims, repeated over seeds, and what came out."""

from .evidence import Measurement, Summary, digest, measure, runs, summary
from .verdict import conclude

__all__ = ["Measurement", "Summary", "conclude", "digest", "measure", "runs", "summary"]
