# %% [markdown]
# # 6a · Heatmaps on trial
#
# Your network says *Highway*, and you want to see why. One method lights up the road, the next one the field beside it, a third the whole picture; all look like explanations. Somebody scored such a map against the true object and found it always a little beside. Which one can you believe, and how would you find out?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# Believe none before you tried it where you know the reason. Plant one: `explain.on_trial(model, pictures)` does it in your own network, without training, and names the method that finds it there. If your network halves the picture five times, as MobileNet, EfficientNet and ResNet do, the last map of 64 pixels has four cells: ask an earlier layer. And the usual enlargement paints Grad-CAM up to half a cell beside the place where it looks.
# </details>
#
# | you see | read |
# |---|---|
# | heatmaps that contradict each other | section 1 |
# | a heatmap that lies beside the thing, always to the same side | section 2 |
# | a score that says which heatmap is best | section 3 |
# | a heatmap of a fine-tuned network that lights up the same corner each time | section 4 |
# | you want to know what it uses there, colour or shape | [6b Why did it say that?](06b_why_did_it_say_that.ipynb) |
# | your own network | *Your pictures*, at the end |
#
# Optional · MINUTES
#
# You will be able to test a heatmap before you believe it, to say where the cells of a feature map look, and to choose a method for *your* network by a trial.

# %%
import torch
from course_lib import data, explain, figures, metrics, models, study
from course_lib.lessons.explanation import exercises as ex
from course_lib.lessons.explanation import experiments, methods, networks, trust

# %%
from course_lib.lessons.explanation.experiments import (
    BLACK,
    BLOB,
    BY_CELLS,
    CAM,
    CAM_BY_CELLS,
    FILLS,
    FROM_MEAN,
    METHODS,
    OCCLUSION,
    RANDOM,
    RANDOMIZED,
    REASONS,
)
from course_lib.lessons.explanation.pictures import planted_test
from course_lib.lessons.explanation.trials import LESSON, TRIALS
from course_lib.lessons.transfer import network
from course_lib.practice import predict

# %% [markdown]
# ## 1 · A reason that you know
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
# A small network learns each of them from 1,000 pictures. Does it go by the planted thing? Cover it, in the picture's mean colour; then cover everything else.

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
# So here the reason is known, not only planned: it lies in the mask. (Of the road the second row shows it, 52 %: in the third the cover has its shape.) Seven methods are to find it, of two families. *Change the picture and ask again*: occlusion (a square), RISE (random masks), LIME (superpixels). *Go back through the weights*: saliency (the gradient), SmoothGrad (its mean over noisy copies), integrated gradients (added up on the way from a baseline), Grad-CAM (the last maps, weighed by their gradients). A blob in the middle and random numbers are the rivals that know nothing.

# %%
found_guess = predict.largest(
    "Which method has most of its heat on the planted road?",
    ["saliency", CAM, OCCLUSION, FROM_MEAN, "RISE"],
)
found_guess

# %%
energy = study.summary("planted_found")
found_guess.compare({name: energy[f"road: {name}"] for name in METHODS})
print("heat on the planted thing, %: mean ± deviation over 10 seeds, 20 pictures each")
print(study.table(METHODS, REASONS, lambda m, reason: energy[f"{reason}: {m}"]))

# %% [markdown]
# Grad-CAM, as its libraries draw it, has four fifths of its heat beside the road, and RISE does no better than the blob. Starting integrated gradients from the mean colour favours what stands out, and a planted thing does; that is a choice of ours.
#
# **Exercise 1.** Write the score: the share of positive heat that lies in the mask. Replace the dots; `ex.energy_inside.hint()` helps.


# %%
def energy_inside(heatmap, mask):
    """Heatmap, float [H, W], and mask, bool [H, W] → share of the positive heat inside, 0 to 1; 0 if there is none."""
    ...


ex.energy_inside.check(energy_inside)

# %% [markdown]
# Is RISE useless? Score the same heatmaps in another way, the *pointing game*: does the hottest pixel lie on the thing?

# %%
pointed = study.summary("planted_found", "hottest pixel on the planted thing")
print("hottest pixel on the thing, %: mean ± deviation over 10 seeds, 20 pictures each")
print(study.table(METHODS, REASONS, lambda m, reason: pointed[f"{reason}: {m}"]))

# %% [markdown]
# From nearly last to a shared first on the road, with the same maps. RISE gives each pixel the mean answer while it is seen, which is never near zero: a flat floor with a peak in the right place. A score judges the method *and* what the score takes for zero. Two are the least to ask for. But look at Grad-CAM: on the road its hottest pixel misses nearly always. Why?

# %% [markdown]
# ## 2 · Always to one side
#
# Grad-CAM gives a map of 8×8 cells, and libraries enlarge it to the 64 pixels as one enlarges a picture: cell *i* is painted around pixel 8*i* + 3.5. But where does it *look*? The network has three convolutions of stride 2, each with a kernel of 3 and a padding of 1.

# %%
off_guess = predict.number(
    "Three times stride 2, padding 1: how many pixels beside the place where it looks is a cell painted?",
    low=0,
    high=16,
    unit="px",
)
off_guess

# %% [markdown]
# Follow one number back, layer by layer: a kernel's middle lies (k − 1) / 2 cells after its first one, and padding shifts it back.


# %%
def where_cells_look(layers):
    """(kernel, stride, zeros padded before) of each layer → the pixel of cell 0, and pixels from cell to cell."""
    first, step = 0.0, 1
    for kernel, stride, before in layers:
        first += step * ((kernel - 1) / 2 - before)
        step *= stride
    return first, step


first, step = where_cells_look([(3, 2, 1)] * 3)
off_guess.compare((step - 1) / 2 - first)
print(
    f"cell i looks at pixel {first:g} + {step} i; painted at {(step - 1) / 2} + {step} i"
)

# %% [markdown]
# Half a cell, less half a pixel, down and to the right. And in other networks? `explain.cells_of` follows strides and paddings through any of them, those that no layer mentions too. Here for 224 pixels: where a map's middle is painted, less where it looks.

# %%
x, beside = torch.zeros(1, 3, 224, 224), {}
for name in ("mobilenet_v2_035", "efficientnet_lite0", "resnet18", "squeezenet1_1"):
    body = models.backbone(name, weights="random").body
    cells = explain.cells_of(body, explain.last_layer(body, x), x)
    beside[name] = cells.displacement(body(x).shape[2:], (224, 224))[0]
    print(
        f"{name:18} a cell of {cells.step[0]:g} px, painted {beside[name]:+.1f} px beside"
    )

# %% [markdown]
# Half a cell again, and not even to the same side: torch pads a stride of 2 on both sides, TensorFlow below and to the right, and the first two networks were made with its padding. The step is the same, 32 px; the side is that of the padding. (We have not tried one network with either padding.) SqueezeNet does not pad, and is right by luck.
#
# Lay each cell on the pixel where it looks, and draw linearly in between (`explain.enlarge`). Three roads, one network trained here:

# %% tags=["nbval-ignore-output"]
learned = networks.planted_network({**experiments.PLANTED, "reason": "road"}, seed=0)
roads, masks = planted_test({**experiments.PLANTED, "reason": "road"}, seed=0)
three = roads.at([0, 1, 2])
maps = {
    name: methods.heatmaps(settings, learned, three.images, three.labels, seed=0)
    for name, settings in {CAM: METHODS[CAM], **BY_CELLS}.items()
}
heats = [h for k in range(3) for h in (None, *(found[k] for found in maps.values()))]
names = [
    "the picture",
    "Grad-CAM,\nas published",
    *(n.replace(", ", ",\n") for n in BY_CELLS),
]
same = three.images.repeat_interleave(len(names), dim=0)
figures.heat_overlays(same, heats, names * 3, columns=5, title="Where is the road?")

# %% tags=["verdict"]
shares = {
    name: sum(explain.energy_inside(h, m) for h, m in zip(found, masks, strict=False))
    for name, found in maps.items()
}
study.conclude(
    "laid where its cells look, Grad-CAM has over a point more heat on these roads",
    (shares[CAM_BY_CELLS] - shares[CAM]) / 3 > 0.01,
)
study.conclude(
    "torch's and TensorFlow's padding shift by over 8 pixels to opposite sides",
    max(beside["mobilenet_v2_035"], -beside["resnet18"]) < -8,
)

# %% [markdown]
# Now eight networks. The pointing game gets a second column, with 8 pixels of slack, one cell of the 8×8 map, for all rows. Random numbers say what that slack is worth. The last two rows ask an earlier, finer layer, by another formula.

# %%
rows = [RANDOM, BLOB, CAM, *BY_CELLS]
scored = {
    "heat on it": "heat on the planted thing",
    "pixel on it": "hottest pixel on the planted thing",
    "within a cell": "hottest pixel within a cell of the planted thing",
}
print("the road, %: mean ± deviation over 8 seeds, 20 pictures each")
tables = {name: study.summary("planted_cells", metric) for name, metric in scored.items()}
print(study.table(rows, scored, lambda m, name: tables[name][f"road: {m}"]))
on_it = tables["pixel on it"]
print("hottest pixel on each of the three things, %")
print(study.table(rows, REASONS, lambda m, reason: on_it[f"{reason}: {m}"]))
names = ("cam_enlarged", "cam_best", "cam_finer")
print(study.verdicts(*(f"{name}_{reason}" for name in names for reason in REASONS)))

# %% [markdown]
# Its hottest pixel is now on the road 56 times in 100, before 17 (no trial; the verdicts are by heat). Its heat gains four to seven points, surely over five for texture only. It stays behind occlusion: *Grad-CAM is the best* is refuted, for small things. Finer maps, by another formula, have more heat there (44, 42 against 23) but hit it no more often (53, 52 against 56); discs they do.
#
# Slack is cheap: within a cell lie nearly all, and half of the blobs'.
#
# **Exercise 2.** How does Grad-CAM make its map, before it is enlarged?


# %%
def grad_cam(maps, gradients):
    """Maps of a layer and the logit's gradient with respect to them, float [C, H, W] each → heatmap, float [H, W]."""
    ...


ex.grad_cam.check(grad_cam)

# %% [markdown]
# ## 3 · No mask? Ask the network
#
# On real land nobody knows the reason. The network here is small, began with random weights, and learned from 3,000 pictures of EuroSAT. **Deletion** asks the network: cover the hottest pixels first; if the map is right, the answer must fall early. The mean answer on the way is the score, lower is better. Random numbers know nothing, so each method ought to beat them. Does occlusion?

# %%
random_guess = predict.choice(
    "Deletion with grey: occlusion, less random numbers",
    {
        "lower (better) by more than 2 points": (None, -0.02),
        "within 2 points": (-0.02, 0.02),
        "higher (worse) by more than 2 points": (0.02, None),
    },
)
random_guess

# %%
deleted = study.summary("heat_trust", trust.DELETION)
occluded, drawn = (deleted[f"{m}; covered with grey"] for m in (OCCLUSION, RANDOM))
random_guess.compare(occluded.mean - drawn.mean)
print("EuroSAT, deletion: mean answer in % (lower is better), 10 seeds, 20 pictures each")
print(study.table(METHODS, FILLS, lambda m, fill: deleted[f"{m}; covered with {fill}"]))
print(study.verdicts("random_deletion", "cam_best_deletion"))
behind = {
    (m, fill): (
        deleted[f"{CAM}; covered with {fill}"].mean
        - deleted[f"{m}; covered with {fill}"].mean
    )
    for m in (OCCLUSION, BLACK)
    for fill in FILLS
}
for (m, fill), less in behind.items():
    print(f"Grad-CAM less {m}, covered with {fill}: {100 * less:+.1f} points")

# %% [markdown]
# On average occlusion does 3.3 points *worse* than numbers that know nothing. The interval reaches to both sides, so that is undecided, and your bet was scored by the mean; that it beats them is not shown either. One reading: grey specks all over are new to the network and upset it more than a clean hole. Then deletion rewards *scattered* hot pixels, right or wrong. Cover with the blurred picture, and random numbers come last, with integrated gradients from black.

# %% [markdown]
# The second verdict is of grey against grey. Of six pairs of fills Grad-CAM (as published; by cells we have not run it) is over two points behind in two, both with occlusion by grey, and level in four. So it speaks of this pair, not of the methods.
#
# *Insertion* uncovers instead; higher is better. *µ-fidelity* correlates the heat of random sets of squares with the fall of the answer. How much of the order of all methods survives another fill?

# %%
insertion = study.summary("heat_trust", trust.INSERTION)
fidelity = study.summary("heat_trust", trust.FIDELITY)
some = [BLOB, *(m for m in METHODS if "integrated" in m), RANDOM]
grey = [f"{m} {insertion[f'{m}; covered with grey'].mean:.0%}" for m in some]
print("insertion with grey:", *grey, sep="\n  ")
scores = {"deletion": deleted, "insertion": insertion, "µ-fidelity": fidelity}
kept = {
    (name, fill): methods.agreement(
        score, METHODS, "; covered with grey", f"; covered with {fill}"
    )
    for name, score in scores.items()
    for fill in ("black", "blurred")
}
for (name, fill), agreed in kept.items():
    print(f"{name:11} grey against {fill:8} rank correlation {agreed:+.2f}")

# %% tags=["verdict"]
study.conclude(
    "deletion: Grad-CAM is over two points behind in two pairs of six, within one in four",
    sorted((abs(b) < 0.01) - (b > 0.02) for b in behind.values()) == [-1] * 2 + [1] * 4,
)
study.conclude(
    "against blurred, deletion and insertion keep less than half of the order",
    max(kept["deletion", "blurred"], kept["insertion", "blurred"]) < 0.5,
)

# %% [markdown]
# Insertion prefers other maps: the blob gets 38 %, integrated gradients 24 to 29, random numbers 23. Grey and black agree fairly well. Against blurred, deletion's order is not to be recognised, insertion's is half turned round (11 rows, controls among them), µ-fidelity's stays. Such a score answers *what if these pixels were grey*, and the grey is part of the question. State it with the score.
#
# Last, the cheapest check: new random weights. A map that stays is drawn from the picture, not from what was learned. Saliency has no signs and integrated gradients have, so compare sizes only.

# %%
sizes, signed = (
    study.summary("planted_sanity", m) for m in (trust.SIZES, trust.LIKENESS)
)
alike = {"signs left out": sizes, "as they are": signed}
print(
    "the road, rank correlation with the random network's map, 8 seeds, 20 pictures each"
)
print(study.table(RANDOMIZED, alike, lambda m, which: alike[which][m]))
names = ("saliency", "cam", "integrated", "integrated_mean")
print(study.verdicts(*(f"depends_{name}" for name in names)))

# %% [markdown]
# As they are, integrated gradients look wholly changed, and saliency does not: so one usually reads it. Signs left out, they keep no less order, 0.19 and 0.16 against 0.13: it was the signs. *Refuted* means: surely over 0.1 above noise (*lower*, above, is noise). Most of the map did change, least of SmoothGrad's (0.37, no trial).
#
# *Changed* is not *right*, either: random numbers change. [Yona and Greenfeld](https://arxiv.org/abs/2110.14297) (2021) show that the task decides much, [Binder et al.](https://arxiv.org/abs/2211.12486) (2023) that noise does well and that even random layers pass strong channels on. It is one hint among several.
#
# ## 4 · In the asker's network
#
# Theirs is fine-tuned from photographs. So is the one of [chapter 3](03a_transfer_learning_eurosat.ipynb), a MobileNetV2, which comes with the course. A road cannot be planted in it without training, but a *patchwork* can: quarters of four pictures, each of another class. Where the answer falls by half when one quarter is covered, and by less for the others, the reason lies there. Chance is 25 %.

# %%
own_guess = predict.largest(
    "In the fine-tuned MobileNetV2: whose hottest pixel lies most often in the right quarter?",
    [
        "saliency",
        "integrated gradients, mean colour",
        "Grad-CAM",
        "Grad-CAM, a finer layer",
    ],
)
own_guess

# %% tags=["nbval-ignore-output"]
model = network.shipped()
test = network.parts(data.load("eurosat"))[2].subset(300, seed=0)
x = model.preprocessing(test.images[:1])
maps_of = explain.feature_layers(model, x)
print(f"its last map has {maps_of[-1].size[0]}×{maps_of[-1].size[1]} cells at 64 pixels")
trial = explain.on_trial(model, test.images, n=60)
own_guess.compare({row.name: row.hit for row in trial.rows})
print(trial)

# %% tags=["verdict", "real-data"]
hits = {row.name: row.hit for row in trial.rows}
finer = [hits[f"{cam}, a finer layer"] for cam in ("Grad-CAM", "LayerCAM")]
study.conclude(
    "by either formula the finer layer hits over 20 points more often than the last",
    min(finer) - max(hits["Grad-CAM"], hits["LayerCAM"]) > 0.2,
)

# %% [markdown]
# At 64 pixels this network's last map has four cells. Asked there, both formulas hit not surely more than chance; at 4×4 cells eight or nine times in ten, occlusion eight. (Maps are laid where their cells look: it is not section 2's half cell.) So the layer decides here, hardly the formula. Integrated gradients, best on the planted road, do no better than the last layer.
#
# It is narrow: quarters ask for no fine detail, and patchworks were picked by covering, which favours occlusion. The best four are level. Draw with two of them, and believe what both show.

# %% tags=["nbval-ignore-output"]
classes = ("Highway", "River", "Residential", "PermanentCrop")
rows = [int((test.labels == test.classes.index(kind)).nonzero()[0]) for kind in classes]
some, why = test.batch(rows), test.labels[rows]
drawn = dict.fromkeys(("Grad-CAM", trial.best, "occlusion, grey"))
drawn = {name: trial.heatmaps(some, why, method=name) for name in drawn}
heats = [h for k in range(4) for h in (None, *(found[k] for found in drawn.values()))]
captions = [
    c for kind in classes for c in (kind, *(n.replace(", ", ",\n") for n in drawn))
]
same = some.repeat_interleave(1 + len(drawn), dim=0)
figures.heat_overlays(same, heats, captions, columns=1 + len(drawn), title="Why?")

# %% tags=["verdict"]
best = trial.rows[0]
least = metrics.wilson_interval(round(best.hit * best.n), best.n, z=3)[0]
study.conclude(
    "the winner hits surely more often than chance, best of eight", least > 0.25
)
constant = {row.name: row.same for row in trial.rows}["Grad-CAM"]
study.conclude("Grad-CAM's hottest quarter is nearly always the same", constant > 0.8)

# %% [markdown]
# Look at the column of Grad-CAM: one corner, whatever the picture holds. So it is in the patchworks (*same quarter*, in the table). Such a map does not guess, it is nearly a constant, and tells nothing of the picture; a hit rate near chance would not have told you that. Why this corner, we have not tried.
#
# Another network: EfficientNet-Lite0 from photographs, frozen, a logistic regression as its head, fitted on 600 pictures.

# %% tags=["nbval-ignore-output"]
train = network.parts(data.load("eurosat"))[0].subset(600, seed=0)
lite = networks.probed("efficientnet_lite0", train)
of_lite = explain.on_trial(lite, test.images, n=60)
print(of_lite)

# %% tags=["verdict", "real-data"]
also = {row.name: row.hit for row in of_lite.rows}
study.conclude(
    "here too each formula hits more often at the finer layer than at the last",
    all(also[f"{c}, a finer layer"] > also[c] for c in ("Grad-CAM", "LayerCAM")),
)

# %% [markdown]
# The finer layer again. So few patchworks do not order the methods at the top.
#
# **Exercise 3.** Integrated gradients come with a check that costs nothing: all their heat adds up to the logit of the picture less that of the baseline. Write them, and the check below is yours.


# %%
def integrated_gradients(gradient, x, baseline, steps):
    """Function x → gradient, x and baseline, float, same shape, number of steps → heat, float, same shape."""
    ...


ex.integrated_gradients.check(integrated_gradients)

# %% tags=["nbval-ignore-output"]
x = model.preprocessing(some)
with torch.no_grad():
    rise = (model(x) - model(torch.zeros_like(x))).gather(1, why[:, None])[:, 0]
for steps in (4, 32, 128):
    heat = explain.integrated_gradients(model, x, why, steps=steps).sum(dim=(1, 2))
    print(
        f"{steps:3} steps: off by {((heat - rise).abs() / rise.abs()).max():.1%} at most"
    )

# %% tags=["verdict", "real-data"]
off = ((heat - rise).abs() / rise.abs()).max()
study.conclude("with 128 steps the sum is off by less than 10 %", off < 0.1)

# %% [markdown]
# If the sum is far off, the map is not yet the integral: take more steps before you look at it. All advice of this notebook, folded:

# %%
study.folded(trial for trial in TRIALS if trial.lesson == LESSON)

# %% [markdown]
# ## Your pictures
#
# Put your network in the place of `own`, and pictures that it has *not* learned from in `folder`, of four classes or more. `own` is ours as it stands, with other patchworks than in section 4: another winner, the same four at the top. Trust groups, not the order. A PyTorch module gives logits and wants its `preprocessing`; chapter 8's is `classify.load("FOLDER").answerer.classifier`. Fewer than 20 patchworks? Raise `n`: with 20 a share is ± 11 points. Of a Keras model make a function, as the first lines show; then only the methods that ask are tried.

# %% tags=["nbval-ignore-output"]
# A Keras model that learned from x / 255: own = lambda x: torch.tensor(
#     keras_model.predict(x.permute(0, 2, 3, 1).numpy() / 255, verbose=0))
own, preprocessing = model, None  # models.IMAGENET for torchvision's
folder = None  # "photos", with a folder a class; None takes the lesson's test pictures

size = 64  # the side of the pictures that your network wants
photos = data.from_folder(folder, size=size) if folder else test
mine = photos.images
names = dict(enumerate(photos.classes))  # if your network has them in this order
yours = explain.on_trial(own, mine, preprocessing=preprocessing, n=60, seed=1)
print(yours)
said = yours.answered(mine)
rows = [int((said == k).nonzero()[0]) for k in said.unique()[:4]]
heats = [h for heat in yours.heatmaps(mine[rows]) for h in (None, heat)]
captions = [
    c for k in said[rows] for c in (f"answer: {names.get(int(k), int(k))}", "why")
]
same = mine[rows].repeat_interleave(2, dim=0)
figures.heat_overlays(same, heats, captions, columns=4, title=f"Yours, {yours.best}")

# %% tags=["verdict"]
first = yours.rows[0]
study.conclude(
    "your network: the winner hits surely more often than chance, best of eight",
    metrics.wilson_interval(round(first.hit * first.n), first.n, z=3)[0] > 0.25,
)

# %% [markdown]
# ## What we would write to the asker
#
# At 64 pixels ask no heatmap of such a network's last layer: it has four cells; in two networks it hit not surely more often than chance, and in one lit up a corner whatever it saw. (At 224 it has 49: run the trial.) In a MobileNetV2 like yours a finer layer, by Grad-CAM or LayerCAM, and occlusion hit eight or nine times in ten. The usual enlargement was off by half a cell. Promise the procedure, no method: plant a reason like yours, and score. *Where* is not *what*: see [6b](06b_why_did_it_say_that.ipynb).
#
# ## Open
#
# Which method finds a reason that is spread over the whole picture, or one of two that would each do? A check that trains anew without the hot pixels (ROAR) we have not run: with a road, the hole that is cut has the road's shape. In a fine-tuned network we planted quarters, no thin lines. And deletion by cells, on real land, is still to be measured.
#
# ## Read on
#
# Selvaraju et al., *Grad-CAM*, 2017, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391) · Smilkov et al., *SmoothGrad*, 2017, [arXiv:1706.03825](https://arxiv.org/abs/1706.03825) · Sundararajan, Taly, Yan, *Axiomatic attribution* (integrated gradients), 2017, [arXiv:1703.01365](https://arxiv.org/abs/1703.01365) · Ribeiro, Singh, Guestrin, *"Why should I trust you?"* (LIME), 2016, [arXiv:1602.04938](https://arxiv.org/abs/1602.04938) · Petsiuk, Das, Saenko, *RISE* (with deletion and insertion), 2018, [arXiv:1806.07421](https://arxiv.org/abs/1806.07421) · Bhatt, Weller, Moura (µ-fidelity), 2020, [arXiv:2005.00631](https://arxiv.org/abs/2005.00631) · Draelos, Carin (HiResCAM), 2020, [arXiv:2011.08891](https://arxiv.org/abs/2011.08891) · Adebayo et al., *Sanity checks*, 2018, [arXiv:1810.03292](https://arxiv.org/abs/1810.03292) · Hooker et al. (ROAR), 2019, [arXiv:1806.10758](https://arxiv.org/abs/1806.10758) · Araujo, Norris, Sim, *Computing receptive fields*, 2019, [doi:10.23915/distill.00021](https://doi.org/10.23915/distill.00021)
#
# ## Next
#
# What does it use there, colour, texture or shape? **[6b Why did it say that?](06b_why_did_it_say_that.ipynb)**
