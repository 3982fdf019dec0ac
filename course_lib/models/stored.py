"""A `Classifier` in a file: weights and a description from which it is built again, and no code.

What comes back is the model that was saved. So before anything is written, the description is tried: a model that it
does not rebuild, in every layer and every answer, is refused while its owner still has it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from ..data import places
from .backbones import BACKBONES, backbone
from .classifier import Classifier
from .inference import fed, inference
from .norm import KINDS, freeze_norm, with_norm
from .preprocessing import Preprocessing

_NORMS = ("", "frozen", *(kind for kind in KINDS if kind != "batch"))  # "": as the backbone has it


def save(model: Classifier, path: str | Path) -> Path:
    """Write weights and description to one safetensors file (no code inside); whole or not at all.

    Kept are: the backbone's name and preprocessing, `models.norm` where it was used, the classes, the head, which
    weights are learned, and every weight in its dtype.

    Raises:
        ValueError: what `load` could not build again: another kind of model, layers of one's own in it, hooks, tied
            weights; or a path that is a folder or leads through a file.
    """
    path = Path(path)
    _check_path(path)
    about = json.dumps(_described(model), default=_plain)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with places.replacing(path) as part:
        save_file(state, part, metadata={"classifier": _sealed(about, _digest(about, state))})
    return path


def load(path: str | Path) -> Classifier:
    """The `Classifier` that `save` wrote, in inference mode, on the CPU. Nothing in the file is run.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder, or a file that `save` did not write or that was cut; says what it is.
    """
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"load got {str(path)!r}, which is a folder; it wants a file made by `models.save`.")
    if not path.is_file():
        raise FileNotFoundError(f"load got {str(path)!r}, where there is no file. Save a model there first.")
    try:
        with safe_open(path, framework="pt") as file:
            kept = file.metadata() or {}
        about, digest = _opened(kept)
        state = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"load got {path.name}, {_what(path)}") from error
    if about is None:
        raise ValueError(
            f"load got {path.name}, which holds no classifier, only tensors. It wants a file made by `models.save`. "
            "Build the network yourself, and fill it: model.load_state_dict(safetensors.torch.load_file(path))."
        )
    if digest not in ("", _digest(about, state)):
        raise ValueError(
            f"load got {path.name}, which is damaged: its weights or its description are not those that were saved. "
            "Copy it again, or save the model again."
        )
    try:
        return _fill(_built(json.loads(about)), state).eval()
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:  # RecursionError is one, too
        raise ValueError(
            f"load got {path.name}, whose description does not fit its weights ({_short(error)}). A newer version of "
            "the course may have written it, or it was changed by hand; save the model again."
        ) from error


# --- the description -------------------------------------------------------------------------------------


def _sealed(about: str, digest: str) -> str:
    """Description and digest as one entry: safetensors writes several in any order, and no two files would be alike."""
    return json.dumps({"about": about, "sha256": digest})


def _opened(kept: dict[str, str]) -> tuple[str | None, str]:
    """(description or None, digest or "") of a file's metadata; older files have two entries, or no digest."""
    text = kept.get("classifier")
    try:
        sealed = json.loads(text or "{}")
        return str(sealed["about"]), str(sealed["sha256"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return text, kept.get("sha256", "")


def _described(model: Classifier) -> dict[str, object]:
    """What is written of `model`; ValueError where no description of this kind rebuilds it."""
    if type(model) is not Classifier:
        raise ValueError(
            f"save got a {type(model).__name__}; it wants a models.Classifier. Of another network keep the code, and "
            "the weights: safetensors.torch.save_file(model.state_dict(), path)."
        )
    _check_rebuildable(model)
    about = {
        "backbone": model.backbone.name,
        "weights": model.backbone.weights,
        "classes": model.classes,
        "frozen": model.frozen,
        "hidden": model.hidden,
        "dropout": model.dropout,
        "pooling": model.pooling,
        "preprocessing": asdict(model.preprocessing),
        "still": [name for name, parameter in model.named_parameters() if not parameter.requires_grad],
    }
    about["norm"] = _norm(model, about)
    return about


def _check_rebuildable(model: Classifier) -> None:
    if model.backbone.name not in BACKBONES:
        raise ValueError(
            f"save got a backbone {model.backbone.name!r}, which `load` cannot build; it wants one of "
            f"{', '.join(BACKBONES)}. Keep the code of yours, and its weights: model.state_dict()."
        )
    if type(model.preprocessing) is not Preprocessing:
        raise ValueError(
            f"save got a backbone whose preprocessing is a {type(model.preprocessing).__name__}, which no file can "
            "hold; it wants a models.Preprocessing, whose numbers are kept."
        )
    if not all(isinstance(name, str) for name in model.classes):
        raise ValueError(f"save got classes {model.classes}; it wants names, so that they come back as they are.")
    _check_untied(model)
    for name, part in model.named_modules():
        if part._forward_hooks or part._forward_pre_hooks or "forward" in vars(part):
            raise ValueError(
                f"save got a model with a hook or a forward of its own in {name or 'itself'!r}, which would be gone "
                "after loading. Take it off first: handle.remove()."
            )


def _check_untied(model: Classifier) -> None:
    """ValueError where two names share one memory: after loading they would be two weights, which learn apart."""
    seen: dict[int, str] = {}
    for name, tensor in model.state_dict().items():
        other = seen.setdefault(tensor.untyped_storage().data_ptr(), name) if tensor.numel() else name
        if other != name:
            raise ValueError(
                f"save got a model whose {other!r} and {name!r} are tied: they share one memory, which would be two "
                "after loading; it wants weights of their own. Untie them: a.weight = nn.Parameter(a.weight.clone())."
            )


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise ValueError(
            f"save got {str(path)!r}, which is a folder; it wants a file, such as {str(path / 'model.safetensors')!r}."
        )
    above = next((folder for folder in path.parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise ValueError(
            f"save got {str(path)!r}, but {str(above)!r} is a file; it wants a file in a folder. Choose another path."
        )


def _plain(value: object) -> object:
    """Python's number for NumPy's or a tensor's, which JSON does not know."""
    if isinstance(value, np.generic | np.ndarray | torch.Tensor):
        return value.tolist()
    raise ValueError(f"save got {value!r} in its description; it wants names and numbers.")


def _digest(about: str, state: dict[str, torch.Tensor]) -> str:
    """SHA-256 of a description and of every tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256(about.encode())
    for name in sorted(state):
        tensor = state[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _norm(model: Classifier, about: dict[str, object]) -> str:
    """Which of `_NORMS` makes the description rebuild `model`."""
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    differs = ""
    for norm in _NORMS:
        try:
            twin = _built(about | {"norm": norm})
            found = _difference(_looks(model), _looks(twin))
            if not found and _answer_alike(model, _fill(twin, state)):
                return norm
        except (ValueError, TypeError, RuntimeError) as error:  # nothing to replace, or weights that do not fit
            found = _short(error)
        differs = differs or found or "a part that looks the same and answers otherwise"
    raise ValueError(
        f"save got a model that `load` could not build again: {differs}. "
        f"Of a {model.backbone.name} with changed layers keep the code, and the weights: model.state_dict()."
    )


def _looks(model: nn.Module) -> dict[str, str]:
    """Place → type of every part; of layers, which have no parts, with their settings."""
    return {
        name: type(part).__name__ if any(True for _ in part.children()) else repr(part)
        for name, part in model.named_modules()
    }


def _difference(ours: dict[str, str], twin: dict[str, str]) -> str:
    """The first part in which two networks differ, in words; "" where there is none."""
    for name in ours | twin:
        mine, built = (looks.get(name, "nothing") for looks in (ours, twin))
        if mine != built:
            return f"its part {name!r} is {mine} and would be {built}"
    return ""


@torch.inference_mode()
def _answer_alike(model: Classifier, twin: Classifier) -> bool:
    """The last word: what was rebuilt answers as `model` does to some noise, but for the rounding of a device."""
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with inference(model), inference(twin):
        ours, theirs = (one(fed(one, x)).double().cpu() for one in (model, twin))
    return torch.allclose(ours, theirs, rtol=1e-2, atol=1e-2 * float(ours.nan_to_num().abs().amax()), equal_nan=True)


# --- building it again -----------------------------------------------------------------------------------


def _built(about: dict[str, Any]) -> Classifier:
    """The classifier of a description, with random weights. Older files lack the keys that are asked for by `pop`."""
    about = dict(about)
    body = backbone(about.pop("backbone"), weights="random")
    body.weights = about.pop("weights")
    if (numbers := about.pop("preprocessing", None)) is not None:
        body.preprocessing = Preprocessing(
            **numbers | {"mean": tuple(numbers["mean"]), "std": tuple(numbers["std"])}  # JSON knows no tuples
        )
    norm, still = about.pop("norm", ""), about.pop("still", None)
    model = Classifier(body, **about)
    if norm:
        freeze_norm(model) if norm == "frozen" else with_norm(model, norm)
    if still is not None:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name not in still)
    return model


def _fill(model: Classifier, state: dict[str, torch.Tensor]) -> Classifier:
    """`model` with the weights of `state`, each in its dtype there."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name in state and tensor.dtype != state[name].dtype:  # double stays double
            tensor.data = tensor.data.to(state[name].dtype)
    model.load_state_dict(state)
    return model


# --- what else a file can be -----------------------------------------------------------------------------


def _what(path: Path) -> str:
    """What a file is that is no safetensors file, and what to do."""
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        return "which is empty. Copy or save it again."
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the file that it points to. Fetch that: git lfs pull."
    if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04", b"\x80\x05"):
        return (
            "a PyTorch or pickle file, which can hold code that runs when it is opened; `load` never opens one. Where "
            'you trust it: model.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")), and then '
            "models.save(model, …)."
        )
    if start[:4] == b"\x89HDF":
        return "an HDF5 file, such as Keras writes; it wants a file made by `models.save`."
    if len(start) >= 9 and start[8:9] == b"{":
        return (
            f"a safetensors file that is damaged or was cut short: it has {path.stat().st_size:,} bytes. Copy it again."
        )
    return "which is damaged, or no safetensors file at all. It wants a file made by `models.save`."


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
