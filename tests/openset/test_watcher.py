"""A classifier that watches frames, and the report of its answers."""

from __future__ import annotations

import pytest
import torch

from course_lib.openset import Watcher, frame_report
from course_lib.openset.losses import NONE


def test_a_frame_report():
    answers = torch.tensor([-1, 3, 3, 3, -1, 5, 5, -1, 2, -1])
    labels = torch.tensor([-1, -1, 3, 3, 3, -1, -1, -1, -1, -1])
    report = frame_report(answers, labels, fps=1)
    assert report.precision == pytest.approx(2 / 6)
    assert report.recall == pytest.approx(2 / 3)
    assert report.f1 == pytest.approx(4 / 9)
    assert report.false_alarms_a_minute == pytest.approx(2 * 6)  # 5, 5 and 2; the threes do show theirs


def test_a_clip_without_answers_and_one_without_logos():
    silent = frame_report(torch.full((4,), NONE), torch.tensor([1, 1, NONE, NONE]), fps=2)
    assert (silent.precision, silent.recall, silent.f1, silent.false_alarms_a_minute) == (0, 0, 0, 0)
    assert frame_report(torch.tensor([1, 1]), torch.full((2,), NONE), fps=2).false_alarms_a_minute == 60


@pytest.mark.parametrize(
    ("answers", "labels", "fps"), [([1], [1, 2], 5), ([], [], 5), ([1], [1], 0), ([[1]], [[1]], 5)]
)
def test_what_is_no_clip_is_refused(answers, labels, fps):
    with pytest.raises(ValueError, match="one of each a frame"):
        frame_report(torch.tensor(answers), torch.tensor(labels), fps=fps)


def test_it_rejects_by_its_line_and_by_the_class_of_none():
    logits = torch.tensor([[9.0, 0, 0], [0, 8, 0], [0, 0, 7], [1, 0, 0]])
    watcher = Watcher(torch.nn.Identity(), classes=2, score=lambda z: -z.amax(dim=1).double(), line=-2.0)
    answers, scores = watcher(logits)
    assert answers.tolist() == [0, 1, NONE, NONE]
    assert scores.tolist() == [-9, -8, -7, -1]
    always, scores = Watcher(torch.nn.Identity(), classes=2)(logits)
    assert always.tolist() == [0, 1, NONE, 0]
    assert scores.tolist() == [-9, -8, 0, -1]  # of the known alone


def test_maps_are_looked_at_by_their_means():
    maps = torch.rand(3, 2, 4, 4)
    watcher = Watcher(torch.nn.Identity(), classes=2)
    assert torch.equal(watcher.look(maps), watcher.look(maps.mean(dim=(2, 3))))


def test_a_slid_classifier_finds_what_one_look_misses():
    """A head that answers by the larger feature, on a map where one window alone has a class."""
    watcher = Watcher(torch.nn.Identity(), classes=3, score=lambda x: -x[:, 0].double(), line=-0.9)
    maps = torch.zeros(2, 3, 8, 8)
    maps[0, 0, :5, :5] = 1
    assert watcher.look(maps).tolist() == [NONE, NONE]
    assert watcher.slide(maps, window=5).tolist() == [0, NONE]


def test_of_the_windows_the_least_unknown_answers():
    maps = torch.zeros(1, 2, 1, 4)
    maps[0, 0, 0, 0], maps[0, 1, 0, 3] = 3, 5
    assert Watcher(torch.nn.Identity(), classes=2).slide(maps, window=1).tolist() == [1]


@pytest.mark.parametrize("window", [0, 9])
def test_a_window_larger_than_the_map_is_refused(window):
    with pytest.raises(ValueError, match=f"window={window}"):
        Watcher(torch.nn.Identity(), classes=2).slide(torch.zeros(1, 2, 8, 8), window=window)
