"""Claims, repeated over seeds, and what came out."""

from .evidence import Measurement, Summary, digest, measure, runs, summary

__all__ = ["Measurement", "Summary", "digest", "measure", "runs", "summary"]
