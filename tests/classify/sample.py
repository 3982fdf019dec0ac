"""A `Result` that was not measured, for tests of what reads one."""

from __future__ import annotations

import numpy as np

from course_lib.classify.result import (
    Bin,
    Calibration,
    Candidate,
    ClassRow,
    LeftOut,
    Looked,
    Method,
    Model,
    Pair,
    Rejection,
    Result,
    Row,
    Settings,
    Share,
    Suspect,
    Turning,
    Unknown,
)  # fmt: skip


def share(hits: int, n: int) -> Share:
    return Share.of(np.arange(n) < hits)


def sample(classes: tuple[str, ...] = ("cat", "dog", "owl")) -> Result:
    a, b, c = classes
    rows = [
        Row(f"{a}/1.png", 0, 0, (0.8, 0.1, 0.1), 0.2, True),
        Row(f"{b}/2.png", 1, 0, (0.6, 0.3, 0.1), 0.4, True),
        Row(f"{c}/3.png", 2, 2, (0.2, 0.2, 0.6), 0.9, False),
    ]
    return Result(
        settings=Settings(minutes=1),
        classes=classes,
        looked=Looked(
            folder="pets", pictures=20, counts={a: 10, b: 6, c: 4}, size=64, median_side=70,
            left_out=(LeftOut(f"{a}/broken.png", "empty file"),),
            copies=(Pair(f"{a}/1.png", f"{a}/2.png", "as it is"),), conflicts=(), blurred=(f"{b}/9.png",), flat=(),
            grouped_by="nothing, and near copies stay together", groups=19,
        ),
        parts={"train": 11, "val": 3, "line": 3, "test": 3},
        methods=(
            Method("guess", "guessing the largest class", None, share(1, 3), share(1, 3), 0.0),
            Method("probe", "a probe", None, share(2, 3), share(2, 3), 1.5),
            Method("tuned", "fine-tuned", 0, share(3, 3), share(2, 3), 9.5),
        ),
        turning=Turning(False, False, share(3, 3), share(1, 3)),
        chosen="probe",
        why="No training needed.",
        accuracy=share(2, 3),
        accuracy_accepted=share(1, 2),
        calibration=Calibration(1.5, 20, 0.2, 0.1, 3, (Bin(0.5, 0.6, 2, 0.6, 0.5), Bin(0.6, 0.7, 0, None, None))),
        rejection=Rejection(
            score="energy", promise=0.05,
            candidates=(Candidate("energy", 0.9, 0.85, 0.95, 3), Candidate("max logit", 0.8, 0.8, 0.8, 3)),
            threshold=0.5, n_line=30, n_wanted=19, note="A note.", lost=share(1, 3), lost_right=share(1, 2),
            unknowns=(
                Unknown(f"left out: {a}", "left out", share(3, 10), "probe"),
                Unknown("generated: noise", "generated", share(0, 10), "probe"),
                Unknown("generated: texture", "generated", share(1, 10), "probe"),
            ),
        ),
        per_class=tuple(ClassRow(name, 4, share(1, 2), share(1, 2), share(0, 2)) for name in classes),
        confusion=((1, 0, 0), (1, 0, 0), (0, 0, 1)),
        rows=tuple(rows),
        suspects=(Suspect(f"{b}/2.png", b, a, 0.1, 0.8),),
        model=Model("efficientnet_lite0", "mean", 64, 64, "probe", "0" * 64),
        seeds=(0,),
        seconds={"looking": 1.0},
        hardware="CPU, 2 threads",
        versions={"torch": "2.6"},
    )  # fmt: skip
