"""From a folder to a classifier: the stages in their order, each of which a later call takes up."""

from __future__ import annotations

import filecmp
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from .. import data, training
from ..data import DataError, ImageSet
from . import calibrate, card, claiming, extras, parts, probe, reject, stages, storing, suspecting, tune
from .answerer import Answerer
from .look import Folder, check_folder, look
from .probe import Parts
from .reject import Meeting, Seen
from .result import ClassRow, Kind, Method, Model, Rejection, Result, Row, Settings, Share, Suspect, Turning
from .stages import Teller, Work

STAGES = (
    "looking",
    "features",
    "floor and probe",
    "classes left out",
    "fine-tuning",
    "the line",
    "wrong labels",
    *extras.WRITERS,
)
SUSPECTS = 200  # that are named
UNKNOWN_MOST = 2000  # pictures of --unknown, drawn at random if there are more


@dataclass(frozen=True, eq=False)
class Built:
    """What a build leaves: its numbers, the network, the test pictures in the order of `result.rows`, and where."""

    result: Result
    answerer: Answerer
    pictures: ImageSet
    folder: Path
    out: Path
    missing: tuple[str, ...] = ()
    """What could not be written beside the classifier, and why: a sentence each."""

    def __str__(self) -> str:
        return "\n\n".join((card.summary(self.result), *self.missing))


def build(
    folder: str | Path,
    *,
    out: str | Path,
    minutes: float = 10.0,
    unknown: str | Path | None = None,
    group_by: str = "",
    refuse: float = 0.05,
    seed: int = 0,
    turns: str = "find out",
    score: str = "",
    progress: bool = True,
) -> Built:
    """A classifier of the folder's classes that can say "none of these", and what is known of how good it is.

    Args:
        folder: `folder/<class>/<picture>`, two classes or more.
        out: a folder that is not there, or is empty, or has what the same call left when it was stopped: it goes on.
        minutes: for fine-tuning; 0 leaves it out. All else takes what it takes.
        unknown: a folder of pictures that belong to no class. They are met in the test, and nothing is chosen by them.
        group_by: "place", "date" (EXIF), "name-prefix" or a column of a CSV file in `folder`: what must not be parted.
        refuse: at most this share of the own classes' pictures is to be refused.
        seed: of all that is drawn.
        turns: "yes", "no" or "find out": does a turned or mirrored picture keep its class?
        score: how unknown a picture is, one of `SCORES`; "" chooses it by leaving classes out (`Candidate`).
        progress: say on standard error what is done, and about how long the rest takes.

    Raises:
        data.DataError: a folder without pictures, or one that cannot be written.
        ValueError: settings out of range, fewer than two classes, groups that leave nothing to test, or an `out` that
            holds something else. What was begun is taken away again.
    """
    settings = Settings(float(minutes), group_by, refuse, seed, turns, score)  # type: ignore[arg-type]
    folder, out = Path(folder).expanduser(), Path(out).expanduser()
    files = check_folder(folder)
    strangers = _strangers(unknown, files)
    probe.backbone()  # or a DataError, before anything is written
    key = claiming.key_of(folder, files, strangers, settings)
    teller = stages.to_terminal(STAGES) if progress else stages.silent()
    with claiming.claimed(out, key, folder, settings) as work:
        if (out / storing.SUMMARY).is_file():
            return _again(folder, out)
        return _built(folder, out, files, strangers, settings, work, teller)


def _built(
    folder: Path, out: Path, files: Sequence[Path], strangers: Sequence[Path], settings: Settings, work: Work,
    teller: Teller,
) -> Built:  # fmt: skip
    seed = settings.seed
    teller.start("looking")
    there = look(folder, files, settings.group_by, work, teller)
    teller.start("features")
    _expect(teller, len(there.pictures), settings)
    p = _parts(there, settings, work, teller)
    teller.start("floor and probe")
    rates = work.json("step", lambda: tune.seconds_a_picture(p))  # one plan, also after a kill: checkpoints are its
    planned = tune.plan(p, settings.minutes, rates)
    head = probe.fit_probe(p, work, seed)
    methods = [probe.guess(p), probe.by_colour(p, seed)]
    methods.append(probe.probe_method(p, head, teller.seconds.get("features", 0.0)))
    turned = probe.turning(p, head, settings.turns, work, seed)
    teller.expect("fine-tuning", planned.seconds)
    teller.start("classes left out")
    meetings = reject.left_out_by_probe(p, seed, work, teller)
    teller.start("fine-tuning")
    seen, tried, why = _fine_tuned(p, head, methods[-1], planned, turned, seed, work, teller)
    if seen.kind != "probe":
        meetings = reject.left_out_by_tuned(p, planned, turned.keeps, seed, work, teller) or meetings
    teller.start("the line")
    found = _Found(there, p, [*methods, *tried], turned, seen, why, meetings, planned)
    result, answerer = _drawn(found, strangers, settings, work, teller)
    pictures = _own(p.of("test"))
    built = Built(storing.weights(result, answerer, out), answerer, pictures, folder, out)
    built = replace(built, missing=extras.write(built, teller))
    storing.finish(built.result, out)
    return built


@dataclass(frozen=True, eq=False)
class _Found:
    """What is known before the line is drawn."""

    there: Folder
    parts: Parts
    methods: list[Method]
    turned: Turning
    seen: Seen
    why: str
    meetings: list[Meeting]
    planned: tune.Plan


def _parts(there: Folder, settings: Settings, work: Work, teller: Teller) -> Parts:
    size = there.looked.size
    embeddings = probe.embed(there.pictures, size, work, teller)
    part = parts.split(there.pictures.labels.numpy(), there.groups, seed=settings.seed)
    return Parts(there.pictures, part, there.groups, embeddings, size)


def _fine_tuned(
    p: Parts, head: torch.nn.Linear, by_probe: Method, planned: tune.Plan, turned: Turning, seed: int, work: Work,
    teller: Teller,
) -> tuple[Seen, list[Method], str]:  # fmt: skip
    """(the network that is kept, the methods that were tried, why)."""
    frozen = reject.seen_by_probe(p, head, seed)
    if not planned.runs:
        return frozen, [], f"The probe is kept. {planned.why}"
    if by_probe.val.hits == by_probe.val.n:
        why = f"No training needed: the probe gets all {by_probe.val.n} pictures that are kept for choices right."
        return frozen, [], why
    networks, tried, sights = [], [], []
    for run in range(planned.runs):
        teller.tell(run, planned.runs)
        began = time.perf_counter()
        networks.append(
            tune.tuned(
                p.of("train"), p.of("val"), head, p, epochs=planned.epochs, turns=turned.keeps, seed=seed + run,
                work=work, teller=teller, name="tune",
            )
        )  # fmt: skip
        sights.append(reject.seen_by_tuned(p, networks[-1], "tuned", f"tuned-{run}", seed, work))
        name = f"fine-tuned, {planned.epochs} epochs, seed {seed + run}"
        tried.append(_method(p, sights[-1], "tuned", name, seed + run, time.perf_counter() - began))
    if len(networks) > 1:
        sights.append(reject.seen_by_tuned(p, tune.averaged(networks), "averaged", "averaged", seed, work))
        tried.append(_method(p, sights[-1], "averaged", f"the mean of these {len(networks)}", None, 0.0))
    best = max(range(len(tried)), key=lambda place: (tried[place].val.hits, place))  # of equals the average
    labels = p.labels("val")
    rights = [one.logits("val").argmax(dim=1).numpy() == labels for one in (frozen, sights[best])]
    paid = tune.pays(*rights)
    return sights[best] if paid else frozen, tried, tune.why(by_probe, tried[best], paid)


def _method(p: Parts, seen: Seen, kind: Kind, name: str, seed: int | None, seconds: float) -> Method:
    val, test = (p.share(part, seen.logits(part).argmax(dim=1).numpy() == p.labels(part)) for part in ("val", "test"))
    return Method(kind, name, seed, val, test, round(seconds, 2))


# --- the line, and all that is said of the test pictures ---


def _drawn(
    found: _Found, strangers: Sequence[Path], settings: Settings, work: Work, teller: Teller
) -> tuple[Result, Answerer]:
    p, seen = found.parts, found.seen
    unknowns = [*_given(strangers, found.there.looked.size, settings.seed), *reject.generated(p.size, settings.seed)]
    rejection = reject.rejection(seen, p, found.meetings, settings.refuse, unknowns, settings.score)
    temperature = calibrate.temperature(seen.logits("line"), p.labels("line"))
    answerer = Answerer(
        seen.classifier, stored=found.there.looked.size, size=p.size, temperature=temperature,
        score_name=rejection.score, threshold=rejection.threshold, k=seen.k,
        bank=torch.from_numpy(seen.features["bank"]) if rejection.score == "k nearest" else None,
    )  # fmt: skip
    teller.start("wrong labels")
    suspects = tuple(Suspect(**one) for one in work.json("suspects", lambda: _suspects(p, settings.seed)))
    teller.end()
    return _told(found, answerer, rejection, suspects, settings, teller), answerer


def _told(
    found: _Found, answerer: Answerer, rejection: Rejection, suspects: tuple[Suspect, ...], settings: Settings,
    teller: Teller,
) -> Result:  # fmt: skip
    p, seen, temperature = found.parts, found.seen, answerer.temperature
    logits, groups = seen.logits("test"), p.groups[p.rows("test")]
    rows = _rows(p, logits / temperature, seen.scores(rejection.score, seen.features["test"]), answerer.threshold)
    right = np.array([row.answer == row.truth for row in rows], dtype=bool)
    accepted = np.array([row.accepted for row in rows], dtype=bool)
    return Result(
        settings=settings,
        classes=p.pictures.classes,
        looked=found.there.looked,
        parts=parts.named(p.part),
        methods=tuple(found.methods),
        turning=found.turned,
        chosen=seen.kind,
        why=found.why,
        accuracy=Share.of(right, groups),
        accuracy_accepted=Share.of(right[accepted], groups[accepted]),
        calibration=calibrate.calibration(temperature, len(p.rows("line")), logits, p.labels("test")),
        rejection=rejection,
        per_class=_per_class(p, rows, groups),
        confusion=_confusion(rows, len(p.pictures.classes)),
        rows=rows,
        suspects=suspects,
        model=Model(probe.BACKBONE, probe.POOLING, answerer.stored, answerer.size, seen.kind, ""),
        seeds=tuple(one.seed for one in found.methods if one.kind == "tuned" and one.seed is not None),
        seconds=dict(teller.seconds),
        hardware=training.device_name(torch.device("cpu")),
        versions=training.versions(),
    )


def _rows(p: Parts, logits: torch.Tensor, scores: np.ndarray, threshold: float) -> tuple[Row, ...]:
    shares = logits.double().softmax(dim=1)
    answers, truth = shares.argmax(dim=1).tolist(), p.labels("test").tolist()
    names = [p.pictures.name_of(position) for position in p.rows("test").tolist()]
    rows = zip(names, truth, answers, shares.tolist(), scores.tolist(), strict=True)
    return tuple(
        Row(name, own, answer, tuple(round(share, 6) for share in every), score, score <= threshold)
        for name, own, answer, every, score in rows
    )


def _per_class(p: Parts, rows: Sequence[Row], groups: np.ndarray) -> tuple[ClassRow, ...]:
    truth, answer = (np.array([getattr(row, of) for row in rows], dtype=np.int64) for of in ("truth", "answer"))
    refused = np.array([not row.accepted for row in rows], dtype=bool)
    learned = np.bincount(p.labels("train"), minlength=len(p.pictures.classes)).tolist()
    return tuple(
        ClassRow(
            name,
            learned[c],
            Share.of((answer == c)[truth == c], groups[truth == c]),
            Share.of((truth == c)[answer == c], groups[answer == c]),
            Share.of(refused[truth == c], groups[truth == c]),
        )
        for c, name in enumerate(p.pictures.classes)
    )


def _confusion(rows: Sequence[Row], classes: int) -> tuple[tuple[int, ...], ...]:
    found = np.zeros((classes, classes), dtype=np.int64)
    for row in rows:
        found[row.truth, row.answer] += 1
    return tuple(map(tuple, found.tolist()))


def _suspects(p: Parts, seed: int) -> list[dict]:
    found = suspecting.wrong_labels(p.pictures, p.embeddings, p.groups, seed=seed)
    return [asdict(one) for one in found[:SUSPECTS]]


# --- what comes in, and where it goes ---


def _strangers(unknown: str | Path | None, known: Sequence[Path]) -> list[Path]:
    """The files of --unknown. DataError where that is no folder with pictures, or has pictures of `known`."""
    if unknown is None:
        return []
    folder = Path(unknown).expanduser()
    files = data.pictures_in(folder) if folder.is_dir() else []
    _check_strange(folder, files, known)
    if not any(map(data.shorter_side, files)):
        what = "in which there is no picture that can be read" if folder.is_dir() else "which is no folder"
        raise DataError(
            f"classify got unknown={str(folder)!r}, {what}; it wants a folder of pictures that belong to no class. "
            "Without one, leave it out: classes left out and generated pictures are met anyway."
        )
    return files


def _check_strange(folder: Path, files: Sequence[Path], known: Sequence[Path]) -> None:
    """DataError where a picture is given as known and as unknown, byte for byte: it would count as let in."""
    of_size: dict[int, list[Path]] = {}
    for path in known:
        of_size.setdefault(path.stat().st_size, []).append(path)
    both = [
        path for path in files
        if any(filecmp.cmp(path, other, shallow=False) for other in of_size.get(path.stat().st_size, ()))
    ]  # fmt: skip
    if both:
        raise DataError(
            f"classify got unknown={str(folder)!r}, in which {len(both)} of {len(files)} pictures are pictures of a "
            f"class too, {both[0].name!r} for one; it wants pictures that belong to no class. Take them out of one of "
            "the two folders."
        )


def _given(files: Sequence[Path], side: int, seed: int) -> list[tuple[str, str, ImageSet]]:
    """The pictures of --unknown that can be read, at most `UNKNOWN_MOST`. DataError where none can."""
    if not files:
        return []
    chosen = [files[place] for place in probe.drawn(np.arange(len(files)), UNKNOWN_MOST, seed)]
    try:
        return [("given", "given", data.unlabelled(chosen, side))]
    except DataError:
        raise DataError(
            f"classify got {len(files)} files in the folder of unknown pictures, and can read none of them."
        ) from None


def _own(pictures: ImageSet) -> ImageSet:
    """The same pictures in memory: the file that they were in goes."""
    return ImageSet.of(pictures.images, pictures.labels, pictures.classes, pictures.source, name=pictures.name)


def _again(folder: Path, out: Path) -> Built:
    """What the same call has built before."""
    loaded = storing.load(out)
    rows = loaded.result.rows
    side = loaded.result.model.stored
    images = [data.read_picture(folder / row.file, side) for row in rows]
    store = torch.from_numpy(np.stack(images)) if images else torch.zeros(0, 3, side, side, dtype=torch.uint8)
    pictures = ImageSet.of(store, [row.truth for row in rows], loaded.result.classes, "real", name=folder.name)
    built = Built(loaded.result, loaded.answerer, pictures, folder, out)
    return replace(built, missing=extras.write(built))  # what was missing may be had by now


def _expect(teller: Teller, n: int, settings: Settings) -> None:
    """A first guess of the times, of two cores; features and fine-tuning are measured as they go."""
    teller.expect("features", 0.02 * n)
    teller.expect("floor and probe", 5 + 0.004 * n)
    teller.expect("classes left out", 20)
    teller.expect("fine-tuning", min(60 * settings.minutes, 0.2 * n))
    teller.expect("the line", 10)
    teller.expect("wrong labels", 2 + 0.004 * n)
    for name, seconds in extras.SECONDS.items():
        teller.expect(name, seconds)
