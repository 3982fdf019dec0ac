"""The map explorer: parts as `data.geographic_split` has them, true distances, the same words in the browser."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data
from course_lib.data import ImageSet
from course_lib.figures.interactive import map_places
from course_lib.figures.interactive.map_explorer import map_explorer
from course_lib.figures.interactive.map_pictures import MOST, NEIGHBOURS

CLASSES = ("Forest", "Highway", "River")
ROWS = [
    {"by": "random", "accuracy": 0.884, "balanced": 0.881, "note": "mean of 2 seeds"},
    {"by": "longitude", "value": 12.0, "accuracy": 0.851, "balanced": 0.798},
    {"by": "longitude", "value": 3.0, "reverse": True, "accuracy": 0.796, "balanced": 0.787},
    {"by": "longitude", "value": 20.0, "accuracy": 0.7, "balanced": 0.6},
    {"by": "cells", "value": 2.5, "accuracy": 0.872, "balanced": 0.86},
]


def some(n: int = 200, *, seed: int = 0, low=(-10.0, 35.0), high=(30.0, 65.0), unknown: int = 0) -> ImageSet:
    generator = np.random.default_rng(seed)
    places = generator.uniform(low, high, (n, 2))
    places[:unknown] = np.nan
    images = torch.arange(n).to(torch.uint8)[:, None, None, None].expand(-1, 3, 16, 16)
    return ImageSet.of(images, generator.integers(0, 3, n), CLASSES, "real", places=places)


def probabilities(n: int = 200, *, seed: int = 0) -> torch.Tensor:
    return (3 * torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))).softmax(dim=1)


@pytest.fixture
def figure():
    made = map_explorer(some(), answers=probabilities(), accuracies=ROWS)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("low", "high"), [((-21, 28), (33.5, 65)), ((-180, -90), (180, 90)), ((8.5, 47.3), (8.6, 47.4))]
)
def test_packed_places_are_the_places_to_a_step(low, high):
    places = np.random.default_rng(0).uniform(low, high, (500, 2))
    again = map_places.unpacked(*map_places.packed(places))
    assert abs(again - places).max() <= np.subtract(high, low).max() / map_places.STEPS


def test_one_place_for_all_is_packed_too():
    same = np.full((3, 2), 7.25)
    assert (map_places.unpacked(*map_places.packed(same)) == same).all()


def test_distances_are_those_of_the_law_of_cosines():
    places = np.random.default_rng(0).uniform((-180, -89), (180, 89), (300, 2))
    (east, north), (lon, lat) = np.deg2rad(places).T, np.deg2rad(places[7])
    cosine = np.sin(north) * np.sin(lat) + np.cos(north) * np.cos(lat) * np.cos(east - lon)
    wanted = map_places.EARTH_KM * np.arccos(np.clip(cosine, -1, 1))
    np.testing.assert_allclose(map_places.kilometres(places, places[7]), wanted, atol=2e-3)


def test_neighbours_are_the_nearest_and_not_oneself(figure):
    distances = map_places.kilometres(figure.places(), figure.places()[figure.chosen])
    near = figure.neighbours()
    assert len(near) == NEIGHBOURS
    assert figure.chosen not in [k for k, _ in near]
    assert [far for _, far in near] == sorted(distances)[1 : 1 + NEIGHBOURS]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_line_parts_as_geographic_split_does(axis, reverse):
    pictures = some()
    _, test = data.geographic_split(pictures, by=("longitude", "latitude")[axis], reverse=reverse)
    figure = map_explorer(pictures)
    edge = test.places[:, axis].max().item() + 1e-5 if reverse else test.places[:, axis].min().item() - 1e-5
    figure.split, figure.reverse = 1 + axis, reverse
    setattr(figure, ("longitude", "latitude")[axis], edge)
    assert np.flatnonzero(figure.test()).tolist() == test.rows.tolist()
    figure.close()


def test_cells_and_chance_part_as_the_room_of_data_does(figure):
    pictures = some()
    figure.split = 3
    for cell, size in enumerate(figure.cells):
        figure.cell = cell
        test = data.geographic_split(pictures, by=size)[1]
        assert np.flatnonzero(figure.test()).tolist() == test.rows.tolist()
    figure.split = 0
    assert np.flatnonzero(figure.test()).tolist() == pictures.split((0.8, 0.2))[1].rows.tolist()


def test_pictures_that_stand_in_the_set_twice_are_parted_one_by_one():
    pictures = some().at([*range(50), *range(50)])
    figure = map_explorer(pictures)
    figure.split = 0
    assert figure.test().sum() == 20
    figure.close()


def test_cells_that_hold_everything_are_not_offered():
    figure = map_explorer(some(low=(8.01, 47.01), high=(8.04, 47.04)), cells=(10.0, 0.01))
    assert figure.cells == [0.01]
    assert figure.digits == 4  # 300 places for the line
    figure.close()


def test_counts_by_class(figure):
    labels, test = some().labels.numpy(), figure.test()
    assert figure.counts().tolist() == [np.bincount(labels[part], minlength=3).tolist() for part in (~test, test)]


def test_title_says_the_stored_accuracy_or_the_nearest_as_such(figure):
    figure.longitude = 12.0
    assert figure.title().endswith(". Stored accuracy 85.1 %, balanced 79.8 %.")
    figure.longitude = 14.0
    assert figure.title().endswith("Nearest stored, 12.0° east: accuracy 85.1 %, balanced 79.8 %.")
    figure.reverse = True
    assert figure.title().endswith("Nearest stored, 3.0° east: accuracy 79.6 %, balanced 78.7 %.")
    figure.split = 2
    assert figure.title().endswith("No accuracy is stored for this kind of split.")
    figure.split, figure.cell = 3, figure.cells.index(3.0)
    assert "Nearest stored, 2.5°:" in figure.title()
    assert figure.comparison() == "With a random fifth as test: accuracy 88.4 %, balanced 88.1 % (mean of 2 seeds)."


def test_pictures_without_a_place_are_left_out_and_counted():
    figure = map_explorer(some(unknown=7), answers=probabilities())
    assert figure.counts().sum() == 193
    assert "193 pictures, a dot each. 7 without a known place left out." in figure.caption()
    assert figure.caption() in figure.describe()
    assert list(figure.answers) == probabilities().argmax(dim=1)[7:].tolist()
    figure.close()


def test_sheet_holds_the_pictures_in_their_order_and_not_too_many():
    figure = map_explorer(some(), shown=[150, 3, 3, 77])
    assert figure.shown[:3] == [150, 3, 77]
    assert figure.chosen == 150
    assert len(figure.shown) == len(set(figure.shown)) <= MOST
    sheet = np.asarray(Image.open(io.BytesIO(figure.sheet)))
    for place, k in enumerate(figure.shown):
        y, x = divmod(place, 16)
        assert abs(int(sheet[40 * y + 20, 40 * x + 20, 0]) - k) <= 2
    figure.close()


def test_a_kernel_answers_with_the_pictures_that_the_page_lacks():
    figure = map_explorer(some(), shown=[0])
    figure.asked = [9, 120]
    assert figure.answer["asked"] == [9, 120]
    figure.asked = [1000]  # of another figure: no answer, and no error in a callback
    assert figure.answer["asked"] == [9, 120]
    figure.close()


@pytest.mark.slow
def test_labels_alone_will_do_and_have_no_sureness():
    figure = map_explorer(some(), answers=probabilities().argmax(dim=1))
    assert figure._colours() == ["class", "right or wrong"]
    figure.colour = 1
    assert figure.png()
    with pytest.raises(ValueError, match="colour got 2; it wants 0 to 1"):
        figure.colour = 2
    figure.close()


GOOD = some()
WRONG = [
    ({"pictures": GOOD.images}, "got pictures of Tensor; it wants an ImageSet"),
    ({"pictures": ImageSet.of(GOOD.images, GOOD.labels, CLASSES)}, "of which no place is known"),
    ({"pictures": some(unknown=200)}, "of which 0 have a place; it wants two or more"),
    ({"pictures": some(unknown=199)}, "of which 1 have a place"),
    ({"pictures": ImageSet.of(GOOD.images, GOOD.labels, [str(k) for k in range(21)])}, "got 21 classes"),
    ({"answers": probabilities()[:5]}, r"answers of shape \(5, 3\) for 200 pictures of 3 classes"),
    ({"answers": probabilities().argmax(dim=1)[:5]}, "for 200 pictures"),
    ({"answers": probabilities() * 2}, "map_explorer got probabilities"),
    ({"answers": torch.full((200,), 3)}, "map_explorer got answers"),
    ({"accuracies": [{"by": "county", "accuracy": 1, "balanced": 1}]}, "it wants mappings with by"),
    ({"accuracies": [{"by": "cells", "accuracy": 1, "balanced": 1}]}, "it wants degrees"),
    ({"accuracies": [{"by": "random", "accuracy": 88.4, "balanced": 88.1}]}, "it wants shares, 0 to 1"),
    ({"cells": (0,)}, "it wants degrees, 0.001 to 90"),
    ({"shown": [200]}, r"got shown=\[200\]"),
    ({"shown": []}, "got shown=0 positions"),
    ({"source": "guessed"}, "got source='guessed'"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"pictures": GOOD} | change
    with pytest.raises(ValueError, match=complaint):
        map_explorer(given.pop("pictures"), **given)


def test_traits_stay_where_they_mean_something(figure):
    for name, value in (("split", 4), ("chosen", 200), ("only", 4), ("cell", 99)):
        with pytest.raises(ValueError, match=f"{name} got {value}; it wants 0 to"):
            setattr(figure, name, value)
    with pytest.raises(ValueError, match=r"latitude got 91\.0; it wants −90 to 90"):
        figure.latitude = 91.0


def test_the_coast_is_small_and_knows_land_from_sea():
    assert len(map_places.COAST.read_bytes()) <= 15_000
    from matplotlib.path import Path

    lands = [Path(ring) for ring in map_places.rings(map_places.coast((-20, 30, 30, 66)))]
    for place, land in {(2, 47): 1, (25, 67): 1, (-19, 65): 1, (0, 58): 0, (-10, 47): 0, (9, 40): 1}.items():
        assert sum(ring.contains_point(place) for ring in lands) % 2 == land, place
    assert map_places.coast((-100, 30, 30, 66)) == ""


# --- the same in JavaScript ---


@pytest.fixture(scope="module")
def vectors() -> dict:
    made = []
    for seed in range(4):
        low, high = ((8.5, 47.3), (8.6, 47.4)) if seed == 3 else ((-10.0, 35.0), (30.0, 65.0))
        given = (probabilities(seed=seed), probabilities(seed=seed).argmax(dim=1), None, None)[seed]
        figure = map_explorer(some(seed=seed, low=low, high=high), answers=given, accuracies=() if seed == 2 else ROWS)
        sizes = range(max(1, len(figure.cells)))
        steps = []
        for split, reverse, cell in itertools.product(range(len(figure._splits())), (False, True), sizes):
            east, north = figure.places()[len(steps)]
            figure.split, figure.reverse, figure.cell, figure.chosen = split, reverse, cell, len(steps)
            # Now and then a line that goes through a dot.
            figure.longitude, figure.latitude = (east, north) if cell % 2 else (round(east, 1), round(north, 1))
            steps.append(_step(figure))
        east, north = figure.places().T.tolist()
        made.append(
            {
                name: list(getattr(figure, name))
                for name in ("where", "labels", "answers", "dealt", "corners", "classes")
            }
            | {name: getattr(figure, name) for name in ("cells", "digits", "accuracies")}
            | {"sure": np.frombuffer(figure.sure, "<u2").tolist(), "east": east, "north": north, "steps": steps}
        )
        figure.close()
    return {"sets": made}


def _step(figure) -> dict:
    names = ("split", "longitude", "latitude", "cell", "reverse", "chosen")
    distances = map_places.kilometres(figure.places(), figure.places()[figure.chosen])
    return {
        "state": {name: getattr(figure, name) for name in names}, "test": figure.test().astype(int).tolist(),
        "counts": figure.counts().tolist(), "kilometres": distances.tolist(),
        "near": [k for k, _ in figure.neighbours()], "title": figure.title(), "comparison": figure.comparison(),
        "chosen": figure.chosen_words(), "other": figure.other_words(),
    }  # fmt: skip


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("map_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "wrong"),
    [("counts", [[0]]), ("test", [0]), ("near", [1]), ("title", "x"), ("chosen", "x"), ("other", "x"),
     ("comparison", "x"), ("kilometres", [1.0] * 200)],
)  # fmt: skip
def test_disagreement_is_found(run_node, vectors, key, wrong):
    (first, *_), (step, *_) = vectors["sets"], vectors["sets"][0]["steps"]
    assert run_node("map_explorer", {"sets": [first | {"steps": [step | {key: wrong}]}]}).returncode != 0
