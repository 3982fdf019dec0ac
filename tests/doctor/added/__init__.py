"""Set-ups written after both halves had been seen, while the doctor was mended: the same mistakes in other words."""
