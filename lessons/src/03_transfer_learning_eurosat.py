# %% [markdown]
# # 3 · What does a pretrained network see from space?
#
# Somebody took a network that had learned a million photographs of dogs, cups and cars, and taught it to tell ten kinds of land apart in satellite pictures. It worked: nine right out of ten. They wanted to know *why*. Which features decide? Why is a highway taken for a river? The notebook they published ends with guesses, and nobody answered.
#
# You will not guess. You will take things away from pictures and networks, and watch what breaks.
#
# | | |
# |---|---|
# | **Time** | @MINUTES@ |
# | **You will be able to** | judge a backbone by accuracy *and* cost · choose between a probe and fine-tuning · find the bug that lets a "frozen" network move · say what a network relied on, and when to trust it |
# | **It builds on** | lesson 0; Python, a little PyTorch |

# %%
import torch

from course_lib import data, features, figures, metrics, models, pixels, training, trials
from course_lib.exercises import lesson_03 as ex
from course_lib.exercises import predict
from course_lib.trials.lesson_03 import advice, backbone_costs, optimizer_curves

pictures = data.load("eurosat")
train, val, test = pictures.split((0.8, 0.1, 0.1), seed=0)

# %% [markdown]
# ## 1 · Prepare
#
# `data.load` looks for the pictures in a cache, then in a mirror folder, then on the net, and checks their digest. They lie in one memory-mapped array. `split` cuts every class in the same proportions. Before you trust any number below, make sure of one thing: no picture may stand in two parts.

# %% tags=["verdict"]
parts = [set(part.rows.tolist()) for part in (train, val, test)]
trials.conclude("no picture is in two parts", len(set.union(*parts)) == sum(map(len, parts)) == len(pictures))
share = {name: n / test.counts[name] for name, n in train.counts.items()}
trials.conclude(
    "train and test hold every class in the ratio 8 : 1", max(share.values()) < 8.1 and min(share.values()) > 7.9
)

# %% [markdown]
# ## 2 · Look before you train
#
# A pixel is ten metres of ground, a picture 640 metres. Go through the rows. Which two classes would *you* mix up? Write them down. You will meet a network's answer near the end.

# %%
figures.contact_sheet(train, per_class=9, seed=1)

# %% [markdown]
# AnnualCrop is ploughed and sown each year, PermanentCrop is vines and orchards, HerbaceousVegetation is heath and scrub, Pasture is grazed. People use these lands differently; that need not show from 786 km up.
#
# What does colour say? Below, every picture is one dot: its brightness, and how blue it is.

# %%
colour = features.colour_statistics(train)
figures.class_colours(colour, train.labels, train.classes)

# %% [markdown]
# The clouds overlap, but they do not coincide. So give a model nothing but six numbers a picture: the mean and the spread of red, green and blue. No shapes, no texture, no layout. Ten classes, so guessing gets 10 of 100 right.

# %%
colour_guess = predict.number(
    "How many of 100 test pictures does it get right from six colour numbers?", low=0, high=100, unit="%"
)
colour_guess

# %% [markdown]
# Committed? Then let boosted decision trees have the six numbers. They can bend around clouds that a straight line cannot part, so colour gets its best chance.

# %% tags=["nbval-ignore-output"]
from sklearn.ensemble import HistGradientBoostingClassifier

trees = HistGradientBoostingClassifier(random_state=0).fit(colour, train.labels)
colour_scores = torch.tensor(trees.predict_proba(features.colour_statistics(test)))
colour_accuracy = metrics.accuracy_at(1, colour_scores, test.labels)
colour_guess.compare(100 * colour_accuracy)
print(f"n = {len(test):,} test pictures, {test.source}, split seed 0")

# %% tags=["verdict"]
trials.conclude("colour alone gets between 65 % and 85 % right", 0.65 < colour_accuracy < 0.85)

# %% [markdown]
# Most people guess far lower. Keep this number: it is the floor. A network that gets 77 % here may have learned nothing but colour.
#
# One more thing to settle now. Papers like to report accuracy@5: the truth is among the five best guesses. With a thousand classes that means something. With ten?

# %% tags=["nbval-ignore-output"]
for k in (1, 2, 3, 5):
    share = metrics.accuracy_at(k, colour_scores, test.labels)
    print(f"accuracy@{k}: colour alone {share:6.1%}   guessing {k / 10:.0%}")

# %% tags=["verdict"]
trials.conclude(
    "accuracy@5 of the colour model is above 97 %", metrics.accuracy_at(5, colour_scores, test.labels) > 0.97
)

# %% [markdown]
# Six numbers without a single shape reach almost 100 % at five. With ten classes, accuracy@5 can hardly tell a good network from a bad one. **Leave it out of the report**, and use accuracy@1 with the confusion matrix.
#
# ## 3 · The pipeline
#
# What happens to a picture on its way in? First it may be turned. A satellite has no "up": all eight turned and mirrored forms are equally good pictures of the same class, so training shows a random one each time.

# %%
one = test.batch(torch.nonzero(test.labels == 3)[4])
forms = training.turn(one.expand(8, -1, -1, -1), torch.arange(8))
figures.gallery(forms, [f"form {k}" for k in range(8)], columns=8)

# %% [markdown]
# Then the numbers are moved to where the network expects them. This is the step that people get wrong, silently: a network trained on blue–green–red values from 0 to 255 still answers if you feed it red–green–blue from 0 to 1. So here each backbone carries its own preprocessing, and takes nothing but raw `uint8`.

# %% tags=["real-data", "nbval-ignore-output"]
backbone = models.backbone("squeezenet1_1")
x = backbone.preprocessing(one)
print(backbone.preprocessing)
print(f"in: {tuple(one.shape)} from {one.min()} to {one.max()};  after: {x.min():.0f} to {x.max():.0f}")
print(f"feature map: {tuple(backbone(x).shape)};  one vector a picture: {tuple(backbone.embed(x).shape)}")

# %% tags=["verdict"]
trials.conclude(
    "the vector is the mean and the maximum of each feature map", backbone.embed(x).shape[1] == 2 * backbone.width
)

# %% [markdown]
# The **feature map** is a small grid: for each of its places, how strongly each pattern was found. We keep the mean over the grid (how much of it) and the maximum (is it anywhere). That vector is all that the classifier gets to see. Where something lay is gone.
#
# ## 4 · Choose a backbone
#
# A **linear probe** is the cheapest test of a backbone: freeze it, compute the vectors once, fit a logistic regression. Guess the order of these three. The last one is odd.

# %%
start_guess = predict.choice(
    "Which frozen network gives the best probe on satellite pictures, at 64 px?",
    [
        "SqueezeNet, trained on a million ImageNet photographs",
        "SqueezeNet with random weights",
        "a tiny network trained on 25,600 computer-drawn stripes, dots and cells",
    ],
)
start_guess

# %% [markdown]
# Training all of these takes a while, so it was done before and stored: five random splits each. The dot is the mean, the bar the range. Find the network that saw drawings only. How far is it from the top, and how far from random weights?

# %%
probes = trials.summary("probe_backbones")
at_64 = {name: s for name, s in probes.items() if "64 px" in name}
tried = dict(
    zip(start_guess.options, ("squeezenet1_1, ImageNet", "squeezenet1_1, random", "texture_net, textures"), strict=True)
)
start_guess.compare(max(tried, key=lambda option: probes[f"{tried[option]}, 64 px"].mean))
figures.dots(at_64)

# %% tags=["verdict"]
drawn, photos = probes["texture_net, textures, 64 px"].mean, probes["squeezenet1_1, ImageNet, 64 px"].mean
trials.conclude("ImageNet's photographs beat drawn textures", photos > drawn)
trials.conclude("but by less than 5 points", photos - drawn < 0.05)
trials.conclude(
    "MobileNetV2 with random weights is worse than six colour numbers",
    probes["mobilenet_v2_035, random, 64 px"].high < probes["colour alone, 64 px"].low,
)

# %% [markdown]
# Two surprises. A network that never saw a photograph, only stripes and dots drawn by code, comes within a few points of ImageNet. So much of what carries over from dogs and cups to fields may be plain *texture*; section 9 comes back to that. And random weights can lose even what six colour numbers knew.
#
# (These runs are stored in `evidence/`; real EuroSAT, CPU. `python -m course_lib.trials.lesson_03 probes` repeats them.)
#
# Accuracy is half of a choice. What does each cost?

# %% tags=["nbval-ignore-output"]
import time

for name in models.BACKBONES:
    network = models.backbone(name, weights="random")
    cost, start = models.cost(network, size=64), time.perf_counter()
    features.extract(network, test.at(range(256)), cache=False, progress=False)
    speed = 256 / (time.perf_counter() - start)
    print(f"{name:19} {cost} {speed:6.0f} pictures/s")

# %% tags=["verdict"]
small, big = (models.cost(models.backbone(name, weights="random")) for name in ("squeezenet1_1", "resnet50"))
trials.conclude("ResNet-50 has more than 30 times SqueezeNet's parameters", big.parameters > 30 * small.parameters)
trials.conclude("but fewer than 25 times its operations", big.macs < 25 * small.macs)

# %% [markdown]
# Parameters are not work. A weight of an early convolution is used at a thousand places, one of a late layer at four. That is why size on disk and time do not go together. Count **MACs** (multiply–accumulate operations), then time it, since memory decides too.
#
# Now both axes at once: up is better, left is cheaper. Enlarging the pictures costs MACs as well. Does it pay? (The four torchvision networks are missing: their weights could not be had on the machine that made the evidence.)

# %%
figures.cost_against_accuracy(backbone_costs(), xlabel="million MACs per picture (logarithmic)")


# %% tags=["verdict"]
gain = probes["squeezenet1_1, ImageNet, 128 px"].mean - probes["squeezenet1_1, ImageNet, 64 px"].mean
trials.conclude("the same pictures, only enlarged to 128 px, give SqueezeNet more than 3 points", gain > 0.03)

# %% [markdown]
# Enlarging adds no information, and still helps, for four times the work. One reading: the filters learned edges that are a few pixels wide, in photographs 224 pixels across, and meet them again only when a road is drawn larger. Another: the last map has 7×7 places instead of 3×3. We have not told the two apart; you could.

# %% [markdown]
# ## 5 · Probe, or fine-tune?
#
# The chart has a winner: MobileNetV2, better than SqueezeNet at a quarter of the MACs. Take it. A probe leaves a backbone as it is; **fine-tuning** trains all of it, from ImageNet's weights on. It takes a few minutes on a laptop, no graphics card. Commit first: frozen, it got 89 %.

# %%
tuned_guess = predict.number(
    "MobileNetV2 fine-tuned at 64 px, six epochs: how many of 100 test pictures right?", low=0, high=100, unit="%"
)
tuned_guess

# %% [markdown]
# Every batch is cut from the array, turned, normalised and sent through the network. The learning rate rises for two epochs and falls for four. Below the bar you will find the accuracy on pictures that took no part in training, with its uncertainty.

# %% tags=["nbval-ignore-output"]
model = models.Classifier(models.backbone("mobilenet_v2_035"), pictures.classes, pooling="mean", seed=0)
run = training.fit(model, train, val, training.Settings(epochs=6, peak_lr=3e-3, seed=0))
logits = training.predict(model, test)
accuracy = metrics.accuracy_at(1, logits, test.labels)
print(run)
tuned_guess.compare(100 * accuracy)
low, high = metrics.wilson_interval(round(accuracy * len(test)), len(test))
print(f"test accuracy {accuracy:.1%}, 95 % interval {low:.1%} to {high:.1%} (n = {len(test):,})")

# %% tags=["verdict", "real-data"]
trials.conclude("fine-tuned at 64 px, the small network reaches at least 96 %", accuracy >= 0.96)

# %% [markdown]
# How did it get there? Look at the left plot for a validation loss that turns upward: that would be overfitting.

# %%
figures.history(run)

# %% [markdown]
# Validation can run ahead of training: training accuracy is counted while the weights still change, and on turned pictures. That is no leak.
#
# But is it *transfer* that did this, or just training? Advice has it that you cannot train a network from nothing on so few pictures. Here are three seeds of each, with the same settings.

# %%
start = trials.summary("probe_or_finetune")
frozen = probes["mobilenet_v2_035, ImageNet, 64 px"]
compared = {"six colour numbers": probes["colour alone, 64 px"], "frozen, probe on top": frozen, **start}
figures.dots(compared)

# %% tags=["verdict"]
tuned, scratch = start["fine-tuned from ImageNet"], start["trained from scratch"]
trials.conclude("fine-tuning beats the frozen probe by more than 5 points", tuned.low - frozen.high > 0.05)
trials.conclude("training from scratch beats the frozen probe, too", scratch.low > frozen.high)
trials.conclude("ImageNet's start is worth at least 3 points over a random one", tuned.low - scratch.high > 0.03)

# %% [markdown]
# @SCRATCH@
#
# ## 6 · SGD or Adam?
#
# "Use Adam", says one half of the internet; "SGD generalises better", says the other. Both are statements about *one* learning rate. So let each have many: 5,000 pictures, three epochs, three seeds at every point.

# %%
optimizer_guess = predict.choice(
    "Which is better, each at its own best learning rate?",
    ["AdamW, by more than 1 point", "SGD, by more than 1 point", "no difference above 1 point"],
)
optimizer_guess

# %% [markdown]
# Thirty-three trainings, stored. The band is the range over seeds. Do not look at the height of the tops only. Look at how *wide* they are, and at what happens to the right of them.

# %%
curves = optimizer_curves()
best = {kind: max(points.values(), key=lambda s: s.mean) for kind, points in curves.items()}
difference = best["adamw"].mean - best["sgd"].mean
optimizer_guess.compare(optimizer_guess.options[0 if difference > 0.01 else 1 if difference < -0.01 else 2])
figures.lines(curves, xlabel="peak learning rate", title="SqueezeNet fine-tuned on 5,000 pictures, 3 epochs")

# %% tags=["verdict"]
good = {
    kind: [rate for rate, s in points.items() if s.mean > best[kind].mean - 0.03] for kind, points in curves.items()
}
for kind in good:
    print(f"{kind}: within 3 points of its best from {min(good[kind]):g} to {max(good[kind]):g}")
trials.conclude(
    "the wrong learning rate costs either optimizer more than 30 points",
    all(min(s.mean for s in p.values()) < best[k].mean - 0.3 for k, p in curves.items()),
)

# %% [markdown]
# @OPTIM@
#
# ## 7 · Save, and load without running strangers' code
#
# Many tutorials save a model with `torch.save(model)`. That is a pickle: whoever opens it runs whatever is inside. A **safetensors** file holds numbers and a description, no code. Does the network that comes back give the same answers?

# %% tags=["nbval-ignore-output"]
import tempfile
from pathlib import Path

file = models.save(model, Path(tempfile.mkdtemp()) / "eurosat.safetensors")
print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
again = training.predict(models.load(file), test.at(range(200)))

# %% tags=["verdict"]
trials.conclude("the loaded network answers as the saved one", torch.allclose(again, logits[:200], atol=1e-4))

# %% [markdown]
# ## 8 · Can you trust it?
#
# One number hides who pays for the errors. Remember the two classes that *you* would mix up. Here is each class by itself.

# %% tags=["nbval-ignore-output"]
confusion = metrics.confusion_matrix(logits, test.labels)
for row in metrics.per_class(confusion, test.classes):
    print(row)

# %% [markdown]
# Recall says which share of a class was found; precision, which share of an answer was right. A class can be good at one and bad at the other. The matrix shows with whom it is mixed up: find the darkest cell off the diagonal.

# %%
figures.confusion(
    confusion, test.classes, title=f"{accuracy:.1%} of {len(test):,} test pictures right ({test.source}, seed 0)"
)

# %% tags=["verdict", "real-data"]
recalls = {row.name: row.recall for row in metrics.per_class(confusion, test.classes)}
trials.conclude(
    "water and forest are the easiest: recall above 97 %", min(recalls["SeaLake"], recalls["Forest"]) > 0.97
)
trials.conclude("the worst class still has a recall above 85 %", min(recalls.values()) > 0.85)

# %% [markdown]
# Now trust. The network gives each answer a probability. If it says 90 %, is it right nine times of ten? And if a person looks at the least sure ones, how much does that buy?

# %% tags=["nbval-ignore-output"]
probabilities = logits.softmax(dim=1)
error = metrics.expected_calibration_error(probabilities, test.labels)
print(f"expected calibration error {error:.1%} (n = {len(test):,})")
figures.accuracy_against_confidence(probabilities, test.labels)

# %% tags=["verdict"]
confidence, answer = probabilities.max(dim=1)
right = answer == test.labels
surest = confidence.argsort(descending=True)[: round(0.9 * len(test))]
trials.conclude(
    "sending the least sure tenth to a person removes at least half of the errors",
    (~right[surest]).sum() <= 0.5 * (~right).sum(),
)

# %% [markdown]
# Within *these* pictures, the probability is honest and useful. That says nothing about a photograph of a cat: lesson 5 is about that.
#
# Look at the least sure. Would you know? A person with a map could settle them: they are candidates for a second label.

# %%
unsure = confidence.argsort()[:12]
captions = [f"{test.classes[test.labels[i]]}\nsays {test.classes[answer[i]]} {confidence[i]:.0%}" for i in unsure]
figures.gallery(test.batch(unsure), captions, title="The twelve least sure (first line: the label)")

# %% [markdown]
# More dangerous are the mistakes that it makes without a doubt. No threshold finds those. Look at each, and decide: is the network wrong, or the label?

# %%
sure_and_wrong = (~right * confidence).argsort(descending=True)[:12]
captions = [
    f"{test.classes[test.labels[i]]}\nsays {test.classes[answer[i]]} {confidence[i]:.0%}" for i in sure_and_wrong
]
figures.gallery(test.batch(sure_and_wrong), captions, title="The twelve surest mistakes (first line: the label)")

# %% tags=["verdict", "real-data"]
trials.conclude("there are mistakes made with a probability above 90 %", bool((confidence[~right] > 0.9).any()))

# %% [markdown]
# ## 9 · Which features decide?
#
# The question that was left open. Do not ask what a picture *shows*; take something away and count what is lost. Grey pictures keep every shape. Patches dealt anew keep colour and texture and lose the layout. Blocks of four pixels keep layout and colour and lose the detail.

# %%
changes = {
    "nothing": lambda x: x,
    "colour": pixels.grey,
    "layout": lambda x: pixels.shuffle_patches(x, 16),
    "detail": lambda x: pixels.block_average(x, 16),
}
shown = test.batch(torch.tensor([int(torch.nonzero(test.labels == k)[2]) for k in (3, 7, 8)]))
changed = torch.cat([change(shown) for change in changes.values()])
figures.gallery(changed, [f"without {name}" for name in changes for _ in shown], columns=3)

# %%
loss_guess = predict.choice("Without what does the fine-tuned network lose most?", ["colour", "layout", "detail"])
loss_guess

# %% [markdown]
# The network is the one that you trained above. It sees the same test pictures four times.

# %% tags=["nbval-ignore-output"]
left = {}
for name, change in changes.items():
    seen = data.ImageSet.of(change(test.images), test.labels, test.classes, test.source)
    left[name] = metrics.accuracy_at(1, training.predict(model, seen), test.labels)
    print(f"without {name:8} {left[name]:6.1%}   (n = {len(test):,}, seed 0)")
loss_guess.compare(min(("colour", "layout", "detail"), key=left.get))

# %% tags=["verdict", "real-data"]
trials.conclude(
    "each loss alone costs more than 15 points",
    all(left["nothing"] - left[name] > 0.15 for name in changes if name != "nothing"),
)
trials.conclude("without colour it falls below what colour alone could do", left["colour"] < colour_accuracy)

# %% [markdown]
# Careful. A network that never met a grey picture may fail on it although the answer is still there. A drop says: *this network relied on it*. It does not say: *nobody could do without it*. So ask a second question. Let a probe train on changed pictures, too. What can it still find?

# %%
relied, relearned = trials.summary("taken_away"), trials.summary("taken_away_probe")
pairs = {
    f"{name}: {who}": s
    for name in relied
    for who, s in (("network that never saw it", relied[name]), ("probe trained on it", relearned[name]))
}
figures.dots(pairs)

# %% tags=["verdict"]
lost = {
    name: (relied["nothing"].mean - relied[name].mean, relearned["nothing"].mean - relearned[name].mean)
    for name in relied
}
trials.conclude("grey costs the network that never saw it more than 20 points", lost["colour: grey"][0] > 0.2)
trials.conclude("and costs a probe that trained on it less than 5", lost["colour: grey"][1] < 0.05)
trials.conclude(
    "the mean colour alone is not enough for the probe: it loses more than 25 points",
    lost["all but the mean colour"][1] > 0.25,
)

# %% [markdown]
# So *which feature decides?* None, alone. The answer stands in these pictures several times over: in colour, in texture, in layout. A network uses whatever it was shown, all of it at once, and is lost when a part goes missing. A probe that was trained without that part finds most of the answer in the rest.
#
# That is why guessing from one heatmap fails, and why "CNNs see shapes" and "CNNs see colour" can both be shown on the same network.
#
# ## 10 · A frozen network that moves
#
# A bug met in the wild: somebody sets `requires_grad = False` on a backbone, trains a head, and calls it frozen. But `model.train()` also switches BatchNorm to the statistics of each batch, and those are averaged into the "frozen" network. Does it matter? MobileNetV2, three seeds, nothing else changed.

# %%
drift = trials.summary("frozen_batchnorm")
figures.dots(drift)

# %% tags=["verdict"]
trials.conclude(
    "drifting statistics cost accuracy for every seed", drift["statistics drift"].high < drift["statistics stay"].low
)

# %% [markdown]
# Nothing crashed, no warning came, and some points are gone. `models.Classifier(frozen=True)` overrides `train()` so that the backbone stays in inference mode. You will write that yourself in a minute.
#
# ## Advice on trial
#
# Every line below is computed from `evidence/`: real EuroSAT, three seeds or five splits, n = 2,700 test pictures each.

# %%
for said, found in advice():
    print(f"{said}\n    {found}\n")

# %% [markdown]
# ## Exercises
#
# Replace the dots and run the cell. Each check knows the usual mistakes. `ex.recall` shows the task in full, `ex.recall.hint()` a hint (call it again for the next), `ex.recall.solution()` a solution.
#
# **1.** One number for ten classes hides the class that fails. Of each class's pictures, which share was found?


# %%
def recall(confusion):
    """Confusion matrix, int64 [K, K], truth in rows → recall of each class, float [K], 0 to 1."""
    ...


ex.recall.check(recall)

# %% [markdown]
# **2.** The detective's exercise. A notebook normalises EuroSAT with "the statistics of another data set, to save time": mean .485 .456 .406, deviation .229 .224 .225. Write `statistics`, run it on `train`, and see how far these are from EuroSAT's own. Then look at `models.IMAGENET`. Whose are they?


# %%
def statistics(pictures):
    """Pictures, uint8 [N, 3, H, W], 0 to 255 → (mean, deviation) of each channel, float [3] each, 0 to 1."""
    ...


ex.statistics.check(statistics)

# %% [markdown]
# **3.** You met accuracy@k as a number. Write it for k = 2.


# %%
def accuracy_at_two(scores, labels):
    """Scores, float32 [N, K], and labels, int64 [N] → share of pictures, 0 to 1, right at the second try."""
    ...


ex.accuracy_at_two.check(accuracy_at_two)

# %% [markdown]
# **4.** The right-hand plot of section 8: a person reviews every picture below a threshold. What remains, and how much of it is right?


# %%
def review(probabilities, labels, threshold):
    """Probabilities, float32 [N, K], labels, int64 [N], threshold, 0 to 1 → (coverage, accuracy of the kept)."""
    ...


ex.review.check(review)

# %% [markdown]
# **5.** Section 10's bug. Make the head learn and keep the backbone as it is, its BatchNorm too.


# %%
def train_head_only(model):
    """Model with `backbone` and `head` → nothing; sets it up, in place, so that training reaches the head only."""
    ...


ex.frozen.check(train_head_only)

# %% [markdown]
# ## Quiz

# %%
from course_lib.exercises.quiz_03 import QUIZ

QUIZ

# %% [markdown]
# ## What to take away
#
# - Measure the floor first. Six colour numbers solve three quarters of EuroSAT; accuracy@5 hides the rest.
# - A backbone carries its own preprocessing. Ask for its MACs and its speed, not for its size on disk.
# - Probe first: it takes seconds. Fine-tune when the last points matter.
# - Frozen means two things: no gradients, *and* BatchNorm in inference mode.
# - Taking a feature away shows what a network relied on. Only training without it shows whether it was needed.
# - A calibrated probability helps with pictures like those of the test set. It promises nothing about others.
#
# **Open.** One split seed decides which scenes are in the test part, and neighbours from one scene may stand in both. A new country was not tested. ResNet-50 at 224 pixels is built and tested for shape, freezing and one step, but it was *not run*: no graphics card was at hand.
#
# **Read on.** Helber et al., *EuroSAT*, 2019, [arXiv:1709.00029](https://arxiv.org/abs/1709.00029) · Geirhos et al., *ImageNet-trained CNNs are biased towards texture*, 2019, [arXiv:1811.12231](https://arxiv.org/abs/1811.12231) · Brendel, Bethge, *Bag-of-local-features models*, 2019, [arXiv:1904.00760](https://arxiv.org/abs/1904.00760) · Kornblith et al., *Do better ImageNet models transfer better?*, 2019, [arXiv:1805.08974](https://arxiv.org/abs/1805.08974) · Guo et al., *On calibration of modern neural networks*, 2017, [arXiv:1706.04599](https://arxiv.org/abs/1706.04599)
#
# **Next.** Lesson 4 puts normalization on trial on these pictures; lesson 6 asks a network, picture by picture, why it said that. Both are being written.
