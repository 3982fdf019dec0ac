"""When a large kernel is two thin ones: its singular values.

A kernel [h, w] that is a column times a row has rank one, and then a convolution with the column followed by one with
the row is the same convolution, with h + w weights in place of h · w.
"""

from __future__ import annotations

import torch
from torch import Tensor


def two_thin(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """(column [h], row [w]) whose outer product is the nearest to `kernel` [h, w] in squared error.

    The first singular value's vectors, its root given to each (Eckart, Young: The approximation of one matrix by
    another of lower rank, 1936). Both negated would do as well; here the row's largest entry is positive.

    >>> column, row = two_thin(torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 0.0, -1.0])))
    >>> torch.allclose(torch.outer(column, row)[1], torch.tensor([2.0, 0.0, -2.0]), atol=1e-5)
    True
    """
    if kernel.ndim != 2:
        raise ValueError(f"two_thin got shape {tuple(kernel.shape)}; it wants one kernel [h, w].")
    u, s, v = torch.linalg.svd(_floats(kernel), full_matrices=False)
    column, row = u[:, 0] * s[0].sqrt(), v[0] * s[0].sqrt()
    sign = torch.where(row[row.abs().argmax()] < 0, -1.0, 1.0).to(row)
    return sign * column, sign * row


def rank_one_share(kernels: Tensor) -> Tensor:
    """Share of each kernel's energy (sum of squares) that the best column times row keeps: [..., h, w] → [...], 0–1.

    1 where the kernel is exactly two thin ones. A random kernel of n × n has about 4 / n (for large n, the first
    singular value is 2√n: Marchenko, Pastur, 1967). A kernel of zeros has 1: nothing is lost.

    >>> rank_one_share(torch.eye(4)), rank_one_share(torch.ones(4, 4)).round(decimals=4)
    (tensor(0.2500), tensor(1.))
    """
    if kernels.ndim < 2:
        raise ValueError(f"rank_one_share got shape {tuple(kernels.shape)}; it wants kernels [..., h, w].")
    energy = torch.linalg.svdvals(_floats(kernels)) ** 2
    total = energy.sum(dim=-1)
    nothing = total == 0
    return torch.where(nothing, 1.0, energy[..., 0] / torch.where(nothing, 1.0, total))


def _floats(kernels: Tensor) -> Tensor:
    kernels = kernels.detach()
    # LAPACK knows no half precision.
    return kernels if kernels.is_floating_point() and kernels.element_size() >= 4 else kernels.float()
