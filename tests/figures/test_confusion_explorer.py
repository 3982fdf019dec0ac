"""The confusion explorer: counts as in `metrics`, pictures of the right cells, the same words in the browser."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data import ImageSet
from course_lib.figures.interactive.confusion_explorer import MOST, PER_CELL, confusion_explorer
from course_lib.metrics import confusion_matrix, select

CLASSES = ("Forest", "Highway", "River")


def some(n: int = 200, classes=CLASSES, *, side: int = 16, seed: int = 0) -> tuple[ImageSet, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (n, 3, side, side), generator=generator).to(torch.uint8)
    labels = torch.randint(0, len(classes), (n,), generator=generator)
    logits = torch.randn(n, len(classes), generator=generator) * 2
    logits[torch.arange(n), labels] += 2
    return ImageSet.of(images, labels, classes), logits.softmax(dim=1)


@pytest.fixture
def figure():
    made = confusion_explorer(*some())
    yield made
    made.close()


def test_title_counts_as_the_metric_does(figure):
    pictures, probabilities = some()
    for figure.threshold in (0.0, 0.5, 0.8):
        kept = select(probabilities, pictures.labels, figure.threshold)
        assert f": {kept.kept} of 200" in figure.title()
        assert figure.title().endswith(f"To review: {200 - kept.kept}")


def test_nothing_kept_has_no_accuracy(figure):
    figure.threshold = 1.0
    assert figure.title() == "At least 1.00 sure: 0 of 200 (0 %), — % of them right. To review: 200"


def test_first_cell_is_the_largest_error(figure):
    pictures, probabilities = some()
    matrix = confusion_matrix(probabilities, pictures.labels).fill_diagonal_(0)
    row, column = divmod(figure.cell, 3)
    assert matrix[row, column] == matrix.max()
    assert figure.cell_title().startswith(f"{CLASSES[row]} taken for {CLASSES[column]}: {matrix[row, column]} of ")


def test_every_cell_has_its_own_pictures_from_the_surest_to_the_least_sure(figure):
    _, probabilities = some()
    confidence = probabilities.max(dim=1).values
    count = Counter(figure._cell_of(entry[0]) for entry in figure.shown)
    matrix = np.bincount([figure._cell_of(n) for n in range(200)], minlength=9)
    assert all(count[cell] == min(PER_CELL, matrix[cell]) for cell in range(9))
    for cell in range(9):
        mine = [entry[0] for entry in figure.shown if figure._cell_of(entry[0]) == cell]
        sure = confidence[mine].tolist()
        assert sure == sorted(sure, reverse=True)
        members = [n for n in range(200) if figure._cell_of(n) == cell]
        assert sure[0] == confidence[members].max()
        assert sure[-1] == confidence[members].min()


def test_sheet_holds_the_pictures_in_their_order():
    plain = torch.arange(0, 250, 10, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 64, 64)  # JPEG keeps these
    probabilities = torch.eye(5)[torch.arange(25) % 5]
    made = confusion_explorer(ImageSet.of(plain, torch.arange(25) % 5, list("abcde")), probabilities)
    sheet = np.asarray(Image.open(io.BytesIO(made.sheet)))
    for place, entry in enumerate(made.shown):
        y, x = divmod(place, 12)
        assert abs(int(sheet[64 * y + 32, 64 * x + 32, 0]) - 10 * entry[0]) <= 2
    made.close()


@pytest.mark.slow
def test_twenty_classes_stay_light():
    made = confusion_explorer(*some(2000, [f"class {k}" for k in range(20)]))
    assert len(made.shown) <= max(MOST, 400)
    assert made.png()
    made.close()


def test_probabilities_beside_a_picture_are_its_three_highest(figure):
    _, probabilities = some()
    picture, *best = figure.shown[0]
    values, names = probabilities[picture].topk(3)
    assert best[::2] == names.tolist()
    assert best[1::2] == pytest.approx(values.tolist(), abs=1e-4)


GOOD = some()
WRONG = [
    ({"pictures": GOOD[0].images}, "got pictures of Tensor; it wants an ImageSet"),
    ({"probabilities": GOOD[1][:5]}, r"shape \(5, 3\) for 200 pictures of 3 classes; it wants \[N, K\] = \(200, 3\)"),
    ({"probabilities": GOOD[1][:, :2]}, r"shape \(200, 2\)"),
    ({"probabilities": (GOOD[1] * 100).int()}, "got probabilities of torch.int32; it wants floats"),
    ({"probabilities": GOOD[1] * float("nan")}, "got NaN"),
    ({"probabilities": GOOD[1].log()}, "negative"),
    ({"probabilities": GOOD[1] * 3}, "sum to 3; each row must sum to 1"),
    ({"pictures": ImageSet.of(GOOD[0].images, [0] * 200, ["one"])}, "got 1 classes; it has room for 2 to 20"),
    ({"pictures": ImageSet.of(GOOD[0].images, [0] * 200, [str(k) for k in range(200)])}, "got 200 classes"),
    ({"pictures": GOOD[0].at([]), "probabilities": GOOD[1][:0]}, "for 0 pictures"),
    ({"threshold": 1.5}, "threshold got 1.5; it wants 0 to 1"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"pictures": GOOD[0], "probabilities": GOOD[1]} | change
    with pytest.raises((ValueError, Exception), match=complaint) as caught:
        confusion_explorer(given.pop("pictures"), given.pop("probabilities"), **given)
    assert "ValueError" in type(caught.value).__name__ or "TraitError" in type(caught.value).__name__


def test_cell_stays_in_the_matrix(figure):
    with pytest.raises(ValueError, match="cell got 9; it wants 0 to 8"):
        figure.cell = 9


# --- the same in JavaScript ---


@pytest.fixture(scope="module")
def vectors() -> dict:
    made = []
    for seed in range(12):
        pictures, probabilities = some(1000, CLASSES[: 2 + seed % 2], side=1, seed=seed)
        figure = confusion_explorer(pictures, probabilities)
        labels, answers, confidence = figure._arrays()
        k = len(figure.classes)
        steps = []
        for figure.threshold in [0.0, 1.0, float(confidence[0]), *(round(0.01 * step, 2) for step in range(99))]:
            figure.cell = len(steps) % (k * k)
            kept = confidence >= figure.threshold
            counts = np.bincount((labels * k + answers)[kept], minlength=k * k)
            steps.append({"threshold": figure.threshold, "counts": counts.tolist(), "title": figure.title(),
                          "cell": figure.cell, "cellTitle": figure.cell_title()})  # fmt: skip
        made.append({"labels": labels.tolist(), "answers": answers.tolist(), "confidence": confidence.tolist(),
                     "classes": figure.classes, "steps": steps})  # fmt: skip
        figure.close()
    return {"sets": made}


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("confusion_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("key", "wrong"), [("counts", [0]), ("title", "nonsense"), ("cellTitle", "nonsense")])
def test_disagreement_is_found(run_node, vectors, key, wrong):
    (first, *_), (step, *_) = vectors["sets"], vectors["sets"][0]["steps"]
    assert run_node("confusion_explorer", {"sets": [first | {"steps": [step | {key: wrong}]}]}).returncode != 0
