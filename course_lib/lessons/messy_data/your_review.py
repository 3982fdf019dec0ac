"""7b's question, asked of a reader's own folder: which pictures should a person look at?"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from ... import classify, data
from ...data import ImageSet

MOVED = 10  # of the lesson's pictures, put into the folder of another class


def review(folder: str | Path | ImageSet, *, out: str | Path | None = None, seed: int = 0) -> classify.Reviewed:
    """`classify.review`; of an `ImageSet` a folder is made first, in which ten pictures lie in a wrong class.

    Args:
        folder: of your pictures, with a folder a class, or an `ImageSet` of 20 pictures or more, of two classes.
        out: where suspects.csv and suspects.html go; None takes `reviews/suspects` in the folder of the course's data.
        seed: of which pictures are moved.

    Raises:
        DataError: as `classify.review`.
    """
    out = Path(out) if out else data.places.data_dir() / "reviews" / "suspects"
    if not isinstance(folder, ImageSet):
        return classify.review(folder, out=out, progress=False)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "lesson_07"
        lay_out(folder, root, moved=MOVED, seed=seed)
        return classify.review(root, out=out, progress=False)


def lay_out(pictures: ImageSet, root: Path, *, moved: int, seed: int) -> None:
    """`root/<class>/<number>.png` of each picture; `moved` of them lie in the next class, as `<number>_moved.png`."""
    wrong = set(np.random.default_rng(seed).permutation(len(pictures))[:moved].tolist())
    for k in range(len(pictures)):
        label = (int(pictures.labels[k]) + (k in wrong)) % len(pictures.classes)
        folder = root / pictures.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        picture = pictures.batch([k])[0].permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(folder / f"{k:04d}{'_moved' if k in wrong else ''}.png")
