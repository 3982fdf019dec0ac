"""The book: Sphinx reads what `stage.py` lays out from the repository. `make book` builds it; nothing is executed."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import stage  # noqa: E402  it stands beside this file
from docutils import nodes  # noqa: E402

project = "What does a CNN see?"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
language = "en"

# --- the lessons: their stored outputs, with the figures that `stage.py` has brought to life ---
nb_execution_mode = "off"
myst_heading_anchors = 3  # README and TEACHING link to headings as GitHub names them

# --- the API page ---
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False  # PyTorch's words on forward() are not ours
python_maximum_signature_line_length = 70  # a longer one takes a line for each argument
smartquotes_action = "De"  # dashes and dots; a "" in a docstring is an empty string
napoleon_numpy_docstring = False
# As lists of "names: what they are", also where a line has several names; and a dataclass has no field twice.
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
add_module_names = False

# --- the look ---
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"}), ("bets.js", {"defer": "defer"})]
html_copy_source = False  # the sources are the repository
html_show_sphinx = html_show_copyright = False
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"


# A signature in several lines is a <dl> without a <dt>, and a caption a heading without a level: screen readers
# stumble over both, and Sphinx has no setting for either.
SIGNATURE = re.compile(r"<dl>\n((?:<dd>(?:(?!</?dd>).)*</dd>\n)+)</dl>", re.DOTALL)


def _mend(app, page, template, context, doctree) -> None:
    def lines(found: re.Match) -> str:
        return found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")

    if "body" in context:
        context["body"] = SIGNATURE.sub(lines, context["body"])
    tree = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = tree.replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app) -> None:
    printed = app.tags.has("printed")
    alts = stage.stage(Path(app.srcdir), printed=printed)
    names = stage.moved()

    def describe(app, doctree) -> None:
        """MyST knows one alt text for a cell; a stored lesson has one for each picture."""
        for image in doctree.findall(nodes.image):
            if alt := alts.get(Path(image["uri"]).stem):
                image["alt"] = alt

    def rewrite(app, what, name, obj, options, lines) -> None:
        lines[:] = stage.restructured(lines)

    def restore(app, what, name, obj, options, lines) -> None:
        """Of a property, napoleon takes all before the first colon for its type."""
        if what == "property":
            lines[:] = stage.restructured((inspect.getdoc(obj) or "").splitlines())

    def lead_on(app, error) -> None:
        if error is None and app.builder.name == "html":
            stage.lead_on(Path(app.outdir), names)

    app.connect("build-finished", lead_on)
    app.connect("doctree-read", describe)
    app.connect("html-page-context", _mend, priority=900)  # after Furo
    app.connect("autodoc-process-docstring", rewrite, priority=400)  # before napoleon, which has 500
    app.connect("autodoc-process-docstring", restore, priority=600)
