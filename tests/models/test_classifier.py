import pytest
import torch
from safetensors.torch import save_file

from course_lib import data, models
from course_lib.training import Settings, fit
from tests.training.test_run import same

CLASSES = ("dark", "light")


def make(frozen=True, **options):
    options = {"hidden": (8,), "dropout": 0.1} | options
    return models.Classifier(models.backbone("texture_net"), CLASSES, frozen=frozen, **options)


def after_one_epoch(model, pictures):
    before = {name: t.clone() for name, t in model.state_dict().items()}
    pictures = data.ImageSet.of(
        torch.nn.functional.interpolate(pictures.images.float(), 64).to(torch.uint8), pictures.labels, CLASSES
    ).subset(60)
    fit(model, pictures, pictures, Settings(epochs=1, batch_size=30, peak_lr=0.01), progress=False, device="cpu")
    return {name for name, t in model.state_dict().items() if not torch.equal(before[name], t)}


def test_a_frozen_backbone_does_not_move_not_even_its_statistics(two_greys):
    moved = after_one_epoch(make(), two_greys)
    assert moved
    assert all(name.startswith("head.") for name in moved)


def test_an_open_backbone_moves_weights_and_statistics(two_greys):
    moved = after_one_epoch(make(frozen=False), two_greys)
    assert any("running_mean" in name for name in moved)
    assert any(name.startswith("backbone") and name.endswith("weight") for name in moved)


def test_without_the_guard_frozen_statistics_drift(two_greys):
    """The bug that the guard is for: this proves that the test above can fail."""
    model = make()
    model.train = lambda mode=True: torch.nn.Module.train(model, mode)
    moved = after_one_epoch(model, two_greys)
    assert any("running_mean" in name for name in moved)


def test_save_and_load_give_the_same_answers(tmp_path):
    model = make().eval()
    path = models.save(model, tmp_path / "model.safetensors")
    again = models.load(path)
    x = torch.randn(2, 3, 64, 64)
    assert same(model, again)
    assert torch.equal(model(x), again(x))
    assert (again.classes, again.frozen, again.backbone.weights) == (CLASSES, True, "textures")
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_loading_something_else_says_so(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="no classifier"):
        models.load(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError, match="no file"):
        models.load(tmp_path / "missing.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [True, False])
def test_the_resnet50_path_takes_a_step(frozen):
    """2048→128→10 on ResNet-50 at 224 px, with random weights: shapes, freezing and one step."""
    backbone = models.backbone("resnet50", weights="random")
    classes = [str(k) for k in range(10)]
    model = models.Classifier(backbone, classes, frozen=frozen, hidden=(128,), pooling="mean")
    assert [layer.weight.shape for layer in model.head if hasattr(layer, "weight")] == [(128, 2048), (10, 128)]
    statistics = backbone.body[1].running_mean.clone()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    logits = model.train()(torch.randn(2, 3, 224, 224))
    assert logits.shape == (2, 10)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    optimizer.step()
    assert (backbone.body[0].weight.grad is None) == frozen
    assert torch.equal(backbone.body[1].running_mean, statistics) == frozen
