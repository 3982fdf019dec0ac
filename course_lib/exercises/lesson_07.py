"""Exercises of lesson 7: messy data.

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .engine import Case, exercise

# --- balanced accuracy -----------------------------------------------------------------------------------

# Each class of the cases is answered at least once, so that a mean over answers is a mean over numbers.


@exercise(
    task="""
    Where one class is nine tenths of the test, plain accuracy says little about the others. Write
    `balanced_accuracy(answers, labels)`.

    Both are int64 tensors [N]: what the network answered, and what is true. For each class, take the share of its
    pictures that is answered right. Return the mean of these shares, a number from 0 to 1. A class of which there is
    no picture does not count, even if it is answered.
    """,
    cases=[
        Case(
            "six of class 0, two of class 1, one of class 2",
            (torch.tensor([0, 0, 0, 0, 1, 2, 1, 0, 2]), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 2])),
        ),
        Case(
            "class 1 is answered, and no picture is of it",
            (torch.tensor([0, 0, 1, 2, 3, 3, 3, 2]), torch.tensor([0, 0, 0, 2, 2, 3, 3, 3])),
        ),
    ],
    hints=[
        "Go over the classes that occur: labels.unique() names them.",
        "Of class k, the answers are answers[labels == k]. Which share of them is k?",
        "(answers[labels == k] == k).double().mean() is the share of class k. Collect one for each class that occurs, "
        "and take the mean of these.",
    ],
)
def balanced_accuracy(answers, labels):
    """Answers and labels, int64 [N] → mean of the shares right, over the classes that occur among the labels."""
    shares = [(answers[labels == k] == k).double().mean() for k in labels.unique()]
    return torch.stack(shares).mean()


def _recalls(answers: Tensor, labels: Tensor, *, over: Tensor) -> Tensor:
    """double [len(over)]: share right of each class; NaN where it has no picture."""
    return torch.stack([(answers[labels == k] == k).double().mean() for k in over])


@balanced_accuracy.misconception(
    "This is plain accuracy: every picture counts the same, so the large classes decide. Take the share of each class "
    "first, then the mean of the shares."
)
def plain_accuracy(answers, labels):
    return (answers == labels).double().mean()


@balanced_accuracy.misconception(
    "You grouped by the answers: of all pictures that are called k, which share is k? That is precision. Group by the "
    "labels instead."
)
def grouped_by_answers(answers, labels):
    return _recalls(labels, answers, over=answers.unique()).mean()


@balanced_accuracy.misconception(
    "A class of which there is no picture counts as 0 in your mean. Nothing was done wrong there, so leave it out: go "
    "over labels.unique() only."
)
def absent_as_zero(answers, labels):
    return _recalls(answers, labels, over=torch.arange(int(labels.max()) + 1)).nan_to_num().mean()


@balanced_accuracy.misconception(
    "This is right where every class occurs. Where one has no picture, you divide 0 by 0, and one NaN makes the whole "
    "mean NaN. Go over labels.unique() only."
)
def absent_as_nan(answers, labels):
    return _recalls(answers, labels, over=torch.arange(int(labels.max()) + 1)).mean()


@balanced_accuracy.misconception(
    "You weighed each class by its number of pictures. Then the large ones decide again, and you are back at plain "
    "accuracy, here divided by the number of classes. Every class counts the same."
)
def weighed_by_size(answers, labels):
    return (answers == labels).double().mean() / len(labels.unique())


# --- effective weights -----------------------------------------------------------------------------------


@exercise(
    task="""
    A hundredth picture of a forest adds less than a first. Cui and others (2019) count n pictures as
    (1 − βⁿ) / (1 − β) effective ones, and weigh a class by one over that. Write `effective_weights(counts, beta)`.

    `counts` is an int64 tensor [K], the number of training pictures of each class, 1 or more. `beta` is from 0 to
    below 1. Return floats [K]: (1 − β) / (1 − βⁿ) for each class, all multiplied by one number, so that the mean of
    the K weights is 1.
    """,
    cases=[
        Case("a long tail", (torch.tensor([1000, 300, 60, 20]), 0.99)),
        Case("a smaller β", (torch.tensor([5, 50, 500]), 0.9)),
    ],
    hints=[
        "βⁿ is beta ** counts: a power. It is near 0 for a large class.",
        "First w = (1 - beta) / (1 - beta ** counts). Rare classes have the larger weights.",
        "Dividing by w.mean() gives the mean 1.",
    ],
)
def effective_weights(counts, beta):
    """Pictures of each class, int64 [K], and β, from 0 to below 1 → weights, float [K], whose mean is 1."""
    weights = (1 - beta) / (1 - beta**counts)
    return weights / weights.mean()


def _effective(counts: Tensor, beta: float) -> Tensor:
    """double [K], not scaled."""
    return (1 - beta) / (1 - beta ** counts.double())


@effective_weights.misconception(
    "Your weights go with 1 / n, and β plays no part. These are plain class weights: a class with a tenth of the "
    "pictures weighs ten times as much. Put (1 − βⁿ) / (1 − β) in the place of n."
)
def one_over_n(counts, beta):
    weights = 1 / counts.double()
    return weights / weights.mean()


@effective_weights.misconception(
    "The proportions are right, and the scale is missing. Such small weights make the whole loss small, and so each "
    "step. Divide by the mean of the weights."
)
def not_scaled(counts, beta):
    return _effective(counts, beta)


@effective_weights.misconception(
    "The proportions are right, but your weights have the sum 1. Asked for is the mean 1: divide by the mean, not by "
    "the sum."
)
def sum_of_one(counts, beta):
    return _effective(counts, beta) / _effective(counts, beta).sum()


@effective_weights.misconception(
    "You multiplied β by n. βⁿ is a power: beta ** counts. With a product, 1 − β · n falls below 0 for most classes."
)
def product_for_power(counts, beta):
    weights = (1 - beta) / (1 - beta * counts.double())
    return weights / weights.mean()


@effective_weights.misconception(
    "You returned the effective numbers themselves, so the large classes weigh most. A weight is one over that: "
    "(1 − β) above, (1 − βⁿ) below."
)
def upside_down(counts, beta):
    return (1 / _effective(counts, beta)) / (1 / _effective(counts, beta)).mean()


@effective_weights.misconception(
    "You scaled so that the mean over all pictures is 1. The library of this course does so too, and it is a good "
    "choice for a loss. Asked for here is the paper's: the mean of the K weights is 1."
)
def mean_over_pictures(counts, beta):
    weights = _effective(counts, beta)
    return weights * counts.sum() / (weights * counts).sum()


# --- logit adjustment ------------------------------------------------------------------------------------


def _normal(*shape: int, seed: int) -> Tensor:
    """float32"""
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise(
    task="""
    A network that learned from a long tail prefers the large classes. You can take that out afterwards, without
    training (Menon and others, 2021). Write `adjust(logits, counts)`.

    `logits` is a float tensor [N, K], `counts` an int64 tensor [K], the number of training pictures of each class, 1
    or more. Return floats [N, K]: each logit less the natural logarithm of its class's share of the training
    pictures.
    """,
    cases=[
        Case("five pictures, three classes", (_normal(5, 3, seed=0), torch.tensor([700, 250, 50]))),
        Case("50 : 1", (_normal(4, 5, seed=1), torch.tensor([4, 200, 75, 28, 11]))),
    ],
    hints=[
        "A share is counts / counts.sum(). The shares of all classes add up to 1.",
        "The log of a small share is far below 0. To subtract it makes the logit of a rare class larger.",
        "torch lines up [K] with the last dimension of [N, K], so logits - shares.log() needs no reshaping.",
    ],
)
def adjust(logits, counts):
    """Logits, float [N, K], and training pictures of each class, int64 [K] → logits less the log shares, [N, K]."""
    shares = counts / counts.sum()
    return logits - shares.log()


def _shares(counts: Tensor) -> Tensor:
    """double [K]"""
    return counts.double() / counts.sum()


@adjust.misconception(
    "You added the logs. That helps the large classes once more. The network has their lead in its logits already, so "
    "take it away: subtract."
)
def added(logits, counts):
    return logits + _shares(counts).log()


@adjust.misconception(
    "You subtracted the log of the counts, not of the shares. No answer changes by that, and no probability: all "
    "logits of a picture are lower by the same number. It would do in practice. Asked for are shares, so divide the "
    "counts by their sum first."
)
def counts_for_shares(logits, counts):
    return logits - counts.double().log()


@adjust.misconception(
    "You divided the logits by the shares. Dividing by shares is right for probabilities; for their logarithms it "
    "becomes a subtraction. A negative logit would become still lower."
)
def divided_by_shares(logits, counts):
    return logits / _shares(counts)


@adjust.misconception(
    "You took the logarithm to base 10. Softmax takes powers of e, so use the natural one, .log(). Yours moves the "
    "logits less than half as far."
)
def base_ten(logits, counts):
    return logits - _shares(counts).log10()


@adjust.misconception(
    "You subtracted the shares themselves. They are between 0 and 1 and hardly move a logit. Take their log first."
)
def log_forgotten(logits, counts):
    return logits - _shares(counts)


# --- thresholds of confident learning --------------------------------------------------------------------


def _answered(labels: list[int], classes: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """(probabilities [N, classes], labels [N]): more or less sure of the label, and wrong at times."""
    given = torch.tensor(labels)
    logits = _normal(len(labels), classes, seed=seed) / 2
    logits[torch.arange(len(labels)), given] += 1.0
    return logits.softmax(dim=1), given


@exercise(
    task="""
    Confident learning (Northcutt and others, 2021) asks how sure a network usually is of a class, and calls a picture
    a suspect where it is that sure of another one. Write `thresholds(probabilities, labels)`.

    `probabilities` is a float tensor [N, K], out of sample. `labels` is an int64 tensor [N], as given, right or wrong.
    Return floats [K]: for class k, the mean probability of class k among the pictures that are labelled k. Each class
    occurs.
    """,
    cases=[
        Case("nine pictures, three classes", _answered([0, 0, 0, 0, 1, 1, 1, 2, 2], 3, seed=2)),
        Case("in mixed order, and of unequal sizes", _answered([3, 1, 0, 1, 2, 1, 0, 3, 1, 2, 1, 0], 4, seed=3)),
    ],
    hints=[
        "Which rows belong to class k? labels == k says so. Which column? k.",
        "probabilities[labels == k, k] are the probabilities of class k, of the pictures labelled k.",
        "Take the mean of these for each k in range(K), and put the K numbers into one tensor.",
    ],
)
def thresholds(probabilities, labels):
    """Probabilities, float [N, K], and labels, int64 [N] → mean probability of k among those labelled k, float [K]."""
    classes = range(probabilities.shape[1])
    return torch.stack([probabilities[labels == k, k].mean() for k in classes])


def _over_classes(probabilities: Tensor, measure) -> Tensor:
    """[K]: `measure` of each k."""
    return torch.stack([measure(k) for k in range(probabilities.shape[1])])


@thresholds.misconception(
    "You averaged over all pictures. Most of them are of other classes, where the probability of k is rightly low, so "
    "your thresholds are too low. Take only the pictures that are labelled k."
)
def over_all_pictures(probabilities, labels):
    return probabilities.mean(dim=0)


@thresholds.misconception(
    "You took the largest probability of each picture, whatever class it belongs to. Where the network contradicts "
    "the label, that is the probability of another class. Take column k."
)
def of_the_largest(probabilities, labels):
    return _over_classes(probabilities, lambda k: probabilities[labels == k].amax(dim=1).mean())


@thresholds.misconception(
    "You grouped by the network's answers. There the probability of k is the largest of all, so the thresholds come "
    "out too high. Group by the given labels."
)
def of_those_answered(probabilities, labels):
    answers = probabilities.argmax(dim=1)
    return _over_classes(probabilities, lambda k: probabilities[answers == k, k].mean())


@thresholds.misconception(
    "You took only pictures whose answer agrees with the label. The unsure ones and the suspects belong to the mean "
    "too. Take all that are labelled k."
)
def of_those_right(probabilities, labels):
    right = probabilities.argmax(dim=1) == labels
    return _over_classes(probabilities, lambda k: probabilities[right & (labels == k), k].mean())


@thresholds.misconception(
    "You divided by the number of all pictures. For the mean of class k, divide by the number of pictures that are "
    "labelled k."
)
def divided_by_all(probabilities, labels):
    return _over_classes(probabilities, lambda k: probabilities[labels == k, k].sum() / len(labels))


# --- least expected cost ---------------------------------------------------------------------------------


@exercise(
    task="""
    The likeliest answer is not always the one to give. Write `least_cost(probabilities, cost)`.

    `probabilities` is a float tensor [N, K]. `cost` is a float tensor [K, K]: `cost[i, j]` is what it costs to answer
    j where i is true. Return an int64 tensor [N]: for each picture, the answer of least expected cost. The expected
    cost of an answer is the mean of its costs over the classes that may be true, weighed by their probabilities.
    """,
    cases=[
        Case(
            "to miss class 1 costs ten",
            (
                torch.tensor([[0.62, 0.30, 0.08], [0.95, 0.04, 0.01], [0.20, 0.05, 0.75], [0.30, 0.15, 0.55]]),
                torch.tensor([[0.0, 1, 1], [10, 0, 10], [1, 1, 0]]),
            ),
        ),
        Case(
            "every error has a price of its own",
            (
                torch.tensor(
                    [[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25, 0.15, 0.5, 0.1], [0.05, 0.6, 0.3, 0.05]]
                ),
                torch.tensor([[0.0, 2, 7, 1], [9, 0, 3, 4], [1, 8, 0, 2], [5, 1, 6, 0]]),
            ),
        ),
    ],
    hints=[
        "One picture, one answer j: the cost is cost[0, j] if class 0 is true, cost[1, j] if class 1 is, and so on. "
        "Multiply each by its probability, and add up.",
        "That sum, for all pictures and all answers at once, is probabilities @ cost, with the shape [N, K].",
        "In each row of it, take the position of the smallest number: .argmin(dim=1).",
    ],
)
def least_cost(probabilities, cost):
    """Probabilities, float [N, K], and cost of answering j where i is true, [K, K] → cheapest answers, int64 [N]."""
    expected = probabilities @ cost
    return expected.argmin(dim=1)


@least_cost.misconception(
    "You gave the likeliest class, and the costs play no part. That is the cheapest answer only where all errors cost "
    "the same."
)
def likeliest(probabilities, cost):
    return probabilities.argmax(dim=1)


@least_cost.misconception(
    "Your cost matrix is turned: you read rows as answers. In cost[i, j] the row i is the true class, so probabilities "
    "go with the rows: probabilities @ cost."
)
def turned(probabilities, cost):
    return (probabilities @ cost.T).argmin(dim=1)


@least_cost.misconception(
    "You gave the answer with the largest expected cost, the worst one. Take the smallest: argmin."
)
def dearest(probabilities, cost):
    return (probabilities @ cost).argmax(dim=1)


@least_cost.misconception(
    "You returned what the cheapest answer costs. Asked for is which answer it is: argmin in place of min."
)
def its_cost(probabilities, cost):
    return (probabilities @ cost).amin(dim=1)


@least_cost.misconception(
    "You weighed each probability by what it costs to miss its class, and took the largest. That says which class to "
    "fear most. It leaves out what a wrong alarm costs, and which wrong answer it is. Work out the expected cost of "
    "each answer."
)
def feared_most(probabilities, cost):
    return (probabilities * cost.sum(dim=1)).argmax(dim=1)
