# %% [markdown]
# # Start here: what does a CNN see?
#
# A network looks at a picture and answers. Usually it is right. But what did it look at, how sure is it, and what happens when there is nothing left to see? You are about to take a picture's pixels away, step by step, and to find out.
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# A classifier shares 100 % among the classes that it knows, whatever it is shown. So it can be wrong and sure: shown a single colour, the network below is nearly always wrong and no less sure than with a sharp picture. How sure it sounds is no safe sign for pictures unlike those that it learned from.
# </details>
#
# | you see | read |
# |---|---|
# | accuracy at 50 % and the loss at 0.69, whatever you change | [1c Stuck at 50 %](01c_stuck_at_50_percent.ipynb) |
# | pictures that differ in colour only; pictures painted by a colour map | [1a Can a CNN learn colour?](01a_can_a_cnn_learn_colour.ipynb) |
# | you want to convert to HSV or Lab first | [1b Colour spaces](01b_colour_spaces.ipynb) |
# | somebody advises kernels of 30×3, or you wonder what a kernel costs | [2a Asymmetric kernels](02a_asymmetric_kernels.ipynb), [2b Do they help?](02b_do_long_thin_kernels_help.ipynb), [2c Other advice](02c_other_advice.ipynb) |
# | few pictures, and a pretrained network | [3a Transfer learning](03a_transfer_learning_eurosat.ipynb) |
# | a good accuracy, and the question which features decide | [3b Which features decide?](03b_which_features_decide.ipynb) |
# | it is right in training and wrong in use; which mean, which deviation? | [4a Whose statistics?](04a_whose_statistics.ipynb) |
# | other answers in other batches; batches of two | [4b Normalization layers](04b_normalization_layers.ipynb) |
# | how sure it is of things that it never learned | [5a Open-set rejection](05a_open_set_rejection.ipynb) |
# | a good accuracy, and pictures from elsewhere to come | [3c Does it travel?](03c_does_it_travel.ipynb) |
# | a heatmap that shows the background, whatever you like, or lies beside the thing | [6a Heatmaps on trial](06a_heatmaps_on_trial.ipynb) |
# | accuracy drops after a change, and you wonder what that proves | [6b Why did it say that?](06b_why_did_it_say_that.ipynb) |
# | classes of unequal size, or one kind of error that costs more than another | [7a Unequal classes](07a_unequal_classes.ipynb) |
# | labels that may be wrong, copies on both sides of a split | [7b Wrong labels and leaks](07b_wrong_labels_and_leaks.ipynb) |
# | a folder of your own pictures | [8 Your own pictures](08_your_own_pictures.ipynb); at once: `course classify FOLDER --out DIR`, in a terminal |
#
# Core · MINUTES
#
# You will be able to find your way in the course, to place a bet, and to read a result.

# %% [markdown]
# ## How a lesson works
#
# You *bet*, you *run* the experiment, you *see* what came out, and then you read the explanation. Do bet, even wildly: a wrong guess makes the result easier to remember. Run a cell with Shift+Enter, and change its numbers as you like.
#
# First: is this machine ready? What is missing is listed with the command that mends it.

# %% tags=["nbval-ignore-output"]
from course_lib.cli import doctor

findings = doctor.report()
for finding in findings:
    if finding.ok is False or finding.topic in ("Python", "torch", "device", "eurosat"):
        print(f"{finding.topic:10} {finding.value}  {finding.mend}")

# %% tags=["verdict"]
print("Every lesson can run here:", doctor.ready(findings))

# %% [markdown]
# ## Ten kinds of land
#
# EuroSAT has 27,000 satellite pictures of 64×64 pixels, each 640 metres of Europe on a side. You take 2,000 to learn from and 500 for the test. Where EuroSAT cannot be reached, tiles drawn by a program stand in for it, and every figure says so.
#
# Look at the rows *Highway* and *River*. What would you go by?

# %%
from course_lib import data, features, figures, models, study

pictures = data.load("eurosat")
train, test = pictures.subset(2500).split((0.8, 0.2))
figures.contact_sheet(train, per_class=5)

# %% [markdown]
# ## One network
#
# SqueezeNet is a small CNN that learned from photographs: dogs, cups, trucks, and hardly a view from space. It stays as it is. It turns each picture into a list of numbers, its *features*, and on these you fit a plain linear classifier, which is called a *probe*.

# %% tags=["nbval-ignore-output"]
network = models.backbone("squeezenet1_1")
known = features.extract(network, train, progress=False)
unseen = features.extract(network, test, progress=False)
probe = features.probe(known, train.labels, unseen, test.labels)
print(
    f"{probe.accuracy:.1%} of n = {probe.n_test} test pictures right ({pictures.source})"
)

# %% tags=["verdict"]
study.conclude(
    "right for more than 7 in 10 pictures that it never saw", probe.accuracy > 0.7
)

# %% [markdown]
# ## Fewer and fewer pixels
#
# Now average every test picture in squares, until 16×16 of them are left, then 4×4, and at last a single colour. From one colour nobody can tell a road from a river, so the probe will mostly be wrong. That is no surprise. But how *sure* will it sound? (How sure: the highest of its ten probabilities, on average.)
#
# Place your bet: type a number and press *Commit*. Without a form, write `sure_guess.guess = 50` in a new cell.

# %%
from course_lib.practice import predict

sure_guess = predict.number(
    "Sharp pictures: about 80 % sure on average. And when all is one colour?",
    low=10,
    high=100,
    unit="%",
)
sure_guess

# %% [markdown]
# The experiment, whole; guessing would get 10 % right. (Each square stays as large as it was, so the network always gets a picture of the same size.) `sizes` is yours to change.

# %% tags=["nbval-ignore-output"]
from functools import partial

import numpy as np
from course_lib.pixels import block_average

sizes = [64, 16, 4, 1]
right, sure = {}, {}
for size in sizes:
    averaged = test.changed(partial(block_average, size=size))
    seen = features.extract(network, averaged, cache=False, progress=False)
    probabilities = probe.model.predict_proba(seen)
    right[size] = (probabilities.argmax(axis=1) == test.labels.numpy()).mean()
    sure[size] = probabilities.max(axis=1).mean()
    print(
        f"{size:2}×{size:<2}  right {right[size]:4.0%}   sure {sure[size]:4.0%}   n = {len(test)}"
    )
most = np.bincount(probabilities.argmax(axis=1)).argmax()
share = (probabilities.argmax(axis=1) == most).mean()
print(f"From one colour, {share:.0%} of the answers are {test.classes[most]}.")
sure_guess.compare(100 * sure[sizes[-1]])

# %% tags=["verdict"]
study.conclude("the fewest pixels: fewer than 3 in 10 right", right[sizes[-1]] < 0.3)
study.conclude("and still more than 60 % sure", sure[sizes[-1]] > 0.6)

# %% tags=["verdict", "real-data"]
study.conclude(
    "with the fewest it is no less sure than of sharp pictures",
    sure[sizes[-1]] >= sure[sizes[0]],
)
study.conclude("it is least sure at 16×16", min(sure, key=sure.get) == 16)
study.conclude(
    "nearly all answers to one colour are SeaLake",
    share > 0.95 and test.classes[most] == "SeaLake",
)

# %% [markdown]
# At 16×16 it falls: the network hesitates. At 4×4 it is nearly as sure as of sharp pictures, and wrong about four in five; of a single colour it is surer still, and wrong about nine in ten. Nearly any plain picture is a lake to it: in the contact sheet SeaLake's are the plain ones, which is our guess at the reason. (n = 500: each share right is uncertain by some four points.)
#
# Its probabilities share 100 % among *ten* classes, and "I see nothing" is not among them. What to do about that is the subject of [5a](05a_open_set_rejection.ipynb).

# %% [markdown]
# ## One road, seven sizes
#
# Take the first Highway of the test part that the probe calls so with more than 80 %: the rule picks it, not we. Move the slider with the mouse or with the arrow keys. Look at the picture first and say what *you* would answer. Then look at the bars. On a page without a slider the small pictures show all seven steps.

# %%
import torch
from course_lib.figures.interactive.resolution_explorer import SIZES, resolution_explorer

highway = test.classes.index("Highway")
sure_of_it = probe.model.predict_proba(unseen)[:, highway] > 0.8
road = test.images[(test.labels == highway) & torch.as_tensor(sure_of_it)][0]
steps = [block_average(road, size) for size in SIZES]
shown = data.ImageSet.of(torch.stack(steps), [highway] * len(SIZES), test.classes)
seen = features.extract(network, shown, cache=False, progress=False)
answers = probe.model.predict_proba(seen)
resolution_explorer(road, answers, test.classes, truth="Highway", source=pictures.source)

# %% tags=["verdict", "real-data"]
study.conclude("the road is lost at the first step", answers[1].argmax() != highway)
study.conclude(
    "it is surest at 4×4, not of the sharp road", answers.max(axis=1).argmax() == 4
)
study.conclude("of a field", test.classes[answers[4].argmax()] == "AnnualCrop")

# %% [markdown]
# Of real EuroSAT this road is lost at the first step, where you still see it. And the network is surest not of the sharp road, but of sixteen coloured squares: a field of annual crops, it says. It is one road. Squares do look like fields; that is our guess at a reason, and not a result.

# %% [markdown]
# ## How to read a result
#
# **n** is how many pictures a share was counted on. **±** is the standard deviation over runs with different seeds. In most figures a dot is a mean, and its bar goes from the lowest run to the highest.
#
# A line that begins with **Holds** says that the notebook has just computed the claim behind it and found it true. **Does not hold** would say the opposite.

# %% [markdown]
# A **seed** fixes what is drawn by chance: which pictures are learned from, and the starting weights. One run may be luck, so runs are repeated with several seeds.
#
# That takes long. So it was done before, and cells that call `study` read those stored runs; `course trials run NAME` repeats them.

# %% [markdown]
# Advice is put on **trial**: two ways, A and B, run with the same seeds. One, on EuroSAT: people say that enlarging small pictures is pointless. A enlarges them to 128 pixels for a small pretrained network, MobileNetV2, B leaves 64. Left, a dot is one run, a line joins the two of a seed. Right, the differences, and an **interval** that would hold the true mean in about 95 of 100 such trials. In the grey band a difference is too small to matter; each trial fixes that beforehand. The word above it judges what people say, not A.

# %%
figures.paired_dots(study.outcome("enlarging"))

# %% [markdown]
# The verdict is read off where the interval lies. "Pointless" says that A is *no* better: that is **supported** where the whole interval lies below what would matter, **refuted** where all of it lies above, as here, and otherwise **undecided**. Enlarging brought four points.
#
# Most advice says that A is *better*:
#
# | verdict | the interval of A − B |
# |---|---|
# | **no difference that matters** | lies wholly within what does not matter |
# | **supported** | lies wholly above what matters: advice must gain enough to be worth following |
# | **refuted** | lies as far on the other side: A is worse, by more than what does not matter |
# | **undecided** | anything else: more runs could decide; it is *not* "as good as" |
#
# An interval may reach beyond all dots when there are few of them, or when one lies far off.

# %%
trials = study.all_trials()
words = [trial.outcome().verdict.word for trial in trials]
print(f"{len(trials)} trials in this course")
for word in sorted(set(words)):
    print(f"{words.count(word):4} {word}")

# %% [markdown]
# Many are undecided: ten runs, or fewer, are few, and the rule is strict. The counts mix both kinds of claim. Some verdicts will be wrong by chance: if the intervals keep what they promise, of trials whose A and B do not differ at most about one in twenty comes out as if they did. Take a single verdict as a hint, not as a proof.

# %% [markdown]
# Runs that split *one* set of pictures anew, as above, share test pictures, and agree more than on fresh ones. So the interval is made longer, by a formula of Nadeau and Bengio ([Inference for the generalization error](https://doi.org/10.1023/A:1024068626366), 2003), a rule of thumb. It is the wider of two on each side (Student's t, a bootstrap-t), so it need not be symmetrical. Where a program draws the pictures, each seed has its own.

# %% [markdown]
# ## Your own picture
#
# Put the name of a picture in the place of `None`; on Colab, upload it first (the folder on the left). The probe knows ten kinds of ground, water among them, and nothing else. What does it make of your cat? The picture's shorter side is scaled to 64 pixels and the middle cut out. Without a name it gets a plain grey. Whatever comes out is one of the ten, and a high number does not show that the question made sense.

# %% tags=["nbval-ignore-output"]
picture = None  # "cat.jpg"

if picture:
    image = torch.as_tensor(data.read_picture(picture, size=64))
else:
    image = torch.full((3, 64, 64), 128, dtype=torch.uint8)  # plain grey
one = data.ImageSet.of(image[None], [0], test.classes)
chances = probe.model.predict_proba(features.extract(network, one, cache=False))[0]
for k in chances.argsort()[::-1][:3]:
    print(f"{test.classes[k]:22} {chances[k]:.0%}")
figures.gallery(image[None], ["what the network gets"])

# %% tags=["verdict", "real-data"]
if picture is None:
    study.conclude("grey: one of its ten, and more than half sure", chances.max() > 0.5)

# %% [markdown]
# ## Next
#
# Your trouble stands in the table at the top? Go there. Otherwise begin with **[1a Can a CNN learn colour?](01a_can_a_cnn_learn_colour.ipynb)**: somebody's networks would not learn a colour, and nobody found out why.
