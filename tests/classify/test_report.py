"""report.html: one file, that asks for nothing, in which a name is only a name."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from course_lib import decide, models
from course_lib.classify import Answerer, Built, report, report_charts, report_pictures
from course_lib.classify.report_pictures import Tried
from course_lib.classify.result import Row, Share
from course_lib.data import ImageSet

from .sample import sample

NASTY = ("<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "a\n‮&\"'b")


def built_of(result, out) -> Built:
    store = torch.randint(0, 256, (len(result.rows), 3, 64, 64), dtype=torch.uint8)
    pictures = ImageSet.of(store, [row.truth for row in result.rows], result.classes, "real")
    classifier = models.Classifier(models.backbone("texture_net"), result.classes, pooling="mean")
    return Built(result, Answerer(classifier, stored=64, size=64), pictures, out / "pets", out)


class Parsed(HTMLParser):
    """All tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text, self.inside = "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.text += data


def asked(parsed: Parsed) -> list[str]:
    """Every address in the page that is not inside it."""
    named = ("src", "href", "action", "srcset", "data", "poster")
    found = [value for _, attrs in parsed.tags for name, value in attrs.items() if name in named]
    return [value for value in found if not value.startswith("data:")]


@pytest.fixture
def page(tmp_path):
    return report.page(built_of(sample(), tmp_path))


def test_the_answer_comes_first(page):
    text = Parsed(page).text
    heads = ("How good", "How sure", "What it refuses", "Where it fails", "Class by class", "Surest mistakes")
    assert [head for head in sorted(heads, key=text.index)] == list(heads)
    assert "pets: a classifier of 3 classes" in text[:200]


def test_numbers_are_those_of_the_result(page):
    result, text = sample(), Parsed(page).text
    shares = (result.accuracy, result.rejection.lost, *(one.let_in for one in result.rejection.unknowns))
    for share in (*shares, *(row.recall for row in result.per_class)):
        assert str(share) in text
    assert "1 × dog taken for cat" in text
    assert "called dog (10.0 %)" in text
    assert "empty file" in text


def test_no_address_leads_out_of_the_page(page):
    assert asked(Parsed(page)) == []
    assert "http:" not in page
    assert "https:" not in page


def test_an_address_that_leads_out_would_be_found():
    assert asked(Parsed('<a href="https://x.org">x</a><img src="y.png"><img src="data:z">')) == [
        "https://x.org", "y.png",
    ]  # fmt: skip


def test_a_name_is_only_a_name(tmp_path):
    plain_tags = [tag for tag, _ in Parsed(report.page(built_of(sample(), tmp_path))).tags]
    result = sample(NASTY)
    result = replace(result, looked=replace(result.looked, folder=NASTY[0]), why=NASTY[1])
    nasty = Parsed(report.page(built_of(result, tmp_path)))
    assert [tag for tag, _ in nasty.tags] == plain_tags
    assert not any(name.startswith("on") for _, attrs in nasty.tags for name in attrs)
    assert NASTY[0] in nasty.text
    assert "‮" not in nasty.text


def test_a_script_that_is_not_its_own_has_no_right_to_run(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'")
    assert "unsafe-inline" not in policy.split("script-src")[1]


def test_it_is_written_whole_and_pictures_that_are_gone_leave_a_note(tmp_path):
    path = report.write(built_of(sample(), tmp_path))
    assert path == tmp_path / "report.html"
    assert "(no picture)" in path.read_text("utf-8")  # of the suspect: there is no such folder
    assert not list(tmp_path.glob("*.part"))


def test_a_name_that_is_no_text_can_be_written(tmp_path):
    report.write(built_of(sample(("cat\udcff", "dog", "owl")), tmp_path))


def test_without_a_test_picture_there_is_still_a_report(tmp_path):
    nobody = Share.of([])
    result = replace(
        sample(), rows=(), accuracy=nobody, accuracy_accepted=nobody, confusion=((0,) * 3,) * 3,
        per_class=tuple(replace(row, recall=nobody, precision=nobody, refused=nobody) for row in sample().per_class),
    )  # fmt: skip
    result = replace(result, calibration=replace(result.calibration, n=0), suspects=())
    assert "not known" in Parsed(report.page(built_of(result, tmp_path))).text


@pytest.mark.slow
def test_many_classes_have_no_matrix_and_no_table_of_costs(tmp_path):
    n = 200
    shares = tuple(np.full(n, 1 / n).round(6).tolist())
    classes = tuple(f"class {k}" for k in range(n))
    per_class = tuple(replace(sample().per_class[0], name=name) for name in classes)
    result = replace(
        sample(), classes=classes, per_class=per_class, confusion=tuple((0,) * n for _ in range(n)),
        rows=tuple(Row(f"{k}.png", k, k, shares, 0.1, True) for k in range(3)), suspects=(),
    )  # fmt: skip
    text = Parsed(report.page(built_of(result, tmp_path))).text
    assert "200 classes are too many for a table of costs" in text
    assert "No test picture of 3 is taken for another class." in text


def test_steps_count_answers_and_errors_and_leave_out_what_is_refused():
    found = report_charts.steps(sample())
    assert [(step.probability, step.answered, step.wrong, step.n) for step in found] == [(0.8, 1, 0, 3), (0.6, 2, 1, 3)]
    same = replace(sample(), rows=tuple(replace(row, probabilities=(0.6, 0.3, 0.1)) for row in sample().rows))
    assert [step.answered for step in report_charts.steps(same)] == [2]


def test_the_bill_is_that_of_by_cost():
    result = sample()  # (0.8 right), (0.6 wrong), refused
    assert report._bill_told(result, 0.3) == (
        "1 answered, 0 of them wrong; 2 go to a person. Mean cost of a picture: 0.200. With the line alone: 0.433; "
        "if a person looked at all: 0.300."
    )
    assert decide.by_cost([[0.6, 0.3, 0.1]], [[0, 1, 1, 0.3], [1, 0, 1, 0.3], [1, 1, 0, 0.3]]).item() == 3


def test_which_pictures_are_shown():
    result = sample()
    assert report_pictures.surest_mistakes(result) == [1]
    assert report_pictures.least_sure(result) == [1, 0]
    assert report_pictures.refused(result) == [2]


def sees_the_corner(side=32):
    """A classifier of whether the upper left corner is bright."""

    class Corner(torch.nn.Module):
        def forward(self, x):
            return x[:, :1, ::4, ::4]

    backbone = models.Backbone("corner", Corner(), models.HALF, "random", "MIT")
    classifier = models.Classifier(backbone, ("bright", "dark"), pooling="mean")
    answerer = Answerer(classifier, stored=side, size=side)
    answerer.features = lambda pictures: pictures[:, :1, :8, :8].float().mean(dim=(1, 2, 3))[:, None] / 255
    with torch.no_grad():
        classifier.head[-1].weight.copy_(torch.tensor([[20.0], [-20.0]]))
        classifier.head[-1].bias.copy_(torch.tensor([-12.0, 12.0]))
    return answerer


def tried_on(answerer, tmp_path, n=6):
    store = torch.zeros(n, 3, 32, 32, dtype=torch.uint8)
    store[:, :, :8, :8] = 255
    rows = tuple(Row(f"{k}.png", 0, 0, (0.9, 0.1), 0.1, True) for k in range(n))
    result = replace(sample(), classes=("bright", "dark"), rows=rows)
    pictures = ImageSet.of(store, [0] * n, ["bright", "dark"], "real")
    return Built(result, answerer, pictures, tmp_path, tmp_path)


def test_a_method_that_finds_the_place_works_and_one_that_does_not_is_not_shown(tmp_path, monkeypatch):
    built = tried_on(sees_the_corner(), tmp_path)

    def away(answerer, picture, target):
        return 1 - report_pictures.by_occlusion(answerer, picture, target)

    occlusion = report_pictures.by_occlusion
    monkeypatch.setattr(report_pictures, "HEATS", {"away": away, "occlusion": occlusion, "never asked": away})
    bad, good = report_pictures.tried(built)
    assert (good.name, good.works, good.n) == ("occlusion", True, 6)
    assert (bad.name, bad.works) == ("away", False)
    assert bad.high < 0
    monkeypatch.setattr(report_pictures, "HEATS", {"away": away})
    told = " ".join(report._heatmaps(built))
    assert "none is shown" in told
    assert "<img" not in told


def test_what_is_said_of_heatmaps_that_were_tried():
    told = report._tried_told([Tried("Grad-CAM", 10, 0.125, 0.05, 0.2)])
    assert "10 test pictures" in told
    assert "Grad-CAM +12.5 points (+5.0 to +20.0)" in told
    assert report._tried_told(()).startswith("No heatmaps")
