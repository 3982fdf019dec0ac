"""Chapter 9 to be, EuroSAT against the clock: entries, splits and clock; no notebook yet. `tools/record.py` runs it."""

CHAPTER = "09"
