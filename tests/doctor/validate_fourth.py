"""As `tests.doctor.validate`, for the fourth part, whose results lie in a file of their own.

    python -m tests.doctor.validate_fourth --cases loops

The first two halves were scored before the fourth was written, and their file stays as it was.
"""

from __future__ import annotations

from pathlib import Path

from tests.doctor import validate

validate.HALVES = ("fourth",)
validate.STORED = Path(__file__).with_name("fourth_validation.jsonl")

if __name__ == "__main__":
    raise SystemExit(validate.main())
