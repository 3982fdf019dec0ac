"""The advice that chapter 7 puts on trial, on the variants of `experiments`: `course trials list` names it."""

from __future__ import annotations

from functools import partial

from ...study import Trial
from . import leaks, long_tails, wrong_labels
from .experiments import (
    BESIDE,
    COPIES,
    COSTS,
    EXPERIMENTS,
    NOT_REVIEWED,
    OVERLAP,
    REVIEWED,
    SEEDS,
    SETS,
    TAILS,
)  # fmt: skip

__all__ = ["EXPERIMENTS", "LABELS", "LESSON", "TRIALS"]

LESSON, LABELS = "07a_unequal_classes", "07b_wrong_labels_and_leaks"

_trial = partial(Trial, smallest_effect=0.01, seeds=SEEDS, lesson=LESSON)
_of_labels = partial(_trial, lesson=LABELS)
_find = partial(_of_labels, smallest_effect=0.05)  # one error in twenty
_pay = partial(_trial, smallest_effect=1.0)  # what one ordinary error in a hundred pictures costs

TRIALS = (
    # --- long tails ---
    # 1.5 : 1 is what EuroSAT has.
    _trial(
        name="tail_hurts_1",
        claim="A class with fewer pictures does worse, at 1.5 : 1 already.",
        metric=long_tails.SMALLEST,
        variant=TAILS["1 : 1, nothing"],
        baseline=TAILS["1.5 : 1, nothing"],
    ),
    _trial(
        name="tail_hurts_10",
        claim="A class with fewer pictures does worse, at 10 : 1.",
        metric=long_tails.SMALLEST,
        variant=TAILS["1 : 1, nothing"],
        baseline=TAILS["10 : 1, nothing"],
    ),
    _trial(
        name="tail_oversample_1",
        claim="Always oversample, at 1.5 : 1 as well.",
        variant=TAILS["1.5 : 1, oversampled"],
        baseline=TAILS["1.5 : 1, nothing"],
    ),
    _trial(
        name="tail_oversample_10",
        claim="Always oversample, at 10 : 1 as well.",
        variant=TAILS["10 : 1, oversampled"],
        baseline=TAILS["10 : 1, nothing"],
    ),
    _trial(
        name="tail_oversample_50",
        claim="Always oversample, at 50 : 1 as well.",
        variant=TAILS["50 : 1, oversampled"],
        baseline=TAILS["50 : 1, nothing"],
    ),
    _trial(
        name="tail_weights_1",
        claim="At 1.5 : 1, set class weights.",
        variant=TAILS["1.5 : 1, class weights"],
        baseline=TAILS["1.5 : 1, nothing"],
    ),
    _trial(
        name="tail_undersample_10",
        claim="Undersampling throws away too much: at 10 : 1 doing nothing is better.",
        variant=TAILS["10 : 1, nothing"],
        baseline=TAILS["10 : 1, undersampled"],
    ),
    _trial(
        name="tail_undersample_50",
        claim="Undersampling throws away too much: at 50 : 1 doing nothing is better.",
        variant=TAILS["50 : 1, nothing"],
        baseline=TAILS["50 : 1, undersampled"],
    ),
    _trial(
        name="tail_weights_50",
        claim="Class weights are as good as oversampling (50 : 1).",
        says="no better",
        variant=TAILS["50 : 1, oversampled"],
        baseline=TAILS["50 : 1, class weights"],
    ),
    _trial(
        name="tail_both_50",
        claim="Over- and undersampling together beat oversampling alone (50 : 1).",
        variant=TAILS["50 : 1, both"],
        baseline=TAILS["50 : 1, oversampled"],
    ),
    _trial(
        name="tail_effective_50",
        claim="Weights by effective numbers beat plain class weights (50 : 1).",
        variant=TAILS["50 : 1, effective weights"],
        baseline=TAILS["50 : 1, class weights"],
    ),
    _trial(
        name="tail_adjusted_50",
        claim="Shifting the logits afterwards beats class weights (50 : 1).",
        variant=TAILS["50 : 1, logits adjusted"],
        baseline=TAILS["50 : 1, class weights"],
    ),
    _trial(
        name="tail_free_50",
        claim="Shifting the logits costs nothing where the test is as skewed as the training (50 : 1).",
        says="no better",
        metric=long_tails.SKEWED,
        variant=TAILS["50 : 1, nothing"],
        baseline=TAILS["50 : 1, logits adjusted"],
    ),
    # Resampling to other numbers changes how strong the penalty is beside the loss; here it does not.
    _trial(
        name="tail_oversample_even",
        claim="Always oversample, at 50 : 1 as well (the penalty as strong as without).",
        variant=TAILS["50 : 1, oversampled, same penalty"],
        baseline=TAILS["50 : 1, nothing"],
    ),
    _trial(
        name="tail_adjusted_even",
        claim="Shifting the logits afterwards beats oversampling (50 : 1, the penalty as strong for both).",
        variant=TAILS["50 : 1, logits adjusted"],
        baseline=TAILS["50 : 1, oversampled, same penalty"],
    ),
    # --- wrong labels ---
    _find(
        name="labels_unsure_uniform",
        claim="To find wrong labels, review what it is least sure of: better than at random. (5 %, uniform.)",
        variant=REVIEWED["5% uniform, least sure"],
        baseline=REVIEWED["5% uniform, random"],
    ),
    _find(
        name="labels_unsure_confusions",
        claim="To find wrong labels, review what it is least sure of: better than at random. (5 %, confusions.)",
        variant=REVIEWED["5% confusions, least sure"],
        baseline=REVIEWED["5% confusions, random"],
    ),
    _find(
        name="labels_loss",
        claim="A low probability of the label tells more errors than a low maximum. (5 %, confusions.)",
        variant=REVIEWED["5% confusions, self confidence"],
        baseline=REVIEWED["5% confusions, least sure"],
    ),
    _find(
        name="labels_confident_5",
        claim="Confident learning finds more than the plain probability of the label. (5 %, confusions.)",
        variant=REVIEWED["5% confusions, confident learning"],
        baseline=REVIEWED["5% confusions, self confidence"],
    ),
    _find(
        name="labels_confident_20",
        claim="Confident learning finds more than the plain probability of the label. (20 %, confusions.)",
        variant=REVIEWED["20% confusions, confident learning"],
        baseline=REVIEWED["20% confusions, self confidence"],
    ),
    _find(
        name="labels_margin",
        claim="The margin finds more than the plain probability of the label. (5 %, confusions.)",
        variant=REVIEWED["5% confusions, margin"],
        baseline=REVIEWED["5% confusions, self confidence"],
    ),
    _of_labels(
        name="labels_harmless_5",
        claim="5 % of wrong labels do no harm.",
        says="no better",
        metric=wrong_labels.ACCURACY,
        variant=NOT_REVIEWED["no errors planted"],
        baseline=NOT_REVIEWED["5% confusions, not reviewed"],
    ),
    _of_labels(
        name="labels_harmless_20",
        claim="20 % of wrong labels do no harm.",
        says="no better",
        metric=wrong_labels.ACCURACY,
        variant=NOT_REVIEWED["no errors planted"],
        baseline=NOT_REVIEWED["20% confusions, not reviewed"],
    ),
    _of_labels(
        name="labels_mend",
        claim="Relabelling where the label is improbable makes a better classifier. (20 %, confusions.)",
        metric=wrong_labels.ACCURACY,
        variant=REVIEWED["20% confusions, self confidence"],
        baseline=NOT_REVIEWED["20% confusions, not reviewed"],
    ),
    _of_labels(
        name="labels_mend_unsure",
        claim="Relabelling the least sure is as good for the classifier. (20 %, confusions.)",
        says="no better",
        metric=wrong_labels.ACCURACY,
        variant=REVIEWED["20% confusions, self confidence"],
        baseline=REVIEWED["20% confusions, least sure"],
    ),
    _find(
        name="labels_ambiguous",
        claim="A low probability of the label tells more errors than a low maximum. (5 %, ambiguous pictures.)",
        variant=REVIEWED["5% ambiguous, self confidence"],
        baseline=REVIEWED["5% ambiguous, least sure"],
    ),
    _find(
        name="labels_unsure_ambiguous",
        claim="To find wrong labels, review what it is least sure of: better than at random. (5 %, ambiguous ones.)",
        variant=REVIEWED["5% ambiguous, least sure"],
        baseline=REVIEWED["5% ambiguous, random"],
    ),
    _find(
        name="labels_neighbours",
        claim="A low probability of the label tells more errors than a low maximum. (5 %, neighbours on the map.)",
        variant=REVIEWED["5% neighbours, self confidence"],
        baseline=REVIEWED["5% neighbours, least sure"],
    ),
    _find(
        name="labels_unsure_neighbours",
        claim="To find wrong labels, review what it is least sure of: better than at random. (5 %, by neighbours.)",
        variant=REVIEWED["5% neighbours, least sure"],
        baseline=REVIEWED["5% neighbours, random"],
    ),
    _of_labels(
        name="labels_mend_5",
        claim="Relabelling where the label is improbable makes a better classifier. (5 %, confusions.)",
        metric=wrong_labels.ACCURACY,
        variant=REVIEWED["5% confusions, self confidence"],
        baseline=NOT_REVIEWED["5% confusions, not reviewed"],
    ),
    _of_labels(
        name="labels_mend_ambiguous",
        claim="Relabelling where the label is improbable makes a better classifier. (5 %, ambiguous pictures.)",
        metric=wrong_labels.ACCURACY,
        variant=REVIEWED["5% ambiguous, self confidence"],
        baseline=NOT_REVIEWED["5% ambiguous, not reviewed"],
    ),
    _of_labels(
        name="labels_mend_neighbours",
        claim="Relabelling where the label is improbable makes a better classifier. (5 %, neighbours on the map.)",
        metric=wrong_labels.ACCURACY,
        variant=REVIEWED["5% neighbours, self confidence"],
        baseline=NOT_REVIEWED["5% neighbours, not reviewed"],
    ),
    # --- several kinds of land ---
    _of_labels(
        name="land_sigmoids",
        claim="For several kinds of land train sigmoids, not a softmax. (Learned from pure pictures.)",
        variant=SETS["sigmoids, above a threshold, learned from pure"],
        baseline=SETS["softmax, above a threshold, learned from pure"],
    ),
    _of_labels(
        name="land_sigmoids_mixed",
        claim="For several kinds of land train sigmoids, not a softmax. (Learned from mixed pictures.)",
        variant=SETS["sigmoids, above a threshold, learned from mixed"],
        baseline=SETS["softmax, above a threshold, learned from mixed"],
    ),
    _of_labels(
        name="land_top_two",
        claim="The softmax's top two are as good as sigmoids. (Learned from pure pictures.)",
        says="no better",
        variant=SETS["sigmoids, above a threshold, learned from pure"],
        baseline=SETS["softmax, top two, learned from pure"],
    ),
    _of_labels(
        name="land_one_name",
        claim="A threshold on the softmax finds more exact sets than always one name. (Learned from pure pictures.)",
        variant=SETS["softmax, above a threshold, learned from pure"],
        baseline=SETS["softmax, top one, learned from pure"],
    ),
    _of_labels(
        name="land_examples",
        claim="Show it mixed pictures in training.",
        variant=SETS["sigmoids, above a threshold, learned from mixed"],
        baseline=SETS["sigmoids, above a threshold, learned from pure"],
    ),
    # --- decisions ---
    _pay(
        name="cost_likeliest",
        claim="The likeliest class is the best answer, whatever errors cost.",
        says="no better",
        variant=COSTS["a smooth probe: least expected cost"],
        baseline=COSTS["a smooth probe: likeliest class"],
    ),
    *(
        _pay(
            name=f"cost_likeliest_{ratio}",
            claim=f"The likeliest class is the best answer where a missed highway costs {ratio}.",
            says="no better",
            variant=COSTS[f"a smooth probe, {ratio} : 1: least expected cost"],
            baseline=COSTS[f"a smooth probe, {ratio} : 1: likeliest class"],
        )
        for ratio in (3, 30)
    ),
    _pay(
        name="cost_priority",
        claim="A priority rule with a chosen threshold is as good as a cost matrix.",
        says="no better",
        variant=COSTS["a smooth probe: least expected cost, calibrated"],
        baseline=COSTS["a smooth probe: highway if above a chosen threshold"],
    ),
    _pay(
        name="cost_calibrate_smooth",
        claim="Calibrate before you weigh costs (a smooth probe).",
        variant=COSTS["a smooth probe: least expected cost, calibrated"],
        baseline=COSTS["a smooth probe: least expected cost"],
    ),
    _pay(
        name="cost_calibrate_overconfident",
        claim="Calibrate before you weigh costs (an overconfident probe).",
        variant=COSTS["an overconfident probe: least expected cost, calibrated"],
        baseline=COSTS["an overconfident probe: least expected cost"],
    ),
    *(
        _pay(
            name=f"cost_calibrate_{ratio}",
            claim=f"Calibrate before you weigh costs, where a missed highway costs {ratio} (an overconfident probe).",
            variant=COSTS[f"an overconfident probe, {ratio} : 1: least expected cost, calibrated"],
            baseline=COSTS[f"an overconfident probe, {ratio} : 1: least expected cost"],
        )
        for ratio in (3, 30)
    ),
    # --- leaks ---
    *(
        _of_labels(
            name=f"leak_{near}_{short}",
            claim=f"A training picture that {what} flatters a {judge}.",
            metric=leaks.ACCURACY,
            variant=experiment[f"{judge}, neighbours in the training"],
            baseline=experiment[f"{judge}, neighbours replaced"],
        )
        for near, experiment, what in (
            ("overlap", OVERLAP, "overlaps one of the test"),
            ("beside", BESIDE, "touches one of the test"),
        )
        for short, judge in (("probe", "probe"), ("nearest", "nearest neighbour"))
    ),
    _of_labels(
        name="leak_copies_probe",
        claim="Copies in train and test flatter a probe.",
        variant=COPIES["probe, copies, random split"],
        baseline=COPIES["probe, copies kept together"],
    ),
    _of_labels(
        name="leak_copies_nearest",
        claim="Copies in train and test flatter a nearest neighbour.",
        variant=COPIES["nearest neighbour, copies, random split"],
        baseline=COPIES["nearest neighbour, copies kept together"],
    ),
)
