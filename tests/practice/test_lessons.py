"""Every exercise of every lesson: its stub, its solution, its typical mistakes, an unusual right answer."""

from __future__ import annotations

import importlib
import pkgutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import circmean
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score, top_k_accuracy_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import MinMaxScaler, StandardScaler, label_binarize, normalize
from torch import nn
from torchvision.transforms.v2 import functional as transforms

from course_lib import decide, explain, label_quality, metrics, openset
from course_lib.classify import parts
from course_lib.lessons.colour import exercises as ex01
from course_lib.lessons.explanation import exercises as ex06
from course_lib.lessons.kernels import exercises as ex02
from course_lib.lessons.messy_data import exercises as ex07
from course_lib.lessons.normalization import exercises as ex04
from course_lib.lessons.own_folder import exercises as ex08
from course_lib.lessons.transfer import exercises as ex03
from course_lib.lessons.unknown import exercises as ex05
from course_lib.models import convolution
from course_lib.pixels import colour, colour_map
from course_lib.practice import (
    Exercise,
    catalogue,
    chapters,
)
from course_lib.training import imbalance

from . import unusual_01, unusual_02, unusual_04, unusual_05, unusual_06, unusual_07, unusual_08


def exercises_of(chapter: str) -> list[Exercise]:
    """All exercises of a chapter's files, each once, in whatever order and whatever it is bound to."""
    package = importlib.import_module(f"{chapters.packages()[chapter]}.exercises")
    files = [
        importlib.import_module(f"{package.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(package.__path__)
    ]
    return list(dict.fromkeys(value for file in files for value in vars(file).values() if isinstance(value, Exercise)))


ALL = {f"{n}.{exercise.name}": exercise for n in chapters.packages() for exercise in catalogue.exercises(n)}
MISTAKES = {f"{key}-{m.name}": (exercise, m) for key, exercise in ALL.items() for m in exercise.misconceptions}


# --- right answers that do not look like the solution; of most lessons in unusual_01 and so on ----------


def recall_in_plain_python(confusion):
    rows = confusion.tolist()
    return [row[i] / sum(row) if sum(row) else 0 for i, row in enumerate(rows)]


def recall_in_numpy(confusion):
    c = confusion.numpy().astype(np.float16)
    return np.diag(c) / np.maximum(c.sum(axis=1), 1)


def recall_with_small_constant(confusion):
    return torch.diag(confusion) / (confusion.sum(1) + 1e-8)


def statistics_in_numpy(pictures):
    x = np.asarray(pictures) / 255
    return np.array([x.mean(axis=(0, 2, 3)), x.std(axis=(0, 2, 3))])  # divides by n, and returns [2, 3]


def statistics_channel_by_channel(pictures):
    channels = [pictures[:, c].float() / 255 for c in range(3)]
    return [c.mean() for c in channels], [float((c**2).mean() - c.mean() ** 2) ** 0.5 for c in channels]


def accuracy_at_two_by_sorting(scores, labels):
    best = np.argsort(-scores.numpy(), axis=1)[:, :2]
    return np.mean([label in pair for pair, label in zip(best, labels.tolist(), strict=True)])


def accuracy_at_two_as_tensor_of_one(scores, labels):
    own = scores.gather(1, labels[:, None])
    return ((scores > own).sum(dim=1, keepdim=True) < 2).double().mean().reshape(1)


def review_with_a_loop(probabilities, labels, threshold):
    kept = [p.argmax() == y for p, y in zip(probabilities, labels, strict=True) if p.max() >= threshold]
    return [len(kept) / len(labels), sum(map(int, kept)) / max(len(kept), 1)]


def review_in_numpy(probabilities, labels, threshold):
    p, y = probabilities.numpy(), labels.numpy()
    kept = p.max(1) >= threshold
    return np.float64(kept.mean()), (p.argmax(1) == y)[kept].mean() if kept.any() else 0


def frozen_by_layer(model):
    """Only what matters is switched: BatchNorm; the rest of the backbone stays in training mode."""
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    model.train().head.requires_grad_(True)
    for module in model.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def frozen_and_returned(model):
    model.train().requires_grad_(True).backbone.eval().requires_grad_(False)
    return model


def lost_to_in_differences(home_recall, home_share, far_recall, far_share):
    mix, look = (home_share - far_share) * home_recall, far_share * (home_recall - far_recall)
    return [mix.double().sum().item(), look.double().sum().item()]


def lost_to_in_numpy(home_recall, home_share, far_recall, far_share):
    accuracies = np.array([home_share, far_share, far_share]) * np.array([home_recall, home_recall, far_recall])
    return -np.diff(accuracies.sum(axis=1))


UNUSUAL = {
    **unusual_01.UNUSUAL,
    **unusual_02.UNUSUAL,
    "03.recall": [recall_in_plain_python, recall_in_numpy, recall_with_small_constant],
    "03.statistics": [statistics_in_numpy, statistics_channel_by_channel],
    "03.accuracy_at_two": [accuracy_at_two_by_sorting, accuracy_at_two_as_tensor_of_one],
    "03.review": [review_with_a_loop, review_in_numpy],
    "03.frozen": [frozen_by_layer, frozen_and_returned],
    "03.lost_to": [lost_to_in_differences, lost_to_in_numpy],
    **unusual_04.UNUSUAL,
    **unusual_05.UNUSUAL,
    **unusual_06.UNUSUAL,
    **unusual_07.UNUSUAL,
    **unusual_08.UNUSUAL,
}

# --- the same mistakes in other words, and some that nobody foresaw: (answer, what the message says) -----


def precision_in_numpy(confusion):
    c = confusion.numpy()
    return c.diagonal() / c.sum(axis=0)


def statistics_averaged_in_numpy(pictures):
    x = pictures.numpy() / 255
    return x.mean(axis=(0, 2, 3)), x.std(axis=(2, 3)).mean(axis=0)


def review_by_label_unguarded(probabilities, labels, threshold):
    kept = probabilities[range(len(labels)), labels] > threshold
    return kept.float().mean(), (probabilities.argmax(1) == labels)[kept].float().mean()


def freeze_by_hand_and_train(model):
    for parameter in model.backbone.parameters():
        parameter.requires_grad = False
    model.train()


def freeze_and_leave_the_head(model):
    model.train().backbone.eval().requires_grad_(False)


def freeze_all_but_the_bias(model):
    model.train().requires_grad_(False).backbone.eval()
    model.head[1].weight.requires_grad_(True)


def replace_the_head(model):
    model.backbone.eval().requires_grad_(False)
    model.head = nn.Linear(4, 2)


OTHERWISE_WRONG = [
    *unusual_01.OTHERWISE_WRONG,
    *unusual_02.OTHERWISE_WRONG,
    ("03.recall", precision_in_numpy, "this is precision"),
    ("03.recall", lambda c: c.diagonal() // c.sum(1).clamp(min=1), "whole numbers"),
    ("03.recall", lambda c: (c.diagonal() / c.sum(1).clamp(min=1))[:, None], "dimensions of size 1"),
    ("03.statistics", statistics_averaged_in_numpy, "Your deviations are too small"),
    ("03.statistics", lambda p: (p / 255).mean(dim=(0, 2, 3)), "has the shape [3]; expected was [2, 3]"),
    ("03.statistics", lambda p: p.mean(dim=(0, 2, 3)), "stopped with an error"),
    ("03.accuracy_at_two", lambda s, y: 100 * metrics.accuracy_at(2, s, y), "The values differ"),
    ("03.review", review_by_label_unguarded, "how probable the network finds the true class"),
    ("03.frozen", freeze_by_hand_and_train, "their statistics drift with each batch"),
    ("03.frozen", freeze_and_leave_the_head, "leave its gradients as they come"),
    ("03.frozen", freeze_all_but_the_bias, "Parameters of the head that get a gradient: 1, expected: 2."),
    ("03.frozen", replace_the_head, "Backbone and head are those that came: no, expected: yes."),
    ("03.frozen", lambda model: model.eval(), "The head's dropout works: no, expected: yes."),
    ("03.lost_to", lambda hr, hs, fr, fs: hs @ hr - fs @ fr, "the shape of a single number; expected was [2]"),
    ("03.lost_to", lambda hr, hs, fr, fs: (hs @ fr - hs @ hr, fs @ fr - hs @ fr), "The values differ"),
    *unusual_04.OTHERWISE_WRONG,
    *unusual_05.OTHERWISE_WRONG,
    *unusual_06.OTHERWISE_WRONG,
    *unusual_07.OTHERWISE_WRONG,
    *unusual_08.OTHERWISE_WRONG,
]


NAMES = {
    "01": ["hue", "nearest_row", "d_prime", "circular_mean", "normalise", "mend"],
    "02": ["output_size", "weights_of_pair", "split_kernel", "receptive_field", "macs"],
    "03": ["recall", "statistics", "accuracy_at_two", "review", "frozen", "lost_to"],
    "04": ["standardize", "running_statistics", "minmax", "instance_norm", "undo"],
    "05": ["kth_nearest", "threshold", "none_targets", "energy", "auroc", "surprise"],
    "06": ["cover", "grad_cam", "integrated_gradients", "energy_inside", "shuffle_patches"],
    "07": ["balanced_accuracy", "effective_weights", "adjust", "thresholds", "least_cost"],
    "08": ["parted"],
}


@pytest.mark.parametrize("lesson", NAMES)
def test_a_lesson_has_its_exercises_in_the_order_in_which_they_are_asked(lesson):
    assert [exercise.name for exercise in catalogue.exercises(lesson)] == NAMES[lesson]
    assert {exercise.name for exercise in exercises_of(lesson)} == set(NAMES[lesson])
    assert [exercise.lesson for exercise in catalogue.exercises(lesson)] == [lesson] * len(NAMES[lesson])


@pytest.mark.parametrize("lesson", NAMES)
def test_a_quiz_belongs_to_its_lesson_and_asks_enough(lesson):
    quiz = catalogue.quiz(lesson)
    assert quiz.lesson == lesson
    assert len(quiz.questions) >= 5
    assert all(len(question.options) >= 3 for question in quiz.questions)


def test_an_exercise_is_bound_to_its_name():
    for key, exercise in ALL.items():
        number, name = key.split(".")
        assert getattr(chapters.load(number, "exercises"), name) is exercise


def test_every_exercise_has_unusual_right_answers():
    assert UNUSUAL.keys() == ALL.keys()
    assert all(UNUSUAL.values())


@pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
class TestEach:
    def test_has_a_task_hints_and_misconceptions(self, exercise):
        assert exercise.reference.__name__ in exercise.task
        assert 2 <= len(exercise.hints) <= 3
        assert len(exercise.misconceptions) >= 2
        names = [m.name for m in exercise.misconceptions]
        feedback = [m.feedback for m in exercise.misconceptions]
        assert len(set(names)) == len(set(feedback)) == len(names)

    def test_untouched_stub_is_not_attempted(self, exercise, capsys):
        cell: dict = {}
        exec(exercise.stub, cell)
        stub = cell[exercise.reference.__name__]
        assert exercise.judge(stub).outcome == "not attempted"
        exercise.check(stub)
        assert capsys.readouterr().out.startswith(f"{exercise.name}: not attempted yet.")

    def test_solution_is_correct(self, exercise, capsys):
        verdict = exercise.judge(exercise.reference)
        assert (verdict.outcome, verdict.message) == ("correct", "")
        exercise.check(exercise.reference)
        assert capsys.readouterr().out == f"{exercise.name}: correct.\n"

    def test_printed_solution_is_correct(self, exercise, capsys):
        exercise.solution()
        cell = dict(vars(importlib.import_module(exercise.reference.__module__)))
        exec(capsys.readouterr().out, cell)
        assert exercise.judge(cell[exercise.reference.__name__]).outcome == "correct"

    def test_no_task_gives_the_solution_away(self, exercise):
        body = exercise.source.removeprefix(exercise.stub.removesuffix("    ...")).strip()
        assert body
        assert body not in exercise.task

    def test_tone(self, exercise):
        texts = [exercise.task, *exercise.hints, *(m.feedback for m in exercise.misconceptions)]
        assert not [text for text in texts if "!" in text]


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_gets_its_own_message(exercise, mistake):
    verdict = exercise.judge(mistake.wrong)
    assert verdict.outcome == "incorrect"
    assert verdict.misconception == mistake.name
    assert mistake.feedback in verdict.message


@pytest.mark.slow
@pytest.mark.parametrize(("key", "answer", "told"), OTHERWISE_WRONG)
def test_otherwise_wrong_answer(key, answer, told):
    verdict = ALL[key].judge(answer)
    assert verdict.outcome == "incorrect"
    assert told in verdict.message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "answer"),
    [pytest.param(key, a, id=f"{key}-{a.__name__}") for key, answers in UNUSUAL.items() for a in answers],
)
def test_unusual_right_answer(key, answer):
    verdict = ALL[key].judge(answer)
    assert verdict.outcome == "correct", verdict.message


# --- the solutions against an oracle: a wrong solution would pass everything above -----------------------

GENERATOR = torch.Generator().manual_seed(3)
SCORES = torch.randn(300, 5, generator=GENERATOR)
LABELS = torch.randint(0, 5, (300,), generator=GENERATOR)


def test_hue_against_our_colour_space():
    colours = torch.rand(200, 3, generator=GENERATOR)
    hues = torch.stack([torch.as_tensor(ex01.hue.reference(rgb)) for rgb in colours])
    assert torch.allclose(hues, colour.rgb_to_hsv(colours, dim=-1)[:, 0], atol=1e-3)


def test_nearest_row_against_our_own():
    table = colour_map.colours_of("jet")
    picture = torch.randint(0, 256, (3, 20, 30), generator=GENERATOR).to(torch.uint8)
    _, distance = colour_map.undo_colour_map(picture, "jet")
    index = ex01.nearest_row.reference(picture, table)
    found = (table[index].permute(2, 0, 1).float() - picture.float()).square().sum(dim=0).sqrt()
    assert torch.allclose(found, distance, atol=1e-3)  # equally near colours may go by either number


@pytest.mark.parametrize("case", ex01.nearest_row.cases, ids=lambda case: case.note)
def test_no_pixel_has_two_nearest_colours(case):
    """Else a right answer could be told that it is wrong."""
    picture, table = (tensor.float() for tensor in case.arguments)
    nearest, next_one = torch.cdist(picture.permute(1, 2, 0), table[None]).sort(dim=-1).values[..., :2].unbind(-1)
    assert (next_one - nearest > 0.5).all()


def test_d_prime_against_our_own():
    a, b = torch.rand(50, 3, generator=GENERATOR), torch.rand(80, 3, generator=GENERATOR) ** 2
    expected = colour.separation(a, b, "rgb", dim=-1)
    for channel in range(3):
        found = ex01.d_prime.reference(a[:, channel], b[:, channel]).item()
        assert found == pytest.approx(expected[channel].item(), rel=1e-5)


@pytest.mark.parametrize("start", [0, 100, 200, 300])
def test_circular_mean_against_scipy(start):
    hues = (start + 90 * torch.rand(30, generator=GENERATOR)) % 360
    expected = circmean(hues.double().numpy(), high=360)
    assert ex01.circular_mean.reference(hues).item() == pytest.approx(expected, abs=1e-3)


def test_normalise_against_scikit_learn():
    pictures = torch.randint(0, 200, (5, 3, 8, 6), generator=GENERATOR).to(torch.uint8)
    rows = pictures.permute(0, 2, 3, 1).reshape(-1, 3).double().numpy()
    found = ex01.normalise.reference(pictures).permute(0, 2, 3, 1).reshape(-1, 3).numpy()
    scale = ((len(rows) - 1) / len(rows)) ** 0.5  # scikit-learn divides by n
    assert found == pytest.approx(scale * StandardScaler().fit_transform(rows), abs=1e-5)


def test_mend_by_hand():
    """Of a linear network without a bias the gradient is known: (p − one-hot)ᵀ x / B."""
    model = nn.Linear(3, 2, bias=False).double()
    x, y = torch.randn(6, 3, generator=GENERATOR).double(), torch.tensor([0, 1, 1, 0, 1, 0])
    weight = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        p = (x @ weight.T).softmax(dim=1)
        loss = ex01.mend.reference(model, x, y, optimizer)
        assert loss.item() == pytest.approx(-p[range(6), y].log().mean().item())
        weight = weight - 0.1 * (p - torch.eye(2)[y]).T @ x / 6
        assert torch.allclose(model.weight, weight)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), [(64, 30, 1, 0), (31, 4, 3, 2), (9, 9, 5, 0)])
def test_output_size_against_our_own(size, kernel, stride, padding):
    layer = convolution.Conv(kernel, stride=stride, padding=padding)
    expected = convolution.output_size((size, size), [layer])[0]
    assert ex02.output_size.reference(size, kernel, stride, padding) == expected


def test_weights_of_pair_against_our_own():
    pair = [convolution.Conv((30, 3)), convolution.Conv((3, 30))]
    assert ex02.weights_of_pair.reference(30, 3, 5) == convolution.weights(pair, channels=(5, 5, 5))


def test_split_kernel_leaves_the_other_singular_values_over():
    """Eckart, Young: the sum of squares that a rank-one kernel cannot reach."""
    kernel = torch.randn(7, 5, generator=GENERATOR)
    column, row = ex02.split_kernel.reference(kernel)
    left_over = (kernel - torch.outer(column, row)).square().sum().item()
    assert left_over == pytest.approx(torch.linalg.svdvals(kernel)[1:].square().sum().item(), rel=1e-4)


def test_receptive_field_against_our_own():
    pairs = [(7, 2), (3, 1), (4, 3), (2, 2), (5, 1)]
    expected = convolution.receptive_field([convolution.Conv(k, stride=s) for k, s in pairs]).size[0]
    assert ex02.receptive_field.reference(pairs) == expected
    assert ex02.receptive_field.reference([]) == 1


def test_macs_against_our_own():
    expected = convolution.macs((40, 50), [convolution.Conv((30, 3))], channels=(3, 8))
    assert ex02.macs.reference(40, 50, 3, 8, 30, 3) == expected


def test_recall_against_scikit_learn():
    expected = recall_score(LABELS, SCORES.argmax(dim=1), average=None)
    assert ex03.recall.reference(metrics.confusion_matrix(SCORES, LABELS)).numpy() == pytest.approx(expected)


def test_accuracy_at_two_against_scikit_learn():
    expected = top_k_accuracy_score(LABELS, SCORES, k=2)
    assert ex03.accuracy_at_two.reference(SCORES, LABELS).item() == pytest.approx(expected)


def test_statistics_of_pictures_with_known_ones():
    pictures = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    pictures[0] = 255
    mean, deviation = ex03.statistics.reference(pictures)
    assert mean.tolist() == [0.5] * 3
    assert deviation.tolist() == pytest.approx([0.5 * (32 / 31) ** 0.5] * 3)


def test_review_of_four_pictures():
    probabilities = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    labels = torch.tensor([0, 1, 1, 1])
    assert ex03.review.reference(probabilities, labels, 0.65) == pytest.approx((3 / 4, 2 / 3))
    assert ex03.review.reference(probabilities, labels, 1.0) == (0, 0)


def test_frozen_on_the_real_classifier():
    from course_lib import models

    model = models.Classifier(models.backbone("texture_net", weights="random"), ["a", "b"], dropout=0.5)
    ex03.frozen.reference(model)
    assert not any(m.training for m in model.backbone.modules())
    assert all(m.training for m in model.head.modules())
    assert not any(p.requires_grad for p in model.backbone.parameters())
    assert all(p.requires_grad for p in model.head.parameters())


def test_standardize_against_torchvision():
    picture = torch.randint(0, 256, (3, 7, 5), generator=GENERATOR).to(torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    scaled = transforms.to_dtype(picture, torch.float32, scale=True)
    expected = transforms.normalize(scaled, mean.tolist(), std.tolist())
    assert torch.allclose(ex04.standardize.reference(picture, mean, std), expected, atol=1e-6)


def test_running_statistics_against_scikit_learn():
    batches = [torch.rand(*shape, generator=GENERATOR) for shape in [(4, 3, 8, 6), (1, 3, 5, 9), (7, 3, 2, 2)]]
    scaler = StandardScaler()  # divides by n
    for x in batches:
        scaler.partial_fit(x.double().permute(0, 2, 3, 1).reshape(-1, 3).numpy())
    mean, deviation = ex04.running_statistics.reference(batches)
    assert mean.numpy() == pytest.approx(scaler.mean_)
    assert deviation.numpy() == pytest.approx(scaler.scale_)


@pytest.mark.parametrize("flat", [None, 0, 255])
def test_minmax_against_scikit_learn(flat):
    picture = torch.randint(0, 256, (3, 7, 5), generator=GENERATOR).to(torch.uint8)
    if flat is not None:
        picture[1] = flat
    columns = picture.flatten(1).T.double().numpy()
    found = ex04.minmax.reference(picture).flatten(1).T.numpy()
    assert found == pytest.approx(MinMaxScaler().fit_transform(columns), abs=1e-6)


def test_instance_norm_against_torch():
    x = 3 + 2 * torch.randn(4, 5, 6, 7, generator=GENERATOR)
    x[0, 0] *= 1e-3
    expected = nn.functional.instance_norm(x.double())
    assert torch.allclose(ex04.instance_norm.reference(x.double()), expected)


def test_undo_brings_every_byte_back():
    picture = torch.arange(3 * 256).reshape(3, 16, 16).remainder(256).to(torch.uint8)
    mean, std = [0.344, 0.380, 0.408], [0.203, 0.137, 0.116]
    x = transforms.normalize(transforms.to_dtype(picture, torch.float32, scale=True), mean, std)
    assert torch.equal(ex04.undo.reference(x, torch.tensor(mean), torch.tensor(std)), picture)
    assert ex04.undo.reference(x, torch.tensor(mean), torch.tensor(std)).dtype == torch.uint8


@pytest.mark.parametrize("scale", [1, 10_000])
@pytest.mark.parametrize("temperature", [0.5, 1, 7])
def test_energy_against_our_own(scale, temperature):
    found = ex05.energy.reference(scale * SCORES, temperature)
    assert torch.allclose(found.double(), openset.energy(scale * SCORES, temperature=temperature), rtol=1e-5)


@pytest.mark.parametrize("scale", [1, 10, 30])
def test_surprise_against_our_own(scale):
    """Where the highest probability p rounds to 1 as well: there −log p is 1 − p."""
    expected = -torch.log1p(-openset.max_softmax(scale * SCORES))
    assert (expected > 0).all()
    found = ex05.surprise.reference(scale * SCORES).double()
    assert torch.allclose(found, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("decimals", [0, 1, 5])
def test_auroc_against_scikit_learn(decimals):
    known, unknown = SCORES[:200, 0].round(decimals=decimals), 1 + SCORES[200:, 0].round(decimals=decimals)
    expected = roc_auc_score([0] * 200 + [1] * 100, torch.cat([known, unknown]))
    assert ex05.auroc.reference(known, unknown).item() == pytest.approx(expected)
    assert ex05.auroc.reference(known, unknown).item() == pytest.approx(openset.auroc(known, unknown))


@pytest.mark.parametrize("per_mille", [10, 50, 100, 300, 550])
def test_threshold_keeps_its_promise_and_is_the_smallest_that_does(per_mille):
    """A new score falls into each of the n + 1 gaps equally often, and n + 1 − k of these are above the k-th."""
    for n in range(1, 121):
        above = [n + 1 - k for k in range(1, n + 1) if 1000 * (n + 1 - k) <= per_mille * (n + 1)]
        scores = torch.randperm(n, generator=torch.Generator().manual_seed(n)).double()
        found = float(ex05.threshold.reference(scores, per_mille / 1000))
        assert found == (n - max(above) if above else float("inf"))
        if above:
            assert found == openset.without_unknowns(scores, rejected=per_mille / 1000)
        else:
            with pytest.raises(ValueError, match="it wants"):
                openset.without_unknowns(scores, rejected=per_mille / 1000)


@pytest.mark.parametrize("case", ex05.threshold.cases, ids=lambda case: case.note)
def test_no_two_scores_are_alike_and_a_rank_is_whole_exactly_or_not_nearly(case):
    """Else a right answer could be told that it is wrong, or a wrong one that it is right."""
    scores, rejected = case.arguments
    assert (scores.sort().values.diff() > 0.02).all()
    exact = (len(scores) + 1) * (1 - Fraction(rejected))  # of the float, not of the number that it stands for
    assert exact.denominator == 1 or 0.04 < exact % 1 < 0.96
    assert exact.denominator > 1 or exact == (len(scores) + 1) * (1 - rejected)


def test_none_targets_against_scikit_learn():
    found = ex05.none_targets.reference(LABELS - 1, 4)
    assert found.is_floating_point()
    assert torch.equal(found, torch.from_numpy(label_binarize(LABELS - 1, classes=range(4))).float())


@pytest.mark.parametrize("k", [1, 4, 100])
def test_kth_nearest_against_scikit_learn_and_our_own(k):
    known, pictures = 2 + SCORES[:100], 2 + SCORES[100:]
    rows = NearestNeighbors(n_neighbors=k).fit(normalize(known)).kneighbors(normalize(pictures))[0]
    found = ex05.kth_nearest.reference(known.double(), pictures.double(), k)
    assert found.numpy() == pytest.approx(rows[:, -1], rel=1e-4)
    detector = openset.KNN(k=k).fit(known, known, LABELS[:100])
    assert found.numpy() == pytest.approx(detector.score(pictures, pictures).numpy(), rel=1e-4)


def test_what_the_quiz_of_chapter_5_works_out():
    logits = torch.tensor([[-92.0] + 9 * [-100.0]])
    assert openset.softmax(logits).amax().item() == pytest.approx(0.997, abs=5e-4)
    two = torch.tensor([[4.0, 2.0, -10.0], [4.0, 1.0, 1.0]])
    highest = [openset.softmax(two, temperature=t).amax(dim=1).numpy().round(2).tolist() for t in (1, 5)]
    assert highest == [[0.88, 0.91], [0.58, 0.48]]
    assert openset.auroc([0, 1], [0, 2]) == (1 / 2 + 2) / 4  # of four pairs one is a tie, one is wrong


@pytest.mark.parametrize(("top", "left", "size"), [(2, 3, 4), (-2, 5, 4), (6, -1, 3), (-9, 0, 4), (-1, -1, 20)])
def test_cover_against_our_own(top, left, size):
    picture = torch.randint(0, 256, (3, 7, 9), generator=GENERATOR).to(torch.uint8)
    expected = explain.occlude(picture, top, left, size, explain.fill_colour(picture, "own mean"))
    assert torch.equal(ex06.cover.reference(picture, top, left, size), expected)


@pytest.mark.parametrize("case", ex06.cover.cases, ids=lambda case: case.note)
def test_no_mean_colour_lies_halfway(case):
    """Else a right answer could be told that it is wrong: some round halves up, some to even numbers."""
    mean = case.arguments[0].double().mean(dim=(1, 2))
    assert ((mean % 1 - 0.5).abs() > 0.01).all()


def test_grad_cam_against_our_own():
    """At the layer whose maps we know: a linear head on their means has gradients that we know too."""
    layer, head = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)
    x = torch.rand(1, 3, 5, 5, generator=GENERATOR)
    model = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()
    maps = layer(x)[0].detach()
    gradients = (head.weight[1].detach() / 25)[:, None, None].expand(4, 5, 5)
    expected = explain.grad_cam(model, layer, x, torch.tensor([1]))[0]
    assert torch.allclose(ex06.grad_cam.reference(maps, gradients), expected, atol=1e-6)


def test_integrated_gradients_are_complete():
    """All heat adds up to the logit at x less the logit at the baseline."""
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    x, baseline = torch.randn(2, 6, generator=GENERATOR).double()

    def gradient(at):
        return torch.autograd.functional.jacobian(model, at)[0]

    heat = ex06.integrated_gradients.reference(gradient, x, baseline, 200)
    assert heat.sum().item() == pytest.approx((model(x) - model(baseline)).item(), abs=1e-4)


def test_energy_inside_against_our_own():
    heat, mask = torch.randn(8, 9, generator=GENERATOR), torch.rand(8, 9, generator=GENERATOR) < 0.3
    assert float(ex06.energy_inside.reference(heat, mask)) == pytest.approx(explain.energy_inside(heat, mask))
    assert ex06.energy_inside.reference(-heat.abs(), mask) == 0


def test_shuffle_patches_against_fold():
    picture = torch.randint(0, 256, (3, 12, 20), generator=GENERATOR).to(torch.uint8)
    order = torch.randperm(15, generator=GENERATOR)
    patches = nn.functional.unfold(picture[None].float(), 4, stride=4)  # [1, 3 · 4 · 4, 15], as one reads
    expected = nn.functional.fold(patches[..., order], (12, 20), 4, stride=4)[0]
    assert torch.equal(ex06.shuffle_patches.reference(picture, 4, order), expected.to(torch.uint8))


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
def test_balanced_accuracy_against_scikit_learn():
    labels = LABELS[LABELS != 2]  # class 2 is answered at times
    answers = SCORES.argmax(dim=1)[LABELS != 2]
    expected = balanced_accuracy_score(labels, answers)
    assert ex07.balanced_accuracy.reference(answers, labels).item() == pytest.approx(expected)


@pytest.mark.parametrize("beta", [0, 0.9, 0.999])
def test_effective_weights_against_our_own(beta):
    counts = torch.tensor([3, 40, 200, 7])
    labels = torch.arange(4).repeat_interleave(counts).numpy()
    expected = imbalance.effective_weights(labels, beta=beta)  # mean 1 over pictures
    found = ex07.effective_weights.reference(counts, beta).numpy()
    assert found == pytest.approx(expected / expected.mean(), rel=1e-4)


def test_adjust_against_bayes():
    """A posterior under the training shares, divided by them and scaled to 1, is one under equal shares."""
    counts = torch.tensor([500, 30, 200, 7, 60])
    expected = SCORES.softmax(dim=1) / (counts / counts.sum())
    expected = expected / expected.sum(dim=1, keepdim=True)
    assert torch.allclose(ex07.adjust.reference(SCORES, counts).softmax(dim=1), expected, atol=1e-5)


def test_thresholds_against_our_own():
    p = SCORES.softmax(dim=1)
    expected = label_quality.confident_learning(LABELS.numpy(), p.numpy()).thresholds
    assert ex07.thresholds.reference(p, LABELS).numpy() == pytest.approx(expected, rel=1e-5)


def test_parted_groups_against_our_own_splits():
    """A split that parts no group has none, whoever cut it; one that goes by pictures has what pandas counts."""
    groups = torch.arange(300) // 3
    for seed in range(5):
        whole = parts.split(LABELS.numpy(), groups.numpy(), seed=seed)
        assert ex08.parted.reference(groups, torch.from_numpy(whole)) == 0
        alone = parts.split(LABELS.numpy(), np.arange(300), seed=seed)
        expected = (pd.Series(alone).groupby(groups.numpy()).nunique() > 1).sum()
        assert ex08.parted.reference(groups, torch.from_numpy(alone)) == expected > 50


def test_least_cost_against_our_own():
    p, cost = SCORES.softmax(dim=1), 10 * torch.rand(5, 5, generator=GENERATOR)
    assert torch.equal(ex07.least_cost.reference(p, cost), decide.by_cost(p, cost))


@pytest.mark.slow
@pytest.mark.parametrize("exercise", [ex01.mend, ex03.frozen], ids=lambda exercise: exercise.name)
def test_a_check_leaves_the_random_numbers_of_the_notebook_alone(exercise):
    before = torch.random.get_rng_state()
    exercise.judge(exercise.reference)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("lesson", NAMES)
def test_the_notebook_starts_from_the_stubs(lesson):
    """A learner's cell and the checked solution have the same signature and docstring."""
    twins = sorted((Path(__file__).parents[2] / "lessons" / "src").glob(f"{lesson}*_*.py"))
    text = "\n".join(twin.read_text("utf-8") for twin in twins)
    for exercise in catalogue.exercises(lesson):
        signature, docstring, *_ = exercise.stub.splitlines()
        assert f"{signature}\n{docstring}" in text, exercise.name
