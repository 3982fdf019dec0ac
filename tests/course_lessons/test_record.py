"""The record's entries learn and answer, its splits keep the test out, its clock counts all and lets nothing pass."""

from __future__ import annotations

import ast
import inspect
import time
from types import SimpleNamespace

import joblib
import pytest
import torch

from course_lib import data, models, training
from course_lib.data import ImageSet
from course_lib.lessons.record import clock, entries, learning, splits
from course_lib.lessons.record.entries import ENTRIES
from course_lib.lessons.record.learning import Pass

EAST = torch.stack([torch.linspace(0, 30, 40, dtype=torch.float64).flip(0), torch.full((40,), 50.0).double()], dim=1)


@pytest.fixture(scope="module")
def greys() -> ImageSet:
    """40 noisy pictures 3×64×64, dark or light, each at another longitude; classes are mixed from east to west."""
    labels = torch.arange(40) % 2
    noise = torch.randint(0, 60, (40, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    pictures = (noise + 150 * labels[:, None, None, None]).to(torch.uint8)
    return ImageSet.of(pictures, labels, ["dark", "light"], places=EAST, names=[f"dark_{k}.jpg" for k in range(40)])


def small() -> models.Classifier:
    """A network that learns in no time."""
    return models.Classifier(models.backbone("texture_net"), ["dark", "light"], pooling="mean")


def by_brightness(train: ImageSet, test_images: torch.Tensor, seed: int) -> torch.Tensor:
    """Right for each of the greys."""
    return (test_images.float().mean(dim=(1, 2, 3)) > 100).long()


def all_light(train, test_images, seed):
    return torch.ones(len(test_images), dtype=torch.int64)


# --- entries ---


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_learns_in_a_few_steps_and_answers_alike_with_the_same_seed(name, greys):
    """Each pass is one step here; what runs is the entry as it is timed."""
    if name.startswith("mobilenet") and not data.available("mobilenet_v2_035"):
        pytest.skip("ImageNet's weights of MobileNetV2 are not on this machine")
    train, test = clock.in_memory(greys, "random", seed=0)
    answers = ENTRIES[name](train, test.images, 0)
    assert (answers.dtype, answers.shape) == (torch.int64, (8,))
    assert set(answers.tolist()) <= {0, 1}
    assert torch.equal(ENTRIES[name](train, test.images, 0), answers)


def lines(entry) -> int:
    return len(inspect.getsource(entry).splitlines())


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_short_and_called_as_in_the_table(name):
    assert lines(ENTRIES[name]) <= entries.LONGEST
    assert ENTRIES[name].__name__ == name
    assert list(inspect.signature(ENTRIES[name]).parameters) == ["train", "test_images", "seed"]


def test_code_has_another_digest_where_it_does_another_thing_and_not_where_it_says_another():
    digests = [entries.code_digest(entry) for entry in ENTRIES.values()]
    assert len(set(digests)) == len(digests)
    source = inspect.getsource(entries)
    assert entries.bare_code(source + "\n# why\n") == entries.bare_code(source)
    assert entries.bare_code(source.replace("An entry", "What", 1)) == entries.bare_code(source)
    assert entries.bare_code(source.replace("LONGEST = 60", "LONGEST = 61")) != entries.bare_code(source)
    ast.parse(entries.bare_code('class A:\n    """A."""\n'))


def test_what_entries_share_counts_as_their_code(monkeypatch, tmp_path):
    before = entries.code_digest(ENTRIES["lite0_one_cycle"])
    changed = tmp_path / "learning.py"
    changed.write_text(inspect.getsource(learning).replace("FORMS = 8", "FORMS = 7"))
    monkeypatch.setattr(entries, "_SHARED", (changed, *entries._SHARED[1:]))
    assert entries.code_digest(ENTRIES["lite0_one_cycle"]) != before


# --- learning ---


def test_passes_learn_what_fit_learns(two_greys):
    """Not the same numbers, since the order is drawn otherwise; the same problem is solved, as well."""
    train, test = two_greys.split((0.8, 0.2), seed=0)
    settings = training.Settings(batch_size=32, peak_lr=3e-3)
    model = small()
    losses = learning.learn(model, train, 4 * [Pass(16)], settings)
    assert losses.shape == (160,)
    assert losses.max() < 0.5
    assert torch.equal(learning.learn(small(), train, 4 * [Pass(16)], settings), losses)
    assert training.evaluate(model, test)[1] == 1


def test_later_passes_show_the_hardest_and_no_other(two_greys, monkeypatch):
    train = two_greys.at(range(50))
    shown: list[torch.Tensor] = []
    inner = learning._losses

    def noted(model, train, chosen, forms, size, smoothing):
        shown.append(chosen)
        return inner(model, train, chosen, forms, size, smoothing) * 0 + chosen  # the later, the harder

    monkeypatch.setattr(learning, "_losses", noted)
    losses = learning.learn(small(), train, [Pass(16), Pass(16, share=0.4)], training.Settings(batch_size=64))
    assert shown[0].sort().values.tolist() == list(range(50))
    assert shown[1].sort().values.tolist() == list(range(30, 50))
    assert losses.tolist() == list(range(50))


def test_a_picture_that_was_never_shown_is_the_hardest(two_greys, monkeypatch):
    shown: list[torch.Tensor] = []
    inner = learning._losses
    monkeypatch.setattr(learning, "_losses", lambda m, t, c, *rest: shown.append(c) or inner(m, t, c, *rest))
    halves = 2 * [Pass(16, share=0.5)]
    losses = learning.learn(small(), two_greys.at(range(40)), halves, training.Settings(batch_size=64))
    assert torch.cat(shown).sort().values.tolist() == list(range(40))
    assert losses.isfinite().all()


def test_passes_have_sizes_of_their_own_and_the_rate_makes_one_cycle(two_greys, monkeypatch):
    sizes, rates = [], []
    inner = training.prepare

    def prepare(pictures, preprocessing, device, *, size, forms):
        sizes.append(size)
        return inner(pictures, preprocessing, device, size=size, forms=forms)

    monkeypatch.setattr(training, "prepare", prepare)
    cycle = learning._cycle

    def noted(*given):
        optimizer, schedule = cycle(*given)
        step = schedule.step
        monkeypatch.setattr(schedule, "step", lambda: (rates.append(schedule.get_last_lr()[0]), step()))
        return optimizer, schedule

    monkeypatch.setattr(learning, "_cycle", noted)
    learning.learn(small(), two_greys.at(range(64)), [Pass(16), Pass(24)], training.Settings(batch_size=8, peak_lr=0.1))
    assert sizes == 8 * [16] + 8 * [24]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(0.1, rel=0.05)
    assert rates == sorted(rates[: top + 1]) + sorted(rates[top + 1 :], reverse=True)


def test_answers_over_eight_forms_are_the_same_for_each_form_of_the_pictures(greys):
    model, images = small(), greys.images[:6]
    answers = learning.over_eight_forms(model, images)
    ask = training.predictor(model)
    shown = [training.turn(images, torch.full((6,), form)) for form in range(8)]
    assert torch.equal(answers, sum(ask(form) for form in shown).argmax(dim=1))
    assert all(torch.equal(learning.over_eight_forms(model, form), answers) for form in shown)


# --- splits ---


@pytest.mark.parametrize("split", splits.SPLITS)
def test_no_test_picture_is_to_be_had_by_an_entry(split, greys):
    train, test = clock.in_memory(greys, split, seed=3)
    assert (len(train), len(test)) == (32, 8)
    assert len(train.store) == 32  # not only the rows: nothing else is behind them
    assert not train.names
    pictures = {picture.numpy().tobytes() for picture in train.store}
    assert pictures.isdisjoint(picture.numpy().tobytes() for picture in test.images)
    assert len(pictures | {picture.numpy().tobytes() for picture in test.images}) == 40


def test_the_random_split_is_another_with_each_seed_and_does_not_balance_classes(greys):
    tests = [splits.at_random(greys, seed)[1] for seed in range(5)]
    assert len({tuple(test.rows.tolist()) for test in tests}) == 5
    assert {test.counts["dark"] for test in tests} != {4}
    assert torch.equal(splits.at_random(greys, 4)[1].rows, tests[4].rows)


def test_the_geographic_test_lies_east_of_all_training(greys):
    train, test = splits.west_to_east(greys, 0)
    assert train.places[:, 0].max() < test.places[:, 0].min()
    assert torch.equal(splits.west_to_east(greys, 1)[1].rows, test.rows)


@pytest.mark.slow
def test_of_eurosat_5400_are_the_test(eurosat):
    assert [len(part) for part in splits.at_random(eurosat, 0)] == [21_600, 5_400]
    assert [len(part) for part in splits.west_to_east(eurosat, 0)] == [21_600, 5_400]


# --- the clock ---


def test_the_clock_counts_the_whole_call_and_nothing_else(greys, monkeypatch):
    passed, inner = [0.0], splits.at_random
    fake = SimpleNamespace(perf_counter=lambda: passed[0], process_time=lambda: 1.5 * passed[0])
    monkeypatch.setattr(clock, "time", fake)

    def at_random(pictures, seed):
        passed[0] += 100
        return inner(pictures, seed)

    def entry(train, test_images, seed):
        passed[0] += 20
        return by_brightness(train, test_images, seed)

    monkeypatch.setitem(splits.SPLITS, "random", at_random)
    found = clock.attempt("entry", entry, greys, split="random", seed=0)
    assert (found.seconds, found.busy) == (20, 1.5)
    assert (found.accuracy, found.balanced, found.n, found.source) == (1, 1, 8, "generated")


def test_the_clock_is_the_wall_s(greys):
    def entry(train, test_images, seed):
        time.sleep(0.2)
        return by_brightness(train, test_images, seed)

    start = time.perf_counter()
    found = clock.attempt("entry", entry, greys, split="random", seed=0)
    assert 0.2 <= found.seconds <= time.perf_counter() - start


def test_balanced_accuracy_is_scikit_learns(greys):
    from sklearn.metrics import balanced_accuracy_score

    found = clock.attempt("light", all_light, greys, split="random", seed=1)
    _, test = splits.at_random(greys, 1)
    assert found.accuracy == pytest.approx(test.counts["light"] / 8) != 0.5
    assert found.balanced == pytest.approx(balanced_accuracy_score(test.labels, torch.ones(8))) == 0.5


def test_an_entry_has_two_threads_and_a_seed_and_leaves_both_as_they_were(greys):
    drawn, before = [], (torch.get_num_threads(), torch.random.get_rng_state())

    def entry(train, test_images, seed):
        drawn.append((torch.get_num_threads(), seed, torch.rand(1).item()))
        return by_brightness(train, test_images, seed)

    for seed in (7, 7, 8):
        clock.attempt("entry", entry, greys, split="random", seed=seed)
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0][:2] == (2, 7)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def more_threads(train, test_images, seed):
    torch.set_num_threads(4)
    return by_brightness(train, test_images, seed)


WRONG = {
    "one too few": (lambda n: torch.zeros(n - 1, dtype=torch.int64), r"7,\) for 8 pictures"),
    "scores": (lambda n: torch.zeros(n, 2), r"float32 \(8, 2\).*argmax"),
    "NaN": (lambda n: torch.full((n,), torch.nan), r"float32 \(8,\).*it wants integers"),
    "no such class": (lambda n: torch.full((n,), 2), r"from 2 to 2; it wants integers \[N\], N ≥ 1, from 0 to 1"),
    "below 0": (lambda n: torch.full((n,), -1), "from -1 to -1"),
    "nothing": (lambda n: None, "got predictions"),
}


@pytest.mark.parametrize("what", WRONG)
def test_predictions_that_are_none_are_refused(what, greys):
    give, complaint = WRONG[what]
    with pytest.raises(ValueError, match=complaint) as refused:
        clock.attempt("mine", lambda train, images, seed: give(len(images)), greys, split="random", seed=0)
    assert str(refused.value).startswith("mine got predictions")


def test_more_threads_than_two_are_refused(greys):
    with pytest.raises(ValueError, match="greedy set torch to 4 threads; the record wants 2"):
        clock.attempt("greedy", more_threads, greys, split="random", seed=0)


def test_a_machine_with_one_core_is_refused(greys, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    with pytest.raises(ValueError, match="a machine with 1 core that may be used; it wants 2"):
        clock.attempt("entry", by_brightness, greys, split="random", seed=0)


def test_pictures_without_places_have_no_geographic_twin(two_greys):
    with pytest.raises(ValueError, match="of which no place is known"):
        clock.attempt("entry", by_brightness, two_greys, split="geographic", seed=0)
