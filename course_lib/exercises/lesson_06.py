"""Exercises of lesson 6: why did it say that?

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .engine import Case, exercise

# --- cover -----------------------------------------------------------------------------------------------


def _bytes(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: every channel in a range of its own."""
    generator = torch.Generator().manual_seed(seed)
    low, span = torch.tensor([20, 60, 130]), torch.tensor([80, 120, 100])
    share = torch.rand(3, height, width, generator=generator)
    return (low[:, None, None] + share * span[:, None, None]).to(torch.uint8)


def _copy_and_original(answer: Callable, picture: Tensor, *place: int) -> dict | None:
    """What came back, and whether `picture` was left alone; None where nothing happened."""
    before = picture.clone()
    copy = answer(picture, *place)
    unchanged = torch.equal(picture, before)
    if copy is None and unchanged:
        return None
    if isinstance(copy, Tensor):
        copy = copy.clone()
    return {"the copy": copy, "your picture is as it was": unchanged}


# Of at most 30 numbers, so that a message can show them.


@exercise(
    task="""
    The first way to ask a network: cover a part of the picture. Write `cover(picture, top, left, size)`.

    `picture` is a uint8 tensor [3, H, W]. The square has `size` rows and columns, and its first pixel is in row `top`
    and column `left`. It may stand out of the picture on any side, so `top` and `left` may be negative; what stands
    out is cut off. Return a copy in which the square has the mean colour of the whole picture: three numbers, one for
    each channel, each rounded to the nearest whole number. `picture` itself must stay as it is.
    """,
    cases=[
        Case("3×3 pixels, the lower left 2×2 covered", (_bytes(3, 3, seed=0), 1, 0, 2)),
        Case("the square stands out on the right and below", (_bytes(2, 5, seed=1), 0, 3, 4)),
        Case("the square stands out above: top is −1", (_bytes(3, 3, seed=2), -1, 1, 2)),
    ],
    hints=[
        "Start with covered = picture.clone(), and change that. Plain = gives the same picture a second name.",
        "picture.double().mean(dim=(1, 2)).round() is the colour, [3]. With [:, None, None] it fills [3, rows, "
        "columns].",
        "A slice may end beyond the picture. A start below 0 counts from the other side, so use max(top, 0) and "
        "max(left, 0). The end stays top + size.",
    ],
    observe=_copy_and_original,
)
def cover(picture, top, left, size):
    """Picture, uint8 [3, H, W], a square's first row and column, its size → a copy, the square in the mean colour."""
    covered = picture.clone()
    colour = picture.double().mean(dim=(1, 2)).round().to(torch.uint8)
    covered[:, max(top, 0) : top + size, max(left, 0) : left + size] = colour[:, None, None]
    return covered


def _painted(picture: Tensor, top: int, left: int, size: int, colour) -> Tensor:
    """A copy whose square has `colour`, a number or [3]."""
    covered = picture.clone()
    square = covered[:, max(top, 0) : top + size, max(left, 0) : left + size]
    square[:] = torch.as_tensor(colour).to(torch.uint8).reshape(-1, 1, 1)
    return covered


def _mean_colour(picture: Tensor) -> Tensor:
    """double [3], not rounded."""
    return picture.double().mean(dim=(1, 2))


@cover.misconception(
    "The square is right, but you painted it into the picture that you were given. Ask for the next place, and the "
    "first square is still there. Work on picture.clone()."
)
def in_place(picture, top, left, size):
    picture[:] = cover.reference(picture, top, left, size)
    return picture


@cover.misconception(
    "You painted the square into the picture that you were given, and returned nothing. Work on picture.clone(), and "
    "return that."
)
def in_place_and_nothing_returned(picture, top, left, size):
    picture[:] = cover.reference(picture, top, left, size)


@cover.misconception(
    "You covered with middle grey, 128. That is a common choice, and another question to the network. Asked for is the "
    "picture's own mean colour."
)
def grey(picture, top, left, size):
    return _painted(picture, top, left, size, 128)


@cover.misconception(
    "You took one mean over all three channels, which is always a grey. Take the mean of each channel: over dimensions "
    "1 and 2, not 0."
)
def one_mean(picture, top, left, size):
    return _painted(picture, top, left, size, picture.double().mean().round())


@cover.misconception("You did not round. To turn 99.7 into a byte cuts it to 99. Call .round() before you convert.")
def truncated(picture, top, left, size):
    return _painted(picture, top, left, size, _mean_colour(picture))


@cover.misconception(
    "Your colour is the mean of the square. Then some of what you want to hide still shows. Take the mean of the whole "
    "picture."
)
def mean_of_the_square(picture, top, left, size):
    square = picture[:, max(top, 0) : top + size, max(left, 0) : left + size]
    return _painted(picture, top, left, size, _mean_colour(square).round())


@cover.misconception(
    "You exchanged rows and columns. In [3, H, W] the rows come first, so the slice from top is the second, and the "
    "slice from left the third."
)
def rows_and_columns_exchanged(picture, top, left, size):
    return _painted(picture, left, top, size, _mean_colour(picture).round())


@cover.misconception(
    "This is right while the square begins inside the picture. Where top or left is below 0, Python counts from the "
    "other side, and you cover the wrong pixels or none. Begin at max(top, 0) and max(left, 0)."
)
def negative_start(picture, top, left, size):
    covered = picture.clone()
    covered[:, top : top + size, left : left + size] = _mean_colour(picture).round().to(torch.uint8)[:, None, None]
    return covered


# --- Grad-CAM --------------------------------------------------------------------------------------------


def _normal(*shape: int, seed: int, shift: float = 0.0) -> Tensor:
    """float32"""
    return shift + torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@exercise(
    task="""
    The second way: go back through the weights. Grad-CAM (Selvaraju and others, 2017) needs the maps of one layer and
    the gradient of the logit with respect to them. Write `grad_cam(maps, gradients)`.

    Both are float tensors [C, H, W]. The weight of a map is the mean of its gradient over all places. Multiply each
    map by its weight, add up the maps, and set to 0 what is below 0. Return floats [H, W].
    """,
    cases=[
        Case("three maps of 2×4 places", (_normal(3, 2, 4, seed=0), _normal(3, 2, 4, seed=1, shift=0.4))),
        Case("five maps of 3×3 places", (_normal(5, 3, 3, seed=2).abs(), _normal(5, 3, 3, seed=3))),
        Case("nothing speaks for the class", (_normal(2, 2, 3, seed=4).abs(), -_normal(2, 2, 3, seed=5).abs())),
    ],
    hints=[
        "One weight a map: gradients.mean(dim=(1, 2)) has the shape [C].",
        "weights[:, None, None] * maps multiplies each map by its own. The sum over dimension 0 leaves [H, W].",
        "At the very end, .clamp(min=0) or .relu() sets to 0 what speaks against the class.",
    ],
)
def grad_cam(maps, gradients):
    """Maps of a layer and the logit's gradient with respect to them, float [C, H, W] each → heatmap, float [H, W]."""
    weights = gradients.mean(dim=(1, 2))
    return (weights[:, None, None] * maps).sum(dim=0).relu()


def _weights(gradients: Tensor) -> Tensor:
    """double [C, 1, 1]"""
    return gradients.double().mean(dim=(1, 2), keepdim=True)


@grad_cam.misconception(
    "You multiplied maps and gradients place by place. That is another method. In Grad-CAM each map has one weight: "
    "take the mean of its gradient over all places first."
)
def place_by_place(maps, gradients):
    return (maps.double() * gradients).sum(dim=0).relu()


@grad_cam.misconception(
    "Right but for what is below 0. There the maps speak against the class, or for another. Grad-CAM asks what speaks "
    "for it: add .relu() at the end."
)
def relu_forgotten(maps, gradients):
    return (_weights(gradients) * maps).sum(dim=0)


@grad_cam.misconception(
    "You set each weighed map to 0 where it is below 0, and then added. So nothing can be outweighed. First the sum "
    "over all maps, then .relu()."
)
def relu_before_the_sum(maps, gradients):
    return (_weights(gradients) * maps).relu().sum(dim=0)


@grad_cam.misconception(
    "You dropped the weights below 0. A map that speaks against the class belongs to the sum: it takes heat away where "
    "it is large. Set to 0 only the sum."
)
def only_positive_weights(maps, gradients):
    return (_weights(gradients).relu() * maps).sum(dim=0).relu()


@grad_cam.misconception(
    "Your weights are sums of the gradient, not means. The picture looks the same, since all of it is H · W times as "
    "hot. But heat from maps of another size could not be compared. Take the mean."
)
def sum_for_mean(maps, gradients):
    return (gradients.double().sum(dim=(1, 2), keepdim=True) * maps).sum(dim=0).relu()


@grad_cam.misconception(
    "You averaged the maps. Grad-CAM adds them up: your heat is C times too small. Take .sum(dim=0)."
)
def mean_of_the_maps(maps, gradients):
    return (_weights(gradients) * maps).mean(dim=0).relu()


# --- integrated gradients --------------------------------------------------------------------------------


def _slope(weights: list[list[float]]) -> Callable:
    """The gradient of tanh(Σ weights · x), which is steep at first and flat in the end."""
    w = torch.tensor(weights)

    def gradient(x):
        x = torch.as_tensor(x)
        if x.shape != w.shape:
            raise ValueError(f"gradient got the shape {list(x.shape)}; it takes one x at a time, {list(w.shape)}.")
        return w * (1 - torch.tanh((w * x).sum()) ** 2)

    return gradient


@exercise(
    task="""
    A gradient says what a small change would do. Integrated gradients (Sundararajan and others, 2017) go all the way
    from a picture that stands for nothing. Write `integrated_gradients(gradient, x, baseline, steps)`.

    `x` and `baseline` are float tensors of one shape. `gradient(x)` is a function: it takes such a tensor and returns
    the gradient of the logit there, in the same shape. Cut the straight line from `baseline` to `x` into `steps`
    equal pieces, and take the gradient in the middle of each piece. Return (x − baseline) times the mean of these
    gradients, in the shape of `x`.
    """,
    cases=[
        Case(
            "four steps from a grey baseline",
            (_slope([[0.9, -0.4, 0.7]]), torch.tensor([[1.5, 0.3, 1.2]]), torch.tensor([[0.4, 0.5, 0.3]]), 4),
        ),
        Case(
            "ten steps from 0",
            (
                _slope([[0.5, 1.1], [-0.3, 0.8]]),
                torch.tensor([[1.0, 0.6], [0.2, 1.4]]),
                torch.zeros(2, 2),
                10,
            ),
        ),
    ],
    hints=[
        "The points are baseline + share * (x - baseline). A share of 0 is the baseline, 1 is x.",
        "With 4 steps the middles are at the shares 1/8, 3/8, 5/8, 7/8: (k + 0.5) / steps for k in range(steps).",
        "Add up gradient(point) over all points, divide by steps, and multiply by (x - baseline) at the end.",
    ],
)
def integrated_gradients(gradient, x, baseline, steps):
    """Function x → gradient, x and baseline, float, same shape, number of steps → heat, float, same shape."""
    total = torch.zeros_like(x)
    for k in range(steps):
        total = total + gradient(baseline + (k + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def _at(gradient: Callable, x: Tensor, baseline: Tensor, shares) -> Tensor:
    """[len(shares), …]: the gradients there."""
    return torch.stack([gradient(baseline + float(share) * (x - baseline)) for share in shares])


def _middles(steps: int) -> Tensor:
    return (torch.arange(steps) + 0.5) / steps


@integrated_gradients.misconception(
    "You returned the mean gradient. Multiply by (x − baseline): the heat of a pixel is how far it went, times how "
    "much each bit of the way was worth."
)
def difference_forgotten(gradient, x, baseline, steps):
    return _at(gradient, x, baseline, _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "You asked for the gradient at x only. A logit that is flat there has no gradient left, though much happened on "
    "the way. Ask at each of the points on the line."
)
def at_x_only(gradient, x, baseline, steps):
    return (x - baseline) * gradient(x)


@integrated_gradients.misconception(
    "You added up the gradients, and did not divide by the number of steps. With more steps your heat would grow "
    "without end. Take the mean."
)
def sum_for_mean_gradient(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, _middles(steps)).sum(dim=0)


@integrated_gradients.misconception(
    "You started from 0, not from the baseline. 0 is black, or mid-grey after standardizing, and what stands for "
    "nothing is a choice. Go from baseline to x, and multiply by (x − baseline)."
)
def from_zero(gradient, x, baseline, steps):
    return x * _at(gradient, x, torch.zeros_like(x), _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "Your points are right, but you multiplied by x. What is multiplied is the way that was gone: x − baseline."
)
def times_x(gradient, x, baseline, steps):
    return x * _at(gradient, x, baseline, _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "You took the gradient at the end of each piece, so that the last point is x. With few steps that is further from "
    "the integral. Use the middles: (k + 0.5) / steps."
)
def ends_of_the_pieces(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, (torch.arange(steps) + 1) / steps).mean(dim=0)


@integrated_gradients.misconception(
    "You took the gradient at the beginning of each piece, so that the first point is the baseline. Use the middles: "
    "(k + 0.5) / steps."
)
def beginnings_of_the_pieces(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, torch.arange(steps) / steps).mean(dim=0)


@integrated_gradients.misconception(
    "Your points go from the baseline to x, both included, as linspace(0, 1, steps) gives them. Asked for are the "
    "middles of equal pieces: (k + 0.5) / steps."
)
def both_ends_included(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, torch.linspace(0, 1, steps)).mean(dim=0)


# --- energy inside ---------------------------------------------------------------------------------------

_DISC = torch.tensor([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]).bool()


@exercise(
    task="""
    You planted the reason, so a mask says where it is. How much of a heatmap lies there? Write
    `energy_inside(heatmap, mask)`.

    `heatmap` is a float tensor [H, W], `mask` a bool tensor [H, W]. Only heat above 0 counts. Return which share of
    it lies inside of the mask, a number from 0 to 1. Where no heat is above 0, return 0.
    """,
    cases=[
        Case("heat above and below 0", (_normal(3, 4, seed=6, shift=0.3), _DISC)),
        Case("no heat above 0", (-_normal(3, 4, seed=7).abs(), _DISC)),
        Case(
            "the mask has one pixel",
            (_normal(2, 3, seed=9, shift=1.0).abs(), torch.tensor([[0, 0, 1], [0, 0, 0]]).bool()),
        ),
    ],
    hints=[
        "First set to 0 what is below 0: heatmap.clamp(min=0).",
        "Of a tensor heat, heat[mask] are the values inside of the mask. Divide their sum by the sum of all.",
        "Where the sum of all is 0, you would divide 0 by 0. Ask for that first, and return 0.",
    ],
)
def energy_inside(heatmap, mask):
    """Heatmap, float [H, W], and mask, bool [H, W] → share of the positive heat inside, 0 to 1; 0 if there is none."""
    heat = heatmap.clamp(min=0)
    return heat[mask].sum() / heat.sum() if heat.sum() > 0 else 0.0


def _share(heat: Tensor, mask: Tensor) -> Tensor:
    heat = heat.double()
    return heat[mask].sum() / heat.sum()


@energy_inside.misconception(
    "You counted heat below 0 too. It cancels out some of the rest, and the share may leave 0 to 1. Set it to 0 first: "
    "heatmap.clamp(min=0)."
)
def negative_heat_counted(heatmap, mask):
    return _share(heatmap, mask)


@energy_inside.misconception(
    "You took absolute values, so what speaks against the class counts as heat for it. Set what is below 0 to 0: "
    "clamp, not abs."
)
def absolute_heat(heatmap, mask):
    return _share(heatmap.abs(), mask)


@energy_inside.misconception(
    "You divided the mean inside by the mean of all. That says how many times as hot the mask is, and may be above 1. "
    "For a share, divide the sums."
)
def mean_for_sum(heatmap, mask):
    heat = heatmap.double().clamp(min=0)
    return (heat[mask].mean() / heat.mean()).nan_to_num()


@energy_inside.misconception(
    "You divided the heat inside by the heat outside. Asked for is its share of all heat, so divide by the sum of both."
)
def inside_by_outside(heatmap, mask):
    heat = heatmap.double().clamp(min=0)
    return (heat[mask].sum() / heat[~mask].sum()).nan_to_num()


@energy_inside.misconception(
    "You counted pixels: how many of the hot ones lie inside. A pixel with a trace of heat is worth as much as the "
    "hottest then. Add up the heat."
)
def hot_pixels_counted(heatmap, mask):
    return _share(heatmap > 0, mask).nan_to_num()


@energy_inside.misconception(
    "This is right where there is heat above 0. Where there is none, you divide 0 by 0 and get NaN, and one NaN spoils "
    "the mean over all pictures. Return 0 there."
)
def nothing_hot_forgotten(heatmap, mask):
    return _share(heatmap.clamp(min=0), mask)


# --- shuffled patches ------------------------------------------------------------------------------------


@exercise(
    task="""
    Does a network need shapes? Cut the picture into patches and lay them anew. Write
    `shuffle_patches(picture, size, order)`.

    `picture` is a uint8 tensor [3, H, W], and `size` divides H and W. Patches are squares of `size` pixels, numbered
    from 0 as you read: from left to right, then the next row of patches. `order` is an int64 tensor with each number
    once. Return uint8 [3, H, W], in which place k has patch `order[k]` of the picture. Inside of a patch nothing
    changes.
    """,
    cases=[
        Case("2×3 patches of 2×2 pixels", (_bytes(4, 6, seed=10), 2, torch.tensor([4, 0, 5, 1, 3, 2]))),
        Case("3×2 patches of 3×3 pixels", (_bytes(9, 6, seed=11), 3, torch.tensor([1, 2, 3, 5, 0, 4]))),
    ],
    hints=[
        "There are W // size patches in a row. Patch k begins in row (k // columns) * size and column "
        "(k % columns) * size.",
        "A loop will do: begin with picture.clone(), and for each k copy the square of patch order[k] from the picture "
        "to the place k.",
        "Without a loop: reshape to [3, rows, size, columns, size], permute the two size dimensions to the end, join "
        "rows and columns, index with order, and go back the same way.",
    ],
)
def shuffle_patches(picture, size, order):
    """Picture, uint8 [3, H, W], size of a patch, order, int64 → same shape; place k has patch order[k]."""
    columns = picture.shape[2] // size
    shuffled = picture.clone()
    for k, source in enumerate(order.tolist()):
        to_row, to_column = k // columns * size, k % columns * size
        row, column = source // columns * size, source % columns * size
        patch = picture[:, row : row + size, column : column + size]
        shuffled[:, to_row : to_row + size, to_column : to_column + size] = patch
    return shuffled


def _cut(picture: Tensor, size: int) -> Tensor:
    """[patches, 3, size, size], as you read."""
    rows = picture.unflatten(2, (-1, size)).unflatten(1, (-1, size))  # [3, rows, size, columns, size]
    return rows.permute(1, 3, 0, 2, 4).flatten(0, 1)


def _laid(patches: Tensor, columns: int) -> Tensor:
    """The reverse of `_cut`: [3, H, W]."""
    return patches.unflatten(0, (-1, columns)).permute(2, 0, 3, 1, 4).flatten(3, 4).flatten(1, 2)


@shuffle_patches.misconception(
    "You laid patch k at the place order[k]. Asked for is the other way round: place k gets patch order[k]. Both are "
    "shuffled pictures, but not the same one."
)
def inverse(picture, size, order):
    return _laid(_cut(picture, size)[order.argsort()], picture.shape[2] // size)


@shuffle_patches.misconception(
    "You numbered the patches down the columns. Number them as you read: from left to right, then the next row."
)
def down_the_columns(picture, size, order):
    turned = picture.transpose(1, 2)
    patches = _cut(turned, size)[order]
    return _laid(patches, turned.shape[2] // size).transpose(1, 2)


@shuffle_patches.misconception(
    "The patches are where they should be, but inside each one rows and columns are exchanged. Look at the last two "
    "dimensions of your permute: the pixel rows come before the pixel columns."
)
def pixels_turned(picture, size, order):
    return _laid(_cut(picture, size)[order].transpose(2, 3), picture.shape[2] // size)


@shuffle_patches.misconception(
    "reshape alone cuts no squares: it takes the pixels in the order in which they lie in memory, so your patches are "
    "pieces of rows. Reshape to [3, rows, size, columns, size] first, then permute."
)
def pieces_of_rows(picture, size, order):
    pieces = picture.reshape(3, -1, size, size)
    return pieces[:, order].reshape(picture.shape)


@shuffle_patches.misconception(
    "Your patches are where they were. order has to say from where each place gets its patch."
)
def not_shuffled(picture, size, order):
    return picture.clone()
