"""Before class and between sessions: what lessons use is kept, proven byte for byte, and carried as one archive."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib import data
from course_lib.data import DataError, archive, places, registry
from course_lib.data.registry import Address, Entry
from tests.data.server import Behaviour, serving
from tests.data.test_archive import FILES, zip_of

WEIGHTS = b"weights" * 1000
SHA = hashlib.sha256(WEIGHTS).hexdigest()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def entries(empty_machine, monkeypatch, tmp_path) -> dict[str, Entry]:
    """A registry of one set, one file of weights and one shipped file, the first two on a mirror."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    zip_of(mirror / "toy.zip", FILES)
    (mirror / "net.bin").write_bytes(WEIGHTS)
    with zipfile.ZipFile(mirror / "toy.zip") as file:
        content = archive.tree_digest(file)
    toy = Entry("toy", "pictures", "Toy", "toy.zip", (), 10_000, "MIT", "", content=content, size=64, lessons=True)
    net = Entry("net", "weights", "Net", "net.bin", (Address("http://x.invalid/n", f"sha256:{SHA}"),), 7000, "", "")
    own = registry.entries()["texture_net"]
    known = {"toy": toy, "net": replace(net, lessons=True), "own": own, "other": replace(net, name="other")}
    monkeypatch.setattr(registry, "entries", lambda: known)
    return known


def without_mirror() -> None:
    shutil.rmtree(places.mirror_dir())


def test_only_what_lessons_use_is_listed(entries):
    assert registry.for_lessons() == ["toy", "net", "own"]


def test_what_is_kept_needs_neither_mirror_nor_network(entries):
    for name in registry.for_lessons():
        assert data.keep(name) == data.verified(name)
    without_mirror()
    for name in registry.for_lessons():
        assert data.verified(name).exists()
    assert data.keep("net").read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["toy", "net"])
def test_what_is_not_here_is_no_proof(entries, name):
    without_mirror()
    with pytest.raises(DataError, match=f"course fetch {name}"):
        data.verified(name)


def test_network_is_not_asked_for_a_proof(entries, monkeypatch):
    without_mirror()
    monkeypatch.delenv("COURSE_OFFLINE")
    with serving(Behaviour(WEIGHTS)) as url:
        entries["net"] = replace(entries["net"], addresses=(Address(url, f"sha256:{SHA}"),))
        with pytest.raises(DataError, match="not on this machine"):
            data.verified("net")
        assert data.keep("net").read_bytes() == WEIGHTS  # as `course fetch` does
    assert data.verified("net") == data.keep("net")


def test_download_that_broke_off_is_taken_up(entries, monkeypatch):
    without_mirror()
    monkeypatch.delenv("COURSE_OFFLINE")
    part = places.data_dir() / "downloads" / "net.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[:3000])
    asked = Behaviour(WEIGHTS)
    with serving(asked) as url:
        entries["net"] = replace(entries["net"], addresses=(Address(url, f"sha256:{SHA}"),))
        data.keep("net")
    assert asked.requests == ["bytes=3000-"]


@pytest.mark.parametrize("file", ["images.npy", "labels.npy"])
def test_one_changed_byte_in_the_cache_is_found_and_mended(entries, file):
    data.keep("toy")
    path = archive.cache_dir(entries["toy"]) / file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged.*course fetch toy"):
        data.verified("toy")
    data.keep("toy")
    assert data.verified("toy")


def test_cache_from_before_digests_were_kept_is_made_again(entries):
    data.keep("toy")
    about = archive.cache_dir(entries["toy"]) / "set.json"
    about.write_text(re.sub(r', "digest": "\w+"', "", about.read_text()))
    assert len(data.load("toy").images) == 6  # lessons take it
    with pytest.raises(DataError, match="before digests were kept"):
        data.verified("toy")
    data.keep("toy")
    assert data.verified("toy")


def test_damaged_weights_and_a_damaged_shipped_file_are_found(entries):
    data.keep("net").write_bytes(WEIGHTS[:-1] + b"?")
    without_mirror()
    with pytest.raises(DataError, match="wrong sha256"):
        data.verified("net")
    entries["own"] = replace(entries["own"], content="0" * 64)
    with pytest.raises(DataError, match="install the course again"):
        data.verified("own")


def test_every_name_that_a_lesson_says_is_marked_in_the_registry():
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lessons" / "src").glob("*.py"))
    said = {name for name in registry.entries() if f'"{name}"' in text}
    assert "eurosat" in said
    # Lesson 6b draws ResNet-18's shape with random weights: nothing to fetch.
    assert said - {"resnet18"} <= set(registry.for_lessons())


# --- between sessions ---


def carried(tmp_path) -> Path:
    return tmp_path / "drive" / "course.tar"


def test_archive_is_written_once_and_unpacked_on_a_new_machine(entries, monkeypatch, tmp_path):
    carried(tmp_path).parent.mkdir()
    data.between_sessions(carried(tmp_path))
    with tarfile.open(carried(tmp_path)) as file:
        assert {Path(name).suffix for name in file.getnames()} == {"", ".npy", ".json", ".bin"}
    without_mirror()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "another machine"))
    assert data.between_sessions(carried(tmp_path)) == tmp_path / "another machine"
    for name in registry.for_lessons():
        assert data.verified(name).exists()
    assert not list((tmp_path / "another machine").rglob("*.part"))


def test_unpacking_touches_nothing_that_a_kernel_may_have_open(entries, tmp_path):
    carried(tmp_path).parent.mkdir()
    data.between_sessions(carried(tmp_path))
    images = archive.cache_dir(entries["toy"]) / "images.npy"
    before = images.stat().st_ino, images.stat().st_mtime_ns
    data.between_sessions(carried(tmp_path))
    assert (images.stat().st_ino, images.stat().st_mtime_ns) == before


def test_drive_that_is_not_mounted_is_told(entries, tmp_path):
    with pytest.raises(DataError, match=r"drive.mount"):
        data.between_sessions(carried(tmp_path))


def test_archive_that_is_damaged_or_leads_elsewhere_is_refused(entries, tmp_path):
    path = carried(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"no tar")
    with pytest.raises(DataError, match="cannot be unpacked"):
        data.between_sessions(path)
    with tarfile.open(path, "w") as file:
        member = tarfile.TarInfo("../outside")
        member.size = 1
        file.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(DataError, match="cannot be unpacked"):
        data.between_sessions(path)
    assert not (places.data_dir().parent / "outside").exists()
    assert not list(places.data_dir().rglob("*.part"))


def test_failure_while_packing_leaves_no_archive(entries, tmp_path):
    carried(tmp_path).parent.mkdir()
    without_mirror()
    with pytest.raises(DataError):
        data.between_sessions(carried(tmp_path))
    assert not carried(tmp_path).exists()
