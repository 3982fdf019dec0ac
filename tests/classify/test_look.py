"""The first look: nothing is left out silently, no copy is parted, names are only names."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image, ImageOps

from course_lib.classify import look as room
from course_lib.classify.look import check_folder, grouping_keys, name_prefix, stored_side
from course_lib.classify.stages import Work, silent
from course_lib.data import DataError

from .folders import folder, stripes


@pytest.fixture
def look(small, tmp_path):
    def looked(root, group_by=""):
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        return room.look(root, check_folder(root), group_by, Work(work, os.urandom(4).hex()), silent())

    return looked


def test_it_counts_and_groups_nothing_that_is_alone(look, tmp_path):
    found = look(folder(tmp_path / "set", n=5))
    assert found.looked.counts == {"flat": 5, "steep": 5, "upright": 5}
    assert (found.looked.pictures, found.looked.groups, found.looked.left_out) == (15, 15, ())


def test_a_mirrored_copy_is_in_the_group_of_its_original(look, tmp_path):
    root = folder(tmp_path / "set", n=4)
    ImageOps.mirror(Image.open(root / "flat" / "000.png")).save(root / "flat" / "copy.png")
    found = look(root)
    (pair,) = found.looked.copies
    assert {pair.first, pair.second} == {"flat/000.png", "flat/copy.png"}
    assert pair.form == "mirrored left to right"
    names = list(found.pictures.names)
    assert found.groups[names.index("flat/000.png")] == found.groups[names.index("flat/copy.png")]
    assert found.looked.groups == 12


def test_the_same_picture_in_two_classes_is_left_out_of_both(look, tmp_path):
    root = folder(tmp_path / "set", n=4)
    Image.open(root / "flat" / "001.png").save(root / "steep" / "again.png")
    found = look(root)
    left_out = {one.file: one.reason for one in found.looked.left_out}
    assert set(left_out) == {"flat/001.png", "steep/again.png"}
    assert "the same picture as steep/again.png, in another class" in left_out["flat/001.png"]
    assert found.looked.counts == {"flat": 3, "steep": 4, "upright": 4}


def test_broken_files_flat_pictures_and_blurred_ones_are_named(look, tmp_path):
    root = folder(tmp_path / "set", n=8)
    (root / "flat" / "broken.png").write_bytes(b"\x89PNG no more")
    (root / "flat" / "empty.jpg").touch()
    Image.new("RGB", (40, 40), (30, 60, 90)).save(root / "steep" / "plain.png")
    smooth = np.linspace(20, 200, 32).astype(np.uint8)
    Image.fromarray(np.broadcast_to(smooth[:, None, None], (32, 32, 3)).copy()).save(root / "steep" / "smooth.png")
    looked = look(root).looked
    assert {one.file for one in looked.left_out} == {"flat/broken.png", "flat/empty.jpg"}
    assert looked.flat == ("steep/plain.png",)
    assert looked.blurred == ("steep/smooth.png",)
    assert looked.counts["steep"] == 10  # they are used


def test_flat_pictures_are_no_copies_of_each_other(look, tmp_path):
    root = folder(tmp_path / "set", n=4)
    for name in ("flat", "steep"):
        for k in range(20):
            Image.new("RGB", (32, 32)).save(root / name / f"black{k}.png")
    looked = look(root).looked
    assert (looked.copies, looked.conflicts, len(looked.flat)) == ((), (), 40)


def test_all_black_is_refused(look, tmp_path):
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(5):
            Image.new("RGB", (32, 32)).save(tmp_path / "set" / name / f"{k}.png")
    with pytest.raises(ValueError, match="each of one colour, such as all black"):
        look(tmp_path / "set")


@pytest.mark.parametrize("name", ["none", "None "])
def test_a_class_called_as_a_refusal_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="give it as --unknown"):
        check_folder(folder(tmp_path / "set", classes=("a", name), n=3))


def test_one_class_left_is_refused(look, tmp_path):
    root = folder(tmp_path / "set", classes=("a", "b"), n=3)
    for file in (root / "b").iterdir():
        file.write_bytes(b"no picture")
    with pytest.raises(ValueError, match="1 class with pictures that can be used, of"):
        look(root)


def test_folders_without_classes_or_pictures_are_refused(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        check_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no picture"):
        check_folder(tmp_path / "empty")
    with pytest.raises(ValueError, match="pictures of one class, 'a'"):
        check_folder(folder(tmp_path / "one", classes=("a",), n=2))
    Image.fromarray(stripes(0, 0)).save(tmp_path / "one.png")


@pytest.mark.parametrize(("side", "kept"), [(32, 64), (64, 64), (100, 96), (150, 160), (3000, 160)])
def test_pictures_are_kept_no_smaller_than_they_need_to_be(tmp_path, side, kept):
    Image.new("RGB", (side, side + 40)).save(tmp_path / "a.png")
    assert stored_side([tmp_path / "a.png"]) == (kept, side)


# --- groups ---


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("a/IMG_20260503-017.jpg", "IMG_20260503"), ("a/cam3_0001.png", "cam3"), ("a/0001.png", ""),
        ("a/b.c.7.png", "b.c"), ("a/walk (12).jpg", "walk"), ("a/plain.jpg", "plain"),
    ],
)  # fmt: skip
def test_a_prefix_is_the_name_without_the_number_at_its_end(name, prefix):
    assert name_prefix(name) == prefix


def test_names_of_one_prefix_stay_together(look, tmp_path):
    root = folder(tmp_path / "set", n=12)
    for file in sorted(root.rglob("*.png")):
        file.rename(file.with_name(f"film{int(file.stem) // 3}-{file.stem}.png"))
    with pytest.raises(ValueError, match="puts 4 groups"):  # of all classes together: eight are wanted
        look(root, "name-prefix")
    for file in sorted(root.rglob("*.png")):
        file.rename(file.with_name(file.name.replace("film", f"{file.parent.name[0]}film")))
    found = look(root, "name-prefix")
    assert found.looked.groups == 12
    assert found.looked.grouped_by.startswith("name-prefix")


def test_a_prefix_of_a_whole_class_is_refused(look, tmp_path):
    root = folder(tmp_path / "set", n=6)
    for file in sorted(root.rglob("*.png")):
        file.rename(file.with_name(f"{file.parent.name}_{file.stem}.png"))
    with pytest.raises(ValueError, match="all of flat, steep, upright in one group"):
        look(root, "name-prefix")


def test_a_column_is_read_by_path_or_name_and_an_unknown_one_named(look, tmp_path):
    root = folder(tmp_path / "set", n=10)
    rows = [
        f"{file.relative_to(root).as_posix()},{int(file.stem) % 5}{file.parent.name}" for file in root.rglob("*.png")
    ]
    (root / "places.csv").write_text("file,spot\n" + "\n".join(rows), encoding="utf-8")
    assert look(root, "spot").looked.groups == 15
    with pytest.raises(ValueError, match="Columns there: file, spot"):
        look(root, "site")


def test_days_of_photographs_are_groups(look, tmp_path):
    root = tmp_path / "set"
    for c, name in enumerate(("a", "b")):
        (root / name).mkdir(parents=True)
        for k in range(10):
            exif = Image.Exif()
            exif[0x0132] = f"2026:05:{1 + k:02d} 10:00:0{k}"
            Image.fromarray(stripes(c, k + 100 * c)).save(root / name / f"{k}.jpg", exif=exif)
    assert look(root, "date").looked.groups == 10


def test_places_of_photographs_are_groups(look, tmp_path):
    root = tmp_path / "set"
    for c, name in enumerate(("a", "b")):
        (root / name).mkdir(parents=True)
        for k in range(10):
            exif = Image.Exif()
            gps = {1: "N", 2: (50.0, 3.0 * k, 30.0), 3: "E", 4: (8.0, 0.0, 30.0)}
            exif.get_ifd(0x8825).update(gps)
            exif[0x8825] = gps
            Image.fromarray(stripes(c, k + 100 * c)).save(root / name / f"{k}.jpg", exif=exif)
    assert look(root, "place").looked.groups == 10


def test_a_grouping_of_which_nothing_is_known_is_refused(look, tmp_path):
    root = folder(tmp_path / "set", n=4)
    for group_by in ("date", "place"):
        with pytest.raises(ValueError, match="0 of 12 pictures say something"):
            look(root, group_by)


def test_too_few_groups_are_refused(look, tmp_path):
    root = folder(tmp_path / "set", n=6)
    for file in sorted(root.rglob("*.png")):
        file.rename(file.with_name(f"day{int(file.stem) % 3}-{file.stem}.png"))
    with pytest.raises(ValueError, match="puts 3 groups"):
        look(root, "name-prefix")


def test_without_a_grouping_there_are_no_keys(look, tmp_path):
    found = look(folder(tmp_path / "set", n=2))
    assert grouping_keys(tmp_path / "set", found.pictures, "") == [""] * 6
