"""The store: runs that are kept, whole or not at all, once."""

import json
from dataclasses import asdict, replace
from multiprocessing.pool import ThreadPool

import pytest

from course_lib.study import Measurement, digest, evidence

RUN = Measurement(
    experiment="demo",
    variant="a",
    seed=0,
    metrics={"accuracy": 0.5},
    n={"accuracy": 10},
    seconds=1.0,
    shared=False,
    device="CPU",
    source="real",
    versions={"torch": "2"},
    settings=digest({"lr": 1}),
)
OTHERS = [replace(RUN, seed=1), replace(RUN, variant="b"), replace(RUN, settings=digest({"lr": 2}))]


def gives(value: float, n: int = 10) -> dict[str, dict]:
    return {"metrics": {"accuracy": value}, "n": {"accuracy": n}}


def test_what_is_kept_comes_back_in_order(tmp_path):
    for run in (RUN, *OTHERS):
        evidence.append(run, tmp_path)
    assert evidence.runs("demo", tmp_path) == [RUN, *OTHERS]
    assert len((tmp_path / "demo.jsonl").read_text().splitlines()) == 4


def test_a_run_that_is_there_stays_as_it_is(tmp_path):
    evidence.append(RUN, tmp_path)
    evidence.append(replace(RUN, **gives(0.9)), tmp_path)
    assert evidence.runs("demo", tmp_path) == [RUN]


def test_writers_at_the_same_time_do_not_mix_their_lines(tmp_path):
    many = [replace(RUN, seed=seed) for seed in range(40)]
    with ThreadPool(8) as pool:
        pool.map(lambda run: evidence.append(run, tmp_path), many)
    assert sorted(run.seed for run in evidence.runs("demo", tmp_path)) == list(range(40))


@pytest.mark.parametrize(
    "end", ['{"experiment": "demo", "varia', "{", '{"experiment": "demo"', pytest.param("[" * 100_000, id="brackets")]
)
def test_a_line_that_a_kill_cut_short_is_passed_over_and_then_replaced(tmp_path, end):
    file = tmp_path / "demo.jsonl"
    evidence.append(RUN, tmp_path)
    file.write_text(file.read_text() + end)
    assert evidence.runs("demo", tmp_path) == [RUN]
    evidence.append(OTHERS[0], tmp_path)
    assert evidence.runs("demo", tmp_path) == [RUN, OTHERS[0]]
    assert end not in file.read_text().splitlines()


def test_a_last_line_without_its_end_is_kept(tmp_path):
    (tmp_path / "demo.jsonl").write_text(json.dumps(asdict(RUN)))
    evidence.append(OTHERS[0], tmp_path)
    assert evidence.runs("demo", tmp_path) == [RUN, OTHERS[0]]


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    evidence.append(RUN, tmp_path)
    file = tmp_path / "demo.jsonl"
    file.write_text("<<<<<<< HEAD\n" + file.read_text())
    with pytest.raises(ValueError, match=r"demo\.jsonl, line 1 is no run"):
        evidence.runs("demo", tmp_path)


def test_nothing_is_kept_of_what_never_ran(tmp_path):
    assert evidence.runs("nothing", tmp_path) == []


def test_summary_over_seeds():
    values = (0.5, 0.7, 0.6)
    found = evidence.summarise(
        "a", [replace(RUN, seed=seed, **gives(value)) for seed, value in enumerate(values)], "accuracy"
    )
    assert (found.mean, found.sd, found.seeds, found.low, found.high) == pytest.approx((0.6, 0.1, 3, 0.5, 0.7))
    assert "3 seeds" in str(found)


def test_a_summary_names_all_its_hardware():
    found = evidence.summarise("a", [RUN, replace(RUN, seed=1, device="NVIDIA H100"), replace(RUN, seed=2)], "accuracy")
    assert found.device == "CPU and NVIDIA H100"
    assert evidence.summarise("a", [RUN], "accuracy").sd == 0


def test_a_summary_is_told_in_its_unit():
    runs = [replace(RUN, seed=seed, **gives(value, 0)) for seed, value in enumerate((3.0, 4.0))]
    assert str(evidence.summarise("a", runs, "accuracy", unit="epochs")) == "3.5 ± 0.71 epochs (2 seeds)"
    assert "350.0%" in str(evidence.summarise("a", runs, "accuracy"))


def test_the_digest_does_not_depend_on_order():
    assert digest({"a": 1, "b": (2, 3)}) == digest({"b": [2, 3], "a": 1}) != digest({"a": 1, "b": (3, 2)})


@pytest.mark.parametrize("strange", [{"rate": object()}, {"rate": float("nan")}])
def test_settings_that_have_no_digest_are_refused(strange):
    with pytest.raises((TypeError, ValueError)):
        digest(strange)


def test_a_line_whose_metrics_and_n_do_not_match_is_named(tmp_path):
    evidence.append(replace(RUN, n={"loss": 10}), tmp_path)
    with pytest.raises(ValueError, match=r"demo\.jsonl, line 1 is no run"):
        evidence.runs("demo", tmp_path)


def test_what_is_discarded_leaves_a_trace_and_a_reason(tmp_path):
    for run in (RUN, *OTHERS):
        evidence.append(run, tmp_path)
    assert evidence.discard("demo", digest({"lr": 1}), reason="the rate diverges", folder=tmp_path) == 3
    assert evidence.runs("demo", tmp_path) == [OTHERS[2]]
    trace = [json.loads(line) for line in (tmp_path / "discarded" / "demo.jsonl").read_text().splitlines()]
    assert [(line["variant"], line["seed"], line["reason"]) for line in trace] == [
        (run.variant, run.seed, "the rate diverges") for run in (RUN, *OTHERS[:2])
    ]


@pytest.mark.parametrize(("settings", "reason"), [(digest({"lr": 1}), " "), ("no such digest", "because")])
def test_nothing_is_discarded_without_a_reason_or_without_a_run(tmp_path, settings, reason):
    evidence.append(RUN, tmp_path)
    with pytest.raises(ValueError, match=r"no reason|no run"):
        evidence.discard("demo", settings, reason=reason, folder=tmp_path)
    assert evidence.runs("demo", tmp_path) == [RUN]
