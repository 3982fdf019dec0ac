# %% [markdown]
# # 6b · Why did it say that?
#
# Somebody fine-tuned a network on satellite pictures to learn *which features matter*, and ended with two proposals and no test: train in black and white, and the colour bias goes; zoom in, and it uses texture. A third person covers pieces of a picture and watches the answer. What does a network use, what does it need, and how would you find out?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# Take one thing away and watch the answers: that says what a network *uses*, or what it stumbles over. Train without the thing: that says what it *needs*. Of the changes that leave a picture, a blur cost a fine-tuned network most; a small one from scratch lost most where colours changed, hues turned or grey; and networks that grew up with grey lost far less. In the small one training in grey did away with most colour bias only where it was then fed grey, too, at a price of eight or nine points; fed colours, nothing clear. Zooming showed no clear effect.
# </details>
#
# | you see | read |
# |---|---|
# | one answer, and you wonder which place it rests on | section 1 |
# | a network that works, and you wonder whether by colour, texture or shape | section 2 |
# | a drop after a change, and you do not know what it proves | section 3 |
# | advice to train in grey, or to zoom in | section 4 |
# | heatmaps that contradict each other | [6a Heatmaps on trial](06a_heatmaps_on_trial.ipynb) |
# | your own network | *Your pictures*, at the end |
#
# Core · MINUTES
#
# You will be able to ask a network by changing its pictures, to tell *used* from *needed*, and to say what a drop leaves open.

# %%
import torch  # for a Keras model in the last cell  # noqa: F401
from course_lib import data, explain, figures, study, training
from course_lib.lessons.explanation import exercises as ex
from course_lib.lessons.explanation import experiments, your_pictures
from course_lib.lessons.explanation.experiments import CHANGES, CLASSES
from course_lib.lessons.explanation.trials import TRIALS, WHY
from course_lib.lessons.transfer import network
from course_lib.practice import predict

pictures = data.load("eurosat")
test = network.parts(pictures)[2]

# %% [markdown]
# ## 1 · Cover a place
#
# The network is of the asker's kind: MobileNetV2, fine-tuned on EuroSAT; it comes with the course. Take a river that it names right without being quite sure. Cover a grey square of 16 pixels, a sixteenth of the picture, and ask again. Bet on the worst of all places: by how many points does *River* fall?

# %%
cover_guess = predict.number(
    "One grey square, a sixteenth of the picture, at its worst place: River falls by",
    low=0,
    high=100,
    unit="points",
)
cover_guess

# %% tags=["nbval-ignore-output"]
model = network.shipped()
asked = training.predictor(model)
river = test.classes.index("River")
rivers = test.at((test.labels == river).nonzero()[:100, 0])
sure = asked(rivers.images)[:, river]
k = int((sure - 0.9).abs().argmin())
picture, plain = rivers.images[k], float(sure[k])
grids = {
    fill: explain.occlusion_grid(asked, picture, size=16, stride=4, fill=fill)
    for fill in explain.FILLS
}
falls = {fill: plain - grid[..., river] for fill, grid in grids.items()}
cover_guess.compare(100 * falls["grey"].max())
for fill, fall in falls.items():
    print(f"{fill:9} falls by {100 * fall.max():3.0f} points at most, from {plain:.0%}")

# %% tags=["verdict", "real-data"]
study.conclude(
    "somewhere a square takes more than half of the answer",
    min(fall.max() for fall in falls.values()) > plain / 2,
)

# %% [markdown]
# Drag the square. The map on the right has all places at once: dark where covering takes the answer away, light where it helps. Then change what the square is painted with. Does the map stay as it is?

# %% tags=["nbval-ignore-output"]
figures.occlusion_explorer(
    picture, asked, test.classes, truth="River", sizes=[8, 16, 24], source=test.source
)

# %% tags=["verdict", "real-data"]
alike = explain.rank_correlation(falls["grey"], falls["black"])
study.conclude("the fill hardly matters here: correlation above 0.9", alike > 0.9)

# %% [markdown]
# In this picture the fill hardly matters. It need not be so: in [6a](06a_heatmaps_on_trial.ipynb) the order of the methods by deletion did not survive another fill. So say with the map what you covered with, and say *how much* falls. A map is scaled to its own hottest place, so it looks just as sure of itself where nothing falls.
#
# **Exercise 1.** Cover a square with the picture's own mean colour, and leave the original alone. Replace the dots; `ex.cover.hint()` helps.


# %%
def cover(picture, top, left, size):
    """Picture, uint8 [3, H, W], a square's first row and column, its size → a copy, the square in the mean colour."""
    ...


ex.cover.check(cover)

# %% [markdown]
# ## 2 · Colour, texture or shape?
#
# A place is no reason. The roof is red, has an edge and a size, all in the same place. To learn *what*, change one thing of the whole picture and keep the rest. Turn the hue, take the colour, shuffle the patches, zoom. How far can you go before the answer turns?

# %% tags=["nbval-ignore-output"]
figures.recolour_explorer(picture, asked, test.classes, truth="River", source=test.source)

# %% [markdown]
# Now for all test pictures, and ten networks fine-tuned on 2,000 pictures each. Shuffled patches of 8 pixels keep colours and fine texture, and destroy every wider shape; they also bring seams. A blur of 2 pixels keeps colours and wide shapes, and destroys fine texture.

# %%
change_guess = predict.smallest(
    "With which of these does the fine-tuned network get the fewest right?",
    ["grey", "hue turned by 90°", "patches of 8 px shuffled", "blurred, 2 px"],
)
change_guess

# %%
seen = study.summary("seen_as")
tuned = {name: seen[f"fine-tuned: {name}"] for name in CHANGES}
change_guess.compare(tuned)
figures.dots(tuned)

# %% tags=["verdict"]
by_change = study.summary("seen_as")
study.conclude(
    "blurred, fewer than half as many are right as in grey",
    by_change["fine-tuned: blurred, 2 px"].mean < by_change["fine-tuned: grey"].mean / 2,
)

# %% [markdown]
# The blur, by far. The high-pass does the reverse, leaves edges and fine grain around a mean colour, and keeps more than two thirds. So it seems to use fine detail, or to stumble over its absence; hold that thought. ([3b](03b_which_features_decide.ipynb) took detail away by blocks of 4 pixels, which have edges of their own, and found less lost there than in grey. Which loss is the largest depends on how one takes the detail.) Is that EuroSAT, or this network? Ask a small one that started from random weights: three convolutions, which see 15 pixels at once.

# %%
small_guess = predict.number(
    "The small network, patches of 8 px shuffled: how many points does it lose?",
    low=0,
    high=80,
    unit="points",
)
small_guess

# %%
small = {name: seen[f"from scratch: {name}"] for name in CHANGES}
small_guess.compare(100 * (small["plain"].mean - small["patches of 8 px shuffled"].mean))
figures.dots(small)

# %% [markdown]
# It hardly notices. What is wider than 15 pixels never reached it; what lies between 8 and 15 did, and it seems to use next to none of that, nor do the seams upset it. It is right three times in four without. But show it grey, and two thirds of its right answers are gone. Same pictures, same classes, another order of losses. *What does EuroSAT need?* has no answer in such a figure; *what does this network use, or stumble over?* has one.
#
# And which class loses what? The fine-tuned networks again.

# %%
shape_guess = predict.smallest(
    "Patches of 8 px shuffled: which class keeps the fewest right answers?",
    ["Highway", "Residential", "AnnualCrop", "Forest", "Pasture"],
)
shape_guess

# %%
by_class = {c: study.summary("seen_as_class", f"accuracy on {c}") for c in CLASSES}
kept = {c: by_class[c]["patches of 8 px shuffled"] for c in CLASSES}
shape_guess.compare(kept)
changes = [c for c in experiments.SEEN_BY_CLASS.variants if "16" not in c]
print("right, %: mean ± deviation over 10 seeds, about 100 pictures of a class each")
print(study.table(CLASSES, changes, lambda c, change: by_class[c][change]))

# %% [markdown]
# Shuffled, nearly no highway and no river is left. Their shape, then? But AnnualCrop and HerbaceousVegetation fall deep, too, without such an outline. Wider layout is gone, or seams upset the network. Of all classes PermanentCrop and Pasture lose most when the picture turns grey.
#
# Take care with classes that *lose nothing*. If a change makes one answer come more often, that answer is right more often, and no skill is in it. Blurred, nearly all right answers are in two classes. Perhaps it only says these more.
#
# **Exercise 2.** Take the shapes away, in an order that is given.


# %%
def shuffle_patches(picture, size, order):
    """Picture, uint8 [3, H, W], size of a patch, order, int64 → same shape; place k has patch order[k]."""
    ...


ex.shuffle_patches.check(shuffle_patches)

# %% [markdown]
# ## 3 · Networks that never saw it
#
# No network met such pictures in training. A blurred tile is strange in itself, whatever it lacks. So a loss can mean two things: the reason is gone, or the picture is odd. This section cannot part the two. It asks another question: is the thing *needed*? Train without it. A network that is then as good never needed it.
#
# The small network again, on grey pictures, on patches of 16 pixels shuffled, on pictures zoomed 2×.

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

# %% tags=["verdict"]
grown = study.summary("trained_on")
study.conclude(
    "trained on grey and tested on grey it gets more than twice what the plain one gets there",
    grown["trained on grey, tested on its own kind"].mean
    > 2 * study.summary("seen_as")["from scratch: grey"].mean,
)

# %% [markdown]
# Grey took two thirds of the plain network's right answers. One that grew up with grey loses far fewer, though it does lose. So of its 77 right answers 68 can be had without colour. Whether the plain one used colour, or only stumbled over grey, these runs leave open.
#
# Highways, shuffled in training, too: does the small network need their shape?

# %%
print("right, %: mean ± deviation over 10 seeds, about 100 pictures of a class each")
by_kind = {c: study.summary("trained_on_class", f"accuracy on {c}") for c in CLASSES}
kinds = list(experiments.TRAINED_BY_CLASS.variants)
print(study.table(CLASSES, kinds, lambda c, kind: by_kind[c][kind]))

# %% [markdown]
# It does not: 38 of 100 plain, 39 shuffled. But the plain network of section 2 lost only 1.3 points even to patches of 8, so it hardly uses anything wider, and this could hardly come out otherwise. It finds few highways either way. For the fine-tuned network we have not run this, so what its shuffled highways lack, shape or calm, stays undecided.

# %% [markdown]
# ## 4 · Two cures that were proposed
#
# *Training on black and white removes colour bias.* Measure the bias directly: turn all hues of the test pictures by 90° and count the answers that change. The small network again: one that learned from grey pictures ought not to care.

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
print(study.verdicts("grey_removes_bias", "grey_in_use_removes_bias"))
figures.dots(turned, metric="answers that change when hues turn by 90°")

# %% [markdown]
# Given colours, about as many change as before, from seed to seed very differently: undecided. (Its weights were never told what differences between channels mean.) Give it *grey* pictures as well, and 17 of 100 answers change in place of 61. The price stands in section 3: 68 of 100 right, not 77. (Turning a hue in HSV changes how bright the grey comes out.)
#
# *Zooming in makes it use texture.* A network that goes by texture loses little when patches are shuffled. So fine-tune one on plain and one on zoomed pictures, and shuffle.

# %%
zoom_guess = predict.choice(
    "Shuffling patches of 8 px costs the zoomed network, against the plain one,",
    {
        "less by more than 2 points": (None, -0.02),
        "about as much": (-0.02, 0.02),
        "more by more than 2 points": (0.02, None),
    },
)
zoom_guess

# %%
cost = study.summary("shuffle_cost_tuned")
zoomed, whole = (cost[f"fine-tuned on {kind}, 8 px"].mean for kind in ("zoomed", "plain"))
zoom_guess.compare(zoomed - whole)
print(study.verdicts("zoom_texture_tuned_16", "zoom_texture_tuned_8", "zoom_free"))
figures.dots(cost, metric="accuracy lost to shuffling")

# %% [markdown]
# No sign that zooming brings texture in. At both sizes the trial is undecided, and both means point the other way. One thing may hide a gain: of a zoomed picture a patch of 8 pixels shows half as many metres, and so tells less, however the network looks. (Your bet was scored by the mean. The small network loses next to nothing by shuffling, so with it there was nothing to win.) That zooming costs nothing is undecided, too; that last trial is of the small network.
#
# All advice of this notebook, folded:

# %%
study.folded(trial for trial in TRIALS if trial.lesson == WHY)

# %% [markdown]
# ## Quiz on 6a and 6b

# %%
from course_lib.lessons.explanation.quiz import QUIZ

QUIZ

# %% [markdown]
# ## Your pictures
#
# Put your network in the place of `own`: any function from uint8 pictures [N, 3, H, W] to probabilities [N, K]. Of a PyTorch module `training.predictor(model, preprocessing=…)` makes one; of a Keras model that learned from `x / 255`, write `lambda x: torch.tensor(keras_model.predict(x.permute(0, 2, 3, 1).numpy() / 255, verbose=0))`. Take pictures that it has not learned from. No labels are needed: it counts the answers that stay.

# %% tags=["nbval-ignore-output"]
own = asked
folder = None  # "photos", with a folder a class; None takes 300 of the lesson's

size = 64  # the side of the pictures that your network wants
mine = (
    data.from_folder(folder, size=size)
    if folder
    else test.subset(min(300, len(test)), seed=0)
)
yours = your_pictures.answers_that_stay(own, mine.images)
print(yours)

# %% tags=["verdict"]
study.conclude(
    "some change turns over a tenth of the answers",
    min(row.right for row in yours.rows) < 0.9 * len(mine),
)

# %% [markdown]
# ## What we would write to the asker
#
# Your kind of network, fine-tuned, lost most by a blur; a small one on the same pictures lost most where colours changed, so a reason belongs to a network. We tried training on grey in the small network only: it took most of the colour bias where the network was then fed grey, too, and cost eight or nine points. Zooming showed no clear effect. Shuffled, it lost its highways and rivers: their shape was used, or the seams upset it. In grey PermanentCrop and Pasture lost most. Ask your own.

# %% [markdown]
# ## Open
#
# Would a fine-tuned network that grew up with shuffled patches keep its highways? A cover that looks natural (inpainting) may be a fairer question than grey, black or blur. And each change here takes the thing from the whole picture; what if it is taken from one object only? We have not found out.
#
# ## Read on
#
# Zeiler, Fergus, *Visualizing and understanding convolutional networks*, 2014, [arXiv:1311.2901](https://arxiv.org/abs/1311.2901) · Geirhos et al., *ImageNet-trained CNNs are biased towards texture*, 2019, [arXiv:1811.12231](https://arxiv.org/abs/1811.12231) · Brendel, Bethge, *Bag-of-local-features models*, 2019, [arXiv:1904.00760](https://arxiv.org/abs/1904.00760)
#
# ## Next
#
# Unequal classes: **[7a Unequal classes](07a_unequal_classes.ipynb)**. Wrong labels: **[7b Wrong labels and leaks](07b_wrong_labels_and_leaks.ipynb)**. Heatmaps that contradict each other: **[6a Heatmaps on trial](06a_heatmaps_on_trial.ipynb)**.
