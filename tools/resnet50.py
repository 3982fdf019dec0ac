"""Train the asker's network, ResNet-50, on real EuroSAT, and keep what came out in evidence/resnet50.json.

python tools/resnet50.py                      frozen and tuned, 64 and 224 px, from ImageNet's weights
python tools/resnet50.py scratch              from random weights at 64 px, which wants no file
python tools/resnet50.py scratch --epochs 3   as many passes as there is time for

A training that was stopped goes on at its last whole epoch: give the same command again. A graphics card is taken where
there is one. What is in the file already is not run again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from course_lib import data, metrics, models, training
from course_lib.data import ImageSet, places
from course_lib.study import running
from course_lib.training import devices

EVIDENCE = Path(__file__).resolve().parents[1] / "evidence" / "resnet50.json"
SHARES, SEED = (0.8, 0.2), 0  # 21,600 to learn from, 5,400 for the test, which is looked at and never chosen by
WAYS = {
    "frozen": {"weights": "real", "frozen": True, "epochs": 6, "peak_lr": 3e-3},
    "tuned": {"weights": "real", "frozen": False, "epochs": 6, "peak_lr": 3e-4},
    "scratch": {"weights": "random", "frozen": False, "epochs": 6, "peak_lr": 1e-3},
}  # each rate is the one that was tried, and not the best of several


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", choices=[*WAYS, []], default=[], help="frozen and tuned where none is named")
    parser.add_argument("--epochs", type=int, help="passes over the training pictures; each way has its own number")
    parser.add_argument("--size", type=int, nargs="*", help="side in pixels; 64 from random weights, else 64 and 224")
    chosen = parser.parse_args(arguments)
    pictures = data.load("eurosat", source="real")
    for way in chosen.ways or ("frozen", "tuned"):
        for size in chosen.size or ((64,) if way == "scratch" else (64, 224)):
            try:
                keep(run(pictures, way, size, chosen.epochs))
            except data.DataError as error:  # the other ways may need no file
                print(f"{way}, {size} px: not run. {error}", file=sys.stderr)


def run(pictures: ImageSet, way: str, size: int, epochs: int | None = None) -> dict:
    """One training: its record, how many of the test were right by class, and what it cost.

    Raises:
        data.DataError: ImageNet's weights are wanted and cannot be had.
    """
    recipe = WAYS[way]
    settings = training.Settings(
        epochs=epochs or recipe["epochs"], batch_size=64, peak_lr=recipe["peak_lr"], size=size, seed=SEED
    )
    train, test = pictures.split(SHARES, seed=SEED)
    backbone = models.backbone("resnet50", weights=recipe["weights"], seed=SEED)
    model = models.Classifier(backbone, pictures.classes, frozen=recipe["frozen"], pooling="mean", seed=SEED)
    file = places.data_dir() / "cache" / "checkpoints" / f"resnet50-{way}-{size}-{settings.epochs}.pt"
    cpu = CpuSeconds(file.with_suffix(".json"))
    try:
        record = training.fit(model, train, test, settings, checkpoint=file)
    finally:
        spent = cpu.add()
    logits = training.predict(model, test, size=size)
    rows = metrics.per_class(metrics.confusion_matrix(logits, test.labels), test.classes)
    return {
        "way": way,
        "weights": backbone.weights,
        "size": size,
        "accuracy": metrics.accuracy_at(1, logits, test.labels),
        "recall": {row.name: row.recall for row in rows},
        "cpu_seconds": round(spent),
        "peak_memory_mb": peak_memory_mb(),
        "hardware": running.hardware(),
        **asdict(record),
    }


class CpuSeconds:
    """Seconds of all threads, over all starts of one training; the file keeps those of starts that were stopped."""

    def __init__(self, file: Path):
        self.file, self.start = file, time.process_time()
        self.before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else 0.0

    def add(self) -> float:
        """Write down and return what has been spent so far."""
        total = self.before + time.process_time() - self.start
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(total), encoding="utf-8")
        return total


def peak_memory_mb() -> int:
    """The most that this process held: on a graphics card there, else in main memory."""
    import torch

    if devices.best_device() == "cuda":
        return round(torch.cuda.max_memory_allocated() / 1e6)
    unit = 1 if sys.platform == "darwin" else 1024  # what getrusage counts in
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def keep(found: dict) -> None:
    """Put `found` into the evidence; one of the same way, size and number of epochs is replaced."""
    kept = json.loads(EVIDENCE.read_text(encoding="utf-8")) if EVIDENCE.exists() else []
    others = [one for one in kept if _which(one) != _which(found)]
    EVIDENCE.write_text(json.dumps([*others, found], indent=1) + "\n", encoding="utf-8")
    told = f"{found['accuracy']:.1%} of n = {found['n_val']:,} right, {found['cpu_seconds']:,} CPU seconds"
    print(f"{found['way']}, {found['size']} px: {told}")


def _which(found: dict) -> tuple:
    return found["way"], found["size"], found["settings"]["epochs"]


if __name__ == "__main__":
    main(sys.argv[1:])
