import dataclasses
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from course_lib import training
from course_lib.data import ImageSet
from course_lib.models import HALF
from course_lib.training import Settings, fit

QUICK = Settings(epochs=3, batch_size=32, peak_lr=1e-2)


class Tiny(nn.Module):
    """A network with all that makes a run hard to repeat: dropout and batch statistics."""

    def __init__(self, seed=0):
        super().__init__()
        self.preprocessing = HALF
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                nn.Flatten(), nn.Dropout(0.2), nn.Linear(8, 2),
            )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


def trained(pictures, settings=QUICK, **options):
    model = Tiny()
    train, val = pictures.split((0.8, 0.2))
    run = fit(model, train, val, settings, progress=False, device="cpu", **options)
    return model, run


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_an_easy_problem_is_learned(two_greys, optimizer):
    settings = dataclasses.replace(QUICK, epochs=10, optimizer=optimizer, peak_lr=0.05)
    _, run = trained(two_greys, settings)
    assert run.history[-1].val_accuracy > 0.95
    assert (run.n_train, run.n_val, run.source) == (160, 40, "generated")


def test_same_seed_same_weights_bit_for_bit(two_greys):
    first, _ = trained(two_greys)
    again, _ = trained(two_greys)
    other, _ = trained(two_greys, dataclasses.replace(QUICK, seed=1))
    assert same(first, again)
    assert not same(first, other)


def test_training_does_not_touch_the_random_numbers_of_others(two_greys):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(two_greys)
    assert torch.equal(torch.rand(3), expected)


def test_a_stopped_run_resumes_to_the_same_weights(two_greys, tmp_path, monkeypatch):
    whole, _ = trained(two_greys)
    store = training.run._State.store

    def store_and_stop(state, path):
        store(state, path)
        if state.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.run._State, "store", store_and_stop)
    with pytest.raises(KeyboardInterrupt):
        trained(two_greys, checkpoint=tmp_path / "run.pt")
    monkeypatch.undo()
    resumed, run = trained(two_greys, checkpoint=tmp_path / "run.pt")
    assert same(whole, resumed)
    assert len(run.history) == 3


KILLED = """
import os, sys, torch
from course_lib import training
from course_lib.data import ImageSet
from tests.training.test_run import trained

save, saves = torch.save, 0

def save_half_and_die(content, path):
    global saves
    saves += 1
    save(content, path)
    if saves == 2:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), 9)

torch.set_num_threads(int(sys.argv[3]))  # another number of threads adds up in another order
pictures = ImageSet.of(torch.load(sys.argv[1]), torch.arange(200) % 2, ["dark", "light"])
torch.save = save_half_and_die
trained(pictures, checkpoint=sys.argv[2])
"""


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_checkpoint_loses_one_epoch_at_most(two_greys, tmp_path):
    torch.save(two_greys.images, tmp_path / "pictures.pt")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "pictures.pt"), str(tmp_path / "run.pt")]
    command.append(str(torch.get_num_threads()))
    assert subprocess.run(command, check=False).returncode == -9
    whole, _ = trained(two_greys)
    resumed, run = trained(two_greys, checkpoint=tmp_path / "run.pt")
    assert same(whole, resumed)
    assert len(run.history) == 3


def test_a_checkpoint_of_another_run_is_refused(two_greys, tmp_path):
    trained(two_greys, checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="other settings or other pictures"):
        trained(two_greys, dataclasses.replace(QUICK, seed=9), checkpoint=tmp_path / "run.pt")


def test_early_stop_returns_to_the_best_epoch(two_greys):
    settings = dataclasses.replace(QUICK, epochs=30, peak_lr=0.3, patience=1)
    model, run = trained(two_greys, settings)
    assert run.stopped_early
    assert len(run.history) < 30
    _, val = two_greys.split((0.8, 0.2))
    assert training.evaluate(model, val, settings)[0] == pytest.approx(run.best.val_loss, rel=1e-5)


def test_turn_gives_the_eight_forms_of_the_square():
    picture = torch.arange(3 * 4 * 4, dtype=torch.uint8).reshape(1, 3, 4, 4)
    found = training.turn(picture.expand(8, -1, -1, -1), torch.arange(8))
    expected = [torch.rot90(p, k, (1, 2)) for p in (picture[0], picture[0].flip(2)) for k in range(4)]
    assert {f.numpy().tobytes() for f in found} == {e.contiguous().numpy().tobytes() for e in expected}


def test_every_picture_is_shown_once_an_epoch(two_greys):
    seen = torch.cat([labels for _, labels in training.run._batches(two_greys, HALF, QUICK, 0, "cpu")])
    assert sorted(seen.tolist()) == sorted(two_greys.labels.tolist())


def test_prepare_resizes_and_normalises(two_greys):
    x = training.prepare(two_greys.images[:4], HALF, "cpu", size=24)
    assert x.shape == (4, 3, 24, 24)
    assert x.mean().item() == pytest.approx(((two_greys.images[:4] / 255 - 0.5) / 0.25).mean().item(), abs=0.02)


def test_predictor_is_the_model_as_a_function_of_pictures(two_greys):
    model = Tiny()
    answer = training.predictor(model)(two_greys.images)
    assert torch.equal(answer, training.predict(model, two_greys).softmax(dim=1))
    assert answer.sum(dim=1).allclose(torch.ones(len(two_greys)))


def test_class_weights_balance_the_classes(two_greys):
    uneven = two_greys.at([i for i in range(200) if i % 2 == 0 or i < 40])
    weights = training.run._class_weights(uneven)
    counts = torch.bincount(uneven.labels)
    assert torch.allclose(weights * counts, (weights * counts)[0].expand(2))
    assert (weights[uneven.labels]).mean().item() == pytest.approx(1)


def test_a_run_is_saved_as_json(two_greys, tmp_path):
    _, run = trained(two_greys)
    stored = json.loads(run.save(tmp_path / "run.json").read_text())
    assert stored["settings"]["seed"] == 0
    assert len(stored["history"]) == 3
    assert "n = 40" in str(run)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"batch_size": 0}, {"optimizer": "adam"}, {"peak_lr": 0}, {"warmup": 1}, {"label_smoothing": 1}],
)
def test_bad_settings_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_bad_sets_are_named(two_greys):
    other = ImageSet.of(two_greys.images, two_greys.labels, ["a", "b"])
    with pytest.raises(ValueError, match="empty set val"):
        fit(Tiny(), two_greys, two_greys.at([]), QUICK)
    with pytest.raises(ValueError, match="must be the same"):
        fit(Tiny(), two_greys, other, QUICK)


def test_a_diverged_run_says_so(two_greys):
    with pytest.raises(FloatingPointError, match="learning rate"):
        trained(two_greys, dataclasses.replace(QUICK, optimizer="sgd", peak_lr=1e25))
