"""Colour conversions beside kornia's and scikit-image's: there and back, in milliseconds, the three in turns."""

from __future__ import annotations

import time
from collections.abc import Callable

import kornia.color
import skimage.color

from course_lib.data.generated import standin
from course_lib.pixels import SPACES

Ways = tuple[Callable, Callable]
KORNIA: dict[str, Ways] = {
    "linear": (kornia.color.rgb_to_linear_rgb, kornia.color.linear_rgb_to_rgb),
    "hsv": (kornia.color.rgb_to_hsv, kornia.color.hsv_to_rgb),
    "hsl": (kornia.color.rgb_to_hls, kornia.color.hls_to_rgb),
    "ycbcr601": (kornia.color.rgb_to_ycbcr, kornia.color.ycbcr_to_rgb),
    "lab": (kornia.color.rgb_to_lab, kornia.color.lab_to_rgb),
}
SCIKIT_IMAGE: dict[str, Ways] = {
    "hsv": (skimage.color.rgb2hsv, skimage.color.hsv2rgb),
    "ycbcr601-video": (skimage.color.rgb2ycbcr, skimage.color.ycbcr2rgb),
    "lab": (skimage.color.rgb2lab, skimage.color.lab2rgb),
    "lch": (
        lambda rgb: skimage.color.lab2lch(skimage.color.rgb2lab(rgb)),
        lambda lch: skimage.color.lab2rgb(skimage.color.lch2lab(lch)),
    ),
}


def main(*, rounds: int = 30) -> None:
    """One line a space. Each library has the pictures in the layout that it prefers; the best of `rounds` counts."""
    print("colours of 128 pictures of 64×64, from RGB + back: no slower than the peers")
    pictures = standin.eurosat_tiles(13).images[:128].float() / 255
    last = pictures.movedim(1, -1).contiguous().numpy()
    for name, space in list(SPACES.items())[1:]:
        runs = {"ours": ((space.from_rgb, space.to_rgb), pictures)}
        runs |= {"kornia": (KORNIA[name], pictures)} if name in KORNIA else {}
        runs |= {"scikit-image": (SCIKIT_IMAGE[name], last)} if name in SCIKIT_IMAGE else {}
        best = in_turns(runs, rounds)
        told = [f"{who} {there:.1f} + {back:.1f} ms" for who, (there, back) in best.items()]
        slower = [sum(times) / sum(best["ours"]) for times in best.values()]
        told[1:] = [f"{peer} ({times:.1f} times)" for peer, times in zip(told[1:], slower[1:], strict=True)]
        print(f"{space.title:46} {'; '.join(told)}", flush=True)


def in_turns(runs: dict[str, tuple[Ways, object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds there and back of each, measured in turns so that all meet the same machine."""
    times = {who: [] for who in runs}
    for _ in range(rounds):
        for who, ((there, back), pictures) in runs.items():
            start = time.perf_counter()
            converted = there(pictures)
            middle = time.perf_counter()
            back(converted)
            times[who].append((1000 * (middle - start), 1000 * (time.perf_counter() - middle)))
    return {who: tuple(map(min, zip(*measured, strict=True))) for who, measured in times.items()}
