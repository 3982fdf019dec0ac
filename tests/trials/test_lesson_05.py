"""What lesson 5 reads from the evidence is there, whole, and fair."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from course_lib import data, openset, trials
from course_lib.data import ImageSet
from course_lib.trials import lesson_05

EXPERIMENTS = {experiment.name: experiment for experiment in lesson_05.EXPERIMENTS}
REAL = ("land_open", "car_logos")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one_and_all_is_in_range(name):
    for run in trials.runs(name):
        assert run.source == ("real" if name.startswith(REAL) else "generated")
        assert 0 <= run.value <= (1 if EXPERIMENTS[name].unit == "%" else 1000)


VERDICTS = {
    "softmax_to_blame_near": "refuted",
    "softmax_to_blame_far": "no difference that matters",
    "sigmoid_near": "undecided",
    "sigmoid_far": "supported",
    "sigmoid_as_sure_share": "refuted",
    "sigmoid_as_sure_mean": "refuted",
    "keras_as_pytorch": "no difference that matters",
    "trained_too_long": "supported",
    "unknown_class_near": "no difference that matters",
    "unknown_class_far": "undecided",
    "training_data_near": "supported",
    "training_data_far": "supported",
    "all_zero_targets_near": "no difference that matters",
    "all_zero_targets_far": "refuted",
    "untrained_gan_near": "no difference that matters",
    "untrained_gan_far": "no difference that matters",
    "slightly_trained_gan_near": "no difference that matters",
    "slightly_trained_gan_far": "no difference that matters",
    "collect_nothing_near": "supported",
    "collect_nothing_far": "undecided",
    "as_large_as_a_class_near": "undecided",
    "as_large_as_a_class_far": "undecided",
    "then_more_near": "refuted",
    "then_more_far": "undecided",
    "many_kinds_near": "no difference that matters",
    "many_kinds_far": "undecided",
    "one_class_of_four_kinds_far": "undecided",
    "relative_first_mobilenet": "no difference that matters",
    "relative_first_squeezenet1": "supported",
    "nearest_first_mobilenet": "no difference that matters",
    "nearest_first_squeezenet1": "supported",
    "use_a_detector": "undecided",
    "slide_it": "undecided",
}


@pytest.mark.parametrize("trial", lesson_05.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


LABELS = torch.tensor([0, 1, 2, lesson_05.NONE, lesson_05.NONE])


@pytest.fixture
def logits():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


def test_the_entropic_loss_asks_for_an_even_answer_to_none(logits):
    every = logits.log_softmax(dim=1)
    by_hand = [-every[0, 0], -every[1, 1], -every[2, 2], -every[3].mean(), -every[4].mean()]
    torch.testing.assert_close(lesson_05.entropic_loss(logits, logits, LABELS), torch.stack(by_hand).mean())
    exposed = torch.stack(by_hand[:3]).mean() + 0.5 * torch.stack(by_hand[3:]).mean()
    torch.testing.assert_close(lesson_05.exposure_loss(logits, logits, LABELS), exposed)


def test_the_objectosphere_wants_short_features_of_none_and_long_ones_of_the_known(logits):
    hidden = torch.tensor([[20.0, 0], [20, 0], [20, 0], [0, 0], [0, 0]])
    good, bad = (lesson_05.objectosphere_loss(logits, h, LABELS) for h in (hidden, hidden.flip(0)))
    torch.testing.assert_close(good, lesson_05.entropic_loss(logits, hidden, LABELS))
    assert bad > good


def test_all_zero_targets_ask_every_sigmoid_to_say_no(logits):
    p = logits.sigmoid()
    expected = -(1 - p[3:]).log().sum(dim=1).mean()
    torch.testing.assert_close(lesson_05.zeros_loss(logits[3:], logits, LABELS[3:]), expected)


def test_the_background_class_is_the_last_one(logits):
    found = lesson_05.background_loss(logits, logits, torch.tensor([0, 1, 0, -1, -1]))
    torch.testing.assert_close(found, F.cross_entropy(logits, torch.tensor([0, 1, 0, 2, 2])))


def test_a_score_of_the_background_class_does_not_count_it_as_known():
    head = lesson_05.Head(4, 4, seed=0).eval()
    head.last.weight.data.zero_()
    head.last.bias.data = torch.tensor([0.0, 0, 0, 9])
    x = torch.zeros(1, 4)
    assert lesson_05.unknown_score(head, x, "background class") > 9
    assert lesson_05.certainty(head, x, "background class") < 0.01
    assert lesson_05.certainty(head, x, "softmax") > 0.99


@pytest.mark.parametrize("loss", lesson_05.LOSSES)
def test_every_loss_learns_the_known_and_tells_what_it_was_taught_to_tell(loss):
    """Three clouds, and between them a fourth that is none."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0, 1, 2, -1]).repeat(50)
    if loss in ("softmax", "sigmoids"):
        labels = labels[labels >= 0]
    x = 4 * F.one_hot(labels + 1, 4).float() + 0.1 * torch.randn(len(labels), 4, generator=generator)
    head = lesson_05.trained(x, labels, loss=loss, epochs=30, rate=0.01)
    assert (head(x[labels >= 0])[:, :3].argmax(dim=1) == labels[labels >= 0]).float().mean() > 0.95
    if (labels < 0).any():
        scores = lesson_05.unknown_score(head, x, loss)
        assert openset.auroc(scores[labels >= 0], scores[labels < 0]) > 0.95


def test_a_head_is_the_same_again_and_leaves_the_random_numbers_alone():
    x, labels = torch.eye(6), torch.tensor([0, 1] * 3)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (lesson_05.trained(x, labels, epochs=2, seed=3)(x) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_shuffling_keeps_every_pixel_and_moves_whole_squares():
    images = torch.arange(2 * 3 * 8 * 8).view(2, 3, 8, 8)
    mixed = lesson_05._shuffled(images, seed=1, parts=4)
    assert not torch.equal(mixed, images)
    assert torch.equal(mixed.flatten(1).sort().values, images.flatten(1).sort().values)
    assert (mixed[:, :, ::2, 1::2] - mixed[:, :, ::2, ::2] == 1).all()


def test_scores_of_frames():
    found = lesson_05.frame_scores(
        torch.tensor([-1, 3, 3, 3, -1, 5, 5, -1, 2, -1]), torch.tensor([-1, -1, 3, 3, 3, 15, 15, -1, -1, -1]), fps=1
    )
    assert found["precision"] == pytest.approx(2 / 6)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["false alarms a minute"] == pytest.approx(2 * 6)  # 5, 5 and 2; the threes do show theirs


def test_a_slid_classifier_finds_what_one_look_misses():
    """A head that answers by the largest feature, on a map where one window alone has a class."""
    head = lesson_05.Head(3, 2, seed=0).eval().requires_grad_(False)
    watch = lesson_05.Watcher(head, lambda x: -x[:, 0].double(), -0.9)
    maps = torch.zeros(1, 3, 8, 8)
    maps[0, 0, :5, :5] = 1
    assert lesson_05._whole(maps, watch).item() == lesson_05.NONE
    assert lesson_05._sliding(maps, watch).item() in (0, 1)


def test_kinds_to_learn_from_are_in_no_test():
    assert not set(lesson_05.KINDS) & set(lesson_05.FAR)
    assert all(0 <= k < 256 for k in lesson_05.strangers("other marks", 2).images.unique().tolist())


def test_unknowns_are_taken_from_as_many_kinds_as_asked(monkeypatch):
    monkeypatch.setattr(lesson_05, "_pool", lambda kind, n: torch.full((50, 1), lesson_05.KINDS.index(kind)))
    counts = [lesson_05.collected(count, kinds, 1, None).unique(return_counts=True)[1].tolist()
              for count, kinds in ((30, 1), (30, 2), (30, 4), (5, 4))]  # fmt: skip
    assert [sorted(one) for one in counts] == [[30], [15, 15], [7, 7, 8, 8], [1, 1, 1, 2]]


CACHED = [one for one in vars(lesson_05).values() if hasattr(one, "cache_clear")]


@pytest.fixture
def small_scale(monkeypatch):
    """Colours of 8 × 8 squares instead of a backbone, and generated pictures instead of real ones."""

    def seen(pictures):
        found = F.adaptive_avg_pool2d(pictures.images.float() / 255, 8).flatten(1)
        found[:, :20] += 3 * F.one_hot(pictures.labels, 20)  # so that any head can learn them
        return found.numpy()

    def see(*of, size=None):
        return seen

    def cars(n):
        labels = torch.arange(400) % 20
        images = torch.randint(0, 256, (400, 3, 8, 8), dtype=torch.uint8)
        pictures = ImageSet.of(images, labels, [str(k) for k in range(20)], "real")
        found = torch.tensor(seen(pictures))
        return (pictures, found), (pictures, found[:30]), (pictures, found[:30])

    monkeypatch.setattr(lesson_05, "_see", see)
    monkeypatch.setattr(lesson_05, "_cars", cars)
    monkeypatch.setattr(lesson_05, "_maps", lambda frames, size, n: F.adaptive_avg_pool2d(
        frames.float() / 255, 5 if size == 160 else 7).repeat(1, 64, 1, 1))  # fmt: skip
    yield
    for one in CACHED:
        one.cache_clear()


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning", "ignore:__array__ implementation")
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(small_scale):
    """That the code runs, not what it finds."""
    for experiment in EXPERIMENTS.values():
        for variant in experiment.variants:
            found = experiment.small()[variant].task(0).measure()
            assert found.value >= 0
            assert found.n or experiment.unit != "%"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
def test_a_folder_of_ones_own_becomes_a_world(tmp_path):
    logos = data.logos(10, side=64)
    for k, image in enumerate(logos.images):
        place = tmp_path / logos.classes[logos.labels[k]].replace(" ", "_")
        place.mkdir(exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(place / f"{k}.png")
    world = lesson_05.folder_world(tmp_path)
    assert sorted(world.labels.unique().tolist()) == sorted(world.truth.unique().tolist()) == [0, 1, 2, 3, 4]
    assert (len(world.train), len(world.known), len(world.near)) == (35, 15, 50)


def test_a_folder_of_two_classes_is_too_little(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "1.png")
    with pytest.raises(ValueError, match="got 2 classes; it wants 4 or more"):
        lesson_05.folder_world(tmp_path)


def test_without_the_folders_the_car_makers_say_what_they_want(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    with pytest.raises(data.DataError, match=r"wants car_logos\.zip in the folder COURSE_MIRROR"):
        lesson_05._cars.__wrapped__(None)


def test_the_ranking_is_over_eight_cases_and_its_ranks_add_up():
    names = [*openset.ALL, "ODIN"]
    table = lesson_05.ranking(names)
    assert {row[0] for row in table} == set(names)
    assert sum(row[1] for row in table) == pytest.approx(12 * 13 / 2)
    assert all(1 <= rank <= worst <= 12 and 0 <= low <= area <= 1 for _, rank, worst, area, low in table)
    assert [row[1] for row in table] == sorted(row[1] for row in table)


def test_sizes_of_the_unknown_class_are_sorted_into_curves():
    curves = lesson_05.sized("logo_how_many_accuracy")
    assert list(curves) == ["1 kind", "2 kinds", "4 kinds", "none"]
    stored = trials.summary("logo_how_many_accuracy")
    assert curves["2 kinds"][0.3] == stored["0.3 times one class, 2 kinds"]


def test_epochs_are_sorted_into_a_curve():
    stored = trials.summary("logo_answers_accuracy")
    curve = lesson_05.after("logo_answers_accuracy")
    assert list(curve) == [1, 3, 10, 30, 100]
    assert curve[30] == stored["PyTorch, rate 0.001, 30 epochs"]
