"""The aside half of the bench."""
