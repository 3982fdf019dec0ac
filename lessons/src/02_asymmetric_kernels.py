# %% [markdown]
# # 2 · Do long thin kernels help?
#
# Somebody had two classes of spectrograms, some 1,500 pictures each, almost plain blue. Only the hue differs. Every CNN stayed at 50 %. One piece of advice they got: kernels of 30×3 and then 3×30, unpadded, to see far at small cost. They tried. No improvement.
#
# Was the advice bad? Or good, and given for the wrong problem? You will find out what such kernels cost, what they can express, and where they help.
#
# | | |
# |---|---|
# | **Time** | 75 minutes to work through; the code runs in about one minute on two CPU cores (measured); not timed on a GPU |
# | **You will be able to** | count what a kernel costs, in weights, MACs, memory and seconds · say when one large kernel is two thin ones · compare two networks fairly · draw what a network really looks at |
# | **It builds on** | lesson 0; Python, a little PyTorch; lesson 1 is about the same pictures, but you do not need it |

# %%
import os

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
import keras
import torch
from course_lib import data, explain, figures, models, trials
from course_lib.exercises import lesson_02 as ex
from course_lib.exercises import predict
from course_lib.models import Conv, convolution
from course_lib.trials import lesson_02 as lab
from torch import nn

# %% [markdown]
# ## 1 · The question
#
# These are such pictures, drawn by a program. The upper row is class A, the lower one class B: four degrees further round the colour circle, with a spread of 1.5 degrees in each class. Look for anything else that tells the rows apart.

# %%
hue = data.spectrograms(6, side=lab.SIDE, **lab.TASKS["hue"])
order = torch.tensor([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
figures.gallery(
    hue.images[order],
    [hue.classes[k] for k in hue.labels[order]],
    columns=6,
    title="Hues 4° apart (generated)",
)

# %% [markdown]
# There is nothing else: brightness and the direction of the stripes are drawn by chance in both rows. Somebody who knew exactly how the hues spread would get 90.9 % right on average, and nobody can do better. Lesson 1 finds why the asker was stuck: the pipeline, not the architecture. Here the pipeline is sound, and the question is about kernels alone.

# %% [markdown]
# ## 2 · What do two thin kernels cost?
#
# First the pair itself, in PyTorch and in Keras. A kernel's size is a tuple, height first. PyTorch stores weights as [out, in, height, width], Keras as [height, width, in, out]. So carry them over with a `permute`, and give both the same random pictures. Keras wants a picture's channels last.

# %%
ours = nn.Sequential(nn.Conv2d(3, 4, (30, 3)), nn.Conv2d(4, 4, (3, 30))).cpu()
theirs = keras.Sequential(
    [keras.layers.Conv2D(4, (30, 3)), keras.layers.Conv2D(4, (3, 30))]
)
x = torch.rand(2, 3, 64, 64)
theirs.build((None, 64, 64, 3))
for a, b in zip(ours, theirs.layers, strict=True):
    b.set_weights(
        [a.weight.detach().permute(2, 3, 1, 0).numpy(), a.bias.detach().numpy()]
    )
answer = theirs(x.permute(0, 2, 3, 1).numpy())
print("PyTorch", tuple(ours(x).shape), " Keras", tuple(answer.shape))

# %% tags=["verdict"]
from_keras = keras.ops.convert_to_numpy(answer)
trials.conclude(
    "Keras and PyTorch compute the same from the same weights",
    torch.allclose(ours(x).permute(0, 2, 3, 1), torch.tensor(from_keras), atol=1e-4),
)

# %% [markdown]
# The advice speaks of weights: from one channel to one channel, two thin kernels have a fifth.

# %%
tall, wide, large = Conv((30, 3)), Conv((3, 30)), Conv(30)
print("30×3 then 3×30:", convolution.weights([tall, wide]))
print("one 30×30:     ", convolution.weights([large]))

# %% [markdown]
# Weights are stored, MACs are done. A **MAC** is one multiplication with its addition. Each weight is used at every place of its layer's output. Take a picture of 64×64 with 16 channels in, between and out, unpadded.

# %%
macs_guess = predict.number(
    "The weights fall by a factor of 5. By which factor do the MACs fall?",
    low=0,
    high=10,
)
macs_guess

# %% [markdown]
# Here are the pair, the large kernel, and four rivals that see about as far: the thinnest pair (Inception's idea), stacks of 3×3 without and with a stride, and a *depthwise* kernel, one a channel, with a 1×1 to mix the channels. `sees` is the receptive field, `kept` the numbers that training has to store.

# %%
print(f"{'':26} weights   M MACs    kept     sees leaves\n{'':30} (k)              (kB)")
for name in lab.STACKS:
    print(f"{name:26}", lab.counts(name))
pair, single = lab.counts("30×3 then 3×30"), lab.counts("one 30×30")
macs_guess.compare(single.macs / pair.macs)

# %% [markdown]
# Less than five: the tall kernel works on a picture that is still 62 columns wide. And where memory is short the pair is no help. It keeps more numbers than the large kernel, because there are two outputs.

# %% [markdown]
# Look at `four 3×3, stride 2`: as far a view, with a fifth of the pair's weights and a small part of its MACs. What it gives up is the fine grid: 4×4 numbers are left.

# %% tags=["verdict"]
cheap = lab.counts("four 3×3, stride 2")
trials.conclude("MACs fall by less than 5", 3 < single.macs / pair.macs < 5)
trials.conclude(
    "four strided 3×3 see as far to one pixel",
    single.sees[0] <= cheap.sees[0] <= pair.sees[0],
)
trials.conclude(
    "and take less than a tenth of the pair's MACs", cheap.macs < pair.macs / 10
)

# %% [markdown]
# Seconds are a third measure. Say the large kernel takes 100. What does the pair take, on one thread of a CPU?

# %%
time_guess = predict.number("One 30×30 takes 100. 30×3 then 3×30 takes:", low=0, high=200)
time_guess

# %% [markdown]
# Stored timings: eight pictures, forward, one thread; each value is the fastest of seven, so that other programs disturb it little. Is the order of the rows that of the MACs in the table above?

# %%
seconds = trials.summary("kernel_seconds")
time_guess.compare(100 * seconds["30×3 then 3×30"].mean / seconds["one 30×30"].mean)
print(lab.verdicts("thin_a_fifth", "thin_cheap_reach"))
figures.dots(
    {name: seconds[name] for name in lab.STACKS},
    metric="forward pass of 8 pictures",
)

# %% [markdown]
# So *a fifth* is true of the weights, and of nothing else here. The fastest rows are two that the advice did not name. Your machine may have another order. Time it.

# %% tags=["nbval-ignore-output"]
here = {name: lab.run_seconds(name, seed=0)["value"] for name in lab.STACKS}
for name, taken in here.items():
    print(f"{name:26} {taken:6.1f} ms   (one thread of this CPU)")

# %% tags=["verdict"]
trials.conclude(
    "here too the pair is faster than one 30×30",
    here["30×3 then 3×30"] < here["one 30×30"],
)
trials.conclude(
    "and four strided 3×3 are more than twice as fast as the pair",
    2 * here["four 3×3, stride 2"] < here["30×3 then 3×30"],
)

# %% [markdown]
# Does the order matter, wide first and then tall? By symmetry the costs are the same on a square picture. And the numbers? Say first whether they agree with nothing in between, and with an activation.

# %%
x, tall, wide = (
    torch.rand(1, 1, 64, 64),
    nn.Conv2d(1, 1, (30, 3)),
    nn.Conv2d(1, 1, (3, 30)),
)
for conv in (tall, wide):
    nn.init.zeros_(conv.bias)
plain = torch.allclose(wide(tall(x)), tall(wide(x)), atol=1e-5)
active = torch.allclose(wide(tall(x).tanh()), tall(wide(x).tanh()), atol=1e-5)
print(f"nothing in between: {'same' if plain else 'different'}")
print(f"with an activation: {'same' if active else 'different'}")

# %% [markdown]
# With several channels a convolution also mixes them, and mixing is a product of matrices: their order matters as well. In a network, with an activation in between, tall-then-wide and wide-then-tall are different networks. Turn the pictures by 90° and they swap.

# %% [markdown]
# Now play. It starts with a horizontal kernel on a picture with horizontal lines. Set *Height* to 30, *Width* to 3 and *Kernel* to vertical edge: what does the response keep of the lines? Then set 3×3 and raise *Layers*: what grows faster, the field or the weights? (A layer more: its nine weights, two pixels of field.)

# %%
faint = data.spectrograms(3, kind="structure", side=lab.SIDE, strength_db=6)
figures.kernel_explorer(
    faint.images[0], kernel=(3, 30), content="horizontal edge", source="generated"
)

# %% [markdown]
# ## 3 · When is a large kernel two thin ones?
#
# A column followed by a row does what their outer product does: kernel[i, j] = column[i] · row[j]. All rows of such a kernel are multiples of one row. It has **rank one**. Which of these three are exactly a column times a row?

# %%
line = torch.arange(-7.0, 8)
bell = torch.exp(-(line**2) / 18)
sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
blur = torch.exp(-(line[:, None] ** 2 + line**2) / 18)
diagonal = torch.sign(line[:, None] + line)
rank_guess = predict.choice(
    "Exactly two thin kernels:",
    ["Sobel only", "Sobel and the round blur", "all three", "the diagonal edge only"],
)
rank_guess

# %% [markdown]
# The singular value decomposition writes any kernel as a sum of columns times rows, the most important first. Squares of the singular values say which share of the kernel's energy each of them holds.

# %%
for name, kernel in (("Sobel", sobel), ("blur", blur), ("diagonal edge", diagonal)):
    energy = torch.linalg.svdvals(kernel) ** 2
    shares = ", ".join(f"{share:5.1%}" for share in (energy / energy.sum())[:3])
    print(f"{name:14} {shares}")
rank_guess.compare("Sobel and the round blur")
figures.kernel_grid({"Sobel": sobel, "blur": blur, "diagonal edge": diagonal})

# %% [markdown]
# A Gaussian blur is round, and yet it is a column times a row: exp(−x² − y²) is a product. The diagonal edge is not. The nearest column times row keeps the share printed above. Look at the middle picture: a soft horizontal edge, nothing diagonal. A vertical one would be equally near.

# %%
column, row = models.two_thin(diagonal)
nearest = torch.outer(column, row)
figures.kernel_grid(
    {
        "diagonal edge": diagonal,
        "nearest column × row": nearest,
        "rest": diagonal - nearest,
    }
)

# %% tags=["verdict"]
share = float(models.rank_one_share(diagonal))
x = torch.rand(1, 1, 32, 32)
whole = nn.functional.conv2d(x, blur[None, None])
thin = nn.functional.conv2d(x, bell[None, None, :, None])
thin = nn.functional.conv2d(thin, bell[None, None, None, :])
trials.conclude(
    "the blur is its column, then its row", torch.allclose(whole, thin, atol=1e-3)
)
trials.conclude("the diagonal edge loses more than half", share < 0.5)

# %% [markdown]
# Those were made by hand. What do networks *learn*? If trained kernels had nearly rank one, thin ones would lose little. Take 48 kernels of 15×15, the first layer of a small network, trained on lines against clicks. A random 15×15 kernel has about a quarter of its energy in rank one.

# %%
learned_guess = predict.number(
    "After training: which share of a kernel's energy is in rank one?",
    low=0,
    high=100,
    unit="%",
)
learned_guess

# %% [markdown]
# Stored, ten seeds. *Roads* are satellite pictures of highways and rivers, which section 5 shows. *What training added* is the trained kernel less the one that it started from. Compare the rows *trained* with the row *before training*, and with 100 %.

# %%
ranks = trials.summary("learned_rank")
learned_guess.compare(100 * ranks["clear lines: trained"].mean)
print(lab.verdicts("training_thins_lines", "training_thins_roads"))
ranks = {name: s for name, s in ranks.items() if name != "roads: before training"}
figures.dots(ranks, metric="energy in the first singular value")

# %% [markdown]
# Training moves kernels towards rank one, and stops far from it. What it adds for roads is nearly two thin kernels, and little beside the random start; why, we do not know. What it adds for lines is not. Look at those kernels: one seed, trained here, the four that changed most. What shape do you see in the lower rows?

# %% tags=["nbval-ignore-output"]
before, after, source = lab.first_kernels("clear lines", seed=0)
top = (after - before).square().sum(dim=(2, 3)).flatten().argsort(descending=True)[:4]
shown = {
    f"{when} {k + 1}": w.flatten(0, 1)[i]
    for when, w in (("start", before), ("trained", after), ("added", after - before))
    for k, i in enumerate(top)
}
energy = torch.linalg.svdvals(torch.stack(list(shown.values()))) ** 2
energy = (energy / energy.sum(dim=1, keepdim=True)).unflatten(0, (3, 4)).mean(dim=1)
for when, part in zip(("start", "trained", "added"), energy, strict=True):
    print(f"{when:8} first {part[0]:.0%}, second {part[1]:.0%}, third {part[2]:.0%}")
figures.kernel_grid(shown, title="The four kernels that training changed most (seed 0)")

# %% tags=["verdict"]
trials.conclude(
    "in these four, two singular values hold more than half of what was added",
    bool(energy[2, :2].sum() > 0.5),
)

# %% [markdown]
# Crosses and grids. A cross is a horizontal line *plus* a vertical one: a sum of two products, rank two. That surprised us, and it makes sense: the network must know both. A horizontal and a vertical kernel *side by side*, their outputs added, can be a cross. One *after* the other makes a product: a bar or a block.

# %% [markdown]
# ## 4 · Do thin kernels help with hue?
#
# Which rival is fair? A network with thin kernels can be compared with a 3×3 network that has *as many weights*, or *as many MACs*, or takes *as much time*. These are three networks. Here are their channels, chosen by counting and, for time, by measuring one training step.

# %%
for name, recipe in lab.HUE.items():
    layers, channels = lab.LAYERS[recipe["layers"]], (3, *recipe["widths"])
    w = convolution.weights(layers, channels)
    m = convolution.macs((lab.SIDE, lab.SIDE), layers, channels) / 1e6
    h, _ = convolution.receptive_field(layers).size
    print(f"{name:20} {w:8,} weights {m:5.2f} M MACs  sees {h}×{h}  {recipe['widths']}")

# %% [markdown]
# All see about as far. The first three rivals stride in each of four layers. The last one looks at all pixels twice before its first stride, and comes near the pair in weights, MACs and time at once. (The third was chosen by timing: a training step takes as long as the pair's.)

# %% [markdown]
# Each gets 600 pictures of 48 px and eight epochs, at its own best of several learning rates, chosen on other seeds. Test: 400 others. The best possible is 90.9 % on average; on 400 pictures one can be lucky.

# %% [markdown]
# Ten seeds give ten differences, and an interval for their mean. Here two points matter. A claim is *supported* if the whole interval lies above +2 points, *refuted* if all of it lies below 0 and not all within 2 points. All of it between −2 and +2 is *no difference that matters*. Anything else is *undecided*.

# %%
hue_guess = predict.choice(
    "On hue, the thin pair is",
    [
        "better by more than 2 points",
        "within 2 points of all four",
        "worse by more than 2 points",
    ],
)
hue_guess

# %%
found = trials.summary("thin_hue")
gaps = [found[lab.PAIR].mean - s.mean for name, s in found.items() if name != lab.PAIR]
landed = [min(gaps) > 0.02, max(map(abs, gaps)) <= 0.02, True].index(True)
hue_guess.compare(hue_guess.options[landed])
print(lab.verdicts(*(f"thin_hue_{equal}" for equal in lab.FAIR)))
figures.dots(found)

# %% [markdown]
# No gain. In three of the four comparisons the pair is even a little worse, and surely so; whether by as much as two points, the intervals leave open. A hue is there in every pixel, so reach adds nothing. The asker's *no improvement* is what one should expect, with a sound pipeline too.

# %% [markdown]
# ## 5 · Where structure is long
#
# Long kernels are meant for long things. So give them some: class A has faint horizontal lines, as tones do in a spectrogram; class B has vertical ones, as clicks do. Class B is drawn as class A and then transposed, so no mean, no histogram, no colour can help.

# %%
lines = data.spectrograms(6, side=lab.SIDE, **lab.TASKS["lines"])
figures.gallery(
    lines.images[order],
    [lines.classes[k] for k in lines.labels[order]],
    columns=6,
    title="Lines that lie (A) and that stand (B), generated",
)

# %% [markdown]
# Hard to see? A line is 29 pixels long and one thick. The same five networks, 600 such pictures. Count a rival as beaten where the whole interval of the difference lies above two points. Where do the thin ones land?

# %%
lines_guess = predict.choice(
    "On lines and clicks, the thin pair",
    ["beats all four rivals", "beats some of them", "beats none of them"],
)
lines_guess

# %%
found = trials.summary("thin_lines")
words = [trials.outcome(f"thin_lines_{equal}").verdict.word for equal in lab.FAIR]
won = words.count("supported")
lines_guess.compare(lines_guess.options[0 if won == 4 else 1 if won else 2])
print(lab.verdicts(*(f"thin_lines_{equal}" for equal in lab.FAIR)))
figures.dots({name: found[name] for name in lab.WIDTHS})

# %% [markdown]
# Against all networks that stride at once, the pair leads by some thirty points on average. (One failed training of the pair stretches an interval down to zero.) Now the last row, and the length of the bars. A 3×3 network that strides *later* needs neither long nor thin kernels to leave the others behind.

# %% [markdown]
# Both bars reach down to chance: some trainings never found the lines. That surprised us. Ten seeds cannot say which of the two is better.

# %% [markdown]
# Failed trainings hide the answer. Give both networks twice as many pictures, so that fewer trainings fail, and ask again. Each dot is a run. Look for the one that decides.

# %%
print(lab.verdicts("thin_lines_twice"))
figures.paired_dots(trials.outcome("thin_lines_twice"))

# %% [markdown]
# In nine of ten seeds both find the lines, and mostly within a few points of each other. In one the 3×3 network ends near chance. One outlier among ten makes the interval wide on purpose: it may pass every dot. So much can be said: most of the lead came from stride and depth, which changed together, not from the kernels' shape.

# %% [markdown]
# And the networks that stride at once, which stayed near chance: can they see lines at all? Take the smallest of them, with the pair's number of weights, and give it ten times the pictures.

# %%
more_guess = predict.number(
    "3×3, strides at once, equal weights, but 6,000 pictures: how many of 100 right?",
    low=0,
    high=100,
    unit="%",
)
more_guess

# %%
names = [
    lab.PAIR,
    lab.WEIGHTS,
    "3×3, equal weights, ten times the pictures",
    "one 30×30",
]
more_guess.compare(100 * found[names[2]].mean)
trials.conclude(
    "ten times the pictures give the strided network more than 20 points",
    found[names[2]].low - found[lab.WEIGHTS].high > 0.2,
)
figures.dots({name: found[name] for name in names})

# %% [markdown]
# We had taken these lines to be beyond strided 3×3 kernels. They are not. With ten times the pictures, and so ten times the steps, the same network has the highest mean of all. Which of the two it needed, we did not test. What thin kernels brought was not the ability to see lines, but a shorter way there. And *large* alone is not it: one 30×30, with more weights than the pair, stays behind.

# %% [markdown]
# And real pictures? Highways and rivers in EuroSAT are long, too. Two classes, the middle 48 px of each picture, so that a road keeps its width. Again 600 to learn from.

# %%
train, test = lab.pictures("roads", 0, 100, 50, real=False)
figures.contact_sheet(train, per_class=9, seed=1)

# %% [markdown]
# Nearly every picture has something long in it. What do the same five networks make of them?

# %%
roads_guess = predict.choice(
    "On highways and rivers, the thin pair",
    ["beats all four rivals", "beats some of them", "beats none of them"],
)
roads_guess

# %%
words = [trials.outcome(f"thin_roads_{equal}").verdict.word for equal in lab.FAIR]
won = words.count("supported")
roads_guess.compare(roads_guess.options[0 if won == 4 else 1 if won else 2])
print(lab.verdicts(*(f"thin_roads_{equal}" for equal in lab.FAIR)))
figures.dots(trials.summary("thin_roads"))

# %% [markdown]
# It loses to all four. Highways and rivers are long, but they lie at every angle and bend, and a tall and a wide kernel are upright. That is our reading; we have not turned the roads upright to test it. What is certain: *long things in the picture* is not reason enough for long thin kernels.

# %% [markdown]
# ## 6 · How far does it really look?
#
# A receptive field is a limit: nothing outside can matter. And the inside? Ask the gradient: by how much does each pixel move the middle number of the last feature map? That is the **effective** receptive field. Take the fewest pixels that hold 95 % of it. How much of the frame do they fill?

# %%
field_guess = predict.number(
    "3×3, strides later, trained: 95 % of the gradient comes from which share of its field?",
    low=0,
    high=100,
    unit="%",
)
field_guess

# %% [markdown]
# Three networks of section 5, here trained on the lines; and as a fourth the fifteen 3×3 of section 2, as they start. The dashed frame is the theoretical field. How sharply does each fall off towards its frame, and what does training change?

# %% tags=["nbval-ignore-output"]
deep, layers = "fifteen 3×3", lab.STACKS["fifteen 3×3"]
seen = explain.effective_receptive_field(lab.stack(deep), torch.rand(8, 16, 48, 48))
share = {f"{deep}, untrained": explain.share_used(seen, (31, 31))}
maps = {f"{deep}, untrained": (seen, layers)}
for state in ("untrained", "trained"):
    for name in (lab.PAIR, lab.LATER, "one 30×30"):
        model, test = lab.on_lines(name, seed=0, state=state)
        layers = lab.LAYERS[lab.LINES[name]["layers"]]
        seen, share[f"{name}, {state}"] = lab.used(model, layers, test)
        maps[f"{name}, {state}"] = seen, layers
print(*(f"{name}: {part:.0%}" for name, part in share.items()), sep="\n")
figures.receptive_fields(maps, columns=4, title="Mean gradient, 50 pictures, seed 0")

# %% tags=["verdict"]
trials.conclude(
    "untrained, the fifteen 3×3 use less than half of their field",
    share[f"{deep}, untrained"] < 0.5,
)
trials.conclude(
    "the other three use more than 60 % of theirs, before training",
    min(part for name, part in list(share.items())[1:4]) > 0.6,
)

# %% [markdown]
# That was one seed. Here are ten, in numbers: the fewest pixels that hold 95 % of the gradient, as a share of the frame.

# %%
field = trials.summary("field_used")
field_guess.compare(100 * field[f"{lab.LATER}, trained"].mean)
print(lab.verdicts("thin_field"))
figures.dots(field, metric="share of the field that holds 95 % of the gradient")

# %% [markdown]
# We had expected a peak in the middle, as the literature shows for deep stacks. The fifteen small kernels have it: many paths lead from a middle pixel to the output, few from a corner. The other three do not: two have few layers, one strides. Whether the one that strides looks as far as the pair is undecided.

# %% [markdown]
# ## 7 · The other advice
#
# The asker was told more. *Larger kernels see colour better. Take two branches, one for colour and one for shape. Keep shallow paths beside deep ones.* Single branch, two branches and shallow paths below have about equally many weights, as near as whole channels allow; the larger kernels have more.

# %%
other_guess = predict.choice(
    "Which gains 2 points or more on hue over a plain network with 3×3 kernels?",
    ["15×15 kernels", "two branches", "shallow paths", "none of them"],
)
other_guess

# %%
found = trials.summary("hue_networks")
plain = found["first kernel 3×3"].mean
names = {"first kernel 15×15": 0, "two branches": 1, "shallow paths": 2}
gain = {option: found[name].mean - plain for name, option in names.items()}
best = max(gain, key=gain.get)
other_guess.compare(other_guess.options[best if gain[best] >= 0.02 else 3])
print(
    lab.verdicts(
        "large_kernels_7", "large_kernels_15", "two_branches_hue", "shallow_paths_hue"
    )
)
figures.dots(found)

# %% [markdown]
# None makes a difference that matters. Our reading: almost plain pictures leave nothing for a better architecture to find. So try EuroSAT, all ten classes, with 2,000 pictures to learn from. Look for a row that stands apart, and at what it took.

# %%
print(lab.verdicts("two_branches_eurosat", "shallow_paths_eurosat"))
ten = trials.summary("eurosat_networks")
print(*(f"{name}: {s.seconds:.0f} s a training" for name, s in ten.items()), sep=", ")
figures.dots(ten)

# %% [markdown]
# Two branches are better here; whether by two points or more, ten seeds leave open. They take about three times as long to train, because the colour branch works on every pixel: equal weights are not equal time. Shallow paths change nothing.

# %% [markdown]
# The last piece: *use transfer learning*. Suppose you have 200 spectrograms. A linear probe on a frozen SqueezeNet, which learned from photographs, against a small network from scratch, and against six colour numbers.

# %%
transfer_guess = predict.choice(
    "200 spectrograms that differ in hue: which gets most right?",
    [
        "SqueezeNet frozen",
        "the small CNN from scratch",
        "six colour numbers",
        "a tie: the best two are within a point",
    ],
)
transfer_guess

# %%
few = {task: trials.summary(f"few_{task}") for task in ("hue", "lines")}
means = [few["hue"][name].mean for name in (lab.PROBE, lab.SCRATCH, lab.COLOUR)]
first, second = sorted(means, reverse=True)[:2]
best = 3 if first - second < 0.01 else means.index(first)
transfer_guess.compare(transfer_guess.options[best])
print(lab.verdicts("transfer_hue", "transfer_lines"))
figures.dots(
    {f"{task}: {name}": s for task, part in few.items() for name, s in part.items()}
)

# %% [markdown]
# On hue, the features learned from photographs lose by some eighteen points. Our guess: a network that names dogs in any light has little use for four degrees of hue. Six plain numbers equal the CNN. On lines the probe wins, at a level that helps nobody: 200 pictures are too few there.

# %% [markdown]
# ## Advice on trial
#
# All of it, one line a claim and one with the difference in points or milliseconds. Cover the output, and say of each whether it is supported, refuted, no difference that matters, or undecided. Everything is computed from `evidence/`: ten seeds each, pictures drawn anew by every seed.

# %%
print(lab.advice())

# %% [markdown]
# One of them in full. A dot is a run; a line joins the two runs of a seed, which share their pictures. Does the interval of the differences reach the grey band, where nothing matters?

# %%
found = trials.outcome("thin_lines_later")
print(found)
figures.paired_dots(found)

# %% [markdown]
# You need not believe stored numbers. This repeats another trial on your machine, the one about cheap reach, with two seeds. Two seeds are too few for a verdict, and it says so.

# %% tags=["nbval-ignore-output"]
again = trials.get("thin_cheap_reach").rerun(seeds=2)
print(again)

# %% tags=["verdict"]
trials.conclude(
    "four strided 3×3 are faster than the pair for both seeds",
    bool((again.differences < 0).all()),
)

# %% [markdown]
# ## Exercises
#
# Replace the dots and run the cell. Each check knows the usual mistakes. `ex.output_size` shows a task in full, `ex.output_size.hint()` a hint (call it again for the next), `ex.output_size.solution()` a solution.
#
# **1.** How many rows does a convolution leave?


# %%
def output_size(size, kernel, stride, padding):
    """Rows in, rows of the kernel, stride, zeros on each side, all whole numbers → rows out, a whole number ≥ 1."""
    ...


ex.output_size.check(output_size)

# %% [markdown]
# **2.** The pair of the advice, for any size and any number of channels.


# %%
def weights_of_pair(k, t, channels):
    """k×t, then t×k, each from `channels` to `channels` channels, no biases → weights of both, a whole number."""
    ...


ex.weights_of_pair.check(weights_of_pair)

# %% [markdown]
# **3.** Section 3 used `models.two_thin`. Write it.


# %%
def split_kernel(kernel):
    """Kernel, float32 [h, w] → (column, row), float [h] and [w], whose outer product comes nearest to it."""
    ...


ex.split_kernel.check(split_kernel)

# %% [markdown]
# **4.** How far does a stack see? Strides make later kernels count for more.


# %%
def receptive_field(layers):
    """Pairs (kernel, stride), whole numbers, nearest to the picture first → rows seen by one output, a whole number."""
    ...


ex.receptive_field.check(receptive_field)

# %% [markdown]
# **5.** Weights are not work. Count the work.


# %%
def macs(height, width, in_channels, out_channels, kernel_h, kernel_w):
    """Picture's size, channels in and out, kernel's size; no padding, stride 1 → multiply–adds, a whole number."""
    ...


ex.macs.check(macs)

# %% [markdown]
# ## Quiz

# %%
from course_lib.exercises.quiz_02 import QUIZ

QUIZ

# %% [markdown]
# ## What to take away
#
# - Weights, MACs, memory, seconds: four measures. Here a fifth of the weights took a third of the time.
# - A large kernel is two thin ones in a row only if it has rank one. Kernels that learned lines were crosses.
# - Long thin kernels do nothing for hue. For lines they got there sooner than 3×3 networks that stride at once. Against one that strides later, most of the lead was gone.
# - Give each rival its own learning rate, chosen on seeds that do not count.

# %% [markdown]
# **What we would write to the asker today.** Thin kernels could not have helped: a hue needs no reach. With 600 such pictures, every network that we tried came close to the best possible, plain 3×3 as well. So leave the architecture, and check the pipeline as lesson 1 does. Keep thin kernels for long, upright structure and few pictures, and try a later stride first.

# %% [markdown]
# **Open.** Timings are from one CPU; no GPU was at hand, and there the order may differ. All networks are small, all pictures 48 px. Would thin kernels at all angles, or a lying and a standing one side by side, find roads? Why do some trainings on lines fail altogether? We have not found out.
#
# **Read on.** Szegedy et al., *Rethinking the Inception architecture*, 2016, [arXiv:1512.00567](https://arxiv.org/abs/1512.00567) (1×k then k×1) · Luo, Li, Urtasun, Zemel, *Understanding the effective receptive field*, 2016, [arXiv:1701.04128](https://arxiv.org/abs/1701.04128) · Dumoulin, Visin, *A guide to convolution arithmetic*, 2016, [arXiv:1603.07285](https://arxiv.org/abs/1603.07285) · Ding et al., *Scaling up your kernels to 31×31*, 2022, [arXiv:2203.06717](https://arxiv.org/abs/2203.06717) · Jaderberg, Vedaldi, Zisserman, *Speeding up convolutional neural networks with low rank expansions*, 2014, [arXiv:1405.3866](https://arxiv.org/abs/1405.3866)
