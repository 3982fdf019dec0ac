"""How nbval compares the lessons: `pytest --nbval lessons`.

What nbval 0.11 does, read in its source (`nbval/plugin.py`) and tried out:

- It never compares image/png or image/jpeg (unless --nbdime is given), metadata, tracebacks, execution
  counts or the id of a widget's view. It does compare text/plain, text/html, image/svg+xml and every other
  type, and how many outputs of each type there are. A picture may change by a byte, its text/plain may not.
- Streams are joined, and what a carriage return painted over is dropped, before they are compared.
- stderr is compared like stdout. `make.py` stores none (progress bars show seconds), so it is left out here.
- A stored cell without an execution count is run and *not* compared, silently: `make.py --check` refuses it.
- It does not understand clear_output and update_display: what they replace stays in the list that is
  compared. What an `ipywidgets.Output` catches counts as the cell's. Such cells need `nbval-ignore-output`.
- The cell's tags become `item.options` when notebooks are collected; `options["check"]` decides.
"""

from __future__ import annotations

from nbval.plugin import IPyNbCell

# The state of an interactive figure, kept for pages without a kernel: measured numbers and pictures.
FIGURE = "application/vnd.what-does-a-cnn-see.figure+json"

# Copies without outputs: run once more, they would be compared with nothing.
collect_ignore_glob = ["workbook/*", "scratch/*"]

# Nothing is sanitised by patterns: what differs from run to run belongs into a cell that is not compared.


def pytest_collection_modifyitems(items) -> None:
    """Leave out stderr everywhere and, on the stand-in, the outputs of cells tagged `real-data`."""
    cells = [item for item in items if isinstance(item, IPyNbCell)]
    for notebook in {cell.parent for cell in cells}:
        notebook.skip_compare += ("stderr", FIGURE)
    if not cells or _real_data():
        return
    for cell in cells:
        if "real-data" in cell.cell.metadata.get("tags", []):
            cell.options["check"] = False


def pytest_report_collectionfinish(items) -> str:
    """Say which of the ways of running this is."""
    if not any(isinstance(item, IPyNbCell) for item in items):
        return ""
    if _real_data():
        return "lessons on real EuroSAT: every cell is compared that is not tagged nbval-ignore-output"
    return "lessons on the stand-in: cells tagged real-data are run, not compared"


def _real_data() -> bool:
    from course_lib import data  # torch, two seconds: only where notebooks are run

    return data.available("eurosat")
