"""report.html: what a build found, in one file that asks nothing of the network, for a phone, the dark and paper.

All numbers are those of `Result`; the pictures are made small and are inside. Names from the folder are text only, and
the page's policy lets no script run but its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import torch

from .. import decide, pages
from ..data import places
from ..pages import in_html
from . import card, report_charts, report_pictures
from .report_charts import Step
from .report_pictures import Tried
from .result import Result, Row, Share
from .words import percent

if TYPE_CHECKING:
    from .building import Built

REPORT = "report.html"
SHOWN, HEATMAPS, FILES = 12, 6, 50  # pictures of a kind, heatmaps, names in a list
MATRIX, COSTS = 25, 12  # classes up to which the matrix is shown, and can be given costs
STEPS = 300  # places of the slider
LOOKING = 0.2  # what it costs that a person looks, an error being 1, before the reader says otherwise

_BODY = Template("""\
<main>
$sections
</main>
<script type="application/json" id="data">$data</script>
<script type="module">$js</script>""")


def write(built: Built) -> Path:
    """Write report.html into the folder of the build, whole or not at all; returns its path.

    The heatmaps take seconds: their methods are tried on this network first.
    """
    path = built.out / REPORT
    text = page(built)
    with places.replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")
    return path


def page(built: Built) -> str:
    """The whole page, HTML."""
    result = built.result
    here = Path(__file__)
    js = here.with_suffix(".js").read_text(encoding="utf-8")
    parts = [
        *_answer(result), *_errors(result), *_pictures(built), *_sure(result), *_cost(result), *_unknown(result),
        *_heatmaps(built), *_folder(built), *_how(result),
    ]  # fmt: skip
    return pages.page(
        f"{result.looked.folder}: a classifier of {len(result.classes)} classes",
        _BODY.substitute(sections="\n".join(parts), data=_data(result), js=js),
        css=here.with_suffix(".css").read_text(encoding="utf-8"),
        allowed=f"img-src data:; style-src 'unsafe-inline'; script-src {pages.only_this(js)}",
    )


# --- the answer ---


def _answer(result: Result) -> Iterator[str]:
    yield f"<h1>{in_html(result.looked.folder)}: a classifier of {len(result.classes)} classes</h1>"
    yield (
        f'<p class="soft">Tried on {len(result.rows):,} pictures that it was not fitted on. In brackets: where the '
        "true share lies with 95 % confidence.</p>"
    )
    yield f'<div class="tiles">{"".join(_tiles(result))}</div>'
    yield f'<dl class="answer">{"".join(_told(result))}</dl>'


def _tiles(result: Result) -> Iterator[str]:
    r = result.rejection
    yield _tile("right, of what it answers", result.accuracy_accepted)
    yield _tile("of your own pictures refused", r.lost)
    for kind, name in (("left out", "let in, of classes left out"), ("given", "let in, of your unknown pictures")):
        if any(one.kind == kind for one in r.unknowns):
            yield _tile(name, r.let_in(kind))


def _tile(name: str, share: Share) -> str:
    value, _, interval = str(share).partition(" (")
    return f'<div class="tile"><b>{value}</b><span>{name}</span><span class="soft">({interval}</span></div>'


def _told(result: Result) -> Iterator[str]:
    """`card.summary`, whose lines are a head of 16 letters, or none, and a sentence."""
    for line in card.summary(result).splitlines():
        head, said = line[:16].strip(), line[16:].strip()
        if head:
            yield f"<dt>{in_html(head)}</dt>"
        if said:
            yield f"<dd>{in_html(said)}</dd>"


# --- which classes ---


def _errors(result: Result) -> Iterator[str]:
    yield "<h2>Class by class</h2>"
    head = ["class", "found", "of those called so, right", "refused", "pictures", "learned from"]
    counts = result.looked.counts
    rows = [
        [in_html(row.name), *map(str, (row.recall, row.precision, row.refused)), f"{counts.get(row.name, 0):,}",
         f"{row.n_train:,}"]
        for row in result.per_class
    ]  # fmt: skip
    yield _table("class by class", head, rows)
    yield "<h2>What is taken for what</h2>"
    if len(result.classes) <= MATRIX:
        yield "<p>Rows: the class of the folder. Columns: the answer, refused or not. Test pictures.</p>"
        yield _matrix(result)
    found = card.confusions(result)[:SHOWN]
    if not found:
        yield f"<p>No test picture of {len(result.rows):,} is taken for another class.</p>"
    names = [in_html(name) for name in result.classes]
    yield _list(f"{n} × <b>{names[t]}</b> taken for <b>{names[a]}</b>" for t, a, n in found)


def _table(label: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML."""
    top = "".join(f'<th scope="col">{one}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return _wide(label, table)


def _wide(label: str, table: str) -> str:
    """What may be wider than a phone scrolls by itself, by keyboard, too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{label}">{table}</div>'


def _matrix(result: Result) -> str:
    names = [in_html(name) for name in result.classes]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{names[t]}</th>{"".join(_cells(t, row))}</tr>' for t, row in enumerate(result.confusion)
    )
    table = (
        f'<table class="confusion"><thead><tr><th scope="col">true class</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    return _wide("confusion matrix", table)


def _cells(truth: int, row: Sequence[int]) -> Iterator[str]:
    total = max(1, sum(row))
    for answer, n in enumerate(row):
        kind = "none" if not n else "own" if answer == truth else "error"
        yield f'<td class="{kind}" style="--share: {round(15 + 45 * n / total)}%">{n}</td>'


def _list(items: Iterable[str]) -> str:
    """Items are HTML; "" of none."""
    body = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{body}</ul>" if body else ""


# --- which pictures ---


def _pictures(built: Built) -> Iterator[str]:
    kinds = (
        ("Surest mistakes", report_pictures.surest_mistakes, "Answered wrong, let through, the most probable first."),
        ("Least sure", report_pictures.least_sure, "Let through, the least probable answer first."),
        ("Your own, refused", report_pictures.refused, "Of the test, none of these by its line; strangest first."),
    )  # fmt: skip
    for title, chosen, said in kinds:
        rows = chosen(built.result)
        yield f"<h2>{title}</h2><p>{said} {_of(len(rows), 'test picture')}</p>"
        yield _gallery(_shown(built, row) for row in rows[:SHOWN])
    suspects = built.result.suspects
    yield "<h2>Labels that may be wrong</h2>"
    yield (
        "<p>Seen as another class by probes that had not learned from the picture (confident learning). Look at them: "
        f"some are only unusual. {_of(len(suspects), 'suspect')}</p>"
    )
    yield _gallery(_suspected(built, position) for position in range(min(SHOWN, len(suspects))))


def _of(n: int, what: str) -> str:
    if not n:
        return "There are none."
    return f"The first {SHOWN} of {n:,} {what}s." if n > SHOWN else f"{n} {what}{'s' if n > 1 else ''}."


def _gallery(items: Iterable[str]) -> str:
    body = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="pictures">{body}</ul>' if body else ""


def _image(address: str, alt: str) -> str:
    return f'<img src="{address}" alt="{alt}">' if address else "<small>(no picture)</small>"


def _shown(built: Built, position: int) -> str:
    row, classes = built.result.rows[position], built.result.classes
    return _image(report_pictures.inline(built.pictures.images[position]), in_html(row.file)) + _caption(row, classes)


def _caption(row: Row, classes: Sequence[str]) -> str:
    answer = in_html(classes[row.answer])
    said = f"<b>{answer}</b> {100 * row.probability:.1f} %" if row.accepted else f"<b>none</b>, else {answer}"
    true = "" if row.answer == row.truth else f"<br>is {in_html(classes[row.truth])}"
    return f"{said}{true}<small>{in_html(row.file)}</small>"


def _suspected(built: Built, position: int) -> str:
    one = built.result.suspects[position]
    picture = _image(report_pictures.inline_file(built, one.file), in_html(one.file))
    label = f"called <b>{in_html(one.label)}</b> ({100 * one.probability_of_label:.1f} %)"
    seen = f"seen as <b>{in_html(one.seen_as)}</b> ({100 * one.probability_of_seen:.0f} %)"
    return f"{picture}{label}<br>{seen}<small>{in_html(one.file)}</small>"


# --- how sure ---


def _sure(result: Result) -> Iterator[str]:
    c = result.calibration
    yield "<h2>When it says 90 %, is it right in 90 %?</h2>"
    if c.n:
        yield (
            f"<p>On the dashed line it would be. Off by {100 * c.ece:.1f} points on average, with the temperature "
            f"{c.temperature:.2f}; without it, by {100 * c.ece_before:.1f} (n = {c.n:,}). A larger dot has more "
            "pictures; a small one tells little.</p>"
        )
        yield f"<figure>{report_charts.reliability(c.bins)}</figure>"
    found = _thinned(report_charts.steps(result))
    if not found:
        return
    yield '<div id="sure"><h2>Answer less, err less</h2>'
    yield "<p>What it is not sure of can go to a person. What the line refuses is never answered.</p>"
    yield f'<label class="script">fewer answers … more answers<input type="range" min="0" max="{len(found) - 1}" '
    yield f'value="{len(found) - 1}"></label><output aria-live="polite">{_step_told(found[-1])}</output>'
    yield f"<figure>{report_charts.risk_coverage(found)}</figure></div>"


def _thinned(found: list[Step]) -> list[Step]:
    """At most `STEPS` of them, evenly, with the last."""
    last = len(found) - 1
    places_ = sorted({round(k * last / (STEPS - 1)) for k in range(STEPS)}) if last >= STEPS else range(len(found))
    return [found[k] for k in places_]


def _step_told(step: Step) -> str:
    """report.js says the same, in `stepTold`."""
    return (
        f"Answer where the probability is {100 * step.probability:.1f} % or more: {step.answered} of {step.n} are "
        f"answered, {step.wrong} of them wrong ({100 * step.wrong / step.answered:.1f} %); {step.n - step.answered} "
        "are not answered."
    )


# --- what errors cost ---


def _cost(result: Result) -> Iterator[str]:
    if not result.rows:
        return
    k = len(result.classes)
    yield '<div id="cost"><h2>What does an error cost you?</h2>'
    yield (
        "<p>Each answer is the one with the least expected cost (Elkan, 2001), or a person looks. The probabilities "
        "are taken at their word, and what the line refuses goes to a person. An error costs 1, in your unit.</p>"
    )
    yield '<label class="script">A person looks at a picture: <input class="person" type="number" min="0" step="any" '
    yield f'value="{LOOKING}"></label><output aria-live="polite">{_bill_told(result)}</output>'
    if k <= COSTS:
        yield f'<details class="script"><summary>Cost of each error</summary>{_cost_table(result)}</details>'
    else:
        yield f'<p class="soft">Every error costs 1: {k} classes are too many for a table of costs.</p>'
    yield "</div>"


def _cost_table(result: Result) -> str:
    names = [in_html(name) for name in result.classes]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(
        f'<tr><th scope="row">{names[t]}</th>{"".join(_price(names, t, a) for a in range(len(names)))}</tr>'
        for t in range(len(names))
    )
    table = f'<table class="costs"><thead><tr><th scope="col">true class</th>{head}</tr></thead><tbody>{body}</tbody>'
    return _wide("costs", f"{table}</table>")


def _price(names: Sequence[str], truth: int, answer: int) -> str:
    label = f"cost where {names[truth]} is answered {names[answer]}"
    return (
        f'<td><input type="number" min="0" step="any" value="{int(truth != answer)}" data-true="{truth}" '
        f'data-answer="{answer}" aria-label="{label}"></td>'
    )


def _bill_told(result: Result, looking: float = LOOKING) -> str:
    """Errors cost 1. report.js says the same, in `billTold`."""
    accepted = torch.tensor([row.accepted for row in result.rows])
    truth, answer = (torch.tensor([getattr(row, of) for row in result.rows]) for of in ("truth", "answer"))
    k = len(result.classes)
    cost = torch.cat([1 - torch.eye(k), torch.full((k, 1), looking)], dim=1)
    action = torch.where(accepted, decide.by_cost(_probabilities(result), cost), k)
    looks = action == k
    wrong = int((~looks & (action != truth)).sum())
    mean = float((cost.double()[truth, action]).mean())
    line = float(torch.where(accepted, (answer != truth).double(), looking).mean())
    return (
        f"{int((~looks).sum())} answered, {wrong} of them wrong; {int(looks.sum())} go to a person. Mean cost of a "
        f"picture: {mean:.3f}. With the line alone: {line:.3f}; if a person looked at all: {looking:.3f}."
    )


def _probabilities(result: Result) -> torch.Tensor:
    """float64 [N, K], rows of the sum 1: they were rounded when they were kept."""
    p = torch.tensor([row.probabilities for row in result.rows], dtype=torch.float64)
    return p / p.sum(dim=1, keepdim=True)


# --- what belongs to no class ---


def _unknown(result: Result) -> Iterator[str]:
    r = result.rejection
    yield "<h2>Pictures of no class</h2>"
    line = "no line could be drawn: all is let in" if r.threshold is None else f"the line lies at {r.threshold:.4g}"
    yield f"<p>The score is {in_html(r.score)}; {line} (drawn with {r.n_line:,} pictures; {r.n_wanted:,} or more are "
    yield f"wanted for at most {percent(r.promise)} refused).</p>"
    own = {"given": "your unknown pictures"}
    rows = [
        [in_html(own.get(one.kind, one.name)), str(one.let_in), in_html(_met(one.kind, one.network))]
        for one in r.unknowns
    ]
    yield _table("let in", ["pictures", "let in", "met by"], rows)
    if not r.candidates:
        return
    if chosen := card.chosen_by(result):
        yield f"<p>{in_html(chosen)}</p>"
    yield "<details><summary>How the score was chosen</summary>"
    yield "<p>AUROC of known against unknown; the mean of the two decides. 50 % is chance.</p>"
    tried = [
        [in_html(one.name), *(f"{100 * share:.1f} %" for share in (one.auroc, one.auroc_left_out, one.auroc_generated)),
         str(one.left_out)]
        for one in r.candidates
    ]  # fmt: skip
    yield _table("scores", ["score", "mean", "classes left out", "generated pictures", "classes tried"], tried)
    yield "</details>"


def _met(kind: str, network: str) -> str:
    return f"a {network} without that class" if kind == "left out" else "this classifier"


# --- where it looks ---


def _heatmaps(built: Built) -> Iterator[str]:
    found = report_pictures.tried(built)
    yield "<h2>Where it looks</h2>"
    yield f"<p>{_tried_told(found)}</p>"
    if not found or not found[-1].works:
        return
    name = found[-1].name
    yield f"<p>By {in_html(name)}: the brighter, the more it speaks for the answer.</p>"
    mistakes, unsure = report_pictures.surest_mistakes(built.result), report_pictures.least_sure(built.result)
    rows = list(dict.fromkeys([*mistakes[: HEATMAPS // 2], *unsure]))[:HEATMAPS]
    yield _gallery(_lit(built, row, name) for row in rows)


def _tried_told(found: Sequence[Tried]) -> str:
    if not found:
        return "No heatmaps: fewer than two test pictures are answered right, so no method can be tried here."
    tried = "; ".join(
        f"{one.name} {100 * one.gain:+.1f} points ({100 * one.low:+.1f} to {100 * one.high:+.1f})" for one in found
    )
    head = (
        f"Heatmaps were tried on this network before one is shown: {found[0].n} test pictures were blurred pixel by "
        "pixel, the hottest first, and in random order. How much lower the probability of the answer then is, on "
        f"average on the way: {tried}."
    )
    bad = " None is better than chance for certain, so none is shown."
    return head if found[-1].works else head + bad


def _lit(built: Built, position: int, method: str) -> str:
    row = built.result.rows[position]
    picture = _image(report_pictures.inline(built.pictures.images[position]), in_html(row.file))
    light = _image(report_pictures.inline(report_pictures.lit(built, position, method)), "where it looks")
    return f'<div class="two">{picture}{light}</div>{_caption(row, built.result.classes)}'


# --- the folder, and how this was made ---


def _folder(built: Built) -> Iterator[str]:
    looked = built.result.looked
    yield "<h2>What is in the folder</h2>"
    parts = ", ".join(f"{n:,} {in_html(part)}" for part, n in built.result.parts.items())
    yield (
        f"<p>{looked.pictures:,} pictures in {len(looked.counts)} classes, read at {looked.size} × {looked.size} (the "
        f"median of their shorter sides is {looked.median_side}). Kept together: {in_html(looked.grouped_by)}; "
        f"{looked.groups:,} groups. Parts: {parts}.</p>"
    )
    pairs = (("The same picture in two classes, left out", looked.conflicts), ("Near copies", looked.copies))
    names = (("Far less sharp than the others", looked.blurred), ("Nearly of one colour", looked.flat))
    yield _files("Left out", [f"{in_html(one.file)}: {in_html(one.reason)}" for one in looked.left_out])
    for title, some in pairs:
        yield _files(title, [f"{in_html(one.first)} and {in_html(one.second)} ({in_html(one.form)})" for one in some])
    for title, files in names:
        yield _files(title, [in_html(file) for file in files])


def _files(title: str, items: Sequence[str]) -> str:
    if not items:
        return f"<p>{title}: none.</p>"
    rest = [f"… and {len(items) - FILES:,} more; summary.json has all"] if len(items) > FILES else []
    return f"<details><summary>{title}: {len(items):,}</summary>{_list([*items[:FILES], *rest])}</details>"


def _how(result: Result) -> Iterator[str]:
    yield "<h2>How this was made</h2>"
    rows = [
        [in_html(one.name), "–" if one.seed is None else str(one.seed), str(one.test), str(one.val),
         f"{one.seconds:.0f} s"]
        for one in result.methods
    ]  # fmt: skip
    yield _table("ways", ["way", "seed", "right, test", "right, kept for choices", "time"], rows)
    model, settings = result.model, result.settings
    versions = ", ".join(f"{in_html(name)} {in_html(version)}" for name, version in result.versions.items())
    grouped = f", group by {in_html(settings.group_by)}" if settings.group_by else ""
    yield (
        f'<p class="soft">{in_html(model.backbone)}, {in_html(model.kind)}, at {model.size} × {model.size}. Settings: '
        f"{settings.minutes:g} minutes, refuse {percent(settings.refuse)}, seed {settings.seed}{grouped}. "
        f"{in_html(result.hardware)}; {versions}; {sum(result.seconds.values()):.0f} s in all.</p>"
    )


def _data(result: Result) -> str:
    """What report.js reads. "<" cannot end the element that it stands in when it is written as an escape."""
    rows, few = result.rows, len(result.classes) <= COSTS and bool(result.rows)
    content = {
        "truth": [row.truth for row in rows],
        "answer": [row.answer for row in rows],
        "accepted": [row.accepted for row in rows],
        "top": [row.probability for row in rows],
        "probabilities": [[round(p, 7) for p in row] for row in _probabilities(result).tolist()] if few else None,
        "steps": [[s.probability, s.answered, s.wrong] for s in _thinned(report_charts.steps(result))],
    }
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
