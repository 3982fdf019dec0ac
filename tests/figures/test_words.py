"""Numbers read the same in Python's titles and in the browser's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from course_lib.figures.words import fixed, grouped, literal, percent


@pytest.fixture(scope="module")
def vectors() -> dict:
    rng = np.random.default_rng(0)
    chances = [0, 1, 1e-12, 1 - 1e-12, 0.005, 0.995, *((k + 0.5) / 100 for k in range(100)), *rng.random(10_000)]
    values = [0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.125, -0.125, 0.375, 1.005, -0.04, 1e-9, 123456.789]
    values += [*rng.normal(0, 100, 10_000), *(rng.integers(-4000, 4000, 2000) / 16)]  # sixteenths: exact halves
    counts = [0, 1, 999, 1000, 12345, 1_000_000, *map(int, 10 ** rng.uniform(0, 12, 2000))]
    return {
        "percent": [([float(p)], percent(p)) for p in chances],
        "fixed": [([float(v), digits], fixed(v, digits)) for v in values for digits in (0, 1, 2, 3)],
        "grouped": [([n], grouped(n)) for n in counts],
    }


@pytest.mark.slow
def test_javascript_writes_the_same(run_node, vectors):
    result = run_node("shared", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["percent", "fixed", "grouped"])
def test_disagreement_is_found(run_node, vectors, name):
    (given, _), *rest = vectors[name]
    assert run_node("shared", vectors | {name: [(given, "nonsense"), *rest]}).returncode != 0


def test_what_is_not_a_number():
    assert [fixed(value, 2) for value in (math.nan, math.inf, -math.inf)] == ["—", "∞", "−∞"]


def test_dollars_are_not_typeset():
    assert literal("$a$") == r"\$a\$"
