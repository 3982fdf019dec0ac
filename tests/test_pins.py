"""pyproject.toml, requirements.txt and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]

# Versions in Google Colab's GPU runtime on 2026-08-19 (googlecolab/backend-info, a724079; Python 3.13).
# A hosted notebook must be able to run the course on what it has: another torch takes minutes to install.
HOSTED_2026_08_19 = {
    "anywidget": "0.9.21",
    "filelock": "3.32.3",
    "h5py": "3.16.0",
    "ipywidgets": "7.7.1",
    "joblib": "1.5.3",
    "keras": "3.13.2",
    "matplotlib": "3.10.0",
    "numpy": "2.1.3",
    "pillow": "11.3.0",
    "requests": "2.32.4",
    "safetensors": "0.8.0",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.3",
    "threadpoolctl": "3.6.0",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "tqdm": "4.67.3",
    "typer": "0.27.1",
}
# The issue's own floor, below which no bound may be raised.
FLOOR = {"torch": "2.6", "numpy": "2.0", "ipywidgets": "7.7", "keras": "3.8", "matplotlib": "3.10"}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text()


def by_name(lines: Iterable[str]) -> dict[str, Requirement]:
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


RUNTIME = by_name(PROJECT["dependencies"])
DIRECT = RUNTIME | by_name(chain(*PROJECT["optional-dependencies"].values()))


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
    return re.findall(r".*(?:https?:|--index-url|--extra-index-url|--find-links|-i ).*", text)


def test_every_pin_is_exact():
    assert loose(REQUIREMENTS) == []


def test_bounds_are_lower_bounds_only():
    assert [str(r) for r in DIRECT.values() if more_than_a_lower_bound(r)] == []


def test_each_package_is_pinned_once():
    names = [canonicalize_name(pin.name) for pin in pins(REQUIREMENTS)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", sorted(DIRECT))
def test_direct_dependency_is_pinned_within_its_bound(name):
    pinned = {canonicalize_name(pin.name): pin for pin in pins(REQUIREMENTS)}
    assert name in pinned, f"{name} is in pyproject.toml and not in requirements.txt: make pins"
    assert pinned[name].marker is None, f"{name} would be left out on some machines: {pinned[name]}"
    version, bound = str(pinned[name].specifier).removeprefix("=="), DIRECT[name]
    assert bound.specifier.contains(version), f"{pinned[name]} does not satisfy {bound}: make pins"


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.txt", "environment.yml"])
def test_no_file_says_where_packages_come_from(file):
    assert addresses((ROOT / file).read_text()) == []


def test_a_hosted_notebooks_older_set_satisfies_the_bounds():
    assert set(RUNTIME) <= set(HOSTED_2026_08_19), "look up the hosted version of the new dependency"
    too_high = [str(r) for n, r in RUNTIME.items() if not r.specifier.contains(HOSTED_2026_08_19[n])]
    assert too_high == []


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


def test_these_checks_can_fail():
    assert loose("# a comment\ntorch>=2.6\nnumpy==2.*\nscipy==1.17.1\n") == ["torch>=2.6", "numpy==2.*"]
    assert more_than_a_lower_bound(Requirement("numpy>=2,<3"))
    assert more_than_a_lower_bound(Requirement("numpy==2.4"))
    assert more_than_a_lower_bound(Requirement("numpy"))
    assert not more_than_a_lower_bound(Requirement("numpy>=2.0"))
    for line in ("--index-url x", "--find-links wheels", "pkg @ https://example.org/pkg.whl"):
        assert addresses(f"torch==2.15.0\n{line}\n") == [line]
