"""`make faults`: the course broken on purpose, at random moments and by random bytes; what is counted and kept."""
