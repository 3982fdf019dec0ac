"""The order of the questions: what is certain, then what real steps show, then what short trials on the quiet tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from . import draws, fits, looks, meaning, modes, preparation, trials, validation
from . import labels as forms
from .causes import finding
from .labels import Labels
from .patient import Patient
from .schedules import never_risen, too_often
from .treatments import Treatment
from .trials import LEARNED, Result, Trial
from .verdict import Diagnosis, Finding

VANISHED = 1e-3  # of the last layer's gradient
HARDLY, SLOW = 0.15, 0.4  # beyond chance; share of the steps that a few pictures took
QUICK = 120  # steps in which a treatment has to show that it helps to learn a few pictures
HELPS = 0.3  # beyond chance, 0–1: what a treatment has to bring to name the cause
GOOD = 0.6  # beyond chance, on validation: then neither labels nor preprocessing are at fault
STUCK = 0.35  # a network that has learned less than this is not learning
SECONDS = 17.0  # for all trials together
LONGEST, TREATMENT = 5.0, 1.5  # seconds of the trial as it is, and of each with one change

_LOOKED = (
    "inputs: finite, not all alike, shuffled, more than one class",
    "labels: form, range and type for this loss",
    "the last layer and the loss: softmax, sigmoid, ReLU, broadcasting",
    "weights: registered, trainable, held by the optimizer, not all alike",
    "gradients of real steps",
)
_NO_LOOP = (
    "your loop: a forgotten zero_grad, a scheduler stepped for every batch or a missing model.train() cannot be "
    "excluded (training.watch(step, batches, …) looks at it)"
)
_NO_VAL = "validation: no val_batches were given, so labels out of step and other preprocessing cannot be excluded"
_NO_RAW = "the pictures as loaded: whether preprocessing erased the classes is known only from what is left"
_FROZEN = (
    "what the frozen weights were trained on: that they want another range or another order of channels is written in "
    "them only where they hold BatchNorms"
)

_OF_THE_LOSS = ("softmax-before-cross-entropy", "relu-on-logits", "loss-wants-logits")


def examine(p: Patient) -> Diagnosis:
    """All checks. Everything of the learner's is as before afterwards, whatever happens."""
    try:
        found, warnings, looked = _examined(p)
    finally:
        p.snapshot.restore()
    return Diagnosis(_once(found), _once(warnings), (*_LOOKED, *looked), _not_seen(p))


def _once(findings: list[Finding]) -> tuple[Finding, ...]:
    by_name: dict[str, Finding] = {}
    for found in findings:
        by_name.setdefault(found.name, found)
    return tuple(by_name.values())


def _not_seen(p: Patient) -> tuple[str, ...]:
    lines = [] if p.own else [_NO_LOOP]
    lines += [_NO_VAL] if p.val is None else []
    lines += [_NO_RAW] if p.raw is None else []
    lines += [_FROZEN] if any(not w.requires_grad and w.ndim > 1 for w in p.model.parameters()) else []
    return tuple(lines)


def _examined(p: Patient) -> tuple[list[Finding], list[Finding], list[str]]:
    certain = [f for look in _FIRST if (f := look(p))]
    if any(f.name in ("inputs-not-finite", "everything-frozen", "gradients-not-finite") for f in certain):
        return certain, [], []
    _observe(p)
    fits.refuse(p)
    if failure := fits.failed(p):
        return [*certain, failure], [], []
    _grab(p)
    certain += [f for look in (looks.strangers, looks.not_finite, looks.constant) if (f := look(p))]
    certain += [*fits.of_loop(p), *fits.of_loss(p), *fits.of_gradients(p)]
    certain += [f for f in (too_often(p), _batches_of_one(p)) if f]
    certain += [f for look in _OF_DRAWS if (f := look(p))]
    certain += [f for f in (looks.not_shuffled(p), looks.other_in_validation(p)) if f]
    doubtful = [f for look in DOUBTFUL if (f := look(p))]
    if certain:
        return in_order(certain, doubtful), [], []
    p.low = never_risen(p)
    return tried(p, doubtful)


_FIRST = (
    looks.not_finite, looks.weights_not_finite, looks.constant, looks.one_class, looks.frozen, looks.unregistered,
)  # fmt: skip


_OF_DRAWS = (modes.not_called, draws.few_pictures, draws.unseen_classes, draws.turned_weights)


def in_order(certain: list[Finding], doubtful: list[Finding]) -> list[Finding]:
    """Preprocessing that erases the classes in training explains that validation looks otherwise."""
    if [f.name for f in certain] == ["validation-prepared-differently"]:
        return [*doubtful, *certain]
    return [*certain, *doubtful]


DOUBTFUL = (looks.erased, looks.mislabelled, looks.perhaps_other_in_validation)  # unless it learns for validation


def _observe(p: Patient) -> None:
    """Two steps of ours, and of the learner's as many as it takes to see the optimizer step twice."""
    p.observe(2)
    if p.own and p.trace[-1].error is None and sum("step" in s.events for s in p.trace) < 2:
        p.trace.clear()
        p.observe(12)
    began, count = p.clock(), 0
    try:
        while p.trace[-1].error is None and count < 3:
            x, y = p.seen.pairs[count % len(p.seen.pairs)]
            began = began if count else p.clock()
            p.step(x.clone(), y)
            count += 1
    except Exception as error:  # the third step may fail where the first two did not
        p.trace[-1].error = error
    finally:
        p.snapshot.restore()
    p.seconds = max(1e-4, (p.clock() - began) / max(1, count))


def _grab(p: Patient) -> None:
    """The pictures as the network gets them, where the step changes them."""
    first = next((f for f in p.trace[0].forwards if f.x is not None), None)
    batch = p.seen.pairs[0][0]
    if not p.own or first is None or len(first.x) != len(batch):
        return
    same = first.x.shape == batch.shape and torch.allclose(first.x.float().cpu(), batch.float(), atol=1e-6)
    if same:
        return
    kept: list[torch.Tensor] = []
    modules = {id(m) for m in (f.module for s in p.trace for f in s.forwards)}

    def note(module: nn.Module, args: Any) -> None:
        if id(module) in modules and len(kept) < count and torch.is_grad_enabled():
            x = next((a for a in args if isinstance(a, torch.Tensor)), None)
            if x is not None:
                kept.append(x.detach().float().cpu())

    handle, began = nn.modules.module.register_module_forward_pre_hook(note), p.clock()
    try:
        for count, (x, y) in enumerate(p.seen.pairs, start=1):  # noqa: B007, `note` reads it
            p.step(x.clone(), y)
            if p.clock() - began > 2:
                break
    except Exception:  # what was kept until then will do
        pass
    finally:
        handle.remove()
        p.snapshot.restore()
    sizes = [len(x) for x, _ in p.seen.pairs]
    kept = [x for x, n in zip(kept, sizes, strict=False) if len(x) == n and x.shape[1:] == kept[0].shape[1:]]
    if not kept or len(kept) < min(2, len(sizes)):
        return
    n = sum(map(len, kept))
    p.prepares, before = True, (p.seen.x[:n], p.labels.part(torch.arange(n)).codes)
    p.x, p.labels = torch.cat(kept), p.labels.part(torch.arange(n))
    if p.raw is None and before[1] is not None:
        p.raw = before


def _batches_of_one(p: Patient) -> Finding | None:
    """A BatchNorm over one number a channel cannot learn; over one picture's pixels it often can."""
    if max(p.seen.sizes) > 1 or not any(isinstance(m, nn.BatchNorm1d) for m in p.model.modules()):
        return None
    return finding("batchnorm-sees-one", "batches hold one picture", "sure")


# --- trials ---


def tried(p: Patient, doubtful: list[Finding] | None = None) -> tuple[list[Finding], list[Finding], list[str]]:
    """(findings, warnings, what was looked at) from trials. `doubtful` findings hold unless validation goes well."""
    trial = trials.whole(p, LONGEST)
    if doubtful:
        score: list[float] = []
        trials.run(p, trial, finish=_noting(score))
        if not score or score[0] < GOOD:
            return doubtful, [], []
    base, told = _base(p, trial)
    looked = [f"a trial of {base.steps} steps as it is: {_percent(base.score)} beyond guessing"]
    if base.error is not None:
        said = f"{type(base.error).__name__} in step {base.steps + 1}: {str(base.error)[:200]}"
        return [_late_failure(p, said)], [], looked
    if told:
        return [told], [], looked
    if not base.finite and any(s.autocast for s in p.trace):
        return [fits.overflowed(p, f"weights are NaN after {base.steps} steps")], [], looked
    if base.score >= LEARNED:
        return [f for f in (_slowed(p, trial, base),) if f], _words(p), looked
    if name := p.takes_numbers():
        return [finding("loss-for-numbers", f"{name} on one output, {p.labels.count} classes")], [], looked
    return _treated(p, trial, base, looked)


def _late_failure(p: Patient, said: str) -> Finding:
    if "more than 1 value per channel" in said:
        return finding("batchnorm-sees-one", said, "sure")
    if "between 0 and 1" in said:
        return finding("loss-wants-probabilities", said, "sure")
    if "out of bounds" in said:
        return fits.out_of_range(p.labels, _width(p), said)
    return finding("step-fails", said, "sure")


def _width(p: Patient) -> int:
    output = next((f.output for f in p.trace[0].forwards if f.output is not None), None)
    return 1 if output is None or output.ndim < 2 else output.shape[1]


def _words(p: Patient) -> list[Finding]:
    """Warnings: slips that did no harm here."""
    known = (*_OF_THE_LOSS, "not-in-train-mode", "channels-last")
    return [finding(t.cause, t.seen, "possible") for t in p.suspected() if t.cause in known]


def _base(p: Patient, trial: Trial) -> tuple[Result, Finding | None]:
    """The trial as it is, and what validation says of the network that was trained."""
    told: list[Finding | None] = [None]
    score: list[float] = []

    def finish(p: Patient) -> None:
        judged = _of_validation(p) or (trial.x, trial.labels)
        told[0] = modes.still_dropping(p, *judged) or modes.lagging(p, *judged)
        if told[0] is not None:
            return
        if p.score(trial.x, trial.labels) >= STUCK:  # else its answers say nothing of validation
            told[0] = validation.of_trained(p)
        score.extend(_on_validation(p))

    base = trials.run(p, trial, finish=finish)
    if told[0] is None and score and score[0] < GOOD and (name := p.takes_numbers()):
        told[0] = finding("loss-for-numbers", f"{name} on one output, {p.labels.count} classes")
    if told[0] is None and score and not p.prepares and score[0] < 0.5 and base.error is None and base.finite:
        told[0] = (
            _not_for_validation(p, trial, score[0])
            or looks.few_values(p)
            or (preparation.erases(p, score[0]) if base.score >= STUCK or p.raw is not None else None)
            or validation.out_of_step(p, trial, score[0])
            or (meaning.carries_nothing(p, trial, score[0]) if base.score >= LEARNED else None)
        )
    return base, told[0]


def _noting(scores: list[float]) -> Callable[[Patient], None]:
    return lambda p: scores.extend(_on_validation(p))


def _on_validation(p: Patient) -> list[float]:
    """[the score there], or nothing where it cannot be known."""
    judged = _of_validation(p)
    return [p.score(*judged)] if judged else []


def _of_validation(p: Patient) -> tuple[torch.Tensor, Labels] | None:
    """Some pictures of validation and their labels, where the network can be asked about them."""
    if p.val is None or p.val.x.shape[1:] != p.x.shape[1:]:
        return None
    truth = forms.read(p.val.y)
    if truth.codes is None and truth.targets is None:
        return None
    n = min(256, len(p.val.x))
    return p.val.x[:n], truth.part(torch.arange(n))


def _not_for_validation(p: Patient, trial: Trial, score: float) -> Finding | None:
    """What was learned does not hold for validation, and does with a change that was suspected anyway."""
    for treatment in p.suspected():
        if p.left < 5:
            return None
        scores: list[float] = []
        result = trials.run(p, trial, treatment.change, finish=_noting(scores))
        if scores and scores[0] >= max(0.5, score + HELPS):
            seen = (
                f"{treatment.seen}. On validation it is {_percent(score)} beyond guessing as it is; {treatment.words}: "
            )
            return finding(treatment.cause, f"{seen}{_percent(scores[0])} after {result.steps} steps")
    return None


def _treated(
    p: Patient, trial: Trial, base: Result, looked: list[str]
) -> tuple[list[Finding], list[Finding], list[str]]:
    if small := meaning.too_small(p):
        return [small], [], looked
    suspected, others = list(p.suspected()), list(p.others())
    short = trials.whole(p, TREATMENT) if p.seconds * trial.steps > 2 * TREATMENT else trial
    for treatment in suspected:
        if p.left < 2:
            break
        result = trials.run(p, short, treatment.change)
        looked.append(f"{treatment.words}: {_percent(result.score)} beyond guessing in {result.steps} steps")
        if _helps(treatment, base, result):
            return [_unless_by_heart(p, trial, treatment) or _named(treatment, base, result)], [], looked
    if base.score >= STUCK:
        # A few hundred pictures are learned by heart, whatever was done to them; validation would have told.
        blamed = preparation.erases(p, 0.0 if p.val is None or p.prepares else base.score)
        blamed = blamed or meaning.carries_nothing(p, trial)
        return ([blamed], [], looked) if blamed else ([], _words(p), looked)
    if rounded := looks.few_values(p):
        return [rounded], [], looked
    few = trials.by_heart(p, LONGEST if short is trial else 2 * TREATMENT)
    heart = trials.run(p, few)
    looked.append(f"{len(few.x)} pictures by heart: {_percent(heart.score)} beyond guessing in {heart.steps} steps")
    if heart.score >= LEARNED:
        if blamed := preparation.erases(p, base.score):
            return [blamed], [], looked
        slow = base.score < HARDLY and heart.steps > SLOW * few.steps
        crawls = _crawls(p, trial, base, looked) if slow else None
        blamed = crawls or meaning.carries_nothing(p, trial)
        return ([blamed] if blamed else []), [], looked
    quick = trials.by_heart(p, TREATMENT, most=QUICK)
    best: tuple[float, Treatment, Result] | None = None
    for treatment in [*suspected, *others]:
        if p.left < 1:
            break
        result = trials.run(p, quick, treatment.change)
        looked.append(f"by heart, {treatment.words}: {_percent(result.score)}")
        if result.score >= max(0.6, heart.score + HELPS) and (best is None or result.score > best[0] + 0.15):
            best = result.score, treatment, result
            if result.score >= 0.9:
                break
    if best is not None:
        return [_unless_by_heart(p, trial, best[1]) or _named(best[1], heart, best[2])], [], looked
    if blamed := preparation.erases(p, base.score):
        return [blamed], [], looked
    return _unexplained(p, heart, looked)


def _unless_by_heart(p: Patient, trial: Trial, treatment: Treatment) -> Finding | None:
    """Other inputs let more be learned by heart, whatever the labels; where nothing holds for others, it is these."""
    if not treatment.cause.startswith("inputs-"):
        return None
    return meaning.carries_nothing(p, trial, change=treatment.change)


def _slowed(p: Patient, trial: Trial, base: Result) -> Finding | None:
    """It learns, but only after many steps, and inputs of almost nothing are why."""
    for treatment in p.suspected() if base.steps > SLOW * trial.steps else ():
        if treatment.cause in ("inputs-scaled-twice", *_OF_THE_LOSS):
            result = trials.run(p, trial, treatment.change)
            if _helps(treatment, base, result):
                return _named(treatment, base, result)
    return None


def _crawls(p: Patient, trial: Trial, base: Result, looked: list[str]) -> Finding | None:
    """A few pictures are learned at last, all of them not: is it the rate?"""
    for treatment in [t for t in p.others() if t.cause == "learning-rate-too-low"][:2]:
        if p.left < 2:
            return None
        scores: list[float] = []
        result = trials.run(p, trial, treatment.change, finish=_noting(scores))
        looked.append(f"{treatment.words}: {_percent(result.score)} beyond guessing in {result.steps} steps")
        if result.score >= 0.7 and (not scores or scores[0] >= 0.5):
            return _named(treatment, base, result)
    return None


def _helps(treatment: Treatment, base: Result, result: Result) -> bool:
    """Clearly more, or much faster: what is suspected is unusual enough then."""
    if result.score >= max(0.5, base.score + HELPS):
        return True
    faster = 2 if treatment.cause in _OF_THE_LOSS else 4
    return result.score >= LEARNED and faster * result.steps <= base.steps


def _unexplained(p: Patient, heart: Result, looked: list[str]) -> tuple[list[Finding], list[Finding], list[str]]:
    if heart.score >= 0.5:
        return [], [], looked
    if p.trace and (share := _first_against_last(p)) < VANISHED:
        told = f"the first layer's gradient is {share:.1g} times the last one's, and no rate helps"
        return [finding("gradients-vanish", told)], [], looked
    told = (
        f"{_percent(heart.score)} beyond guessing after {heart.steps} steps on a few pictures; {looks.range_of(p.x)}; "
        "tried without success: " + "; ".join(line.split(":")[0].removeprefix("by heart, ") for line in looked[1:])
    )
    return [finding("cause-unknown", told, "possible")], [], looked


def _first_against_last(p: Patient) -> float:
    """How large the first layer's gradient is, for one weight, in units of the last one's."""
    weights = [m.weight for _, m in looks.layers(p.model) if m.weight.requires_grad]
    sizes = list[float]()

    def before(_optimizer: torch.optim.Optimizer, *_: Any) -> None:
        grads = [w.grad for w in weights if w.grad is not None]
        if len(grads) > 2:
            first, last = (float(g.detach().float().pow(2).mean().sqrt()) for g in (grads[0], grads[-1]))
            sizes.append(first / last if last > 0 else 1.0)

    handle = register_optimizer_step_pre_hook(before)
    try:
        p.step(*p.seen.pairs[0])
    finally:
        handle.remove()
        p.snapshot.restore()
    return sizes[0] if sizes else 1.0


def _named(treatment: Treatment, base: Result, result: Result) -> Finding:
    before = "the numbers overflow" if not base.finite else f"{_percent(base.score)} beyond guessing"
    seen = f" {treatment.seen}." if treatment.seen else ""
    return finding(
        treatment.cause,
        f"as it is: {before} in {base.steps} steps; {treatment.words}: {_percent(result.score)} "
        f"in {result.steps}.{seen}",
    )


def _percent(score: float) -> str:
    return f"{max(0.0, score):.0%}"
