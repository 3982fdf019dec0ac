import numpy as np
import pytest
from PIL import Image

from course_lib import data
from course_lib.data import folder


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
