"""The open-set lab in Python, and its JavaScript against Python under node."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from course_lib import openset
from course_lib.figures.interactive.open_set_counts import BARS
from course_lib.figures.interactive.open_set_lab import PICTURES, area, open_set_lab
from course_lib.figures.words import percent


def groups(seed: int, n: int = 200, m: int = 80, *, values: int | None = None) -> tuple[np.ndarray, ...]:
    """(known, correct, unknown); with `values`, that many different scores, so that many are equal."""
    rng = np.random.default_rng(seed)
    known, unknown = rng.normal(0, 1, n), rng.normal(1.5, 1, m)
    if values:
        known, unknown = (np.floor(values * (1 / (1 + np.exp(-x)))) / values for x in (known, unknown))
    return known, rng.random(n) < 0.8, unknown


def colours(n: int, side: int = 16) -> torch.Tensor:
    """Picture k has the brightness k (modulo 256) everywhere, so that it can be told again."""
    return (torch.arange(n) % 256).to(torch.uint8)[:, None, None, None].expand(n, 3, side, side)


@pytest.fixture
def figure():
    known, correct, unknown = groups(0)
    made = open_set_lab(
        {"energy": known, "nothing": np.ones(200)},
        {"energy": unknown, "nothing": np.ones(80)},
        correct,
        pictures=(colours(200), colours(80)),
        answers=([f"known {k}" for k in range(200)], [f"unknown {k}" for k in range(80)]),
    )
    yield made
    made.close()


# --- what is counted ---


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_counts_are_those_of_the_lowest_threshold_that_keeps_enough(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 150, 2)
    known, correct, unknown = groups(seed, n, m, values=[None, 3, 20][seed % 3])
    figure = open_set_lab(known, unknown, correct)
    now = figure.now
    assert (now.kept[0], now.right[0], now.let_in[0]) == (0, 0, 0)
    for keep in range(1, 101):
        enough = [score for score in known if 100 * (known <= score).sum() >= keep * n]
        threshold = min(enough)
        assert now.thresholds[keep] == threshold
        assert now.kept[keep] == (known <= threshold).sum()
        assert now.right[keep] == (correct & (known <= threshold)).sum()
        assert now.let_in[keep] == (unknown <= threshold).sum()
        line = now.lines[keep]  # what is left of it is kept, what is right of it is not
        assert (known <= line).sum() == now.kept[keep]
        assert (unknown <= line).sum() == now.let_in[keep]
    assert now.kept[100] == n


def test_shares_are_counted_in_whole_numbers():
    # 0.95 × 20 is 19 in mathematics, and may be a little more in a float.
    for n in (20, 40, 60, 100, 1000, 2007):
        kept = open_set_lab(np.arange(n), [0.0]).now.kept
        assert kept == [math.ceil(keep * n / 100 - 1e-9) for keep in range(101)]


def test_metrics_are_those_of_the_room():
    known, correct, unknown = groups(1, values=30)
    now = open_set_lab(known, unknown, correct).now
    assert now.auroc == openset.auroc(known, unknown)
    assert now.fpr95 == openset.fpr_at_tpr(known, unknown) == now.fpr95_at[0]
    assert now.fpr95_at[1] >= 0.95
    assert now.oscr == openset.oscr(known, correct, unknown)
    assert now.accuracy == correct.mean()


def test_saturated_scores_keep_all_or_none(figure):
    figure.choice = 1
    assert figure.title() == "nothing: 100 % of known kept, 100 % of unknown let in; AUROC 0.50"
    assert figure.now.oscr == pytest.approx(figure.now.accuracy / 2)
    assert figure.now.roc == [[1, 1], [0, 0]]
    figure.keep = 0
    assert figure.title() == "nothing: 0 % of known kept, 0 % of unknown let in; AUROC 0.50"


def test_every_picture_is_in_a_bar():
    known, _, unknown = groups(2)
    for add in ([], [1e6], [-1e9, 1e9]):
        now = open_set_lab([*known, *add], unknown).now
        assert (len(now.bars_known), len(now.bars_unknown)) == (BARS, BARS)
        assert (sum(now.bars_known), sum(now.bars_unknown)) == (200 + len(add), 80)
        assert now.beyond == bool(add)
        assert now.stop - now.start < 30
        assert all(now.start <= place <= now.stop for place, _ in now.ticks)
        assert len(now.ticks) >= 2


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1, 1e6, 1e15])
@pytest.mark.parametrize("shift", [0, 1000])
def test_axes_suit_scores_of_any_size(scale, shift):
    known, _, unknown = (scale * (values + shift) for values in groups(3))
    now = open_set_lab(known, unknown).now
    texts = [text for _, text in now.ticks]
    assert len(set(texts)) == len(texts) >= 2
    assert max(now.bars_known) < 200


@pytest.mark.parametrize("n", [5, 200, 30_000])
def test_curves_are_thinned_and_stay_where_they_are(n):
    known, correct, unknown = groups(4, n, n)
    now = open_set_lab(known, unknown, correct).now
    for points, whole, wanted in (
        (now.roc, openset.roc(known, unknown), -now.auroc),
        (now.oscr_curve, openset.oscr_curve(known, correct, unknown), now.oscr),
    ):
        x, y = np.array(points).T
        assert len(points) <= 202
        assert (x[0], y[0]) == pytest.approx((whole.x[0], whole.y[0]))
        assert (x[-1], y[-1]) == pytest.approx((whole.x[-1], whole.y[-1]), abs=1e-4)
        assert np.trapezoid(y, x) == pytest.approx(wanted, abs=0.01)


def test_slider_counts_all_pictures_and_quickly():
    known, correct, unknown = groups(5, 100_000, 50_000)
    figure = open_set_lab(known, unknown, correct, pictures=None)
    assert figure.kept == 95_000
    assert figure.let_in == (unknown <= np.sort(known)[94_999]).sum()
    assert "95\u2009000 of 100\u2009000, 95 %" in figure.describe()


# --- pictures ---


def test_pictures_are_spread_over_the_scores_and_keep_their_answers(figure):
    pixels = np.frombuffer(figure.pixels, np.uint8).reshape(-1, 16, 16, 3)
    assert figure.shown == [PICTURES, PICTURES]
    known, _, unknown = groups(0)
    for k, name in enumerate(figure.answers):
        group, place = name.split()
        assert (pixels[k] == int(place)).all()
        scores = {"known": known, "unknown": unknown}[group]
        rank = (scores < scores[int(place)]).sum() / len(scores)
        assert rank == pytest.approx((k % PICTURES + 0.5) / PICTURES, abs=0.02)


def test_picture_is_kept_exactly_where_its_score_is():
    known, _, unknown = groups(6, values=12)
    figure = open_set_lab(known, unknown, pictures=(colours(200), colours(80)))
    brightness = np.frombuffer(figure.pixels, np.uint8).reshape(24, -1)[:, 0]
    scores = [*known[brightness[:12]], *unknown[brightness[12:]]]
    for figure.keep in range(101):
        for score, enters in zip(scores, figure.now.enters, strict=True):
            assert (enters <= figure.keep) == (score <= figure.threshold)


@pytest.mark.parametrize(("side", "small"), [(8, 8), (16, 16), (32, 32), (64, 32), (224, 32), (96, 32), (100, 25)])
def test_pictures_are_made_small(side, small):
    figure = open_set_lab([0.0, 1.0], [1.0], pictures=(colours(2, side), colours(1, side)))
    assert (figure.side, len(figure.pixels)) == (small, 3 * 3 * small * small)


@pytest.mark.slow
def test_few_pictures_are_all_shown():
    figure = open_set_lab([0.0, 1.0, 2.0], [1.0], pictures=(colours(3), colours(1)))
    assert figure.shown == [3, 1]
    assert figure.png()


@pytest.mark.slow
def test_largest_figure_is_not_heavy():
    rng = np.random.default_rng(0)
    known, unknown = ({f"score {k}": rng.normal(size=n) for k in range(8)} for n in (3000, 2000))
    pictures = torch.randint(0, 256, (3000, 3, 40, 40)).to(torch.uint8)
    figure = open_set_lab(known, unknown, rng.random(3000) < 0.5, pictures=(pictures, pictures[:2000]))
    assert len(json.dumps(figure.plain(), allow_nan=False)) < 400_000


# --- the figure ---


def test_title_follows_slider_and_score(figure):
    titles = set()
    for figure.choice in (0, 1):
        for figure.keep in (0, 50, 95, 100):
            titles.add(figure.title())
    known, _, unknown = groups(0)
    let_in = percent((unknown <= np.sort(known)[189]).mean())
    assert f"energy: 95 % of known kept, {let_in} of unknown let in; AUROC 0.83" in titles
    assert len(titles) == 6


def test_what_is_not_real_says_so():
    figure = open_set_lab([0, 1], [1, 2], source="stand-in")
    assert figure.title().endswith("AUROC 0.88 (generated stand-in)")
    assert "(generated stand-in)" in figure.describe()


def test_alt_text_tells_n_and_which_class_is_positive(figure):
    told = figure.describe()
    assert "known kept: 190 of 200, 95 %" in told
    assert "unknown is the positive class" in told
    assert "OSCR" in told
    assert "AUROC of each score: energy 0.83; nothing 0.50" in told


@pytest.mark.slow
def test_without_answers_and_pictures_there_is_less():
    figure = open_set_lab([0, 1], [1, 2])
    assert figure.now.oscr is None
    assert "OSCR" not in figure.describe()
    assert figure.side == 0
    assert len(figure.box.children) == 2  # one score has no list to choose from
    assert figure.png()


@pytest.mark.slow
def test_png_follows_slider_and_score(figure):
    seen = {figure.png()}
    for figure.choice, figure.keep in ((0, 50), (1, 0)):
        seen.add(figure.png())
    assert len(seen) == 3


@pytest.mark.slow
def test_names_with_dollar_signs_are_drawn_as_they_are():
    name = r"$\nosuch$"
    known, correct, unknown = groups(7)
    answers = [name] * 200, [name] * 80
    pictures = colours(200), colours(80)
    assert open_set_lab({name: known}, {name: unknown}, correct, pictures=pictures, answers=answers).png()


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0.00"), (1e-9, "<0.01"), (0.005, "0.01"), (0.9949, "0.99"), (0.995, ">0.99"), (1.0, "1.00")],
)  # fmt: skip
def test_only_a_perfect_score_has_an_area_of_1_00(share, words):
    assert area(share) == words


WRONG = [
    ({"scores_known": []}, r"got known scores of shape \(0,\)"),
    ({"scores_unknown": []}, r"got unknown scores of shape \(0,\)"),
    ({"scores_known": [0, np.nan, 1]}, "got 1 NaN or infinite of 3 known scores"),
    ({"scores_known": {"a": [0, 1, 2], "b": [0, 1]}}, "known scores of different lengths, {'a': 3, 'b': 2}"),
    ({"scores_known": {"a": [0, 1, 2]}}, "scores a of the known and unknown score of the unknown; it wants the same"),
    ({"scores_known": {}}, "got 0 scores; it wants 1 to 8"),
    ({"scores_known": {str(k): [0.0] for k in range(9)}}, "got 9 scores"),
    ({"scores_known": {"": [0.0]}, "scores_unknown": {"": [0.0]}, "correct": None}, "a score without a name"),
    ({"scores_known": np.zeros((3, 1))}, r"got known scores of shape \(3, 1\)"),
    ({"scores_known": ["a", "b", "c"]}, "dtype <U1; wanted numbers"),
    ({"correct": [True]}, r"got correct of shape \(1,\) for 3 known scores"),
    ({"correct": [2, 3, 4]}, "other values than True and False"),
    ({"pictures": colours(3)}, "got pictures=Tensor; it wants a pair"),
    ({"pictures": (colours(3),)}, "it wants a pair"),
    ({"pictures": (colours(2), colours(2))}, r"known pictures of shape \(2, 3, 16, 16\) for 3 scores; it wants \[3, 3"),
    ({"pictures": (colours(3), colours(3))}, "unknown pictures of shape .* for 2 scores"),
    ({"pictures": (colours(3).float(), colours(2))}, "known pictures of dtype torch.float32; it wants a uint8"),
    ({"pictures": (colours(3).numpy(), colours(2))}, "known pictures of dtype uint8; it wants a uint8 tensor"),
    ({"pictures": (colours(3)[:, :1], colours(2))}, r"shape \(3, 1, 16, 16\)"),
    ({"pictures": (colours(3)[..., :8], colours(2))}, r"shape \(3, 3, 16, 8\)"),
    ({"pictures": (colours(3, 16), colours(2, 32))}, "pictures 16 and 32 pixels wide; it wants one size"),
    ({"pictures": (colours(3, 101), colours(2, 101))}, "101 pixels wide, of which no thumbnails"),
    ({"pictures": (colours(3), colours(2)), "answers": (["a"] * 3, ["b"])}, "got 3 and 1 answers; it wants 3 and 2"),
    ({"pictures": (colours(3), colours(2)), "answers": (["a"] * 3,)}, "got 3 answers"),
    ({"answers": (["a"] * 3, ["b"] * 2)}, "got answers without pictures"),
    ({"keep": 101}, "keep got 101; it wants 0 to 100"),
    ({"source": "painted"}, "got source='painted'; it wants one of real, stand-in, generated"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:36] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"scores_known": [0.0, 1.0, 2.0], "scores_unknown": [1.0, 2.0], "correct": [True, False, True]} | change
    if isinstance(given["scores_known"], dict) and len(given["scores_known"]) in (0, 9):
        given["scores_unknown"] = given["scores_known"]
    with pytest.raises(ValueError, match=complaint):
        open_set_lab(**given)


@pytest.mark.parametrize(("trait", "value"), [("keep", -1), ("keep", 101), ("choice", 2), ("choice", -1)])
def test_traits_stay_on_their_controls(figure, trait, value):
    with pytest.raises(ValueError, match=f"{trait} got {value}; it wants 0 to"):
        figure.set_trait(trait, value)


# --- the same in JavaScript ---


@pytest.fixture(scope="session")
def vectors() -> dict:
    """Every place of the slider of figures of many sizes, and the corners, each with Python's answer."""
    rng = np.random.default_rng(0)
    sizes = [(1, 1), (1, 7), (7, 1), (2007, 486), (12_345, 1000), *rng.integers(1, 400, (95, 2)).tolist()]
    figures, drags = [], []
    for seed, (n, m) in enumerate(sizes):
        known, correct, unknown = groups(seed, n, m, values=[None, 2, 40][seed % 3])
        figure = open_set_lab(
            {f"score {seed}": known},
            {f"score {seed}": unknown},
            correct,
            source="stand-in" if seed % 5 == 0 else "real",
        )
        told = []
        for figure.keep in range(101):
            told.append([figure.title(), figure._counts()])
        few = {key: figure.scores[0][key] for key in ("name", "kept", "let_in", "auroc")}
        figures.append({"score": few, "known": n, "unknown": m, "note": figure.note, "told": told})
        lines = figure.now.lines
        for value in [*rng.uniform(figure.now.start - 1, figure.now.stop + 1, 90), *rng.choice(lines, 10)]:
            drags.append([seed, value, max(0, int(np.searchsorted(lines, value, side="right")) - 1)])
        figures[-1]["lines"] = lines
        figure.close()
    corners = [0.0, 1.0, 1e-12, 1 - 1e-12, 0.005, 0.995, *((k + 0.5) / 100 for k in range(100)), *rng.random(10_000)]
    return {"figures": figures, "drags": drags, "areas": [(share, area(share)) for share in corners]}


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    assert len(vectors["figures"]) * 101 >= 10_000
    result = run_node("open_set_lab", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.fixture
def few(vectors) -> dict:
    figure = json.loads(json.dumps(vectors["figures"][3]))
    return {"figures": [figure], "drags": [[0, 1e9, 100]], "areas": [(0.5, "0.50")]}


@pytest.mark.slow
def test_few_vectors_agree_too(run_node, few):
    assert run_node("open_set_lab", few).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["title", "count", "drag", "area"])
def test_disagreement_is_found(run_node, few, kind):
    told = few["figures"][0]["told"][95]
    if kind == "title":
        told[0] += "."
    elif kind == "count":
        told[1][1][0] = "✗ unknown let in: 0 of 486, 0 %"
    elif kind == "drag":
        few["drags"] = [[0, 1e9, 99]]
    else:
        few["areas"] = [(0.9999, "1.00")]
    assert run_node("open_set_lab", few).returncode != 0
