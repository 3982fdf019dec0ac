"""What a network costs: counted, which is the same everywhere, and timed, which is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from .inference import fed, inference


@dataclass(frozen=True)
class Cost:
    """Parameters, float32 megabytes, and multiply–accumulate operations for one picture."""

    parameters: int
    megabytes: float
    macs: int

    def __str__(self) -> str:
        return f"{self.parameters / 1e6:5.1f} M parameters {self.megabytes:6.1f} MB {self.macs / 1e6:6.0f} M MACs"


def cost(network: nn.Module, *, size: int = 64) -> Cost:
    """Count what `network` needs for one picture 3×`size`×`size`.

    A convolution multiplies once for every weight at every place of its output; a linear layer once for
    every weight; attention counts too. Activations, pooling and normalisation are left out, as is usual: they are some
    per cent.
    """
    parameters = sum(p.numel() for p in network.parameters())
    return Cost(parameters, parameters * 4 / 1e6, _macs(network, size))


def _macs(network: nn.Module, size: int) -> int:
    # PyTorch's counter counts each multiplication and each addition; it sees what is called without a layer, too.
    counter = FlopCounterMode(display=False)
    with inference(network), torch.no_grad(), counter:
        network(fed(network, torch.zeros(1, 3, size, size)))
    return counter.get_total_flops() // 2


@torch.inference_mode()
def milliseconds(network: Callable[[Tensor], object], x: Tensor, *, best_of: int = 7) -> float:
    """The fastest of `best_of` forward passes of `x`, after one that does not count.

    What other programs do can only add to a time, so the smallest says most. Threads are as they are: say with the
    number how many there were (`torch.set_num_threads`).

    Raises:
        ValueError: `best_of` below 1.

    >>> milliseconds(torch.nn.Linear(4, 2), torch.zeros(1, 4), best_of=2) > 0
    True
    """
    if best_of < 1:
        raise ValueError(f"milliseconds got best_of={best_of}; it wants 1 or more.")
    _timed(network, x)  # the first one also chooses how to compute
    return 1000 * min(_timed(network, x) for _ in range(best_of))


def _timed(network: Callable[[Tensor], object], x: Tensor) -> float:
    """Seconds of one pass; a graphics card is waited for."""
    start = time.perf_counter()
    network(x)
    if x.is_cuda:
        torch.cuda.synchronize(x.device)
    return time.perf_counter() - start
