"""What comes back is the model that was saved; what could not come back is refused; what is no model is named."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from course_lib import models
from course_lib.models.norm import KINDS, freeze_norm, with_norm
from tests.training.test_run import same

CLASSES = ("dark", "light")


def make(**options) -> models.Classifier:
    return models.Classifier(models.backbone("texture_net", weights="random"), CLASSES, **options)


def moved(model: models.Classifier) -> models.Classifier:
    """With statistics and weights that no new network has."""
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                tensor.add_(torch.rand_like(tensor) / 10)
    return model


def twin_of(model, tmp_path):
    return models.load(models.save(model, tmp_path / "model.safetensors"))


def assert_is_back(model, tmp_path) -> models.Classifier:
    modes = [part.training for part in model.modules()]
    again = twin_of(model, tmp_path)
    assert [part.training for part in model.modules()] == modes
    x = torch.randn(2, 3, 64, 64, dtype=next(model.parameters()).dtype)
    assert same(model, again)
    assert [t.dtype for t in model.state_dict().values()] == [t.dtype for t in again.state_dict().values()]
    assert list(model.state_dict()) == list(again.state_dict())
    assert repr(again) == repr(model)
    assert torch.equal(model.eval()(x), again(x))
    assert [p.requires_grad for p in model.parameters()] == [p.requires_grad for p in again.parameters()]
    assert (again.classes, again.frozen, again.preprocessing) == (model.classes, model.frozen, model.preprocessing)
    return again


CHANGES = {
    "nothing": lambda model: None,
    "frozen averages": freeze_norm,
    **{f"{kind} norm": lambda model, kind=kind: with_norm(model, kind) for kind in KINDS},
    "double": lambda model: model.double(),
    "half": lambda model: model.bfloat16(),
    "some frozen by hand": lambda model: model.backbone.body[0].requires_grad_(False),
    "another preprocessing": lambda model: setattr(model.backbone, "preprocessing", models.CAFFE),
    "in inference mode, in parts": lambda model: model.eval().head.train(),
    "channels last": lambda model: model.to(memory_format=torch.channels_last),
    "no numbers": lambda model: model.head[-1].weight.data.fill_(float("nan")),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", [name for name in CHANGES if name != "no numbers"])
def test_what_is_saved_comes_back(tmp_path, change):
    model = moved(make(hidden=(8,), dropout=0.1))
    CHANGES[change](model)
    assert_is_back(model, tmp_path)


@pytest.mark.parametrize("options", [{}, {"frozen": True}, {"pooling": "mean"}, {"hidden": (5, 4)}, {"dropout": 0.5}])
def test_what_a_classifier_was_made_with_comes_back(tmp_path, options):
    assert_is_back(moved(make(**options)), tmp_path)


def test_a_diverged_model_can_still_be_kept(tmp_path):
    model = make()
    CHANGES["no numbers"](model)
    assert twin_of(model, tmp_path).head[-1].weight.isnan().all()


def test_training_goes_on_as_it_would_have(tmp_path):
    """Frozen averages, frozen layers and dropout: what counts in training only comes back too."""
    model = moved(make(dropout=0.3))
    freeze_norm(model)
    again = twin_of(model, tmp_path).train()
    x = torch.randn(4, 3, 64, 64)
    answers = []
    for one in (model.train(), again):
        torch.manual_seed(0)
        answers.append(one(x))
    assert torch.equal(*answers)


class Leaky(nn.ReLU):
    def forward(self, x):
        return nn.functional.leaky_relu(x, 0.5)

    def _get_name(self):
        return "ReLU"


class Twice(models.Classifier):
    def forward(self, x):
        return 2 * super().forward(x)


def in_body(place, layer):
    return lambda model: model.backbone.body.__setitem__(place, layer)


REFUSED = {
    "a layer of another kind": (in_body(1, nn.GELU()), "GELU.* and would be ReLU"),
    "a layer that looks the same": (in_body(1, Leaky()), "looks the same and answers otherwise"),
    "a layer more": (lambda model: model.head.append(nn.Linear(2, 2)), r"part 'head.1' is Linear.* would be nothing"),
    "a layer less": (in_body(3, nn.Identity()), "could not build again"),
    "another dropout": (lambda model: model.head.insert(0, nn.Dropout(0.3)), "could not build again"),
    "another eps": (lambda model: setattr(model.backbone.body[0][1], "eps", 0.1), "eps=0.1"),
    "other classes": (lambda model: setattr(model, "classes", ("a", "b", "c")), "out_features=3"),
    "another pooling": (lambda model: setattr(model, "pooling", "mean"), "could not build again"),
    "numbers for names": (lambda model: setattr(model, "classes", (0, 1)), "it wants names"),
    "a function for preprocessing": (
        lambda model: setattr(model.backbone, "preprocessing", lambda p: p / 255),
        "funct",
    ),
    "a hook": (lambda model: model.backbone.register_forward_hook(lambda *_: None), "a hook .*in 'backbone'"),
    "a forward of its own": (lambda model: setattr(model.head, "forward", lambda x: x[:, :2]), "forward of its own"),
    "spectral norm": (lambda model: nn.utils.parametrizations.spectral_norm(model.head[0]), "could not build again"),
    "weight norm": (lambda model: nn.utils.parametrizations.weight_norm(model.head[0]), "could not build again"),
    "a backbone of one's own": (lambda model: setattr(model.backbone, "name", "mine"), "backbone 'mine'"),
    "tied weights": (lambda model: setattr(model.head[2], "weight", model.head[0].weight), "are tied"),
    "tied buffers": (lambda model: setattr(model.head[2], "bias", model.head[0].bias), "are tied"),
    "a number more": (lambda model: model.register_buffer("scale", torch.ones(1)), "scale"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", REFUSED)
def test_what_cannot_be_rebuilt_is_refused_and_nothing_is_written(tmp_path, change):
    model = moved(make(hidden=(32,)) if change.startswith("tied") else make())
    REFUSED[change][0](model)
    with pytest.raises(ValueError, match=f"^save got .*{REFUSED[change][1]}"):
        models.save(model, tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", [models.SmallCNN(), Twice(models.backbone("texture_net"), "ab")])
def test_another_network_is_refused_by_name(tmp_path, other):
    with pytest.raises(
        ValueError, match=rf"save got a {type(other).__name__}; it wants a models.Classifier.*state_dict"
    ):
        models.save(other, tmp_path / "model.safetensors")


def test_numbers_of_numpy_come_back(tmp_path):
    model = moved(make(hidden=(np.int64(8),), dropout=np.float32(0.25), frozen=np.bool_(True)))
    model.backbone.preprocessing = models.Preprocessing(
        np.float64(1), np.array([1.0, 2, 3]), np.array([1.0, 2, 3]), "BGR"
    )
    again = twin_of(model, tmp_path)
    assert same(model, again)
    assert (again.hidden, again.dropout, again.preprocessing) == ((8,), 0.25, model.preprocessing)


def test_a_path_that_no_file_can_have_is_named_and_nothing_is_lost(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for path in ("folder", "file/model.safetensors", "file/deep/model.safetensors"):
        with pytest.raises(ValueError, match=r"^save got .*it wants a file"):
            models.save(make(), tmp_path / path)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("place", [-1, -1000, -20_000, "light", "sha256"])
def test_a_bit_that_was_turned_is_seen(tmp_path, place):
    path = models.save(moved(make()), tmp_path / "model.safetensors")
    content = bytearray(path.read_bytes())
    at = place if isinstance(place, int) else content.index(place.encode()) + (0 if place == "light" else 12)
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^load got model.safetensors, which is damaged"):
        models.load(path)


def test_a_folder_is_made_for_it(tmp_path):
    assert models.save(make(), tmp_path / "a" / "b" / "model.safetensors").is_file()


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = moved(make())
    files = {models.save(model, tmp_path / f"{k}.safetensors").read_bytes() for k in range(8)}
    assert len(files) == 1


@pytest.mark.parametrize("sound", [True, False])
def test_a_digest_in_an_entry_of_its_own_is_compared(tmp_path, sound):
    path = models.save(moved(make()), tmp_path / "model.safetensors")
    with safe_open(path, framework="pt") as file:
        sealed = json.loads(file.metadata()["classifier"])
    digest = sealed["sha256"] if sound else "0" * 64
    save_file(load_file(path), path, metadata={"classifier": sealed["about"], "sha256": digest})
    if sound:
        assert models.load(path).classes
    else:
        with pytest.raises(ValueError, match="which is damaged"):
            models.load(path)


def test_a_file_of_an_older_version_is_read(tmp_path):
    model = moved(make(frozen=True, hidden=(8,)))
    path = models.save(model, tmp_path / "model.safetensors")
    with safe_open(path, framework="pt") as file:
        about = json.loads(json.loads(file.metadata()["classifier"])["about"])
    for name in ("norm", "preprocessing", "still"):
        about.pop(name)
    save_file(load_file(path), path, metadata={"classifier": json.dumps(about)})
    assert same(models.load(path), model)


# --- what is no model ---


class Code:
    def __reduce__(self):
        return (print, ("run!",))


def rewritten(**changes):
    def change(path):
        with safe_open(path, framework="pt") as file:
            about = json.loads(json.loads(file.metadata()["classifier"])["about"])
        save_file(load_file(path), path, metadata={"classifier": json.dumps(about | changes)})

    return change


SEALED_NUMBER = json.dumps({"about": 3, "sha256": "0" * 64})


def content(new: bytes):
    return lambda path: path.write_bytes(new)


WRONG = {
    "torch.save": (lambda path: torch.save(make().state_dict(), path), "PyTorch or pickle file.*weights_only=True"),
    "torch.save of code": (lambda path: torch.save(Code(), path), "PyTorch or pickle file"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps(Code())), "PyTorch or pickle file"),
    "an old pickle": (lambda path: path.write_bytes(pickle.dumps(Code(), protocol=0)), "no safetensors file"),
    "cut in half": (lambda path: path.write_bytes(path.read_bytes()[:50_000]), "cut short"),
    "cut in the header": (lambda path: path.write_bytes(path.read_bytes()[:100]), "cut short"),
    "cut by a byte": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "cut short"),
    "cut after 5": (lambda path: path.write_bytes(path.read_bytes()[:5]), "damaged"),
    "empty": (content(b""), "empty"),
    "a pointer": (content(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), "git lfs pull"),
    "a page": (content(b"<!DOCTYPE html><html>404</html>"), "no safetensors file"),
    "zeros": (content(bytes(5_000)), "damaged"),
    "Keras": (content(b"\x89HDF\r\n\x1a\n" + bytes(99)), "HDF5"),
    "no description": (lambda path: save_file({"a": torch.zeros(1)}, path), "no classifier.*load_state_dict"),
    "no JSON": (lambda path: save_file(load_file(path), path, metadata={"classifier": "{"}), "does not fit"),
    "brackets": (lambda path: save_file(load_file(path), path, metadata={"classifier": "[" * 9999}), "does not fit"),
    "a number": (lambda path: save_file(load_file(path), path, metadata={"classifier": SEALED_NUMBER}), "damaged"),
    "a list": (lambda path: save_file(load_file(path), path, metadata={"classifier": "[1]"}), "does not fit"),
    "a backbone of the future": (rewritten(backbone="vit_h"), "newer version.*"),
    "an argument of the future": (rewritten(colour="red"), "colour"),
    "other classes": (rewritten(classes=["a", "b", "c"]), "size mismatch"),
    "a preprocessing that fits no pixels": (
        rewritten(preprocessing={"scale": 0.0, "mean": [0.5] * 3, "std": [0.5] * 3, "order": "RGB"}),
        "scale=0.0",
    ),
    "numbers for preprocessing": (rewritten(preprocessing={"mean": 3}), "does not fit"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_model_is_named_and_never_run(tmp_path, what, capsys):
    path = models.save(make(), tmp_path / "mine.safetensors")
    WRONG[what][0](path)
    with pytest.raises(ValueError, match=f"^load got mine.safetensors, .*{WRONG[what][1]}"):
        models.load(path)
    assert "run!" not in capsys.readouterr().out


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ValueError, match="which is a folder"):
        models.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing.safetensors.*Save a model there first"):
        models.load(tmp_path / "nothing.safetensors")
