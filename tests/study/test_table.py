"""A table of what came out, as a lesson prints it."""

from course_lib import study


def summary(mean: float, unit: str) -> study.Summary:
    return study.Summary("v", mean=mean, sd=0.02, low=0, high=1, seeds=5, n=10, seconds=1, device="CPU", unit=unit)


def test_shares_are_in_per_cent_and_columns_are_wide_enough_for_their_names():
    columns = ["EuroSAT", "a name that is long"]
    lines = study.table(["one", "another"], columns, lambda row, column: summary(0.5 if row == "one" else 1, "%"))
    assert lines.splitlines() == [
        "            EuroSAT  a name that is long",
        "one          50 ± 2               50 ± 2",
        "another     100 ± 2              100 ± 2",
    ]


def test_other_units_are_shown_as_they_are():
    assert "-0.25 ± 0.02" in study.table(["r"], ["c"], lambda row, column: summary(-0.25, "correlation"))
