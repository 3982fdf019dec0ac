"""The bench's own rules: nothing is trained here. `make bench-doctor` trains and asks the doctor."""

import json
from pathlib import Path

import pytest

from tests.doctor.lots import REPORTED, draw, drawn, table, written
from tests.doctor.scores import outcome, scores, wilson

HALVES = ("open", "aside")
README = Path(__file__).with_name("README.md")
VALIDATED = Path(__file__).with_name("validation.jsonl")
STORED = Path(__file__).parents[2] / "evidence" / "doctor_bench.json"


def both() -> dict[str, dict[str, str]]:
    if not written("aside"):
        pytest.skip("the half that was laid aside is not here")
    return written("open") | written("aside")


# --- the cases -----------------------------------------------------------------------------------------------


def test_lots_are_as_the_seed_draws_them():
    lots = drawn()
    assert draw({name: case["cause"] for name, case in lots.items()}) == {n: case["half"] for n, case in lots.items()}


@pytest.mark.parametrize("half", HALVES)
def test_every_name_drawn_is_a_case_or_says_why_not(half):
    cases = written(half)
    if not cases:
        pytest.skip(f"the {half} half is not here")
    lots = {name: case for name, case in drawn().items() if case["half"] == half}
    for name, lot in lots.items():
        reason = lot.get("out") or lot.get("not written")
        if reason is None:
            assert cases[name]["cause"] == lot["cause"]
        else:
            assert isinstance(reason, str)
            assert len(reason) > 10
            assert name not in cases
    assert cases.keys() <= lots.keys()


def test_there_are_enough_of_each():
    cases = both()
    sick = {name: case for name, case in cases.items() if case["cause"] != "healthy"}
    assert len(sick) >= 60
    assert len({case["cause"] for case in sick.values()}) >= 35
    assert len(cases) - len(sick) >= 40
    assert {case["kind"] for case in sick.values()} == {"loop", "loader", "keras"}


def test_every_cause_has_its_place_among_the_published_kinds():
    placed = [cause for causes in REPORTED.values() for cause in causes]
    assert len(placed) == len(set(placed))
    assert {case["cause"] for case in drawn().values()} - {"healthy"} == set(placed)


def test_every_cause_is_one_that_the_doctor_knows():
    causes = pytest.importorskip("course_lib.training.doctor.causes", reason="the new doctor is not here yet")
    assert {case["cause"] for case in drawn().values()} - {"healthy"} <= causes.CAUSES.keys()


def test_the_readme_has_the_table():
    assert table() in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("half", HALVES)
def test_every_case_was_trained_and_keeps_the_rule(half):
    rows = [row for row in map(json.loads, VALIDATED.read_text(encoding="utf-8").splitlines()) if row["half"] == half]
    if not rows:
        pytest.skip(f"the {half} half is not validated")
    assert {(row["case"], row["seed"]) for row in rows} >= {(name, seed) for name in written(half) for seed in range(3)}
    for row in rows:
        assert row["whole"] >= 0.65, row
        assert row["cause"] == "healthy" or row["broken"] is None or row["broken"] <= row["whole"] - 0.15, row


def test_a_part_that_is_not_there_has_no_cases():
    case = pytest.importorskip("tests.doctor.case")
    assert case.cases("nowhere") == ()
    assert written("nowhere") == {}


def test_added_set_ups_have_causes_that_the_doctor_knows():
    causes = pytest.importorskip("course_lib.training.doctor.causes")
    added = written("added")
    assert {case["cause"] for case in added.values()} <= {"healthy", *causes.CAUSES}
    assert not added.keys() & drawn().keys()
    assert sum(case["cause"] == "healthy" for case in added.values()) >= 10


def test_first_answers_to_the_half_that_was_laid_aside_are_kept():
    found = json.loads(STORED.read_text(encoding="utf-8"))
    blind = found["scores"]["aside, doctor-blind"]
    assert (blind["right"], blind["sick"], blind["blamed"], blind["crash"]) == (46, 56, 0, 0)


# --- the scores ----------------------------------------------------------------------------------------------

SICK = [f"sick {i}" for i in range(12)]
HEALTHY = [f"healthy {i}" for i in range(8)]


def made_up(first: dict[str, str], seeds: int = 1, crashes: tuple[str, ...] = ()) -> dict:
    """Scores of a doctor that says `first` to each case; sick ones have their name for a cause."""
    rows = []
    for case in SICK + HEALTHY:
        said = first.get(case, "")
        how = "crash" if case in crashes else outcome(case in SICK, said == case, bool(said))
        rows += [{"case": case, "sick": case in SICK, "outcome": how, "seconds": 1.0}] * seeds
    return scores(rows)


def test_a_doctor_that_is_always_right():
    score = made_up({case: case for case in SICK})
    assert score["recall"]["value"] == score["precision"]["value"] == score["noticed"]["value"] == 1
    assert score["false_alarms"]["value"] == 0


def test_a_doctor_that_names_other_causes_scores_nothing_but_notices():
    score = made_up({case: "another" for case in SICK})
    assert score["recall"]["value"] == score["precision"]["value"] == 0
    assert score["noticed"]["value"] == 1


def test_a_doctor_that_blames_all_has_a_low_precision():
    score = made_up({case: case for case in SICK} | {case: "something" for case in HEALTHY})
    assert score["recall"]["value"] == 1
    assert score["precision"]["value"] == pytest.approx(12 / 20)
    assert score["false_alarms"]["value"] == 1


def test_a_doctor_that_says_one_thing_to_all():
    score = made_up(dict.fromkeys(SICK + HEALTHY, "sick 0"))
    assert score["recall"]["value"] == pytest.approx(1 / 12, abs=1e-3)
    assert score["precision"]["value"] == pytest.approx(1 / 20)


def test_a_doctor_that_is_silent_has_no_precision():
    score = made_up({})
    assert score["recall"]["value"] == 0
    assert score["precision"]["value"] is None
    assert (score["missed"], score["passed"]) == (12, 8)


def test_a_crash_is_neither_right_nor_found():
    score = made_up({case: case for case in SICK}, crashes=("sick 0", "healthy 0"))
    assert score["crash"] == 2
    assert score["recall"]["value"] == pytest.approx(11 / 12, abs=1e-3)
    assert score["precision"]["value"] == 1


def test_seeds_do_not_narrow_an_interval():
    first = {case: case for case in SICK[:9]}
    assert made_up(first)["recall"] == made_up(first, seeds=3)["recall"]


def test_what_a_tool_does_not_take_is_left_out():
    rows = [{"case": "a", "sick": True, "outcome": "right", "seconds": 1.0}]
    score = scores([*rows, {"case": "b", "sick": True, "outcome": "not for it", "seconds": 0.0}])
    assert score["recall"]["value"] == score["sick"] == score["not for it"] == 1


def test_wilson_as_in_tables():
    # Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I: method 3.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert wilson(1 / 29, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


def test_the_project_s_readme_says_what_the_bench_found():
    found = json.loads(STORED.read_text(encoding="utf-8"))["scores"]
    said = (README.parents[2] / "README.md").read_text(encoding="utf-8")
    rows = {
        "the doctor, 80 set-ups never seen": "third, doctor-blind",
        "the doctor, set-ups laid aside": "aside, doctor-blind",
        "the doctor, set-ups seen while it was written": "open, doctor",
        "training-doctor 0.1.0, laid aside": "aside, training-doctor",
        "torchmortem 0.1.1, laid aside, without Keras": "aside, torchmortem",
    }
    for words, name in rows.items():
        score = found[name]
        firsts = score["right"] + score["wrong"] + score["blamed"]
        named, right = f"{score['right']} of {score['sick']}", f"{score['right']} of {firsts}"
        assert f"| {words} | {named} | {right} | {score['blamed']} of {score['healthy']} |" in said
    causes = {case["cause"] for case in drawn().values()} - {"healthy"}
    assert f"{len(drawn())} set-ups" in said
    assert f"sick of {len(causes)} causes" in said
