"""model.onnx: the whole classifier in the form that other programs run, from bytes in to an answer out.

Preprocessing, resize, temperature, score and line are inside: what runs it has nothing to know, and cannot forget any.
"""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data import places
from .answerer import Answerer

if TYPE_CHECKING:
    from .building import Built

ONNX = "model.onnx"
INPUT, OUTPUTS = "pictures", ("probabilities", "score", "accepted")
OPSET = 18
ALIKE = 1e-4  # by which ONNX may differ from PyTorch
CHECKED = 32  # test pictures that each export is compared on
AT_ONCE = 50


class ByteIn(nn.Module):
    """uint8 [N, H, W, 3], as picture libraries give it → what `Answerer` gives; H = W = `answerer.stored`."""

    def __init__(self, answerer: Answerer):
        super().__init__()
        self.answerer = answerer

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(probabilities float32 [N, K], score float32 [N], accepted bool [N])."""
        return self.answerer(pictures.permute(0, 3, 1, 2))


def write(built: Built) -> Path:
    """Write model.onnx into the folder of the build; returns its path.

    Raises:
        ModuleNotFoundError: the extra `export` is not installed.
        ValueError: on the build's own test pictures it answers otherwise than PyTorch.
    """
    path = built.out / ONNX
    with places.replacing(path) as part:
        export(built.answerer, part)
        some = built.pictures.images[:CHECKED]
        if len(some) and (apart := difference(part, built.answerer, some)) > ALIKE:
            raise ValueError(
                f"model.onnx differs from PyTorch by {apart:.2g} on {len(some)} test pictures; it wants at most "
                f"{ALIKE}. It was not written. Other versions of torch, onnx and onnxruntime may agree."
            )
    return path


def export(answerer: Answerer, path: str | Path) -> Path:
    """Write `answerer` as ONNX: uint8 [N, H, W, 3] in, H = W = `answerer.stored`, any N; the outputs are `OUTPUTS`.

    The names of the classes are in its metadata, as JSON under "classes"; `threshold` and `score_name` beside them.

    Raises:
        ModuleNotFoundError: without onnx and onnxscript (the extra `export`).
    """
    onnx = _needed("onnx")
    _needed("onnxscript")
    path, side = Path(path), answerer.stored
    example = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's own future
        program: Any = torch.onnx.export(
            ByteIn(answerer).eval(), (example,), input_names=[INPUT], output_names=list(OUTPUTS),
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},), opset_version=OPSET, dynamo=True, verbose=False,
        )  # fmt: skip
    model = program.model_proto
    onnx.helper.set_model_props(model, _about(answerer))
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def _about(answerer: Answerer) -> dict[str, str]:
    return {
        "classes": json.dumps(list(answerer.classifier.classes)),  # ASCII: a name may hold what UTF-8 does not
        "stored": str(answerer.stored),
        "score_name": answerer.score_name,
        "threshold": repr(answerer.threshold),
    }


def session_of(path: str | Path) -> Any:  # noqa: ANN401 - onnxruntime brings no types
    """An onnxruntime session of the model at `path`, on the CPU, with as many threads as PyTorch has.

    By itself onnxruntime takes one for each core of the machine, and they wait for one another by spinning. In a
    container that may use two cores of sixty-four, an answer then takes minutes.

    Raises:
        ModuleNotFoundError: without onnxruntime (the extra `export`).
    """
    onnxruntime = _needed("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def difference(path: str | Path, answerer: Answerer, pictures: Tensor) -> float:
    """The largest difference of probabilities and score, PyTorch against onnxruntime; inf where they accept others.

    Scores are compared in parts of the largest, where that is above 1. Whether a picture is accepted may differ where
    its score lies on the line, within `ALIKE`.

    Args:
        pictures: uint8 [N, 3, stored, stored].

    Raises:
        ModuleNotFoundError: without onnxruntime (the extra `export`).
    """
    session = session_of(path)
    return max((_apart(session, answerer, some) for some in pictures.split(AT_ONCE)), default=0.0)


def _apart(session: Any, answerer: Answerer, pictures: Tensor) -> float:  # noqa: ANN401 - onnxruntime brings no types
    with torch.inference_mode():
        ours = [one.numpy() for one in answerer(pictures)]
    pixels = np.ascontiguousarray(pictures.permute(0, 2, 3, 1).numpy())
    return _far(ours, session.run(list(OUTPUTS), {INPUT: pixels}), answerer.threshold)


def _far(ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], threshold: float) -> float:
    scale = max(1.0, float(np.abs(ours[1]).max()))
    clear = np.abs(ours[1] - threshold) > ALIKE * scale
    if (ours[2] != theirs[2])[clear].any():
        return float("inf")
    return max(float(np.abs(ours[0] - theirs[0]).max()), float(np.abs(ours[1] - theirs[1]).max()) / scale)


def _needed(name: str) -> Any:  # noqa: ANN401 - a module
    """The module called `name`, of the extra `export`."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"model.onnx needs the package {name}, which is not installed; the classifier itself does not. "
            'Get it with: python -m pip install "what-does-a-cnn-see[export]"',
            name=name,
        ) from error
