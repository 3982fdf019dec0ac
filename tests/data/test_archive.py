import io
import json
import warnings
import zipfile

import h5py
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


@pytest.mark.slow
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


# --- whatever is broken ---


def changed(content: bytes, kind: str) -> bytes:
    if kind == "garbage":
        return b"\x93NUMPY\x01\x00\xff" * 30
    if kind == "zeros":
        return bytes(len(content))
    return content[: int(kind)]


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "set.json"])
@pytest.mark.parametrize("kind", ["garbage", "zeros", "0", "1", "7", "20", "-1"])
def test_a_broken_cache_is_set_aside_and_made_again_and_said(toy, name, kind):
    first = archive.open_or_build(toy).images
    file = archive.cache_dir(toy) / name
    file.write_bytes(changed(file.read_bytes(), kind))
    with pytest.warns(UserWarning, match="is broken: .* made again") as told:
        again = archive.open_or_build(toy)
    assert len(told) == 1
    assert np.array_equal(again.images, first)
    assert not list(places.data_dir().rglob("*.part"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(archive.open_or_build(toy).images, first)


@pytest.mark.parametrize(
    "about",
    [
        [],
        {},
        {"version": 2},
        {"classes": ["Field", "Lake"]},
        {"classes": 2, "names": []},
        {"classes": ["Field", "Lake"], "names": ["a"]},
    ],
)
def test_a_description_of_another_version_is_no_cache(toy, about):
    archive.open_or_build(toy)
    (archive.cache_dir(toy) / "set.json").write_text(json.dumps(about))
    assert archive.open_cache(toy) is None
    assert archive.cache_fault(toy)
    with pytest.warns(UserWarning, match="made again"):
        assert len(archive.open_or_build(toy)) == 6


def test_pictures_of_another_size_or_number_are_no_cache(toy):
    archive.open_or_build(toy)
    np.save(archive.cache_dir(toy) / "images.npy", np.zeros((6, 3, 8, 8), dtype=np.uint8))
    assert archive.open_cache(toy) is None
    np.save(archive.cache_dir(toy) / "images.npy", np.zeros((9, 3, 64, 64), dtype=np.uint8))
    assert archive.open_cache(toy) is None


def test_a_file_in_place_of_the_cache_is_set_aside(toy):
    archive.cache_dir(toy).parent.mkdir(parents=True)
    archive.cache_dir(toy).write_text("mine")
    with pytest.warns(UserWarning, match="made again"):
        assert len(archive.open_or_build(toy)) == 6
    assert archive.cache_dir(toy).with_name(archive.cache_dir(toy).name + ".aside").read_text() == "mine"


@pytest.mark.parametrize("kind", ["0", "100", "-1", "garbage", "folder"])
def test_a_kept_archive_that_is_broken_is_set_aside_where_the_mirror_has_a_good_one(toy, kind):
    kept = places.data_dir() / "downloads" / toy.file_name
    kept.parent.mkdir(parents=True)
    if kind == "folder":
        kept.mkdir()
    else:
        kept.write_bytes(changed((places.mirror_dir() / "toy.zip").read_bytes(), kind))
    with pytest.warns(UserWarning, match="toy.zip is broken"):
        assert len(archive.open_or_build(toy)) == 6
    assert not kept.exists()
    assert kept.with_name("toy.zip.aside").exists()


def test_a_part_that_a_kill_left_is_in_nobody_s_way(toy):
    archive.cache_dir(toy).parent.mkdir(parents=True)
    archive.cache_dir(toy).with_name(archive.cache_dir(toy).name + ".part").write_text("a file, not a folder")
    assert len(archive.open_or_build(toy)) == 6


def mutated(content: bytes, rng) -> bytes:
    """`content` cut off, or with a few bytes changed."""
    if rng.random() < 0.3:
        return content[: rng.integers(len(content))]
    out = np.frombuffer(content, dtype=np.uint8).copy()
    out[rng.integers(len(out), size=rng.integers(1, 30))] = rng.integers(256, dtype=np.uint8)
    return out.tobytes()


def test_no_damage_makes_a_look_into_an_archive_raise(toy, tmp_path):
    rng, good = np.random.default_rng(0), (places.mirror_dir() / "toy.zip").read_bytes()
    for _ in range(300):
        (tmp_path / "bad.zip").write_bytes(bad := mutated(good, rng))
        fault = archive.fault_in(tmp_path / "bad.zip", toy)
        assert fault or len(bad) == len(good)  # a changed comment, date or attribute is no damage


def test_no_damage_makes_a_look_into_weights_raise(tmp_path):
    with h5py.File(tmp_path / "good.h5", "w") as file:
        for k in range(3):
            file.create_dataset(f"layer_{k}/kernel:0", data=np.arange(60.0).reshape(3, 20), chunks=(1, 20))
    digest = data.tensors_digest(tmp_path / "good.h5")
    net = Entry("net", "weights", "Net", "net.h5", (), 1, "MIT", "", content=digest)
    rng, good = np.random.default_rng(0), (tmp_path / "good.h5").read_bytes()
    assert data._weights_fault(tmp_path / "good.h5", net) == ""
    faults = 0
    for k in range(200):
        (tmp_path / f"{k}.h5").write_bytes(mutated(good, rng))
        faults += bool(data._weights_fault(tmp_path / f"{k}.h5", net))
    assert faults > 100


def test_shipped_weights_that_are_damaged_are_named(monkeypatch, tmp_path):
    shipped = places.package("models/texture_net.safetensors").read_bytes()
    (tmp_path / "cut").write_bytes(shipped[:-9])
    assert data.weights_file("texture_net").is_file()
    monkeypatch.setattr(places, "package", lambda _: tmp_path / "cut")
    with pytest.raises(DataError, match="install the course again"):
        data.weights_file("texture_net")
