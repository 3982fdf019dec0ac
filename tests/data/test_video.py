"""Generated clips: labels and boxes say what is in the frames."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
import torch

from course_lib import data
from course_lib.data.generated.marks import marks
from course_lib.data.generated.stamping import stamp
from course_lib.data.generated.video import SEEN, Shot, scenes


@pytest.fixture(scope="module")
def clip() -> data.Video:
    return data.video(60, seed=1)


@pytest.mark.slow
def test_shapes_and_types(clip):
    frames, labels, boxes = clip
    assert (frames.shape, frames.dtype) == ((300, 3, 160, 160), torch.uint8)
    assert (labels.shape, labels.dtype) == ((300,), torch.int64)
    assert (boxes.shape, boxes.dtype) == ((300, 4), torch.float32)


def test_the_seed_decides_and_a_longer_clip_begins_with_the_shorter_one(clip):
    same, other = data.video(4, seed=1), data.video(4, seed=2)
    assert torch.equal(same.frames, clip.frames[:20])
    assert torch.equal(same.labels, clip.labels[:20])
    assert not torch.equal(other.frames, same.frames)


def test_there_are_frames_of_all_three_sorts(clip):
    labels = clip.labels
    for share in ((labels < 0), (labels >= 0) & (labels < 10), labels >= 10):
        assert share.float().mean() > 0.05
    assert -1 <= labels.min() <= labels.max() < 20


def test_a_box_where_there_is_a_logo_and_only_there(clip):
    assert torch.equal(clip.boxes.isnan().all(dim=1), clip.labels < 0)
    assert torch.equal(clip.boxes.isnan().any(dim=1), clip.labels < 0)
    x0, y0, x1, y1 = clip.boxes[clip.labels >= 0].T
    assert ((x0 >= 0) & (x0 < x1) & (x1 <= 160) & (y0 >= 0) & (y0 < y1) & (y1 <= 160)).all()


@pytest.mark.slow
def test_a_box_is_the_smallest_around_all_that_the_mark_changes():
    drawn, labels, boxes = scenes(30, seed=2)
    bare, labels_too, boxes_too = scenes(30, seed=2, bare=True)
    assert np.array_equal(labels, labels_too)
    assert np.array_equal(boxes, boxes_too, equal_nan=True)
    changed = (drawn != bare).any(axis=1)
    assert np.array_equal(changed.any(axis=(1, 2)), labels >= 0)
    for mask, box in zip(changed[labels >= 0], boxes[labels >= 0], strict=True):
        rows, columns = (np.flatnonzero(mask.any(axis=k)) for k in (1, 0))
        # A pixel that is touched may have had that colour already: one pixel of tolerance.
        np.testing.assert_allclose((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1), box, atol=1)


@pytest.mark.slow
def test_no_frame_holds_less_than_a_quarter_of_a_mark():
    shots = [Shot.drawn(np.random.default_rng(k), 96) for k in range(60)]
    for shot in (shot for shot in shots if shot.mark):
        for moment in (0.0, 0.35, 0.5, 0.65, 0.9):
            pose, frame = shot.pose(moment), np.zeros((3, 96, 96), dtype=np.float32)
            touched = stamp(frame, shot.mark, pose, seen=SEEN).sum()
            # The same mark in the middle of a frame that holds all of it.
            wide = np.zeros((3, 480, 480), dtype=np.float32)
            whole = stamp(
                wide, shot.mark, type(pose)(pose.size, pose.x + 192, pose.y + 192, pose.tilt, pose.lean)
            ).sum()
            assert touched == 0 or touched >= (SEEN - 0.02) * whole


def test_a_logo_enters_moves_grows_or_shrinks_and_leaves(clip):
    runs, start = [], 0
    for t in range(1, 301):
        if t == 300 or clip.labels[t] != clip.labels[start]:
            runs.append((start, t))
            start = t
    shown = [run for run in runs if clip.labels[run[0]] >= 0 and run[0] > 0 and run[1] < 300]
    assert len(shown) >= 4
    for first, end in shown:
        boxes = clip.boxes[first:end]
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        assert (middle[-1] - middle[0]).norm() > 40
        assert (boxes[:, 2:] - boxes[:, :2]).std(dim=0).amax() > 1


def test_the_background_moves_also_where_there_is_no_logo():
    bare, _, _ = scenes(20, seed=3, bare=True)
    moved = [(a != b).any() for a, b in pairwise(bare)]
    assert np.mean(moved) > 0.95


def test_frames_are_grainy_jpegs(clip):
    clean, _, _ = scenes(4, seed=1)
    off = (clip.frames[:20].float() - torch.from_numpy(clean)).abs().mean()
    assert 1 < off < 20
    assert len(torch.unique(clip.frames[0, 0])) > 30


def test_known_and_near_are_the_marks_of_logos():
    labels = [Shot.drawn(np.random.default_rng(k), 64) for k in range(150)]
    names = [mark.name for which in ("known", "near") for mark in marks(which)]
    assert all(shot.mark.name == names[shot.label] for shot in labels if shot.mark)
    assert {shot.label >= 10 for shot in labels if shot.mark} == {True, False}


@pytest.mark.slow
def test_100_frames_a_second():
    data.video(1)
    start = time.process_time()
    data.video(20, seed=5)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seconds": 0}, "seconds=0, fps=5, side=160; it wants at least one frame"),
        ({"seconds": 1, "fps": 0}, "fps=0"),
        ({"seconds": 0.05}, "seconds=0.05"),
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"side": 32}, "side=32; .* 64 pixels"),
    ],
)
def test_errors_name_what_is_wrong(settings, message):
    with pytest.raises(ValueError, match=message):
        data.video(**settings)
