import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from tests.browser.jupyter import REPOSITORY


def test_look(lab, open_notebook, run_all):
    made = new_notebook(
        cells=[
            new_code_cell(
                f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\nfrom tests.figures.samples import SAMPLES\nSAMPLES['softmax_lab']()"
            ),
            new_code_cell("SAMPLES['open_set_lab']()"),
        ]
    )
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / "f.ipynb")
    page = open_notebook("f.ipynb")
    run_all(page)
    page.wait_for_timeout(1500)
    page.locator(".cnnsee-figure").first.screenshot(path="/tmp/os/j1.png")
    page.locator(".cnnsee-figure").nth(1).screenshot(path="/tmp/os/j2.png")
