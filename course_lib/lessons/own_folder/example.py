"""The folder that chapter 8 takes where the reader names none: photographs of ten logos, as people keep them.

Half of the shots are bursts: three frames of one shot, a few pixels and another light apart. And it holds what folders
hold: files that are no pictures, a black one, and two pictures that lie in two classes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ...data.generated.backgrounds import Rng, spoil_at_random
from ...data.generated.logos import compose
from ...data.generated.marks import Mark, marks

SHOTS, FRAMES, SHIFT = 24, 3, 6  # of a class; of every second shot; pixels that the hand moves at most
SIDE = 96
WRITTEN = 1_600_000_000  # the time of all files, so that `classify.build` knows the folder again


def photographs(root: str | Path = "scratch/logos", *, shots: int = SHOTS, seed: int = 0) -> Path:
    """Write `root/<class>/<class>_<shot>-<frame>.jpg` of ten classes, and the trouble; returns `root`.

    Args:
        root: what lies there under the same names is written over; nothing else is touched.
        shots: of a class, 4 or more; every second one is a burst of three frames.
        seed: the same one writes the same pictures.

    Raises:
        ValueError: fewer than 4 shots.

    >>> photographs("scratch/logos")                                                        # doctest: +SKIP
    PosixPath('scratch/logos')
    """
    if shots < 4:
        raise ValueError(f"photographs got shots={shots}; it wants 4 or more, so that there is something to split.")
    root = Path(root)
    for label, mark in enumerate(marks("known")):
        folder = root / mark.name
        folder.mkdir(parents=True, exist_ok=True)
        for shot in range(shots):
            for frame, picture in enumerate(frames(mark, np.random.default_rng([seed, 8, label, shot]), shot % 2 == 1)):
                Image.fromarray(picture).save(folder / f"{mark.name}_{shot:02d}-{frame + 1}.jpg", quality=95)
    _trouble(root, [mark.name for mark in marks("known")])
    for file in root.rglob("*.*"):
        os.utime(file, (WRITTEN, WRITTEN))
    return root


def frames(mark: Mark, rng: Rng, burst: bool) -> Iterator[np.ndarray]:
    """uint8 [96, 96, 3] each: one shot of a mark, or the three of a burst."""
    shot, _ = compose(mark, rng, SIDE + SHIFT)
    for _ in range(FRAMES if burst else 1):
        y, x = rng.integers(0, SHIFT + 1, 2)
        yield spoil_at_random(shot[:, y : y + SIDE, x : x + SIDE].copy(), rng).transpose(1, 2, 0)


def _trouble(root: Path, names: list[str]) -> None:
    """Two pictures once more in another class, a black one, an empty file and a text file that is called a picture."""
    a, b, c = (root / name for name in names[:3])
    (b / "from_the_web.jpg").write_bytes((a / f"{a.name}_00-1.jpg").read_bytes())
    (c / "from_the_web.jpg").write_bytes((b / f"{b.name}_02-1.jpg").read_bytes())
    Image.new("RGB", (SIDE, SIDE)).save(a / "lens_cap.jpg")
    (b / "broken.jpg").write_bytes(b"")
    (c / "notes.jpg").write_text("not a picture", encoding="utf-8")


def place_for(folder: str | Path, **settings: object) -> Path:
    """`scratch/<folder>_classifier_<settings>`, beside the notebook: other settings get another place.

    >>> print(place_for("photos", refuse=0.05, group_by="name-prefix").as_posix())
    scratch/photos_classifier_0.05_name-prefix
    """
    told = "_".join(re.sub(r"[^\w.-]+", "-", str(value)) or "none" for value in settings.values())
    return Path("scratch") / f"{Path(folder).resolve().name}_classifier_{told}"
