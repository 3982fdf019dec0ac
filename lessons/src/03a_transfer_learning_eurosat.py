# %% [markdown]
# # 3a · Transfer learning on EuroSAT: choose, probe, fine-tune
#
# Somebody took a network that had learned from a million photographs of dogs, cups and cars, and taught it to tell ten kinds of land apart in satellite pictures. Nine of ten came out right. Was it the photographs that did it, or would the colours alone have been enough? Which network should one take, and must one train all of it?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# Measure the floor of colour first: 54 numbers that know nothing of any shape come, on average, two points behind a frozen network from photographs. Then take the network that is quick on *your* machine, with its own preprocessing, and fit a linear probe on it, which takes seconds. Fine-tuning all of it brings 97 of 100 right on a random split, where the same training from random weights ends at 81. All this is on random splits. Elsewhere it is less: [3c](03c_does_it_travel.ipynb) lets you bet how much, for a probe. The fine-tuned network has not been sent there.
# </details>
#
# | you see | read |
# |---|---|
# | a good accuracy, and you wonder what it is worth | section 2 |
# | a pretrained network, and you are not sure that it is fed rightly | section 3 |
# | many backbones, and no idea which | section 4 |
# | a validation loss that rises in the middle of training | section 5 |
# | `requires_grad = False`, and you think that it is frozen | section 6 |
# | it works, and nobody knows why | [3b Which features decide?](03b_which_features_decide.ipynb) |
# | you only want it on your own folder | *Your pictures*, at the end |
#
# Core · MINUTES
#
# You will be able to judge a pretrained network by accuracy *and* seconds, to say when to train all of it and when only the end, and to find two bugs that give no error. What *holds*, *±* and the verdicts mean is said in [Start here](00_start_here.ipynb).

# %%
import torch
from course_lib import data, features, figures, models, study, training
from course_lib.lessons.transfer import exercises as ex
from course_lib.lessons.transfer import network, your_pictures
from course_lib.lessons.transfer.trials import FEATURES, TRIALS, optimizer_curves
from course_lib.practice import predict
from sklearn.ensemble import HistGradientBoostingClassifier
from torch.nn.functional import cross_entropy

pictures = data.load("eurosat")
train, val, test = pictures.split((0.8, 0.1, 0.1), seed=0)

# %% [markdown]
# ## 1 · Look before you train
#
# EuroSAT has 27,000 pictures from a satellite, 64 by 64 pixels of ten metres each. They are cut *at random*: eight tenths to learn from, a tenth to watch, a tenth to test. So every accuracy below is *on a random split*. Elsewhere it is less: [3c](03c_does_it_travel.ipynb) lets you bet how much.
#
# AnnualCrop is sown each year; PermanentCrop is vines and orchards; HerbaceousVegetation is heath; Pasture is grazed. Which would you mix up?

# %%
figures.contact_sheet(train, per_class=6, seed=1)

# %% [markdown]
# ## 2 · How far does colour get?
#
# Before any network: what do colours alone tell? Take all pixels of a picture, forget where they stood, and keep 54 numbers: the mean, the spread and seven quantiles of red, green and blue, and the same of their three differences. Nothing in them knows a shape, a texture or a layout. Boosted decision trees learn from them. With ten classes, guessing gets 10 of 100 right.

# %%
colour_guess = predict.number(
    "From 54 numbers without any order, all training pictures: how many of 100 right?",
    low=0,
    high=100,
    unit="%",
)
colour_guess

# %% [markdown]
# Live with 3,000 of the pictures, beside a poorer description: only mean and spread of red, green and blue, six numbers. Change `n`, or leave some of the 54 out (`[:, :12]` are the means and spreads).

# %% tags=["nbval-ignore-output"]
n = 3000
few, some = train.subset(n, seed=0), test.subset(min(1000, len(test)), seed=0)
for name, describe in {
    "6 numbers": features.colour_statistics,
    "54 numbers": features.colour_numbers,
}.items():
    trees = HistGradientBoostingClassifier(random_state=0)
    trees.fit(describe(few), few.labels)
    right = trees.score(describe(some), some.labels)
    print(f"{name:10} {right:.1%} of n = {len(some):,} right, {some.source}, one split")

# %% [markdown]
# And with all 21,600, over five random splits, beside a histogram of 8×8×8 colours, and a network that learned from photographs, stays as it is, and gets a linear judge (section 4). The line above the figure asks whether that network is surely ahead of the 54 numbers, where one point matters.

# %%
floor, probes = study.summary("colour_floor"), study.summary("probe_backbones")
colour_guess.compare(100 * floor["54 colour numbers, boosted trees"].mean)
frozen = {"frozen MobileNetV2, a probe": probes["mobilenet_v2_035, ImageNet, 64 px"]}
print(study.verdicts("more_than_colour"))
figures.dots(floor | frozen)

# %% tags=["verdict"]
described = study.summary("colour_floor")
poor, rich = (described[f"{k} colour numbers, boosted trees"] for k in ("six", "54"))
study.conclude(
    "54 numbers get more than 5 points more than six", rich.low - poor.high > 0.05
)

# %% [markdown]
# Six numbers get 77.9 % on random splits, the 54 get 86.6 %, the frozen network 88.7 % (5 splits, n = 2,700 each): two points ahead on average; five splits leave open whether it is ahead at all. The six are not *all that colour can tell*, and nor are the 54; nobody knows the best description.
#
# A floor tells you what needs no shape. A network above it has not shown that it sees shapes: it may use colours better than our trees. To find out, take something away from it, as [3b](03b_which_features_decide.ipynb) does.

# %% [markdown]
# ## 3 · Backbone, preprocessing, head
#
# A classifier has two parts. The **backbone** turns a picture into numbers; it is large, and somebody else trained it. The **head** turns these into ten scores; it is small, and yours. The simplest is a **linear probe**: a logistic regression on what a *frozen* backbone gives, here for each channel the mean and the maximum over the picture.
#
# Between picture and backbone stands the **preprocessing**. SqueezeNet wants blue before red, 0 to 255, less a mean. A colleague feeds it red first, 0 to 1, normalised "as always". Nothing crashes. How bad is it?

# %%
wrong_guess = predict.number(
    "A probe fitted with the right preprocessing, used with another: how many of 100 right?",
    low=0,
    high=100,
    unit="%",
)
wrong_guess

# %% tags=["nbval-ignore-output"]
backbone, careless = (models.backbone("squeezenet1_1") for _ in range(2))
careless.preprocessing = models.IMAGENET
known = features.extract(backbone, few, progress=False)
for name, used in {"its own": backbone, "another": careless}.items():
    seen = features.extract(used, some, progress=False)
    probe = features.probe(known, few.labels, seen, some.labels)
    sure = probe.model.predict_proba(seen).max(axis=1).mean()
    print(f"{name} preprocessing: {probe.accuracy:.1%} right, {sure:.0%} sure")
wrong_guess.compare(100 * probe.accuracy)

# %% tags=["verdict", "real-data"]
study.conclude("the wrong one gets fewer than half, and no error", probe.accuracy < 0.5)

# %% [markdown]
# No error, no warning, and half sure at that. (Sureness is the mean of the highest probability.) So a backbone and its preprocessing belong together, and here each carries its own.
#
# **Exercise 1.** A notebook normalises EuroSAT with "the statistics of another data set, to save time": mean .485 .456 .406, deviation .229 .224 .225. How far off is it? Replace the dots and run the cell; `ex.statistics.hint()` helps.


# %%
def statistics(pictures):
    """Pictures, uint8 [N, 3, H, W], 0 to 255 → (mean, deviation) of each channel, float [3] each, 0 to 1."""
    ...


ex.statistics.check(statistics)

# %%
ex.statistics.run(statistics, train.subset(2000).images)
print("ImageNet: mean", models.IMAGENET.mean, "deviation", models.IMAGENET.std)

# %% [markdown]
# ## 4 · Choose a backbone
#
# Three candidates. SqueezeNet and a narrow MobileNetV2 learned from photographs. `texture_net` never saw one: it learned from pictures that a program drew. A cost is often told in **MACs**, multiplications with their addition; for a picture of 64 pixels MobileNetV2 needs 4.7 million, SqueezeNet 17, `texture_net` 30. And in seconds?

# %%
speed_guess = predict.largest(
    "One picture of 64 px at a time, one thread: which needs the most time?",
    ["squeezenet1_1", "mobilenet_v2_035", "texture_net"],
)
speed_guess

# %% tags=["nbval-ignore-output"]
torch.set_num_threads(1)
alone, rows = {}, []
seen_by = {"squeezenet1_1": "ImageNet", "mobilenet_v2_035": "ImageNet"}
seen_by["texture_net"] = "textures"
for name, seen in seen_by.items():
    candidate = models.backbone(name, weights="random")  # as quick as a trained one
    layers = sum(isinstance(layer, torch.nn.Conv2d) for layer in candidate.modules())
    for size in (64, 128):
        x = torch.rand(32, 3, size, size)
        one = models.milliseconds(candidate, x[:1])
        many = models.milliseconds(candidate, x) / len(x)
        macs = models.cost(candidate, size=size).macs / 1e6
        told = f"{layers} convolutions, {macs:5.1f} M MACs, alone {one:4.1f} ms, of 32 {many:4.2f} ms"
        print(f"{name:16} {size:3} px: {told}")
        rows.append((f"{name}, {size} px", many, probes[f"{name}, {seen}, {size} px"]))
        alone.setdefault(name, one)  # at 64 px
speed_guess.compare(alone)
figures.cost_against_accuracy(rows, xlabel="ms per picture, one thread (logarithmic)")

# %% tags=["verdict"]
study.conclude(
    "alone, MobileNetV2 takes longer than SqueezeNet, with a third of its MACs",
    alone["mobilenet_v2_035"] > alone["squeezenet1_1"],
)

# %% [markdown]
# Alone, the network with the fewest MACs takes the *most* time: it has 52 convolutions one after another, each must be started and must fetch and store its maps; for a single small picture that may well be most of the work. In batches of 32 the starting is shared, and the order may be another. So measure where, and how, the network shall run, on a machine that does nothing else.
#
# The figure shows batches of 32: higher is better, further left is quicker. The accuracies are stored (probes, five random splits), the times are yours, from just now.

# %% [markdown]
# At 64 px the two networks from photographs differ by a point, in favour of MobileNetV2. Enlarging to 128 px takes four to five times the MACs and brings three to five points, although it adds no information. (Perhaps because filters that learned from photographs of 224 px meet a road at the width that they know; perhaps because more places are left at the end. We have not told the two apart.)
#
# What is each worth *because* of what it had learned? Its twin has random weights:

# %%
figures.dots(
    {name: s for name, s in probes.items() if name.endswith("64 px")},
    metric="accuracy of a probe",
)

# %% [markdown]
# Photographs are worth 36 points to MobileNetV2, drawings 12 to `texture_net`, against random weights that were drawn once and serve all five splits. But do not read these twelve as *texture*: its second task in training was to tell mean and spread of red, green and blue, the very six numbers of section 2. How much comes from that, we do not know; a twin without it has not been trained. Nor can the gains of two networks be compared: random weights get 53 % in one, and 72 % in the other.

# %% [markdown]
# ## 5 · Probe, or fine-tune?
#
# We take MobileNetV2. A probe leaves it as it is; **fine-tuning** trains all of it, from ImageNet's weights on. The probe got 89 %. Commit first.

# %%
tuned_guess = predict.number(
    "Fine-tuned on all 21,600, six epochs at 64 px: how many of 100 test pictures right?",
    low=0,
    high=100,
    unit="%",
)
tuned_guess

# %% [markdown]
# First a probe on 3,000 pictures, then a training in small, whole: the same 3,000, three epochs. A satellite has no *up*, so each picture is shown in one of its eight turned and mirrored forms. The learning rate rises and then falls (one cycle). `pooling="mean"`: probe and head get the same, the mean of each channel. Change the peak rate or the number of pictures, and run both cells again.

# %% tags=["nbval-ignore-output"]
mobile, watch = (
    models.backbone("mobilenet_v2_035"),
    val.subset(min(500, len(val)), seed=0),
)
known, seen = (
    features.extract(mobile, part, pooling="mean", progress=False)
    for part in (few, watch)
)
probe = features.probe(known, few.labels, seen, watch.labels)
print(f"a probe: {probe.accuracy:.1%} of n = {len(watch)} right")
model = models.Classifier(mobile, pictures.classes, pooling="mean", seed=0)

# %% tags=["verdict", "real-data"]
study.conclude("a probe on 3,000 pictures: more than 75 %", probe.accuracy > 0.75)

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
epochs, peak, steps = 3, 3e-3, len(few) // 100
optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, peak, total_steps=epochs * steps
)
for epoch in range(1, epochs + 1):
    model.train()
    for chosen in torch.randperm(len(few)).split(100)[:steps]:
        x = training.turn(few.batch(chosen), torch.randint(8, (len(chosen),)))
        loss = cross_entropy(model(model.preprocessing(x)), few.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    answers = training.predict(model, watch).argmax(dim=1)
    tuned = (answers == watch.labels).float().mean()
    rate = optimizer.param_groups[0]["lr"]
    print(f"epoch {epoch}: rate {rate:.4f}, last loss {loss:.2f}, right {tuned:.1%}")

# %% tags=["verdict", "real-data"]
study.conclude("three epochs on 3,000 pictures: 80 % or more", tuned >= 0.8)

# %% [markdown]
# In this one run fine-tuning ends ahead of the probe, on 500 pictures: a hint. With all 21,600 and six epochs the training takes ten minutes, so its record is stored; the network itself is the one that 3b takes apart. Look at the validation loss in the second epoch, then at the end.

# %%
figures.history(network.record())

# %% tags=["verdict"]
losses = [epoch.val_loss for epoch in network.record().history]
study.conclude("it rises in the second epoch", losses[1] > losses[0])
study.conclude(
    "the validation loss is lowest in one of the last two epochs",
    min(losses) == min(losses[-2:]),
)

# %% [markdown]
# In the second epoch of this one training the loss on new pictures *rises*, from 0.26 to 0.28, while that in training falls. Overfitting? Then it would not fall again, to 0.08. In that epoch the learning rate is at its peak; our reading is that each step moves the weights too far. Overfitting usually shows towards the *end*, while the rate is low.
#
# But did the *transfer* do this, or just the training? Take random weights and the same six epochs.

# %%
scratch_guess = predict.choice(
    "From random weights, same settings, of 100 test pictures right:",
    {
        "fewer than 70": (0, 70),
        "70 to 80": (70, 80),
        "80 to 90": (80, 90),
        "90 or more": (90, 100),
    },
)
scratch_guess

# %%
start = study.summary("probe_or_finetune")
tuned_guess.compare(100 * start["fine-tuned from ImageNet"].mean)
scratch_guess.compare(100 * start["trained from scratch"].mean)
colour = {"54 colour numbers": floor["54 colour numbers, boosted trees"]}
mean = probes["mobilenet_v2_035, ImageNet, 64 px, mean alone"]
figures.dots(colour | {"frozen MobileNetV2, a probe on means": mean} | start)

# %% tags=["verdict"]
starts = study.summary("probe_or_finetune")
tuned_all, scratch = starts["fine-tuned from ImageNet"], starts["trained from scratch"]
probed = study.summary("probe_backbones")["mobilenet_v2_035, ImageNet, 64 px, mean alone"]
study.conclude(
    "fine-tuning beats the frozen probe by more than 5 points",
    tuned_all.low - probed.high > 0.05,
)
study.conclude(
    "six epochs from random weights stay below the probe", scratch.high < probed.low
)

# %% [markdown]
# Fine-tuned 97.0 %, a probe on the same means 88.8 %, from random weights 80.6 % (3, 5 and 3 random splits, n = 2,700 each). Three seeds are too few for a verdict, but the ranges lie far apart. In these runs ImageNet's start is worth sixteen points, although ImageNet has no fields. And 80.6 is six points below what colours without any order get.
#
# One setting can spoil all of it. Below, SqueezeNet, 5,000 pictures, three epochs, two optimizers, three seeds; each rate is about three times the one before. Look at what lies to the right of the tops.

# %%
figures.lines(
    optimizer_curves(),
    xlabel="peak learning rate",
    title="SqueezeNet fine-tuned on 5,000 pictures, 3 epochs",
)

# %% [markdown]
# No winner can be named from three seeds, but both curves have a cliff right beside the top. So the answer to "Adam or SGD?" is a question: at which rate? Try a few, a factor of three apart, before you argue.

# %% [markdown]
# ## 6 · A frozen network that moves
#
# **BatchNorm** shifts and scales each channel by a mean and a deviation. In training mode it takes both from the batch, and keeps a running average for later. An average is no weight: `requires_grad = False` does not stop it, and `model.train()` sets it going. Somebody freezes all weights, calls `model.train()` and trains a new head on 5,000 pictures for three epochs.

# %%
drift_guess = predict.choice(
    "What do the moving averages do to the test accuracy, in points?",
    {
        "it rises by 1 or more": (1, None),
        "it stays within 1": (-1, 1),
        "it falls by 1 to 10": (-10, -1),
        "it falls by more": (None, -10),
    },
)
drift_guess

# %%
drift = study.summary("frozen_batchnorm")
print(study.verdicts("requires_grad"))
drift_guess.compare(
    100 * (drift["statistics drift"].mean - drift["statistics stay"].mean)
)
figures.dots(drift)

# %% tags=["verdict"]
norms = study.summary("frozen_batchnorm")
study.conclude(
    "drifting statistics cost accuracy, beyond the spread",
    norms["statistics drift"].high < norms["statistics stay"].low,
)

# %% [markdown]
# Nothing crashed, no warning came, and between one and six points are gone (the interval of five seeds). So `requires_grad = False` alone does not freeze a backbone. Fine-tuning moves the same averages and gains, perhaps because there the weights can follow. We have not tested that.
#
# **Exercise 2.** Make the head learn and keep the backbone as it is, its BatchNorm too. A training loop that calls `model.train()` each epoch would undo it: where would you call your function then?


# %%
def train_head_only(model):
    """Model with `backbone` and `head` → nothing; sets it up, in place, so that training reaches the head only."""
    ...


ex.frozen.check(train_head_only)

# %% [markdown]
# ## The trials of 3a
#
# Unfold the table, cover the column with the verdicts, and say of each piece of advice which one it got.

# %%
study.folded(trial for trial in TRIALS if trial.lesson < FEATURES)

# %% [markdown]
# ## Your pictures
#
# Put the name of a folder there that holds a folder for each class. Guessing, 54 colour numbers, probes on two backbones and a short fine-tuning answer the same fifth of your pictures, at 64 by 64 pixels. A network of your own, in PyTorch or Keras, gets a row as well: take a comment's `#` away. If several pictures show one thing (a burst, cuts of one scan), keep one, or all rows are too good. It is one split: repeat it with `seed=1`. `None` takes 600 of the lesson's.

# %% tags=["nbval-ignore-output"]
folder = None  # "photos"
own, wants = None, None
# own, wants = torchvision.models.resnet18(weights="DEFAULT"), models.IMAGENET
# own = your_pictures.in_keras(
#     keras.applications.MobileNetV2(include_top=False, pooling="avg"),
#     keras.applications.mobilenet_v2.preprocess_input,
# )
shown = folder or train.subset(600, seed=0)
mine = your_pictures.transfer(shown, own=own, preprocessing=wants, seed=0)
print(mine)

# %% tags=["verdict"]
study.conclude("there is a row for each of five ways", len(mine.rows) >= 5)

# %% [markdown]
# ## What we would write to the asker
#
# Your nine of ten are what a frozen network brings here, too ([3b](03b_which_features_decide.ipynb) repeats your recipe). Say beside it what colours alone get, which is nearly as much, and that your split is random: elsewhere it is less ([3c](03c_does_it_travel.ipynb)). For nine of ten the photographs were hardly needed: colours alone came within two points on average. They pay where all is trained: 97, against 81 from random weights. So before a larger network, fine-tune this one: here that brought eight points, in ten minutes on one core.

# %% [markdown]
# ## Open
#
# All splits here are random; [3c Does it travel?](03c_does_it_travel.ipynb) parts the map. Three of the trials have three seeds, which is too few for a verdict. The asker's ResNet-50 has not been run to an end: its weights could not be had, and from random weights one pass over 21,600 pictures would take some 45 minutes of CPU time (reckoned from 320). `python tools/resnet50.py` runs it, frozen and fine-tuned, where the weights are; `python tools/resnet50.py scratch` runs it without. `texture_net` without its second task has not been trained.
#
# ## Read on
#
# Helber et al., *EuroSAT*, 2019, [arXiv:1709.00029](https://arxiv.org/abs/1709.00029) · Kornblith et al., *Do better ImageNet models transfer better?*, 2019, [arXiv:1805.08974](https://arxiv.org/abs/1805.08974) · Sandler et al., *MobileNetV2*, 2018, [arXiv:1801.04381](https://arxiv.org/abs/1801.04381): why it has so few MACs · Swain, Ballard, *Color indexing*, 1991, [doi:10.1007/BF00130487](https://doi.org/10.1007/BF00130487): how far a histogram gets
#
# ## Next
#
# **[3b Which features decide?](03b_which_features_decide.ipynb)** takes the fine-tuned network apart: what it mixes up, when to trust it, and what it goes by. Or ask whether your inputs must be normalised: **[4a Whose statistics?](04a_whose_statistics.ipynb)**.
