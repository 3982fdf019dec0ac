"""The folder of a built classifier: weights as safetensors, numbers as JSON, a card to read; and getting it back.

No file in it can hold code. What was changed, or is of another build, is refused: the weights' digest stands in the
summary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from .. import data, models
from ..data import places
from . import card, probe
from .answerer import Answerer
from .result import Result

RUN, SUMMARY, WEIGHTS, BANK, CARD = "run.json", "summary.json", "model.safetensors", "bank.safetensors", "card.md"
AT_ONCE = 64


@dataclass(frozen=True)
class Answer:
    """What is said of one picture.

    Attributes:
        file: as it was given.
        answer: a class, or None: none of these.
        probability: of the likeliest class, calibrated, refused or not.
        score: how unknown.
        likeliest: the class that it would be, also where it is refused.
    """

    file: str
    answer: str | None
    probability: float
    score: float
    likeliest: str


@dataclass(frozen=True, eq=False)
class Loaded:
    """A classifier from its folder."""

    result: Result
    answerer: Answerer

    def predict(self, files: Sequence[str | Path]) -> tuple[Answer, ...]:
        """One answer a file, in their order.

        Raises:
            data.DataError: a file that is no picture; says which.
        """
        return tuple(self.each(files))

    @torch.inference_mode()
    def each(self, files: Sequence[str | Path]) -> Iterator[Answer]:
        """As `predict`, one batch after the other."""
        for start in range(0, len(files), AT_ONCE):
            some = files[start : start + AT_ONCE]
            images = np.stack([data.read_picture(file, self.answerer.stored) for file in some])
            shares, scores, accepted = self.answerer(torch.from_numpy(images))
            best = shares.max(dim=1)
            for row, file in enumerate(some):
                name = self.result.classes[int(best.indices[row])]
                kept = name if bool(accepted[row]) else None
                yield Answer(str(file), kept, float(best.values[row]), float(scores[row]), name)


def weights(result: Result, answerer: Answerer, out: Path) -> Result:
    """Write the weights; the result that comes back has their digest in it."""
    models.save(answerer.classifier, out / WEIGHTS)
    places.remove(out / BANK)
    if len(answerer.bank):
        with places.replacing(out / BANK) as part:
            save_file({"bank": answerer.bank.contiguous(), "k": torch.tensor(answerer.k)}, part)
    return replace(result, model=replace(result.model, digest=digest(out)))


def finish(result: Result, out: Path) -> None:
    """Write the card, and the summary last: where it is, all is."""
    with places.replacing(out / CARD) as part:
        part.write_text(card.card(result), encoding="utf-8")
    result.save(out / SUMMARY)


def digest(out: Path) -> str:
    """SHA-256 of the weights, and of the bank where there is one."""
    found = hashlib.sha256()
    for name in (WEIGHTS, BANK):
        if (out / name).is_file():
            with (out / name).open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def load(out: str | Path) -> Loaded:
    """The classifier that `course classify` has left in a folder.

    Raises:
        FileNotFoundError: no such folder, or one that a build has not finished.
        ValueError: files of another kind or another version, changed ones, or a network that is not known here.
    """
    out = Path(out).expanduser()
    if not (out / SUMMARY).is_file() or not (out / WEIGHTS).is_file():
        missing = next(name for name in (SUMMARY, WEIGHTS) if not (out / name).is_file())
        begun = " A build was begun there and not finished: the same command goes on." if (out / RUN).is_file() else ""
        raise FileNotFoundError(
            f"load got {str(out)!r}, where there is no {missing}; it wants a folder of `course classify`.{begun}"
        )
    result = Result.open(out / SUMMARY)
    if digest(out) != result.model.digest:
        raise ValueError(
            f"load got {str(out)!r}, whose {WEIGHTS} or {BANK} is not the one that {SUMMARY} was written for. It wants "
            "them as they were built: copy the whole folder again, or build it again."
        )
    classifier = models.load(out / WEIGHTS)
    if classifier.backbone.name != probe.BACKBONE or classifier.classes != result.classes:
        raise ValueError(
            f"load got {str(out)!r} with a {classifier.backbone.name} of {len(classifier.classes)} classes; it wants a "
            f"{probe.BACKBONE} of the {len(result.classes)} classes of {SUMMARY}. Build it again."
        )
    bank, k = _bank(out / BANK)
    rejection = result.rejection
    answerer = Answerer(
        classifier, stored=result.model.stored, size=result.model.size, temperature=result.calibration.temperature,
        score_name=rejection.score, threshold=rejection.threshold, bank=bank, k=k,
    )  # fmt: skip
    return Loaded(result, answerer)


def _bank(path: Path) -> tuple[torch.Tensor | None, int]:
    if not path.is_file():
        return None, 1
    try:
        found = load_file(path)
        return found["bank"], int(found["k"])
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"load got {path.name}, which is damaged ({error}). Build the classifier again.") from error


def run_key(out: Path) -> str:
    """What the build in `out` was begun with; "" where that cannot be read."""
    try:
        return str(json.loads((out / RUN).read_text(encoding="utf-8"))["key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
