"""Every decision is on disk at once, whole, and taken up again."""

from __future__ import annotations

import base64
import csv
import io
import sys
from datetime import datetime

import pytest
import torch
from PIL import Image

from course_lib.data import ImageSet
from course_lib.figures import review_gallery
from course_lib.figures.interactive.review_gallery import HEADER, ReviewGallery

RUDE = "<img src=x onerror=alert(1)>"
CLASSES = ("Forest", RUDE, "River")


@pytest.fixture
def pictures() -> ImageSet:
    images = torch.randint(0, 256, (40, 3, 16, 16), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return ImageSet.of(images, torch.arange(40) % 3, CLASSES).at(range(10, 40))


@pytest.fixture
def made(pictures, tmp_path):
    return review_gallery(pictures, range(12), [2] * 12, tmp_path / "mine" / "review.csv")


def lines(made) -> list[list[str]]:
    with made.file.open(encoding="utf-8", newline="") as text:
        return list(csv.reader(text))


def test_what_is_decided_is_on_disk_and_taken_up_again(made, pictures):
    assert not made.file.exists()
    made.decide(10, "relabel")
    made.decide(11, "keep")
    made.decide(12, "relabel", RUDE)
    made.decide(11, "skip")
    header, *rows = lines(made)
    assert tuple(header) == HEADER == ("row", "old label", "new label", "decision", "when")
    assert [row[:4] for row in rows] == [
        ["10", RUDE, "River", "relabel"],
        ["11", "River", "River", "skip"],
        ["12", "Forest", RUDE, "relabel"],
    ]
    assert all(datetime.fromisoformat(row[4]).utcoffset().total_seconds() == 0 for row in rows)
    again = review_gallery(pictures, range(12), [2] * 12, made.file)
    assert again.decisions == made.decisions
    assert again.title() == "3 of 12 reviewed: keep 0, relabel 2, both 0, skip 1"
    assert again.labels()[:3].tolist() == [2, 2, 1]
    assert torch.equal(again.labels()[3:], pictures.labels[3:])


def test_both_are_right_names_a_second_class_and_changes_no_label(made, pictures):
    made.decide(10, "both")
    made.decide(11, "both", "Forest")
    assert [row[1:4] for row in lines(made)[1:]] == [[RUDE, "River", "both"], ["River", "Forest", "both"]]
    assert torch.equal(made.labels(), pictures.labels)
    again = review_gallery(pictures, range(12), [2] * 12, made.file)
    assert again.decisions == made.decisions


def test_a_review_of_a_few_keeps_the_decisions_on_others(made, pictures):
    made.decide(10, "keep")
    few = review_gallery(pictures, [5], ["River"], made.file)
    few.decide(15, "keep")
    assert [row[0] for row in lines(few)[1:]] == ["10", "15"]
    assert few.title() == "1 of 1 reviewed: keep 1, relabel 0, both 0, skip 0"


def test_a_disk_that_fails_costs_no_earlier_decision(made, monkeypatch):
    made.decide(10, "keep")
    before = made.file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    # By its name: `figures.review_gallery` is the function.
    monkeypatch.setattr(sys.modules[ReviewGallery.__module__], "astuple", full)
    with pytest.raises(OSError, match="No space"):
        made.decide(11, "keep")
    assert made.file.read_bytes() == before
    assert list(made.decisions) == [10]
    card = made.form().children[1].children[0].children[1]
    card.children[3].children[0].click()
    assert card.children[4].value == "not saved: No space left on device"


def test_buttons_do_what_decide_does(made):
    title, cards, turning = made.form().children
    first = cards.children[0].children[0]
    picture, told, choice, buttons, state = first.children
    assert Image.open(io.BytesIO(picture.value)).size == (112, 112)
    assert RUDE not in told.value  # the label of no. 10, escaped
    assert choice.value == "River"
    keep, relabel, both, _ = buttons.children
    choice.value = "Forest"
    relabel.click()
    assert made.decisions[10].new == "Forest"
    assert state.value == "relabelled: Forest"
    assert title.value.startswith("1 of 12 reviewed")
    both.click()
    assert state.value == "both: Forest"
    keep.click()
    assert lines(made)[1][:4] == ["10", RUDE, RUDE, "keep"]
    back, on = turning.children
    on.click()
    on.click()  # beyond the last page it stays
    assert title.value.endswith("(page 2 of 2)")
    assert sum(len(line.children) for line in cards.children) == 2
    back.click()
    assert cards.children[0].children[0].children[4].value == "kept"


@pytest.mark.slow
def test_its_faces(made, pictures, tmp_path):
    data, metadata = made._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == repr(made)
    width, height = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size
    assert 300 < width < 1600
    assert 150 < height < 1000
    assert "→ River?" in metadata["image/png"]["alt"]
    before = repr(made), made.png()
    made.decide(10, "keep")
    assert repr(made) == before[0]
    assert made.png() != before[1]
    fresh = review_gallery(pictures, range(12), [2] * 12, tmp_path / "other" / "review.csv")
    assert (repr(fresh), fresh.png()) == before


def test_a_file_that_is_no_review_of_these_is_left_alone(pictures, tmp_path):
    file = tmp_path / "review.csv"
    for text, told in (
        ("name,age\nAnn,7\n", "is no review"),
        ("", "is no review"),
        (",".join(HEADER) + "\n10,Forest,River,relabel,now\n", "review of other pictures"),
        (",".join(HEADER) + "\n11,River,Lake,relabel,now\n", "review of other pictures"),
        (",".join(HEADER) + "\nx,River,River,keep,now\n", "is no review"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=told):
            review_gallery(pictures, [0, 1], [2, 2], file)
        assert file.read_text() == text


@pytest.mark.parametrize(
    ("rows", "suggestions", "told"),
    [
        ([], [], "0 rows"),
        ([0, 0], [1, 1], "different positions"),
        ([30], [1], "from 0 to 29"),
        ([0, 1], [1], "2 rows and 1 suggestions"),
        ([0], [3], "the class 3"),
        ([0], ["Lake"], "the class 'Lake'"),
    ],
)
def test_bad_input_is_told(pictures, tmp_path, rows, suggestions, told):
    with pytest.raises(ValueError, match=told):
        review_gallery(pictures, rows, suggestions, tmp_path / "review.csv")


def test_a_bad_decision_is_told(made):
    with pytest.raises(ValueError, match="row=3"):
        made.decide(3, "keep")
    with pytest.raises(ValueError, match="decision='delete'"):
        made.decide(10, "delete")
    with pytest.raises(ValueError, match="the class 'Lake'"):
        made.decide(10, "relabel", "Lake")
