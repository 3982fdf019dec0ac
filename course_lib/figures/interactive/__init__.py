"""Figures to play with: `name.py` and `name.js` side by side. `figures` exports what makes each."""
