# %% [markdown]
# # 4 · Must you normalise, and with whose numbers?
#
# The notebook of lesson 3, the one that fine-tuned a network on EuroSAT, lists three options. One: the set's own mean and deviation of each channel. Two: none, at the risk of exploding or vanishing gradients. Three: another set's numbers, to save time. It took the third, with numbers that were ImageNet's, though its author does not seem to have known. It measured none of the three.
#
# You will: on a network from scratch, on a frozen one, and on one that is fine-tuned.
#
# | | |
# |---|---|
# | **Time** | 75 minutes to work through; the code runs in about one minute on two CPU cores (measured) |
# | **You will be able to** | compute a set's statistics, and say which ones somebody else computed · feed a pretrained network what it expects · say when normalising matters, and why · choose a normalization layer that keeps colour |
# | **It builds on** | lesson 3; lesson 1 has the same question for colour |

# %%
import time

import torch
from course_lib import data, features, figures, models, pixels, study
from course_lib.lessons.normalization import exercises as ex
from course_lib.lessons.normalization import inputs, trials
from course_lib.practice import predict
from torch.nn.functional import cross_entropy

pictures = data.load("eurosat")
train, val, test = pictures.split(seed=0)

# %% [markdown]
# ## 1 · What do the statistics cost?
#
# "To save time" was the reason for borrowed numbers. To compute your own you must look at each of 88 million values of each channel once. Nothing need be in memory at once, and sums of whole numbers are exact.

# %%
seconds_guess = predict.number(
    "Mean and deviation of all training pictures: how many seconds on this machine?",
    low=0,
    high=600,
    unit="s",
)
seconds_guess

# %% [markdown]
# `Standardize.fitted` refuses test pictures unless told otherwise. Statistics are something that you learn, and what you learn from the test leaks.

# %% tags=["nbval-ignore-output"]
start = time.perf_counter()
own = pixels.Standardize.fitted(train)
taken = time.perf_counter() - start
seconds_guess.compare(taken)
print(f"n = {len(train):,} training pictures, {train.source}")
print("mean     ", *(f"{value:.3f}" for value in own.mean))
print("deviation", *(f"{value:.3f}" for value in own.std))

# %% tags=["verdict"]
study.conclude("the statistics take less than 20 seconds", taken < 20)

# %% [markdown]
# So time was no reason. Now play: move mean and deviation of each channel, or press the buttons. Watch what the first layer gets, and the **condition number**: how much longer than wide the valley is in which gradient descent has to find its way. 1 is a round bowl.

# %%
figures.normalization_explorer(train.subset(min(400, len(train) - 1)))

# %% [markdown]
# ## 2 · Whose deviations are these?
#
# Two families of deviations for EuroSAT are passed around. One is .203 .137 .116, to a thousandth what you have just computed. The other is .091 .065 .055, less than half. Nobody says where it is from. Which of these would give smaller numbers?

# %%
family_guess = predict.choice(
    "What is the second family?",
    [
        "the deviation of the pictures' mean colours",
        "the mean of each picture's own deviation",
        "the deviation of pictures shrunk to one pixel in 16",
        "numbers of another set",
    ],
)
family_guess

# %% [markdown]
# Compute the three that can be computed, on 5,000 pictures, and compare with .091 .065 .055:

# %% tags=["nbval-ignore-output"]
x = train.subset(min(5_000, len(train) - 1)).images.float() / 255
small = torch.nn.functional.avg_pool2d(x, 4)
candidates = {
    family_guess.options[0]: x.mean(dim=(2, 3)).std(dim=0),
    family_guess.options[1]: x.std(dim=(2, 3)).mean(dim=0),
    family_guess.options[2]: small.std(dim=(0, 2, 3)),
}
known = torch.tensor(trials.INSIDE)
gaps = {name: (found - known).abs().max() for name, found in candidates.items()}
for name, found in candidates.items():
    print(" ".join(f"{value:.3f}" for value in found), name)
family_guess.compare(min(gaps, key=gaps.get))

# %% tags=["verdict", "real-data"]
study.conclude(
    "the mean of each picture's own deviation is within .002 of the second family",
    gaps[family_guess.options[1]] < 0.002,
)

# %% [markdown]
# It is the deviation *inside* a picture, averaged. What pictures differ in from one another is left out. You could call it a bug. What does it cost? Section 5 answers.

# %% [markdown]
# ## 3 · From scratch
#
# A small network from random weights, 3,000 pictures, eight epochs of AdamW, no normalization layers. Only the preparation of the pictures differs. First the three options of the notebook, and the option zero that everybody takes without a thought: divide by 255.

# %%
scratch_guess = predict.choice(
    "From scratch with AdamW: which ends lowest?",
    ["own mean and deviation", "none, 0 to 1", "none, 0 to 255", "ImageNet's"],
)
scratch_guess

# %% [markdown]
# Ten seeds each, real EuroSAT. A dot is the mean, a bar goes from the lowest to the highest seed. Find the two rows that change places with what you expected.

# %%
scratch = study.summary("inputs_scratch")
adam = {name: scratch[f"AdamW, {name}"] for name in scratch_guess.options}
scratch_guess.compare(min(adam, key=lambda name: adam[name].mean))
figures.dots(adam, title="AdamW, 8 epochs, 3,000 pictures")

# %% [markdown]
# Raw bytes nearly do it. Dividing them by 255 costs some twenty points. That surprised us, so we looked for a mistake, and then gave each its best learning rate of a grid, chosen on seeds that do not count. The gap grew.

# %%
print(study.verdicts("must_normalise_adamw", "divide_by_255", "divide_and_done"))

# %% [markdown]
# A claim is *supported* if its whole interval lies above what it says matters, here ten points or one; *refuted* if all of it lies below zero; *no difference that matters* if all of it is smaller than that, either way. Anything else is *undecided*. So the first line says: not ten points. It does not say: nothing.

# %% [markdown]
# The end of a training is one thing, its speed another. After how many epochs are 60 % of the test pictures right? (9 means: not within eight.)

# %%
soon = study.summary("inputs_scratch", "epochs to 60% of the test pictures")
figures.dots(
    {name: soon[f"AdamW, {name}"] for name in scratch_guess.options},
    metric="epochs until 60 % are right",
)

# %% [markdown]
# Why? Standardizing does two things to numbers from 0 to 1. It moves them around zero, and it makes them about seven times larger. Do one without the other.

# %%
half_guess = predict.choice(
    "Which half alone brings two thirds of the gain, or more?",
    ["centring", "scaling", "either alone", "neither: it takes both"],
)
half_guess

# %%
names = ("none, 0 to 1", "own mean only", "own deviation only", "own mean and deviation")
halves = {name: scratch[f"AdamW, {name}"] for name in names}
none, centred, scaled, both = (s.mean for s in halves.values())
gains = (centred - none, scaled - none, both - none)
enough = [gain > 2 / 3 * gains[2] for gain in gains[:2]]
half_guess.compare(
    half_guess.options[2 if all(enough) else enough.index(True) if any(enough) else 3]
)
for name, gain in zip(("centred", "scaled", "both"), gains, strict=True):
    print(f"{name:8} {100 * gain:+.1f} points")
figures.dots(halves)

# %% [markdown]
# At this scale, five to nine times, it takes both: centring alone brings about half, scaling alone a quarter, and together they bring more than their sum. A far larger scale does nearly as well without centring: bytes are nothing else.

# %% [markdown]
# Part of a reason: Adam's steps are of one size. A step changes a weight by about the same amount whatever the input, and the output by that amount times the input. So small inputs learn slowly. But if that were all, a higher rate would close the gap, and it did not. We can explain this only in part.

# %% [markdown]
# SGD does not take steps of one size. What does it do with bytes?

# %%
sgd_guess = predict.number(
    "SGD on bytes, at the rate that was best for standardized pictures: accuracy?",
    low=0,
    high=100,
    unit="%",
)
sgd_guess

# %%
sgd = {name.removeprefix("SGD, "): s for name, s in scratch.items() if "SGD" in name}
sgd_guess.compare(100 * sgd["none, 0 to 255"].mean)
figures.dots(sgd, title="SGD, 8 epochs; rate 0.05 where no other is named")

# %% [markdown]
# Chance, at that rate: it diverges. With a fiftieth of the rate it learns, ends ten points behind, and far before 0 to 1, for which 0.05 was the best rate, too. So "must I normalise?" has no answer without the optimizer and its rate.

# %% [markdown]
# ## 4 · Do gradients explode?
#
# "At the risk of exploding or vanishing gradients", said the notebook. Those words are about depth: gradients that grow or shrink from layer to layer. Measure them at the first step: their length, over the length of the layer's weights.

# %%
gradient_guess = predict.choice(
    "Against standardized pictures, bytes make the first step's gradients",
    [
        "longer only near the picture",
        "longer only near the answer",
        "longer in every layer, by much the same factor",
        "longer in every layer, more so from layer to layer",
    ],
)
gradient_guess

# %% [markdown]
# Read each line from the layer at the picture, left, to the layer that answers, right. Then compare lines.

# %% tags=["nbval-ignore-output"]
few = train.subset(256)
ways = ("own mean and deviation", "none, 0 to 1", "none, 0 to 255", "divided by 10,000")
lengths = {}
for way in ways:
    model = models.SmallCNN(widths=trials.WIDTHS, outputs=len(train.classes), seed=0)
    seen = inputs.prepare(trials.INPUTS[way], {"train": train})(few.images)
    cross_entropy(model(seen), few.labels).backward()
    weights = [w for w in model.parameters() if w.ndim > 1]
    lengths[way] = [(w.grad.norm() / w.norm()).item() for w in weights]
    print(f"{way:24}", "".join(f"{length:11.5f}" for length in lengths[way]))
times = [a / b for a, b in zip(lengths[ways[2]], lengths[ways[0]], strict=True)]
print(f"{'third over first':24}", "".join(f"{one:11.0f}" for one in times))

# %% tags=["verdict"]
spread = 2 if max(times) < 3 * min(times) else 3
gradient_guess.compare(
    gradient_guess.options[spread if min(times) > 30 else times[0] < 30]
)
study.conclude("bytes: every layer's gradient is over 30 times longer", min(times) > 30)
study.conclude(
    "divided by 10,000: the first layer's is under a tenth of the last layer's",
    lengths[ways[3]][0] < lengths[ways[3]][-1] / 10,
)

# %% [markdown]
# Every line falls a little towards the picture. Bytes multiply all layers by some hundreds, by much the same factor: nothing explodes on the way. That is a learning rate too large, and SGD at a smaller one lives with it. The other end comes nearer to the warning: with values divided by 10,000 the first layer gets next to nothing.
#
# A reason that is often given is the **condition number** of the explorer above. LeCun showed in 1998 why it slows gradient descent.

# %% tags=["nbval-ignore-output"]
mean, covariance = pixels.pixel_moments(train.subset(min(2_000, len(train) - 1)).images)
zero, one = torch.zeros(3), torch.ones(3)
shifts = {
    "own mean and deviation": (torch.tensor(own.mean), torch.tensor(own.std)),
    "own mean only": (torch.tensor(own.mean), one),
    "own deviation only": (zero, torch.tensor(own.std)),
    "none, 0 to 1": (zero, one),
    "none, 0 to 255": (zero, one / 255),
}
number = {k: pixels.condition_number(mean, covariance, *s) for k, s in shifts.items()}
for name, value in number.items():
    print(f"{name:24} {value:10,.0f}   AdamW: {scratch[f'AdamW, {name}']}")

# %% tags=["verdict"]
study.conclude(
    "bytes have a condition number over 100 times that of 0 to 1",
    number["none, 0 to 255"] > 100 * number["none, 0 to 1"],
)

# %% [markdown]
# It puts the set's own numbers first. But it swaps the two halves, and by this measure bytes should be the worst by far. They come second with AdamW, and beat 0 to 1 with SGD too, each at its best rate. The measure is for one linear layer. An explanation that fails on the row you did not look at is not yet an explanation.

# %% [markdown]
# ## 5 · Every picture by itself, and other advice
#
# Often advised: standardize each picture by itself, or equalize its histogram, so that light and haze drop out. Here are five pictures, and what is left of them.

# %%
shown = train.at([int((train.labels == k).nonzero()[0]) for k in (0, 1, 4, 8, 9)])
left = [pixels.EachPicture(how)(shown.images) for how in ("min–max", "equalized")]
left = [(255 * x).round().to(torch.uint8) for x in left]
kinds = [shown.classes[k] for k in shown.labels]
figures.gallery(
    torch.cat([shown.images, *left]),
    kinds + ["minimum to maximum"] * 5 + ["equalized"] * 5,
    columns=5,
    title="EuroSAT, n = 5, each channel by itself in the lower rows",
)

# %% [markdown]
# Sea and forest were dark and nearly uniform. Look at what has become of them.

# %%
each_guess = predict.choice(
    "From scratch with AdamW, against the set's own numbers: each picture by itself",
    [
        "helps",
        "makes no difference of a point",
        "costs 1 to 5 points",
        "costs more than 5",
    ],
)
each_guess

# %%
each = {k.removeprefix("AdamW, "): s for k, s in scratch.items() if "each picture" in k}
costs = (
    scratch["AdamW, own mean and deviation"].mean
    - each["each picture, channels by themselves"].mean
)
each_guess.compare(
    each_guess.options[sum(costs > limit for limit in (-0.01, 0.01, 0.05))]
)
figures.dots({"the set's": scratch["AdamW, own mean and deviation"]} | each)

# %% [markdown]
# All cost, and least where the channels stay together. What one picture has more of than another *is* the class here: forests are dark, crops are bright. Where light differs for reasons that have nothing to do with the class, it may turn round. We have no such set in this course, so we do not know.

# %% [markdown]
# Three more pieces of advice, on the same runs. Whose numbers? Does the wrong family of deviations of section 2 cost anything? And is it a leak, one that can be measured, to take the statistics from the *test* pictures?

# %%
leak_guess = predict.choice(
    "Mean and deviation of the test pictures, not the training ones: you gain",
    ["nothing that ten seeds can show", "about a point", "more than 2 points"],
)
leak_guess

# %%
leak = study.outcome("statistics_leak").verdict.effect
leak_guess.compare(leak_guess.options[(leak > 0.005) + (leak > 0.02)])
print(study.verdicts("own_for_imagenets", "right_deviations", "statistics_leak"))

# %% [markdown]
# So the leak is a matter of principle here: 2,700 test pictures have the same mean as 21,600 training ones. `fitted` refuses all the same, because with 50 pictures, or another day's light, it would not be.
#
# The second family does no harm, and perhaps good. It is a larger scale, and you have seen that scale helps AdamW. A wrong number can be a lucky learning rate.

# %% [markdown]
# ## 6 · A network that was trained before
#
# A pretrained network comes with a convention. This one, MobileNetV2 from Keras, wants −1 to 1. Others want ImageNet's mean and deviation. Keras' ResNet50 wants blue, green, red, from 0 to 255, less a mean: Caffe's habit. Nothing in the file says so, and nothing complains.

# %%
fed_guess = predict.choice(
    "A probe fitted on the right inputs. Which wrong ones cost it most?",
    [
        "red and blue swapped",
        "0 to 1 where −1 to 1 was meant",
        "the set's own mean and deviation",
        "Caffe's: BGR less a mean",
    ],
)
fed_guess

# %% [markdown]
# First, one of these four by hand. A linear probe learns on 1,500 pictures as they should be. In the test it gets 500 others twice: as they should be, and in Caffe's form.

# %% tags=["nbval-ignore-output", "real-data"]
backbone, misfed = (models.backbone(trials.NETWORK) for _ in range(2))
misfed.preprocessing = models.CAFFE
learn, ask = train.subset(1_500), test.subset(min(500, len(test) - 1))
known = features.extract(backbone, learn, cache=False, progress=False)
for name, network in (("as it should be", backbone), ("Caffe's form", misfed)):
    seen = features.extract(network, ask, cache=False, progress=False)
    probe = features.probe(known, learn.labels, seen, ask.labels)
    sure = probe.model.predict_proba(seen).max(axis=1).mean()
    print(f"{name:16} {probe.accuracy:.1%} right, {sure:.0%} sure (n = {len(ask)})")

# %% tags=["verdict", "real-data"]
study.conclude("fewer than a quarter are right, and no error", probe.accuracy < 0.25)

# %% [markdown]
# No error, no warning, and very sure. Now all the ways, over ten splits of 6,000 pictures. The probe was fitted on right inputs in each row.

# %%
probed = study.summary("inputs_probe")
after = {
    name.split(", probe")[0]: s
    for name, s in probed.items()
    if name.endswith("fitted on its own") or name.startswith("its own, probe")
}
fed_guess.compare(
    min(fed_guess.options, key=lambda o: next(s.mean for k, s in after.items() if o in k))
)
figures.dots(after, title="Fed in another way after fitting")

# %% [markdown]
# Even the set's own statistics, so right from scratch, cost 36 points here. They are the right numbers for another network.
#
# That was a mistake made between training and use. Somebody who makes it from the start fits the probe on the wrong inputs too. How much is left to lose?

# %%
refit_guess = predict.choice(
    "Fit the probe on the same wrong inputs: the one fed with the set's own numbers",
    ["still loses over 20 points", "loses 5 to 20", "loses 1 to 5", "loses nothing"],
)
refit_guess

# %%
again = {
    k.split(", probe")[0]: s for k, s in probed.items() if k.endswith("fitted on it")
}
lost = again["its own"].mean - again["the set's own mean and deviation"].mean
refit_guess.compare(
    refit_guess.options[3 - sum(lost > limit for limit in (0.01, 0.05, 0.2))]
)
figures.dots(again, title="Fed in another way from the start")

# %% [markdown]
# Inputs of the right size, around zero, are as good as the network's own: ImageNet's, the set's, even with red and blue swapped. What hurts most is the wrong *size*. Divided by 10,000 it loses over 25 points. A published pair, for a frozen ResNet-50 at 224 px, points the same way: 68.7 % with values divided by 10,000, 91.2 % standardized.

# %%
print(study.verdicts("own_for_frozen", "probe_forgives", "swapped_is_a_detail"))

# %% [markdown]
# ## 7 · Fine-tuning
#
# This is what the notebook did: all weights go on learning, on inputs in somebody else's convention. Four epochs, 2,000 pictures. One row gets bytes, 0 to 255, where −1 to 1 was meant. (The lower three rows are again each picture by itself.)

# %%
tuned_guess = predict.number(
    "Fine-tuned on bytes where −1 to 1 was meant: points lost?",
    low=0,
    high=80,
    unit="points",
)
tuned_guess

# %%
tuned = study.summary("inputs_tuned")
bytes_cost = tuned["its own"].mean - tuned["0 to 255 where −1 to 1 was meant"].mean
tuned_guess.compare(100 * bytes_cost)
figures.dots(tuned, title="Fine-tuned, 4 epochs, 2,000 pictures")

# %% [markdown]
# So little that ten seeds cannot tell it from nothing. Look at the layers to see why: batch normalization follows the first convolution. Feed bytes, 127.5 times as large and moved, and in training that layer takes it all out again.

# %% tags=["nbval-ignore-output"]
conv = next(m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d))
norm = torch.nn.BatchNorm2d(conv.out_channels)
with torch.no_grad():
    meant = norm(conv(pixels.Standardize((0.5,) * 3, (0.5,) * 3)(few.images)))
    bytes_ = norm(conv(few.images.float()))
apart = (meant - bytes_).abs().mean().item()
print(f"bias: {conv.bias}; largest input: {few.images.max()}")
print(f"after batch normalization, mean difference: {apart:.5f} deviations")

# %% tags=["verdict", "real-data"]
study.conclude("the layers after it cannot tell the two apart", apart < 0.001)

# %% [markdown]
# So the notebook's third option did no harm that ten seeds could show, here on a similar network. Its author was lucky in the kind: a ResNet has such a layer too. A frozen one would have forgiven it only as far as the probe can.

# %%
print(study.verdicts("finetuning_bytes", "finetuning_imagenets", "finetuning_of_set"))

# %% [markdown]
# ## 8 · Enlarging
#
# Most networks were trained on 224 px, and EuroSAT has 64. Enlarging adds no information. The published 68.7 % came with nearest neighbours, so people blame those. Try both ways.

# %%
nearest_guess = predict.choice(
    "64 to 128 px, frozen network, fresh probe: bilinear over nearest neighbours gains",
    [
        "over 2 points",
        "1 to 2 points",
        "less than a point, if any",
        "it loses a point or more",
    ],
)
nearest_guess

# %%
resized = study.summary("resizing")
gain = resized["128 px, bilinear"].mean - resized["128 px, nearest"].mean
nearest_guess.compare(
    nearest_guess.options[3 - sum(gain > g for g in (-0.01, 0.01, 0.02))]
)
print(study.verdicts("bilinear_96", "bilinear_128"))
figures.dots(resized, title="Frozen, enlarged in one way")

# %% [markdown]
# Enlarging gains three to five points, whichever way. Between the two ways the difference is small, and at neither size do ten seeds settle that it is below a point. So in the published pair it was probably the scaling.

# %% [markdown]
# ## 9 · Normalization inside a network
#
# Batch normalization takes mean and deviation of each channel over a batch. Layer normalization takes them over one picture, instance normalization over one channel of one picture, group normalization over some channels of it. "Instance normalization removes colour", people say. It sounds right: a picture's mean colour is subtracted.

# %%
instance_guess = predict.choice(
    "Two classes 6° of hue apart. A network with instance normalization tells them apart",
    [
        "on flat and on textured pictures",
        "on flat pictures only",
        "on textured pictures only",
        "on neither",
    ],
)
instance_guess

# %% [markdown]
# These are the two sets. Brightness is drawn by chance; only the hue tells. Of a flat picture, one colour all over, nothing should be left.

# %%
flat, textured = (
    data.spectrograms(3, seed=0, **knobs) for knobs in (trials.FLAT, trials.TEXTURED)
)
figures.gallery(
    torch.cat([flat.images, textured.images]),
    [f"flat {flat.classes[k]}" for k in flat.labels]
    + [f"textured {textured.classes[k]}" for k in textured.labels],
    columns=6,
    title="Generated, hues 6° apart, 48 px",
)

# %%
layers = study.summary("norm_layers_hues")
fine = [layers[f"instance, {which} hues"].mean > 0.75 for which in ("flat", "textured")]
outcomes = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}
instance_guess.compare(instance_guess.options[outcomes[tuple(fine)]])
figures.dots({k: s for k, s in layers.items() if k.endswith("hues")})

# %% [markdown]
# The other way round from what we expected: flat pictures are told apart. We suspected the edge. Convolutions pad with zeros, so next to the edge a flat picture is not flat, and the colour shows in how large that step is. Take the padding away and look.

# %%
torch.manual_seed(0)
two = torch.stack([flat.images[flat.labels == k][0] for k in (0, 1)]).float() / 255
for padding in (1, 0):
    conv = torch.nn.Conv2d(3, 8, 3, padding=padding)
    y = torch.nn.functional.instance_norm(conv(two))
    print(f"padding {padding}: largest difference {(y[0] - y[1]).abs().max():.4f}")

# %% [markdown]
# Without padding nothing is left of a flat picture but rounding. That was one layer without training. Trained networks, ten seeds:

# %%
print(study.verdicts("instance_norm_flat", "instance_norm_unpadded"))
figures.dots({k: s for k, s in layers.items() if trials.UNPADDED in k})

# %% [markdown]
# Half, in every seed: pure chance. The edge was all that it had. On textured pictures the step at the edge drowns. So the saying holds, and the test that looks most decisive, a picture of one colour, fails for a reason that has nothing to do with it.
#
# And on land, where colour is part of the answer?

# %%
land = study.summary("norm_layers")
land = {k.removesuffix(", EuroSAT"): s for k, s in land.items()}
print(study.verdicts("instance_norm_textured"))
figures.dots(land, title="EuroSAT, 2,000 pictures, 6 epochs")

# %% [markdown]
# Instance normalization is worse than none. Batch and group normalization gain over ten points over none.
#
# One question is left from section 3, where the network had no such layers. Put batch normalization in, train from scratch with AdamW, and feed three of its kinds of input.

# %%
inside_guess = predict.choice(
    "With batch normalization inside, the set's own numbers against 0 to 1:",
    [
        "ahead by over 10 points",
        "ahead by 3 to 10",
        "ahead by 1 to 3",
        "no difference of a point",
    ],
)
inside_guess

# %%
inside = {k: scratch[k] for k in trials.WITH_NORM_INSIDE}
ours, divided, _ = (s.mean for s in inside.values())
ahead = ours - divided
inside_guess.compare(inside_guess.options[3 - sum(ahead > g for g in (0.01, 0.03, 0.1))])
print(study.verdicts("normalise_before_norm"))
figures.dots(inside, title="AdamW, 8 epochs, 3,000 pictures, batch normalization inside")

# %% [markdown]
# The twenty points of section 3 are gone (the mean is under a point; the interval just does not exclude one), and all three stand above anything without such layers. That is why most people never notice what they feed. It also dates the advice: *normalise your inputs* is older than batch normalization.

# %% [markdown]
# ## 10 · Batch normalization and its batch
#
# In training, batch normalization uses the averages of the batch. In use, after `model.eval()`, it uses running averages that it has collected. Averages of two pictures are rough. How rough may they be?

# %%
batch_guess = predict.choice(
    "Batches of 2: batch normalization against group normalization",
    [
        "no difference of 2 points",
        "batch loses 2 to 10 points",
        "batch loses more than 10",
    ],
)
batch_guess

# %%
sizes = study.summary("norm_batches")
curves = {
    "batch normalization": {
        size: sizes[f"batch, batches of {size}, {trials.RUNNING}"]
        for size in trials.BATCH_SIZES
    },
    "group normalization": {
        size: sizes[f"group, batches of {size}"] for size in trials.BATCH_SIZES
    },
}
lost = curves["group normalization"][2].mean - curves["batch normalization"][2].mean
batch_guess.compare(batch_guess.options[(lost > 0.02) + (lost > 0.1)])
figures.lines(curves, xlabel="pictures in a batch of training")

# %% [markdown]
# Groups do not mind. Batch normalization loses eighteen points in pairs. With single pictures it ends below chance: in training it saw each picture by itself, as instance normalization does; in the test, running averages. It has never met such numbers. (All saw as many pictures. In batches of 64 that is only 52 steps, too few for either.)

# %% [markdown]
# Now forget `model.eval()`. The network that you test then normalises with the averages of whatever came with the picture. Test pictures often come class by class.

# %%
eval_guess = predict.choice(
    "Trained in batches of 64, tested in batches of 64 without eval(): which hurts?",
    ["neither", "only when the test is in order of class", "both"],
)
eval_guess

# %%
modes = {mode: sizes[f"batch, batches of 64, {mode}"] for mode in trials.MODES}
right, mixed, sorted_ = (s.mean for s in modes.values())
hurts = (right - mixed > 0.05) + (right - sorted_ > 0.05)
eval_guess.compare(eval_guess.options[hurts])
figures.dots(modes, title="Batch normalization, tested with different averages")

# %% [markdown]
# Mixed, you would never notice. In order of class the network loses over thirty points: a batch of nothing but forest is taken for the mean of the world, and what makes it forest is subtracted. The same pictures, the same weights.

# %% [markdown]
# When you fine-tune on large pictures, batches are small because memory is. Detectors freeze batch normalization for that reason. Calling `eval()` once is not enough: training calls `train()` again. `models.freeze_norm` replaces the layers.

# %%
freeze_guess = predict.choice(
    "Fine-tuning in batches of 2: frozen averages",
    ["gain over 5 points", "gain 1 to 5 points", "make no difference of a point", "cost"],
)
freeze_guess

# %%
frozen = study.summary("norm_frozen")
gain = study.outcome("freeze_norm_2").verdict.effect
freeze_guess.compare(freeze_guess.options[3 - sum(gain > g for g in (-0.01, 0.01, 0.05))])
print(study.verdicts("freeze_norm_2", "freeze_norm_64"))
figures.dots(frozen, title="Fine-tuned, 2 epochs, 1,000 pictures")

# %% [markdown]
# In pairs, the batch's averages ruin it, and frozen ones make the best network of all, fifty points ahead (also because pairs are 32 times as many steps). In batches of 64 freezing costs over four points. It also wants its own rate: with ten times as much it falls apart. We think that nothing holds its numbers in size any more. So freeze for small batches, not by habit.

# %% [markdown]
# ## Advice on trial
#
# All of it. Cover the output, and say of each: supported, refuted, no difference that matters, or undecided. Ten seeds each; the lines are computed from `evidence/`.

# %%
print(trials.advice())

# %% [markdown]
# You need not believe stored numbers. This repeats one trial on your machine, on a small scale, with two seeds. Two seeds are too few for a verdict, and it says so.

# %% tags=["nbval-ignore-output"]
small = study.get("instance_norm_textured").rerun(seeds=2)
print(small)

# %% tags=["verdict"]
study.conclude(
    "batch normalization is ahead for both seeds", bool((small.differences > 0).all())
)

# %% [markdown]
# ## Exercises
#
# Replace the dots and run the cell. Each check knows the usual mistakes. `ex.standardize` shows a task in full, `ex.standardize.hint()` a hint (call it again for the next), `ex.standardize.solution()` a solution.
#
# **1.** What every `Normalize` does.


# %%
def standardize(picture, mean, std):
    """Picture, uint8 [3, H, W], and mean and std, float [3], for 0 to 1 → the picture standardized, float [3, H, W]."""
    ...


ex.standardize.check(standardize)

# %% [markdown]
# **2.** The set does not fit into memory. It comes in batches, and the last is smaller.


# %%
def running_statistics(batches):
    """List of batches, float [B, 3, H, W], B, H, W may differ → (mean, deviation) over all pixels, float [3] each."""
    ...


ex.running_statistics.check(running_statistics)

# %% [markdown]
# **3.** Stretch each channel from 0 to 1. Mind the sea at night.


# %%
def minmax(picture):
    """Picture, uint8 [3, H, W] → float, same shape; each channel goes from 0 to 1, a flat one is 0."""
    ...


ex.minmax.check(minmax)

# %% [markdown]
# **4.** The layer of section 9 that loses colour.


# %%
def instance_norm(x):
    """Output of a layer, float [B, C, H, W] → same shape; each channel of each picture has mean 0, deviation 1."""
    ...


ex.instance_norm.check(instance_norm)

# %% [markdown]
# **5.** Sooner or later you want to look at what the network got.


# %%
def undo(x, mean, std):
    """Standardized, float [3, H, W], and mean and std, float [3], for 0 to 1 → picture, uint8 [3, H, W], 0 to 255."""
    ...


ex.undo.check(undo)

# %% [markdown]
# ## Quiz

# %%
from course_lib.lessons.normalization.quiz import QUIZ

QUIZ

# %% [markdown]
# ## What to take away
#
# - A set's statistics take seconds. Take the training pictures.
# - From scratch without normalization layers, standardize. Dividing by 255 is not enough: it takes centring and scaling. With batch normalization inside, ten seeds found no difference.
# - A frozen network gets what it was trained with. Nothing complains if it does not.
# - Fine-tuning forgives where batch normalization follows the first layer.
# - What you normalise away, you cannot learn from: not brightness, not colour.
# - Call `eval()`. In batches of two, take group normalization or freeze the averages.

# %% [markdown]
# **What we would write to the notebook's author.** Time was no reason for borrowed numbers: your own take a second or two. They did no harm that we could find, since you fine-tuned a network with batch normalization. The warning about gradients holds for SGD without it: there bytes diverge, at a rate that suits standardized pictures, and not because of depth.

# %% [markdown]
# **Open.** Small networks, short trainings, one set. We chose rates on a coarse grid. Why 0 to 1 stays behind at every rate that we tried, though bytes do well, we can say only in part. On a set whose light varies for no reason, normalising each picture may win.
#
# **Read on.** LeCun, Bottou, Orr, Müller, *Efficient BackProp*, 1998 · Ioffe, Szegedy, *Batch normalization*, 2015, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167) · Wu, He, *Group normalization*, 2018, [arXiv:1803.08494](https://arxiv.org/abs/1803.08494) · Ulyanov, Vedaldi, Lempitsky, *Instance normalization*, 2016, [arXiv:1607.08022](https://arxiv.org/abs/1607.08022) · Corley et al., *Revisiting pre-trained remote sensing model benchmarks*, 2023, [arXiv:2305.13456](https://arxiv.org/abs/2305.13456) (resizing and normalising on EuroSAT)
