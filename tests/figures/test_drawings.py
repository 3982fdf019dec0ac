import re
from dataclasses import replace

import pytest
import torch

from course_lib import figures, training
from course_lib.data import ImageSet
from course_lib.figures import pictures as picture_figures
from course_lib.models import Conv
from course_lib.study import Experiment, Measurement, Metric, Outcome, Summary, Trial

CLASSES = ("field", "lake", "<img src=x onerror=alert(1)>")
PROBABILITIES = torch.rand(200, 3, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
LABELS = torch.arange(200) % 3
IMAGES = torch.randint(0, 256, (5, 3, 16, 16), dtype=torch.uint8)


def result(mean, name="a"):
    return Summary(name, mean, 0.01, mean - 0.02, mean + 0.02, seeds=3, n=2700, seconds=1.0, device="CPU")


def epochs(*values):
    return Summary("a", sum(values) / 2, 1.0, min(values), max(values), 2, 100, 1.0, "CPU", "epochs", values)


def outcome(seeds=6, gain=0.03):
    """A trial whose variant is `gain` better, and a little more with each seed."""
    variants, metrics = {"wide": {"k": 5}, "plain": {"k": 3}}, {"test accuracy": Metric()}
    made = Experiment(
        name="kernels", variants=variants, metrics=metrics, run=lambda settings, seed: {"test accuracy": 0.5}
    )
    trial = Trial(name="t", claim="Wide helps.", variant=made["wide"], baseline=made["plain"], smallest_effect=0.01)

    def measured(variant, seed, value):
        metrics, n = {"test accuracy": value}, {"test accuracy": 2700}
        return Measurement("kernels", variant, seed, metrics, n, 1.0, False, "CPU, 2 threads", "real", {}, "")

    pairs = [(measured("wide", k, 0.8 + gain + k / 1000), measured("plain", k, 0.8)) for k in range(seeds)]
    return Outcome(trial, tuple(pairs))


def run():
    epoch = training.Epoch(1.0, 0.5, 0.9, 0.6, 10.0)
    return training.Run(training.Settings(), (epoch, epoch), 100, 20, "real", "CPU", 20.0)


def words(axes):
    """What is written in the axes and beside them."""
    return {text.get_text().strip() for text in axes.texts}


DRAWINGS = {
    "dots": lambda: figures.dots({"one": result(0.8), "two": result(0.6)}, title="A title"),
    "dots in ms": lambda: figures.dots({"one": replace(result(12.0), unit="ms")}, metric="time of one pass"),
    "dots, chance and ceiling": lambda: figures.dots({"one": result(0.8)}, chance=0.5, ceiling=0.97),
    "dots in pairs": lambda: figures.dots(
        {"a, early": result(0.6), "a, late": result(0.7), "b": result(0.5)}, pairs={"a": ("a, early", "a, late")}
    ),
    "dots that never": lambda: figures.dots(
        {"slow": epochs(25, 25), "some": epochs(9, 25), "soon": epochs(2, 4)}, metric="epochs until it learns", never=25
    ),
    "paired": lambda: figures.paired_dots(outcome()),
    "paired, two seeds": lambda: figures.paired_dots(outcome(seeds=2)),
    "paired, never run": lambda: figures.paired_dots(outcome(seeds=0)),
    "lines": lambda: figures.lines({"sgd": {0.1: result(0.2), 0.01: result(0.8)}}, xlabel="learning rate"),
    "cost": lambda: figures.cost_against_accuracy([("net", 17.0, result(0.87))], xlabel="million MACs"),
    "colours": lambda: figures.class_colours(ImageSet.of(IMAGES, [0, 0, 1, 1, 2], CLASSES)),
    "confidence": lambda: figures.accuracy_against_confidence(PROBABILITIES, LABELS),
    "history": lambda: figures.history(run()),
    "kernels": lambda: figures.kernel_grid({"box": torch.ones(3, 5), "edge": torch.eye(4), "none": torch.zeros(2, 2)}),
    "fields": lambda: figures.receptive_fields({"box": (torch.ones(9, 9) / 81, [Conv(3)])}, title="Fields"),
    "plane": lambda: figures.channel_plane(ImageSet.of(IMAGES, [0, 0, 1, 1, 1], CLASSES[1:])),
    "courses": lambda: figures.courses({"sound": [(0.5, 0.7), (1.0, 0.1)], "stuck": [(0.5, 9.0)] * 2}, base="n = 4"),
    "margins": lambda: figures.margin_against_epochs(
        {"RGB, 0 to 1": 0.04, "RGB, the set": 0.4, "HSV, 0 to 1": 0.02},
        {"RGB, 0 to 1": result(6.0), "RGB, the set": result(2.0), "HSV, 0 to 1": result(25.0)},
        never=25,
    ),
    "circle": lambda: figures.hue_circle({"A": torch.tensor([359.0, 1.0]), "B": torch.tensor([12.0])}),
    "heat": lambda: figures.heat_overlays(IMAGES[:2], [None, torch.eye(16)], ["a", "b"], title="Heat"),
    "heat, signed": lambda: figures.heat_overlays(IMAGES[:1], [torch.eye(16)], ["a"], signed=True),
    "gallery": lambda: figures.gallery(IMAGES, ["$x_1$", "<b>b</b>", "c", "d", "e"], columns=2, title="Five"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_has_a_picture_a_summary_and_alt_text(name):
    shown = DRAWINGS[name]()
    bundle, metadata = shown._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == repr(shown) == repr(DRAWINGS[name]())
    assert len(metadata["image/png"]["alt"]) > 20


@pytest.mark.parametrize("name", ["colours", "confidence", "history", "gallery", "paired", "kernels", "fields"])
def test_what_is_compared_holds_no_measured_number(name):
    assert not re.search(r"\d\.\d|\d\d ?%", repr(DRAWINGS[name]()))


def test_spread_and_n_are_on_the_chart():
    figure = DRAWINGS["dots"]().figure
    assert "3 seeds, n = 2,700" in figure.get_supxlabel()
    assert "standard deviation" in figure.get_supxlabel()
    assert words(figure.axes[0]) >= {"80.0 ± 1.0", "mean ± SD"}


def test_seconds_have_their_unit_and_no_number_of_pictures():
    axes = figures.dots({"one": replace(result(12.0), n=0, unit="ms")}, metric="time").figure.axes[0]
    assert axes.get_xlabel() == "time (ms)"
    assert "12.00 ± 0.01" in words(axes)
    assert axes.figure.get_supxlabel().endswith("; 3 seeds")
    assert 12 in [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata())]


def test_kernels_say_what_rank_one_keeps():
    axes = DRAWINGS["kernels"]().figure.axes
    told = ["3×5, 100% in rank one\nscale: ±1", "4×4, 25% in rank one\nscale: ±1"]
    assert [ax.get_xlabel() for ax in axes[:2]] == told
    for wrong in ({}, {"batch": torch.ones(2, 3, 3)}):
        with pytest.raises(ValueError, match="kernel_grid got kernels of shape"):
            figures.kernel_grid(wrong)


def test_kernels_that_are_compared_share_a_scale():
    kernels = {"weak": torch.eye(3), "strong": 3 * torch.eye(3), "other": torch.eye(2)}
    ends = [ax.images[0].get_clim()[1] for ax in figures.kernel_grid(kernels, alike=["weak", "strong"]).figure.axes]
    assert ends == [3, 3, 1]
    assert [ax.images[0].get_clim()[1] for ax in figures.kernel_grid(kernels).figure.axes] == [1, 3, 1]
    with pytest.raises(ValueError, match="alike='week'; it wants names out of weak, strong, other"):
        figures.kernel_grid(kernels, alike=["week"])


def test_the_frame_is_the_theoretical_field():
    (frame,) = DRAWINGS["fields"]().figure.axes[0].patches
    assert frame.get_xy() == (2.5, 2.5)  # the middle of 7×7 numbers, 3, sees pixels 3 to 5
    assert (frame.get_width(), frame.get_height()) == (3, 3)
    with pytest.raises(ValueError, match="got no field"):
        figures.receptive_fields({})


def test_a_trials_drawing_has_its_pairs_its_interval_and_its_verdict():
    shown = DRAWINGS["paired"]()
    runs, differences = shown.figure.axes
    assert len(runs.lines) == 6  # one a seed
    assert [label.get_text() for label in runs.get_yticklabels()] == ["A: wide", "B: plain"]
    assert differences.get_xlabel() == "A − B (points); right: A is better"
    assert runs.get_title() == "6 seeds, n = 2,700 each, real"
    assert differences.get_title() == "supported"
    assert "supported: better, by more than what matters" in shown.alt
    assert "CPU, 2 threads" in shown.alt


def test_without_an_interval_none_is_drawn():
    lines = [
        len(DRAWINGS[name]().figure.axes[1].lines) for name in ("paired", "paired, two seeds", "paired, never run")
    ]
    assert lines == [4, 3, 2]


def test_a_contact_sheet_has_a_row_a_class(two_greys):
    shown = figures.contact_sheet(two_greys, per_class=4)
    assert [ax.get_ylabel() for ax in shown.figure.axes] == ["dark", "light"]
    row = shown.figure.axes[0].images[0].get_array()
    gap = (row.shape[1] - 4 * 16) // 4
    assert row.shape == (16, 4 * (16 + gap), 3)
    assert 1 <= gap <= 2


@pytest.mark.parametrize(
    ("images", "captions", "message"),
    [
        (IMAGES.float(), ["a"] * 5, "uint8"),
        (IMAGES[:0], [], "N ≥ 1"),
        (IMAGES, ["a"], "5 pictures and 1 captions"),
    ],
)
def test_a_gallery_names_what_is_wrong(images, captions, message):
    with pytest.raises(ValueError, match=message):
        picture_figures.gallery(images, captions)


def test_plane_wants_two_classes_and_two_channels():
    with pytest.raises(ValueError, match="got 3 classes, x='blue' and y='green'"):
        figures.channel_plane(ImageSet.of(IMAGES, [0, 0, 1, 1, 2], CLASSES))


@pytest.mark.slow
@pytest.mark.parametrize("bar", [(4, 7), (1, 2)])
def test_no_name_lies_on_the_bar_of_another(bar):
    names = {"RGB, the set": 0.10, "linear RGB, the set": 0.12, "OKLCh, the set": 0.15}
    rows = {"RGB, the set": epochs(2, 2), "linear RGB, the set": epochs(5, 5), "OKLCh, the set": epochs(*bar)}
    axes = figures.margin_against_epochs(names, rows, never=25).figure.axes[0]
    axes.figure.canvas.draw()
    (linear,) = [text for text in axes.texts if text.get_text() == "linear RGB"]
    box = linear.get_window_extent()
    (x, low), (_, high) = axes.transData.transform([(0.15, bar[0]), (0.15, bar[1])])
    assert not (box.x0 <= x <= box.x1 and box.y0 <= high and low <= box.y1)
