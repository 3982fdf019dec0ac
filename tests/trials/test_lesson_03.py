"""What lesson 3 reads from the evidence is there, whole, and measured on the real thing."""

import pytest

from course_lib import trials
from course_lib.trials import lesson_03

TRIALS = {
    "probe_backbones": 5,
    "probe_or_finetune": 3,
    "taken_away": 3,
    "taken_away_probe": 5,
    "taken_away_unprepared": 5,
    "colour_floor": 5,
    "sgd_or_adam": 3,
    "frozen_batchnorm": 3,
}


@pytest.mark.parametrize("name", TRIALS)
def test_every_variant_has_all_its_seeds(name):
    found = trials.summary(name)
    assert found
    assert {variant: s.seeds for variant, s in found.items()} == dict.fromkeys(found, TRIALS[name])


@pytest.mark.parametrize("name", TRIALS)
def test_no_seed_counts_twice_and_all_is_real(name):
    runs = trials.runs(name)
    assert len({(run.variant, run.seed) for run in runs}) == len(runs)
    assert {run.source for run in runs} == {"real"}
    assert all(0 <= run.value <= 1 and run.n == 2700 for run in runs)


def test_every_piece_of_advice_has_its_numbers():
    for said, found in lesson_03.advice():
        assert said.endswith(".")
        assert found.count("seeds, n = 2,700") == 2


def test_the_cost_figure_has_all_pretrained_networks():
    rows = lesson_03.backbone_costs()
    assert {name.split(",")[0] for name, _, _ in rows} == {"squeezenet1_1", "mobilenet_v2_035", "texture_net"}
    assert all(macs > 0 for _, macs, _ in rows)


@pytest.mark.parametrize(("holds", "printed"), [(True, "Holds: a"), (False, "Does not hold: a")])
def test_a_conclusion_says_which(holds, printed, capsys):
    trials.conclude("a", holds)
    assert capsys.readouterr().out == printed + "\n"
