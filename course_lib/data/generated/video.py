"""Generated clips: shots of a moving background, through some of which one logo moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .backgrounds import photograph, spoil, texture
from .drawing import Field, mix
from .marks import Mark, marks
from .stamping import Pose, stamp

SEEN = 0.25  # a mark is drawn in the frames that hold at least this share of it
_KNOWN, _NEAR = 0.45, 0.2  # shares of the shots with a known mark, and with a near unknown; the others have none
_SECONDS = (3.0, 6.0)  # of a shot
_LARGEST = 2  # the background's side, of the frame's


class Video(NamedTuple):
    """A clip.

    Attributes:
        frames: uint8 [T, 3, H, W].
        labels: int64 [T]: −1 no logo, 0–9 known (`logos`), 10–19 near unknown (`logos(which="near")`, plus 10).
        boxes: float32 [T, 4]: x0, y0, x1, y1 in pixels from the left upper corner, cut at the frame; NaN without logo.
    """

    frames: Tensor
    labels: Tensor
    boxes: Tensor


def video(seconds: float = 20, *, fps: float = 5, seed: int = 0, side: int = 160) -> Video:
    """A seeded clip in which logos enter, move, grow and leave: (frames, labels, boxes), see `Video`.

    Shots of 3 to 6 seconds follow each other. In each the camera pans over a photograph or a texture; in some one mark
    crosses the frame, known or near unknown. Frames are grainy JPEGs. There is never more than one mark, and none of
    which less than a quarter is in the frame: so no frame's label is a matter of taste.

    Args:
        seconds, fps: T = round(seconds · fps), at least 1.
        seed: the same seed gives the same clip (to the bit where libjpeg is the same).
        side: pixels, 64 or more.

    Raises:
        ValueError: not one frame, or frames of fewer than 64 pixels.

    >>> frames, labels, boxes = video(2)
    >>> frames.shape, labels.shape, boxes.shape
    (torch.Size([10, 3, 160, 160]), torch.Size([10]), torch.Size([10, 4]))
    """
    clean, labels, boxes = scenes(seconds, fps=fps, seed=seed, side=side)
    rng = np.random.default_rng([seed, 1])
    grain, quality = rng.uniform(4, 16), int(rng.integers(50, 91))  # one camera, one encoder
    light = np.ones(3, dtype=np.float32)
    frames = np.empty((len(clean), 3, side, side), dtype=np.uint8)
    for t, picture in enumerate(clean):
        speckle = grain * (rng.random((side, side), dtype=np.float32) - np.float32(0.5))
        frames[t] = spoil(picture, light=light, blur=0.4, grain=speckle, quality=quality)
    return Video(torch.from_numpy(frames), torch.from_numpy(labels), torch.from_numpy(boxes))


def scenes(
    seconds: float = 20, *, fps: float = 5, seed: int = 0, side: int = 160, bare: bool = False
) -> tuple[Field, np.ndarray, np.ndarray]:
    """What `video` films: (float32 [T, 3, H, W] without grain and JPEG, labels, boxes).

    Args:
        bare: draw no marks; labels and boxes still say where they would be.
    """
    count = round(seconds * fps) if seconds > 0 and fps > 0 else 0
    if count < 1 or side < 64:
        raise ValueError(
            f"video got seconds={seconds}, fps={fps}, side={side}; it wants at least one frame (seconds · fps ≥ 1) of "
            "64 pixels or more a side."
        )
    rng = np.random.default_rng([seed, 0])
    frames = np.empty((count, 3, side, side), dtype=np.float32)
    labels, boxes = np.full(count, -1), np.full((count, 4), np.nan, dtype=np.float32)
    start = 0
    while start < count:
        # Its length is drawn, then it is cut where the clip ends: a longer clip begins with the shorter one.
        length = max(1, round(rng.uniform(*_SECONDS) * fps))
        shot = Shot.drawn(rng, side)
        for t in range(start, min(start + length, count)):
            time = (t - start) / length
            frames[t] = shot.view(time)
            if shot.mark is None:
                continue
            touched = stamp(frames[t].copy() if bare else frames[t], shot.mark, shot.pose(time), seen=SEEN)
            if touched.any():
                labels[t], boxes[t] = shot.label, _box(touched)
        start += length
    return frames, labels, boxes


@dataclass(frozen=True)
class Shot:
    """One background, one move of the camera, and at most one mark. Times run from 0 to 1.

    Attributes:
        ground: float32 [3, ·, ·], larger than the frame.
        pan: the frame's left upper corner (x, y) in `ground`, at time 0 and at time 1.
        label: as in `Video`.
        mark: None where label is −1.
        enters, leaves: where and how the mark stands at those times.
        times: of entering and leaving.
        side: of the frame in pixels.
    """

    ground: Field
    pan: np.ndarray
    label: int
    mark: Mark | None
    enters: Pose
    leaves: Pose
    times: tuple[float, float]
    side: int

    @staticmethod
    def drawn(rng: np.random.Generator, side: int) -> Shot:
        """A random shot. Background and path take the same random numbers whichever mark there is, or none."""
        large = -(-_LARGEST * side // 32) * 32  # a multiple of the textures' largest blobs
        ground = photograph(rng, large) if rng.random() < 0.5 else texture(rng, large, drawn=large)
        pan = rng.uniform(0, large - side, (2, 2))
        fate, which = rng.random(), int(rng.integers(10))
        label = which if fate < _KNOWN else 10 + which if fate < _KNOWN + _NEAR else -1
        mark = None if label < 0 else (*marks("known"), *marks("near"))[label]
        if rng.random() < 0.2 and mark:
            mark = mark.negative()
        # From beyond one edge to beyond the opposite one; along x or along y, either way.
        path = np.stack([rng.permutation([-0.4, 1.4]), rng.uniform(0.3, 0.7, 2)], axis=1)[:, rng.permutation(2)] * side
        right, down = rng.uniform(-0.12, 0.12, 2)
        sizes, tilts = rng.uniform(0.3, 0.8, 2) * side, rng.uniform(-0.26, 0.26, 2)
        enters, leaves = (
            Pose(size, x, y, tilt, (right, down)) for size, (x, y), tilt in zip(sizes, path, tilts, strict=True)
        )
        return Shot(ground, pan, label, mark, enters, leaves, (rng.uniform(0, 0.3), rng.uniform(0.7, 1)), side)

    def view(self, time: float) -> Field:
        """The background in the frame, float32 [3, side, side]."""
        first, last = self.pan
        x, y = np.rint(mix(first, last, time)).astype(int)
        return self.ground[:, y : y + self.side, x : x + self.side]

    def pose(self, time: float) -> Pose:
        """Where the mark stands; before it enters and after it leaves that is outside of the frame."""
        share = (time - self.times[0]) / (self.times[1] - self.times[0])
        first, last = (np.array([pose.size, pose.x, pose.y, pose.tilt]) for pose in (self.enters, self.leaves))
        size, x, y, tilt = mix(first, last, share).tolist()
        return Pose(max(size, 1.0), x, y, tilt, self.enters.lean)


def _box(touched: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the smallest box around all True pixels, edges of pixels."""
    columns, rows = (np.flatnonzero(touched.any(axis=k)) for k in (0, 1))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
