# %% [markdown]
# # 5b · Teach it the unknown: does a class "none" help?
#
# A classifier of ten logos names one of them for anything. The training data are the reason, said one: it has met only logos. Add a class for unknown things, at least as large as each other class. Or targets that are all zero. Or pictures of a generator that nobody has trained, for who wants to collect? Does any of it help, and how many pictures does it take?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# A class of collected unknowns makes the network far less sure of things that it has never met; whether it *tells them apart* better is another question. For near unknowns of other kinds it changed nothing that matters; for far ones it gained 1.6 points of AUROC, which is undecided, and part of it may be the backgrounds that collected and tested pictures share. As many unknown pictures as one class has, of several kinds, is a fair size for a trial: thirty times as many cost the known over seven points of accuracy, where *none* counts as wrong. Ten pictures of the very things that will come say where to draw the line, without any training: 16 of 100 came in instead of 71, for one known picture in five, not in twenty.
# </details>
#
# | you see | read |
# |---|---|
# | a handful of pictures of what must be refused | section 1 |
# | advice to add a class for the unknown, or another loss for it | section 2 |
# | advice to let a generator draw the unknown | section 3 |
# | the question how large such a class must be | section 4 |
# | no unknown pictures at all | [5a Open-set rejection](05a_open_set_rejection.ipynb) |
# | your own folder | *Your pictures*, at the end |
#
# Optional · MINUTES
#
# You will be able to train with pictures of none of your classes, to tell *less sure* from *better told apart*, and to say how many pictures that takes. Near, far and a line are explained in [5a](05a_open_set_rejection.ipynb), a verdict in [0](00_start_here.ipynb).

# %%
import numpy as np
import torch
from course_lib import data, features, figures, models, openset, study
from course_lib.lessons.unknown import exercises as ex
from course_lib.lessons.unknown import unknown_pictures, your_unknowns
from course_lib.lessons.unknown.generator import GeneratorSettings, generated_pictures
from course_lib.lessons.unknown.trials import TEACHING, TRIALS, by_size
from course_lib.practice import predict
from torch import nn
from torch.nn import functional as F

# %% [markdown]
# As in 5a: ten drawn logos to learn, ten others as near unknowns, and far ones without any logo; 1,280 numbers a picture from a frozen network.

# %%
train, known = data.logos(100, seed=0), data.logos(30, seed=1)
near, far = data.logos(30, seed=1, which="near"), data.far_unknowns(300, seed=1)
backbone = models.backbone("mobilenet_v2_035")


def see(pictures):
    """float [N, D]: what the frozen network makes of each picture."""
    found = features.extract(backbone, pictures, size=160, pooling="mean", progress=False)
    return torch.tensor(found)


scale = see(train).std()
x, x_known, x_near, x_far = (see(part) / scale for part in (train, known, near, far))

# %% [markdown]
# A head on these numbers takes a second to train. Here it is, whole:

# %%


def trained(x, targets, loss, outputs):
    """A head on features [N, D]: a dense layer, dropout, `outputs` logits; 20 epochs."""
    torch.manual_seed(0)
    hidden = (nn.Linear(x.shape[1], 256), nn.ReLU(), nn.Dropout(0.5))
    head = nn.Sequential(*hidden, nn.Linear(256, outputs))
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-3)
    for _ in range(20):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss(head(x[rows]), targets[rows]).backward()
            optimizer.step()
    return head.eval().requires_grad_(False)


alone = trained(x, train.labels, F.cross_entropy, outputs=10)

# %% [markdown]
# What it makes of the three sets of pictures: one minus the highest probability of a known class is the unknown score.

# %%


def told(head):
    """How sure it is of one of the ten, and how often an unknown picture gets the higher unknown score."""
    k, n, f = (head(v).softmax(1)[:, :10].amax(1) for v in (x_known, x_near, x_far))
    areas = openset.auroc(1 - k, 1 - n), openset.auroc(1 - k, 1 - f)
    sure = f"near {n.mean():.2f}, far {f.mean():.2f}, known {k.mean():.2f}"
    print(f"mean highest probability: {sure}")
    print(f"AUROC:                    near {areas[0]:.3f}, far {areas[1]:.3f}")
    return areas


# %% tags=["nbval-ignore-output"]
without = told(alone)

# %% tags=["verdict", "real-data"]
study.conclude(
    "far unknowns are told apart better than near ones", without[1] > without[0]
)

# %% [markdown]
# ## 1 · Ten unknown pictures, and no training
#
# Say that you have ten pictures of near unknowns, of the *same* ten strange logos that will come; that is the friendliest case. Without them, a line that loses 5 % of the known is what you can draw ([5a](05a_open_set_rejection.ipynb)). With them: the line where the two error *rates* add up to least. Draw the ten a thousand times (one head, one split of the marks); the score is the distance to the tenth nearest in the head's hidden layer.

# %%
few_guess = predict.choice(
    "With ten near unknowns to draw the line, instead of none,",
    {
        "fewer come in, and no more of the known are lost": lambda lost, let_in: (
            let_in < 0 >= lost
        ),
        "fewer come in, and more of the known are lost": lambda lost, let_in: (
            let_in < 0 < lost
        ),
        "as many come in, or more": lambda lost, let_in: let_in >= 0,
    },
)
few_guess

# %% tags=["nbval-ignore-output"]
hidden = [alone[:3](v) for v in (x, x_known, x_near)]
nearest = openset.KNN(k=10).fit(hidden[0], alone(x), train.labels)
own, strange = (nearest.score(v, alone[3](v)).numpy() for v in hidden[1:])
rng, errors = np.random.default_rng(0), {"no unknowns": [], "ten unknowns": []}
for _ in range(1000):
    mine, other = rng.permutation(own), rng.permutation(strange)
    lines = (
        openset.without_unknowns(mine[:150], rejected=0.05),
        openset.with_few(mine[:150], other[:10], by="youden"),
    )
    for name, line in zip(errors, lines, strict=True):
        errors[name].append(((mine[150:] > line).mean(), (other[10:] <= line).mean()))
for name, both in errors.items():
    lost, got_in = np.mean(both, axis=0)
    print(f"{name}: {lost:.1%} of the known lost, {got_in:.1%} of the near let in")

# %% tags=["verdict"]
lost, got_in = np.mean(errors["ten unknowns"], 0) - np.mean(errors["no unknowns"], 0)
few_guess.compare(lost=lost, let_in=got_in)
study.conclude(
    "ten unknowns: fewer let in, and more of the known lost", got_in < 0 < lost
)

# %% [markdown]
# Ten pictures move the line a long way: of a hundred near unknowns some 16 come in instead of 71, and one known picture in five is lost instead of one in twenty. A line that loses one in five could be drawn without them, and would let in about as many: what the ten tell is how far to go. To have fewer of both, the *score* has to change. Can training do it, with unknown pictures that are easier to get: of other kinds?
#
# ## 2 · A class for what is none
#
# We collect 200 pictures that are no known logo: words, other marks, spectrograms, shuffled logos. None of these *kinds* is in the test.

# %%
drawing = unknown_pictures.CollectSettings(
    side=96, pool_seed=10_000, n_marks=100, pieces=4
)
kinds = {
    kind: unknown_pictures.collected_pictures(kind, 50, drawing)
    for kind in unknown_pictures.KINDS
}
figures.gallery(
    torch.cat([part.images[:3] for part in kinds.values()]),
    [kind for kind in kinds for _ in range(3)],
    title="Unknowns to learn from: kinds that are in no test; generated",
)

# %% [markdown]
# Look *behind* the words and marks: textures, noise, photographs (cut out of the same two). Those are three of the five kinds of far unknowns in the test. Keep it in mind.
#
# There are many ways to use such pictures. An eleventh class, *none*. Ten sigmoids whose targets are all zero. Softmax whose target is one tenth for each (*entropic open-set loss*); the same, and features of none pushed to zero (*objectosphere*); or with half the weight (*outlier exposure*).
#
# **Exercise.** Write the targets that teach a network to say no ten times. Replace the dots; `ex.none_targets.hint()` helps.


# %%
def none_targets(labels, classes):
    """Labels, int64 [N], −1 for none of them → targets, float [N, classes]: one-hot, and a row of zeros for −1."""
    ...


ex.none_targets.check(none_targets)

# %% [markdown]
# The eleventh class first. How sure is the network now of *far* unknowns, whose kinds it has never met?

# %%
teach_guess = predict.number(
    "Mean highest probability for far unknowns (before, mean of ten seeds: 0.59):",
    low=0,
    high=1,
)
teach_guess

# %% tags=["nbval-ignore-output"]
unknown = torch.cat([see(part) for part in kinds.values()]) / scale
both = torch.cat([x, unknown])
labels = torch.cat([train.labels, torch.full((len(unknown),), 10)])
taught = trained(both, labels, F.cross_entropy, outputs=11)
with_none = told(taught)

# %% tags=["verdict", "real-data"]
before, after = (
    head(x_far).softmax(1)[:, :10].amax(1).mean() for head in (alone, taught)
)
study.conclude(
    "far unknowns are answered with less than half the probability", after < before / 2
)

# %% [markdown]
# That was one run, on the high side: the stored ones go from 0.08 to 0.26. Their mean:

# %%
sure_far = study.summary("logo_trained", "mean highest probability, far unknowns")
by_class = "background class, collected pictures"
teach_guess.compare(sure_far[by_class].mean, digits=2)
print(study.verdicts("training_data_near", "training_data_far"))

# %% [markdown]
# Over ten seeds (each draws other pictures of the *same* twenty marks): from 0.59 to 0.17. So the training data are *a* reason why it answers so surely. Now the question that counts. Does it tell unknown from known any better? (One run, as above, does not decide it.)

# %%
better_guess = predict.choice(
    "AUROC with the eleventh class, against none, ten seeds:",
    {
        "better by 0.01 or more, near and far": lambda near, far: min(near, far) >= 0.01,
        "far only": lambda near, far: near < 0.01 <= far,
        "near only": lambda near, far: far < 0.01 <= near,
        "neither": lambda near, far: max(near, far) < 0.01,
    },
)
better_guess

# %%
areas = {
    part: study.summary("logo_trained", f"AUROC, {part} unknowns")
    for part in ("near", "far")
}
nothing = "nothing, softmax"
gain = {part: s[by_class].mean - s[nothing].mean for part, s in areas.items()}
better_guess.compare(**gain)
print(study.verdicts("unknown_class_near", "unknown_class_far"))
taught_by = {
    "eleventh class": "background class",
    "all-zero targets": "all-zero targets",
    "entropic open-set loss": "entropic open-set loss",
    "objectosphere": "objectosphere",
    "outlier exposure": "outlier exposure",
}
ways = {"no unknowns, softmax": nothing, "no unknowns, sigmoids": "nothing, sigmoids"}
ways |= {name: f"{way}, collected pictures" for name, way in taught_by.items()}
rows = {f"{way}: {part}": areas[part][ways[way]] for way in ways for part in areas}
pairs = {way: (f"{way}: near", f"{way}: far") for way in ways}
figures.dots(rows, pairs=pairs, metric="AUROC")

# %% [markdown]
# Far unknowns: from 0.968 to 0.984, 1.6 points, interval 0.9 to 3.0: undecided, as two points matter. Part of it may be a learned *background*. Near unknowns: nothing. The network is less sure of them and, we think, of known ones that look like them: the order stays.
#
# The *objectosphere* loses eight points near; we think, because its lengths are measured with dropout in training only. *All-zero targets* against an eleventh class: near 1.5 points better, less than matters. Sigmoids that met no unknowns have as much (92.5): it seems to be the sigmoids. Far 1.6 points behind, undecided.
#
# ## 3 · Nobody wants to collect
#
# So somebody proposed an image generator that nobody has trained: its pictures are surely no logos. Others: train it a little on the logos, so that it draws something like them. Or mix two known logos half and half.

# %%
dcgan = {"rate": 2e-4, "beta": 0.5, "batch": 50, "noise": 64, "width": 64, "spread": 0.02}
untrained, slightly = (GeneratorSettings(epochs=n, **dcgan) for n in (0, 5))
drawn = {
    "untrained": generated_pictures(train, 3, untrained, seed=0),
    "five epochs": generated_pictures(train, 3, slightly, seed=0),
    "mixed": unknown_pictures.blended(train, 3, seed=0, draws=4),
}
figures.gallery(
    torch.cat([part.images for part in drawn.values()]),
    [name for name in drawn for _ in range(3)],
    columns=3,
    title="Unknowns that nobody has to collect",
)

# %% [markdown]
# Each does as the eleventh class, 200 pictures of it. Which makes the network least sure of far unknowns?

# %%
made = {
    "untrained": "background class, untrained generator",
    "five epochs": "background class, slightly trained generator",
    "mixed": "background class, mixed-up classes",
}
generator_guess = predict.smallest(
    "Lowest mean probability for far unknowns (with no unknown class 0.59):",
    list(made),
    none={"none is below 0.50": 0.5},
)
generator_guess

# %%
generator_guess.compare({name: sure_far[way] for name, way in made.items()})
for name, way in {"no unknown class": nothing, "collected": by_class, **made}.items():
    told_apart = "  ".join(f"{part} {s[way].mean:.3f}" for part, s in areas.items())
    print(f"{sure_far[way].mean:.2f} sure of the far, AUROC {told_apart}   {name}")
print(study.verdicts("untrained_gan_near", "untrained_gan_far"))
print(study.verdicts("slightly_trained_gan_near", "slightly_trained_gan_far"))
print(study.verdicts("collect_nothing_near", "collect_nothing_far"))

# %% [markdown]
# The untrained generator changes nothing that matters. We think that its coloured noise is so unlike all else that the network can put it aside. Trained for five epochs it makes the answers less sure, and gains 0.8 points on the untrained one, far, which is less than matters. That its pictures are *as good as collected ones* is true for near unknowns because neither helps there; for far ones it is undecided (collected ones are ahead by 0.6 points).
#
# ## 4 · How many?
#
# At least as large as each other class, somebody said, then more until it works. So measure. Fifty pictures of each known class; a class *none* of 0.1 to 30 times that. The test has other kinds. *Known right* means here: named, and rightly; a known picture that is called *none* counts as wrong.

# %%
pay_guess = predict.number(
    "Points of accuracy on the known that 30 times (four kinds) costs:",
    low=0,
    high=30,
    unit="points",
)
pay_guess

# %%
accuracy, sizes = by_size("accuracy on the known"), (0.1, 0.3, 1, 3, 10, 30)
pay_guess.compare(100 * (accuracy["none"][30].mean - accuracy["4 kinds"][30].mean))
columns = {"known right": accuracy}
columns |= {f"AUROC {part}": by_size(f"AUROC, {part} unknowns") for part in areas}
print("a class none of four kinds, in times of one known class; mean ± SD, ten seeds, %")
print("    " + "".join(f"{name:>16}" for name in columns))
for size in (0, *sizes):
    kinds, at = ("4 kinds", size) if size else ("none", 1)
    cells = [one[kinds][at] for one in columns.values()]
    shown = "".join(f"{100 * s.mean:10.1f} ± {100 * s.sd:3.1f}" for s in cells)
    print(f"{size:<4g}{shown}")

# %% [markdown]
# The last two columns, drawn, beside a head that met no unknowns:

# %%
curves = {}
for part in areas:
    by_kind = by_size(f"AUROC, {part} unknowns")
    curves |= {
        f"{part}, four kinds": by_kind["4 kinds"],
        f"{part}, no unknown pictures": by_kind["none"],
    }
figures.lines(
    curves,
    xlabel="unknown pictures, in times of one class (logarithmic)",
    ylabel="AUROC in %",
    band=False,
)

# %% [markdown]
# Near unknowns never gain a point, and from three times on the mean falls. Far ones gain 2.4 points with thirty times a class; nearly half of that is there at a third of a class. The known pay: one point at one class's worth, five at ten, over seven at thirty. Part of it, or all, is that known pictures are called *none*, as a line refuses some, too. (The SD is large because each seed draws other pictures; the verdicts compare within a seed.)

# %%
print(study.verdicts("as_large_as_a_class_near", "as_large_as_a_class_far"))
print(study.verdicts("one_class_of_four_kinds_far"))

# %% [markdown]
# No single step is decided. Our rule of thumb, for a head on a frozen network: try **one class's worth of unknown pictures, of several kinds**; it costs a point. Two comparisons in the folded table are not fair, and we build nothing on them: ten times as many pictures also trained for 82 % more steps (*then more*), and one kind is a different kind from seed to seed (*many kinds*).
#
# All this is about kinds that are *not* those of the test. With pictures of the very things that will come, section 1 moved a line, and trained nothing.
#
# ## The trials of 5b
#
# Unfold the table, cover the verdicts, and say of each piece of advice which one it got.

# %%
study.folded(trial for trial in TRIALS if trial.lesson == TEACHING)

# %% [markdown]
# ## Your pictures
#
# Put the name of a folder there that holds a folder for each class. Each of up to five classes is left out in turn and plays the near unknown; a head learns the others, once alone and once with a class of our four kinds, as many pictures as one class has. A folder of things that must be refused goes into `unknown`: then these are the near ones, no class is left out, and two lines say what ten of them do to a line (section 1). `None` takes 300 of the lesson's pictures.

# %% tags=["nbval-ignore-output"]
folder, unknown = None, None  # "photos", "frames without any of them"

yours = your_unknowns.taught(folder or known, unknown)
print(yours)

# %% tags=["verdict"]
study.conclude("both ways were tried", len(yours.areas) == 2)

# %% [markdown]
# ## What we would write to the asker
#
# A class for the unknown is worth a trial with about as many pictures as one class has, of several kinds: it makes the network far less sure of what it never met. But less sure is not better told apart: for near unknowns of other kinds we found no gain that matters, for far ones 1.6 points, undecided. An untrained generator changed nothing. Of the very things that you will meet, ten pictures move the line, at the price of one known picture in five; training with them we have not measured.
#
# ## Open
#
# The words and marks that we collect stand on textures, noise and photographs, as far unknowns do; with other grounds the far gain may shrink. Each seed redraws the same twenty marks, so the spread speaks of pictures, not of logos in general. We trained with kinds that are not tested; how much one, ten or a hundred pictures of the *tested* classes bring in training, this notebook does not measure. The network is frozen throughout.
#
# ## Read on
#
# Dhamija, Günther, Boult, *Reducing network agnostophobia*, 2018, [arXiv:1811.04110](https://arxiv.org/abs/1811.04110) · Hendrycks, Mazeika, Dietterich, *Deep anomaly detection with outlier exposure*, 2019, [arXiv:1812.04606](https://arxiv.org/abs/1812.04606) · Fort, Ren, Lakshminarayanan, *Exploring the limits of out-of-distribution detection*, 2021, [arXiv:2106.03004](https://arxiv.org/abs/2106.03004)
#
# ## Next
#
# A dozen scores that need no training: **[5c Which score, where?](05c_which_score_where.ipynb)**. Back to the line and the video: **[5a Open-set rejection](05a_open_set_rejection.ipynb)**.
