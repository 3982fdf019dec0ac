"""Any settings are refused by name, or a run with them comes to its end."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.data import ImageSet
from course_lib.models import ZERO_TO_ONE
from course_lib.training import Settings, fit

WRONG = {
    "epochs": (0, -1, 1.5, "3", True, None, math.nan),
    "batch_size": (0, -4, 2.0, False, None, [8]),
    "optimizer": ("adam", "", None, 3, ["sgd"], np.array(["sgd", "adamw"])),
    "peak_lr": (0, -1e-3, math.nan, math.inf, True, "1e-3", None, 10**400, 1j, torch.tensor(0.1)),
    "warmup": (0, 1, -0.1, 1.5, math.nan, True, "0.3", None),
    "weight_decay": (-1, -1e-9, math.nan, math.inf, True, "0", None),
    "label_smoothing": (-0.1, 1, math.nan, False, None),
    "balance_classes": (1, 0, "yes", None),
    "flips": (1, "no", None),
    "size": (0, -3, 64.0, True, (32, 64), "64"),
    "patience": (0, -5, 1.0, True, math.inf),
    "precision": ("fp16", "bf16", 32, None, torch.float32),
    "seed": (-1, 2**32, 0.0, True, None, "0"),
}


def test_every_field_has_its_wrong_values():
    assert set(WRONG) == {field.name for field in fields(Settings)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_named_with_what_is_wanted(name, value):
    with pytest.raises(ValueError, match=f"^Settings got {name}=(.|\n)*; it wants "):
        Settings(**{name: value})


def test_numbers_of_numpy_are_taken_and_kept_as_python_s():
    given = Settings(epochs=np.int64(3), peak_lr=np.float32(0.5), flips=np.bool_(False), seed=np.uint8(7))
    assert given == Settings(epochs=3, peak_lr=0.5, flips=False, seed=7)
    assert json.loads(json.dumps(asdict(given))) == asdict(given)


def test_whole_numbers_stay_as_they_were_given():
    """The digest of a recipe is taken of them: 0 and 0.0 would be two experiments."""
    assert json.dumps(asdict(Settings(weight_decay=0))["weight_decay"]) == "0"


# --- any settings at all ---

N = 5
GENERATOR = torch.Generator().manual_seed(0)
PICTURES = ImageSet.of(
    torch.randint(0, 256, (N, 3, 6, 10), generator=GENERATOR).to(torch.uint8), [0, 1, 0, 1, 1], ["a", "b"]
)
ODD = st.sampled_from([None, True, -1, 0, 0.5, 1, 1.0, 2**70, math.nan, math.inf, "x", (), np.float32(0.25)])
SOUND = {
    "epochs": st.sampled_from([1, 2, 3, 10]),
    "batch_size": st.one_of(st.integers(1, 6), st.just(2**70)),
    "optimizer": st.sampled_from(["adamw", "sgd"]),
    "peak_lr": st.floats(1e-320, 1e-2),
    "warmup": st.one_of(st.sampled_from([0.1, 0.2, 0.5, 1 / 3, 1e-300, 1 - 1e-16]), st.floats(0, 1)),
    "weight_decay": st.floats(0, 1),
    "label_smoothing": st.floats(0, 0.99),
    "balance_classes": st.booleans(),
    "flips": st.booleans(),
    "size": st.one_of(st.none(), st.integers(1, 12)),
    "patience": st.one_of(st.none(), st.integers(1, 3)),
    "precision": st.sampled_from(["auto", "float32"]),
    "seed": st.integers(0, 2**32 - 1),
}


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def tried(values: dict) -> tuple[Settings | None, str]:
    """(the settings, where they are taken; what is printed of a run with them, or the complaint)."""
    chosen = None
    try:
        chosen = Settings(**values)
        return chosen, str(fit(network(), PICTURES, PICTURES, chosen, preprocessing=ZERO_TO_ONE, progress=False))
    except (ValueError, FloatingPointError) as error:
        return chosen, str(error)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the pictures of 6×10 are not square")
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(sound=st.fixed_dictionaries(SOUND), odd=st.dictionaries(st.sampled_from(sorted(SOUND)), ODD, max_size=2))
def test_any_settings_are_refused_by_name_or_a_run_comes_to_its_end(sound, odd):
    values = sound | odd | ({"epochs": 2} if odd.get("epochs") == 2**70 else {})  # those would take their time
    chosen, told = tried(values)
    if chosen is None:
        assert told.split("=")[0].removeprefix("Settings got ") in values
    elif chosen.batch_size == chosen.size == 1:  # one value per channel
        assert "BatchNorm" in told
    elif chosen.peak_lr * chosen.weight_decay <= 1:  # a huge rate is a number like any other, until it is tried
        assert f"seed {chosen.seed}" in told
    else:
        assert f"seed {chosen.seed}" in told or "peak learning rate" in told


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 10, 49])
def test_a_warmup_of_one_step_is_no_division_by_zero(epochs):
    for warmup in (1 / epochs, 1.0 - 1e-16, 0.1):
        if 0 < warmup < 1:
            fit(
                network(),
                PICTURES,
                PICTURES,
                Settings(epochs=epochs, warmup=warmup, flips=False),
                preprocessing=ZERO_TO_ONE,
                progress=False,
                device="cpu",
            )
