import torch

from course_lib.data import ImageSet, near_duplicates, perceptual_hash


def noise(n, seed=0):
    coarse = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) * 255
    return torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear").to(torch.uint8)


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
