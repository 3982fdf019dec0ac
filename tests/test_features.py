import io
import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from course_lib import data, features, models
from course_lib.data import ImageSet


@pytest.fixture
def pictures(two_greys):
    images = torch.nn.functional.interpolate(two_greys.images.float(), 64).to(torch.uint8)
    return ImageSet.of(images, two_greys.labels, two_greys.classes).subset(60)


@pytest.fixture
def backbone(empty_machine):
    return models.backbone("texture_net")


def test_features_are_those_of_the_network_in_inference_mode(pictures, backbone):
    found = features.extract(backbone.train(), pictures, batch_size=7, progress=False)
    with torch.no_grad():
        expected = backbone.eval().embed(backbone.preprocessing(pictures.images))
    assert found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-4)


def test_the_second_call_comes_from_the_disk(pictures, backbone, monkeypatch):
    first = features.extract(backbone, pictures, progress=False)
    monkeypatch.setattr(features, "_compute", lambda *_: pytest.fail("computed again"))
    assert np.array_equal(features.extract(backbone, pictures, progress=False), first)


@pytest.mark.slow
@pytest.mark.parametrize("change", ["weights", "pictures", "size", "pooling", "preprocessing"])
def test_whatever_decides_the_features_is_part_of_the_key(pictures, backbone, change):
    first = features.extract(backbone, pictures, progress=False)
    options = {"size": 32} if change == "size" else {"pooling": "mean"} if change == "pooling" else {}
    if change == "weights":
        backbone = models.backbone("texture_net", weights="random")
    if change == "preprocessing":
        backbone.preprocessing = models.CAFFE
    if change == "pictures":
        pictures = pictures.at(torch.arange(len(pictures)).flip(0))
    again = features.extract(backbone, pictures, progress=False, **options)
    assert first.shape != again.shape or not np.array_equal(first, again)


def test_a_cache_that_cannot_be_written_is_a_note(pictures, backbone, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    assert len(features.extract(backbone, pictures, progress=False)) == 60
    assert "not kept" in capsys.readouterr().err


@pytest.mark.parametrize("fails", [False, True])
def test_every_part_of_the_backbone_keeps_its_mode(pictures, backbone, fails):
    backbone.train()
    backbone.body[0].eval()
    before = [part.training for part in backbone.modules()]
    if fails:
        with pytest.raises(ValueError, match="pooling got 'most'"):
            features.extract(backbone, pictures, pooling="most", progress=False)
    else:
        features.extract(backbone, pictures, progress=False)
    assert [part.training for part in backbone.modules()] == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_plain_network_works_with_a_preprocessing_and_says_so_without(pictures, backbone, dtype, empty_machine):
    plain, few = backbone.body, pictures.at(range(8))
    expected = features.extract(backbone, few, progress=False)
    with pytest.raises(ValueError, match=r"extract got a model \(Sequential\) without a `preprocessing`"):
        features.extract(plain, few, progress=False)
    found = features.extract(plain.to(dtype), few, preprocessing=models.HALF, progress=False)
    assert np.allclose(found, expected, atol=0.2 if dtype == torch.bfloat16 else 1e-4)
    assert len(list(empty_machine.rglob("*.npy"))) == 1, "what cannot be told from other networks is not kept"
    assert len(backbone.digest()) == 64


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (torch.nn.Flatten(0), "gives \\(98304,\\) for 8 pictures"),
        (torch.nn.Conv2d(1, 2, 3), "refuses inputs torch.float32 \\(8, 3, 64, 64\\)"),
        (torch.nn.AdaptiveMaxPool2d(2, return_indices=True), "gives a tuple of "),
    ],
)
def test_a_network_without_features_is_named(pictures, network, complaint):
    with pytest.raises(ValueError, match=f"^extract got a (network|model) that {complaint}"):
        features.extract(network, pictures.at(range(8)), preprocessing=models.HALF, progress=False)


def test_a_probe_separates_what_is_separable(pictures, backbone):
    found = features.extract(backbone, pictures, progress=False)
    result = features.probe(found[:40], pictures.labels[:40], found[40:], pictures.labels[40:])
    assert result.accuracy == 1
    assert (result.n_train, result.n_test) == (40, 20)


def test_log_probabilities_are_those_of_the_probe_and_do_as_logits(pictures, backbone):
    found = features.extract(backbone, pictures, progress=False)
    result = features.probe(found[:40], pictures.labels[:40], found[40:], pictures.labels[40:], C=1e6)
    logits = result.log_probabilities(found[40:])
    expected = torch.tensor(result.model.predict_proba(found[40:]))
    assert (logits.dtype, logits.shape) == (expected.dtype, expected.shape)
    torch.testing.assert_close(logits.softmax(dim=1), expected)
    assert logits.isfinite().all()


def test_a_probe_on_shuffled_labels_is_no_better_than_guessing(pictures, backbone):
    found = features.extract(backbone, pictures, progress=False)
    wrong = np.random.default_rng(0).permutation(pictures.labels)
    accuracies = [features.probe(found[:40], wrong[:40], found[40:], wrong[40:]).accuracy]
    assert np.mean(accuracies) < 0.9


def test_a_picture_of_weight_two_counts_as_two_and_one_of_weight_zero_not_at_all(pictures, backbone):
    found, labels = features.extract(backbone, pictures, progress=False), pictures.labels.numpy()
    rows = np.arange(len(labels))
    weight = np.where(rows % 3 == 0, 0.0, 1 + rows % 2)
    again = np.repeat(rows, weight.astype(int))
    # Only the classifier is weighted; the scale is that of all pictures.
    scaled = (found - found.mean(axis=0)) / np.where(found.std(axis=0) > 0, found.std(axis=0), 1)
    repeated = LogisticRegression(C=0.01, max_iter=100).fit(scaled[again], labels[again])
    weighted = features.probe(found, labels, found, labels, sample_weight=weight)
    np.testing.assert_allclose(weighted.model.predict_proba(found), repeated.predict_proba(scaled), atol=1e-3)
    alike = features.probe(found, labels, found, labels, sample_weight=np.ones(len(rows)))
    plain = features.probe(found, labels, found, labels)
    np.testing.assert_allclose(alike.model.predict_proba(found), plain.model.predict_proba(found))


@pytest.mark.parametrize("weight", [[1.0], [-1.0] * 60, [0.0] * 60, [float("nan")] * 60])
def test_weights_that_cannot_be_are_told(weight):
    found, labels = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    with pytest.raises(ValueError, match="sample_weight of shape"):
        features.probe(found, labels, found, labels, sample_weight=weight)


def test_pictures_of_one_group_are_never_parted(monkeypatch):
    """Every fold's probe is asked of whole groups only, and has seen none of them."""
    rng = np.random.default_rng(0)
    found, labels, groups = rng.normal(size=(60, 4)).astype(np.float32), np.arange(60) % 3, np.arange(60) // 3 % 12
    asked, plain = [], features.probe

    def noted(train, train_labels, test, test_labels, **more):
        asked.append((train, test))
        return plain(train, train_labels, test, test_labels, **more)

    monkeypatch.setattr(features, "probe", noted)
    p = features.cross_validated(found, labels, folds=3, groups=groups)
    assert np.allclose(p.sum(axis=1), 1)
    place = {row.tobytes(): group for row, group in zip(found, groups, strict=True)}
    for train, test in asked:
        assert not {place[row.tobytes()] for row in train} & {place[row.tobytes()] for row in test}


def test_a_class_that_a_fold_does_not_know_has_no_probability():
    rng = np.random.default_rng(0)
    found, labels = rng.normal(size=(60, 4)), np.array([0, 1] * 27 + [2] * 6)
    groups = np.concatenate([np.arange(54), np.full(6, 99)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p = features.cross_validated(found, labels, folds=3, groups=groups)
    assert (p[labels == 2, 2] == 0).all()


def test_cross_validated_answers_come_from_the_other_folds():
    rng = np.random.default_rng(0)
    found, labels = rng.normal(size=(90, 4)), np.arange(90) % 3
    p = features.cross_validated(found, labels, folds=3, seed=1)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=100))
    folds = StratifiedKFold(3, shuffle=True, random_state=1)
    np.testing.assert_allclose(p, cross_val_predict(model, found, labels, cv=folds, method="predict_proba"))
    with pytest.raises(ValueError, match="a class of 30 pictures"):
        features.cross_validated(found, labels, folds=31)


def test_colour_statistics(pictures):
    found = features.colour_statistics(pictures)
    scaled = pictures.images.double().numpy() / 255
    expected = np.concatenate([scaled.mean(axis=(2, 3)), scaled.std(axis=(2, 3), ddof=1)], axis=1)
    assert np.allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_squeezenet_features_of_real_eurosat_make_a_good_probe(eurosat):
    """On 5,000 pictures; `evidence/probe_backbones.jsonl` has all 27,000, over five splits."""
    backbone = models.backbone("squeezenet1_1")
    if backbone.weights != "ImageNet":
        pytest.skip("SqueezeNet's weights are not on this machine: set COURSE_MIRROR")
    train, test = eurosat.subset(5000, seed=0).split((0.8, 0.2))
    x_train, x_test = (features.extract(backbone, part, progress=False) for part in (train, test))
    assert features.probe(x_train, train.labels, x_test, test.labels).accuracy > 0.80


# --- the colour histogram ---


def test_histogram_is_numpys():
    pictures = data.spectrograms(3, side=16)
    found = features.colour_histogram(pictures, bins=4)
    for row, image in zip(found, pictures.images, strict=True):
        pixels = image.flatten(1).T.numpy()
        expected, _ = np.histogramdd(pixels, bins=4, range=[(0, 256)] * 3)
        np.testing.assert_allclose(row, expected.ravel() / len(pixels), rtol=1e-6)


def test_histogram_refuses_bins_that_make_no_sense():
    with pytest.raises(ValueError, match="got bins=1; it wants 2 to 32"):
        features.colour_histogram(data.spectrograms(1, side=16), bins=1)


# --- a cache that is broken ---


def kept_file(backbone, pictures):
    """(its features, the one file they are kept in)."""
    found = features.extract(backbone, pictures, progress=False)
    (file,) = (data.places.data_dir() / "cache" / "features").glob("*.npy")
    return found, file


def left_over(file):
    return sorted(path.name for path in file.parent.iterdir() if path.suffix not in (".npy", ".lock"))


def npy(array, **how) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **how)
    return out.getvalue()


def header(shape) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return out.getvalue()


BROKEN = {
    "empty": lambda content: b"",
    "garbage": lambda content: b"\x00\xff garbage" * 50,
    "text": lambda content: b"version https://git-lfs.github.com/spec/v1\n",
    "a zip": lambda content: b"PK\x03\x04" + content[4:],
    "zeros": lambda content: bytes(len(content)),
    "another version": lambda content: content[:6] + b"\x09\x00" + content[8:],
    "a bit turned": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
    "the digest cut": lambda content: content[:-7],
    "fewer pictures": lambda content: npy(np.zeros((59, 8), dtype=np.float32)),
    "float64": lambda content: npy(np.zeros((60, 8))),
    "objects": lambda content: npy(np.array([{}] * 60), allow_pickle=True),
    "no array": lambda content: npy(np.float32(1)),
    "a header that asks for more": lambda content: content.replace(b"(60, ", b"(99, "),
    "a header that asks for too much": lambda content: header((60 * 10**12, 8)) + content,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_cache_is_set_aside_and_made_again_and_said(pictures, backbone, kind):
    first, file = kept_file(backbone, pictures)
    file.write_bytes(BROKEN[kind](file.read_bytes()))
    with pytest.warns(UserWarning, match=r"is broken: .* set aside as .*\.aside.* made again"):
        again = features.extract(backbone, pictures, progress=False)
    np.testing.assert_array_equal(again, first)
    assert left_over(file) == [file.name + ".aside"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(features.extract(backbone, pictures, progress=False), first)


def test_a_cache_cut_at_any_byte_is_seen(tmp_path, monkeypatch):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    features._keep(tmp_path / "a.npy", array)
    content = (tmp_path / "a.npy").read_bytes()
    for length in range(len(content)):
        (tmp_path / "a.npy").write_bytes(content[:length])
        fault, found = features._read(tmp_path / "a.npy", 2)
        # Just the digest gone: as an older version wrote it, with all of the array.
        assert (not fault) == (length == len(content) - 32)
        assert fault or (found == array).all()


def test_a_cache_of_an_older_version_is_taken(pictures, backbone):
    first, file = kept_file(backbone, pictures)
    np.save(file, first + 1)
    assert (features.extract(backbone, pictures, progress=False) == first + 1).all()


@pytest.mark.parametrize("place", ["folder", "link"])
def test_something_else_in_its_place_is_set_aside(pictures, backbone, place):
    first, file = kept_file(backbone, pictures)
    file.unlink()
    if place == "folder":
        file.mkdir()
        (file / "mine.txt").write_text("mine")
    else:
        file.symlink_to("nowhere")
    for _ in range(2):  # the second time nothing is wrong
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert (features.extract(backbone, pictures, progress=False) == first).all()
    assert not told
    assert left_over(file) == [file.name + ".aside"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_an_exception_leaves_no_part(pictures, backbone, monkeypatch, error):
    def fails(out, found):
        out.write(b"half")
        raise error("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", fails)
        with pytest.raises(error):
            features.extract(backbone, pictures, progress=False)
    folder = data.places.data_dir() / "cache" / "features"
    assert {path.suffix for path in folder.iterdir()} <= {".lock"}
    features.extract(backbone, pictures, progress=False)
    assert len(list(folder.glob("*.npy"))) == 1


def test_a_part_that_a_kill_left_is_in_nobody_s_way(pictures, backbone):
    first, file = kept_file(backbone, pictures)
    file.unlink()
    (file.parent / f"{file.name}.part").mkdir()
    assert (features.extract(backbone, pictures, progress=False) == first).all()
    assert file.is_file()
    assert left_over(file) == []


def test_colour_numbers_are_those_of_numpy_and_know_no_order(pictures):
    r = np.random.default_rng(0)
    images = torch.from_numpy(r.integers(0, 256, (3, 3, 8, 8), dtype=np.uint8))
    labels = torch.zeros(3, dtype=torch.int64)
    found = features.colour_numbers(ImageSet.of(images, labels, ["any"]))
    assert (found.shape, found.dtype) == ((3, 54), np.float32)
    shuffled = images.flatten(2)[..., torch.randperm(64)].reshape(images.shape)
    assert np.allclose(features.colour_numbers(ImageSet.of(shuffled, labels, ["any"])), found, atol=1e-6)
    rgb = images.numpy().astype(np.int64).reshape(3, 3, -1)
    channels = np.concatenate([rgb, rgb - np.roll(rgb, -1, axis=1)], axis=1) / 255
    quantiles = np.quantile(channels, features.QUANTILES, axis=2, method="nearest").transpose(1, 2, 0).reshape(3, -1)
    expected = np.concatenate([channels.mean(axis=2), channels.std(axis=2), quantiles], axis=1)
    assert np.allclose(found, expected, atol=1e-6)
