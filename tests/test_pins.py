"""pyproject.toml, requirements.txt, requirements-dev.txt and environment.yml say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

# The issue's own floor, below which no bound may be raised.
FLOOR = {"torch": "2.6", "numpy": "2.0", "ipywidgets": "7.7", "keras": "3.8", "matplotlib": "3.10"}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LEARNER = (ROOT / "requirements.txt").read_text()
ADDED = (ROOT / "requirements-dev.txt").read_text().replace("-r requirements.txt\n", "")
# A hosted notebook must be able to run the course on what it has: another torch takes minutes to install.
COLAB = (ROOT / "tools" / "hosted" / "pins.txt").read_text()


def by_name(lines: Iterable[str]) -> dict[str, Requirement]:
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


# Package of a module that is called otherwise.
PACKAGES = {"PIL": "pillow", "sklearn": "scikit-learn"}
# Asked for where they are used, with an error that says what to install; or a part of what is declared.
OPTIONAL = {"distributed", "timm"}
EXTRAS = PROJECT["optional-dependencies"]
CORE = by_name(PROJECT["dependencies"])
RUNTIME = CORE | by_name(EXTRAS["lessons"] + EXTRAS["keras"])
DIRECT = RUNTIME | by_name(chain(*EXTRAS.values()))


def pins(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def loose(text: str) -> list[str]:
    """The lines of a requirements file that do not fix one version with ==."""
    exact = re.compile(r"^==[^*]+$")
    return [str(pin) for pin in pins(text) if not exact.match(str(pin.specifier))]


def more_than_a_lower_bound(requirement: Requirement) -> bool:
    return [s.operator for s in requirement.specifier] != [">="] or requirement.url is not None


def addresses(text: str) -> list[str]:
    """Lines that name where packages come from. That is for each machine's own settings to say."""
    return re.findall(r".*(?:https?:(?!//127\.0\.0\.1)|--index-url|--extra-index-url|--find-links|-i ).*", text)


def imported(package: Path) -> set[str]:
    """Top-level names of what the modules below `package` import, but relative ones."""
    names = set()
    for module in package.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module.split(".")[0])
    return names


def undeclared(names: set[str], declared: Mapping[str, Requirement]) -> set[str]:
    """Of `names`, what is neither the standard library's, nor the course's, nor comes with what is declared."""
    from_outside = names - set(sys.stdlib_module_names) - {"course_lib", "google", *OPTIONAL}
    return {name for name in from_outside if canonicalize_name(PACKAGES.get(name, name)) not in declared}


@pytest.mark.parametrize("text", [LEARNER, ADDED])
def test_every_pin_is_exact(text):
    assert loose(text) == []


def test_bounds_are_lower_bounds_only():
    assert [str(r) for r in DIRECT.values() if more_than_a_lower_bound(r)] == []


def test_each_package_is_pinned_once():
    names = [canonicalize_name(pin.name) for pin in pins(LEARNER) + pins(ADDED)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DIRECT))
def test_direct_dependency_is_pinned_within_its_bound(name):
    pinned = {canonicalize_name(pin.name): pin for pin in pins(LEARNER if name in RUNTIME else LEARNER + ADDED)}
    assert name in pinned, f"{name} is in pyproject.toml and not in the requirements: make pins"
    assert pinned[name].marker is None, f"{name} would be left out on some machines: {pinned[name]}"
    version, bound = str(pinned[name].specifier).removeprefix("=="), DIRECT[name]
    assert bound.specifier.contains(version), f"{pinned[name]} does not satisfy {bound}: make pins"


@pytest.mark.parametrize(
    "file",
    [
        "pyproject.toml", "requirements.txt", "requirements-dev.txt", "environment.yml", "tools/hosted/pins.txt",
        "Dockerfile", ".pre-commit-config.yaml", "Makefile", ".ci/run",
    ],
)  # fmt: skip
def test_no_file_says_where_packages_come_from(file):
    assert addresses((ROOT / file).read_text()) == []


def too_high(runtime: Mapping[str, Requirement], hosted: Mapping[str, Requirement]) -> list[str]:
    """Dependencies that a hosted notebook does not have, or has in a version below our bound."""
    versions = {name: str(pin.specifier).removeprefix("==") for name, pin in hosted.items()}
    return [str(r) for name, r in runtime.items() if not (name in versions and r.specifier.contains(versions[name]))]


def test_a_hosted_notebooks_older_set_satisfies_the_bounds():
    assert loose(COLAB) == []
    # A hosted notebook is its own front end.
    needed = {name: bound for name, bound in RUNTIME.items() if name != "jupyterlab"}
    assert too_high(needed, by_name(map(str, pins(COLAB)))) == []


def test_the_colab_set_is_colabs():
    """With TensorFlow beside it Keras would behave otherwise; what only our own set has must not be needed."""
    hosted = by_name(map(str, pins(COLAB)))
    versions = {"ipython": "7.34.0", "ipywidgets": "7.7.1", "numpy": "2.1.3", "torch": "2.11.0"}
    assert {name: str(hosted[name].specifier).removeprefix("==") for name in versions} == versions
    assert not {"tensorflow", "captum", "kornia", "torchmetrics", "distributed", "jupyterlab"} & set(hosted)
    assert re.search(r"commit \w{7} of 2026-\d\d-\d\d", COLAB)


def test_the_core_is_without_keras_jupyter_and_typer():
    """And a learner's environment is without what only tests, teachers and the book need."""
    assert not {"keras", "typer", "anywidget", "ipywidgets", "jupyterlab", "nbformat", "nbgrader"} & set(CORE)
    learner = {canonicalize_name(pin.name) for pin in pins(LEARNER)}
    assert not {"nbgrader", "pytest", "ruff", "sphinx", "captum", "kornia", "playwright", "distributed"} & learner


@pytest.mark.slow
def test_what_the_library_imports_is_declared():
    """Everything that course_lib imports from outside, wherever it stands, is among its dependencies."""
    assert undeclared(imported(ROOT / "course_lib"), RUNTIME) == set()


def test_what_is_not_declared_is_found(tmp_path):
    (tmp_path / "room.py").write_text("import os\nimport sklearn.svm\ndef f():\n    from yaml import load\n")
    assert undeclared(imported(tmp_path), RUNTIME) == {"yaml"}


@pytest.mark.parametrize(("name", "version"), FLOOR.items())
def test_floor_of_the_issue_is_kept(name, version):
    assert RUNTIME[name].specifier.contains(version)


def test_environment_installs_the_pins_and_the_course():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, pip = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    assert pip == {"pip": ["-r requirements.txt", "-e ."]}
    python, conda_pip = packages
    assert conda_pip == "pip"
    allowed = SpecifierSet(python.removeprefix("python "))
    assert [minor for minor in range(9, 17) if allowed.contains(f"3.{minor}")] == [11, 12, 13]
    assert PROJECT["requires-python"] == ">=3.11"


def docker_faults(text: str) -> list[str]:
    """What a Dockerfile for a class must not lack."""
    steps = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#")))
    wanted = {
        r"^FROM python:3\.1[123]-slim$": "a slim Python that the course is tested on",
        r"^RUN .*pip install -r requirements\.txt$": "the pins",
        r"^RUN pip install --no-deps --no-build-isolation -e \.$": "the course, without its dependencies",
        r"^USER (?!root|0)\w+$": "a user who is not root",
        r"^HEALTHCHECK .*CMD": "a health check",
        r"^CMD \[": "a start command in exec form, which hears the signal to stop",
    }
    found = [f"lacks {what}" for pattern, what in wanted.items() if not re.search(pattern, steps, re.MULTILINE)]
    users = re.findall(r"^USER (\S+)", steps, re.MULTILINE)
    return found + (["ends as root"] if users and users[-1] in ("root", "0") else [])


def test_dockerfile_has_the_pins_a_user_and_a_health_check():
    assert docker_faults((ROOT / "Dockerfile").read_text()) == []


def test_what_a_dockerfile_lacks_is_found():
    good = (ROOT / "Dockerfile").read_text()
    for line, told in (("USER", "not root"), ("HEALTHCHECK", "health check"), ("FROM", "slim"), ("CMD", "start")):
        without = "\n".join(row for row in good.splitlines() if not row.startswith(line))
        assert any(told in fault for fault in docker_faults(without)), told
    assert "ends as root" in docker_faults(good + "\nUSER root\n")
    assert docker_faults(good.replace("-r requirements.txt", "torch")) == ["lacks the pins"]


def test_dockerignore_keeps_environments_and_data_out():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv*", "datasets/downloads", "datasets/cache"} <= set(ignored)
    assert not {"lessons", "evidence", "datasets", "course_lib", "requirements.txt"} & set(ignored)


def test_these_checks_can_fail():
    assert too_high(by_name(["numpy>=2.5", "new>=1"]), by_name(["numpy==2.1.3"])) == ["numpy>=2.5", "new>=1"]
    assert loose("# a comment\ntorch>=2.6\nnumpy==2.*\nscipy==1.17.1\n") == ["torch>=2.6", "numpy==2.*"]
    assert more_than_a_lower_bound(Requirement("numpy>=2,<3"))
    assert more_than_a_lower_bound(Requirement("numpy==2.4"))
    assert more_than_a_lower_bound(Requirement("numpy"))
    assert not more_than_a_lower_bound(Requirement("numpy>=2.0"))
    for line in ("--index-url x", "--find-links wheels", "pkg @ https://example.org/pkg.whl"):
        assert addresses(f"torch==2.15.0\n{line}\n") == [line]
