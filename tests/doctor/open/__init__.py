"""The open half of the bench."""
