"""The complaint, on real pictures: "it answers 1.00 for anything". A cat on a classifier of car makers is refused.

The pictures are on the mirror only: they may not be given away.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from course_lib import classify
from course_lib.classify import Share

KNOWN, OF_EACH, CATS = 10, 40, 60


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """(a folder of ten makers' logos, one of ten other makers', one of cats)."""
    mirror, root = Path(os.environ.get("COURSE_MIRROR", "nowhere")), tmp_path_factory.mktemp("complaint")
    if not (mirror / "car_logos.zip").is_file() or not (mirror / "cifar10.zip").is_file():
        pytest.skip("COURSE_MIRROR has no car_logos.zip and cifar10.zip")
    with zipfile.ZipFile(mirror / "car_logos.zip") as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
        makers = sorted({name.split("/")[-2] for name in names})
        for maker in makers:
            part = "known" if maker in makers[:KNOWN] else "others"
            for name in [name for name in names if name.split("/")[-2] == maker][:OF_EACH]:
                put(file, name, root / part / maker)
    with zipfile.ZipFile(mirror / "cifar10.zip") as file:
        for name in sorted(name for name in file.namelist() if "/cat/" in name and not name.endswith("/"))[:CATS]:
            put(file, name, root / "cats")
    return root / "known", root / "others", root / "cats"


def put(file: zipfile.ZipFile, name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / Path(name).name).write_bytes(file.read(name))


@pytest.fixture(scope="module")
def built(mirrored, tmp_path_factory):
    known, _, cats = mirrored
    out = tmp_path_factory.mktemp("built") / "cars"
    return classify.build(known, out=out, minutes=0, unknown=cats, progress=False)


@pytest.mark.slow
def test_a_cat_is_refused_and_the_summary_says_how_often_it_would_not_be(built, mirrored):
    _, _, cats = mirrored
    (given,) = (one for one in built.result.rejection.unknowns if one.kind == "given")
    answers = classify.load(built.out).predict(sorted(cats.iterdir()))
    assert sum(answer.answer is not None for answer in answers) == given.let_in.hits
    assert given.let_in.value < 0.1  # measured: 0 of 60; by the maximum probability 163 of 214, with 100 a class
    assert f"{given.let_in} of the pictures that you gave as unknown" in str(built)


@pytest.mark.slow
def test_its_own_classes_are_lost_at_the_promised_rate(built):
    r = built.result.rejection
    assert (r.promise, r.n_line) == (0.05, 60)
    assert r.lost.low <= r.promise
    assert f"of your own classes {r.lost}; promised: at most 5 %" in str(built)


@pytest.mark.slow
def test_other_makers_are_let_in_as_the_classes_left_out_say_within_their_interval(built, mirrored):
    """The number that is given for what is like the classes, against ten makers that the build has never met. Both are
    of ten makers, and makers differ: measured 60 % of the classes left out and 36 % of the other makers."""
    _, others, _ = mirrored
    files = sorted(others.rglob("*.jpg"))
    answers = classify.load(built.out).predict(files)
    makers = [sorted({file.parent.name for file in files}).index(file.parent.name) for file in files]
    let_in = Share.of([answer.answer is not None for answer in answers], makers)
    said = built.result.rejection.let_in("left out")
    assert said.groups == let_in.groups == 10
    assert said.low <= let_in.high
    assert let_in.low <= said.high
