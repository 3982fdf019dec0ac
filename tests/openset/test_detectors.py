"""Detectors against pytorch-ood, scikit-learn, scipy, brute force and identities; and what they do with bad input."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import pytorch_ood.detector as oracle
import torch
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax
from scipy.stats import weibull_min
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from course_lib import openset
from course_lib.openset import by_logits, detector
from course_lib.openset.by_last_layer import LastLayer

N, D, K = 400, 24, 5


@pytest.fixture
def _float64():
    """pytorch-ood keeps means and covariances in torch's default dtype; ours must not depend on it."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def draw(*shape: int, seed: int, kind=torch.randn) -> torch.Tensor:
    return kind(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


CENTRES = draw(K, D, seed=1, kind=torch.rand)
MIX = draw(D, D, seed=2) / 12


def layer() -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest of five centres has the largest logit."""
    return 2 * CENTRES, -CENTRES.square().sum(dim=1)


def pictures(n: int = N, seed: int = 0, spread: float = 1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(features, logits, labels) of a network that is always right: correlated features, not below 0."""
    features = CENTRES[torch.arange(n) % K] + spread * draw(n, D, seed=100 + seed) @ MIX
    features = features.relu() + 0.05 * draw(n, D, seed=seed, kind=torch.rand)
    weight, bias = layer()
    logits = features @ weight.T + bias
    return features, logits, logits.argmax(dim=1)


def fitted(name: str, **settings) -> detector.Detector:
    new = openset.ALL[name]
    return new(*(layer() if issubclass(new, LastLayer) else ()), **settings).fit(*pictures())


def same(ours: torch.Tensor, theirs, tolerance: float = 1e-5) -> None:
    assert ours.dtype == torch.float64
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=tolerance, atol=tolerance)


NEW = pictures(150, seed=1, spread=1.7)[:2]


# --- pytorch-ood -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "theirs", "convert"),
    [
        ("max softmax", oracle.MaxSoftmax, lambda s: 1 + s),
        ("max logit", oracle.MaxLogit, lambda s: s),
        ("entropy", oracle.Entropy, lambda s: s),
        ("energy", oracle.EnergyBased, lambda s: s),
        ("GEN", oracle.GEN, lambda s: K * s),  # they take the mean
    ],
)
def test_scores_of_logits_are_pytorch_ood_s(name, theirs, convert):
    same(fitted(name).score(*NEW), convert(theirs(None).predict_logits(NEW[1])))


@pytest.mark.usefixtures("_float64")
@pytest.mark.parametrize(
    ("name", "theirs", "factor"),
    # They do not divide the covariance by N, and take half of one of the two squared distances.
    [("Mahalanobis", oracle.Mahalanobis, 2 * N), ("relative Mahalanobis", oracle.RMD, N)],
)
def test_mahalanobis_is_pytorch_ood_s(name, theirs, factor):
    features, _, labels = pictures()
    reference = theirs(None).fit_features(features, labels).predict_features(NEW[0])
    torch.set_default_dtype(torch.float32)
    variance = moments(features.numpy(), labels.numpy())[1].diagonal().mean()
    ridge = 1e-6 / (N * variance)  # theirs, on a sum over N pictures; that of ours is a share of the mean variance
    same(fitted(name, ridge=ridge).score(*NEW), factor * reference)


@pytest.mark.parametrize("k", [1, 10, 50])
def test_knn_is_pytorch_ood_s(k):
    features, _, labels = pictures()
    features, new = (x / x.norm(dim=1, keepdim=True) for x in (features, NEW[0]))  # older ones do not do so
    same(
        fitted("k nearest", k=k).score(*NEW), oracle.KNN(None, k=k).fit_features(features, labels).predict_features(new)
    )


@pytest.mark.parametrize("directions", [3, 12, 23])
def test_vim_is_pytorch_ood_s(directions, monkeypatch):
    ours = fitted("ViM", directions=directions).score(*NEW)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # or theirs has three digits where little is left
    features, _, labels = pictures()
    same(ours, oracle.ViM(None, directions, *layer()).fit_features(features, labels).predict_features(NEW[0]))


@pytest.mark.parametrize("percentile", [50.0, 90.0, 100.0])
def test_react_is_pytorch_ood_s(percentile):
    features, _, labels = pictures()
    weight, bias = layer()
    reference = oracle.ReAct(None, lambda x: x @ weight.T + bias, percentile=percentile / 100)
    same(
        fitted("ReAct", percentile=percentile).score(*NEW),
        reference.fit_feature_maps(features, labels).predict_feature_maps(NEW[0]),
    )


@pytest.mark.usefixtures("_float64")
def test_mahalanobis_plus_plus_is_pytorch_ood_s_of_features_of_length_one():
    features, _, labels = pictures()
    features, new = (x / x.norm(dim=1, keepdim=True) for x in (features, NEW[0]))
    reference = oracle.Mahalanobis(None).fit_features(features, labels).predict_features(new)
    torch.set_default_dtype(torch.float32)
    variance = moments(features.numpy(), labels.numpy())[1].diagonal().mean()
    same(fitted("Mahalanobis++", ridge=1e-6 / (N * variance)).score(*NEW), 2 * N * reference)


def linear() -> torch.nn.Linear:
    """The last layer as a module, and in float64."""
    weight, bias = layer()
    module = torch.nn.Linear(D, K).double()
    module.weight.data, module.bias.data = weight, bias
    return module


@pytest.mark.parametrize(
    ("name", "settings", "theirs"),
    [
        ("fDBD", {}, lambda head: oracle.fDBD(None, head)),
        ("NCI", {"alpha": 0.0}, lambda head: oracle.NCI(None, head, alpha=0.0)),
        ("NCI", {"alpha": 0.3}, lambda head: oracle.NCI(None, head, alpha=0.3)),
        ("NNGuide", {"k": 1}, lambda head: oracle.NNGuide(None, head, k=1)),
        ("NNGuide", {"k": 10}, lambda head: oracle.NNGuide(None, head, k=10)),
        ("SHE", {}, lambda head: oracle.SHE(None, head)),
    ],
)
def test_what_knows_features_and_answers_is_pytorch_ood_s(name, settings, theirs, monkeypatch):
    features, _, labels = pictures()
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # theirs takes the layer's dtype for granted
    with torch.no_grad():
        reference = theirs(linear()).fit_features(features, labels).predict_features(NEW[0])
    monkeypatch.undo()
    same(fitted(name, **settings).score(*NEW), reference)


@pytest.mark.parametrize("percentile", [0.0, 50.0, 90.0, 95.0])
@pytest.mark.parametrize(("name", "theirs"), [("ASH-S", partial(oracle.ASH, variant="ash-s")), ("SCALE", oracle.SCALE)])
def test_shaping_is_pytorch_ood_s(name, theirs, percentile):
    weight, bias = layer()
    reference = theirs(backbone=None, head=lambda x: x.flatten(1) @ weight.T + bias, percentile=percentile / 100)
    same(fitted(name, percentile=percentile).score(*NEW), reference.predict_feature_maps(NEW[0][:, :, None, None]))


@pytest.mark.slow
@pytest.mark.parametrize(("tail", "alpha"), [(5, 1), (20, 3), (20, 10)])
def test_openmax_is_pytorch_ood_s_with_the_same_weibulls(tail, alpha):
    _, logits, labels = pictures()
    reference = oracle.OpenMax(None, tailsize=tail, alpha=alpha).fit_logits(logits, labels)
    ours = fitted("OpenMax", tail=tail, alpha=alpha)
    for c, theirs in reference._openmax.distributions.items():
        assert ours._tails[c].least == pytest.approx(theirs.min_val, abs=1e-9)
        theirs.c, theirs.scale = ours._tails[c].shape, math.exp(ours._tails[c].log_scale)
    same(ours.score(*NEW), reference.predict_logits(NEW[1]))


# --- brute force and other libraries ---------------------------------------------------------------------


def moments(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    means = np.stack([features[labels == c].mean(axis=0) for c in range(K)])
    return means, (features - means[labels]).T @ (features - means[labels]) / len(features)


def test_mahalanobis_is_scipy_s():
    features, _, labels = (x.numpy() for x in pictures())
    means, covariance = moments(features, labels)
    to_each = cdist(NEW[0], means, "mahalanobis", VI=np.linalg.inv(covariance)) ** 2
    to_all = (
        cdist(NEW[0], features.mean(axis=0)[None], "mahalanobis", VI=np.linalg.inv(np.cov(features.T, ddof=0))) ** 2
    )
    same(fitted("Mahalanobis", ridge=0).score(*NEW), to_each.min(axis=1), 1e-9)
    same(fitted("relative Mahalanobis", ridge=0).score(*NEW), (to_each - to_all).min(axis=1), 1e-9)


def test_ridge_is_a_share_of_the_mean_variance_and_the_same_for_both_gaussians():
    features, _, labels = (x.numpy() for x in pictures())
    means, covariance = moments(features, labels)
    extra = 0.3 * np.trace(covariance) / D * np.eye(D)
    to_each = cdist(NEW[0], means, "mahalanobis", VI=np.linalg.inv(covariance + extra)) ** 2
    all_of_them = np.linalg.inv(np.cov(features.T, ddof=0) + extra)
    to_all = cdist(NEW[0], features.mean(axis=0)[None], "mahalanobis", VI=all_of_them) ** 2
    same(fitted("Mahalanobis", ridge=0.3).score(*NEW), to_each.min(axis=1), 1e-9)
    same(fitted("relative Mahalanobis", ridge=0.3).score(*NEW), (to_each - to_all).min(axis=1), 1e-9)


@pytest.mark.parametrize("name", ["Mahalanobis", "relative Mahalanobis"])
def test_mahalanobis_does_not_depend_on_the_axes(name):
    """Any invertible linear change of the features, shifted: the same distances."""
    features, logits, labels = pictures()
    turn = draw(D, D, seed=3)
    again = openset.ALL[name](ridge=0).fit(features @ turn - 5, logits, labels)
    same(again.score(NEW[0] @ turn - 5, NEW[1]), fitted(name, ridge=0).score(*NEW), 1e-6)


def test_mean_squared_distance_of_the_known_is_the_number_of_features():
    """Over the training pictures, to the mean of the own class: trace(Σ⁻¹Σ) = D, and the nearest is no farther."""
    features, logits, labels = pictures()
    ours = fitted("Mahalanobis", ridge=0)
    z = ours._whitened(features)
    assert (z - ours._means[labels]).square().sum(dim=1).mean().item() == pytest.approx(D)
    assert ours.score(features, logits).mean() <= D


def test_fewer_pictures_than_features_are_no_obstacle():
    features, logits, labels = (x[:15] for x in pictures())
    for name in ("Mahalanobis", "relative Mahalanobis"):
        assert openset.ALL[name]().fit(features, logits, labels).score(*NEW).isfinite().all()
        with pytest.raises(ValueError, match=r"do not vary within the classes .* and ridge=0; it wants more pictures"):
            openset.ALL[name](ridge=0).fit(features, logits, labels)


def test_fdbd_of_two_classes_is_the_distance_to_the_boundary():
    """One boundary: the distance to it is that of a point to a plane, divided by the distance from the mean."""
    weight, bias = (x[:2] for x in layer())
    features, new = F[Z.argmax(dim=1) < 2], NEW[0]
    logits = features @ weight.T + bias
    ours = openset.FDBD(weight, bias).fit(features, logits, logits.argmax(dim=1))
    normal, offset = weight[0] - weight[1], bias[0] - bias[1]
    to_plane = (new @ normal + offset).abs() / normal.norm()
    same(ours.score(new, new @ weight.T + bias), -to_plane / (new - features.mean(dim=0)).norm(dim=1), 1e-9)


def test_nci_minds_the_direction_from_the_mean_and_not_how_far():
    mean = F.mean(dim=0)
    weight, bias = layer()
    farther = mean + 3 * (NEW[0] - mean)
    logits = farther @ weight.T + bias
    kept = logits.argmax(dim=1) == NEW[1].argmax(dim=1)  # where the answer is the same
    assert kept.sum() > 50
    ours = fitted("NCI", alpha=0.0)
    same(ours.score(farther, logits)[kept], ours.score(*NEW)[kept], 1e-9)


def test_mahalanobis_plus_plus_does_not_mind_how_strong_features_are():
    ours = fitted("Mahalanobis++")
    same(ours.score(7 * NEW[0], NEW[1]), ours.score(*NEW), 1e-9)


def test_nnguide_keeps_no_more_than_it_should():
    few = fitted("NNGuide", kept=50, seed=1)
    assert few._known.shape == (50, D)
    assert torch.equal(few.score(*NEW), fitted("NNGuide", kept=50, seed=1).score(*NEW))
    assert not torch.equal(few.score(*NEW), fitted("NNGuide", kept=50, seed=2).score(*NEW))


def test_she_learns_from_right_answers_only():
    features, logits, labels = pictures()
    wrong = labels.clone()
    wrong[::3] = (labels[::3] + 1) % K
    kept = torch.arange(N) % 3 != 0
    same(
        openset.SHE().fit(features, logits, wrong).score(*NEW),
        openset.SHE().fit(features[kept], logits[kept], labels[kept]).score(*NEW),
        1e-12,
    )


def test_shaping_that_keeps_all_is_energy_of_e_times_the_features():
    features, _ = NEW
    weight, bias = layer()
    expected = openset.energy(math.e * features @ weight.T + bias)
    for name in ("ASH-S", "SCALE"):
        same(fitted(name, percentile=0.0).score(*NEW), expected, 1e-9)


def test_shaping_counts_features_below_0_as_0():
    weight, bias = layer()
    x = torch.zeros(1, D, dtype=torch.float64)
    x[0, :4] = torch.tensor([5.0, 3.0, -2.0, -9.0])
    ours = fitted("SCALE", percentile=100 - 100 / D)  # keeps one
    same(ours.score(x, x @ weight.T + bias), openset.energy(math.exp(8 / 5) * x @ weight.T + bias), 1e-9)
    nothing = torch.zeros(1, D, dtype=torch.float64)
    for name in ("ASH-S", "SCALE"):
        same(fitted(name).score(nothing, bias[None]), openset.energy(bias[None]), 1e-9)


@pytest.mark.parametrize("k", [1, 7])
def test_knn_is_scikit_learn_s_also_where_pictures_are_the_same(k):
    features, logits, labels = pictures()
    new = torch.cat([3 * features[:20], features[:20] + 1e-4, NEW[0], torch.zeros(1, D)])
    bank, asked = (x / x.norm(dim=1, keepdim=True).clamp(min=1e-12) for x in (features, new))
    expected = NearestNeighbors(n_neighbors=k).fit(bank).kneighbors(asked)[0][:, -1]
    ours = openset.KNN(k=k).fit(features, logits, labels).score(new, torch.zeros(len(new), K))
    same(ours, expected, 1e-5)


def test_knn_keeps_no_more_than_it_should():
    few = fitted("k nearest", kept=50, seed=1)
    assert few._known.shape == (50, D)
    assert torch.equal(few.score(*NEW), fitted("k nearest", kept=50, seed=1).score(*NEW))
    assert not torch.equal(few.score(*NEW), fitted("k nearest", kept=50, seed=2).score(*NEW))


@pytest.mark.parametrize("left", [1.0, 0.1, 1e-3])
def test_vim_of_float32_has_five_digits_however_little_is_left_outside(left):
    weight, _ = layer()
    own = torch.linalg.qr(draw(D, 12, seed=6)).Q
    features, new = ((x @ own @ own.T * (1 - left) + left * x).float() for x in (F, NEW[0]))
    ours = openset.ViM(weight, torch.zeros(K), directions=12)
    logits, its = features @ weight.float().T, new @ weight.float().T
    expected = ours.fit(features.double(), logits, Y).score(new.double(), its)
    assert ours._others.dtype == torch.float64
    same(ours.fit(features, logits, Y).score(new, its), expected)
    assert ours._others.dtype == (torch.float64 if left == 1e-3 else torch.float32)


def test_vim_is_a_residual_of_pca_where_the_origin_is_the_mean():
    features, _, labels = pictures()
    weight, _ = layer()
    features = features - features.mean(dim=0)
    logits = features @ weight.T
    ours = openset.ViM(weight, torch.zeros(K), directions=9).fit(features, logits, labels)
    pca = PCA(9).fit(features.numpy())

    def residual(x):
        return np.linalg.norm(x - pca.inverse_transform(pca.transform(x)), axis=1)

    alpha = logits.amax(dim=1).mean().item() / residual(features.numpy()).mean()
    new, its = NEW[0].numpy(), (NEW[0] @ weight.T)
    same(ours.score(NEW[0], its), alpha * residual(new) - logsumexp(its.numpy(), axis=1), 1e-9)


@pytest.mark.parametrize(("d", "expected"), [(8, 4), (512, 256), (513, 512), (1280, 512), (1500, 1000)])
def test_vim_s_default_of_directions(d, expected):
    assert openset.ViM(*layer())._directions(d) == expected


def test_react_clips_at_numpy_s_percentile():
    features, _, _ = pictures()
    weight, bias = (x.numpy() for x in layer())
    height = np.sort(features.numpy().ravel())[round(0.8 * (features.numel() - 1))]
    clipped = np.minimum(NEW[0].numpy(), height)
    same(fitted("ReAct", percentile=80.0).score(*NEW), -logsumexp(clipped @ weight.T + bias, axis=1), 1e-3)
    # Cut off at the lowest of all, every picture is the same.
    assert fitted("ReAct", percentile=1e-9).score(*NEW).std() < 0.05 < fitted("ReAct").score(*NEW).std()


def test_react_that_clips_nothing_is_energy():
    features, logits, _ = pictures()
    same(fitted("ReAct", percentile=100.0).score(features, logits), openset.energy(logits), 1e-6)


def test_openmax_by_hand():
    """Bendale, Boult, algorithm 2, one picture at a time."""
    ours = fitted("OpenMax", tail=10, alpha=3)
    for one in NEW[1][:30]:
        v, given = one.numpy(), np.zeros(K)
        for rank, c in enumerate(np.argsort(-v)[:3]):
            distance = np.linalg.norm(v - ours._means[c].numpy())
            given[c] = ours._tails[c].cdf(torch.tensor(distance)).item() * (3 - rank) / 3
        unknown = softmax([*(v * (1 - given)), (v * given).sum()])[-1]
        assert ours.score(torch.zeros(1, D), one[None]).item() == pytest.approx(unknown, abs=1e-12)


def test_openmax_learns_from_right_answers_only():
    features, logits, labels = pictures()
    wrong = labels.clone()
    wrong[::3] = (labels[::3] + 1) % K
    kept = torch.arange(N) % 3 != 0
    all_of_them = openset.OpenMax().fit(features, logits, wrong)
    same(all_of_them.score(*NEW), openset.OpenMax().fit(features[kept], logits[kept], labels[kept]).score(*NEW), 1e-12)


@pytest.mark.parametrize("scale", [0.01, 1, 100])
@pytest.mark.parametrize("seed", range(5))
def test_weibull_is_of_greatest_likelihood(seed, scale):
    tail = scale * np.sort(np.random.default_rng(seed).gamma(3, size=100))[-20:]
    ours = by_logits.Weibull.of(tail)
    x = tail - tail.min() + 10_000
    same(ours.cdf(torch.tensor(tail)), weibull_min.cdf(x, ours.shape, scale=math.exp(ours.log_scale)), 1e-6)

    def likelihood(c, log_scale):
        return weibull_min.logpdf(x, c, scale=np.exp(log_scale)).sum()

    best = likelihood(ours.shape, ours.log_scale)
    for c, moved in ((1.02, 0), (0.98, 0), (1, 0.1), (1, -0.1)):  # steps in the width of the tail
        assert likelihood(c * ours.shape, ours.log_scale + moved / ours.shape) < best
    with np.errstate(over="ignore"):
        shape, _, width = weibull_min.fit(x, ours.shape * 1.3, floc=0, scale=x.max())
    assert likelihood(shape, math.log(width)) <= best + 1e-6
    same(ours.cdf(torch.tensor(tail)), weibull_min.cdf(x, shape, scale=width), 1e-2)


def test_weibull_of_equal_distances_is_a_step():
    step = by_logits.Weibull.of(np.full(5, 3.0))
    assert step.cdf(torch.tensor([2.99, 3.01])).tolist() == [0, 1]


# --- all of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in openset.ALL if name != "OpenMax"])
def test_far_pictures_are_more_unknown(name):
    """Features that vary as the known never do: in all directions, and weaker logits."""
    known = pictures(300, seed=5)[:2]
    features = 3 * draw(300, D, seed=4, kind=torch.rand)
    weight, _ = layer()
    features = features - features @ torch.linalg.pinv(weight) @ weight  # the last layer sees next to nothing of it
    unknown = features, features @ weight.T + layer()[1]
    ours = fitted(name)
    assert openset.auroc(ours.score(*known), ours.score(*unknown)) > 0.75


def test_openmax_rejects_what_is_far_but_for_negative_logits():
    """All of a far picture's logits go to the unknown. It loses where their sum is below 0: a flaw as published."""
    _, logits, labels = pictures()
    ours = openset.OpenMax().fit(F, logits, labels)
    far = torch.stack([logits.amax() + torch.arange(K), logits.amin() - 40 + torch.arange(K)])
    assert ours.score(F, logits).median() < 0.05
    above, below = ours.score(torch.zeros(2, D), far).tolist()
    assert above > 0.99
    assert below < 1e-9


@pytest.mark.parametrize("name", openset.ALL)
def test_pictures_do_not_depend_on_each_other(name, monkeypatch):
    ours = fitted(name)
    together = ours.score(*NEW)
    assert together.shape == (150,)
    monkeypatch.setattr(detector, "_AT_ONCE", 7)
    torch.testing.assert_close(ours.score(*NEW), together, rtol=1e-9, atol=1e-6)
    torch.testing.assert_close(ours.score(*(x[40:50] for x in NEW)), together[40:50], rtol=1e-9, atol=1e-6)
    assert ours.score(*(x[:0] for x in NEW)).shape == (0,)


@pytest.mark.parametrize("name", openset.ALL)
def test_float32_and_half_precision_will_do(name):
    features, logits, labels = pictures()
    new = openset.ALL[name]
    layers = layer() if issubclass(new, LastLayer) else ()
    for dtype, tolerance in ((torch.float32, 1e-4), (torch.bfloat16, 0.3)):
        if (name, dtype) == ("OpenMax", torch.bfloat16):
            labels = logits.to(dtype).argmax(dim=1)
        ours = new(*layers)
        if dtype == torch.bfloat16 and layers:
            continue  # its logits are farther from the layer's than the check of the layer allows
        scores = ours.fit(features.to(dtype), logits.to(dtype), labels).score(*(x.to(dtype) for x in NEW))
        exact = fitted(name).score(*NEW)
        assert scores.dtype == torch.float64
        assert ((scores - exact).abs() / (1 + exact.abs())).median() < tolerance


def test_every_makes_one_of_each():
    made = openset.every(*layer())
    assert list(made) == list(openset.ALL)
    for name, one in made.items():
        assert type(one) is openset.ALL[name]
    assert "ridge=1e-06" in repr(made["Mahalanobis"])


def bad(**changes) -> dict[str, torch.Tensor]:
    return dict(zip(("features", "logits", "labels"), pictures(), strict=True)) | changes


F, Z, Y = pictures()
NANS = [torch.where(torch.arange(N)[:, None] < 2, math.nan, x) for x in (F, Z)]
WRONG = [
    ({"logits": NANS[1]}, "logits that are NaN or infinite in 2 of 400 pictures"),
    ({"features": NANS[0]}, "features that are NaN or infinite in 2 of 400 pictures"),
    ({"features": F[:399]}, "features of 399 pictures and logits of 400"),
    ({"labels": Y[:399]}, r"labels of torch.int64 \(399,\) for 400 pictures"),
    ({"labels": Y.double()}, "labels of torch.float64"),
    ({"labels": Y + 1}, "labels of torch.int64 .*, from 1 to 5; it wants integers .*, from 0 to 4"),
    ({"labels": Y - 1}, "labels of torch.int64 .*, from -1 to 3; .* Fit on the known only"),
    ({"labels": torch.full((N,), 2)}, "pictures of class 2 only; it wants two classes or more"),
    ({"features": F[:0], "logits": Z[:0], "labels": Y[:0]}, "no pictures to fit on"),
    ({"features": F[0]}, r"features of torch.float64 \(24,\)"),
    ({"logits": Z.long()}, "logits of torch.int64"),
    ({"logits": Z[:, :1]}, r"logits of torch.float64 \(400, 1\)"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", openset.ALL)
@pytest.mark.parametrize(("changes", "complaint"), WRONG, ids=[c[:30] for _, c in WRONG])
def test_bad_pictures_to_fit_on_are_told(name, changes, complaint):
    if complaint.startswith("features that are NaN") and "features" not in openset.ALL[name].reads:
        pytest.skip("it does not read the features")
    with pytest.raises(ValueError, match=f"{openset.ALL[name].__name__} got .*{complaint}"):
        openset.every(*layer())[name].fit(**bad(**changes))


@pytest.mark.parametrize("name", openset.ALL)
def test_what_reads_no_features_gives_the_same_without_them(name):
    one = openset.every(*layer())[name].fit(**bad())
    if "features" in one.reads:
        with pytest.raises(ValueError, match="features that are NaN or infinite in 150 of 150"):
            one.score(math.nan * NEW[0], NEW[1])
    else:
        assert torch.equal(one.score(math.nan * NEW[0], NEW[1]), one.score(*NEW))


@pytest.mark.parametrize("name", openset.ALL)
def test_bad_pictures_to_score_are_told(name):
    with pytest.raises(ValueError, match="before it was fitted; call fit"):
        openset.every(*layer())[name].score(*NEW)
    ours = fitted(name)
    for features, logits, complaint in (
        (NEW[0], math.nan * NEW[1], "NaN or infinite in 150 of 150"),
        (NEW[0][:, :9], NEW[1], "got 9 features and 5 logits a picture; it was fitted on 24 and 5"),
        (NEW[0], NEW[1][:, :4], "24 features and 4 logits"),
        (NEW[0][:2], NEW[1], "features of 2 pictures and logits of 150"),
    ):
        with pytest.raises(ValueError, match=complaint):
            ours.score(features, logits)


def test_half_fitted_is_not_fitted():
    ours = fitted("k nearest")
    with pytest.raises(ValueError, match="the same features"):
        ours.fit(**bad(features=torch.ones(N, D)))
    with pytest.raises(ValueError, match="before it was fitted"):
        ours.score(*NEW)


def test_large_features_are_no_infinite_ones():
    """Their sum overflows, each of them does not."""
    features, logits, labels = pictures()
    assert openset.Energy().fit(features.float() * 1e37, logits, labels).score(*NEW).isfinite().all()


@pytest.mark.parametrize("name", [name for name, new in openset.ALL.items() if "features" in new.reads])
def test_constant_features_are_told(name):
    with pytest.raises(ValueError, match=r"the same features for all 400 pictures; .* is the network dead"):
        openset.every(*layer())[name].fit(**bad(features=torch.ones(N, D)))


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: openset.Mahalanobis(ridge=-1), "Mahalanobis got ridge=-1; it wants a share of 0 or more"),
        (lambda: openset.Mahalanobis(ridge=math.nan), "got ridge=nan"),
        (lambda: openset.KNN(k=0), "KNN got k=0, kept=2000"),
        (lambda: openset.KNN(k=9, kept=8), "KNN got k=9, kept=8"),
        (lambda: openset.OpenMax(tail=1), "OpenMax got tail=1, alpha=10"),
        (lambda: openset.OpenMax(alpha=0), "OpenMax got tail=20, alpha=0"),
        (lambda: openset.ReAct(*layer(), percentile=0), "ReAct got percentile=0"),
        (lambda: openset.ReAct(layer()[1], layer()[0]), r"ReAct got weight \(5,\) and bias \(5, 24\)"),
        (lambda: openset.ViM(layer()[0] * math.nan, layer()[1]), "weight or bias that is NaN"),
        (lambda: openset.NNGuide(k=9, kept=8), "NNGuide got k=9, kept=8"),
        (lambda: fitted("NNGuide", k=401), "NNGuide got k=401; it wants at most the 400 pictures"),
        (lambda: openset.NNGuide().fit(F, Z - 99, Y), "NNGuide got logits whose log Σ exp is -89"),
        (lambda: openset.NCI(*layer(), alpha=-1), "NCI got alpha=-1; it wants 0 or more"),
        (lambda: openset.ASH(*layer(), percentile=100), "ASH got percentile=100; it wants 0 or more, below 100"),
        (lambda: openset.SCALE(*layer(), percentile=-1), "SCALE got percentile=-1"),
        (lambda: openset.SHE().fit(F, Z, (Y + 1) % K), r"SHE got no training picture .* of class \[0, 1, 2, 3, 4\]"),
        (lambda: openset.FDBD(0 * layer()[0], layer()[1]).fit(F, 0 * Z + layer()[1], Y), "same weights for classes"),
        (lambda: fitted("k nearest", k=401), "KNN got k=401; it wants at most the 400 pictures"),
        (lambda: fitted("ViM", directions=24), "ViM got directions=24; it wants 1 to 23 of 24 features"),
        (lambda: fitted("ViM", directions=-1), "ViM got directions=-1"),
        (lambda: openset.ViM(layer()[0][:, :9], layer()[1]).fit(F, Z, Y), r"ViM got weight \(5, 9\) for 24 features"),
        (lambda: openset.ReAct(2 * layer()[0], layer()[1]).fit(F, Z, Y), "logits that are not features @ weight.T"),
        (lambda: openset.ViM(*layer()).fit(F[:9], Z[:9], Y[:9]), "vary in 12 directions or fewer"),
        (lambda: openset.ViM(layer()[0], layer()[1] - 99).fit(F, Z - 99, Y), "ViM got largest logits of -89"),
        (lambda: openset.OpenMax().fit(F, Z, (Y + 1) % K), r"answered right of class \[0, 1, 2, 3, 4\]"),
    ],
)
def test_bad_settings_are_told(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()
