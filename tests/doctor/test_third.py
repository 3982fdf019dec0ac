"""The third half keeps the bench's rules; nothing is trained here: `python -m tests.doctor.validate` does."""

import ast
import json
from pathlib import Path

import pytest

from tests.doctor.lots import REPORTED, drawn, written
from tests.doctor.third import CAUSES_OF_ITS_OWN

HERE = Path(__file__).parent
ROWS = [json.loads(line) for line in (HERE / "third_validation.jsonl").read_text(encoding="utf-8").splitlines()]
KNOWN = {cause for causes in REPORTED.values() for cause in causes}


def kept(row: dict) -> bool:
    """The rule of `validate.py`, once more, so that a slip there does not pass here."""
    if row["whole"] is None or row["whole"] < 0.65:
        return False
    return row["cause"] == "healthy" or row["broken"] is None or row["broken"] <= row["whole"] - 0.15


def accepted() -> dict[str, tuple[str, ...]]:
    """{case name: further slugs that are right}, read without importing torch."""
    found = {}
    for path in sorted((HERE / "third").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for call in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                if not isinstance(call, ast.Call):
                    continue
                words = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
                if "accept" in words:
                    assert words["why"], node.name
                    found[node.name] = words["accept"]
    return found


def test_there_are_enough_of_each():
    cases = written("third")
    sick = {name: case for name, case in cases.items() if case["cause"] != "healthy"}
    assert len(cases) >= 40
    assert len(sick) >= 28
    assert len({case["cause"] for case in sick.values()}) >= 20
    assert len(cases) - len(sick) >= 12
    assert {case["kind"] for case in cases.values()} == {"loop", "loader", "keras"}


def test_no_case_is_one_of_the_other_halves():
    assert not written("third").keys() & drawn().keys()


def test_every_cause_is_of_the_bench_or_named_as_new():
    causes = {case["cause"] for case in written("third").values()} - {"healthy"}
    assert causes - KNOWN == set(CAUSES_OF_ITS_OWN)
    assert not KNOWN & set(CAUSES_OF_ITS_OWN)


@pytest.mark.slow
def test_what_is_accepted_besides_is_of_the_bench_too():
    assert accepted()
    assert {slug for slugs in accepted().values() for slug in slugs} <= KNOWN


def test_every_case_was_trained_over_three_seeds_and_keeps_the_rule():
    cases = written("third")
    assert {(row["case"], row["seed"]) for row in ROWS} == {(name, seed) for name in cases for seed in range(3)}
    assert [row for row in ROWS if not kept(row)] == []
    assert [row for row in ROWS if row["cause"] != cases[row["case"]]["cause"] or row["half"] != "third"] == []


@pytest.mark.slow
def test_what_was_trained_is_what_stands_here():
    validate, case = pytest.importorskip("tests.doctor.validate"), pytest.importorskip("tests.doctor.case")
    codes = {each.name: validate.digest(each) for each in case.cases("third")}
    assert {row["case"]: row["code"] for row in ROWS} == codes


@pytest.mark.parametrize(
    "change",
    [{"whole": 0.6}, {"whole": None}, {"broken": 0.7}],
    ids=["the mended one does not learn", "the mended one stops with an error", "the sick one learns"],
)
def test_the_rule_can_fail(change):
    row = {"cause": "step-missing", "whole": 0.8, "broken": 0.5}
    assert kept(row)
    assert not kept(row | change)
