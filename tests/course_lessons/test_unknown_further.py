"""Chapter 5's later runs: newer scores, mismatched preprocessing, logos designed anew."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from course_lib import openset, study
from course_lib.lessons.unknown import experiments, fresh_logos, further_trials, heads, mismatch
from course_lib.models import Backbone
from course_lib.models.preprocessing import HALF

VERDICTS = {
    "newest_pp_near": "undecided",
    "newest_pp_far": "undecided",
    "newest_nci_near": "undecided",
    "newest_nci_far": "undecided",
}


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
    known, near = (fresh_logos.designed(48, 3, group, 2, 0, drawn=1) for group in range(2))
    assert len({*known.classes, *near.classes}) == 6
    other = fresh_logos.designed(48, 3, 0, 2, 1, drawn=1)
    assert not torch.equal(known.images, other.images)
    assert torch.equal(known.images, fresh_logos.designed(48, 3, 0, 2, 0, drawn=1).images)
    again = fresh_logos.designed(48, 3, 0, 2, 0, drawn=2)
    assert not torch.equal(known.images, again.images)
    assert known.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_what_is_met_is_in_no_training():
    learned, known, near, _ = SMALL.pictures(0)
    seen = {image.numpy().tobytes() for image in learned.images}
    assert not seen & {image.numpy().tobytes() for part in (known, near) for image in part.images}


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


def test_a_head_on_fresh_logos_is_scored_by_settings():
    settings = {
        "network": "texture_net", "weights": "real", "size": None, "side": 48, "marks": 3, "per_class": 4,
        "per_class_test": 2, "n_far": 5, "hidden": 8, "dropout": 0.5, "rate": 1e-3, "epochs": 2, "batch": 8,
        **experiments.DETECTORS["max softmax"],
    }  # fmt: skip
    result = fresh_logos.score_fresh(settings, 0)
    assert all(0 <= value <= 1 for value in result.metrics.values())
    assert isinstance(fresh_logos._head(SMALL, heads.HeadSettings(8, 0.5, 1e-3, 2, 8), 0), heads.Head)
