"""The file in which a run is kept while it goes: what it belongs to, and what happens where it cannot be used."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data import ImageSet, places
from ..models.inference import preprocessed
from ..models.preprocessing import Preprocessing
from .settings import Settings

_WORDS = {  # a part of the identity → what differs, in words
    "settings": "other settings",
    "train": "other pictures",
    "labels": "other labels",
    "val": "another validation set",
    "model": "another model",
    "preprocessing": "another preprocessing",
}


def identity(
    model: nn.Module,
    train: ImageSet,
    val: ImageSet,
    settings: Settings,
    preprocessing: Callable,
    *,
    device: torch.device | str = "cpu",
) -> dict[str, str]:
    """What a checkpoint belongs to: a digest of each thing that decides where the run goes on to.

    The first weights are not part of it: a head drawn anew by an unseeded script must not cost the learner the epochs
    that are done.
    """
    return {
        "settings": json.dumps(dataclasses.asdict(settings)),
        "train": train.digest(),
        "labels": _labels(train),
        "val": f"{val.digest()} {_labels(val)}",
        "model": _layout(model),
        "preprocessing": _effect(preprocessing, probe(train.shape).to(device)),
    }


def ready(path: Path) -> None:
    """See that a checkpoint can be written at `path`, before an epoch is spent: make its folder.

    Raises:
        ValueError: a folder stands there, or a file stands where its folder should be.
    """
    if path.is_dir():
        raise ValueError(
            f"fit got checkpoint={str(path)!r}, which is a folder; it wants a file, such as {str(path / 'run.pt')!r}."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"fit got checkpoint={str(path)!r}, where {str(error.filename or path.parent)!r} is a file or in one; it "
            "wants a file in a folder. Choose another path."
        ) from error


def read(path: Path, device: torch.device) -> dict | None:
    """What is stored at `path`; None where nothing is, or a damaged checkpoint was, which is set aside.

    Raises:
        ValueError: the file is sound and no checkpoint, or of another kind: it is somebody's, and stays where it is.
    """
    if not path.exists():
        return None
    start = _start(path)
    if reason := _emptied(start):
        set_aside(path, reason)
        return None
    if not (start[:2] == b"PK" and b"data.pkl" in start):  # how torch.save begins
        raise _foreign(path)
    try:
        if zipfile.ZipFile(path).testzip():  # a bit that was turned on the way: torch does not look
            set_aside(path, "it is damaged")
            return None
        # weights_only: a checkpoint from somebody else must not be able to run code.
        stored = torch.load(path, weights_only=True, map_location=device)
    except OSError as error:
        # A changed table of contents makes zipfile seek before the file's beginning, which the system calls invalid.
        if error.errno != errno.EINVAL:
            raise  # no permission, no disk: that says nothing of the file
        set_aside(path, "it is damaged")
        return None
    except Exception:  # torch, zipfile and pickle raise a dozen kinds, and torch's words advise to load it unsafely
        set_aside(path, "it is damaged, or no checkpoint at all")
        return None
    if not isinstance(stored, dict) or "run" not in stored:
        raise _foreign(path)
    if not isinstance(stored["run"], dict):
        set_aside(path, "an older version wrote it, without the labels and the validation set it belongs to")
        return None
    return stored


def belongs(stored: dict, own: dict[str, str], path: Path) -> None:
    """ValueError where `stored` is another run's: that one may still be wanted, so it is not touched."""
    other = [words for part, words in _WORDS.items() if stored["run"].get(part) != own[part]]
    if other:
        raise another(path, ", ".join(other))


def another(path: Path, what: str) -> ValueError:
    """The checkpoint at `path` is another run's, which differs in `what`."""
    return ValueError(
        f"the checkpoint {path} belongs to a run with other settings or other pictures, labels or model: here with "
        f"{what}. Give this run a file of its own, or delete that one."
    )


def write(path: Path, stored: dict) -> None:
    """Write everything to `path`, whole or not at all."""
    with places.replacing(path) as part:
        torch.save(stored, part)


def set_aside(path: Path, why: str) -> None:
    """Move what is at `path` to a name beside it, and say so."""
    free = (path.with_name(f"{path.name}.aside{number or ''}") for number in range(10_000))
    aside = next(other for other in free if not other.exists())
    path.rename(aside)
    warnings.warn(
        f"the checkpoint {path} cannot be used: {why}. It was moved to {aside.name}, and training starts anew.",
        stacklevel=5,
    )


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _emptied(start: bytes) -> str:
    """Why nothing of a file that begins like this is left; "" where there may be something."""
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the file that it points to (git lfs pull fetches that)"
    return "" if start.strip(b"\0") else "it is empty"  # zeros: what a crash of the machine leaves


def _foreign(path: Path) -> ValueError:
    return ValueError(
        f"fit got checkpoint={str(path)!r}, where there is a file that no run wrote; it wants a checkpoint of this "
        "run, or a name that is free. Give this run a file of its own, such as 'run.pt'."
    )


def _labels(pictures: ImageSet) -> str:
    """SHA-256 of the labels and of what they are called."""
    content = json.dumps([list(map(str, pictures.classes)), pictures.labels.tolist()])
    return hashlib.sha256(content.encode()).hexdigest()


def _layout(model: nn.Module) -> str:
    """SHA-256 of the layers and their settings, of all that a model keeps, and of which of it is learned."""
    kept = [(name, tuple(t.shape), str(t.dtype)) for name, t in model.state_dict().items()]
    layers = re.sub(r" at 0x[0-9a-f]+", "", repr(model))  # an address is another one in every process
    learned = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    return hashlib.sha256(repr((type(model).__name__, layers, kept, learned)).encode()).hexdigest()


def probe(shape: tuple[int, int, int]) -> Tensor:
    """uint8 [2, C, H, W]: noise, always the same."""
    return torch.randint(256, (2, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def _effect(preprocessing: Callable, pictures: Tensor) -> str:
    """What tells one preprocessing from another: its numbers, or a digest of what it makes of `pictures`.

    Not its name: two lambdas have the same. Where it draws from a generator that no seed of torch reaches, its name is
    all there is.
    """
    if type(preprocessing) is Preprocessing:
        return repr(preprocessing)
    first, again = (_made(preprocessing, pictures) for _ in range(2))
    return first if first == again else getattr(preprocessing, "__qualname__", type(preprocessing).__qualname__)


@torch.no_grad()
def _made(preprocessing: Callable, pictures: Tensor) -> str:
    """SHA-256 of the floats that `preprocessing` gives, rounded to what another machine would give, too."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = preprocessed("fit", preprocessing, pictures.clone()).detach().double().cpu()
    top = x.nan_to_num(0, 0, 0).abs().amax().item() or 1.0
    rounded = (x / top * 1e4).round() + 0.0  # −0 and 0 are the same
    return hashlib.sha256(f"{tuple(x.shape)} {top:.4g} ".encode() + rounded.contiguous().numpy().tobytes()).hexdigest()
