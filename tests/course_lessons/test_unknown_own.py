"""What chapter 5 does with a reader's own folder, and what its scores look at on a plane."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch import nn

from course_lib import models, openset
from course_lib.data import DataError, ImageSet
from course_lib.lessons.unknown import score_maps, your_unknowns
from course_lib.lessons.unknown.your_unknowns import Line, Passed, Ranking, Row


@pytest.fixture
def pictures() -> ImageSet:
    """160 noisy pictures of four greys."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(160) % 4
    noise = torch.randint(0, 60, (160, 3, 32, 32), generator=generator)
    images = (noise + 60 * labels[:, None, None, None]).clamp(max=255).to(torch.uint8)
    return ImageSet.of(images, labels, ["a", "b", "c", "d"])


@pytest.fixture
def small(monkeypatch):
    """A network that ships with the course in place of the large one, and pictures as they are."""
    plain = models.backbone
    monkeypatch.setattr(models, "backbone", lambda name, **more: plain("texture_net"))
    monkeypatch.setattr(your_unknowns, "SIDE", 32)
    monkeypatch.setattr(your_unknowns, "N_FAR", 20)


def greys(answers: torch.Tensor) -> nn.Module:
    """A network of one's own: brightness → one of `answers` [4, 4], rows of logits or probabilities."""

    class Greys(nn.Module):
        preprocessing = staticmethod(lambda images: images.float())

        def forward(self, x):
            return answers[((x.mean(dim=(1, 2, 3)) - 30) / 60).round().clamp(0, 3).long()]

    return Greys()


# --- a line ---


def test_each_class_plays_the_unknown_once(pictures, small):
    found = your_unknowns.line(pictures, rejected=0.1)
    kinds = [(row.score, row.unknown, row.let_in.n) for row in found.rows]
    assert kinds == [
        (score, kind, n)
        for kind, n in (("left-out classes", 160), ("far", 20))
        for score in (your_unknowns.SOFTMAX, your_unknowns.NEAREST)
    ]
    assert all(row.lost.n == 40 for row in found.rows)
    assert "a line that loses 10%" in str(found)


@pytest.mark.slow
def test_a_line_for_more_loss_lets_in_no_more(pictures, small):
    few, many = (your_unknowns.line(pictures, rejected=share) for share in (0.05, 0.4))
    assert all(a.line >= b.line for a, b in zip(few.rows, many.rows, strict=True))
    assert all(a.let_in.count >= b.let_in.count for a, b in zip(few.rows, many.rows, strict=True))


def test_a_folder_of_unknowns_and_a_network_of_one_s_own(pictures, small):
    bright = pictures.at(torch.nonzero(pictures.labels == 3).ravel().tolist())
    sure = 8 * torch.eye(4)
    sure[3] = 0  # of the brightest greys it is not sure
    known = ImageSet.of(pictures.images[pictures.labels < 3], pictures.labels[pictures.labels < 3], ["a", "b", "c"])
    found = your_unknowns.line(known, bright, model=greys(sure), rejected=0.1)
    assert [row.unknown for row in found.rows] == ["yours", "yours", "far", "far"]
    by_softmax = found.rows[0]
    assert (by_softmax.score, by_softmax.let_in) == (your_unknowns.SOFTMAX, Passed(0, 40))


def test_probabilities_of_one_s_own_are_taken_as_such(pictures, small):
    logits, shares = 3 * torch.eye(4), (3 * torch.eye(4)).softmax(dim=1)
    one, other = (your_unknowns.line(pictures, model=greys(z), rejected=0.1) for z in (logits, shares))
    assert [row.let_in for row in one.rows] == [row.let_in for row in other.rows]
    assert one.rows[0].line == pytest.approx(other.rows[0].line, rel=1e-4)
    assert {row.unknown for row in one.rows} == {"far"}
    assert "nothing is known yet" in str(one)


@pytest.mark.parametrize(
    ("near", "far", "told"),
    [
        (90, 1, "most comes in, by either score"),
        (5, 80, "Of the far, many come in as well"),
        (5, 1, "few enough for you"),
        (5, 1, "come in by s."),
        (5, 1, "Of the far, most stay out by either score."),
    ],
)
def test_what_to_do_next_goes_by_what_came_in(near, far, told):
    rows = tuple(
        Row("s", 0.5, Passed(1, 20), kind, Passed(count, 100))
        for kind, count in (("left-out classes", near), ("far", far))
    )
    assert told in str(Line(rows, 0.05))


def test_the_score_that_lets_the_far_in_is_named():
    rows = tuple(
        Row(score, 0.5, Passed(1, 20), "far", Passed(count, 100)) for score, count in (("weak", 55), ("good", 1))
    )
    assert "most stay out by good; by weak 55 of 100 come in." in Line(rows, 0.05).next


@pytest.mark.parametrize("call", [your_unknowns.line, your_unknowns.taught, your_unknowns.ranked])
def test_what_is_too_little_is_told(call, pictures):
    with pytest.raises(ValueError, match="three classes or more, of 8 pictures"):
        call(pictures.at(range(20)))


def test_too_few_for_a_line_are_told_before_a_network_looks(pictures):
    with pytest.raises(
        ValueError, match=r"got 120 pictures without the largest class.*at most 1% it wants 396 or more"
    ):
        your_unknowns.line(pictures, rejected=0.01)
    with pytest.raises(ValueError, match=r"got 160 pictures, a quarter of which"):
        your_unknowns.line(pictures, unknown=pictures, rejected=0.01)


def test_just_enough_for_a_line_draws_one(pictures, small):
    just = pictures.at(range(100))  # 75 without a class; 4 x 18 draw one that loses 1/19
    assert str(your_unknowns.line(just, rejected=1 / 19))


@pytest.mark.parametrize("share", [0, 1, "5%", None])
def test_a_share_that_is_none_is_told(pictures, small, share):
    with pytest.raises(ValueError, match="rejected="):
        your_unknowns.line(pictures, rejected=share)


@pytest.mark.parametrize("most", [0, "2", 1.5, True])
def test_nobody_left_out_is_told(pictures, most):
    with pytest.raises(ValueError, match=f"most={most!r}; it wants 1 or more"):
        your_unknowns.ranked(pictures, most=most)


def test_unknowns_may_lie_in_any_folder(tmp_path, pictures, small):
    for number in range(3):
        place = tmp_path / "frames" / str(number)
        place.mkdir(parents=True)
        Image.new("RGB", (40, 40), (200, 20 * number, 0)).save(place / "a.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "frames" / "b.png")
    (tmp_path / "frames" / "broken.png").write_bytes(b"no picture")
    found = your_unknowns.line(pictures, unknown=str(tmp_path / "frames"), rejected=0.1)
    assert {row.let_in.n for row in found.rows if row.unknown == "yours"} == {4}


@pytest.mark.parametrize("holds", [[], ["notes.txt"]])
@pytest.mark.parametrize("call", [your_unknowns.line, your_unknowns.taught, your_unknowns.ranked])
def test_unknowns_without_a_picture_are_told(tmp_path, pictures, small, holds, call):
    for name in holds:
        (tmp_path / name).write_text("no picture")
    with pytest.raises(DataError, match=rf"{call.__name__} got unknown=.*there is no picture"):
        call(pictures, unknown=str(tmp_path))


# --- scores, and a class of unknowns ---


@pytest.mark.slow
def test_scores_are_ranked_and_what_had_too_few_pictures_is_named(pictures, small):
    found = your_unknowns.ranked(pictures, most=2)
    assert found.classes == 2
    assert "max softmax" in found.areas
    assert all(0 <= near <= 1 and 0 <= far <= 1 for near, far in found.areas.values())
    assert not set(found.missing) & set(found.areas)
    assert "ViM" in found.missing  # 128 directions of 84 pictures
    assert "too few pictures for" in str(found)


@pytest.mark.slow
def test_both_ways_are_taught_on_the_same_pictures(pictures, small):
    found = your_unknowns.taught(pictures, most=1)
    assert set(found.areas) == set(found.accuracy) == {"no unknown pictures", "a class of them"}
    assert all(right > 0.8 for right in found.accuracy.values())
    assert "near: 1 left-out classes (n = 40; known 36)" in str(found)
    assert "One training, one split" in str(found)


@pytest.mark.slow
def test_unknowns_of_one_s_own_are_met_and_move_a_line(pictures, small):
    greys = [pictures.at(torch.nonzero((pictures.labels == 3) == alien).ravel().tolist()) for alien in (False, True)]
    known = ImageSet.of(greys[0].images, greys[0].labels, ["a", "b", "c"])
    few = your_unknowns.taught(known, greys[1].at(range(5)))
    assert few.notes == ("A line with 10 of yours: 36 known to test with and 5 unknown are too few.",)
    more = ImageSet.of(known.images.repeat(2, 1, 1, 1), known.labels.repeat(2), known.classes)
    found = your_unknowns.taught(more, greys[1])
    assert "near: yours (n = 40; known 72)" in str(found)
    assert [note.split(":")[0] for note in found.notes] == ["a line without unknowns", "a line with 10 of yours"]
    ranked = your_unknowns.ranked(more, greys[1])
    assert ranked.classes == 1
    assert "near: yours (n = 40" in str(ranked)


def test_how_often_the_first_is_ahead_is_told():
    found = Ranking({"b": [(0.6, 0.9), (0.5, 0.9)], "a": [(0.7, 0.9), (0.5, 1.0)]}, {}, "near: 2 left-out classes")
    assert list(found.areas) == ["a", "b"]
    assert "a is ahead of b in 1 of the 2 near, in 1 far." in str(found)
    assert "0.600 ± 0.141" in str(found)


# --- the plane ---


def test_a_score_keeps_of_the_plane_what_its_line_says():
    toy = score_maps.plane(n=40)
    drawn = score_maps.kept(toy, {"energy": openset.Energy(), "Mahalanobis": openset.Mahalanobis()}, steps=30)
    energy, mahalanobis = (int(one.split("%")[0].rsplit(" ", 1)[1]) for one in drawn.alt.split("kept: ")[1].split(", "))
    assert energy > 80  # far out one logit is always high
    assert 0 < mahalanobis < 25
    assert drawn.png()[:4] == b"\x89PNG"


def test_the_line_loses_what_it_may():
    toy = score_maps.plane(n=40)
    score = openset.Mahalanobis().fit(toy.features, toy.logits(toy.features), toy.labels)
    scores = score.score(toy.features, toy.logits(toy.features))
    assert (scores > openset.without_unknowns(scores, rejected=0.05)).double().mean() <= 0.05


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: score_maps.plane(n=5), "20 points"),
        (lambda: score_maps.kept(score_maps.plane(), {}), "0 detectors"),
        (lambda: score_maps.kept(score_maps.plane(), {"energy": openset.Energy()}, steps=3), "steps=3"),
    ],
)
def test_what_cannot_be_drawn_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
