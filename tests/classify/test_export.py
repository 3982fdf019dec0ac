"""model.onnx answers as PyTorch does, and says what it wants where it cannot be made."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
import torch

from course_lib import models
from course_lib.classify import Answerer, export

from .sample import sample
from .test_report import built_of

exporting = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")),
    reason="the extra export is not installed",
)
CLASSES = ("cat", "<img src=x>", "owl")


def answerer_of(backbone="texture_net", score="max softmax", *, stored=48, size=64, threshold=None):
    classifier = models.Classifier(models.backbone(backbone), CLASSES, pooling="mean")
    drawn = torch.rand(20, classifier.backbone.width, generator=torch.Generator().manual_seed(0))
    rows = torch.nn.functional.normalize(drawn, dim=1)
    return Answerer(
        classifier, stored=stored, size=size, temperature=0.7, score_name=score, threshold=threshold,
        bank=rows if score == "k nearest" else None,
    )  # fmt: skip


def pictures(n, side, seed=0):
    coarse = torch.randint(0, 256, (n, 3, 6, 6), generator=torch.Generator().manual_seed(seed)).float()
    return torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear").to(torch.uint8)


def middle_of(answerer, side=48):
    """A line that refuses about half."""
    with torch.no_grad():
        return float(answerer(pictures(40, side))[1].median())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(answerer without a line, its model.onnx): an export takes seconds."""
    answerer = answerer_of()
    return answerer, export.export(answerer, tmp_path_factory.mktemp("onnx") / "model.onnx")


@pytest.mark.slow
@exporting
@pytest.mark.parametrize(
    "score",
    ["max softmax", "k nearest", *(pytest.param(name, marks=pytest.mark.slow) for name in ("max logit", "energy"))],
)
def test_each_score_answers_as_pytorch_does(tmp_path, score):
    threshold = middle_of(answerer_of(score=score))
    answerer = answerer_of(score=score, threshold=threshold)
    path = export.export(answerer, tmp_path / "model.onnx")
    assert export.difference(path, answerer, pictures(40, 48)) < export.ALIKE
    assert 5 < int(answerer(pictures(40, 48))[2].sum()) < 35


@exporting
@pytest.mark.slow
def test_on_a_thousand_pictures_the_real_network_answers_as_pytorch_does(tmp_path):
    threshold = middle_of(answerer_of("efficientnet_lite0", stored=64), 64)
    answerer = answerer_of("efficientnet_lite0", stored=64, threshold=threshold)
    path = export.export(answerer, tmp_path / "model.onnx")
    assert export.difference(path, answerer, pictures(1000, 64)) < export.ALIKE


@pytest.mark.slow
@exporting
def test_it_takes_bytes_as_picture_libraries_give_them_and_any_number(exported):
    session = export.session_of(exported[1])
    for n in (1, 3):
        shares, score, accepted = session.run(None, {"pictures": np.zeros((n, 48, 48, 3), dtype=np.uint8)})
        assert (shares.shape, score.shape, accepted.shape) == ((n, 3), (n,), (n,))
        assert accepted.all()  # no line was drawn
        assert shares.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-5)
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["classes"]) == list(CLASSES)
    assert (told["stored"], told["score_name"]) == ("48", "max softmax")


@exporting
def test_another_network_is_found_to_differ(exported):
    path, other = exported[1], answerer_of()
    with torch.no_grad():
        other.classifier.head[-1].bias.add_(torch.tensor([0.5, 0.0, 0.0]))
    assert export.difference(path, other, pictures(4, 48)) > 0.01
    strict = answerer_of(threshold=-1.0)
    assert export.difference(path, strict, pictures(4, 48)) == float("inf")


@pytest.mark.slow
@exporting
def test_a_model_that_differs_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "difference", lambda *_: 0.5)
    with pytest.raises(ValueError, match=r"differs from PyTorch by 0\.5"):
        export.write(built_of(sample(), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_one_error_says_what_to_do(tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(export.importlib, "import_module", missing)
    with pytest.raises(
        ModuleNotFoundError, match=r'onnx, which is not installed.*pip install "what-does-a-cnn-see\[ex'
    ):
        export.write(built_of(sample(), tmp_path))
    assert list(tmp_path.iterdir()) == []
