"""Where a network runs, and in what precision."""

from __future__ import annotations

import torch
from torch import nn

from ..models import inference


def best_device() -> str:
    """ "cuda" where there is one, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name(device: torch.device) -> str:
    """What to print beside a measured time: the card's name, or "CPU, n threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads" if device.type == "cpu" else device.type


def usable(who: str, device: torch.device | str | int) -> torch.device:
    """`device`, where this machine has it; else a ValueError."""
    wanted = 'it wants "cpu", or "cuda" where there is a card. Leave it out to take what is there.'
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, TypeError, ValueError, AssertionError, NotImplementedError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(f"{who} got device={device!r}, which cannot be used ({first}); {wanted}") from error
    if found.type == "meta":
        raise ValueError(f"{who} got device={device!r}, which holds no numbers; {wanted}")
    return found


def floats_of(model: nn.Module) -> torch.dtype:
    """Of the floats that `model` takes."""
    weight = inference.home(model)
    return torch.float32 if weight is None else weight.dtype


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """bfloat16 on CUDA where `precision` is "auto"; elsewhere a context that changes nothing."""
    on = precision == "auto" and device.type == "cuda"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=on)
