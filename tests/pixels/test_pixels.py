import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import pixels

IMAGES = torch.randint(0, 256, (6, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_grey_is_pillows():
    for image in IMAGES:
        expected = np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L"))
        assert np.abs(pixels.grey(image)[0].int().numpy() - expected).max() <= 1
    found = pixels.grey(IMAGES)
    assert torch.equal(found[:, 0], found[:, 1])
    assert torch.equal(found[:, 0], found[:, 2])


def test_shuffling_keeps_the_pixels_of_every_picture_and_moves_whole_patches():
    found = pixels.shuffle_patches(IMAGES, 4, seed=1)
    for before, after in zip(IMAGES, found, strict=True):
        cut = [
            {p.numpy().tobytes() for r in x.split(4, 1) for p in r.contiguous().split(4, 2)} for x in (before, after)
        ]
        assert cut[0] == cut[1]
    assert not torch.equal(found, IMAGES)
    assert torch.equal(found, pixels.shuffle_patches(IMAGES, 4, seed=1))


def test_one_patch_is_the_picture_itself():
    assert torch.equal(pixels.shuffle_patches(IMAGES, 16), IMAGES)


def test_block_average():
    found = pixels.block_average(IMAGES, 4)
    expected = IMAGES[2, 1, 4:8, 8:12].float().mean().round()
    assert (found[2, 1, 4:8, 8:12] == expected).all()
    assert torch.equal(pixels.block_average(IMAGES, 16), IMAGES)


@pytest.mark.parametrize("change", [lambda x: pixels.shuffle_patches(x, 5), lambda x: pixels.block_average(x, 0)])
def test_sizes_must_divide(change):
    with pytest.raises(ValueError, match="divisor of 16"):
        change(IMAGES)


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_channel_statistics_are_numpys_and_exact(batch_size):
    mean, std = pixels.channel_statistics(IMAGES, batch_size=batch_size)
    scaled = IMAGES.double().numpy() / 255
    assert np.allclose(mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-12)
    assert np.allclose(std, scaled.std(axis=(0, 2, 3)), rtol=1e-10)


def test_channel_statistics_of_real_eurosat_are_the_known_ones(eurosat):
    mean, std = pixels.channel_statistics(eurosat.store)
    assert mean.tolist() == pytest.approx([0.344376, 0.380291, 0.407770], abs=1e-6)
    assert std.tolist() == pytest.approx([0.202661, 0.136897, 0.115550], abs=1e-6)


def test_channel_statistics_refuses_floats():
    with pytest.raises(ValueError, match="uint8"):
        pixels.channel_statistics(IMAGES.float())
