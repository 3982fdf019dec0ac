"""Chapter 5's later runs: newer scores, mismatched preprocessing, the tutorial's head, logos designed anew."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch.nn import functional as F

from course_lib import openset, study
from course_lib.lessons.unknown import experiments, fresh_logos, further_trials, heads, mismatch, tutorials_head
from course_lib.models import Backbone
from course_lib.models.preprocessing import HALF

VERDICTS: dict[str, str] = {}


@pytest.mark.parametrize("trial", further_trials.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


@pytest.mark.parametrize("name", further_trials.NEWER)
def test_a_newer_detector_has_all_of_its_settings_written_down(name):
    one = further_trials.NEWER[name]
    wanted = {field.name for field in fields(openset.ALL[one["detector"]]) if field.init} - {"weight", "bias"}
    assert set(one["detector_settings"]) == wanted


def test_every_score_has_its_year():
    assert set(further_trials.YEARS) | {"entropy"} == {*openset.ALL, "ODIN"}


@pytest.mark.parametrize("experiment", further_trials.EXPERIMENTS, ids=lambda one: one.name)
def test_values_are_shares(experiment):
    for run in study.runs(experiment.name):
        assert run.source == "generated"
        assert all(0 <= value <= 1 for value in run.metrics.values())


# --- logos designed anew ---

SMALL = fresh_logos.FreshLogos("texture_net", "real", None, 48, 3, 4, 2, 5)


def test_each_seed_has_marks_of_its_own_and_groups_share_none():
    known, near, spare = (fresh_logos.designed(48, 3, group, 2, 0, drawn=1) for group in range(3))
    assert len({*known.classes, *near.classes, *spare.classes}) == 9
    other = fresh_logos.designed(48, 3, 0, 2, 1, drawn=1)
    assert not torch.equal(known.images, other.images)
    assert torch.equal(known.images, fresh_logos.designed(48, 3, 0, 2, 0, drawn=1).images)
    again = fresh_logos.designed(48, 3, 0, 2, 0, drawn=2)
    assert not torch.equal(known.images, again.images)
    assert known.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_unknown_examples_are_as_many_as_asked_for_and_none_is_among_those_that_are_met():
    met = {image.numpy().tobytes() for image in SMALL.pictures(0)[2].images}
    for of in further_trials.OF_WHAT:
        examples = fresh_logos.Examples(of, 2, 5, 10, 4)
        assert len(fresh_logos._example_features(SMALL, examples, 0)) == 6
    learned = fresh_logos.designed(48, 3, 1, 2, 0, drawn=0)
    assert not met & {image.numpy().tobytes() for image in learned.images}


# --- mismatched preprocessing ---


class Means(torch.nn.Module):
    """The picture as it is fed."""

    def forward(self, x):
        return x


def test_what_is_fed_is_what_was_asked_for(monkeypatch):
    body = Backbone("means", Means(), HALF, "random", "none")
    monkeypatch.setattr(mismatch, "backbone", lambda *_: body)
    pictures = SMALL.pictures(0)[1]
    rgb = pictures.images.float().mean(dim=(2, 3))
    right, swapped, raw, ones = (
        mismatch._embedded(SMALL, pictures, mismatch.Fed(fed, swap))
        for fed, swap in (("as trained", False), ("as trained", True), ("bytes, 0 to 255", False), ("0 to 1", False))
    )
    torch.testing.assert_close(raw, rgb, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(ones, rgb / 255, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(right, (rgb / 255 - 0.5) / 0.25, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(swapped, right.flip(1), rtol=1e-3, atol=1e-3)


# --- the tutorial's head ---

TUTORIAL = tutorials_head.TutorialSettings((12, 8), 0.0, 1e-2, 1e-7, 4)


def sparse(n: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of which every third is 0 in all pictures."""
    x = torch.rand(n, 15, generator=torch.Generator().manual_seed(0))
    x[:, ::3] = 0
    return x, torch.arange(n) % 3


def test_a_training_without_unused_columns_is_the_training_with_them():
    x, labels = sparse()
    ours = tutorials_head.Training(x, labels, TUTORIAL, seed=0)
    first, second, last = ours.head.first, ours.head.second, ours.head.last
    weight = torch.empty(12, 15)
    weight[:, ours.head.used], weight[:, ~ours.head.used] = first.weight.data, ours.head.fixed
    whole = torch.nn.Linear(15, 12)
    whole.weight.data, whole.bias.data = weight, first.bias.data.clone()
    layers = [whole, torch.nn.Linear(12, 8), torch.nn.Linear(8, 3)]
    for copy, layer in zip(layers[1:], (second, last), strict=True):
        copy.load_state_dict(layer.state_dict())
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    adam, order = torch.optim.Adam(model.parameters(), lr=1e-2, eps=1e-7), torch.Generator().manual_seed(0)
    for _ in range(5):
        for rows in reversed(torch.randperm(24, generator=order).split(4)):
            adam.zero_grad()
            F.cross_entropy(model(x[rows]), labels[rows]).backward()
            adam.step()
    ours.advance(30)
    strange = torch.rand(10, 15, generator=torch.Generator().manual_seed(1))  # it has what no training picture has
    torch.testing.assert_close(ours.answers(strange), model(strange).softmax(dim=1).detach(), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(ours.head(strange[:, ours.head.used]).softmax(dim=1), ours.answers(strange), atol=1e-3)


def test_a_stop_for_a_look_changes_nothing():
    x, labels = sparse()
    settings = tutorials_head.TutorialSettings((12, 8), 0.5, 1e-2, 1e-7, 4)
    stopped, through = (tutorials_head.Training(x, labels, settings, seed=1) for _ in range(2))
    for steps in (3, 7, 20):
        stopped.advance(steps)
        stopped.answers(x)
    through.advance(20)
    assert torch.equal(stopped.answers(x), through.answers(x))


def test_it_learns():
    x, labels = sparse(60)
    x[torch.arange(60), 3 * labels + 1] += 3
    training = tutorials_head.Training(x, labels, TUTORIAL, seed=0)
    training.advance(200)
    assert (training.answers(x).argmax(dim=1) == labels).float().mean() > 0.9


def test_a_head_on_fresh_logos_is_scored_by_settings():
    settings = {
        "network": "texture_net", "weights": "real", "size": None, "side": 48, "marks": 3, "per_class": 4,
        "per_class_test": 2, "n_far": 5, "hidden": 8, "dropout": 0.5, "rate": 1e-3, "epochs": 2, "batch": 8,
        **experiments.DETECTORS["max softmax"],
    }  # fmt: skip
    result = fresh_logos.score_fresh(settings, 0)
    assert all(0 <= value <= 1 for value in result.metrics.values())
    assert isinstance(fresh_logos._head(SMALL, heads.HeadSettings(8, 0.5, 1e-3, 2, 8), 0), heads.Head)
