"""Exercise: weights of a pair. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from ....practice import draws
from ....practice.engine import Case, exercise


@exercise(
    task="""
    30×3 and then 3×30 see 32×32 pixels, a little more than 30×30, with a fifth of the weights. Write
    `weights_of_pair(k, t, channels)`: how many weights do the two convolutions have?

    The first has a kernel of k rows and t columns, the second one of t rows and k columns. Both take `channels`
    channels and give `channels` channels. There are no biases. All are whole numbers from 1; so is the result.
    """,
    cases=[
        Case("one channel", (30, 3, 1)),
        Case("four channels", (30, 3, 4)),
        Case("as in Inception, a line and a line", (7, 1, 12)),
        Case("not thin at all", (3, 3, 2)),
    ],
    draw=lambda r, i: draws.sizes(r, 3, 1, 12),
    hints=[
        "Begin with one channel. How many numbers are in a kernel of k rows and t columns?",
        "Each channel that comes out looks at every channel that goes in, with a kernel of its own. So there are "
        "channels · channels kernels in a layer.",
        "One layer has k * t * channels * channels weights. The other has as many.",
    ],
)
def weights_of_pair(k, t, channels):
    """k×t, then t×k, each from `channels` to `channels` channels, no biases → weights of both, a whole number."""
    one_layer = k * t * channels * channels
    return 2 * one_layer


@weights_of_pair.misconception(
    "You counted one kernel for each channel that comes out. Such a layer exists, it is called depthwise. In an "
    "ordinary convolution each channel that comes out looks at every channel that goes in: channels · channels kernels."
)
def depthwise(k, t, channels):
    return 2 * k * t * channels


@weights_of_pair.misconception(
    "You counted one layer. The other one has as many weights: 3×30 holds as many numbers as 30×3."
)
def one_of_the_two(k, t, channels):
    return k * t * channels**2


@weights_of_pair.misconception(
    "You multiplied the two layers. What one layer does to the other's output is not stored anywhere; only the weights "
    "of each are. Add them."
)
def layers_multiplied(k, t, channels):
    return (k * t * channels**2) ** 2


@weights_of_pair.misconception(
    "You counted one square kernel, k×k. That is what the pair is meant to replace: it has k / (2 · t) times as many "
    "weights."
)
def the_square_kernel(k, t, channels):
    return k * k * channels**2


@weights_of_pair.misconception(
    "You counted the biases too, one for each channel that comes out. PyTorch has them by default; here they are left "
    "out, as the task says."
)
def with_biases(k, t, channels):
    return 2 * (k * t * channels**2 + channels)


@weights_of_pair.misconception(
    "You added the sides of the kernel. A kernel of k rows and t columns holds k · t numbers."
)
def sides_added(k, t, channels):
    return 2 * (k + t) * channels**2
