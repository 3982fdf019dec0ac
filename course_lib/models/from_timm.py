"""Any convolutional network of timm by its name, with the preprocessing that timm gives for it.

timm is no dependency of the course: it is asked for where it is used.
"""

from __future__ import annotations

from types import ModuleType

from torch import nn

from .. import data
from .preprocessing import Preprocessing

PREFIX = "timm:"


def network(name: str, *, pretrained: bool) -> tuple[nn.Module, Preprocessing, str]:
    """(timm's network without pooling and classifier, its preprocessing, the licence of its weights).

    Args:
        name: as timm has it, such as "convnext_atto".
        pretrained: timm's own weights, which it downloads from where it keeps them; else random ones.

    Raises:
        ModuleNotFoundError: timm is not installed.
        ValueError: timm has no network of that name.
        data.DataError: its weights cannot be had.
    """
    timm = _timm(name)
    if not timm.is_model(name.split(".")[0]):
        raise ValueError(data.registry.unknown(name, timm.list_models(), what="a network of timm")[:1000])
    if pretrained and data.places.offline():
        raise data.DataError(f"{PREFIX}{name}: timm downloads its weights, and COURSE_OFFLINE forbids that.")
    try:
        body = timm.create_model(name, pretrained=pretrained, num_classes=0, global_pool="")
    except Exception as error:  # without a network the hub's client raises a dozen kinds; some names have no weights
        raise data.DataError(f"{PREFIX}{name}: timm could not make it ({error}).") from error
    config = timm.data.resolve_data_config({}, model=body)
    preprocessing = Preprocessing(mean=config["mean"], std=config["std"])
    return body, preprocessing, body.pretrained_cfg.get("license") or "see timm"


def _timm(name: str) -> ModuleType:
    try:
        import timm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'backbone got "{PREFIX}{name}", and timm is not installed; install it with `pip install timm`.'
        ) from error
    return timm
