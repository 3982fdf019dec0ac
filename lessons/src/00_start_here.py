# %% [markdown]
# # Start here: what does a CNN see?
#
# Five minutes of reading. Once the pictures are on this machine, the code takes less than half a minute on two cores, without a GPU.
# You need some Python, and a rough idea of what a neural network is.
#
# You will let a network look at a picture, take its pixels away step by step, and see when it fails, and how.

# %% [markdown]
# ## Three questions
#
# The course begins with three questions that practitioners asked:
#
# 1. My CNN will not learn *colour*. Why not?
# 2. My classifier of satellite pictures is good. *Which features* decide, and can I trust it?
# 3. My classifier of logos answers 1.00 for *anything*, even for a cat. What does that 1.00 mean?
#
# Each is answered by experiments that you run yourself.

# %% [markdown]
# ## How a lesson works
#
# You **predict**, **run**, **see**, and then read the **explanation**. Do commit to a prediction, even a
# wild one: a wrong guess makes the result easier to remember.
#
# It is for one person with a laptop, and for a class with ninety minutes. Run a cell with Shift+Enter.
#
# First: is this machine ready? What is missing is listed with the command that mends it.

# %% tags=["nbval-ignore-output"]
from course_lib.cli import doctor

findings = doctor.report()
for finding in findings:
    if (
        finding.topic in ("Python", "torch", "device", "widgets", "eurosat")
        or finding.ok is False
    ):
        print(f"{finding.topic:10} {finding.value}  {finding.mend}")

# %% tags=["verdict"]
print("Every lesson can run here:", doctor.ready(findings))

# %% [markdown]
# ## Ten kinds of land
#
# EuroSAT has 27,000 satellite pictures of 64×64 pixels, each 640 metres of Europe on a side. We take 2,000
# to learn from and 500 for the test. Where EuroSAT cannot be reached, tiles drawn by a program stand in for it, and
# every figure says so.
#
# Look at the rows Highway and River. What would you go by?

# %%
from course_lib import data, features, figures, models

pictures = data.load("eurosat")
train, test = pictures.subset(2500).split((0.8, 0.2))
figures.contact_sheet(train, per_class=5)

# %% [markdown]
# ## One network
#
# SqueezeNet is a small CNN that learned from photographs: dogs, cups, trucks, hardly a view from space. We leave it as it is.
# (Where its weights are missing, a network trained on drawn textures takes its place.)
#
# It turns each picture into a list of numbers, its *features*. On these we fit a plain linear classifier, a *probe*.

# %% tags=["nbval-ignore-output"]
network = models.backbone("squeezenet1_1")
known, unseen = (
    features.extract(network, part, progress=False) for part in (train, test)
)
probe = features.probe(known, train.labels, unseen, test.labels)
print(
    f"{probe.accuracy:.1%} of n = {probe.n_test} test pictures ({pictures.source}; one split, seed 0)"
)

# %% tags=["verdict"]
print("Right for more than 7 in 10 pictures that it never saw:", probe.accuracy > 0.7)

# %% [markdown]
# ## One picture, fewer and fewer pixels
#
# We take the first Highway of the test part that the network calls so with more than 80 %. The rule picks it, not we.
#
# Now average it in blocks: 32×32, 16×16, down to a single colour. At which size will the network lose the road? And
# when it has lost it, will it sound *less sure*?

# %%
from course_lib.exercises import predict

guess = predict.choice(
    "At which size does the network first call the road something else?",
    ["32×32", "16×16", "8×8", "4×4", "2×2", "1×1"],
)
guess

# %%
import torch
from course_lib.figures.resolution_explorer import SIZES, resolution_explorer
from course_lib.pixels import block_average

highway = test.classes.index("Highway")
sure = torch.as_tensor(probe.model.predict_proba(unseen)[:, highway] > 0.8)
road = test.images[(test.labels == highway) & sure][0]
blurred = data.ImageSet.of(
    torch.stack([block_average(road, size) for size in SIZES]),
    [highway] * 7,
    test.classes,
)
probabilities = probe.model.predict_proba(
    features.extract(network, blurred, cache=False, progress=False)
)

# %% [markdown]
# Move the slider with the mouse or with the arrow keys. Watch the picture first, and say what *you* would answer. Then
# look at the bars.
#
# On a page without a running kernel there is no slider; the small pictures below show all seven steps.

# %%
resolution_explorer(
    road, probabilities, test.classes, truth="Highway", source=pictures.source
)

# %% tags=["verdict", "real-data"]
answers = [test.classes[label] for label in probabilities.argmax(axis=1)]
lost = next(
    (place for place, answer in enumerate(answers) if answer != "Highway"),
    len(SIZES) - 1,
)
guess.compare(f"{SIZES[lost]}×{SIZES[lost]}")
print(f"There the network says {answers[lost]}.")
surest = probabilities.max(axis=1).argmax()
print(
    f"Of all seven answers it is surest of {answers[surest]}, at {SIZES[surest]}×{SIZES[surest]}."
)

# %% [markdown]
# On real EuroSAT it goes at the first step, where *you* still see the road. And what is the network surest of? Not of the
# sharp road: of sixteen coloured squares. They are AnnualCrop, it says, with 99 %. Squares do look like fields, but
# that is our guess at a reason, not a result.
#
# The probe learned from sharp pictures only. And this is one picture: is it an accident?

# %% tags=["nbval-ignore-output"]
from functools import partial

many, _ = test.split((300, 200))
right_at, sure_at = {}, {}
for size in (64, 16, 4, 1):
    blurred = many.changed(partial(block_average, size=size))
    chances = probe.model.predict_proba(
        features.extract(network, blurred, cache=False, progress=False)
    )
    right_at[size] = (chances.argmax(axis=1) == many.labels.numpy()).mean()
    sure_at[size] = chances.max(axis=1).mean()
    print(
        f"{size:2}×{size:<2} right: {right_at[size]:4.0%}   mean highest probability: {sure_at[size]:4.0%}   n = 300"
    )

# %% tags=["verdict"]
print("Sharp pictures, more than 7 in 10 right:", bool(right_at[64] > 0.7))
print("A single colour, fewer than 3 in 10 right:", bool(right_at[1] < 0.3))
print(
    "A single colour, and still more than 60 % sure on average:", bool(sure_at[1] > 0.6)
)

# %% [markdown]
# ## What is surprising here
#
# Shown a single colour, the network is nearly always wrong, and on average no less sure than with a sharp picture. In
# between, at 16×16, it did hesitate. Then it found its certainty again, without a reason. Its probabilities share 100 %
# among *ten* classes. "I see nothing" is not among them.
#
# That is the third question of the course.

# %% [markdown]
# ## Where to go next
#
# **[01 Colour spaces](01_colour_spaces.ipynb)** is next: somebody's networks would not learn a colour, and nobody found out why.
#
# **[02 Asymmetric kernels](02_asymmetric_kernels.ipynb)** tries another piece of the advice that they got: long thin kernels.
#
# Or begin with this network: **[03 Transfer learning on EuroSAT](03_transfer_learning_eurosat.ipynb)** takes it and others to all 27,000 pictures, and asks what they go by, and when to trust them.
#
# **[04 Normalization](04_normalization.ipynb)** asks what the author of that notebook should have done with the numbers before the first layer.
#
# **[05 Open-set rejection](05_open_set_rejection.ipynb)** is the third question: why 1.00 for anything, and how to make a network say *none of these*.
#
# **[06 Why did it say that?](06_why_did_it_say_that.ipynb)** asks the network for its reasons, and first tests who may be believed.
#
# **[07 Messy data](07_messy_data.ipynb)** tries its author's other guesses: small classes, two kinds of land in a picture, wrong labels.
