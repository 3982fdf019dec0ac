"""The fourth part keeps the bench's rules; nothing is trained here: `python -m tests.doctor.validate` does."""

import json
from pathlib import Path

from tests.doctor.fourth import CAUSES_OF_ITS_OWN
from tests.doctor.lots import drawn, written
from tests.doctor.test_third import KNOWN, kept

HERE = Path(__file__).parent
ROWS = [json.loads(line) for line in (HERE / "fourth_validation.jsonl").read_text(encoding="utf-8").splitlines()]
STORED = HERE.parents[1] / "evidence" / "doctor_bench.json"


def test_there_are_fifteen_sick_ones_and_eight_healthy_ones_of_all_kinds():
    cases = written("fourth")
    sick = {name: case for name, case in cases.items() if case["cause"] != "healthy"}
    assert (len(sick), len(cases)) == (15, 23)
    assert {case["kind"] for case in sick.values()} == {"loop", "loader", "keras"}
    assert not cases.keys() & (drawn().keys() | written("third").keys() | written("added").keys())


def test_every_cause_is_of_the_bench_or_named_as_new():
    causes = {case["cause"] for case in written("fourth").values()} - {"healthy"}
    assert causes - KNOWN == set(CAUSES_OF_ITS_OWN)


def test_every_case_was_trained_over_three_seeds_and_keeps_the_rule():
    cases = written("fourth")
    assert {(row["case"], row["seed"]) for row in ROWS} == {(name, seed) for name in cases for seed in range(3)}
    assert [row for row in ROWS if not kept(row)] == []
    assert [row for row in ROWS if row["cause"] != cases[row["case"]]["cause"] or row["half"] != "fourth"] == []


def test_the_doctor_was_asked_about_every_case_and_its_first_answers_are_kept():
    rows = json.loads(STORED.read_text(encoding="utf-8"))["rows"]
    asked = {row["case"] for row in rows if row["half"] == "fourth" and row["tool"] == "doctor-blind"}
    assert asked == written("fourth").keys()
