"""The checking engine on answers that misbehave."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest
import torch

from course_lib.practice import Case, exercise
from course_lib.practice.values import equal, plain, show


@pytest.fixture
def halves():
    """An exercise: halve each number. One misconception: double it."""

    @exercise(
        task="Write `halve(numbers)`.",
        cases=[Case("three", (torch.tensor([1.0, 2.0, 3.0]),)), Case("a zero", (torch.tensor([0.0, 5.0]),))],
        hints=["First.", "Second."],
        seconds=0.5,
    )
    def halve(numbers):
        """Floats [N] → floats [N]."""
        return numbers / 2

    @halve.misconception("You doubled.")
    def double(numbers):
        return numbers * 2

    return halve


def raises(numbers):
    return 1 / (len(numbers) - 2)


def test_right(halves):
    assert halves.judge(lambda x: 0.5 * x).outcome == "correct"


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ...])
def test_not_attempted(halves, answer):
    assert halves.judge(answer).outcome == "not attempted"


def test_bare_not_implemented_is_not_attempted(halves):
    def stub(numbers):
        raise NotImplementedError

    assert halves.judge(stub).outcome == "not attempted"


def test_torchs_not_implemented_is_an_error(halves):
    def unlucky(numbers):
        raise NotImplementedError("mean(): could not infer output dtype")

    assert halves.judge(unlucky).outcome == "incorrect"


def test_nothing_for_a_later_case_is_wrong(halves):
    verdict = halves.judge(lambda x: x / 2 if len(x) == 3 else None)
    assert verdict.outcome == "incorrect"
    assert "returned nothing" in verdict.message


def test_what_the_function_returned_instead_of_the_function(halves):
    verdict = halves.judge(torch.ones(3))
    assert verdict.outcome == "incorrect"
    assert "Tensor; check wants the function itself, halve," in verdict.message


def test_error_is_told_with_its_line_and_input(halves):
    verdict = halves.judge(lambda x: x / 2 if len(x) == 3 else raises(x))
    line = raises.__code__.co_firstlineno + 1
    assert verdict.outcome == "incorrect"
    assert verdict.message.splitlines()[1:] == [
        "  ZeroDivisionError: division by zero",
        f"  line {line}: return 1 / (len(numbers) - 2)",
        "  input     a zero: numbers = [0, 5]",
    ]


def test_wrong_number_of_arguments(halves):
    message = halves.judge(lambda: 0).message
    assert "TypeError" in message
    assert "called as halve(numbers)" in message


def test_exit_is_an_error_not_an_end(halves):
    assert "SystemExit" in halves.judge(lambda x: exit()).message


def test_long_error_message_is_cut(halves):
    def chatty(numbers):
        raise ValueError("x" * 5000 + "\nand more")

    assert len(halves.judge(chatty).message) < 500


@pytest.fixture
def untraced():
    """Without coverage: while it is traced, Python 3.11 stands still as long as a waiting thread is to be stopped."""
    own, threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    sys.settrace(own)
    threading.settrace(threads)


@pytest.mark.slow
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("hang", ["loop", "wait"])
def test_endless_answer(halves, hang):
    steps, over = [], threading.Event()

    def endless(numbers):
        while hang == "loop":
            steps.append(1)
        over.wait(60)

    start = time.perf_counter()
    verdict = halves.judge(endless)
    seconds = time.perf_counter() - start
    over.set()
    assert seconds < 5
    assert verdict.outcome == "incorrect"
    assert "did not finish within 0.5 s" in verdict.message
    time.sleep(0.2)
    before = len(steps)
    time.sleep(0.2)
    assert len(steps) == before, "the loop still runs"


def test_nan(halves):
    message = halves.judge(lambda x: x / x * x / 2).message
    assert "NaN" in message
    assert "a zero: numbers = [0, 5]" in message
    assert "returned  [nan, 2.5]" in message
    assert "expected  [0, 2.5]" in message


def test_infinity(halves):
    assert "infinity" in halves.judge(lambda x: x / 0).message


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda x: x[:, None] / 2, "shape [3, 1]; expected was [3]; the values are right"),
        (lambda x: x[:1], "shape [1]; expected was [3]."),
        (lambda x: 1, "shape of a single number; expected was [3]"),
        (lambda x: (x / 2).long(), "whole numbers (int64)"),
        (lambda x: "half", "returned the text 'half'"),
        (lambda x: (v / 2 for v in x), "object of type generator"),
        (lambda x: {"half": x / 2}, "not built like"),
        (lambda x: [x, None], "not built like"),
        (lambda x: x / 2 + 1j, "object of type Tensor"),
        (lambda x: x, "The values differ."),
    ],
)
def test_wrong_shape_dtype_type_or_value(halves, answer, told):
    verdict = halves.judge(answer)
    assert (verdict.outcome, verdict.misconception) == ("incorrect", "")
    assert told in verdict.message


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: x.numpy() / 2,
        lambda x: (x / 2).tolist(),
        lambda x: tuple(x / 2),
        lambda x: [v / 2 for v in x],
        lambda x: (x / 2).double(),
        lambda x: np.float16(x.numpy() / 2),
        lambda x: (x / 2).bfloat16(),
        lambda x: (x / 2).requires_grad_(),
    ],
)
def test_other_array_types_are_right(halves, answer):
    verdict = halves.judge(answer)
    assert verdict.outcome == "correct", verdict.message


def test_object_that_raises_when_it_is_read(halves):
    class Odd:
        def __array__(self, *arguments, **keywords):
            raise RuntimeError("odd")

    assert "object of type Odd" in halves.judge(lambda x: Odd()).message


def test_changed_input_does_not_break_the_check(halves):
    def in_place(numbers):
        numbers /= 2
        return numbers

    for _ in range(2):
        verdict = halves.judge(in_place)
        assert verdict.outcome == "correct"
        assert "changes numbers in place" in verdict.message
    assert halves.cases[0].arguments[0].tolist() == [1, 2, 3]


def test_misconception_in_another_type(halves):
    verdict = halves.judge(lambda x: [2 * float(v) for v in x])
    assert (verdict.misconception, verdict.message) == ("double", "You doubled.")


def test_misconception_that_is_only_half_there_is_not_it(halves):
    assert halves.judge(lambda x: 2 * x if len(x) == 3 else x / 2).misconception == ""


def test_facts_are_compared_by_name():
    def look(answer, start):
        state = {"value": start}
        answer(state)
        return None if state["value"] == start else {"It is even": state["value"] % 2 == 0, "Value": state["value"]}

    def to_four(state):
        state["value"] = 4

    four = exercise(task="", cases=[Case("from one", (1,))], hints=["Four."], observe=look)(to_four)
    assert four.judge(to_four).outcome == "correct"
    assert four.judge(lambda state: None).message == "Your function leaves everything as it was."
    message = four.judge(lambda state: state.update(value=3)).message
    assert message == "It is even: no, expected: yes. Value: 3, expected: 4.\n  input     from one"


def test_check_prints_one_block_and_returns_nothing(halves, capsys):
    assert halves.check(lambda x: x) is None
    assert capsys.readouterr().out == (
        "halve: not right yet. The values differ.\n"
        "  input     three: numbers = [1, 2, 3]\n"
        "  returned  [1, 2, 3]\n"
        "  expected  [0.5, 1, 1.5]\n"
        "  differs   first at [0]: returned 1, expected 0.5\n"
    )


def test_long_text_is_printed_in_lines(halves, capsys):
    halves.check(lambda x: list(range(70, 99)) if len(x) == 3 else x)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 88
    assert any(line.startswith(" " * 12) and line[12].isdigit() for line in lines)


def test_hints_come_one_by_one_and_the_last_stays(halves, capsys):
    for _ in range(3):
        halves.hint()
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 2: First.",
        "Hint 2 of 2: Second.",
        "Hint 2 of 2: Second.",
    ]
    assert halves.hints_used == 2


def test_solution_and_stub_are_cut_from_the_source(halves, capsys):
    halves.solution()
    head = 'def halve(numbers):\n    """Floats [N] → floats [N]."""\n'
    assert capsys.readouterr().out == f"{head}    return numbers / 2\n"
    assert halves.stub == f"{head}    ..."


def test_shown_as_text_and_markdown(halves):
    shown = halves._repr_mimebundle_()
    assert shown["text/plain"] == "Exercise halve\nWrite `halve(numbers)`."
    assert shown["text/markdown"].startswith("**Exercise halve**")


def test_plain_stacks_parts_of_one_shape():
    assert plain((torch.zeros(3), [1, 2, 3])).shape == (2, 3)
    assert isinstance(plain((torch.zeros(3), 1.0)), list)
    assert plain(...) is None


def test_equal_wants_shape_and_values():
    assert equal(plain([1, 2]), plain(np.array([1.0, 2.00001])))
    assert not equal(plain([1, 2]), plain([1, 2.1]))
    assert not equal(plain([1, 2]), plain([[1, 2]]))
    assert not equal(plain({"a": 1}), plain({"b": 1}))
    assert equal(plain([float("nan")]), plain([float("nan")]))


def test_show_sums_up_what_is_long():
    assert show(plain(torch.zeros(5, 7))) == "float64 [5, 7], from 0 to 0"
    assert show(plain([0.5, 0.25]), ("mean", "deviation")) == "mean 0.5, deviation 0.25"
    assert show(plain(True)) == "yes"
