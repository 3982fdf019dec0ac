"""What a review of the checks found: solutions out of range, praise for garbage, wrong answers that passed.

Each answer here was once judged otherwise.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib import explain
from course_lib.lessons.colour import exercises as ex01
from course_lib.lessons.explanation import exercises as ex06
from course_lib.lessons.kernels import exercises as ex02
from course_lib.lessons.normalization import exercises as ex04
from course_lib.lessons.transfer import exercises as ex03
from course_lib.lessons.unknown import exercises as ex05

from .test_mutants import ALL

# --- solutions that broke their own contract -------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("hues", [[350, 10], [359, 1], [1, 359], [340, 20], [360], [0], [0, 360], [355, 5, 0]])
def test_a_mean_on_the_seam_is_0_and_below_360(hues, dtype):
    mean = float(ex01.circular_mean.reference(torch.tensor(hues, dtype=dtype)))
    assert 0 <= mean < 360
    assert min(mean, 360 - mean) < 1e-3


def test_a_mean_is_never_360():
    r = torch.Generator().manual_seed(0)
    for _ in range(500):
        around = 40 * torch.rand(3, generator=r)
        hues = torch.cat([around, 360 - around])
        assert 0 <= float(ex01.circular_mean.reference(hues)) < 360


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-8, 1e-12, 1e-30])
@pytest.mark.parametrize("largest", [1.0, 0.3])
def test_a_red_with_a_trace_of_blue_is_below_360(largest, small):
    assert 0 <= float(ex01.hue.reference(torch.tensor([largest, 0.0, small]))) < 360


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_cover_and_occlude_paint_the_pixels_of_the_square_and_no_others(size):
    picture = torch.randint(0, 200, (3, 4, 5), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    colour = picture.double().mean(dim=(1, 2)).round().to(torch.uint8)
    rows, columns = torch.arange(4)[:, None], torch.arange(5)
    for top in range(-11, 7):
        for left in range(-11, 7):
            inside = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
            expected = torch.where(inside, colour[:, None, None], picture)
            assert torch.equal(ex06.cover.reference(picture, top, left, size), expected)
            assert torch.equal(explain.occlude(picture, top, left, size, tuple(colour.tolist())), expected)


# --- false praise: garbage that agreed with a known mistake where that differs from the solution ----------


def nothing_kept_and_wrong_accuracy(probabilities, labels, threshold):
    kept = probabilities.amax(dim=1) >= threshold
    return kept.float().mean(), torch.tensor(float("nan")) if not kept.any() else torch.tensor(0.123)


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("01.hue", lambda rgb: 60 * (rgb[1] - rgb[2]) / (rgb.max() - rgb.min())),
        ("01.hue", lambda rgb: float("nan")),
        ("01.hue", lambda rgb: -15.0),
        ("06.cover", lambda picture, top, left, size: picture),
        ("06.cover", lambda picture, top, left, size: picture.clone()),
        ("03.review", nothing_kept_and_wrong_accuracy),
        ("03.recall", lambda c: c.diagonal() / c.sum(1) if (c.sum(1) == 0).any() else c.sum(1) / c.sum()),
        ("04.minmax", lambda p: torch.full(p.shape, math.nan)),
        ("07.balanced_accuracy", lambda a, y: math.nan),
        ("06.energy_inside", lambda h, m: math.nan if h.max() <= 0 else 0.5),
        ("02.receptive_field", lambda layers: 1 + sum(k - 1 for k, _ in layers) if len(layers) > 3 else 7),
        ("05.threshold", lambda s, r: s.max()),
        ("04.instance_norm", lambda x: x / 0.01),
    ],
)
def test_garbage_is_told_nothing_but_that_it_is_wrong(key, answer):
    verdict = ALL[key].judge(answer)
    assert (verdict.outcome, verdict.misconception) == ("incorrect", "")


# --- accepted, though wrong ------------------------------------------------------------------------------


def skips_classes_never_answered(answers, labels):
    return torch.stack([(answers[labels == k] == k).double().mean() for k in labels.unique() if (answers == k).any()]
                       or [torch.tensor(0.0)]).mean()  # fmt: skip


def always_four_steps(gradient, x, baseline, steps):
    return ex06.integrated_gradients.reference(gradient, x, baseline, 4)


def as_many_columns_as_labels(labels, classes):
    return ex05.none_targets.reference(labels, max(int(labels.max()) + 1, 1))


def infinite_at_the_last(scores, rejected):
    i = math.ceil((len(scores) + 1) * (1 - rejected) - 1e-9)
    return math.inf if i >= len(scores) else scores.sort().values[i - 1]


def infinite_below_one(scores, rejected):
    return math.inf if len(scores) * rejected < 1 else ex05.threshold.reference(scores, rejected)


def left_not_clamped(picture, top, left, size):
    out, colour = picture.clone(), picture.double().mean((1, 2)).round().byte()
    out[:, max(top, 0) : max(top + size, 0), left : left + size] = colour[:, None, None]
    return out


def nought_where_the_sum_is_not_above(heatmap, mask):
    return 0.0 if heatmap.sum() <= 0 else ex06.energy_inside.reference(heatmap, mask)


def gradients_of_the_head_left(model):
    model.train().backbone.eval().requires_grad_(False)


def step_in_inference_mode(model, x, y, optimizer):
    model.eval()
    return ex01.mend.reference(model, x, y, optimizer)


def difference_of_sizes(a, b):
    return (a.mean().abs() - b.mean().abs()).abs() / ((a.var() + b.var()) / 2).sqrt()


def needs_a_layer(layers):
    layers[0]
    return ex02.receptive_field.reference(layers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("07.balanced_accuracy", skips_classes_never_answered),
        ("06.integrated_gradients", always_four_steps),
        ("05.none_targets", as_many_columns_as_labels),
        ("05.threshold", infinite_at_the_last),
        ("05.threshold", infinite_below_one),
        ("06.cover", left_not_clamped),
        ("06.energy_inside", nought_where_the_sum_is_not_above),
        ("03.frozen", gradients_of_the_head_left),
        ("04.undo", lambda x, m, s: ex04.undo.reference(x, m, s).short()),
        ("06.cover", lambda *a: ex06.cover.reference(*a).double()),
        ("04.running_statistics", lambda batches: ex04.running_statistics.reference(_one_list(batches))),
        ("01.mend", step_in_inference_mode),
        ("01.d_prime", difference_of_sizes),
        ("02.receptive_field", needs_a_layer),
        ("02.macs", lambda *a: ex02.macs.reference(*a) + 1),
        ("02.weights_of_pair", lambda *a: ex02.weights_of_pair.reference(*a) * 1.0005),
    ],
)
def test_refused(key, answer):
    assert ALL[key].judge(answer).outcome == "incorrect"


def _one_list(batches):
    return [torch.cat([x.flatten(2).movedim(1, 0).flatten(1) for x in batches], 1).view(1, 3, 1, -1)]


# --- messages that misled --------------------------------------------------------------------------------


def clipped(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    optimizer.step()
    return loss


def all_but_the_bias(model):
    model.train().requires_grad_(False).backbone.eval()
    model.head[1].weight.requires_grad_(True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "answer", "told", "not_told"),
    [
        ("05.surprise", lambda z: (1 + ex05.surprise.reference(z).expm1()).log(), "torch.log1p(r)", "p was"),
        ("03.frozen", all_but_the_bias, "get a gradient: 1, expected: 2", "no parameter left"),
        ("03.frozen", lambda m: setattr(m, "head", nn.Linear(4, 2)), "those that came: no", "TypeError"),
        ("01.mend", clipped, "leads where it should: no", "pile up"),
        ("02.split_kernel", lambda k: k, "a pair (column, row): no", "nothing"),
        ("02.split_kernel", lambda k: (k[:, 0], None), "a pair (column, row): no", "error"),
        ("02.split_kernel", lambda k: (k[:, 0], k[0], 1), "a pair (column, row): no", "nothing"),
        ("05.threshold", lambda s, r: math.inf, "did not put it there", "NaN"),
        ("01.circular_mean", lambda h: ex01.circular_mean.reference(h) % 180, "% 180", "negative"),
    ],
)  # fmt: skip
def test_message(key, answer, told, not_told):
    message = ALL[key].judge(answer).message
    assert told in message
    assert not_told not in message


@pytest.mark.parametrize("place", [(0, 0, 0), (1, 2, 3), (2, 4, 6)])
def test_the_first_place_that_differs_is_shown(place):
    def one_off(x, mean, std):
        out = ex04.undo.reference(x, mean, std)
        if out.shape[1:] == (5, 7):
            out[place] ^= 1
        return out

    message = ex04.undo.judge(one_off).message
    x, mean, std = next(c.arguments for c in ex04.undo.cases if c.arguments[0].shape[1:] == (5, 7))
    value = int(ex04.undo.reference(x, mean, std)[place])
    assert f"first at {list(place)}: returned {value ^ 1}, expected {value}" in message


def test_the_first_place_names_the_part():
    def second_wrong(pictures):
        mean, deviation = ex03.statistics.reference(pictures)
        return mean, deviation + torch.tensor([0, 0.1, 0])

    assert "first in deviation at [1]: returned " in ex03.statistics.judge(second_wrong).message


def test_numbers_that_look_alike_are_shown_with_more_digits():
    from course_lib.practice.values import first_difference

    assert first_difference(np.array([1, 1000001]), np.array([1, 1000004])) == (
        "at [1]: returned 1000001, expected 1000004"
    )


def test_no_lesson_text_names_the_mistakes_that_are_asked_for():
    from .test_handout import LESSONS

    text = "\n".join(path.read_text("utf-8") for path in sorted(LESSONS.glob("src/01*_*.py")))
    exercise = text[text.index("Read `ex.mend`") - 300 :][:400]
    assert not [word for word in ("softmax", "pile up", "never taken", "zero_grad") if word in exercise]


@pytest.mark.slow
def test_no_lesson_calls_a_learner_s_function_outside_of_a_check():
    import ast

    from course_lib.practice import catalogue

    from .test_handout import LESSONS

    for number in catalogue.lessons():
        twins = sorted(LESSONS.glob(f"src/{number}*_*.py"))
        text = "\n".join(path.read_text("utf-8").replace("from __future__", "# from __future__") for path in twins)
        names = {exercise.reference.__name__ for exercise in catalogue.exercises(number)}
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert not [f.id for f in calls if isinstance(f, ast.Name) and f.id in names]


# --- every check -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("key", "exercise"), ALL.items(), ids=ALL)
def test_a_check_has_twenty_varied_inputs_and_the_same_each_time(key, exercise):
    assert len(exercise.cases) - len(exercise.written) >= 20
    again = exercise.drawn(0)
    shown = [exercise._input(len(exercise.written) + k) for k in range(len(again))]
    if not exercise.observe:
        assert len(set(shown)) >= 15
    shapes = {str([getattr(a, "shape", a) for a in case.arguments]) for case in exercise.cases}
    assert len(shapes) >= 5 or key == "01.hue"  # one colour has one shape


def test_fractions_and_decimals_are_numbers():
    from decimal import Decimal

    from course_lib.practice.values import equal, plain

    assert equal(plain([Fraction(1, 2), Decimal("0.25"), 1]), plain([0.5, 0.25, 1.0]))
    assert equal(plain(np.array([Fraction(1, 4)], dtype=object)), plain([0.25]))
    assert equal(plain(10**30), plain(1e30))
    assert not isinstance(plain(np.array(["a", Fraction(1)], dtype=object)), np.ndarray)
