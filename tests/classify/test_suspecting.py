"""What is suspected is what cleanlab suspects, where cleanlab has it; copies do not vouch for each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import features
from course_lib.classify import probe, suspecting
from course_lib.data import ImageSet


def blobs(n: int = 200, classes: int = 4, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(embeddings float32 [N, 8], labels int64 [N], one in ten of them wrong)."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % classes
    embeddings = rng.normal(size=(n, 8)) + 2 * np.eye(8)[truth]
    wrong = rng.permutation(n)[: n // 10]
    labels = truth.copy()
    labels[wrong] = (labels[wrong] + 1) % classes
    return embeddings.astype(np.float32), labels


def pictures(labels: np.ndarray) -> ImageSet:
    black = torch.zeros(len(labels), 3, 8, 8, dtype=torch.uint8)
    names = [f"{k:04d}.png" for k in range(len(labels))]
    return ImageSet.of(black, labels, [f"c{k}" for k in range(labels.max() + 1)], names=names)


@pytest.fixture
def cleanlab():
    return pytest.importorskip("cleanlab", reason="cleanlab is not installed: nothing to compare the suspects with")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_wrong_labels_are_cleanlabs(cleanlab, seed):
    from cleanlab.filter import find_label_issues

    embeddings, labels = blobs(seed=seed)
    groups = np.arange(len(labels))
    p = features.cross_validated(embeddings, labels, C=probe.PENALTIES[0], groups=groups)
    theirs = find_label_issues(
        labels, p, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    found = suspecting.wrong_labels(pictures(labels), embeddings, groups)
    assert [one.file for one in found] == [f"{k:04d}.png" for k in theirs]
    assert len(found) > 0


@pytest.mark.parametrize("seed", range(5))
def test_remoteness_orders_as_cleanlab_does(cleanlab, seed):
    from cleanlab.outlier import OutOfDistribution

    embeddings, _ = blobs(seed=seed)
    score = OutOfDistribution().fit_score(features=embeddings, verbose=False)  # low where it is far
    distance = suspecting.remoteness(embeddings)
    np.testing.assert_allclose(np.sort(score), score[np.argsort(-distance)], atol=1e-6)


def test_the_comparison_can_fail(cleanlab):
    from cleanlab.outlier import OutOfDistribution

    embeddings, _ = blobs()
    score = OutOfDistribution().fit_score(features=embeddings, verbose=False)
    assert not np.allclose(np.sort(score), score[np.argsort(suspecting.remoteness(embeddings))], atol=1e-3)


@pytest.mark.slow
def test_copies_do_not_vouch_for_each_other():
    """Thirty copies of one picture with a wrong label: parted, those in other folds say that the label is right."""
    embeddings, labels = blobs()
    copies = np.repeat(embeddings[:1], 30, axis=0)
    both = np.concatenate([embeddings, copies])
    given = np.concatenate([labels, np.full(30, (labels[0] + 2) % 4)])
    together = np.concatenate([np.arange(200), np.full(30, 200)])
    parted = features.cross_validated(both, given)[200:, given[-1]].mean()
    kept = features.cross_validated(both, given, groups=together)[200:, given[-1]].mean()
    assert kept < parted - 0.1
    files = {one.file for one in suspecting.wrong_labels(pictures(given), both, together)}
    assert {f"{k:04d}.png" for k in range(200, 230)} <= files


def test_a_class_of_one_group_is_left_out():
    embeddings, labels = blobs()
    given = np.concatenate([labels, [4, 4]])
    groups = np.concatenate([np.arange(200), [200, 200]])
    found = suspecting.wrong_labels(pictures(given), np.concatenate([embeddings, embeddings[:2]]), groups)
    assert not {"0200.png", "0201.png"} & {one.file for one in found}


def test_outliers_are_far_out_only():
    rng = np.random.default_rng(0)
    assert len(suspecting.outliers(rng.uniform(size=1_000))) == 0
    assert suspecting.outliers(np.concatenate([rng.uniform(size=100), [9.0, 99.0]])).tolist() == [101, 100]


def test_one_picture_has_no_neighbour():
    with pytest.raises(ValueError, match="two or more"):
        suspecting.remoteness(np.zeros((1, 4)))
