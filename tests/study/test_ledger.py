"""The ledger: it says what the evidence says, and is no older than it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_lib import study
from course_lib.study import ledger, ledger_page

from . import pretend

LESSONS = Path(__file__).resolve().parents[2] / "lessons"


@pytest.mark.slow
def test_the_stored_ledger_is_what_the_evidence_says():
    assert ledger.stale() == [], "out of date. Mend it: course trials ledger"


def test_every_piece_of_advice_has_a_row_with_a_lesson_that_exists():
    rows = ledger.rows()
    assert [row.advice for row in rows] == [trial.claim for trial in study.all_trials()]
    assert all((LESSONS / f"{row.lesson}.ipynb").is_file() for row in rows)


@pytest.fixture
def row(tmp_path):
    """The row of a trial that helps; its claim is nasty."""
    found = pretend.trial().fill(seeds=6, folder=tmp_path)
    return ledger.rows([replace(found, trial=replace(found.trial, claim="a | <b>", lesson="03_transfer"))])[0]


def test_a_row_has_verdict_effect_base_hardware_and_command(row):
    assert (row.word, row.because) == ("supported", "better, by more than what matters (1 point)")
    assert re.fullmatch(
        r"wide against plain: accuracy \+\d\.\d points, interval \+\d\.\d to \+\d\.\d points", row.effect
    )
    assert row.runs == "6 seeds, generated"
    assert row.hardware
    assert row.command == "course trials run demo --seeds 6 --into mine"


def test_the_table_reads_on_github(row):
    lines = [line for line in ledger.markdown([row]).splitlines() if line.startswith("|")]
    cells = re.split(r"(?<!\\)\|", lines[-1])
    assert len(cells) == len(ledger.HEADINGS) + 2
    assert cells[1].strip() == r"a \| <b>"
    assert "[3](03_transfer.ipynb)" in cells[2]
    assert {line.count("|") for line in lines[:2]} == {len(ledger.HEADINGS) + 1}


def test_the_page_is_escaped_and_needs_nothing_else(row):
    page = ledger.page([row])
    assert "<td>a | &lt;b&gt; (" in page
    assert not re.search(r"https?:|src=|<link", page)
    assert page.count("<td>") == len(ledger_page.COLUMNS)


def test_each_claim_has_a_place_and_a_link_to_it(row):
    html = ledger_page.fragment([row, replace(row, name="other")])
    assert re.findall(r'<tr id="(\w+)"', html) == re.findall(r'<a href="#(\w+)"', html) == ["demo", "other"]
    assert html.count('<a href="03_transfer.ipynb">3</a>') == 2


def test_names_of_claims_are_unique():
    names = [row.name for row in ledger.rows()]
    assert len(names) == len(set(names))


# --- what is drawn ---


def test_a_drawing_has_the_interval_the_mean_and_a_dot_a_seed(row):
    svg = ledger_page.drawing(row.drawn, "5 < 6")
    assert svg.count('class="seed"') == 6
    assert svg.count('class="interval"') == svg.count('class="mean"') == 1
    assert 'aria-label="5 &lt; 6"' in svg


def test_its_numbers_are_the_outcome_s_in_units_of_what_matters(tmp_path):
    found = pretend.trial().fill(seeds=6, folder=tmp_path)
    drawn = ledger_page.Drawn.of(found)
    assert drawn.mean * found.trial.smallest_effect == pytest.approx(found.verdict.effect)
    assert np.mean(drawn.seeds) == pytest.approx(drawn.mean)
    assert drawn.low < drawn.mean < drawn.high


def test_without_an_interval_or_a_run_none_is_drawn(tmp_path):
    few = ledger_page.Drawn.of(pretend.trial().fill(seeds=2, folder=tmp_path))
    assert 'class="interval"' not in ledger_page.drawing(few, "")
    none = ledger_page.drawing(ledger_page.Drawn.of(pretend.trial().outcome(tmp_path / "empty")), "")
    assert 'class="mean"' not in none
    assert 'class="seed"' not in none


def test_places_are_in_order_odd_and_within_the_drawing():
    values = [-1e9, -64, -4, -1, -0.01, 0, 0.01, 1, 4, 64, 1e9]
    places = [ledger_page.place(value) for value in values]
    assert places == sorted(places)
    assert places == [-place for place in reversed(places)]
    assert max(places) == ledger_page.HALF


def test_in_a_notebook_the_ledger_is_folded(row):
    folded = ledger.Folded((row,))
    html = folded._repr_html_()
    assert html.startswith("<details><summary>")
    assert "open" not in html.partition(">")[0]
    assert "<td>a | &lt;b&gt;</td><td>supported</td>" in html
    assert '<a href="03_transfer.ipynb">3</a>' in html
    assert repr(folded) == "supported: a | <b>"


@pytest.mark.slow
def test_a_ledger_that_is_older_than_the_evidence_is_found(tmp_path):
    assert [path.name for path in ledger.stale(tmp_path)] == ["advice_on_trial.md", "advice_on_trial.html"]
    written = ledger.write(tmp_path)
    assert ledger.stale(tmp_path) == []
    written[0].write_text(written[0].read_text().replace("refuted", "supported"))
    assert ledger.stale(tmp_path) == written[:1]


def test_without_the_lessons_it_says_where_to_get_them(monkeypatch):
    monkeypatch.setattr(ledger.places, "repository", lambda: None)
    with pytest.raises(FileNotFoundError, match="Clone the course's repository"):
        ledger.write()


def test_what_chance_may_have_made_is_counted_from_the_p_values(row):
    idle = [replace(row, p_value=p) for p in np.linspace(0.01, 0.99, 100)]
    clear = [replace(row, p_value=1e-6)] * 100
    assert "about 100 do nothing; then up to 5 verdicts" in ledger.markdown(idle + clear)
    assert "If none of these 200" in ledger.markdown([*idle, *clear, replace(row, p_value=float("nan"))])
