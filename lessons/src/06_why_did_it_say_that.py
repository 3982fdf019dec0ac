# %% [markdown]
# # 6 · Why did it say that?
#
# The notebook of lesson 3 fine-tuned a network on EuroSAT to learn *which features matter*. It ended with a question and two families of answers. One: change the input, and watch the output. Two: go back from the output through the weights to the pixels. It tried neither.
#
# You will try both, nine methods in all. But first you will test the methods themselves, on pictures whose reason you know.
#
# | | |
# |---|---|
# | **Time** | 80 minutes to work through; the code runs in one to one and a half minutes on a CPU (measured, one thread); not timed on a GPU |
# | **You will be able to** | make a heatmap in both ways, by hand · test a method before you believe it · say what a score of heatmaps leaves out · tell "it used the colour" from "it needs the colour" |
# | **It builds on** | lesson 3; Python, a little PyTorch |

# %%
import time
from itertools import combinations

import torch
from course_lib import data, explain, figures, study, training
from course_lib.lessons.explanation import exercises as ex
from course_lib.lessons.explanation import experiments, methods, networks, trials, trust
from course_lib.lessons.explanation.pictures import planted_test
from course_lib.practice import predict
from scipy.stats import spearmanr

pictures = data.load("eurosat")
train, _, test = pictures.split(seed=0)

# %%
from course_lib.lessons.explanation.experiments import (
    CHANGES,
    CLASSES,
    FILLS,
    FROM_BLACK,
    FROM_MEAN,
    METHODS,
    OCCLUSION,
    RANDOM,
    REASONS,
)

# %% [markdown]
# ## 1 · Two ways to ask
#
# You need a network to question. This one has three convolutions, starts from random weights and learns from 3,000 pictures. Take one river that it names right without being quite sure.

# %% tags=["nbval-ignore-output"]
model = networks.train_small(
    train.subset(min(3_000, len(train) - 1)), experiments.SMALL_NETWORK, seed=0
)
batch = test.subset(64, seed=1)
said = training.predictor(model)(test.images[:1_000])
accuracy = (said.argmax(dim=1) == test.labels[:1_000]).float().mean()
answers = training.predictor(model)(batch.images)
river = batch.classes.index("River")
mine = (batch.labels == river).nonzero()[:, 0]
k = int(mine[(answers[mine, river] - 0.8).abs().argmin()])
picture, plain = batch.images[k], float(answers[k, river])
print(f"{accuracy:.1%} right, n = {len(said):,} test pictures, {test.source}")
figures.gallery(picture[None], [f"River: {plain:.0%}"], title="Why?")

# %% tags=["verdict", "real-data"]
study.conclude("it names more than two in three test pictures right", accuracy > 0.67)

# %% [markdown]
# The first family: **change the input.** Cover a small square with grey and ask again. A square of 16 pixels covers one sixteenth of this picture. There are many places for it. Take the place that hurts most: by how many points does *River* fall?

# %%
cover_guess = predict.number(
    "One grey square, a sixteenth of the picture, at its worst place: River falls by",
    low=0,
    high=100,
    unit="points",
)
cover_guess

# %% [markdown]
# Drag the square. The map on the right has all places at once: dark where covering takes the answer away, light where it helps. Then change what the square is painted with. Does the map stay as it is?

# %% tags=["nbval-ignore-output"]
asked = training.predictor(model)
grids = {
    fill: explain.occlusion_grid(asked, picture, size=16, stride=4, fill=fill)
    for fill in explain.FILLS
}
falls = {fill: plain - grid[..., river] for fill, grid in grids.items()}
cover_guess.compare(100 * falls["grey"].max())
figures.occlusion_explorer(
    picture, asked, batch.classes, truth="River", sizes=[8, 16, 24], source=test.source
)

# %% tags=["verdict", "real-data"]
study.conclude("no single square takes 30 points away", float(falls["grey"].max()) < 0.3)
alike = explain.rank_correlation(falls["grey"], falls["black"])
study.conclude("grey and black squares give different maps", alike < 0.9)

# %% [markdown]
# Little, wherever you put it. This network ends in a mean over all places, so it has many small reasons for a river and not one. A map would still name a *hottest* place, and it would look just as sure of itself. Always ask how much falls, not only where.

# %% [markdown]
# The second family: **go back through the weights.** How would the score of *River* (its logit) move if a pixel moved a little? That is a gradient, and one backward pass gives it for all pixels. The largest of the three channels is the plain *saliency map*.

# %%
x = model.preprocessing(picture[None]).requires_grad_()
logit = model(x)[0, river]
(gradient,) = torch.autograd.grad(logit, x)
by_hand = gradient.abs().amax(dim=1)

# %% tags=["verdict"]
theirs = explain.saliency(model, x.detach(), torch.tensor([river]))
study.conclude("these four lines are `explain.saliency`", torch.allclose(by_hand, theirs))

# %% [markdown]
# Five more. *SmoothGrad*: the mean gradient of noisy copies. *Integrated gradients*: gradients added up on the way from a baseline to the picture. *Grad-CAM*: the last layer's maps, weighed by their gradients. *RISE*: the mean answer while a pixel is seen, over random masks. *LIME*: a linear model of which patches are seen.

# %% [markdown]
# All of them on the same picture. The brighter the colour over a place, the hotter it is. Which one would you believe? (RISE is nearly equally hot everywhere. You will see why.)

# %% tags=["nbval-ignore-output"]
names = ["saliency", "SmoothGrad", FROM_BLACK, FROM_MEAN]
names += ["Grad-CAM", OCCLUSION, "RISE", "LIME"]
target = torch.tensor([river])
heat = {
    name: methods.heatmaps(METHODS[name], model, picture[None], target, seed=0)
    for name in names
}
heats = [None, *(maps[0] for maps in heat.values())]
captions = ["the picture", *(name.replace(", ", ",\n") for name in names)]
same = picture.expand(len(heats), -1, -1, -1)
figures.heat_overlays(same, heats, captions, columns=5, title="Why River?")

# %% tags=["verdict", "real-data"]
pairs = [explain.rank_correlation(a, b) for a, b in combinations(list(heat.values()), 2)]
study.conclude(
    "the mean rank correlation of two of these maps is below 0.6",
    sum(pairs) / len(pairs) < 0.6,
)

# %% [markdown]
# They contradict each other, and each looks like an explanation. Nobody can say which is right, because nobody knows why the network said *River*. So leave EuroSAT for a while, and go where the reason is known.

# %% [markdown]
# ## 2 · A reason that you know
#
# In these pictures one small thing tells the class: a piece of road, horizontal or vertical; a disc that is orange or violet, equally bright; a disc with stripes or dots, equally bright and rough. Ground and place are drawn alike for both classes. A mask says where the thing is.

# %%
shown = [data.planted(reason, 3, seed=4)[0] for reason in REASONS]
figures.gallery(
    torch.cat([part.images for part in shown]),
    [part.classes[label] for part in shown for label in part.labels],
    columns=6,
    title="Three planted reasons (generated)",
)

# %% [markdown]
# A small network learns each of them from 1,000 pictures. Is the planted thing really what it goes by? Cover it, in the picture's mean colour. Then do the opposite, and cover everything else.

# %%
left_guess = predict.number(
    "Everything but the road is covered: how many of 100 does the network get right?",
    low=0,
    high=100,
    unit="%",
)
left_guess

# %%
left = study.summary("planted_left")
left_guess.compare(100 * left["road: all but the planted thing is covered"].mean)
figures.dots(left)

# %% [markdown]
# Without the thing the network guesses, or nearly: the cover keeps the road's outline. With nothing but the thing it is as good as with the whole picture. So here the reason is known, not only planned: it lies in the mask, and nowhere else. A good heatmap must say so.

# %% [markdown]
# How good is a heatmap, then? Add up its positive heat, and ask which share of it lies in the mask. Numbers drawn at random get the mask's share of the picture, two to six per cent. A blob in the middle, the same for each picture, is the rival to beat: it looks like a heatmap and knows nothing.

# %%
found_guess = predict.choice(
    "Which method has most of its heat on the planted road?",
    ["saliency", "Grad-CAM", OCCLUSION, FROM_MEAN, "RISE"],
)
found_guess

# %%
energy = study.summary("planted_found")
found_guess.compare(max(found_guess.options, key=lambda m: energy[f"road: {m}"].mean))
print("heat on the planted thing, %: mean ± deviation over 10 seeds, 20 pictures each")
known = [name for name in METHODS if name != "SmoothGrad"]  # its turn comes
print(study.table(known, REASONS, lambda m, reason: energy[f"{reason}: {m}"]))

# %% [markdown]
# The famous Grad-CAM has four fifths of its heat beside the road. Its map has 8×8 places, drawn large; the road is three pixels wide. Most of the others put more than half beside it, too. And RISE does no better than the blob.

# %% [markdown]
# Is RISE useless? Before you decide, score the same heatmaps in another way: does the *hottest pixel* lie on the planted thing? This is the pointing game.

# %%
rise_guess = predict.number(
    "RISE on the road: in how many of 100 pictures is its hottest pixel on it?",
    low=0,
    high=100,
    unit="%",
)
rise_guess

# %%
pointed = study.summary("planted_found", "hottest pixel on the planted thing")
rise_guess.compare(100 * pointed["road: RISE"].mean)
print("hottest pixel on the thing, %: mean ± deviation over 10 seeds, 20 pictures each")
print(study.table(METHODS, REASONS, lambda m, reason: pointed[f"{reason}: {m}"]))

# %% [markdown]
# From last to first, with the same maps. RISE gives each pixel the mean answer while it is seen. That is never near zero, so nearly all of its heat is a flat floor. Its peak is in the right place. A score judges the method *and* what the score takes for zero. Two scores are the least to ask for.

# %% [markdown]
# Look at them. One picture of each reason, three networks trained here. Where does Grad-CAM's heat end, and what do the two integrated gradients make of the disc?

# %% tags=["nbval-ignore-output"]
names = [FROM_BLACK, FROM_MEAN, "Grad-CAM", OCCLUSION, "RISE"]
images, heats, found, mask = [], [], {}, {}
for reason in REASONS:
    settings = {**experiments.PLANTED, "reason": reason}
    learned = networks.planted_network(settings, seed=0)
    those, masks = planted_test(settings, seed=0)
    one, mask[reason] = those.at([0]), masks[0]
    for name in names:
        maps = methods.heatmaps(METHODS[name], learned, one.images, one.labels, seed=0)
        found[name, reason] = maps[0]
    images += [one.images] * (1 + len(names))
    heats += [None, *(found[name, reason] for name in names)]
captions = ["the picture", *(name.replace(", ", ",\n") for name in names)] * 3
figures.heat_overlays(torch.cat(images), heats, captions, title="Road, hue, texture")

# %% tags=["verdict"]
inside = {key: explain.energy_inside(found[key], mask[key[1]]) for key in found}
study.conclude(
    "in all three, the mean colour as a start puts more heat on the thing than Grad-CAM",
    all(inside[FROM_MEAN, r] > inside["Grad-CAM", r] for r in REASONS),
)
floorless = [
    explain.energy_inside(found["RISE", r] - found["RISE", r].median(), mask[r])
    for r in REASONS
]
study.conclude(
    "RISE less its median puts twice as much heat on the road as RISE",
    floorless[0] > 2 * inside["RISE", "road"],
)

# %% [markdown]
# The fine lattice in the gradient maps is not in the pictures. It comes from the network: each of its layers takes every second place, and some pixels fall into more kernels than others. It draws the same lattice on every picture. Do not read it as texture.

# %% [markdown]
# Integrated gradients compare the picture with a *baseline*, a picture that stands for nothing. Starting from black, every bright pixel differs from it, and so the ground takes a share of the heat. Starting from the mean colour, only what stands out can get heat, and the planted thing does. That is a choice of ours, not a finding. (Below, five points matter: an interval must clear that band.)

# %%
print(study.verdicts(*(f"baseline_integrated_{reason}" for reason in REASONS)))
print(study.verdicts(*(f"baseline_occlusion_{reason}" for reason in REASONS)))

# %% [markdown]
# And the advice to average gradients over noisy copies, because the maps look cleaner?

# %%
smooth_guess = predict.choice(
    "SmoothGrad against plain saliency: heat on the planted thing",
    ["more for all three reasons", "more for some", "more for none"],
)
smooth_guess

# %%
words = [study.outcome(f"smooth_{reason}").verdict.word for reason in REASONS]
won = words.count("supported")
smooth_guess.compare(smooth_guess.options[0 if won == 3 else 1 if won else 2])
print(study.verdicts(*(f"smooth_{reason}" for reason in REASONS)))

# %% [markdown]
# Less for road and texture, and surely so. Thin lines and fine patterns drown in the added noise: the noisy copies no longer show them. By the pointing game SmoothGrad is no worse. So "cleaner" is not "truer"; it depends on what you look for.

# %% [markdown]
# ## 3 · Back to real land
#
# Now 64 test pictures of EuroSAT, in one go. What does a heatmap cost? Grad-CAM needs one pass forward and a short one back. Occlusion on a grid of 8×8 places asks 65 questions a picture. RISE asks 500.

# %%
cost_guess = predict.number(
    "Grad-CAM for 64 pictures takes 1. Occlusion on 8×8 places takes:", low=1, high=500
)
cost_guess

# %% [markdown]
# RISE shows a bar while it works: with a larger network you will wait for it.

# %% tags=["nbval-ignore-output"]
first = training.predict(model, batch).argmax(dim=1)
taken = {}
for name, settings in (
    ("Grad-CAM", METHODS["Grad-CAM"]),
    ("occlusion, 8×8 places", {**METHODS[OCCLUSION], "stride": 8}),
):
    start = time.perf_counter()
    methods.heatmaps(settings, model, batch.images, first, seed=0)
    taken[name] = time.perf_counter() - start
    print(f"{name:22} {taken[name]:.2f} s for 64 pictures (CPU)")
start = time.perf_counter()
explain.rise(asked, picture, n=500)
print(f"{'RISE, 500 masks':22} {time.perf_counter() - start:.2f} s for one picture (CPU)")
cost_guess.compare(taken["occlusion, 8×8 places"] / taken["Grad-CAM"])

# %% tags=["verdict"]
study.conclude("Grad-CAM takes at most one second", taken["Grad-CAM"] <= 1)
study.conclude(
    "occlusion takes at most five seconds", taken["occlusion, 8×8 places"] <= 5
)

# %% [markdown]
# Some fifty times as long, give or take: Grad-CAM is too quick to be timed well. Now four pictures, each the surest of its class. Which of these maps would you print in a report?

# %% tags=["nbval-ignore-output"]
names = [FROM_MEAN, "Grad-CAM", OCCLUSION, "RISE", "LIME"]
images, heats, captions, sure = [], [], [], []
for kind in ("Highway", "River", "Residential", "PermanentCrop"):
    label = batch.classes.index(kind)
    best = int((answers[:, label] * (batch.labels == label)).argmax())
    one = batch.images[best : best + 1]
    why = torch.tensor([label])
    maps = [methods.heatmaps(METHODS[name], model, one, why, seed=0) for name in names]
    images += [one] * (1 + len(names))
    heats += [None, *torch.cat(maps)]
    sure.append(answers[best, label] > 0.5)
    captions += [f"{kind}: {answers[best, label]:.0%}"]
    captions += [name.replace(", ", ",\n") for name in names]
figures.heat_overlays(torch.cat(images), heats, captions, title="Why these answers?")

# %% tags=["verdict", "real-data"]
study.conclude("it is more than half sure of at least two of the four", sum(sure) >= 2)

# %% [markdown]
# Maps that follow the road or the bank please us. That is a danger: we call a map right where it shows what *we* would look at. The network may look at something else, and then the ugly map is the true one. You need a score that does not ask you.

# %% [markdown]
# ## 4 · Which one to trust?
#
# There is no mask here, so ask the network. **Deletion:** cover the hottest pixels first. If the map is right, the answer must fall early. By hand, for one map and for random numbers: from left to right 0, 5, 10, 25 and 50 % of the pixels are covered with grey.

# %% tags=["nbval-ignore-output"]
noise = torch.rand(64, 64, generator=torch.Generator().manual_seed(0))
grey, shares = torch.tensor(128, dtype=torch.uint8), (0, 5, 10, 25, 50)
steps = []
for one in (heat[FROM_MEAN][0], noise):
    order = one.flatten().argsort(descending=True)
    for share in shares:
        hidden = torch.isin(torch.arange(4096), order[: 4096 * share // 100])
        steps.append(torch.where(hidden.reshape(64, 64), grey, picture))
by_hand = asked(torch.stack(steps))[:, river]
names = ["integrated gradients"] * 5 + ["random numbers"] * 5
captions = [f"{name}\nRiver {p:.0%}" for name, p in zip(names, by_hand, strict=True)]
figures.gallery(torch.stack(steps), captions, columns=5, title="Deletion")

# %% tags=["verdict"]
theirs = explain.deletion(asked, picture, noise, river, steps=20)
study.conclude(
    "`explain.deletion` gives the same answers",
    torch.allclose(theirs[[0, 1, 2, 5, 10]], by_hand[5:], atol=0.02),
)

# %% [markdown]
# The mean answer on the way is the *area* under the curve: lower is better. **Insertion** goes the other way and uncovers the hottest pixels of a covered picture: higher is better. Ten networks, twenty pictures each. Random numbers know nothing of the network, so each method ought to beat them. Does occlusion?

# %%
random_guess = predict.choice(
    "Deletion with grey: occlusion against random numbers",
    [
        "better by more than 2 points",
        "within 2 points",
        "worse by more than 2 points",
    ],
)
random_guess

# %%
scores = {
    "deletion": study.summary("heat_trust", trust.DELETION),
    "insertion": study.summary("heat_trust", trust.INSERTION),
    "µ-fidelity": study.summary("heat_trust", trust.FIDELITY),
}
deleted = scores["deletion"]
names = (f"{name}; covered with grey" for name in (RANDOM, OCCLUSION))
gap = deleted[next(names)].mean - deleted[next(names)].mean
random_guess.compare(random_guess.options[0 if gap > 0.02 else 1 if gap > -0.02 else 2])
print("deletion: mean answer in % (lower is better), 10 seeds, 20 pictures each")
print(study.table(METHODS, FILLS, lambda m, fill: deleted[f"{m}; covered with {fill}"]))

# %% [markdown]
# Worse than random, on average. You saw it above: random specks on a twentieth of the picture cost more than the square of section 1 at its worst place. Grey specks all over a picture are something that the network has never seen, and they upset it more than a clean hole does. So deletion rewards maps with *scattered* hot pixels, right or wrong. Cover with the blurred picture, and random numbers fall to the last place.

# %% [markdown]
# Insertion has the opposite taste. Look for the blob, which knows nothing, in this table.

# %%
print("insertion: mean answer in % (higher is better), 10 seeds, 20 pictures each")
inserted = scores["insertion"]
print(study.table(METHODS, FILLS, lambda m, fill: inserted[f"{m}; covered with {fill}"]))

# %% [markdown]
# The blob beats integrated gradients where grey or black covers, and is last where the blur does. A third score, **µ-fidelity**: cover random sets of squares, and correlate the heat that they hide with the fall of the answer. It needs no order of pixels, and random numbers get zero. Only the fill is left to choose. Watch the two rows of occlusion.

# %%
print("µ-fidelity: correlation (higher is better), 10 seeds, 20 pictures each")
faithful = scores["µ-fidelity"]
print(study.table(METHODS, FILLS, lambda m, fill: faithful[f"{m}; covered with {fill}"]))
for fill in FILLS:
    means = {m: faithful[f"{m}; covered with {fill}"].mean for m in experiments.KNOWING}
    print(f"best when covered with {fill}: {max(means, key=means.get)}")

# %% [markdown]
# Occlusion with grey wins where the judge covers with grey, occlusion with black where it covers with black. Each is the best at the question that it asks itself. How much of the order of all methods survives a change of the fill, for each score?

# %%
for name, found in scores.items():
    means = {
        fill: [found[f"{m}; covered with {fill}"].mean for m in METHODS] for fill in FILLS
    }
    for a, b in combinations(FILLS, 2):
        agreed = spearmanr(means[a], means[b]).statistic
        print(f"{name:11} {a:5} against {b:8} rank correlation {agreed:+.2f}")

# %% [markdown]
# Grey and black agree fairly well on the order, if not on the winner. Cover with the blurred picture instead, and deletion and insertion forget the order or turn it round; only µ-fidelity keeps it. Such a score answers *what if these pixels were grey*, and the grey is part of the question. State it with the score.

# %% [markdown]
# Last, the cheapest test. Give the network new random weights. It knows nothing now. If a heatmap looks the same as before, it was drawn from the picture, not from what the network has learned.

# %%
sane_guess = predict.choice(
    "All weights random: which heatmap stays most like what it was?",
    ["saliency", FROM_BLACK, "Grad-CAM", OCCLUSION, "none: all near zero"],
)
sane_guess

# %%
sanity = study.summary("heat_sanity")
alike = {m: sanity[f"{m}; all layers random"].mean for m in sane_guess.options[:4]}
most = max(alike, key=alike.get)
sane_guess.compare(most if alike[most] > 0.1 else sane_guess.options[4])
print("rank correlation with the random network's map (lower is better), 10 seeds")
columns = ["last layer random", "all layers random"]
print(study.table(METHODS, columns, lambda m, layers: sanity[f"{m}; {layers}"]))
print(study.verdicts("depends_saliency", "depends_cam", "depends_integrated"))

# %% [markdown]
# Saliency and SmoothGrad keep a good part of their order of pixels. Perhaps because a random convolution, too, is moved most at edges, perhaps because the lattice stays; we did not part the two. The others end near zero. But the test is easy: random numbers pass it too. It can convict a method, and never acquit one.

# %% [markdown]
# One picture shows it. Left the trained network, right the same one with random weights. Which pair could you tell apart without the captions?

# %% tags=["nbval-ignore-output"]
empty = explain.randomized(model, seed=1)
heats, captions, kept = [], [], {}
for name in ("saliency", FROM_MEAN, "Grad-CAM"):
    maps = [
        methods.heatmaps(METHODS[name], network, picture[None], target, seed=0)
        for network in (model, empty)
    ]
    heats += [one[0] for one in maps]
    captions += [f"{name},\n{who} weights" for who in ("trained", "random")]
    kept[name] = explain.rank_correlation(*(one[0] for one in maps))
same = picture.expand(len(heats), -1, -1, -1)
figures.heat_overlays(same, heats, captions, title="Trained and random")

# %% tags=["verdict", "real-data"]
study.conclude("saliency keeps more of itself", kept["saliency"] > kept[FROM_MEAN])

# %% [markdown]
# So which one? Here, integrated gradients from the mean colour did best on two of three planted reasons, lead in two of three columns of deletion, and pass the random weights. But at insertion with grey or black even the blob beats them. No method wins everywhere. Promise no method; promise the procedure: plant a reason like yours, and score.

# %% [markdown]
# ## 5 · Colour, texture or shape?
#
# A heatmap says *where*. The asker wanted to know *what*. Here the first family helps again, with changes that you choose: take one thing away, keep the rest, and see which answers stay. The network is now of the asker's kind: learned from ImageNet, fine-tuned here on 2,000 pictures.

# %% tags=["nbval-ignore-output"]
tuned = networks.fine_tune(
    train.subset(2_000), experiments.PRETRAINED, seed=0, weights="any"
)
predictor = training.predictor(tuned)
right = (predictor(batch.images).argmax(dim=1) == batch.labels).float().mean()
print(f"{right:.0%} right, n = {len(batch)} test pictures, {test.source}")
figures.recolour_explorer(
    picture, predictor, batch.classes, truth="River", source=test.source
)

# %% tags=["verdict", "real-data"]
study.conclude("it names more than 75 % of the 64 right", right > 0.75)

# %% [markdown]
# Turn the hue, take the colour, shuffle the patches, zoom. How far can you go before the answer turns? Then guess for all test pictures. Shuffled patches of 8 pixels keep colours and fine texture, and destroy every shape. A blur of 2 pixels keeps colours and shapes, and destroys fine texture.

# %%
change_guess = predict.choice(
    "Which of these costs the fine-tuned network most?",
    ["grey", "hue turned by 90°", "patches of 8 px shuffled", "blurred, 2 px"],
)
change_guess

# %%
seen = study.summary("seen_as")
change_guess.compare(
    min(change_guess.options, key=lambda name: seen[f"fine-tuned: {name}"].mean)
)
figures.dots({name: seen[f"fine-tuned: {name}"] for name in CHANGES})

# %% [markdown]
# The blur, by far. It leaves all colours and all shapes wider than a few pixels, and takes the answer. The high-pass does the reverse, leaves edges and fine grain around a mean colour, and keeps more than half. So it seems to need fine detail; hold that thought until you see the classes. Mean colours alone tell it nothing.

# %% [markdown]
# Is that EuroSAT, or this network? Ask the small one, which started from random weights. It has three convolutions and sees 15 pixels at once.

# %%
small_guess = predict.number(
    "The small network, patches of 8 px shuffled: how many points does it lose?",
    low=0,
    high=80,
    unit="points",
)
small_guess

# %%
lost = {
    change: seen["from scratch: plain"].mean - seen[f"from scratch: {change}"].mean
    for change in CHANGES
}
small_guess.compare(100 * lost["patches of 8 px shuffled"])
figures.dots({name: seen[f"from scratch: {name}"] for name in CHANGES})

# %% [markdown]
# It hardly notices. Shapes beyond its 15 pixels never reached it, and it is right three times in four without them. But take the colour, and two thirds of its right answers are gone. Same pictures, same classes, opposite uses. *What does EuroSAT need?* has no answer; *what does this network use?* has one.

# %% [markdown]
# And which class loses what? Fine-tuned network, right answers in per cent. Before you run it: which two classes cannot do without shape?

# %%
shape_guess = predict.choice(
    "Patches of 8 px shuffled: which two classes lose nearly everything?",
    [
        "Highway and River",
        "Residential and Industrial",
        "AnnualCrop and PermanentCrop",
        "Forest and SeaLake",
    ],
)
shape_guess

# %%
by_class = {c: study.summary("seen_as_class", f"accuracy on {c}") for c in CLASSES}
kept = {c: by_class[c]["patches of 8 px shuffled"].mean for c in CLASSES}
worst = set(sorted(kept, key=kept.get)[:2])
shape_guess.compare(
    next(o for o in shape_guess.options if set(o.split(" and ")) == worst)
)
changes = [c for c in experiments.SEEN_BY_CLASS.variants if "16" not in c]
print("right, %: mean ± deviation over 10 seeds, about 100 pictures of a class each")
print(study.table(CLASSES, changes, lambda c, change: by_class[c][change]))

# %% [markdown]
# Highways and rivers are shapes: shuffled, nearly none is left. PermanentCrop and Pasture use colour most. Now take care with classes that *lose nothing*. In grey, the answer HerbaceousVegetation comes more often, and so it is right more often. Shuffled pictures may be called Residential by default. And blurred, nearly all right answers are in two classes: that may be no skill at all.

# %% [markdown]
# Each of these pictures is one that the network never saw in training. A blurred tile is strange in itself, whatever it lacks. So a loss can mean two things: the reason is gone, or the picture is odd. There is one way to part them.

# %% [markdown]
# ## 6 · Networks that never saw it
#
# Train without the thing. If the network is then as good as before, the thing was *used* but not *needed*. The small network again: on grey pictures, on patches of 16 pixels shuffled, on pictures zoomed 2×. Tested on plain pictures, on grey ones it lost most of what it knew.

# %%
grey_guess = predict.number(
    "Trained on grey and tested on grey: how many of 100 right?",
    low=0,
    high=100,
    unit="%",
)
grey_guess

# %%
trained = study.summary("trained_on")
grey_guess.compare(100 * trained["trained on grey, tested on its own kind"].mean)
figures.dots(trained)

# %% [markdown]
# Grey took two thirds of the plain network's right answers. A network that grew up with grey loses far fewer, though it does lose. So colour was what the plain one *used*, and most of what it gave can be had without. Shuffled patches cost nothing, as they should where only 15 pixels are seen.

# %% [markdown]
# Class by class, each network on pictures of its own kind. Which classes pay for the missing colour? Compare the columns *plain* and *grey*.

# %%
print("right, %: mean ± deviation over 10 seeds, about 100 pictures of a class each")
by_kind = {c: study.summary("trained_on_class", f"accuracy on {c}") for c in CLASSES}
kinds = list(experiments.TRAINED_BY_CLASS.variants)
print(study.table(CLASSES, kinds, lambda c, kind: by_kind[c][kind]))
for kind in kinds[1:]:
    lost = {c: by_kind[c]["plain"].mean - by_kind[c][kind].mean for c in CLASSES}
    worst = sorted(lost, key=lost.get)[::-1][:3]
    print(f"{kind} costs most:", ", ".join(f"{c} {100 * lost[c]:.0f}" for c in worst))

# %% [markdown]
# The notebook proposes a cure: *training on black and white removes colour bias*. Measure the bias directly. Turn all hues of the test pictures by 90° and count the answers that change. A network that learned from grey pictures ought not to care.

# %%
bias_guess = predict.number(
    "Trained on grey, given colour pictures: which share of its answers changes?",
    low=0,
    high=100,
    unit="%",
)
bias_guess

# %%
turned = study.summary("hue_turned")
bias_guess.compare(100 * turned["trained on grey, sees colours"].mean)
print(study.verdicts("grey_removes_bias"))
figures.dots(turned, metric="answers that change when hues turn by 90°")

# %% [markdown]
# About as many change as before, and from seed to seed by very different numbers: ten seeds do not decide it. Its weights had never been told what differences between channels mean, so they mean anything. You must also *give* it grey pictures. And even then some answers change, because turning a hue in HSV changes how bright the grey comes out.

# %% [markdown]
# The second proposal: *zooming in makes it use texture*. A network that goes by texture loses little when patches are shuffled. So train on zoomed pictures, shuffle zoomed pictures, and see whether that costs less than it costs the plain network.

# %%
zoom_guess = predict.choice(
    "Shuffling patches of 8 px costs the zoomed network, against the plain one,",
    ["less by more than 2 points", "about as much", "more by more than 2 points"],
)
zoom_guess

# %%
cost = study.summary("shuffle_cost")
gap = cost["trained on zoomed, 8 px"].mean - cost["trained on plain, 8 px"].mean
zoom_guess.compare(zoom_guess.options[0 if gap < -0.02 else 1 if gap <= 0.02 else 2])
print(study.verdicts("zoom_texture_16", "zoom_texture_8", "zoom_free"))
figures.dots(cost, metric="accuracy lost to shuffling")

# %% [markdown]
# No sign of it. But look at the bars: the plain network loses next to nothing either. It goes by texture already, so there was nothing to win, and zooming may cost it some accuracy. A fair test wants a network that sees shapes. So fine-tune the pretrained one, on plain and on zoomed pictures, and shuffle again.

# %%
print(study.verdicts("zoom_texture_tuned_16", "zoom_texture_tuned_8"))
figures.dots(study.summary("shuffle_cost_tuned"), metric="accuracy lost to shuffling")

# %% [markdown]
# Again no sign that zooming brings texture in: the zoomed network loses about as much, or a little more. One thing speaks for it that we cannot part from this: of a zoomed picture, a patch of 8 pixels shows half as many metres. What it tells is less, in whatever way the network looks.

# %% [markdown]
# ## Advice on trial
#
# All of it: one line a claim, one with the difference. Cover the output, and say of each whether it is supported, refuted, no difference that matters, or undecided. Everything is computed from `evidence/`: ten seeds each, another network for every seed.

# %%
print(trials.advice())

# %% [markdown]
# One of them in full. A dot is a run; a line joins the two runs of a seed, which share their network and pictures. Does the interval of the differences reach the grey band, where nothing matters?

# %%
found = study.outcome("cam_best_hue")
print(found)
figures.paired_dots(found)

# %% [markdown]
# You need not believe stored numbers. This repeats another trial here, on a smaller scale: 200 pictures to learn from, two seeds. Two seeds are too few for a verdict, and it says so.

# %% tags=["nbval-ignore-output"]
again = study.get("shows_occlusion_hue").rerun(seeds=2)
print(again)

# %% tags=["verdict"]
study.conclude(
    "for both seeds occlusion puts more heat on the disc than the blob does",
    bool((again.differences > 0).all()),
)

# %% [markdown]
# ## Exercises
#
# Replace the dots and run the cell. `ex.cover` shows a task in full, `ex.cover.hint()` a hint (call it again for the next), `ex.cover.solution()` a solution.
#
# **1.** Section 1 painted a square. Paint it in the picture's own mean colour, and leave the original alone.


# %%
def cover(picture, top, left, size):
    """Picture, uint8 [3, H, W], a square's first row and column, its size → a copy, the square in the mean colour."""
    ...


ex.cover.check(cover)

# %% [markdown]
# **2.** How does Grad-CAM make a heatmap of maps and gradients?


# %%
def grad_cam(maps, gradients):
    """Maps of a layer and the logit's gradient with respect to them, float [C, H, W] each → heatmap, float [H, W]."""
    ...


ex.grad_cam.check(grad_cam)

# %% [markdown]
# **3.** Go from the baseline to the picture, and collect the gradient on the way.


# %%
def integrated_gradients(gradient, x, baseline, steps):
    """Function x → gradient, x and baseline, float, same shape, number of steps → heat, float, same shape."""
    ...


ex.integrated_gradients.check(integrated_gradients)

# %% [markdown]
# **4.** Section 2 scored heatmaps by a mask. Write the score.


# %%
def energy_inside(heatmap, mask):
    """Heatmap, float [H, W], and mask, bool [H, W] → share of the positive heat inside, 0 to 1; 0 if there is none."""
    ...


ex.energy_inside.check(energy_inside)

# %% [markdown]
# **5.** Section 5 took the shapes away. Do it, in an order that is given.


# %%
def shuffle_patches(picture, size, order):
    """Picture, uint8 [3, H, W], size of a patch, order, int64 → same shape; place k has patch order[k]."""
    ...


ex.shuffle_patches.check(shuffle_patches)

# %% [markdown]
# ## Quiz

# %%
from course_lib.lessons.explanation.quiz import QUIZ

QUIZ

# %% [markdown]
# ## What to take away
#
# - A heatmap is a claim. Test the method where you planted the reason, in pictures like yours, before you believe it where you did not.
# - Every score has a taste. Deletion likes specks, insertion likes blobs, and a method that covers with grey is best when grey judges it. Use two, and name the fill.
# - *It used the colour* is found by taking colour away. *It needs the colour* is found by training without it.
# - Same pictures, two networks, opposite reasons. A reason belongs to the network.

# %% [markdown]
# **What we would write to the asker today.** Ask both families, but first of pictures whose reason you know. Training on grey showed no clear effect on colour bias, unless the network was then fed grey as well. Zooming in did not turn it to texture. Your highways and rivers are told by shape, PermanentCrop and Pasture largely by colour. That was one backbone, small and fine-tuned; ask your own.

# %% [markdown]
# **Open.** The planted things are small and sharp, and there is one a picture. Which method finds a reason that is spread over the whole picture, or one of two that would each do? Does a larger network with finer maps bring Grad-CAM back? Is a cover that looks natural (inpainting) a fairer judge than grey or blur? We have not found out.
#
# **Read on.** Zeiler, Fergus, *Visualizing and understanding convolutional networks*, 2014, [arXiv:1311.2901](https://arxiv.org/abs/1311.2901) · Selvaraju et al., *Grad-CAM*, 2017, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391) · Sundararajan, Taly, Yan, *Axiomatic attribution for deep networks*, 2017, [arXiv:1703.01365](https://arxiv.org/abs/1703.01365) · Petsiuk, Das, Saenko, *RISE*, 2018, [arXiv:1806.07421](https://arxiv.org/abs/1806.07421) · Adebayo et al., *Sanity checks for saliency maps*, 2018, [arXiv:1810.03292](https://arxiv.org/abs/1810.03292) · Geirhos et al., *ImageNet-trained CNNs are biased towards texture*, 2019, [arXiv:1811.12231](https://arxiv.org/abs/1811.12231) · Brendel, Bethge, *Bag-of-local-features models*, 2019, [arXiv:1904.00760](https://arxiv.org/abs/1904.00760)
