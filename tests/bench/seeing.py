"""Statistics of a set, and heatmaps of a batch: seconds, beside the usual way or captum in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable

import captum.attr
import torch
from torchvision.transforms import v2

from course_lib import data, explain, models, pixels, training
from course_lib.models import SmallCNN


def best(action: Callable[[], object], rounds: int = 3) -> float:
    """Seconds of the quickest of `rounds`."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def statistics(pictures: data.ImageSet) -> tuple[float, float]:
    """(ours, floats block by block) for the channel means and deviations of `pictures`."""

    def usual() -> None:
        scale, sums, squares = v2.ToDtype(torch.float32, scale=True), 0, 0
        for positions in torch.arange(len(pictures)).split(256):
            x = scale(pictures.batch(positions))
            sums, squares = sums + x.sum(dim=(0, 2, 3)), squares + (x * x).sum(dim=(0, 2, 3))

    return best(lambda: pixels.channel_statistics(pictures)), best(usual)


def heatmaps(pictures: data.ImageSet) -> dict[str, float]:
    """Seconds for 64 pictures: Grad-CAM by hand and captum's, occlusion on 8×8 places; RISE for one."""
    batch = pictures.subset(64)
    model = SmallCNN(outputs=len(pictures.classes), preprocessing=models.IMAGENET).eval()
    x, target, layer = model.preprocessing(batch.images), batch.labels, model.blocks[-1]
    asked, theirs = training.predictor(model), captum.attr.LayerGradCam(model, layer)
    return {
        "Grad-CAM": best(lambda: explain.grad_cam(model, layer, x, target)),
        "captum": best(lambda: theirs.attribute(x, target)),
        "occlusion": best(lambda: [explain.occlusion_grid(asked, one, size=8, stride=8) for one in batch.images]),
        "RISE": best(lambda: explain.rise(asked, batch.images[0], n=500, progress=False)),
    }


def main(line: Callable[..., None], pictures: data.ImageSet) -> None:
    mine, usual = statistics(pictures)
    line(f"mean and deviation of {len(pictures):,} pictures", f"{mine:.2f} s", "≤ 0.5 s", f"floats: {usual:.2f} s")
    taken = heatmaps(pictures)
    line("Grad-CAM of 64 pictures", f"{taken['Grad-CAM']:.3f} s", "≤ 1 s", f"captum: {taken['captum']:.3f} s")
    line("occlusion of 64 pictures, 8×8 places", f"{taken['occlusion']:.2f} s", "≤ 5 s")
    line("RISE of one picture, 500 masks", f"{taken['RISE']:.2f} s", "with a bar")
