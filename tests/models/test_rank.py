"""Rank one against outer products, torch.linalg, and a search for something nearer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d

from course_lib.models import rank_one_share, two_thin

RANDOM = torch.randn(6, 3, 7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 3), (30, 30), (2, 9), (9, 1)])
def test_an_outer_product_is_two_thin_kernels(height, width):
    kernel = torch.outer(torch.rand(height) - 0.5, torch.rand(width) - 0.5)
    torch.testing.assert_close(torch.outer(*two_thin(kernel)), kernel)
    assert float(rank_one_share(kernel)) == pytest.approx(1, abs=1e-6)


def test_share_is_that_of_the_first_singular_value():
    values = np.linalg.svd(RANDOM.numpy(), compute_uv=False) ** 2
    np.testing.assert_allclose(rank_one_share(RANDOM), values[..., 0] / values.sum(axis=-1))


def test_share_is_what_the_two_thin_ones_keep():
    kernel = RANDOM[0, 0]
    lost = (kernel - torch.outer(*two_thin(kernel))).square().sum() / kernel.square().sum()
    assert float(1 - lost) == pytest.approx(float(rank_one_share(kernel)))


def test_no_other_column_and_row_are_nearer():
    """Eckart and Young: neither neighbours nor random ones."""
    kernel, generator = RANDOM[1, 2], torch.Generator().manual_seed(1)
    column, row = two_thin(kernel)
    best = (kernel - torch.outer(column, row)).norm()
    for scale in (1e-3, 0.1, 1.0):
        for _ in range(200):
            other = column + scale * torch.randn(7, generator=generator)
            best_row = kernel.T @ other / (other @ other)  # the row that suits this column best
            assert (kernel - torch.outer(other, best_row)).norm() >= best - 1e-9


def test_column_then_row_is_the_same_convolution():
    column, row = torch.rand(5), torch.rand(4)
    x = torch.rand(2, 1, 12, 12)
    whole = conv2d(x, torch.outer(column, row)[None, None])
    torch.testing.assert_close(conv2d(conv2d(x, column[None, None, :, None]), row[None, None, None, :]), whole)


@pytest.mark.parametrize("side", [15, 30, 60])
def test_random_kernels_have_about_four_nth(side):
    kernels = torch.randn(200, side, side, generator=torch.Generator().manual_seed(0))
    assert rank_one_share(kernels).mean() == pytest.approx(4 / side, rel=0.15)


def test_zeros_integers_and_shapes():
    assert rank_one_share(torch.zeros(2, 3, 3)).tolist() == [1, 1]
    assert rank_one_share(torch.eye(2, dtype=torch.int64)) == pytest.approx(0.5)
    assert two_thin(torch.tensor([[0, -3]]))[1].tolist()[1] > 0
    with pytest.raises(ValueError, match=r"two_thin got shape \(3,\)"):
        two_thin(torch.ones(3))
    with pytest.raises(ValueError, match=r"rank_one_share got shape \(3,\)"):
        rank_one_share(torch.ones(3))
