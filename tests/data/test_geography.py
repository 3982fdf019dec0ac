import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import data
from course_lib.data import ImageSet, geography
from course_lib.lessons.kernels.pictures import of_classes
from course_lib.lessons.messy_data.leaks import with_copies

TABLE = "eurosat_places.csv"
CARD = data.places.shipped(TABLE).with_suffix(".md").read_text(encoding="utf-8")
# SHA-256 of each part of TorchGeo's EuroSATSpatial: names without suffix, sorted, a line each.
TORCHGEO = {
    "train": "c63e14928f1a11cd5ff82b65b4d423fbdcbe0822099d9be4eb97bd2de5e766e3",
    "val": "c3021ff2d3ac6be38224fb6a45f736ada4b1ed0c156248654f56ce1db2d043f5",
    "test": "afd5722a1f9703c2829fb84645978390214be67b98033ee4ca802e03f308204b",
}


def digest(names):
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(names)).encode()).hexdigest()


def table(path=None):
    path = path or data.places.shipped(TABLE)
    with path.open(encoding="utf-8") as file:
        return {
            Path(row["picture"]).stem: (float(row["longitude"]), float(row["latitude"])) for row in csv.DictReader(file)
        }


def mirrored(name):
    mirror = data.places.mirror_dir()
    file = mirror and mirror / "eurosat_places" / name
    if not file or not file.is_file():
        pytest.skip(f"eurosat_places/{name} is not on this machine: set COURSE_MIRROR to compare with the public list")
    return file


@pytest.fixture(scope="module")
def europe():
    """EuroSAT's names, classes and places, with pictures of 8×8 that are all black: the facts without the pixels."""
    known = table()
    names = sorted(known)
    classes = sorted({name.split("_")[0] for name in names})
    black = torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(len(names), 3, 8, 8)
    labels = [classes.index(name.split("_")[0]) for name in names]
    return geography.located(ImageSet.of(black, labels, classes, "real", names=[f"{n}.jpg" for n in names]), TABLE)


def names_in(part):
    return {Path(part.name_of(k)).stem for k in range(len(part))}


def somewhere(n=60, seed=0):
    """`n` pictures, each of its own colour, at random places; the colour says which it is."""
    drawn = np.random.default_rng(seed).uniform((-170, -80), (170, 80), (n, 2))
    images = torch.arange(n, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 8, 8).contiguous()
    return ImageSet.of(images, torch.arange(n) % 3, ["a", "b", "c"], places=drawn), torch.as_tensor(drawn)


# --- the table ---


@pytest.mark.slow
def test_the_table_is_the_public_one_to_a_millionth_of_a_degree():
    ours, theirs = table(), table(mirrored("eurosat_places.csv"))
    assert ours.keys() == theirs.keys()
    assert max(np.abs(np.subtract(ours[name], theirs[name])).max() for name in ours) < 1e-6


@pytest.mark.slow
def test_the_table_has_every_picture_and_is_small(europe):
    assert len(europe) == 27_000
    assert not europe.places.isnan().any()
    assert data.places.shipped(TABLE).stat().st_size < 1_050_000


def test_real_eurosat_knows_its_places(eurosat):
    known = table()
    assert eurosat.places.dtype == torch.float64
    for k in range(0, len(eurosat), 999):
        assert tuple(eurosat.places[k].tolist()) == known[Path(eurosat.name_of(k)).stem]


def test_a_name_that_the_table_lacks_has_no_place():
    black = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    found = geography.located(ImageSet.of(black, [0, 0], ["x"], names=["Forest/Forest_1.jpg", "x/new.jpg"]), TABLE)
    assert found.places.isnan().tolist() == [[False, False], [True, True]]


def test_the_wheel_has_the_table():
    wheel = (data.places.repository() / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"datasets/{TABLE}" = "course_lib/_shipped/{TABLE}"' in wheel


def test_the_card_gives_what_the_table_says(europe):
    west, south = europe.places.amin(dim=0).tolist()
    east, north = europe.places.amax(dim=0).tolist()
    assert f"{-west:.1f}° west to {east:.1f}° east, {south:.1f}° to {north:.1f}° north" in CARD
    digest = hashlib.sha256(data.places.shipped(TABLE).read_bytes()).hexdigest()
    assert digest in CARD


@pytest.mark.slow
def test_the_card_counts_neighbours_and_shared_ground(europe):
    """On a sphere of 6,371 km; two pictures of 640 m share the ground that their offsets leave."""
    from sklearn.neighbors import BallTree

    radius_m, side_m = 6_371_008.8, 640
    east, north = np.radians(europe.places.numpy()).T
    tree = BallTree(np.stack([north, east], axis=1), metric="haversine")
    nearest = tree.query(np.stack([north, east], axis=1), k=2)[0][:, 1] * radius_m
    assert f"{(nearest < 700).mean():.1%}".replace("%", " %") in CARD
    near = tree.query_radius(np.stack([north, east], axis=1), side_m * 2**0.5 / radius_m)
    first, second = np.array([(i, j) for i, others in enumerate(near) for j in others if j > i]).T
    across = np.abs(east[first] - east[second]) * np.cos((north[first] + north[second]) / 2) * radius_m
    up = np.abs(north[first] - north[second]) * radius_m
    shared = np.clip(1 - across / side_m, 0, None) * np.clip(1 - up / side_m, 0, None)
    labels = europe.labels.numpy()
    for share in (0.05, 0.25, 0.5):
        pairs = shared > share
        other = (labels[first] != labels[second])[pairs].sum()
        assert f"| {share:.0%} | {pairs.sum()} | {other} |".replace("%", " %") in CARD


# --- places go where pictures go ---


def test_places_follow_their_pictures_through_every_operation():
    whole, drawn = somewhere()
    train, val, test = whole.split((0.5, 0.3, 0.2), seed=1)
    found = {
        "split": train,
        "a split of a split": val.split((0.5, 0.5))[1],
        "subset": test.subset(5, seed=3),
        "at": whole.at([7, 3, 3]),
        "classes": of_classes(whole, ["c", "a"]),
        "copies": with_copies(whole, 0.3, noise=0, seed=0),
        "cut": geography.geographic_split(whole)[1],
    }
    for name, part in found.items():
        assert torch.equal(part.places, drawn[part.images[:, 0, 0, 0].long()]), name
    assert torch.equal(train.changed(lambda x: 255 - x).places, train.places)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: data.load("eurosat", source="stand-in"),
        lambda: data.logos(1),
        lambda: data.spectrograms(2),
        lambda: data.mixed(somewhere()[0], 4)[0],  # of two pictures from two places
    ],
)
def test_what_is_drawn_by_code_lies_nowhere(make):
    assert make().places is None


def test_pictures_without_places_stay_without_them():
    black = torch.zeros(6, 3, 8, 8, dtype=torch.uint8)
    whole = ImageSet.of(black, [0, 0, 0, 1, 1, 1], ["a", "b"])
    for part in (*whole.split((0.5, 0.5)), whole.at([0]), whole.subset(2), whole.changed(lambda x: 255 - x)):
        assert part.places is None


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([[0.0, 0.0]], r"float64 and shape .1, 2..*float64 \[2, 2\]"),
        ([0.0, 1.0], r"\(2,\)"),
        ([[0.0, 0.0], [10.0, 91.0]], "longitude first"),
        ([[-181.0, 0.0], [10.0, 0.0]], "longitude first"),
    ],
)
def test_bad_places_are_named(places, message):
    with pytest.raises(ValueError, match=message):
        ImageSet.of(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [0, 0], ["a"], places=places)


# --- the split ---


@pytest.mark.slow
def test_torchgeos_split_is_reproduced_name_for_name(europe):
    parts = data.geographic_split(europe, (0.6, 0.2, 0.2))
    assert [part.part for part in parts] == ["train", "val", "test"]
    assert [len(part) for part in parts] == [16_200, 5_400, 5_400]
    assert {part.part: digest(names_in(part)) for part in parts} == TORCHGEO
    assert f"{parts[0].places[:, 0].max():.4f}" == "10.4737"
    assert f"{parts[2].places[:, 0].min():.4f}" == "17.4103"


@pytest.mark.parametrize("part", TORCHGEO)
def test_the_digests_are_those_of_torchgeos_lists(part):
    names = mirrored(f"eurosat-spatial-{part}.txt").read_text(encoding="utf-8").split()
    assert digest(Path(name).stem for name in names) == TORCHGEO[part]


@pytest.mark.parametrize(("by", "axis"), [("longitude", 0), ("latitude", 1)])
def test_a_line_parts_the_pictures(by, axis):
    whole, _ = somewhere()
    train, test = data.geographic_split(whole, by=by)
    assert (len(train), len(test)) == (48, 12)
    assert train.places[:, axis].max() < test.places[:, axis].min()
    back, forth = data.geographic_split(whole, by=by, reverse=True)
    assert (len(back), len(forth)) == (48, 12)
    assert back.places[:, axis].min() > forth.places[:, axis].max()


@pytest.mark.parametrize("degrees", [10, 45.0, np.float32(90)])
def test_no_cell_is_parted_and_the_seed_deals_them(degrees):
    whole, _ = somewhere(200)
    cut = data.geographic_split(whole, (0.6, 0.4), by=degrees, seed=5)
    cells = [set(map(tuple, (part.places / float(degrees)).floor().tolist())) for part in cut]
    assert not cells[0] & cells[1]
    assert sorted(torch.cat([part.rows for part in cut]).tolist()) == list(range(200))
    again, other = (data.geographic_split(whole, (0.6, 0.4), by=degrees, seed=seed) for seed in (5, 6))
    assert torch.equal(again[0].rows, cut[0].rows)
    assert not torch.equal(other[0].rows, cut[0].rows)


@pytest.mark.parametrize(("degrees", "cells"), [(0.1, 5724), (1, 426), (3, 90), (10, 17)])
def test_cells_of_europe(europe, degrees, cells):
    parts = data.geographic_split(europe, by=degrees)
    found = [set(map(tuple, (part.places / degrees).floor().tolist())) for part in parts]
    assert len(found[0] | found[1]) == len(found[0]) + len(found[1]) == cells
    assert 0.7 < len(parts[0]) / len(europe) < 0.9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": (1.0,)}, "two or more above 0"),
        ({"shares": (0.8, 0)}, "two or more above 0"),
        ({"shares": (0.8, float("nan"))}, "two or more above 0"),
        ({"shares": (1,) * 61}, "60 pictures for 61 parts"),
        ({"by": "altitude"}, "by='altitude'.*\"longitude\", \"latitude\""),
        ({"by": 0}, "by=0.*side of a cell"),
        ({"by": True}, "by=True"),
        ({"by": float("inf")}, "by=inf"),
        ({"by": 1, "reverse": True}, "cells have no order"),
        ({"by": 360.0}, "in 4 cells of 360° for 5 parts.*smaller", ),
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_named(changes, message):
    if changes.get("by") == 360.0:
        changes = changes | {"shares": (1,) * 5}
    with pytest.raises(ValueError, match=message):
        data.geographic_split(somewhere()[0], **changes)


def test_without_places_there_is_no_split():
    with pytest.raises(ValueError, match=r"logos.*generated.*no place is known.*data.load.*EXIF"):
        data.geographic_split(data.logos(1))


def test_the_remedy_for_unknown_places_works():
    whole, drawn = somewhere()
    drawn[:3] = float("nan")
    pictures = ImageSet.of(whole.images, whole.labels, whole.classes, places=drawn)
    with pytest.raises(ValueError, match="3 of 60 pictures without a place") as caught:
        data.geographic_split(pictures)
    remedy = str(caught.value).split("with ")[1].removesuffix(".")
    assert sum(map(len, data.geographic_split(eval(remedy)))) == 57


# --- a table of one's own ---


@pytest.fixture
def rivers():
    """Three black pictures with file names, as `from_folder` gives them."""
    black = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    return ImageSet.of(black, [0, 0, 1], ["river", "road"], names=["river/a.jpg", "river/b.x.png", "road/c.jpg"])


def written(folder, text):
    file = folder / "places.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_places_come_from_a_table_by_the_name_without_folder_and_suffix(rivers, tmp_path):
    found = data.with_places(
        rivers, written(tmp_path, "\ufeffname,east,north\nc,-3.5,40\n\nphotos/a.jpeg,11.58,48.14\n")
    )
    assert found.places[[0, 2]].tolist() == [[11.58, 48.14], [-3.5, 40.0]]
    assert found.places[1].isnan().all(), "the table does not name it"
    assert rivers.places is None


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("n,e,n\na,11,5,48,1\n", data.DataError, "line 2: 'a,11,5,48,1' names no place.*with a point"),
        ("n,e,n\na,11.5,48.1\nb,east,1\n", data.DataError, "line 3: 'b,east,1'"),
        ("n,e,n\nd,11.5,48.1\n", ValueError, "1 places, none of them.*names 'd'.*is called 'a'"),
        ("", ValueError, "0 places, none of them"),
        ("n,e,n\na,200,48.1\n", ValueError, "beyond 180°"),
    ],
)
def test_a_table_that_is_no_table_of_places_is_refused(rivers, tmp_path, text, error, told):
    with pytest.raises(error, match=told):
        data.with_places(rivers, written(tmp_path, text))


def test_what_cannot_be_looked_up_is_refused(rivers, tmp_path):
    file = written(tmp_path, "n,e,n\na,1,2\n")
    with pytest.raises(data.DataError, match=r"'nowhere\.csv', which is no file"):
        data.with_places(rivers, "nowhere.csv")
    with pytest.raises(ValueError, match="0 file names"):
        data.with_places(ImageSet.of(rivers.images, rivers.labels, rivers.classes), file)
    twice = ImageSet.of(rivers.images, rivers.labels, rivers.classes, names=["river/a.jpg", "b.jpg", "road/a.jpg"])
    with pytest.raises(ValueError, match="1 names that more than one picture has, such as 'a'"):
        data.with_places(twice, file)
