import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from course_lib import data
from course_lib.data import DataError, archive, places
from course_lib.data.registry import Entry


def jpeg(value: int, size: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (size, size), (value, 40, 90)).save(out, "jpeg")
    return out.getvalue()


def zip_of(path, files: dict[str, bytes]):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


FILES = {f"2750/{c}/{c}_{i}.jpg": jpeg(20 * i + 5) for c in ("Lake", "Field") for i in range(3)}


@pytest.fixture
def toy(empty_machine, monkeypatch, tmp_path) -> Entry:
    """A registry entry for a zip of six pictures that lies on a mirror."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    zip_of(mirror / "toy.zip", FILES)
    with zipfile.ZipFile(mirror / "toy.zip") as file:
        content = archive.tree_digest(file)
    return Entry("toy", "pictures", "Toy", "toy.zip", (), 10_000, "MIT", "", content=content, pictures=6, size=64)


def test_a_set_is_decoded_once_and_mapped_afterwards(toy):
    first = archive.open_or_build(toy)
    assert first.counts == {"Field": 3, "Lake": 3}
    assert first.name_of(0) == "Field/Field_0.jpg"
    (places.mirror_dir() / "toy.zip").unlink()
    again = archive.open_or_build(toy)
    assert np.array_equal(first.images, again.images)
    assert again.digest() == first.digest()


def test_every_picture_stands_under_its_own_name(toy):
    pictures = archive.open_or_build(toy)
    for position in range(6):
        expected = Image.open(io.BytesIO(FILES[f"2750/{pictures.name_of(position)}"]))
        assert np.array_equal(pictures.images[position].permute(1, 2, 0), np.asarray(expected))
        assert pictures.name_of(position).startswith(pictures.classes[pictures.labels[position]])


def test_the_tree_digest_does_not_depend_on_the_packing(tmp_path, toy):
    other = zip_of(tmp_path / "other.zip", {n.replace("2750", "EuroSAT_RGB"): FILES[n] for n in sorted(FILES)})
    assert archive.fault_in(other, toy) == ""


def _broken(tmp_path, kind: str):
    good = zip_of(tmp_path / "good.zip", FILES)
    path = tmp_path / f"{kind}.zip"
    if kind == "truncated":
        path.write_bytes(good.read_bytes()[:-200])
    elif kind == "page":
        path.write_bytes(b"<!DOCTYPE html><p>not found")
    elif kind == "other":
        zip_of(path, FILES | {"2750/Lake/Lake_0.jpg": jpeg(1)})
    elif kind == "missing":
        zip_of(path, dict(list(FILES.items())[1:]))
    elif kind == "climbing":
        zip_of(path, FILES | {"2750/../../Lake/evil.jpg": jpeg(1)})
    elif kind == "absolute":
        zip_of(path, FILES | {"/etc/Lake/evil.jpg": jpeg(1)})
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "damaged or not a zip"),
        ("page", "damaged or not a zip"),
        ("other", "holds other pictures"),
        ("missing", "holds other pictures"),
        ("climbing", "unsafe path"),
        ("absolute", "unsafe path"),
    ],
)
def test_a_bad_archive_is_refused_and_nothing_is_left(toy, tmp_path, kind, message):
    (places.mirror_dir() / "toy.zip").write_bytes(_broken(tmp_path, kind).read_bytes())
    with pytest.raises(DataError, match=message):
        archive.open_or_build(toy)
    assert not archive.cache_dir(toy).exists()
    assert not list(places.data_dir().rglob("*.part"))


def test_a_full_disk_is_one_clear_error_and_nothing_is_left(toy, monkeypatch):
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(DataError, match=r"no room.*COURSE_DATA"):
        archive.open_or_build(toy)
    assert not archive.cache_dir(toy).exists()
    assert not list(places.data_dir().rglob("*.part"))


def test_a_failure_while_decoding_leaves_nothing(toy, monkeypatch):
    monkeypatch.setattr(archive.Image, "open", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        archive.open_or_build(toy)
    assert not archive.cache_dir(toy).exists()
    assert not list(places.data_dir().rglob("*.part"))


def test_a_damaged_cache_is_built_anew(toy):
    archive.open_or_build(toy)
    images = archive.cache_dir(toy) / "images.npy"
    images.write_bytes(images.read_bytes()[:1000])
    assert len(archive.open_or_build(toy).images) == 6


def test_a_cache_whose_labels_are_damaged_is_built_anew(toy):
    labels = archive.open_or_build(toy).labels
    np.save(archive.cache_dir(toy) / "labels.npy", labels.numpy() + 7)
    assert archive.open_cache(toy) is None
    assert archive.open_or_build(toy).labels.tolist() == labels.tolist()


def test_a_slip_cannot_write_into_the_cache(toy):
    archive.open_or_build(toy).store[:] = 0
    assert archive.open_or_build(toy).store.max() > 0


def test_the_cache_says_what_it_holds(toy):
    archive.open_or_build(toy)
    about = json.loads((archive.cache_dir(toy) / "set.json").read_text())
    assert about["classes"] == ["Field", "Lake"]


def test_an_unknown_set_suggests_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'eurosat'"):
        data.load("EuroSat2")
    with pytest.raises(DataError, match="Known: eurosat"):
        data.load("mnist")


def test_without_anything_the_stand_in_says_that_it_is_one(empty_machine):
    with pytest.warns(data.StandInWarning, match="course fetch eurosat"):
        pictures = data.load("eurosat")
    assert pictures.source == "stand-in"
    assert not data.available("eurosat")
    with pytest.raises(DataError, match="COURSE_MIRROR"):
        data.load("eurosat", source="real")


def test_real_eurosat_is_the_published_one(eurosat):
    assert len(eurosat) == data.registry.entry("eurosat").pictures
    assert eurosat.counts["Pasture"] == 2000
    assert eurosat.shape == (3, 64, 64)
    assert eurosat.source == "real"
