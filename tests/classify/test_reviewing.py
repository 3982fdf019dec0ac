"""A review names what was put into the folder, decides nothing, and writes both files or none."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
from PIL import Image, ImageOps

from course_lib import classify
from course_lib.classify import reviewing
from course_lib.data import DataError

from .folders import folder, stripes


@pytest.fixture
def faulty(tmp_path):
    """Three classes of 20, and faults of each kind; the small network finds some of the wrong labels."""
    root = folder(tmp_path / "set", n=20)
    for k in range(4):  # what "flat" looks like
        Image.fromarray(stripes(0, 770 + k)).save(root / "upright" / f"wrong{k}.png")
    Image.open(root / "flat" / "001.png").save(root / "steep" / "again.png")
    ImageOps.mirror(Image.open(root / "flat" / "002.png")).save(root / "flat" / "mirrored.png")
    Image.new("RGB", (40, 40), (30, 60, 90)).save(root / "steep" / "plain.png")
    smooth = np.linspace(20, 200, 32).astype(np.uint8)
    Image.fromarray(np.broadcast_to(smooth[:, None, None], (32, 32, 3)).copy()).save(root / "steep" / "smooth.png")
    (root / "flat" / "broken.png").write_bytes(b"\x89PNG no more")
    return root


@pytest.fixture
def reviewed(small, faulty, tmp_path):
    return classify.review(faulty, out=tmp_path / "out", progress=False)


def test_each_fault_is_named_with_its_kind(reviewed):
    suspects = {one.file: one.other for one in reviewed.of("wrong label?")}
    assert "flat" in {other for file, other in suspects.items() if file.startswith("upright/wrong")}
    (both,) = reviewed.of("in two classes")
    assert {both.file, both.other} == {"flat/001.png", "steep/again.png"}
    (copy,) = reviewed.of("copy")
    assert {copy.file, copy.other, copy.note} == {"flat/002.png", "flat/mirrored.png", "mirrored left to right"}
    assert [one.file for one in reviewed.of("one colour")] == ["steep/plain.png"]
    assert [one.file for one in reviewed.of("blurred")] == ["steep/smooth.png"]
    assert [one.file for one in reviewed.of("unreadable")] == ["flat/broken.png"]


def test_the_table_has_all_that_was_found_and_the_page_asks_nothing_of_the_network(reviewed):
    rows = list(csv.DictReader(reviewed.table.open(encoding="utf-8")))
    assert [(row["kind"], row["file"]) for row in rows] == [(one.kind, one.file) for one in reviewed.suspects]
    page = reviewed.gallery.read_text(encoding="utf-8")
    assert page.count("data:image/") >= len(reviewed.of("wrong label?")) + 4
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page


def test_the_folder_stays_as_it_is_and_nothing_else_is_written(small, faulty, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in faulty.rglob("*")}
    classify.review(faulty, out=tmp_path / "out", progress=False)
    assert {path: path.stat().st_mtime_ns for path in faulty.rglob("*")} == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["suspects.csv", "suspects.html"]


@pytest.mark.slow
def test_a_review_that_breaks_off_leaves_the_old_files_and_no_part(small, faulty, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = classify.review(faulty, out=out, progress=False)
    (faulty / "flat" / "003.png").unlink()
    old = first.table.read_bytes(), first.gallery.read_bytes()

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(reviewing, "_csv", stop)
    with pytest.raises(KeyboardInterrupt):
        classify.review(faulty, out=out, progress=False)
    assert (first.table.read_bytes(), first.gallery.read_bytes()) == old
    assert len(list(out.iterdir())) == 2


def test_names_are_text_only(small, tmp_path):
    root = folder(tmp_path / "set", classes=("<img src=x onerror=alert(1)>", "b"), n=6)
    name = '"><script>alert(2)</script>.png'
    bad = name.replace("/", "\\")
    for copy in (bad, "b.png"):
        Image.fromarray(stripes(1, 5)).save(root / "b" / copy)
    page = classify.review(root, out=tmp_path / "out", progress=False).gallery.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_one_class_alone_is_reviewed_but_for_its_labels(small, tmp_path):
    root = folder(tmp_path / "set", classes=("a",), n=12)
    Image.open(root / "a" / "001.png").save(root / "a" / "again.png")
    found = classify.review(root, out=tmp_path / "out", progress=False)
    assert len(found.of("copy")) == 1
    assert not found.of("wrong label?")
    assert "two classes of two pictures" in str(found)


def test_a_class_of_one_picture_is_named(small, tmp_path):
    root = folder(tmp_path / "set", n=8)
    (root / "rare").mkdir()
    Image.fromarray(stripes(2, 9)).save(root / "rare" / "only.png")
    found = classify.review(root, out=tmp_path / "out", progress=False)
    assert found.notes == ("Wrong labels were not looked for in rare: one picture.",)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_folder_and_no_picture_are_one_error_and_nothing_is_written(name, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="review got"):
        classify.review(tmp_path / name, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
