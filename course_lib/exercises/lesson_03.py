"""Exercises of lesson 3: transfer learning on EuroSAT.

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .engine import Case, exercise

# --- recall per class ------------------------------------------------------------------------------------


@exercise(
    task="""
    One number for ten classes hides the class that fails. Write `recall(confusion)`: of the pictures of each
    class, which share was recognised?

    `confusion` is an int64 tensor [K, K]. The row is the true class, the column is what the network answered.
    Return K numbers from 0 to 1. A class without pictures gets 0.
    """,
    cases=[
        Case("three classes", (torch.tensor([[8, 1, 1], [3, 15, 2], [0, 6, 24]]),)),
        Case("nobody belongs to class 1", (torch.tensor([[6, 2, 2], [0, 0, 0], [1, 3, 16]]),)),
        Case("two classes, all confused", (torch.tensor([[0, 5], [9, 0]]),)),
    ],
    hints=[
        "The pictures that were recognised stand on the diagonal.",
        "Recall asks about all pictures that truly are of a class: they fill one row. Sum along dim=1.",
        "A row without pictures sums to 0, and 0/0 is NaN. Use .clamp(min=1) on the sums: the diagonal is 0 there "
        "as well, and 0/1 is the 0 that you want.",
    ],
)
def recall(confusion):
    """Confusion matrix, int64 [K, K], truth in rows → recall of each class, float [K], 0 to 1."""
    recognised = confusion.diagonal()
    pictures = confusion.sum(dim=1)
    return recognised / pictures.clamp(min=1)


@recall.misconception(
    "You divided by the sums of the columns. A column holds all pictures that were taken for a class, so this is "
    "precision: how far an answer can be trusted. Recall starts from the pictures that truly are of the class, "
    "and those stand in its row."
)
def precision(confusion):
    return confusion.diagonal() / confusion.sum(dim=0).clamp(min=1)


@recall.misconception(
    "You divided by the number of all pictures. That makes a rare class look bad however well it is recognised; "
    "your numbers sum up to the accuracy. Each class is to be divided by its own number of pictures."
)
def share_of_everything(confusion):
    return confusion.diagonal() / confusion.sum()


@recall.misconception(
    "This is right wherever a class has pictures. Where it has none, you divide 0 by 0, which gives NaN, and one "
    "NaN makes every average over the classes NaN. Return 0 there."
)
def empty_class_forgotten(confusion):
    return confusion.diagonal() / confusion.sum(dim=1)


@recall.misconception(
    "You return one number for all classes together, the accuracy. It is what hides a class that fails. Keep the "
    "classes apart: sum along one dimension only."
)
def accuracy(confusion):
    return confusion.diagonal().sum() / confusion.sum()


# --- statistics of the pictures --------------------------------------------------------------------------


def _pictures(n: int, height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [n, 3, height, width]: noise around a brightness that differs by picture and by channel."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.randint(30, 170, (n, 3, 1, 1), generator=generator)
    return (level + torch.randint(0, 50, (n, 3, height, width), generator=generator)).to(torch.uint8)


@exercise(
    task="""
    A network expects pictures whose channels have the mean and the standard deviation that it was trained on.
    Write `statistics(pictures)`, which measures both for a data set of your own.

    `pictures` is a uint8 tensor [N, 3, H, W], 0 to 255. Return a pair `(mean, deviation)`, three numbers each:
    one for red, one for green, one for blue. Take them over all pixels of all pictures, on the scale 0 to 1.
    """,
    cases=[
        Case("six pictures", (_pictures(6, 32, 32, seed=0),)),
        Case("pictures that are not square", (_pictures(4, 24, 40, seed=1),)),
    ],
    hints=[
        "uint8 has no room for a mean: turn the pictures into floats first, and divide by 255.",
        "The channel is dimension 1. Mean and deviation go over all the other dimensions at once.",
        "x.mean(dim=(0, 2, 3)) gives one number per channel, and x.std takes the same dim.",
    ],
    parts=("mean", "deviation"),
)
def statistics(pictures):
    """Pictures, uint8 [N, 3, H, W], 0 to 255 → (mean, deviation) of each channel, float [3] each, 0 to 1."""
    x = pictures.double() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))


@statistics.misconception(
    "Your numbers are on the scale 0 to 255. Networks are fed with pixels from 0 to 1, so mean and deviation "
    "belong on that scale too: divide by 255."
)
def left_in_bytes(pictures):
    x = pictures.double()
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))


@statistics.misconception(
    "Your means are right. Your deviations are too small: you took the deviation inside each picture and averaged "
    "those, so that the differences between a bright picture and a dark one are lost. This mistake has a history: "
    "a second family of EuroSAT deviations is passed around, smaller than the deviation over all pixels. Take the "
    "deviation over all pixels of all pictures at once."
)
def deviations_averaged(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(2, 3)).mean(dim=0)


@statistics.misconception(
    "You have three numbers for each picture, shape [N, 3]. Normalising each picture by its own numbers would "
    "take its brightness away, and brightness helps to tell a lake from a field. Go over dimension 0 as well."
)
def each_picture_apart(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(2, 3)), x.std(dim=(2, 3))


@statistics.misconception(
    "You kept the last dimension, as if the channels came last. That is so in a picture file or in matplotlib; "
    "in a tensor for torch the order is [N, C, H, W], and the channel is dimension 1."
)
def channels_taken_for_last(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(0, 1, 2)), x.std(dim=(0, 1, 2))


@statistics.misconception(
    "You have one mean and one deviation for all three channels together. Seen from a satellite, red, green and "
    "blue differ a lot in brightness, so each channel needs its own: leave dimension 1 out of the mean."
)
def channels_thrown_together(pictures):
    x = pictures.double() / 255
    return x.mean(), x.std()


# --- accuracy at two -------------------------------------------------------------------------------------


def _scores(n: int, k: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Scores float32 [n, k] without ties, and labels int64 [n] that are often, not always, near the top."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(n, k, generator=generator)
    labels = (scores + 1.5 * torch.randn(n, k, generator=generator)).argmax(dim=1)
    return scores, labels


@exercise(
    task="""
    River or lake, highway or river: some errors are near misses. Write `accuracy_at_two(scores, labels)`: for
    which share of the pictures is the true class one of the two that the network finds likeliest?

    `scores` is float32 [N, K], `labels` int64 [N]. Return one number from 0 to 1.
    """,
    cases=[
        Case("four pictures, three classes", (
            torch.tensor([[2.0, 1.0, -1.0], [0.5, 3.0, 1.0], [-2.0, -1.0, -3.0], [0.2, 0.1, 0.9]]),
            torch.tensor([1, 1, 2, 0]),
        )),
        Case("twenty pictures, six classes", _scores(20, 6, seed=0)),
        Case("only two classes, so that both are among the two", _scores(7, 2, seed=1)),
    ],
    hints=[
        "scores.topk(2, dim=1).indices gives the two likeliest classes of each picture, int64 [N, 2].",
        "Compare with labels[:, None]: the extra dimension lets each label meet both of its candidates.",
        ".any(dim=1) says for each picture whether one of the two is right. The share is the mean of that.",
    ],
)  # fmt: skip
def accuracy_at_two(scores, labels):
    """Scores, float32 [N, K], and labels, int64 [N] → share of pictures, 0 to 1, right within two tries."""
    best = scores.topk(2, dim=1).indices
    return (best == labels[:, None]).any(dim=1).float().mean()


@accuracy_at_two.misconception(
    "You counted only the pictures whose true class has the highest score. That is plain accuracy. The second "
    "highest may be right as well."
)
def only_the_first(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@accuracy_at_two.misconception(
    "You looked among the two lowest scores. Sorting goes from low to high, so that the best stand at the end: "
    "take the last two, or sort with descending=True."
)
def the_two_lowest(scores, labels):
    return (scores.argsort(dim=1)[:, :2] == labels[:, None]).any(dim=1).float().mean()


@accuracy_at_two.misconception(
    "You return how many pictures are right. A count says nothing without the number of pictures beside it: "
    "divide by it."
)
def how_many(scores, labels):
    return (scores.topk(2, dim=1).indices == labels[:, None]).any(dim=1).sum()


@accuracy_at_two.misconception(
    "You return half of the share. Each picture has two candidates, of which one at most can be right, and you "
    "took the mean over all candidates. Ask first, for each picture, whether any of its two is right."
)
def mean_over_candidates(scores, labels):
    return (scores.topk(2, dim=1).indices == labels[:, None]).float().mean()


# --- review: answer, or leave it to a person -------------------------------------------------------------

_PROBABILITIES = torch.tensor(
    [
        [0.90, 0.05, 0.05],
        [0.15, 0.75, 0.10],
        [0.40, 0.35, 0.25],
        [0.05, 0.15, 0.80],
        [0.10, 0.30, 0.60],
        [0.95, 0.03, 0.02],
        [0.20, 0.55, 0.25],
        [0.01, 0.02, 0.97],
    ]
)
_LABELS = torch.tensor([0, 0, 0, 2, 2, 1, 1, 2])


@exercise(
    task="""
    Where the network is unsure, a person shall look. Write `review(probabilities, labels, threshold)`.

    A picture is kept, which means that the network's answer is used, when its highest probability is at least
    `threshold`. All others go to the person. Return a pair `(coverage, accuracy)`: the share of all pictures that
    is kept, and the share of the kept that is right. Where nothing is kept, both are 0.

    `probabilities` is float32 [N, K], `labels` int64 [N].
    """,
    cases=[
        Case("a threshold that sorts some out", (_PROBABILITIES, _LABELS, 0.7)),
        Case("a highest probability of exactly the threshold", (_PROBABILITIES, _LABELS, 0.75)),
        Case("a threshold of 0", (_PROBABILITIES, _LABELS, 0.0)),
        Case("a threshold that nothing reaches", (_PROBABILITIES, _LABELS, 0.99)),
    ],
    hints=[
        "confidence, answer = probabilities.max(dim=1) gives both that you need: how sure, and which class.",
        "kept = confidence >= threshold is a mask. Its mean, as a float, is the coverage; right[kept] are the "
        "kept answers.",
        "The mean of nothing is NaN. Ask whether anything is kept, with kept.any(), before you take the mean.",
    ],
    parts=("coverage", "accuracy"),
)
def review(probabilities, labels, threshold):
    """Probabilities, float32 [N, K], labels, int64 [N], threshold, 0 to 1 → (coverage, accuracy of the kept)."""
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    if not kept.any():
        return 0.0, 0.0
    right = answer == labels
    return kept.float().mean(), right[kept].float().mean()


@review.misconception(
    "Your coverage is right. For the accuracy you divided by all pictures, so that each one that goes to a person "
    "counts as an error of the network. Divide by the number of pictures that are kept."
)
def rejected_count_as_errors(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    return kept.float().mean(), ((answer == labels) & kept).float().mean()


@review.misconception(
    "Your coverage is the share of the pictures that go to the person. Coverage is the other part: the share "
    "that the network answers itself."
)
def coverage_of_the_rejected(probabilities, labels, threshold):
    coverage, right = review.reference(probabilities, labels, threshold)
    return 1 - coverage, right


@review.misconception(
    "You asked how probable the network finds the true class. In use nobody knows the true class, and a picture "
    "about which the network is sure and wrong would never be kept, which makes the accuracy too good. Compare "
    "the highest probability with the threshold."
)
def probability_of_the_label(probabilities, labels, threshold):
    kept = probabilities.gather(1, labels[:, None]).squeeze(1) >= threshold
    if not kept.any():
        return 0.0, 0.0
    return kept.float().mean(), (probabilities.argmax(dim=1) == labels)[kept].float().mean()


@review.misconception(
    "A picture whose highest probability is exactly the threshold is kept, and you left it out: use >=, not >."
)
def strictly_above(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence > threshold
    if not kept.any():
        return 0.0, 0.0
    return kept.float().mean(), (answer == labels)[kept].float().mean()


@review.misconception(
    "This is right as long as something is kept. Where nothing is, you take the mean of nothing, which is NaN. "
    "Return (0.0, 0.0) there."
)
def nothing_kept_forgotten(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    return kept.float().mean(), (answer == labels)[kept].float().mean()


# --- a frozen backbone -----------------------------------------------------------------------------------


class TinyClassifier(nn.Module):
    """Built like `models.Classifier`, and small: a backbone with BatchNorm, a head with dropout."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 3, H, W] → logits float32 [B, 2]."""
        return self.head(self.backbone(x))


def _after(train_head_only, training: bool) -> dict[str, bool] | None:
    """How a model behaves that went through `train_head_only`; None where that did nothing to it.

    Behaviour is looked at, not attributes: there is more than one right way to freeze a BatchNorm.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        model, pictures = TinyClassifier().train(training), torch.rand(8, 3, 8, 8)
        before = _switches(model)
        train_head_only(model)
        return _facts(model, pictures) if _switches(model) != before else None


def _switches(model: nn.Module) -> list:
    modes = [(name, module.training) for name, module in model.named_modules()]
    return modes + [(name, parameter.requires_grad) for name, parameter in model.named_parameters()]


def _facts(model: TinyClassifier, pictures: Tensor) -> dict[str, bool]:
    mean = model.backbone[1].running_mean.clone()
    together, alone = model.backbone(pictures)[:2], model.backbone(pictures[:2])
    loss = model(pictures).square().sum()
    if loss.requires_grad:
        loss.backward()
    return {
        "The backbone's running mean moves": not torch.equal(mean, model.backbone[1].running_mean),
        "A picture's features depend on its batch": not torch.allclose(together, alone, atol=1e-5),
        "A parameter of the backbone requires a gradient": any(p.requires_grad for p in model.backbone.parameters()),
        "All parameters of the head get a gradient": all(p.grad is not None for p in model.head.parameters()),
        "The head's dropout works": bool((model.head[0](torch.ones(100)) == 0).any()),
    }


def train_head_only(model):
    """Model with `backbone` and `head` → nothing; sets it up, in place, so that training reaches the head only."""
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    model.eval()
    model.head.train()


frozen = exercise(
    name="frozen",
    task="""
    A backbone is frozen, its weights do not change, and yet its features are others after each epoch. Write
    `train_head_only(model)`, which sets up a model so that training reaches its head and nothing else.

    `model` has two parts, `model.backbone` and `model.head`. Afterwards the head is in training mode and its
    parameters require a gradient; the backbone is in inference mode and none of its parameters requires one. The
    model may come in any mode. Change it in place; there is nothing to return.
    """,
    cases=[
        Case("a new model, which is in training mode", (True,)),
        Case("a model in inference mode, as after loading", (False,)),
    ],
    hints=[
        "Two things are to be switched: who gets gradients (requires_grad_) and who is in which mode (train, eval). "
        "Neither switches the other.",
        "BatchNorm updates its running mean and variance in every forward pass in training mode. No gradient is "
        "needed for that.",
        "requires_grad_, train and eval can be called on a part of the model: model.backbone.eval().",
    ],
    observe=_after,
)(train_head_only)


@frozen.misconception(
    "No gradient reaches the backbone, and still it changes: its BatchNorm layers are in training mode, where they "
    "move their running mean and variance in every forward pass. Put the backbone into inference mode as well."
)
def gradients_only(model):
    model.backbone.requires_grad_(False)


@frozen.misconception(
    "model.train() reaches every part of the model, the frozen backbone too. Its BatchNorm layers go back to "
    "training mode, and their statistics drift with each batch. Call model.backbone.eval() after model.train()."
)
def train_reaches_everything(model):
    model.backbone.requires_grad_(False)
    model.backbone.eval()
    model.train()


@frozen.misconception(
    "The backbone is safe, and so is everything else: the whole model is in inference mode, where the dropout of "
    "the head is off. Put the head back into training mode."
)
def everything_in_inference_mode(model):
    model.backbone.requires_grad_(False)
    model.eval()


@frozen.misconception(
    "You froze the head too. With no parameter left that requires a gradient, there is nothing to train. Freeze "
    "model.backbone only, or switch model.head back on."
)
def head_frozen_too(model):
    model.requires_grad_(False)
    model.backbone.eval()
    model.head.train()
