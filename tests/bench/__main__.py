"""`make bench`: what the foundation promises to do fast, each beside its peer in the same run.

Prints one line a promise: what was measured, what was promised, and how the usual way does on this machine.
Nothing here fails a build: a busy machine is slow, and says so in these lines.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from course_lib import data, features, models, training
from course_lib.data import archive, download
from course_lib.data.generated import standin
from tests.bench import colour, doctor, figures, openset, seeing


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def line(what: str, measured: str, promise: str, peer: str = "") -> None:
    print(f"{what:46} {measured:>18}   promised {promise:18} {peer}", flush=True)


@contextmanager
def elsewhere():
    """An empty data folder, so that nothing comes from a cache."""
    usual = os.environ.get("COURSE_DATA")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_DATA"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("COURSE_DATA")
            if usual:
                os.environ["COURSE_DATA"] = usual


def decoding(entry) -> None:
    source = download.locate(entry, lambda _: "")
    with elsewhere():
        took = seconds(lambda: archive.build_cache(source, entry))
        opened = min(seconds(lambda: archive.open_cache(entry)) for _ in range(5))
    line("decode all of EuroSAT into the cache", f"{entry.pictures / took:,.0f} pictures/s", "≥ 4,000")
    line("open the cache", f"{1000 * opened:.0f} ms", "< 50 ms")


def input_path(pictures: data.ImageSet, entry) -> None:
    """A shuffled epoch of pictures, turned and normalised, without a network."""
    settings, n = training.Settings(batch_size=128), 10_000
    part = pictures.subset(n)

    def ours() -> None:
        for _ in training.batches.batches(part, models.IMAGENET, settings, 0, "cpu"):
            pass

    ours()
    mine = n / seconds(ours)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(download.locate(entry, lambda _: "")) as file:
            file.extractall(folder, [m for m in file.namelist() if m.endswith(tuple(f"{d}.jpg" for d in range(3)))])
        steps = [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
        ]
        steps.append(v2.Normalize(models.IMAGENET.mean, models.IMAGENET.std))
        usual = ImageFolder(next(Path(folder).iterdir()), v2.Compose(steps))
        loader = DataLoader(usual, batch_size=128, shuffle=True, num_workers=2, persistent_workers=True)

        def epoch() -> None:
            for _ in loader:
                pass

        epoch()  # to start the workers and to warm the disk cache
        theirs = len(usual) / seconds(epoch)
    peer = f"ImageFolder + DataLoader, 2 workers: {theirs:,.0f} ({mine / theirs:.0f} times)"
    line("input path: cut, turn, normalise", f"{mine:,.0f} pictures/s", "≥ 10 times peer", peer)


def fit_overhead(pictures: data.ImageSet) -> None:
    """`fit` against the bare steps on one resident batch, in turns so that both meet the same machine."""
    part, settings = pictures.subset(2560), training.Settings(epochs=1)
    batches = len(part) // settings.batch_size

    def fresh() -> models.Classifier:
        return models.Classifier(models.backbone("squeezenet1_1"), pictures.classes)

    def bare() -> float:
        model = fresh().to(memory_format=torch.channels_last).train()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
        positions = torch.arange(settings.batch_size)
        x, labels = training.prepare(part.batch(positions), model.preprocessing, "cpu"), part.labels[positions]

        def steps() -> None:
            for _ in range(batches):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(model(x), labels).backward()
                optimizer.step()

        steps()
        return seconds(steps)

    def ours() -> float:
        model, one = fresh(), part.at([0])
        training.fit(model, part, one, settings, progress=False, device="cpu")
        return seconds(lambda: training.fit(model, part, one, settings, progress=False, device="cpu"))

    both = [(bare(), ours()) for _ in range(3)]
    theirs, mine = (min(times) for times in zip(*both, strict=True))
    line(
        "fit against bare forward + backward + step",
        f"{mine / theirs:.2f} times",
        "≤ 1.15 times",
        f"{theirs:.1f} s bare",
    )


def feature_extraction(pictures: data.ImageSet) -> None:
    backbone = models.backbone("squeezenet1_1")
    with elsewhere():
        first = seconds(lambda: features.extract(backbone, pictures, progress=False))
        second = seconds(lambda: features.extract(backbone, pictures, progress=False))
    line(f"features of all of EuroSAT, {backbone.name}, 64 px", f"{first:.1f} s", "≤ 15 s")
    line("the same again, from the cache", f"{second:.2f} s", "≤ 0.3 s")


def stand_in() -> None:
    standin.eurosat_tiles(20)
    line("stand-in tiles", f"{4000 / seconds(lambda: standin.eurosat_tiles(400)):,.0f} tiles/s", "≥ 2,000")
    data.logos(1)  # draws the marks
    line("logos", f"{200 / seconds(lambda: data.logos(10)):,.0f} pictures/s", "≥ 200")
    line("planted reasons", f"{500 / seconds(lambda: data.planted('hue', 250)):,.0f} pictures/s", "≥ 500")


def main() -> None:
    print(f"{training.device_name(torch.device('cpu'))}, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}\n")
    stand_in()
    colour.main()
    openset.main()
    doctor.main(line)
    figures.main()
    if not data.available("eurosat"):
        print("The rest needs real EuroSAT: set COURSE_MIRROR, or run `course fetch eurosat`.")
        return
    entry, pictures = data.registry.entry("eurosat"), data.load("eurosat", source="real")
    seeing.main(line, pictures)
    decoding(entry)
    input_path(pictures, entry)
    feature_extraction(pictures)
    fit_overhead(pictures)


if __name__ == "__main__":
    main()
