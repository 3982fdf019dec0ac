# %% [markdown]
# # 4a · Whose statistics? From scratch and pretrained
#
# Somebody fine-tuned a network on satellite pictures, and lists three options. The set's own mean and deviation of each channel; none, "at the risk of exploding or vanishing gradients"; or another set's, "to save time". They took the third, with numbers that were ImageNet's, and measured none of the three. Which should you take? And how do you know what your network is really fed?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# From scratch, without normalization layers: the set's own numbers. They take seconds, and dividing by 255 alone ends twenty points behind. Before a frozen network: what it was trained with; the set's or ImageNet's numbers were not far off where the judge behind it was fitted on the same. When all of it is fine-tuned, and batch normalization stands behind the first layer, we found no difference between its own numbers, bytes, ImageNet's and the set's that ten seeds could settle; each picture by itself ended three to five points lower on average. A mistake gives no error: `models.what_was_fed` says what came in.
# </details>
#
# | you see | read |
# |---|---|
# | two families of numbers for one data set | section 1 |
# | a network from random weights that learns slowly, or not at all | section 2 |
# | "exploding gradients" | section 3 |
# | advice to normalise each picture by itself | section 4 |
# | right in training and wrong in use, and very sure of it | section 5 |
# | a published number that preparation alone lifted by 22 points | section 6 |
# | batches that are small, or `eval()` forgotten | [4b Normalization layers](04b_normalization_layers.ipynb) |
# | your own network | *Your pictures*, at the end |
#
# Optional · MINUTES
#
# You will be able to compute a set's statistics, to say which ones somebody else computed, to feed a pretrained network what it expects, and to find out what it was fed.

# %%
import time

import torch
from course_lib import data, features, figures, models, pixels, study
from course_lib.lessons.normalization import exercises as ex
from course_lib.lessons.normalization import experiments, inputs, networks, trials
from course_lib.practice import predict
from IPython.display import display
from sklearn.neighbors import KNeighborsClassifier
from torch.nn.functional import cross_entropy

pictures = data.load("eurosat")
train, val, test = pictures.split(seed=0)

# %% [markdown]
# ## 1 · Whose numbers are these?
#
# "To save time" was the reason for borrowed numbers. To have your own you look at each of 88 million values of each channel once. `Standardize.fitted` does, and refuses test pictures: statistics are learned, too.

# %% tags=["nbval-ignore-output"]
start = time.perf_counter()
own = pixels.Standardize.fitted(train)
taken = time.perf_counter() - start
print(f"n = {len(train):,} training pictures, {train.source}: {taken:.1f} s")
print("mean     ", *(f"{value:.3f}" for value in own.mean))
print("deviation", *(f"{value:.3f}" for value in own.std))

# %% tags=["verdict"]
study.conclude("the statistics take less than 60 seconds", taken < 60)

# %% [markdown]
# Time was no reason. But two families of deviations for EuroSAT are passed around. One is .203 .137 .116, to a thousandth what you have just computed. The other is .091 .065 .055, less than half, and nobody says where it is from.

# %%
family_guess = predict.smallest(
    "Which of these comes nearest to the second family?",
    [
        "the deviation of the pictures' mean colours",
        "the mean of each picture's own deviation",
        "the deviation of pictures shrunk to one pixel in 16",
    ],
)
family_guess

# %% tags=["nbval-ignore-output"]
x = train.subset(min(5_000, len(train) - 1)).images.float() / 255
small = torch.nn.functional.avg_pool2d(x, 4)
numbers = (x.mean(dim=(2, 3)).std(dim=0), x.std(dim=(2, 3)).mean(dim=0))
numbers = (*numbers, small.std(dim=(0, 2, 3)))
candidates = dict(zip(family_guess.options, numbers, strict=True))
known = torch.tensor(experiments.INSIDE)
gaps = {name: (found - known).abs().max().item() for name, found in candidates.items()}
for name, found in candidates.items():
    print(" ".join(f"{value:.3f}" for value in found), name)
family_guess.compare(gaps)

# %% tags=["verdict", "real-data"]
study.conclude(
    "the mean of each picture's own deviation is within .002 of the second family",
    gaps["the mean of each picture's own deviation"] < 0.002,
)

# %% [markdown]
# It is the deviation *inside* a picture, averaged; what pictures differ in from one another is left out. You could call it a bug. Does it cost anything? Is it a leak to take the statistics from the test pictures? And ImageNet's numbers? From scratch, ten seeds:

# %%
print(study.verdicts("right_deviations", "statistics_leak", "own_for_imagenets"))

# %% [markdown]
# ± and the four words are explained in [Start here](00_start_here.ipynb); *undecided* means that the interval reaches over what matters, here a point. So: the wrong family did no harm, and perhaps good; the leak is a matter of principle here, where the test has a thousand pictures (with fifty we have not tried); ImageNet's numbers cost.
#
# **Exercise 1.** What every `Normalize` does. Replace the dots; `ex.standardize.hint()` helps.


# %%
def standardize(picture, mean, std):
    """Picture, uint8 [3, H, W], and mean and std, float [3], for 0 to 1 → the picture standardized, float [3, H, W]."""
    ...


ex.standardize.check(standardize)

# %% [markdown]
# ## 2 · From scratch
#
# A small network from random weights, 3,000 pictures, eight epochs of AdamW, no normalization layers. Only the preparation differs: the three options, and the one that everybody takes without a thought, division by 255.

# %%
scratch_guess = predict.smallest(
    "From scratch with AdamW: which ends lowest?",
    ["own mean and deviation", "none, 0 to 1", "none, 0 to 255", "ImageNet's"],
)
scratch_guess

# %%
scratch = study.summary("inputs_scratch")
adam = {name: scratch[f"AdamW, {name}"] for name in scratch_guess.options}
scratch_guess.compare({name: s.mean for name, s in adam.items()})
halves = ("own mean only", "own deviation only")
halves = {name: scratch[f"AdamW, {name}"] for name in halves}
figures.dots(adam | halves, title="AdamW at 0.003, 8 epochs, 3,000 pictures")

# %% [markdown]
# Raw bytes nearly do it, and dividing them by 255 costs some twenty points. Standardizing does two things to numbers from 0 to 1: it moves them around zero, and makes them five to nine times larger. The last two rows do one without the other; which half helps more is undecided.
#
# That surprised us, so each got its best learning rate of a grid, chosen on seeds that do not count. The gap stayed: 22 points, where it had been 21. With SGD, too:

# %%
names = ("divide_and_done", "divide_by_255", "must_normalise_adamw")
print(study.verdicts(*names, "must_normalise_sgd"))
for name, s in scratch.items():
    if name.startswith("SGD"):
        print(f"{name:32} {s}")

# %% [markdown]
# *No difference that matters* means in the third line: not ten points. Bytes do cost something with AdamW. With SGD they diverge at the rate that suits standardized pictures (11 % right, a guess); at a fiftieth of it they learn, to 52 %.
#
# But why does 0 to 1 stay behind? A suspect: torch's first weights. Their variance is a sixth of what He derived for ReLUs: each layer shrinks its signal. If so, bytes, 255 times as large, would make up for it. How far do 256 pictures differ, layer by layer, before any training?

# %% tags=["nbval-ignore-output"]
few = train.subset(256)
to_one = few.images.float() / 255
print("deviation between pictures, of the mean of   input  layer 1, 2, 3      logits")
apart = {}
for name in ("torch's own", *networks.INITIALIZED):
    model = models.SmallCNN(widths=experiments.WIDTHS, outputs=10, seed=0)
    if name in networks.INITIALIZED:
        networks.INITIALIZED[name](model, to_one, seed=0)
    with torch.no_grad():
        maps = [to_one]
        for block in model.blocks:
            maps.append(block(maps[-1]))
        levels = [m.mean(dim=(2, 3)) for m in maps]
        levels.append(model.head(levels[-1]))
    apart[name] = [level.std(dim=0).mean().item() for level in levels]
    print(f"{name:43}", "".join(f"{value:8.4f}" for value in apart[name]))

# %% tags=["verdict"]
study.conclude(
    "with He's weights the logits differ over ten times as much as with torch's",
    apart["He's"][-1] > 10 * apart["torch's own"][-1],
)

# %% [markdown]
# With torch's weights all pictures look nearly alike to the last layer. He's keep them apart; so does *LSUV*, which divides each layer's weights by the deviation of its output, so that the scale of the input drops out. Does that close the gap? Tried with He's, at the rate that was best with torch's.

# %%
why_guess = predict.choice(
    "With He's first weights, pictures from 0 to 1: how much of the gap is closed?",
    {
        "less than a quarter": (None, 0.25),
        "a quarter to three quarters": (0.25, 0.75),
        "more than three quarters": (0.75, None),
    },
)
why_guess

# %%
gap = study.outcome("divide_and_done").verdict.effect
why_guess.compare(study.outcome("he_lifts").verdict.effect / gap)
print(study.verdicts("he_lifts", "he_closes"))
best = {
    f"torch's own, {name}": scratch[f"AdamW at 0.01, {name}"]
    for name in ("none, 0 to 1", "own mean and deviation")
}
better = study.summary("inputs_initialized")
figures.dots(best | better, title="AdamW at 0.01, 8 epochs, 3,000 pictures")

# %% [markdown]
# In the mean of five seeds He's weights bring 0 to 1 from 50 to 61 %, half of the gap: surely a gain, not surely ten points (one seed gained 24, four 7 to 13: the interval has no useful upper end). They do not close it: *refuted* says that the set's numbers, on torch's weights, stay ahead by more than a point. Nor is it the rate alone, of which we tried a grid. With batch normalization inside, both end at 76 % ([4b](04b_normalization_layers.ipynb)). What the rest is, we do not know.

# %% [markdown]
# ## 3 · Do gradients explode?
#
# "Exploding or vanishing" is about depth: gradients that grow or shrink from layer to layer. Here is their length at the first step, over the length of the layer's weights, from the layer at the picture, left, to the one that answers.

# %% tags=["nbval-ignore-output"]
ways = ("own mean and deviation", "none, 0 to 1", "none, 0 to 255")
lengths = {}
for way in ways:
    model = models.SmallCNN(widths=experiments.WIDTHS, outputs=len(train.classes), seed=0)
    seen = inputs.prepare(experiments.INPUTS[way], {"train": train})(few.images)
    cross_entropy(model(seen), few.labels).backward()
    weights = [w for w in model.parameters() if w.ndim > 1]
    lengths[way] = [(w.grad.norm() / w.norm()).item() for w in weights]
    print(f"{way:24}", "".join(f"{length:11.5f}" for length in lengths[way]))
times = [a / b for a, b in zip(lengths[ways[2]], lengths[ways[0]], strict=True)]
print(f"{'third over first':24}", "".join(f"{one:11.0f}" for one in times))

# %% tags=["verdict"]
study.conclude("bytes: every layer's gradient is over 30 times longer", min(times) > 30)
study.conclude("by factors less than 5 apart", max(times) < 5 * min(times))

# %% [markdown]
# Bytes multiply all layers by much the same factor: nothing explodes. And vanishing? The differences between pictures did, in section 2; the gradients hardly. Bytes only want a smaller rate.
#
# Another reason that is given is the **condition number**: how much longer than wide the valley is in which gradient descent has to find its way (LeCun and colleagues, 1991). Press *bytes*: by this number they should be far the worst, yet they beat 0 to 1. It is derived for one linear layer; an explanation has to hold for every row, and this one fails for bytes.

# %%
figures.normalization_explorer(train.subset(min(400, len(train) - 1)))

# %% [markdown]
# ## 4 · Every picture by itself
#
# Often advised: standardize each picture by itself, stretch it from 0 to 1, or equalize its histogram, so that light and haze drop out. Sea and forest are dark and nearly uniform; look at what becomes of them.

# %%
shown = train.at([int((train.labels == k).nonzero()[0]) for k in (0, 1, 4, 8, 9)])
left = [pixels.EachPicture(how)(shown.images) for how in ("min–max", "equalized")]
left = [(255 * x).round().to(torch.uint8) for x in left]
kinds = [shown.classes[k] for k in shown.labels]
figures.gallery(
    torch.cat([shown.images, *left]),
    kinds + ["min. to max."] * 5 + ["equalized"] * 5,
    columns=5,
    title="EuroSAT, n = 5, each channel by itself in the lower rows",
)

# %% [markdown]
# Stretched and equalized pictures end in 0 to 1, which section 2 found twenty points behind. To judge the stretching alone, standardize afterwards.

# %%
each_guess = predict.choice(
    "Stretched, then standardized, against the set's own numbers, from scratch:",
    {
        "gains a point or more": (0.01, None),
        "within a point": (-0.01, 0.01),
        "costs 1 to 10 points": (-0.1, -0.01),
        "costs more than 10": (None, -0.1),
    },
)
each_guess

# %%
each = {k.removeprefix("AdamW, "): s for k, s in scratch.items() if "each picture" in k}
ours = scratch["AdamW, own mean and deviation"]
fair = each["each picture, minimum to maximum, then standardized"]
each_guess.compare(fair.mean - ours.mean)
ways = ("channels", "together", "minmax", "equalized")
print(study.verdicts(*(f"each_picture_{way}" for way in ways)))
figures.dots({"the set's": ours} | each, title="AdamW at 0.003, 8 epochs")

# %% [markdown]
# Stretched alone, 46.6 %; 0 to 1 without any stretching, 47.0 %. So most of those 21 points are missing standardization. Afterwards the stretch costs some eight points, equalizing some six, channels by themselves as much; *channels together* is undecided. We think that the level of a channel tells the class, so colour more than light: *channels together*, which takes only brightness and contrast away, lost least. Where light differs for reasons that have nothing to do with the class it may turn round; we have no such set, so we do not know.

# %% [markdown]
# ## 5 · A network that was trained before
#
# It comes with a convention. This MobileNetV2, from Keras, wants −1 to 1; torchvision's want ImageNet's mean and deviation; Keras' ResNet50 wants blue, green, red, 0 to 255, less a mean: Caffe's habit. Nothing in the file says so. A probe was fitted on the right inputs; then the pictures come in another way.

# %%
fed_guess = predict.smallest(
    "Which of these wrong inputs leaves the probe fewest right?",
    [
        "its own, red and blue swapped",
        "0 to 1 where −1 to 1 was meant",
        "the set's own mean and deviation",
        "Caffe's: BGR less a mean",
    ],
)
fed_guess

# %%
probed = study.summary("inputs_probe")
after, again = (
    {k.split(", probe")[0]: s for k, s in probed.items() if k.endswith(on)}
    for on in ("fitted on its own", "fitted on it")
)
fed_guess.compare({name: after[name].mean for name in fed_guess.options})
right = {"right inputs": again["its own"]}
plain = {name: s for name, s in after.items() if "each picture" not in name}
print(study.verdicts("swapped_is_a_detail", "probe_forgives", "own_for_frozen"))
display(figures.dots(right | plain, title="Frozen, fed in another way after fitting"))
figures.dots(again, title="Frozen, fed in another way, and the probe fitted on that")

# %% [markdown]
# Even the set's own statistics, so right from scratch, cost 36 points: they are the right numbers for another network. And nothing complains. Ask: `models.what_was_fed` takes what the first layer gets, and the pictures as they were loaded, and compares them with what torchvision, Keras and timm would have made of them.

# %% tags=["nbval-ignore-output"]
bgr = few.images.flip(1)  # as OpenCV loads them
came = {
    "as it should be": models.MINUS_ONE_TO_ONE(few.images),
    "Caffe's": models.CAFFE(few.images),
    "loaded with OpenCV": models.IMAGENET(bgr),
}
for name, x in came.items():
    print(f"--- {name}\n{models.what_was_fed(x, few.images)}")

# %% tags=["verdict"]
meant = models.what_was_fed(models.MINUS_ONE_TO_ONE(few.images), few.images)
study.conclude("it knows −1 to 1, in the right order", meant.fits == ("−1 to 1",))
fed = models.what_was_fed(models.IMAGENET(few.images.flip(1)), few.images)
study.conclude("it notices that red and blue are swapped", fed.swapped)

# %% [markdown]
# Whoever makes the mistake from the start fits the probe on the wrong inputs, too, and loses less (the last two verdicts, and the second figure). From 87.5 %, bytes leave 68.8 %, division of bytes by 10,000 60.9 %, and red and blue swapped cost nothing on average. The set's own numbers: undecided. ImageNet's, 88.7 %, were not put on trial. *The right size, around zero* is not all: each picture by itself, its channels centred and scaled, gets 83.8 %.
#
# **Exercise 2.** Sooner or later you want to look at what the network got.


# %%
def undo(x, mean, std):
    """Standardized, float [3, H, W], and mean and std, float [3], for 0 to 1 → picture, uint8 [3, H, W], 0 to 255."""
    ...


ex.undo.check(undo)

# %% [markdown]
# ## 6 · A published pair, repeated
#
# Corley and colleagues published for EuroSAT: 68.7 % against 91.2 %, by preparation alone. Same frozen ResNet-50, same bilinear enlargement to 224 pixels, same judge, the *five nearest neighbours* among the training pictures. One divided 16-bit reflectances by 10,000, which gives about 0.1; the other standardized. In EuroSAT's RGB 255 stands for a reflectance of about 2,750, so 0 to 1 times .275 is nearly what they divided.

# %%
pair_guess = predict.number(
    "Our MobileNetV2, 224 px, five neighbours: points that reflectance / 10,000 loses against standardized?",
    low=-10,
    high=60,
    unit="points",
)
pair_guess

# %% [markdown]
# Here 200 of 300 pictures are the neighbours and 100 the test, on one split: enough to see a gap of twenty points, not one of two.

# %% tags=["nbval-ignore-output"]
some, asked = train.subset(300, seed=0).split((2, 1), seed=0)
own_300 = pixels.Standardize.fitted(some)
ways = {"standardized": own_300, "reflectance / 10,000": experiments.REFLECTANCE}
mobile, shares = models.backbone(experiments.NETWORK), {}
for size in (64, 224):
    for name, fed in ways.items():
        known, seen = (
            features.extract(mobile, part, size=size, pooling="mean", cache=False,
                             progress=False, preprocessing=fed)
            for part in (some, asked)
        )  # fmt: skip
        near = KNeighborsClassifier(5).fit(known, some.labels)
        shares[size, name] = near.score(seen, asked.labels)
        probe = features.probe(known, some.labels, seen, asked.labels)
        told = f"5 neighbours {shares[size, name]:.0%}, a probe {probe.accuracy:.0%}"
        print(f"{size:3} px, {name:20} {told} (n = {len(asked)})")
first, second = ways
lost = {size: shares[size, first] - shares[size, second] for size in (64, 224)}
pair_guess.compare(100 * lost[224])

# %% tags=["verdict", "real-data"]
study.conclude(
    "at both sizes dividing loses over 10 points for five neighbours",
    min(lost.values()) > 0.1,
)

# %% [markdown]
# So preparation alone opens a large gap in another network, too: 24 points at 224 px and 21 at 64 (n = 100, one split, so give or take a dozen). Enlarging has a share of its own: with the network's own inputs a probe got 87.5 % at 64 px, 91 at 96 and 92 at 128 (ten seeds, `study.summary("resizing")`). Whether bilinear beats nearest neighbours there is undecided (the folded table).
#
# ## 7 · Fine-tuning
#
# What the asker did: all weights go on learning. Four epochs, 2,000 pictures; MobileNetV2 gets its own −1 to 1, or bytes, 127 times as large.

# %%
tuned_guess = predict.number(
    "Fine-tuned on bytes where −1 to 1 was meant: points lost?",
    low=-10,
    high=80,
    unit="points",
)
tuned_guess

# %%
tuned = study.summary("inputs_tuned")
bytes_cost = tuned["its own"].mean - tuned["0 to 255 where −1 to 1 was meant"].mean
tuned_guess.compare(100 * bytes_cost)
print(study.verdicts("finetuning_bytes", "finetuning_imagenets", "finetuning_of_set"))
for name, s in tuned.items():
    print(f"{name:38} {s}")

# %% [markdown]
# So little that ten seeds cannot tell it from nothing, nor from two points. Behind the first convolution, which has no bias, stands batch normalization: feed numbers 127 times as large, and in training that layer takes the scale out again; at the padded edge a difference stays ([4b](04b_normalization_layers.ipynb)). A ResNet has such a layer, too. Only *each picture by itself* ended lower by more than a point: by three to five, in the mean; that was no trial, and no matter of scale.
#
# All advice of this notebook, folded:

# %%
study.folded(trial for trial in trials.TRIALS if trial.lesson == trials.LESSON)

# %% [markdown]
# ## Your pictures
#
# What is *your* network fed? Put a folder with a folder for each class in place of `None`, and your network in place of `own_network`; run it as you always do, where `features.extract` stands. The hook keeps what arrives at the first convolution. Of a Keras model take `models.what_was_fed(preprocess_input(x), mine.images)`.

# %% tags=["nbval-ignore-output"]
folder, own_network = None, models.backbone(experiments.NETWORK)
mine = data.from_folder(folder, size=64) if folder else train.subset(200, seed=0)
mean, deviation = pixels.channel_statistics(mine)
print("your pictures, 0 to 1: mean", *(f"{value:.3f}" for value in mean))
print("                  deviation", *(f"{value:.3f}" for value in deviation))
kept = []
first = next(m for m in own_network.modules() if isinstance(m, torch.nn.Conv2d))
hook = first.register_forward_pre_hook(lambda layer, args: kept.append(args[0]))
features.extract(own_network, mine, cache=False, progress=False)
hook.remove()
came_in = models.what_was_fed(kept[0], mine.images[: len(kept[0])])
print(came_in)

# %% tags=["verdict", "real-data"]
study.conclude("it looks like a convention that is known", len(came_in.fits) == 1)

# %% [markdown]
# ## What we would write to the asker
#
# Your own numbers take a second or two, so time was no reason for borrowed ones. They did no harm that ten seeds could show on a small network with batch normalization, fine-tuned for four epochs on 2,000 pictures; we think that this layer is why. The warning about gradients holds for SGD without such layers: bytes diverge at a rate that suits standardized pictures; in our four layers nothing grew with depth. If you ever freeze the network, feed it what it was trained with, and look at what arrives: `models.what_was_fed`.
#
# ## Open
#
# Small networks, short trainings, one set, rates on a coarse grid. Why 0 to 1 stays behind we can say only in part: LSUV, a longer training, and He's weights with the set's own numbers were not put on trial. Fine-tuning was tried at 64 pixels only. Corley's ResNet-50 and the 16-bit reflectances were not to be had here; statistics and size together were tried on one split. On a set whose light varies for no reason, normalising each picture may win.
#
# ## Read on
#
# LeCun, Bottou, Orr, Müller, *Efficient BackProp*, 1998 · Glorot, Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010 · He et al., *Delving deep into rectifiers*, 2015, [arXiv:1502.01852](https://arxiv.org/abs/1502.01852) · Mishkin, Matas, *All you need is a good init* (LSUV), 2016, [arXiv:1511.06422](https://arxiv.org/abs/1511.06422) · Corley et al., *Revisiting pre-trained remote sensing model benchmarks*, 2023, [arXiv:2305.13456](https://arxiv.org/abs/2305.13456)
#
# ## Next
#
# What if the normalization stands *inside* the network? **[4b Normalization layers](04b_normalization_layers.ipynb)**
