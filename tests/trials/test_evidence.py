import pytest

from course_lib.trials import digest, evidence, measure, runs, summary


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "file_of", lambda trial: tmp_path / f"{trial}.jsonl")


def result(value):
    return {"value": value, "n": 10, "seconds": 1.0, "device": "CPU", "source": "real", "versions": {}}


def test_a_run_that_is_there_is_not_run_again(store):
    first = measure("demo", "a", 0, digest(lr=1), lambda: result(0.5))
    again = measure("demo", "a", 0, digest(lr=1), lambda: pytest.fail("run again"))
    assert first == again
    assert runs("demo") == [first]


def test_changed_settings_are_run(store):
    measure("demo", "a", 0, digest(lr=1), lambda: result(0.5))
    measure("demo", "a", 0, digest(lr=2), lambda: result(0.7))
    assert [run.value for run in runs("demo")] == [0.5, 0.7]


def test_summary_over_seeds(store):
    for seed, value in enumerate((0.5, 0.7, 0.6)):
        measure("demo", "a", seed, digest(), lambda value=value: result(value))
    measure("demo", "b", 0, digest(), lambda: result(0.9))
    found = summary("demo")
    assert list(found) == ["a", "b"]
    assert (found["a"].mean, found["a"].sd, found["a"].seeds) == pytest.approx((0.6, 0.1, 3))
    assert "3 seeds" in str(found["a"])


def test_the_digest_does_not_depend_on_order():
    assert digest(a=1, b=(2, 3)) == digest(b=(2, 3), a=1) != digest(a=1, b=(3, 2))


def test_a_trial_without_runs_is_empty(store):
    assert summary("nothing") == {}
