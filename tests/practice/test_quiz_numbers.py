"""A number that a quiz names is what the lesson measured, or what can be worked out (see test_lessons, too)."""

from __future__ import annotations

import re
from collections.abc import Callable
from statistics import NormalDist

import pytest
from scipy.stats import spearmanr

from course_lib import study
from course_lib.lessons.explanation import experiments as experiments06
from course_lib.lessons.explanation import trust
from course_lib.lessons.kernels import timing, variants
from course_lib.practice import catalogue

FAR_NEAR = ("AUROC, far unknowns", "AUROC, near unknowns")


def share(experiment: str, variant: str, metric: str = "") -> float:
    """In %, mean over seeds."""
    return 100 * value(experiment, variant, metric)


def value(experiment: str, variant: str, metric: str = "") -> float:
    return study.summary(experiment, metric)[variant].mean


def effect(trial: str) -> float:
    """In points."""
    return 100 * study.outcome(trial).verdict.effect


def ratio(numbers: tuple[float, float]) -> float:
    return numbers[0] / numbers[1]


def counted(name: str) -> timing.Counts:
    return timing.counts(variants.STACKS[name])


def threshold_at(d: float) -> float:
    """How many of 100 a threshold halfway gets right, of normal values with equal spread."""
    return 100 * NormalDist().cdf(d / 2)


def cost(probe: str, rule: str) -> float:
    return value("decisions", f"{probe} probe: {rule}")


def reviewed(order: str) -> float:
    return share("labels_reviewed", f"5% confusions, {order}")


def orders(metric: str, one: str, other: str) -> float:
    """Rank correlation of the methods under two covers."""
    scores = study.summary("heat_trust", metric)
    methods = experiments06.METHODS
    return spearmanr(
        *([scores[f"{m}; covered with {cover}"].mean for m in methods] for cover in (one, other))
    ).statistic


SMALLEST = "accuracy of the three smallest classes"
SKEWED = "accuracy, test as skewed as training"
PROBE = "probe fitted on"

# Lesson, what it says, and the numbers in it, in their order.
SAID: list[tuple[str, str, list[Callable[[], float]]]] = [
    ("01", "49.9 %; with", [lambda: share("clinic_longer", "every channel of every picture standardised, 8 epochs")]),
    ("01", "they got 99.6 %", [lambda: share("clinic", "RGB, the set's statistics")]),
    ("01", "Ten seeds ended at 50.5 %", [lambda: share("clinic", "HSV with the hue in degrees")]),
    ("01", "learned in 3.1 epochs", [lambda: value("colour_spaces", "HSV, the set")]),
    ("01", "HSV got 72.8 %, sine and cosine of the hue 100.0 %",
     [lambda: share("hue_seam", "HSV"), lambda: share("hue_seam", "HSV, sine and cosine")]),
    ("01", ": 50.0 % in ten", [lambda: share("last_layer_keras", "Keras: one unit, softmax")]),
    ("01", "brought +0.2 points", [lambda: effect("two_branches_hue")]),
    ("01", "such a rule by 2.7 points", [lambda: -effect("mere_rule")]),
    ("01", "it gets 93 % right", [lambda: threshold_at(3)]),
    ("01", "a threshold gets 7 % wrong", [lambda: 100 - threshold_at(3)]),
    ("02", "Weights fell by a factor of 5.0, MACs by 3.8, the time by 3.0",
     [lambda: ratio((counted("one 30×30").weights, counted("30×3 then 3×30").weights)),
      lambda: ratio((counted("one 30×30").macs, counted("30×3 then 3×30").macs)),
      lambda: ratio((value("kernel_seconds", "one 30×30"), value("kernel_seconds", "30×3 then 3×30")))]),
    ("02", "got 47.0 % right, the best 95.0 %",
     [lambda: 100 * study.summary("thin_lines")["3×3, strides later"].low,
      lambda: 100 * study.summary("thin_lines")["3×3, strides later"].high]),
    ("02", "lost 2.5 points at equal weights, and 6.1 at",
     [lambda: -effect("thin_roads_weights"), lambda: -effect("thin_roads_macs")]),
    ("03", "boosted trees get 78 % of", [lambda: share("colour_floor", "six colour numbers, boosted trees")]),
    ("03", "a histogram of colours gets 81.1 %, and",
     [lambda: share("colour_floor", "histogram of 8×8×8 colours, 300 trees")]),
    ("03", "in the picture get 86.6 %.", [lambda: share("colour_floor", "54 colour numbers, boosted trees")]),
    ("03", "gets 83.9 % when", [lambda: share("probe_backbones", "texture_net, textures, 64 px")]),
    ("03", "and 72.4 % with random", [lambda: share("probe_backbones", "texture_net, random, 64 px")]),
    ("03", "on photographs, gets 87.5 %", [lambda: share("probe_backbones", "squeezenet1_1, ImageNet, 64 px")]),
    ("03", "SqueezeNet gets 56.1 %", [lambda: share("probe_backbones", "squeezenet1_1, random, 64 px")]),
    ("03", "Drawings were worth 11.5 points",
     [lambda: share("probe_backbones", "texture_net, textures, 64 px")
      - share("probe_backbones", "texture_net, random, 64 px")]),
    ("03", "from 86.0 to 82.3 %",
     [lambda: share("frozen_batchnorm", "statistics stay"), lambda: share("frozen_batchnorm", "statistics drift")]),
    ("03", "it was 3.7 points better", [lambda: effect("requires_grad")]),
    ("03", "gets 97 % right in colour, and 48 %",
     [lambda: share("taken_away", "nothing"), lambda: share("taken_away", "colour: grey")]),
    ("03", "88.7 % in colour, 87.5 % in grey",
     [lambda: share("taken_away_probe", "nothing"), lambda: share("taken_away_probe", "colour: grey")]),
    ("04", "gets 87.5 % on EuroSAT", [lambda: share("inputs_probe", f"its own, {PROBE} it")]),
    ("04", "It falls to 14 %", [lambda: share("inputs_probe", f"Caffe's: BGR less a mean, {PROBE} its own")]),
    ("04", "wrong inputs, gets 67.9 %", [lambda: share("inputs_probe", f"Caffe's: BGR less a mean, {PROBE} it")]),
    ("04", "red and blue cost 6.5", [lambda: effect("swapped_is_a_detail")]),
    ("04", "left 23.0 %", [lambda: share("inputs_probe", f"0 to 255 where −1 to 1 was meant, {PROBE} its own")]),
    ("04", "88.7 % with ImageNet's, 88.2 % with",
     [lambda: share("inputs_probe", f"ImageNet's mean and deviation, {PROBE} it"),
      lambda: share("inputs_probe", f"the set's own mean and deviation, {PROBE} it")]),
    ("04", "it falls to 74.8 %", [lambda: share("inputs_probe", f"ImageNet's mean and deviation, {PROBE} its own")]),
    ("04", "63.8 against 67.6 %",
     [lambda: share("inputs_scratch", "AdamW, ImageNet's"),
      lambda: share("inputs_scratch", "AdamW, own mean and deviation")]),
    ("04", "trained 1.6 points better", [lambda: -effect("right_deviations")]),
    ("04", "changed the accuracy by 0.0 points", [lambda: abs(effect("statistics_leak"))]),
    ("04", "57 %: the levels", [lambda: share("norm_layers_hues", "instance, textured hues")]),
    ("04", "gets 99.6 %", [lambda: share("norm_layers_hues", "batch, textured hues")]),
    ("04", "it got 99.7 %", [lambda: share("norm_layers_hues", "instance, flat hues")]),
    ("04", "Without padding it got 50.0 %", [lambda: share("norm_layers_hues", "instance, flat hues, no padding")]),
    ("04", "in order of class 18.3 % were right, with running averages 54.3 %",
     [lambda: share("norm_batches", "batch, batches of 64, of 64 pictures in order of class"),
      lambda: share("norm_batches", "batch, batches of 64, running averages")]),
    ("05", "AUROC went from 0.911 at T = 1 to 0.898 at",
     [lambda: value("logo_temperature", "softmax, T = 1", FAR_NEAR[1]), lambda: 1.0,
      lambda: value("logo_temperature", "softmax, T = 10", FAR_NEAR[1])]),
    ("05", "64.5 % of near unknowns", [lambda: share("logo_threshold", "max softmax", "near unknowns let in")]),
    ("05", "by −0.1 points on near", [lambda: effect("unknown_class_near")]),
    ("05", "by +1.6 on far", [lambda: effect("unknown_class_far")]),
    ("05", "from 95.2 to 87.6 %",
     [lambda: share("logo_how_many", "no unknown class", "accuracy on the known"),
      lambda: share("logo_how_many", "30 times one class, 4 kinds", "accuracy on the known")]),
    ("06", "covered 52.3 % were right, with all else covered 100.0 %",
     [lambda: share("planted_left", "road: the planted thing is covered"),
      lambda: share("planted_left", "road: all but the planted thing is covered")]),
    ("06", "grey put 58 % of the heat, black 47 %",
     [lambda: share("planted_found", "hue: occlusion, grey"), lambda: share("planted_found", "hue: occlusion, black")]),
    ("06", "random numbers got 22 % with grey",
     [lambda: share("heat_trust", "random numbers; covered with grey", trust.DELETION)]),
    ("06", "occlusion's 26 %", [lambda: share("heat_trust", "occlusion, grey; covered with grey", trust.DELETION)]),
    ("06", "last of all, at 60 %",
     [lambda: share("heat_trust", "random numbers; covered with blurred", trust.DELETION)]),
    ("06", "each other: correlation −0.45", [lambda: orders(trust.INSERTION, "grey", "blurred")]),
    ("06", "had a correlation of +0.03", [lambda: orders(trust.DELETION, "grey", "blurred")]),
    ("06", "kept a correlation of 0.39", [lambda: value("heat_sanity", "saliency; all layers random")]),
    ("06", "grey 0.06", [lambda: value("heat_sanity", "occlusion, grey; all layers random")]),
    ("06", "Highway fell from 81 to 1 %",
     [lambda: share("seen_as_class", "plain", "accuracy on Highway"),
      lambda: share("seen_as_class", "patches of 8 px shuffled", "accuracy on Highway")]),
    ("06", "Residential rose from 97 to 100 %",
     [lambda: share("seen_as_class", "plain", "accuracy on Residential"),
      lambda: share("seen_as_class", "patches of 8 px shuffled", "accuracy on Residential")]),
    ("06", "plain pictures: 39 and 38 %",
     [lambda: share("trained_on_class", "shuffled", "accuracy on Highway"),
      lambda: share("trained_on_class", "plain", "accuracy on Highway")]),
    ("06", "took 16 points from",
     [lambda: share("seen_as", "fine-tuned: plain") - share("seen_as", "fine-tuned: hue turned by 90°")]),
    ("06", "px took 69",
     [lambda: share("seen_as", "fine-tuned: plain") - share("seen_as", "fine-tuned: blurred, 2 px")]),
    ("07", "smallest 1.9 points", [lambda: effect("tail_hurts_1")]),
    ("07", "smallest lost 16.3 points", [lambda: effect("tail_hurts_10")]),
    ("07", "they lost 38 points",
     [lambda: share("imbalance", "1 : 1, nothing", SMALLEST) - share("imbalance", "50 : 1, nothing", SMALLEST)]),
    ("07", "went from 89.8 to 86.5 %",
     [lambda: share("imbalance", "50 : 1, nothing", SKEWED),
      lambda: share("imbalance", "50 : 1, logits adjusted", SKEWED)]),
    ("07", "82.6 % against 80.1 % with class weights",
     [lambda: share("imbalance", "50 : 1, logits adjusted"), lambda: share("imbalance", "50 : 1, class weights")]),
    ("07", "went from 73.3 to 82.6 %",
     [lambda: share("imbalance", "50 : 1, nothing"), lambda: share("imbalance", "50 : 1, logits adjusted")]),
    ("07", "That found 5.1 % of the planted confusions, a random draw 4.9 %",
     [lambda: reviewed("least sure"), lambda: reviewed("random")]),
    ("07", "on ambiguous pictures it found 10.2 %", [lambda: share("labels_reviewed", "5% ambiguous, least sure")]),
    ("07", "That found 70.8 %", [lambda: reviewed("self confidence")]),
    ("07", "fell on any picture, and 43.4 %", [lambda: share("labels_reviewed", "5% ambiguous, self confidence")]),
    ("07", "10.5 points for the nearest neighbour, 3.8 for the probe",
     [lambda: effect("leak_copies_nearest"), lambda: effect("leak_copies_probe")]),
    ("07", "falls from 82.8 to 72.3 %",
     [lambda: share("leaks_copies", "nearest neighbour, copies, random split"),
      lambda: share("leaks_copies", "nearest neighbour, copies kept together")]),
    ("07", "25.0 % against the softmax's 26.7 %",
     [lambda: share("mixed_land", "sigmoids, above a threshold, learned from pure"),
      lambda: share("mixed_land", "softmax, above a threshold, learned from pure")]),
    ("07", "sigmoids got 29.8 % and the softmax 26.3 %",
     [lambda: share("mixed_land", "sigmoids, above a threshold, learned from mixed"),
      lambda: share("mixed_land", "softmax, above a threshold, learned from mixed")]),
    ("07", "learn from, 4.9 points more", [lambda: effect("land_examples")]),
    ("07", "fell from 34.4 to 27.8",
     [lambda: cost("an overconfident", "least expected cost"),
      lambda: cost("an overconfident", "least expected cost, calibrated")]),
    ("07", "honest probe from 37.9 to 25.1",
     [lambda: cost("a smooth", "likeliest class"), lambda: cost("a smooth", "least expected cost")]),
]  # fmt: skip


def text(lesson: str) -> str:
    return "\n".join(
        part
        for question in catalogue.quiz(lesson).questions
        for part in (question.text, *(f"{option.text}\n{option.why}" for option in question.options))
    )


def off(said: str, computed: list[float]) -> list[str]:
    """Numbers in `said` that are not what was computed, rounded as they are."""
    numbers = re.findall(r"(?<![\d.])[+−]?\d+(?:\.\d+)?", said)
    assert len(numbers) == len(computed), f"{said!r} has {len(numbers)} numbers, {len(computed)} are computed"
    return [
        f"{number} is said, {found:.4g} was computed"
        for number, found in zip(numbers, computed, strict=True)
        if abs(float(number.replace("−", "-")) - found) > 0.5000001 * 10.0 ** -len(number.partition(".")[2])
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "said", "computed"), SAID, ids=[f"{lesson}: {said}" for lesson, said, _ in SAID])
def test_a_number_of_a_quiz(lesson, said, computed):
    assert said in text(lesson)
    assert off(said, [number() for number in computed]) == []


def test_a_number_that_is_off_is_found():
    assert off("from 34.4 to 27.8", [34.44, 27.75]) == []
    assert off("from 34.4 to 27.8", [34.46, 27.8]) == ["34.4 is said, 34.46 was computed"]
    assert off("by −0.1 points", [0.1]) == ["−0.1 is said, 0.1 was computed"]
    assert off("to 14 %", [14.6]) == ["14 is said, 14.6 was computed"]


def test_what_is_said_of_all_seeds():
    speed = study.summary("colour_spaces")
    assert speed["RGB, 0 to 1"].high <= 24, "RGB in all ten"
    assert min(speed[f"{space}, 0 to 1"].low for space in ("HSV", "CIELAB")) > 24, "neither in any seed"
    assert speed["HSV, the set"].high < 6
    longer = study.summary("clinic_longer")
    assert all(s.mean < 0.7 for name, s in longer.items() if name.endswith("40 epochs")), "none of three beyond 70 %"
