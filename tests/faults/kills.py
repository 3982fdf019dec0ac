"""Signal 9 at random moments of what takes long or keeps something: it goes on bit for bit, or starts anew; nothing
that was reported as kept is lost, and nothing half is left under its name."""

from __future__ import annotations

import random
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
import torch

from course_lib import classify, features, models
from course_lib.classify import storing
from course_lib.classify.result import Result
from course_lib.data import ImageSet
from course_lib.practice import progress
from course_lib.study import evidence
from tests.classify.folders import folder as pictures_in
from tests.classify.folders import shrink
from tests.faults.tally import Tally, forked, was_killed
from tests.training.test_run import QUICK, same, trained

RNG = random.Random(0)
Work = Callable[[Callable], None]


def run(times: int = 6) -> Tally:
    tally = Tally("kill -9", "goes on bit for bit, or anew; nothing kept is lost")
    for what in (fit, save, extract, keep_evidence, keep_progress):
        repeat(tally, what, times)
    repeat(tally, build, times - 1)
    return tally


def repeat(tally: Tally, what: Callable[[Path], str], times: int) -> None:
    """`what(folder)` kills once and says what was not held; "late" where the work was done before the signal came."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*(set aside|cannot be used|is broken).*")  # something half was left
        done = 0
        for number in range(3 * times):
            place = Path(folder, str(number))
            place.mkdir()
            try:
                fault = what(place)
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
            if fault != "late":
                tally.case(f"{what.__name__}, {number}", fault)
                done += 1
            if done == times:
                break
    tally.notes[what.__name__] = done
    print(f"    {what.__name__}: killed in flight {done} times; not held so far: {len(tally.faults)}", flush=True)


def killed(work: Work, longest: float) -> tuple[bool, list]:
    """(was it killed in flight, what it told)."""
    status, told = forked(work, kill_after=RNG.uniform(0, longest), busy=True)
    return was_killed(status), told


def two_greys() -> ImageSet:
    """As the tests' fixture: 200 noisy pictures, dark or light."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(200) % 2
    noise = torch.randint(0, 60, (200, 3, 16, 16), generator=generator)
    return ImageSet.of((noise + 120 * labels[:, None, None, None]).to(torch.uint8), labels, ["dark", "light"])


KNOWN: dict[str, object] = {}  # what undisturbed work gives, and how long it takes


def undisturbed(name: str, work: Callable[[], object]) -> tuple[object, float]:
    if name not in KNOWN:
        work()  # what is slow the first time, such as an import, is slow only once
        start = time.process_time()
        KNOWN[name] = work(), time.process_time() - start
    return KNOWN[name]  # type: ignore[return-value]


def fit(place: Path) -> str:
    settings = replace(QUICK, epochs=6)
    (whole, _), seconds = undisturbed("fit", lambda: trained(two_greys(), settings))
    path = place / "run.pt"

    def work(tell: Callable) -> None:
        tell("begun")
        trained(two_greys(), settings, checkpoint=path)

    inside, _ = killed(work, seconds)
    resumed, run = trained(two_greys(), settings, checkpoint=path)
    if not same(whole, resumed) or len(run.history) != 6:
        return "the run that was taken up has other weights"
    return "" if inside else "late"


def save(place: Path) -> str:
    """Two classifiers in turn under one name: at any moment one of them is there, whole."""
    both = [models.Classifier(models.backbone("texture_net"), ("a", "b"), seed=seed) for seed in (0, 1)]
    path = models.save(both[0], place / "model.safetensors")

    def work(tell: Callable) -> None:
        tell("begun")
        for number in range(10_000):
            models.save(both[number % 2], path)

    killed(work, 0.6)
    found = models.load(path)
    models.save(both[0], path)
    left = {file.name for file in place.iterdir()}
    if not any(same(found, model) for model in both):
        return "neither of the two"
    return "" if left == {path.name} else f"left behind: {left}"


def extract(place: Path) -> str:
    small = two_greys()
    images = torch.nn.functional.interpolate(small.images.float(), 64).to(torch.uint8)
    pictures, backbone = ImageSet.of(images, small.labels, small.classes), models.backbone("texture_net")
    expected, seconds = undisturbed(
        "extract", lambda: features.extract(backbone, pictures, cache=False, progress=False)
    )
    with mock.patch.dict("os.environ", COURSE_DATA=str(place)):

        def work(tell: Callable) -> None:
            tell("begun")
            features.extract(backbone, pictures, progress=False)

        inside, _ = killed(work, seconds)
        found = [features.extract(backbone, pictures, progress=False) for _ in range(2)]
    if not all((one == expected).all() for one in found):
        return "other features"
    return "" if inside else "late"


def keep_evidence(place: Path) -> str:
    run = evidence.Measurement("e", "v", 0, {"m": 0.5}, {"m": 10}, 1.0, False, "CPU", "generated", {}, "s")

    def work(tell: Callable) -> None:
        tell(-1)
        for seed in range(10_000):
            evidence.append(replace(run, seed=seed), place)
            tell(seed)

    _, told = killed(work, 0.4)
    seeds = [one.seed for one in evidence.runs("e", place)]
    evidence.append(replace(run, seed=99_999), place)
    again = [one.seed for one in evidence.runs("e", place)]
    if seeds != list(range(len(seeds))) or len(seeds) < told[-1] + 1:
        return f"{told[-1] + 1} were reported as kept, there are {len(seeds)}"
    return "" if again == [*seeds, 99_999] else "what a kill left spoils the next run"


def keep_progress(place: Path) -> str:
    with mock.patch.object(progress, "file", return_value=place / "progress.json"):

        def work(tell: Callable) -> None:
            tell(0)
            for tries in range(1, 10_000):
                progress.note_attempt("03", "recall", "incorrect")
                tell(tries)

        _, told = killed(work, 0.4)
        tries = progress.read()["exercises"].get("03/recall", {}).get("tries", 0)
        if tries < told[-1]:
            return f"{told[-1]} were reported as kept, there are {tries}"
        progress.note_attempt("03", "recall", "correct")
        kept = progress.read()["exercises"]["03/recall"]
    aside = list(place.glob("progress-unreadable*"))
    return "" if kept == {"tries": tries + 1, "outcome": "correct"} and not aside else f"half: {kept}, {aside}"


def build(place: Path) -> str:
    """`course classify` on 3 × 40 pictures, its network replaced by a small one."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        pets = pictures_in(place / "pets", n=40)

        def built(out: Path) -> dict:
            classify.build(pets, out=out, minutes=0, progress=False)
            return without_times(Result.open(out / storing.SUMMARY).to_dict())

        outs = iter((place / "first", place / "whole"))
        whole, seconds = undisturbed("build", lambda: built(next(outs)))

        def work(tell: Callable) -> None:
            tell("begun")
            built(place / "out")

        inside, _ = killed(work, seconds)
        if (place / "out" / storing.SUMMARY).exists():
            classify.load(place / "out")  # where the summary is, all is
        if built(place / "out") != whole:
            return "another classifier than an undisturbed one"
        classify.load(place / "out")
    return "" if inside else "late"


def without_times(content: object) -> object:
    """A summary without what a clock has said."""
    if isinstance(content, dict):
        return {key: without_times(value) for key, value in content.items() if key != "seconds"}
    return [without_times(one) for one in content] if isinstance(content, list | tuple) else content
