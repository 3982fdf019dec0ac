# %% [markdown]
# # 2a · Long thin kernels: what do they compute, and what do they cost?
#
# Somebody's CNN did not learn, and they were told to let it see farther at small cost: not with one kernel of 30×30, but with 30×3 and then 3×30. The same view, for a fifth of the weights. Is a fifth of the weights also a fifth of the work, or of the time? And do two thin kernels compute what the large one would have computed?
#
# <details><summary><b>Short answer</b> (leave it shut if you want to bet first)</summary>
#
# On a 64×64 picture the pair has a fifth of the weights of one 30×30, does 27 % of its multiplications, and took a third of its time in our evidence; on a 32×32 picture it saves no work at all. Four ordinary 3×3 kernels with a stride of 2 see as far for a small part of the work, and leave a much coarser grid. In training the pair stores more than twice as much for each picture. What a pair can compute depends on its thickness and on the channels between the two: one channel and one pixel of thickness give only kernels whose rows are all multiples of one row, while 30×3 with sixteen channels can come close even to one kernel of random numbers, though not to a layer of 256 such kernels at once.
# </details>
#
# | you see | read |
# |---|---|
# | "take long thin kernels, they are cheap" | sections 2 and 3 |
# | a network with few weights that is slow all the same | section 3 |
# | memory runs out in training, though the network is small | the table at the end of section 2 |
# | a large kernel that you would like to split into two | section 4 |
# | the pair in Keras | section 5 |
# | the question whether thin kernels get more *right* | [2b Do long thin kernels help?](02b_do_long_thin_kernels_help.ipynb) |
# | you want the costs for your own pictures | *Your pictures*, at the end |
#
# Core · MINUTES
#
# You will be able to count what a kernel costs in weights, work and memory, to time it, and to say when a large kernel can be split. What *holds*, *±*, an interval and the verdicts mean is said in [Start here](00_start_here.ipynb).

# %%
import time

import torch
from course_lib import data, figures, models, study
from course_lib.lessons.kernels import exercises as ex
from course_lib.lessons.kernels import timing, variants, your_pictures
from course_lib.practice import predict
from torch import nn

torch.set_num_threads(1)  # so that times can be compared

# %% [markdown]
# ## 1 · Two kernels in a row
#
# A kernel's size is a tuple, height first: `(30, 3)` is tall, 30 rows by 3 columns. Without padding, a rim of zeros around the picture, a kernel has to lie inside it, so each of the two takes something off the size.
#
# What is left of 64×64? And how many pixels does one number of the output see? You can ask the gradient: only pixels that can move that number have a gradient other than 0.

# %%
picture = torch.rand(1, 1, 64, 64, requires_grad=True)
pair = nn.Sequential(nn.Conv2d(1, 1, (30, 3)), nn.Conv2d(1, 1, (3, 30)))

output = pair(picture)
output[0, 0, 16, 16].backward()
rows, columns = picture.grad[0, 0].nonzero().unbind(dim=1)
print("left of 64×64:", tuple(output.shape[2:]))
print("one number sees", len(rows.unique()), "rows and", len(columns.unique()), "columns")

# %% [markdown]
# A little more than a single 30×30 would see. Try two kernels of 3×3 in its place: they see five rows and columns, not six, because they overlap.

# %% [markdown]
# ## 2 · A fifth of the weights: a fifth of the work?
#
# From one channel to one channel the pair has 30·3 + 3·30 = 180 weights, a single 30×30 has 900. That is the fifth of the advice.
#
# **Exercise 1.** Write it for any size and any number of channels. Replace the dots and run the cell. `ex.weights_of_pair` shows the task in full, `.hint()` a hint, `.solution()` a solution.


# %%
def weights_of_pair(k, t, channels):
    """k×t, then t×k, each from `channels` to `channels` channels, no biases → weights of both, a whole number."""
    ...


ex.weights_of_pair.check(weights_of_pair)

# %% [markdown]
# Weights are stored. Work is something else: each weight is used at *every place* of its layer's output, and each time it is one multiplication with its addition, a **MAC** for short.
#
# Take a 64×64 picture with 16 channels, and 16 channels after each kernel.

# %%
macs_guess = predict.number(
    "The weights fall by a factor of 5. By which factor do the MACs fall?",
    low=0,
    high=10,
)
macs_guess

# %%
side, channels = 64, 16  # yours to change; build the layers, let a picture through, count
work = {}
for name, kernels in {"one": [(30, 30)], "two": [(30, 3), (3, 30)]}.items():
    x, weights, work[name] = torch.zeros(1, channels, side, side), 0, 0
    for kernel in kernels:
        layer = nn.Conv2d(channels, channels, kernel, bias=False)
        x = layer(x)
        places = x.shape[2] * x.shape[3]
        weights += layer.weight.numel()
        work[name] += layer.weight.numel() * places
        print(f"{kernel}: {layer.weight.numel():7,} weights at {places:5,} places")
    print(f"   in all {weights:,} weights, {work[name] / 1e6:.1f} million MACs")
macs_guess.compare(work["one"] / work["two"])

# %% [markdown]
# Less than five. Look at the places: the tall kernel works on a picture that is still 62 columns wide, so each of its weights is used far more often than one of the large kernel. The smaller the picture, the more that weighs:

# %%
for pixels in (32, 48, 64, 128, 224):
    one, two = (
        timing.counts(variants.STACKS[name], (pixels, pixels)).macs
        for name in ("one 30×30", "30×3 then 3×30")
    )
    print(f"{pixels:4} × {pixels:<4} {one / two:4.2f} times fewer MACs")

# %% tags=["verdict"]
fewer = {
    pixels: timing.counts(variants.STACKS["one 30×30"], (pixels, pixels)).macs
    / timing.counts(variants.STACKS["30×3 then 3×30"], (pixels, pixels)).macs
    for pixels in (32, 64, 224)
}
study.conclude("at 64 px the MACs fall by 3.8", round(fewer[64], 1) == 3.8)
study.conclude("at 224 px by 4.7, not by 5", round(fewer[224], 1) == 4.7)
study.conclude("at 32 px the pair saves no work", fewer[32] <= 1)

# %% [markdown]
# At 224 pixels it is nearly the five of the advice. At 32 pixels the pair saves *nothing*: the large kernel fits in only nine places there.
#
# **Exercise 2.** Count the MACs of one convolution yourself.


# %%
def macs(height, width, in_channels, out_channels, kernel_h, kernel_w):
    """Picture's size, channels in and out, kernel's size; no padding, stride 1 → multiply–adds, a whole number."""
    ...


ex.macs.check(macs)

# %% [markdown]
# Four other ways to see 30 pixels far: the thinnest pair, 30×1 and 1×30; fifteen 3×3 in a row; four 3×3 with a stride of 2 (padded, unlike the others); and a *depthwise* 30×30, one kernel for each channel, and then a 1×1 that mixes the channels.
#
# *stored*: what the layers put out for one picture, kept in training until the gradient has passed. *sees* is what one number of the output sees at most, *leaves* the size of the last feature map. In training a weight takes 16 bytes, with its gradient and Adam's two averages.

# %%
print(f"{'':26} weights   M MACs  stored     sees leaves")
print(f"{'':26}     (k)     (KiB a picture)")
counted = {name: timing.counts(row) for name, row in variants.STACKS.items()}
for name, counts in counted.items():
    print(f"{name:26}", counts)
one, two = counted["one 30×30"], counted["30×3 then 3×30"]
saved, more = 16 * (one.weights - two.weights), 4 * (two.kept - one.kept)
print(f"\nthe pair saves {saved / 1e6:.1f} MB for weights, once,")
print(
    f"and stores {more / 1e6:.2f} MB more a picture: equal at {saved / more:.1f} pictures"
)

# %% [markdown]
# For each picture the pair stores more than twice as much: it has two outputs. Its weights save 2.9 MB, once. So from 23 pictures in a batch on, both together are larger for the pair. (Counted, not measured.) Fifteen small kernels store the most.
#
# The thinnest pair does about a third of the work of 30×3 and 3×30. Section 4 says what it gives up.
#
# Four 3×3 with a stride of 2 see as far with a twenty-fourth of the pair's MACs. They pay with the grid: with 4×4 numbers they know less well *where* something was.

# %% tags=["verdict"]
cheap, thin, large = (
    counted[name] for name in ("four 3×3, stride 2", "30×3 then 3×30", "one 30×30")
)
study.conclude(
    "four strided 3×3 see as far, to a pixel", large.sees <= cheap.sees <= thin.sees
)
study.conclude("with 24 times fewer MACs", round(thin.macs / cheap.macs) == 24)
study.conclude("the pair stores more than twice as much", thin.kept > 2 * large.kept)
saves, costs_more = 16 * (large.weights - thin.weights), 4 * (thin.kept - large.kept)
study.conclude(
    "weights and outputs: more from 23 pictures on",
    22 * costs_more < saves < 23 * costs_more,
)

# %% [markdown]
# ## 3 · A fifth of the time?
#
# Nobody waits for a MAC; people wait for seconds. Say one 30×30 takes 100. What does the pair take, on one thread of a CPU?

# %%
time_guess = predict.number(
    "One 30×30 takes 100. 30×3 and then 3×30 take:", low=0, high=200
)
time_guess

# %% [markdown]
# Time it: eight pictures through each row of kernels, forward, seven times. The *fastest* of the seven counts, because other programs can only make a pass slower. Add a row of your own, or change `c`, the number of channels.

# %% tags=["nbval-ignore-output"]
c = 16
of_layers = {
    "one 30×30": nn.Conv2d(c, c, 30),
    "30×3 then 3×30": nn.Sequential(nn.Conv2d(c, c, (30, 3)), nn.Conv2d(c, c, (3, 30))),
    "four 3×3, stride 2": nn.Sequential(
        *[nn.Conv2d(c, c, 3, stride=2, padding=1) for _ in range(4)]
    ),
}
pictures, here = torch.rand(8, c, 64, 64), {}
for name, network in of_layers.items():
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        with torch.inference_mode():
            network(pictures)
        taken.append(1000 * (time.perf_counter() - start))
    here[name] = min(taken)
    print(f"{name:20} {here[name]:6.1f} ms on this CPU, one thread")
time_guess.compare(100 * here["30×3 then 3×30"] / here["one 30×30"])

# %% tags=["verdict"]
study.conclude(
    "here the pair is faster than one 30×30",
    here["30×3 then 3×30"] < here["one 30×30"],
)
study.conclude(
    "and four strided 3×3 are more than twice as fast as the pair",
    2 * here["four 3×3, stride 2"] < here["30×3 then 3×30"],
)

# %% [markdown]
# That was your machine, once. And over ten seeds, all six ways, on the machine that made the course's evidence. A seed is other random weights and another timing. The ten of a row lie within a dot's width.
#
# The advice promised two things: a fifth of the large kernel's time, and the cheapest way to see far. *Slower* below means slower than promised.

# %%
seconds = study.summary("kernel_seconds")
print(study.verdicts("thin_a_fifth", "thin_cheap_reach"))
figures.dots(
    {name: seconds[name] for name in variants.STACKS},
    metric="forward pass of 8 pictures",
    title="16 channels, 64×64 pixels, one thread",
)

# %% [markdown]
# The pair took 13.2 ms and the large kernel 39.4 ms (10 seeds, each ± less than 0.1): a third, not a fifth. Your own share stands above: it need not be a third. Four strided 3×3 took 0.9 ms.
#
# Among the ways that leave a fine grid both pairs were faster than fifteen 3×3, which took 17.5 ms. Only the depthwise 30×30 was faster than the thinnest pair.
#
# Do MACs tell the order at least? Put both beside each other, the most work on top.

# %%
print(f"{'':26}  M MACs      ms   M MACs a ms, for 8 pictures")
for name in sorted(counted, key=lambda name: -counted[name].macs):
    millions, taken = counted[name].macs / 1e6, seconds[name].mean
    print(f"{name:26} {millions:7.1f} {taken:7.2f} {8 * millions / taken:8.0f}")

# %% tags=["verdict"]
by_macs = sorted(counted, key=lambda name: counted[name].macs)
by_time = sorted(counted, key=lambda name: seconds[name].mean)
share = seconds["30×3 then 3×30"].mean / seconds["one 30×30"].mean
study.conclude("in the evidence the pair takes a third of the time", 0.3 < share < 0.37)
study.conclude("in the evidence times are in the order of MACs", by_time == by_macs)
pair_time = seconds["30×3 then 3×30"].mean
fine = [
    round(100 * seconds[name].mean / pair_time)
    for name in ("30×1 then 1×30", "30×30 depthwise, then 1×1")
]
study.conclude("two ways to a fine grid take 37 and 27 % of that", fine == [37, 27])
ahead = {name for name in by_time if seconds[name].mean < seconds["fifteen 3×3"].mean}
study.conclude(
    "of the fine grids only fifteen 3×3 are slower than the pair", len(ahead) == 4
)

# %% [markdown]
# In these six rows the *order* of the times is that of the MACs. At 48×48 it was not so (*Your pictures*, one timing): fifteen 3×3 took longer than one 30×30, with fewer than half of its MACs. And in a millisecond the large kernel gets through 57 million MACs, the four strided ones through 27 million. Our reading: small layers spend more of their time on reading, writing and getting started.
#
# So count MACs to find candidates, and time the best two or three on the machine that you will use. On a graphics card we have measured nothing.

# %% [markdown]
# Now play. It starts with a wide kernel, 3×30, on a picture with horizontal lines. Set *Height* to 30, *Width* to 3 and *Kernel* to vertical edge: what does the response keep of the lines? Then set 3×3 and raise *Layers*: with each layer the field grows by two pixels and the weights by nine. (The bars: a square kernel as long as yours, and two ways to split it.)

# %%
lines = data.spectrograms(3, **{**variants.FAINT_LINES, "strength_db": 12.0})
figures.kernel_explorer(
    lines.images[0], kernel=(3, 30), content="horizontal edge", source="generated"
)

# %% [markdown]
# ## 4 · What can two thin kernels compute?
#
# Begin with the thinnest: one column, 30×1, one channel, then one row, 1×30. A column followed by a row does what their product does: kernel[i, j] = column[i] · row[j]. Every row is a multiple of one row: it has **rank one**.
#
# Three kernels: Sobel's edge, [−1, 0, 1] in its first and last row and [−2, 0, 2] in the middle one; a round blur; and a diagonal edge, from lower left to upper right: −1 above it, +1 below, 0 on it. Which of them are exactly a column times a row?

# %%
line = torch.arange(-7.0, 8)
sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
blur = torch.exp(-(line[:, None] ** 2 + line**2) / 18)
diagonal = torch.sign(line[:, None] + line)
rank_guess = predict.choice(
    "Exactly a column times a row:",
    {
        "Sobel only": ["Sobel"].__eq__,
        "Sobel and the round blur": ["Sobel", "blur"].__eq__,
        "all three": ["Sobel", "blur", "diagonal"].__eq__,
        "the diagonal edge only": ["diagonal"].__eq__,
    },
)
rank_guess

# %% [markdown]
# The singular value decomposition writes any kernel as a sum of columns times rows, the most important first. The squares of its singular values say which share of the kernel's energy, the sum of its squared weights, each of them holds.

# %%
exact = []
for name, kernel in {"Sobel": sobel, "blur": blur, "diagonal": diagonal}.items():
    energy = torch.linalg.svdvals(kernel) ** 2
    first, second, third = energy[:3] / energy.sum()
    print(f"{name:9} first {first:6.1%}   second {second:6.1%}   third {third:6.1%}")
    exact += [name] if first > 0.9999 else []
rank_guess.compare(exact)

# %%
column, row = models.two_thin(diagonal)
nearest = torch.outer(column, row)
figures.kernel_grid(
    {
        "Sobel": sobel,
        "round blur": blur,
        "diagonal edge": diagonal,
        "its nearest\ncolumn × row": nearest,
        "what that misses": diagonal - nearest,
    },
    columns=5,
    alike=["diagonal edge", "its nearest\ncolumn × row", "what that misses"],
)

# %% [markdown]
# The blur is round, and yet it is a column times a row, because exp(−x² − y²) = exp(−x²) · exp(−y²). The diagonal edge is not. Its nearest product keeps 43 % of the energy, and nothing in it slants: it is a soft edge, upright or level (both come equally near). The last three pictures share one scale: what is missed is more than what is kept.
#
# So one column and one row see the whole field, and yet what slants is out of their reach. But the advice was 30×3 and 3×30, and a network has many channels. Does that hold there?

# %% tags=["verdict"]
as_column = torch.exp(-(line**2) / 18)[None, None, :, None]
inputs = torch.rand(1, 1, 32, 32)
whole = nn.functional.conv2d(inputs, blur[None, None])
split = nn.functional.conv2d(
    nn.functional.conv2d(inputs, as_column), as_column.mT.contiguous()
)
study.conclude(
    "the blur does what its column and then its row do",
    torch.allclose(whole, split, atol=1e-3),
)
study.conclude(
    "the nearest product keeps 43 % of the diagonal edge",
    round(100 * float(models.rank_one_share(diagonal))) == 43,
)
study.conclude(
    "what it misses holds more energy than what it keeps",
    bool((diagonal - nearest).square().sum() > nearest.square().sum()),
)

# %% [markdown]
# Two things to add, then: three pixels of thickness, and more channels between the two. Let pairs *learn* the diagonal edge, with four channels in between and one pixel of thickness. What share of its energy will they get? (You can work it out from the three numbers above.)

# %%
share_guess = predict.choice(
    "15×1, four channels, then 1×15: share of the diagonal edge's energy",
    {"43 %, as before": (0, 45), "45 to 80 %": (45, 80), "more than 80 %": (80, 101)},
)
share_guess

# %% [markdown]
# With nothing in between, a pair *is* one kernel: the one that it draws when it is shown a single bright pixel. Adam moves the weights until this drawing looks like the diagonal edge. Change the two numbers of a row and run it again.

# %% tags=["nbval-ignore-output"]
dot, wanted = torch.zeros(1, 1, 15, 15), torch.zeros(29, 29)
dot[0, 0, 7, 7], wanted[7:22, 7:22] = 1, diagonal
shares = {}
for channels, thick in [(1, 1), (1, 3), (4, 1), (16, 1), (4, 3)]:
    torch.manual_seed(0)
    pair = nn.Sequential(
        nn.Conv2d(1, channels, (15, thick), padding=(14, thick // 2), bias=False),
        nn.Conv2d(channels, 1, (thick, 15), padding=(thick // 2, 14), bias=False),
    )
    optimizer = torch.optim.Adam(pair.parameters(), lr=0.03)
    for _ in range(400):
        missed = (pair(dot)[0, 0] - wanted).square().sum()
        optimizer.zero_grad()
        missed.backward()
        optimizer.step()
    shares[channels, thick] = 1 - missed.item() / diagonal.square().sum().item()
    print(f"{channels:2} channels, {thick} thick: {shares[channels, thick]:4.0%}")
share_guess.compare(100 * shares[4, 1])

# %% [markdown]
# And the advised sizes, 30×3 and 3×30 with sixteen channels between? Let them draw the hardest thing, a kernel of 30×30 random numbers. And then 256 of those, a layer's worth; here arithmetic says what can be had at most.

# %%
torch.manual_seed(0)
anything = torch.randn(30, 30)
dot, wanted = torch.zeros(1, 1, 31, 31), torch.zeros(60, 60)
dot[0, 0, 15, 15], wanted[15:45, 15:45] = 1, anything
pair = nn.Sequential(
    nn.Conv2d(1, 16, (30, 3), padding=(29, 1), bias=False),
    nn.Conv2d(16, 1, (3, 30), padding=(1, 29), bias=False),
)
optimizer = torch.optim.Adam(pair.parameters(), lr=0.03)
for _ in range(80):
    missed = (pair(dot)[0, 0] - wanted).square().sum()
    optimizer.zero_grad()
    missed.backward()
    optimizer.step()
drawn = 1 - missed.item() / anything.square().sum().item()
weights = sum(layer.weight.numel() for layer in pair)
print(f"30×3, sixteen channels, 3×30: {drawn:.0%} of its energy, {weights:,} weights")
energy = torch.linalg.svdvals(torch.randn(16 * 30, 16 * 30)) ** 2  # all 256
at_most = (energy[: 16 * 3 * 3].sum() / energy.sum()).item()
print(f"a layer of 256 such kernels: at most {at_most:.0%}")

# %% tags=["verdict"]
study.conclude("one channel, one thick: less than half", shares[1, 1] < 0.5)
study.conclude("one channel, three thick: more than 80 %", shares[1, 3] > 0.8)
study.conclude("four channels, one thick: more than 90 %", shares[4, 1] > 0.9)
study.conclude("both together: more than 98 %", shares[4, 3] > 0.98)
study.conclude("30×3, sixteen channels: 95 % of random numbers or more", drawn > 0.95)
study.conclude("256 kernels at once: 71 % at most", 0.68 < at_most < 0.71)

# %% [markdown]
# Each channel in between adds a column times a row; *n* of them make any kernel of rank *n*. And t columns and t rows make up to t² products. So rank one is the rule for one channel only. Through sixteen the pair drew random numbers, but spent 2,880 weights on 900. It saves weights only where many kernels share the channels, and then it cannot draw them all: 256 random ones need 480 products, and the pair has 16·3² = 144.
#
# **Exercise 3.** `models.two_thin` found the nearest product. Write it: from a kernel to the pair `(column, row)`.


# %%
def split_kernel(kernel):
    """Kernel, float32 [h, w] → a pair (column, row), float [h] and [w], whose outer product comes nearest to it."""
    ...


ex.split_kernel.check(split_kernel)

# %%
# Does it matter which of the two comes first, and does an activation between them?
noise = torch.rand(1, 1, 64, 64)
tall = nn.Conv2d(1, 1, (30, 3), bias=False)
wide = nn.Conv2d(1, 1, (3, 30), bias=False)
plain = torch.allclose(wide(tall(noise)), tall(wide(noise)), atol=1e-5)
active = torch.allclose(wide(tall(noise).tanh()), tall(wide(noise).tanh()), atol=1e-5)
print("nothing in between:  ", "the same" if plain else "different")
print("with an activation:  ", "the same" if active else "different")

# %% [markdown]
# With nothing in between, the order does not matter. With an activation it does: tall-then-wide and wide-then-tall are then two different networks, and neither can be written as one kernel. (With several channels the two cannot simply change places either, because each layer also mixes its channels.)

# %% [markdown]
# ## 5 · The same in Keras
#
# The pair of section 1 again. PyTorch stores weights as [out, in, height, width], Keras as [height, width, in, out], and it wants a picture's channels last; so both are permuted.

# %%
import os

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
import keras

in_keras = keras.Sequential(
    [keras.layers.Conv2D(1, (30, 3)), keras.layers.Conv2D(1, (3, 30))]
)
in_keras.build((None, 64, 64, 1))
in_torch = nn.Sequential(nn.Conv2d(1, 1, (30, 3)), nn.Conv2d(1, 1, (3, 30)))
for ours, theirs in zip(in_torch, in_keras.layers, strict=True):
    kernel = ours.weight.detach().permute(2, 3, 1, 0)
    theirs.set_weights([kernel.numpy(), ours.bias.detach().numpy()])
output = in_torch(noise)
answer = in_keras(noise.permute(0, 2, 3, 1).numpy())
print("PyTorch", tuple(output.shape), " Keras", tuple(answer.shape))

# %% tags=["verdict"]
study.conclude(
    "Keras and PyTorch compute the same from the same weights",
    torch.allclose(
        output.permute(0, 2, 3, 1),
        torch.tensor(keras.ops.convert_to_numpy(answer)),
        atol=1e-4,
    ),
)

# %% [markdown]
# ## Your pictures
#
# What would these kernels cost at the size of *your* pictures? Put the name of a folder there, one that holds a folder for each class. `None` takes spectrograms of 48×48; `size=224` sets another size. The layers have 16 channels. All rows see about 30 pixels. If what you look for is larger, shrink the pictures with `size=` until it is 30 pixels long; if it is much smaller, you need no such kernel. Take the cheapest row whose grid is fine enough to say where it is.

# %% tags=["nbval-ignore-output"]
folder = None  # "photos"

yours = folder or data.spectrograms(3, **variants.HUES)
costs = your_pictures.costs(yours, size=None)
print(costs)

# %% tags=["verdict"]
study.conclude("a row for each way", len(costs.rows) == len(variants.STACKS))
if folder is None:
    macs_of = {row.name: row.counts.macs for row in costs.rows}
    times = macs_of["30×3 then 3×30"] / macs_of["four 3×3, stride 2"]
    study.conclude("at 48 px the pair takes 15 times the MACs", round(times) == 15)

# %% [markdown]
# ## What we would write to the asker
#
# The fifth is true of the weights. The work falls by a factor of 4.7 at 224 pixels, of 3.8 at 64, at 32 not at all; at 64 the time fell to a third on our machine. Training stores more for each picture. To see far cheaply, begin with 3×3 kernels and a stride. For a fine grid, try 30×1 and 1×30, or a depthwise 30×30 and a 1×1: they took 37 and 27 % of the pair's time. If you split a large kernel, leave several channels between the two thin ones.

# %% [markdown]
# ## Open
#
# All times are from one thread of a CPU, forward only, with 16 channels and pictures of 64×64 (48×48 in *Your pictures*). A graphics card, a phone or another library may order the rows differently.
#
# We counted what layers *store* and did not measure the peak of memory.
#
# ## Read on
#
# Szegedy et al., *Rethinking the Inception architecture*, 2016, [arXiv:1512.00567](https://arxiv.org/abs/1512.00567): 1×k and then k×1 · Dumoulin, Visin, *A guide to convolution arithmetic*, 2016, [arXiv:1603.07285](https://arxiv.org/abs/1603.07285) · Jaderberg, Vedaldi, Zisserman, *Speeding up convolutional neural networks with low rank expansions*, 2014, [arXiv:1405.3866](https://arxiv.org/abs/1405.3866) · Ding et al., *Scaling up your kernels to 31×31*, 2022, [arXiv:2203.06717](https://arxiv.org/abs/2203.06717): large kernels that pay
#
# ## Next
#
# **[2b Do long thin kernels help?](02b_do_long_thin_kernels_help.ipynb)** Now you know what they cost. Next you let them compete with 3×3 networks that cost as much: on hues, on faint lines, and on roads seen from space.
