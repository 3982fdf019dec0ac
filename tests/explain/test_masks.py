"""RISE, LIME and superpixels: against loops, scikit-learn and captum, closed forms, and a model of known reason."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as pieces_of
from skimage.segmentation import slic
from sklearn.linear_model import Ridge
from sklearn.metrics import adjusted_rand_score

from course_lib.explain import FILLS, canvas, fill_colour, lime, rise, rise_masks, segments
from course_lib.explain.masks import blend, ridge_regression


def picture(h: int = 12, w: int = 10, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (3, h, w), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def brightness(pictures: torch.Tensor) -> torch.Tensor:
    """A "model" of two classes: dark and bright."""
    bright = pictures.float().mean(dim=(1, 2, 3)) / 255
    return torch.stack([1 - bright, bright], dim=1)


def corner(pictures: torch.Tensor) -> torch.Tensor:
    """A "model" that looks at the lower right quarter of 16×16 pixels only: class 1 is bright there."""
    bright = pictures[:, :, 8:, 8:].float().mean(dim=(1, 2, 3)) / 255
    return torch.stack([1 - bright, bright], dim=1)


# --- RISE ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", FILLS)
def test_rise_is_the_sum_that_it_says(fill):
    """Every mask of a 2×2 picture, pixel by pixel."""
    small, n, p = picture(2, 2), 40, 0.3
    ours = rise(brightness, small, n=n, cells=2, p=p, fill=fill, seed=3, batch_size=7, progress=False)
    expected = np.zeros((2, 2, 2))
    colour = fill_colour(small, fill)
    for mask in rise_masks(2, 2, n, cells=2, p=p, seed=3).double().numpy():
        seen = np.zeros((3, 2, 2))
        for c in range(3):
            for y in range(2):
                for x in range(2):
                    seen[c, y, x] = round(mask[y, x] * int(small[c, y, x]) + (1 - mask[y, x]) * colour[c])
        answer = (1 - seen.mean() / 255, seen.mean() / 255)
        for k in range(2):
            expected[:, :, k] += answer[k] * mask / (n * p)
    assert ours.dtype == torch.float32
    np.testing.assert_allclose(ours, expected, atol=2e-3)  # half a grey value of rounding


def test_masks_are_what_the_paper_says():
    masks = rise_masks(60, 50, 400, cells=7, p=0.3)
    assert masks.shape == (400, 60, 50)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean() == pytest.approx(0.3, abs=0.02)
    assert (masks.mean(dim=0) - 0.3).abs().max() < 0.12, "every pixel is seen as often"
    assert torch.equal(masks, rise_masks(60, 50, 400, cells=7, p=0.3))
    assert not torch.equal(masks, rise_masks(60, 50, 400, cells=7, p=0.3, seed=1))
    # Smooth: from seen to covered it takes about a cell.
    assert masks.diff(dim=1).abs().max() <= 1 / 8


def test_rise_of_a_constant_model_is_how_often_each_pixel_was_seen():
    def constant(x):
        return torch.full((len(x), 1), 0.6)

    luck, even = (
        rise(constant, picture(), n=30, cells=3, own_sums=own, progress=False)[..., 0] for own in (False, True)
    )
    torch.testing.assert_close(luck, 0.6 * rise_masks(12, 10, 30, cells=3).mean(dim=0) / 0.5)
    torch.testing.assert_close(even, torch.full((12, 10), 0.6))


# --- LIME ------------------------------------------------------------------------------------------------


def quarters(h: int, w: int) -> torch.Tensor:
    return (torch.arange(h)[:, None] >= h // 2).long() * 2 + (torch.arange(w) >= w // 2).long()


@pytest.mark.parametrize("fill", FILLS)
def test_lime_of_a_linear_model_is_its_weights(fill):
    """What a quarter adds to the brightness when it is uncovered, exactly, where nothing is penalised."""
    one, parts = picture(), quarters(12, 10)
    ours = lime(brightness, one, parts, n=60, fill=fill, ridge=0, progress=False)
    gain = (one.float() - canvas(one, fill).float()).sum(dim=0) / (255 * one.numel())
    for part in range(4):
        inside = parts == part
        torch.testing.assert_close(ours[inside][:, 1], gain[inside].sum().expand(30), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(ours[inside][:, 0], -ours[inside][:, 1], atol=1e-5, rtol=0)


def squared(pictures: torch.Tensor) -> torch.Tensor:
    return brightness(pictures) ** 2


def test_lime_is_captum_s_on_the_same_samples():
    one, parts, n, width, ridge = picture(), quarters(12, 10), 50, 0.4, 0.7
    seen = torch.rand(n, 4, generator=torch.Generator().manual_seed(9)) < 0.5
    seen[0] = True
    rows = iter(seen.double())

    def similarity(_original, _perturbed, interpretable, **_):
        return torch.exp(-(((1 - interpretable.mean().sqrt()) / width) ** 2))

    oracle = Lime(
        lambda x: squared(x)[:, 1],
        interpretable_model=SkLearnRidge(alpha=ridge),
        similarity_func=similarity,
        perturb_func=lambda *_, **__: next(rows)[None],
    ).attribute(one[None], baselines=canvas(one, "grey")[None], feature_mask=parts[None, None], n_samples=n)
    ours = lime(squared, one, parts, n=n, width=width, ridge=ridge, seed=9, progress=False)
    torch.testing.assert_close(ours[..., 1], oracle[0, 0].float(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 30.0])
def test_ridge_regression_is_scikit_learn_s(penalty):
    rng = np.random.default_rng(0)
    x, y, weights = rng.random((40, 6)), rng.random((40, 3)), rng.random(40)
    oracle = Ridge(alpha=penalty).fit(x, y, sample_weight=weights).coef_.T
    ours = ridge_regression(*map(torch.from_numpy, (x, y, weights)), penalty=penalty)
    np.testing.assert_allclose(ours, oracle, atol=1e-10)


def test_lime_takes_any_numbers_for_the_superpixels():
    one, parts = picture(), quarters(12, 10)
    renamed = torch.tensor([40, -3, 7, 900])[parts]
    a, b = (lime(brightness, one, p, n=200, ridge=0, progress=False) for p in (parts, renamed))
    torch.testing.assert_close(a, b, atol=1e-4, rtol=0)


# --- known reason ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", ["grey", "black", "a picture"])
@pytest.mark.parametrize("method", ["rise", "rise, own sums", "lime"])
def test_heat_is_where_the_model_looks(method, fill):
    bright = torch.full((3, 16, 16), 230, dtype=torch.uint8)
    ground = torch.full_like(bright, 20) if fill == "a picture" else fill
    if method != "lime":
        # The paper's form needs many more masks.
        own = method == "rise, own sums"
        heat = rise(corner, bright, n=300 if own else 3000, cells=4, own_sums=own, fill=ground, progress=False)
    else:
        heat = lime(corner, bright, segments(bright, 16), n=200, fill=ground, progress=False)
    inside = torch.zeros(16, 16, dtype=torch.bool)
    inside[8:, 8:] = True
    assert inside.ravel()[heat[..., 1].argmax()]
    assert inside.ravel()[heat[..., 0].argmin()], "class 0 is the other way round"
    assert heat[inside][:, 1].mean() > heat[~inside][:, 1].mean() + 2 * heat[~inside][:, 1].std()


@pytest.mark.parametrize("method", [rise, lime])
def test_fill_changes_the_answer(method):
    one = picture()
    black, mean = (method(corner, picture(16, 16), n=50, fill=fill, progress=False) for fill in ("black", "own mean"))
    assert (black - mean).abs().max() > 0.01
    assert torch.equal(one, picture())


@pytest.mark.slow
@pytest.mark.parametrize("method", [rise, lime])
def test_batches_and_seed(method, capsys):
    a, b, c = (
        method(corner, picture(16, 16), n=50, seed=seed, batch_size=size, progress=False)
        for seed, size in ((0, 50), (0, 7), (1, 50))
    )
    torch.testing.assert_close(a, b)
    assert not torch.allclose(a, c)
    assert capsys.readouterr().err == ""
    method(corner, picture(16, 16), n=50)
    assert "50/50" in capsys.readouterr().err


# --- superpixels -----------------------------------------------------------------------------------------


def blobs() -> torch.Tensor:
    """Smooth colours, 48×40."""
    noise = gaussian_filter(np.random.default_rng(0).standard_normal((3, 48, 40)), (0, 4, 4))
    return torch.from_numpy((127 + 100 * noise / np.abs(noise).max()).astype(np.uint8))


@pytest.mark.parametrize("n", [1, 12, 30, 80])
def test_superpixels_are_about_n_and_each_in_one_piece(n):
    parts = segments(blobs(), n)
    found = int(parts.max()) + 1
    assert parts.dtype == torch.int64
    assert torch.unique(parts).tolist() == list(range(found))
    assert 0.75 * n <= found <= 1.25 * n
    assert all(pieces_of((parts == k).numpy())[1] == 1 for k in range(found))


def test_superpixels_keep_to_the_edges_of_flat_parts():
    flat = torch.tensor([[200, 30, 30], [30, 200, 30], [30, 30, 200], [220, 220, 40]], dtype=torch.uint8)
    parts = quarters(40, 40)
    # The borders are moved off the regular grid that k-means starts from.
    parts = parts.roll((3, -5), (0, 1))
    parts[:3], parts[:, -5:] = parts[3], parts[:, -6:-5]
    found = segments(flat[parts].permute(2, 0, 1), 16)
    for k in range(int(found.max()) + 1):
        assert len(parts[found == k].unique()) == 1, f"superpixel {k} crosses a border"


def test_superpixels_resemble_scikit_image_s():
    one = blobs()
    theirs = slic(one.permute(1, 2, 0).numpy(), 30, compactness=10, start_label=0, enforce_connectivity=True)
    ours, squares = segments(one, 30).numpy(), segments(one, 30, compactness=1e6).numpy()
    like = adjusted_rand_score(theirs.ravel(), ours.ravel())
    assert like > 0.6
    assert like > adjusted_rand_score(theirs.ravel(), squares.ravel()), "and more so than squares do"


# --- errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: rise(brightness, picture().float()), "rise got a picture of torch.float32"),
        (lambda: rise(brightness, picture()[None]), r"rise got a picture of torch.uint8 \(1, 3, 12, 10\)"),
        (lambda: rise(brightness, picture(), n=0), "rise got n=0; it wants 1 or more"),
        (lambda: rise(brightness, picture(), batch_size=0), "rise got batch_size=0"),
        (lambda: rise(brightness, picture(), cells=11), "got cells=11.*it wants 1 to 10 cells"),
        (lambda: rise(brightness, picture(), p=1.0), "p=1.0.*between 0 and 1"),
        (lambda: rise_masks(8, 8, 0), "got n=0"),
        (lambda: rise(brightness, picture(), fill="pink"), "got fill='pink'; it wants one of grey"),
        (lambda: rise(brightness, picture(), fill=picture(8, 8)), r"canvas got fill=torch.uint8 \(3, 8, 8\)"),
        (lambda: rise(brightness, picture(), fill=7), "canvas got fill=7"),
        (lambda: rise(lambda x: x[:, 0, 0, 0], picture(), progress=False), r"a predict that gives \(128,\)"),
        (lambda: lime(lambda x: brightness(x)[:5], picture(), progress=False), r"lime got a predict.*wants \[128, K\]"),
        (lambda: lime(brightness, picture().float()), "lime got a picture of torch.float32"),
        (lambda: lime(brightness, picture(), n=0), "lime got n=0"),
        (lambda: lime(brightness, picture(), width=0.0), "got width=0.0"),
        (lambda: lime(brightness, picture(), ridge=-1.0), "ridge=-1.0"),
        (
            lambda: lime(brightness, picture(), quarters(8, 8)),
            r"parts of torch.int64 \(8, 8\); it wants int64 \(12, 10",
        ),
        (lambda: lime(brightness, picture(), torch.zeros(12, 10)), "parts of torch.float32"),
        (lambda: segments(picture().float()), "segments got a picture of torch.float32"),
        (lambda: segments(picture(), 0), "segments got n=0.*1 to 120 superpixels"),
        (lambda: segments(picture(), 121), "segments got n=121"),
        (lambda: segments(picture(), compactness=0), "compactness=0"),
        (lambda: segments(picture(), rounds=0), "rounds=0"),
    ],
)
def test_wrong_input_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_blend_is_exact_at_both_ends():
    one, ground = picture(), canvas(picture(), "black")
    assert torch.equal(blend(one, ground, torch.ones(1, 12, 10))[0], one)
    assert torch.equal(blend(one, ground, torch.zeros(1, 12, 10))[0], ground)
