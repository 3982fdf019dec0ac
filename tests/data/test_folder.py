import os
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from course_lib import data
from course_lib.data import exif, folder


@pytest.fixture
def pictures(tmp_path):
    """Two classes; every kind of picture file that a learner may have."""
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
    red = Image.new("RGB", (40, 30), (200, 10, 20))
    red.save(tmp_path / "cats" / "plain.png")
    red.convert("P").save(tmp_path / "cats" / "palette.png")
    red.convert("CMYK").save(tmp_path / "cats" / "cmyk.jpg")
    Image.new("L", (30, 40), 128).save(tmp_path / "cats" / "grey.png")
    Image.new("RGBA", (30, 30), (200, 10, 20, 0)).save(tmp_path / "dogs" / "clear.png")
    Image.fromarray(np.full((30, 30), 32896, dtype=np.uint16)).save(tmp_path / "dogs" / "deep.png")
    half = Image.new("RGB", (40, 40), "black")
    half.paste("white", (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    half.save(tmp_path / "dogs" / "turned.jpg", exif=exif, quality=100)
    return tmp_path


def picture(found, name):
    return found.images[list(found.names).index(name)]


@pytest.mark.filterwarnings("ignore:1 pictures are deeper")
def test_every_kind_of_picture_becomes_rgb(pictures):
    found = data.from_folder(pictures, size=16)
    assert found.counts == {"cats": 4, "dogs": 3}
    assert found.source == "real"
    for name in ("plain.png", "palette.png", "cmyk.jpg"):
        assert np.allclose(picture(found, f"cats/{name}")[:, 8, 8], (200, 10, 20), atol=5), name
    assert (picture(found, "cats/grey.png") == 128).all()
    assert (picture(found, "dogs/clear.png") == 255).all()
    assert (picture(found, "dogs/deep.png") == 128).all()


def test_exif_turns_are_followed(pictures):
    upright = picture(data.from_folder(pictures, size=16), "dogs/turned.jpg").float().mean(dim=0)
    assert upright[0].mean() > 240  # the white half, left in the file, is on top
    assert upright[-1].mean() < 15


def test_damaged_files_are_listed_and_left_out(pictures):
    (pictures / "cats" / "empty.jpg").touch()
    (pictures / "cats" / "text.png").write_text("not a picture")
    whole = (pictures / "cats" / "cmyk.jpg").read_bytes()
    (pictures / "dogs" / "cut.jpg").write_bytes(whole[: len(whole) // 3])
    with pytest.warns(UserWarning, match=r"(?s)3 files were left out.*cats/empty.jpg: empty file"):
        found = data.from_folder(pictures)
    assert [name for name, _ in found.left_out] == ["cats/empty.jpg", "cats/text.png", "dogs/cut.jpg"]
    assert len(found) == 7


def test_a_huge_picture_is_refused_by_name(pictures, monkeypatch):
    monkeypatch.setattr(folder, "MAX_MEGAPIXELS", 0.0015)
    with pytest.warns(UserWarning, match="dogs/turned.jpg: .* megapixels"):
        found = data.from_folder(pictures)
    assert [name for name, _ in found.left_out] == ["dogs/turned.jpg"]


@pytest.mark.parametrize("path", ["nowhere", "plain.txt"])
def test_no_folder_is_named(tmp_path, path):
    (tmp_path / "plain.txt").touch()
    with pytest.raises(data.DataError, match="is no folder"):
        data.from_folder(tmp_path / path)


def test_an_empty_folder_says_what_it_wants(tmp_path):
    with pytest.raises(data.DataError, match="<class>/<picture>"):
        data.from_folder(tmp_path)


# --- nothing is left out silently ---


def save(file, *, colour=(200, 10, 20)):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 12), colour).save(file, format="PNG")
    return file


def loaded(root, **how):
    """(set, {name: reason} of what was left out); warnings are not errors here."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = data.from_folder(root, size=8, **how)
    left_out = dict(found.left_out)
    assert all(repr(name)[1:-1] in str(told[0].message) for name in list(left_out)[:10])
    return found, left_out


@pytest.mark.parametrize("name", [".ipynb_checkpoints", ".git", "__MACOSX", ".thumbnails"])
def test_hidden_folders_are_no_classes(tmp_path, name):
    save(tmp_path / "cat/a.png")
    save(tmp_path / name / "a.png")
    save(tmp_path / "cat" / name / "b.png")
    save(tmp_path / "cat" / "._a.png")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"x")
    found, left_out = loaded(tmp_path)
    assert (found.classes, found.names, left_out) == (("cat",), ("cat/a.png",), {})


def test_what_is_too_deep_or_unreadable_or_beside_is_named_with_the_mend(tmp_path):
    save(tmp_path / "cat/a.png")
    save(tmp_path / "cat/sub/b.png")
    save(tmp_path / "cat/sub/deeper/c.JPG")
    save(tmp_path / "loose.png")
    for name in ("owl/i.HEIC", "owl/j.nef", "cat/k.svg", "cat/l.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"something else")
    (tmp_path / "cat/labels.csv").write_text("a,b")
    found, left_out = loaded(tmp_path)
    assert found.names == ("cat/a.png",)
    assert set(left_out) == {
        "cat/sub/b.png", "cat/sub/deeper/c.JPG", "loose.png", "cat/k.svg", "cat/l.mp4",
        "owl/i.HEIC", "owl/j.nef", "owl",
    }  # fmt: skip
    assert "move it up" in left_out["cat/sub/b.png"]
    assert "save it as JPEG or PNG" in left_out["owl/i.HEIC"]
    assert "the class is missing" in left_out["owl"]


def test_a_picture_is_known_by_what_it_holds_too(tmp_path):
    for name in ("cat/without", "cat/wrong.dat", "cat/wrong.jpg", "cat/UPPER.PNG"):
        save(tmp_path / name)
    (tmp_path / "cat/other.dat").write_bytes(b"no picture at all")
    found, left_out = loaded(tmp_path)
    assert (len(found), left_out) == (4, {})


def test_links_are_followed_once_and_never_in_a_circle(tmp_path):
    save(tmp_path / "elsewhere/a.png")
    root = tmp_path / "set"
    save(root / "cat/a.png")
    try:
        (root / "owl").symlink_to(tmp_path / "elsewhere")
        (root / "cat/circle").symlink_to(root)
        (root / "cat/gone.png").symlink_to(tmp_path / "nowhere.png")
    except OSError:
        pytest.skip("this system makes no links")
    found, left_out = loaded(root)
    assert found.names == ("cat/a.png", "owl/a.png")
    assert set(left_out) == {"cat/circle", "cat/gone.png"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    save(tmp_path / "cat/a.png")
    os.mkfifo(tmp_path / "cat/pipe.png")
    assert "neither a file" in loaded(tmp_path)[1]["cat/pipe.png"]
    assert tmp_path / "cat/pipe.png" not in data.pictures_in(tmp_path)  # whoever opens all of them would wait


def test_names_with_anything_in_them_stay_on_their_line(tmp_path):
    for name in ("new\nline.png", "<img src=x onerror=alert(1)>.png", "\u202etxt.png", "x" * 200 + ".png"):
        with suppress(OSError):  # not every file system takes all of them
            (tmp_path / "cat").mkdir(exist_ok=True)
            (tmp_path / "cat" / name).write_bytes(b"no picture")
    save(tmp_path / "cat/a.png")
    with pytest.warns(UserWarning, match="were left out") as told:
        data.from_folder(tmp_path)
    lines = str(told[0].message).splitlines()
    assert len(lines) == 1 + len(list((tmp_path / "cat").iterdir())) - 1
    assert all(line.isprintable() for line in lines)


# --- other layouts ---


@pytest.mark.parametrize("parts", [("train", "val"), ("Training", "Testing"), ("train", "valid", "test", "readme")])
def test_parts_of_a_set_are_named_with_the_calls_that_load_them(tmp_path, parts):
    for part in parts:
        save(tmp_path / part / "cat" / "a.png")
    with pytest.raises(data.DataError, match="are parts of a set") as error:
        data.from_folder(tmp_path)
    assert f"train = data.from_folder({str(tmp_path / parts[0])!r})".replace("train", parts[0].lower(), 1) in str(
        error.value
    )
    assert len(data.from_folder(tmp_path / parts[0])) == 1


def test_a_class_may_be_called_test(tmp_path):
    save(tmp_path / "test/a.png")
    save(tmp_path / "train/a.png")
    assert data.from_folder(tmp_path).classes == ("test", "train")


def test_one_level_too_much_or_too_little_is_told(tmp_path):
    save(tmp_path / "photos/cat/a.png")
    with pytest.warns(UserWarning, match="too deep"), pytest.raises(data.DataError, match="one level deeper") as error:
        data.from_folder(tmp_path)
    assert repr(str(tmp_path / "photos")) in str(error.value)
    with pytest.warns(UserWarning, match="beside"), pytest.raises(data.DataError, match="none in a folder of it"):
        data.from_folder(tmp_path / "photos/cat")


# --- pictures that are not what they seem ---


def bomb(width, height):
    """A PNG whose header says width × height, with next to nothing behind it."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(20_000, 15_000), (10_000, 10_000), (100_000, 100_000)])
def test_a_header_that_says_too_much_leaves_out_one_file(tmp_path, width, height):
    save(tmp_path / "cat/a.png")
    (tmp_path / "cat/bomb.png").write_bytes(bomb(width, height))
    found, left_out = loaded(tmp_path)
    assert (len(found), list(left_out)) == (1, ["cat/bomb.png"])
    assert "megapixels" in left_out["cat/bomb.png"]


def deep(file, values, dtype):
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(np.asarray(values, dtype=dtype)).save(file)


def test_one_bright_pixel_makes_no_picture_dark(tmp_path):
    """The same scene in ten files; one has a pixel of 1.02. They stay alike."""
    for number in range(10):
        scene = np.full((40, 40), 0.8)
        scene[0, 0] = 1.02 if number == 3 else 0.8
        deep(tmp_path / "cat" / f"{number}.tif", scene, np.float32)
    found, _ = loaded_deep(tmp_path, "1 counts|White is, in 10 of 32 bits or floats: 1")
    assert found.images[:, :, 4, 4].unique().tolist() == [204]


def loaded_deep(root, told, **how):
    with pytest.warns(UserWarning, match=told):
        return data.from_folder(root, size=8, **how), None


@pytest.mark.parametrize(
    ("dtype", "dark", "bright", "white"),
    [
        (np.float32, 0.2, 0.9, 1), (np.float32, 10, 200, 255), (np.float32, 500, 40_000, 65_535),
        (np.int32, 10, 200, 255), (np.int32, 10, 40_000, 65_535), (np.float32, 10, 1e6, 1e6),
        (np.uint16, 10, 4000, 65_535),
    ],
)  # fmt: skip
def test_deep_pictures_of_a_folder_share_one_scale(tmp_path, dtype, dark, bright, white):
    """So that dark ones stay darker than bright ones, whichever class they are of."""
    for name, value in (("night", dark), ("day", bright)):
        deep(tmp_path / name / "a.tif", np.full((20, 20), value), dtype)
    found, _ = loaded_deep(tmp_path, "deeper than 8 bits")
    expected = [round(min(1, value / white) * 255) for value in (bright, dark)]  # classes by name: day, night
    assert found.images[:, 0, 4, 4].tolist() == pytest.approx(expected, abs=1)


def test_the_scale_can_be_given_and_then_nothing_is_said(tmp_path):
    deep(tmp_path / "cat/a.tif", np.full((20, 20), 2048), np.uint16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (data.from_folder(tmp_path, scale=4095).images == 128).all()


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), "255", True])
def test_a_scale_that_is_none_is_refused(tmp_path, scale):
    save(tmp_path / "cat/a.png")
    with pytest.raises(data.DataError, match="scale="):
        data.from_folder(tmp_path, scale=scale)


@pytest.mark.parametrize("size", [7, 0, -3, 8.5, "64", None, True])
def test_a_size_that_is_none_is_refused(tmp_path, size):
    save(tmp_path / "cat/a.png")
    with pytest.raises(data.DataError, match="size="):
        data.from_folder(tmp_path, size=size)


def test_values_that_are_no_numbers_are_left_out_by_name(tmp_path):
    save(tmp_path / "cat/a.png")
    deep(tmp_path / "cat/b.tif", np.full((20, 20), np.nan), np.float32)
    assert "NaN" in loaded(tmp_path)[1]["cat/b.tif"]


# --- any tree of files ---

NAMES = st.sampled_from(["a.png", "b.JPG", "c.gif", "d.heic", "e.txt", ".hidden.png", "f", "g.dat", "h.tif"])
PLACES = st.sampled_from(["", "cat", "owl", "cat/sub", ".git", "owl/sub/sub", "train", "train/cat", "x/.y"])
CONTENTS = st.sampled_from(["picture", "broken", "empty"])


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(PLACES, NAMES, CONTENTS), max_size=12))
def test_every_picture_is_in_the_set_or_named(files):
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root, pictures = Path(folder), set()
        for place, name, content in files:
            file = root / place / name
            save(file)
            if content != "picture":
                file.write_bytes(b"x" * 50 if content == "broken" else b"")
        for file in root.rglob("*"):
            hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
            if file.is_file() and not hidden and file.suffix.lower() in folder_suffixes():
                pictures.add(file.relative_to(root).as_posix())
        try:
            found = data.from_folder(root, size=8)
        except data.DataError:
            return
        named = {name for name, _ in found.left_out}
        assert pictures <= set(found.names) | named
        assert not set(found.names) & named
        assert sum(found.counts.values()) == len(found.names) == len(found)
        assert {name.partition("/")[0] for name in found.names} == set(found.classes)


def folder_suffixes():
    return folder.SUFFIXES | set(folder.UNREADABLE)


def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path, monkeypatch):
    """Root may look into all; so the refusal is pretended."""
    save(tmp_path / "cat/a.png")
    save(tmp_path / "owl/a.png")
    look = folder._visible

    def refuse(place):
        if place.name == "owl":
            raise PermissionError(13, "Permission denied", str(place))
        return look(place)

    monkeypatch.setattr(folder, "_visible", refuse)
    found, left_out = loaded(tmp_path)
    assert found.classes == ("cat",)
    assert "Permission denied" in left_out["owl"]


def test_one_picture_is_read_as_a_folder_of_it_would_be(tmp_path):
    (tmp_path / "cat").mkdir()
    file = tmp_path / "cat" / "1.png"
    Image.effect_noise((90, 40), 60).convert("RGB").save(file)
    expected = data.from_folder(tmp_path, size=16).images[0]
    assert torch.equal(torch.as_tensor(data.read_picture(file, size=16)), expected)
    assert data.read_picture(str(file)).shape == (3, 64, 64)


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), (b"", "empty file"), (b"hello", "not a picture")])
def test_what_is_no_picture_is_named(tmp_path, content, why):
    file = tmp_path / "mine.jpg"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(data.DataError, match=rf"read_picture got .*mine\.jpg: .*{why}"):
        data.read_picture(file)


# --- where photographs were taken ---

BONN = {1: "N", 2: (50.0, 44.0, 1.5), 3: "E", 4: (7.0, 5.0, 57.0)}
VALPARAISO = {1: "S", 2: (33.0, 2.0, 45.0), 3: "W", 4: (71.0, 37.0, 11.0)}
BROKEN = [
    {1: "N", 2: (50.0, 44.0, 1.5)},  # no longitude
    {2: (50.0, 44.0, 1.5), 4: (7.0, 5.0, 57.0)},  # no halves of the Earth
    BONN | {1: "E"},
    BONN | {1: ""},
    BONN | {2: (91.0, 0.0, 0.0)},
    BONN | {2: (50.0, 44.0)},
    BONN | {4: (IFDRational(0, 0),) * 3},
    BONN | {4: (IFDRational(7, 0), IFDRational(5, 0), IFDRational(57, 0))},
    BONN | {2: "fifty"},
    {1: 7, 2: 8, 3: 9, 4: 10},
]


def photograph(path, gps):
    about = Image.Exif()
    about.get_ifd(0x8825).update(gps)
    about[0x8825] = 0  # where it stands in the file, which Pillow fills in; without it PNG and TIFF leave the part out
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (40, 30), "green").save(path, exif=about)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_places_are_read_from_photographs(tmp_path, suffix):
    photograph(tmp_path / "field" / f"bonn.{suffix}", BONN)
    photograph(tmp_path / "coast" / f"valparaiso.{suffix}", VALPARAISO)
    Image.new("RGB", (30, 30)).save(tmp_path / "coast" / "anywhere.png")
    found = data.from_folder(tmp_path, size=16)
    places = dict(zip(found.names, found.places.tolist(), strict=True))
    assert places[f"field/bonn.{suffix}"] == pytest.approx([7 + 5 / 60 + 57 / 3600, 50 + 44 / 60 + 1.5 / 3600])
    assert places[f"coast/valparaiso.{suffix}"] == pytest.approx([-71.619722, -33.045833], abs=1e-6)
    assert np.isnan(places["coast/anywhere.png"]).all()
    assert found.places.dtype == torch.float64


@pytest.mark.parametrize("gps", BROKEN)
def test_a_place_that_makes_no_sense_is_none(tmp_path, gps):
    with suppress(Exception):  # what Pillow will not write cannot be in a file that it wrote
        photograph(tmp_path / "a" / "odd.jpg", gps)
    photograph(tmp_path / "a" / "bonn.jpg", BONN)
    found = data.from_folder(tmp_path, size=16)
    assert found.places.isnan().tolist() == [[False, False]] + [[True, True]] * (len(found) - 1)
    assert exif.place(_Says(gps)) == pytest.approx(exif.NOWHERE, nan_ok=True)


class _Says:
    """A picture with the GPS part `gps`, also one that no file of Pillow's has."""

    def __init__(self, gps):
        self.gps = gps

    def getexif(self):
        return self

    def get_ifd(self, tag):
        if not isinstance(self.gps, dict):
            raise self.gps
        return self.gps


@pytest.mark.parametrize("error", [struct.error("short"), SyntaxError("not a TIFF"), KeyError(4), OverflowError()])
def test_damaged_exif_data_is_no_crash(error):
    assert exif.place(_Says(error)) == pytest.approx(exif.NOWHERE, nan_ok=True)


def test_letters_may_be_bytes_or_small():
    assert exif.place(_Says(VALPARAISO | {1: b"S\0", 3: "w"})) == pytest.approx((-71.619722, -33.045833), abs=1e-6)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(st.integers(0, 250), st.integers(0, 255))
def test_a_changed_byte_of_exif_data_is_no_crash(position, value):
    with TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(place, "a", "bonn.jpg")
        photograph(file, BONN)
        whole = bytearray(file.read_bytes())
        whole[20 + position % (len(whole) - 20)] = value
        file.write_bytes(whole)
        with suppress(data.DataError):  # the byte may be of the picture itself
            found = data.from_folder(place, size=16)
            assert found.places is None or found.places.shape == (1, 2)


def test_a_folder_that_says_no_place_has_none(pictures):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert data.from_folder(pictures).places is None


def test_pixels_kept_in_a_file_are_the_same_and_each_file_is_told(tmp_path):
    for k in range(3):
        (tmp_path / "set" / "ab"[k % 2]).mkdir(parents=True, exist_ok=True)
        Image.effect_noise((300 + k, 200), 60).convert("RGB").save(tmp_path / "set" / "ab"[k % 2] / f"{k}.jpg")
    told: list[tuple[int, int]] = []
    kept = data.from_folder(
        tmp_path / "set", size=16, store=tmp_path / "pixels", tell=lambda *so_far: told.append(so_far)
    )
    assert torch.equal(kept.images, data.from_folder(tmp_path / "set", size=16).images)
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert (np.load(tmp_path / "pixels") == kept.store.numpy()).all()
    assert [data.shorter_side(file) for file in data.pictures_in(tmp_path / "set")] == [200, 200, 200]


def test_pictures_without_a_class_are_one_class_and_what_is_none_is_named(tmp_path):
    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "red.png")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    found = data.unlabelled(data.pictures_in(tmp_path), size=16)
    assert found.images.shape == (1, 3, 16, 16)
    assert found.classes == ("unknown",)
    assert found.labels.tolist() == [0]
    assert found.names == ("red.png",)
    ((name, why),) = found.left_out
    assert name == "broken.jpg"
    assert "read_picture got" in why


@pytest.mark.parametrize("names", [[], ["broken.jpg"]])
def test_without_one_picture_there_is_nothing_unlabelled(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(data.DataError, match=f"unlabelled got {len(names)} files and can read none"):
        data.unlabelled([tmp_path / name for name in names])
