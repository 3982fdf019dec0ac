"""Exercises of lesson 5: open-set rejection. A higher score means more unknown, everywhere.

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .engine import Case, exercise
from .values import plain

# --- energy ----------------------------------------------------------------------------------------------


@exercise(
    task="""
    Softmax looks only at differences between logits. The energy (Liu and others, 2020) also goes by how high they
    are. Write `energy(logits, temperature)`.

    `logits` is a float tensor [N, K], `temperature` a number T above 0. Return floats [N]: −T · log Σ exp(z / T), the
    sum over the K logits z of a picture. It must also work for logits of 10,000 and of −10,000.
    """,
    cases=[
        Case(
            "three pictures, four classes",
            (torch.tensor([[6.0, 1.0, -2.0, 0.5], [1.5, 1.0, 0.5, 0.0], [-4.0, -3.0, -6.0, -3.5]]), 2.0),
        ),
        Case(
            "very large logits, and very low ones",
            (torch.tensor([[10_000.0, 9_000.0, -10_000.0], [-10_000.0, -9_000.0, -9_500.0]]), 1.0),
        ),
    ],
    hints=[
        "Divide by T first, sum over dim=1, and multiply by −T last. T occurs twice.",
        "exp(10,000) is infinite, and log of exp(−10,000) is log 0. Subtract the largest logit of a row before exp, "
        "and add it again after the log.",
        "torch.logsumexp(x, dim=1) does so for you: it is log Σ exp(x), without an overflow.",
    ],
)
def energy(logits, temperature):
    """Logits, float [N, K], and a temperature T above 0 → −T · log Σ exp(z / T) of each picture, float [N]."""
    return -temperature * torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "Your sign is turned. This is the score of the paper, −E: high for what is known. In this course a higher score "
    "means more unknown, so put a minus in front."
)
def sign_turned(logits, temperature):
    return temperature * torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "You divided by T inside, and forgot T in front of the log. Without it, another temperature also changes the "
    "scale. Multiply by T."
)
def no_temperature_in_front(logits, temperature):
    return -torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "Your numbers overflow: exp(10,000) is infinite, and exp(−10,000) is 0. Subtract the largest logit of a row before "
    "exp and add it again after the log, or use torch.logsumexp."
)
def overflow(logits, temperature):
    return -temperature * (logits / temperature).exp().sum(dim=1).log()


@energy.misconception(
    "You took softmax first. Its shares always add up to 1, so the log of their sum is 0 for every picture. Sum the "
    "exponentials of the logits themselves."
)
def of_log_softmax(logits, temperature):
    return -temperature * (logits / temperature).log_softmax(dim=1).logsumexp(dim=1)


@energy.misconception(
    "You subtracted the largest logit and did not add it again. So you took out how high the logits are, and that is "
    "what energy should tell. After the log, add the largest logit of each row."
)
def largest_not_added_again(logits, temperature):
    scaled = (logits - logits.amax(dim=1, keepdim=True)) / temperature
    return -temperature * scaled.exp().sum(dim=1).log()


# --- surprise --------------------------------------------------------------------------------------------


def _with_digits(answer: Callable, logits: Tensor) -> object:
    """The scores, and log10 of them: of 4e-18, of 4e-22 and of 0 only the log shows that they differ."""
    result = answer(logits)
    scores = plain(result)
    if not isinstance(scores, np.ndarray):
        return result
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"your scores": scores, "log10 of them (of 0 it is -inf)": np.log10(scores.astype(float))}


# The gaps are below 8 or from 40 up. Between these, it depends on the type of float whether 1 − p is 0.


@exercise(
    task="""
    A softmax probability of 1.00 says nothing more: with logits of 40 or of 50 against 0, 1 − p is exactly 0, so the
    two pictures tie. The logits still know the difference. Write `surprise(logits)`.

    `logits` is a float tensor [N, K], K is 2 or more. Return floats [N]: −log of the highest softmax probability, in
    nats. It must keep its digits where it is tiny: for 40, 0 and 50, 0 it is 4 · 10⁻¹⁸ and 2 · 10⁻²², not 0. The
    check therefore also compares log10 of your scores. The largest gap that it tries is 60.
    """,
    cases=[
        Case(
            "logits 2, 1, −1; then 3, 3, 0; then 0, 5, −2",
            (torch.tensor([[2.0, 1.0, -1.0], [3.0, 3.0, 0.0], [0.0, 5.0, -2.0]]),),
        ),
        Case("logits 40, 0, 0; then 0, 50, 0", (torch.tensor([[40.0, 0.0, 0.0], [0.0, 50.0, 0.0]]),)),
        Case(
            "logits 10,000, 9,940, 9,950; then −10,045, −10,000, −10,041",
            (torch.tensor([[10_000.0, 9_940.0, 9_950.0], [-10_045.0, -10_000.0, -10_041.0]]),),
        ),
    ],
    hints=[
        "With the highest logit m, the highest probability is 1 / (1 + r). r is the sum of exp(z − m) over the other "
        "logits z. So the surprise is log(1 + r).",
        "1 + r is exactly 1 where r is tiny. torch.log1p(r) gives log(1 + r) without making that sum.",
        "z = logits.sort(dim=1, descending=True).values puts m into z[:, :1] and the others into z[:, 1:], also where "
        "two are the highest.",
    ],
    observe=_with_digits,
)
def surprise(logits):
    """Logits, float [N, K], K ≥ 2 → −log of the highest softmax probability, float [N], exact where it is tiny."""
    z = logits.sort(dim=1, descending=True).values
    others = (z[:, 1:] - z[:, :1]).exp().sum(dim=1)
    return torch.log1p(others)


@surprise.misconception(
    "You returned 1 − p. Where p rounds to 1 it is exactly 0, so all such pictures tie, however far their logits are "
    "apart. Go back to the logits: log1p of the sum of exp(z − m) over the others, m being the highest."
)
def one_minus_p(logits):
    return 1 - logits.softmax(dim=1).amax(dim=1)


@surprise.misconception(
    "The digits are gone before the log: p has been rounded to 1, and log 1 is 0. log_softmax rounds in the same way, "
    "since it adds the tiny shares of the others to 1. Sum over the others only, and use torch.log1p."
)
def log_after_softmax(logits):
    return -logits.softmax(dim=1).amax(dim=1).log()


@surprise.misconception(
    "You took log Σ exp(z) and forgot the highest logit. −log of the highest probability is that, less the highest "
    "logit. The digits are lost if you subtract after the log, so subtract before exp."
)
def log_of_the_sum(logits):
    return logits.logsumexp(dim=1)


@surprise.misconception(
    "This is the entropy: the mean of −log p over all classes, weighed by p. Asked for is −log p of one class, the "
    "one that is answered."
)
def entropy(logits):
    shifted = (logits - logits.amax(dim=1, keepdim=True)).double()
    total = surprise.reference(logits.double())[:, None]
    return ((total - shifted) * (shifted - total).exp()).sum(dim=1)


@surprise.misconception(
    "Your sum has the highest logit in it, and log1p adds its 1 once more. So no score falls below log 2. Sum over the "
    "others only."
)
def counted_twice(logits):
    return torch.log1p((logits - logits.amax(dim=1, keepdim=True)).exp().sum(dim=1))


# --- AUROC -----------------------------------------------------------------------------------------------


@exercise(
    task="""
    How well does a score tell known from unknown, whatever the threshold? Write `auroc(known, unknown)`.

    Both are float tensors: the scores of the known pictures, [N], and of the unknown ones, [M]. Higher means more
    unknown. Compare each known picture with each unknown one. Return the share of these N · M pairs in which the
    unknown one has the higher score. A tie counts as one half.
    """,
    cases=[
        Case("no ties", (torch.tensor([0.1, 0.4, 0.35, 0.8, 0.2]), torch.tensor([0.9, 0.3, 0.7]))),
        Case(
            "many scores are exactly 0",
            (torch.tensor([0.0, 0.0, 0.0, 0.1, 0.3, 0.0]), torch.tensor([0.0, 0.2, 0.0, 0.6, 0.3])),
        ),
        Case("all scores are equal", (torch.zeros(4), torch.zeros(3))),
    ],
    hints=[
        "unknown[:, None] is a column, [M, 1]. Compared with known, [N], it gives all pairs at once, [M, N].",
        "unknown[:, None] > known tells where the unknown one is higher, == where they tie.",
        "Add the first, as numbers, to half of the second, and take the mean over all pairs.",
    ],
)
def auroc(known, unknown):
    """Scores of known pictures, float [N], and unknown ones, [M] → share of pairs in the right order, a tie as half."""
    higher = (unknown[:, None] > known).double()
    ties = (unknown[:, None] == known).double()
    return (higher + ties / 2).mean()


@auroc.misconception(
    "Your ties count as 0. Then a score that is the same for all pictures looks worse than guessing. If you worked "
    "with ranks from a sort, the order in which the groups stood has decided the ties. Count one half for each."
)
def ties_as_zero(known, unknown):
    return (unknown[:, None] > known).double().mean()


@auroc.misconception(
    "Your ties count as 1. Then a score that is the same for all pictures looks perfect. If you worked with ranks from "
    "a sort, the order in which the groups stood has decided the ties. Count one half for each."
)
def ties_as_one(known, unknown):
    return (unknown[:, None] >= known).double().mean()


@auroc.misconception(
    "The groups are exchanged: you counted how often the known one has the higher score. A higher score means more "
    "unknown, so count where the unknown one is above."
)
def exchanged(known, unknown):
    return auroc.reference(unknown, known)


@auroc.misconception(
    "You worked with ranks, and gave equal scores the lowest rank of their group. The formula with the sum of ranks "
    "wants the mean rank there. Otherwise ties among the unknown alone count against them as well."
)
def lowest_ranks(known, unknown):
    scores = torch.cat([known, unknown])
    ranks = 1 + (unknown[:, None] > scores).double().sum(dim=1)
    m = len(unknown)
    return (ranks.sum() - m * (m + 1) / 2) / (len(known) * m)


# --- threshold -------------------------------------------------------------------------------------------


def _scores(n: int, *, seed: int) -> Tensor:
    """float32 [n], in no order; no two are nearer than 0.04."""
    generator = torch.Generator().manual_seed(seed)
    steps = 0.04 + 0.2 * torch.rand(n, generator=generator)
    return steps.cumsum(dim=0)[torch.randperm(n, generator=generator)].round(decimals=2)


@exercise(
    task="""
    Choose a threshold with no unknown picture to look at. A picture is rejected if its score is above it. Write
    `threshold(scores, rejected)`.

    `scores` is a float tensor [n] of known pictures that the network has not learned from. `rejected` is a share
    between 0 and 1. Return the smallest of the scores above which a new known picture lies with a probability of at
    most `rejected`. That is the ⌈(n + 1)(1 − rejected)⌉-th smallest, where ⌈ ⌉ rounds up. If there are too few scores
    for that, return infinity: then nothing is rejected.
    """,
    cases=[
        Case("13 scores, at most 30 % rejected", (_scores(13, seed=0), 0.3)),
        Case("23 scores, at most 10 % rejected", (_scores(23, seed=1), 0.1)),
        Case("18 scores are too few for 5 %", (_scores(18, seed=2), 0.05)),
    ],
    hints=[
        "math.ceil rounds up. With n = len(scores), rank = math.ceil((n + 1) * (1 - rejected)).",
        "Sort the scores. The rank counts from 1, positions count from 0.",
        "If the rank is larger than n, no score is that high: return math.inf.",
    ],
)
def threshold(scores, rejected):
    """Scores of known pictures, float [n], a share → their ⌈(n + 1)(1 − rejected)⌉-th smallest; inf if n is too few."""
    rank = math.ceil((len(scores) + 1) * (1 - rejected) - 1e-9)  # 1 − 0.05 is not quite 0.95
    if rank > len(scores):
        return math.inf
    return scores.sort().values[rank - 1]


def _ranked(scores: Tensor, rank: int) -> Tensor:
    """The `rank`-th smallest, from 1; the largest where there are not so many."""
    return scores.sort().values[min(max(rank, 1), len(scores)) - 1]


@threshold.misconception(
    "You rounded down. That takes the score before, and more new pictures may lie above it than you promised. Round up."
)
def rounded_down(scores, rejected):
    return _ranked(scores, math.floor((len(scores) + 1) * (1 - rejected)))


@threshold.misconception(
    "You took n where n + 1 belongs. The new picture counts as well: it may fall below the lowest score, between any "
    "two, or above the highest, and these are n + 1 places. With n you promise a little too much."
)
def n_for_n_plus_one(scores, rejected):
    return _ranked(scores, math.ceil(len(scores) * (1 - rejected)))


@threshold.misconception(
    "You took a quantile that lies between two scores. It describes these n pictures. The promise about a new one "
    "holds for one of the scores themselves, by its rank."
)
def interpolated(scores, rejected):
    return torch.quantile(scores, 1 - rejected)


@threshold.misconception(
    "You are at the lower end. A higher score means more unknown, so only the few highest of the known may be "
    "rejected. Most of them lie below the threshold."
)
def lower_end(scores, rejected):
    return _ranked(scores, math.ceil((len(scores) + 1) * rejected))


@threshold.misconception(
    "In one case there are too few scores: of 18, the rank is 19, and you returned the largest instead. A new picture "
    "lies above that with probability 1/19, more than 5 %. Return infinity."
)
def largest_if_too_few(scores, rejected):
    return _ranked(scores, math.ceil((len(scores) + 1) * (1 - rejected)))


# --- targets for none ------------------------------------------------------------------------------------


def _rows_and_type(answer: Callable, labels: Tensor, classes: int) -> object:
    """The rows, and whether they are floats: by values alone, 1 is as good as 1.0."""
    result = answer(labels, classes)
    rows = plain(result)
    return {"the rows": rows, "they are floats": rows.dtype.kind == "f"} if isinstance(rows, np.ndarray) else result


@exercise(
    task="""
    One way to teach "none of these": a sigmoid for each class, and pictures for which every target is 0. Write
    `none_targets(labels, classes)`.

    `labels` is an int64 tensor [N]: a class from 0 to `classes` − 1, or −1 for "none of them". Return floats
    [N, classes]: for a class, a row with 1 in its column and 0 in the others; for −1, a row of zeros.
    """,
    cases=[
        Case("labels 2, −1, 0, 1, −1 of three classes", (torch.tensor([2, -1, 0, 1, -1]), 3)),
        Case("labels −1, 3, 0 of four classes", (torch.tensor([-1, 3, 0]), 4)),
    ],
    hints=[
        "Start with torch.zeros(len(labels), classes). The rows of −1 are then ready.",
        "labels >= 0 tells which rows get a 1. As an index, −1 would mean the last column.",
        "Or compare: labels[:, None] == torch.arange(classes) is true in the right places and nowhere else. "
        ".float() makes numbers of it.",
    ],
    observe=_rows_and_type,
)
def none_targets(labels, classes):
    """Labels, int64 [N], −1 for none of them → targets, float [N, classes]: one-hot, and a row of zeros for −1."""
    return (labels[:, None] == torch.arange(classes)).float()


@none_targets.misconception(
    "Your −1 became the last class: as an index, −1 counts from the end. No error tells you, and the network learns to "
    "call everything unknown by that name. Leave these rows zero."
)
def last_class(labels, classes):
    return torch.eye(classes)[labels]


@none_targets.misconception(
    "Your −1 became class 0, as clamp(min=0) does it. Then the network learns to call everything unknown by that name. "
    "Leave these rows zero."
)
def class_zero(labels, classes):
    return torch.eye(classes)[labels.clamp(min=0)]


@none_targets.misconception(
    "You gave 1/K to each class. That is a target for a softmax, whose shares must add up to 1: the entropic open-set "
    "loss uses it. A sigmoid can say no to each class, so the row is all 0."
)
def even_shares(labels, classes):
    rows = none_targets.reference(labels, classes)
    rows[labels < 0] = 1 / classes
    return rows


@none_targets.misconception(
    "You gave the unknown a column of their own. That is another remedy, a background class. Asked for are `classes` "
    "columns, and none of them is for −1."
)
def a_column_of_its_own(labels, classes):
    return torch.eye(classes + 1)[labels]


@none_targets.misconception(
    "The rows are right, but they hold whole numbers or truth values. Targets of a sigmoid are compared with "
    "probabilities, and torch's binary cross-entropy stops with an error. Make them floats: .float()."
)
def whole_numbers(labels, classes):
    return none_targets.reference(labels, classes).long()


# --- k-th nearest ----------------------------------------------------------------------------------------


def _features(n: int, size: int, *, seed: int) -> Tensor:
    """float32 [n, size], 0 or more, as after a ReLU, and of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = 0.5 + 4 * torch.rand(n, 1, generator=generator)
    return lengths * (0.1 + torch.randn(n, size, generator=generator).abs())


@exercise(
    task="""
    A picture may be unknown because no known one is near (Sun and others, 2022). Write
    `kth_nearest(known, pictures, k)`.

    `known` is a float tensor [N, D], the features of known training pictures. `pictures` is a float tensor [M, D].
    `k` is from 1 to N. First divide each row of both by its length, the root of the sum of its squares; no row is all
    zeros. Return floats [M]: the distance of each picture to the k-th nearest known one.
    """,
    cases=[
        Case("the second nearest of five", (_features(5, 3, seed=3), _features(4, 3, seed=4), 2)),
        Case("the nearest of four", (_features(4, 2, seed=5), _features(3, 2, seed=6), 1)),
        Case("the third nearest of seven", (_features(7, 4, seed=7), _features(2, 4, seed=8), 3)),
    ],
    hints=[
        "known.norm(dim=1, keepdim=True) holds the lengths, [N, 1], so that you can divide by them.",
        "torch.cdist(pictures, known) gives all distances, [M, N].",
        "Sort each row of these. The k-th nearest is in column k - 1.",
    ],
)
def kth_nearest(known, pictures, k):
    """Features, float [N, D] and [M, D], scaled to length 1 here → distance to the k-th nearest known, float [M]."""
    known = known / known.norm(dim=1, keepdim=True)
    pictures = pictures / pictures.norm(dim=1, keepdim=True)
    return torch.cdist(pictures, known).sort(dim=1).values[:, k - 1]


def _distances(known: Tensor, pictures: Tensor) -> Tensor:
    """[M, N]: from each picture to the known ones, all of length 1, the nearest first."""
    known, pictures = (x / x.norm(dim=1, keepdim=True) for x in (known, pictures))
    return torch.cdist(pictures, known).sort(dim=1).values


@kth_nearest.misconception(
    "You did not scale the rows. Then the distances tell mostly how long the rows are. Divide each row of both tensors "
    "by its length."
)
def lengths_left(known, pictures, k):
    return torch.cdist(pictures, known).sort(dim=1).values[:, k - 1]


@kth_nearest.misconception(
    "You took the mean distance to the k nearest. It is a score as well, and another one. Asked for is the distance to "
    "one picture, the k-th nearest."
)
def mean_of_the_nearest(known, pictures, k):
    return _distances(known, pictures)[:, :k].mean(dim=1)


@kth_nearest.misconception(
    "You are one too far: this is the (k + 1)-th nearest. Columns count from 0, so the k-th is in column k - 1. Skip "
    "the nearest only where a picture is compared with itself, and here it is not."
)
def one_too_far(known, pictures, k):
    return _distances(known, pictures)[:, k]


@kth_nearest.misconception(
    "Your distances are squared. The order of pictures stays, the numbers do not. Take the root."
)
def squared(known, pictures, k):
    return _distances(known, pictures)[:, k - 1].square()


@kth_nearest.misconception(
    "You took the k-th farthest. topk gives the largest numbers, unless you ask with largest=False."
)
def farthest(known, pictures, k):
    return _distances(known, pictures).flip(1)[:, k - 1]
