import copy
import dataclasses
import functools
import json
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from course_lib import training
from course_lib.data import ImageSet
from course_lib.models import HALF, IMAGENET
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


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_an_easy_problem_is_learned(two_greys, optimizer):
    settings = dataclasses.replace(QUICK, epochs=10, optimizer=optimizer, peak_lr=0.05)
    _, run = trained(two_greys, settings)
    assert run.history[-1].val_accuracy > 0.95
    assert (run.n_train, run.n_val, run.source) == (160, 40, "generated")


@pytest.mark.slow
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
    store = training.progress.Progress.store

    def store_and_stop(state, path):
        store(state, path)
        if state.epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.progress.Progress, "store", store_and_stop)
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
    seen = torch.cat([labels for _, labels in training.batches.batches(two_greys, HALF, QUICK, 0, "cpu")])
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
    weights = torch.from_numpy(training.imbalance.class_weights(uneven.labels, len(uneven.classes))).float()
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


# --- leftovers, shapes, kinds of model ---


@pytest.mark.parametrize(("n", "size"), [(33, 32), (65, 32), (3, 2), (9, 4)])
def test_a_picture_that_is_left_over_joins_the_batch_before(two_greys, n, size):
    batches = list(
        training.batches.batches(two_greys.at(range(n)), HALF, dataclasses.replace(QUICK, batch_size=size), 0, "cpu")
    )
    assert [len(labels) for _, labels in batches] == [size] * (n // size - 1) + [size + 1]


@pytest.mark.parametrize(("n", "size"), [(32, 32), (34, 32), (7, 32), (1, 1), (5, 1), (1, 8)])
def test_other_batches_are_cut_as_ever(n, size):
    edges = training.batches.edges(n, size)
    assert edges == [*range(0, n, size), n]


class Pooled(Tiny):
    """BatchNorm after the pooling: one value per channel and picture."""

    def __init__(self, seed=0):
        super().__init__(seed)
        self.layers[5] = nn.BatchNorm1d(8)


def test_a_leftover_of_one_does_not_break_batch_norm(two_greys):
    run = fit(Pooled(), two_greys.at(range(9)), two_greys.at([0, 1]), dataclasses.replace(QUICK, batch_size=4),
              progress=False, device="cpu")  # fmt: skip
    assert len(run.history) == 3


@pytest.mark.parametrize(("rows", "batch_size"), [([0], 8), ([0, 1, 2], 1)])
def test_one_picture_for_batch_norm_is_named(two_greys, rows, batch_size):
    settings = dataclasses.replace(QUICK, batch_size=batch_size)
    with pytest.raises(ValueError, match=r"^fit got .*BatchNorm"):
        fit(Pooled(), two_greys.at(rows), two_greys, settings, progress=False, device="cpu")


def test_one_picture_is_enough_where_no_statistics_are_taken(two_greys):
    plain = nn.Sequential(nn.Flatten(), nn.Linear(768, 2))
    run = fit(plain, two_greys.at([0]), two_greys.at([0]), QUICK, preprocessing=HALF, progress=False, device="cpu")
    assert run.n_train == 1


def oblong(h=32, w=64, channels=3, n=12) -> ImageSet:
    images = torch.randint(0, 256, (n, channels, h, w), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return ImageSet.of(images, torch.arange(n) % 2, ["a", "b"])


@pytest.mark.parametrize(("h", "w"), [(32, 64), (64, 32), (16, 16), (64, 64)])
def test_size_is_the_height_and_the_width(h, w):
    x = training.prepare(oblong(h, w).images, HALF, "cpu", size=64, forms=torch.arange(12) % 8)
    assert x.shape == (12, 3, 64, 64)
    x = training.prepare(oblong(h, w).images, HALF, "cpu", size=np.int64(64))
    assert x.shape == (12, 3, 64, 64)


def test_oblong_pictures_with_a_size_are_turned_after_it():
    images, forms = oblong().images[:8], torch.arange(8)
    upright = training.prepare(images, HALF, "cpu", size=24)
    assert torch.equal(training.prepare(images, HALF, "cpu", size=24, forms=forms), training.turn(upright, forms))


def test_oblong_pictures_without_a_size_are_mirrored_and_never_turned():
    images = oblong().images[:8]
    found = training.prepare(images, HALF, "cpu", forms=torch.arange(8))
    assert torch.equal(found, HALF(training.turn(images, torch.arange(8) % 4)))
    with pytest.raises(ValueError, match=r"turn got pictures .* swaps rows and columns"):
        training.turn(images, torch.arange(8))


@pytest.mark.parametrize("flips", [True, False])
@pytest.mark.parametrize("size", [None, 16, 64])
def test_oblong_pictures_are_trained_on(flips, size):
    settings = dataclasses.replace(QUICK, epochs=1, flips=flips, size=size)
    if flips and size is None:
        with pytest.warns(UserWarning, match="32×64 are not square: flips=True mirrors them"):
            run = fit(Tiny(), oblong(), oblong(), settings, progress=False, device="cpu")
    else:
        run = fit(Tiny(), oblong(), oblong(), settings, progress=False, device="cpu")
    assert len(run.history) == 1


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("size", [0, -3, 2.5, True])
def test_wrong_channels_and_sizes_are_named(two_greys, channels, size):
    odd = oblong(16, 16, channels)
    for ask in (
        lambda: fit(Tiny(), odd, odd, QUICK, progress=False, device="cpu"),
        lambda: training.predict(Tiny(), odd),
    ):
        with pytest.raises(ValueError, match=r"expand\(-1, 3, -1, -1\)"):
            ask()
    with pytest.raises(ValueError, match=r"^fit got train pictures of 3 channels and val pictures of"):
        fit(Tiny(), two_greys, ImageSet.of(odd.images, odd.labels, two_greys.classes), QUICK)
    with pytest.raises(ValueError, match=r"refuses inputs .* channels"):
        training.predict(Tiny(), odd, preprocessing=lambda pictures: pictures.float())
    with pytest.raises(ValueError, match="got size="):
        training.predict(Tiny(), two_greys, size=size)


def grey_network(channels) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_other_channels_and_dtypes_are_trained_where_the_model_takes_them(channels, dtype):
    pictures, settings = oblong(16, 16, channels), dataclasses.replace(QUICK, balance_classes=True)
    model = grey_network(channels).to(dtype)
    run = fit(model, pictures, pictures, settings, preprocessing=lambda p: p / 255, progress=False, device="cpu")
    assert len(run.history) == 3
    answer = training.predict(model, pictures, preprocessing=lambda p: p / 255)
    assert (answer.shape, answer.dtype) == ((12, 2), torch.float32)


class Each(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, pictures):
        return pictures / self.factor


class Gives(nn.Module):
    """`layers`, and something made of what they give."""

    def __init__(self, make):
        super().__init__()
        self.make, self.inner, self.preprocessing = make, Tiny(), HALF

    def forward(self, x):
        return self.make(self.inner(x))


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    loss: torch.Tensor | None = None


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda y: (y, y), r"a tuple of \(\d+, 2\) and \(\d+, 2\)"),
        (lambda y: {"logits": y}, r"a dict with 'logits'.*output\['logits'\]"),
        (lambda y: Answer(y), "a Answer with the fields logits, loss"),
        (lambda y: [y], "a list of"),
        (lambda y: y[:, 0], r"\(\d+,\) for"),
        (lambda y: y[..., None, None], r"\(\d+, 2, 1, 1\).*pooling"),
        (lambda y: y[:1], r"\(1, 2\) for"),
        (lambda y: None, "a NoneType"),
        (lambda y: y.argmax(1, keepdim=True), "torch.int64"),
    ],
)
def test_what_is_no_logits_is_named(two_greys, make, complaint):
    with pytest.raises(ValueError, match=f"^predict got a model that gives .*{complaint}"):
        training.predict(Gives(make), two_greys)
    with pytest.raises(ValueError, match=f"^fit got a model that gives .*{complaint}"):
        fit(Gives(make), two_greys, two_greys, QUICK, progress=False, device="cpu")


def test_too_few_logits_are_named(two_greys):
    with pytest.raises(ValueError, match="gives 1 logits for 2 classes; it wants one"):
        fit(Gives(lambda y: y[:, :1]), two_greys, two_greys, QUICK, progress=False, device="cpu")
    more = Gives(lambda y: torch.cat([y, y], dim=1))
    with pytest.raises(ValueError, match="balance_classes=True and a model that gives 4 logits for 2"):
        fit(more, two_greys, two_greys, dataclasses.replace(QUICK, balance_classes=True), progress=False, device="cpu")
    assert len(fit(more, two_greys, two_greys, QUICK, progress=False, device="cpu").history) == 3


def test_a_plain_network_works_with_a_preprocessing_and_says_so_without(two_greys):
    model = torchvision.models.squeezenet1_1(weights=None, num_classes=2)
    pictures, settings = two_greys.at(range(8)), Settings(epochs=1, batch_size=4, size=32)
    asks = (
        lambda **more: fit(model, pictures, pictures, settings, progress=False, device="cpu", **more),
        lambda **more: training.predict(model, pictures, size=32, **more),
        lambda **more: training.predictor(model, size=32, **more)(pictures.images),
        lambda **more: training.evaluate(model, pictures, settings, **more),
    )
    for ask in asks:
        with pytest.raises(ValueError, match=r"got a model \(SqueezeNet\) without a `preprocessing`.*models.IMAGENET"):
            ask()
        ask(preprocessing=IMAGENET)
    asks[0](preprocessing=torchvision.transforms._presets.ImageClassification(crop_size=32, resize_size=32))


@pytest.mark.parametrize(
    ("preprocessing", "complaint"),
    [
        (lambda p: p, "gives torch.uint8"),
        (lambda p: p.float()[0], r"gives torch.float32 \(3, 16, 16\)"),
        (lambda p: p.numpy(), "gives a ndarray"),
        ("imagenet", "preprocessing='imagenet'; it wants a function"),
    ],
)
def test_a_wrong_preprocessing_is_named(two_greys, preprocessing, complaint):
    with pytest.raises(ValueError, match=complaint):
        training.predict(Tiny(), two_greys, preprocessing=preprocessing)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"settings": {"epochs": 3}}, "settings of dict"),
        ({"model": lambda x: x}, "a model of function"),
        ({"train": [1]}, "train of list"),
        ({"model": Tiny().requires_grad_(False)}, "none has requires_grad"),
    ],
)
def test_what_fit_cannot_use_is_named(two_greys, change, complaint):
    given = {"model": Tiny(), "train": two_greys, "val": two_greys, "settings": QUICK} | change
    with pytest.raises(ValueError, match=f"^fit got .*{complaint}"):
        fit(*given.values(), progress=False)


# --- precision and modes ---


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_autocast_is_asked_for_on_cuda_and_only_with_auto(precision, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "autocast", lambda device, **options: asked.append((device, options)))
    training.devices.autocast(torch.device("cuda"), precision)
    training.devices.autocast(torch.device("cpu"), precision)
    assert [(device, options["enabled"]) for device, options in asked] == [
        ("cuda", precision == "auto"),
        ("cpu", False),
    ]


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_every_way_to_ask_keeps_to_the_precision(two_greys, precision, monkeypatch):
    """A spy, since this machine may have no CUDA: what `predict` hands to autocast is what it was asked for."""
    seen, real = [], training.devices.autocast
    monkeypatch.setattr(training.devices, "autocast", lambda device, p: seen.append(p) or real(device, p))
    model, settings = Tiny(), dataclasses.replace(QUICK, precision=precision)
    training.predict(model, two_greys, precision=precision)
    training.predictor(model, precision=precision)(two_greys.images)
    training.evaluate(model, two_greys, settings)
    fit(model, two_greys, two_greys, settings, progress=False, device="cpu")
    assert len(seen) > 6
    assert set(seen) == {precision}


@pytest.mark.parametrize("wrong", [{"precision": "fp16"}, {"batch_size": 0}, {"batch_size": -1}, {"batch_size": 2.0}])
def test_wrong_ways_to_ask_are_named(two_greys, wrong):
    with pytest.raises(ValueError, match=f"^predict got {next(iter(wrong))}="):
        training.predict(Tiny(), two_greys, **wrong)


@pytest.mark.parametrize("fails", [False, True])
def test_every_part_keeps_its_own_mode(two_greys, fails):
    model = Gives((lambda y: (y, y)) if fails else (lambda y: y)).train()
    model.inner.layers[1].eval()  # frozen by hand
    before = [part.training for part in model.modules()]
    try:
        training.predict(model, two_greys)
    except ValueError:
        assert fails
    assert [part.training for part in model.modules()] == before
    assert not model.inner.layers[1].training


# --- NaN, and other things that cannot be learned from ---


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_no_accuracy(two_greys, value):
    def broken(y):
        return torch.cat([y[:-1], torch.full_like(y[-1:], value)])

    with pytest.raises(ValueError, match=r"^evaluate got a model that gives NaN or infinite logits for 1 of 200"):
        training.evaluate(Gives(broken), two_greys)
    ruled_out = Gives(lambda y: y.index_fill(1, torch.tensor(2), float("-inf")))
    ruled_out.inner.layers[-1] = nn.Linear(8, 3)
    assert np.isfinite(training.evaluate(ruled_out, two_greys)[0])


def test_a_model_that_is_broken_after_the_last_step_says_so(two_greys):
    model = Tiny()
    model.layers[1].register_forward_hook(lambda m, _, y: y if m.training else y * float("nan"))
    with pytest.raises(FloatingPointError, match=r"after epoch 1 the model gives NaN .* learning rate"):
        fit(model, two_greys, two_greys, QUICK, progress=False, device="cpu")


def own_deviation(pictures):
    x = pictures.float() / 255
    return x / x.std(dim=(1, 2, 3), keepdim=True)


def test_a_preprocessing_that_gives_nan_is_not_blamed_on_the_learning_rate(two_greys):
    images = two_greys.images.clone()
    images[7] = 0
    flat = ImageSet.of(images, two_greys.labels, two_greys.classes)
    with pytest.raises((ValueError, FloatingPointError), match=r"preprocessing gives NaN or infinite") as caught:
        fit(Tiny(), flat, two_greys, QUICK, preprocessing=own_deviation, progress=False, device="cpu")
    assert "learning rate" not in str(caught.value)
    with pytest.raises(FloatingPointError, match=r"validation pictures. The preprocessing gives NaN .* picture 7"):
        fit(Tiny(), two_greys, flat, QUICK, preprocessing=own_deviation, progress=False, device="cpu")
    with pytest.raises(ValueError, match=r"preprocessing that gives NaN .* 32 of the 32 pictures of the first batch"):
        fit(Tiny(), flat, flat, QUICK, preprocessing=lambda p: p / torch.zeros(1), progress=False, device="cpu")


def refuse(error):
    def raise_it(*_):
        raise error

    return raise_it


@pytest.mark.parametrize("error", [AssertionError("Wrong image height! Expected 224"), ValueError("expected 4D input")])
def test_a_network_of_another_size_is_named(two_greys, error):
    for who, ask in (
        ("predict", lambda model: training.predict(model, two_greys)),
        ("fit", lambda model: fit(model, two_greys, two_greys, QUICK, progress=False, device="cpu")),
    ):
        with pytest.raises(ValueError, match=rf"^{who} got a model that refuses inputs .*{error}.*size"):
            ask(Gives(refuse(error)))


@pytest.mark.parametrize("pictures", [None, [1], torch.zeros(2, 3, 8, 8, dtype=torch.uint8)])
def test_what_is_no_set_is_named(pictures):
    for who, ask in (("predict", training.predict), ("evaluate", training.evaluate)):
        with pytest.raises(ValueError, match=rf"^{who} got pictures of {type(pictures).__name__}; it wants a data.Im"):
            ask(Tiny(), pictures)


def test_settings_of_another_kind_are_named_by_evaluate(two_greys):
    with pytest.raises(ValueError, match=r"^evaluate got settings of dict; it wants training\.Settings"):
        training.evaluate(Tiny(), two_greys, {})


def test_a_preprocessing_of_one_picture_is_named(two_greys):
    to_tensor = torchvision.transforms.ToTensor()
    for ask in (
        lambda: training.predict(Tiny(), two_greys, preprocessing=to_tensor),
        lambda: fit(Tiny(), two_greys, two_greys, QUICK, preprocessing=to_tensor, progress=False, device="cpu"),
    ):
        with pytest.raises(ValueError, match=r"got a preprocessing that refuses uint8 .*; it wants a function of a wh"):
            ask()


@pytest.mark.parametrize("block", [torch.no_grad, torch.inference_mode])
def test_fit_without_gradients_is_named(two_greys, block):
    model = Tiny()
    with block(), pytest.raises(ValueError, match=r"^fit was called where no gradients are kept"):
        fit(model, two_greys, two_greys, QUICK, progress=False, device="cpu")


def test_a_model_that_detaches_is_named_and_keeps_its_modes(two_greys):
    model = Gives(lambda y: y.detach()).eval()
    model.inner.layers[5].train()
    before = [part.training for part in model.modules()]
    with pytest.raises(ValueError, match=r"^fit got a model whose logits carry no gradient"):
        fit(model, two_greys, two_greys, QUICK, progress=False, device="cpu")
    assert [part.training for part in model.modules()] == before


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", 1.5])
def test_a_device_that_is_not_there_is_named(two_greys, device):
    for who, ask in (
        ("predict", lambda: training.predict(Tiny(), two_greys, device=device)),
        ("fit", lambda: fit(Tiny(), two_greys, two_greys, QUICK, device=device, progress=False)),
    ):
        with pytest.raises(ValueError, match=rf"^{who} got device={device!r}, which .*; it wants"):
            ask()


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_highest_settings_give_no_error_of_torch(two_greys, optimizer):
    highest = dataclasses.replace(QUICK, peak_lr=1e30, weight_decay=1e6, optimizer=optimizer)
    with pytest.raises(FloatingPointError, match="learning rate"):
        trained(two_greys, highest)
    for wrong in ({"peak_lr": 1e308}, {"weight_decay": 1e300}):
        with pytest.raises(ValueError, match=f"^Settings got {next(iter(wrong))}="):
            Settings(**wrong)


# --- checkpoints ---


def stopped(pictures, path, monkeypatch, **options):
    """A run that is killed after its second epoch; what it kept is at `path`."""
    store = training.progress.Progress.store

    def store_and_stop(state, path):
        store(state, path)
        if state.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.progress.Progress, "store", store_and_stop)
        with pytest.raises(KeyboardInterrupt):
            trained(pictures, checkpoint=path, **options)


def relabelled(pictures):
    return ImageSet.of(pictures.images, pictures.labels.roll(1), pictures.classes)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("other labels", lambda train, val: (relabelled(train), val)),
        ("another validation set", lambda train, val: (train, relabelled(val))),
        ("another validation set", lambda train, val: (train, val.at(range(9)))),
        ("other pictures", lambda train, val: (train.at(range(100)), val)),
        ("other labels", lambda train, val: (renamed(train), renamed(val))),
    ],
)
def test_a_run_on_other_labels_or_pictures_takes_up_nothing(two_greys, tmp_path, monkeypatch, what, change):
    path = tmp_path / "run.pt"
    stopped(two_greys, path, monkeypatch)
    kept = path.read_bytes()
    train, val = change(*two_greys.split((0.8, 0.2)))
    model = Tiny()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with pytest.raises(ValueError, match=f"other settings or other pictures.*: here with .*{what}"):
        fit(model, train, val, QUICK, checkpoint=path, progress=False, device="cpu")
    assert path.read_bytes() == kept
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def renamed(pictures):
    return ImageSet.of(pictures.images, pictures.labels, ["a", "b"])


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("another model", lambda model: setattr(model, "layers", Pooled().layers)),
        ("another model", lambda model: model.layers[0].requires_grad_(False)),
        ("another preprocessing", lambda model: setattr(model, "preprocessing", IMAGENET)),
        ("another preprocessing", lambda model: setattr(model, "preprocessing", lambda p: p / 255)),
    ],
)
def test_another_model_takes_up_nothing(two_greys, tmp_path, monkeypatch, what, change):
    stopped(two_greys, tmp_path / "run.pt", monkeypatch)
    model = Tiny()
    change(model)
    with pytest.raises(ValueError, match=f"here with {what}"):
        fit(model, *two_greys.split((0.8, 0.2)), QUICK, checkpoint=tmp_path / "run.pt", progress=False, device="cpu")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def bent(path):
    content = bytearray(path.read_bytes())
    weights = torch.load(path, weights_only=True)["model"]["layers.6.weight"].numpy().tobytes()
    content[content.index(weights)] ^= 1
    path.write_bytes(content)


def put_in(**changes):
    def change(path):
        stored = torch.load(path, weights_only=True)
        torch.save(stored | changes, path)

    return change


def foldered(path):
    path.unlink()
    path.mkdir()
    (path / "data.pkl").write_bytes(b"what an unpacker leaves")


class Code:
    def __reduce__(self):
        return (print, ("run!",))


EPOCH = [field.name for field in dataclasses.fields(training.Epoch)]
DAMAGES = {
    "cut": cut,
    "one bit turned": bent,
    # zipfile then looks for its parts before the file's beginning, which is an OSError and no fault of the disk.
    "a piece is missing": lambda path: path.write_bytes((whole := path.read_bytes())[:2000] + whole[2400:]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(9_000)),
    "a pointer": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    "code, packed": lambda path: torch.save({"run": Code()}, path),
    "an older one": put_in(run='{"epochs": 3, "train": "abc"}'),
    "no optimizer": put_in(optimizer={}),
    "no model": put_in(model={}),
    "another model": put_in(model=Pooled().state_dict()),
    "no schedule": put_in(schedule={}),
    "no history": put_in(history=[{"val_loss": 1.0}]),
    "nothing best": put_in(best_weights=None),
    "foreign best weights": put_in(best_weights={"a": torch.zeros(2)}),
    "a longer history": put_in(history=[dict.fromkeys(EPOCH, 0.5)] * 4),
    "a shorter history": put_in(history=[dict.fromkeys(EPOCH, 0.5)]),
    "words for numbers": put_in(history=[dict.fromkeys(EPOCH, "0.5")] * 2),
    "no answer": put_in(answer=None),
}
# What a learner has there, and no run wrote: it stays where it is.
FOREIGN = {
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 40),
    "text": lambda path: path.write_text("<!DOCTYPE html>"),
    "another archive": lambda path: zipfile.ZipFile(path, "w").writestr("notes.txt", "mine"),
    "a folder": foldered,
    "code": lambda path: path.write_bytes(pickle.dumps(Code())),
    "weights alone": lambda path: torch.save(Tiny().state_dict(), path),
    "a list": lambda path: torch.save([1, 2], path),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_set_aside_and_training_starts_anew(two_greys, tmp_path, monkeypatch, damage, capsys):
    path = tmp_path / "run.pt"
    stopped(two_greys, path, monkeypatch)
    DAMAGES[damage](path)
    kept = path.read_bytes() if path.is_file() else b""
    with pytest.warns(UserWarning, match=r"run.pt cannot be used: .*moved to run.pt.aside, and training") as w:
        model, run = trained(two_greys, checkpoint=path)
    assert "weights_only" not in str(w[0].message)
    assert same(model, trained(two_greys)[0])
    assert len(run.history) == 3
    aside = tmp_path / "run.pt.aside"
    assert aside.read_bytes() == kept
    assert "run!" not in capsys.readouterr().out
    again, _ = trained(two_greys, checkpoint=path)  # what was written instead is sound
    assert same(model, again)


@pytest.mark.parametrize("name", ["run.pt", "v1.0"])
@pytest.mark.parametrize("what", FOREIGN)
def test_what_no_run_wrote_stays_and_is_refused(two_greys, tmp_path, what, name, capsys):
    path = tmp_path / name
    path.touch()
    FOREIGN[what](path)
    kept = path.read_bytes() if path.is_file() else sorted(path.iterdir())
    with pytest.raises(ValueError, match=r"^fit got checkpoint=.*; it wants a (checkpoint|file)"):
        trained(two_greys, checkpoint=path)
    assert (path.read_bytes() if path.is_file() else sorted(path.iterdir())) == kept
    assert list(tmp_path.iterdir()) == [path]
    assert "run!" not in capsys.readouterr().out


@pytest.mark.parametrize("path", ["", " ", 3, False])
def test_no_path_for_a_checkpoint_is_named(two_greys, path):
    with pytest.raises(ValueError, match=r"^fit got checkpoint=.*it wants a file"):
        trained(two_greys, checkpoint=path)


@pytest.mark.parametrize("below", ["run.pt", "deep/run.pt"])
def test_a_checkpoint_below_a_file_is_named(two_greys, tmp_path, below):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"^fit got checkpoint=.*is a file"):
        trained(two_greys, checkpoint=tmp_path / "file" / below)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_best_epoch_is_kept_over_a_stop(two_greys, tmp_path, monkeypatch):
    patient = dataclasses.replace(QUICK, patience=5)
    whole, _ = trained(two_greys, patient)
    stopped(two_greys, tmp_path / "run.pt", monkeypatch, settings=patient)
    assert same(whole, trained(two_greys, patient, checkpoint=tmp_path / "run.pt")[0])


def scaled(factor):
    return lambda p: p.float() / factor


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (scaled(255), scaled(127)),
        (functools.partial(torch.div, other=255.0), functools.partial(torch.div, other=128.0)),
        (nn.Sequential(Each(255.0)), nn.Sequential(Each(100.0))),
        (lambda p: p.float() / 255, lambda p: p.float().flip(1) / 255),
    ],
)
def test_another_preprocessing_of_the_same_name_takes_up_nothing(two_greys, tmp_path, monkeypatch, first, second):
    path = tmp_path / "run.pt"
    stopped(two_greys, path, monkeypatch, preprocessing=first)
    with pytest.raises(ValueError, match="here with another preprocessing"):
        trained(two_greys, checkpoint=path, preprocessing=second)
    trained(two_greys, checkpoint=path, preprocessing=first)


@pytest.mark.slow
def test_a_preprocessing_of_chance_is_taken_up(two_greys, tmp_path, monkeypatch):
    for noise in (lambda p: p + torch.rand(1), lambda p: p + torch.tensor(np.random.default_rng().random()).float()):
        path = tmp_path / "run.pt"
        stopped(two_greys, path, monkeypatch, preprocessing=noise)
        assert len(trained(two_greys, checkpoint=path, preprocessing=noise)[1].history) == 3
        path.unlink()


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.layers.__setitem__(2, nn.Tanh()),
        lambda model: model.layers.__setitem__(5, nn.Dropout(0.7)),
        lambda model: setattr(model.layers[0], "stride", (2, 2)),
        lambda model: setattr(model.layers[2], "forward", torch.sin),
    ],
)
def test_another_model_with_the_same_weights_takes_up_nothing(two_greys, tmp_path, monkeypatch, change):
    path = tmp_path / "run.pt"
    stopped(two_greys, path, monkeypatch)
    kept, model = path.read_bytes(), Tiny()
    change(model)
    before = copy.deepcopy(model)
    with pytest.raises(ValueError, match="here with another model"):
        fit(model, *two_greys.split((0.8, 0.2)), QUICK, checkpoint=path, progress=False, device="cpu")
    assert same(model, before)
    assert path.read_bytes() == kept


def test_what_was_set_aside_before_stays(two_greys, tmp_path):
    for number, content in enumerate((b"PK one data.pkl", b"PK two data.pkl")):
        (tmp_path / "run.pt").write_bytes(content)
        with pytest.warns(UserWarning, match=f"moved to run.pt.aside{number or ''},"):
            trained(two_greys, checkpoint=tmp_path / "run.pt")
    assert [(tmp_path / f"run.pt.aside{k}").read_bytes() for k in ("", "1")] == [
        b"PK one data.pkl",
        b"PK two data.pkl",
    ]


def test_a_checkpoint_in_a_folder_that_is_not_there_and_one_that_is_a_folder(two_greys, tmp_path):
    trained(two_greys, checkpoint=tmp_path / "deep" / "er" / "run.pt")
    assert (tmp_path / "deep" / "er" / "run.pt").is_file()
    with pytest.raises(ValueError, match=r"which is a folder; it wants a file, such as .*run.pt"):
        trained(two_greys, checkpoint=tmp_path / "deep")
    assert (tmp_path / "deep").is_dir()


def test_a_best_epoch_is_no_nan():
    epochs = [training.Epoch(1.0, 0.5, loss, 0.5, 1.0) for loss in (float("nan"), 2.0, 1.0)]
    assert training.Run(QUICK, tuple(epochs), 1, 1, "real", "cpu", 1.0).best is epochs[2]
