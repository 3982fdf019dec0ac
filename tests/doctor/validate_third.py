"""As `tests.doctor.validate`, for the third half, whose results lie in a file of their own.

    python -m tests.doctor.validate_third --cases loops

The first two halves were scored before the third was written, and their file stays as it was.
"""

from __future__ import annotations

from pathlib import Path

from tests.doctor import validate

validate.HALVES = ("third",)
validate.STORED = Path(__file__).with_name("third_validation.jsonl")

if __name__ == "__main__":
    raise SystemExit(validate.main())
