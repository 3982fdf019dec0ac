"""Which half a case belongs to: lots, drawn over the names before any case was written.

python -m tests.doctor.lots   # the table of causes in README.md
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np

DRAWN = Path(__file__).with_name("lots.json")

# Where each cause stands in the taxonomy of Humbatova et al., 2020.
REPORTED = {
    "Model: layers, activations": (
        "activations-missing", "relu-on-logits", "sigmoid-twice", "softmax-before-cross-entropy", "softmax-on-one-unit",
        "too-few-outputs", "dropout-too-strong", "gradients-vanish", "batchnorm-sees-one",
    ),
    "Model: type and properties": (
        "initial-weights-too-large", "initial-weights-too-small", "weights-alike", "layers-not-registered",
        "model-recreated", "everything-frozen",
    ),
    "Tensors and inputs": (
        "channels-last", "labels-wrong-form", "labels-out-of-range", "loss-broadcasts", "inputs-not-finite",
        "inputs-constant",
    ),
    "Training: loss function": (
        "loss-detached", "loss-does-not-fit", "loss-for-numbers", "loss-maximised", "loss-wants-log-probabilities",
        "loss-wants-logits", "loss-wants-probabilities",
    ),
    "Training: hyperparameters, optimiser": (
        "learning-rate-too-high", "learning-rate-too-low", "scheduler-too-often", "weight-decay-too-strong",
        "gradients-clipped-away", "optimizer-holds-a-part", "optimizer-of-another-model", "not-finite-under-autocast",
    ),
    "Training: preprocessing": (
        "inputs-not-normalised", "inputs-scaled-twice", "preprocessing-missing", "classes-erased",
    ),
    "Training: data, validation": (
        "labels-out-of-step", "one-class-only", "batches-not-shuffled", "validation-classes-differ",
        "validation-prepared-differently",
    ),
    "API: a call missing or in the wrong place": (
        "backward-missing", "step-missing", "zero-grad-forgotten", "zero-grad-after-backward", "not-in-train-mode",
        "trainable-after-compile",
    ),
}  # fmt: skip


def draw(names: dict[str, str]) -> dict[str, str]:
    """{case name: cause} → {case name: "open" or "aside"}.

    Sick and healthy apart. The cases of a cause are dealt in turn after a shuffle, so that two or more lie in both
    halves; those left over, one of each odd cause, are shuffled and dealt in turn among themselves.
    """
    rng = np.random.default_rng(2026)
    half, left = {}, []
    for cause in sorted(set(names.values())):
        shuffled = list(rng.permutation(sorted(name for name, of in names.items() if of == cause)))
        if cause != "healthy" and len(shuffled) % 2:
            left.append(shuffled.pop())
        half |= _dealt(shuffled)
    return half | _dealt(list(rng.permutation(left)))


def _dealt(names: list[str]) -> dict[str, str]:
    return {str(name): ("open", "aside")[place % 2] for place, name in enumerate(names)}


def drawn() -> dict[str, dict[str, str]]:
    """What was drawn: {case name: {"cause": …, "half": …}}.

    "out" gives the reason where a case was thrown out, "not written" the reason where it never was.
    """
    return json.loads(DRAWN.read_text(encoding="utf-8"))


def written(half: str) -> dict[str, dict[str, str]]:
    """{case name: {"cause", "kind"}} as the code says, read without importing torch or Keras."""
    found = {}
    one_file = Path(__file__).with_name(f"{half}.py")
    for path in [one_file] if one_file.exists() else sorted(Path(__file__).with_name(half).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for call in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    kind = next(word.value.value for word in call.keywords if word.arg == "kind")
                    cause = call.args[0].value if call.func.id == "sick" else "healthy"
                    found[node.name] = {"cause": cause, "kind": kind}
    return found


def table() -> str:
    """The table of causes, Markdown: how many cases of each lie in which half, less those thrown out or not written."""
    kept = [(case["cause"], case["half"]) for case in drawn().values() if not {"out", "not written"} & case.keys()]
    lines = ["| kind of fault | cause | open | aside |", "| --- | --- | --- | --- |"]
    causes = [(kind, f"`{cause}`", cause) for kind, causes in REPORTED.items() for cause in causes]
    for kind, shown, cause in (*causes, ("none", "healthy", "healthy")):
        counts = " | ".join(str(kept.count((cause, half))) for half in ("open", "aside"))
        lines.append(f"| {kind} | {shown} | {counts} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
