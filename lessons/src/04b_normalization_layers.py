# %% [markdown]
# # 4b · Normalization layers and their batches
#
# A network has batch normalization inside. It was right in training and validation, and alone, on one picture after the other, it gives other answers; or it is fine-tuned on large pictures, two at a time because memory is short, and falls apart. Somebody advises instance normalization, another says that it removes colour. What do these layers do to your pictures, and which one should you take?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# With batch normalization inside, the *scale* of what you feed hardly mattered in our networks: under a point on average, undecided. Call `eval()`: without it a picture's answer depends on its neighbours, and alone it was a guess. In batches of two, take group normalization, or freeze the averages when you fine-tune; in batches of 64 freezing cost points. Instance normalization does remove what is level, and colour is level: 57 % where batch normalization got 99.6 %. Where it seemed not to, zero padding gave the colour away.
# </details>
#
# | you see | read |
# |---|---|
# | inputs prepared in another way | section 1 |
# | colours that a network cannot tell apart | section 2 |
# | batches of one or two | sections 3 and 5 |
# | other answers for the same picture | section 4 |
# | fine-tuning that ruins the network | section 5 |
# | which mean and deviation at the input | [4a Whose statistics?](04a_whose_statistics.ipynb) |
#
# Optional · MINUTES
#
# You will be able to say what each of four layers takes away, to test a network for answers that depend on the batch, and to choose a layer for your colours and your batch size.

# %%
import copy

import torch
from course_lib import data, figures, models, study
from course_lib.lessons.normalization import exercises as ex
from course_lib.lessons.normalization import experiments, trials
from course_lib.practice import predict
from torch.nn.functional import pad

scratch = study.summary("inputs_scratch")

# %% [markdown]
# ## 1 · The same inputs, with batch normalization inside
#
# [4a](04a_whose_statistics.ipynb) trained a small network from random weights, without normalization layers: divided by 255 it ended twenty points behind the set's own mean and deviation. Put batch normalization before each ReLU, and feed three kinds of input again.

# %%
inside_guess = predict.choice(
    "With batch normalization inside, the set's own numbers against 0 to 1:",
    {
        "ahead by over 10 points": (0.1, None),
        "ahead by 3 to 10": (0.03, 0.1),
        "ahead by 1 to 3": (0.01, 0.03),
        "less, or behind": (None, 0.01),
    },
)
inside_guess

# %%
inside = {k: scratch[k] for k in experiments.WITH_NORM_INSIDE}
ours, divided, _ = (s.mean for s in inside.values())
inside_guess.compare(ours - divided)
print(study.verdicts("normalise_before_norm"))
figures.dots(inside, title="AdamW at 0.003, 8 epochs, 3,000 pictures")

# %% [markdown]
# Against 0 to 1, your bet, and against bytes, the trial, it is under a point in the mean (against bytes the interval goes to one and a half, so a point is not excluded), and all three stand above anything without such layers in 4a. So it is easy never to notice what you feed. It also dates the advice: *normalise your inputs* is older than batch normalization. Here is what the layer does to inputs that are 127 times too large, first behind a bare convolution, then with the zeros that this network pads its pictures with:

# %% tags=["nbval-ignore-output"]
few = data.load("eurosat").split(seed=0)[0].subset(256)
backbone = models.backbone(experiments.NETWORK)
conv = next(m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d))
apart = {}
for name, zeros, eps in (
    ("bare", 0, 1e-5),  # torch's own eps
    ("bare, a smaller eps", 0, 1e-12),
    ("with zeros at the edge", 1, 1e-5),  # below, and right
):
    norm = torch.nn.BatchNorm2d(conv.out_channels, eps=eps)
    with torch.no_grad():
        meant, bytes_ = (
            norm(torch.conv2d(pad(x, (0, zeros, 0, zeros)), conv.weight, stride=2))
            for x in (models.MINUS_ONE_TO_ONE(few.images), few.images.float())
        )
        apart[name] = (meant - bytes_).abs()
    rows = apart[name].mean(dim=(0, 1, 3))
    print(f"{name}: {rows.mean():.7f} deviations apart, last row {rows[-1]:.5f}")

# %% tags=["verdict", "real-data"]
study.conclude(
    "behind the bare convolution the two are the same to a thousandth of a deviation",
    apart["bare"].mean().item() < 0.001,
)
study.conclude(
    "with a smaller eps the rest is under a tenth of that",
    (apart["bare, a smaller eps"].mean() < apart["bare"].mean() / 10).item(),
)
study.conclude(
    "with zeros at the edge they are over half a deviation apart in the last row",
    apart["with zeros at the edge"].mean(dim=(0, 1, 3))[-1].item() > 0.5,
)

# %% [markdown]
# In training, that is, where it takes the batch's own mean and deviation. The convolution has no bias, so scale and shift drop out (what is left is the layer's *eps*, 0.00001, which counts for more beside small variances). But a zero is middle grey in −1 to 1 and black in bytes: at the edge a difference stays, in the last row nearly one deviation. What bytes cost in fine-tuning, 4a could not tell from nothing, nor from two points.
#
# ## 2 · Does it remove colour?
#
# Batch normalization takes mean and deviation of each channel over a batch; layer normalization takes them over one picture, instance normalization over one channel of one picture, group normalization over some channels of it. "Instance normalization removes colour", people say. It sounds right: a picture's mean colour is subtracted.
#
# **Exercise 1.** Write it.


# %%
def instance_norm(x):
    """Output of a layer, float [B, C, H, W] → same shape; each channel of each picture has mean 0, deviation 1."""
    ...


ex.instance_norm.check(instance_norm)

# %% [markdown]
# Two classes, 6° of hue apart. Brightness is drawn by chance; only the hue tells. Of a flat picture, one colour all over, nothing should be left.

# %%
flat, textured = (
    data.spectrograms(3, seed=0, **knobs)
    for knobs in (experiments.FLAT, experiments.TEXTURED)
)
figures.gallery(
    torch.cat([flat.images, textured.images]),
    [f"flat {flat.classes[k]}" for k in flat.labels]
    + [f"textured {textured.classes[k]}" for k in textured.labels],
    columns=6,
    title="Generated, hues 6° apart, 48 px",
)

# %% [markdown]
# Each network has one kind of layer, and pads with zeros. Ten seeds, 200 training pictures a class.

# %%
instance_guess = predict.choice(
    "A network with instance normalization tells them apart (three of four right, or more)",
    {
        "on flat and on textured pictures": lambda flat, textured: (
            min(flat, textured) > 0.75
        ),
        "on flat pictures only": lambda flat, textured: flat > 0.75 >= textured,
        "on textured pictures only": lambda flat, textured: textured > 0.75 >= flat,
        "on neither": lambda flat, textured: max(flat, textured) <= 0.75,
    },
)
instance_guess

# %%
layers = study.summary("norm_layers_hues")
instance_guess.compare(
    flat=layers["instance, flat hues"].mean,
    textured=layers["instance, textured hues"].mean,
)
kinds = (
    f"{kind}, {of} hues" for kind in experiments.NORMS for of in ("flat", "textured")
)
figures.dots(
    {k: layers[k] for k in kinds},
    chance=0.5,
    title="Generated, hues 6° apart, padded with zeros",
)

# %% [markdown]
# The other way round from what we expected: flat pictures are told apart. We suspected the edge. Convolutions pad with zeros, so next to the edge a flat picture is not flat, and how large that step is shows the colour. Take the padding away:

# %%
torch.manual_seed(0)
two = torch.stack([flat.images[flat.labels == k][0] for k in (0, 1)]).float() / 255
for padding in (1, 0):
    conv = torch.nn.Conv2d(3, 8, 3, padding=padding)
    y = torch.nn.functional.instance_norm(conv(two))
    print(f"padding {padding}: largest difference {(y[0] - y[1]).abs().max():.4f}")
names = ("instance_norm_flat", "instance_norm_unpadded", "instance_norm_textured")
print(study.verdicts(*names))
for kind in ("batch", "instance"):
    print(f"{kind}, {experiments.UNPADDED}: {layers[f'{kind}, {experiments.UNPADDED}']}")
rest = layers["instance, textured hues"]
print(f"instance, textured hues: {rest}, {rest.low:.0%} to {rest.high:.0%}")

# %% tags=["verdict"]
study.conclude(
    "without padding nothing of the colour is left in one layer",
    (y[0] - y[1]).abs().max().item() < 0.001,
)
unpadded = layers[f"instance, {experiments.UNPADDED}"]
study.conclude(
    "trained without padding, within five points of half in every seed",
    0.45 < unpadded.low <= unpadded.high < 0.55,
)

# %% [markdown]
# Without padding nothing but rounding is left of a flat picture, in one layer without training. Trained, without padding: half, in every seed, a guess. So the edge was all that it had. On textured pictures, we think, the step at the edge drowns; a rest stays, up to 64 % in one seed. The edge again, or what a ReLU leaves? We did not run them without padding. The saying holds, for most of it; the test that looks most decisive, a picture of one colour, fails for another reason.
#
# And on land, where colour is part of the answer?

# %%
land = study.summary("norm_layers")
land = {k.removesuffix(", EuroSAT"): s for k, s in land.items()}
figures.dots(land, title="EuroSAT, 2,000 pictures, 6 epochs, AdamW at 0.003")

# %% tags=["verdict"]
on_land = study.summary("norm_layers")
none, batch, layer, instance, group = (
    on_land[f"{kind}, EuroSAT"] for kind in experiments.NORMS
)
study.conclude(
    "instance normalization is below none in the mean", instance.mean < none.mean
)
study.conclude(
    "batch and group normalization are over 10 points above none in the mean",
    min(batch.mean, group.mean) - none.mean > 0.1,
)
study.conclude(
    "layer normalization is between none and both of them in the mean",
    none.mean < layer.mean < min(batch.mean, group.mean),
)

# %% [markdown]
# Here, with one setting for all, batch and group normalization end over ten points above none, and instance normalization below it; layer normalization is between, at 67. These are means of ten seeds and no trial; each at its best rate could move them.
#
# ## 3 · Batch normalization and its batch
#
# In training, batch normalization uses the averages of the batch. In use, after `model.eval()`, it uses running averages that it has collected. Averages of two pictures are rough. How rough may they be?

# %%
batch_guess = predict.choice(
    "Batches of 2: batch normalization against group normalization",
    {
        "within 2 points, or ahead": (None, 0.02),
        "batch loses 2 to 10 points": (0.02, 0.1),
        "batch loses more than 10": (0.1, None),
    },
)
batch_guess

# %%
sizes = study.summary("norm_batches")
curves = {
    "batch normalization": {
        size: sizes[f"batch, batches of {size}, {experiments.RUNNING}"]
        for size in experiments.BATCH_SIZES
    },
    "group normalization": {
        size: sizes[f"group, batches of {size}"] for size in experiments.BATCH_SIZES
    },
}
lost = curves["group normalization"][2].mean - curves["batch normalization"][2].mean
batch_guess.compare(lost)
print(study.verdicts("group_norm_2", "group_norm_64"))
figures.lines(
    curves,
    xlabel="pictures in a batch of training",
    title="EuroSAT, tested with running averages; a guess gets 10 %",
)

# %% [markdown]
# Batch normalization loses eighteen points in pairs. With single pictures it ends at 6 %, where a guess gets 10: in training it saw each picture by itself, as instance normalization does; in the test, running averages, and it has never met such numbers. (Why below a guess, we do not know.) All saw as many pictures, so batches of 64 had 52 steps, and both fall there: the second verdict is of a training that was cut short. (800 pictures, four epochs; one rate for both layers, smaller with the root of the batch size and not searched.)

# %% [markdown]
# ## 4 · Answers that depend on the neighbours
#
# Forget `model.eval()`. The network that you test then normalises with the averages of whatever came with the picture.

# %%
eval_guess = predict.choice(
    "Trained in batches of 64, tested in batches of 64 without eval(): what costs over 5 points?",
    {
        "neither order": lambda mixed, by_class: max(mixed, by_class) <= 0.05,
        "only a test in order of class": lambda mixed, by_class: mixed <= 0.05 < by_class,
        "both orders": lambda mixed, by_class: min(mixed, by_class) > 0.05,
        "only a mixed test": lambda mixed, by_class: by_class <= 0.05 < mixed,
    },
)
eval_guess

# %%
modes = {mode: sizes[f"batch, batches of 64, {mode}"] for mode in experiments.MODES}
right, mixed, by_class, alone = (s.mean for s in modes.values())
eval_guess.compare(mixed=right - mixed, by_class=right - by_class)
print(study.verdicts("forgot_eval"))
figures.dots(modes, title="Batch normalization, tested with different averages")

# %% tags=["verdict"]
study.conclude(
    "one picture after the other, without eval(), costs over 30 points for every seed",
    modes[experiments.RUNNING].low - modes[experiments.ALONE].high > 0.3,
)

# %% [markdown]
# Mixed, in batches of 64, you would hardly notice (0.6 points in the mean, no trial). In order of class, as test pictures often come, the network loses over thirty points: a batch of forest is taken for the mean of the world, and what makes it forest is subtracted. One picture after the other, the asker's case, it is left with 10 %, a guess (no trial). The same pictures, the same weights.
#
# **Exercise 2.** The mean of the batches' deviations would leave out what batches differ in: their means. The set comes in batches, and the last is smaller.


# %%
def running_statistics(batches):
    """List of batches, float [B, 3, H, W], B, H, W may differ → (mean, deviation) over all pixels, float [3] each."""
    ...


ex.running_statistics.check(running_statistics)

# %% [markdown]
# ## 5 · Fine-tuning in small batches
#
# When you fine-tune on large pictures, batches are small because memory is. Detectors freeze batch normalization for that reason. Calling `eval()` once is not enough: training calls `train()` again. `models.norm.freeze_norm` replaces the layers.

# %%
freeze_guess = predict.choice(
    "Fine-tuning MobileNetV2 in batches of 2: frozen averages",
    {
        "gain over 5 points": (0.05, None),
        "gain 1 to 5 points": (0.01, 0.05),
        "make no difference of a point": (-0.01, 0.01),
        "cost a point or more": (None, -0.01),
    },
)
freeze_guess

# %%
frozen = study.summary("norm_frozen")
freeze_guess.compare(study.outcome("freeze_norm_2").verdict.effect)
print(study.verdicts("freeze_norm_2", "freeze_norm_64"))
figures.dots(
    {f"{k} (tried, no trial)" if "ten times" in k else k: s for k, s in frozen.items()},
    title="Fine-tuned, 2 epochs, 1,000 pictures",
)

# %% [markdown]
# In pairs the batch's averages ruin it; frozen ones are fifty points ahead (within a size: pairs have 32 times the steps). In batches of 64 freezing costs over four points, and wants its own rate: at ten times that it falls apart. So freeze for small batches, not by habit. (Rates are the best of three or four. With the batch's averages in pairs the highest was best: a higher one may do better, and shorten the lead.)
#
# You need not believe stored numbers. This repeats one trial on your machine, with two seeds, too few for a verdict.

# %% tags=["nbval-ignore-output"]
small = study.get("instance_norm_textured").rerun(seeds=2)
print(small)

# %% tags=["verdict"]
study.conclude(
    "batch normalization is ahead for both seeds", bool((small.differences > 0).all())
)

# %% [markdown]
# All advice of this notebook, folded:

# %%
study.folded(trial for trial in trials.TRIALS if trial.lesson == trials.LAYERS)

# %% [markdown]
# ## More exercises
#
# **Exercise 3.** From 4a: stretch each channel from 0 to 1. A channel may be flat.


# %%
def minmax(picture):
    """Picture, uint8 [3, H, W] → float, same shape; each channel goes from 0 to 1, a flat one is 0."""
    ...


ex.minmax.check(minmax)

# %% [markdown]
# ## Quiz on 4a and 4b

# %%
from course_lib.lessons.normalization.quiz import QUIZ

QUIZ

# %% [markdown]
# ## Your pictures
#
# Do your network's answers depend on the neighbours? Put your PyTorch network in the place of `own`, with its `preprocessing`, and a folder with a folder for each class in place of `None`. Leave it in the mode in which you use it. A copy is asked the same pictures in two orders; an answer must not change. (The head here is untrained, so more change than yours will.) Do they change after `eval()`? Look for layers with `track_running_stats=False`, for dropout called by hand, for a hook. Keras' `predict` uses the running averages by itself.

# %% tags=["nbval-ignore-output"]
folder = None
size = 64  # the side of the pictures that your network wants
own = models.Classifier(models.backbone(experiments.NETWORK), few.classes, seed=0)
preprocessing = own.preprocessing  # models.IMAGENET for torchvision's
own.train()  # the mistake; own.eval() is right
asked = copy.deepcopy(own)
mine = data.from_folder(folder, size=size).images if folder else few.images
order = torch.randperm(len(mine), generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    x = preprocessing(mine)
    straight = torch.cat([asked(batch) for batch in x.split(16)]).argmax(dim=1)
    shuffled = torch.cat([asked(batch) for batch in x[order].split(16)]).argmax(dim=1)
changed = (straight[order] != shuffled).float().mean().item()
print(f"{changed:.0%} of n = {len(mine)} answers changed with the order")

# %% tags=["verdict", "real-data"]
study.conclude("answers depend on the order", changed > 0)

# %% [markdown]
# ## What we would write to the asker
#
# If your answers change with the batch, call `model.eval()`: without it, a picture by itself got a guess. In batches of two, take group normalization from scratch; fine-tuning, freeze the averages and look for another rate. Where batches are large, do not freeze it; from scratch, after a training cut short, batch was 4.5 points ahead of group there; whether by one that matters, ten seeds leave open. If colour matters, keep instance normalization away; if flat pictures say that it keeps colour, take the padding out and test again.
#
# ## Open
#
# Small networks, short trainings, one set, and one setting for all layers on land. Batches of 64 had 52 steps, so which of batch and group normalization is ahead after a long training we have not measured. Why a frozen network wants a smaller rate we have not tried to find out.
#
# ## Read on
#
# Ioffe, Szegedy, *Batch normalization*, 2015, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167) · Wu, He, *Group normalization*, 2018, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494) · Ulyanov, Vedaldi, Lempitsky, *Instance normalization*, 2016, [arXiv:1607.08022](https://arxiv.org/abs/1607.08022) · Ba, Kiros, Hinton, *Layer normalization*, 2016, [arXiv:1607.06450](https://arxiv.org/abs/1607.06450)
#
# ## Next
#
# What does a network say to a picture that is none of its classes? **[5a Open-set rejection](05a_open_set_rejection.ipynb)**
