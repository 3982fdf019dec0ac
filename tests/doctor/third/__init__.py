"""The third half of the bench: written later, by somebody who had not read the doctor."""
