import time

import imagehash
import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from course_lib import data
from course_lib.data import ImageSet, copies, near_duplicates, perceptual_hash
from course_lib.data.duplicates import FORMS

# What numpy calls each form, picture [H, W, C].
MADE = {
    "as it is": lambda x: x,
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": lambda x: np.rot90(x, 2),
    "mirrored at the main diagonal": lambda x: x.transpose(1, 0, 2),
    "turned by 90° anticlockwise": lambda x: np.rot90(x, 1),
    "turned by 90° clockwise": lambda x: np.rot90(x, -1),
    "mirrored at the other diagonal": lambda x: np.rot90(x.transpose(1, 0, 2), 2),
}
LIGHT = {
    "10 % brighter": lambda x: ImageEnhance.Brightness(x).enhance(1.1),
    "10 % darker": lambda x: ImageEnhance.Brightness(x).enhance(0.9),
    "20 levels brighter": lambda x: x.point(lambda v: min(255, v + 20)),
    "more contrast": lambda x: ImageEnhance.Contrast(x).enhance(1.2),
    "less contrast": lambda x: ImageEnhance.Contrast(x).enhance(0.8),
}


def noise(n, seed=0, size=(64, 64)):
    coarse = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 255
    return torch.nn.functional.interpolate(coarse, size=size, mode="bilinear").to(torch.uint8)


def a_set(images):
    return ImageSet.of(images, [0] * len(images), ["noise"])


def with_one_more(images, position, change):
    """`images` and after them the one at `position` after `change` (array [H, W, C] → the same)."""
    changed = np.array(change(images[position].permute(1, 2, 0).numpy()))
    return a_set(torch.cat([images, torch.from_numpy(changed).permute(2, 0, 1)[None]]))


def test_a_copy_with_noise_is_found_and_nothing_else():
    images = noise(40)
    copy = (images[7].int() + torch.randint(-2, 3, images[7].shape)).clamp(0, 255).to(torch.uint8)
    pictures = ImageSet.of(torch.cat([images, copy[None]]), [0] * 41, ["noise"])
    assert near_duplicates(pictures).tolist() == [[7, 40]]


def test_flat_pictures_of_other_colours_are_no_duplicates():
    flat = torch.stack([torch.full((3, 64, 64), v, dtype=torch.uint8) for v in (20, 90, 200)])
    assert len(near_duplicates(ImageSet.of(flat, [0, 0, 0], ["flat"]))) == 0


def test_the_hash_does_not_mind_brightness():
    images = noise(5) // 2
    assert (perceptual_hash(images) == perceptual_hash(images + 60)).all()


def test_the_hash_is_nearly_imagehashs():
    """It scales by another filter, which moves a bit near the median now and then; grey, as it weighs the channels."""
    images = noise(30)[:, :1].expand(-1, 3, -1, -1)
    theirs = [imagehash.phash(Image.fromarray(image.permute(1, 2, 0).numpy())) for image in images]
    theirs = np.array([int(str(one), 16) for one in theirs], dtype=np.uint64)
    apart = np.bitwise_count(perceptual_hash(images)[:, None] ^ theirs)
    assert apart.diagonal().mean() < 8
    assert (apart.argmin(axis=1) == np.arange(30)).all()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_and_named(form):
    found = copies(with_one_more(noise(40), 7, MADE[form]))
    assert [(one.first, one.second, one.form) for one in found] == [(7, 40, form)]


@pytest.mark.parametrize("light", LIGHT)
@pytest.mark.parametrize("form", ["as it is", "turned by 90° clockwise"])
def test_brightness_and_contrast_hide_no_copy(light, form):
    def change(picture):
        return MADE[form](np.asarray(LIGHT[light](Image.fromarray(picture))))

    images = noise(20, seed=3)
    for position in range(6):
        (found,) = copies(with_one_more(images, position, change))
        assert (found.first, found.second, found.form) == (position, 20, form)


def test_imagehash_finds_the_same_pairs_in_any_of_the_eight_forms():
    rng = np.random.default_rng(0)
    originals = noise(24, seed=5)
    arrays = [image.permute(1, 2, 0).numpy() for image in originals]
    arrays += [np.ascontiguousarray(MADE[form](arrays[k])) for k, form in enumerate(rng.permutation(FORMS))]
    hashes = [[imagehash.phash(Image.fromarray(np.ascontiguousarray(MADE[form](x)))) for form in FORMS] for x in arrays]
    theirs = [
        [i, j]
        for i in range(len(arrays))
        for j in range(i + 1, len(arrays))
        if min(hashes[i][0] - other for other in hashes[j]) <= 4
    ]
    pictures = a_set(torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2))
    assert near_duplicates(pictures).tolist() == theirs == [[k, 24 + k] for k in range(8)]


def test_pictures_that_are_not_square_have_four_forms():
    images = noise(10, size=(40, 64))
    for form in FORMS[:4]:
        (found,) = copies(with_one_more(images, 3, MADE[form]))
        assert (found.first, found.second, found.form) == (3, 10, form)


def test_nearly_flat_pictures_match_their_mirrored_copy_and_no_other():
    generator = torch.Generator().manual_seed(0)
    levels = 40 + 5 * torch.arange(30)[:, None, None, None]
    flat = (levels + 2 * torch.randn(30, 3, 64, 64, generator=generator)).round().to(torch.uint8)
    (found,) = copies(with_one_more(flat, 4, np.fliplr))
    assert (found.first, found.second, found.form) == (4, 30, "mirrored left to right")


def test_many_flat_pictures_are_compared_quickly_and_are_no_copies():
    flat = torch.arange(250, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 64, 64)
    began = time.process_time()
    assert len(near_duplicates(a_set(flat), max_difference=0.5)) == 0
    assert time.process_time() - began < 5


def test_the_same_shape_in_another_colour_is_no_copy():
    shapes = torch.zeros(3, 3, 64, 64, dtype=torch.uint8)
    for channel in range(3):
        shapes[channel, channel, 10:30, 20:60] = 200
    assert len(near_duplicates(a_set(shapes))) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_no_pictures_are_no_copies(n):
    assert near_duplicates(a_set(noise(2)[:n])).shape == (0, 2)


@pytest.mark.slow
def test_what_was_planted_is_found_in_all_of_eurosat(eurosat):
    changed = [np.ascontiguousarray(MADE[form](eurosat.store[k].permute(1, 2, 0).numpy())) for k, form in PLANTED]
    changed = torch.from_numpy(np.stack(changed)).permute(0, 3, 1, 2)
    changed = (changed.float() * 1.1).clamp(max=255).to(torch.uint8)
    both = a_set(torch.cat([eurosat.store, changed]))
    found = copies(both)
    planted = [one for one in found if one.second >= len(eurosat)]
    assert [(one.first, one.form) for one in planted] == PLANTED
    assert all(one.form == "as it is" for one in found if one not in planted)


PLANTED = [(3_000 * k + 11, form) for k, form in enumerate(FORMS)]


def test_the_public_name():
    assert data.copies is copies
