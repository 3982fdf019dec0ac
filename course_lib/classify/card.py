"""What a build says in words: a summary for the terminal, the answer first, and the card that travels with the weights.

Mitchell et al.: Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..pages import plain
from .result import Rejection, Result, Unknown
from .words import counted, markdown, percent

WORST = 3  # classes and confusions that are named
MANY = 0.2  # of the pictures are suspects: then they say more of the network than of the labels
KINDS = {
    "left out": "classes left out, met by a network without them",
    "given": "the pictures that you gave as unknown",
    "generated": "generated textures, noise, photographs, plain colours",
}


def summary(result: Result) -> str:
    """For the terminal: how good, how sure, what it refuses, where it fails."""
    return "\n".join(
        [
            _line("How good", _how_good(result)),
            _line("", result.why),
            _line("How sure", _how_sure(result)),
            *_refuses(result),
            *(_line("Where it fails" if not number else "", told) for number, told in enumerate(_fails(result))),
            *(_line("Look at" if not number else "", told) for number, told in enumerate(_look_at(result))),
        ]
    )


def _line(head: str, told: str) -> str:
    return f"{head:16}{told}"


def _how_good(result: Result) -> str:
    if not result.accuracy.n:
        return "not known: no picture was left to test on. Add pictures: ten a class or more."
    seen = f"{result.accuracy} of the pictures that it was not fitted on are answered right"
    return f"{seen}; of those that it accepts, {result.accuracy_accepted}."


def _how_sure(result: Result) -> str:
    c = result.calibration
    if not c.n:
        return "not known."
    fitted = (
        f"temperature {c.temperature:.2f}, fitted on {counted(c.n_fit, 'picture')}"
        if c.temperature != 1
        else f"no temperature was fitted on as few as {counted(c.n_fit, 'picture')}"
    )
    return f"its probabilities are off by {100 * c.ece:.1f} points on average (n = {c.n:,}; {fitted})."


def _refuses(result: Result) -> Iterator[str]:
    r = result.rejection
    yield _line(
        "What it refuses", f"of your own classes {r.lost}; promised: at most {percent(r.promise)}, by {r.score}."
    )
    yield _line("", r.note)
    if chosen := chosen_by(result):
        yield _line("", chosen)
    there = [kind for kind in KINDS if any(one.kind == kind for one in r.unknowns)]
    for number, kind in enumerate(there):
        yield _line("" if number else "What it lets in", f"{r.let_in(kind)} of {KINDS[kind]}{_most(r, kind)}.")
    if not any(one.kind == "left out" for one in r.unknowns):
        yield _line("", "No class could be left out, with two in all: how it meets pictures like yours is not known.")


def _most(rejection: Rejection, kind: str) -> str:
    """Of which of several most come in: a mean over noise and photographs hides the photographs."""
    mine = [one for one in rejection.unknowns if one.kind == kind and one.let_in.n]
    if len(mine) < 2 or not any(one.let_in.hits for one in mine):
        return ""
    most = max(mine, key=lambda one: one.let_in.value)
    return f"; most often {plain(most.name.partition(': ')[2])}, {most.let_in}"


def chosen_by(result: Result) -> str:
    """Who chose the score, and what that costs at classes left out, in a sentence; "" where nothing is to be said."""
    rejection = result.rejection
    if result.settings.score:
        return f"You gave {rejection.score} as the score."
    own = next((one for one in rejection.candidates if one.name == rejection.score), None)
    nearer = max(rejection.candidates, key=lambda one: one.auroc_left_out, default=None)
    if own is None or nearer is None or nearer.auroc_left_out <= own.auroc_left_out:
        return ""
    near, far = (
        f"{100 * getattr(own, kind):.1f} % by {own.name}, {100 * getattr(nearer, kind):.1f} % by {nearer.name}"
        for kind in ("auroc_left_out", "auroc_generated")
    )
    return (
        f"The score is chosen by the mean of two AUROCs. At classes left out alone another is better: {near}; at "
        f"generated pictures: {far}."
    )


def _fails(result: Result) -> Iterator[str]:
    rows = sorted((row for row in result.per_class if row.recall.n), key=lambda row: row.recall.value)
    for row in rows[:WORST]:
        if row.recall.hits < row.recall.n:
            yield f"{plain(row.name)}: {row.recall} found."
    for truth, answer, n in confusions(result)[:WORST]:
        yield f"{n} × {plain(result.classes[truth])} taken for {plain(result.classes[answer])}."
    if untested := [plain(row.name) for row in result.per_class if not row.recall.n]:
        yield f"never tested, for want of pictures: {', '.join(untested[:10])}{' …' if len(untested) > 10 else ''}."
    if result.accuracy.n and result.accuracy.hits == result.accuracy.n:
        possible = percent(1 - result.accuracy.low)
        yield f"no error among {result.accuracy.n} test pictures: up to {possible} are possible."


def confusions(result: Result) -> list[tuple[int, int, int]]:
    """(truth, answer, pictures), the most frequent first; positions in `classes`."""
    found = [(t, a, n) for t, row in enumerate(result.confusion) for a, n in enumerate(row) if n and t != a]
    return sorted(found, key=lambda one: -one[2])


def _look_at(result: Result) -> Iterator[str]:
    looked = result.looked
    if looked.left_out:
        one = looked.left_out[0]
        yield f"{counted(len(looked.left_out), 'file')} left out, the first {plain(one.file)}: {plain(one.reason)}."
    if result.suspects:
        first, said = result.suspects[0], counted(len(result.suspects), "label")
        if len(result.suspects) > MANY * looked.pictures:
            yield f"{said} that may be wrong: so many that the network fails here rather than the labels."
        else:
            yield f"{said} that may be wrong, the first {plain(first.file)}, seen as {plain(first.seen_as)}."
    if looked.copies:
        yield f"{counted(len(looked.copies), 'pair')} of near copies, kept together."
    if looked.flat or looked.blurred:
        flat = counted(len(looked.flat), "picture")
        yield f"{flat} of nearly one colour, {len(looked.blurred)} far less sharp than the others."


def card(result: Result) -> str:
    """card.md."""
    looked, model = result.looked, result.model
    return "\n".join(
        [
            f"# A classifier of {len(result.classes)} classes, from the folder {markdown(looked.folder)}",
            "",
            f"{model.backbone} (ImageNet weights, Apache-2.0), {_KINDS_OF_MODEL[model.kind]}, one linear layer; "
            f"pictures of {model.size} × {model.size}. Made by `course classify`; hardware: {result.hardware}.",
            "",
            "## How good",
            "",
            f"- {markdown(_how_good(result))}",
            f"- {markdown(result.why)}",
            f"- {markdown(_how_sure(result))}",
            *(f"- {markdown(told.strip())}" for told in _refuses(result)),
            "",
            *_table(["way", "seed", "right, test", "right, kept for choices"], _methods(result)),
            "",
            "## What it lets in",
            "",
            *_table(["pictures of no class", "let in", "met by"], _unknowns(result)),
            "",
            "## Pictures",
            "",
            *_table(
                ["class", "pictures", "learned from", "found, test", "of those called so, right"], _classes(result)
            ),
            "",
            f"Parts: {', '.join(f'{n:,} {part}' for part, n in result.parts.items())}. Kept together: "
            f"{markdown(looked.grouped_by)} ({looked.groups:,} groups). Left out: {len(looked.left_out)} files.",
            f"Seed {result.settings.seed}; fine-tuning seeds: {', '.join(map(str, result.seeds)) or 'none'}.",
            "",
            "## Intended, and not",
            "",
            "- For pictures that come about as those of the folder did. Of another camera, place or season nothing "
            "here says how good it is, unless such pictures were kept apart in the test (`--group-by`).",
            "- Not where a wrong answer harms somebody and nobody looks. What is refused goes to a person.",
            "- It answers with one class. A picture that shows two gets one of them, or none.",
            "",
            "## Where it fails",
            "",
            *(f"- {markdown(told)}" for told in _fails(result)),
            "",
        ]
    )


_KINDS_OF_MODEL = {
    "probe": "as it came, with a probe on it",
    "tuned": "fine-tuned",
    "averaged": "fine-tuned with several seeds, the weights averaged",
}


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]]


def _methods(result: Result) -> list[list[str]]:
    return [
        [one.name, "–" if one.seed is None else str(one.seed), str(one.test), str(one.val)] for one in result.methods
    ]


def _unknowns(result: Result) -> list[list[str]]:
    return [[markdown(one.name), str(one.let_in), _by(one)] for one in result.rejection.unknowns]


def _by(one: Unknown) -> str:
    return f"a {one.network} without that class" if one.kind == "left out" else "this classifier"


def _classes(result: Result) -> list[list[str]]:
    return [
        [markdown(row.name), f"{result.looked.counts[row.name]:,}", str(row.n_train), str(row.recall),
         str(row.precision)]
        for row in result.per_class
    ]  # fmt: skip
