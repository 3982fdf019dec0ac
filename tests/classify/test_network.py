"""Probe, temperature, scores, line and the network that answers, each against the library or a case known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import beta

from course_lib import decide, features, metrics, models, openset
from course_lib.classify import calibrate, probe, reject, tune
from course_lib.classify.answerer import SCORES, Answerer
from course_lib.classify.probe import Parts
from course_lib.classify.reject import Meeting
from course_lib.classify.result import Method, Share
from course_lib.data import ImageSet
from course_lib.models.norm import freeze_norm
from course_lib.openset.by_features import length_one


@pytest.fixture
def world():
    """Features float32 [300, 8] of three classes, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    return (rng.normal(size=(300, 8)) + 2 * np.eye(8)[labels]).astype(np.float32), labels


# --- the probe ---


@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_layer_answers_as_the_regression_that_it_was_made_of(world, classes):
    x, labels = world
    x, labels = x[labels < classes], labels[labels < classes]
    fitted = features.probe(x, labels, x, labels, C=0.01).model
    logits = probe.logits(probe.regression(x, labels, classes, C=0.01), x)
    assert torch.allclose(logits.softmax(dim=1).double(), torch.tensor(fitted.predict_proba(x)).double(), atol=1e-4)


def test_a_class_that_was_not_learned_is_never_answered(world):
    x, labels = world
    head = probe.regression(x[labels != 1], labels[labels != 1], 3)
    shares = probe.logits(head, x).softmax(dim=1)
    assert float(shares[:, 1].max()) == 0
    assert set(probe.answers(head, x)) == {0, 2}


def test_chance_is_mcnemars():
    better, worse = np.array([1] * 8 + [0] * 2 + [1] * 50, bool), np.array([0] * 8 + [1] * 2 + [1] * 50, bool)
    assert probe.by_chance(better, worse) == pytest.approx((45 + 10 + 1) / 1024)  # 8, 9 or 10 heads of 10
    assert probe.by_chance(worse, better) > 0.9
    assert probe.by_chance(better, better) == 1


# --- the temperature ---


def test_of_many_pictures_it_is_the_one_of_least_cross_entropy(world):
    rng = np.random.default_rng(1)
    labels = rng.integers(4, size=4000)
    logits = torch.tensor(3 * (np.eye(4)[labels] + rng.normal(0, 0.7, (4000, 4))))
    assert calibrate.temperature(logits, labels) == pytest.approx(decide.temperature(logits, labels), rel=0.03)


def test_of_answers_that_are_all_right_it_is_not_sure():
    labels = np.arange(30) % 3
    logits = torch.tensor(4.0 * np.eye(3)[labels])
    shares = (logits / calibrate.temperature(logits, labels)).softmax(dim=1).max(dim=1).values
    assert shares.tolist() == pytest.approx([31 / 32] * 30, abs=1e-3)
    assert decide.temperature(logits, labels) < 0.1  # without smoothing: as sure as can be


def test_of_few_pictures_there_is_none():
    assert calibrate.temperature(torch.eye(3).double(), np.arange(3)) == 1


def test_the_bins_hold_all_pictures_and_give_the_calibration_error():
    rng = np.random.default_rng(2)
    logits, labels = torch.tensor(rng.normal(0, 2, (200, 3))), rng.integers(3, size=200)
    found = calibrate.calibration(2.0, 50, logits, labels)
    assert sum(one.n for one in found.bins) == found.n == 200
    off = sum(one.n * abs(one.confidence - one.right) for one in found.bins if one.n) / 200
    assert off == pytest.approx(found.ece)
    assert found.ece == pytest.approx(metrics.expected_calibration_error((logits / 2).softmax(dim=1), labels, bins=10))
    assert found.ece_before > found.ece  # too sure before


# --- scores and line ---


def test_the_scores_are_those_of_the_room_openset(world):
    x, labels = world
    head = probe.regression(x, labels, 3)
    logits = probe.logits(head, x).double()
    bank = length_one(torch.from_numpy(x[:100])).numpy()
    knn = openset.KNN(k=5).fit(torch.from_numpy(x[:100]), logits[:100], torch.from_numpy(labels[:100]))
    theirs = {
        "max softmax": openset.max_softmax(logits), "max logit": openset.max_logit(logits),
        "energy": openset.energy(logits), "k nearest": knn.score(torch.from_numpy(x), logits),
    }  # fmt: skip
    assert set(theirs) == set(SCORES)
    for name, wanted in theirs.items():
        ours = reject.score(name, head, x[100:], bank, 5)
        assert ours == pytest.approx(wanted[100:].numpy(), rel=1e-3, abs=2e-4), name


def test_sure_pictures_can_still_be_told_apart():
    logits = torch.tensor([[40.0, 0.0], [41.0, 0.0]])
    first, second = SCORES["max softmax"](torch.zeros(2, 1), logits, torch.zeros(0, 1), 1).tolist()
    assert first > second > 0


def test_the_line_is_the_conformal_one_and_there_is_none_of_too_few():
    scores = np.random.default_rng(0).random(99)
    assert reject.line(scores, 0.05) >= openset.without_unknowns(scores, rejected=0.05)
    assert reject.line(scores[:18], 0.05) is None
    assert reject.line(scores[:19], 0.05) == scores[:19].max()


def test_the_promise_holds_on_average():
    rng = np.random.default_rng(3)
    lost = [np.mean(rng.normal(size=200) > reject.line(rng.normal(size=60), 0.1)) for _ in range(400)]
    assert 0.08 < np.mean(lost) <= 0.105


def test_the_note_says_what_one_line_can_promise():
    assert "wants 19 pictures" in reject.note(18, 0.05)
    assert "no picture is refused" in reject.note(18, 0.05)
    high = 100 * (1 - beta.ppf(0.025, 95, 5))  # 99 pictures: the line at the 95th
    assert f"to {high:.1f} % of further pictures" in reject.note(99, 0.05)
    assert "groups" in reject.note(99, 0.05, grouped=True)


def meeting(name, **auroc):
    """A class for which each score parts known and unknown so well: of 10 unknown pictures, that many lie above.

    Far unknowns are told apart half of the time by all."""
    known = {score: np.zeros(20) for score in SCORES}
    unknown = {score: np.array([1.0] * round(10 * auroc.get(score.replace(" ", "_"), 0.5)) + [-1.0] * 10)[:10]
               for score in SCORES}  # fmt: skip
    return Meeting(name, known, unknown, {score: np.zeros(4) for score in SCORES})


def test_the_best_score_over_the_classes_left_out_is_taken():
    found = reject.candidates([meeting("a", energy=0.9), meeting("b", energy=0.7, max_logit=0.8)])
    assert [one.name for one in found[:2]] == ["energy", "max logit"]
    assert found[0].auroc_left_out == pytest.approx(0.8)
    assert found[0].auroc == pytest.approx((0.8 + 0.5) / 2)
    assert reject.candidates([]) == ()


def test_a_score_that_is_blind_to_what_is_far_is_not_taken():
    met = replace(meeting("a", energy=0.9), far={score: np.full(4, 1.0 - 2 * (score == "energy")) for score in SCORES})
    assert reject.candidates([met])[0].name != "energy"


def test_a_class_has_no_say_in_the_score_that_it_is_met_with():
    """Alone, "a" would choose max logit and let in one; the others choose energy, with which it lets in all."""
    met = [meeting("a", energy=0.0, max_logit=0.9), meeting("b", energy=1.0), meeting("c", energy=1.0)]
    assert reject.candidates(met)[0].name == "energy"
    first = reject.let_in(met, 0.05, "probe")[0]
    assert (first.name, first.let_in.hits, first.let_in.n) == ("left out: a", 10, 10)
    assert reject.let_in(met, 0.05, "probe", "max logit")[0].let_in.hits == 1  # given, nobody has a say
    assert reject.let_in([met[0]], 0.05, "probe")[0].let_in.hits == 1  # it is all there is, and flatters itself


def test_without_a_line_all_is_let_in():
    same = {score: np.ones(7) for score in SCORES}
    met = Meeting("a", {score: np.zeros(5) for score in SCORES}, same, same)
    assert reject.let_in([met, met], 0.05, "probe")[0].let_in.hits == 7


# --- the network that answers ---


@pytest.fixture
def classifier():
    return models.Classifier(models.backbone("texture_net"), ("a", "b", "c"), pooling="mean", seed=1).eval()


@pytest.fixture
def pictures():
    return torch.randint(256, (6, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", SCORES)
def test_it_answers_as_its_parts_do(classifier, pictures, name):
    own = Answerer(classifier, stored=32, size=32, temperature=2.0, score_name=name, threshold=0.0, k=2,
                   bank=length_one(torch.rand(9, 128)))  # fmt: skip
    with torch.inference_mode():
        shares, scores, accepted = own(pictures)
        logits = classifier(classifier.preprocessing(pictures))
        feature = own.features(pictures).numpy()
    assert torch.allclose(shares, (logits / 2).softmax(dim=1), atol=1e-5)
    assert scores.double().numpy() == pytest.approx(reject.score(name, classifier.head, feature, own.bank.numpy(), 2))
    assert accepted.tolist() == (scores <= 0).tolist()


def test_a_larger_network_size_is_a_plain_enlargement(classifier, pictures):
    own = Answerer(classifier, stored=32, size=64)
    unnamed = ImageSet.of(pictures, [0] * 6, ["any"])
    wanted = probe.looked_through(classifier.backbone, unnamed, 64)
    with torch.inference_mode():
        assert own.features(pictures).numpy() == pytest.approx(wanted, abs=1e-4)


def test_without_a_line_it_accepts_all(classifier, pictures):
    with torch.inference_mode():
        assert Answerer(classifier, stored=32, size=32)(pictures)[2].all()


def test_an_unknown_score_and_a_bank_that_is_too_small_are_refused(classifier):
    with pytest.raises(ValueError, match="it wants one of max softmax"):
        Answerer(classifier, stored=32, size=32, score_name="msp")
    with pytest.raises(ValueError, match="a bank of 0 features and k=3"):
        Answerer(classifier, stored=32, size=32, score_name="k nearest", k=3)


# --- fine-tuning ---


def parts(n=400, classes=4):
    """Parts without pictures."""
    labels = np.arange(n) % classes
    blank = ImageSet.of(torch.zeros(n, 1, 1, 1, dtype=torch.uint8), labels, [str(c) for c in range(classes)])
    return Parts(blank, np.arange(n) % 4, np.arange(n), np.zeros((n, 3), dtype=np.float32), 64)


@pytest.mark.parametrize(
    ("minutes", "runs", "epochs"), [(100, 3, 6), (20, 3, 2), (17, 1, 3), (9, 1, 2), (0.5, 0, 0), (0, 0, 0)]
)
def test_as_much_is_planned_as_fits(minutes, runs, epochs):
    """An epoch takes (100 + 33) s, and a run without some classes comes on top."""
    found = tune.plan(parts(), minutes, 1.0)
    assert (found.runs, found.epochs) == (runs, epochs)
    assert found.seconds <= 60 * minutes
    assert bool(found.why) == (not runs)


def test_too_few_to_choose_by_are_not_tuned():
    assert "7 pictures are kept for choices" in tune.plan(parts(28, 2), 10, 1e-6).why


def test_the_mean_of_networks_has_the_mean_of_their_weights(small):
    heads = [probe.linear(np.full((2, 128), value), np.zeros(2)) for value in (0.0, 1.0)]
    networks = [freeze_norm(probe.classifier(head, ("a", "b"))) for head in heads]
    mean = tune.averaged(networks)
    assert float(probe.last_layer(mean).weight.detach().mean()) == pytest.approx(0.5)
    assert all(
        torch.equal(a, b) for a, b in zip(mean.backbone.parameters(), networks[0].backbone.parameters(), strict=True)
    )
    with pytest.raises(ValueError, match="no networks"):
        tune.averaged([])


def test_it_pays_only_where_it_is_surely_better():
    right = np.arange(100) < 80
    assert tune.pays(right, np.arange(100) < 90)
    assert not tune.pays(right, np.arange(100) < 82)
    assert not tune.pays(right, right)


def test_the_choice_is_said_with_its_numbers():
    def method(hits):
        share = Share.of(np.arange(100) < hits)
        return Method("probe", "", None, share, share, 0.0)

    assert tune.why(method(80), method(84), paid=False).startswith("No training needed: the probe lies within")
    assert tune.why(method(80), method(95), paid=True).startswith("Fine-tuning pays: the probe gets 80.0 %")
    assert tune.why(method(95), method(60), paid=False).startswith("The probe is kept: fine-tuning is not surely")
