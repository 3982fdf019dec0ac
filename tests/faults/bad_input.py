"""Values of every kind where a function wants another: a ValueError that says what it got and what it wants, or an
answer. The functions and their parameters are those of tests/test_checks.py, and the settings of a training."""

from __future__ import annotations

import re
import warnings
import zlib
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from course_lib.training import Settings
from tests.faults.tally import Tally
from tests.test_checks import ASKED, ROWS

EACH = 6  # values for each parameter
CLEAR = re.compile(r"(?s)got .*want")

DTYPES = st.sampled_from(
    ["float64", "float32", "float16", "int64", "int8", "uint8", "bool", "complex64", "datetime64[s]"]
)
ARRAYS = DTYPES.flatmap(
    lambda kind: shapes.arrays(kind, shapes.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)
NUMBERS = st.one_of(st.integers(), st.just(10**400), st.floats(), st.booleans(), st.complex_numbers())
TENSORS = st.builds(
    lambda shape, kind: torch.full(shape, 1.5).to(kind),
    st.lists(st.integers(0, 4), max_size=4),
    st.sampled_from([torch.float32, torch.bfloat16, torch.int32, torch.bool, torch.complex64]),
)
VALUES = st.one_of(
    st.none(), NUMBERS, st.text(max_size=5), st.binary(max_size=5), ARRAYS, TENSORS,
    st.lists(NUMBERS, max_size=4), st.lists(st.lists(NUMBERS, max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2), st.sets(st.integers(), max_size=2),
    st.sampled_from([object(), len, Ellipsis, range(3), np.ma.masked, float]),
)  # fmt: skip


def run(each: int = EACH) -> Tally:
    tally = Tally("bad input", "one clear error, or an answer")
    for name, parameter in ASKED:
        tried(tally, f"{name}({parameter}=…)", lambda value, n=name, p=parameter: ROWS[n](**{p: value}), each)
    for field in fields(Settings):
        tried(tally, f"Settings({field.name}=…)", lambda value, f=field.name: Settings(**{f: value}), each)
    tally.notes["parameters"] = len(ASKED) + len(fields(Settings))
    return tally


def tried(tally: Tally, what: str, call: Any, each: int) -> None:
    @seed(zlib.crc32(what.encode()))  # other values for each, and the same in every run
    @settings(max_examples=each, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(VALUES)
    def once(value: Any) -> None:
        tally.case(f"{what} of {shown(value)}", fault(call, value))

    once()


def fault(call: Any, value: Any) -> str:
    """What is wrong with how `call` takes `value`, or ""."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call(value)
    except ValueError as error:
        return "" if CLEAR.search(str(error)) else f"says {str(error)!r}"
    except Exception as error:
        return repr(error)
    return ""


def shown(value: Any) -> str:
    try:
        return repr(value)[:60].replace("\n", " ")
    except ValueError:  # more digits than Python writes
        return "a huge number"
