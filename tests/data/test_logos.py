"""Generated logos: the mark tells the class; colour, background and what happened to the picture do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_lib import data, models
from course_lib.data import ImageSet
from course_lib.data.generated import backgrounds, logos
from course_lib.data.generated.logos import FAR, compose
from course_lib.data.generated.marks import marks, names
from course_lib.data.generated.stamping import Pose, stamp, upright

both_sets = pytest.mark.parametrize("which", ["known", "near"])


@pytest.fixture(scope="module")
def known() -> tuple[ImageSet, torch.Tensor]:
    return logos.logos_and_masks(48, seed=1)


@pytest.fixture(scope="module")
def near() -> tuple[ImageSet, torch.Tensor]:
    return logos.logos_and_masks(36, seed=1, which="near")


def linear() -> LogisticRegression:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))


# --- what comes out ---


@both_sets
def test_shape_counts_and_classes(which):
    pictures = data.logos(3, side=40, which=which)
    assert pictures.images.shape == (30, 3, 40, 40)
    assert pictures.images.dtype == torch.uint8
    assert set(pictures.counts.values()) == {3}
    assert pictures.labels[:12].tolist() == [*range(10), 0, 1]
    assert pictures.source == "generated"


def test_known_and_near_share_no_class():
    assert len({*names("known"), *names("near")}) == 20


@both_sets
def test_the_seed_decides(which):
    first, same, other = (data.logos(1, seed=seed, side=48, which=which).images for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.slow
def test_a_larger_set_begins_with_the_smaller_one(known):
    assert torch.equal(data.logos(2, seed=1).images, known[0].images[:20])


# --- the mark ---


def test_a_mark_takes_a_third_to_nine_tenths_and_lies_inside(known):
    _, masks = known
    assert not torch.cat([masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]], dim=1).any()
    sizes = torch.stack([masks.any(dim=k).sum(dim=1) for k in (1, 2)], dim=1).amax(dim=1) / 96
    assert ((sizes > 1 / 3 - 0.03) & (sizes < 0.9 + 0.03)).all()  # a pixel or two of soft edge
    assert sizes.min() < 0.4
    assert sizes.max() > 0.83


def test_the_mask_is_where_a_mark_changes_the_picture():
    for mark in marks("known"):
        ground = np.full((3, 96, 96), 128, dtype=np.float32)
        touched = stamp(picture := ground.copy(), mark, Pose(70, 50, 45, 0.2, (0.1, -0.2)))
        assert np.array_equal((picture != ground).any(axis=0), touched)


def test_a_mark_has_its_two_colours_and_stands_where_the_pose_says():
    for mark in (*marks("known"), *marks("near")):
        touched = stamp(picture := np.zeros((3, 240, 240), dtype=np.float32), mark, Pose(200, 120, 110))
        found = [(np.abs(picture - colour[:, None, None]).max(axis=0) < 0.5).mean() for colour in mark.colours]
        assert min(found) > 0.01, mark.name
        rows, columns = (np.flatnonzero(touched.any(axis=k)) for k in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(200, abs=3)
        assert (rows[0] + rows[-1] + 1) / 2 == pytest.approx(110, abs=1.5)
        assert (columns[0] + columns[-1] + 1) / 2 == pytest.approx(120, abs=1.5)


def test_a_pose_turns_a_mark_as_pillow_turns_a_picture():
    """Pillow as the oracle of the geometry: only soft edges may differ."""
    mark, (cos, sin) = marks("known")[5], (np.cos(np.pi / 18), np.sin(np.pi / 18))  # 10°
    stamp(straight := np.zeros((3, 128, 128), dtype=np.float32), mark, Pose(80, 64, 64))
    # `size` is that of the upright box around the turned mark: 1.5 % off for rounded corners, so it is measured.
    unit = upright(mark, Pose(80, 64, 64))[1] / upright(mark, Pose(80, 64, 64, tilt=sin / cos))[1]
    stamp(turned := np.zeros((3, 128, 128), dtype=np.float32), mark, Pose(80 * unit, 64, 64, tilt=sin / cos))
    back = (cos, sin, 64 - 64 * (cos + sin), -sin, cos, 64 - 64 * (cos - sin))  # from a pixel to where it came from
    image = Image.fromarray(straight.astype(np.uint8).transpose(1, 2, 0))
    expected = image.transform((128, 128), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
    off = np.abs(np.asarray(expected, dtype=float).transpose(2, 0, 1) - turned).max(axis=0)
    assert (off > 60).mean() < 0.01
    assert (np.abs(straight - turned).max(axis=0) > 60).mean() > 0.05


def test_at_most_a_quarter_is_hidden():
    shares = []
    for k in range(200):
        rng = np.random.default_rng(k)
        touched = np.zeros((96, 96), dtype=bool)
        touched[20 : 30 + k % 50, 30 : 40 + k % 30] = True
        logos._hide(picture := np.zeros((3, 96, 96), dtype=np.float32), touched, rng)
        shares.append((picture.max(axis=0) > 0)[touched].mean())
    assert max(shares) <= logos.COVERED
    assert max(shares) > 0.2
    assert 0.15 < np.mean(np.array(shares) > 0) < 0.35


# --- what tells the class ---


def test_colour_alone_hardly_tells_the_class(known):
    pictures = known[0]
    mean = pictures.images.float().mean(dim=(2, 3)).numpy()
    right = linear().fit(mean[:360], pictures.labels[:360]).score(mean[360:], pictures.labels[360:])
    assert right <= 0.3


@pytest.mark.slow
def test_a_frozen_network_and_a_linear_classifier_tell_the_known_apart(known):
    """`texture_net` never saw a logo. Each picture is cut to its mark: how to find it is another question."""
    (pictures, masks), net = known, models.backbone("texture_net").eval()
    cut = torch.stack([cropped(*pair) for pair in zip(pictures.images, masks, strict=True)])
    with torch.inference_mode():
        maps = torch.cat([net(net.preprocessing(batch)) for batch in cut.split(128)])
    # The mean of each ninth of the picture: a logo is where its parts lie, too.
    found = torch.nn.functional.adaptive_avg_pool2d(maps, 3).flatten(1).numpy()
    right = linear().fit(found[:360], pictures.labels[:360]).score(found[360:], pictures.labels[360:])
    assert right >= 0.9


def cropped(picture: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """uint8 [3, 64, 64]: the box around `mask`."""
    rows, columns = (mask.any(dim=k).nonzero()[:, 0] for k in (1, 0))
    piece = picture[None, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].float()
    return torch.nn.functional.interpolate(piece, (64, 64), mode="bilinear")[0].byte()


# --- what does not tell known from near ---


def drawn_alike(seed: int) -> tuple[tuple, tuple]:
    """A known and a near mark, each composed with the same random numbers."""
    rngs = [np.random.default_rng(seed) for _ in range(2)]
    pair = (marks("known")[seed % 10], marks("near")[seed // 10 % 10])
    pictures = tuple(compose(mark, rng, 96) for mark, rng in zip(pair, rngs, strict=True))
    # What comes next (light, blur, grain, quality) is drawn alike, too.
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state
    return pictures


def test_with_the_same_random_numbers_only_the_marks_differ(monkeypatch):
    for seed in range(0, 100, 3):
        drawn_alike(seed)
    # What hides a mark is laid where the mark is: without it no pixel beside the marks differs.
    monkeypatch.setattr(logos, "_hide", lambda *_: None)
    for seed in range(0, 100, 3):
        (a, mask_a), (b, mask_b) = drawn_alike(seed)
        assert np.array_equal(a[:, ~(mask_a | mask_b)], b[:, ~(mask_a | mask_b)])
        assert not np.array_equal(a, b)


def corners(pictures: ImageSet, masks: torch.Tensor, *, size: int = 16, margin: int = 6) -> np.ndarray:
    """Numbers of a corner of each picture that the mark stays away from, by more than blur and JPEG spread it: [M, 9].

    Mean, spread, and mean step to the next pixel, of each channel.
    """
    found = []
    for picture, mask in zip(pictures.images.float(), masks, strict=True):
        for k in range(4):
            turned = torch.rot90(picture, k, (1, 2))
            free = not torch.rot90(mask, k)[: size + margin, : size + margin].any()
            if free:
                patch = turned[:, :size, :size]
                steps = torch.stack([patch.diff(dim=d).abs().mean(dim=(1, 2)) for d in (1, 2)]).amax(dim=0)
                found.append(torch.cat([patch.mean(dim=(1, 2)), patch.std(dim=(1, 2)), steps]).numpy())
                break
    return np.array(found)


@pytest.mark.slow
def test_numbers_of_the_background_do_not_tell_known_from_near(known, near):
    a, b = corners(*known), corners(*near)
    n = min(len(a), len(b))
    assert n > 200
    x, y = np.stack([a[:n], b[:n]], axis=1).reshape(2 * n, -1), np.tile([0, 1], n)
    right = round(linear().fit(x[:n], y[:n]).score(x[n:], y[n:]) * n)
    assert binom.ppf(5e-4, n, 0.5) <= right <= binom.ppf(1 - 5e-4, n, 0.5)
    # It would notice a background that is lighter by three quarters of its spread.
    x[1::2, :3] += 50
    assert linear().fit(x[:n], y[:n]).score(x[n:], y[n:]) * n > binom.ppf(1 - 5e-4, n, 0.5)


# --- JPEG, and pictures without a mark ---


def blockiness(pictures: torch.Tensor) -> float:
    """How much larger the steps across the edges of JPEG's 8-pixel blocks are than those inside of blocks."""
    steps = pictures.float().diff(dim=-1).abs().mean(dim=(0, 1, 2))
    edges = torch.arange(len(steps)) % 8 == 7
    return float(steps[edges].mean() / steps[~edges].mean())


def test_jpeg_leaves_blocks():
    """The same pictures before and after: some backgrounds have a grid of their own, and photographs were JPEGs."""
    before, after = [], []
    for k in range(60):
        rng = np.random.default_rng(k)
        before.append(compose(marks()[k % 10], rng, 96)[0])
        after.append(backgrounds.spoil_at_random(before[-1], rng))
    assert blockiness(torch.tensor(np.array(after))) > 1.05 * blockiness(torch.tensor(np.array(before)))


def test_the_worse_the_quality_the_more_is_lost():
    picture, _ = compose(marks()[2], np.random.default_rng(3), 96)
    off = [
        np.abs(backgrounds.spoil(picture, light=np.ones(3), blur=0, grain=0, quality=quality) - picture).mean()
        for quality in (95, 70, 40)
    ]
    assert 0 < off[0] < off[1] < off[2] < 20


def test_far_unknowns_come_by_turns_and_by_seed():
    pictures = data.far_unknowns(12, seed=4, side=40)
    assert pictures.images.shape == (12, 3, 40, 40)
    assert pictures.classes == FAR
    assert pictures.labels.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    assert torch.equal(pictures.images, data.far_unknowns(12, seed=4, side=40).images)
    assert not torch.equal(pictures.images, data.far_unknowns(12, seed=5, side=40).images)


def test_far_unknowns_take_the_tiles_they_are_given():
    red = ImageSet.of(
        torch.tensor([200, 0, 0], dtype=torch.uint8)[None, :, None, None].expand(2, 3, 8, 8), [0, 0], ["red"]
    )
    pictures = data.far_unknowns(10, tiles=red)
    mean = pictures.images[pictures.labels == FAR.index("satellite tile")].float().mean(dim=(2, 3))
    assert (mean[:, 0] > 10 * mean[:, 1:].amax(dim=1).clamp(min=5)).all()


def test_without_the_photographs_there_are_textures(monkeypatch):
    monkeypatch.setattr(logos, "photographs", lambda: ())
    monkeypatch.setattr(backgrounds, "photographs", lambda: ())
    assert data.far_unknowns(8).counts == dict(zip(FAR, (2, 2, 2, 0, 2), strict=True))
    assert len(data.logos(1, side=32)) == 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: data.logos(0), "logos got n=0, side=96; it wants 1 picture"),
        (lambda: data.logos(1, side=16), "side=16; it wants 1 picture or more, of 32 pixels"),
        (lambda: data.logos(1, which="far"), "which='far'; it wants 'known' or 'near'"),
        (lambda: data.far_unknowns(0), "far_unknowns got n=0"),
        (
            lambda: data.far_unknowns(5, tiles=ImageSet.of(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), [0], ["grey"])),
            "far_unknowns got tiles=.*1×8×8.*3 channels",
        ),
    ],
)
def test_errors_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
