"""What the loop trains on, in a small part: at most 512 pictures and 32 MB, whatever the loader's size."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

Batches = Iterable[Any] | Callable[[], Iterable[Any]]
# Pictures; bytes as float32. Of validation half as much; the trials come on top.
MOST, MOST_BYTES = 512, 32 << 20
SIDE = 64  # of pictures as loaded, which only their colours and rough shapes are wanted of
_INPUTS = ("x", "image", "images", "img", "pixel_values", "input", "inputs", "picture", "data")
_LABELS = ("y", "label", "labels", "target", "targets", "class")


@dataclass(frozen=True)
class Seen:
    """Batches as the loop gets them.

    Attributes:
        pairs: (x, y) of each batch that was kept, as it came but on the CPU; x [B, …].
        x, y: all rows of those whose pictures have the first one's shape; x of a float type. y may be a tuple or dict
            of tensors.
        sizes: pictures in each batch before any were left out.
        raw: (pictures, labels) before the dataset's `transform`, where it has one that can be left out.
        last_is_one: whether an epoch's last batch holds one picture, where that is known.
        steps: batches in an epoch, where that is known.
        drawn: (pictures drawn, different ones among them, pictures in the set) where a random sampler of torch's draws.
    """

    pairs: list[tuple[Tensor, Any]]
    x: Tensor
    y: Any
    sizes: list[int]
    raw: tuple[Tensor, Any] | None = None
    last_is_one: bool = False
    steps: int | None = None
    drawn: tuple[int, int, int] | None = None


def collect(batches: Batches, who: str, name: str) -> Seen:
    """A part of one pass over `batches`, from its start to its end where it can be had without a whole pass.

    Raises:
        ValueError: no batches, or something else than pairs (x, y) of as many pictures as labels.
    """
    source = batches() if callable(batches) and not hasattr(batches, "__iter__") else batches
    pairs, sizes, kept, held = [], [], 0, 0
    store: _Store | None = None
    most = MOST_BYTES if name == "batches" else MOST_BYTES // 2
    for x, y in (pair_of(batch, who, name) for batch in _spread(source, who, name)):
        store = _Store(x) if store is None else store
        part, to = _thinned(x, y, MOST - kept, most - held)
        pairs.append((store.kept(part), to))
        sizes.append(len(x))
        kept, held = kept + len(part), held + 4 * part.numel()
        if kept >= MOST or held >= most:
            break
    if store is None:
        raise ValueError(f"{who} got no {name}; it wants at least one pair (x, y).")
    x, y = store.all(), _joined([y for x, y in pairs if x.shape[1:] == pairs[0][0].shape[1:]])
    raw, drawn = _before_transform(source), indices_drawn(source)
    return Seen(pairs, x, y, sizes, raw, _last_is_one(source), _length(source), drawn)


class _Store:
    """Pictures of one shape in one tensor, which is filled from its start: none is held twice.

    Memory that nothing was written to is none yet: room for 512 pictures costs what is in it.
    """

    def __init__(self, first: Tensor):
        self.x = torch.empty(MOST, *first.shape[1:], dtype=floating(first[:1]).dtype)
        self.n = 0

    def kept(self, part: Tensor) -> Tensor:
        """`part` as it came, or where it lies now."""
        if part.shape[1:] != self.x.shape[1:]:
            return part
        place = self.x[self.n : self.n + len(part)]
        place.copy_(part)
        self.n += len(part)
        return place if part.dtype is self.x.dtype else part

    def all(self) -> Tensor:
        """All pictures of the first one's shape."""
        return self.x[: self.n]


def pair_of(batch: Any, who: str, name: str) -> tuple[Tensor, Any]:
    """(x, y) of a batch as loaders give it: a pair, a longer tuple, or a dict with the usual names."""
    if isinstance(batch, dict):
        batch = [next((batch[key] for key in keys if key in batch), None) for keys in (_INPUTS, _LABELS)]
    if not isinstance(batch, tuple | list) or len(batch) < 2 or batch[0] is None or batch[1] is None:
        raise ValueError(f"{who} got {type(batch).__name__} from {name}; it wants pairs (x, y) of tensors.")
    x, y = _tensor(batch[0]), each(_tensor, batch[1])
    if not isinstance(x, Tensor) or not _tensors(y):
        raise ValueError(f"{who} got {type(batch[0]).__name__} from {name}; it wants pairs (x, y) of tensors.")
    first = _tensors(y)[0]
    if x.ndim < 2 or first.ndim == 0 or len(first) != len(x):
        raise ValueError(
            f"{who} got x of shape {tuple(x.shape)} and y of shape {tuple(first.shape)} from {name}; "
            "it wants [B, C, H, W] or [B, F], and as many labels as pictures."
        )
    return x.detach().cpu(), each(_on_cpu, y)


def floating(x: Tensor) -> Tensor:
    """x itself, or as float32 where it holds whole numbers."""
    return x if x.is_floating_point() else x.float()


def each(change: Callable[[Any], Any], thing: Any) -> Any:
    """`change` of a thing, or of every member of a tuple, list or dict."""
    if isinstance(thing, dict):
        return {key: each(change, value) for key, value in thing.items()}
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*(each(change, value) for value in thing))
    if isinstance(thing, tuple) or (isinstance(thing, list) and any(isinstance(v, Tensor | np.ndarray) for v in thing)):
        return type(thing)(each(change, value) for value in thing)
    return change(thing)


def rows(y: Any, which: Tensor, n: int) -> Any:
    """Those rows of all tensors in `y` that have `n` of them."""
    return each(lambda t: t[which] if isinstance(t, Tensor) and t.ndim and len(t) == n else t, y)


def _tensors(y: Any) -> list[Tensor]:
    if isinstance(y, Tensor):
        return [y]
    members = list(y.values()) if isinstance(y, dict) else list(y) if isinstance(y, tuple | list) else []
    return [t for member in members for t in _tensors(member)]


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, list) and value and isinstance(value[0], int | float | np.number):
        return torch.tensor(value)
    # Keras and JAX have tensors of their own, which NumPy can read.
    if hasattr(value, "__array__") and not isinstance(value, Tensor | np.generic):
        return torch.from_numpy(np.array(value))
    return value


def _on_cpu(value: Any) -> Any:
    return value.detach().cpu() if isinstance(value, Tensor) else value


def _thinned(x: Tensor, y: Any, room: int, room_bytes: int) -> tuple[Tensor, Any]:
    """At most `room` rows from the whole of the batch: a single batch may hold the whole set."""
    most = max(1, min(room, room_bytes // max(1, 4 * x[0].numel())))
    if len(x) <= most:
        return x, y
    which = torch.linspace(0, len(x) - 1, most).long()
    return x[which], rows(y, which, len(x))


def _joined(parts: list[Any]) -> Any:
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(parts) if first.ndim else first
    if isinstance(first, dict):
        return {key: _joined([part[key] for part in parts]) for key in first}
    if isinstance(first, tuple | list):
        return type(first)(_joined([part[i] for part in parts]) for i in range(len(first)))
    return first


# --- from start to end without a whole pass ---


def _spread(source: Any, who: str, name: str) -> Iterator[Any]:
    """Batches from all of the set where they can be picked, else from the start."""
    if isinstance(source, DataLoader):
        return _of_loader(source)
    indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")  # a list, or a PyDataset
    if (isinstance(source, Sequence) or indexed) and not isinstance(source, str | tuple | dict | Tensor):
        return _of_list(source)
    if isinstance(source, tuple) and len(source) == 2 and all(hasattr(t, "shape") for t in source):
        return iter([source])  # (all pictures, all labels)
    try:
        return iter(source)
    except TypeError:
        raise ValueError(f"{who} got {name} of {type(source).__name__}; it wants a DataLoader or a list.") from None


def _of_list(batches: Sequence[Any]) -> Iterator[Any]:
    size = _rows_of(batches[0]) if len(batches) else 1
    return (batches[i] for i in _picked(len(batches), max(1, size)))


def _picked(count: int, size: int) -> list[int]:
    """Batches whose pictures come to about `MOST`, from the first to the last."""
    most = min(count, -(-MOST // size))
    return sorted({round(i) for i in np.linspace(0, count - 1, most)})


def _rows_of(batch: Any) -> int:
    try:
        return len(next(iter(batch.values())) if isinstance(batch, dict) else batch[0])
    except (TypeError, IndexError, KeyError, StopIteration):
        return 1


def _of_loader(loader: DataLoader) -> Iterator[Any]:
    """Of a loader without shuffling, batches of all its set: sorted by class, its start would show one class."""
    in_order = isinstance(loader.sampler, SequentialSampler) and loader.batch_size is not None
    if not in_order or isinstance(loader.dataset, IterableDataset) or loader.collate_fn is None:
        return islice(iter(loader), MOST)
    size, n = int(loader.batch_size or 1), len(loader.dataset)  # type: ignore[arg-type]
    starts = [i * size for i in _picked(max(1, len(loader)), size)]
    return (loader.collate_fn([loader.dataset[i] for i in range(s, min(s + size, n))]) for s in starts if s < n)


def indices_drawn(source: Any) -> tuple[int, int, int] | None:
    """(drawn, different ones among them, pictures in the set) of a loader with a random sampler of torch's own."""
    sampler = source.sampler if isinstance(source, DataLoader) else None
    if not isinstance(sampler, RandomSampler | SubsetRandomSampler | WeightedRandomSampler):
        return None
    drawn = list(islice(iter(sampler), MOST))
    return len(drawn), len(set(drawn)), len(source.dataset)


def _length(source: Any) -> int | None:
    try:
        return len(source)
    except (TypeError, NotImplementedError):
        return None


def _last_is_one(source: Any) -> bool:
    if not isinstance(source, DataLoader):
        return bool(isinstance(source, list) and len(source) > 1 and _rows_of(source[-1]) == 1 < _rows_of(source[0]))
    size, n = source.batch_size, _length(source.dataset)
    return bool(size and n and not source.drop_last and size > 1 and n % size == 1)


def _before_transform(source: Any) -> tuple[Tensor, Any] | None:
    """(pictures, labels) as loaded, where the loader's dataset has a `transform` as torchvision's have; None else."""
    dataset = source.dataset if isinstance(source, DataLoader) else None
    if dataset is None or isinstance(dataset, IterableDataset) or not _has_transform(dataset):
        return None
    try:
        bare = _without_transform(dataset)
        n = len(bare)  # type: ignore[arg-type]
        chosen = np.linspace(0, n - 1, min(n, MOST // 2)).astype(int).tolist()
        pairs = [(_small(_picture(picture)), label) for picture, label in (bare[i][:2] for i in chosen)]
        pictures = [picture for picture, _ in pairs]
        side = min(min(p.shape[-2:]) for p in pictures)
        x = torch.stack([p if p.shape == pictures[0].shape else adaptive_avg_pool2d(p, side) for p in pictures])
        return (x, torch.as_tensor(np.array([p[1] for p in pairs]))) if x.nbytes <= MOST_BYTES else None
    except Exception:  # whatever a dataset does without its transform, it must not stop the doctor
        return None


def _has_transform(dataset: Any) -> bool:
    inner = getattr(dataset, "dataset", None)
    return getattr(dataset, "transform", None) is not None or (inner is not None and _has_transform(inner))


def _without_transform(dataset: Dataset) -> Dataset:
    bare: Any = copy.copy(dataset)
    for name, instead in (("transform", lambda x: x), ("transforms", lambda x, y: (x, y))):
        if getattr(bare, name, None) is not None:
            setattr(bare, name, instead)
    if getattr(bare, "dataset", None) is not None:  # a Subset
        bare.dataset = _without_transform(bare.dataset)
    return bare


def _small(picture: Tensor) -> Tensor:
    return picture if min(picture.shape[-2:]) <= SIDE else adaptive_avg_pool2d(picture, SIDE)


def _picture(value: Any) -> Tensor:
    """[C, H, W] of a picture as datasets hold it: PIL, array [H, W, C] or tensor."""
    if isinstance(value, Tensor):
        return value.float()
    array = np.asarray(value, dtype=np.float32)
    array = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(array).permute(2, 0, 1)
